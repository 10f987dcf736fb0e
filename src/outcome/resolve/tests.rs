//! Outcomes by hand: the worked example of triple barriers (entry 100, stop 96, target 106, three candles of an hour).
//!
//! Net returns: 5 bps of slippage on the purchase, none on a target, one on a moment, two on a stop; and of the coins and of
//! the money 0.999 each are kept, 0.998001 of both. `exit × 0.998001 / 100.05 − 1` for a target, 0.9995 of that for a moment,
//! 0.999 of it for a stop.

use std::convert::Infallible;

use proptest::prelude::*;

use super::*;
use crate::ledger::samples::{NOON, candle, minute};
use crate::unit::Bps;

fn costs() -> Costs {
    let bps = Bps::from_real;
    Costs { fee: bps(10.0), slippage: bps(5.0), half_spread: bps(0.0) }
}

fn question() -> Question {
    Question {
        from: NOON,
        timeframe: Timeframe::H1,
        reference: 100.0,
        horizon_ms: 3 * 3_600_000,
        stop: Some(96.0),
        target: Some(106.0),
        trail: None,
        hold_ms: None,
        costs: costs(),
    }
}

fn hour(n: i64) -> UtcMillis {
    minute(60 * n)
}

/// Candles of the hours from noon on; an empty place is missing.
fn hours(prices: &[Option<[f64; 4]>]) -> Vec<Candle> {
    let of = |(n, prices): (i64, &Option<[f64; 4]>)| prices.map(|prices| candle(hour(n), prices, 1e6));
    (0..).zip(prices).filter_map(of).collect()
}

const FIRST: [f64; 4] = [100.0, 101.0, 99.0, 100.5];
const SECOND: [f64; 4] = [100.5, 102.0, 100.0, 101.5];

fn judged(question: &Question, candles: &[Candle]) -> Answer {
    let nothing = |_: &Candle| Ok::<_, Infallible>(Vec::new());
    under_policy(question, candles, nothing).unwrap()
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-10
}

#[test]
fn the_bars_of_the_worked_example_earn_what_it_says_gross_and_net() {
    use TriggerKind::{Stop, Target, Time};
    let last = hour(3).plus_ms(-1);
    for (third, by, gross, net, at, is_ambiguous) in [
        // 106 × 0.998001 = 105.788106.
        ([101.5, 106.2, 101.0, 105.8], Target, 0.06, 105.788_106 / 100.05 - 1.0, last, false),
        // 96 × 0.999 × 0.998001 = 96 × 0.997002999 = 95.712287904.
        ([101.5, 106.5, 95.8, 100.0], Stop, -0.04, 95.712_287_904 / 100.05 - 1.0, last, true),
        // A gap, at the open: 94.5 × 0.997002999 = 94.2167834055.
        ([94.5, 97.0, 94.0, 96.0], Stop, -0.055, 94.216_783_405_5 / 100.05 - 1.0, hour(2), false),
        // 107 × 0.998001 = 106.786107.
        ([107.0, 108.0, 106.5, 107.0], Target, 0.07, 106.786_107 / 100.05 - 1.0, hour(2), false),
        // 102.2 × 0.9995 × 0.998001 = 101.9447043489.
        ([101.5, 103.0, 100.5, 102.2], Time, 0.022, 101.944_704_348_9 / 100.05 - 1.0, hour(3), false),
    ] {
        let told = judged(&question(), &hours(&[Some(FIRST), Some(SECOND), Some(third)])).unwrap();
        assert!(near(told.gross, gross) && near(told.net, net), "{third:?}: {told:?}");
        assert_eq!((told.by, told.at, told.is_ambiguous), (by, at, is_ambiguous), "{third:?}");
    }
    let single = judged(&question(), &hours(&[Some([100.0, 106.5, 95.9, 101.0]), Some(SECOND), Some(SECOND)])).unwrap();
    assert_eq!((single.by, single.at, single.is_ambiguous), (Stop, hour(1).plus_ms(-1), true));
    assert!(near(single.gross, -0.04));
}

#[test]
fn the_return_over_the_horizon_is_from_close_to_close_whatever_lay_between() {
    let crash = [100.0, 106.5, 50.0, 101.0];
    let told = over_horizon(&question(), &hours(&[Some(FIRST), Some(crash), Some([101.0, 103.0, 100.5, 102.2])]));
    let told = told.unwrap();
    assert!(near(told.gross, 0.022) && near(told.net, 101.944_704_348_9 / 100.05 - 1.0), "{told:?}");
    assert_eq!((told.by, told.at, told.is_ambiguous), (TriggerKind::Time, hour(3), false));
}

