//! The rules of fills, each by hand. At noon 3 bitcoins were bought at 100.03 for 300.09 while the market traded at 100;
//! the fee left 2.997 of them. The stop stands at 96.

use super::*;
use crate::execution::broker::fill_on_book;
use crate::ledger::samples::{
    NOON, btc, candle, coins, ended as over, entry_of, exit_of, holding, minute, money, placed, plan, price, quote,
    terms, waiting,
};
use crate::ledger::{EntryPlan, Fill, OrderId, Trade};
use crate::unit::{Money, Quantity, Timeframe};

/// A candle that any order of ours is small beside.
const DEEP: f64 = 100_000_000.0;

fn step(n: i64, prices: [f64; 4]) -> Step {
    thin(n, prices, DEEP)
}

fn thin(n: i64, prices: [f64; 4], quote_volume: f64) -> Step {
    Step { candle: candle(minute(n), prices, quote_volume), timeframe: Timeframe::M1, is_coarse: false }
}

fn walk(books: Books, steps: &[Step]) -> Settled {
    let now = steps.last().map_or(NOON, Step::end);
    settle(&btc(), books, &terms(), steps, now).unwrap()
}

fn fills(settled: &Settled) -> Vec<&Fill> {
    let events = settled.events.iter();
    events.filter_map(|event| if let Event::Filled(fill) = event { Some(&**fill) } else { None }).collect()
}

fn ends(settled: &Settled) -> Vec<End> {
    let end = |event: &Event| if let Event::Ended(ended) = event { Some(ended.how) } else { None };
    settled.events.iter().filter_map(end).collect()
}

fn stop_of(settled: &Settled) -> Price {
    settled.books.position(&btc()).unwrap().stop
}

/// The only trade of a walk, with the only fill it was closed by.
fn sold(settled: &Settled) -> (&Fill, &Trade) {
    assert_eq!((fills(settled).len(), settled.books.trades.len()), (1, 1), "{settled:?}");
    (fills(settled)[0], &settled.books.trades[0])
}

fn with_target() -> EntryPlan {
    EntryPlan { target: Some(price("106")), ..plan() }
}

fn trailing() -> EntryPlan {
    EntryPlan { trail: Some(price("2")), ..plan() }
}

// Stops, targets, time.

#[test]
fn a_stop_fills_at_the_stop_less_twice_the_slippage() {
    let settled = walk(holding("3", plan()), &[step(1, [100.0, 100.5, 95.8, 99.0])]);
    let (fill, trade) = sold(&settled);
    // 96 × (1 − 1 bp − 2 × 2 bps) = 95.952 → 95.95; 2.997 of it are 287.56215.
    assert_eq!((fill.reference, fill.price, fill.quantity), (price("96"), price("95.95"), coins("2.997")));
    assert_eq!((fill.notional, fill.fee), (money("287.56215"), money("0.28756215").get()));
    assert_eq!((fill.at, trade.closed_at), (minute(2).plus_ms(-1), minute(2).plus_ms(-1)));
    // The planned risk, all of it: 300.09 − 287.27458785.
    assert_eq!((trade.reason, trade.profit()), (ExitReason::Stop, money("-12.81541215")));
    assert!((trade.r_multiple().unwrap() + 1.0).abs() < 1e-12);
    assert_eq!((fill.is_ambiguous, fill.is_coarse), (false, false));
}

#[test]
fn a_touch_of_the_stop_is_enough() {
    let settled = walk(holding("3", plan()), &[step(1, [100.0, 100.5, 96.0, 99.0])]);
    assert_eq!(sold(&settled).1.reason, ExitReason::Stop);
    let settled = walk(holding("3", plan()), &[step(1, [100.0, 100.5, 96.01, 99.0])]);
    assert_eq!(fills(&settled).len(), 0);
}

#[test]
fn a_gap_through_the_stop_fills_at_the_open_less_twice_the_slippage() {
    let settled = walk(holding("3", plan()), &[step(1, [94.5, 97.0, 94.0, 96.0])]);
    let (fill, trade) = sold(&settled);
    // 94.5 × 0.9995 = 94.45275 → 94.45; × 2.997 = 283.06665, less 0.28306665: 282.78358335 − 300.09.
    assert_eq!((fill.reference, fill.price, fill.at), (price("94.5"), price("94.45"), minute(1)));
    assert_eq!((trade.reason, trade.profit()), (ExitReason::Stop, money("-17.30641665")));
    // A gap costs more than was at risk: 17.30641665 / 12.81541215.
    assert!((trade.r_multiple().unwrap() + 1.350_437_7).abs() < 1e-6);
}

