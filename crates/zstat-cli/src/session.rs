//! From a spec and options to what the commands work on: model, data, start point. All bad options are told at once.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use serde::Serialize;
use zstat_core::diag::Diagnostic;
use zstat_core::likelihood::{Data, Nll};
use zstat_core::model::Model;
use zstat_core::spec::{BuildOptions, Dialect, Interpolation, Workspace};

use crate::args::{DataArgs, ModelArgs, ParameterArgs};
use crate::data;
use crate::failure::{Failure, OptionFault};
use crate::input::{Loaded, SpecFaults};
use crate::select;
use crate::start::Start;

/// A spec, compiled.
#[derive(Debug)]
pub struct Session {
    /// The documents.
    pub loaded: Loaded,
    /// What turned the workspace into this model.
    pub options: BuildOptions,
    /// The model.
    pub model: Model,
    /// Opened file to built model, in seconds.
    pub load_s: f64,
}

/// The head of every result: which spec it is of.
#[derive(Debug, Clone, Serialize)]
pub struct SpecInfo {
    /// File as given.
    pub file: String,
    /// See [`Loaded::digest`].
    pub digest: String,
    /// Whose defaults hold.
    pub dialect: Dialect,
    /// Measurement, where the workspace has named ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measurement: Option<String>,
}

impl SpecInfo {
    /// One line: file, measurement, dialect.
    pub fn headline(&self) -> String {
        let measurement = self.measurement.as_ref().map(|name| format!(", measurement `{name}`"));
        let dialect = match self.dialect {
            Dialect::Pyhf => "pyhf",
            Dialect::Root => "root",
        };
        format!("{}{}, dialect {dialect}", self.file, measurement.unwrap_or_default())
    }
}

/// Data and start point of one run.
#[derive(Debug)]
pub struct Setup {
    /// The data.
    pub data: Data,
    /// The start point.
    pub start: Start,
    /// Channels without observations, which can be evaluated but not fitted.
    pub unobserved: Vec<String>,
}

impl Session {
    /// Reads the spec and builds the model.
    ///
    /// # Errors
    /// All faults of the documents; else all bad options; else all faults of the model.
    pub fn open(args: &ModelArgs) -> Result<Self, Failure> {
        let loaded = Loaded::open(args)?;
        let options = build_options(&loaded, args)?;
        let built = Model::build(&loaded.analysis.workspace, &options);
        let model = match built {
            Ok(model) => model,
            Err(faults) => {
                let diagnostics = loaded.locate(&faults);
                return Err(Failure::Spec(Box::new(SpecFaults { documents: loaded.documents, diagnostics })));
            }
        };
        let load_s = loaded.opened.elapsed().as_secs_f64();
        Ok(Self { loaded, options, model, load_s })
    }

    /// Which spec this is.
    pub fn info(&self) -> SpecInfo {
        let measurements = &self.loaded.analysis.workspace.measurements;
        let first = measurements.first().map(|measurement| measurement.name.clone());
        SpecInfo {
            file: self.loaded.name().to_owned(),
            digest: self.loaded.digest(),
            dialect: self.options.dialect,
            measurement: self.options.measurement.clone().or(first),
        }
    }

    /// Data and start point, from the options.
    ///
    /// # Errors
    /// All bad options at once; files that cannot be read.
    pub fn setup(
        &self,
        data: &DataArgs,
        parameters: &ParameterArgs,
        mut faults: Vec<OptionFault>,
    ) -> Result<Setup, Failure> {
        let start = Start::resolve(&self.model, parameters, &mut faults)?;
        let mut unobserved = Vec::new();
        let mut chosen = match data.data.as_str() {
            "observed" => {
                let observations = &self.loaded.analysis.workspace.observations;
                data::from_observations(&self.model, observations, &mut unobserved)
            }
            "asimov" => self.asimov(&start, &mut faults),
            file => {
                let path = Path::new(file);
                if !path.exists() {
                    return Err(bad_data_word(file, faults));
                }
                let observations = data::read_file(path, &mut faults)?;
                if !observations.is_empty() {
                    data::check_file(&self.model, path, &observations, &mut faults);
                }
                data::from_observations(&self.model, &observations, &mut Vec::new())
            }
        };
        self.blind(&data.blind, &mut chosen, &mut unobserved, &mut faults);
        if faults.is_empty() {
            Ok(Setup { data: chosen, start, unobserved })
        } else {
            Err(Failure::Options(faults))
        }
    }

    /// What is probably not meant, placed in the documents.
    pub fn lint(&self) -> Vec<Diagnostic> {
        Vec::new()
    }

    fn blind(
        &self,
        names: &[String],
        data: &mut Data,
        unobserved: &mut Vec<String>,
        faults: &mut Vec<OptionFault>,
    ) {
        for name in names {
            match select::channels(&self.model, "--blind", name) {
                Ok(channels) => {
                    for channel in channels.into_iter().map(|index| &self.model.channels()[index]) {
                        data.masked[channel.bins.clone()].fill(true);
                        unobserved.retain(|unobserved| unobserved != &channel.name);
                    }
                }
                Err(fault) => faults.push(fault),
            }
        }
    }

