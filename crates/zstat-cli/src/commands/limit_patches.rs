//! `zstat limit --patch FILE:ALL`: the limit of each of many patches, as one job.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde_json::json;
use sha2::{Digest, Sha256};
use zstat_formats::Family;
use zstat_inference::{LimitOptions, Tasks, TestStatistic, limit};

use super::limit::LimitArgs;
use crate::args::{GlobalArgs, StudyArgs};
use crate::failure::{Failure, OptionFault};
use crate::input::{Files, Spec};
use crate::jobs::{self, Done, Manifest};
use crate::prepared::{Prepared, Subject, exit_code};
use crate::report::limit_patches::{PatchLimit, PatchLimitsReport, PatchRecord, Row, SetOutcome};
use crate::session::{Session, seconds};
use crate::{EXIT_DONE, output};

/// The job: task i is patch i of the family.
struct PatchLimits<'a> {
    args: &'a LimitArgs,
    files: &'a Files,
    family: &'a Family<'a>,
    statistic: TestStatistic,
    options: LimitOptions,
}

/// Does the job. Exit code 1 where a patch is faulty, a fit did not converge, or a patch has no sensitivity.
pub fn run(
    args: &LimitArgs,
    files: &Files,
    family: &Family<'_>,
    (statistic, options): (TestStatistic, LimitOptions),
    mut faults: Vec<OptionFault>,
    global: &GlobalArgs,
) -> Result<u8, Failure> {
    let load_s = seconds(files.opened());
    let started = Instant::now();
    let study = &args.test.study;
    if study.data.data == "-" {
        let fault = OptionFault::new("--data", "-", "standard input can be read for one patch only");
        faults.push(fault.help("write the data into a file"));
    }
    let alone = "is for one patch at a time";
    if let Some(toys) = args.toys.toys {
        faults.push(OptionFault::new("--toys", toys.to_string(), alone).help("choose a patch by its name"));
    }
    if let Some(curve) = options.curve {
        let found = curve.range.map_or("without range".to_owned(), |[low, high]| format!("{low}:{high}"));
        faults.push(OptionFault::new("--curve", found, alone).help("choose a patch by its name"));
    } else if let Some(points) = args.points {
        faults
            .push(OptionFault::new("--points", points.to_string(), alone).help("choose a patch by its name"));
    }
    if !faults.is_empty() {
        return Err(Failure::Options(faults));
    }
    let job = PatchLimits { args, files, family, statistic, options };
    let digests = [digest_of_texts(files), digest_of_options(study, files, family.place())];
    let description = json!({
        "patches": files.patches()[family.place()].name,
        "statistic": statistic,
        "asimov": args.test.asimov(),
        "level": options.level,
        "widen": options.widen,
    });
    let members = family.members();
    let manifest = Manifest::of_digests("limit", digests.clone(), description, 0, members.len() as u64)?;
    let records: Mutex<Vec<Option<PatchRecord>>> = Mutex::new(vec![None; members.len()]);
    let sink = |task: u64, record: PatchRecord| {
        let mut records = records.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = records.get_mut(task as usize) {
            *place = Some(record);
        }
    };
    if let Done::Part(report) = jobs::run("limits", &job, manifest, &args.toys.job, global, &sink)? {
        return output::write(&report, global).map(|()| EXIT_DONE);
    }
    let records = records.into_inner().unwrap_or_else(PoisonError::into_inner);
    let rows: Vec<Row> = members
        .iter()
        .zip(records)
        .filter_map(|(member, record)| Some(Row { member: member.clone(), record: record? }))
        .collect();
    let [digest, _] = digests;
    let file = files.documents()[family.place() + 1].label().to_owned();
    let outcome =
        SetOutcome { rows, digest, file, labels: family.labels().to_vec(), load_s, test_s: seconds(started) };
    let report = PatchLimitsReport::new(outcome, args.test.asimov(), statistic, options)?;
    output::write(&report, global)?;
    Ok(exit_code(report.complete()))
}

impl PatchLimits<'_> {
    /// The limit of one patch, exactly as when it is named alone.
    fn one(&self, member: usize) -> Result<PatchLimit, Failure> {
        let files = self.files.named(self.family.place(), &self.family.members()[member].name);
        let spec = Spec::of(files, self.family.read(member))?;
        let study = &self.args.test.study;
        let session = Session::of(spec, &study.model)?;
        let (prepared, ()) = Prepared::of(session, study, Subject::Poi, Vec::new(), |_, _, _| ())?;
        let found = limit(self.args.test.setup(&prepared, self.statistic, 1.0), self.options)?;
        Ok(PatchLimit::new(&prepared, &found))
    }
}

impl Tasks for PatchLimits<'_> {
    type Worker<'w>
        = ()
    where
        Self: 'w;
    type Record = PatchRecord;

    fn worker(&self) -> Self::Worker<'_> {}

    fn run(&self, _: &mut (), task: u64) -> PatchRecord {
        match self.one(task as usize) {
            Ok(limit) => PatchRecord { faults: Vec::new(), limit: Some(limit) },
            Err(failure) => PatchRecord { faults: failure.lines(), limit: None },
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

/// Digest of everything else that a limit depends on, but for the name in patch number `varying`: options, and the files
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
