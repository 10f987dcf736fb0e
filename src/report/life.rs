//! What the paper account really did: predicted against actual, the quality of signals, equity, trades and the health of the
//! runs. `trader.report.v1`.
//!
//! Figures that rest on too few independent outcomes are null and say so. Scores of horizons are those of `trader outcomes`;
//! what is told beside them is in `forecasts`, what became of trades in `traded`, the runs in `runs`.

mod forecasts;
mod runs;
mod traded;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{DigestRiskEvent, Number};
use crate::unit::{Money, Symbol, UtcMillis};

pub use forecasts::{
    BandReport, BrierReport, GroupReport, Judgement, LifeHorizon, PairReport as PairQuality, ProbabilityGroup,
};
pub use runs::{AgentHealth, DayOfRuns, Freshness, LifeRuns, RunFact};
pub use traded::{LifeTrade, LifeTrades};

/// What `trader report` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "trader.report.v1")]
pub struct LifeDocument {
    /// Always `trader.report.v1`.
    pub schema: &'static str,
    /// The program's version.
    pub version: &'static str,
    /// What is told begins here; null: with the first run.
    pub since: Option<UtcMillis>,
    /// And ends before here; null: with what is stored.
    pub until: Option<UtcMillis>,
    /// The first run within; null where there is none.
    pub first_run: Option<UtcMillis>,
    /// The last one.
    pub last_run: Option<UtcMillis>,
    /// The moment that ages are told at: now, or of a recording its newest run.
    pub as_of: UtcMillis,
    /// `live`, or `replay` for a recording; null where nothing has run yet.
    pub contents: Option<&'static str>,
    /// The strategy that is configured.
    pub strategy: String,
    /// The length of the candles that are decided on.
    pub timeframe: &'static str,
    /// Pairs that were decided on.
    pub pairs: Vec<Symbol>,
    /// The account; null where no run within told it.
    pub account: Option<LifeAccount>,
    /// Closed round trips, and why they missed their forecasts.
    pub trades: LifeTrades,
    /// Predicted against actual, for each horizon.
    pub horizons: Vec<LifeHorizon>,
    /// What was decided, and by how much.
    pub signals: LifeSignals,
    /// The runs.
    pub runs: LifeRuns,
}

/// The account over time.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LifeAccount {
    /// The asset it is kept in.
    pub asset: String,
    /// Cash and coins at the first run within.
    pub start: Money,
    /// At the last one.
    pub end: Money,
    /// The lowest of all runs.
    pub lowest: Money,
    /// The highest.
    pub highest: Money,
    /// What it came to, in percent of the start.
    pub return_pct: Option<Number>,
    /// The deepest fall from a peak within, in percent of the peak.
    pub max_drawdown_pct: Option<Number>,
    /// The state after the last run: normal, warning, `day_loss`, paused or halted.
    pub state: &'static str,
    /// Runs that left it in each state.
    pub states: BTreeMap<&'static str, u64>,
    /// Each day: the equity after its last run.
    pub days: Vec<LifeDay>,
    /// Who stopped entries, or let them in again.
    pub events: Vec<DigestRiskEvent>,
}

/// A day of the account.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LifeDay {
    /// The day, like `2024-03-13`.
    pub date: String,
    /// The equity after its last run.
    pub equity: Money,
    /// How far that is below the highest equity within, in percent.
    pub drawdown_pct: Option<Number>,
}

/// What was decided, and how strongly.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct LifeSignals {
    /// All decisions.
    pub decisions: u64,
    /// BUY.
    pub buy: u64,
    /// SELL.
    pub sell: u64,
    /// HOLD.
    pub hold: u64,
    /// Decisions without an opinion: too few candles.
    pub without_opinion: u64,
    /// What stood in the way of decisions.
    pub blocked: BTreeMap<String, u64>,
    /// How often scores lay where: ten points each, −100 to +100.
    pub scores: Vec<Bucket>,
    /// How often confidence lay where: five percent each, 50 to 100.
    pub confidences: Vec<Bucket>,
}

/// How often something lay between two values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Bucket {
    /// From here on.
    pub from: f64,
    /// To here; the last one includes it.
    pub to: f64,
    /// So often.
    pub count: u64,
}

impl Bucket {
    /// Buckets of one width from `low` on that hold these values; what lies beyond the last falls into it.
    pub fn over(low: f64, width: f64, count: usize, values: impl IntoIterator<Item = f64>) -> Vec<Self> {
        let edge = |i: usize| low + width * i as f64;
        let mut all: Vec<Self> = (0..count).map(|i| Self { from: edge(i), to: edge(i + 1), count: 0 }).collect();
        for value in values {
            let place = all.iter().rposition(|bucket| value >= bucket.from).unwrap_or_default();
            if let Some(bucket) = all.get_mut(place) {
                bucket.count += 1;
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_falls_into_the_bucket_it_begins_and_the_highest_into_the_last() {
        let all = Bucket::over(50.0, 25.0, 2, [50.0, 74.9, 75.0, 100.0, 12.0]);
        assert_eq!(
            all.iter().map(|b| (b.from, b.to, b.count)).collect::<Vec<_>>(),
            [(50.0, 75.0, 3), (75.0, 100.0, 2)]
        );
    }
}
