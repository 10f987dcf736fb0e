//! Prices, fees and amounts, each followed by hand.

use super::*;
use crate::ledger::samples::{coins, costs, decimal, money, price, quote, terms};

fn shown(price: Option<Price>) -> String {
    price.map_or("none".to_owned(), |price| price.to_string())
}

#[test]
fn a_buy_near_a_traded_price_pays_half_the_spread_and_slippage_and_rounds_up_to_the_tick() {
    // 1 + 2 bps: 123.45 × 1.0003 = 123.487035.
    assert_eq!(shown(terms().buy_near(price("123.45"))), "123.49");
    // 100 × 1.0003 = 100.03 lies on a tick.
    assert_eq!(shown(terms().buy_near(price("100"))), "100.03");
}

#[test]
fn a_buy_at_the_book_pays_the_ask_and_slippage_but_no_second_half_spread() {
    // 2 bps: 123.45 × 1.0002 = 123.47469.
    assert_eq!(shown(terms().buy_at(&quote("123.40", "123.45"))), "123.48");
}

#[test]
fn a_sale_near_a_traded_price_pays_slippage_as_often_as_it_presses_and_rounds_down_to_the_tick() {
    for (slips, sold) in [
        (Slips::None, "123.43"),  // 1 bp: 123.45 × 0.9999 = 123.437655
        (Slips::Once, "123.41"),  // 3 bps: 123.45 × 0.9997 = 123.412965
        (Slips::Twice, "123.38"), // 5 bps, a stop: 123.45 × 0.9995 = 123.388275
    ] {
        assert_eq!(shown(terms().sell_near(price("123.45"), slips)), sold, "{slips:?}");
    }
}

#[test]
fn a_sale_at_the_book_gets_the_bid_less_slippage() {
    for (slips, sold) in [
        (Slips::None, "123.45"),
        (Slips::Once, "123.42"), // 2 bps: 123.45 × 0.9998 = 123.42531
        (Slips::Twice, "123.4"), // 4 bps: 123.45 × 0.9996 = 123.40062
    ] {
        assert_eq!(shown(terms().sell_at(&quote("123.45", "123.50"), slips)), sold, "{slips:?}");
    }
}

#[test]
fn a_sale_that_would_bring_less_than_a_tick_has_no_price() {
    // 0.01 × 0.9995 lies below the first tick.
    assert_eq!(terms().sell_near(price("0.01"), Slips::Twice), None);
}

#[test]
fn fees_are_a_thousandth_rounded_up_to_eight_decimals() {
    // 1.2345678 coins: 0.0012345678 → 0.00123457.
    assert_eq!(terms().fee_on_coins(coins("1.2345678")), coins("0.00123457"));
    assert_eq!(terms().fee_on_coins(coins("2")), coins("0.002"));
    // 333.33333333 of money: 0.33333333333 → 0.33333334.
    assert_eq!(terms().fee_on_money(money("333.33333333")), money("0.33333334"));
    assert_eq!(terms().fee_on_money(money("0.00000001")), money("0.00000001"), "never nothing");
}

#[test]
fn what_can_be_sold_after_a_buy_is_what_the_fee_leaves_in_whole_steps() {
    // 1 − 0.001 = 0.999; 0.010 − 0.00001 = 0.00999 → 0.009; 0.001 − 0.000001 is less than a step.
    for (bought, sellable) in [("1", "0.999"), ("0.010", "0.009"), ("0.001", "0"), ("0", "0")] {
        assert_eq!(terms().sellable_after_buying(coins(bought)), coins(sellable), "{bought}");
    }
}

#[test]
fn a_loss_counts_slipped_prices_both_fees_and_the_crumbs_below_a_step() {
    // Bought 4.657 at 100.05: 465.93285. Fee 0.004657, kept 4.652343, sellable 4.652.
    // Sold at 95.95: 446.3594, fee 0.4463594, net 445.9130406. Lost 465.93285 − 445.9130406.
    assert_eq!(terms().net_proceeds(price("95.95"), coins("4.652")), money("445.9130406"));
    assert_eq!(terms().loss(coins("4.657"), price("100.05"), price("95.95")), money("20.0198094"));
}

