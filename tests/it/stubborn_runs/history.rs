//! One pair's trouble is its own, and an answer without a candle is no history.

use super::{World, count, noted, raw, unavailable};
use crate::exchange_server::{Exchange, Fault, HOUR, NOON};
use crate::world::Run;

/// Hours that are asked for: more than a page.
const HOURS: i64 = 1_500;

fn backfill(world: &World) -> Run {
    let from = (NOON - 30_000 - HOURS * HOUR).to_string();
    world.run(&["backfill", "--from", &from])
}

fn candles_of(world: &World, symbol: &str) -> i64 {
    count(world, &format!("price_data JOIN series ON series.id = series_id WHERE symbol = '{symbol}'"))
}

#[test]
fn a_backfill_that_gets_nothing_says_so_and_gets_everything_later() {
    for (parts, code) in [(&["klines"][..], 4), (&["klines", "symbol=ETHUSDT"], 3)] {
        let exchange = Exchange::start();
        exchange.break_always(parts, raw("[]"));
        let world = World::facing(&exchange);
        let run = backfill(&world).expect(code).says("empty");
        assert_eq!(candles_of(&world, "ETH/USDT"), 0, "{run}");
        exchange.mend();
        let run = backfill(&world).expect(0);
        for symbol in ["BTC/USDT", "ETH/USDT"] {
            assert_eq!(candles_of(&world, symbol), HOURS, "{symbol}, exit {code} at first: {run}");
        }
        assert_eq!(count(&world, "data_gaps WHERE state = 'open'"), 0);
    }
}

#[test]
fn a_pair_that_is_refused_costs_a_backfill_nothing_of_the_others() {
    let exchange = Exchange::start();
    exchange.break_always(&["klines", "symbol=ETHUSDT"], unavailable());
    let world = World::facing(&exchange);
    let run = backfill(&world).expect(3);
    assert_eq!(candles_of(&world, "BTC/USDT"), HOURS, "{run}");
    assert_eq!(noted(&run, "errors"), ["http_status"], "{run}");
    assert_eq!(run.json()["errors"][0]["symbol"], "ETH/USDT", "{run}");
    exchange.mend();
    backfill(&world).expect(0);
    assert_eq!(candles_of(&world, "ETH/USDT"), HOURS);
}

#[test]
fn a_pair_that_hangs_does_not_cost_the_other_its_later_pages() {
    let exchange = Exchange::start();
    let world = World::facing(&exchange)
        .with("TRADER_TIMEFRAMES", "1m,1h")
        .with("TRADER_EXCHANGE_READ_TIMEOUT_MS", "20000")
        .with("TRADER_EXCHANGE_REQUEST_TIMEOUT_MS", "20000")
        .with("TRADER_EXCHANGE_DEADLINE_MS", "3000");
    world.run(&["cycle"]).expect(0);
    exchange.advance(30 * HOUR);
    exchange.break_always(&["klines", "symbol=ETHUSDT"], Fault::Never);
    let run = world.run(&["cycle"]).expect(3);
    assert!(run.decided("BTC/USDT") && !run.decided("ETH/USDT"), "{run}");
    let stored = "SELECT count(*), (max(open_time) - min(open_time)) / 60000 + 1, max(open_time) FROM price_data \
                  JOIN series ON series.id = series_id WHERE timeframe = '1m' AND symbol = 'BTC/USDT'";
    let newest = NOON - 30_000 + 30 * HOUR - 60_000;
    assert_eq!(world.query(stored), [["2800".to_owned(), "2800".to_owned(), newest.to_string()]]);
}
