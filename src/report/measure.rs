//! Figures that are written to a file and read back.

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

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