    /// The expectation at the start values, auxiliary data at nominal.
    fn asimov(&self, start: &Start, faults: &mut Vec<OptionFault>) -> Data {
        let main = self.expected(&start.values);
        for channel in self.model.channels() {
            for (bin, nu) in main[channel.bins.clone()].iter().enumerate().filter(|(_, nu)| !(**nu >= 0.0)) {
                let message = format!(
                    "the start values expect {nu} events in bin {bin} of channel `{}`: no Asimov data",
                    channel.name
                );
                faults.push(OptionFault::new("--data", "asimov", message).help("choose others with --set"));
            }
        }
        Data { main, ..data::empty(&self.model) }
    }

    /// Expected events a bin at `theta`; may be negative or not finite.
    pub fn expected(&self, theta: &[f64]) -> Vec<f64> {
        Nll::new(&self.model, data::empty(&self.model)).expected(theta).to_vec()
    }
}

fn bad_data_word(found: &str, mut faults: Vec<OptionFault>) -> Failure {
    let fault = OptionFault::new(
        "--data",
        found,
        "expected `observed`, `asimov` or the name of a file; no such file",
    );
    let near = zstat_core::text::nearest(found, ["observed", "asimov"]);
    faults.push(match near {
        Some(word) => fault.help(format!("did you mean `{word}`?")),
        None => fault,
    });
    Failure::Options(faults)
}

/// What the spec and the options say about the model.
fn build_options(loaded: &Loaded, args: &ModelArgs) -> Result<BuildOptions, Failure> {
    let analysis = &loaded.analysis;
    let mut faults = Vec::new();
    let mut options = BuildOptions {
        measurement: args.measurement.clone(),
        poi: (!args.poi.is_empty()).then(|| args.poi.clone()),
        dialect: analysis.dialect,
        interpolation: analysis.interpolation,
        staterror: analysis.staterror,
        clip_bins: args.clip_bins,
        clip_samples: args.clip_samples,
        allow_absent: false,
    };
    if let Some(text) = &args.dialect {
        match ModelArgs::parse_dialect(text) {
            Some(dialect) => options.dialect = dialect,
            None => faults.push(OptionFault::unknown("--dialect", text, "dialect", &["pyhf", "root"])),
        }
    }
    if let Some(text) = &args.interpolation {
        interpolation(text, &mut options.interpolation, &mut faults);
    }
    if let Some(name) = &args.measurement {
        let known: Vec<&str> = analysis.workspace.measurements.iter().map(|m| m.name.as_str()).collect();
        if !known.contains(&name.as_str()) {
            faults.push(OptionFault::unknown("--measurement", name, "measurement", &known));
        }
    }
    poi(&analysis.workspace, &args.poi, &mut faults);
    for (option, value) in [("--clip-bins", args.clip_bins), ("--clip-samples", args.clip_samples)] {
        if let Some(value) = value.filter(|value| !value.is_finite()) {
            faults.push(OptionFault::new(option, value.to_string(), "expected a finite number of events"));
        }
    }
    if faults.is_empty() { Ok(options) } else { Err(Failure::Options(faults)) }
}

/// A POI that no modifier has is a fault of the option, not of the spec.
fn poi(workspace: &Workspace, names: &[String], faults: &mut Vec<OptionFault>) {
    let modifiers = workspace.channels.iter().flat_map(|c| &c.samples).flat_map(|s| &s.modifiers);
    let known: BTreeSet<&str> = modifiers.map(|modifier| modifier.name.as_str()).collect();
    let known: Vec<&str> = known.into_iter().collect();
    for name in names {
        let base = name.split_once('[').map_or(name.as_str(), |(base, _)| base);
        if !known.contains(&name.as_str()) && !known.contains(&base) {
            faults.push(OptionFault::unknown("--poi", name, "parameter", &known));
        }
    }
}

/// Reads `normsys=code4,histosys=code4p`.
fn interpolation(text: &str, codes: &mut Interpolation, faults: &mut Vec<OptionFault>) {
    const OPTION: &str = "--interpolation";
    for part in text.split(',') {
        let Some((kind, code)) = part.split_once('=') else {
            faults.push(OptionFault::new(OPTION, part, "expected KIND=CODE, e.g. `normsys=code4`"));
            continue;
        };
        let parsed = match kind.trim() {
            "normsys" => code.trim().parse().map(|code| codes.normsys = Some(code)),
            "histosys" => code.trim().parse().map(|code| codes.histosys = Some(code)),
            other => {
                faults.push(OptionFault::unknown(
                    OPTION,
                    other,
                    "interpolated modifier",
                    &["normsys", "histosys"],
                ));
                continue;
            }
        };
        if let Err(message) = parsed {
            faults.push(OptionFault::new(OPTION, part, message));
        }
    }
}

/// Seconds since `started`.
pub fn seconds(started: Instant) -> f64 {
    started.elapsed().as_secs_f64()
}
