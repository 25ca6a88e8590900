//! From a spec and options to what the commands work on: model, data, start point. All bad options are told at once.

use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use zstat_core::diag::Diagnostic;
use zstat_core::diag::{Code, Fault};
use zstat_core::fit::Fitter;
use zstat_core::likelihood::{Data, Nll};
use zstat_core::model::Model;
use zstat_core::plugin::Registry;
use zstat_core::spec::{Analysis, BuildOptions, Dialect, Interpolation, Workspace, check_analysis, lint};

use zstat_train::spec::Training;

use crate::args::{DataArgs, ModelArgs, ParameterArgs};
use crate::failure::{Failure, OptionFault};
use crate::input::{Spec, SpecFaults};
use crate::output::Page;
use crate::select;
use crate::settings::Settings;
use crate::start::Start;
use crate::training::Events;
use crate::{data, data_file};

/// A spec, compiled.
#[derive(Debug)]
pub struct Session {
    /// The documents.
    pub spec: Spec,
    /// What turned the workspace into this model.
    pub options: BuildOptions,
    /// The model.
    pub model: Model,
    /// Opened file to built model, in seconds.
    pub load_s: f64,
    /// Bad values of model options. The model is built without them, so that all other options can be checked, too.
    faults: Vec<OptionFault>,
    /// The training, where the session was opened for one and the spec has one; the model is of flat templates then.
    pub training: Option<Training>,
}

