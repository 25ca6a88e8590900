//! The record of a long job on disk: one line a task, written as it ends. A process that dies at any moment leaves whole
//! lines and at most one torn one, which is cut off when the job goes on. The first line is the manifest; a job that goes on
//! with another number of tasks adds its own, and the last one counts.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Error, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::manifest::Manifest;
use crate::failure::Failure;

/// Name of the file in a job's folder.
const FILE: &str = "journal.jsonl";

/// What every manifest begins with; records begin with `[`.
const MANIFEST: &[u8] = b"{\"manifest\":";

/// A journal that is open for more, and locked.
pub struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// The journal of a folder, made where there is none.
    ///
    /// # Errors
    /// Where another process has it, or it cannot be opened.
    pub fn open(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(FILE);
        make_folder(folder)?;
        let file = OpenOptions::new().read(true).append(true).create(true).open(&path);
        let file = file.map_err(|error| Failure::write(&path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path, file }),
            Err(TryLockError::WouldBlock) => {
                Err(Failure::write(&path, Error::new(ErrorKind::WouldBlock, "another process works on it")))
            }
            // Not every file system has locks.
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {
                Ok(Self { path, file })
            }
            Err(TryLockError::Error(error)) => Err(Failure::write(&path, error)),
        }
    }

    /// The last manifest; none where the journal is new.
    ///
    /// # Errors
    /// Where it cannot be read, or is none of ours.
    pub fn manifest(&mut self) -> Result<Option<Manifest>, Failure> {
        self.rewind()?;
        let manifest = last_manifest(&self.path, &self.file)?;
        if manifest.is_none() {
            self.cut(0)?;
        }
        Ok(manifest)
    }

    /// All records, one after the other, into `each`. What is torn at the end is cut off.
    ///
    /// # Errors
    /// Where a line that is not the last is no record.
    pub fn read<R: DeserializeOwned>(&mut self, each: &mut dyn FnMut(u64, R)) -> Result<(), Failure> {
        self.rewind()?;
        let whole = read_lines(&self.path, &self.file, each)?;
        self.cut(whole)
    }

    fn rewind(&mut self) -> Result<(), Failure> {
        self.file.seek(SeekFrom::Start(0)).map(|_| ()).map_err(|error| Failure::read(&self.path, error))
    }

    fn cut(&self, bytes: u64) -> Result<(), Failure> {
        self.file.set_len(bytes).map_err(|error| Failure::write(&self.path, error))
    }

    /// Writes the manifest of a new journal, or of one that goes on with another number of tasks.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn begin(&mut self, manifest: &Manifest) -> Result<(), Failure> {
        self.lines(&[serde_json::json!({ "manifest": manifest })])
    }

    /// Writes records, each with its task.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn write<R: Serialize>(&mut self, records: &[(u64, R)]) -> Result<(), Failure> {
        self.lines(records)
    }

    /// Lines in one piece: what another thread or a death leaves is whole, but for the last line.
    fn lines(&mut self, values: &[impl Serialize]) -> Result<(), Failure> {
        let write = |error| Failure::write(&self.path, error);
        let mut lines = Vec::new();
        for value in values {
            serde_json::to_writer(&mut lines, value).map_err(|error| write(Error::other(error)))?;
            lines.push(b'\n');
        }
        self.file.write_all(&lines).map_err(write)
    }
}

/// Makes a folder, unless it is there.
///
/// # Errors
/// Where it cannot be made.
pub fn make_folder(folder: &Path) -> Result<(), Failure> {
    let made = match fs::metadata(folder) {
        Ok(found) if !found.is_dir() => {
            Err(Error::new(ErrorKind::NotADirectory, "it is a file, expected a folder"))
        }
        _ => fs::create_dir_all(folder),
    };
    made.map_err(|error| Failure::write(folder, error))
}

/// Is there a journal in this folder?
pub fn is_in(folder: &Path) -> bool {
    folder.join(FILE).exists()
}

/// The manifest of a folder's journal; nothing is changed or locked.
///
/// # Errors
/// Where there is no journal, or no manifest in it.
pub fn manifest(folder: &Path) -> Result<Manifest, Failure> {
    let (path, file) = open(folder)?;
    last_manifest(&path, &file)?.ok_or_else(|| {
        Failure::read(&path, Error::new(ErrorKind::InvalidData, "nothing of a job is in it yet"))
    })
}

/// The records of a folder's journal, into `each`; nothing is changed or locked.
///
/// # Errors
/// Where there is no journal, or a line that is not the last is no record.
pub fn read<R: DeserializeOwned>(folder: &Path, each: &mut dyn FnMut(u64, R)) -> Result<(), Failure> {
    let (path, file) = open(folder)?;
    read_lines(&path, &file, each).map(drop)
}

