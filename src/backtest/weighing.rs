//! The same bars under other weights: candles are read once, and what the rules say of them is weighed as often as it takes.

use std::sync::Arc;

use super::bar::{Bar, Lens};
use super::tape::Tape;
use crate::market::Candle;
use crate::signal::{
    AnyAnalyst, Backing, Column, Rule, Score, TechnicalStrengths, TrendStrengths, Unweighted, Watch, Weights,
};
use crate::unit::{Timeframe, UtcMillis};

/// What the rules of an analyst say of each candle that is decided on, whatever they weigh.
#[derive(Clone, Debug)]
pub enum Strengths {
    /// Of the strategy `classic`.
    Technical(TechnicalStrengths),
    /// Of the strategy `trend`.
    Trend(TrendStrengths),
}

impl Strengths {
    /// What the rules of this analyst say, whose weights do not matter.
    pub fn of(tape: &Tape, analyst: &AnyAnalyst) -> Self {
        let lens = Lens::new(tape, analyst, tape.decided_on().timeframe(), 0);
        match analyst {
            AnyAnalyst::Technical(technical) => {
                Self::Technical(noted(&lens, |first| technical.watch(lens.timeframe, first)))
            }
            AnyAnalyst::Trend(trend) => Self::Trend(noted(&lens, |_| trend.watch(lens.timeframe))),
        }
    }

    /// What [`bars`](super::bars) gives by this analyst, from what it gives whatever is said (`unsaid`). None where the
    /// analyst is another one than that whose rules were asked. `points` gives what a rule gives under a weight; it may make
    /// it with its last argument, or have it from before.
    pub fn bars(
        &self,
        unsaid: &[Bar],
        analyst: &AnyAnalyst,
        points: impl Fn(Rule, f64, &dyn Fn() -> Column) -> Arc<Column>,
    ) -> Option<Vec<Bar>> {
        match (self, analyst) {
            (Self::Technical(strengths), AnyAnalyst::Technical(technical)) => {
                Some(scored(unsaid, &scores(strengths, technical.weights(), points)))
            }
            (Self::Trend(strengths), AnyAnalyst::Trend(trend)) => {
                let (mut bars, mut unsaid) = (Vec::with_capacity(unsaid.len()), unsaid.iter());
                strengths.weigh(trend.weights(), |told| bars.extend(unsaid.next().map(|bar| bar.told(told))));
                Some(bars)
            }
            _ => None,
        }
    }
}

fn noted<W: Unweighted>(lens: &Lens<'_>, watch: impl Fn(UtcMillis) -> W) -> W::Strengths {
    let mut strengths = W::Strengths::default();
    for stretch in lens.stretches() {
        let mut watch = watch(stretch.first);
        lens.candles[stretch.before()].iter().for_each(|candle| watch.skip(candle));
        watch.begin(&mut strengths);
        watch.note(&lens.candles[stretch.candles()], &mut strengths);
    }
    strengths
}

fn scores(
    strengths: &TechnicalStrengths,
    weights: &Weights,
    points: impl Fn(Rule, f64, &dyn Fn() -> Column) -> Arc<Column>,
) -> Column {
    let of = |rule: Rule| {
        let weight = weights.get(rule);
        points(rule, weight, &|| strengths.points(rule, weight))
    };
    TechnicalStrengths::scores(&Rule::ALL.map(of))
}

fn scored(unsaid: &[Bar], scores: &[i16]) -> Vec<Bar> {
    unsaid.iter().zip(scores).map(|(bar, score)| bar.scored(*score)).collect()
}

/// What could be known at the end of each candle whatever is said of it: its score is 0 where there is any.
pub fn unsaid_bars(tape: &Tape, analyst: &AnyAnalyst, atr: Timeframe, window: usize) -> Vec<Bar> {
    Lens::new(tape, analyst, atr, window).bars(|_| Mute)
}

/// Says nothing of any candle.
struct Mute;

impl Watch for Mute {
    fn skip(&mut self, _: &Candle) {}

    fn next(&mut self, _: &Candle) -> Option<(Score, Backing)> {
        Some((Score::from_tenths(0), Backing::default()))
    }
}

#[cfg(test)]
mod tests;
