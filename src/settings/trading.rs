//! How money is handled: the account, its risk rules, the costs, the exits, the forecasts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::SettingsError;
use super::bounded::{Real, Whole};
use super::spelled::{AtLeastOne, Spelled};
use crate::decision::{ExitPolicy, Limits};
use crate::ledger::Costs;
use crate::unit::{Bps, Decimal, Money, Symbol, Timeframe};

const HOUR_MS: i64 = 3_600_000;

/// The keys of `[account]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AccountSettings {
    /// The asset it is kept in.
    pub(super) asset: AssetName,
    /// What is put in when it is opened.
    pub(super) start: Real<10, 1_000_000_000>,
}

/// The name of an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct AssetName(String);

impl TryFrom<String> for AssetName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let fine = (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if fine { Ok(Self(text)) } else { Err(format!("`{text}` names no asset; write USDT")) }
    }
}

impl From<AssetName> for String {
    fn from(name: AssetName) -> Self {
        name.0
    }
}

/// The keys of `[risk]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RiskSettings {
    /// What one trade may lose at its stop, costs inside, in percent of equity.
    pub(super) per_trade_pct: Real<0, 10>,
    /// Positions held at the same time.
    pub(super) max_positions: Whole<1, 50>,
    /// What one position may cost, in percent of equity.
    pub(super) position_cap_pct: Real<1, 100>,
    /// What all stops together may lose, in percent of equity.
    pub(super) heat_pct: Real<0, 50>,
    /// What a day may lose, in percent of the equity it began with.
    pub(super) daily_loss_pct: Real<1, 50>,
    /// The drawdown that stops entries, in percent of the peak.
    pub(super) warning_drawdown_pct: Real<1, 90>,
    /// The drawdown that closes everything, in percent of the peak.
    pub(super) emergency_drawdown_pct: Real<2, 95>,
    /// After a stop, the coin is left alone for so long.
    pub(super) cool_down_h: Whole<0, 720>,
}

/// The keys of `[costs]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CostSettings {
    /// The taker's fee, in basis points a side.
    pub(super) fee_bps: Real<0, 500>,
    /// How much worse than the market an order is filled, in basis points.
    pub(super) slippage_bps: Real<0, 500>,
    /// Half of the spread, in basis points.
    pub(super) half_spread_bps: Real<0, 500>,
    /// The share of a candle's volume that one order may be, in percent.
    pub(super) participation_pct: Real<0, 100>,
    /// Half-spreads of single pairs, in basis points.
    pub(super) half_spread_bps_of: BTreeMap<String, Real<0, 500>>,
}

/// The keys of `[exits]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ExitSettings {
    /// The candles that the average true range is taken of.
    pub(super) timeframe: Spelled<Timeframe>,
    /// The stop lies so many of them below the close.
    pub(super) stop_atr: Real<1, 20>,
    /// The target lies so many of them above it; 0: none.
    pub(super) target_atr: Real<0, 100>,
    /// The stop follows the highest price at so many of them; 0: it does not.
    pub(super) trail_atr: Real<0, 100>,
    /// A position is sold after so long; 0: never.
    pub(super) hold_h: Whole<0, 8760>,
}

/// The keys of `[forecast]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ForecastSettings {
    /// The horizons, in hours.
    pub(super) horizons_h: AtLeastOne<Whole<1, 2160>>,
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self { asset: AssetName("USDT".to_owned()), start: Real::new(1000.0) }
    }
}

impl Default for RiskSettings {
    fn default() -> Self {
        Self {
            per_trade_pct: Real::new(2.0),
            max_positions: Whole::new(3),
            position_cap_pct: Real::new(33.3),
            heat_pct: Real::new(6.0),
            daily_loss_pct: Real::new(5.0),
            warning_drawdown_pct: Real::new(15.0),
            emergency_drawdown_pct: Real::new(25.0),
            cool_down_h: Whole::new(12),
        }
    }
}

impl Default for CostSettings {
    fn default() -> Self {
        Self {
            fee_bps: Real::new(10.0),
            slippage_bps: Real::new(2.0),
            half_spread_bps: Real::new(1.0),
            participation_pct: Real::new(1.0),
            half_spread_bps_of: BTreeMap::new(),
        }
    }
}

impl Default for ExitSettings {
    fn default() -> Self {
        Self {
            timeframe: Spelled(Timeframe::H4),
            stop_atr: Real::new(3.0),
            target_atr: Real::new(0.0),
            trail_atr: Real::new(0.0),
            hold_h: Whole::new(504),
        }
    }
}

impl Default for ForecastSettings {
    fn default() -> Self {
        Self { horizons_h: AtLeastOne::of(Whole::new(4), [Whole::new(24), Whole::new(168)]) }
    }
}

/// How money is handled.
#[derive(Clone, Debug, PartialEq)]
pub struct Trading {
    /// The asset the account is kept in.
    pub asset: String,
    /// What is put in when it is opened.
    pub start: Money,
    /// The risk rules.
    pub limits: Limits,
    /// How positions are meant to end.
    pub exits: ExitPolicy,
    /// The candles that distances of exits are measured on, at least as long as those that are decided on.
    pub atr_timeframe: Timeframe,
    /// The horizons of forecasts, the shortest first, in milliseconds.
    pub horizons_ms: Vec<i64>,
    /// The share of a candle's quote volume that one order may be.
    pub participation: Bps,
    costs: Costs,
    half_spreads: BTreeMap<Symbol, Bps>,
}

