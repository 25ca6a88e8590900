//! Files out: whole or not at all.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{Error, ErrorKind, Result, Write};
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::{input, interrupt};

/// Symbolic links are followed so far.
const LINKS: usize = 40;

/// Writes a whole file or none: a temporary file beside it, then a rename. Ctrl-C waits for the rename. A link is
/// followed, an existing file keeps its permissions, and what is no file (a pipe, a device) is written to as it is.
///
/// # Errors
/// Where it cannot be written, or is a file that was read.
pub fn write_file(path: &Path, text: &str) -> std::result::Result<(), Failure> {
    write(path, text.as_bytes()).map_err(|error| Failure::write(path, error))
}

/// The same for what is written piece by piece: `content` writes to the temporary file.
///
/// # Errors
/// Where it cannot be written, or is a file that was read.
pub fn write_file_with(
    path: &Path,
    content: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>,
) -> std::result::Result<(), Failure> {
    write_with(path, content).map_err(|error| Failure::write(path, error))
}

/// Writes a program that stands elsewhere, to be run by whoever may read it.
///
/// # Errors
/// Where it cannot be read or written.
pub fn write_program(path: &Path, program: &Path) -> std::result::Result<(), Failure> {
    let mut from = fs::File::open(program).map_err(|error| Failure::read(program, error))?;
    let copy = |out: &mut (dyn Write + Send)| std::io::copy(&mut from, out).map(|_| ());
    write_kind(path, Mode::Program, copy).map_err(|error| Failure::write(path, error))
}

/// Whether a file could be written here: told before hours of work, not after.
///
/// # Errors
/// Where it could not.
pub fn check_target(path: &Path) -> std::result::Result<(), Failure> {
    target(path).map(|_| ()).map_err(|error| Failure::write(path, error))
}

/// The real name of the file or folder that would be written, which need not exist; none where the path leads to a stream.
pub fn real_place(path: &Path) -> Option<PathBuf> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        return None;
    }
    let place = std::path::absolute(behind_links(path).ok()??).ok()?;
    // Of what does not exist yet, the folder that does.
    let (known, real) = place.ancestors().find_map(|known| Some((known, known.canonicalize().ok()?)))?;
    let rest = place.strip_prefix(known).ok().filter(|rest| !rest.as_os_str().is_empty());
    Some(rest.map_or(real.clone(), |rest| real.join(rest)))
}

/// What is to be written to.
enum Target {
    /// Something that only takes bytes.
    Stream,
    /// A file, which may be there already.
    File { path: PathBuf, folder: PathBuf, existing: Option<Permissions> },
}

fn target(path: &Path) -> Result<Target> {
    let existing = match fs::metadata(path) {
        Ok(existing) if existing.is_dir() => {
            return Err(Error::new(ErrorKind::IsADirectory, "it is a folder, expected a file"));
        }
        Ok(existing) if !existing.is_file() => return Ok(Target::Stream),
        Ok(existing) => Some(existing.permissions()),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let Some(path) = behind_links(path)? else { return Ok(Target::Stream) };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.to_owned();
    if !folder.is_dir() {
        let message = format!("there is no folder `{}`", folder.display());
        return Err(Error::new(ErrorKind::NotFound, message));
    }
    Ok(Target::File { path, folder, existing })
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    write_with(path, |out| out.write_all(bytes))
}

fn write_with(path: &Path, content: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>) -> Result<()> {
    write_kind(path, Mode::Text, content)
}

/// What a new file is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Text,
    Program,
}

fn write_kind(
    path: &Path,
    mode: Mode,
    content: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>,
) -> Result<()> {
    let Target::File { path, folder, existing } = target(path)? else {
        // Not a place for a guard: a pipe may wait for its reader for ever.
        let mut open = OpenOptions::new().append(true).open(path)?;
        return content(&mut open).and_then(|()| open.flush());
    };
    if input::was_read(&path) {
        return Err(Error::other("it was read by this very command, and would be lost"));
    }
    let _whole = interrupt::whole_file();
    let mut builder = tempfile::Builder::new();
    builder.prefix(".zstat-");
    // Minus the umask, as for any new file; one that exists has its own permissions before it has content.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(match (&existing, mode) {
        (Some(_), _) => 0o600,
        (None, Mode::Text) => 0o666,
        (None, Mode::Program) => 0o777,
    }));
    let mut file = builder.tempfile_in(folder).map_err(without_path)?;
    if let Some(existing) = existing {
        #[cfg(unix)]
        let existing = runnable(existing, mode);
        file.as_file().set_permissions(existing)?;
    }
    content(&mut file).and_then(|()| file.flush()).map_err(without_path)?;
    file.persist(&path).map_err(|error| without_path(error.error))?;
    Ok(())
}

