//! Settings of a training that would come to nothing or are no numbers, and results of no use: told, with their place and the cause.

use std::fs;

use super::support::{folder, run_in, write};
use super::train_input::{BKDE, GENERATED, LOSS, SOFTMAX, refused, spec};

/// Changes of the spec, the place of the fault, and parts of what is told.
type Case<'c> = (&'c [(&'c str, &'c str)], &'c str, &'c [&'c str]);

/// Settings without effect are refused, each where it stands.
#[test]
fn settings_that_come_to_nothing() {
    let work = folder();
    let adam = "{type: adam, learning_rate: 0.01}";
    let cases: [Case<'_>; 7] = [
        (
            &[(SOFTMAX, "{type: hard, bins: 3, edges: [0, 0.5, 1]}"), (LOSS, "bce")],
            "{type: hard",
            &["`bins` has no effect beside `edges`"],
        ),
        (
            &[(SOFTMAX, "{type: hard, range: [0, 1], edges: [0, 0.5, 1]}"), (LOSS, "bce")],
            "{type: hard",
            &["`range` has no effect beside `edges`"],
        ),
        (
            &[(LOSS, "{type: generalised_variance, parameters: [mu, mu]}")],
            "{type: generalised_variance",
            &["`mu` is in `parameters` twice"],
        ),
        (
            &[("  epochs: 2", "  epochs: 2\n  early_stopping:")],
            "early_stopping",
            &["nothing is given as `early_stopping`", "`early_stopping: {}`"],
        ),
        (
            &[(adam, "{type: adam, schedule: {type: cosine, warm_up: 2}}")],
            "2}}\n  events",
            &["the warm-up takes 2 epochs, and there are 2", "more `epochs`"],
        ),
        (
            &[(adam, "{type: adam, schedule: {type: step, every: 5}}")],
            "5}}\n  events",
            &["the first step is after 5 epochs, and there are 2"],
        ),
        (
            &[("seed: 1", "seed: 18446744073709551616")],
            "18446744073709551616",
            &["a whole number of at most 18446744073709551615"],
        ),
    ];
    for (changes, place, told) in cases {
        let text = spec(changes);
        refused(work.path(), &text, &[(place, told)]);
    }
}

/// A file without a name is none, and not the folder.
#[test]
fn a_file_without_a_name() {
    let work = folder();
    write(work.path(), "spec.yaml", &spec(&[(GENERATED, "files: ''")]));
    run_in(work.path(), &["validate", "spec.yaml"]).exits(2).tells(&["a file has an empty name"]);
}

/// Numbers that are none, and keys that are there twice, are told where they stand, and not taken for something else.
#[test]
fn numbers_that_are_none() {
    let work = folder();
    let text = spec(&[("yield: 40", "yield: .nan"), ("normal: [125, 8]", "normal: [.inf, 8]")]);
    refused(
        work.path(),
        &text,
        &[(".nan", &["is not a number (NaN)", "finite"]), (".inf", &["is infinite", "finite"])],
    );
    let text = spec(&[("{scale: {mass: 1.02, pt: 1.02}}", "{scale: {mass: 0, pt: 0}}")]);
    let told: &[&str] = &["a factor must be a number other than 0"];
    let second = text.find("pt: 0}").unwrap() + "pt: ".len();
    write(work.path(), "spec.yaml", &text);
    let found = run_in(work.path(), &["validate", "spec.yaml", "--format", "json"]).exits(2).json();
    assert_eq!(found["errors"].as_array().unwrap().len(), 2, "once for each column: {found:#}");
    assert!(text[second..].starts_with('0'));
    let message = found["errors"][1]["message"].as_str().unwrap();
    assert!(told.iter().all(|part| message.contains(part)), "{message}");
    let text = spec(&[("{scale: {mass: 1.02, pt: 1.02}}", "{shift: {mass: .inf}}")]);
    refused(work.path(), &text, &[(".inf", &["shifted by inf", "finite number"])]);
}

/// A key that is there twice, and a comma that ends an expression in braces.
#[test]
fn keys_that_are_none() {
    let work = folder();
    let text = spec(&[("  epochs: 2", "  epochs: 2\n  epochs: 3")]);
    write(work.path(), "spec.yaml", &text);
    let run = run_in(work.path(), &["validate", "spec.yaml"]).exits(2);
    assert!(run.stderr.contains("`epochs`") && !run.stderr.contains("DuplicateKeyPolicy"), "{}", run.stderr);
    let derive = "  epochs: 2\n  derive: {far: pt * where(pt > 20, 1, 0.9)}";
    write(work.path(), "spec.yaml", &spec(&[("  epochs: 2", derive)]));
    run_in(work.path(), &["validate", "spec.yaml"]).exits(2).tells(&["the comma ends `pt * where(pt > 20`"]);
}

/// What `vary` stands beside, and what of: told as what is wrong.
#[test]
fn variations_that_are_none() {
    let work = folder();
    let rate = "{name: rate, type: normsys, lo: 0.95, hi: 1.05}";
    let varied = "{name: rate, type: normsys, lo: 0.95, hi: 1.05, vary: {scale: {mass: 1.1}}}";
    write(work.path(), "spec.yaml", &spec(&[(rate, varied)]));
    run_in(work.path(), &["validate", "spec.yaml"]).exits(2).tells(&["`lo` and `hi` are made by `vary`"]);
    let shapesys = "{name: rate, type: shapesys, vary: {scale: {mass: 1.1}}}";
    write(work.path(), "spec.yaml", &spec(&[(rate, shapesys)]));
    run_in(work.path(), &["validate", "spec.yaml"]).exits(2).tells(&["unknown key `vary`"]);
    // The opposite of a text that cannot be read is not told as another fault.
    let text = spec(&[(rate, "{name: rate, type: normsys, vary: {reweight: '1 + '}}")]);
    refused(work.path(), &text, &[("{reweight", &["`1 + `: the expression ends"])]);
}

/// A row of a file in which a selection, a derived column or a weight has no value: with the file, and the row as it stands there.
#[test]
fn rows_of_files_without_a_value() {
    let work = folder();
    let rows = |bad: usize| -> String {
        let row = |i: usize| format!("{},{}\n", 100 + i, if i == bad { -1.0 } else { 1.0 + i as f64 });
        ["mass,pt\n".to_owned()].into_iter().chain((0..200).map(row)).collect()
    };
    write(work.path(), "first.csv", &rows(1000));
    write(work.path(), "second.csv", &rows(7));
    let features = "  epochs: 2\n  features: [mass, pt]";
    for (setting, told) in [
        ("select: sqrt(pt) > 0", "selection: `sqrt(pt)` is NaN in row 7"),
        ("weight: sqrt(pt)", "weight: `sqrt(pt)` is NaN in row 7"),
    ] {
        let files = format!("files: [first.csv, second.csv]\n    {setting}");
        let text = spec(&[(GENERATED, &files), ("  epochs: 2", features)]);
        write(work.path(), "spec.yaml", &text);
        let told = format!("second.csv: {told}");
        run_in(work.path(), &["train", "spec.yaml", "--output", "run"])
            .exits(2)
            .tells(&["`background`", &told]);
    }
}

/// A penalty that is 0 has nothing to learn from: that is the cause, not the learning rate.
#[test]
fn a_penalty_alone() {
    let work = folder();
    write(work.path(), "spec.yaml", &spec(&[BKDE, (LOSS, "{type: minimum_background, events: 0.001}")]));
    let run = run_in(work.path(), &["train", "spec.yaml", "--output", "run"]).exits(0);
    let run =
        run.prints(&["the loss is exactly 0 from epoch 0 on", "as a penalty is where its condition holds"]);
    assert!(!run.stdout.contains("learning_rate"), "{}", run.stdout);
}

/// Bins that expect nothing until something varies: commands agree on whether the workspace can be fitted.
#[test]
fn bins_on_the_edge() {
    let work = folder();
    let text = spec(&[(SOFTMAX, "{type: bkde, bins: 300, bandwidth: 0.1}"), (LOSS, "bce")]);
    write(work.path(), "spec.yaml", &text);
    let run = run_in(work.path(), &["train", "spec.yaml", "--output", "run"]);
    let can = run.stdout.contains("`workspace.yaml` can be fitted");
    assert_eq!(run.code, i32::from(!can), "{}", run.stdout);
    run_in(work.path(), &["fit", "run/workspace.yaml"]).exits(i32::from(!can));
    // In few words, although there are many.
    let note = run.stdout.lines().find(|line| line.contains("of the summary: left out")).unwrap();
    assert!(note.contains(" to ") && note.len() < 500, "{note}");
    run.prints(&["use fewer bins, or more `evaluate.events`"]);
    let templates = fs::read_to_string(work.path().join("run/templates.csv")).unwrap();
    assert!(templates.lines().any(|row| row.contains(",nominal,") && row.contains(",0,")), "some are empty");
}
