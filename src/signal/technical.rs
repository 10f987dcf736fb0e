//! The technical analyst: ten rules in four families over the readings of the decision timeframe.
//!
//! Each rule turns readings into a strength from −1 (falling) to +1 (rising), which times its weight gives its points.
//! Distances are measured in ATRs, so multiplying all prices changes nothing; each strength is an odd function of the
//! reading's distance from neutral, so mirrored prices give the mirrored score. The rules are the textbook ones of the
//! indicators' authors (Appel for MACD, Wilder for RSI, ATR and ADX, Lane for the Stochastic, Bollinger, Granville for
//! OBV), read as momentum; only Bollinger's is read against the move. There is no evidence that they earn anything after
//! costs; the forecasts and outcomes that are kept of every decision are there to show whether they do.

use super::strengths::{TechnicalStrengths, Unweighted};
use super::{Analyst, AnalystName, Backing, NotReady, Points, Reason, Rule, Score, Signal, Watch};
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
        let (weights, mut tenths) = (&self.weights.0, strengths(candle, readings));
        // Not summed up at once: so several rules are taken together.
        for (tenths, weight) in tenths.iter_mut().zip(weights) {
            *tenths = tenths_of(*weight, *tenths);
        }
        #[expect(clippy::cast_possible_truncation, reason = "the sum of whole numbers of at most a thousand each")]
        let sum = tenths.iter().sum::<f64>() as i32;
        Score::from_tenths(sum)
    }

    /// What goes from candle to candle of views that begin at `first`.
    pub fn watch(&self, timeframe: Timeframe, first: UtcMillis) -> TechnicalWatch<'_> {
        TechnicalWatch { analyst: self, pass: Pass::of_view(timeframe, first) }
    }

    #[inline]
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

    #[inline]
    fn next(&mut self, candle: &Candle) -> Option<(Score, Backing)> {
        let readings = self.pass.next(candle);
        Some((self.analyst.score(candle, &readings), Backing::default()))
    }
}

impl Unweighted for TechnicalWatch<'_> {
    type Strengths = TechnicalStrengths;

    /// Nothing is said of the candle before.
    fn begin(&self, _: &mut TechnicalStrengths) {}

    fn note(&mut self, candle: &Candle, noted: &mut TechnicalStrengths) {
        let readings = self.pass.next(candle);
        noted.push(&strengths(candle, &readings));
    }
}

/// What each rule says, −1 to +1; 0 where there is nothing to read, which gives no points.
pub(super) type Strengths = [f64; Rule::ALL.len()];

/// Of all rules in their order.
#[inline]
fn strengths(candle: &Candle, readings: &Readings) -> Strengths {
    let strengths =
        readings.warm().map_or_else(|| Look::new(candle, readings).strengths(), |warm| together(candle, warm));
    // What is not a number says nothing.
    strengths.map(|strength| if strength.is_nan() { 0.0 } else { strength })
}

/// What [`Look::strengths`] says where all readings are warm. All rules are asked at once, and what is missing goes through as
/// not a number: so the compiler takes several divisions together.
#[inline]
fn together(candle: &Candle, warm: &[f64; Indicator::COUNT]) -> Strengths {
    let read = |indicator: Indicator| warm[indicator as usize];
    let (close, atr, middle) = (candle.close(), read(Indicator::Atr14), read(Indicator::BbMiddle));
    let (ema_21, macd, hist) = (read(Indicator::Ema21), read(Indicator::Macd), read(Indicator::MacdHist));
    let away = [
        read(Indicator::Ema9) - ema_21,
        ema_21 - read(Indicator::Ema50),
        close - read(Indicator::Ema200),
        macd,
        hist,
        close - candle.open(),
        close - read(Indicator::Vwap),
        close - middle,
    ];
    let wholes = [atr, atr, atr, atr, atr, atr, atr, read(Indicator::BbUpper) - middle];
    let mut shares = [0.0; 8];
    for (share, (away, whole)) in shares.iter_mut().zip(away.iter().zip(&wholes)) {
        let is_some = *whole > 0.0;
        let ratio = away / whole;
        *share = if is_some { ratio } else { 0.0 };
    }
    let [fast, slow, ema_200, macd, hist, moved, vwap, band] = shares;
    let (k, d) = (read(Indicator::StochK), read(Indicator::StochD));
    let distances = [ema_200, moved, read(Indicator::Rsi14) - 50.0, k - 50.0, k - d, read(Indicator::Adx14) - 15.0];
    let mut ramps = [0.0; 6];
    for (ramp, (distance, full)) in ramps.iter_mut().zip(distances.iter().zip([5.0, 1.5, 20.0, 30.0, 10.0, 25.0])) {
        *ramp = (distance / full).clamp(-1.0, 1.0);
    }
    let [ema_200, atr, rsi, half, cross, trending] = ramps;
    let averages = (ramp(fast, 0.5) + ramp(slow, 1.0)) / 2.0;
    [
        averages,
        ema_200,
        (ramp(macd, 1.0) + ramp(hist, 0.25)) / 2.0,
        trending.clamp(0.0, 1.0) * averages,
        rsi,
        (half + cross) / 2.0,
        -ramp(band, 1.0),
        atr,
        ramp(read(Indicator::ObvFlow), 0.5),
        ramp(vwap, 2.0),
    ]
}

