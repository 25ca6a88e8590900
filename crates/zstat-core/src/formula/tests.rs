//! Formulas: grammar, faults, values, and derivatives against differences and closed forms.

use proptest::prelude::*;

use super::*;

fn value(text: &str, arguments: &[f64]) -> f64 {
    Formula::parse(text).expect(text).value(arguments)
}

#[test]
fn precedence_and_functions() {
    for (text, expected) in [
        ("1 + 2 * 3", 7.0),
        ("2 - 3 - 4", -5.0),
        ("16 / 4 / 2", 2.0),
        ("2 ^ 3 ^ 2", 512.0),
        ("-2 ^ 2", -4.0),
        ("2 ^ -1", 0.5),
        ("(1 + 2) * 3", 9.0),
        ("exp(0) + log(1) + sqrt(9)", 4.0),
        ("1.5e1 + .5 + 5.", 20.5),
        ("2 * −3", -6.0),
        ("- - 3", 3.0),
    ] {
        assert_eq!(value(text, &[]), expected, "{text}");
    }
    assert_eq!(value("a * b^2 - a", &[3.0, 2.0]), 9.0);
    assert_eq!(value("(a - 2)^2", &[1.0]), 1.0);
    assert_eq!(value("(a - 2)^3", &[1.0]), -1.0);
    assert!((value("(1 - r^2)^(1/2)", &[0.6]) - 0.8).abs() < 1e-15);
}

#[test]
fn names() {
    let formula = Formula::parse("mu*`alpha JES-1` + gamma[12] * mu_1.b + mu").unwrap();
    assert_eq!(formula.names(), ["mu", "alpha JES-1", "gamma[12]", "mu_1.b"]);
    assert_eq!(Formula::parse("2e + 1").unwrap_err().at, 1);
    // Without brackets a function's name is a name.
    assert_eq!(Formula::parse("exp * 2").unwrap().names(), ["exp"]);
}

#[test]
fn faults_say_where_and_what() {
    for (text, at, message) in [
        ("", 0, "the formula is empty"),
        ("mu +", 4, "the formula ends where a number or a name should stand"),
        ("mu kappa", 3, "found the name `kappa`, expected an operator or the end"),
        ("mu ** 2", 3, "`**` is no operator"),
        ("(mu + 1", 0, "a bracket is opened and not closed"),
        ("mu + 1)", 6, "found `)`, expected an operator or the end"),
        ("ln(mu)", 0, "there is no function `ln`"),
        ("mu / / 2", 5, "found `/`, expected a number, a name or `(`"),
        ("mu % 2", 3, "the character `%` has no meaning here"),
        ("mu + 1 / 0", 9, "a division by 0"),
        ("mu / (2 - 2)", 5, "a division by 0"),
        ("mu * log(0)", 10, "a constant part that ends here is -inf"),
        ("1e999", 0, "the number 1e999 is too large"),
        (".", 0, "`.` is not a number"),
        ("`mu", 0, "a backtick opens a name that no backtick closes"),
        ("``", 0, "there is no name between the backticks"),
        ("exp(mu, 2)", 6, "the character `,` has no meaning here"),
        ("sqrt(mu 2)", 8, "found the number 2, expected an operator or `)`"),
    ] {
        let fault = Formula::parse(text).expect_err(text);
        assert_eq!((fault.at, fault.message.as_str()), (at, message), "{text}");
    }
    for deep in ["(".repeat(100_000), "-".repeat(100_000), "a^".repeat(100_000)] {
        assert!(Formula::parse(&deep).unwrap_err().message.contains("within each other"));
    }
}

