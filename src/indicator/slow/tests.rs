//! Slow readings by hand, and against plain sums over all candles.

use super::*;

const START: UtcMillis = UtcMillis::new(1_704_067_200_000);

fn candle(timeframe: Timeframe, i: i64, close: f64) -> Candle {
    Candle::from_parts(timeframe.step(START, i), [close; 4], 1.0, None).unwrap()
}

fn read(timeframe: Timeframe, closes: &[f64]) -> Vec<SlowReadings> {
    let mut pass = SlowPass::new(timeframe);
    closes.iter().zip(0..).map(|(close, i)| pass.next(&candle(timeframe, i, *close))).collect()
}

fn assert_close(what: &str, value: f64, expected: f64) {
    assert!((value - expected).abs() < 1e-9 * expected.abs().max(1.0), "{what}: {value} instead of {expected}");
}

/// Closes that wander without chance, none like another.
fn wander(count: i32) -> Vec<f64> {
    (0..count).map(|i| 100.0 + 10.0 * (f64::from(i) / 37.0).sin() + 3.0 * (f64::from(i) / 5.3).cos()).collect()
}

#[test]
fn returns_and_means_reach_back_over_whole_days() {
    let closes = wander(2600);
    let all = read(Timeframe::H1, &closes);
    for (k, days) in RETURN_DAYS.into_iter().enumerate() {
        let back = usize::from(days) * 24;
        assert_eq!((all[back - 1].returns[k], all[back].returns[k].is_some()), (None, true), "{days} days");
        for i in [back, back + 1, 2599] {
            assert_close("return", all[i].returns[k].unwrap(), (closes[i] / closes[i - back]).ln());
        }
    }
    for (k, days) in AVERAGE_DAYS.into_iter().enumerate() {
        let length = usize::from(days) * 24;
        assert_eq!((all[length - 2].averages[k], all[length - 1].averages[k].is_some()), (None, true), "{days} days");
        for i in [length - 1, length, 2599] {
            let plain = closes[i + 1 - length..=i].iter().sum::<f64>() / f64::from(days * 24);
            assert_close("mean", all[i].averages[k].unwrap(), plain);
        }
    }
}

#[test]
fn volatility_begins_with_the_plain_mean_of_72_squares_and_halves_its_memory_in_as_many() {
    // 72 returns of 1 %, then none at all: after 72 hours the variance is half of what it was.
    let mut closes: Vec<f64> = (0..=72).map(|i| 100.0 * 1.01_f64.powi(i)).collect();
    closes.resize(73 + 144, closes[72]);
    let all = read(Timeframe::H1, &closes);
    assert_eq!(all[71].volatility, None);
    let sigma = 1.01_f64.ln();
    for (i, variance) in [(72, 1.0), (72 + 72, 0.5), (72 + 144, 0.25)] {
        assert_close("volatility", all[i].volatility.unwrap(), sigma * f64::sqrt(variance));
    }
}

#[test]
fn a_breakout_lasts_until_the_close_falls_to_the_middle_of_the_channel_or_its_highest() {
    // Ten days: 1 … 10. The tenth is the highest: out, stop (1 + 10)/2 = 5.5. Then 8: channel 2 to 10, stop 6. Then 6: at the stop.
    let mut closes: Vec<f64> = (1..=10).map(f64::from).collect();
    closes.extend([8.0, 6.0, 7.0, 10.0, 11.0]);
    let all = read(Timeframe::D1, &closes);
    let told: Vec<Option<bool>> = all.iter().map(|readings| readings.breakouts[0]).collect();
    let (yes, no) = (Some(true), Some(false));
    assert_eq!(told[..9], [None; 9]);
    // 7 is no new high; 10 is as high as the highest of the ten days before it; 11 goes on.
    assert_eq!(told[9..], [yes, yes, no, no, yes, yes]);
    assert_eq!(all[14].breakouts[1], None, "20 days are not over");
}

