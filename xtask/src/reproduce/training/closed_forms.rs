//! Numbers that need no network: the one-bin example of relaxed, through the command line.

use std::fmt::Write as _;
use std::path::Path;

use super::lab::Lab;
use super::page;
use crate::reproduce::Setting;

/// Makes the section.
pub fn run(setting: &Setting) -> anyhow::Result<()> {
    let lab = Lab::new(setting)?;
    let spec = setting.root.join("specs/relaxed.yaml");
    let p = |phi: f64| discovery(&lab, &spec, phi);
    let phi = minimum(&p, [0.0, 10.0])?;
    let best = p(phi)?;
    let mut text = String::from(
        "## One bin\n\n`closed-forms`, from `specs/relaxed.yaml`: the knob φ of an analysis for which the expected discovery has the smallest p, by\n`zstat significance` at each φ.\n\n| φ | p | Z |\n|---|---|---|\n",
    );
    writeln!(text, "| **{phi:.5}** | {:.6e} | {:.6} |", best[0], best[1])?;
    for phi in [0.0, 9.0, 10.0] {
        let [p, z] = p(phi)?;
        writeln!(text, "| {phi} | {p:.6e} | {z:.6} |")?;
    }
    text.push_str("\nClosed form: φ = 4.63522, p = 3.075715e-3, Z = 2.739598; p(0) = 0.017005, p(9) = 0.025119, p(10) = 0.043254.\n");
    page::put(setting, "closed-forms", &text)
}

/// p and Z of the discovery expected.
fn discovery(lab: &Lab, spec: &Path, phi: f64) -> anyhow::Result<[f64; 2]> {
    let (spec, phi) = (spec.display().to_string(), format!("phi={phi}"));
    let found =
        lab.command(&["significance", &spec, "--data", "asimov", "--asimov", "nominal", "--set", &phi])?;
    Ok(["p0_exp", "z_exp"].map(|key| {
        let value = &found[key];
        value.as_f64().or(value[2].as_f64()).unwrap_or(f64::NAN)
    }))
}

/// Where −Z is smallest, by golden sections: to half the digits that Z has.
fn minimum(
    p: &dyn Fn(f64) -> anyhow::Result<[f64; 2]>,
    [mut low, mut high]: [f64; 2],
) -> anyhow::Result<f64> {
    let golden = 0.5 * (5.0_f64.sqrt() - 1.0);
    let z = |phi: f64| anyhow::Ok(p(phi)?[1]);
    let mut inner = [high - golden * (high - low), low + golden * (high - low)];
    let mut values = [z(inner[0])?, z(inner[1])?];
    while high - low > 3e-3 {
        if values[0] > values[1] {
            (high, inner[1], values[1]) = (inner[1], inner[0], values[0]);
            inner[0] = high - golden * (high - low);
            values[0] = z(inner[0])?;
        } else {
            (low, inner[0], values[0]) = (inner[0], inner[1], values[1]);
            inner[1] = low + golden * (high - low);
            values[1] = z(inner[1])?;
        }
    }
    // The parabola through three points a little apart.
    let (middle, step) = (0.5 * (low + high), 0.02);
    let [before, at, after] = [z(middle - step)?, z(middle)?, z(middle + step)?];
    Ok(middle - 0.5 * step * (after - before) / (after - 2.0 * at + before))
}
