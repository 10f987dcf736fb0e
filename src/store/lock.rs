//! One writer at a time: an advisory lock on a file beside the database, which the kernel frees when the process ends.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use super::StoreError;
use crate::file::{resolved, with_ending};

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
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Busy(path)),
            Err(TryLockError::Error(e)) => Err(refused(e)),
        }
    }

    fn path(db: &Path) -> PathBuf {
        // However the file is spelled, and through whatever links: it is one database.
        with_ending(&db.canonicalize().unwrap_or_else(|_| db.to_owned()), ENDING)
    }
}

const ENDING: &str = ".lock";

/// The files of a database, there or not: itself, what SQLite keeps beside it, and the lock. Nothing else may be written
/// in their place.
pub fn files_of(db: &Path) -> [PathBuf; 5] {
    let db = resolved(db);
    ["", "-wal", "-shm", "-journal", ENDING].map(|ending| with_ending(&db, ending))
}
