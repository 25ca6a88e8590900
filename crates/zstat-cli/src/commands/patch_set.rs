//! `--patch FILE:ALL`: a study with asymptotic formulas of each of many patches, as one job.

use std::time::Instant;

use serde_json::Value;
use sha2::{Digest, Sha256};
use zstat_formats::Family;
use zstat_inference::Tasks;

use super::toy_test::ToyArgs;
use crate::args::{GlobalArgs, SpecArgs, StudyArgs, TestArgs};
use crate::failure::{Failure, OptionFault};
use crate::input::{Files, Spec};
use crate::jobs::{self, Collected, Manifest};
use crate::prepared::{Prepared, Subject, exit_code};
use crate::report::patch_set::{PatchFound, PatchRecord, PatchSetReport, PatchStudy, Row, SetOutcome};
use crate::session::{Session, seconds};
use crate::{EXIT_DONE, output};

/// What is said of an option that has no meaning for many patches.
pub const ALONE: &str = "is for one patch at a time";
/// What helps.
pub const BY_NAME: &str = "choose a patch by its name";

/// What the files that the options name turned out to be.
pub enum Opened {
    /// One analysis.
    One(Files),
    /// Many, and the study of them has ended with this exit code.
    Many(u8),
}

/// Opens the files; where they stand for many patches, does `many`.
///
/// # Errors
/// Where a file cannot be read, what is wrong with a family of patches, and the errors of `many`.
pub fn open(
    args: &SpecArgs,
    many: impl FnOnce(&Files, &Family<'_>) -> Result<u8, Failure>,
) -> Result<Opened, Failure> {
    let files = Files::open(args)?;
    let patches = files.patches();
    if let Some(family) = Family::open(files.input(&patches)).map_err(|found| files.faulty(found))? {
        return many(&files, &family).map(Opened::Many);
    }
    drop(patches);
    Ok(Opened::One(files))
}

/// The options of the command, and the patches.
pub struct Many<'a> {
    /// What is fitted.
    pub test: &'a TestArgs,
    /// Toys, which are not for many patches, and the job.
    pub toys: &'a ToyArgs,
    /// The texts.
    pub files: &'a Files,
    /// The patches.
    pub family: &'a Family<'a>,
}

/// Computes the row of one patch.
type One<'a, N> = dyn Fn(&mut Prepared) -> Result<PatchFound<N>, Failure> + Sync + 'a;

/// The job: task i is patch i of the family.
struct PatchJob<'a, N> {
    many: &'a Many<'a>,
    one: &'a One<'a, N>,
}

/// Does the job; `options` say what a row depends on beside the model, `faults` are those of options found already. Exit
/// code 1 where a patch is faulty or a fit did not converge.
///
/// # Errors
/// Bad options; where the journal is of no use; where not one patch has a result.
pub fn run<S: PatchStudy>(
    many: &Many<'_>,
    study: &S,
    options: Value,
    mut faults: Vec<OptionFault>,
    global: &GlobalArgs,
    one: &One<'_, S::Numbers>,
) -> Result<u8, Failure> {
    let Many { test, toys, files, family } = many;
    let load_s = seconds(files.opened());
    let started = Instant::now();
    if test.study.data.data == "-" {
        let fault = OptionFault::new("--data", "-", "standard input can be read for one patch only");
        faults.push(fault.help("write the data into a file"));
    }
    if let Some(count) = toys.toys {
        faults.push(OptionFault::new("--toys", count.to_string(), ALONE).help(BY_NAME));
    }
    if !faults.is_empty() {
        return Err(Failure::Options(faults));
    }
    let digests = [digest_of_texts(files), digest_of_options(&test.study, files, family.place())];
    let mut description = options;
    description["patches"] = files.patches()[family.place()].name.into();
    let members = family.members();
    let tasks = members.len() as u64;
    let manifest = Manifest::of_digests(study.command(), digests.clone(), description, 0, tasks)?;
    let job = PatchJob { many, one };
    let records = match jobs::collect(study.noun(), &job, manifest, &toys.job, global)? {
        Collected::Part(report) => return output::write(&report, global).map(|()| EXIT_DONE),
        Collected::All(records) => records,
    };
    let rows = members.iter().zip(records).map(|(member, record)| Row { member: member.clone(), record });
    let [digest, _] = digests;
    let outcome = SetOutcome {
        rows: rows.collect(),
        digest,
        file: files.documents()[family.place() + 1].label().to_owned(),
        labels: family.labels().to_vec(),
        load_s,
        test_s: seconds(started),
    };
    let report = PatchSetReport::new(outcome, test.asimov(), study)?;
    output::write(&report, global)?;
    Ok(exit_code(report.complete()))
}

impl<N> PatchJob<'_, N> {
    /// The row of one patch, exactly as when it is named alone.
    fn row(&self, member: usize) -> Result<PatchFound<N>, Failure> {
        let Many { test, files, family, .. } = self.many;
        let files = files.named(family.place(), &family.members()[member].name);
        let spec = Spec::of(files, family.read(member))?;
        let session = Session::of(spec, &test.study.model)?;
        let (mut prepared, ()) = Prepared::of(session, &test.study, Subject::Poi, Vec::new(), |_, _, _| ())?;
        (self.one)(&mut prepared)
    }
}

impl<N: Send> Tasks for PatchJob<'_, N> {
    type Worker<'w>
        = ()
    where
        Self: 'w;
    type Record = PatchRecord<N>;

    fn worker(&self) -> Self::Worker<'_> {}

    fn run(&self, _: &mut (), task: u64) -> PatchRecord<N> {
        match self.row(task as usize) {
            Ok(found) => PatchRecord { faults: Vec::new(), found: Some(found) },
            Err(failure) => PatchRecord { faults: failure.lines(), found: None },
        }
    }
}

/// Digest of the workspace and all patches, as texts.
fn digest_of_texts(files: &Files) -> String {
    let mut hash = Sha256::new();
    for document in files.documents() {
        text(&mut hash, document.text());
    }
    jobs::digest(hash)
}

/// Digest of everything else that a row depends on, but for the name in patch number `varying`: options, and the files
/// they name.
fn digest_of_options(study: &StudyArgs, files: &Files, varying: usize) -> String {
    let mut hash = Sha256::new();
    let model = &study.model;
    let options = (&model.measurement, &model.poi, &model.dialect, &model.interpolation);
    let parameters = (&study.parameters.set, &study.parameters.fix, &study.parameters.free);
    let mut names: Vec<Option<&str>> = files.patches().iter().map(|patch| patch.name).collect();
    names[varying] = None;
    text(&mut hash, &format!("{options:?} {:?} {:?}", model.clip_bins, model.clip_samples));
    text(&mut hash, &format!("{parameters:?} {:?} {:?} {names:?}", study.fitter, study.data.blind));
    // Of a file its content counts, wherever it is; what cannot be read is told for each patch.
    let data = std::fs::read_to_string(&study.data.data);
    text(&mut hash, data.as_deref().unwrap_or(&study.data.data));
    let start = study.parameters.init_from.as_ref().map(std::fs::read_to_string);
    text(&mut hash, start.and_then(Result::ok).as_deref().unwrap_or_default());
    jobs::digest(hash)
}

/// Length and bytes: no two sequences of texts have the same bytes.
fn text(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text);
}
