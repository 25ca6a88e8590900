//! Training specs that cannot be trained: `validate` and `train` say the same of them before anything is trained, each fault with its
//! place. And the files of events that a spec can have read.

use std::fs;
use std::path::Path;

use super::support::{folder, root, run_in, write};

/// The small training, with fewer events, and changes: each text once.
pub(super) fn spec(changes: &[(&str, &str)]) -> String {
    let mut text = fs::read_to_string(root().join("specs/training.yaml")).unwrap();
    let few = [
        ("events: 5000", "events: 600"),
        ("batch: 500", "batch: 200"),
        ("epochs: 4", "epochs: 2"),
        ("evaluate: {events: 20000}", "evaluate: {events: 2000}"),
    ];
    for (from, to) in few.iter().chain(changes) {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    text
}

/// A spec is refused by both commands, with these parts of messages and nothing trained. Each message has the place of a text of
/// the spec: where that begins.
#[track_caller]
pub(super) fn refused(folder: &Path, text: &str, expected: &[(&str, &[&str])]) {
    write(folder, "spec.yaml", text);
    let found = run_in(folder, &["validate", "spec.yaml", "--format", "json"]).exits(2).json();
    let errors = found["errors"].as_array().unwrap();
    for (place, parts) in expected {
        let at = text.find(place).unwrap_or_else(|| panic!("{place}: {text}"));
        let line = text[..at].matches('\n').count() + 1;
        let column = at - text[..at].rfind('\n').map_or(0, |end| end + 1) + 1;
        let is_it = |error: &serde_json::Value| {
            let told = format!("{} {}", error["message"], error["help"]).replace("\\\"", "\"");
            let is_there = error["line"] == line && error["column"] == column;
            is_there && parts.iter().all(|part| told.contains(part))
        };
        assert!(errors.iter().any(is_it), "{line}:{column} {parts:?}: {errors:#?}");
    }
    assert_eq!(errors.len(), expected.len(), "{errors:#?}");
    let train = run_in(folder, &["train", "spec.yaml", "--output", "run"]).exits(2);
    for (_, parts) in expected {
        assert!(parts.iter().all(|part| train.stderr.contains(part)), "{parts:?}: {}", train.stderr);
    }
    assert!(!folder.join("run").exists());
}

pub(super) const SOFTMAX: &str = "{type: softmax, bins: 5, temperature: 0.5}";
pub(super) const BKDE: (&str, &str) = (SOFTMAX, "{type: bkde, bins: 5}");
pub(super) const LOSS: &str = "{type: discovery}";
pub(super) const GENERATED: &str = "generate: {mass: {exponential: 0.01}, pt: {exponential: 0.04}}";

#[test]
fn losses_that_do_not_fit() {
    let work = folder();
    let text =
        spec(&[(LOSS, "[{type: bce}, {type: delta_z}]"), ("  epochs: 2", "  epochs: 2\n  measurement: B3")]);
    refused(
        work.path(),
        &text,
        &[
            (
                "{type: bce}",
                &["loss `bce`: the loss needs 1 output of the scorer, found 5", "`softmax`", "`bkde`"],
            ),
            ("{type: delta_z}", &["loss `delta_z`: the loss needs 1 output"]),
            ("B3", &["no measurement of the workspace is called `B3`", "leave this out"]),
        ],
    );
    let measurements = "  poi: mu\n  measurements: [{name: tight}, {name: loose}]";
    let text = spec(&[("  poi: mu", measurements), ("  epochs: 2", "  epochs: 2\n  measurement: tigt")]);
    refused(work.path(), &text, &[("tigt", &["no measurement", "did you mean `tight`?"])]);
    // Names of parameters, and the start of the one of interest.
    let text = spec(&[(LOSS, "{type: inferno, parameter: enrgy}")]);
    refused(work.path(), &text, &[("{type: inferno", &["no parameter `enrgy`", "did you mean `energy`?"])]);
    for loss in ["discovery", "asimov", "cls", "s_over_sqrt_b"] {
        let text = spec(&[(LOSS, &format!("{{type: {loss}}}")), ("init: 1", "init: 0")]);
        let place = format!("{{type: {loss}");
        refused(work.path(), &text, &[(&place, &["`mu` starts at 0", "for example at 1"])]);
    }
    let text = spec(&[(LOSS, "{type: inferno}"), ("init: 1", "init: 1, fixed: true")]);
    refused(work.path(), &text, &[("{type: inferno", &["`mu` is fixed"])]);
    let text = spec(&[("  poi: mu\n", "")]);
    refused(work.path(), &text, &[("channels:", &["there is no parameter of interest", "`poi: mu`"])]);
    // All of one kind.
    let both = spec(&[BKDE, (LOSS, "bce"), ("yield: 1000", "signal: true\n    yield: 1000")]);
    refused(work.path(), &both, &[("bce", &["every process with a sample is signal"])]);
    let none = spec(&[BKDE, (LOSS, "bce"), ("yield: 40", "signal: false\n    yield: 40")]);
    refused(work.path(), &none, &[("bce", &["every process with a sample is background"])]);
}

#[test]
fn columns_and_files_that_are_not_there() {
    let work = folder();
    write(work.path(), "data.csv", "mass,pt,w\n1,2,3\n");
    write(work.path(), "more.csv", "mass,p_t,w\n1,2,3\n");
    let files = "files: [data.csv, more.csv, date.csv]\n    weight: ww\n    select: masss > 1";
    let text = spec(&[(GENERATED, files)]);
    // Columns can only be told where all heads are known.
    refused(
        work.path(),
        &text,
        &[(
            "date.csv",
            &["the file `date.csv` of process `background` is not there", "did you mean `data.csv`?"],
        )],
    );
    let text = text.replace(", date.csv", "").replace(
        "  epochs: 2",
        "  epochs: 2\n  features: [mass, pt]\n  split: {key: [run]}\n  network: {type: identity, columns: [mas]}",
    );
    let text = text.replace("  network: {hidden: [10], activation: tanh}\n", "");
    refused(
        work.path(),
        &text,
        &[
            (
                "ww",
                &[
                    "the file `data.csv` of process `background` has no column `ww` (and 1 more of its files)",
                    "`w`",
                ],
            ),
            ("masss", &["selection `masss > 1`: no column `masss`", "did you mean `mass`?"]),
            (
                "pt]",
                &["the file `more.csv` of process `background` has no column `pt`", "did you mean `p_t`?"],
            ),
            ("run]", &["the file `data.csv` of process `background` has no column `run`"]),
            ("{type: identity", &["takes the column `mas`", "did you mean `mass`?"]),
            // Of the background, whose `vary` scales it.
            (
                "{scale: {mass: 1.02, pt: 1.02}}}\n            - {name: rate",
                &["`more.csv`", "no column `pt`"],
            ),
        ],
    );
}

#[test]
fn keys_without_effect() {
    let work = folder();
    let text = spec(&[
        (LOSS, "[{type: discovery}, {type: inferno, from: 2}, {type: mc_error, weight: -1}]"),
        ("  epochs: 2", "  epochs: 2\n  split: {validation: 0.1}"),
        ("yield: 40", "reader: csv\n    yield: 40"),
    ]);
    refused(
        work.path(),
        &text,
        &[
            ("2}, {type: mc", &["the loss `inferno` never counts: the last epoch is 1"]),
            ("-1", &["the weight of the loss `mc_error` is -1", "positive"]),
            ("split:", &["`split` has no effect", "all events are generated"]),
            ("csv\n", &["a reader is of files"]),
        ],
    );
    // The option is of this run alone.
    let later = spec(&[(LOSS, "[{type: inferno}, {type: discovery, from: 1}]")]);
    write(work.path(), "later.yaml", &later);
    run_in(work.path(), &["train", "later.yaml", "--output", "later", "--epochs", "1"]).exits(0);
    write(work.path(), "e.csv", &("mass,pt\n".to_owned() + &"1,2\n2,3\n".repeat(200)));
    let signal = "generate: {mass: {normal: [125, 8]}, pt: {exponential: 0.02}}";
    let files = "files: e.csv";
    let text = spec(&[
        (GENERATED, files),
        (signal, files),
        ("  epochs: 2", "  epochs: 2\n  validation: 100\n  split: {validation: 0.8}"),
    ]);
    refused(
        work.path(),
        &text,
        &[
            ("validation: 100", &["`validation` has no effect here", "`split: {validation: ...}`"]),
            ("events: 2000", &["`events` has no effect here", "`split: {evaluation: ...}`"]),
            (
                "{validation: 0.8}",
                &["no events are left for training", "evaluation 0.3 (where nothing is said)"],
            ),
            ("network:", &["`features` is missing", "all files have mass, pt"]),
        ],
    );
    let text = spec(&[
        (GENERATED, files),
        ("  epochs: 2", "  epochs: 2\n  split: {validation: 0, evaluation: 0.3}"),
    ]);
    refused(work.path(), &text, &[("0, evaluation", &["the share for validation is 0", "0.2"])]);
    let text =
        spec(&[(GENERATED, "files: []"), ("  epochs: 2", "  epochs: 2\n  features: [mass, pt, mass]")]);
    refused(
        work.path(),
        &text,
        &[("[]", &["`files` is empty"]), ("mass]", &["the feature `mass` is listed twice"])],
    );
}

#[test]
fn numbers_of_events_that_are_of_no_use() {
    let work = folder();
    let text = spec(&[("events: 600", "events: 1000000000000"), ("{events: 2000}", "{events: 3}")]);
    refused(
        work.path(),
        &text,
        &[
            ("1000000000000", &["cannot be counted, the most is 4294967294", "8000 GB of memory"]),
            ("3}", &["too few for a result", "10 parts"]),
        ],
    );
    let train = |text: &str, parts: &[&str]| {
        write(work.path(), "spec.yaml", text);
        run_in(work.path(), &["train", "spec.yaml", "--output", "run"]).exits(2).tells(parts);
        let _ = fs::remove_dir_all(work.path().join("run"));
    };
    // As many as can be numbered, and no machine has memory for.
    let text = spec(&[("{events: 2000}", "{events: 42000000000}")]);
    train(&text, &["spec.yaml:", "`evaluate.events: 42000000000`", "of memory at least", "at most about"]);
    let select = |of: &str, select: &str| spec(&[(of, &format!("select: {select}\n    {of}"))]);
    train(&select("yield: 40", "mass > 1e6"), &["spec.yaml:11:13", "keeps none of the 600 training events"]);
    train(
        &select("yield: 1000", "mass > 1e6"),
        &["`select` of process `background` keeps none of the 600 training"],
    );
    // Sixty events of six hundred; none of ten.
    let text = select("yield: 1000", "mass > 230").replace("{events: 2000}", "{events: 10}");
    train(&text, &["`select` of process `background`", "evaluation events"]);
}

/// A NumPy file as NumPy writes it.
fn npy(descr: &str, shape: &str, values: &[f64]) -> Vec<u8> {
    let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// The same events in all forms that a spec can have read give the same training.
#[test]
fn readers_and_their_options() {
    let work = folder();
    let rows: Vec<[f64; 2]> =
        (0..1500).map(|i| [100.0 + f64::from(i % 83), f64::from(i % 59) + 0.25]).collect();
    let text = |between: &str| -> String {
        rows.iter().map(|[mass, pt]| format!("{mass}{between}{pt}\n")).collect()
    };
    let values: Vec<f64> = rows.iter().flatten().copied().collect();
    write(work.path(), "usual.csv", &format!("mass,pt\n{}", text(",")));
    write(work.path(), "signs.csv", &format!("mass;pt\n{}", text(";")));
    write(work.path(), "plain.csv", &text(","));
    write(work.path(), "plain.txt", &text("\t"));
    fs::write(work.path().join("plain.npy"), npy("'<f8'", "(1500, 2)", &values)).unwrap();
    let fields = npy("[('mass', '<f8'), ('pt', '<f8')]", "(1500,)", &values);
    fs::write(work.path().join("fields.npy"), fields).unwrap();
    let spec = |file: &str, reader: &str| {
        spec(&[
            (GENERATED, &format!("files: {file}{reader}")),
            ("  epochs: 2", "  epochs: 1\n  features: [mass, pt]"),
        ])
    };
    let mut found = Vec::new();
    for (i, (file, reader)) in [
        ("usual.csv", ""),
        ("usual.csv", "\n    reader: csv"),
        ("signs.csv", "\n    reader: {type: csv, delimiter: semicolon}"),
        ("plain.csv", "\n    reader: {type: csv, columns: [mass, pt]}"),
        ("plain.txt", "\n    reader: {type: csv, delimiter: tab, columns: [mass, pt]}"),
        ("plain.npy", "\n    reader: {type: npy, columns: [mass, pt]}"),
        ("fields.npy", ""),
    ]
    .into_iter()
    .enumerate()
    {
        write(work.path(), "spec.yaml", &spec(file, reader));
        let run = format!("run{i}");
        run_in(work.path(), &["train", "spec.yaml", "--output", &run]).exits(0);
        found.push(fs::read_to_string(work.path().join(run).join("history.csv")).unwrap());
    }
    assert!(found.iter().all(|history| *history == found[0]), "{found:#?}");
    // New events are read as those of the process that is named, and an option is told of its own columns.
    let apply = |line: &str| run_in(work.path(), &line.split_whitespace().collect::<Vec<_>>());
    apply("apply run4 plain.txt --process background").exits(0);
    apply("apply run4 plain.txt").exits(2).tells(&["no reader for files that end in `txt`"]);
    apply("apply run0 usual.csv --columns mas,pt --weight w*pt --output o.csv").exits(2).tells(&[
        "--columns mas: the file usual.csv has no column `mas`",
        "did you mean `mass`?",
        "--weight w*pt: the file usual.csv has no column `w`",
    ]);
    for (file, reader, place, parts) in [
        ("signs.csv", "", "mass, pt]", ["only column is `mass;pt`", "delimiter: semicolon"]),
        ("plain.csv", "", "mass, pt]", ["first line holds numbers", "columns: [...]"]),
        ("plain.npy", "", "plain.npy", ["2 columns without names", "`reader: {type: npy, columns: [...]}`"]),
        ("plain.txt", "", "plain.txt", ["no reader for files that end in `txt`", "known endings"]),
        ("usual.csv", "\n    reader: cvs", "cvs", ["`cvs`", "`csv`"]),
        (
            "usual.csv",
            "\n    reader: {type: csv, delimeter: tab}",
            "delimeter",
            ["`delimeter`", "`delimiter`"],
        ),
    ] {
        let text = spec(file, reader);
        write(work.path(), "spec.yaml", &text);
        let run = run_in(work.path(), &["validate", "spec.yaml"]).exits(2).tells(&parts);
        let line = text[..text.find(place).unwrap()].matches('\n').count() + 1;
        assert!(run.stderr.contains(&format!("spec.yaml:{line}:")), "{}", run.stderr);
    }
}

/// A condition is no weight: neither of events in files, nor of a variation.
#[test]
fn conditions_are_no_weights() {
    let work = folder();
    write(work.path(), "data.csv", "mass,pt,w\n1,2,3\n");
    let text = spec(&[
        (GENERATED, "files: data.csv\n    weight: w > 0"),
        ("{scale: {mass: 1.02, pt: 1.02}}", "{up: {reweight: pt > 3}, down: {}}"),
    ]);
    refused(
        work.path(),
        &text,
        &[
            ("w > 0", &["`w > 0` is a condition, and a number is needed", "`where(w > 0, 1, 0)`"]),
            ("{up: ", &["`pt > 3` is a condition, and a number is needed"]),
        ],
    );
}

/// Losses of no weight are watched; there has to be one that counts.
#[test]
fn a_loss_has_to_count() {
    let text = spec(&[(LOSS, "{type: discovery, weight: 0}")]);
    let told: &[&str] = &["no loss counts in epoch 0", "`weight`"];
    refused(folder().path(), &text, &[("{type: discovery", told)]);
}

/// A loss may be there twice, with other options: its columns in tables are told apart.
#[test]
fn losses_of_one_name_have_columns_of_their_own() {
    let work = folder();
    let text = spec(&[(LOSS, "[inferno, {type: inferno, weight: 0, mc_statistics: true}]")]);
    write(work.path(), "spec.yaml", &text);
    run_in(work.path(), &["train", "spec.yaml", "--output", "run"]).exits(0);
    let history = fs::read_to_string(work.path().join("run/history.csv")).unwrap();
    assert!(history.starts_with("epoch,steps,learning_rate,gradient_norm,loss,loss.inferno,loss.inferno.2,"));
}

/// With other parameters of interest other processes are the signal, for losses of events, too.
#[test]
fn the_option_poi_says_what_is_signal() {
    let work = folder();
    let factor = "- {name: rate, type: normsys, lo: 0.95, hi: 1.05}";
    let text = spec(&[BKDE, (LOSS, "bce"), (factor, "- {name: nu, type: normfactor}")]);
    write(work.path(), "spec.yaml", &text);
    let last = |poi: &str| {
        run_in(work.path(), &["train", "spec.yaml", "--output", poi, "--poi", poi]).exits(0);
        let scores = fs::read_to_string(work.path().join(poi).join("distributions.csv")).unwrap();
        let mean = |process: &str| {
            let rows = scores.lines().filter(|row| row.starts_with(&format!("{process},{process},,nominal")));
            let [mut sum, mut all] = [0.0, 0.0];
            for row in rows {
                let cells: Vec<f64> = row.split(',').skip(5).map(|cell| cell.parse().unwrap()).collect();
                sum += 0.5 * (cells[0] + cells[1]) * cells[2];
                all += cells[2];
            }
            sum / all
        };
        mean("signal") - mean("background")
    };
    assert!(last("mu") > 0.0, "signal scores more where it is looked for");
    assert!(last("nu") < 0.0, "and less where the other process is");
}

/// One file under two names would count twice.
#[test]
fn a_file_of_two_names() {
    let work = folder();
    write(work.path(), "data.csv", "mass,pt\n1,2\n");
    let text = spec(&[
        (GENERATED, "files: [data.csv, ./data.csv]"),
        ("  epochs: 2", "  epochs: 2\n  features: [mass, pt]"),
    ]);
    refused(work.path(), &text, &[("./data.csv", &["`./data.csv` is the file `data.csv`", "counted twice"])]);
}
