//! Passing over moments ends in what meeting each of them ends in.

use proptest::prelude::*;

use crate::backtest::samples::chance;
use crate::backtest::{Attention, Bar, Moment, Replayed, Rules, Tape, Witness, bars, replay};
use crate::decision::{EntryPolicy, ExitPolicy, Limits, Policy, RiskState, TradePolicy};
use crate::ledger::{Event, samples};
use crate::market::{Candle, Series};
use crate::signal::{AnyAnalyst, Score, Technical, Thresholds, Weights};
use crate::unit::{Bps, Decimal, Money, Symbol, Timeframe, UtcMillis};

/// 2024-01-01 00:00:00 UTC.
const START: UtcMillis = UtcMillis::new(1_704_067_200_000);
/// So many hours before the first decision, and of decisions.
const HOURS: (i64, i64) = (190, 500);

/// What happened, and the first moment of each day. It is told of no more than it has to be.
#[derive(Default)]
struct EachDay {
    events: Vec<Event>,
    firsts: Vec<Moment>,
    states: Vec<RiskState>,
}

impl Witness for EachDay {
    const ATTENDS: Attention = Attention::Days;

    fn happened(&mut self, event: &Event) {
        self.events.push(event.clone());
    }

    fn stood(&mut self, moment: &Moment) {
        self.states.push(moment.state);
        let day = |moment: &Moment| Timeframe::D1.floor(moment.now);
        if self.firsts.last().is_none_or(|last| day(last) < day(moment)) {
            self.firsts.push(*moment);
        }
    }
}

/// The same, of somebody who is told of every moment.
#[derive(Default)]
struct Plain(EachDay);

impl Witness for Plain {
    fn happened(&mut self, event: &Event) {
        self.0.happened(event);
    }

    fn stood(&mut self, moment: &Moment) {
        self.0.stood(moment);
    }
}

/// A choice between numbers.
fn between(uniform: &mut impl FnMut() -> f64, low: f64, high: f64) -> f64 {
    low + (high - low) * uniform()
}

fn count(uniform: &mut impl FnMut() -> f64, low: i64, high: i64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "small")]
    let number = between(uniform, low as f64, (high + 1) as f64) as i64;
    number
}

fn maybe<T>(uniform: &mut impl FnMut() -> f64, some: impl FnOnce(&mut dyn FnMut() -> f64) -> T) -> Option<T> {
    (uniform() < 0.5).then(|| some(uniform))
}

/// Prices that wander on a grid of cents.
fn wander(timeframe: Timeframe, candles: i64, step: f64, uniform: &mut impl FnMut() -> f64) -> Vec<Candle> {
    let cents = |price: f64| (price * 100.0).round().max(100.0) / 100.0;
    let mut close = cents(between(uniform, 20.0, 2000.0));
    let next = |i: i64| {
        let open = close;
        close = cents(open * (1.0 + step * (uniform() + uniform() - 1.0)));
        let high = cents(open.max(close) * (1.0 + step * uniform() / 2.0));
        let low = cents(open.min(close) * (1.0 - step * uniform() / 2.0));
        let volume = if uniform() < 0.02 { 0.0 } else { between(uniform, 1.0, 2000.0) };
        Candle::from_parts(timeframe.step(START, i), [open, high, low, close], volume, None).unwrap()
    };
    (0..candles).map(next).collect()
}

/// The history of a pair: by the hour, and sometimes by the quarter too, with candles that are missing.
fn tape(name: &str, uniform: &mut impl FnMut() -> f64) -> Tape {
    let symbol: Symbol = format!("{name}/USDT").parse().unwrap();
    let (hours, is_fine) = (HOURS.0 + HOURS.1, uniform() < 0.4);
    let (timeframe, candles) = if is_fine { (Timeframe::M15, 4 * hours) } else { (Timeframe::H1, hours) };
    let step = between(uniform, 0.002, 0.04);
    let finest = wander(timeframe, candles, step, uniform);
    let gaps = if uniform() < 0.5 { 0.0 } else { between(uniform, 0.0, 0.01) };
    let mut outage = 0;
    let mut is_there = |_: &Candle| {
        if uniform() < gaps {
            outage = count(uniform, 1, 9);
        }
        outage -= 1;
        outage < 0
    };
    let hourly = Series::new(timeframe, finest.clone()).unwrap().aggregate(Timeframe::H1);
    let kept: Vec<Candle> = hourly.candles().iter().copied().filter(&mut is_there).collect();
    let mut lengths = vec![Series::new(Timeframe::H1, kept).unwrap()];
    if is_fine {
        let kept = finest.into_iter().filter(&mut is_there).collect();
        lengths.push(Series::new(Timeframe::M15, kept).unwrap());
    }
    let mut terms = samples::terms();
    terms.instrument.symbol = symbol.clone();
    terms.instrument.step_size = Some(Decimal::new(1, if uniform() < 0.5 { 3 } else { 6 }));
    Tape::new(symbol, terms, lengths).unwrap()
}

