//! The trend strategy: when it enters and leaves, what its entries have to show, and what its rules weigh.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::SettingsError;
use super::bounded::{Real, Whole};
use crate::decision::{EdgeGate, EntryPolicy, VolatilityTarget};
use crate::signal::{Score, Thresholds, Trend, TrendRule, TrendWeights};
use crate::statistics::PeriodsPerYear;
use crate::unit::Timeframe;

/// The keys of `[trend]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TrendSettings {
    /// Enters from this score on, when the candle before had it as well.
    enter_score: Real<1, 100>,
    /// Leaves from this score down.
    leave_score: Real<-100, 99>,
    /// The correlation of scores with the returns that follow.
    edge_ic: Real<0, 1>,
    /// The expected move is at least so many times the cost of a round trip.
    edge_over_cost: Real<0, 20>,
    /// The horizon of that move, in hours.
    horizon_h: Whole<1, 2160>,
    /// A position is at most this over the coin's volatility of a year, in percent; 0: no such limit.
    target_volatility_pct: Real<0, 1000>,
    /// What the rules weigh.
    weights: TrendWeightSettings,
}

/// The keys of `[trend.weights]`, one for each rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TrendWeightSettings {
    tsmom: Real<0, 100>,
    averages: Real<0, 100>,
    channels: Real<0, 100>,
    crosses: Real<0, 100>,
    agreement: Real<0, 100>,
}

impl TrendWeightSettings {
    fn of(&self, rule: TrendRule) -> f64 {
        let weight = match rule {
            TrendRule::Tsmom => self.tsmom,
            TrendRule::Averages => self.averages,
            TrendRule::Channels => self.channels,
            TrendRule::Crosses => self.crosses,
            TrendRule::Agreement => self.agreement,
        };
        weight.get()
    }
}

impl Default for TrendWeightSettings {
    fn default() -> Self {
        let of = |rule| Real::new(TrendWeights::DEFAULT.get(rule));
        Self {
            tsmom: of(TrendRule::Tsmom),
            averages: of(TrendRule::Averages),
            channels: of(TrendRule::Channels),
            crosses: of(TrendRule::Crosses),
            agreement: of(TrendRule::Agreement),
        }
    }
}

impl Default for TrendSettings {
    fn default() -> Self {
        Self {
            enter_score: Real::new(40.0),
            leave_score: Real::new(5.0),
            edge_ic: Real::new(0.03),
            edge_over_cost: Real::new(1.5),
            horizon_h: Whole::new(168),
            target_volatility_pct: Real::new(15.0),
            weights: TrendWeightSettings::default(),
        }
    }
}

impl TrendSettings {
    /// Refuses what could never decide anything on candles of this length, or would leave as soon as it has entered.
    pub(super) fn check(&self, timeframe: Timeframe) -> Result<(), SettingsError> {
        let refused = |key: &str, text: String| Err(SettingsError::Value { key: key.to_owned(), text });
        let (enter, leave) = (self.enter_score.get(), self.leave_score.get());
        if timeframe < Timeframe::H1 {
            let text = format!("{timeframe} is too short for the strategy `trend`: 1h, 4h or 1d");
            refused("strategy.timeframe", text)
        } else if leave >= enter {
            refused("trend.leave_score", format!("{leave} is out of range: below enter_score, which is {enter}"))
        } else if TrendRule::ALL.iter().all(|rule| self.weights.of(*rule) <= 0.0) {
            refused("trend.weights", "all of them are 0: then nothing is ever said".to_owned())
        } else {
            Ok(())
        }
    }

    pub(super) fn thresholds(&self) -> Thresholds {
        Thresholds { buy: Score::nearest(self.enter_score.get()), sell: Score::nearest(self.leave_score.get()) }
    }

    pub(super) fn weights(&self) -> BTreeMap<String, f64> {
        TrendRule::ALL.iter().map(|rule| (rule.code().to_owned(), self.weights.of(*rule))).collect()
    }

    pub(super) fn parameters(&self) -> TrendParameters {
        TrendParameters {
            edge_ic: self.edge_ic.get(),
            edge_over_cost: self.edge_over_cost.get(),
            horizon_h: self.horizon_h.get(),
            target_volatility_pct: self.target_volatility_pct.get(),
        }
    }
}

/// What entries have to show, as a strategy's hash sees it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct TrendParameters {
    edge_ic: f64,
    edge_over_cost: f64,
    horizon_h: i64,
    target_volatility_pct: f64,
}

impl TrendParameters {
    /// What that means for decisions on candles of this length, entered from this score on.
    pub(super) fn entries(&self, timeframe: Timeframe, buy: Score) -> EntryPolicy {
        let candle_h = timeframe.ms() as f64 / Timeframe::H1.ms() as f64;
        let candles_per_year = PeriodsPerYear::HOURLY.value() / candle_h;
        let target = Some(self.target_volatility_pct / 100.0).filter(|yearly| *yearly > 0.0);
        let horizon_h = i32::try_from(self.horizon_h).unwrap_or(i32::MAX);
        EntryPolicy {
            confirmed_from: Some(buy),
            edge: Some(EdgeGate {
                ic: self.edge_ic,
                horizon_candles: f64::from(horizon_h) / candle_h,
                over_cost: self.edge_over_cost,
            }),
            volatility_target: target.map(|yearly| VolatilityTarget { yearly, candles_per_year }),
        }
    }
}

/// The analyst whose weights these are; none where one of them is missing.
pub(super) fn analyst(weights: &BTreeMap<String, f64>) -> Option<Trend> {
    let complete = TrendRule::ALL.iter().all(|rule| weights.contains_key(rule.code()));
    complete.then(|| Trend::new(TrendWeights::new(|rule| weights.get(rule.code()).copied().unwrap_or_default())))
}
