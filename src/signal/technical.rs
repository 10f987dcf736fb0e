//! The technical analyst: ten rules in four families over the readings of the decision timeframe.
//!
//! Each rule turns readings into a strength from −1 (falling) to +1 (rising), which times its weight gives its points.
//! Distances are measured in ATRs, so multiplying all prices changes nothing; each strength is an odd function of the
//! reading's distance from neutral, so mirrored prices give the mirrored score. The rules are the textbook ones of the
//! indicators' authors (Appel for MACD, Wilder for RSI, ATR and ADX, Lane for the Stochastic, Bollinger, Granville for
//! OBV), read as momentum; only Bollinger's is read against the move. There is no evidence that they earn anything after
//! costs; the forecasts and outcomes that are kept of every decision are there to show whether they do.

mod block;
mod look;
mod strengths;

pub use self::strengths::{Column, TechnicalStrengths};

use self::block::Block;
use self::look::Look;
use super::{Analyst, AnalystName, Backing, NotReady, Points, Reason, Rule, Score, Signal, Unweighted, Watch};
use crate::indicator::{Indicator, Pass, Readings, readings};
use crate::market::{Candle, View};
use crate::unit::{Timeframe, UtcMillis};

/// The most points each rule can give or take, 0–100. By default trend 45, momentum 25, volatility 15, volume 15.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights([f64; Rule::ALL.len()]);

impl Weights {
    /// The default weights; they add up to 100.
    pub const DEFAULT: Self = Self([15.0, 10.0, 12.0, 8.0, 15.0, 10.0, 10.0, 5.0, 8.0, 7.0]);

    /// Weights by rule; `weight` is asked for each, and held between 0 and 100.
    pub fn new(weight: impl Fn(Rule) -> f64) -> Self {
        Self(Rule::ALL.map(|rule| weight(rule).clamp(0.0, 100.0)))
    }

    /// The weight of a rule.
    pub const fn get(&self, rule: Rule) -> f64 {
        self.0[rule as usize]
    }
}

/// The analyst that reads prices and volumes.
#[derive(Clone, Debug, PartialEq)]
pub struct Technical {
    weights: Weights,
}

impl Technical {
    /// Closed candles before it says anything: the warm-up of its slowest indicator, EMA-200.
    pub const NEEDED: usize = Indicator::Ema200.warm_up();

    /// An analyst with these weights.
    pub const fn new(weights: Weights) -> Self {
        Self { weights }
    }

    /// The opinion that follows from the readings of a candle.
    pub fn judge(&self, candle: &Candle, readings: &Readings) -> Signal {
        let reasons: Vec<Reason> = Rule::ALL.into_iter().map(|rule| self.reason(rule, candle, readings)).collect();
        let score = self.score(candle, readings);
        Signal {
            analyst: AnalystName::Technical,
            candle: candle.open_time(),
            score,
            backing: Backing::default(),
            reasons,
            readings: *readings,
        }
    }

    /// What each rule can give or take at most.
    pub const fn weights(&self) -> &Weights {
        &self.weights
    }

    /// The score of that opinion alone: the same points, without the sentences that explain them.
    pub fn score(&self, candle: &Candle, readings: &Readings) -> Score {
        let look = Look::new(candle, readings);
        Score::sum(Rule::ALL.into_iter().filter_map(|rule| self.points(rule, &look)))
    }

    /// What goes from candle to candle of views that begin at `first`.
    pub fn watch(&self, timeframe: Timeframe, first: UtcMillis) -> TechnicalWatch<'_> {
        TechnicalWatch { analyst: self, pass: Pass::of_view(timeframe, first) }
    }

    fn points(&self, rule: Rule, look: &Look<'_>) -> Option<Points> {
        Some(Points::of(self.weights.get(rule), look.strength(rule)?))
    }

    fn reason(&self, rule: Rule, candle: &Candle, readings: &Readings) -> Reason {
        let look = Look::new(candle, readings);
        let text = look.text(rule).unwrap_or_else(|| "nothing to read yet".to_owned());
        Reason { code: rule.code(), points: self.points(rule, &look), text }
    }
}

impl Analyst for Technical {
    fn analyse(&self, view: &View) -> Result<Signal, NotReady> {
        let candles = view.series().candles().len();
        let not_ready = NotReady { candles, needed: Self::NEEDED };
        if candles < Self::NEEDED {
            return Err(not_ready);
        }
        let candle = view.series().newest().ok_or(not_ready)?;
        Ok(self.judge(candle, &readings(view.series()).ok_or(not_ready)?))
    }
}

/// Takes the candles of a view one after another.
#[derive(Debug)]
pub struct TechnicalWatch<'a> {
    analyst: &'a Technical,
    pass: Pass,
}

impl Watch for TechnicalWatch<'_> {
    #[inline]
    fn skip(&mut self, candle: &Candle) {
        self.pass.skip(candle);
    }

    fn next(&mut self, candle: &Candle) -> Option<(Score, Backing)> {
        let readings = self.pass.next(candle);
        Some((self.analyst.score(candle, &readings), Backing::default()))
    }

    fn each(&mut self, candles: &[Candle], mut take: impl FnMut(Option<(Score, Backing)>)) {
        let weights = self.analyst.weights;
        let say = |block: &Block| {
            block.scores(&weights).iter().for_each(|score| take(Some((*score, Backing::default()))));
        };
        self.read(candles, say);
    }
}

impl Unweighted for TechnicalWatch<'_> {
    type Strengths = TechnicalStrengths;

    /// Nothing is said of the candle before.
    fn begin(&self, _: &mut TechnicalStrengths) {}

    fn note(&mut self, candles: &[Candle], strengths: &mut TechnicalStrengths) {
        self.read(candles, |block| strengths.push(block));
    }
}

impl TechnicalWatch<'_> {
    /// Takes candles block by block.
    fn read(&mut self, candles: &[Candle], mut take: impl FnMut(&Block)) {
        let mut block = Block::new();
        for candles in candles.chunks(Block::LANES) {
            block.clear();
            for candle in candles {
                block.push(candle, &self.pass.next(candle));
            }
            take(&block);
        }
    }
}

#[cfg(test)]
mod tests;
