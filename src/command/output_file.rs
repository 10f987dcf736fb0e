//! What a command writes to a file beside stdout, a summary or a page: whole or not at all, and never over anything but a
//! file of its own.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::usage;
use crate::file::{Part, is_taken, resolved};

/// A file that cannot be written: exit 7, as a database that cannot.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {cause}", path.display())]
pub struct Unwritable {
    path: PathBuf,
    cause: io::Error,
}

impl Unwritable {
    /// That file, for this reason.
    pub(super) const fn new(path: PathBuf, cause: io::Error) -> Self {
        Self { path, cause }
    }

    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self.cause.kind() {
            ErrorKind::NotFound => "make its folder first, or name another file",
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => "name a file that this user may write",
            _ => "make room, or name another file",
        }
    }
}

/// A file that is written whole or not at all: whoever reads it finds all of it or the one before.
#[derive(Debug)]
pub(super) struct OutputFile {
    place: PathBuf,
}

impl OutputFile {
    /// Makes sure, before anything is done, that it can be written, and that nothing is lost by that: it must not be one
    /// of `ours`, the files that the program lives on.
    pub(super) fn open(what: &'static str, path: &Path, ours: &[PathBuf]) -> anyhow::Result<Self> {
        let refused = |text: String| usage(format!("cannot write {what} to {}: {text}", path.display()));
        let place = place_of(path).map_err(refused)?;
        if ours.iter().any(|file| resolved(file) == place) {
            return Err(refused("it is the database, the configuration or a file beside them".to_owned()));
        }
        drop(Part::beside(&place).map_err(|e| refused(e.to_string()))?);
        Ok(Self { place })
    }

    pub(super) fn write(&self, text: &str) -> anyhow::Result<()> {
        self.write_as(text, |_| Ok(()))
    }

    /// The same for readers of any account, whatever this one's new files allow.
    pub(super) fn write_for_all(&self, text: &str) -> anyhow::Result<()> {
        self.write_as(text, Part::open_to_readers)
    }

    fn write_as(&self, text: &str, prepare: impl Fn(&Part) -> io::Result<()>) -> anyhow::Result<()> {
        let written = Part::beside(&self.place).and_then(|part| {
            part.write(&format!("{text}\n"))?;
            prepare(&part)?;
            part.take_place()
        });
        written.map_err(|cause| Unwritable::new(self.place.clone(), cause).into())
    }
}

/// The regular file that a path leads to, or will lead to. A device, a pipe or a socket would be lost by a rename.
pub(super) fn place_of(path: &Path) -> Result<PathBuf, String> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(resolved(path)),
        Ok(found) if found.is_dir() => Err("it is a folder".to_owned()),
        Ok(_) => Err("it is no regular file".to_owned()),
        Err(e) if e.kind() == ErrorKind::NotFound && !is_taken(path) => Ok(resolved(path)),
        Err(e) if e.kind() == ErrorKind::NotFound => Err("it is a link that leads nowhere".to_owned()),
        Err(e) => Err(e.to_string()),
    }
}
