//! One pass over a series that takes every reading of every candle, without allocating inside it.
//!
//! The recursive averages and the windows are yata's; what yata lacks (OBV, anchored VWAP) or does otherwise than
//! convention (seeds, population deviation, 0–100 scales) is done here, in this one place.

use yata::core::Method;
use yata::methods::{EMA, Highest, Lowest, RMA, SMA, StDev};

use super::Indicator;
use super::seeded::Seeded;
use super::true_range::TrueRange;
use super::volume::{Volume, only_if, share};
use crate::market::{Candle, Series, View};
use crate::unit::{Timeframe, UtcMillis};

/// Yata's sample deviation (n − 1) over 20 values times this is the population deviation (n), which Bollinger's bands use.
const POPULATION_OF_20: f64 = 0.974_679_434_480_896_3;

/// The readings of one candle; a reading is `None` before its warm-up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Readings {
    open_time: UtcMillis,
    candles: usize,
    values: Values,
}

/// A value for each indicator; not a number where there is none, which takes half the room of an option.
type Values = [f64; Indicator::COUNT];

impl Readings {
    /// The candle they belong to.
    pub const fn open_time(&self) -> UtcMillis {
        self.open_time
    }

    /// How many candles the pass had seen, this one included.
    pub const fn candles(&self) -> usize {
        self.candles
    }

    /// A value for each indicator in their order, once the slowest of them is warm; not a number where there is none.
    #[inline]
    pub fn warm(&self) -> Option<&[f64; Indicator::COUNT]> {
        (self.candles >= Indicator::LONGEST_WARM_UP).then_some(&self.values)
    }

    /// Puts another value in the place of a reading.
    #[cfg(test)]
    pub(crate) const fn plant(&mut self, indicator: usize, value: f64) {
        self.values[indicator] = value;
    }

    /// One reading, once it is warm.
    pub fn get(&self, indicator: Indicator) -> Option<f64> {
        // Windows give something before they are full.
        let value = self.values[indicator as usize];
        (self.candles >= indicator.warm_up() && !value.is_nan()).then_some(value)
    }
}

/// The readings of the newest candle of a view's series, taken from as far back as the plain depth however deep it is.
pub fn readings(series: &Series) -> Option<Readings> {
    let first = View::first(series.timeframe(), series.end()?);
    let candles = series.candles();
    over(series.timeframe(), &candles[candles.partition_point(|c| c.open_time() < first)..])
}

/// The readings of the last of some candles, which are those of its view.
pub fn over(timeframe: Timeframe, view: &[Candle]) -> Option<Readings> {
    let (newest, before) = view.split_last()?;
    let mut pass = Pass::of_view(timeframe, View::first(timeframe, timeframe.step(newest.open_time(), 1)));
    for candle in before {
        pass.skip(candle);
    }
    Some(pass.next(newest))
}

/// Takes candles one after another and gives the readings of each.
#[derive(Debug)]
pub struct Pass {
    candles: usize,
    previous: Option<Before>,
    trend: Trend,
    momentum: Momentum,
    bands: Option<Bands>,
    volume: Volume,
    daily: bool,
    /// From here on windows are filled, and so many candles have been in them.
    windows: UtcMillis,
    windowed: usize,
    /// From here on volume-weighted prices are summed: where the day begins in which windows are first filled.
    days: UtcMillis,
}

/// What is looked at of the candle before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    high: f64,
    low: f64,
    pub(super) close: f64,
}

impl Before {
    #[inline]
    const fn of(candle: &Candle) -> Self {
        Self { high: candle.high(), low: candle.low(), close: candle.close() }
    }
}

impl Pass {
    /// A pass over candles of this length.
    pub fn new(timeframe: Timeframe) -> Self {
        Self {
            windows: UtcMillis::new(i64::MIN),
            windowed: 0,
            days: UtcMillis::new(i64::MIN),
            candles: 0,
            previous: None,
            trend: Trend::new(),
            momentum: Momentum::new(),
            bands: None,
            volume: Volume::default(),
            daily: timeframe == Timeframe::D1,
        }
    }

    /// A pass over the candles of views that begin at `first`. Averages take in all of them; windows only those that the
    /// first decision needs and later ones, which spares half of the work.
    pub fn of_view(timeframe: Timeframe, first: UtcMillis) -> Self {
        let windows = View::windows(timeframe, first);
        Self { windows, days: Timeframe::D1.floor(windows), ..Self::new(timeframe) }
    }

