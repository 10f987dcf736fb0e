//! What can be wrong with the database. All of it ends in exit code 7 (a held lock in 5), the data intact.

use std::path::PathBuf;

use rusqlite::{ErrorCode, ffi};

/// A database that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file or its folder cannot be opened.
    #[error("cannot open the database {}: {text}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        text: String,
    },
    /// There is none.
    #[error("there is no database {}", .0.display())]
    Missing(PathBuf),
    /// Written by an earlier program, and not brought up to date.
    #[error("the database {} has the older schema {found}, this program works with {known}", path.display())]
    Older {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Written by a newer program.
    #[error("the database {} has schema {found}, this program knows up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Some other program's database.
    #[error("{} is no database of trader", .0.display())]
    Foreign(PathBuf),
    /// Live data where recorded data would go, or the reverse.
    #[error("the database {} holds {holds} data, and this command would write {wants} data into it", path.display())]
    Mixed {
        /// The file.
        path: PathBuf,
        /// What it holds.
        holds: String,
        /// What would be written.
        wants: String,
    },
    /// Another run is at work.
    #[error("another run holds the lock {}", .0.display())]
    Busy(PathBuf),
    /// A copy of it is not whole.
    #[error("the database {} is damaged: {flaw}; no copy of it was kept", path.display())]
    Damaged {
        /// The file that was copied.
        path: PathBuf,
        /// What is wrong with it.
        flaw: String,
    },
    /// A row that no version of this program can have written.
    #[error("a stored row makes no sense: {0}")]
    BadRow(String),
    /// Everything SQLite says.
    #[error("{}", words(.0))]
    Sql(#[from] rusqlite::Error),
}

impl StoreError {
    /// Its code in JSON.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Open { .. } => "database_open",
            Self::Missing(_) => "database_missing",
            Self::Older { .. } => "database_older",
            Self::Newer { .. } => "database_newer",
            Self::Foreign(_) => "database_foreign",
            Self::Mixed { .. } => "database_mixed",
            Self::Busy(_) => "busy",
            Self::Damaged { .. } | Self::BadRow(_) => "database_corrupt",
            Self::Sql(error) => kind(error).code(),
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Open { .. } => {
                "check that the folder exists and that this user may enter and write it, or name another file with --db"
            }
            Self::Missing(_) => {
                "run `trader cycle` first, or name the database with --db (each recording has its own: replay-….db in the same folder)"
            }
            Self::Older { .. } => {
                "run `trader db migrate`, which keeps a copy of it as it is and brings it up to date; the next `trader cycle` \
                 does so as well, without a copy"
            }
            Self::Newer { .. } => {
                "install the newer trader again, or name another database with --db; nothing was changed"
            }
            Self::Foreign(_) => "name another file with --db; nothing was changed",
            Self::Mixed { .. } => "keep live data and each recording apart: name another database with --db",
            Self::Busy(_) => "wait until it has ended; a cycle ends within its deadline, a backfill may take long",
            Self::Damaged { .. } | Self::BadRow(_) => CORRUPT,
            Self::Sql(error) => kind(error).remedy(),
        }
    }

    /// Whether it is about what the file holds, not about the way to it.
    pub(super) fn is_the_files(&self) -> bool {
        match self {
            Self::BadRow(_) => true,
            Self::Sql(error) => matches!(kind(error), Kind::Corrupt | Kind::Other),
            _ => false,
        }
    }
}

/// What to do about a database that is damaged.
pub const CORRUPT: &str = "keep the file, and put the newest good copy that `trader db backup` made in its place, without \
                           the -wal and -shm files of the old one";

/// What SQLite's many codes mean to whoever runs this.
#[derive(Clone, Copy)]
enum Kind {
    Full,
    Io,
    ReadOnly,
    Locked,
    Corrupt,
    Other,
}

impl Kind {
    const fn code(self) -> &'static str {
        match self {
            Self::Full => "disk_full",
            Self::Io => "disk_failed",
            Self::ReadOnly => "database_read_only",
            Self::Locked => "database_locked",
            Self::Corrupt => "database_corrupt",
            Self::Other => "database",
        }
    }

    const fn remedy(self) -> &'static str {
        match self {
            Self::Full => "free some space; the transaction was undone and the next run goes on from there",
            Self::Io => "check the disk, its space and its quota; nothing was half written",
            Self::ReadOnly => "make the file and its folder writable for this user, or name another file with --db",
            Self::Locked => "another program holds a write lock for long (a SQL shell?): end its transaction",
            Self::Corrupt => CORRUPT,
            Self::Other => "see the message; `trader db check` examines the file",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Full => "the disk is full",
            Self::Io => "the disk cannot be read or written",
            Self::ReadOnly => "the database cannot be written",
            Self::Locked => "the database is locked",
            Self::Corrupt => "the database is damaged",
            Self::Other => "the database failed",
        }
    }
}

fn kind(error: &rusqlite::Error) -> Kind {
    if error.sqlite_error().is_some_and(|e| e.extended_code == ffi::SQLITE_IOERR_SHMSIZE) {
        // The index of the write-ahead log is made by writing to its end; what stops that is a lack of space.
        return Kind::Full;
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Kind::Full,
        Some(ErrorCode::SystemIoFailure) => Kind::Io,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => Kind::ReadOnly,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Kind::Locked,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Kind::Corrupt,
        _ => Kind::Other,
    }
}

fn words(error: &rusqlite::Error) -> String {
    format!("{}: {error}", kind(error).words())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sqlite_says_is_told_as_what_it_means() {
        for (said, code) in [
            (ffi::SQLITE_FULL, "disk_full"),
            (ffi::SQLITE_IOERR_SHMSIZE, "disk_full"),
            (ffi::SQLITE_IOERR, "disk_failed"),
            (ffi::SQLITE_IOERR_WRITE, "disk_failed"),
            (ffi::SQLITE_READONLY, "database_read_only"),
            (ffi::SQLITE_PERM, "database_read_only"),
            (ffi::SQLITE_CANTOPEN, "database_read_only"),
            (ffi::SQLITE_BUSY, "database_locked"),
            (ffi::SQLITE_BUSY_SNAPSHOT, "database_locked"),
            (ffi::SQLITE_LOCKED, "database_locked"),
            (ffi::SQLITE_CORRUPT, "database_corrupt"),
            (ffi::SQLITE_NOTADB, "database_corrupt"),
            (ffi::SQLITE_CONSTRAINT, "database"),
        ] {
            let error = StoreError::from(rusqlite::Error::SqliteFailure(ffi::Error::new(said), None));
            assert_eq!(error.code(), code, "{said}");
            assert!(!error.remedy().is_empty());
        }
        let error = StoreError::from(rusqlite::Error::QueryReturnedNoRows);
        assert_eq!((error.code(), error.to_string().starts_with("the database failed: ")), ("database", true));
    }
}