#[test]
fn a_stop_comes_before_a_target_in_one_candle_and_is_counted_as_ambiguous() {
    let settled = walk(holding("3", with_target()), &[step(1, [100.0, 106.5, 95.8, 100.0])]);
    let (fill, trade) = sold(&settled);
    assert_eq!((fill.price, fill.is_ambiguous), (price("95.95"), true));
    assert_eq!((trade.reason, trade.was_ambiguous), (ExitReason::Stop, true));
}

#[test]
fn a_target_needs_a_trade_through_it_and_is_sold_at_its_own_price() {
    let touched = walk(holding("3", with_target()), &[step(1, [100.0, 106.0, 99.0, 105.0])]);
    assert_eq!(fills(&touched).len(), 0);
    let settled = walk(holding("3", with_target()), &[step(1, [100.0, 106.01, 99.0, 105.0])]);
    let (fill, trade) = sold(&settled);
    // A resting order pays no slippage: 2.997 × 106 = 317.682, less 0.317682: 317.364318 − 300.09.
    assert_eq!((fill.reference, fill.price), (price("106"), price("106")));
    assert_eq!((trade.reason, trade.profit()), (ExitReason::Target, money("17.274318")));
}

#[test]
fn a_gap_over_the_target_fills_at_the_open() {
    let settled = walk(holding("3", with_target()), &[step(1, [107.0, 108.0, 106.5, 107.5])]);
    let (fill, trade) = sold(&settled);
    assert_eq!((fill.price, fill.at, trade.reason), (price("107"), minute(1), ExitReason::Target));
}

#[test]
fn a_trailing_stop_follows_the_high_of_the_candle_before() {
    let books = || holding("3", trailing());
    // A new high of 103 puts the stop at 101, but not within its own candle, which falls to 100.5.
    let high = step(1, [101.5, 103.0, 100.5, 102.5]);
    let settled = walk(books(), &[high]);
    assert_eq!((fills(&settled).len(), stop_of(&settled)), (0, price("101")));
    let above = walk(books(), &[high, step(2, [102.5, 102.6, 101.01, 102.0])]);
    assert_eq!(fills(&above).len(), 0);
    let settled = walk(books(), &[high, step(2, [102.5, 102.6, 100.9, 102.0])]);
    let (fill, trade) = sold(&settled);
    // 101 × 0.9995 = 100.9495 → 100.94.
    assert_eq!((fill.price, trade.reason), (price("100.94"), ExitReason::TrailingStop));
}

#[test]
fn a_trailing_stop_never_falls_back_and_lies_on_a_tick() {
    // 104.005 − 2 = 102.005 → 102.00; a lower high afterwards changes nothing.
    let steps = [step(1, [100.0, 104.005, 99.0, 103.0]), step(2, [103.0, 103.5, 102.5, 103.0])];
    let settled = walk(holding("3", trailing()), &steps);
    assert_eq!(stop_of(&settled), price("102"));
    // Before it has risen it stands where it was planned, however near the trail is: 100.1 − 2 lies above 96.
    let settled = walk(holding("3", trailing()), &[step(1, [100.0, 100.1, 99.0, 100.0])]);
    assert_eq!(stop_of(&settled), price("98.1"));
    let wide = EntryPlan { trail: Some(price("10")), ..plan() };
    let settled = walk(holding("3", wide), &[step(1, [100.0, 103.0, 99.0, 102.0])]);
    assert_eq!(stop_of(&settled), price("96"), "103 − 10 lies below it");
}

#[test]
fn time_that_is_over_sells_at_the_close_less_slippage() {
    let held = EntryPlan { hold_ms: Some(120_000), ..plan() };
    let settled =
        walk(holding("3", held), &[step(0, [100.0, 101.0, 99.0, 100.5]), step(1, [100.5, 103.0, 100.0, 102.2])]);
    let (fill, trade) = sold(&settled);
    // 102.2 × 0.9997 = 102.16934 → 102.16.
    assert_eq!((fill.reference, fill.price), (price("102.2"), price("102.16")));
    assert_eq!((fill.at, trade.reason), (minute(2).plus_ms(-1), ExitReason::Time));
}