    /// Takes the next candle, whose readings nobody asks for.
    #[inline]
    pub fn skip(&mut self, candle: &Candle) {
        if candle.open_time() >= self.windows {
            self.next(candle);
            return;
        }
        self.candles += 1;
        let previous = self.previous.replace(Before::of(candle));
        let mut unread = [f64::NAN; Indicator::COUNT];
        self.trend.push(candle.close(), &mut unread);
        self.momentum.push(candle, previous.as_ref(), &mut unread);
        self.volume.balance(candle, previous.as_ref());
        if candle.open_time() >= self.days {
            self.volume.sum(candle, self.candles);
        }
    }

    /// Takes the next candle.
    #[inline]
    pub fn next(&mut self, candle: &Candle) -> Readings {
        self.candles += 1;
        let previous = self.previous.replace(Before::of(candle));
        let (open_time, candles) = (candle.open_time(), self.candles);
        let mut readings = Readings { open_time, candles, values: [f64::NAN; Indicator::COUNT] };
        let values = &mut readings.values;
        self.trend.push(candle.close(), values);
        self.momentum.push(candle, previous.as_ref(), values);
        set(values, Indicator::Obv, self.volume.balance(candle, previous.as_ref()));
        if candle.open_time() >= self.days {
            self.volume.sum(candle, self.candles);
            let vwap = self.volume.vwap(candle).filter(|_| !self.daily);
            set(values, Indicator::Vwap, vwap);
        }
        if candle.open_time() >= self.windows {
            self.fill_windows(candle, values);
        }
        readings
    }
}

impl Pass {
    #[inline]
    fn fill_windows(&mut self, candle: &Candle, values: &mut Values) {
        self.windowed += 1;
        self.bands.get_or_insert_with(|| Bands::new(candle)).push(candle, values);
        set(values, Indicator::ObvFlow, self.volume.flow(candle.volume()));
        if self.windowed < Self::LONGEST_WINDOW {
            self.empty_windows(values);
        }
    }

    const LONGEST_WINDOW: usize = 20;

    /// Windows that are not full say nothing, however many candles the averages have seen.
    #[cold]
    fn empty_windows(&self, values: &mut Values) {
        use Indicator::{BbLower, BbMiddle, BbUpper, ObvFlow, StochD, StochK};
        for indicator in [StochK, StochD, BbUpper, BbMiddle, BbLower, ObvFlow] {
            if self.windowed < indicator.warm_up() {
                set(values, indicator, None);
            }
        }
    }
}

#[inline]
fn set(values: &mut Values, indicator: Indicator, value: impl Into<Option<f64>>) {
    values[indicator as usize] = value.into().unwrap_or(f64::NAN);
}

/// Moving averages of the close, and the MACD made of two of them.
#[derive(Debug)]
struct Trend {
    emas: [Seeded<EMA>; 4],
    fast: Seeded<EMA>,
    slow: Seeded<EMA>,
    signal: Seeded<EMA>,
    /// TA-Lib lets the fast average begin so late that both MACD averages have their seed on the same candle.
    fast_waits: u8,
}

impl Trend {
    fn new() -> Self {
        Self {
            emas: [9, 21, 50, 200].map(Seeded::new),
            fast: Seeded::new(12),
            slow: Seeded::new(26),
            signal: Seeded::new(9),
            fast_waits: 26 - 12,
        }
    }

    #[expect(clippy::inline_always, reason = "what a skipped candle does not need falls away")]
    #[inline(always)]
    fn push(&mut self, close: f64, values: &mut Values) {
        let [fastest, fast, slow, slowest] = &mut self.emas;
        set(values, Indicator::Ema9, fastest.push(close));
        set(values, Indicator::Ema21, fast.push(close));
        set(values, Indicator::Ema50, slow.push(close));
        set(values, Indicator::Ema200, slowest.push(close));
        let slow = self.slow.push(close);
        let fast = if self.fast_waits > 0 { self.wait() } else { self.fast.push(close) };
        let Some(macd) = fast.zip(slow).map(|(fast, slow)| fast - slow) else { return };
        let signal = self.signal.push(macd);
        set(values, Indicator::Macd, macd);
        set(values, Indicator::MacdSignal, signal);
        set(values, Indicator::MacdHist, signal.map(|signal| macd - signal));
    }

    #[cold]
    fn wait(&mut self) -> Option<f64> {
        self.fast_waits -= 1;
        None
    }
}

/// Moves up and down that differ by less than this share are equal: 100.3 − 100.2 and 50.2 − 50.1 are the same move, though
/// not in binary. Wilder counts neither of two equal moves, and rounding must not choose one.
const TIE: f64 = 1e-9;