/// A candle with its readings; each rule is a question to it.
struct Look<'a> {
    candle: &'a Candle,
    readings: &'a Readings,
    atr: Option<f64>,
    /// How the averages of the close lie to each other: two rules ask for it.
    averages: Option<f64>,
}

impl<'a> Look<'a> {
    #[inline]
    fn new(candle: &'a Candle, readings: &'a Readings) -> Self {
        let mut look = Self { candle, readings, atr: readings.get(Indicator::Atr14), averages: None };
        look.averages = look.compare_averages();
        look
    }
}

impl Look<'_> {
    /// Of all rules in their order; 0 where there is nothing to read.
    #[inline]
    fn strengths(&self) -> Strengths {
        [
            self.averages,
            self.ema_200(),
            self.macd(),
            self.adx(),
            self.rsi(),
            self.stochastic(),
            self.bollinger(),
            self.atr(),
            self.obv(),
            self.vwap(),
        ]
        .map(Option::unwrap_or_default)
    }

    /// −1…+1.
    #[inline]
    fn strength(&self, rule: Rule) -> Option<f64> {
        match rule {
            Rule::EmaTrend => self.averages,
            Rule::Ema200 => self.ema_200(),
            Rule::Macd => self.macd(),
            Rule::Adx => self.adx(),
            Rule::Rsi => self.rsi(),
            Rule::Stochastic => self.stochastic(),
            Rule::Bollinger => self.bollinger(),
            Rule::Atr => self.atr(),
            Rule::Obv => self.obv(),
            Rule::Vwap => self.vwap(),
        }
    }

    /// The sentence that explains it.
    fn text(&self, rule: Rule) -> Option<String> {
        Some(match rule {
            Rule::EmaTrend => {
                let [fast, middle, slow] = self.three()?;
                format!("EMA-9 {} EMA-21 {} EMA-50", side(fast, middle), side(middle, slow))
            }
            Rule::Ema200 => self.away_from(Indicator::Ema200, "EMA-200")?,
            Rule::Macd => {
                let (macd, hist) = (self.read(Indicator::Macd)?, self.read(Indicator::MacdHist)?);
                format!("MACD {} zero and {} its signal", side(macd, 0.0), side(hist, 0.0))
            }
            Rule::Adx => {
                let (adx, averages) = (self.read(Indicator::Adx14)?, self.averages?);
                format!("ADX {adx:.0}: {}", trend_word(trending(adx), averages))
            }
            Rule::Rsi => {
                let rsi = self.read(Indicator::Rsi14)?;
                format!("RSI {rsi:.1}, {} 50", side(rsi, 50.0))
            }
            Rule::Stochastic => {
                let (k, d) = (self.read(Indicator::StochK)?, self.read(Indicator::StochD)?);
                format!("Stochastic %K {k:.0} {} %D {d:.0}", side(k, d))
            }
            Rule::Bollinger => {
                let share = self.share_of_band()?;
                let band = if share < 0.0 { "lower" } else { "upper" };
                format!("close {:.0} % of the way to the {band} Bollinger band", share.abs() * 100.0)
            }
            Rule::Atr => {
                let moved = self.moved()?;
                format!("candle {} by {:.1} ATR", if moved < 0.0 { "fell" } else { "rose" }, moved.abs())
            }
            Rule::Obv => {
                let flow = self.read(Indicator::ObvFlow)?;
                format!("on-balance volume of 14 candles {:+.0} % of their volume", flow * 100.0)
            }
            Rule::Vwap => self.away_from(Indicator::Vwap, "the day's VWAP")?,
        })
    }

    #[inline]
    fn read(&self, indicator: Indicator) -> Option<f64> {
        self.readings.get(indicator)
    }

    /// A distance between prices in ATRs; 0 while nothing moves at all.
    #[inline]
    fn in_atrs(&self, distance: f64) -> Option<f64> {
        let atr = self.atr?;
        Some(if atr > 0.0 { distance / atr } else { 0.0 })
    }

    #[inline]
    fn three(&self) -> Option<[f64; 3]> {
        Some([self.read(Indicator::Ema9)?, self.read(Indicator::Ema21)?, self.read(Indicator::Ema50)?])
    }

    /// How far the close lies from a price, in ATRs.
    #[inline]
    fn close_from(&self, indicator: Indicator) -> Option<f64> {
        self.in_atrs(self.candle.close() - self.read(indicator)?)
    }

    fn away_from(&self, indicator: Indicator, name: &str) -> Option<String> {
        let (away, price) = (self.close_from(indicator)?, self.read(indicator)?);
        Some(format!("close {:.1} ATR {} {name}", away.abs(), side(self.candle.close(), price)))
    }

    /// Full strength when EMA-9 lies half an ATR from EMA-21 and EMA-21 one ATR from EMA-50, both the same way.
    #[inline]
    fn compare_averages(&self) -> Option<f64> {
        let [fast, middle, slow] = self.three()?;
        Some(f64::midpoint(ramp(self.in_atrs(fast - middle)?, 0.5), ramp(self.in_atrs(middle - slow)?, 1.0)))
    }

    /// Full strength five ATRs away.
    #[inline]
    fn ema_200(&self) -> Option<f64> {
        Some(ramp(self.close_from(Indicator::Ema200)?, 5.0))
    }

    /// Half for the MACD one ATR from zero, half for it a quarter of an ATR from its signal.
    #[inline]
    fn macd(&self) -> Option<f64> {
        let (macd, hist) = (self.read(Indicator::Macd)?, self.read(Indicator::MacdHist)?);
        Some(f64::midpoint(ramp(self.in_atrs(macd)?, 1.0), ramp(self.in_atrs(hist)?, 0.25)))
    }

    /// The averages' direction, in so far as there is a trend.
    #[inline]
    fn adx(&self) -> Option<f64> {
        Some(trending(self.read(Indicator::Adx14)?) * self.averages?)
    }

    /// Full strength at 70 and 30.
    #[inline]
    fn rsi(&self) -> Option<f64> {
        Some(ramp(self.read(Indicator::Rsi14)? - 50.0, 20.0))
    }

    /// Half for %K at 80 or 20, half for it ten away from %D.
    #[inline]
    fn stochastic(&self) -> Option<f64> {
        let (k, d) = (self.read(Indicator::StochK)?, self.read(Indicator::StochD)?);
        Some(f64::midpoint(ramp(k - 50.0, 30.0), ramp(k - d, 10.0)))
    }

    /// Against the move, from the middle (nothing) to a band (full strength).
    #[inline]
    fn bollinger(&self) -> Option<f64> {
        Some(-ramp(self.share_of_band()?, 1.0))
    }

    #[inline]
    fn share_of_band(&self) -> Option<f64> {
        let (upper, middle) = (self.read(Indicator::BbUpper)?, self.read(Indicator::BbMiddle)?);
        let (away, width) = (self.candle.close() - middle, upper - middle);
        Some(if width > 0.0 { away / width } else { 0.0 })
    }

    /// Full strength when the candle moved by one and a half ATRs.
    #[inline]
    fn atr(&self) -> Option<f64> {
        Some(ramp(self.moved()?, 1.5))
    }

    #[inline]
    fn moved(&self) -> Option<f64> {
        self.in_atrs(self.candle.close() - self.candle.open())
    }

    /// Full strength when half of the volume of 14 candles went one way on balance.
    #[inline]
    fn obv(&self) -> Option<f64> {
        Some(ramp(self.read(Indicator::ObvFlow)?, 0.5))
    }

    /// Full strength two ATRs away.
    #[inline]
    fn vwap(&self) -> Option<f64> {
        Some(ramp(self.close_from(Indicator::Vwap)?, 2.0))
    }
}