#[test]
fn time_that_was_over_during_an_outage_sells_at_the_next_open() {
    let held = EntryPlan { hold_ms: Some(120_000), ..plan() };
    let settled = walk(holding("3", held), &[step(9, [101.0, 103.0, 100.0, 102.2])]);
    let (fill, trade) = sold(&settled);
    // 101 × 0.9997 = 100.9697 → 100.96.
    assert_eq!((fill.price, fill.at, trade.reason), (price("100.96"), minute(9), ExitReason::Time));
}

#[test]
fn a_longer_candle_that_stands_in_for_finer_ones_decides_and_says_so() {
    let hour =
        Step { candle: candle(NOON, [100.0, 106.5, 95.0, 101.0], DEEP), timeframe: Timeframe::H1, is_coarse: true };
    let settled = walk(holding("3", with_target()), &[hour]);
    let (fill, _) = sold(&settled);
    assert_eq!((fill.candle, fill.price), (Some((Timeframe::H1, NOON)), price("95.95")));
    assert_eq!((fill.is_coarse, fill.is_ambiguous, fill.at), (true, true, minute(60).plus_ms(-1)));
}

// Prices from before the entry.

/// The account after a purchase on the book 30 seconds past noon: 99.99 bid, 100.01 asked.
fn bought_on_the_book(plan: EntryPlan) -> Books {
    let order = Order { quote: Some(quote("99.99", "100.01")), ..entry_of(&btc(), NOON.plus_ms(30_000), "3", plan) };
    let mut books = waiting(&order);
    let order = Approved::on_record(&books).remove(0);
    for event in fill_on_book(&order, &books, &terms()) {
        books.apply(&event).unwrap();
    }
    assert_eq!(books.position(&btc()).unwrap().opened_at, NOON.plus_ms(30_000));
    books
}

#[test]
fn a_high_that_may_be_from_before_the_entry_reaches_no_target() {
    // The minute of the purchase was above the target, who knows when; the next one really is.
    let early = step(0, [107.0, 107.0, 99.0, 100.0]);
    let settled = walk(bought_on_the_book(with_target()), &[early]);
    assert_eq!(fills(&settled).len(), 0, "{settled:?}");
    let settled = walk(bought_on_the_book(with_target()), &[early, step(1, [100.0, 106.5, 99.0, 106.0])]);
    assert_eq!((sold(&settled).0.at, sold(&settled).1.reason), (minute(2).plus_ms(-1), ExitReason::Target));
}

#[test]
fn a_high_that_may_be_from_before_the_entry_raises_no_stop() {
    // Only the close of that minute was surely seen by the position: 100.5 − 2.
    let settled = walk(bought_on_the_book(trailing()), &[step(0, [107.0, 107.0, 99.0, 100.5])]);
    assert_eq!(stop_of(&settled), price("98.5"));
}

#[test]
fn a_low_that_may_be_from_before_the_entry_is_believed_but_an_open_is_no_gap() {
    let settled = walk(bought_on_the_book(plan()), &[step(0, [95.0, 101.0, 95.0, 100.0])]);
    let (fill, trade) = sold(&settled);
    assert_eq!((fill.reference, fill.at), (price("96"), minute(1).plus_ms(-1)));
    assert_eq!(trade.reason, ExitReason::Stop);
}

// Entries.

/// 3.332 coins for at most 333.29996, of which 10.9730096 may be lost at a stop of 97, which brings 96.95.
fn wanted() -> Order {
    let plan = EntryPlan { stop: price("97"), risk: money("10.9730096"), ..plan() };
    entry_of(&btc(), NOON.plus_ms(30_000), "3.332", plan)
}

fn entered(steps: &[Step]) -> Settled {
    walk(waiting(&wanted()), steps)
}

#[test]
fn an_entry_fills_at_the_open_of_the_first_candle_that_opens_after_the_order() {
    // The candle that was running when the order was placed is not touched, whatever it brings.
    let settled = entered(&[step(0, [90.0, 90.0, 90.0, 90.0]), step(1, [100.0, 101.0, 99.0, 100.5])]);
    let fill = fills(&settled)[0];
    // 100 × 1.0003.
    assert_eq!((fill.at, fill.reference, fill.price), (minute(1), price("100"), price("100.03")));
    assert_eq!((fill.quantity, fill.notional), (coins("3.332"), money("333.29996")));
    assert_eq!((fill.fee, fill.risk), (coins("0.003332").get(), money("10.9730096")));
    assert_eq!((ends(&settled), fill.candle), (vec![End::Filled], Some((Timeframe::M1, minute(1)))));
    // One that opens just with the order is met.
    let order = Order { placed_at: NOON, ..wanted() };
    let settled = walk(waiting(&order), &[step(0, [100.0, 101.0, 99.0, 100.5])]);
    assert_eq!(fills(&settled)[0].at, NOON);
}

