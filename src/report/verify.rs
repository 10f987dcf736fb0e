//! What `trader verify` found: `trader.verify.v1`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Number, StrategyReport};
use crate::backtest::{Break, Check, Finding, Gauge, Verified};
use crate::unit::{Symbol, UtcMillis};

/// What `trader verify` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "trader.verify.v1")]
pub struct VerifyDocument {
    /// Always `trader.verify.v1`.
    pub schema: &'static str,
    /// `ok`, or `degraded` when a check failed.
    pub status: &'static str,
    /// The exit code that goes with it.
    pub exit_code: u8,
    /// The first moment that is decided at.
    pub from: UtcMillis,
    /// The last one.
    pub to: UtcMillis,
    /// The pairs.
    pub pairs: Vec<Symbol>,
    /// The lengths that fills are walked on, the finest of each pair.
    pub fine: BTreeMap<String, &'static str>,
    /// What decides.
    pub strategy: StrategyReport,
    /// How many places chance drew.
    pub cuts: usize,
    /// What it was seeded with: the same seed draws the same places.
    pub seed: u64,
    /// The checks that were made, in order.
    pub checks: Vec<CheckReport>,
}

/// What a check found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CheckReport {
    /// Which check.
    pub name: &'static str,
    /// `passed`, `failed` or `skipped`.
    pub result: &'static str,
    /// How many times something was held against something.
    pub comparisons: u64,
    /// What was done and found, in a sentence; of a skipped check, the reason.
    pub text: String,
    /// What broke first; null unless the check failed.
    pub broke: Option<BreakReport>,
    /// The numbers behind it.
    pub measures: Vec<GaugeReport>,
}

/// What broke first.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BreakReport {
    /// The pair; null where it is about the account or a whole run.
    pub symbol: Option<Symbol>,
    /// The candle, by its opening, or the moment of the account; null where it is about a whole run.
    pub at: Option<UtcMillis>,
    /// What should have come.
    pub expected: String,
    /// What came.
    pub came: String,
}

/// A number behind a finding.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GaugeReport {
    /// What it is, with its unit.
    pub name: String,
    /// The number; null where it is not finite.
    pub value: Option<Number>,
    /// What it may be at most; null where there is no limit.
    pub limit: Option<Number>,
}

impl From<&Verified> for CheckReport {
    fn from(verified: &Verified) -> Self {
        let (result, broke) = match &verified.finding {
            Finding::Passed => ("passed", None),
            Finding::Failed(broken) => ("failed", Some(BreakReport::from(broken))),
            Finding::Skipped => ("skipped", None),
        };
        Self {
            name: Check::name(verified.check),
            result,
            comparisons: verified.comparisons,
            text: verified.text.clone(),
            broke,
            measures: verified.gauges.iter().map(GaugeReport::from).collect(),
        }
    }
}

impl From<&Break> for BreakReport {
    fn from(broken: &Break) -> Self {
        let Break { symbol, at, expected, came } = broken.clone();
        Self { symbol, at, expected, came }
    }
}

impl From<&Gauge> for GaugeReport {
    fn from(gauge: &Gauge) -> Self {
        let (value, limit) = (Number::exact(gauge.value), gauge.limit.and_then(Number::exact));
        Self { name: gauge.name.clone(), value, limit }
    }
}
