//! A likelihood with two minima, of which one is lower.

use serde_json::{Value, json};

/// ν = 60 + 8 mu + 4 k², 50 + 10 k², a (50 + `tilt` k), and what was observed; a = 1 ± 0.1. Minima at both signs of k: the lower
/// one has the sign with which k helps the third count.
pub fn two_minima(observed: [f64; 3], tilt: f64, poi: &str) -> Value {
    let factor = |name: &str| json!({"name": name, "type": "normfactor"});
    let sample = |name: &str, data: [f64; 3], modifiers: Vec<Value>| json!({"name": name, "data": data, "modifiers": modifiers});
    let samples = [
        sample("s", [8.0, 0.0, 0.0], vec![factor("mu")]),
        sample("square", [4.0, 10.0, 0.0], vec![factor("k"), factor("k")]),
        sample("tilt", [0.0, 0.0, tilt], vec![factor("k"), factor("a")]),
        sample("b", [60.0, 50.0, 0.0], Vec::new()),
        sample("c", [0.0, 0.0, 50.0], vec![factor("a")]),
    ];
    json!({
        "channels": [{"name": "SR", "samples": samples}],
        "observations": {"SR": observed}, "poi": poi,
        "parameters": {"k": {"bounds": [-4, 4]}, "mu": {"bounds": [-20, 20]},
            "a": {"bounds": [0.5, 1.5], "constraint": {"normal": {"sigma": 0.1}}}},
    })
}

/// The smallest value of a function with one minimum, and where it is.
pub fn least(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> (f64, f64) {
    for _ in 0..200 {
        let (a, b) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if f(a) < f(b) { high = b } else { low = a }
    }
    (f(low), low)
}