#[test]
fn a_stop_is_hit_in_the_candle_of_the_entry() {
    let settled = entered(&[step(1, [100.0, 101.0, 96.9, 100.5])]);
    let fills = fills(&settled);
    assert_eq!((fills.len(), fills[1].price, fills[1].at), (2, price("96.95"), minute(2).plus_ms(-1)));
    // What was planned to be lost at most is lost, and the crumb of 0.000668 coins stays.
    assert_eq!(settled.books.trades[0].profit(), money("-10.9730096"));
    assert_eq!(settled.books.balance("BTC"), coins("0.000668").get());
}

#[test]
fn an_entry_that_opens_at_its_stop_or_below_is_given_up() {
    for open in [97.0, 96.0] {
        let settled = entered(&[step(1, [open, 101.0, 95.0, 100.0])]);
        assert_eq!((fills(&settled).len(), ends(&settled)), (0, vec![End::Gapped]), "{open}");
        assert_eq!((settled.books.cash(), settled.books.orders.len()), (money("1000"), 0));
    }
}

#[test]
fn an_entry_at_a_higher_open_buys_fewer_coins() {
    // 101 × 1.0003 = 101.0303 → 101.04. With 10.9730096 to lose at 96.95 after the fee:
    //   2.552: 257.85408 − 2.549 × 96.95 × 0.999 = 257.85408 − 246.87842445 = 10.97565555: too much;
    //   2.551: 257.75304 − 2.548 × 96.95 × 0.999 = 257.75304 − 246.7815714 = 10.9714686.
    let settled = entered(&[step(1, [101.0, 102.0, 99.0, 101.0])]);
    let fill = fills(&settled)[0];
    assert_eq!((fill.price, fill.quantity, fill.risk), (price("101.04"), coins("2.551"), money("10.9714686")));
    assert_eq!(fill.notional, money("257.75304"));
}

#[test]
fn an_entry_at_a_lower_open_buys_no_more_than_was_ordered() {
    // 99 × 1.0003 = 99.0297 → 99.03.
    let settled = entered(&[step(1, [99.0, 100.0, 98.0, 99.5])]);
    assert_eq!((fills(&settled)[0].price, fills(&settled)[0].quantity), (price("99.03"), coins("3.332")));
}

#[test]
fn an_entry_waits_where_nothing_is_traded() {
    let settled = entered(&[thin(1, [100.0; 4], 0.0), step(2, [100.0, 100.0, 99.0, 99.5])]);
    assert_eq!((fills(&settled).len(), fills(&settled)[0].at), (1, minute(2)));
}

#[test]
fn an_entry_that_meets_no_candle_for_two_hours_expires() {
    let over_at = |settled: &Settled| {
        let ended = |event: &Event| if let Event::Ended(e) = event { Some((e.how, e.at)) } else { None };
        settled.events.iter().find_map(ended)
    };
    let expired = Some((End::Expired, minute(120).plus_ms(30_000)));
    // 12:00:30 and two hours: the candle of 14:00 is met, the one of 14:01 comes too late and tells that it is over.
    assert_eq!(fills(&entered(&[step(120, [100.0, 100.0, 99.0, 99.5])])).len(), 1);
    assert_eq!(over_at(&entered(&[step(121, [100.0, 100.0, 99.0, 99.5])])), expired);
    // Without any candle it is given up at the same instant, once none can come any more.
    let silent = |now| settle(&btc(), waiting(&wanted()), &terms(), &[], now).unwrap();
    assert_eq!(over_at(&silent(minute(24 * 60))), None, "a candle of a day may still tell");
    assert_eq!(over_at(&silent(minute(4 * 24 * 60))), expired);
}

#[test]
fn an_entry_takes_a_hundredth_of_a_candles_volume_and_the_rest_is_cancelled() {
    // 1 % of 10,000 are 100: 0.99970… coins at 100.03 → 0.999, for 99.92997, with a fee of 0.000999 coins.
    let settled = entered(&[thin(1, [100.0, 100.0, 99.0, 99.5], 10_000.0), step(2, [99.5, 100.0, 99.0, 99.5])]);
    let fill = fills(&settled)[0];
    assert_eq!((fill.quantity, fill.notional, fill.fee), (coins("0.999"), money("99.92997"), coins("0.000999").get()));
    assert_eq!((fills(&settled).len(), ends(&settled)), (1, vec![End::Filled]));
    assert_eq!(settled.books.free_cash(), money("900.07003"));
}

