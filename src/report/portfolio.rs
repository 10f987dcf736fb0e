//! The paper account as it is printed: positions, orders, fills, forecasts, trades.

use schemars::JsonSchema;
use serde::Serialize;

use super::Number;
use crate::ledger::{Fill, Intent, Order};
use crate::outcome::Forecast;
use crate::unit::{Decimal, Money, Price, Symbol, UtcMillis};

/// A decimal as it is printed: exact, without zeros at its end.
pub fn exact(value: Decimal) -> String {
    value.normalize().to_string()
}

/// A share as a percentage with four decimals: enough for people, and the same on every machine.
pub fn percent(share: f64) -> Option<Number> {
    Number::exact((share * 1_000_000.0).round() / 10_000.0)
}

/// The account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PortfolioReport {
    /// normal, warning, `day_loss`, paused or halted.
    pub state: &'static str,
    /// What that state does.
    pub state_text: &'static str,
    /// The asset the account is kept in.
    pub asset: String,
    /// Cash and coins at the newest close.
    pub equity: Money,
    /// Money that is not in coins.
    pub cash: Money,
    /// What the coins are worth, crumbs included.
    pub coins: Money,
    /// The highest equity since the beginning or a resume.
    pub peak_equity: Money,
    /// The equity at 00:00 UTC.
    pub day_start_equity: Money,
    /// What all stops together would lose, entries under way included, in percent of equity.
    pub heat_pct: Option<Number>,
    /// The same, as far as the coins move together.
    pub heat_correlated_pct: Option<Number>,
    /// How far equity lies below its peak.
    pub drawdown_pct: Option<Number>,
    /// What today brought.
    pub day_pnl_pct: Option<Number>,
    /// Open positions.
    pub positions: Vec<PositionReport>,
}

/// An open position.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PositionReport {
    /// Names it: the order that opened it.
    pub id: String,
    /// The pair.
    pub symbol: Symbol,
    /// When the entry was filled.
    pub opened_at: UtcMillis,
    /// Coins held.
    pub quantity: String,
    /// What a coin cost on average.
    pub entry_price: String,
    /// The newest close, by which it is valued.
    pub mark: Option<Price>,
    /// The end of that candle.
    pub mark_time: Option<UtcMillis>,
    /// What it is worth.
    pub value: Option<Money>,
    /// What it would have earned at that price, fees of the entry inside.
    pub pnl: Option<Money>,
    /// The same in percent of what it cost.
    pub pnl_pct: Option<Number>,
    /// Sold at or below.
    pub stop: Price,
    /// Sold above; null: no target.
    pub target: Option<Price>,
    /// Sold from then on; null: never for its age.
    pub until: Option<UtcMillis>,
    /// What is lost from here if the stop is hit.
    pub open_risk: Money,
    /// The same in percent of equity.
    pub open_risk_pct: Option<Number>,
    /// What the entry had at risk; the rule allowed `risk_budget`.
    pub planned_risk: Money,
    /// What one trade may lose by the risk rule.
    pub risk_budget: Money,
    /// Why it is being left, while the order waits for a market.
    pub leaving: Option<&'static str>,
}

/// An order of this run, or one that waits.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OrderReport {
    /// Its name.
    pub id: String,
    /// The pair.
    pub symbol: Symbol,
    /// BUY or SELL.
    pub side: &'static str,
    /// Why a position is left; null for an entry.
    pub reason: Option<&'static str>,
    /// Coins.
    pub quantity: String,
    /// When it was placed.
    pub placed_at: UtcMillis,
    /// An entry's expected price, costs inside.
    pub price: Option<Price>,
    /// An entry's stop.
    pub stop: Option<Price>,
    /// An entry's target.
    pub target: Option<Price>,
    /// What it has at risk; cash, heat and the cap on a position may make that less than the budget.
    pub planned_risk: Option<Money>,
    /// What the risk rule would have allowed.
    pub risk_budget: Option<Money>,
    /// It waits for the next candle that opens.
    pub is_waiting: bool,
}

impl OrderReport {
    /// An order as it is printed.
    pub fn of(order: &Order, is_waiting: bool) -> Self {
        let plan = order.plan();
        Self {
            id: order.id.to_string(),
            symbol: order.symbol.clone(),
            side: order.side().word(),
            reason: if let Intent::Exit(reason) = order.intent { Some(reason.word()) } else { None },
            quantity: exact(order.quantity.get()),
            placed_at: order.placed_at,
            price: plan.map(|p| p.price),
            stop: plan.map(|p| p.stop),
            target: plan.and_then(|p| p.target),
            planned_risk: plan.map(|p| p.risk),
            risk_budget: plan.map(|p| p.risk_budget),
            is_waiting,
        }
    }
}

