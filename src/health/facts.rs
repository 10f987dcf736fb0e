//! What is known of the installation at a moment, before anybody judges it.

use super::Tally;
use crate::decision::RiskState;
use crate::market::SeriesKey;
use crate::unit::{Symbol, Timeframe, UtcMillis};

/// Everything that is known.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The moment of the look.
    pub now: UtcMillis,
    /// The length of the candles that are decided on.
    pub decided_on: Timeframe,
    /// Each configured series.
    pub series: Vec<SeriesFact>,
    /// When the first cycle ever began.
    pub first_cycle: Option<UtcMillis>,
    /// Cycles of the last seven days, and the newest one however old, the oldest first.
    pub begun: Vec<Begun>,
    /// The newest cycle that came to its end.
    pub ended: Option<Ended>,
    /// What each agent did.
    pub agents: Vec<AgentFact>,
    /// Missing candles that may still come.
    pub gaps: GapFact,
    /// The database and the disk it lies on.
    pub database: DatabaseFact,
    /// When the database was last examined, and what was found.
    pub examined: Option<Examined>,
    /// Until when the exchange asked us to stay away, and why.
    pub ban: Option<(UtcMillis, String)>,
    /// The account, once there is one.
    pub account: Option<AccountFact>,
    /// Messages that wait.
    pub outbox: Outbox,
}

/// A series that is to be kept fresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesFact {
    /// Which one.
    pub key: SeriesKey,
    /// The opening of its newest candle.
    pub newest: Option<UtcMillis>,
    /// Why nothing is to be expected of the pair, if so: it was renamed, or it is not traded.
    pub retired: Option<String>,
}

/// A cycle that began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// When.
    pub at: UtcMillis,
    /// Whether it came to its end.
    pub has_ended: bool,
}

/// A cycle that came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Names it.
    pub run_id: String,
    /// When it began.
    pub began_at: UtcMillis,
    /// How long it took.
    pub duration_ms: i64,
    /// The exit code it ended with.
    pub exit_code: u8,
    /// The exchange's clock less this machine's, where both were known.
    pub clock_offset_ms: Option<i64>,
    /// The pairs that were not all right, or that errors are about; none stands for the run as a whole.
    pub troubled: Vec<Option<Symbol>>,
    /// The text of the first error.
    pub error: Option<String>,
}

/// What an agent did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentFact {
    /// Its name.
    pub name: &'static str,
    /// In 24 hours.
    pub day: Tally,
    /// In seven days.
    pub week: Tally,
}

/// Missing candles that may still come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GapFact {
    /// How many stretches of them.
    pub open: u64,
    /// When the oldest was found.
    pub oldest: Option<UtcMillis>,
}

/// The database and the disk it lies on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatabaseFact {
    /// How large it is.
    pub bytes: u64,
    /// How large it was at the last run of each of the last days, the oldest first: 00:00 UTC and bytes.
    pub sizes: Vec<(UtcMillis, i64)>,
    /// The disk, where that can be told.
    pub disk: Option<Disk>,
}

/// A disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Bytes that may still be written.
    pub free: u64,
    /// Bytes it holds.
    pub total: u64,
}

/// An examination of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// When.
    pub at: UtcMillis,
    /// How many things were found wrong.
    pub findings: i64,
    /// The gravest of them.
    pub first: Option<String>,
}

/// How the account stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountFact {
    /// Its state.
    pub state: RiskState,
    /// Why it was paused or halted.
    pub reason: Option<String>,
}

/// Messages that wait to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outbox {
    /// How many wait.
    pub waiting: u64,
    /// The moment of the oldest of them.
    pub oldest: Option<UtcMillis>,
    /// How many were refused in the last 24 hours.
    pub refused: u64,
}