#[test]
fn a_time_to_hold_that_ends_before_the_horizon_ends_the_policy_and_not_the_horizon() {
    let question = Question { hold_ms: Some(2 * 3_600_000), ..question() };
    let candles = hours(&[Some(FIRST), Some(SECOND), Some([101.5, 106.5, 95.8, 100.0])]);
    let told = judged(&question, &candles).unwrap();
    assert_eq!((told.by, told.at), (TriggerKind::Time, hour(2)));
    assert!(near(told.gross, 0.015));
    assert!(near(over_horizon(&question, &candles).unwrap().gross, 0.0));
    // Long before the horizon, too: what comes after the sale is not missing.
    let question = Question { horizon_ms: 24 * 3_600_000, ..question };
    let told = judged(&question, &candles).unwrap();
    assert_eq!((told.by, told.at), (TriggerKind::Time, hour(2)));
}

#[test]
fn a_time_to_hold_may_end_within_a_candle() {
    let candles = hours(&[Some(FIRST), Some(SECOND), Some(SECOND)]);
    // Half an hour: minutes at 100, but the one that ends then closes at 100.25.
    let of = |n: i64| candle(minute(n), if n == 29 { [100.0, 100.5, 100.0, 100.25] } else { [100.0; 4] }, 1e6);
    let step = |n| Step { candle: of(n), timeframe: Timeframe::M1, is_coarse: false };
    let half = Question { hold_ms: Some(30 * 60_000), ..question() };
    let told = under_policy(&half, &candles, |_| Ok::<_, Infallible>((0..60).map(step).collect())).unwrap().unwrap();
    assert_eq!((told.by, told.at), (TriggerKind::Time, minute(30)));
    assert!(near(told.gross, 0.0025), "{told:?}");
    // With nothing finer the candle that holds the moment decides by its close.
    let told = judged(&half, &candles).unwrap();
    assert_eq!((told.by, told.at), (TriggerKind::Time, hour(1)));
    assert!(near(told.gross, 0.005));
    let told = judged(&Question { hold_ms: Some(90 * 60_000), ..question() }, &candles).unwrap();
    assert_eq!((told.by, told.at), (TriggerKind::Time, hour(2)));
}

#[test]
fn what_is_missing_after_the_exit_is_of_no_account() {
    let question = Question { horizon_ms: 24 * 3_600_000, ..question() };
    let stopped = hours(&[Some(FIRST), Some([100.5, 102.0, 95.0, 95.5])]);
    assert_eq!(judged(&question, &stopped).map(|told| told.at), Ok(hour(2).plus_ms(-1)));
    assert_eq!(judged(&question, &hours(&[Some(FIRST), Some(SECOND)])), Err(Unresolvable::Gap));
    assert_eq!(over_horizon(&question, &stopped), Err(Unresolvable::Gap));
}

#[test]
fn the_costs_are_those_of_the_question() {
    let candles = hours(&[Some(FIRST), Some(SECOND), Some([101.5, 102.0, 101.0, 101.0])]);
    let none = Bps::default();
    let free = Question { costs: Costs { fee: none, slippage: none, half_spread: none }, ..question() };
    assert!(near(over_horizon(&free, &candles).unwrap().net, 0.01));
    // 101 × 0.9995 × 0.998001 / 100.05 − 1.
    assert!(near(over_horizon(&question(), &candles).unwrap().net, 100.747_701_949_5 / 100.05 - 1.0));
}

#[test]
fn a_touch_of_the_target_is_not_enough_and_one_of_the_stop_is() {
    let told = |third| judged(&question(), &hours(&[Some(FIRST), Some(SECOND), Some(third)])).unwrap().by;
    assert_eq!(told([101.5, 106.0, 101.0, 105.8]), TriggerKind::Time);
    assert_eq!(told([101.5, 102.0, 96.0, 101.0]), TriggerKind::Stop);
}

