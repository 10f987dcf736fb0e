//! What a cycle asks: only what is missing, all at once and never twice; and what it makes of the
//! answers: revisions, gaps, young symbols, and a clock that is not ours.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::exchange_server::{Exchange, HOUR, LOOKED_BACK, NOON, local_now, targets};
use crate::world::World;

/// The open time of the newest closed hour at [`NOON`].
const ELEVEN: i64 = NOON - 30_000 - HOUR;
const ALL_PAIRS: &str = "BTC/USDT,ETH/USDT,SOL/USDT,AVAX/USDT,POL/USDT";
const ALL_TIMEFRAMES: &str = "1m,5m,15m,1h,4h,1d";

fn assert_none_twice(exchange: &Exchange) {
    let all = targets(&exchange.seen());
    let distinct: BTreeSet<_> = all.iter().collect();
    assert_eq!(all.len(), distinct.len(), "a request was made twice: {all:#?}");
}

#[test]
fn a_first_cycle_decides_and_asks_each_thing_once() {
    let exchange = Exchange::start();
    let world = World::facing(&exchange);
    let run = world.run(&["cycle"]).expect(0);
    assert!(run.decided("BTC/USDT") && run.decided("ETH/USDT"), "{run}");
    assert_eq!(run.json()["as_of"], "2026-09-01T12:00:00Z");
    assert_eq!(world.value("SELECT max(open_time) FROM price_data"), ELEVEN.to_string());
    assert_eq!(world.value("SELECT count(*) FROM price_data"), (2 * LOOKED_BACK).to_string());
    assert_eq!(exchange.seen().len(), 1 + 2 + 4 + 2, "{:#?}", targets(&exchange.seen()));
    let paths = ["/time", "/exchangeInfo?", "/klines?", "/ticker/bookTicker?"];
    assert_eq!(paths.map(|path| exchange.asked(path).len()), [1, 2, 4, 2], "1,380 candles of a pair are two pages");
    assert_eq!(run.json()["collected"]["requests"], 9);
    assert_none_twice(&exchange);
    for request in exchange.seen() {
        let agent = request.header("user-agent").unwrap_or_default();
        assert!(agent.contains("trader"), "the user agent {agent:?} does not say who asks");
        let codings = request.header("accept-encoding").unwrap_or_default();
        assert!(codings.contains("gzip"), "no gzip asked for: {codings:?}");
    }
    world.assert_intact();
}

#[test]
fn a_compressed_answer_is_understood() {
    let exchange = Exchange::start();
    exchange.set_gzip();
    let run = World::facing(&exchange).run(&["cycle"]).expect(0);
    assert!(run.decided("BTC/USDT") && run.decided("ETH/USDT"), "{run}");
}

#[test]
fn a_warm_cycle_asks_only_for_what_must_be_new() {
    let exchange = Exchange::start();
    let world = World::facing(&exchange).with("TRADER_TIMEFRAMES", "1h,4h");
    world.run(&["cycle"]).expect(0);
    exchange.forget_requests();
    exchange.advance(HOUR);
    let run = world.run(&["cycle"]).expect(0);
    let klines = exchange.asked("klines");
    assert_eq!(exchange.seen().len(), 5, "time, two series and two quotes: {:#?}", targets(&exchange.seen()));
    assert_eq!(exchange.asked("bookTicker").len(), 2);
    assert_eq!(klines.len(), 2);
    let overlap = (ELEVEN - 2 * HOUR).to_string();
    for request in klines {
        assert_eq!(request.parameter("interval"), Some("1h"), "no four-hour candle has closed");
        assert_eq!(request.parameter("startTime"), Some(overlap.as_str()), "{}", request.target);
    }
    assert_eq!(run.json()["collected"]["candles_new"], 2);
    assert_eq!(run.json()["collected"]["candles_revised"], 0);
    assert_eq!(run.json()["repeat"], false);
}

#[test]
fn a_repeated_cycle_asks_for_the_time_only_and_says_the_same() {
    let exchange = Exchange::start();
    let world = World::facing(&exchange);
    let first = world.run(&["cycle"]).expect(0);
    let before = world.dump_facts();
    exchange.forget_requests();
    let second = world.run(&["cycle"]).expect(0);
    assert_eq!(targets(&exchange.seen()), ["/api/v3/time"]);
    assert_eq!(second.json()["repeat"], true);
    for symbol in ["BTC/USDT", "ETH/USDT"] {
        for key in ["decision", "score", "confidence_pct", "price", "signal", "candle_open_time"] {
            assert_eq!(first.pair(symbol)[key], second.pair(symbol)[key], "{symbol} {key}");
        }
    }
    assert_eq!(before, world.dump_facts());
}

#[test]
fn a_closed_candle_that_changes_is_kept_as_a_revision() {
    let exchange = Exchange::start();
    let world = World::facing(&exchange);
    world.run(&["cycle"]).expect(0);
    let sql = format!(
        "SELECT close FROM price_data JOIN series ON series.id = series_id \
         WHERE symbol LIKE 'BTC%' AND open_time = {ELEVEN}"
    );
    let before = world.value(&sql);
    exchange.revise("BTCUSDT", "1h", ELEVEN);
    exchange.advance(HOUR);
    let run = world.run(&["cycle"]).expect(0).says("candle_revised");
    assert_eq!(run.json()["collected"]["candles_revised"], 1);
    assert_eq!(world.value("SELECT count(*) FROM price_revisions"), "1");
    assert_ne!(before, world.value(&sql), "the newer value is the one in use");
    let kept = world.query("SELECT * FROM price_revisions").concat();
    assert!(kept.contains(&before), "the older close {before} is kept: {kept:?}");
    world.assert_intact();
}

