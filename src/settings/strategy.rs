//! The strategy: what decides, and the hash that names it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::bounded::{Real, Whole};
use super::digest::digest;
use super::spelled::Spelled;
use super::trading::TradingKeys;
use crate::decision::Policy;
use crate::market::View;
use crate::signal::{Rule, Score, Technical, Thresholds, Weights};
use crate::unit::Timeframe;

/// The keys of `[strategy]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct StrategySettings {
    /// Its name.
    pub(super) name: StrategyName,
    /// The length of the candles it decides on.
    pub(super) timeframe: Spelled<Timeframe>,
    /// BUY from this score on.
    pub(super) buy_score: Real<1, 100>,
    /// SELL from this score down.
    pub(super) sell_score: Real<-100, -1>,
    /// The newest closed candle must have ended less than this before now.
    pub(super) max_age_s: Whole<60, 604_800>,
    /// Missing candles among the newest 200 that are tolerated.
    pub(super) max_missing: Whole<0, 199>,
    /// The most points each rule can give or take.
    pub(super) weights: WeightSettings,
}

/// The strategies there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StrategyName {
    /// The technical analyst on the decision timeframe.
    Classic,
}

/// The keys of `[strategy.weights]`, one for each rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WeightSettings {
    ema_trend: Real<0, 100>,
    ema_200: Real<0, 100>,
    macd: Real<0, 100>,
    adx: Real<0, 100>,
    rsi: Real<0, 100>,
    stochastic: Real<0, 100>,
    bollinger: Real<0, 100>,
    atr: Real<0, 100>,
    obv: Real<0, 100>,
    vwap: Real<0, 100>,
}

impl WeightSettings {
    fn of(&self, rule: Rule) -> f64 {
        let weight = match rule {
            Rule::EmaTrend => self.ema_trend,
            Rule::Ema200 => self.ema_200,
            Rule::Macd => self.macd,
            Rule::Adx => self.adx,
            Rule::Rsi => self.rsi,
            Rule::Stochastic => self.stochastic,
            Rule::Bollinger => self.bollinger,
            Rule::Atr => self.atr,
            Rule::Obv => self.obv,
            Rule::Vwap => self.vwap,
        };
        weight.get()
    }
}

impl Default for WeightSettings {
    fn default() -> Self {
        let of = |rule| Real::new(Weights::DEFAULT.get(rule));
        Self {
            ema_trend: of(Rule::EmaTrend),
            ema_200: of(Rule::Ema200),
            macd: of(Rule::Macd),
            adx: of(Rule::Adx),
            rsi: of(Rule::Rsi),
            stochastic: of(Rule::Stochastic),
            bollinger: of(Rule::Bollinger),
            atr: of(Rule::Atr),
            obv: of(Rule::Obv),
            vwap: of(Rule::Vwap),
        }
    }
}

impl Default for StrategySettings {
    fn default() -> Self {
        Self {
            name: StrategyName::Classic,
            timeframe: Spelled(Timeframe::H1),
            buy_score: Real::new(40.0),
            sell_score: Real::new(-40.0),
            max_age_s: Whole::new(7200),
            max_missing: Whole::new(2),
            weights: WeightSettings::default(),
        }
    }
}

/// What decides, and its name by content.
#[derive(Clone, Debug, PartialEq)]
pub struct Strategy {
    /// Its name.
    pub name: String,
    /// The length of the candles it decides on.
    pub timeframe: Timeframe,
    /// The weights of its rules.
    pub weights: Weights,
    /// When to act.
    pub policy: Policy,
    /// The first 16 hex digits of the SHA-256 of [`Strategy::parameters`].
    pub hash: String,
    /// All that it decides by, as JSON with sorted keys.
    pub parameters: String,
}

/// Raised whenever the rules themselves change, so that decisions of different code never share a hash.
const RULES_VERSION: u32 = 2;

/// A strategy as its hash sees it; also what is read back to ask an old question again.
#[derive(Serialize, Deserialize)]
struct Parameters {
    buy_score: f64,
    candles: usize,
    max_age_ms: i64,
    max_missing: usize,
    /// How money is handled; not there in what decided before there was any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    money: Option<serde_json::Value>,
    name: String,
    rules_version: u32,
    sell_score: f64,
    timeframe: String,
    warm_up: usize,
    weights: BTreeMap<String, f64>,
}

impl Strategy {
    /// The strategy that the keys describe.
    pub(super) fn from_keys(keys: &StrategySettings, trading: &TradingKeys<'_>) -> Self {
        let name = match keys.name {
            StrategyName::Classic => "classic",
        };
        let money = serde_json::to_value(trading).expect("numbers and texts can be written as JSON");
        Self::new(name, keys.timeframe.0, Weights::new(|rule| keys.weights.of(rule)), policy(keys), Some(money))
    }

    fn new(
        name: &str,
        timeframe: Timeframe,
        weights: Weights,
        policy: Policy,
        money: Option<serde_json::Value>,
    ) -> Self {
        let parameters = Parameters {
            buy_score: policy.thresholds.buy.get(),
            candles: View::CANDLES,
            max_age_ms: policy.max_age_ms,
            max_missing: policy.max_missing,
            money,
            name: name.to_owned(),
            rules_version: RULES_VERSION,
            sell_score: policy.thresholds.sell.get(),
            timeframe: timeframe.to_string(),
            warm_up: policy.warm_up,
            weights: Rule::ALL.iter().map(|r| (r.code().to_owned(), weights.get(*r))).collect(),
        };
        let parameters = serde_json::to_string(&parameters).expect("numbers and texts can be written as JSON");
        let hash = digest(parameters.as_bytes());
        Self { name: name.to_owned(), timeframe, weights, policy, hash, parameters }
    }

    /// The strategy whose parameters were stored with a decision, if today's rules are still those of then.
    pub fn stored(parameters: &str) -> Option<Self> {
        let stored: Parameters = serde_json::from_str(parameters).ok()?;
        let known = stored.rules_version == RULES_VERSION && stored.candles == View::CANDLES;
        let complete = Rule::ALL.iter().all(|rule| stored.weights.contains_key(rule.code()));
        let weights = Weights::new(|rule| stored.weights.get(rule.code()).copied().unwrap_or_default());
        let policy = Policy {
            thresholds: Thresholds { buy: Score::nearest(stored.buy_score), sell: Score::nearest(stored.sell_score) },
            max_age_ms: stored.max_age_ms,
            max_missing: stored.max_missing,
            warm_up: stored.warm_up,
        };
        let timeframe = stored.timeframe.parse().ok()?;
        (known && complete).then(|| Self::new(&stored.name, timeframe, weights, policy, stored.money))
    }

    /// The analyst that goes by these weights.
    pub const fn analyst(&self) -> Technical {
        Technical::new(self.weights)
    }
}

/// On candles longer than the limit nothing could ever be fresh for long: then it is an hour more than the candle.
fn max_age_ms(max_age_s: i64, timeframe: Timeframe) -> i64 {
    let limit = max_age_s * 1000;
    if limit > timeframe.ms() { limit } else { timeframe.ms() + Timeframe::H1.ms() }
}

fn policy(keys: &StrategySettings) -> Policy {
    Policy {
        thresholds: Thresholds {
            buy: Score::nearest(keys.buy_score.get()),
            sell: Score::nearest(keys.sell_score.get()),
        },
        max_age_ms: max_age_ms(keys.max_age_s.get(), keys.timeframe.0),
        max_missing: keys.max_missing.count(),
        warm_up: Technical::NEEDED,
    }
}
