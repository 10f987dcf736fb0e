//! The strategy: what decides, and the hash that names it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::SettingsError;
use super::bounded::{Real, Whole};
use crate::decision::Policy;
use crate::market::View;
use crate::signal::{Rule, Technical, Weights};
use crate::unit::Timeframe;

/// The keys of `[strategy]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StrategyKeys {
    /// Its name.
    pub name: String,
    /// The length of the candles it decides on.
    pub timeframe: String,
    /// BUY from this score on.
    pub buy_score: Real<1, 100>,
    /// SELL from this score down.
    pub sell_score: Real<-100, -1>,
    /// The newest closed candle must have ended less than this before now.
    pub max_age_s: Whole<60, 604_800>,
    /// Missing candles among the newest 200 that are put up with.
    pub max_missing: Whole<0, 199>,
    /// The most points each rule can give or take.
    pub weights: BTreeMap<String, Real<0, 100>>,
}

impl Default for StrategyKeys {
    fn default() -> Self {
        Self {
            name: "classic".to_owned(),
            timeframe: "1h".to_owned(),
            buy_score: Real::new(40.0),
            sell_score: Real::new(-40.0),
            max_age_s: Whole::new(7200),
            max_missing: Whole::new(2),
            weights: BTreeMap::new(),
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
const RULES_VERSION: u32 = 1;

/// A strategy as its hash sees it; also what is read back to ask an old question again.
#[derive(Serialize, Deserialize)]
struct Parameters {
    buy_score: f64,
    candles: usize,
    gap_window: usize,
    max_age_ms: i64,
    max_missing: usize,
    name: String,
    rules_version: u32,
    sell_score: f64,
    timeframe: String,
    weights: BTreeMap<String, f64>,
}

impl Strategy {
    /// The strategy that the keys describe.
    pub(super) fn from_keys(keys: &StrategyKeys) -> Result<Self, SettingsError> {
        let refused = |key: &str, text: String| Err(SettingsError::Value { key: format!("strategy.{key}"), text });
        if keys.name != "classic" {
            return refused("name", format!("`{}` is no strategy; there is `classic`", keys.name));
        }
        if let Some(unknown) = keys.weights.keys().find(|name| !Rule::ALL.iter().any(|r| r.code() == *name)) {
            let rules = Rule::ALL.map(Rule::code).join(", ");
            return refused("weights", format!("`{unknown}` is no rule; there are {rules}"));
        }
        let timeframe: Timeframe = match keys.timeframe.parse() {
            Ok(timeframe) => timeframe,
            Err(e) => return refused("timeframe", format!("{e}")),
        };
        let weights =
            Weights::new(|rule| keys.weights.get(rule.code()).map_or(Weights::DEFAULT.get(rule), |w| w.get()));
        Ok(Self::new(&keys.name, timeframe, weights, policy(keys)))
    }

    fn new(name: &str, timeframe: Timeframe, weights: Weights, policy: Policy) -> Self {
        let parameters = Parameters {
            buy_score: policy.buy_score,
            candles: View::CANDLES,
            gap_window: policy.gap_window,
            max_age_ms: policy.max_age_ms,
            max_missing: policy.max_missing,
            name: name.to_owned(),
            rules_version: RULES_VERSION,
            sell_score: policy.sell_score,
            timeframe: timeframe.to_string(),
            weights: Rule::ALL.iter().map(|r| (r.code().to_owned(), weights.get(*r))).collect(),
        };
        let parameters = serde_json::to_string(&parameters).unwrap_or_default();
        let hash = Sha256::digest(parameters.as_bytes())
            .iter()
            .take(8)
            .fold(String::new(), |hex, b| hex + &format!("{b:02x}"));
        Self { name: name.to_owned(), timeframe, weights, policy, hash, parameters }
    }

    /// The weights in parameters that were stored with a decision, if today's rules are still those of then.
    pub fn stored_weights(parameters: &str) -> Option<Weights> {
        let stored: Parameters = serde_json::from_str(parameters).ok()?;
        let known = stored.rules_version == RULES_VERSION && stored.candles == View::CANDLES;
        known.then(|| Weights::new(|rule| stored.weights.get(rule.code()).copied().unwrap_or_default()))
    }

    /// The analyst that goes by these weights.
    pub const fn analyst(&self) -> Technical {
        Technical::new(self.weights)
    }
}

fn policy(keys: &StrategyKeys) -> Policy {
    Policy {
        buy_score: keys.buy_score.get(),
        sell_score: keys.sell_score.get(),
        max_age_ms: keys.max_age_s.get() * 1000,
        gap_window: Technical::NEEDED,
        max_missing: keys.max_missing.count(),
        warm_up: Technical::NEEDED,
        trust_unknown_status: false,
    }
}
