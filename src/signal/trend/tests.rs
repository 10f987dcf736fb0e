//! The trend analyst by hand, and what must hold whatever prices do.

use proptest::prelude::*;

use super::block::LANES;
use super::units::spread_of;
use super::*;
use crate::indicator::{CROSSES, RETURN_DAYS};
use crate::market::{Series, Standing};
use crate::unit::UtcMillis;

const START: UtcMillis = UtcMillis::new(1_704_067_200_000);
const ANALYST: Trend = Trend::new(TrendWeights::DEFAULT);

fn series(closes: &[f64]) -> Series {
    let candle =
        |(close, i): (&f64, i64)| Candle::from_parts(Timeframe::H4.step(START, i), [*close; 4], 10.0, None).unwrap();
    Series::new(Timeframe::H4, closes.iter().zip(0..).map(candle).collect()).unwrap()
}

fn view(closes: &[f64]) -> View {
    let series = series(closes);
    let now = series.end().unwrap_or(START).plus_ms(30_000);
    View::new("BTC/USDT".parse().unwrap(), now, Standing::Assumed, series, Trend::depth(Timeframe::H4))
}

/// A walk of so many steps up or down by so much, each a share of the price.
fn walk(steps: &[i8]) -> Vec<f64> {
    let mut close = 100.0;
    let step = |step: &i8| {
        close *= 1.0 + f64::from(*step) / 2000.0;
        close
    };
    steps.iter().map(step).collect()
}

fn readings_of(z: f64, sigma: f64) -> SlowReadings {
    // Every rule but the channels has the value z; days are 6 candles.
    let candles = |days: u16| f64::from(days) * 6.0;
    SlowReadings {
        close: 100.0,
        volatility: Some(sigma),
        returns: RETURN_DAYS.map(|days| Some(z * sigma * candles(days).sqrt())),
        averages: AVERAGE_DAYS.map(|days| Some(100.0 / (z * sigma * (candles(days) / 3.0).sqrt()).exp())),
        breakouts: [Some(true), Some(true), Some(false), Some(false), Some(false)],
        crosses: CROSSES.map(|lengths| Some(z * sigma * spread_of(lengths))),
        directions: [None, Some(1.0), Some(-1.0)],
    }
}

#[test]
fn every_rule_is_measured_in_standard_deviations() {
    let readings = readings_of(1.25, 0.01);
    let z = |rule| Units::of(Timeframe::H4).strength(rule, &readings, 0.01).unwrap();
    for rule in [TrendRule::Tsmom, TrendRule::Averages, TrendRule::Crosses] {
        assert!((z(rule) - 1.25).abs() < 1e-9, "{rule:?}: {}", z(rule));
    }
    // Two of five channels are 3 × 0.4 − 1; an hour is shorter than what is decided on, four hours and a day disagree.
    assert!((z(TrendRule::Channels) - 0.2).abs() < 1e-12);
    assert!(z(TrendRule::Agreement).abs() < 1e-12);
}

/// The sheet of statistics, §18: z 0.85 → 40, 1 → 46, 1.36 → 59, 2 → 76, 3 → 91.
#[test]
fn the_score_is_the_published_curve_of_the_standardised_sum() {
    for (z, score) in [(0.85, 40.0), (1.0, 46.0), (1.36, 59.0), (2.0, 76.0), (3.0, 91.0), (-1.0, -46.0), (0.0, 0.0)] {
        let value: f64 = 100.0 * points_per_z(z, 1.0) * z;
        assert!((value - score).abs() < 0.65, "{z}: {value} instead of {score}");
    }
}

#[test]
fn the_sum_is_scaled_by_what_rules_that_agree_so_much_leave_of_it() {
    // Five equal weights: 5/25 + 0.7 × 20/25 = 0.76, and one alone has unit variance already.
    assert!((scale(&[0.2; 5]) - 1.0 / 0.76_f64.sqrt()).abs() < 1e-12);
    assert!((scale(&[1.0, 0.0, 0.0, 0.0, 0.0]) - 1.0).abs() < 1e-12);
}

/// EMA-f less EMA-s of a random walk, against the plain sum of the squares of its weights.
#[test]
fn crosses_are_measured_by_what_a_random_walk_has() {
    for (fast, slow) in CROSSES {
        let phi = |n: u16| 1.0 - 2.0 / (f64::from(n) + 1.0);
        let square = |j: i32| (phi(slow).powi(j) - phi(fast).powi(j)).powi(2);
        let plain: f64 = (1..20_000).map(square).sum();
        assert!((spread_of((fast, slow)) - plain.sqrt()).abs() < 1e-9, "{fast}/{slow}");
    }
}

#[test]
fn a_rule_without_readings_is_left_out_and_below_three_fifths_of_the_weight_nothing_is_said() {
    let full = readings_of(1.0, 0.01);
    let score = |readings: &SlowReadings| {
        Look::new(&TrendWeights::DEFAULT, &Units::of(Timeframe::H4), readings).map(|l| l.score())
    };
    assert!(score(&full).is_some());
    // Channels and crosses are 30 of 70: 57 % are left. Without the channels alone it is 74 %.
    let no_channels = SlowReadings { breakouts: [None; 5], ..full };
    assert!(score(&no_channels).is_some());
    assert_eq!(score(&SlowReadings { crosses: [None; 3], ..no_channels }), None);
    assert_eq!(score(&SlowReadings { volatility: None, ..full }), None);
    assert_eq!(score(&SlowReadings { volatility: Some(0.0), ..full }), None);
}

