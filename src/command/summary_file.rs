//! A summary written to a file, whole or not at all.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::usage;

/// A file that is written whole or not at all: whoever reads it finds all of it or the one before.
#[derive(Debug)]
pub(super) struct SummaryFile {
    path: PathBuf,
    part: NamedPart,
}

/// The file beside it that becomes it; removed when it does not.
#[derive(Debug)]
struct NamedPart(PathBuf);

impl Drop for NamedPart {
    fn drop(&mut self) {
        // After the renaming there is nothing left to remove.
        drop(std::fs::remove_file(&self.0));
    }
}

impl SummaryFile {
    /// Makes sure, before anything is done, that it can be written.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        std::fs::File::create(&part).map_err(|e| usage(format!("cannot write {}: {e}", path.display())))?;
        Ok(Self { path: path.to_owned(), part: NamedPart(part) })
    }

    pub(super) fn write(self, text: &str) -> anyhow::Result<()> {
        std::fs::write(&self.part.0, format!("{text}\n"))
            .and_then(|()| std::fs::rename(&self.part.0, &self.path))
            .with_context(|| format!("cannot write {}", self.path.display()))
    }
}
