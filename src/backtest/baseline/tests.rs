use proptest::prelude::*;

use super::super::figure::Undefined;
use super::super::samples::{assert_close, chance, hourly, hours, market_of, wandering};
use super::*;

/// A course that nobody looks at, over as many moments, with so much put in.
fn course(moments: usize, start: f64) -> Course {
    Course { moments: hours(moments), equity: vec![start; moments + 1], weights: Vec::new() }
}

fn told(market: &Market, rule: &Yardstick) -> Baseline {
    let moments = market.closes.iter().map(Vec::len).max().unwrap_or_default();
    let all = baselines(&course(moments, 1000.0), market, &[]);
    all.into_iter().find(|baseline| baseline.yardstick == *rule).unwrap()
}

fn equity(market: &Market, rule: &Yardstick) -> Vec<f64> {
    told(market, rule).equity
}

/// Closes of days, each for 24 hours from midnight on: the day's close is known at the next midnight.
fn days(closes: &[f64]) -> Vec<Option<f64>> {
    closes.iter().flat_map(|close| [Some(*close); 24]).collect()
}

#[test]
fn every_rule_plays_and_has_a_name_of_its_own() {
    let market = market_of(vec![hourly(&[1.0, 2.0]), hourly(&[3.0, 4.0])]);
    let names: Vec<String> = Yardstick::all(&market).iter().map(Yardstick::name).collect();
    assert_eq!(
        names,
        [
            "cash",
            "hold C0/USDT",
            "hold C1/USDT",
            "hold all, equal parts",
            "hold at 25 % volatility",
            "200-day average",
            "20-day channel",
            "buy weekly",
        ]
    );
    assert_eq!(baselines(&course(2, 1000.0), &market, &[]).len(), names.len());
}

#[test]
fn cash_is_flat() {
    let cash = told(&market_of(vec![hourly(&[1.0, 5.0, 2.0])]), &Yardstick::Cash);
    assert_eq!(cash.equity, [1000.0; 4]);
    assert_eq!((cash.growth.total_return, cash.growth.sharpe), (Ok(0.0), Err(Undefined::TooFew)));
}

#[test]
fn holding_pays_one_side_and_then_goes_with_the_price() {
    let market = market_of(vec![hourly(&[100.0, 110.0, 99.0])]);
    let held = equity(&market, &Yardstick::Hold(market.pairs[0].clone()));
    for (actual, expected) in held.iter().zip([1000.0, 1000.0, 999.0 * 1.1, 999.0 * 0.99]) {
        assert_close("equity", *actual, expected);
    }
}

#[test]
fn a_pair_that_begins_later_joins_when_it_begins() {
    let late = vec![None, None, Some(10.0), Some(20.0)];
    let market = market_of(vec![hourly(&[100.0, 200.0, 200.0, 200.0]), late]);
    let both = equity(&market, &Yardstick::EqualWeight);
    let half = 500.0 * 0.999;
    for (actual, expected) in both.iter().zip([1000.0, 1000.0, 2.0 * half + 500.0, 2.0 * half + 500.0, 4.0 * half]) {
        assert_close("equity", *actual, expected);
    }
    let never = market_of(vec![vec![None; 4]]);
    for baseline in baselines(&course(4, 1000.0), &never, &[]) {
        assert_eq!(baseline.equity, [1000.0; 5], "{:?}", baseline.yardstick);
    }
}

#[test]
fn timing_by_the_average_acts_on_the_close_of_a_day() {
    // 199 days at 100 are known; then the price rises by half and stays, then falls to a half.
    let market = market_of(vec![days(&[100.0, 150.0, 150.0, 50.0, 50.0])]);
    let timed = &baselines(&course(120, 1000.0), &market, &[vec![100.0; 199]])[4];
    assert_eq!(timed.yardstick, Yardstick::Average200);
    // Midnights see 100 (not above), then 150: bought at 150 there. Sold at the first midnight that sees 50.
    assert_eq!(timed.equity[..=25], [1000.0; 26]);
    assert_close("bought at 150", timed.equity[26], 999.0);
    assert_close("held", timed.equity[72], 999.0);
    assert_close("fallen", timed.equity[73], 333.0);
    assert_close("sold at 50", timed.equity[74], 333.0 * 0.999);
    assert_close("out", timed.equity[120], 333.0 * 0.999);
    let unknown = equity(&market, &Yardstick::Average200);
    assert_eq!(unknown, [1000.0; 121]);
}

#[test]
fn a_channel_is_entered_above_and_left_below() {
    let mut closes = vec![100.0; 20];
    closes.extend([101.0, 100.5, 102.0, 99.0, 120.0]);
    let market = market_of(vec![days(&closes)]);
    let held = equity(&market, &Yardstick::Channel20);
    let at = |day: usize| held[day * 24 + 2];
    assert_close("inside the channel", at(19), 1000.0);
    assert_close("bought at 101", at(20), 999.0);
    assert_close("kept inside", at(21), 999.0 * 100.5 / 101.0);
    assert_close("left at 99", at(23), 999.0 * 99.0 / 101.0 * 0.999);
    assert_close("entered again at 120", at(24), 999.0 * 99.0 / 101.0 * 0.999 * 0.999);
}