/// The head of every result: which spec it is of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpecInfo {
    /// File as given.
    pub file: String,
    /// Title of the analysis.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Digest of the workspace.
    pub digest: String,
    /// Whose defaults hold.
    pub dialect: Dialect,
    /// Measurement, where the workspace has named ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measurement: Option<String>,
    /// What the file lacks, which patches were applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl SpecInfo {
    /// The head of a page: file, measurement, dialect; then the notes.
    pub fn head(&self, page: &mut Page) {
        page.line(self.headline());
        self.notes.iter().for_each(|note| page.note(note));
    }

    fn headline(&self) -> String {
        let name = self.name.as_ref().map(|name| format!(": {name}"));
        let measurement = self.measurement.as_ref().map(|name| format!(", measurement `{name}`"));
        let dialect = match self.dialect {
            Dialect::Pyhf => "pyhf",
            Dialect::Root => "root",
        };
        let (name, measurement) = (name.unwrap_or_default(), measurement.unwrap_or_default());
        format!("{}{name}{measurement}, dialect {dialect}", self.file)
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
    /// Reads the spec and builds the model. Bad values of options are kept for [`Session::finish`].
    ///
    /// # Errors
    /// All faults of the documents; else, where there is no model, all bad options or all faults of the model.
    pub fn open(args: &ModelArgs) -> Result<Self, Failure> {
        Self::of(Spec::open(&args.spec)?, args)
    }

    /// The same of a spec that was read.
    ///
    /// # Errors
    /// Where there is no model, all bad options or all faults of the model.
    pub fn of(spec: Spec, args: &ModelArgs) -> Result<Self, Failure> {
        Self::build(spec, args, Events::None)
    }

    /// The same of a spec whose templates may be yet to be made from events: the model has flat ones in their place.
    ///
    /// # Errors
    /// As [`Session::open`], and all faults of the training, those of its files of events too.
    pub fn open_with_training(args: &ModelArgs) -> Result<Self, Failure> {
        Self::build(Spec::open(&args.spec)?, args, Events::WithFiles)
    }

    /// The same without a look at the files of events.
    ///
    /// # Errors
    /// As [`Session::open`], and all faults of the training.
    pub fn open_without_files(args: &ModelArgs) -> Result<Self, Failure> {
        Self::build(Spec::open(&args.spec)?, args, Events::WithoutFiles)
    }

    fn build(spec: Spec, args: &ModelArgs, events: Events) -> Result<Self, Failure> {
        let (mut options, mut faults) = build_options(&spec, args);
        let fitters = Registry::<dyn Fitter>::load("fitter")?;
        let analysis = spec.analysis();
        let mut more = check_analysis(analysis, &fitters);
        let read = events.read(&spec)?;
        let no_training = matches!(read, Some(Err(_)));
        let training = match read {
            Some(Err(found)) => {
                more.extend(found);
                None
            }
            Some(Ok(training)) => Some(training),
            None => None,
        };
        // The option comes before the spec.
        let to_train = training.as_ref().filter(|_| events == Events::WithFiles);
        if let (None, Some(training)) = (&options.measurement, to_train) {
            options.measurement.clone_from(&training.train.measurement);
        }
        let workspace = training.as_ref().map_or(&analysis.workspace, |training| &training.workspace);
        let built = Model::build(workspace, &options);
        if let (Ok(model), Some(training)) = (&built, to_train) {
            more.extend(training.check_model(model));
        }
        let built = match built {
            Ok(model) if more.is_empty() => Ok(model),
            Ok(_) => Err(more),
            // Without a training it is known why there are no templates.
            Err(errors) => {
                let known = |fault: &Fault| {
                    no_training && fault.code == Code::Nothing && fault.pointer.ends_with("/events")
                };
                Err([errors.into_iter().filter(|fault| !known(fault)).collect(), more].concat())
            }
        };
        match built {
            Ok(model) => {
                faults
                    .extend(args.poi.iter().filter_map(|name| select::formula_fault(&model, "--poi", name)));
                let load_s = spec.opened.elapsed().as_secs_f64();
                Ok(Self { spec, options, model, load_s, faults, training })
            }
            Err(_) if !faults.is_empty() => Err(Failure::Options(faults)),
            Err(errors) => {
                let diagnostics = spec.locate(&errors);
                Err(Failure::Spec(Box::new(SpecFaults { documents: spec.into_documents(), diagnostics })))
            }
        }
    }

    /// Starts of a fit: the start values, and as many others as the spec's `fit.multi_start` asks for.
    pub fn starts(&self) -> usize {
        self.spec.analysis().fit.multi_start.map_or(1, |starts| starts as usize)
    }

    /// Ends the checking of options.
    ///
    /// # Errors
    /// Where there are bad options: those of the model and `more`.
    pub fn finish(&self, more: Vec<OptionFault>) -> Result<(), Failure> {
        let faults: Vec<OptionFault> = self.faults.iter().cloned().chain(more).collect();
        if faults.is_empty() { Ok(()) } else { Err(Failure::Options(faults)) }
    }

    /// Which spec this is.
    pub fn info(&self) -> SpecInfo {
        let measurements = &self.spec.analysis().workspace.measurements;
        let first = measurements.first().map(|measurement| measurement.name.clone());
        SpecInfo {
            file: self.spec.name().to_owned(),
            name: self.spec.analysis().name.clone(),
            digest: self.spec.digest(),
            dialect: self.options.dialect,
            measurement: self.options.measurement.clone().or(first),
            notes: self.spec.notes().to_vec(),
        }
    }

    /// Data and start point, from the options; bad options are appended to `faults`.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub fn setup(
        &self,
        data: &DataArgs,
        parameters: &ParameterArgs,
        faults: &mut Vec<OptionFault>,
    ) -> Result<Setup, Failure> {
        let mut start = Start::resolve(&self.model, parameters, faults)?;
        let mut unobserved = Vec::new();
        let mut chosen = match data.data.as_str() {
            "observed" => {
                let observations = &self.spec.analysis().workspace.observations;
                data::from_observations(&self.model, observations, &mut unobserved)
            }
            "asimov" => self.asimov(&start, faults),
            file => self.data_of_file(Path::new(file), faults)?,
        };
        self.blind(&data.blind, &mut chosen, &mut unobserved, faults);
        if !data.blind.is_empty() && chosen.masked.iter().all(|&masked| masked) {
            start.warnings.push("all channels are blinded: only the constraints are left".to_owned());
        }
        Ok(Setup { data: chosen, start, unobserved })
    }

    fn data_of_file(&self, path: &Path, faults: &mut Vec<OptionFault>) -> Result<Data, Failure> {
        if !path.exists() && path.as_os_str() != "-" {
            faults.push(bad_data_word(&path.display().to_string()));
            return Ok(data::empty(&self.model));
        }
        let observations = data_file::read(&self.model, path, faults)?;
        Ok(data::from_observations(&self.model, &observations, &mut Vec::new()))
    }

    /// Channels without observations cannot be fitted: a fault.
    pub fn require_data(&self, data: &DataArgs, unobserved: &[String], faults: &mut Vec<OptionFault>) {
        if unobserved.is_empty() {
            return;
        }
        let message = format!("no observations of {}", unobserved.join(", "));
        faults.push(
            OptionFault::new("--data", data.data.clone(), message)
                .help("add them to the spec, or use --data asimov, --data FILE, or --blind CHANNEL"),
        );
    }

    /// What is probably not meant, placed in the documents.
    pub fn lint(&self) -> Vec<Diagnostic> {
        // Flat templates are no reason for remarks.
        if self.training.is_some() {
            return Vec::new();
        }
        self.spec.locate(&lint(&self.spec.analysis().workspace, &self.options))
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
            for (bin, nu) in
                main[channel.bins.clone()].iter().enumerate().filter(|(_, nu)| nu.is_nan() || **nu < 0.0)
            {
                let message = format!(
                    "the start values expect {nu} events in bin {bin} of channel `{}`: no Asimov data",
                    channel.name
                );
                faults.push(OptionFault::new("--data", "asimov", message).help("choose others with --set"));
            }
        }
        Data { main, ..data::empty(&self.model) }
    }

    /// Values of the model's formulas at `theta`, in its order; may be not finite.
    pub fn formulas(&self, theta: &[f64]) -> Vec<f64> {
        Nll::new(&self.model, data::empty(&self.model)).formulas(theta).to_vec()
    }

    /// Expected events a bin at `theta`; may be negative or not finite.
    pub fn expected(&self, theta: &[f64]) -> Vec<f64> {
        Nll::new(&self.model, data::empty(&self.model)).expected(theta).to_vec()
    }
}

