//! Many candles at once: readings that lie beside each other are divided, held and rounded several at a time.
//!
//! What is missing goes through as not a number, and says nothing in the end; so there is nothing to decide on the way, and the
//! strengths are those of [`Look`](super::look::Look) to the last bit.

use super::{Rule, Score, Weights};
use crate::indicator::{Indicator, Readings};
use crate::market::Candle;
use crate::signal::score::WHOLE;

/// A number of each candle of a block.
type Lane = [f64; Block::LANES];

/// What rules look at, of candles that follow each other.
#[derive(Clone, Debug)]
pub(super) struct Block {
    len: usize,
    open: Lane,
    close: Lane,
    ema_9: Lane,
    ema_21: Lane,
    ema_50: Lane,
    ema_200: Lane,
    macd: Lane,
    hist: Lane,
    rsi: Lane,
    k: Lane,
    d: Lane,
    upper: Lane,
    middle: Lane,
    atr: Lane,
    adx: Lane,
    flow: Lane,
    vwap: Lane,
}

impl Block {
    /// So many candles it holds at most: enough that the compiler makes loops of it, few enough for the nearest cache.
    pub(super) const LANES: usize = 64;

    pub(super) const fn new() -> Self {
        const NOTHING: Lane = [f64::NAN; Block::LANES];
        Self {
            len: 0,
            open: NOTHING,
            close: NOTHING,
            ema_9: NOTHING,
            ema_21: NOTHING,
            ema_50: NOTHING,
            ema_200: NOTHING,
            macd: NOTHING,
            hist: NOTHING,
            rsi: NOTHING,
            k: NOTHING,
            d: NOTHING,
            upper: NOTHING,
            middle: NOTHING,
            atr: NOTHING,
            adx: NOTHING,
            flow: NOTHING,
            vwap: NOTHING,
        }
    }

    /// Lets go of its candles.
    pub(super) const fn clear(&mut self) {
        self.len = 0;
    }

    /// How many candles it holds.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Takes the next candle; there is room for it.
    #[inline]
    pub(super) fn push(&mut self, candle: &Candle, readings: &Readings) {
        match readings.warm() {
            Some(values) => self.put(candle, |indicator| values[indicator as usize]),
            None => self.put(candle, |indicator| readings.get(indicator).unwrap_or(f64::NAN)),
        }
    }

    #[inline]
    fn put(&mut self, candle: &Candle, read: impl Fn(Indicator) -> f64) {
        let i = self.len;
        self.open[i] = candle.open();
        self.close[i] = candle.close();
        self.ema_9[i] = read(Indicator::Ema9);
        self.ema_21[i] = read(Indicator::Ema21);
        self.ema_50[i] = read(Indicator::Ema50);
        self.ema_200[i] = read(Indicator::Ema200);
        self.macd[i] = read(Indicator::Macd);
        self.hist[i] = read(Indicator::MacdHist);
        self.rsi[i] = read(Indicator::Rsi14);
        self.k[i] = read(Indicator::StochK);
        self.d[i] = read(Indicator::StochD);
        self.upper[i] = read(Indicator::BbUpper);
        self.middle[i] = read(Indicator::BbMiddle);
        self.atr[i] = read(Indicator::Atr14);
        self.adx[i] = read(Indicator::Adx14);
        self.flow[i] = read(Indicator::ObvFlow);
        self.vwap[i] = read(Indicator::Vwap);
        self.len += 1;
    }

    /// What each rule says of each candle, −1 to +1; 0 where there is nothing to read, which gives no points.
    pub(super) fn strengths(&self) -> [Lane; Rule::ALL.len()] {
        let mut said = [[0.0; Self::LANES]; Rule::ALL.len()];
        let [averages, ema_200, macd, adx, rsi, stochastic, bollinger, atr, obv, vwap] = &mut said;
        for i in 0..Self::LANES {
            let (close, range) = (self.close[i], self.atr[i]);
            let both = half(
                ramp(share(self.ema_9[i] - self.ema_21[i], range), 0.5),
                ramp(share(self.ema_21[i] - self.ema_50[i], range), 1.0),
            );
            averages[i] = number(both);
            ema_200[i] = number(ramp(share(close - self.ema_200[i], range), 5.0));
            macd[i] = number(half(ramp(share(self.macd[i], range), 1.0), ramp(share(self.hist[i], range), 0.25)));
            adx[i] = number(((self.adx[i] - 15.0) / 25.0).clamp(0.0, 1.0) * both);
        }
        for i in 0..Self::LANES {
            let (close, range) = (self.close[i], self.atr[i]);
            rsi[i] = number(ramp(self.rsi[i] - 50.0, 20.0));
            stochastic[i] = number(half(ramp(self.k[i] - 50.0, 30.0), ramp(self.k[i] - self.d[i], 10.0)));
            bollinger[i] = number(-ramp(share(close - self.middle[i], self.upper[i] - self.middle[i]), 1.0));
            atr[i] = number(ramp(share(close - self.open[i], range), 1.5));
            obv[i] = number(ramp(self.flow[i], 0.5));
            vwap[i] = number(ramp(share(close - self.vwap[i], range), 2.0));
        }
        said
    }

    /// The score of each candle.
    pub(super) fn scores(&self, weights: &Weights) -> Vec<Score> {
        let mut sums = [0.0; Self::LANES];
        for (rule, strengths) in Rule::ALL.into_iter().zip(&self.strengths()) {
            let weight = weights.get(rule);
            for (sum, strength) in sums.iter_mut().zip(strengths) {
                *sum += tenths_of(weight, *strength);
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "the sum of whole numbers of at most a thousand each")]
        let score = |sum: &f64| Score::from_tenths(*sum as i32);
        sums[..self.len].iter().map(score).collect()
    }
}

/// A part of a whole; 0 where there is no whole.
#[inline]
fn share(part: f64, whole: f64) -> f64 {
    let ratio = part / whole;
    if whole > 0.0 { ratio } else { 0.0 }
}

/// Straight from −1 at `−full` through 0 to +1 at `full`, and level beyond.
#[inline]
fn ramp(distance: f64, full: f64) -> f64 {
    (distance / full).clamp(-1.0, 1.0)
}

/// Halfway between two numbers that are not large.
#[inline]
#[expect(clippy::manual_midpoint, reason = "`f64::midpoint` asks whether they are")]
fn half(a: f64, b: f64) -> f64 {
    (a + b) / 2.0
}

/// What is not a number says nothing.
#[inline]
fn number(strength: f64) -> f64 {
    if strength.is_nan() { 0.0 } else { strength }
}

/// As `Points::of`, in tenths, without a branch or a conversion. The weight lies between 0 and 100, the strength between −1 and +1.
#[inline]
pub(super) fn tenths_of(weight: f64, strength: f64) -> f64 {
    let tenths = weight * strength * 10.0;
    let size = tenths.abs();
    let whole = size + WHOLE - WHOLE;
    // At the half away from zero: the even number may lie below it.
    let more = if size - whole >= 0.5 { 1.0 } else { 0.0 };
    (whole + more).copysign(tenths)
}
