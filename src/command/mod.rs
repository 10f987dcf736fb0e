//! The recipes: one file for each subcommand, each in four beats: read, think, write, say.
//!
//! Uses every room before it. A command gives back what is to be said and how the program ends; only `say` writes to
//! stdout. Commands decide nothing that a pure room could decide.

mod backfill;
mod collect;
mod cycle;
mod database;
mod explain;
mod import;
mod notes;
mod say;
mod show;
mod transfer;

pub use backfill::{Backfill, backfill};
pub use cycle::{CycleOptions, cycle};
pub use database::{db_backup, db_check, db_info};
pub use explain::explain;
pub use import::import;
pub use say::{Said, Style, UsageError, say, usage};
pub use show::show;

use crate::clock::Stopwatch;
use crate::unit::UtcMillis;

/// Names a run: its moment, and enough chance to be the only one.
fn run_id(now: UtcMillis) -> String {
    let moment = now.to_string().replace(['-', ':'], "");
    format!("{}-{:08x}", moment.split('.').next().unwrap_or_default().trim_end_matches('Z'), fastrand::u32(..))
}

/// A run that has begun.
#[derive(Debug)]
struct Begun {
    run_id: String,
    watch: Stopwatch,
}

impl Begun {
    fn now(at: UtcMillis) -> Self {
        Self { run_id: run_id(at), watch: Stopwatch::start() }
    }
}