/// The same permissions, and whoever may read a program may run it.
#[cfg(unix)]
fn runnable(existing: Permissions, mode: Mode) -> Permissions {
    use std::os::unix::fs::PermissionsExt;
    let bits = existing.mode();
    Permissions::from_mode(if mode == Mode::Program { bits | (bits & 0o444) >> 2 } else { bits })
}

/// The file that a path leads to, which need not exist; none where it leads through an open stream, such as
/// `/dev/stdout`: that may be a file, which is not ours to replace.
fn behind_links(path: &Path) -> Result<Option<PathBuf>> {
    let mut target = path.to_owned();
    for _ in 0..LINKS {
        let in_proc =
            target.starts_with("/proc") && target.parent().is_some_and(|folder| folder.ends_with("fd"));
        if in_proc || target.starts_with("/dev/fd") {
            return Ok(None);
        }
        match fs::read_link(&target) {
            Ok(next) => target = target.parent().unwrap_or(Path::new("")).join(next),
            Err(_) => return Ok(Some(target)),
        }
    }
    Err(Error::other("it is a link that leads to itself"))
}

/// The error without the name of the temporary file, which means nothing to anybody.
fn without_path(error: Error) -> Error {
    match error.raw_os_error() {
        Some(code) => Error::from_raw_os_error(code),
        None => error.kind().into(),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn links_are_followed_and_permissions_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "old").expect("written");
        fs::set_permissions(at("file"), Permissions::from_mode(0o600)).expect("set");
        symlink("file", at("link")).expect("linked");
        symlink("link", at("second")).expect("linked");
        write(&at("second"), b"new").expect("written");
        assert_eq!(fs::read_to_string(at("file")).expect("read"), "new");
        assert_eq!(fs::metadata(at("file")).expect("there").permissions().mode() & 0o777, 0o600);
        assert!(fs::symlink_metadata(at("second")).expect("there").is_symlink());
        symlink("later", at("dangling")).expect("linked");
        write(&at("dangling"), b"now").expect("written");
        assert_eq!(fs::read_to_string(at("later")).expect("read"), "now");
        symlink("b", at("a")).expect("linked");
        symlink("a", at("b")).expect("linked");
        assert!(write(&at("a"), b"").is_err(), "a ring of links");
        let left: Vec<_> = fs::read_dir(folder.path()).expect("read").collect();
        assert_eq!(left.len(), 7, "no temporary file is left: {left:?}");
    }

    #[test]
    fn a_program_can_be_run() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("from"), "#!/bin/sh\n").expect("written");
        fs::write(at("old"), "").expect("written");
        fs::set_permissions(at("old"), Permissions::from_mode(0o640)).expect("set");
        for (name, wanted) in [("new", 0o100), ("old", 0o750)] {
            write_program(&at(name), &at("from")).expect("written");
            let mode = fs::metadata(at(name)).expect("there").permissions().mode() & 0o777;
            assert_eq!(mode & wanted, wanted, "{name}: {mode:o}");
        }
    }

    #[test]
    fn a_pipe_is_written_to() {
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&writer));
        if !Path::new(&path).exists() {
            return; // Not a system on which a pipe has a name.
        }
        write(Path::new(&path), b"through").expect("written");
        drop(writer);
        let mut text = String::new();
        std::io::Read::read_to_string(&mut reader, &mut text).expect("read");
        assert_eq!(text, "through");
    }

    #[test]
    fn what_cannot_be_written_is_said_in_words() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = write(folder.path(), b"").expect_err("a folder");
        assert_eq!(error.to_string(), "it is a folder, expected a file");
        let error = write(&folder.path().join("none/x"), b"").expect_err("no folder");
        assert!(error.to_string().starts_with("there is no folder `"), "{error}");
    }
}
