//! Bars from shared strengths are those of a pass with the weights.

use proptest::prelude::*;

use super::*;
use crate::backtest::bars;
use crate::backtest::samples::{chance, wandering};
use crate::ledger::samples;
use crate::market::Series;
use crate::signal::{Technical, Trend, TrendRule, TrendWeights};

/// 2024-01-01 00:00:00 UTC.
const START: UtcMillis = UtcMillis::new(1_704_067_200_000);

/// The history of a pair, with candles that are missing and times in which nothing moves.
fn tape(timeframe: Timeframe, count: usize, uniform: &mut impl FnMut() -> f64) -> Tape {
    let closes = wandering(count, 0.002 + 0.03 * uniform(), uniform);
    let (mut open, mut outage, mut calm) = (100.0_f64, 0, 0);
    let mut candles = Vec::new();
    for (i, close) in (0..).zip(closes) {
        let close = if calm > 0 { open } else { close };
        let swing = if calm > 0 { 0.0 } else { 0.01 * uniform() };
        let (high, low) = (open.max(close) * (1.0 + swing), open.min(close) * (1.0 - swing));
        let volume = if uniform() < 0.05 { 0.0 } else { 1.0 + 1000.0 * uniform() };
        if uniform() < 0.004 {
            outage = if uniform() < 0.5 { 3 } else { 40 };
        }
        if uniform() < 0.002 {
            calm = 60;
        }
        (outage, calm) = (outage - 1, calm - 1);
        if outage < 0 {
            candles.push(Candle::from_parts(timeframe.step(START, i), [open, high, low, close], volume, None).unwrap());
        }
        open = close;
    }
    let terms = samples::terms();
    Tape::new(terms.instrument.symbol.clone(), terms, vec![Series::new(timeframe, candles).unwrap()]).unwrap()
}

/// A weight that somebody might try: nothing, a round one whose shares end in halves of a tenth, any, the most.
fn weight(uniform: &mut impl FnMut() -> f64) -> f64 {
    match uniform() {
        u if u < 0.2 => 0.0,
        u if u < 0.6 => (400.0 * uniform()).round() / 4.0,
        u if u < 0.9 => 100.0 * uniform(),
        _ => 100.0,
    }
}

fn analyst(is_trend: bool, uniform: &mut impl FnMut() -> f64) -> AnyAnalyst {
    if is_trend {
        let weights: Vec<f64> = TrendRule::ALL.iter().map(|_| weight(uniform)).collect();
        return AnyAnalyst::Trend(Trend::new(TrendWeights::new(|rule| weights[rule as usize])));
    }
    let weights: Vec<f64> = Rule::ALL.iter().map(|_| weight(uniform)).collect();
    AnyAnalyst::Technical(Technical::new(Weights::new(|rule| weights[rule as usize])))
}

/// All that a bar says, to the last bit.
fn said(bar: &Bar) -> (Option<Score>, Backing, Option<u64>, [usize; 2]) {
    (bar.score(), bar.backing(), bar.atr().map(f64::to_bits), [bar.candles(), bar.missing()])
}

fn assert_same(tape: &Tape, others: &AnyAnalyst, analyst: &AnyAnalyst, atr: Timeframe) -> usize {
    let (strengths, unsaid) = (Strengths::of(tape, others), unsaid_bars(tape, others, atr, 200));
    let weighed = strengths.bars(&unsaid, analyst, |_, _, make| Arc::new(make())).unwrap();
    let read = bars(tape, analyst, atr, 200);
    assert_eq!(weighed.len(), read.len());
    for (i, (weighed, read)) in weighed.iter().zip(&read).enumerate() {
        assert_eq!(said(weighed), said(read), "bar {i} under {analyst:?}");
    }
    read.iter().filter(|bar| bar.score().is_some_and(|score| score.tenths() != 0)).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn bars_from_shared_strengths_are_those_of_a_pass_with_the_weights(seed in any::<u64>()) {
        let mut uniform = chance(seed);
        let (timeframe, count) = match uniform() {
            u if u < 0.4 => (Timeframe::H1, 3500),
            u if u < 0.8 => (Timeframe::H4, 1800),
            _ => (Timeframe::D1, 600),
        };
        let tape = tape(timeframe, count, &mut uniform);
        let atr = if uniform() < 0.5 { timeframe } else { Timeframe::D1 };
        for is_trend in [false, true, false, true] {
            let [others, analyst] = [0, 1].map(|_| analyst(is_trend, &mut uniform));
            assert_same(&tape, &others, &analyst, atr);
        }
    }
}

#[test]
fn what_the_property_looks_at_says_something() {
    let mut uniform = chance(1);
    let tape = tape(Timeframe::H1, 3500, &mut uniform);
    for is_trend in [false, true] {
        let analyst = if is_trend {
            AnyAnalyst::Trend(Trend::new(TrendWeights::DEFAULT))
        } else {
            AnyAnalyst::Technical(Technical::new(Weights::DEFAULT))
        };
        assert!(assert_same(&tape, &analyst, &analyst, Timeframe::H4) > 500);
    }
}

#[test]
fn another_analyst_has_other_rules() {
    let tape = tape(Timeframe::D1, 10, &mut chance(1));
    let trend = AnyAnalyst::Trend(Trend::new(TrendWeights::DEFAULT));
    let technical = AnyAnalyst::Technical(Technical::new(Weights::DEFAULT));
    for (of, asked) in [(&trend, &technical), (&technical, &trend)] {
        assert!(Strengths::of(&tape, of).bars(&[], asked, |_, _, make| Arc::new(make())).is_none());
    }
}
