//! `zstat apply`: new events are scored as the training scored its own, counted in its bins, and refused where they do not fit.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

use super::support::{Run, folder, run_in, write};

/// A training of less than a second, with a derived feature and a selection.
const SPEC: &str = "\
zstat: 1
name: a small search
events:
  signal:
    yield: 40
    generate: {mass: {normal: [125, 8]}, pt: {exponential: 0.02}}
    select: pt > 5
  background:
    yield: 1000
    generate: {mass: {exponential: 0.01}, pt: {exponential: 0.04}}
    select: pt > 5
workspace:
  channels:
    - name: SR
      samples:
        - {name: signal, events: signal, modifiers: [{name: mu, type: normfactor}]}
        - name: background
          events: background
          modifiers: [{name: rate, type: normsys, lo: 0.95, hi: 1.05}]
    - name: CR
      samples:
        - {name: background, data: [50], modifiers: [{name: rate, type: normsys, lo: 0.95, hi: 1.05}]}
  poi: mu
  parameters: {mu: {init: 1, bounds: [-5, 10]}}
train:
  features: [mass, ratio]
  derive: {ratio: pt / mass}
  network: {hidden: [4], activation: tanh}
  summary: {type: softmax, bins: 3, temperature: 0.5}
  loss: {type: discovery}
  events: 400
  batch: 100
  epochs: 3
evaluate: {events: 2000}
";

fn zstat(folder: &Path, line: &str) -> Run {
    run_in(folder, &line.split_whitespace().collect::<Vec<_>>())
}

/// The files of a run, trained once for all tests.
fn trained() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let work = folder().keep();
        write(&work, "spec.yaml", SPEC);
        zstat(&work, "train spec.yaml --output run").exits(0);
        fs::remove_file(work.join("spec.yaml")).unwrap();
        work
    })
}

/// A folder of its own with a copy of the run and a file of events.
fn work() -> tempfile::TempDir {
    let work = folder();
    fs::create_dir(work.path().join("run")).unwrap();
    for entry in fs::read_dir(trained().join("run")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, work.path().join("run").join(path.file_name().unwrap())).unwrap();
    }
    write(work.path(), "data.csv", &csv(&events()));
    work
}

/// Events [mass, pt, weight] without any luck.
fn events() -> Vec<[f64; 3]> {
    let value = |i: usize, by: usize| ((i * by) % 101) as f64;
    (0..300).map(|i| [60.0 + 1.3 * value(i, 37), 1.0 + value(i, 53), 0.5 + value(i, 7) / 101.0]).collect()
}

fn csv(events: &[[f64; 3]]) -> String {
    let rows = events.iter().map(|[mass, pt, w]| format!("{mass},{pt},{w}\n"));
    format!("mass,pt,w\n{}", rows.collect::<String>())
}

