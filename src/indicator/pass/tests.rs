//! The indicators against their definitions, written down naively, and against a published series.

use proptest::prelude::*;

use super::*;

const START: UtcMillis = UtcMillis::new(1_710_288_000_000);

fn series(timeframe: Timeframe, rows: &[(f64, f64, f64, f64)]) -> Series {
    let candles = rows.iter().zip(0..).map(|(&(high, low, close, volume), i)| {
        Candle::from_parts(timeframe.step(START, i), [close, high, low, close], volume, None).unwrap()
    });
    Series::new(timeframe, candles.collect()).unwrap()
}

fn closes(closes: &[f64]) -> Series {
    series(Timeframe::H1, &closes.iter().map(|&c| (c, c, c, 1.0)).collect::<Vec<_>>())
}

fn all(series: &Series) -> Vec<Readings> {
    let mut pass = Pass::new(series.timeframe());
    series.candles().iter().map(|c| pass.next(c)).collect()
}

/// The widely copied tutorial series; the values are those of TA-Lib and TradingView.
#[test]
fn rsi_agrees_with_the_published_series() {
    let tutorial = [
        44.34, 44.09, 44.15, 43.61, 44.33, 44.83, 45.10, 45.42, 45.84, 46.08, 45.89, 46.03, 45.61, 46.28, 46.28, 46.00,
        46.03, 46.41, 46.22, 45.64,
    ];
    let readings = all(&closes(&tutorial));
    assert_eq!(readings[13].get(Indicator::Rsi14), None);
    for (i, expected) in (14..).zip([70.464, 66.250, 66.481, 69.347, 66.295, 57.915]) {
        let rsi = readings[i].get(Indicator::Rsi14).unwrap();
        assert!((rsi - expected).abs() < 5e-4, "{i}: {rsi} instead of {expected}");
    }
}

/// When each indicator has its first value follows from its definition: a window is full, a seed is complete.
#[test]
fn every_reading_begins_where_its_definition_does() {
    let readings = all(&closes(&(0..210).map(|i| 100.0 + f64::from(i * i % 7)).collect::<Vec<_>>()));
    for (indicator, first) in [
        (Indicator::Ema9, 9),
        (Indicator::Ema21, 21),
        (Indicator::Ema50, 50),
        (Indicator::Ema200, 200),
        (Indicator::Macd, 26),
        (Indicator::MacdSignal, 26 + 9 - 1),
        (Indicator::MacdHist, 26 + 9 - 1),
        (Indicator::Rsi14, 1 + 14),
        (Indicator::StochK, 14 + 3 - 1),
        (Indicator::StochD, 14 + 3 - 1 + 3 - 1),
        (Indicator::BbUpper, 20),
        (Indicator::BbMiddle, 20),
        (Indicator::BbLower, 20),
        (Indicator::Atr14, 1 + 14),
        (Indicator::Adx14, 1 + 13 + 14),
        (Indicator::Obv, 1),
        (Indicator::Vwap, 1),
        (Indicator::ObvFlow, 1 + 14),
    ] {
        let found = readings.iter().position(|r| r.get(indicator).is_some()).map(|i| i + 1);
        assert_eq!(found, Some(first), "{indicator}");
        assert!(readings[first..].iter().all(|r| r.get(indicator).is_some()), "{indicator} goes on");
        assert_eq!(indicator.start_up_error(first - 1), None, "{indicator}");
        assert!(indicator.start_up_error(first).is_some_and(|e| (0.0..=1.0).contains(&e)), "{indicator}");
    }
}

#[test]
fn what_recursive_averages_say_first_is_the_mean_of_their_seed() {
    let prices: Vec<f64> = (0..200).map(|i| 100.0 + f64::from(i * i % 11)).collect();
    let readings = all(&closes(&prices));
    for (indicator, n) in
        [(Indicator::Ema9, 9), (Indicator::Ema21, 21), (Indicator::Ema50, 50), (Indicator::Ema200, 200)]
    {
        assert!(close_to(readings[n - 1].get(indicator), naive::mean(&prices[..n])), "{indicator}");
    }
}

