//! The summary of a cycle: `trader.cycle.v1`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{FillReport, ForecastReport, Number, OrderReport, PortfolioReport};
use crate::decision::Refusal;
use crate::indicator::{Indicator, Readings};
use crate::signal::{AnalystName, Reason, Signal};
use crate::unit::{Price, Symbol, UtcMillis};

/// What one cycle did.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "trader.cycle.v1")]
pub struct Cycle {
    /// Always `trader.cycle.v1`.
    pub schema: &'static str,
    /// Names this run in the database.
    pub run_id: String,
    /// The exit code's name.
    pub status: &'static str,
    /// How the program ends.
    pub exit_code: u8,
    /// Whose money: `paper`.
    pub mode: &'static str,
    /// Where the candles came from: `rest` or `replay`.
    pub source: &'static str,
    /// Nothing was written: `--dry-run`.
    pub dry_run: bool,
    /// Every pair had been decided for this candle; the recorded decisions are shown.
    pub repeat: bool,
    /// The exchange's clock at the start.
    #[serde(serialize_with = "with_millis")]
    pub now: UtcMillis,
    /// The end of the newest closed decision candle.
    pub as_of: UtcMillis,
    /// How long the run took.
    pub duration_ms: u64,
    /// The program's version.
    pub version: &'static str,
    /// What decided.
    pub strategy: StrategyReport,
    /// One entry for each pair asked for.
    pub pairs: Vec<Pair>,
    /// The account; null where it could not be read.
    pub portfolio: Option<PortfolioReport>,
    /// Orders that this run placed.
    pub orders: Vec<OrderReport>,
    /// Fills that this run booked.
    pub fills: Vec<FillReport>,
    /// The parts of the run.
    pub agents: Vec<Agent>,
    /// What was collected.
    pub collected: Collected,
    /// What deserves a look.
    pub warnings: Vec<Warning>,
    /// What went wrong.
    pub errors: Vec<Problem>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn with_millis<S: serde::Serializer>(instant: &UtcMillis, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&instant.with_millis())
}

/// The strategy that decided.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StrategyReport {
    /// Its name.
    pub name: String,
    /// The length of the candles it decides on.
    pub timeframe: &'static str,
    /// The hash of all it decides by.
    pub hash: String,
}

/// How a pair fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PairStatus {
    /// Judged.
    Ok,
    /// Its newest candle is too old.
    Stale,
    /// The exchange takes no orders for it.
    Halted,
    /// Not enough candles, or too many missing.
    NotReady,
    /// Its decision candles could not be had.
    Failed,
}

/// One pair in the summary. The same text is kept with the decision and printed again by a repeated run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PairReport {
    /// The pair.
    pub symbol: Symbol,
    /// How it fared.
    pub status: PairStatus,
    /// The close of the newest closed candle.
    pub price: Option<Price>,
    /// That candle.
    pub candle_open_time: Option<UtcMillis>,
    /// From the end of that candle to `now`.
    pub data_age_s: Option<Number>,
    /// −100…+100.
    pub score: Option<Number>,
    /// 50 % + |score|/2.
    pub confidence_pct: Option<Number>,
    /// BULLISH, NEUTRAL or BEARISH; null where there is no opinion.
    pub signal: Option<&'static str>,
    /// BUY, SELL or HOLD; null where there was nothing to decide on.
    pub decision: Option<&'static str>,
    /// The points the score is the sum of.
    pub reasons: Vec<ReasonReport>,
    /// The gate that was closed, or what the account objected to.
    pub blocked_by: Option<Blocked>,
    /// What is expected of buying at this price; null where nothing was decided.
    pub forecast: Option<ForecastReport>,
    /// The readings of the decision candle.
    pub indicators: BTreeMap<&'static str, Option<Number>>,
}

/// A pair in the summary: judged now, or as an earlier run printed it.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Pair {
    /// Judged now.
    Judged(Box<PairReport>),
    /// Decided by an earlier run, to the letter.
    Recorded(Value),
}

impl Pair {
    /// How it fared.
    pub fn status(&self) -> Option<PairStatus> {
        match self {
            Self::Judged(report) => Some(report.status),
            Self::Recorded(pair) => PairStatus::deserialize(pair.get("status")?).ok(),
        }
    }
}

