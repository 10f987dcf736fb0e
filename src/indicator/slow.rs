//! Readings over weeks: what slow trends are told from.
//!
//! One pass over the candles that are decided on takes all of them. Longer candles are only ever known by their closes: the close
//! of a candle that ends where a four-hour candle or a day ends. A candle that is missing there leaves that close out; none is
//! made up, and none is known before it has ended.

use std::collections::VecDeque;

use yata::core::Method;
use yata::methods::{EMA, Past, SMA};

use super::seeded::Seeded;
use crate::market::Candle;
use crate::unit::{Timeframe, UtcMillis};

/// The days of the returns.
pub const RETURN_DAYS: [u16; 3] = [7, 14, 28];
/// The days of the simple moving averages.
pub const AVERAGE_DAYS: [u16; 5] = [5, 10, 20, 50, 100];
/// The days of the channels.
pub const CHANNEL_DAYS: [u16; 5] = [10, 20, 30, 60, 90];
/// Daily closes for which a breakout counts that no later one renews. Whatever lies further back says nothing, so that views
/// of any depth say the same.
pub const BREAKOUT_COUNTS: u16 = 30;
/// The four-hour candles of the pairs of exponential averages.
pub const CROSSES: [(u16, u16); 3] = [(8, 32), (16, 64), (32, 128)];
/// The lengths whose direction is read.
pub const DIRECTIONS: [Timeframe; 3] = [Timeframe::H1, Timeframe::H4, Timeframe::D1];

const HALF_LIFE_MS: i64 = 72 * 3_600_000;

/// The slow readings of one candle; each is `None` before its warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SlowReadings {
    /// The close.
    pub close: f64,
    /// The standard deviation of a candle's logarithmic return around 0, exponentially weighted with a half-life of 72 hours
    /// (`RiskMetrics` Technical Document, J.P. Morgan, 1996).
    pub volatility: Option<f64>,
    /// The logarithmic returns over 7, 14 and 28 days.
    pub returns: [Option<f64>; RETURN_DAYS.len()],
    /// The simple means of the closes of 5, 10, 20, 50 and 100 days.
    pub averages: [Option<f64>; AVERAGE_DAYS.len()],
    /// Whether the close has broken out of its channel of 10, 20, 30, 60 and 90 days in the last thirty days, and not fallen
    /// back since.
    pub breakouts: [Option<bool>; CHANNEL_DAYS.len()],
    /// A fast exponential average less a slow one, of four-hour closes, as a share of the last of these.
    pub crosses: [Option<f64>; CROSSES.len()],
    /// Whether the last close of an hour, four hours, a day lies above (+1), at (0) or below (−1) the exponential average of 21.
    pub directions: [Option<f64>; DIRECTIONS.len()],
}

/// Takes candles one after another and gives the slow readings of each.
#[derive(Debug)]
pub struct SlowPass {
    timeframe: Timeframe,
    volatility: Volatility,
    returns: [Return; RETURN_DAYS.len()],
    averages: [Mean; AVERAGE_DAYS.len()],
    channels: [Channel; CHANNEL_DAYS.len()],
    crosses: [Cross; CROSSES.len()],
    directions: [Direction; DIRECTIONS.len()],
}

impl SlowPass {
    /// A pass over candles of this length, which is a day at most.
    pub fn new(timeframe: Timeframe) -> Self {
        let candles = |days: u16| candles(timeframe, i64::from(days) * Timeframe::D1.ms());
        Self {
            timeframe,
            volatility: Volatility::new(timeframe),
            returns: RETURN_DAYS.map(|days| Return::new(candles(days))),
            averages: AVERAGE_DAYS.map(|days| Mean::new(candles(days))),
            channels: CHANNEL_DAYS.map(Channel::new),
            crosses: CROSSES.map(Cross::new),
            directions: DIRECTIONS.map(Direction::new),
        }
    }

    /// Takes the next candle.
    pub fn next(&mut self, candle: &Candle) -> SlowReadings {
        let (close, logarithm) = (candle.close(), candle.close().ln());
        let end = self.timeframe.step(candle.open_time(), 1);
        self.take_longer(close, end);
        let mut readings =
            SlowReadings { close, volatility: self.volatility.push(logarithm), ..SlowReadings::default() };
        each(&mut self.returns, &mut readings.returns, |back| back.push(logarithm));
        each(&mut self.averages, &mut readings.averages, |mean| mean.push(close));
        each(&mut self.channels, &mut readings.breakouts, |channel| channel.is_out);
        each(&mut self.crosses, &mut readings.crosses, |cross| cross.reading);
        each(&mut self.directions, &mut readings.directions, |direction| direction.reading);
        readings
    }

    /// Takes in the longer candles that end at this instant.
    fn take_longer(&mut self, close: f64, end: UtcMillis) {
        let ends = |length: Timeframe| length >= self.timeframe && length.on_grid(end);
        if ends(Timeframe::H4) {
            self.crosses.iter_mut().for_each(|cross| cross.push(close));
        }
        if ends(Timeframe::D1) {
            self.channels.iter_mut().for_each(|channel| channel.push(close));
        }
        for direction in self.directions.iter_mut().filter(|direction| ends(direction.length)) {
            direction.push(close);
        }
    }
}

fn each<M, R, const N: usize>(methods: &mut [M; N], readings: &mut [R; N], read: impl Fn(&mut M) -> R) {
    methods.iter_mut().zip(readings).for_each(|(method, reading)| *reading = read(method));
}

/// How many candles of a length make a duration, at least one.
fn candles(timeframe: Timeframe, duration_ms: i64) -> u16 {
    u16::try_from((duration_ms / timeframe.ms()).max(1)).unwrap_or(u16::MAX)
}

