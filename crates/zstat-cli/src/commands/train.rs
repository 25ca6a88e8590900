//! `zstat train`: learns a summary statistic, and leaves a workspace of events that the training never saw.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use clap::Args;
use sha2::{Digest, Sha256};
use zstat_core::fit::Fitter;
use zstat_core::spec::{Analysis, OneOrMany};
use zstat_train::files::History;
use zstat_train::spec::Training;
use zstat_train::train::{
    Evaluation, Exact, Figures, Fitted, Progress, TrainFault, Trainer, curve_names, workspace,
};

use super::apply_run::digest_of;
use super::train_files::{self, Kept, Run};
use super::train_found::{self, Made, MadeWith, Standing};
use super::train_lock::Lock;
use super::train_tables::Tables;
use crate::args::{GlobalArgs, ModelArgs, count, seed};
use crate::failure::{Failure, OptionFault};
use crate::report::train::{Found, Origin, SeedResult, Timing, TrainReport};
use crate::report::train_cut::CutResult;
use crate::session::{Session, seconds};
use crate::{EXIT_DONE, EXIT_NOT_CONVERGED, fitter, interrupt, output, progress};

/// Options of `zstat train`.
#[derive(Debug, Args)]
#[command(
    after_help = "The run's folder has `workspace.yaml`, a workspace like any other, for `zstat fit`, `limit`, `impacts`; `weights.safetensors`; `history.csv` and `history.parquet`; `result.json`; and the spec. An interrupted training goes on with the same command.\n\nExamples:\n  zstat train specs/inferno.yaml --output run\n  zstat fit run/workspace.yaml\n  zstat train specs/inferno.yaml --seeds 10 --output runs"
)]
pub struct TrainArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Seed in place of the spec's
    #[arg(long, value_name = "N", value_parser = seed, allow_negative_numbers = true, help_heading = "Training options")]
    seed: Option<u64>,
    /// Trainings, each with a seed of its own from --seed on; medians and bands over them
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true, help_heading = "Training options")]
    seeds: Option<std::num::NonZeroUsize>,
    /// Epochs in place of the spec's
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true, help_heading = "Training options")]
    epochs: Option<std::num::NonZeroUsize>,
    /// Go on from the checkpoint in the folder of --output: a fault if there is none
    #[arg(long, help_heading = "Training options")]
    resume: bool,
    /// Minimiser of losses that profile; see `zstat plugins`
    #[arg(long, value_name = "NAME", help_heading = "Training options")]
    fitter: Option<String>,
}

/// Trains, evaluates, writes.
pub fn run(args: &TrainArgs, global: &GlobalArgs) -> Result<u8, Failure> {
    let mut faults = Vec::new();
    let mut session = Session::open_with_training(&args.model)?;
    let chosen = fitter::choose(&session, args.fitter.as_deref(), &mut faults)?;
    let Some(folder) = &global.output else {
        let fault = OptionFault::new("--output", "DIR", "is missing: the folder of the run");
        faults.push(fault.help("for example `--output run`"));
        return Err(Failure::Options(faults));
    };
    if session.training.is_none() {
        let fault = OptionFault::new("SPEC", session.spec.name(), "has nothing to train: no `train` section");
        faults.push(fault.help("the manual's page on `train` shows one"));
    }
    session.finish(faults)?;
    let (Some(mut training), Some(chosen)) = (session.training.take(), chosen) else {
        return Err(Failure::Options(Vec::new()));
    };
    if let Some(epochs) = args.epochs {
        training.train.epochs = u32::try_from(epochs.get()).unwrap_or(u32::MAX);
    }
    // The option comes before the spec.
    match (&session.options.measurement, &training.train.measurement) {
        (Some(chosen), _) => training.choose(chosen),
        (None, Some(measurement)) => session.options.measurement = Some(measurement.clone()),
        (None, None) => {}
    }
    if let Some(pois) = &session.options.poi {
        training.look_for(pois);
    }
    let first = args.seed.unwrap_or(training.train.seed);
    let seeds = args.seeds.map_or(u64::from(training.evaluate.seeds.unwrap_or(1)), |n| n.get() as u64);
    let Some(last) = first.checked_add(seeds - 1) else {
        let message = format!("{seeds} seeds from {first} on go beyond the largest, {}", u64::MAX);
        return Err(Failure::Options(vec![OptionFault::new("--seeds", seeds.to_string(), message)]));
    };
    one_kind_of_folder(folder, seeds)?;
    let files = contents_of_events(&training, &folder_of(&session));
    let job = Job { args, global, session: &session, training: &training, fitter: chosen.as_ref(), files };
    let (mut results, mut origins, mut timing) = (Vec::new(), Vec::new(), Timing::default());
    for seed in first..=last {
        let folder = if seeds == 1 { folder.clone() } else { folder.join(format!("seed-{seed}")) };
        let (result, origin) = job.one(seed, &folder, &mut timing)?;
        results.push(result);
        origins.push(origin);
    }
    let report = TrainReport::new(&session, results, folder, timing).with(origins);
    if seeds > 1 {
        output::write_file(&folder.join(train_files::RESULT), &report.document())?;
    }
    output::write(&report, &global.to_stdout())?;
    Ok(if report.is_fit() { EXIT_DONE } else { EXIT_NOT_CONVERGED })
}

