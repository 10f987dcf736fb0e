//! The daily page: what one UTC day brought, as a trader wants to read it the next morning. `trader.digest.v1`.
//!
//! `verdict` says in fixed words what a day comes to, `text` writes it for a terminal or a mail, `html` for a mail that shows it.

mod html;
mod text;
mod told;
mod verdict;

use schemars::JsonSchema;
use serde::Serialize;

use super::Number;
use crate::unit::{Money, Symbol, Timeframe, UtcMillis};

pub use verdict::{Concern, DigestConcern, DigestVerdict, VerdictWord};

/// What `trader digest` prints: one UTC day.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(title = "trader.digest.v1")]
pub struct DigestReport {
    /// Always `trader.digest.v1`.
    pub schema: &'static str,
    /// The day, like `2024-03-13`.
    pub date: String,
    /// Its midnight.
    pub from: UtcMillis,
    /// The next midnight, which no longer belongs to it.
    pub to: UtcMillis,
    /// False while it lasts: what is told is what happened so far.
    pub is_over: bool,
    /// `live`, or `replay` for a recording; null where nothing has run yet.
    pub contents: Option<&'static str>,
    /// The length of the candles that are decided on, and with it how often a run is expected.
    pub timeframe: &'static str,
    /// What it comes to.
    pub verdict: DigestVerdict,
    /// The account; null where no run of the day has left a word on it.
    pub account: Option<DigestAccount>,
    /// Positions that were open at the end of the day, valued at the newest close of it.
    pub positions: Vec<DigestPosition>,
    /// Who stopped entries, or let them in again.
    pub risk_events: Vec<DigestRiskEvent>,
    /// What was decided.
    pub decisions: DigestDecisions,
    /// What was filled.
    pub fills: Vec<DigestFill>,
    /// Round trips that were closed.
    pub trades: Vec<DigestTrade>,
    /// Forecasts whose horizon ended, for each horizon.
    pub forecasts: Vec<DigestForecast>,
    /// The runs.
    pub runs: DigestRuns,
    /// Candles that are missing.
    pub gaps: DigestGaps,
}

/// The account over the day.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DigestAccount {
    /// The asset it is kept in.
    pub asset: String,
    /// Cash and coins at 00:00 UTC.
    pub equity_start: Money,
    /// At the end of the day; of a day that lasts, or whose end no later run has told, at its newest run.
    pub equity_end: Money,
    /// When that was.
    pub equity_end_at: UtcMillis,
    /// What the day brought.
    pub change: Money,
    /// The same in percent of what it began with.
    pub change_pct: Option<Number>,
    /// Money that was not in coins at the end of the day.
    pub cash: Money,
    /// How far equity was below its peak after the day's newest run, in percent.
    pub drawdown_pct: Option<Number>,
    /// What all stops together would have lost then, in percent of equity.
    pub heat_pct: Option<Number>,
    /// normal, warning, `day_loss`, paused or halted.
    pub state: &'static str,
    /// What that state does.
    pub state_text: &'static str,
}

impl DigestAccount {
    /// Whether its end is that of the day.
    pub fn is_end_of_day(&self) -> bool {
        self.equity_end_at == Timeframe::D1.floor(self.equity_end_at)
    }
}

/// A position at the end of the day.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DigestPosition {
    /// The position as `trader portfolio` tells it.
    #[serde(flatten)]
    pub position: DigestHolding,
    /// How far the stop lies below the newest close, in percent of it.
    pub stop_distance_pct: Option<Number>,
}

/// What is held, at which price, and what it is worth.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DigestHolding {
    /// The pair.
    pub symbol: Symbol,
    /// When the entry was filled.
    pub opened_at: UtcMillis,
    /// Coins held.
    pub quantity: String,
    /// What a coin cost on average.
    pub entry_price: String,
    /// The newest close of the day, by which it is valued; null where none is known.
    pub mark: Option<String>,
    /// The end of that candle.
    pub mark_time: Option<UtcMillis>,
    /// What it would have earned at that price.
    pub pnl: Option<Money>,
    /// The same in percent of what it cost.
    pub pnl_pct: Option<Number>,
    /// Sold at or below.
    pub stop: String,
    /// Why it is being left, while the order waits for a market.
    pub leaving: Option<&'static str>,
}

/// Something that was done about entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DigestRiskEvent {
    /// When.
    pub at: UtcMillis,
    /// paused, halted or resumed.
    pub kind: String,
    /// Why.
    pub reason: String,
}

/// What was decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DigestDecisions {
    /// BUY.
    pub buy: u64,
    /// SELL.
    pub sell: u64,
    /// HOLD.
    pub hold: u64,
    /// What stood in the way of decisions, the most frequent first.
    pub blocked: Vec<DigestBlocked>,
}

impl DigestDecisions {
    /// All of them.
    pub const fn all(&self) -> u64 {
        self.buy + self.sell + self.hold
    }
}

/// How often something stood in the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DigestBlocked {
    /// Its code, as in a cycle's `blocked_by`.
    pub code: String,
    /// So many times.
    pub count: u64,
}

