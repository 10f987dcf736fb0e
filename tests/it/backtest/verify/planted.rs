//! Leaks that are planted in an honest analyst, each of a kind that people do write, and the checks that find them.

use proptest::prelude::*;
use trader::backtest::{Bar, Check, Finding, Tape};
use trader::market::Candle;
use trader::unit::Timeframe;

use super::market::{Moves, Scene, TELLING};

const CANDLES: i64 = 3000;
const CUTS: usize = 16;

/// The honest bars, some of them replaced: `replace` is told the candles of the pair and the place of one.
fn replaced(scene: &Scene, tapes: &[Tape], replace: impl Fn(&[Candle], usize) -> Option<Bar>) -> Vec<Vec<Bar>> {
    let mut all = scene.honest(tapes);
    for (tape, bars) in tapes.iter().zip(&mut all) {
        let candles = tape.decided_on().candles();
        for (i, bar) in bars.iter_mut().enumerate().filter(|(_, bar)| bar.score().is_some()) {
            *bar = replace(candles, i).unwrap_or(*bar);
        }
    }
    all
}

#[track_caller]
fn assert_failing(scene: &Scene, replace: impl Fn(&[Candle], usize) -> Option<Bar>, expected: &[&str]) {
    assert_eq!(scene.failing(&|tapes| replaced(scene, tapes, &replace), CUTS), expected);
}

#[test]
fn an_honest_program_passes_every_check() {
    let scene = Scene::new(CANDLES, Moves::ByChance);
    for verified in scene.verified(&|tapes| scene.honest(tapes), CUTS) {
        assert_eq!(verified.finding, Finding::Passed, "{verified:?}");
        assert!(verified.comparisons > 0, "{verified:?}");
    }
}

/// The score of the next candle, as a feature that was shifted the wrong way.
#[test]
fn who_knows_the_next_close_is_found_by_everything_that_moves_it() {
    let scene = Scene::new(CANDLES, Moves::ByChance);
    let (buy, sell) = scene.strongest();
    let peek = |candles: &[Candle], i: usize| {
        let next = candles.get(i + 1)?;
        Some(if next.close() > candles[i].close() { buy } else { sell })
    };
    assert_failing(&scene, peek, &["look-ahead", "poison", "extension", "one-bar-late", "shuffle"]);
}

/// Today's candles counted, those included that are to come: complete days only, whatever their values.
#[test]
fn who_knows_only_that_there_are_later_candles_is_found_by_taking_them_away() {
    let scene = Scene::new(CANDLES, Moves::ByChance);
    let (buy, _) = scene.strongest();
    let incomplete = |candles: &[Candle], i: usize| {
        let day = Timeframe::D1.floor(candles[i].open_time());
        let of_day =
            candles[i.saturating_sub(24)..].iter().take(48).filter(|c| Timeframe::D1.floor(c.open_time()) == day);
        (of_day.count() < 24).then_some(buy)
    };
    assert_failing(&scene, incomplete, &["look-ahead"]);
}

/// Outliers taken out by their neighbours on both sides: in clean data there are none.
#[test]
fn who_cleans_the_data_with_later_data_is_found_by_poison() {
    let scene = Scene::new(CANDLES, Moves::ByChance);
    let (buy, _) = scene.strongest();
    let outlier = |candles: &[Candle], i: usize| {
        let next = candles.get(i + 1)?;
        (next.close() > 10.0 * candles[i].close()).then_some(buy)
    };
    assert_failing(&scene, outlier, &["poison"]);
}

/// A reading that counts candles from the beginning of the data, as an average that never forgets does.
#[test]
fn who_hangs_on_the_beginning_of_the_data_is_found_by_varying_it() {
    let scene = Scene::new(CANDLES, Moves::ByChance);
    let (buy, _) = scene.strongest();
    assert_failing(&scene, |_, i| (i / 7 % 2 == 0).then_some(buy), &["warm-up"]);
}

/// A model that was fitted once on all there was: it is another one when the data end elsewhere.
#[test]
fn who_was_fitted_on_the_whole_history_is_found_by_ending_it_elsewhere() {
    let scene = Scene::new(CANDLES, Moves::ByChance);
    let (buy, all) = (scene.strongest().0, scene.candles());
    assert_failing(&scene, |candles, i| (candles.len() == all && i % 5 == 0).then_some(buy), &["extension"]);
}

/// Readings as a share of the highest price there ever is: every cut has another one.
#[test]
fn who_normalises_by_the_maximum_of_all_is_found_by_cutting_it() {
    let scene = Scene::new(CANDLES, Moves::ByChance);
    let (buy, sell) = scene.strongest();
    let read = |tapes: &[Tape]| {
        let highest = |tape: &Tape| tape.decided_on().candles().iter().map(Candle::high).fold(0.0, f64::max);
        let mut all = scene.honest(tapes);
        for (tape, bars) in tapes.iter().zip(&mut all) {
            let top = highest(tape);
            for (bar, candle) in bars.iter_mut().zip(tape.decided_on().candles()) {
                // The tenth part of the range that the price is in says whether to buy or to sell.
                *bar = if (10.0 * candle.close() / top).fract() < 0.5 { buy } else { sell };
            }
        }
        all
    };
    let failing = scene.failing(&read, CUTS);
    for check in ["look-ahead", "poison", "warm-up"] {
        assert!(failing.contains(&check), "{check} of {failing:?}");
    }
}

/// Nothing is leaked: what the volume tells is known in time, and over with the next candle.
#[test]
fn who_lives_on_the_fill_is_found_by_coming_late() {
    let scene = Scene::new(CANDLES, Moves::AsVolumeTold);
    let (buy, sell) = scene.strongest();
    let told = |candles: &[Candle], i: usize| Some(if candles[i].volume() > TELLING { buy } else { sell });
    assert_failing(&scene, told, &["one-bar-late"]);
}

#[test]
fn who_forecasts_for_longer_than_a_candle_may_come_late() {
    let scene = Scene::new(CANDLES, Moves::AsVolumeToldForADay);
    let (buy, sell) = scene.strongest();
    let told = |candles: &[Candle], i: usize| Some(if candles[i].volume() > TELLING { buy } else { sell });
    assert_failing(&scene, told, &[]);
}

#[test]
fn who_loses_on_time_has_nothing_to_lose_by_coming_late() {
    let scene = Scene::new(CANDLES, Moves::ByChance);
    let all = scene.verified(&|tapes| scene.honest(tapes), 1);
    let late = all.iter().find(|verified| verified.check == Check::OneBarLate).unwrap();
    assert!(late.finding == Finding::Passed && late.text.contains("nothing to lose"), "{late:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2))]

    #[test]
    fn two_hundred_cuts_leave_an_honest_program_as_it_is(seed: u64) {
        let scene = Scene::seeded(seed, 800, Moves::ByChance).shallow();
        let read = |tapes: &[Tape]| scene.honest(tapes);
        for check in [Check::LookAhead, Check::Poison, Check::Extension] {
            let verified = scene.one(&read, check, 200);
            prop_assert_eq!(&verified.finding, &Finding::Passed, "{:?}", verified);
        }
    }
}
