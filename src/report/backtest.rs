//! A backtest as it is printed. The same manifest gives the same bytes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Number, StrategyReport, exact, percent};
use crate::ledger::Trade;
use crate::unit::{Money, Symbol, UtcMillis};

/// All that a result follows from.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Manifest {
    /// The program's version.
    pub version: &'static str,
    /// The first candle that is decided on ends here.
    pub from: UtcMillis,
    /// The last one.
    pub to: UtcMillis,
    /// The pairs, in the order of the configuration.
    pub pairs: Vec<Symbol>,
    /// The finest candles that fills are walked on, by the pair.
    pub fine: BTreeMap<String, &'static str>,
    /// From the end of a candle to its decision, in seconds.
    pub delay_s: f64,
    /// How many times the configured costs were charged.
    pub costs: u32,
    /// The strategy; its hash names all that it decides by, money included.
    pub strategy: StrategyReport,
    /// What it decides by.
    pub parameters: serde_json::Value,
    /// Names the candles.
    pub data_hash: String,
}

/// A closed round trip.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TradeReport {
    /// The pair.
    pub symbol: Symbol,
    /// When it was entered.
    pub opened_at: UtcMillis,
    /// When it was left.
    pub closed_at: UtcMillis,
    /// Why it was left.
    pub reason: &'static str,
    /// Coins bought.
    pub quantity: String,
    /// What a coin cost, spread and slippage inside.
    pub entry_price: String,
    /// What a coin brought.
    pub exit_price: String,
    /// What it earned, every cost inside.
    pub profit: Money,
    /// In percent of what it cost.
    pub roi_pct: Option<Number>,
    /// In multiples of what was at risk.
    pub r_multiple: Option<Number>,
    /// All fees.
    pub fees: Money,
    /// It rested on a candle that held stop and target both.
    pub was_ambiguous: bool,
}

impl From<&Trade> for TradeReport {
    fn from(trade: &Trade) -> Self {
        Self {
            symbol: trade.symbol.clone(),
            opened_at: trade.opened_at,
            closed_at: trade.closed_at,
            reason: trade.reason.word(),
            quantity: exact(trade.bought),
            entry_price: exact(trade.price.0.round_dp(8)),
            exit_price: exact(trade.price.1.round_dp(8)),
            profit: trade.profit(),
            roi_pct: percent(trade.roi()),
            r_multiple: trade.r_multiple().and_then(|r| Number::exact((r * 1e4).round() / 1e4)),
            fees: trade.fees,
            was_ambiguous: trade.was_ambiguous,
        }
    }
}

/// What was decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DecisionCounts {
    /// To buy.
    pub buy: u64,
    /// To sell, or to stay out.
    pub sell: u64,
    /// Neither.
    pub hold: u64,
    /// Of those, what stood in the way of the decision or of its entry, by its code.
    pub blocked: BTreeMap<&'static str, u64>,
}

/// How the account fared.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AccountReport {
    /// The asset it is kept in.
    pub asset: String,
    /// What was put in.
    pub start: Money,
    /// Cash and coins at the end.
    pub end: Money,
    /// The lowest equity.
    pub lowest: Money,
    /// The highest.
    pub highest: Money,
    /// Positions that were still open at the end.
    pub open_positions: usize,
    /// Moments in each state of the risk rules.
    pub states: BTreeMap<&'static str, u64>,
}

/// What `trader backtest` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "trader.backtest.v1")]
pub struct BacktestDocument {
    /// Always `trader.backtest.v1`.
    pub schema: &'static str,
    /// All that the result follows from.
    pub manifest: Manifest,
    /// Moments at which something was decided.
    pub moments: u64,
    /// How the account fared.
    pub account: AccountReport,
    /// What was decided.
    pub decisions: DecisionCounts,
    /// Closed round trips, in order.
    pub trades: Vec<TradeReport>,
}