/// A fill.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DigestFill {
    /// When.
    pub at: UtcMillis,
    /// The pair.
    pub symbol: Symbol,
    /// BUY or SELL.
    pub side: String,
    /// Coins.
    pub quantity: String,
    /// At this price, spread and slippage inside.
    pub price: String,
    /// In money.
    pub notional: Money,
    /// Why a position was left; null for an entry.
    pub reason: Option<String>,
}

/// A closed round trip, predicted against realised.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DigestTrade {
    /// The pair.
    pub symbol: Symbol,
    /// When it was opened.
    pub opened_at: UtcMillis,
    /// When it was closed.
    pub closed_at: UtcMillis,
    /// Why it was left.
    pub reason: String,
    /// What it earned, fees inside.
    pub profit: Money,
    /// The same beside what it had at risk.
    pub r_multiple: Option<Number>,
    /// The net return.
    pub realised_pct: Option<Number>,
    /// The net return that was forecast for the longest horizon.
    pub predicted_pct: Option<Number>,
}

/// Forecasts of one horizon that ended on the day: the net return of buying at the close that was decided on.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DigestForecast {
    /// The horizon.
    pub horizon_h: i64,
    /// The length of the candles that were decided on.
    pub timeframe: &'static str,
    /// Forecasts whose horizon ended.
    pub ended: usize,
    /// Those whose outcome is known beside a mean that was forecast.
    pub resolved: usize,
    /// So many independent ones these are worth.
    pub n_eff: Option<Number>,
    /// Those without an outcome for good.
    pub unresolvable: usize,
    /// The mean of what was forecast.
    pub predicted_pct: Option<Number>,
    /// The mean of what came.
    pub actual_pct: Option<Number>,
    /// Those whose sign was right.
    pub hits: usize,
    /// Of so many that named one.
    pub hits_of: usize,
    /// The one that came out farthest above its forecast.
    pub best: Option<DigestMiss>,
    /// The one that came out farthest below.
    pub worst: Option<DigestMiss>,
}

/// One forecast and what came.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DigestMiss {
    /// The pair.
    pub symbol: Symbol,
    /// The close that was decided on.
    pub from: UtcMillis,
    /// What was forecast.
    pub predicted_pct: Option<Number>,
    /// What came.
    pub actual_pct: Option<Number>,
}

/// The runs of `trader cycle`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct DigestRuns {
    /// Candles that closed since the first run there ever was: one run for each.
    pub expected: u64,
    /// Those that a run followed.
    pub met: u64,
    /// All runs; more than one may follow a candle.
    pub count: u64,
    /// By how they ended.
    pub by_exit: Vec<DigestExit>,
    /// Without an end: cut off, or under way.
    pub unfinished: u64,
    /// Median duration.
    pub duration_ms: Option<i64>,
}

impl DigestRuns {
    /// Candles that no run followed.
    pub const fn missed(&self) -> u64 {
        self.expected.saturating_sub(self.met)
    }

    /// Runs that ended in one of these ways.
    pub fn ended(&self, codes: &[u8]) -> u64 {
        self.by_exit.iter().filter(|exit| codes.contains(&exit.code)).map(|exit| exit.count).sum()
    }
}

/// How many runs ended so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DigestExit {
    /// The exit code.
    pub code: u8,
    /// Its name.
    pub name: &'static str,
    /// So many runs.
    pub count: u64,
}

/// Candles that are missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DigestGaps {
    /// Gaps that were found on the day.
    pub found: Vec<DigestGap>,
    /// Gaps that were open at the end of it, whenever they were found.
    pub open: u64,
}

/// A gap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DigestGap {
    /// The pair.
    pub symbol: Symbol,
    /// The length of the candles.
    pub timeframe: &'static str,
    /// The first candle that is missing.
    pub from: UtcMillis,
    /// So many are.
    pub missing: u64,
    /// What has become of it by now: open, repaired or unfillable.
    pub state: String,
}

impl DigestReport {
    /// One line for the subject of a mail: the day, the verdict, and what the account came to.
    pub fn subject(&self) -> String {
        let account = self.account.as_ref().map(|account| {
            let change = account.change_pct.map_or_else(String::new, |n| format!(", {:+.2} %", n.get()));
            format!("; equity {} {}{change}", told::amount(account.equity_end), account.asset)
        });
        format!("trader {}: {}{}", self.date, self.verdict.word.text(), account.unwrap_or_default())
    }

    /// Nothing is known of the day: no run, no word on the account, and nothing that happened to it.
    pub fn is_empty(&self) -> bool {
        self.runs.count == 0
            && self.account.is_none()
            && self.positions.is_empty()
            && self.risk_events.is_empty()
            && self.decisions.all() == 0
            && self.fills.is_empty()
            && self.trades.is_empty()
    }

    /// For a terminal and for mail without markup: no line is longer than 78 columns.
    pub fn to_text(&self) -> String {
        text::written(self)
    }

    /// For mail with markup: whole in itself, its style beside each element because mail programs ignore style sheets, no
    /// script, no picture, nothing from outside.
    pub fn to_html(&self) -> String {
        html::written(self)
    }
}
