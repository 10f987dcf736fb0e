//! The fixed-fractional rule with its costs, by hand.

use proptest::prelude::*;

use super::*;
use crate::ledger::samples::{coins, decimal, money, price, terms};
use crate::unit::Bps;

fn sized(terms: &Terms, buy: &str, sell: &str, risk: &str, cash: &str) -> Quantity {
    size(terms, price(buy), price(sell), &Allowance { risk: money(risk), cash: money(cash) })
}

#[test]
fn without_costs_the_budget_over_the_distance_to_the_stop_is_bought() {
    let mut free = terms();
    (free.costs.fee, free.costs.slippage, free.costs.half_spread) = Default::default();
    // The worked example: 2 % of 1,000 over 100 − 96 is 5 coins.
    assert_eq!(sized(&free, "100", "96", "20", "1000"), coins("5"));
}

#[test]
fn the_two_percent_have_fees_slippage_and_crumbs_inside() {
    // The same with costs: bought at 100.05, the stop brings 95.952. A coin loses 100.05 − 95.952 × 0.998001 =
    // 4.289808048, so 20 buy at most 4.662. But the fee leaves crumbs below a step:
    //   4.655: cost 465.73275, kept 4.650345, sold 4.650: 446.1768 − 0.4461768, lost 20.0021268: too much;
    //   4.654: cost 465.6327, kept 4.649346, sold 4.649: 446.080848 − 0.44608085, lost 19.99793285: fits.
    assert_eq!(sized(&terms(), "100.05", "95.952", "20", "1000"), coins("4.654"));
    assert_eq!(terms().loss(coins("4.654"), price("100.05"), price("95.952")), money("19.99793285"));
    assert_eq!(terms().loss(coins("4.655"), price("100.05"), price("95.952")), money("20.0021268"));
}

#[test]
fn cash_caps_what_is_bought_rounded_down_to_the_step() {
    // 333.3 / 100.05 = 3.331334…
    assert_eq!(sized(&terms(), "100.05", "95.952", "20", "333.3"), coins("3.331"));
    assert_eq!(sized(&terms(), "100", "96", "20", "100"), coins("1"), "all of it, to the last digit");
}

#[test]
fn nothing_is_bought_for_nothing_or_when_one_step_is_too_much() {
    for (risk, cash) in [("0", "1000"), ("20", "0"), ("-1", "1000"), ("20", "-1"), ("0.001", "1000")] {
        assert_eq!(sized(&terms(), "100.05", "95.952", risk, cash), coins("0"), "{risk} and {cash}");
    }
    let mut whole = terms();
    whole.instrument.step_size = Some(decimal("1"));
    // Of three whole coins only two could be sold after the fee: 300.15 − 2 × 95.952 × 0.999 is far above 20.
    assert_eq!(sized(&whole, "100.05", "95.952", "20", "1000"), coins("0"));
}

#[test]
fn the_exchanges_largest_order_caps_what_is_bought() {
    let mut narrow = terms();
    narrow.instrument.max_quantity = Some(decimal("1.5"));
    assert_eq!(sized(&narrow, "100.05", "95.952", "20", "1000"), coins("1.5"));
}

proptest! {
    #[test]
    fn what_is_lost_at_the_stop_is_never_above_the_budget_and_what_is_spent_never_above_the_cash(
        cents in 2i64..10_000_000, below in 1i64..10_000, fee in 0u32..500, step in 0u32..7,
        risk in 0i64..100_000_000, cash in 0i64..100_000_000,
    ) {
        let mut terms = terms();
        terms.costs.fee = Bps::from_real(f64::from(fee) / 10.0);
        terms.instrument.step_size = (step < 6).then(|| Decimal::new(1, step));
        let buy = Decimal::new(cents, 2);
        let sell = (buy * Decimal::new(10_000 - below, 4)).round_dp(8).max(Decimal::new(1, 8));
        let (buy, sell) = (Price::new(buy).unwrap(), Price::new(sell).unwrap());
        let allowance = Allowance { risk: Money::new(Decimal::new(risk, 4)), cash: Money::new(Decimal::new(cash, 4)) };
        let quantity = size(&terms, buy, sell, &allowance).get();
        // Not by our own functions: coins come less the fee and are sold in whole steps, money comes less the fee.
        let kept = quantity * (Decimal::ONE - terms.costs.fee.share());
        let step = terms.instrument.step_size.unwrap_or(Decimal::new(1, 8));
        let sold = kept - kept % step;
        let lost = quantity * buy.get() - sold * sell.get() * (Decimal::ONE - terms.costs.fee.share());
        prop_assert!(lost <= allowance.risk.get(), "{quantity} lose {lost}");
        prop_assert!(quantity * buy.get() <= allowance.cash.get(), "{quantity} cost too much");
        prop_assert!((quantity % step).is_zero(), "{quantity} is not in steps");
    }

    #[test]
    fn not_much_less_is_bought_than_the_rules_allow(
        cents in 1000i64..10_000_000, below in 100i64..5_000, risk in 100_000i64..10_000_000, cash in 100_000i64..10_000_000,
    ) {
        let mut terms = terms();
        terms.instrument.step_size = Some(Decimal::new(1, 6));
        let buy = Decimal::new(cents, 2);
        let sell = (buy * Decimal::new(10_000 - below, 4)).round_dp(8);
        let allowance = Allowance { risk: Money::new(Decimal::new(risk, 4)), cash: Money::new(Decimal::new(cash, 4)) };
        let quantity = size(&terms, Price::new(buy).unwrap(), Price::new(sell).unwrap(), &allowance).get();
        // A crumb of one step weighs at most the price over the loss of a coin: a hundred steps at 1 % here.
        let more = quantity + Decimal::new(200, 6);
        let lost = more * (buy - sell * Decimal::new(998_001, 6));
        prop_assert!(lost > allowance.risk.get() || more * buy > allowance.cash.get(), "{quantity} could be more");
    }
}
