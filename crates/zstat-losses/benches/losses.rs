//! Times losses on the templates of a file: `cargo bench -p zstat-losses --bench losses -- LOSS… FILE` prints one JSON line with
//! seconds of a call, value and gradient: medians of as many calls as fit into a second.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a bench may panic and print")]

#[path = "../../zstat-fitters/benches/common/mod.rs"]
mod common;
#[path = "../../zstat-fitters/benches/common/timing.rs"]
mod timing;

use std::path::Path;

use serde_json::{Map, Value, json};
use zstat_core::loss::{Binned, Level, Loss, Slopes};
use zstat_core::plugin::Registry;
use zstat_fitters::Newton;
use zstat_losses::Inferno;

fn main() {
    // `cargo bench` adds a flag of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let Some((file, names)) = arguments.split_last() else { return };
    // Something of the crate is named, so that the linker keeps its plugins.
    let _ = Inferno::default();
    let losses = Registry::<dyn Loss>::load("loss").expect("plugins");
    let (model, _) = common::load(Path::new(file));
    let fixed: Vec<bool> = model.parameters().iter().map(|parameter| parameter.fixed).collect();
    let (point, newton) = (model.init(), Newton::default());
    let batch = Binned {
        model: &model,
        variances: &[],
        gammas: &[],
        point: &point,
        fixed: &fixed,
        poi: model.poi().first().expect("a parameter of interest").0,
        fitter: &newton,
    };
    let mut slopes = Slopes::of(&batch);
    let mut row = Map::new();
    for name in names {
        let loss = losses.build(name, json!({})).expect("a loss");
        let Level::Templates(loss) = loss.level() else { continue };
        let seconds = timing::median(&mut || {
            loss.evaluate(&batch, &mut slopes).expect("a value");
        });
        row.insert(name.clone(), json!(seconds));
    }
    row.insert("peak_bytes".to_owned(), json!(timing::peak_bytes()));
    println!("{}", Value::Object(row));
}