#[test]
fn a_breakout_that_nothing_renews_counts_for_thirty_days() {
    // Ten days: 1 … 9 and 20: out, with the stop at 10.5. Then 19 for as long as it takes: never a new high of ten days until
    // the 20 has left them, and then every close is one.
    let mut closes: Vec<f64> = (1..10).map(f64::from).chain([20.0]).collect();
    // Each close a little lower than the one before: no high ever again, and never at the middle.
    closes.extend((0..40).map(|i| 19.0 - f64::from(i) / 1000.0));
    let all = read(Timeframe::D1, &closes);
    let lasts = all[9..].iter().take_while(|readings| readings.breakouts[0] == Some(true)).count();
    // The middle of ten such closes lies between them: the close falls below it once the 20 has left, ten days later.
    assert_eq!(lasts, 9);
    // Of sixty days the middle stays far below: 30 closes, the first of them the breakout.
    let mut closes: Vec<f64> = (1..60).map(f64::from).chain([200.0]).collect();
    closes.extend((0..40).map(|i| 199.0 - f64::from(i)));
    let all = read(Timeframe::D1, &closes);
    let lasts = all[59..].iter().take_while(|readings| readings.breakouts[3] == Some(true)).count();
    assert_eq!(lasts, 30);
}

#[test]
fn whatever_lies_before_the_channel_and_thirty_days_says_nothing() {
    let closes: Vec<f64> = wander(400).iter().zip(0..).map(|(close, i)| close + f64::from(i % 7)).collect();
    let all = read(Timeframe::D1, &closes);
    for from in [0, 50, 100, 250] {
        let later = read(Timeframe::D1, &closes[from..]);
        for (k, days) in CHANNEL_DAYS.into_iter().enumerate() {
            let known = usize::from(days + BREAKOUT_COUNTS) - 1;
            for i in known..later.len() {
                assert_eq!(later[i].breakouts[k], all[from + i].breakouts[k], "{days} days, from {from}, {i}");
            }
        }
    }
}

#[test]
fn a_price_that_stands_still_breaks_out_of_nothing() {
    assert_eq!(read(Timeframe::D1, &[5.0; 12])[11].breakouts[0], Some(false));
}

#[test]
fn longer_closes_are_known_when_they_have_ended_and_left_out_where_their_last_candle_is_missing() {
    let closes = wander(24 * 130);
    let mut whole = SlowPass::new(Timeframe::H1);
    let mut holed = SlowPass::new(Timeframe::H1);
    let mut before = SlowReadings::default();
    for (close, i) in closes.iter().zip(0..) {
        let readings = whole.next(&candle(Timeframe::H1, i, *close));
        if i % 4 != 3 {
            assert_eq!(readings.crosses, before.crosses, "hour {i} is within four hours");
        }
        if i % 24 != 23 {
            assert_eq!(readings.breakouts, before.breakouts, "hour {i} is within a day");
            assert_eq!(readings.directions[2], before.directions[2], "hour {i} is within a day");
        }
        before = readings;
        // An hour within four is missing every day: no longer close is.
        if i % 24 != 5 {
            let with_holes = holed.next(&candle(Timeframe::H1, i, *close));
            assert_eq!((with_holes.crosses, with_holes.breakouts), (readings.crosses, readings.breakouts), "hour {i}");
        }
    }
    assert!(before.crosses.iter().all(Option::is_some) && before.breakouts.iter().all(Option::is_some));
}

#[test]
fn crosses_are_averages_of_four_hour_closes_as_shares_of_the_last() {
    // Seeded with the mean of their first inputs, as everywhere here; the recursion by hand.
    let closes = wander(4 * 200);
    let of_four: Vec<f64> = closes.iter().skip(3).step_by(4).copied().collect();
    let average = |length: usize| {
        let seed = of_four[..length].iter().sum::<f64>() / length as f64;
        let alpha = 2.0 / (length as f64 + 1.0);
        of_four[length..].iter().fold(seed, |average, close| average + alpha * (close - average))
    };
    let last = read(Timeframe::H1, &closes)[799];
    for (cross, (fast, slow)) in last.crosses.into_iter().zip(CROSSES) {
        let expected = (average(usize::from(fast)) - average(usize::from(slow))) / of_four[199];
        assert_close("cross", cross.unwrap(), expected);
    }
}

#[test]
fn directions_are_signs_of_their_own_lengths() {
    let rising: Vec<f64> = (0..24 * 30).map(|i| 100.0 + f64::from(i)).collect();
    let last = *read(Timeframe::H1, &rising).last().unwrap();
    assert_eq!(last.directions, [Some(1.0); 3]);
    let falling: Vec<f64> = rising.iter().rev().copied().collect();
    assert_eq!(read(Timeframe::H1, &falling).last().unwrap().directions, [Some(-1.0); 3]);
    // On days there is nothing shorter to read.
    assert_eq!(read(Timeframe::D1, &rising[..40]).last().unwrap().directions, [None, None, Some(1.0)]);
    assert_eq!(read(Timeframe::H1, &[7.0; 720]).last().unwrap().directions, [Some(0.0); 3]);
}
