//! What the tests of results are built from: hours from a midnight on, markets of given closes, chance from a seed.

use super::course::Market;
use crate::ledger::samples::{btc, decimal, price};
use crate::ledger::{ExitReason, OrderId, Trade};
use crate::statistics::PeriodsPerYear;
use crate::unit::{Decimal, Money, Timeframe, UtcMillis};

/// 2024-01-01 00:00:00 UTC.
const MIDNIGHT: UtcMillis = UtcMillis::new(1_704_067_200_000);

/// The moments of so many hours from a midnight on.
pub(super) fn hours(count: usize) -> Vec<UtcMillis> {
    (0..).take(count).map(|hour| Timeframe::H1.step(MIDNIGHT, hour)).collect()
}

/// Closes of a pair that is there from the first moment on.
pub(super) fn hourly(closes: &[f64]) -> Vec<Option<f64>> {
    closes.iter().copied().map(Some).collect()
}

/// An hourly market of pairs with these closes, where a side costs a thousandth.
pub(super) fn market_of(closes: Vec<Vec<Option<f64>>>) -> Market {
    let pairs = (0..closes.len()).map(|pair| format!("C{pair}/USDT").parse().unwrap()).collect();
    let costs = vec![0.001; closes.len()];
    Market { pairs, closes, costs, bars_per_day: 24, per_year: PeriodsPerYear::HOURLY }
}

/// Good random numbers (Steele, Lea & Flood, *`SplitMix`*, 2014).
pub(super) fn chance(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Prices that wander by chance from 100 on, by about `step` at each moment.
pub(super) fn wandering(count: usize, step: f64, uniform: &mut impl FnMut() -> f64) -> Vec<f64> {
    let next = |price: &mut f64, _: usize| {
        *price *= 1.0 + step * ((0..12).map(|_| uniform()).sum::<f64>() - 6.0);
        Some(*price)
    };
    (0..count).scan(100.0, next).collect()
}

fn money(amount: f64) -> Money {
    Money::new(decimal(&amount.to_string()))
}

/// A round trip of one coin, bought for 100 and sold at 105, that earned so much and had so much at risk.
pub(super) fn round_trip(profit: f64, risk: f64) -> Trade {
    Trade { risk: money(risk), ..sold_at("100", "105", profit) }
}

/// A round trip of one coin at these prices of the market, that earned so much after costs, of which a half are fees.
pub(super) fn sold_at(bought: &str, sold: &str, profit: f64) -> Trade {
    let (paid, got) = (decimal(bought), decimal(sold));
    let (cost, proceeds) = (Money::new(paid), Money::new(paid) + money(profit));
    Trade {
        id: OrderId::entry(&btc(), MIDNIGHT, &format!("{profit}")),
        symbol: btc(),
        opened_at: MIDNIGHT,
        closed_at: Timeframe::H1.step(MIDNIGHT, 1),
        reason: ExitReason::Signal,
        bought: Decimal::ONE,
        sold: Decimal::ONE,
        decided_at_price: price(bought),
        reference: (paid, got),
        price: (paid, got),
        cost,
        proceeds,
        fees: money((crate::unit::real(got - paid) - profit) / 2.0),
        risk: money(10.0),
        was_ambiguous: false,
    }
}

/// Equal but for rounding.
pub(super) fn assert_close(what: &str, actual: f64, expected: f64) {
    let tolerance = (expected.abs() * 1e-9).max(1e-12);
    assert!((actual - expected).abs() <= tolerance, "{what}: {actual} is not {expected}");
}
