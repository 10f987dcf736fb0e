//! A summary written to a file, whole or not at all.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::usage;

/// A file that is written whole or not at all: whoever reads it finds all of it or the one before.
#[derive(Debug)]
pub(super) struct SummaryFile(PathBuf);

impl SummaryFile {
    /// Makes sure, before anything is done, that it can be written.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let file = Self(path.to_owned());
        let refused = |text: String| usage(format!("cannot write {}: {text}", path.display()));
        if path.is_dir() {
            return Err(refused("it is a folder".to_owned()));
        }
        let part = file.part();
        std::fs::write(&part, "").and_then(|()| std::fs::remove_file(&part)).map_err(|e| refused(e.to_string()))?;
        Ok(file)
    }

    pub(super) fn write(&self, text: &str) -> anyhow::Result<()> {
        let part = self.part();
        std::fs::write(&part, format!("{text}\n"))
            .and_then(|()| std::fs::rename(&part, &self.0))
            .with_context(|| format!("cannot write {}", self.0.display()))
    }

    /// The file beside it that becomes it; no two processes share one.
    fn part(&self) -> PathBuf {
        let mut part = self.0.as_os_str().to_owned();
        part.push(format!(".{}.part", std::process::id()));
        PathBuf::from(part)
    }
}