#[test]
fn a_trailing_stop_follows_the_high_of_the_candle_before() {
    // The high of 103 puts the stop at 101, in the next candle.
    let question = Question { target: None, trail: Some(2.0), ..question() };
    let (up, down) = ([100.0, 103.0, 98.5, 102.5], [102.0, 102.5, 100.5, 102.0]);
    let told = judged(&question, &hours(&[Some(up), Some(down), Some(SECOND)])).unwrap();
    assert_eq!((told.by, told.at), (TriggerKind::Stop, hour(2).plus_ms(-1)));
    assert!(near(told.gross, 0.01));
    // Until then it follows the close that was decided on: 100 − 2 is above 96 but does not bind
    // before a candle has ended.
    let told = judged(&question, &hours(&[Some([100.0, 100.0, 97.0, 99.0]), Some(FIRST), Some(SECOND)])).unwrap();
    assert_eq!((told.by, told.at), (TriggerKind::Time, hour(3)));
}

#[test]
fn up_to_two_missing_candles_in_a_row_are_passed_over_and_three_are_unresolvable() {
    let long = Question { horizon_ms: 6 * 3_600_000, ..question() };
    let (there, none) = (Some([100.0, 101.0, 99.0, 100.5]), None);
    for (candles, horizon, policy) in [
        ([there, there, there, there, there, there], true, true),
        ([there, none, none, there, none, there], true, true),
        ([none, none, there, there, there, there], true, true),
        ([there, there, there, there, none, none], true, true),
        ([there, there, there, none, none, none], false, false),
        ([there, none, none, none, there, there], true, false),
        ([none, none, none, there, there, there], true, false),
        ([none; 6], false, false),
    ] {
        let (told, candles) = (candles.map(|c| u8::from(c.is_some())), hours(&candles));
        let gap = |answer: Answer| answer.map_or_else(|why| why != Unresolvable::Gap, |_| true);
        assert_eq!(gap(over_horizon(&long, &candles)), horizon, "{told:?}");
        assert_eq!(gap(judged(&long, &candles)), policy, "{told:?}");
    }
}

#[test]
fn what_passes_over_missing_candles_ends_at_the_last_close_there_is() {
    let candles = hours(&[Some([100.0, 103.0, 99.0, 102.2]), None, None]);
    for told in [over_horizon(&question(), &candles).unwrap(), judged(&question(), &candles).unwrap()] {
        assert!(near(told.gross, 0.022));
        assert_eq!((told.by, told.at), (TriggerKind::Time, hour(3)));
    }
}

#[test]
fn without_a_stop_there_is_no_policy_to_judge_but_a_horizon() {
    let (question, candles) =
        (Question { stop: None, ..question() }, hours(&[Some(FIRST), Some(SECOND), Some(SECOND)]));
    assert_eq!(judged(&question, &candles), Err(Unresolvable::NoStop));
    assert!(over_horizon(&question, &candles).is_ok());
}

#[test]
fn a_question_is_ripe_when_all_is_there_or_nothing_more_will_come() {
    let whole = hours(&[Some(FIRST), Some(SECOND), Some(SECOND)]);
    assert!(!is_ripe(&question(), &whole, hour(3).plus_ms(-1)), "the horizon has not ended");
    assert!(is_ripe(&question(), &whole, hour(3)));
    let holey = hours(&[Some(FIRST), None, Some(SECOND), Some(SECOND)]);
    assert!(!is_ripe(&question(), &holey, hour(27).plus_ms(-1)), "a later candle makes up for none");
    assert!(is_ripe(&question(), &holey, hour(27)), "a day later");
}

#[test]
fn a_horizon_ends_on_the_grid_of_its_candles() {
    assert_eq!(Question { horizon_ms: 5_400_000, ..question() }.due(), hour(1));
    assert_eq!(question().due(), hour(3));
}

/// Minutes of so many hours, by their moves in hundredths.
fn minutes(moves: &[[i64; 4]]) -> Vec<Candle> {
    let mut last = 10_000;
    let mut next = |(n, [by, open_by, above, below]): (i64, &[i64; 4])| {
        let (open, close) = (last + open_by, last + by);
        let prices = [open, open.max(close) + above, open.min(close) - below, close];
        last = close;
        candle(minute(n), prices.map(|p| f64::from(i32::try_from(p).unwrap()) / 100.0), 1e6)
    };
    (0..).zip(moves).map(&mut next).collect()
}

fn hourly(minutes: &[Candle]) -> Vec<Candle> {
    let whole = |chunk: &[Candle]| {
        let high = chunk.iter().map(Candle::high).fold(0.0, f64::max);
        let low = chunk.iter().map(Candle::low).fold(f64::INFINITY, f64::min);
        candle(chunk[0].open_time(), [chunk[0].open(), high, low, chunk[chunk.len() - 1].close()], 1e6)
    };
    minutes.chunks(60).map(whole).collect()
}

