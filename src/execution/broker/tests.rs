//! Fills at a book that was seen, by hand.

use super::*;
use crate::decision::approve_exit;
use crate::ledger::ExitReason;
use crate::ledger::samples::{
    NOON, btc, candle, coins, decimal, entry_of, holding, holding_beside_crumbs, money, plan, price, quote, terms,
    waiting,
};
use crate::unit::Timeframe;

fn only_fill(events: &[Event]) -> &Fill {
    let fills: Vec<&Fill> =
        events.iter().filter_map(|e| if let Event::Filled(fill) = e { Some(&**fill) } else { None }).collect();
    assert_eq!(fills.len(), 1, "{events:?}");
    fills[0]
}

fn ends(events: &[Event]) -> Vec<End> {
    events.iter().filter_map(|e| if let Event::Ended(ended) = e { Some(ended.how) } else { None }).collect()
}

fn entered(bid: &str, ask: &str) -> Vec<Event> {
    let order = Order { quote: Some(quote(bid, ask)), ..entry_of(&btc(), NOON, "3", plan()) };
    let books = waiting(&order);
    fill_on_book(&Approved::on_record(&books)[0], &books, &terms())
}

fn left(bid: &str, ask: &str, quantity: &str) -> Vec<Event> {
    let mut books = holding(quantity, plan());
    let position = books.positions[0].clone();
    let order = approve_exit(&position, ExitReason::Signal, NOON, Some(quote(bid, ask)), &books).unwrap();
    books.apply(&Event::Placed(Box::new(order.get().clone()))).unwrap();
    fill_on_book(&order, &books, &terms())
}

#[test]
fn an_entry_pays_the_ask_and_slippage_at_the_moment_of_the_order() {
    let events = entered("99.97", "99.99");
    let fill = only_fill(&events);
    // 99.99 × 1.0002 = 100.009998 → 100.01; 3 of it are 300.03, the fee is 0.003 coins.
    assert_eq!((fill.reference, fill.price, fill.at), (price("99.99"), price("100.01"), NOON));
    assert_eq!((fill.quantity, fill.notional, fill.fee), (coins("3"), money("300.03"), coins("0.003").get()));
    assert_eq!((fill.candle, ends(&events)), (None, vec![End::Filled]));
}

#[test]
fn a_sale_gets_the_bid_less_slippage() {
    let events = left("99.99", "100.01", "3");
    let fill = only_fill(&events);
    // 99.99 × 0.9998 = 99.970002 → 99.97; × 2.997 = 299.61009, the fee a thousandth of it.
    assert_eq!((fill.reference, fill.price, fill.quantity), (price("99.99"), price("99.97"), coins("2.997")));
    assert_eq!((fill.notional, fill.fee), (money("299.61009"), money("0.29961009").get()));
    assert_eq!(ends(&events), [End::Filled]);
}

#[test]
fn a_sale_takes_the_crumbs_of_earlier_trades_along_and_its_trade_has_nothing_of_them() {
    // The position holds 0.123456 coins, the wallet 0.123467; steps of 0.00001.
    let mut books = holding_beside_crumbs();
    let mut terms = terms();
    terms.instrument.step_size = Some(decimal("0.00001"));
    let bid = quote("60012.34", "60012.35");
    let order = approve_exit(&books.positions[0], ExitReason::Signal, NOON, Some(bid), &books).unwrap();
    books.apply(&Event::Placed(Box::new(order.get().clone()))).unwrap();
    let events = fill_on_book(&order, &books, &terms);
    let fill = only_fill(&events);
    // 60,012.34 × 0.9998 = 60,000.337532 → 60,000.33; × 0.12346 = 7,407.6407418, a fee of 7.4076407418, counted up.
    assert_eq!((fill.price, fill.quantity), (price("60000.33"), coins("0.12346")));
    assert_eq!((fill.notional, fill.fee), (money("7407.6407418"), decimal("7.40764075")));
    for event in &events {
        books.apply(event).unwrap();
    }
    // 0.000007 of the 0.000011 are left, less than a step; all the money is there: 2,704.65118 + 7,400.23310105.
    assert_eq!((books.balance("BTC"), books.cash()), (decimal("0.000007"), money("10104.88428105")));
    let trade = &books.trades[0];
    assert_eq!((trade.bought, trade.sold), (decimal("0.12358"), decimal("0.123456")));
    // Its own: 60,000.33 × 0.123456 = 7,407.40074048; of the fee 7.40764075 × 0.123456 / 0.12346 = 7.40740074868…,
    // counted up. The rest, 0.23976132 for 0.000004 coins, is the wallet's.
    assert_eq!((trade.cost, trade.proceeds), (money("7291.22"), money("7399.99333973")));
    assert_eq!(fill.money() - trade.proceeds, money("0.23976132"));
    // The fee of the buy, 0.000124 × 59,000 = 7.316, and 7.40740075.
    assert_eq!((trade.fees, trade.profit()), (money("14.72340075"), money("108.77333973")));
    assert_eq!((trade.reference.1, trade.price.1), (decimal("60012.34"), decimal("60000.33")));
    assert!((trade.r_multiple().unwrap() - 1.087_733_397_3).abs() < 1e-12, "of the 100 at risk");
    // 108.77333973 / 7,291.22.
    assert!((trade.roi() - 0.014_918_400_4).abs() < 1e-10, "{}", trade.roi());
}