/// Adding and taking off one and a half times 2^52 rounds to whole numbers, to even ones at the half.
pub(super) const WHOLE: f64 = 6_755_399_441_055_744.0;

/// As `Points::of`, in tenths, without a branch or a conversion: so the compiler takes several of them at once. The weight is
/// one of `Weights`, and the strength one of `strengths`.
#[inline]
pub(super) fn tenths_of(weight: f64, strength: f64) -> f64 {
    let tenths = weight * strength * 10.0;
    let size = tenths.abs();
    let whole = size + WHOLE - WHOLE;
    // At the half away from zero: the even number may lie below it.
    let whole = if size - whole >= 0.5 { whole + 1.0 } else { whole };
    whole.copysign(tenths)
}

/// 0 at an ADX of 15 (no trend) to 1 at 40 (a strong one).
#[inline]
fn trending(adx: f64) -> f64 {
    ((adx - 15.0) / 25.0).clamp(0.0, 1.0)
}

/// Straight from −1 at `−full` through 0 to +1 at `full`, and level beyond.
#[inline]
fn ramp(distance: f64, full: f64) -> f64 {
    (distance / full).clamp(-1.0, 1.0)
}

fn side(a: f64, b: f64) -> &'static str {
    if a > b {
        "above"
    } else if a < b {
        "below"
    } else {
        "at"
    }
}

