//! A file of rows that grows, and is gone on with after a run that was cut off.
//!
//! Its first line is a head, which says all that the rows follow from; a row is a line. What a killed run left of a line
//! is cut off, so that a run that was cut off and gone on with leaves the same bytes as one that was not.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::output_file::{Unwritable, place_of};
use super::usage;
use crate::file::resolved;
use crate::report::to_json;
use crate::settings::Settings;
use crate::store::files_of;

/// Rows that may be lost with the power.
const SYNCED_EVERY: usize = 1000;
/// No line of ours is longer: whatever has none is not read into memory whole.
const LONGEST_LINE: u64 = 64 * 1024 * 1024;

/// A file of rows that another run is writing: exit 5.
#[derive(Debug, thiserror::Error)]
#[error("another run is writing {}", .0.display())]
pub struct InUse(PathBuf);

/// A file of rows under way.
#[derive(Debug)]
pub(super) struct RowsFile {
    path: PathBuf,
    file: File,
    unsynced: usize,
}

impl RowsFile {
    /// Opens it to write rows under this head; what an earlier run wrote under the same head.
    pub(super) fn open<R: DeserializeOwned>(path: &Path, head: &impl Serialize) -> anyhow::Result<(Self, Vec<R>)> {
        let cannot = |cause| Unwritable::new(path.to_owned(), cause);
        place_of(path).map_err(|why| usage(format!("cannot write rows to {}: {why}", path.display())))?;
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(cannot)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(InUse(path.to_owned()).into()),
            Err(TryLockError::Error(cause)) => return Err(cannot(cause).into()),
        }
        let (rows, end) = found(path, &file, &to_json(head, false))?;
        file.set_len(end).map_err(cannot)?;
        file.seek(SeekFrom::Start(end)).map_err(cannot)?;
        let mut rows_file = Self { path: path.to_owned(), file, unsynced: 0 };
        if end == 0 {
            rows_file.write(head)?;
        }
        Ok((rows_file, rows))
    }

    /// Adds a row, and hands it to the system: whoever kills the program afterwards does not lose it.
    pub(super) fn add(&mut self, row: &impl Serialize) -> anyhow::Result<()> {
        self.write(row)?;
        self.unsynced += 1;
        if self.unsynced >= SYNCED_EVERY { self.keep() } else { Ok(()) }
    }

    /// Waits until all of it is on the disk.
    pub(super) fn keep(&mut self) -> anyhow::Result<()> {
        self.unsynced = 0;
        self.file.sync_data().map_err(|cause| self.cannot(cause))
    }

    fn write(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        let line = to_json(value, false) + "\n";
        self.file.write_all(line.as_bytes()).map_err(|cause| self.cannot(cause))
    }

    fn cannot(&self, cause: io::Error) -> anyhow::Error {
        Unwritable::new(self.path.clone(), cause).into()
    }
}

/// Rows never take the place of a file that the program lives on, not even of an empty one.
pub(super) fn refuse_own_files(settings: &Settings, out: Option<&PathBuf>) -> anyhow::Result<()> {
    let mut ours = files_of(&settings.db).into_iter().chain(settings.file.clone());
    match out.filter(|path| ours.any(|file| resolved(&file) == resolved(path))) {
        Some(path) => Err(usage(format!(
            "cannot write rows to {}: it is the database, the configuration or a file beside them",
            path.display()
        ))),
        None => Ok(()),
    }
}

/// The head of a file.
pub(super) fn read_head<H: DeserializeOwned>(path: &Path) -> anyhow::Result<H> {
    Lines::of(path)?.head()
}

/// The head and the rows of a file that is whole; `most` says of a head how many rows there may be, and no more than one more is
/// read.
pub(super) fn read<H: DeserializeOwned, R: DeserializeOwned>(
    path: &Path,
    most: impl Fn(&H) -> usize,
) -> anyhow::Result<(H, Vec<R>)> {
    let mut lines = Lines::of(path)?;
    let head = lines.head()?;
    let (most, mut rows) = (most(&head), Vec::new());
    while rows.len() <= most
        && let Some(row) = lines.next()?
    {
        rows.push(row);
    }
    Ok((head, rows))
}

/// The lines of a file, each a value.
struct Lines<'p> {
    path: &'p Path,
    file: BufReader<File>,
}

impl<'p> Lines<'p> {
    fn of(path: &'p Path) -> anyhow::Result<Self> {
        let file = File::open(path).map_err(|e| usage(format!("cannot read {}: {e}", path.display())))?;
        Ok(Self { path, file: BufReader::new(file) })
    }

