//! A recursive average that starts from the mean of its first inputs instead of from its first input alone.

use yata::core::{Method, PeriodType};
use yata::methods::{EMA, RMA};

/// A moving average over one number, fed one by one.
pub(super) trait Average: Sized {
    /// The average over `period` candles that starts at `seed`.
    fn start(period: PeriodType, seed: f64) -> Option<Self>;
    /// Takes the next number.
    fn step(&mut self, input: f64) -> f64;
}

impl Average for EMA {
    fn start(period: PeriodType, seed: f64) -> Option<Self> {
        Self::new(period, &seed).ok()
    }

    #[inline]
    fn step(&mut self, input: f64) -> f64 {
        self.next(&input)
    }
}

impl Average for RMA {
    fn start(period: PeriodType, seed: f64) -> Option<Self> {
        Self::new(period, &seed).ok()
    }

    #[inline]
    fn step(&mut self, input: f64) -> f64 {
        self.next(&input)
    }
}

/// An average that collects its first `count` inputs and starts from their sum over `divisor`.
#[derive(Debug)]
pub(super) struct Seeded<M> {
    period: PeriodType,
    left: PeriodType,
    divisor: f64,
    sum: f64,
    running: Option<M>,
}

impl<M: Average> Seeded<M> {
    /// The usual seed: the mean of the first `period` inputs.
    pub(super) fn new(period: PeriodType) -> Self {
        Self::with_seed(period, period)
    }

    /// Seeded by the sum of `count` inputs over the period, as Wilder's sums in the ADX are (13 inputs, period 14).
    pub(super) fn with_seed(period: PeriodType, count: PeriodType) -> Self {
        Self { period, left: count, divisor: f64::from(period), sum: 0.0, running: None }
    }

    /// Takes an input; the average once there is one.
    #[inline]
    pub(super) fn push(&mut self, input: f64) -> Option<f64> {
        match &mut self.running {
            Some(average) => Some(average.step(input)),
            None => self.collect(input),
        }
    }

    #[cold]
    fn collect(&mut self, input: f64) -> Option<f64> {
        self.sum += input;
        self.left -= 1;
        if self.left > 0 {
            return None;
        }
        let seed = self.sum / self.divisor;
        self.running = M::start(self.period, seed);
        Some(seed)
    }
}
