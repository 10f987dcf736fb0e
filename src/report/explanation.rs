//! The story of one decision, rebuilt from stored rows: `trader.explain.v1`.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{Number, ReasonReport};
use crate::unit::{Symbol, UtcMillis};

/// One decision, with all it was made from.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "trader.explain.v1")]
pub struct Explanation {
    /// Always `trader.explain.v1`.
    pub schema: &'static str,
    /// The pair.
    pub symbol: Symbol,
    /// The length of the candles that were decided on.
    pub timeframe: String,
    /// The candle that was decided on.
    pub candle_open_time: UtcMillis,
    /// When.
    pub decided_at: UtcMillis,
    /// By which run.
    pub run_id: String,
    /// By which strategy.
    pub strategy_hash: String,
    /// All that strategy decides by.
    pub strategy: Value,
    /// The pair as it was printed then: decision, score, reasons, readings, gate.
    pub pair: Value,
    /// The gates it had to pass, as they stood.
    pub gates: Vec<GateReport>,
    /// Where the candles came from.
    pub provenance: Vec<Provenance>,
    /// Missing among the candles it was decided from.
    pub candles_missing: u64,
    /// Candles before here were pruned, and the decision looked back beyond it: what it was decided from is not all there, and
    /// a score of today is another one. Null: all of it was kept.
    pub candles_pruned_before: Option<UtcMillis>,
    /// The same question asked again today of the stored candles.
    pub recheck: Recheck,
}

/// A gate before a decision.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GateReport {
    /// Which gate.
    pub code: &'static str,
    /// Whether it was open.
    pub open: bool,
    /// What it was closed by, with its numbers.
    pub text: Option<String>,
}

/// A source of the candles behind a decision.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Provenance {
    /// `rest`, `archive` or `replay`.
    pub source: String,
    /// The server or file.
    pub origin: String,
    /// How many of the candles.
    pub candles: u64,
    /// When they were fetched, first and last.
    pub fetched_from: UtcMillis,
    /// The last time.
    pub fetched_to: UtcMillis,
}

/// What the stored candles say today.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Recheck {
    /// Today's score from the stored candles.
    pub score: Option<Number>,
    /// Whether it is the score of then; null when there was none.
    pub same: Option<bool>,
    /// Candles among them that were revised after the decision.
    pub candles_revised_since: u64,
    /// Today's reasons, where the score is another one.
    pub reasons: Vec<ReasonReport>,
}
