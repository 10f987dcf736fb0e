//! `trader db`: check, backup, info.

use std::path::Path;

use serde::Serialize;

use super::Output;
use crate::exit::Exit;
use crate::report::to_json;
use crate::store::{Access, Store};

/// Examines the database; findings are exit 7.
pub fn db_check(db: &Path, pretty: bool) -> anyhow::Result<Output> {
    let report = Store::open(db, Access::Read)?.check()?;
    let exit = if report.is_clean() { Exit::Ok } else { Exit::Storage };
    let text = to_json(&Answer { schema: "trader.db_check.v1", ok: report.is_clean(), content: report }, pretty);
    Ok(Output { text, exit })
}

/// Copies the database to a new file, whatever is being written meanwhile.
pub fn db_backup(db: &Path, to: &Path, pretty: bool) -> anyhow::Result<Output> {
    #[derive(Serialize)]
    struct Backup {
        file: String,
        bytes: u64,
    }
    if to.exists() {
        return Err(super::usage(format!("{} exists; a backup never overwrites anything", to.display())));
    }
    Store::open(db, Access::Read)?.backup(to)?;
    let bytes = std::fs::metadata(to)?.len();
    let content = Backup { file: to.display().to_string(), bytes };
    Ok(Output::ok(to_json(&Answer { schema: "trader.db_backup.v1", ok: true, content }, pretty)))
}

/// Facts about the database.
pub fn db_info(db: &Path, pretty: bool) -> anyhow::Result<Output> {
    let content = Store::open(db, Access::Read)?.info()?;
    Ok(Output::ok(to_json(&Answer { schema: "trader.db_info.v1", ok: true, content }, pretty)))
}

#[derive(Serialize)]
struct Answer<T> {
    schema: &'static str,
    ok: bool,
    #[serde(flatten)]
    content: T,
}
