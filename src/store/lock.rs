//! One writer at a time: an advisory lock on a file beside the database, which the kernel frees when the process ends.

use std::fs::{File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use super::StoreError;
use crate::clock;
use crate::file::{resolved, with_ending};
use crate::unit::UtcMillis;

/// Held until dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a database, or says that somebody else has it. The file itself stays: deleting it would let two
    /// processes hold a lock on two files of the same name.
    pub fn take(db: &Path) -> Result<Self, StoreError> {
        let path = Self::path(db);
        let refused = |e: std::io::Error| StoreError::Open { path: path.clone(), text: e.to_string() };
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(refused)?;
        }
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(refused)?;
        match file.try_lock() {
            Ok(()) => {
                // Since when it is held is for people: a run is none the worse where it cannot be noted.
                drop(file.set_modified(UNIX_EPOCH + Duration::from_millis(clock::wall().get().unsigned_abs())));
                Ok(Self { _file: file })
            }
            Err(TryLockError::WouldBlock) => Err(StoreError::Busy(path)),
            Err(TryLockError::Error(e)) => Err(refused(e)),
        }
    }

    /// Whether some process holds the lock of a database, told without touching it: even a lock that is held for a moment
    /// would end a cycle that begins at that moment. None where the kernel does not list its locks.
    pub fn is_held(db: &Path) -> Option<bool> {
        let locks = std::fs::read_to_string("/proc/locks").ok()?;
        let Ok(file) = std::fs::metadata(Self::path(db)) else { return Some(false) };
        Some(lists(&locks, file.ino()))
    }

    /// When the lock of a database was last taken.
    pub fn taken_at(db: &Path) -> Option<UtcMillis> {
        let modified = std::fs::metadata(Self::path(db)).and_then(|found| found.modified()).ok()?;
        let since = modified.duration_since(UNIX_EPOCH).ok()?;
        i64::try_from(since.as_millis()).ok().map(UtcMillis::new)
    }

    fn path(db: &Path) -> PathBuf {
        // However the file is spelled, and through whatever links: it is one database.
        with_ending(&db.canonicalize().unwrap_or_else(|_| db.to_owned()), ENDING)
    }
}

/// Whether a whole-file lock on the file of this number is listed: `3: FLOCK  ADVISORY  WRITE 15558 fe:00:10404741 0 EOF`.
fn lists(locks: &str, inode: u64) -> bool {
    let ending = format!(":{inode}");
    locks.lines().any(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        // Those that only wait have an arrow before the kind.
        words.get(1) == Some(&"FLOCK") && words.get(5).is_some_and(|file| file.ends_with(&ending))
    })
}

const ENDING: &str = ".lock";

/// The files of a database, there or not: itself, what SQLite keeps beside it, and the lock. Nothing else may be written
/// in their place.
pub fn files_of(db: &Path) -> [PathBuf; 5] {
    let db = resolved(db);
    ["", "-wal", "-shm", "-journal", ENDING].map(|ending| with_ending(&db, ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_lock_is_told_without_taking_it() {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("t.db");
        if Lock::is_held(&db).is_none() {
            eprintln!("SKIPPED: this kernel does not list its locks");
            return;
        }
        assert_eq!(Lock::is_held(&db), Some(false), "there is no lock file yet");
        let lock = Lock::take(&db).unwrap();
        assert_eq!(Lock::is_held(&db), Some(true));
        drop(lock);
        assert_eq!(Lock::is_held(&db), Some(false));
    }

    #[test]
    fn a_lock_is_known_by_its_kind_and_the_number_of_its_file() {
        let locks = "1: POSIX  ADVISORY  READ 15558 fe:00:42 128 128\n3: FLOCK  ADVISORY  WRITE 15558 fe:00:104 0 EOF\n\
                     3: -> FLOCK  ADVISORY  WRITE 9 fe:00:7 0 EOF\n";
        for (inode, is_held) in [(42, false), (104, true), (4, false), (7, false)] {
            assert_eq!(lists(locks, inode), is_held, "{inode}");
        }
    }
}
