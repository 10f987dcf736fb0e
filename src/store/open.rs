//! Opening the database, and writing to it in transactions.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};

use super::{StoreError, migrate};
use crate::file::with_ending;

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
    /// To read only, whichever schema up to this program's it has; there must be one. What it holds is not for this program
    /// to read: it can only be copied.
    Older,
    /// To bring what there is up to the schema of this program; there must be one.
    Migrate,
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
        #[cfg(test)]
        super::plans::listen(&mut store.connection)?;
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
            Access::Older => self.expect_any_schema().map(drop),
            Access::Migrate => {
                self.expect_any_schema()?;
                tune(&self.connection)?;
                migrate::migrate(&mut self.connection, &self.path)
            }
            Access::Peek(contents) => self.expect_schema().and_then(|()| self.expect_contents(contents)),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The version of the schema that this program works with.
    pub fn schema_version() -> i64 {
        migrate::version()
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
        match (self.expect_any_schema()?, migrate::version()) {
            (found, known) if found < known => Err(StoreError::Older { path: self.path.clone(), found, known }),
            _ => Ok(()),
        }
    }

    /// The version of its schema: there is one, and it is none newer than that of this program.
    fn expect_any_schema(&self) -> Result<i64, StoreError> {
        match migrate::found(&self.connection, &self.path)? {
            0 => Err(StoreError::Missing(self.path.clone())),
            found => Ok(found),
        }
    }

    /// The version of the schema that the file has.
    pub fn schema_found(&self) -> Result<i64, StoreError> {
        migrate::found(&self.connection, &self.path)
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
    let flags = match access {
        Access::Peek(_) if !is_there(path)? => return Ok(Connection::open_in_memory()?),
        Access::Read | Access::Peek(_) | Access::Older => return connect_to_read(path),
        Access::Change | Access::Migrate => OpenFlags::SQLITE_OPEN_READ_WRITE,
        Access::Write(_) => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    };
    match access {
        Access::Write(_) => make_folder_of(path)?,
        Access::Change | Access::Migrate | Access::Read | Access::Peek(_) | Access::Older => expect_file(path)?,
    }
    connect_with(path, path, flags)
}

fn make_folder_of(path: &Path) -> Result<(), StoreError> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|e| refused(path, e.to_string()))
}

/// That there is a file; that nobody lets us look is not that there is none.
pub fn expect_file(path: &Path) -> Result<(), StoreError> {
    if is_there(path)? { Ok(()) } else { Err(StoreError::Missing(path.to_owned())) }
}

fn is_there(path: &Path) -> Result<bool, StoreError> {
    path.try_exists().map_err(|e| refused(path, e.to_string()))
}

fn refused(path: &Path, text: String) -> StoreError {
    StoreError::Open { path: path.to_owned(), text }
}

/// A database with a write-ahead log is read with the help of files beside it. Where those cannot be made and there is no
/// log to be read, nobody is writing, and the file is taken as it stands.
fn connect_to_read(path: &Path) -> Result<Connection, StoreError> {
    expect_file(path)?;
    let connection = connect_with(path, path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let probe = connection.query_row("PRAGMA schema_version", [], |_| Ok(()));
    if !matches!(probe.map_err(|e| e.sqlite_error_code()), Err(Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))) {
        return Ok(connection);
    }
    if std::fs::metadata(with_ending(path, "-wal")).is_ok_and(|log| log.len() > 0) {
        let text = "what its -wal file holds can be read only where the folder may be written";
        return Err(refused(path, text.to_owned()));
    }
    unchanging(path)
}

/// Opens a file that nobody writes to, without any file beside it.
pub(super) fn unchanging(path: &Path) -> Result<Connection, StoreError> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(byte);
    let spelled = |byte: &u8| if is_plain(byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") };
    let path_in_uri: String = std::path::absolute(path)
        .unwrap_or_else(|_| path.to_owned())
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .map(spelled)
        .collect();
    let uri = format!("file://{path_in_uri}?immutable=1");
    connect_with(path, Path::new(&uri), OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI)
}

fn connect_with(path: &Path, name: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(name, flags).map_err(|e| refused(path, e.to_string()))
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