/// A fill that this run booked.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FillReport {
    /// Of which order.
    pub order_id: String,
    /// The pair.
    pub symbol: Symbol,
    /// BUY or SELL.
    pub side: &'static str,
    /// When.
    pub at: UtcMillis,
    /// The market's price.
    pub reference: Price,
    /// The price with spread and slippage.
    pub price: Price,
    /// Coins, before the fee.
    pub quantity: String,
    /// Money, before the fee.
    pub notional: Money,
    /// The fee.
    pub fee: String,
    /// The asset it was taken in.
    pub fee_asset: String,
    /// The length of the candle it was filled on; null where the book was known.
    pub timeframe: Option<&'static str>,
    /// One candle held stop and target both; the stop was taken to be first.
    pub is_ambiguous: bool,
    /// Finer candles were missing.
    pub is_coarse: bool,
}

impl From<&Fill> for FillReport {
    fn from(fill: &Fill) -> Self {
        Self {
            order_id: fill.order.to_string(),
            symbol: fill.symbol.clone(),
            side: fill.side.word(),
            at: fill.at,
            reference: fill.reference,
            price: fill.price,
            quantity: exact(fill.quantity.get()),
            notional: fill.notional,
            fee: exact(fill.fee),
            fee_asset: fill.fee_asset().to_owned(),
            timeframe: fill.candle.map(|(timeframe, _)| timeframe.name()),
            is_ambiguous: fill.is_ambiguous,
            is_coarse: fill.is_coarse,
        }
    }
}

/// What a decision expects of buying at its close.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ForecastReport {
    /// The stop it assumes; null where none could be told.
    pub stop: Option<String>,
    /// The target it assumes; null: none.
    pub target: Option<String>,
    /// For each horizon.
    pub horizons: Vec<HorizonReport>,
}

/// What is expected of one horizon. Net of costs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct HorizonReport {
    /// From the close that was decided on, in hours.
    pub horizon_h: i64,
    /// The expected return.
    pub roi_mean_pct: Option<Number>,
    /// One outcome in ten is expected to lie below.
    pub roi_p10_pct: Option<Number>,
    /// One in two.
    pub roi_p50_pct: Option<Number>,
    /// Nine in ten.
    pub roi_p90_pct: Option<Number>,
    /// The probability that the return is positive.
    pub p_gain_pct: Option<Number>,
    /// `prior` until enough outcomes are known, then `platt` or `isotonic`.
    pub basis: &'static str,
    /// Names what was learnt from; null before anything was.
    pub calibration_id: Option<i64>,
    /// The round trip's costs inside.
    pub cost_pct: Option<Number>,
}

impl HorizonReport {
    /// A forecast as it is printed.
    pub fn of(forecast: &Forecast, basis: &'static str) -> Self {
        let quantile = |i: usize| forecast.quantiles.and_then(|q| percent(q[i]));
        Self {
            horizon_h: forecast.horizon_ms / 3_600_000,
            roi_mean_pct: forecast.mean.and_then(percent),
            roi_p10_pct: quantile(0),
            roi_p50_pct: quantile(1),
            roi_p90_pct: quantile(2),
            p_gain_pct: percent(forecast.p_gain),
            basis,
            calibration_id: forecast.experience,
            cost_pct: percent(forecast.cost),
        }
    }
}

/// What `trader portfolio` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "trader.portfolio.v1")]
pub struct PortfolioDocument {
    /// Always `trader.portfolio.v1`.
    pub schema: &'static str,
    /// The moment of the newest run.
    pub as_of: Option<UtcMillis>,
    /// The account.
    pub portfolio: PortfolioReport,
    /// Orders that wait.
    pub orders: Vec<OrderReport>,
}

/// What `trader risk` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "trader.risk.v1")]
pub struct RiskDocument {
    /// Always `trader.risk.v1`.
    pub schema: &'static str,
    /// The moment of the newest run.
    pub as_of: Option<UtcMillis>,
    /// normal, warning, `day_loss`, paused or halted.
    pub state: &'static str,
    /// What that state does.
    pub state_text: &'static str,
    /// Why it was paused or halted.
    pub reason: Option<String>,
    /// Each limit and what is left of it.
    pub limits: Vec<LimitReport>,
}

/// A limit, what is used of it and what is left.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LimitReport {
    /// Which one.
    pub name: &'static str,
    /// Its figure.
    pub limit: String,
    /// What is used of it; below zero on a day that has gained, whose gain may be lost as well.
    pub used: String,
    /// What is left of it: the limit less what is used, and nothing where that is more.
    pub room: String,
    /// In words.
    pub text: String,
}
