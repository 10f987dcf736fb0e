//! Opening the database, and writing to it in transactions.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};

use super::{StoreError, migrate};

/// What kind of data a database holds; the kinds are never mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// The exchange's data, as it is and was.
    Live,
    /// A recording, at a clock of its own.
    Replay,
}

impl Contents {
    /// Its word in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Replay => "replay",
        }
    }
}

/// How a database is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To write; it is made when there is none.
    Write(Contents),
    /// To write to what there is, whatever kind of data it holds; there must be one.
    Change,
    /// To read only; there must be one.
    Read,
    /// To read only, or an empty one in memory when there is none: for dry runs.
    Peek(Contents),
}

/// The database.
#[derive(Debug)]
pub struct Store {
    pub(super) connection: Connection,
    path: PathBuf,
}

/// A transaction that writes; dropped without [`Write::commit`], it leaves nothing behind.
#[derive(Debug)]
pub struct Write<'s> {
    pub(super) transaction: Transaction<'s>,
}

/// All reads see the same state until this is dropped.
#[derive(Debug)]
pub struct Snapshot<'s> {
    _transaction: Transaction<'s>,
}

impl Store {
    /// Opens the database.
    pub fn open(path: &Path, access: Access) -> Result<Self, StoreError> {
        let mut store = Self { connection: connect(path, access)?, path: path.to_owned() };
        store.prepare(access)?;
        Ok(store)
    }

    fn prepare(&mut self, access: Access) -> Result<(), StoreError> {
        self.connection.busy_timeout(Duration::from_secs(5))?;
        self.connection.set_prepared_statement_cache_capacity(64);
        // Plans must not depend on bound values, or SQLite makes a new one whenever a LIMIT is bound.
        self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        match access {
            Access::Write(contents) => {
                migrate::found(&self.connection, &self.path)?;
                tune(&self.connection)?;
                migrate::migrate(&mut self.connection, &self.path)?;
                self.claim(contents)
            }
            Access::Change => {
                self.expect_schema()?;
                tune(&self.connection)
            }
            Access::Peek(_) if self.connection.path().is_none_or(str::is_empty) => {
                migrate::migrate(&mut self.connection, &self.path)
            }
            Access::Read => self.expect_schema(),
            Access::Peek(contents) => self.expect_schema().and_then(|()| self.expect_contents(contents)),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins a transaction that writes.
    pub fn write(&mut self) -> Result<Write<'_>, StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        Ok(Write { transaction })
    }

    /// Until the guard is dropped, all reads see the same state, under one lock instead of one for each statement.
    pub fn snapshot(&self) -> Result<Snapshot<'_>, StoreError> {
        Ok(Snapshot { _transaction: self.connection.unchecked_transaction()? })
    }

    /// A database of replays holds one recording: another one would find its decisions made.
    pub fn expect_recording(&self, folder: &str) -> Result<(), StoreError> {
        let sql = "SELECT value FROM meta WHERE key = 'recording'";
        let holds: Option<String> = self.connection.query_row(sql, [], |r| r.get(0)).optional()?;
        match holds {
            Some(holds) if holds != folder => {
                let (holds, wants) = (format!("recorded ({holds})"), format!("recorded ({folder})"));
                Err(StoreError::Mixed { path: self.path.clone(), holds, wants })
            }
            Some(_) => Ok(()),
            None if self.connection.is_readonly("main")? => Ok(()),
            None => {
                self.connection.execute("INSERT INTO meta VALUES ('recording', ?1)", [folder])?;
                Ok(())
            }
        }
    }

    fn expect_schema(&self) -> Result<(), StoreError> {
        let path = self.path.clone();
        match migrate::found(&self.connection, &self.path)? {
            0 => Err(StoreError::Missing(path)),
            found if found < migrate::version() => {
                let text = format!("it has the older schema {found}: run `trader cycle` once to bring it up to date");
                Err(StoreError::Open { path, text })
            }
            _ => Ok(()),
        }
    }

    /// What kind of data it holds; none before a run has written to it.
    pub fn contents(&self) -> Result<Option<Contents>, StoreError> {
        let sql = "SELECT value FROM meta WHERE key = 'contents'";
        let word: Option<String> = self.connection.query_row(sql, [], |r| r.get(0)).optional()?;
        Ok(word.and_then(|word| [Contents::Live, Contents::Replay].into_iter().find(|c| c.word() == word)))
    }

    fn claim(&self, wants: Contents) -> Result<(), StoreError> {
        self.connection.execute("INSERT OR IGNORE INTO meta VALUES ('contents', ?1)", [wants.word()])?;
        self.expect_contents(wants)
    }

    fn expect_contents(&self, wants: Contents) -> Result<(), StoreError> {
        let sql = "SELECT value FROM meta WHERE key = 'contents'";
        let holds: Option<String> = self.connection.query_row(sql, [], |r| r.get(0)).optional()?;
        match holds {
            Some(holds) if holds != wants.word() => {
                Err(StoreError::Mixed { path: self.path.clone(), holds, wants: wants.word().to_owned() })
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl Write<'_> {
    /// Makes all of it last.
    pub fn commit(self) -> Result<(), StoreError> {
        Ok(self.transaction.commit()?)
    }
}

fn connect(path: &Path, access: Access) -> Result<Connection, StoreError> {
    let refused = |text: String| StoreError::Open { path: path.to_owned(), text };
    let flags = match access {
        Access::Peek(_) if !path.exists() => return Ok(Connection::open_in_memory()?),
        Access::Read | Access::Change if !path.exists() => return Err(StoreError::Missing(path.to_owned())),
        Access::Read | Access::Peek(_) => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Access::Change => OpenFlags::SQLITE_OPEN_READ_WRITE,
        Access::Write(_) => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    };
    if let (Access::Write(_), Some(folder)) = (access, path.parent().filter(|f| !f.as_os_str().is_empty())) {
        std::fs::create_dir_all(folder).map_err(|e| refused(e.to_string()))?;
    }
    Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(|e| refused(e.to_string()))
}

/// Write-ahead log without a sync at each commit: a power cut may lose the newest commits, which the next run makes up
/// for, and never harms the file.
fn tune(connection: &Connection) -> Result<(), StoreError> {
    connection.pragma_update(None, "page_size", 8192)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |r| r.get(0))?;
    if mode != "wal" {
        log::debug!("this file system does not take a write-ahead log: {mode} is used");
    }
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection.pragma_update(None, "cache_size", -8192)?)
}
