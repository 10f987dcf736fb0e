//! Opinions: an analyst looks at a view and gives a score with its reasons.
//!
//! Uses `unit`, `market` and `indicator`. A score is the sum of the points its reasons name, nothing hidden. This room
//! never decides anything: what follows from a score is the business of `decision`.

mod rule;
mod score;
mod technical;

use std::fmt;

pub use rule::{Reason, Rule};
pub use score::{Leaning, Points, Score, Thresholds};
pub use technical::{Technical, Weights};

use crate::indicator::Readings;
use crate::market::View;
use crate::unit::UtcMillis;

/// Who gives an opinion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnalystName {
    /// Prices and volumes of the decision timeframe.
    Technical,
}

impl AnalystName {
    /// Its name in JSON and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Technical => "Technical Analyst",
        }
    }
}

impl fmt::Display for AnalystName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One opinion on one candle of one pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// Who holds it.
    pub analyst: AnalystName,
    /// The candle it is about.
    pub candle: UtcMillis,
    /// −100…+100.
    pub score: Score,
    /// Why, one for each rule.
    pub reasons: Vec<Reason>,
    /// What was read.
    pub readings: Readings,
}

/// An analyst that can not form an opinion yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{candles} closed candles, {needed} are needed")]
pub struct NotReady {
    /// How many candles there are.
    pub candles: usize,
    /// How many it takes.
    pub needed: usize,
}

/// Something that forms opinions. Asking twice about the same view gives the same answer.
pub trait Analyst {
    /// Its opinion on the newest candle of the view.
    fn analyse(&self, view: &View) -> Result<Signal, NotReady>;
}