impl Pair {
    /// A recorded pair at a later moment: its candle has aged, and nothing newer has come.
    #[must_use]
    pub fn aged(self, data_age_s: Option<Number>) -> Self {
        match self {
            Self::Judged(report) => Self::Judged(report),
            Self::Recorded(mut pair) => {
                pair["status"] = serde_json::json!(PairStatus::Stale);
                pair["data_age_s"] = serde_json::json!(data_age_s);
                Self::Recorded(pair)
            }
        }
    }
}

impl JsonSchema for Pair {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        PairReport::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        PairReport::json_schema(generator)
    }
}

/// One rule's points.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ReasonReport {
    /// The rule.
    pub code: &'static str,
    /// Its points; null where it had nothing to read.
    pub points: Option<Number>,
    /// A sentence with its numbers.
    pub text: String,
}

impl From<&Reason> for ReasonReport {
    fn from(reason: &Reason) -> Self {
        let points = reason.points.and_then(|p| Number::exact(p.get()));
        Self { code: reason.code, points, text: reason.text.clone() }
    }
}

/// A closed gate.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Blocked {
    /// Which gate.
    pub code: &'static str,
    /// Why, with its numbers.
    pub text: String,
}

impl From<&Refusal> for Blocked {
    fn from(refusal: &Refusal) -> Self {
        Self { code: refusal.gate().code(), text: refusal.to_string() }
    }
}

impl PairReport {
    /// The reasons of a signal, as they are printed.
    pub fn reasons_of(signal: &Signal) -> Vec<ReasonReport> {
        signal.reasons.iter().map(ReasonReport::from).collect()
    }

    /// Readings by name, as they are printed.
    pub fn indicators_of(readings: &Readings) -> BTreeMap<&'static str, Option<Number>> {
        Indicator::SHOWN.into_iter().map(|i| (i.name(), readings.get(i).and_then(Number::exact))).collect()
    }
}

/// The parts of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub enum AgentName {
    /// Fetches and checks candles.
    #[serde(rename = "Price Collector")]
    PriceCollector,
    /// Reads indicators and scores them.
    #[serde(rename = "Technical Analyst")]
    TechnicalAnalyst,
    /// Reads slow trends and scores them.
    #[serde(rename = "Trend Analyst")]
    TrendAnalyst,
    /// Decides and records.
    #[serde(rename = "Orchestrator")]
    Orchestrator,
}

impl From<AnalystName> for AgentName {
    fn from(name: AnalystName) -> Self {
        match name {
            AnalystName::Technical => Self::TechnicalAnalyst,
            AnalystName::Trend => Self::TrendAnalyst,
        }
    }
}

impl AgentName {
    /// Its name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PriceCollector => "Price Collector",
            Self::TechnicalAnalyst => "Technical Analyst",
            Self::TrendAnalyst => "Trend Analyst",
            Self::Orchestrator => "Orchestrator",
        }
    }
}

/// How a part fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentStatus {
    /// All of it.
    Ok,
    /// Some of it.
    Degraded,
    /// None of it.
    Failed,
}

impl AgentStatus {
    /// Its word in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
        }
    }
}

/// One part of a run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Agent {
    /// Which part.
    pub name: AgentName,
    /// How it fared.
    pub status: AgentStatus,
    /// How long it took.
    pub duration_ms: u64,
    /// Series collected, pairs analysed, pairs decided.
    pub items: u64,
    /// The first thing that went wrong.
    pub error: Option<Problem>,
}

/// What a cycle collected.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub struct Collected {
    /// Candles that were not known before.
    pub candles_new: u64,
    /// Candles of which the exchange now says something else.
    pub candles_revised: u64,
    /// Rows that were left out.
    pub rows_bad: u64,
    /// Gaps that are still open.
    pub gaps_open: u64,
    /// Requests sent.
    pub requests: u64,
    /// Request weight the exchange counted for this address in the current minute; null when it did not say.
    pub weight_used: Option<u64>,
}

/// Something that deserves a look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Warning {
    /// What kind of thing.
    pub code: &'static str,
    /// The pair, where it concerns one.
    pub symbol: Option<Symbol>,
    /// The length of the candles, where it concerns one.
    pub timeframe: Option<&'static str>,
    /// What it is.
    pub text: String,
}

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Problem {
    /// What kind of thing.
    pub code: &'static str,
    /// The pair, where it concerns one.
    pub symbol: Option<Symbol>,
    /// The length of the candles, where it concerns one.
    pub timeframe: Option<&'static str>,
    /// What happened.
    pub text: String,
    /// What to do.
    pub remedy: String,
}
