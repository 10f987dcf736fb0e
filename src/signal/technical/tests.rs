//! The technical analyst: what must hold whatever prices do.

use proptest::prelude::*;

use super::block::tenths_of;
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

    // Blocks look at all rules at once; one by one they say the same.
    #[test]
    fn a_block_says_what_each_rule_says(
        shapes in shapes(1..300), weights in prop::collection::vec((0u16..=400).prop_map(|w| f64::from(w) / 4.0), 10),
        odd in prop::collection::vec((0usize..Indicator::COUNT, 0usize..6, 0usize..300), 0..40),
    ) {
        let (series, weights) = (walk(&shapes, |p| p), Weights::new(|rule| weights[rule as usize]));
        let (mut pass, analyst) = (Pass::new(Timeframe::H1), Technical::new(weights));
        for (chunk, candles) in series.candles().chunks(Block::LANES).enumerate() {
            let mut block = Block::new();
            let mut scores = Vec::new();
            for (i, candle) in candles.iter().enumerate() {
                let mut readings = pass.next(candle);
                for (indicator, value, _) in odd.iter().filter(|(_, _, at)| *at == chunk * Block::LANES + i) {
                    readings.plant(*indicator, [f64::NAN, 0.0, -1.0, 1024.0, 1e-300, f64::INFINITY][*value]);
                }
                block.push(candle, &readings);
                scores.push(analyst.score(candle, &readings));
                let look = Look::new(candle, &readings);
                for (rule, together) in Rule::ALL.into_iter().zip(block.strengths()) {
                    let alone = look.strength(rule).filter(|s| !s.is_nan()).unwrap_or_default();
                    prop_assert_eq!((alone + 0.0).to_bits(), (together[i] + 0.0).to_bits(), "{:?} of {}: {}", rule, i, alone);
                }
            }
            prop_assert_eq!(block.scores(&weights), scores);
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