/// The rules once more and in short, minute by minute: price, what ended it, and whether it was ambiguous.
fn every_minute(question: &Question, minutes: &[Candle]) -> (f64, TriggerKind, bool) {
    let (mut stop, mut high) = (question.stop.unwrap(), question.reference);
    for c in minutes {
        let over = |price: f64| question.target.is_some_and(|target| price > target);
        match () {
            () if c.open() <= stop => return (c.open(), TriggerKind::Stop, false),
            () if over(c.open()) => return (c.open(), TriggerKind::Target, false),
            () if c.low() <= stop => return (stop, TriggerKind::Stop, over(c.high())),
            () if over(c.high()) => return (question.target.unwrap(), TriggerKind::Target, false),
            () => high = high.max(c.high()),
        }
        stop = question.trail.map_or(stop, |trail| stop.max(high - trail));
    }
    (minutes[minutes.len() - 1].close(), TriggerKind::Time, false)
}

fn moves() -> impl Strategy<Value = Vec<[i64; 4]>> {
    let each = [-12i64..=12, -2i64..=2, 0i64..=5, 0i64..=5];
    prop::collection::vec(each, 240)
}

fn some(from: i64, to: i64) -> impl Strategy<Value = Option<f64>> {
    prop::option::of(from..to).prop_map(|n| n.map(|n| f64::from(i32::try_from(n).unwrap()) / 100.0))
}

proptest! {
    #[test]
    fn passing_over_candles_out_of_reach_answers_as_walking_every_fine_candle(
        moves in moves(), stop in 9_500i64..9_990, target in some(10_010, 10_500), trail in some(20, 500),
    ) {
        let minutes = minutes(&moves);
        let stop = f64::from(i32::try_from(stop).unwrap()) / 100.0;
        let question = Question { horizon_ms: 4 * 3_600_000, stop: Some(stop), target, trail, ..question() };
        let mut looked_into = 0;
        let finer = |whole: &Candle| {
            looked_into += 1;
            let within = |c: &&Candle| Timeframe::H1.floor(c.open_time()) == whole.open_time();
            let step = |c: &Candle| Step { candle: *c, timeframe: Timeframe::M1, is_coarse: false };
            Ok::<_, Infallible>(minutes.iter().filter(within).map(step).collect())
        };
        let told = under_policy(&question, &hourly(&minutes), finer).unwrap().unwrap();
        let (price, by, is_ambiguous) = every_minute(&question, &minutes);
        prop_assert_eq!((told.by, told.is_ambiguous), (by, is_ambiguous));
        prop_assert!((told.gross - (price / 100.0 - 1.0)).abs() < 1e-12, "{told:?} instead of {price}");
        prop_assert!(told.at <= question.due());
        prop_assert!(by != TriggerKind::Stop || looked_into > 0, "an hour alone tells no stop where there are minutes");
    }

    #[test]
    fn early_and_late_answers_are_the_same(
        moves in moves(), late in 0i64..30 * 24, stop in 9_500i64..9_990, there in prop::collection::vec(any::<bool>(), 4),
    ) {
        // Asked as soon as it is ripe, with nothing after the horizon, and later with all that came since and before.
        let all = hourly(&minutes(&moves));
        let kept: Vec<Candle> = all.iter().zip(&there).filter(|(_, is_there)| **is_there).map(|(c, _)| *c).collect();
        let stop = f64::from(i32::try_from(stop).unwrap()) / 100.0;
        let question = Question { horizon_ms: 4 * 3_600_000, stop: Some(stop), ..question() };
        let ripe = (0..=28).map(hour).find(|now| is_ripe(&question, &kept, *now)).unwrap();
        prop_assert_eq!(ripe, if kept.len() == 4 { hour(4) } else { hour(28) });
        let wild = |n: i64| candle(hour(n), [50.0, 200.0, 1.0, 60.0], 1e6);
        let more: Vec<Candle> = (-9..0).map(wild).chain(kept.iter().copied()).chain((4..4 + late).map(wild)).collect();
        prop_assert!(is_ripe(&question, &more, ripe.plus_ms(late * 3_600_000)));
        prop_assert_eq!(judged(&question, &more), judged(&question, &kept));
        prop_assert_eq!(over_horizon(&question, &more), over_horizon(&question, &kept));
    }
}
