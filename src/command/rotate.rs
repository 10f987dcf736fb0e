//! `trader db backup --into`: a copy with the moment in its name, and older ones dropped by a rotation.

use std::ffi::OsStr;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use super::database::answer;
use super::{Output, usage};
use crate::clock;
use crate::exit::Exit;
use crate::file::{is_taken, with_ending};
use crate::schedule::{Backup, Rotation};
use crate::store::{Access, Store};

#[derive(Debug, Serialize)]
struct Rotated {
    file: String,
    bytes: u64,
    /// Backups that are there now, this one included.
    kept: usize,
    /// Older ones that went.
    dropped: Vec<String>,
}

/// Copies the database into a folder. Only when the copy was found whole, older copies go that the rotation does not keep;
/// nothing else in the folder is ever touched.
pub fn db_backup_into(db: &Path, folder: &Path, rotation: Rotation, pretty: bool) -> anyhow::Result<Output> {
    let database = db.file_stem().and_then(OsStr::to_str);
    let database = database.ok_or_else(|| usage(format!("{} is no name to call backups by", db.display())))?;
    let store = Store::open(db, Access::Read)?;
    std::fs::create_dir_all(folder).map_err(|e| usage(format!("cannot make the folder {}: {e}", folder.display())))?;
    let backup = Backup::of(database, clock::wall());
    let file = folder.join(&backup.name);
    if is_taken(&file) {
        return Err(usage(format!("{} exists: there is a backup of this second", file.display())));
    }
    store.backup(&file)?;
    let bytes = std::fs::metadata(&file)?.len();
    let all = backups(folder, database)?;
    let (count, file) = (all.len(), file.display().to_string());
    let mut dropped = Vec::new();
    // Whatever the clock said when older ones were made: the new one stays.
    for old in rotation.dropped(all).into_iter().filter(|old| *old != backup) {
        let path = folder.join(&old.name);
        std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        dropped.push(old.name);
    }
    let told = Rotated { file, bytes, kept: count - dropped.len(), dropped };
    Ok(answer("trader.db_backup.v1", Exit::Ok, told, pretty))
}

/// The backups of this database in a folder: plain files with names that we gave.
fn backups(folder: &Path, database: &str) -> anyhow::Result<Vec<Backup>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let is_open = is_in_use(&entry.path());
        let backup = entry.file_name().to_str().and_then(|name| Backup::read(database, name));
        found.extend(backup.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_file()) && !is_open));
    }
    Ok(found)
}

/// A copy that somebody has put into service has files beside it.
fn is_in_use(path: &Path) -> bool {
    ["-wal", "-journal", ".lock"].iter().any(|ending| is_taken(&with_ending(path, ending)))
}
