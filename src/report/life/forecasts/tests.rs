use super::*;
use crate::report::outcomes::Counts;
use crate::unit::{Timeframe, UtcMillis};

/// Four hours from the n-th four hours on: none overlaps another.
fn judgement(n: i64, predicted: f64, net: f64) -> Judgement {
    let from = UtcMillis::new(n * 14_400_000);
    let judged = Judged {
        pair: "BTC/USDT".parse().unwrap(),
        span: (from, from.plus_ms(14_400_000)),
        predicted,
        range: Some((-0.05, 0.05)),
        p_gain: 0.5,
        cost: 0.0026,
        was_bought: false,
        was_held: false,
        net,
        money: 100.0 * net,
    };
    Judgement { judged, score: Some(1.0), gross: net }
}

fn told(all: &[Judgement]) -> LifeHorizon {
    let judged: Vec<Judged> = all.iter().map(|j| j.judged.clone()).collect();
    let n_eff = effective_n(judged.iter().map(|j| (j.span, &j.pair)));
    let counts = Counts {
        horizon_h: 4,
        timeframe: Timeframe::H1,
        kind: "horizon",
        n_eff,
        waiting: 0,
        unresolvable: std::collections::BTreeMap::new(),
    };
    LifeHorizon::of(all, HorizonScore::of(&judged, counts))
}

fn get(number: Option<Number>) -> f64 {
    number.unwrap().get()
}

#[test]
fn nothing_that_looks_like_a_number_rests_on_too_few() {
    let few: Vec<Judgement> = (0..29).map(|n| judgement(n, 0.01, 0.02)).collect();
    let told = told(&few);
    assert!(told.groups.is_empty() && told.probability_groups.is_empty() && told.brier_parts.is_none());
    assert_eq!(told.groups_why.as_deref(), Some("too early: n_eff 29 of 30"));
    assert_eq!(told.probability_groups_why.as_deref(), Some("too early: n_eff 29 of 100"));
    assert_eq!(told.direction_pct.why.as_deref(), Some("too early: n_eff 29 of 30"));
    assert_eq!(told.information_coefficient_interval, None);
    let all = [&told.bands[0].right_pct, &told.pairs[0].right_pct, &told.pairs[0].false_negatives.rate_pct];
    assert!(all.iter().all(|figure| figure.value.is_none() && figure.interval.is_none() && figure.why.is_some()));
    assert_eq!((told.bands[0].count, told.bands[0].right), (29, 29), "counts are facts");
}

#[test]
fn groups_tell_the_mean_of_like_forecasts_beside_what_came_by_hand() {
    // Forecasts of 1, 2 and 3 percent, ten each: what came is 1 and −1, 2 and 4, 3 and 3 percent in turn.
    let came = |kind: i64, n: i64| match (kind, n % 2) {
        (0, 0) => 0.01,
        (0, _) => -0.01,
        (1, 0) => 0.02,
        (1, _) => 0.04,
        _ => 0.03,
    };
    let of = |kind: i64| {
        (0..10)
            .map(move |n| judgement(10 * kind + n, [0.01, 0.02, 0.03][usize::try_from(kind).unwrap()], came(kind, n)))
    };
    let told = told(&(0..3).flat_map(of).collect::<Vec<_>>());
    let means: Vec<_> = told.groups.iter().map(|g| (g.count, get(g.predicted_pct), get(g.actual_pct))).collect();
    assert_eq!(means, [(10, 1.0, 0.0), (10, 2.0, 3.0), (10, 3.0, 3.0)]);
    // The standard deviation of ten values at ±1 is √(10/9) = 1.0541, its error 1.0541/√10 = 0.33333: ± 0.6533.
    let [low, high] = told.groups[0].interval_pct.map(get);
    assert!((low + 0.6533).abs() < 1e-4 && (high - 0.6533).abs() < 1e-4, "{low} to {high}");
    assert_eq!(told.groups[2].interval_pct, [Number::exact(3.0); 2], "all alike");
}