/// At the edge of a domain: what exists is finite, what does not is not.
#[test]
fn edges() {
    let jet_at = |text: &str, x: f64| {
        let mut jets = Jets::default();
        jets.set_variables(1);
        Formula::parse(text).unwrap().jet(&mut jets, |_, slot| slot.set_variable(x, 0)).clone()
    };
    assert_eq!(jet_at("x^2", 0.0), Jet { value: 0.0, gradient: vec![0.0], hessian: vec![2.0] });
    assert_eq!(jet_at("x^1", 0.0), Jet { value: 0.0, gradient: vec![1.0], hessian: vec![0.0] });
    assert_eq!(jet_at("x^0", 0.0), Jet { value: 1.0, gradient: vec![0.0], hessian: vec![0.0] });
    assert_eq!(jet_at("(-x)^3", 2.0), Jet { value: -8.0, gradient: vec![-12.0], hessian: vec![-12.0] });
    assert_eq!(jet_at("sqrt(x)", 0.0).value, 0.0);
    assert!(!jet_at("sqrt(x)", 0.0).gradient[0].is_finite());
    assert!(jet_at("log(x)", -1.0).value.is_nan());
    assert!(jet_at("x^0.5", -1.0).value.is_nan());
}

/// Formulas over a, b, c that are smooth for values around 1.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        3 => prop::sample::select(vec!["a", "b", "c"]).prop_map(str::to_owned),
        1 => (1..40_i32).prop_map(|n| (f64::from(n) / 16.0).to_string()),
    ];
    leaf.prop_recursive(4, 24, 2, |inner| {
        let pair = (inner.clone(), prop::sample::select(vec!["+", "-", "*"]), inner.clone());
        prop_oneof![
            4 => pair.prop_map(|(l, op, r)| format!("({l} {op} {r})")),
            1 => inner.clone().prop_map(|x| format!("{x} / (1 + ({x})^2)")),
            1 => inner.clone().prop_map(|x| format!("exp(-({x})^2 / 4)")),
            1 => inner.clone().prop_map(|x| format!("log(1 + ({x})^2)")),
            1 => inner.clone().prop_map(|x| format!("sqrt(0.5 + ({x})^2)")),
            1 => inner.clone().prop_map(|x| format!("(1.5 + ({x})^2)^-0.75")),
            1 => (inner.clone(), inner).prop_map(|(x, y)| format!("(1 + ({x})^2)^(({y}) / 4)")),
        ]
    })
}

proptest! {
    #![proptest_config(crate::testing::random::config(500))]

    /// First derivatives by differences of values, second by differences of first ones.
    #[test]
    fn derivatives_agree_with_differences(text in expression(), x in prop::array::uniform3(0.25..1.75)) {
        let formula = Formula::parse(&text).unwrap();
        let place = |name: &String| (name.as_bytes()[0] - b'a') as usize;
        let at = |x: &[f64; 3]| {
            let mut jets = Jets::default();
            jets.set_variables(3);
            formula.jet(&mut jets, |i, slot| {
                let which = place(&formula.names()[i]);
                slot.set_variable(x[which], which);
            }).clone()
        };
        let jet = at(&x);
        let arguments: Vec<f64> = formula.names().iter().map(|name| x[place(name)]).collect();
        let value = formula.value(&arguments);
        prop_assert!((jet.value - value).abs() <= 1e-12 * (1.0 + value.abs()), "{text}: {} {value}", jet.value);
        let size = |j: &Jet| j.gradient.iter().chain(&j.hessian).fold(j.value.abs(), |a, v| a.max(v.abs()));
        for i in 0..3 {
            let h = 1e-4;
            let (mut up, mut down) = (x, x);
            up[i] += h;
            down[i] -= h;
            let (up, down) = (at(&up), at(&down));
            let scale = 1.0 + size(&jet).max(size(&up)).max(size(&down));
            // Central differences are off by the third derivative; the points beside show how fast things change.
            let tolerance = 1e-5 * scale + (size(&up) - size(&down)).abs() * h;
            let slope = (up.value - down.value) / (2.0 * h);
            prop_assert!((slope - jet.gradient[i]).abs() < tolerance, "{text}: {slope} {}", jet.gradient[i]);
            for k in 0..3 {
                let bend = (up.gradient[k] - down.gradient[k]) / (2.0 * h);
                let found = jet.hessian[i * 3 + k];
                prop_assert!((bend - found).abs() < 10.0 * tolerance, "{text}: {bend} {found}");
                prop_assert!(found == jet.hessian[k * 3 + i] || (found - jet.hessian[k * 3 + i]).abs() < 1e-12 * scale);
            }
        }
    }
}