#[test]
fn a_week_buys_for_the_same_amount_and_the_last_week_spends_the_last() {
    let market = market_of(vec![hourly(&[100.0; 24 * 15])]);
    let saved = equity(&market, &Yardstick::Weekly);
    // Three weeks have begun.
    for (moment, spent) in [(0, 0.0), (1, 0.0), (2, 1.0), (169, 1.0), (170, 2.0), (360, 3.0)] {
        assert_close("equity", saved[moment], 1000.0 - spent / 3.0);
    }
}

#[test]
fn volatility_is_targeted_once_it_is_known() {
    // Up and down by half a percent an hour: 46.8 % a year, so that 0.534 is held.
    let closes: Vec<f64> = (0..100).map(|hour| if hour % 2 == 0 { 100.0 } else { 100.5 }).collect();
    let mut volatility = Volatility::of(&market_of(vec![hourly(&closes)]));
    let targets: Vec<Option<f64>> = closes.iter().map(|close| volatility.target(*close)).collect();
    assert_eq!(targets.iter().position(Option::is_some), Some(72));
    assert!((targets[99].unwrap() - 0.5342).abs() < 0.002, "{targets:?}");
    let held = equity(&market_of(vec![hourly(&closes)]), &Yardstick::VolatilityTarget);
    assert_eq!(held[..=73], [1000.0; 74]);
    assert!((1000.0 - held[75] - 0.5).abs() < 5.0, "{}", held[75]);
    // Within the band nothing is traded.
    assert_eq!((beyond_band(0.59, 0.5), beyond_band(0.61, 0.5)), (None, Some(Order::Weight(0.61))));
    assert_eq!((beyond_band(0.41, 0.5), beyond_band(0.2, 0.0)), (None, Some(Order::Weight(0.2))));
}

#[test]
fn the_mean_square_is_that_of_the_sheet() {
    let mut volatility = Volatility::of(&market_of(vec![]));
    assert!((volatility.keep - 0.990_419_147_5).abs() < 1e-9);
    volatility.keep = 0.94;
    let mut close = 1.0;
    volatility.target(close);
    for r in [0.004, -0.006, 0.002, 0.010, -0.003] {
        close *= 1.0 + r;
        volatility.target(close);
    }
    assert!((volatility.square / 2.067_810_88e-5 - 1.0).abs() < 1e-8, "{}", volatility.square);
}

/// Two pairs of a year that wander, the second from a third of it on.
fn two_pairs(seed: u64) -> Market {
    let mut uniform = chance(seed);
    let first = hourly(&wandering(24 * 300, 0.006, &mut uniform));
    let mut second = hourly(&wandering(24 * 300, 0.009, &mut uniform));
    second[..24 * 100].fill(None);
    market_of(vec![first, second])
}

fn all(market: &Market) -> Vec<Vec<f64>> {
    baselines(&course(24 * 300, 1000.0), market, &[]).into_iter().map(|baseline| baseline.equity).collect()
}

#[test]
fn equal_weight_of_one_pair_is_that_pair() {
    let mut market = two_pairs(4);
    market.pairs.truncate(1);
    assert_eq!(equity(&market, &Yardstick::EqualWeight), equity(&market, &Yardstick::Hold(market.pairs[0].clone())));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn nothing_knows_what_comes(seed in 0u64..1000, cut in 1usize..24 * 300) {
        let market = two_pairs(seed);
        let mut poisoned = market.clone();
        for closes in &mut poisoned.closes {
            closes[cut..].iter_mut().flatten().for_each(|close| *close *= 1000.0);
        }
        for (one, other) in all(&market).iter().zip(all(&poisoned)) {
            // The value after what was put in is that of the first moment.
            prop_assert_eq!(&one[..=cut], &other[..=cut]);
        }
    }

    /// Not of the volatility target: it might hold less while prices fall because it has paid more.
    #[test]
    fn costs_never_help(seed in 0u64..1000, cost in 0.0f64..0.01, more in 0.0f64..0.01) {
        let cheap = Market { costs: vec![cost; 2], ..two_pairs(seed) };
        let dear = Market { costs: vec![cost + more; 2], ..cheap.clone() };
        let rules = Yardstick::all(&cheap);
        for ((one, other), rule) in all(&cheap).iter().zip(all(&dear)).zip(rules) {
            let never = one.iter().zip(&other).all(|(cheap, dear)| *dear <= *cheap + 1e-9);
            prop_assert!(never || rule == Yardstick::VolatilityTarget, "{:?}", rule);
        }
    }

    #[test]
    fn prices_have_no_scale(seed in 0u64..1000) {
        let market = two_pairs(seed);
        let mut scaled = market.clone();
        for (closes, scale) in scaled.closes.iter_mut().zip([1024.0, 0.125]) {
            closes.iter_mut().flatten().for_each(|close| *close *= scale);
        }
        prop_assert_eq!(all(&market), all(&scaled));
    }

    #[test]
    fn nothing_is_borrowed(seed in 0u64..1000) {
        for equity in all(&two_pairs(seed)) {
            prop_assert!(equity.iter().all(|worth| *worth > 0.0));
        }
    }
}
