//! `trader db`: check, backup, migrate, info.

use std::path::Path;

use serde::Serialize;

use super::progress::progress;
use super::{Output, usage};
use crate::clock;
use crate::exit::Exit;
use crate::file::{is_taken, resolved, with_ending};
use crate::report::{Answer, BackupReport, to_json};
use crate::store::{Access, CORRUPT, CheckReport, Lock, Store, StoreError, files_of};

/// Examines the database; findings are exit 7.
pub fn db_check(db: &Path, pretty: bool) -> anyhow::Result<Output> {
    let report = Store::open(db, Access::Read)?.check()?;
    complain(db, &report);
    note(db, &report);
    let exit = if report.is_clean() { Exit::Ok } else { Exit::Storage };
    Ok(answer("trader.db_check.v1", exit, report, pretty))
}

/// Tells people what was found, and what to do about it.
fn complain(db: &Path, report: &CheckReport) {
    if let Some((count, first)) = report.told() {
        let things = if count == 1 { "1 thing".to_owned() } else { format!("{count} things, the first") };
        log::error!(code = "database_corrupt"; "{}: {things} found wrong: {first} ({CORRUPT})", db.display());
    }
}

/// Notes the examination, for `trader status`. Where nothing can be written, the answer is the same.
fn note(db: &Path, report: &CheckReport) {
    let noted = Store::open(db, Access::Change).and_then(|mut store| store.note_examination(report, clock::wall()));
    if let Err(error) = noted {
        log::debug!("the examination was not noted: {error}");
    }
}

/// Copies the database to a new file, whatever is being written meanwhile.
pub fn db_backup(db: &Path, to: &Path, pretty: bool) -> anyhow::Result<Output> {
    refuse_taken(db, to)?;
    copied(&Store::open(db, Access::Read)?, to)?;
    let bytes = std::fs::metadata(to)?.len();
    let told = BackupReport { file: to.display().to_string(), bytes, rotation: None };
    Ok(answer("trader.db_backup.v1", Exit::Ok, told, pretty))
}

fn refuse_taken(db: &Path, to: &Path) -> anyhow::Result<()> {
    if is_taken(to) {
        return Err(usage(format!("{} exists; a backup never overwrites anything", to.display())));
    }
    if files_of(db).iter().any(|file| resolved(file) == resolved(to)) {
        return Err(usage(format!("{} belongs to the database itself; name another file", to.display())));
    }
    Ok(())
}

/// Brings the schema of the database up to date, once a copy of it as it is has been kept.
pub fn db_migrate(db: &Path, to: Option<&Path>, pretty: bool) -> anyhow::Result<Output> {
    #[derive(Serialize)]
    struct Migrated {
        from: i64,
        to: i64,
        /// The copy of what it was; none where there was nothing to do.
        backup: Option<String>,
    }
    // Where there is none, not even a lock is made.
    drop(Store::open(db, Access::Older)?);
    let _lock = Lock::take(db)?;
    let store = Store::open(db, Access::Older)?;
    let (from, known) = (store.schema_found()?, Store::schema_version());
    let backup = (from < known).then(|| to.map_or_else(|| with_ending(db, &format!(".schema-{from}")), Path::to_owned));
    if let Some(copy) = &backup {
        refuse_taken(db, copy)?;
        copied(&store, copy)?;
        drop(store);
        Store::open(db, Access::Migrate)?;
    }
    let backup = backup.map(|copy| copy.display().to_string());
    let told = Migrated { from, to: known, backup };
    Ok(answer("trader.db_migrate.v1", Exit::Ok, told, pretty))
}

/// Copies the database, and shows on a terminal how far that is.
pub(super) fn copied(store: &Store, to: &Path) -> Result<(), StoreError> {
    let bar = progress("pages", 0);
    let copied = store.backup(to, |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    copied
}

/// Facts about the database.
pub fn db_info(db: &Path, pretty: bool) -> anyhow::Result<Output> {
    let content = Store::open(db, Access::Read)?.info()?;
    Ok(answer("trader.db_info.v1", Exit::Ok, content, pretty))
}

pub(super) fn answer(schema: &'static str, exit: Exit, content: impl Serialize, pretty: bool) -> Output {
    let ok = exit == Exit::Ok;
    let text = to_json(&Answer { schema, status: exit.name(), exit_code: exit.code(), ok, content }, pretty);
    Output { text, exit }
}