#[test]
fn long_rises_are_bullish_long_falls_bearish_and_a_standstill_says_nothing() {
    let zigzag =
        |drift: i8| walk(&(0..1200).map(|i| if i % 2 == 0 { 20 + drift } else { -20 + drift }).collect::<Vec<i8>>());
    let score = |closes: &[f64]| ANALYST.analyse(&view(closes)).unwrap().score.get();
    assert!(score(&zigzag(6)) > 60.0, "{}", score(&zigzag(6)));
    assert!(score(&zigzag(-6)) < -50.0, "{}", score(&zigzag(-6)));
    assert!(score(&zigzag(0)).abs() < 40.0, "{}", score(&zigzag(0)));
    assert!(ANALYST.analyse(&view(&[100.0; 1200])).is_err());
}

#[test]
fn a_hundred_days_are_needed() {
    let steps: Vec<i8> = (0..600).map(|i| if i % 3 == 0 { 15 } else { -5 }).collect();
    let closes = walk(&steps);
    assert_eq!(ANALYST.analyse(&view(&closes[..599])), Err(NotReady { candles: 599, needed: 600 }));
    assert!(ANALYST.analyse(&view(&closes)).is_ok());
    assert!(ANALYST.analyse(&view(&[])).is_err());
    assert_eq!((Trend::needed(Timeframe::H1), Trend::needed(Timeframe::D1)), (2400, 100));
    assert_eq!((Trend::depth(Timeframe::H1).candles(), Trend::depth(Timeframe::D1).candles()), (2880, 1000));
}

fn steps() -> impl Strategy<Value = Vec<i8>> {
    prop::collection::vec(-40i8..=40, 610..700)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_score_is_the_sum_of_its_points(steps in steps()) {
        let Ok(signal) = ANALYST.analyse(&view(&walk(&steps))) else { return Ok(()) };
        let sum: f64 = signal.reasons.iter().filter_map(|reason| reason.points.map(Points::get)).sum();
        prop_assert!((sum.clamp(-100.0, 100.0) - signal.score.get()).abs() < 1e-9);
    }

    // Rounding to tenths may turn on the last bit of a reading: one tenth for each of five rules.
    #[test]
    fn multiplying_all_prices_changes_nothing(steps in steps(), k in prop::sample::select(vec![1e-4, 3.0, 1e5])) {
        let closes = walk(&steps);
        let scaled: Vec<f64> = closes.iter().map(|close| close * k).collect();
        let score = |closes: &[f64]| ANALYST.analyse(&view(closes)).map(|signal| signal.score.get()).unwrap_or_default();
        prop_assert!((score(&closes) - score(&scaled)).abs() < 0.5001);
    }

    #[test]
    fn a_watch_says_of_each_candle_what_is_said_of_its_view(steps in steps(), at in 600usize..610) {
        let closes = walk(&steps);
        let series = series(&closes);
        let mut watch = ANALYST.watch(Timeframe::H4);
        let mut told = None;
        for candle in &series.candles()[..=at] {
            told = watch.next(candle);
        }
        let signal = ANALYST.analyse(&view(&closes[..=at])).ok();
        prop_assert_eq!(told, signal.map(|signal| (signal.score, signal.backing)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    // What rules say: anything, full strength, what channels and directions say, nothing.
    #[test]
    fn a_block_says_what_is_said_of_each_candle(
        said in prop::collection::vec(prop::array::uniform5((0u8..8, -3.0f64..3.0)), LANES),
        weights in prop::array::uniform5((0u8..4, 0.0f64..100.0)), scarce in any::<bool>(),
    ) {
        let z = |(kind, z): (u8, f64)| match kind {
            0 => 3.0_f64.copysign(z),
            1 => (z * 5.0 / 3.0).round() * 0.6 / 3.0,
            2 => 0.0,
            3 if scarce => f64::NAN,
            4 => z * 1e-12,
            _ => z,
        };
        let weight = |(kind, weight): (u8, f64)| if kind == 0 { weight.round() } else { weight };
        let (said, weights) = (said.into_iter().map(|row| row.map(z)).collect::<Vec<Z>>(), TrendWeights(weights.map(weight)));
        let Some(shares) = Shares::of(&weights, [true; 5]) else { return Ok(()) };
        let together = shares.scores(&[0, 1, 2, 3, 4].map(|rule| std::array::from_fn(|i| said[i][rule])));
        for (z, score) in said.iter().zip(together) {
            // Where it is not certain it is not told.
            prop_assert!(score.is_none_or(|score| score == shares.score(z)), "{z:?} under {weights:?}");
            prop_assert!(score.is_some() || z.iter().any(|z| z.is_nan()) || shares.is_doubtful(z), "{z:?} under {weights:?}");
        }
    }
}

impl Shares {
    /// Whether a rule's points lie at the half of a tenth, but for very little.
    fn is_doubtful(&self, z: &Z) -> bool {
        let points_per_z = self.points_per_z(z);
        let rest = |(z, share): (&f64, &f64)| (share * z * points_per_z * 1000.0).abs().fract() - 0.5;
        z.iter().zip(&self.shares).map(rest).any(|rest| rest.abs() < 2e-6)
    }
}