fn rules(uniform: &mut impl FnMut() -> f64) -> Rules {
    let bps = |percent: f64| Bps::from_real(100.0 * percent);
    #[expect(clippy::cast_possible_truncation, reason = "small")]
    let tenths = |score: f64| Score::from_tenths(score as i32);
    let thresholds =
        Thresholds { buy: tenths(between(uniform, 20.0, 400.0)), sell: tenths(between(uniform, -1000.0, -20.0)) };
    let warning = between(uniform, 1.0, 15.0);
    Rules {
        asset: "USDT".to_owned(),
        start: Money::new(Decimal::from(count(uniform, 20, 3000))),
        policy: Policy {
            thresholds,
            max_age_ms: 7_200_000,
            max_missing: 2,
            warm_up: Technical::NEEDED,
            gap_window: Technical::NEEDED,
        },
        limits: Limits {
            risk_per_trade: bps(between(uniform, 0.5, 5.0)),
            max_positions: usize::try_from(count(uniform, 1, 3)).unwrap(),
            position_cap: bps(between(uniform, 20.0, 100.0)),
            heat: bps(between(uniform, 4.0, 30.0)),
            daily_loss: bps(between(uniform, 0.0, 6.0)),
            warning_drawdown: bps(warning),
            emergency_drawdown: bps(warning + between(uniform, 0.5, 12.0)),
            cool_down_ms: count(uniform, 0, 30) * 3_600_000,
        },
        trades: TradePolicy {
            entries: EntryPolicy::default(),
            exits: ExitPolicy {
                stop_atr: between(uniform, 0.5, 5.0),
                target_atr: maybe(uniform, |mut uniform| between(&mut uniform, 0.5, 6.0)),
                trail_atr: maybe(uniform, |mut uniform| between(&mut uniform, 0.5, 6.0)),
                hold_ms: maybe(uniform, |mut uniform| count(&mut uniform, 1, 90) * 3_600_000),
            },
        },
        strategy_hash: "0123456789abcdef".to_owned(),
        delay_ms: if uniform() < 0.5 { 0 } else { 30_000 },
    }
}

fn read(tapes: &[Tape], atr: Timeframe) -> Vec<Vec<Bar>> {
    tapes
        .iter()
        .map(|tape| bars(tape, &AnyAnalyst::Technical(Technical::new(Weights::DEFAULT)), atr, Technical::NEEDED))
        .collect()
}

/// Replays once passing over what is quiet and once not, and compares; what was told the first time.
#[track_caller]
fn assert_alike(tapes: &[Tape], bars: &[Vec<Bar>], rules: &Rules) -> (EachDay, Replayed) {
    let span = (Timeframe::H1.step(START, HOURS.0), Timeframe::H1.step(START, HOURS.0 + HOURS.1));
    let (mut days, mut plain) = (EachDay::default(), Plain::default());
    let quick = replay(tapes, bars, rules, span, &mut days).unwrap();
    let slow = replay(tapes, bars, rules, span, &mut plain).unwrap();
    assert_eq!(quick, slow);
    assert_eq!(days.events, plain.0.events);
    assert_eq!(days.firsts, plain.0.firsts);
    assert_eq!(i64::try_from(plain.0.states.len()), Ok(HOURS.1 + 1));
    (days, quick)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn passing_over_moments_ends_in_what_meeting_each_of_them_ends_in(seed in any::<u64>()) {
        let mut uniform = chance(seed);
        let pairs = usize::try_from(count(&mut uniform, 1, 3)).unwrap();
        let tapes: Vec<Tape> = ["BTC", "ETH", "SOL"][..pairs].iter().map(|name| tape(name, &mut uniform)).collect();
        let bars = read(&tapes, if uniform() < 0.5 { Timeframe::H1 } else { Timeframe::H4 });
        for _ in 0..4 {
            assert_alike(&tapes, &bars, &rules(&mut uniform));
        }
    }
}

#[test]
fn what_the_property_looks_at_is_traded_halted_and_quiet() {
    let (mut trades, mut told, mut states, mut runs) = (0, 0, Vec::new(), 0);
    for seed in 0..128 {
        let mut uniform = chance(seed);
        let tapes = [tape("BTC", &mut uniform), tape("ETH", &mut uniform)];
        let bars = read(&tapes, Timeframe::H1);
        let (days, replayed) = assert_alike(&tapes, &bars, &rules(&mut uniform));
        (trades, told, runs) = (trades + replayed.trades.len(), told + days.states.len(), runs + 1);
        states.extend(days.states);
    }
    assert!(trades > 10 * runs, "{trades} trades in {runs} runs are few");
    assert!(told < 250 * runs, "{told} moments of {runs} runs were met, of 500 each");
    for state in [RiskState::Normal, RiskState::Warning, RiskState::DayLoss, RiskState::Halted] {
        assert!(states.contains(&state), "{state:?} was never seen");
    }
}
