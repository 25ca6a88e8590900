//! The heads of files of events: which columns there are, before any event is read.

use std::io::ErrorKind;
use std::path::Path;

use indexmap::IndexMap;
use zstat_core::diag::{Code, Fault};
use zstat_core::source::pointer::escape;
use zstat_core::spec::OneOrMany;
use zstat_core::table::{TableFault, TableFaults};
use zstat_core::text::nearest_file;

use super::ProcessSpec;
use crate::events::Generator;
use crate::table::ReaderFault;

/// Columns of events that are of one kind: generated, or of one file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Head {
    /// The file, as the spec has it; none where events are generated.
    pub file: Option<String>,
    /// Names of the columns.
    pub columns: Vec<String>,
}

/// The heads of each process: one a file, or one of generated events. None where they are not known, for faults or because there
/// is no folder to look into.
pub(super) fn read(
    processes: &IndexMap<String, ProcessSpec>,
    folder: Option<&Path>,
    faults: &mut Vec<Fault>,
) -> Vec<Option<Vec<Head>>> {
    let one = |(name, process): (&String, &ProcessSpec)| match (&process.files, folder) {
        (None, _) => {
            let generator = Generator::of(process).ok().flatten()?;
            Some(vec![Head { file: None, columns: generator.columns().to_vec() }])
        }
        (Some(files), Some(folder)) => of_files(name, process, files, folder, faults),
        (Some(_), None) => None,
    };
    processes.iter().map(one).collect()
}

fn of_files(
    name: &str,
    process: &ProcessSpec,
    files: &OneOrMany<String>,
    folder: &Path,
    faults: &mut Vec<Fault>,
) -> Option<Vec<Head>> {
    let mut heads = Vec::new();
    let mut seen = Vec::new();
    for (i, file) in files.as_slice().iter().enumerate() {
        let path = folder.join(file);
        // One file may have several names; those that are alike were told before.
        if let Ok(real) = path.canonicalize() {
            let before = seen.iter().position(|known| *known == real).map(|at| &files.as_slice()[at]);
            if let Some(other) = before.filter(|other| *other != file) {
                let message = format!("`{file}` is the file `{other}`: its events would be counted twice");
                let at = format!("/events/{}/files/{i}", escape(name));
                faults.push(Fault::new(Code::DuplicateName, at, message).help("keep one of them"));
            }
            seen.push(real);
        } else {
            seen.push(path.clone());
        }
        let columns =
            process.reader_of(&path).and_then(|reader| reader.columns(&path).map_err(ReaderFault::from));
        match columns {
            Ok(columns) => heads.push(Head { file: Some(file.clone()), columns }),
            Err(fault) => {
                let at = format!("/events/{}/files", escape(name));
                let at = if matches!(files, OneOrMany::Many(_)) { format!("{at}/{i}") } else { at };
                faults.push(refused(at, (name, file), folder, &fault));
            }
        }
    }
    (heads.len() == files.as_slice().len() && !heads.is_empty()).then_some(heads)
}

/// What is wrong with a file.
fn refused(at: String, (process, file): (&str, &str), folder: &Path, fault: &ReaderFault) -> Fault {
    let is_missing =
        |fault: &TableFault| matches!(fault, TableFault::Io(error) if error.kind() == ErrorKind::NotFound);
    match fault {
        ReaderFault::Table(TableFaults { faults, .. }) if faults.iter().any(is_missing) => {
            let message = format!("the file `{file}` of process `{process}` is not there");
            let fault = Fault::new(Code::UnknownName, at, message);
            let place = match folder.as_os_str().is_empty() {
                true => "files are looked for beside the spec".to_owned(),
                false => format!("files are looked for beside the spec, in `{}`", folder.display()),
            };
            let near = nearest_file(&folder.join(file));
            match near.as_deref().and_then(Path::file_name).and_then(|name| name.to_str()) {
                Some(near) => fault.help(format!("did you mean `{near}`? {place}")),
                None => fault.help(place),
            }
        }
        other => Fault::new(Code::OutOfRange, at, format!("process `{process}`: {other}")),
    }
}

/// Columns that all have, in the order of the first.
pub(super) fn common(heads: &[Option<Vec<Head>>]) -> Option<Vec<String>> {
    let all: Vec<&Head> =
        heads.iter().map(Option::as_ref).collect::<Option<Vec<_>>>()?.into_iter().flatten().collect();
    let (first, others) = all.split_first()?;
    let is_common = |name: &&String| others.iter().all(|head| head.columns.contains(name));
    Some(first.columns.iter().filter(is_common).cloned().collect())
}
