//! The summaries of backfill and import, `trader.history.v1`, and of a command that could not do its work,
//! `trader.error.v1`.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Problem, Warning};

/// What was done to the stored candles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Tally {
    /// Candles that were not known before.
    pub added: u64,
    /// Candles replaced by a newer word; the older one is kept as a revision.
    pub revised: u64,
    /// Candles that were known just so.
    pub unchanged: u64,
    /// Candles the archive reports differently. The stored one stays; the other is kept as a revision.
    pub not_believed: u64,
    /// Rows that were left out.
    pub bad: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.added += other.added;
        self.revised += other.revised;
        self.unchanged += other.unchanged;
        self.not_believed += other.not_believed;
        self.bad += other.bad;
    }
}

/// What a backfill or an import did: `trader.history.v1`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "trader.history.v1")]
pub struct HistoryReport {
    /// Always `trader.history.v1`.
    pub schema: &'static str,
    /// `backfill` or `import`.
    pub command: &'static str,
    /// Names this run in the database.
    pub run_id: String,
    /// The exit code's name.
    pub status: &'static str,
    /// How the program ends.
    pub exit_code: u8,
    /// How long the run took.
    pub duration_ms: u64,
    /// Requests sent.
    pub requests: u64,
    /// Files read.
    pub files: u64,
    /// What was done to the stored candles.
    #[serde(flatten)]
    pub tally: Tally,
    /// What deserves a look.
    pub warnings: Vec<Warning>,
    /// What went wrong.
    pub errors: Vec<Problem>,
}

/// A command that could not do its work: `trader.error.v1`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "trader.error.v1")]
pub struct Failure {
    /// Always `trader.error.v1`.
    pub schema: &'static str,
    /// The exit code's name.
    pub status: &'static str,
    /// How the program ends.
    pub exit_code: u8,
    /// What went wrong.
    pub errors: Vec<Problem>,
}
