//! What the commands answer that look after an installation: schedules, and the database. Each says with its schema how it
//! ended, and under `ok` whether that was well.

use schemars::JsonSchema;
use serde::Serialize;

use crate::unit::{Symbol, UtcMillis};

/// An answer: how a command ended, and what it has to tell.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "an answer")]
pub struct Answer<T> {
    /// Which document this is, like `trader.db_prune.v1`.
    pub schema: &'static str,
    /// The name of the exit code.
    pub status: &'static str,
    /// The exit code.
    pub exit_code: u8,
    /// Whether that is 0.
    pub ok: bool,
    /// What is told.
    #[serde(flatten)]
    pub content: T,
}

/// `trader schedule install` and `remove`: what was changed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ScheduleChanged {
    /// `cron`, `systemd` or `launchd`.
    pub with: &'static str,
    /// Whether anything was.
    pub changed: bool,
    /// Files that were written or removed; the crontab counts as one.
    pub places: Vec<String>,
}

/// `trader schedule status`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SchedulesReport {
    /// Each way of starting jobs that was looked at.
    pub schedules: Vec<InstalledSchedule>,
    /// The newest cycle that the database knows; null where there is none.
    pub last_run: Option<LastRun>,
}

/// How a schedule that is there compares with the one that would be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleState {
    /// There is none.
    Absent,
    /// It is what would be installed now.
    Current,
    /// It is another one.
    Outdated,
}

/// A schedule.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct InstalledSchedule {
    /// `cron`, `systemd` or `launchd`.
    pub with: &'static str,
    /// Whether it is there, and up to date.
    pub state: ScheduleState,
    /// `1h`, `4h` or `1d`; null where there is none.
    pub every: Option<&'static str>,
    /// Seconds after the hour.
    pub delay_s: Option<u32>,
    /// When the next cycle is due.
    pub next_run: Option<UtcMillis>,
    /// What installing it now would change.
    pub difference: Option<String>,
    /// What runs cycles besides.
    pub others: Vec<String>,
}

/// A cycle that ran.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LastRun {
    /// When it began.
    pub at: String,
    /// How it ended; null for one that was cut off or is under way.
    pub exit_code: Option<i64>,
}

/// `trader db prune`: what was deleted, or would be.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PruneReport {
    /// Whether it was only counted.
    pub dry_run: bool,
    /// Ages count from here.
    pub now: UtcMillis,
    /// All rows.
    pub rows: u64,
    /// What they are.
    pub parts: Vec<PrunedPart>,
}

/// Rows of one kind, or of one series of candles.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PrunedPart {
    /// `candles`, `indicators`, `summaries`, `runs`, `executions` or `notifications`.
    pub what: &'static str,
    /// The pair of candles.
    pub symbol: Option<Symbol>,
    /// Their length.
    pub timeframe: Option<&'static str>,
    /// What is older than this goes.
    pub before: UtcMillis,
    /// So many.
    pub rows: u64,
    /// More of it is old, and a position, a forecast or a gap needs it.
    pub held_back: bool,
}

/// `trader db vacuum`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct VacuumReport {
    /// `incremental` or `full`.
    pub how: &'static str,
    /// The file before.
    pub bytes_before: u64,
    /// And after.
    pub bytes_after: u64,
    /// What was free inside of the file before.
    pub free_before: u64,
}

/// `trader db export`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ExportReport {
    /// The file.
    pub file: String,
    /// `csv` or `parquet`.
    pub format: &'static str,
    /// Rows in it.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
}

/// `trader db backup`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BackupReport {
    /// The copy.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// What became of others; only where the copy was made into a folder.
    #[serde(flatten)]
    pub rotation: Option<RotationReport>,
}

/// What a rotation did.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RotationReport {
    /// Backups that are there now, this one included.
    pub kept: usize,
    /// Older ones that went.
    pub dropped: Vec<String>,
    /// Halves that backups left which were killed more than a day ago; they went as well.
    pub swept: Vec<String>,
}
