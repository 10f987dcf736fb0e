//! Figures that are written to a file and read back.

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Cell, Table};
use crate::backtest::{Figure, Undefined};

/// A figure to six decimals, or why there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// The figure.
    pub value: Option<f64>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "words")]
    pub why: Option<String>,
}

/// Words that may be shown on a terminal: a file may come from anywhere.
fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let words = Option::<String>::deserialize(deserializer)?;
    let is_plain = words.as_ref().is_none_or(|words| words.len() < 200 && !words.contains(char::is_control));
    is_plain.then_some(words).ok_or_else(|| D::Error::custom("the reason is no words"))
}

impl Measure {
    /// A plain number.
    pub fn plain(figure: Figure) -> Self {
        let rounded = figure.and_then(|value| {
            let rounded = (value * 1e6).round() / 1e6 + 0.0;
            if rounded.is_finite() { Ok(rounded) } else { Err(Undefined::NotFinite) }
        });
        Self { value: rounded.ok(), why: rounded.err().map(|why| why.words().to_owned()) }
    }

    /// A share, in percent.
    pub fn percent(figure: Figure) -> Self {
        Self::plain(figure.map(|share| 100.0 * share))
    }

    /// A number, or none for this reason.
    pub fn known(value: Option<f64>, why: &str) -> Self {
        value.map_or_else(|| Self::none(why), |value| Self::plain(Ok(value)))
    }

    /// There is none, for this reason.
    pub fn none(why: &str) -> Self {
        Self { value: None, why: Some(why.to_owned()) }
    }

    /// For people.
    pub fn told(&self) -> String {
        let why = || self.why.clone().unwrap_or_else(|| "unknown".to_owned());
        self.value.map_or_else(why, |value| format!("{value:.3}"))
    }
}

/// What anybody could have done, beside many results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct YardstickReport {
    /// What it does.
    #[serde(deserialize_with = "name")]
    pub name: String,
    /// The return over all of it.
    pub total_return_pct: Measure,
    /// The return of a year.
    pub cagr_pct: Measure,
    /// Sharpe ratio of a year, from daily returns.
    pub sharpe_daily: Measure,
    /// The deepest drawdown.
    pub max_drawdown_pct: Measure,
}

/// A name that may be shown on a terminal.
fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    words(deserializer)?.ok_or_else(|| D::Error::custom("there is no name"))
}

impl YardstickReport {
    /// A row each.
    pub fn table(all: &[Self]) -> Table<&'static str> {
        let row = |yardstick: &Self| {
            let figures = [
                &yardstick.sharpe_daily,
                &yardstick.total_return_pct,
                &yardstick.cagr_pct,
                &yardstick.max_drawdown_pct,
            ];
            std::iter::once(Cell::Text(yardstick.name.clone())).chain(figures.map(Cell::thousandths)).collect()
        };
        let columns = ["at the same costs", "sharpe", "return_pct", "cagr_pct", "drawdown_pct"].to_vec();
        Table { columns, rows: all.iter().map(row).collect() }
    }
}
