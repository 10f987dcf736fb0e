//! A candle that is late, and one that could not be fetched: neither is decided on, and neither costs what stands.

use super::{Run, World, count, noted, number, unavailable};
use crate::exchange_server::{Exchange, HOUR, NOON};

/// The candle that the second run, an hour after noon, is to decide on.
const TWELVE: i64 = NOON - 30_000;
const SYMBOLS: [&str; 2] = ["BTCUSDT", "ETHUSDT"];

/// Pairs decided at noon; an hour later the exchange lacks the newest candle of some.
fn with_late_candles(late: &[&str]) -> (Exchange, World, Run) {
    let exchange = Exchange::start();
    let world = World::facing(&exchange);
    let first = world.run(&["cycle"]).expect(0);
    exchange.advance(HOUR);
    for symbol in late {
        exchange.punch_hole(symbol, "1h", TWELVE);
    }
    (exchange, world, first)
}

fn name(symbol: &str) -> String {
    symbol.replace("USDT", "/USDT")
}

/// The recorded decision, an hour older.
#[track_caller]
fn assert_aged(first: &Run, second: &Run, symbol: &str) {
    let (then, now) = (first.pair(symbol), second.pair(symbol));
    assert_eq!(now["status"], "stale", "{second}");
    for key in ["decision", "score", "signal", "price", "candle_open_time", "reasons", "indicators"] {
        assert_eq!(then[key], now[key], "{symbol} {key}");
    }
    let aged = number(&now["data_age_s"]) - number(&then["data_age_s"]);
    assert!((aged - 3600.0).abs() < 1e-6, "{symbol}: {now}");
}

#[test]
fn a_late_candle_is_told_and_the_decision_before_it_is_shown() {
    for (late, code) in [(&SYMBOLS[..], 4), (&SYMBOLS[1..], 3)] {
        let (_exchange, world, first) = with_late_candles(late);
        for _ in 0..2 {
            let second = world.run(&["cycle"]).expect(code);
            assert_eq!(noted(&second, "errors"), vec!["late_candle"; late.len()], "{second}");
            assert_eq!(second.json()["repeat"], false, "{second}");
            for symbol in late {
                assert_aged(&first, &second, &name(symbol));
            }
            let fresh = i64::try_from(SYMBOLS.len() - late.len()).unwrap();
            assert_eq!(count(&world, "trading_decisions"), 2 + fresh, "nothing is recorded of a late candle");
        }
    }
}

#[test]
fn a_late_candle_is_decided_on_when_it_comes() {
    let (exchange, world, first) = with_late_candles(&SYMBOLS);
    world.run(&["cycle"]).expect(4);
    exchange.fill_holes();
    let run = world.run(&["cycle"]).expect(0);
    for symbol in ["BTC/USDT", "ETH/USDT"] {
        assert!(run.decided(symbol), "{run}");
        assert_eq!(run.pair(symbol)["candle_open_time"], "2026-09-01T12:00:00Z");
        assert_ne!(first.pair(symbol)["candle_open_time"], run.pair(symbol)["candle_open_time"]);
    }
    assert_eq!(count(&world, "trading_decisions"), 4);
    assert_eq!(world.run(&["cycle"]).expect(0).json()["repeat"], true);
}

#[test]
fn a_candle_that_could_not_be_fetched_is_not_decided_on_but_asked_for_again() {
    let (exchange, world, _) = with_late_candles(&[]);
    exchange.break_always(&["klines", "symbol=ETHUSDT", "interval=1h"], unavailable());
    let failed = world.run(&["cycle"]).expect(3);
    let pair = failed.pair("ETH/USDT");
    assert_eq!((&pair["status"], pair["decision"].is_null()), (&"failed".into(), true), "{failed}");
    assert_eq!(noted(&failed, "errors"), ["http_status"], "{failed}");
    assert_eq!(count(&world, "trading_decisions"), 3, "nothing is recorded of the failed pair");
    exchange.mend();
    exchange.advance(HOUR / 2);
    let run = world.run(&["cycle"]).expect(0);
    assert!(run.decided("ETH/USDT"), "{run}");
    assert_eq!(run.pair("BTC/USDT"), failed.pair("BTC/USDT"), "what was decided stays");
    assert_eq!(count(&world, "trading_decisions"), 4);
}

#[test]
fn a_first_run_without_the_newest_candle_decides_on_the_fresh_one_before_and_says_so() {
    let exchange = Exchange::start();
    let world = World::facing(&exchange);
    exchange.punch_hole("ETHUSDT", "1h", TWELVE - HOUR);
    let run = world.run(&["cycle"]).expect(3);
    assert_eq!(noted(&run, "errors"), ["late_candle"], "{run}");
    assert_eq!(run.pair("ETH/USDT")["candle_open_time"], "2026-09-01T10:00:00Z", "{run}");
    assert_eq!((&run.pair("ETH/USDT")["status"], count(&world, "trading_decisions")), (&"ok".into(), 2));
}