#[test]
fn an_entry_that_the_market_makes_too_small_is_given_up() {
    // 1 % of 400 are 4, less than the exchange takes.
    let settled = entered(&[thin(1, [100.0, 100.0, 99.0, 99.5], 400.0)]);
    assert_eq!((fills(&settled).len(), ends(&settled)), (0, vec![End::TooSmall]));
}

#[test]
fn an_entry_that_could_not_be_left_at_its_stop_is_given_up() {
    // 1 % of 510 are 5.1: 0.050 coins for 5.0015 are enough to buy. The fee leaves 0.04995, of which 0.049 would bring
    // 4.75 at the stop: no exchange takes that.
    let settled = entered(&[thin(1, [100.0, 100.0, 99.0, 99.5], 510.0)]);
    assert_eq!((fills(&settled).len(), ends(&settled)), (0, vec![End::TooSmall]));
}

// Exits that take their time.

#[test]
fn a_stop_sells_a_hundredth_of_each_candles_volume_and_goes_on_at_the_next_opens() {
    let settled = walk(
        holding("3", plan()),
        &[
            thin(1, [100.0, 100.0, 95.0, 95.5], 10_000.0),
            thin(2, [95.0, 96.0, 94.0, 95.0], 10_000.0),
            step(3, [94.0, 95.0, 93.0, 94.0]),
        ],
    );
    // 100 / 95.95 = 1.0422… → 1.042. Then at 95 × 0.9995 = 94.9525 → 94.95: 100 / 94.95 = 1.0531… → 1.053. The rest,
    // 0.902, at 94 × 0.9995 = 93.953 → 93.95.
    let told: Vec<_> = fills(&settled).iter().map(|f| (f.part, f.quantity, f.price, f.at)).collect();
    let expected = [
        (1, coins("1.042"), price("95.95"), minute(2).plus_ms(-1)),
        (2, coins("1.053"), price("94.95"), minute(2)),
        (3, coins("0.902"), price("93.95"), minute(3)),
    ];
    assert_eq!(told, expected);
    // 99.9799 − 0.0999799 + 99.98235 − 0.09998235 + 84.7429 − 0.0847429 = 284.42044485.
    let trade = &settled.books.trades[0];
    assert_eq!((trade.proceeds, trade.closed_at), (money("284.42044485"), minute(3)));
    assert_eq!((ends(&settled), settled.books.balance("BTC")), (vec![End::Filled], Quantity::default().get()));
}

#[test]
fn an_exit_below_the_exchanges_least_order_waits_until_it_is_worth_enough() {
    // 0.05 coins bought, 0.049 to be sold: 4.70 at 95.95. At 103 × 0.9995 = 102.9485 → 102.94 they are worth 5.04406.
    let down = step(1, [100.0, 100.0, 95.0, 95.5]);
    let settled = walk(holding("0.05", plan()), &[down, step(2, [96.0, 103.0, 95.0, 100.0])]);
    assert_eq!((fills(&settled).len(), settled.books.orders.len()), (0, 1));
    assert_eq!(settled.books.position(&btc()).unwrap().leaving, Some(ExitReason::Stop));
    let settled = walk(
        holding("0.05", plan()),
        &[down, step(2, [96.0, 103.0, 95.0, 100.0]), step(3, [103.0, 104.0, 95.0, 99.0])],
    );
    let (fill, trade) = sold(&settled);
    assert_eq!((fill.price, fill.notional), (price("102.94"), money("5.04406")));
    assert_eq!(trade.reason, ExitReason::Stop);
}

/// The account of `holding`, with an exit that was placed 90 seconds past noon.
fn leaving(plan: EntryPlan) -> Books {
    let mut books = holding("3", plan.clone());
    let exit = exit_of(&entry_of(&btc(), NOON, "3", plan), NOON.plus_ms(90_000), "2.997", ExitReason::Signal);
    books.apply(&placed(&exit)).unwrap();
    books
}