/// RSI, ATR and ADX: Wilder's smoothing of what changed since the candle before.
#[derive(Debug)]
struct Momentum {
    gain: Seeded<RMA>,
    loss: Seeded<RMA>,
    true_range: TrueRange,
    // Wilder's sums of the ADX begin with 13 values; divided by 14 they are averages that start one candle before the ATR.
    plus_sum: Seeded<RMA>,
    minus_sum: Seeded<RMA>,
    direction: Seeded<RMA>,
    begun: bool,
}

impl Momentum {
    fn new() -> Self {
        Self {
            gain: Seeded::new(14),
            loss: Seeded::new(14),
            true_range: TrueRange::default(),
            plus_sum: Seeded::with_seed(14, 13),
            minus_sum: Seeded::with_seed(14, 13),
            direction: Seeded::new(14),
            begun: false,
        }
    }

    #[expect(clippy::inline_always, reason = "what a skipped candle does not need falls away")]
    #[inline(always)]
    fn push(&mut self, candle: &Candle, previous: Option<&Before>, values: &mut Values) {
        let Some(previous) = previous else { return };
        let change = candle.close() - previous.close;
        let (gain, loss) = (self.gain.push(positive(change)), self.loss.push(positive(-change)));
        if let Some((gain, loss)) = gain.zip(loss) {
            set(values, Indicator::Rsi14, share(gain, gain + loss, 0.5) * 100.0);
        }
        set(values, Indicator::Atr14, self.true_range.after(previous.close, candle));
        if let Some(adx) = self.adx(candle, previous) {
            set(values, Indicator::Adx14, adx * 100.0);
        }
    }

    #[expect(clippy::inline_always, reason = "what a skipped candle does not need falls away")]
    #[inline(always)]
    fn adx(&mut self, candle: &Candle, previous: &Before) -> Option<f64> {
        let (up, down) = (candle.high() - previous.high, previous.low - candle.low());
        // Both questions are always asked: nobody could foretell the answers, and a wrong guess costs more than a question.
        let prevails = |this: f64, other: f64| (this > 0.0) & (this - other > TIE * (this + other.abs()));
        let plus = self.plus_sum.push(only_if(prevails(up, down), up));
        let minus = self.minus_sum.push(only_if(prevails(down, up), down));
        let (plus, minus) = plus.zip(minus)?;
        // The sums of the first 13 candles only seed the averages; the first index follows a candle later.
        if !std::mem::replace(&mut self.begun, true) {
            return None;
        }
        // +DI and -DI are shares of the same true range, which cancels.
        self.direction.push(share((plus - minus).abs(), plus + minus, 0.0))
    }
}

/// Windows over the newest candles: Stochastic and Bollinger.
#[derive(Debug)]
struct Bands {
    highest: Highest,
    lowest: Lowest,
    k: SMA,
    d: SMA,
    /// Deviations are taken from the first close, so that small ones survive beside large prices.
    origin: f64,
    mean: SMA,
    deviation: StDev,
}

impl Bands {
    fn new(first: &Candle) -> Self {
        const FITS: &str = "a period from 2 to 65534 is valid for yata's windows";
        Self {
            highest: Highest::new(14, &first.high()).expect(FITS),
            lowest: Lowest::new(14, &first.low()).expect(FITS),
            k: SMA::new(3, &0.0).expect(FITS),
            d: SMA::new(3, &0.0).expect(FITS),
            origin: first.close(),
            mean: SMA::new(20, &0.0).expect(FITS),
            deviation: StDev::new(20, &0.0).expect(FITS),
        }
    }

    #[inline]
    fn push(&mut self, candle: &Candle, values: &mut Values) {
        let (high, low) = (self.highest.next(&candle.high()), self.lowest.next(&candle.low()));
        let k = self.k.next(&share(candle.close() - low, high - low, 0.5));
        set(values, Indicator::StochK, (k * 100.0).clamp(0.0, 100.0));
        set(values, Indicator::StochD, (self.d.next(&k) * 100.0).clamp(0.0, 100.0));
        let from_origin = candle.close() - self.origin;
        let middle = self.origin + self.mean.next(&from_origin);
        let width = 2.0 * POPULATION_OF_20 * self.deviation.next(&from_origin);
        set(values, Indicator::BbUpper, middle + width);
        set(values, Indicator::BbMiddle, middle);
        set(values, Indicator::BbLower, middle - width);
    }
}

/// What of a change is a gain.
#[inline]
fn positive(change: f64) -> f64 {
    if change > 0.0 { change } else { 0.0 }
}

#[cfg(test)]
mod tests;
