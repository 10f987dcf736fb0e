//! Judgements on our own runs: freshness of data, success rates, missed cycles, and what else an installation that nobody
//! watches has to say of itself.
//!
//! Uses `unit`, `market` and `decision`. Facts come in, findings go out; how old is too old is a limit that comes in as
//! well. This room never looks anything up, and what it finds changes no decision.

mod facts;
mod freshness;
mod growth;
mod judge;
mod level;
mod limits;
mod runs;
mod share;
mod slots;
mod standing;
mod storage;
#[cfg(test)]
mod tests;
mod words;

pub use facts::{
    AccountFact, AgentFact, Begun, DatabaseFact, Disk, Ended, Examined, Facts, GapFact, Outbox, SeriesFact,
};
pub use freshness::{Freshness, FreshnessState};
pub use growth::{daily_growth, days_until_full};
pub use judge::{Finding, Health, Topic, judge};
pub use level::{Level, Verdict};
pub use limits::Limits;
pub use runs::AT_WORK_MS;
pub use share::{AgentHealth, Tally, Window};
pub use slots::Slots;
pub use words::{size, span};
