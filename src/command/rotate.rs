//! `trader db backup --into`: a copy with the moment in its name, and older ones dropped by a rotation.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;

use super::database::{answer, copied};
use super::{Output, usage};
use crate::clock;
use crate::exit::Exit;
use crate::file::{is_taken, with_ending};
use crate::report::{BackupReport, RotationReport};
use crate::schedule::{Backup, Rotation};
use crate::store::{Access, Store};

/// No backup takes so long.
const FORSAKEN: Duration = Duration::from_hours(24);

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
    copied(&store, &file)?;
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
    let swept = sweep(folder, database)?;
    let rotation = Some(RotationReport { kept: count - dropped.len(), dropped, swept });
    let told = BackupReport { file, bytes, rotation };
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

/// Removes what killed backups left: each is as large as the database, and nobody else ever would.
fn sweep(folder: &Path, database: &str) -> anyhow::Result<Vec<String>> {
    let mut swept = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let is_old = entry.metadata().is_ok_and(|found| found.is_file() && is_older(&found, FORSAKEN));
        let name = entry.file_name().into_string().ok().filter(|name| is_old && is_part_of_one(database, name));
        if let Some(name) = name {
            let path = entry.path();
            std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
            swept.push(name);
        }
    }
    swept.sort();
    Ok(swept)
}

fn is_older(file: &Metadata, than: Duration) -> bool {
    file.modified().ok().and_then(|at| at.elapsed().ok()).is_some_and(|age| age > than)
}

/// Whether a file is named as a backup under way, or as what SQLite keeps beside one: `….db.4711.part`.
fn is_part_of_one(database: &str, name: &str) -> bool {
    let name = ["-journal", "-wal", "-shm"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
    let Some((backup, process)) = name.strip_suffix(".part").and_then(|rest| rest.rsplit_once('.')) else {
        return false;
    };
    !process.is_empty() && process.bytes().all(|b| b.is_ascii_digit()) && Backup::read(database, backup).is_some()
}

/// A copy that somebody has put into service has files beside it.
fn is_in_use(path: &Path) -> bool {
    ["-wal", "-journal", ".lock"].iter().any(|ending| is_taken(&with_ending(path, ending)))
}