/// The records of several folders' journals in the order of their tasks, the first of each task. Of a line that comes before
/// its turn only the place is held; with the folders in the order of their tasks these are few.
///
/// # Errors
/// Where a journal cannot be read, or a record is damaged.
pub fn in_order<R: DeserializeOwned>(
    folders: &[PathBuf],
    tasks: u64,
    each: &mut dyn FnMut(u64, R) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut next = 0;
    // Task, to file and offset.
    let mut early: BTreeMap<u64, (usize, u64)> = BTreeMap::new();
    let mut again: Vec<(PathBuf, BufReader<File>)> = Vec::new();
    let mut record = |line: &[u8], path: &Path, offset: u64| {
        let (task, record) =
            serde_json::from_slice::<(u64, R)>(line).map_err(|_| damaged(path, at_byte(offset)))?;
        each(task, record)
    };
    for (at, folder) in folders.iter().enumerate() {
        let (path, file) = open(folder)?;
        again.push((path.clone(), BufReader::new(open(folder)?.1)));
        let mut reader = BufReader::new(file);
        let Some((_, mut offset)) = first_line(&path, &mut reader)? else { continue };
        let mut line = Vec::new();
        while whole_line(&path, &mut reader, &mut line)? {
            let here = offset;
            offset += line.len() as u64;
            if line.starts_with(MANIFEST) {
                continue;
            }
            let task = task_of(&line).ok_or_else(|| damaged(&path, at_byte(here)))?;
            if task >= next && task < tasks {
                early.entry(task).or_insert((at, here));
            }
            while let Some((at, offset)) = early.remove(&next) {
                if next == task {
                    record(&line, &path, here)?;
                } else {
                    let (path, reader) = &mut again[at];
                    record(&line_at(path, reader, offset)?, path, offset)?;
                }
                next += 1;
            }
        }
    }
    // What is missing is passed over.
    for (at, offset) in early.into_values() {
        let (path, reader) = &mut again[at];
        record(&line_at(path, reader, offset)?, path, offset)?;
    }
    Ok(())
}

fn line_at(path: &Path, reader: &mut BufReader<File>, offset: u64) -> Result<Vec<u8>, Failure> {
    let mut line = Vec::new();
    let read = reader.seek(SeekFrom::Start(offset)).and_then(|_| reader.read_until(b'\n', &mut line));
    read.map(|_| line).map_err(|error| Failure::read(path, error))
}

/// The number that a line begins with.
fn task_of(line: &[u8]) -> Option<u64> {
    let digits = line.strip_prefix(b"[")?;
    let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(&digits[..end]).ok()?.parse().ok()
}

fn open(folder: &Path) -> Result<(PathBuf, File), Failure> {
    let path = folder.join(FILE);
    let file = File::open(&path).map_err(|error| Failure::read(&path, error))?;
    Ok((path, file))
}

/// The next line, if it is whole.
fn whole_line(path: &Path, reader: &mut impl BufRead, line: &mut Vec<u8>) -> Result<bool, Failure> {
    line.clear();
    reader.read_until(b'\n', line).map_err(|error| Failure::read(path, error))?;
    Ok(line.last() == Some(&b'\n'))
}

/// The manifest and its bytes; none where the line is not whole.
fn first_line(path: &Path, reader: &mut impl BufRead) -> Result<Option<(Manifest, u64)>, Failure> {
    let mut line = Vec::new();
    let whole = whole_line(path, reader, &mut line)?;
    // What is torn, or of somebody else, must not be taken for one of ours.
    let begins = line.len().min(MANIFEST.len());
    if line[..begins] != MANIFEST[..begins] {
        return Err(Failure::read(path, Error::new(ErrorKind::InvalidData, "it is no journal of zstat")));
    }
    if !whole {
        return Ok(None);
    }
    Ok(Some((parsed(path, 1, &line)?, line.len() as u64)))
}

fn parsed(path: &Path, number: usize, line: &[u8]) -> Result<Manifest, Failure> {
    #[derive(serde::Deserialize)]
    struct Line {
        manifest: Manifest,
    }
    let read = serde_json::from_slice::<Line>(line);
    read.map(|line| line.manifest).map_err(|_| {
        let message = format!("line {number} is damaged, or the manifest of another version of zstat");
        Failure::read(path, Error::new(ErrorKind::InvalidData, message))
    })
}

/// The last manifest that is whole.
fn last_manifest(path: &Path, file: &File) -> Result<Option<Manifest>, Failure> {
    let mut reader = BufReader::new(file);
    let Some((mut manifest, _)) = first_line(path, &mut reader)? else { return Ok(None) };
    let (mut line, mut number) = (Vec::new(), 2);
    while whole_line(path, &mut reader, &mut line)? {
        if line.starts_with(MANIFEST) {
            manifest = parsed(path, number, &line)?;
        }
        number += 1;
    }
    Ok(Some(manifest))
}

/// Bytes of whole lines.
fn read_lines<R: DeserializeOwned>(
    path: &Path,
    file: &File,
    each: &mut dyn FnMut(u64, R),
) -> Result<u64, Failure> {
    let mut reader = BufReader::new(file);
    let Some((_, mut whole)) = first_line(path, &mut reader)? else { return Ok(0) };
    let (mut line, mut number) = (Vec::new(), 2);
    while whole_line(path, &mut reader, &mut line)? {
        if !line.starts_with(MANIFEST) {
            let (task, record) = serde_json::from_slice::<(u64, R)>(&line)
                .map_err(|_| damaged(path, format!("line {number}")))?;
            each(task, record);
        }
        whole += line.len() as u64;
        number += 1;
    }
    Ok(whole)
}

fn at_byte(offset: u64) -> String {
    format!("the line at byte {offset}")
}

fn damaged(path: &Path, place: String) -> Failure {
    let message = format!(
        "{place} is damaged, and no record of a task of this job; without that line its task is done again"
    );
    Failure::read(path, Error::new(ErrorKind::InvalidData, message))
}