fn bad_data_word(found: &str) -> OptionFault {
    let message = "expected `observed`, `asimov` or the name of a file; there is no such file";
    let fault = OptionFault::new("--data", found, message);
    match zstat_core::text::nearest(found, ["observed", "asimov"]) {
        Some(word) => fault.help(format!("did you mean `{word}`?")),
        None => fault,
    }
}

/// What the spec and the options say about the model, and what of the options is bad (and not in the former).
fn build_options(spec: &Spec, args: &ModelArgs) -> (BuildOptions, Vec<OptionFault>) {
    let analysis = spec.analysis();
    let mut faults = Vec::new();
    let mut options = BuildOptions {
        measurement: measurement(&analysis.workspace, args.measurement.as_deref(), &mut faults),
        poi: poi(analysis, args, &mut faults),
        dialect: analysis.dialect,
        interpolation: analysis.interpolation,
        staterror: analysis.staterror,
        allow_absent: spec.is_foreign(),
        clip_bins: args.clip_bins,
        clip_samples: args.clip_samples,
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
    for (option, clip) in
        [("--clip-bins", &mut options.clip_bins), ("--clip-samples", &mut options.clip_samples)]
    {
        if let Some(value) = clip.take_if(|value| !value.is_finite()) {
            faults.push(OptionFault::new(option, value.to_string(), "expected a finite number of events"));
        }
    }
    (options, faults)
}

fn measurement(workspace: &Workspace, name: Option<&str>, faults: &mut Vec<OptionFault>) -> Option<String> {
    let name = name?;
    let known: Vec<&str> = workspace.measurements.iter().map(|m| m.name.as_str()).collect();
    if known.contains(&name) {
        return Some(name.to_owned());
    }
    faults.push(OptionFault::unknown("--measurement", name, "measurement", &known));
    None
}

/// A POI that neither a modifier nor a formula uses is a fault of the option, not of the spec. One that is a formula is
/// left out here: the model can say more about it.
fn poi(analysis: &Analysis, args: &ModelArgs, faults: &mut Vec<OptionFault>) -> Option<Vec<String>> {
    let settings = Settings::of(&analysis.workspace, args.measurement.as_deref());
    let known: Vec<&str> = settings.parameters().into_iter().collect();
    let mut poi: Vec<String> = Vec::new();
    for name in &args.poi {
        let base = name.split_once('[').map_or(name.as_str(), |(base, _)| base);
        let plain = |name: &str| name.strip_suffix("[0]").unwrap_or(name).to_owned();
        if poi.iter().any(|known| plain(known) == plain(name)) {
            faults.push(OptionFault::new("--poi", name, "is given twice"));
        } else if known.contains(&name.as_str()) || known.contains(&base) {
            poi.push(name.clone());
        } else if settings.formula(name).is_none() {
            faults.push(OptionFault::unknown("--poi", name, "parameter", &known));
        }
    }
    (!poi.is_empty()).then_some(poi)
}

/// Reads `normsys=code4,histosys=code4p`.
fn interpolation(text: &str, codes: &mut Interpolation, faults: &mut Vec<OptionFault>) {
    const OPTION: &str = "--interpolation";
    let mut seen = Vec::new();
    for part in text.split(',') {
        let Some((kind, code)) = part.split_once('=') else {
            faults.push(OptionFault::new(OPTION, part, "expected KIND=CODE, e.g. `normsys=code4`"));
            continue;
        };
        if seen.contains(&kind.trim()) {
            faults.push(OptionFault::new(OPTION, part, format!("`{}` has a code already", kind.trim())));
            continue;
        }
        seen.push(kind.trim());
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