#[test]
fn equal_forecasts_are_no_groups() {
    let told = told(&(0..40).map(|n| judgement(n, 0.01, 0.02)).collect::<Vec<_>>());
    assert_eq!((told.groups.len(), told.groups_why.as_deref()), (0, Some("all forecasts are alike")));
}

#[test]
fn probabilities_are_held_against_what_happened_and_their_score_is_taken_apart() {
    // Half are told 40 % and gain one time of four, half are told 60 % and gain three times of four.
    let one = |n: i64| {
        let is_high = n % 2 == 1;
        let gains = if is_high { n % 8 != 1 } else { n % 8 == 0 };
        let mut one = judgement(n, 0.01, if gains { 0.02 } else { -0.02 });
        one.judged.p_gain = if is_high { 0.6 } else { 0.4 };
        one
    };
    let told = told(&(0..200).map(one).collect::<Vec<_>>());
    let groups: Vec<_> =
        told.probability_groups.iter().map(|g| (g.count, get(g.forecast_pct), get(g.observed_pct))).collect();
    assert_eq!(groups, [(100, 40.0, 25.0), (100, 60.0, 75.0)]);
    // Wilson, 25 of 100: 17.55 to 34.30 (textbooks).
    let [low, high] = told.probability_groups[0].interval_pct.map(get);
    assert!((low - 17.55).abs() < 0.01 && (high - 34.30).abs() < 0.01, "{low} to {high}");
    // Off by 0.15 each; the groups lie 0.25 from a base rate of one half.
    let parts = told.brier_parts.unwrap();
    let parts = [parts.reliability, parts.resolution, parts.uncertainty, parts.within];
    assert_eq!(parts, [0.0225, 0.0625, 0.25, 0.0].map(Number::exact));
    assert_eq!(told.score.brier.value, Number::exact(0.21), "0.0225 − 0.0625 + 0.25");
}

#[test]
fn a_signal_is_right_when_the_price_goes_where_it_leans_whatever_it_costs() {
    let with =
        |n: i64, score: Option<f64>, gross: f64| Judgement { score, gross, ..judgement(n, 0.01, gross - 0.0026) };
    let one = |n: i64| match n % 4 {
        0 => with(n, Some(10.0), 0.001),
        1 => with(n, Some(-10.0), -0.03),
        2 => with(n, Some(70.0), -0.01),
        // Leans nowhere, and is not counted.
        _ => with(n, if n % 8 == 3 { None } else { Some(0.0) }, 0.05),
    };
    let told = told(&(0..400).map(one).collect::<Vec<_>>());
    let bands: Vec<_> = told.bands.iter().map(|b| (b.from_pct, b.to_pct, b.count, b.right)).collect();
    // A score of 10 is a confidence of 55 %, one of 70 is 85 %.
    assert_eq!(bands, [(50.0, 60.0, 200, 200), (80.0, 90.0, 100, 0)]);
    assert_eq!(told.direction_pct.value, Number::exact(66.6667));
    assert_eq!((told.pairs[0].count, told.pairs[0].right), (300, 200));
}

#[test]
fn the_pairs_are_told_apart_with_their_errors() {
    let mut all: Vec<Judgement> = (0..100).map(|n| judgement(n, 0.01, if n < 40 { -0.01 } else { 0.02 })).collect();
    for one in &mut all {
        one.judged.was_bought = true;
    }
    let other = |n: i64| {
        let mut one = judgement(n, 0.01, if n < 10 { 0.01 } else { 0.001 });
        one.judged.pair = "ETH/USDT".parse().unwrap();
        one
    };
    all.extend((0..50).map(other));
    let told = told(&all);
    let [btc, eth] = &told.pairs[..] else { panic!("{:?}", told.pairs) };
    assert_eq!((btc.symbol.as_str(), btc.false_positives.count, btc.false_positives.of), ("BTC/USDT", 40, 100));
    assert_eq!(btc.false_positives.rate_pct.value, Number::exact(40.0));
    assert_eq!((eth.symbol.as_str(), eth.false_negatives.count, eth.false_negatives.of), ("ETH/USDT", 10, 50));
    assert_eq!((btc.false_negatives.of, eth.false_positives.of), (0, 0));
}
