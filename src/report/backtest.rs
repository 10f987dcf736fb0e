//! A backtest as it is printed. The same manifest gives the same bytes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Number, StrategyReport, exact, percent};
use crate::backtest::{Figure, Undefined};
use crate::ledger::Trade;
use crate::outcome::Interval;
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
    /// The pairs that have candles, by name.
    pub pairs: Vec<Symbol>,
    /// The finest candles that fills are walked on, by the pair.
    pub fine: BTreeMap<String, &'static str>,
    /// The length of these that was asked for: `auto`, or one like `1m`.
    pub fine_asked: &'static str,
    /// From the end of a candle to its decision, in seconds.
    pub delay_s: f64,
    /// The asset the account is kept in.
    pub asset: String,
    /// What was put in.
    pub start: Money,
    /// How many times the configured costs were charged.
    pub costs: u32,
    /// The strategy; its hash names all that it decides by, money included.
    pub strategy: StrategyReport,
    /// What it decides by.
    pub parameters: serde_json::Value,
    /// Names the candles.
    pub data_hash: String,
    /// Names the exchange's rules for the pairs: steps, smallest and largest orders.
    pub exchange_rules_hash: String,
    /// What chance begins with, for the bootstrap and for random timing.
    pub seed: u64,
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

/// A figure, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct FigureReport {
    /// The figure, to six decimals.
    pub value: Option<Number>,
    /// Its ends, where it is an interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<[Option<Number>; 2]>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
}

impl FigureReport {
    /// A plain number.
    pub fn plain(figure: Figure) -> Self {
        Self { value: figure.ok().and_then(rounded), interval: None, why: figure.err().map(Undefined::words) }
    }

    /// A share, in percent.
    pub fn percent(figure: Figure) -> Self {
        Self::plain(figure.map(|share| 100.0 * share))
    }

    /// An interval.
    pub fn ends(figure: Figure<Interval>) -> Self {
        let interval = figure.ok().map(|interval| [rounded(interval.low), rounded(interval.high)]);
        Self { value: None, interval, why: figure.err().map(Undefined::words) }
    }
}

fn rounded(value: f64) -> Option<Number> {
    Number::exact((value * 1e6).round() / 1e6)
}

/// What the account's equity was worth, marked at every moment, after all costs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FiguresReport {
    /// How long, in days.
    pub days: FigureReport,
    /// The return over all of it.
    pub total_return_pct: FigureReport,
    /// The return of a year.
    pub cagr_pct: FigureReport,
    /// Sharpe ratio of a year, from daily returns.
    pub sharpe_daily: FigureReport,
    /// The same from the returns of every bar.
    pub sharpe_bars: FigureReport,
    /// The same with Lo's correction for autocorrelation.
    pub sharpe_lo: FigureReport,
    /// Sortino ratio of a year, from daily returns.
    pub sortino: FigureReport,
    /// The return of a year over the deepest drawdown.
    pub calmar: FigureReport,
    /// The deepest drawdown.
    pub max_drawdown_pct: FigureReport,
    /// The longest one, in bars.
    pub longest_drawdown_bars: FigureReport,
    /// Whether it was over at the end.
    pub drawdown_recovered: Option<bool>,
    /// Root of the mean squared drawdown.
    pub ulcer_index_pct: FigureReport,
    /// What one day in twenty loses at least.
    pub var_pct: FigureReport,
    /// What these days lose on average.
    pub cvar_pct: FigureReport,
    /// The mean share of equity in coins.
    pub exposure_pct: FigureReport,
    /// The share of time with coins.
    pub time_in_market_pct: FigureReport,
    /// What is traded in a year, in equities, one way.
    pub annual_turnover: FigureReport,
    /// The closed round trips.
    pub trading: TradingReport,
    /// How far luck explains it.
    pub luck: LuckReport,
}

/// What closed round trips were worth.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TradingReport {
    /// How many.
    pub count: usize,
    /// The share that won.
    pub win_rate_pct: FigureReport,
    /// Its 95 % interval.
    pub win_interval_pct: FigureReport,
    /// Won for each unit lost.
    pub profit_factor: FigureReport,
    /// The mean multiple of what was at risk.
    pub expectancy_r: FigureReport,
    /// Tharp's system quality number.
    pub system_quality: FigureReport,
    /// What one side could have cost until nothing was earned.
    pub break_even_cost_bps: FigureReport,
    /// What one side did cost.
    pub cost_per_side_bps: FigureReport,
    /// All fees.
    pub fees: Money,
    /// Fills of entries and exits.
    pub fills: u64,
    /// The share of them that stood on a longer candle because finer ones were missing.
    pub coarse_fills_pct: FigureReport,
    /// The share that rested on a candle with stop and target both.
    pub ambiguous_pct: FigureReport,
    /// The return over all of it if each of these had met its target instead.
    pub total_return_other_way_pct: FigureReport,
}

/// How far luck explains a result.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LuckReport {
    /// How sure the Sharpe ratio is above 0, 0 to 1.
    pub probability_above_zero: FigureReport,
    /// How sure it is above the best of all trials ever run, had none of them any skill.
    pub deflated: FigureReport,
    /// Days like these that would show it at 5 %.
    pub days_needed: FigureReport,
    /// The 95 % interval of the Sharpe ratio.
    pub sharpe_interval: FigureReport,
    /// That of the mean daily return.
    pub mean_daily_return_interval_pct: FigureReport,
    /// Days of a block of the bootstrap that both come from.
    pub block_days: usize,
    /// How often the same holdings at other times did as well.
    pub random_timing_p: FigureReport,
}

/// What anybody could have done.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BaselineReport {
    /// What it does.
    pub name: String,
    /// The return over all of it.
    pub total_return_pct: FigureReport,
    /// The return of a year.
    pub cagr_pct: FigureReport,
    /// Sharpe ratio of a year, from daily returns.
    pub sharpe_daily: FigureReport,
    /// The deepest drawdown.
    pub max_drawdown_pct: FigureReport,
}

/// What the same decisions made where trading costs more, or the result itself.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CostReport {
    /// How many times the configured costs were charged.
    pub times: u32,
    /// The return over all of it.
    pub total_return_pct: FigureReport,
    /// Sharpe ratio of a year, from daily returns.
    pub sharpe_daily: FigureReport,
    /// Closed round trips.
    pub trades: usize,
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
    /// One line: what it all comes down to.
    pub verdict: &'static str,
    /// Trials that the deflated Sharpe ratio counts, this one included.
    pub trials: u64,
    /// What the account's equity was worth.
    pub figures: FiguresReport,
    /// What anybody could have done, at the same costs.
    pub baselines: Vec<BaselineReport>,
    /// The result, and what it were at twice and three times its costs.
    pub costs: Vec<CostReport>,
    /// What was decided.
    pub decisions: DecisionCounts,
    /// Closed round trips, in order.
    pub trades: Vec<TradeReport>,
}
