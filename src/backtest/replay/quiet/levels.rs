//! Prices that a position waits for, and whether candles might reach them.

use crate::ledger::Position;
use crate::unit::real;

/// Decimals lie no farther from the floats that stand for them, as a share; in truth much nearer.
pub(super) const NEAR: f64 = 1e-9;

/// What a position is watched for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    stop: f64,
    target: f64,
    trail: Option<f64>,
    /// The highest price so far.
    pub(super) high: f64,
}

impl Held {
    /// Of a position.
    pub(super) fn of(position: &Position) -> Self {
        let target = position.plan.target.map_or(f64::INFINITY, |target| real(target.get()));
        let trail = position.plan.trail.map(|trail| real(trail.get()));
        Self { stop: real(position.stop.get()), target, trail, high: real(position.high.get()) }
    }

    /// The first candle that its stop or its target might be met in, or how many there are.
    pub(super) fn quiet(&self, high: &[f64], low: &[f64]) -> usize {
        match self.trail {
            None if lowest(low) > self.stop && highest(high) <= self.target => high.len(),
            None => high.iter().zip(low).take_while(|(high, low)| **low > self.stop && **high <= self.target).count(),
            Some(trail) => self.quiet_before(trail, high, low),
        }
    }

    /// The stop follows the highest price, of the candle itself too. Decimals are rounded otherwise than floats: what lies
    /// near to it might touch it.
    fn quiet_before(&self, trail: f64, high: &[f64], low: &[f64]) -> usize {
        let mut top = self.high;
        let mut is_clear = |(high, low): (&f64, &f64)| {
            top = larger(top, *high);
            *low > self.stop && *low > top - trail + top * NEAR && *high <= self.target
        };
        high.iter().zip(low).take_while(|pair| is_clear(*pair)).count()
    }
}

/// The larger of two prices.
pub(super) fn larger(a: f64, b: f64) -> f64 {
    if b > a { b } else { a }
}

fn smaller(a: f64, b: f64) -> f64 {
    if b < a { b } else { a }
}

/// The highest of prices.
pub(super) fn highest(prices: &[f64]) -> f64 {
    extreme(prices, f64::NEG_INFINITY, larger)
}

/// The lowest of prices.
pub(super) fn lowest(prices: &[f64]) -> f64 {
    extreme(prices, f64::INFINITY, smaller)
}

/// Four at a time: one after another they would have to wait for each other.
#[inline]
fn extreme(prices: &[f64], none: f64, of: impl Fn(f64, f64) -> f64) -> f64 {
    let (fours, rest) = prices.as_chunks::<4>();
    let mut lanes = [none; 4];
    for four in fours {
        for (lane, price) in lanes.iter_mut().zip(four) {
            *lane = of(*lane, *price);
        }
    }
    rest.iter().chain(&lanes).copied().fold(none, of)
}