    fn head<H: DeserializeOwned>(&mut self) -> anyhow::Result<H> {
        self.next()?.ok_or_else(|| self.refused("it is empty"))
    }

    fn next<T: DeserializeOwned>(&mut self) -> anyhow::Result<Option<T>> {
        let line = line_of(&mut self.file, LONGEST_LINE).map_err(|e| self.refused(&e.to_string()))?;
        match serde_json::from_slice(&line) {
            _ if line.is_empty() => Ok(None),
            Ok(value) if line.ends_with(b"\n") => Ok(Some(value)),
            Err(e) if !e.is_eof() => Err(self.refused(&e.to_string())),
            // Whoever wrote it was cut off, or still writes.
            _ => Err(usage(format!(
                "{} ends within a row: its shard has not ended yet\n  run it again, it is gone on with",
                self.path.display()
            ))),
        }
    }

    fn refused(&self, why: &str) -> anyhow::Error {
        usage(format!("{} is no file of rows: {why}", self.path.display()))
    }
}

/// The next line with its end, as much as may be read of it; empty at the end of the file.
fn line_of(file: &mut impl BufRead, longest: u64) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    file.by_ref().take(longest).read_until(b'\n', &mut line)?;
    Ok(line)
}

/// The whole rows under this head, and where they end; 0 where there is not even a head.
fn found<R: DeserializeOwned>(path: &Path, file: &File, head: &str) -> anyhow::Result<(Vec<R>, u64)> {
    let mut lines = BufReader::new(file);
    let mut next = |longest| line_of(&mut lines, longest).map_err(|cause| Unwritable::new(path.to_owned(), cause));
    let line = next(head.len() as u64 + 1)?;
    if !line.ends_with(b"\n") && format!("{head}\n").as_bytes().starts_with(&line) {
        return Ok((Vec::new(), 0));
    }
    if line.strip_suffix(b"\n") != Some(head.as_bytes()) {
        return Err(usage(format!(
            "{} holds something else, or rows of other settings, candles or another program\n  name another file, or remove it",
            path.display()
        )));
    }
    let (mut rows, mut end) = (Vec::new(), line.len() as u64);
    loop {
        let line = next(LONGEST_LINE)?;
        if !line.ends_with(b"\n") {
            return Ok((rows, end));
        }
        rows.push(serde_json::from_slice(&line).map_err(|e| {
            usage(format!("row {} of {} makes no sense: {e}\n  remove the file", rows.len() + 1, path.display()))
        })?);
        end += line.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(path: &Path, rows: std::ops::Range<u64>) -> Vec<u64> {
        let (mut file, found) = RowsFile::open::<u64>(path, &"head").unwrap();
        rows.skip(found.len()).for_each(|row| file.add(&row).unwrap());
        file.keep().unwrap();
        found
    }

    #[test]
    fn a_file_that_was_cut_off_anywhere_is_gone_on_with_to_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows");
        assert_eq!(written(&path, 8..13), [0; 0]);
        let whole = std::fs::read(&path).unwrap();
        assert_eq!(whole, b"\"head\"\n8\n9\n10\n11\n12\n");
        for cut in 0..=whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let found = written(&path, 8..13);
            assert_eq!(std::fs::read(&path).unwrap(), whole, "cut at {cut}, found {found:?}");
        }
        assert_eq!(read::<String, u64>(&path, |_| 5).unwrap(), ("head".to_owned(), vec![8, 9, 10, 11, 12]));
    }

    #[test]
    fn whatever_else_is_there_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows");
        for text in ["\"other\"\n1\n", "\"heads", "\"head\" \n", "mine", "\"head\"\n1\nx\n"] {
            std::fs::write(&path, text).unwrap();
            assert!(RowsFile::open::<u64>(&path, &"head").unwrap_err().is::<super::super::UsageError>(), "{text}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_row_is_there_for_everybody_as_soon_as_it_was_added() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows");
        let (mut file, _) = RowsFile::open::<u64>(&path, &"head").unwrap();
        for (row, text) in [(1, "\"head\"\n1\n"), (2, "\"head\"\n1\n2\n")] {
            file.add(&row).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
        drop(file);
        assert_eq!(read::<String, u64>(&path, |_| 0).unwrap().1, [1], "one more than there may be, and no further");
    }

    #[test]
    fn two_writers_are_one_too_many() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows");
        let first = RowsFile::open::<u64>(&path, &"head").unwrap();
        let second = RowsFile::open::<u64>(&path, &"head").unwrap_err();
        assert!(second.is::<InUse>());
        drop(first);
        assert!(RowsFile::open::<u64>(&path, &"head").is_ok());
    }
}