#[test]
fn a_position_whose_own_coins_are_sold_is_closed_though_the_wallet_holds_more() {
    // The candle lets 1 % of 1,212,000 be sold, 0.202 coins: all of the 0.123456 and some of the tenth beside them.
    let mut books = holding_beside_crumbs();
    *books.balances.get_mut("BTC").unwrap() += decimal("0.1");
    let order = approve_exit(&books.positions[0], ExitReason::Signal, NOON, None, &books).unwrap();
    books.apply(&Event::Placed(Box::new(order.get().clone()))).unwrap();
    let step = Step { candle: candle(NOON, [60_000.0; 4], 1_212_000.0), timeframe: Timeframe::M1, is_coarse: false };
    let at = price("60000");
    let place = Place { at: NOON, reference: at, price: at, step: Some(&step), is_ambiguous: false };
    let events = leave(&order, &books, &terms(), &place);
    assert_eq!((only_fill(&events).quantity, ends(&events)), (coins("0.202"), vec![End::Filled]));
    // Where the candle lets less be sold than it holds, it goes on.
    let thin = Step { candle: candle(NOON, [60_000.0; 4], 600_000.0), ..step };
    let events = leave(&order, &books, &terms(), &Place { step: Some(&thin), ..place });
    assert_eq!((only_fill(&events).quantity, ends(&events)), (coins("0.1"), vec![]));
}

#[test]
fn an_entry_whose_ask_lies_at_the_stop_is_given_up() {
    assert_eq!(ends(&entered("95.98", "96")), [End::Gapped]);
}

#[test]
fn a_sale_too_small_for_the_exchange_waits() {
    // 0.049 coins are worth 4.90.
    assert_eq!(left("99.99", "100.01", "0.05"), []);
}

#[test]
fn without_a_book_nothing_is_filled_on_it() {
    let books = waiting(&entry_of(&btc(), NOON, "3", plan()));
    assert_eq!(fill_on_book(&Approved::on_record(&books)[0], &books, &terms()), []);
}

#[test]
fn a_purchase_never_costs_more_than_was_promised_however_far_the_ask_has_risen() {
    // Promised are 3 × 100.03 = 300.09 and a loss of 12.81541215. 110 × 1.0002 = 110.022 → 110.03; a coin now loses
    // 110.03 − 95.95 × 0.998001 = 14.27180405. By steps, with what the fee leaves:
    //   0.897: 98.69691 − 0.896 × 95.95 × 0.999 = 98.69691 − 85.8852288 = 12.8116812: fits;
    //   0.898: 98.80694 − 0.897 × 95.95 × 0.999 = 98.80694 − 85.98108285 = 12.82585715: too much.
    let events = entered("109.9", "110");
    let fill = only_fill(&events);
    assert_eq!((fill.price, fill.quantity, fill.risk), (price("110.03"), coins("0.897"), money("12.8116812")));
}