/// Rows of a table, cells by their column's place.
fn rows(path: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

/// A tensor of a file of tensors, without any help of the program.
fn tensor(bytes: &[u8], name: &str) -> Vec<f32> {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let at = |i: usize| 8 + length + header[name]["data_offsets"][i].as_u64().unwrap() as usize;
    bytes[at(0)..at(1)].chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
}

/// out = x · weight + bias.
fn layer(bytes: &[u8], number: usize, x: &[f64]) -> Vec<f64> {
    let weight = tensor(bytes, &format!("layers.{number}.weight"));
    let bias = tensor(bytes, &format!("layers.{number}.bias"));
    let n = bias.len();
    let sum = |j: usize| x.iter().enumerate().map(|(i, x)| x * f64::from(weight[i * n + j])).sum::<f64>();
    (0..n).map(|j| f64::from(bias[j]) + sum(j)).collect()
}

/// What a run is made of, for scores by hand.
struct ByHand {
    weights: Vec<u8>,
    record: Value,
}

impl ByHand {
    fn new(run: &Path) -> Self {
        let record = serde_json::from_slice(&fs::read(run.join("run.json")).unwrap()).unwrap();
        Self { weights: fs::read(run.join("weights.safetensors")).unwrap(), record }
    }

    fn scores(&self, [mass, pt, _]: [f64; 3]) -> Vec<f64> {
        let standardiser = &self.record["standardiser"];
        let number = |key: &str, i: usize| standardiser[key][i].as_f64().unwrap();
        let features = [mass, pt / mass];
        let x: Vec<f64> =
            (0..2).map(|i| (features[i] - number("mean", i)) / number("deviation", i)).collect();
        let hidden: Vec<f64> = layer(&self.weights, 0, &x).into_iter().map(f64::tanh).collect();
        layer(&self.weights, 1, &hidden)
    }

    /// The bin of the channel; those before that are empty are none of it.
    fn bin(&self, scores: &[f64]) -> Option<usize> {
        let best = (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap();
        let empty = self.record["result"]["empty_bins"].as_array().unwrap();
        let empty: Vec<u64> = empty.iter().map(|bin| bin.as_u64().unwrap()).collect();
        let before = empty.iter().filter(|bin| **bin < best as u64).count();
        (!empty.contains(&(best as u64))).then_some(best - before)
    }
}

#[test]
fn scores_are_those_of_the_network() {
    let work = work();
    let found = zstat(work.path(), "apply run data.csv --output out.csv --columns w,rat* --format json");
    let found = found.exits(0).json();
    let table = rows(&work.path().join("out.csv"));
    let scores = ["raw_0", "raw_1", "raw_2", "score_0", "score_1", "score_2"];
    assert_eq!(table[0][4..10], scores);
    assert_eq!(
        [&table[0][..4], &table[0][10..]],
        [["file", "row", "w", "ratio"].as_slice(), &["bin", "summary_bin"]]
    );
    assert_eq!(table.len(), 301);
    let by_hand = ByHand::new(&work.path().join("run"));
    let mut counts = vec![0; found["bins"].as_array().unwrap().len()];
    for (row, (cells, event)) in table[1..].iter().zip(events()).enumerate() {
        assert_eq!((cells[0].as_str(), cells[1].parse()), ("data.csv", Ok(row)));
        assert_eq!((cells[2].parse(), cells[3].parse()), (Ok(event[2]), Ok(event[1] / event[0])));
        let expected = by_hand.scores(event);
        let scores: Vec<f64> = cells[4..7].iter().map(|cell| cell.parse().unwrap()).collect();
        for (score, expected) in scores.iter().zip(&expected) {
            assert!((score - expected).abs() < 1e-5 * expected.abs().max(1.0), "{row}: {score}, {expected}");
        }
        // The shares of a softmax, as the tables of the training have them.
        let shares: Vec<f64> = cells[7..10].iter().map(|cell| cell.parse().unwrap()).collect();
        let sum: f64 = scores.iter().map(|score| ((score - scores[0]) / 0.5).exp()).sum();
        for (share, score) in shares.iter().zip(&scores) {
            assert!(
                (share - ((score - scores[0]) / 0.5).exp() / sum).abs() < 1e-6,
                "{row}: {share}, {score}"
            );
        }
        let bin = by_hand.bin(&scores);
        assert_eq!(cells[10], bin.map(|bin| bin.to_string()).unwrap_or_default());
        let best = (0..3).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap();
        assert_eq!(cells[11], best.to_string());
        bin.into_iter().for_each(|bin| counts[bin] += 1);
    }
    for (bin, count) in found["bins"].as_array().unwrap().iter().zip(counts) {
        assert_eq!(bin["events"], count);
        assert_eq!(bin["weighted"].as_f64(), Some(f64::from(count)));
    }
    assert_eq!((&found["events"]["read"], &found["events"]["selected"]), (&300.into(), &300.into()));
    assert_eq!(found["channel"], "SR");
}

#[test]
fn every_form_of_events_gives_the_same() {
    let work = work();
    let path = |name: &str| work.path().join(name);
    zstat(work.path(), "apply run data.csv --output first.csv --threads 1").exits(0);
    zstat(work.path(), "apply run data.csv --output again.csv --threads 2").exits(0);
    assert_eq!(fs::read(path("first.csv")).unwrap(), fs::read(path("again.csv")).unwrap());
    // A table of events has all that is needed to score them again.
    for form in ["parquet", "npy", "csv"] {
        let copy = format!("copy.{form}");
        zstat(work.path(), &format!("apply run data.csv --keep --output {copy}")).exits(0);
        zstat(work.path(), &format!("apply run {copy} --output from.csv")).exits(0);
        let text = fs::read_to_string(path("from.csv")).unwrap().replace(&copy, "data.csv");
        assert_eq!(text, fs::read_to_string(path("first.csv")).unwrap(), "{form}");
        // And the scores in it are those of the text.
        zstat(work.path(), &format!("apply run {copy} --columns w --output w.csv")).exits(0);
        zstat(work.path(), &format!("apply run {copy} --keep --output keep.csv"))
            .exits(2)
            .tells(&["--keep", "has a column `row` of its own"]);
    }
    // Two files are counted together, in their order.
    fs::copy(path("data.csv"), path("more.csv")).unwrap();
    let both =
        zstat(work.path(), "apply run more.csv data.csv --output both.csv --format json").exits(0).json();
    assert_eq!(both["events"]["read"], 600);
    assert_eq!(both["files"][1]["file"], "data.csv");
    let table = rows(&path("both.csv"));
    assert_eq!(
        (table[300][1].as_str(), table[301][0].as_str(), table[301][1].as_str()),
        ("299", "data.csv", "0")
    );
}

#[test]
fn observed_events_are_fitted() {
    let work = work();
    let found = zstat(
        work.path(),
        "apply run data.csv --process background --weight w --workspace seen.yaml --format json",
    );
    let found = found.exits(0).json();
    let kept: Vec<[f64; 3]> = events().into_iter().filter(|[_, pt, _]| *pt > 5.0).collect();
    assert!(kept.len() < 300);
    assert_eq!(found["events"]["selected"].as_u64(), Some(kept.len() as u64));
    let by_hand = ByHand::new(&work.path().join("run"));
    let bins = found["bins"].as_array().unwrap();
    let mut sums = vec![0.0; bins.len()];
    for event in kept {
        by_hand.bin(&by_hand.scores(event)).into_iter().for_each(|bin| sums[bin] += event[2]);
    }
    let data = zstat(work.path(), "yields seen.yaml --bins --format json").exits(0).json();
    let channels = data["channels"].as_array().unwrap();
    let channel = channels.iter().find(|channel| channel["name"] == "SR").unwrap();
    for (at, (bin, sum)) in bins.iter().zip(sums).enumerate() {
        assert!((bin["weighted"].as_f64().unwrap() - sum).abs() < 1e-9);
        assert_eq!(channel["bins"][at]["observed"], bin["weighted"]);
    }
    // The other channel has no data of its own.
    let warnings = found["status"]["warnings"].to_string();
    assert!(warnings.contains("channel `CR`: nothing is observed"), "{warnings}");
    let fit = zstat(work.path(), "fit seen.yaml --format json").exits(0).json();
    assert_eq!(fit["status"]["converged"], true);
    zstat(work.path(), "apply run data.csv --workspace seen.json").exits(0);
    zstat(work.path(), "fit seen.json").exits(0);
    // Nothing is selected but by a word.
    let all = zstat(work.path(), "apply run data.csv").exits(0);
    assert!(all.stdout.contains("warning: the training selected events of `signal` and `background`"));
    let some =
        run_in(work.path(), &["apply", "run", "data.csv", "--select", "ratio > 1e9", "--format", "csv"]);
    some.exits(0).tells(&["not one of 300 events is selected"]);
    run_in(work.path(), &["apply", "run", "data.csv", "--weight=-w", "--workspace", "no.yaml"])
        .exits(2)
        .tells(&["--workspace no.yaml: the weights in bin", "observations are 0 or more"]);
    assert!(!work.path().join("no.yaml").exists());
}

#[test]
fn events_that_do_not_fit_are_refused() {
    let work = work();
    let tells = |line: &[&str], parts: &[&str]| {
        run_in(work.path(), &[&["apply", "run"], line].concat()).exits(2).tells(parts);
    };
    write(work.path(), "renamed.csv", &csv(&events()).replacen("mass", "maas", 1));
    tells(
        &["renamed.csv", "data.csv", "none.csv", "data.txt", "--select", "q > 1"],
        &[
            "FILE renamed.csv: no column `mass` (did you mean `maas`?), no column `q`",
            "FILE data.csv: no column `q`",
            "it scored mass, ratio",
            "FILE none.csv: the file cannot be read",
            "FILE data.txt: no reader for files that end in `txt`",
        ],
    );
    write(work.path(), "bad.csv", "mass,pt,w\n1,2,3\n4,nan,6\n0,1,1\n");
    tells(&["bad.csv"], &["bad.csv:3: column `pt`, row 1", "expected a finite number"]);
    write(work.path(), "zero.csv", "mass,pt,w\n1,2,3\n0,1,1\n");
    tells(&["zero.csv"], &["FILE zero.csv: derived column `ratio`", "inf in row 1"]);
    write(work.path(), "far.csv", "mass,pt,w\n1,2,3\n1e300,1,1\n");
    tells(&["far.csv"], &["FILE far.csv: feature `mass`", "in row 1"]);
    tells(&["data.csv", "data.csv"], &["is given twice"]);
    tells(
        &["data.csv", "--process", "backgrund", "--weight", "w >", "--select", "w", "--output", "o.txt"],
        &[
            "--process backgrund: no process of the training is called `backgrund`",
            "did you mean `background`?",
            "--weight: weight `w >`",
            "--select: selection `w`: found a number, expected a condition",
            "--output o.txt: no table of events ends in `.txt`",
        ],
    );
    tells(&["data.csv", "--columns", "x*", "--output", "o.csv"], &["no column matches `x*`"]);
    tells(&["data.csv", "--columns", "w"], &["--columns w: there is no table to copy columns into"]);
    tells(&["data.csv", "--output", "data.csv"], &["--output data.csv: is one of the files of events"]);
    tells(&["data.csv", "--workspace", "run/workspace.yaml"], &["is a file of the run"]);
    tells(&["data.csv", "--workspace", "w.txt"], &["--workspace w.txt: the ending names no format"]);
    assert!(!work.path().join("o.csv").exists());
}

#[test]
fn folders_that_are_no_whole_run_are_refused() {
    let tells = |spoil: &dyn Fn(&Path), parts: &[&str]| {
        let work = work();
        spoil(&work.path().join("run"));
        zstat(work.path(), "apply run data.csv").exits(2).tells(parts);
    };
    let edit = |path: PathBuf, from: &str, to: &str| {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from}");
        fs::write(path, text.replace(from, to)).unwrap();
    };
    let without_digests = |run: &Path| edit(run.join("run.json"), "\"digests\"", "\"others\"");
    tells(&|run| fs::remove_dir_all(run).unwrap(), &["RUN run: there is no such folder"]);
    tells(&|run| fs::remove_file(run.join("run.json")).unwrap(), &["is no run: it has no `run.json`"]);
    tells(
        &|run| fs::rename(run.join("run.json"), run.join("checkpoint.zstat")).unwrap(),
        &["its training is not finished"],
    );
    tells(
        &|run| {
            fs::create_dir(run.join("seed-1")).unwrap();
            fs::rename(run.join("run.json"), run.join("seed-1/run.json")).unwrap();
        },
        &["has 1 runs, expected one", "run/seed-1"],
    );
    tells(&|run| fs::write(run.join("run.json"), "{").unwrap(), &["its `run.json` cannot be read"]);
    tells(
        &|run| edit(run.join("run.json"), "\"zstat\": \"", "\"zstat\": \"9."),
        &["was trained by zstat 9.", "train again"],
    );
    let cut = |run: &Path| {
        let path = run.join("weights.safetensors");
        let bytes = fs::read(&path).unwrap();
        fs::write(path, &bytes[..bytes.len() - 5]).unwrap();
    };
    tells(&cut, &["`weights.safetensors` is not what the training wrote"]);
    tells(
        &|run| {
            without_digests(run);
            cut(run);
        },
        &["`weights.safetensors`: tensor", "it is cut"],
    );
    tells(
        &|run| edit(run.join("spec.json"), "pt / mass", "mass / pt"),
        &["`spec.json` is not what the training wrote"],
    );
    tells(
        &|run| {
            without_digests(run);
            edit(run.join("spec.json"), "\"hidden\": [4]", "\"hidden\": [5]");
        },
        &["tensor `layers.0.weight` has the shape [2, 4], expected [2, 5]", "tensor `layers.1.weight`"],
    );
    let work = work();
    zstat(work.path(), "apply data.csv data.csv").exits(2).tells(&["is a file, expected a folder"]);
}