/// The mean square of returns, begun with the plain mean over as many as a half-life has.
#[derive(Debug)]
struct Volatility {
    alpha: f64,
    seed: u16,
    seen: u16,
    mean: f64,
    before: Option<f64>,
}

impl Volatility {
    fn new(timeframe: Timeframe) -> Self {
        let half_life = candles(timeframe, HALF_LIFE_MS);
        Self {
            alpha: 1.0 - 0.5_f64.powf(1.0 / f64::from(half_life)),
            seed: half_life,
            seen: 0,
            mean: 0.0,
            before: None,
        }
    }

    fn push(&mut self, logarithm: f64) -> Option<f64> {
        let step = logarithm - self.before.replace(logarithm)?;
        if self.seen < self.seed {
            self.seen += 1;
            self.mean += (step * step - self.mean) / f64::from(self.seen);
        } else {
            self.mean += self.alpha * (step * step - self.mean);
        }
        (self.seen == self.seed).then(|| self.mean.sqrt())
    }
}

/// The change since so many candles ago.
#[derive(Debug)]
struct Return {
    length: u16,
    seen: u16,
    past: Option<Past<f64>>,
}

impl Return {
    fn new(length: u16) -> Self {
        Self { length, seen: 0, past: None }
    }

    fn push(&mut self, logarithm: f64) -> Option<f64> {
        let Some(past) = &mut self.past else {
            self.past = Past::new(self.length, &logarithm).ok();
            self.seen = 1;
            return None;
        };
        let change = logarithm - past.next(&logarithm);
        self.seen = self.seen.saturating_add(1);
        (self.seen > self.length).then_some(change)
    }
}

/// The simple mean of so many closes.
#[derive(Debug)]
struct Mean {
    length: u16,
    seen: u16,
    average: Option<SMA>,
}

impl Mean {
    fn new(length: u16) -> Self {
        Self { length, seen: 0, average: None }
    }

    fn push(&mut self, close: f64) -> Option<f64> {
        self.seen = self.seen.saturating_add(1);
        if let Some(average) = &mut self.average {
            let mean = average.next(&close);
            return (self.seen >= self.length).then_some(mean);
        }
        self.average = SMA::new(self.length, &close).ok();
        (self.length == 1).then_some(close)
    }
}

/// A channel of daily closes: a close that is the highest of all is a breakout, and it lasts until a close lies at or below
/// the middle of the channel, or the highest that this middle has been since (Zarattini, Pagani & Barbon, *Catching Crypto
/// Trends*, 2025), or for thirty closes.
#[derive(Debug)]
struct Channel {
    days: usize,
    closes: VecDeque<f64>,
    /// The newest closes, each with its channel.
    recent: VecDeque<Close>,
    is_out: Option<bool>,
}

/// A close and the channel that ends with it.
#[derive(Clone, Copy, Debug)]
struct Close {
    price: f64,
    highest: f64,
    middle: f64,
}

impl Channel {
    fn new(days: u16) -> Self {
        let days = usize::from(days);
        let (closes, recent) = (VecDeque::with_capacity(days), VecDeque::with_capacity(usize::from(BREAKOUT_COUNTS)));
        Self { days, closes, recent, is_out: None }
    }

    fn push(&mut self, close: f64) {
        put(&mut self.closes, close, self.days);
        if self.closes.len() < self.days {
            return;
        }
        let highest = self.closes.iter().copied().fold(f64::MIN, f64::max);
        let middle = f64::midpoint(highest, self.closes.iter().copied().fold(f64::MAX, f64::min));
        put(&mut self.recent, Close { price: close, highest, middle }, usize::from(BREAKOUT_COUNTS));
        self.is_out = Some(is_out(&self.recent));
    }
}

/// Whether these closes, one after another, leave a breakout behind.
fn is_out(closes: &VecDeque<Close>) -> bool {
    // While it is out, the stop; the highest middle since the breakout.
    let mut stop: Option<f64> = None;
    for Close { price, highest, middle } in closes.iter().copied() {
        let breaks_out = price >= highest && price > middle;
        stop = match stop {
            Some(stop) => Some(stop.max(middle)).filter(|stop| price > *stop),
            None => breaks_out.then_some(middle),
        };
    }
    stop.is_some()
}

/// Adds the newest, and lets go of the oldest where there are more than so many.
fn put<T>(values: &mut VecDeque<T>, newest: T, most: usize) {
    if values.len() >= most {
        values.pop_front();
    }
    values.push_back(newest);
}

/// Two exponential averages of four-hour closes.
#[derive(Debug)]
struct Cross {
    fast: Seeded<EMA>,
    slow: Seeded<EMA>,
    reading: Option<f64>,
}

impl Cross {
    fn new((fast, slow): (u16, u16)) -> Self {
        Self { fast: Seeded::new(fast), slow: Seeded::new(slow), reading: None }
    }

    fn push(&mut self, close: f64) {
        let (fast, slow) = (self.fast.push(close), self.slow.push(close));
        self.reading = fast.zip(slow).map(|(fast, slow)| (fast - slow) / close);
    }
}

/// Which way candles of a length go.
#[derive(Debug)]
struct Direction {
    length: Timeframe,
    average: Seeded<EMA>,
    reading: Option<f64>,
}

impl Direction {
    fn new(length: Timeframe) -> Self {
        Self { length, average: Seeded::new(21), reading: None }
    }

    fn push(&mut self, close: f64) {
        let sign = |away: f64| if away == 0.0 { 0.0 } else { away.signum() };
        self.reading = self.average.push(close).map(|average| sign(close - average));
    }
}

#[cfg(test)]
mod tests;
