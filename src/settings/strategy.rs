//! The strategy: what decides, and the hash that names it.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::SettingsError;
use super::bounded::{Real, Whole};
use super::digest::digest;
use super::spelled::Spelled;
use super::trading::TradingKeys;
use super::trend::{TrendParameters, TrendSettings};
use crate::decision::{EntryPolicy, Policy};
use crate::market::Depth;
use crate::signal::{AnyAnalyst, Rule, Score, Technical, Thresholds, Weights};
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
pub enum StrategyName {
    /// The technical analyst on the decision timeframe.
    Classic,
    /// The trend analyst, which looks back over weeks.
    Trend,
}

impl StrategyName {
    /// All of them, the default first.
    pub const ALL: [Self; 2] = [Self::Classic, Self::Trend];

    /// Its name in the configuration, in JSON and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Trend => "trend",
        }
    }
}

impl FromStr for StrategyName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|name| name.word() == text);
        named.ok_or_else(|| format!("`{text}` is no strategy: {}", Self::ALL.map(Self::word).join(" or ")))
    }
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
    pub name: &'static str,
    /// The length of the candles it decides on.
    pub timeframe: Timeframe,
    /// Who looks at them.
    pub analyst: AnyAnalyst,
    /// When to act.
    pub policy: Policy,
    /// What entries have to show beside their score.
    pub entries: EntryPolicy,
    /// The first 16 hex digits of the SHA-256 of [`Strategy::parameters`].
    pub hash: String,
    /// All that it decides by, as JSON with sorted keys.
    pub parameters: String,
}

/// Raised whenever the rules themselves change, so that decisions of different code never share a hash.
const RULES_VERSION: u32 = 2;

/// Candles among which those that are missing are counted, whoever looks at them.
const GAP_WINDOW: usize = Technical::NEEDED;

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
    name: StrategyName,
    rules_version: u32,
    sell_score: f64,
    timeframe: Spelled<Timeframe>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trend: Option<TrendParameters>,
    warm_up: usize,
    weights: BTreeMap<String, f64>,
}

impl Strategy {
    /// The strategy that the keys describe.
    pub(super) fn from_keys(
        keys: &StrategySettings,
        trend: &TrendSettings,
        trading: &TradingKeys<'_>,
    ) -> Result<Self, SettingsError> {
        let (timeframe, name) = (keys.timeframe.0, keys.name);
        let (thresholds, weights, trend) = match name {
            StrategyName::Classic => (keys.thresholds(), keys.weights(), None),
            StrategyName::Trend => {
                trend.check(timeframe)?;
                (trend.thresholds(), trend.weights(), Some(trend.parameters()))
            }
        };
        let analyst = analyst(name, &weights).expect("every rule has a key");
        let parameters = Parameters {
            buy_score: thresholds.buy.get(),
            candles: analyst.depth(timeframe).candles(),
            max_age_ms: max_age_ms(keys.max_age_s.get(), timeframe),
            max_missing: keys.max_missing.count(),
            money: Some(serde_json::to_value(trading).expect("numbers and texts can be written as JSON")),
            name,
            rules_version: RULES_VERSION,
            sell_score: thresholds.sell.get(),
            timeframe: Spelled(timeframe),
            trend,
            warm_up: analyst.needed(timeframe),
            weights,
        };
        Ok(Self::new(&parameters, analyst))
    }

    fn new(parameters: &Parameters, analyst: AnyAnalyst) -> Self {
        let text = serde_json::to_string(parameters).expect("numbers and texts can be written as JSON");
        let timeframe = parameters.timeframe.0;
        let buy = Score::nearest(parameters.buy_score);
        let entries = parameters.trend.map(|trend| trend.entries(timeframe, buy));
        Self {
            name: parameters.name.word(),
            timeframe,
            analyst,
            policy: Policy {
                thresholds: Thresholds { buy, sell: Score::nearest(parameters.sell_score) },
                max_age_ms: parameters.max_age_ms,
                max_missing: parameters.max_missing,
                warm_up: parameters.warm_up,
                gap_window: GAP_WINDOW,
            },
            entries: entries.unwrap_or_default(),
            hash: digest(text.as_bytes()),
            parameters: text,
        }
    }

    /// The strategy whose parameters were stored with a decision, if today's rules are still those of then.
    pub fn stored(parameters: &str) -> Option<Self> {
        let stored: Parameters = serde_json::from_str(parameters).ok()?;
        let analyst = analyst(stored.name, &stored.weights)?;
        let depth = analyst.depth(stored.timeframe.0);
        let known = stored.rules_version == RULES_VERSION && stored.candles == depth.candles();
        known.then(|| Self::new(&stored, analyst))
    }

    /// How far its views look back.
    pub const fn depth(&self) -> Depth {
        self.analyst.depth(self.timeframe)
    }
}

/// The analyst whose weights these are; none where one of them is missing.
fn analyst(name: StrategyName, weights: &BTreeMap<String, f64>) -> Option<AnyAnalyst> {
    let weight = |rule: Rule| weights.get(rule.code()).copied();
    match name {
        StrategyName::Classic => {
            let complete = Rule::ALL.into_iter().all(|rule| weight(rule).is_some());
            let weights = Weights::new(|rule| weight(rule).unwrap_or_default());
            complete.then(|| AnyAnalyst::Technical(Technical::new(weights)))
        }
        StrategyName::Trend => super::trend::analyst(weights).map(AnyAnalyst::Trend),
    }
}

impl StrategySettings {
    fn thresholds(&self) -> Thresholds {
        Thresholds { buy: Score::nearest(self.buy_score.get()), sell: Score::nearest(self.sell_score.get()) }
    }

    fn weights(&self) -> BTreeMap<String, f64> {
        Rule::ALL.iter().map(|rule| (rule.code().to_owned(), self.weights.of(*rule))).collect()
    }
}

/// On candles longer than the limit nothing could ever be fresh for long: then it is an hour more than the candle.
fn max_age_ms(max_age_s: i64, timeframe: Timeframe) -> i64 {
    let limit = max_age_s * 1000;
    if limit > timeframe.ms() { limit } else { timeframe.ms() + Timeframe::H1.ms() }
}