/// A folder has one run, or those of several seeds: not both, as each has a `result.json`.
fn one_kind_of_folder(folder: &Path, seeds: u64) -> Result<(), Failure> {
    let is_run = [train_files::RUN, train_files::CHECKPOINT].iter().any(|name| folder.join(name).exists());
    let has_seeds = fs::read_dir(folder).is_ok_and(|entries| {
        let is_of_seed = |entry: fs::DirEntry| {
            entry.path().is_dir() && entry.file_name().to_string_lossy().starts_with("seed-")
        };
        entries.filter_map(Result::ok).any(is_of_seed)
    });
    let what = match (seeds, is_run, has_seeds) {
        (2.., true, _) => "has a single run, and several seeds would replace its result",
        (1, _, true) => "has runs of several seeds, and a single one would replace their result",
        _ => return Ok(()),
    };
    let fault = OptionFault::new("--output", folder.display().to_string(), what);
    Err(Failure::Options(vec![fault.help("choose another folder, or remove this one")]))
}

/// The folder that files of events are relative to.
fn folder_of(session: &Session) -> PathBuf {
    PathBuf::from(session.spec.name()).parent().unwrap_or(Path::new("")).to_owned()
}

/// What stands in the files of events, in short; a file that cannot be read is told when it is needed.
fn contents_of_events(training: &Training, folder: &Path) -> String {
    let mut hash = Sha256::new();
    let all = training.processes.values().filter_map(|process| process.files.as_ref());
    for file in all.flat_map(|files| files.as_slice()) {
        hash.update(file);
        let Ok(mut content) = fs::File::open(folder.join(file)) else { continue };
        let mut buffer = vec![0; 1 << 16];
        while let Ok(read @ 1..) = content.read(&mut buffer) {
            hash.update(&buffer[..read]);
        }
    }
    crate::jobs::digest(hash)
}

/// What all seeds share.
struct Job<'a> {
    args: &'a TrainArgs,
    global: &'a GlobalArgs,
    session: &'a Session,
    training: &'a Training,
    fitter: &'a dyn Fitter,
    /// A digest of the files of events.
    files: String,
}