#[test]
fn the_loss_of_a_coin_has_the_fee_of_the_buy_in_coins_and_of_the_sale_in_money() {
    // 95.95 × 0.999² = 95.95 − 95.95 × 0.001999 = 95.95 − 0.19180405 = 95.75819595; 100.05 less that.
    assert_eq!(terms().loss_per_coin(price("100.05"), price("95.95")), decimal("4.29180405"));
}

#[test]
fn at_most_a_hundredth_of_a_candles_volume_is_traded_in_whole_steps() {
    // 1 % of 12,345.67 is 123.4567; at 100 that is 1.234567 coins, 1.234 in steps.
    for (volume, most) in [(12_345.67, "1.234"), (10_000.0, "1"), (0.0, "0"), (-1.0, "0"), (f64::NAN, "0")] {
        assert_eq!(terms().most_of(volume, price("100")), coins(most), "{volume}");
    }
}

#[test]
fn an_order_is_large_enough_from_the_least_notional_and_quantity_on_and_nothing_never_is() {
    // At 10, half a coin is worth the least of 5.
    for (at, quantity, enough) in
        [("10", "0.5", true), ("10", "0.499", false), ("100000", "0.001", true), ("10000000", "0.0009", false)]
    {
        assert_eq!(terms().is_large_enough(price(at), coins(quantity)), enough, "{quantity} at {at}");
    }
    let mut free = terms();
    (free.instrument.min_notional, free.instrument.min_quantity) = (None, None);
    assert!(free.is_large_enough(price("0.01"), coins("0.001")));
    assert!(!free.is_large_enough(price("0.01"), coins("0")));
}

#[test]
fn open_risk_is_what_is_lost_from_here_when_the_stop_is_hit_and_never_negative() {
    // A stop at 96 brings 96 × 0.9995 = 95.952 → 95.95. 4.652 coins are worth 455.896 at 98 and bring 445.9130406.
    assert_eq!(terms().open_risk(coins("4.652"), price("98"), price("96")), money("9.9829594"));
    assert_eq!(terms().open_risk(coins("4.652"), price("95"), price("96")), Money::ZERO);
    // Nothing is to be had at a stop of one tick: all of it is at risk.
    assert_eq!(terms().open_risk(coins("2"), price("98"), price("0.01")), money("196"));
}

#[test]
fn costs_are_nothing_only_when_they_are_configured_so() {
    // Two fees of 10 bps, two slippages of 2 and two half-spreads of 1.
    assert!((costs().round_trip() - 0.0026).abs() < 1e-15);
    let none = Bps::default();
    let free = Costs { fee: none, slippage: none, half_spread: none };
    let free = Terms { costs: free, ..terms() };
    assert_eq!(free.buy_near(price("123.45")), Some(price("123.45")));
    assert_eq!(free.sell_near(price("123.45"), Slips::Twice), Some(price("123.45")));
    assert!((free.costs.net_return(100.0, 106.0, Slips::Once) - 0.06).abs() < 1e-12);
    assert_eq!(free.loss(coins("5"), price("100"), price("96")), money("20"));
}

#[test]
fn an_expected_return_pays_one_spread_and_slippage_each_way_and_the_fee_of_the_buy_in_coins() {
    // Bought at 100 × 1.0003, of each coin 0.999 are kept, sold at 106 × 0.9997, of the money 0.999 are kept:
    // 106 × 0.9997 = 105.9682, less 0.1999 % of it: 105.7563695682, over 100.03.
    let by_hand = 105.756_369_568_2 / 100.03 - 1.0;
    assert!((costs().net_return(100.0, 106.0, Slips::Once) - by_hand).abs() < 1e-12);
}
