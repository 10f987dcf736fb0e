//! Opinions: an analyst looks at a view and gives a score with its reasons.
//!
//! Uses `unit`, `market` and `indicator`. A score is the sum of the points its reasons name, nothing hidden. This room
//! never decides anything: what follows from a score is the business of `decision`.

mod rule;
mod score;
mod technical;
mod trend;

use std::fmt;

pub use rule::{Reason, Rule};
pub use score::{Leaning, Points, Score, Thresholds};
pub use technical::{Column, Technical, TechnicalStrengths, TechnicalWatch, Weights};
pub use trend::{Trend, TrendRule, TrendStrengths, TrendWatch, TrendWeights};

use crate::indicator::Readings;
use crate::market::{Candle, Depth, View};
use crate::unit::{Timeframe, UtcMillis};

/// Who gives an opinion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnalystName {
    /// Prices and volumes of the decision timeframe.
    Technical,
    /// Prices over weeks.
    Trend,
}

impl AnalystName {
    /// Its name in JSON and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Technical => "Technical Analyst",
            Self::Trend => "Trend Analyst",
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
    /// What an entry is weighed by beside it.
    pub backing: Backing,
    /// Why, one for each rule.
    pub reasons: Vec<Reason>,
    /// What was read.
    pub readings: Readings,
}

/// What an entry is weighed by beside the score; nothing where the analyst has nothing to say of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Backing {
    /// The score of the candle before.
    pub before: Option<Score>,
    /// The standard deviation of the logarithmic return of a candle.
    pub volatility: Option<f64>,
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

/// An analyst on its way through the candles of views that begin at the same one: what it says of each candle is what
/// [`Analyst::analyse`] says of the view that ends with it, to the last bit.
pub trait Watch {
    /// Takes the next candle, of which nobody asks anything.
    fn skip(&mut self, candle: &Candle);
    /// Takes the next candle; what is said of it, if there is something to read.
    fn next(&mut self, candle: &Candle) -> Option<(Score, Backing)>;
    /// Takes candles one after another, and tells of each what [`Self::next`] says.
    fn each(&mut self, candles: &[Candle], take: impl FnMut(Option<(Score, Backing)>)) {
        candles.iter().map(|candle| self.next(candle)).for_each(take);
    }
}

/// A watch that takes down what its rules say, and leaves the weighing to others.
pub trait Unweighted: Watch {
    /// Where it is taken down.
    type Strengths: Default;
    /// Begins a stretch of candles that follow each other, with what was said of the one before.
    fn begin(&self, strengths: &mut Self::Strengths);
    /// Takes candles one after another, as [`Watch::each`] does.
    fn note(&mut self, candles: &[Candle], strengths: &mut Self::Strengths);
}

/// The analyst of a strategy.
#[derive(Clone, Debug, PartialEq)]
pub enum AnyAnalyst {
    /// Of the strategy `classic`.
    Technical(Technical),
    /// Of the strategy `trend`.
    Trend(Trend),
}

impl AnyAnalyst {
    /// Who it is.
    pub const fn name(&self) -> AnalystName {
        match self {
            Self::Technical(_) => AnalystName::Technical,
            Self::Trend(_) => AnalystName::Trend,
        }
    }

    /// Closed candles before it says anything.
    pub fn needed(&self, timeframe: Timeframe) -> usize {
        match self {
            Self::Technical(_) => Technical::NEEDED,
            Self::Trend(_) => Trend::needed(timeframe),
        }
    }

    /// How far its views look back.
    pub const fn depth(&self, timeframe: Timeframe) -> Depth {
        match self {
            Self::Technical(_) => Depth::PLAIN,
            Self::Trend(_) => Trend::depth(timeframe),
        }
    }
}

impl Analyst for AnyAnalyst {
    fn analyse(&self, view: &View) -> Result<Signal, NotReady> {
        match self {
            Self::Technical(technical) => technical.analyse(view),
            Self::Trend(trend) => trend.analyse(view),
        }
    }
}