#[test]
fn a_flat_market_reads_as_neutral() {
    let last = all(&closes(&[100.0; 250])).pop().unwrap();
    for (indicator, expected) in [
        (Indicator::Rsi14, 50.0),
        (Indicator::StochK, 50.0),
        (Indicator::StochD, 50.0),
        (Indicator::Adx14, 0.0),
        (Indicator::Atr14, 0.0),
        (Indicator::BbUpper, 100.0),
        (Indicator::BbLower, 100.0),
        (Indicator::MacdHist, 0.0),
        (Indicator::Vwap, 100.0),
    ] {
        assert!((last.get(indicator).unwrap() - expected).abs() < 1e-9, "{indicator}");
    }
}

#[test]
fn vwap_starts_anew_at_midnight_and_needs_to_have_seen_it() {
    let rows = [(12.0, 9.0, 9.0, 1.0), (24.0, 18.0, 18.0, 3.0)];
    let midnight = all(&series(Timeframe::H1, &rows));
    // Typical prices 10 and 20, volumes 1 and 3: (10 + 60) / 4.
    assert_eq!(midnight[1].get(Indicator::Vwap), Some(17.5));
    assert_eq!(all(&series(Timeframe::D1, &rows))[1].get(Indicator::Vwap), None, "a daily candle has no session");
    let mut pass = Pass::new(Timeframe::H1);
    let late = |hour: i64| Candle::from_parts(Timeframe::H1.step(START, hour), [10.0; 4], 1.0, None).unwrap();
    assert_eq!(pass.next(&late(5)).get(Indicator::Vwap), None, "the day began before the series");
    assert_eq!(pass.next(&late(24)).get(Indicator::Vwap), Some(10.0));
}

#[test]
fn small_moves_at_a_high_price_do_not_lose_their_deviation() {
    // Closes 100000 ± 0.002: the population deviation is 0.002 exactly.
    let last = all(&closes(&(0..40).map(|i| 100_000.0 + if i % 2 == 0 { 0.002 } else { -0.002 }).collect::<Vec<_>>()))
        .pop()
        .unwrap();
    let width = (last.get(Indicator::BbUpper).unwrap() - last.get(Indicator::BbLower).unwrap()) / 4.0;
    assert!((width - 0.002).abs() < 1e-8, "{width}");
}

#[test]
fn what_is_left_of_the_start_up_error_is_as_stated() {
    // Two histories that differ only in their first candles: the difference must fade as fast as we say.
    let wave = |i: i32| 100.0 + 5.0 * f64::from(i % 13) - 3.0 * f64::from(i % 5);
    let plain: Vec<f64> = (0..1000).map(wave).collect();
    let other: Vec<f64> = plain.iter().enumerate().map(|(i, p)| if i < 200 { p + 40.0 } else { *p }).collect();
    let (a, b) = (all(&closes(&plain)), all(&closes(&other)));
    for n in [400usize, 700, 1000] {
        let difference = (a[n - 1].get(Indicator::Ema200).unwrap() - b[n - 1].get(Indicator::Ema200).unwrap()).abs();
        let bound = 40.0 * Indicator::Ema200.start_up_error(n).unwrap();
        assert!(difference <= bound * 1.000_001 && difference > bound * 0.5, "{n}: {difference} against {bound}");
    }
    assert!(Indicator::Ema200.start_up_error(1000).unwrap() < 3.5e-4);
    assert!(Indicator::Adx14.start_up_error(1000).unwrap() < 1e-15);
}

/// The definitions, each over the whole history, as slow and as plain as they are in a textbook.
mod naive {
    pub(super) fn mean(xs: &[f64]) -> f64 {
        xs.iter().sum::<f64>() / xs.len() as f64
    }

    /// Recursive average with factor `alpha`, seeded with the mean of the first `n`.
    pub(super) fn recursive(xs: &[f64], n: usize, alpha: f64) -> f64 {
        xs[n..].iter().fold(mean(&xs[..n]), |average, x| average + alpha * (x - average))
    }

    pub(super) fn ema(xs: &[f64], n: usize) -> f64 {
        recursive(xs, n, 2.0 / (n as f64 + 1.0))
    }

    pub(super) fn wilder(xs: &[f64], n: usize) -> f64 {
        recursive(xs, n, 1.0 / n as f64)
    }
}