impl Trading {
    /// The same with every cost charged so many times.
    #[must_use]
    pub fn at_costs(&self, times: u32) -> Self {
        let many = |costs: &Costs| Costs {
            fee: costs.fee.times(times),
            slippage: costs.slippage.times(times),
            half_spread: costs.half_spread.times(times),
        };
        let half_spreads = self.half_spreads.iter().map(|(pair, bps)| (pair.clone(), bps.times(times))).collect();
        Self { costs: many(&self.costs), half_spreads, ..self.clone() }
    }

    /// What trading a pair costs.
    pub fn costs(&self, symbol: &Symbol) -> Costs {
        let half_spread = self.half_spreads.get(symbol).copied().unwrap_or(self.costs.half_spread);
        Costs { half_spread, ..self.costs }
    }
}

/// The sections of the file that say how money is handled.
#[derive(Clone, Copy, Serialize)]
pub(super) struct TradingKeys<'a> {
    pub(super) costs: &'a CostSettings,
    pub(super) exits: &'a ExitSettings,
    pub(super) forecast: &'a ForecastSettings,
    pub(super) risk: &'a RiskSettings,
}

impl TradingKeys<'_> {
    /// What the keys mean for decisions on candles of this length.
    pub(super) fn settle(&self, account: &AccountSettings, decided_on: Timeframe) -> Result<Trading, SettingsError> {
        self.check()?;
        let start = Decimal::from_f64_retain(account.start.get()).unwrap_or_default().round_dp(8);
        Ok(Trading {
            asset: account.asset.0.clone(),
            start: Money::new(start),
            limits: self.limits(),
            exits: self.exits(),
            atr_timeframe: self.exits.timeframe.0.max(decided_on),
            horizons_ms: self.horizons(decided_on),
            participation: Bps::from_real(100.0 * self.costs.participation_pct.get()),
            costs: self.costs(),
            half_spreads: self.half_spreads()?,
        })
    }

    fn check(&self) -> Result<(), SettingsError> {
        let refused = |key: &str, text: String| Err(SettingsError::Value { key: key.to_owned(), text });
        let (warning, emergency) = (self.risk.warning_drawdown_pct.get(), self.risk.emergency_drawdown_pct.get());
        if warning >= emergency {
            let text = format!("{warning} is out of range: below emergency_drawdown_pct, which is {emergency}");
            return refused("risk.warning_drawdown_pct", text);
        }
        for (key, value) in [
            ("risk.per_trade_pct", self.risk.per_trade_pct.get()),
            ("risk.heat_pct", self.risk.heat_pct.get()),
            ("costs.participation_pct", self.costs.participation_pct.get()),
        ] {
            if value <= 0.0 {
                return refused(key, format!("{value} is out of range: above 0; to buy nothing, `trader pause`"));
            }
        }
        Ok(())
    }

    fn limits(&self) -> Limits {
        let percent = |percent: f64| Bps::from_real(100.0 * percent);
        Limits {
            risk_per_trade: percent(self.risk.per_trade_pct.get()),
            max_positions: self.risk.max_positions.count(),
            position_cap: percent(self.risk.position_cap_pct.get()),
            heat: percent(self.risk.heat_pct.get()),
            daily_loss: percent(self.risk.daily_loss_pct.get()),
            warning_drawdown: percent(self.risk.warning_drawdown_pct.get()),
            emergency_drawdown: percent(self.risk.emergency_drawdown_pct.get()),
            cool_down_ms: self.risk.cool_down_h.get() * HOUR_MS,
        }
    }

    fn exits(&self) -> ExitPolicy {
        let some = |atrs: f64| (atrs > 0.0).then_some(atrs);
        let hold = self.exits.hold_h.get();
        ExitPolicy {
            stop_atr: self.exits.stop_atr.get(),
            target_atr: some(self.exits.target_atr.get()),
            trail_atr: some(self.exits.trail_atr.get()),
            hold_ms: (hold > 0).then_some(hold * HOUR_MS),
        }
    }

    /// Horizons are whole candles; one that ends within a candle is as long as to its end.
    fn horizons(&self, decided_on: Timeframe) -> Vec<i64> {
        let whole = |ms: i64| (ms + decided_on.ms() - 1) / decided_on.ms() * decided_on.ms();
        let each = self.forecast.horizons_h.distinct().into_iter().map(|h| whole(h.get() * HOUR_MS));
        let mut horizons: Vec<i64> = each.collect();
        horizons.sort_unstable();
        horizons.dedup();
        horizons
    }

    fn costs(&self) -> Costs {
        Costs {
            fee: Bps::from_real(self.costs.fee_bps.get()),
            slippage: Bps::from_real(self.costs.slippage_bps.get()),
            half_spread: Bps::from_real(self.costs.half_spread_bps.get()),
        }
    }

    fn half_spreads(&self) -> Result<BTreeMap<Symbol, Bps>, SettingsError> {
        let of = |(name, bps): (&String, &Real<0, 500>)| {
            let refused = |e: crate::unit::BadSymbol| SettingsError::Value {
                key: "costs.half_spread_bps_of".to_owned(),
                text: e.to_string(),
            };
            Ok((name.parse::<Symbol>().map_err(refused)?, Bps::from_real(bps.get())))
        };
        self.costs.half_spread_bps_of.iter().map(of).collect()
    }
}
