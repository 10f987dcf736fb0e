//! The database: opening, migrating, and one file for each family of tables, the SQL beside the rows it fills.
//!
//! Uses the pure rooms, `file` for copies, and `exchange` for what it asked us to respect. The only door to SQLite. Every
//! write happens in a transaction that ends well or leaves nothing behind. This room never decides anything.

mod audit;
mod candles;
mod days;
mod decisions;
mod error;
mod export;
mod forecasts;
mod gaps;
mod health;
mod indicators;
mod instruments;
mod ledger;
mod ledger_rows;
mod life;
mod limits;
mod lock;
mod metrics;
mod migrate;
mod misses;
mod notifications;
mod open;
mod outcomes;
#[cfg(test)]
pub(crate) mod plans;
mod portfolio;
mod prune;
mod query;
mod runs;
mod trials;
mod upkeep;
mod vacuum;

pub use candles::{Ingest, Origin};
pub use days::{Decided, GapOfDay, Period, Ripe, RunOfDay, Stood, StoredRiskEvent, TradeOfDay};
pub use decisions::{DecisionOnRecord, DecisionRow, SignalRow, StoredDecision};
pub use error::{CORRUPT, StoreError};
pub use export::{Column, ColumnKind, Extent, Field};
pub use forecasts::{Due, ForecastRow, OutcomeKind, Stance, Taught};
pub use ledger::DecisionIds;
pub use life::{Opinion, TradeAndMiss};
pub use lock::{Lock, files_of};
pub use misses::ClosedTrade;
pub use notifications::{Claimed, EMERGENCY_STOP, LONGEST_PAUSE_MS, Message, Settled, Telling};
pub use open::{Access, Contents, Snapshot, Store, Write, expect_file};
pub use outcomes::{MeanMisses, OutcomeFilter, Resolved};
pub use portfolio::{InForce, PortfolioRow, Remembered, RiskEvent, RiskEventKind};
pub use prune::Aged;
pub use query::{Filter, Topic};
pub use runs::{Execution, RunRow};
pub use trials::AllTrials;
pub use upkeep::{CheckReport, DbInfo};
pub use vacuum::Room;