fn close_to(reading: Option<f64>, expected: f64) -> bool {
    reading.is_some_and(|r| (r - expected).abs() <= 1e-9 * expected.abs().max(1.0))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_pass_agrees_with_the_definitions(moves in prop::collection::vec((-50i32..=50, 1i32..30, 1i32..30, 1u32..1000), 210..230)) {
        let mut price = 1000.0;
        let rows: Vec<(f64, f64, f64, f64)> = moves.iter().map(|&(step, up, down, volume)| {
            price = f64::max(price + f64::from(step) / 8.0, 100.0);
            (price + f64::from(up) / 8.0, price - f64::from(down) / 8.0, price, f64::from(volume))
        }).collect();
        let series = series(Timeframe::H1, &rows);
        let last = readings(&series).unwrap();
        let close: Vec<f64> = rows.iter().map(|r| r.2).collect();
        let n = rows.len();

        for (indicator, period) in [(Indicator::Ema9, 9), (Indicator::Ema21, 21), (Indicator::Ema50, 50), (Indicator::Ema200, 200)] {
            prop_assert!(close_to(last.get(indicator), naive::ema(&close, period)), "{}", indicator);
        }
        let macd: Vec<f64> = (26..=n).map(|i| naive::ema(&close[14..i], 12) - naive::ema(&close[..i], 26)).collect();
        prop_assert!(close_to(last.get(Indicator::Macd), macd[macd.len() - 1]));
        prop_assert!(close_to(last.get(Indicator::MacdSignal), naive::ema(&macd, 9)));

        let change: Vec<f64> = close.windows(2).map(|w| w[1] - w[0]).collect();
        let gain = naive::wilder(&change.iter().map(|c| c.max(0.0)).collect::<Vec<_>>(), 14);
        let loss = naive::wilder(&change.iter().map(|c| (-c).max(0.0)).collect::<Vec<_>>(), 14);
        prop_assert!(close_to(last.get(Indicator::Rsi14), 100.0 * gain / (gain + loss)));

        let true_range: Vec<f64> = rows.windows(2).map(|w| w[1].0.max(w[0].2) - w[1].1.min(w[0].2)).collect();
        prop_assert!(close_to(last.get(Indicator::Atr14), naive::wilder(&true_range, 14)));

        let fast_k = |end: usize| {
            let window = &rows[end - 14..end];
            let (high, low) = (window.iter().fold(0.0, |h, r| r.0.max(h)), window.iter().fold(1e9, |l, r| r.1.min(l)));
            100.0 * (rows[end - 1].2 - low) / (high - low)
        };
        let slow_k = |end: usize| naive::mean(&[fast_k(end - 2), fast_k(end - 1), fast_k(end)]);
        prop_assert!(close_to(last.get(Indicator::StochK), slow_k(n)));
        prop_assert!(close_to(last.get(Indicator::StochD), naive::mean(&[slow_k(n - 2), slow_k(n - 1), slow_k(n)])));

        let window = &close[n - 20..];
        let middle = naive::mean(window);
        let deviation = naive::mean(&window.iter().map(|c| (c - middle).powi(2)).collect::<Vec<_>>()).sqrt();
        prop_assert!(close_to(last.get(Indicator::BbUpper), middle + 2.0 * deviation));
        prop_assert!(close_to(last.get(Indicator::BbLower), middle - 2.0 * deviation));

        let obv = |end: usize| rows[..end].windows(2).fold(rows[0].3, |obv, w| {
            if w[1].2 > w[0].2 { obv + w[1].3 } else if w[1].2 < w[0].2 { obv - w[1].3 } else { obv }
        });
        prop_assert!(close_to(last.get(Indicator::Obv), obv(n)));
        let traded: f64 = rows[n - 14..].iter().map(|r| r.3).sum();
        prop_assert!(close_to(last.get(Indicator::ObvFlow), (obv(n) - obv(n - 14)) / traded));

        let today = n - (n - 1) % 24 - 1;
        let paid: f64 = rows[today..].iter().map(|r| (r.0 + r.1 + r.2) / 3.0 * r.3).sum();
        prop_assert!(close_to(last.get(Indicator::Vwap), paid / rows[today..].iter().map(|r| r.3).sum::<f64>()));
    }
}

#[test]
fn what_is_warm_is_warm_altogether() {
    let slowest = Indicator::SHOWN.into_iter().chain([Indicator::ObvFlow]).map(Indicator::warm_up).max();
    assert_eq!(slowest, Some(Indicator::LONGEST_WARM_UP));
}