#[test]
fn a_sale_fills_at_the_open_of_the_first_candle_after_the_order() {
    let settled = walk(leaving(plan()), &[step(1, [99.0, 99.0, 99.0, 99.0]), step(2, [101.0, 102.0, 90.0, 91.0])]);
    let (fill, trade) = sold(&settled);
    // One slippage, for nobody is pressed: 101 × 0.9997 = 100.9697 → 100.96.
    assert_eq!((fill.at, fill.price, trade.reason), (minute(2), price("100.96"), ExitReason::Signal));
}

#[test]
fn until_then_the_stop_goes_on_protecting() {
    let settled = walk(leaving(plan()), &[step(1, [99.0, 99.0, 95.8, 99.0]), step(2, [101.0, 102.0, 100.0, 101.0])]);
    let (fill, _) = sold(&settled);
    assert_eq!((fill.at, fill.price), (minute(2).plus_ms(-1), price("95.95")));
}

#[test]
fn nothing_is_sold_before_it_was_ordered_to() {
    // The candle that was running when the order was placed had opened below the stop.
    let settled = walk(leaving(plan()), &[step(1, [95.0, 99.0, 94.0, 99.0])]);
    let (fill, _) = sold(&settled);
    assert_eq!((fill.reference, fill.at), (price("95"), NOON.plus_ms(90_000)));
}

#[test]
fn nothing_is_sold_before_the_stop_stood_where_it_does() {
    // The stop had followed to 101 by 12:03. Then a minute is missing, and the five minutes that hold it open at 100.
    let (highs, fives) = (step(2, [100.0, 103.0, 100.0, 102.0]), candle(NOON, [100.0, 103.0, 99.0, 99.0], DEEP));
    let coarse = Step { candle: fives, timeframe: Timeframe::M5, is_coarse: true };
    let settled = walk(holding("3", trailing()), &[highs, coarse]);
    let (fill, trade) = sold(&settled);
    assert!(fill.at >= minute(3), "{fill:?}");
    assert_eq!((fill.is_coarse, trade.reason), (true, ExitReason::TrailingStop));
}

#[test]
fn what_was_walked_is_not_walked_again() {
    let crash = step(1, [94.5, 97.0, 94.0, 96.0]);
    let calm = walk(holding("3", plan()), &[step(1, [100.0, 100.0, 99.0, 99.5])]);
    assert_eq!(calm.books.position(&btc()).unwrap().walked_to, minute(2));
    assert_eq!(walk(calm.books, &[crash]).events, []);
}

#[test]
fn a_waiting_stop_goes_on_at_twice_the_slippage_in_the_next_run() {
    let first = walk(holding("3", plan()), &[thin(1, [96.0, 96.0, 96.0, 96.0], 0.0)]);
    assert_eq!(fills(&first).len(), 0);
    // Read back from tables, where orders come before fills.
    let entry = entry_of(&btc(), NOON, "3", plan());
    let fill = crate::ledger::samples::fill_of(&entry, &terms(), 1, NOON, price("100.03"), coins("3"));
    let exit = first.books.orders[0].clone();
    let facts = [
        crate::ledger::samples::deposit("1000"),
        placed(&entry),
        placed(&exit),
        crate::ledger::samples::filled(&fill),
        over(&entry, NOON, End::Filled),
    ];
    let settled = walk(Books::fold(&facts).unwrap(), &[step(2, [95.0, 96.0, 94.0, 95.0])]);
    assert_eq!(sold(&settled).0.price, price("94.95"), "95 × 0.9995 = 94.9525");
}

#[test]
fn an_exit_is_ordered_and_booked_once_under_the_name_of_its_entry() {
    let settled = walk(holding("3", plan()), &[step(1, [94.5, 97.0, 94.0, 96.0]), step(2, [94.5, 97.0, 94.0, 96.0])]);
    let orders: Vec<&OrderId> =
        settled.events.iter().filter_map(|e| if let Event::Placed(o) = e { Some(&o.id) } else { None }).collect();
    let entry = OrderId::entry(&btc(), NOON, "0123abcd");
    assert_eq!((orders, fills(&settled).len()), (vec![&entry.exit()], 1));
}

#[test]
fn other_pairs_are_left_alone() {
    let eth = "ETH/USDT".parse().unwrap();
    let settled = settle(&eth, holding("3", plan()), &terms(), &[step(1, [1.0, 1.0, 1.0, 1.0])], minute(2)).unwrap();
    assert_eq!((settled.events.len(), settled.books.trades.len()), (0, 0));
    assert_eq!(settled.books.cash() - Money::ZERO, money("699.91"));
}