#[test]
fn a_gap_is_recorded_asked_for_again_and_repaired() {
    let exchange = Exchange::start();
    let world = World::facing(&exchange).with("TRADER_PAIRS", "BTC/USDT");
    exchange.punch_hole("BTCUSDT", "1h", ELEVEN - 20 * HOUR);
    let run = world.run(&["cycle"]).expect(0).says("gap");
    assert_eq!(run.json()["collected"]["gaps_open"], 1);
    assert_eq!(world.query("SELECT missing, state FROM data_gaps"), [["1", "open"]]);
    exchange.fill_holes();
    exchange.advance(HOUR);
    let run = world.run(&["cycle"]).expect(0);
    assert_eq!(run.json()["collected"]["gaps_open"], 0);
    assert_eq!(world.query("SELECT missing, state FROM data_gaps"), [["1", "repaired"]]);
    assert_eq!(world.value("SELECT count(*) FROM price_data"), (LOOKED_BACK + 1).to_string(), "and the newest one");
}

#[test]
fn a_long_absence_is_paged_without_a_hole_or_a_second_request() {
    let exchange = Exchange::start();
    let world = World::facing(&exchange).with("TRADER_PAIRS", "BTC/USDT").with("TRADER_TIMEFRAMES", "1m,1h");
    world.run(&["cycle"]).expect(0);
    exchange.forget_requests();
    exchange.advance(40 * HOUR);
    world.run(&["cycle"]).expect(0);
    assert_none_twice(&exchange);
    assert_eq!(exchange.asked("interval=1m").len(), 3, "2,402 candles are three pages");
    let count = "SELECT count(*), (max(open_time) - min(open_time)) / 60000 + 1 FROM price_data \
                 JOIN series ON series.id = series_id WHERE timeframe = '1m'";
    assert_eq!(world.query(count), [["3400", "3400"]]);
    assert_eq!(world.value("SELECT count(*) FROM data_gaps"), "0");
}

#[test]
fn thirty_series_and_five_quotes_are_asked_in_two_waves() {
    let exchange = Exchange::start();
    let delay = Duration::from_millis(400);
    exchange.set_delay(delay);
    let world = World::facing(&exchange).with("TRADER_PAIRS", ALL_PAIRS).with("TRADER_TIMEFRAMES", ALL_TIMEFRAMES);
    world.run(&["cycle"]).expect(0);
    // 1,380 hours, 1,305 four-hour candles and 1,497 days are two pages each; of the others the newest one is enough.
    assert_eq!(exchange.asked("klines").len(), 5 * (3 + 3 * 2));
    assert_eq!(exchange.asked("bookTicker").len(), 5);
    assert_eq!(exchange.seen().len(), 6 + 50, "{:#?}", targets(&exchange.seen()));
    assert_none_twice(&exchange);
    // Wall time on a busy machine proves little; that all wait at the same moment proves it.
    assert_eq!(exchange.peak_in_flight(), 50, "all of them wait for their answers at once");
    let arrivals = || ["klines", "bookTicker"].iter().flat_map(|part| exchange.asked(part)).map(|request| request.at);
    let (first, last) = (arrivals().min(), arrivals().max());
    assert!(last.zip(first).is_some_and(|(last, first)| last - first < delay));
}

#[test]
fn plain_http_is_for_this_machine_only() {
    for (url, named) in [
        ("http://example.com", "example.com"),
        ("http://192.0.2.1:8080", "192.0.2.1"),
        ("http://127.0.0.1@example.com", "example.com"),
        ("http://localhost.example.com", "localhost.example.com"),
        ("ftp://127.0.0.1", "ftp"),
        ("no address", "no address"),
    ] {
        let world = World::new();
        let run = world.run(&["cycle", "--base-url", url]).expect(2);
        assert!(run.stdout.is_empty(), "{url}: {run}");
        assert!(run.stderr.contains(named), "{named} is not named: {run}");
        assert!(!world.db().exists(), "{url}: nothing is touched");
    }
}

#[test]
fn a_clock_two_hours_off_is_reported_and_the_exchange_believed() {
    for (offset, skewed) in [(0, false), (2 * HOUR, true), (-2 * HOUR, true)] {
        let exchange = Exchange::start();
        let clock = local_now() + offset;
        exchange.set_clock(clock);
        let world = World::facing(&exchange);
        let run = world.run(&["cycle"]).expect(0);
        assert_eq!(run.codes().contains("clock_skew"), skewed, "{offset}: {run}");
        assert!(run.decided("BTC/USDT") && run.decided("ETH/USDT"), "{run}");
        let newest = clock.div_euclid(HOUR) * HOUR - HOUR;
        assert_eq!(world.value("SELECT max(open_time) FROM price_data"), newest.to_string());
    }
}

#[test]
fn a_young_symbol_is_not_ready_and_spoils_nothing() {
    let exchange = Exchange::start();
    exchange.list_symbol("ETHUSDT", ELEVEN - 50 * HOUR);
    let run = World::facing(&exchange).run(&["cycle"]).expect(3);
    assert_eq!(run.pair("ETH/USDT")["status"], "not_ready", "{run}");
    assert!(run.decided("BTC/USDT"), "{run}");
}