impl Job<'_> {
    /// What the result depends on: the spec and its options, the seed and the build.
    fn made_with(&self, seed: u64) -> MadeWith {
        let spec = serde_json::to_string(self.session.spec.analysis()).unwrap_or_default();
        MadeWith {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            seed: seed.to_string(),
            epochs: self.training.train.epochs.to_string(),
            fitter: self.args.fitter.clone().unwrap_or_default(),
            options: digest_of(format!("{:?}", self.session.options).as_bytes()),
            spec: digest_of(spec.as_bytes()),
            events: self.files.clone(),
            columns: digest_of(self.history().columns.join(",").as_bytes()),
        }
    }

    /// One training, from the beginning or from where it was left; or what it gave when it was done before. One that fails leaves
    /// nothing that would be in the way of another.
    fn one(&self, seed: u64, folder: &Path, timing: &mut Timing) -> Result<(SeedResult, Origin), Failure> {
        let made = Made::folder(folder)?;
        let lock = Lock::take(folder)?;
        let found = self.found_or_trained(seed, folder, timing);
        drop(lock);
        if found.is_err() {
            made.undo();
        }
        found
    }

    fn found_or_trained(
        &self,
        seed: u64,
        folder: &Path,
        timing: &mut Timing,
    ) -> Result<(SeedResult, Origin), Failure> {
        let made_with = self.made_with(seed);
        let digest = made_with.digest();
        let (flaws, remains) = match train_found::look(folder, &made_with, &self.history().columns)? {
            Standing::Whole(result) => return Ok((*result, Origin::Found)),
            Standing::Damaged { flaws, remains } => (flaws, remains),
            Standing::Nothing => (Vec::new(), None),
        };
        let saved = train_files::checkpoint(folder, &digest)?;
        if self.args.resume && saved.is_none() && flaws.is_empty() {
            let fault =
                OptionFault::new("--resume", "", format!("there is no checkpoint in {}", folder.display()));
            return Err(Failure::Options(vec![fault.help("without --resume the training begins anew")]));
        }
        let beside = folder_of(self.session);
        let started = Instant::now();
        let mut trainer = progress::during(self.global.quiet, "events", || {
            Trainer::new(self.training, &self.session.options, self.fitter, &beside, seed)
        })
        .map_err(|fault| self.failure(fault))?;
        timing.events_s += seconds(started);
        let restored = remains.and_then(|remains| {
            Some((trainer.restored(&remains.weights, remains.epoch).ok()?, remains.history))
        });
        let origin = match (flaws.is_empty(), &restored) {
            (true, _) => Origin::Trained,
            (false, None) => Origin::Again { flaws, by: "training" },
            (false, Some(_)) => Origin::Again { flaws, by: "evaluation" },
        };
        let (fitted, history) = match restored {
            Some(restored) => restored,
            None => self.train(&mut trainer, (seed, folder, &digest), saved, timing)?,
        };
        let started = Instant::now();
        let result = self.finish(&mut trainer, fitted, &history, seed, folder);
        // It would fail again, unless it is the disk that fails.
        if !matches!(result, Err(Failure::Write { .. } | Failure::Read { .. })) {
            train_files::forget(folder);
        }
        timing.evaluate_s += seconds(started);
        Ok((result?, origin))
    }

    /// All epochs, or those that are left.
    fn train(
        &self,
        trainer: &mut Trainer<'_>,
        (seed, folder, digest): (u64, &Path, &str),
        saved: Option<Kept>,
        timing: &mut Timing,
    ) -> Result<(Fitted, History), Failure> {
        let started = Instant::now();
        let mut history = saved.as_ref().map(|kept| kept.history.clone()).unwrap_or_else(|| self.history());
        interrupt::kept_in(folder);
        let line = Mutex::new(format!("seed {seed}: epoch 1 of {}", self.training.train.epochs));
        let mut broken = None;
        let (steps, curves) = (trainer.steps(), self.curves().len());
        let fitted = progress::live(self.global.quiet, &line, || {
            trainer.run(saved.map(|kept| kept.state), &mut |now, state| {
                history.rows.push(row(now, steps, curves));
                timing.steps += steps;
                let text = format!(
                    "seed {seed}: epoch {} of {}, loss {:.5}, validation {:.5}",
                    now.epochs, now.of, now.loss, now.validation
                );
                *line.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = text;
                let kept = Kept { state: state.clone(), history: history.clone() };
                broken = train_files::keep(folder, digest, &kept).err();
                broken.is_none()
            })
        });
        timing.train_s += seconds(started);
        timing.spent += trainer.spent();
        match (broken, fitted) {
            (Some(failure), _) => Err(failure),
            (None, Ok(fitted)) => Ok((fitted, history)),
            (None, Err(fault)) => {
                // It would fail again. A state that cannot be taken up is of something else.
                if !matches!(fault, TrainFault::State(_)) {
                    train_files::forget(folder);
                }
                Err(self.failure(fault))
            }
        }
    }

    /// Evaluates what was learnt, and writes the folder.
    fn finish(
        &self,
        trainer: &mut Trainer<'_>,
        mut fitted: Fitted,
        history: &History,
        seed: u64,
        folder: &Path,
    ) -> Result<SeedResult, Failure> {
        let (quiet, options) = (self.global.quiet, &self.session.options);
        let failed = |fault: TrainFault| self.failure(fault);
        let mut remarks = trainer.remarks(&mut fitted, history);
        remarks.extend(self.clipped());
        let trainer = &*trainer;
        let scorer = fitted.scorer.as_mut();
        let figures = progress::during(quiet, "validation events", || Figures::new(trainer, scorer));
        let mut figures = figures.map_err(failed)?;
        let found = progress::counted(quiet, "evaluating, parts", 10, |tick| {
            figures.evaluate(trainer, scorer, &fitted.learnt, &mut |_, _| {
                tick();
                true
            })
        })
        .map_err(failed)?;
        let min_effective = self.training.evaluate.min_effective();
        let tables = progress::during(quiet, "tables", || {
            let seen = (&figures, found.kept());
            Tables::new(trainer, (scorer, &fitted.learnt), &seen, min_effective, history)
        });
        remarks.extend(trainer.left_out(&found).map_err(failed)?);
        let made = workspace(trainer, &found, options).map_err(failed)?;
        let unfit = trainer.unfit(&made, options, self.fitter);
        let analysis = self.exported(made, seed);
        let mut result = self.result(seed, trainer, (&fitted, &found), history).map_err(failed)?;
        remarks.extend(std::mem::take(&mut result.remarks));
        (result.cut, result.unfit, result.remarks) = (tables.cut.clone(), unfit, remarks);
        let run = Run {
            session: self.session,
            training: self.training,
            trainer,
            fitted: &fitted,
            found: &found,
            history,
            tables: &tables,
            analysis: &analysis,
            made_with: &self.made_with(seed),
            result: &result,
        };
        let report = TrainReport::new(self.session, vec![result.clone()], folder, Timing::default());
        train_files::write(folder, &run, &report.document())?;
        Ok(result)
    }

    /// What measurements get of the events in bins, beside what is possible.
    fn result(
        &self,
        seed: u64,
        trainer: &Trainer<'_>,
        (fitted, found): (&Fitted, &Evaluation),
        history: &History,
    ) -> Result<SeedResult, TrainFault> {
        let options = &self.session.options;
        let metrics = trainer.metrics(found, options, self.fitter)?;
        let quiet = self.global.quiet;
        let limits = progress::during(quiet, "the unbinned likelihood", || trainer.limits(options))?;
        let exact = progress::counted(quiet, "the exact classifier, parts", 10, |tick| {
            trainer.exact_classifier(self.training.evaluate.min_effective(), &mut |_, _| {
                tick();
                true
            })
        })?;
        let (classifier, best_cut) = match exact {
            Ok(Exact { evaluation, cuts }) => {
                (Ok(trainer.metrics(&evaluation, options, self.fitter)?), cuts.ok())
            }
            Err(why) => (Err(why), None),
        };
        let doubts = trainer.doubts(found, &metrics, &limits);
        let found = Found {
            fitted,
            evaluation: found,
            events: trainer.evaluation_events(),
            metrics,
            limits,
            classifier,
            best_cut: best_cut.as_ref().map(CutResult::new),
        };
        let mut result = SeedResult::new(seed, self.training, history, found);
        result.remarks = doubts;
        Ok(result)
    }

    fn history(&self) -> History {
        let parts = self.training.loss_names().into_iter().map(|name| format!("loss.{name}"));
        let columns = ["epoch", "steps", "learning_rate", "gradient_norm", "loss"].map(str::to_owned);
        let columns = columns.into_iter().chain(parts).chain(["validation".to_owned()]);
        let columns = columns.chain(self.curves()).collect();
        History { columns, rows: Vec::new() }
    }

    /// Names of the metrics that validation events are looked at with; none where they are not.
    fn curves(&self) -> Vec<String> {
        let every = self.training.evaluate.every(self.training.train.epochs);
        every.map_or_else(Vec::new, |_| curve_names())
    }

    /// The workspace as an analysis that any command takes.
    fn exported(&self, mut workspace: zstat_core::spec::Workspace, seed: u64) -> Analysis {
        if let Some(pois) = &self.session.options.poi {
            // In place of those of the workspace and all measurements, as for the result.
            workspace.poi = Some(match pois.as_slice() {
                [one] => OneOrMany::One(one.clone()),
                several => OneOrMany::Many(several.to_vec()),
            });
            workspace.measurements.iter_mut().for_each(|measurement| measurement.poi = None);
        }
        let (analysis, options) = (self.session.spec.analysis(), &self.session.options);
        let name = analysis.name.as_deref().unwrap_or("training");
        Analysis {
            name: Some(format!("{name} (trained, seed {seed})")),
            workspace,
            // Those of the command line, which the result was made with.
            dialect: options.dialect,
            interpolation: options.interpolation,
            events: None,
            train: None,
            evaluate: None,
            ..analysis.clone()
        }
    }

    /// Options that the result was made with, and that no workspace can say.
    fn clipped(&self) -> Option<String> {
        let options = &self.session.options;
        let given = [("--clip-bins", options.clip_bins), ("--clip-samples", options.clip_samples)];
        let given: Vec<String> =
            given.iter().filter_map(|(name, value)| Some(format!("{name} {}", (*value)?))).collect();
        (!given.is_empty()).then(|| {
            format!(
                "`workspace.yaml` does not say {}: give it to the commands that read it, too",
                given.join(" ")
            )
        })
    }

    fn failure(&self, fault: TrainFault) -> Failure {
        match fault {
            TrainFault::Model(faults) | TrainFault::Spec(faults) => Failure::Training(
                self.session
                    .spec
                    .locate(&faults)
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join("\n"),
            ),
            other => Failure::Training(other.to_string()),
        }
    }
}

/// A row of the history, the last `curves` cells empty where it is not the turn of metrics.
fn row(now: &Progress, steps: u64, curves: usize) -> Vec<f64> {
    let first = [f64::from(now.epochs - 1), steps as f64, now.rate, now.norm, now.loss];
    let parts = now.parts.iter().map(|part| part.unwrap_or(f64::NAN));
    let metrics = now.curves.clone().unwrap_or_else(|| vec![f64::NAN; curves]);
    first.into_iter().chain(parts).chain([now.validation]).chain(metrics).collect()
}