fn trend_word(strength: f64, averages: f64) -> &'static str {
    if strength <= 0.0 {
        "no trend"
    } else if averages > 0.0 {
        "confirms the rise"
    } else if averages < 0.0 {
        "confirms the fall"
    } else {
        "a trend without a direction in the averages"
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::market::{Depth, Series, Standing};

    const START: UtcMillis = UtcMillis::new(1_710_288_000_000);
    const MIRROR: f64 = 2048.0;

    /// One candle's shape: moves of close, high and low in sixteenths (exact in binary), and its volume.
    type Shape = (i16, u8, u8, u8);

    fn walk(shapes: &[Shape], map: impl Fn(f64) -> f64) -> Series {
        let mut close = 1024.0;
        let candles = shapes.iter().zip(0..).map(|(&(step, up, down, volume), i)| {
            let open = close;
            close = (close + f64::from(step) / 16.0).clamp(512.0, 1536.0);
            let (high, low) = (open.max(close) + f64::from(up) / 16.0, open.min(close) - f64::from(down) / 16.0);
            let (a, b) = (map(high), map(low));
            let prices = [map(open), a.max(b), a.min(b), map(close)];
            Candle::from_parts(Timeframe::H1.step(START, i), prices, f64::from(volume), None).unwrap()
        });
        Series::new(Timeframe::H1, candles.collect()).unwrap()
    }

    fn signal(series: &Series) -> Signal {
        let analyst = Technical::new(Weights::DEFAULT);
        analyst.judge(series.newest().unwrap(), &readings(series).unwrap())
    }

    fn points(signal: &Signal) -> Vec<(&'static str, f64)> {
        signal.reasons.iter().map(|r| (r.code, r.points.map_or(0.0, Points::get))).collect()
    }

    fn shapes(length: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Shape>> {
        prop::collection::vec((-64i16..=64, 0u8..40, 0u8..40, 0u8..200), length)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_score_is_bounded_and_is_the_sum_of_its_points(shapes in shapes(1..260)) {
            let signal = signal(&walk(&shapes, |p| p));
            let sum: f64 = points(&signal).iter().map(|(_, p)| p).sum();
            prop_assert!((-100.0..=100.0).contains(&signal.score.get()));
            prop_assert!((sum.clamp(-100.0, 100.0) - signal.score.get()).abs() < 1e-9);
        }

        // Rounding to tenths may turn on the last bit of a reading, so a rule may differ by one tenth.
        #[test]
        fn mirrored_prices_give_the_mirrored_score(shapes in shapes(200..260)) {
            let (plain, mirrored) = (signal(&walk(&shapes, |p| p)), signal(&walk(&shapes, |p| MIRROR - p)));
            for (a, b) in points(&plain).into_iter().zip(points(&mirrored)) {
                prop_assert!((a.1 + b.1).abs() < 0.1001, "{a:?} {b:?}");
            }
        }

        #[test]
        fn multiplying_all_prices_changes_nothing(shapes in shapes(200..260), k in prop::sample::select(vec![1e-6, 0.01, 3.0, 1e5])) {
            let (plain, scaled) = (signal(&walk(&shapes, |p| p)), signal(&walk(&shapes, |p| p * k)));
            for (a, b) in points(&plain).into_iter().zip(points(&scaled)) {
                prop_assert!((a.1 - b.1).abs() < 0.1001, "{a:?} {b:?}");
            }
        }

        #[test]
        fn a_rule_that_gets_more_bullish_never_lowers_the_score(
            strengths in prop::collection::vec(-1.0f64..1.0, 10), which in 0usize..10, more in 0.0f64..1.0,
        ) {
            let score = |s: &[f64]| Score::sum(Rule::ALL.iter().zip(s).map(|(r, s)| Points::of(Weights::DEFAULT.get(*r), *s)));
            let mut raised = strengths.clone();
            raised[which] += more;
            prop_assert!(score(&raised) >= score(&strengths));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn a_score_counts_the_points_that_its_reasons_tell(weight in 0.0f64..=100.0, strength in -1.0f64..=1.0, half in -2000i32..2000) {
            let same = |weight, strength| (tenths_of(weight, strength) - Points::of(weight, strength).get() * 10.0).abs() < 1e-9;
            prop_assert!(same(weight, strength), "{weight} {strength}");
            let at_half = f64::from(half) / 2000.0;
            prop_assert!(same(100.0, at_half) && same(50.0, at_half) && same(7.0, at_half), "{at_half}");
            prop_assert!(same((weight * 4.0).round() / 4.0, 1.0) && same(10.0, 0.499_999_999_999_999_94 / 100.0));
        }

        // Warm readings are looked at all at once; one by one they say the same.
        #[test]
        fn all_rules_together_say_what_each_of_them_says(
            shapes in shapes(200..230), odd in prop::collection::vec((0usize..Indicator::COUNT, 0usize..6), 0..4),
        ) {
            let series = walk(&shapes, |p| p);
            let (candle, mut readings) = (series.newest().unwrap(), readings(&series).unwrap());
            for (indicator, value) in odd {
                readings.plant(indicator, [f64::NAN, 0.0, -1.0, 1024.0, 1e-300, f64::INFINITY][value]);
            }
            let look = Look::new(candle, &readings);
            let alone = Rule::ALL.map(|rule| look.strength(rule).filter(|s| !s.is_nan()).unwrap_or_default());
            let together = strengths(candle, &readings);
            for (rule, (alone, together)) in Rule::ALL.iter().zip(alone.into_iter().zip(together)) {
                prop_assert!(alone == together, "{rule:?}: {alone} and {together}");
            }
        }
    }

    #[test]
    fn weights_are_held_between_nothing_and_a_hundred() {
        for (given, held) in [(-1.0, 0.0), (0.0, 0.0), (12.5, 12.5), (100.0, 100.0), (1e9, 100.0)] {
            assert!((Weights::new(|_| given).get(Rule::Rsi) - held).abs() < 1e-12, "{given}");
        }
    }

    #[test]
    fn the_default_weights_add_up_to_a_hundred() {
        assert!((Rule::ALL.iter().map(|r| Weights::DEFAULT.get(*r)).sum::<f64>() - 100.0).abs() < 1e-12);
    }

    #[test]
    fn a_steady_rise_is_bullish_a_steady_fall_bearish_and_a_standstill_neither() {
        let steady = |step| signal(&walk(&vec![(step, 4, 4, 10); 300], |p| p)).score.get();
        assert!(steady(24) > 40.0, "{}", steady(24));
        assert!(steady(-24) < -40.0, "{}", steady(-24));
        let standstill = signal(&walk(&vec![(0, 0, 0, 0); 300], |p| p));
        assert_eq!(standstill.score, Score::sum([]));
    }

    #[test]
    fn an_analyst_without_enough_candles_says_so() {
        let view = |n| {
            View::new(
                "BTC/USDT".parse().unwrap(),
                Timeframe::H1.step(START, 5000),
                Standing::Unknown,
                walk(&vec![(1, 1, 1, 1); n], |p| p),
                Depth::PLAIN,
            )
        };
        let analyst = Technical::new(Weights::DEFAULT);
        assert_eq!(analyst.analyse(&view(199)), Err(NotReady { candles: 199, needed: 200 }));
        assert!(analyst.analyse(&view(200)).is_ok());
        assert!(analyst.analyse(&view(0)).is_err());
    }
}
