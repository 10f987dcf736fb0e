//! How far back a decision looks: to where a block of the calendar begins, over as many pages as that takes, whatever is
//! missing on the way.

use serde_json::Value;

use crate::exchange_server::{Exchange, Fault, HOUR, LOOKED_BACK, NOON, Seen};
use crate::world::{Run, World};

const DAY: i64 = 24 * HOUR;
/// The newest closed candle at [`NOON`].
const ELEVEN: i64 = NOON - 30_000 - HOUR;
/// The first candle of the newest page at [`NOON`].
const NEWEST_PAGE: i64 = ELEVEN - 999 * HOUR;
/// What names the newest page of a first run, and the one before it.
const NEWEST: &str = "limit=1000&endTime=";
const EARLIER: &str = "limit=1000&startTime=";

fn number(world: &World, sql: &str) -> i64 {
    world.value(&format!("SELECT {sql}")).parse().expect("a number")
}

fn texts(run: &Run, kind: &str, code: &str) -> Vec<String> {
    let json = run.json();
    let notes = json[kind].as_array().cloned().unwrap_or_default();
    let of_code = notes.iter().filter(|note| note["code"] == code);
    of_code.map(|note| note["text"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The first candles of the stretches that were asked for; none where only the last one is named.
fn begins(asked: &[Seen]) -> Vec<Option<i64>> {
    asked.iter().map(|seen| seen.parameter("startTime").and_then(|text| text.parse().ok())).collect()
}

#[test]
fn a_young_pair_costs_no_error() {
    // As many candles as there are on the newest page, fewer, and more, but not as many as are looked back to.
    for listed in [1000, 300, 1200] {
        let exchange = Exchange::start();
        exchange.list_symbol("ETHUSDT", ELEVEN - (listed - 1) * HOUR);
        let world = World::facing(&exchange);
        for candles in [listed, listed + 1] {
            let run = world.run(&["cycle"]).expect(0);
            assert!(run.decided("BTC/USDT") && run.decided("ETH/USDT"), "{run}");
            assert_eq!(run.json()["errors"], Value::Array(vec![]), "{run}");
            assert!(!run.codes().contains("gap"), "{run}");
            assert_eq!(number(&world, "count(*) FROM candles WHERE symbol = 'ETH/USDT'"), candles, "{run}");
            let read = "candles FROM technical_indicators WHERE symbol = 'ETH/USDT' ORDER BY open_time DESC";
            assert_eq!(number(&world, read), candles, "{run}");
            exchange.advance(HOUR);
        }
        assert_eq!(number(&world, "count(*) FROM data_gaps"), 0, "before its listing nothing is missing");
        world.assert_intact();
    }
}

#[test]
fn a_silent_pair_is_stale_however_long_and_whoever_looks() {
    // Here a decision looks back to a thousand candles and no more: 380 hours before noon a block of the calendar begins.
    let now = NOON - (LOOKED_BACK - 1000) * HOUR;
    // Of the 1,000 candles 16 are left after 41 days, and none after 42; a later first run sees the thousand before them.
    for days in [41, 42, 100] {
        let exchange = Exchange::start();
        exchange.set_clock(now - days * DAY);
        let (old, new) = (World::facing(&exchange), World::facing(&exchange));
        let before = old.run(&["cycle"]).expect(0).pair("ETH/USDT");
        exchange.stop_symbol("ETHUSDT", now - 30_000 - days * DAY);
        exchange.set_clock(now);
        for (who, world) in [("old", &old), ("new", &new)] {
            let run = world.run(&["cycle"]).expect(3);
            let pair = run.pair("ETH/USDT");
            assert_eq!(
                (&pair["status"], &pair["blocked_by"]["code"]),
                (&"stale".into(), &"stale_data".into()),
                "{run}"
            );
            assert_eq!(pair["candle_open_time"], before["candle_open_time"], "{who}, {days} days: {run}");
            assert!(
                run.codes().contains("stale_data") && !run.stdout.contains("not_ready"),
                "{who}, {days} days: {run}"
            );
            if who == "old" {
                assert_eq!(
                    pair["indicators"], before["indicators"],
                    "{days} days: its view is that of its newest candle"
                );
            }
        }
    }
}

#[test]
fn of_a_page_that_failed_the_others_are_asked_for_again_too() {
    let peace = Exchange::start();
    let calm = World::facing(&peace);
    calm.run(&["cycle"]).expect(0);
    for page in [EARLIER, NEWEST] {
        let exchange = Exchange::start();
        exchange.break_always(&["klines", "symbol=ETHUSDT", page], Fault::Status(503, Vec::new(), Vec::new()));
        let world = World::facing(&exchange);
        let run = world.run(&["cycle"]).expect(3);
        assert_eq!(texts(&run, "errors", "http_status").len(), 1, "{page}: {run}");
        assert_eq!(run.pair("ETH/USDT")["status"], "failed", "{page}: {run}");
        assert_eq!(number(&world, "count(*) FROM candles WHERE symbol = 'ETH/USDT'"), 0, "{page}: {run}");
        exchange.mend();
        world.run(&["cycle"]).expect(0);
        let facts = "SELECT * FROM technical_indicators ORDER BY 1, 2, 3";
        assert_eq!(world.query(facts), calm.query(facts), "{page}: as if nothing had failed");
        assert_eq!(number(&world, "count(*) FROM data_gaps"), 0, "{page}");
    }
}

#[test]
fn a_bad_row_in_either_page_is_counted_and_named() {
    let spoil = || {
        Fault::EditRows(|rows| {
            rows[99][4] = "NaN".into();
        })
    };
    // The earlier page has 380 rows, the newest one 1,000.
    for (pages, bad, first) in [
        (&[EARLIER][..], 1, NEWEST_PAGE - 281 * HOUR),
        (&[NEWEST], 1, NEWEST_PAGE + 99 * HOUR),
        (&[EARLIER, NEWEST], 2, NEWEST_PAGE - 281 * HOUR),
    ] {
        let exchange = Exchange::start();
        for page in pages {
            exchange.break_always(&["klines", "symbol=ETHUSDT", page], spoil());
        }
        let world = World::facing(&exchange);
        let run = world.run(&["cycle"]).expect(3).says("gap");
        assert_eq!(run.json()["collected"]["rows_bad"], bad, "{run}");
        let told = &texts(&run, "errors", "bad_rows")[..];
        let instant = world.value(&format!("SELECT strftime('%Y-%m-%dT%H:%M:%SZ', {first} / 1000, 'unixepoch')"));
        let start = format!("{bad} bad rows left out; the first is row 100 ({instant})");
        assert!(told.len() == 1 && told[0].starts_with(&start), "{start}: {told:?}");
        assert!(run.decided("BTC/USDT") && run.decided("ETH/USDT"), "{run}");
        assert_eq!(number(&world, "sum(missing) FROM data_gaps"), bad, "{run}");
    }
}

#[test]
fn a_gap_where_two_pages_meet_is_noted_once() {
    let hours = |range: std::ops::Range<i64>| range.map(|n| NEWEST_PAGE + n * HOUR).collect::<Vec<_>>();
    // At the end of the earlier page, at the beginning of the newest one, and across both. What is missing on the newest
    // page makes it reach back into the earlier one.
    for missing in [hours(-2..0), hours(0..3), hours(-2..3)] {
        let exchange = Exchange::start();
        for hour in &missing {
            exchange.punch_hole("BTCUSDT", "1h", *hour);
        }
        let world = World::facing(&exchange).with("TRADER_PAIRS", "BTC/USDT");
        let run = world.run(&["cycle"]).expect(0);
        let count = i64::try_from(missing.len()).expect("a few");
        let told = texts(&run, "warnings", "gap");
        assert!(told.len() == 1 && told[0].starts_with(&format!("{count} candles missing")), "{told:?}: {run}");
        let gap = [missing[0], missing[missing.len() - 1], count].map(|n| n.to_string());
        assert_eq!(world.query("SELECT from_open, to_open, missing FROM data_gaps"), [gap]);
        assert_eq!(number(&world, "count(*) FROM candles"), LOOKED_BACK - count);
        assert_eq!(number(&world, "candles FROM technical_indicators"), LOOKED_BACK - count);
        assert_eq!(run.json()["collected"]["candles_revised"], 0, "nothing is told twice: {run}");
        let story = world.run(&["explain", "BTC/USDT", "--format", "json"]).expect(0).json();
        assert_eq!((&story["candles_missing"], &story["recheck"]["same"]), (&count.into(), &true.into()));
    }
}

#[test]
fn a_series_of_which_the_newest_candles_were_enough_is_looked_back_in_as_in_a_new_database() {
    let exchange = Exchange::start();
    let facing = || World::facing(&exchange).with("TRADER_TIMEFRAMES", "15m,1h");
    let (old, new) = (facing(), facing().with("TRADER_STRATEGY_TIMEFRAME", "15m"));
    old.run(&["cycle"]).expect(0);
    let count = "count(*) FROM candles WHERE symbol = 'BTC/USDT' AND timeframe = '15m'";
    assert_eq!(number(&old, count), 1000, "nothing is decided on them");
    exchange.advance(HOUR);
    let old = old.with("TRADER_STRATEGY_TIMEFRAME", "15m");
    exchange.forget_requests();
    let (run, first) = (old.run(&["cycle"]).expect(0), new.run(&["cycle"]).expect(0));
    for symbol in ["BTC/USDT", "ETH/USDT"] {
        for key in ["indicators", "score", "reasons", "candle_open_time"] {
            assert_eq!(run.pair(symbol)[key], first.pair(symbol)[key], "{symbol} {key}: {run}");
        }
    }
    // 13:00 is quarter 1,986,964 since 1970: a thousand before, in the block that began with 2,068 × 960 = 1,985,280.
    assert_eq!([number(&old, count), number(&new, count)], [1_986_964 - 1_985_280; 2]);
    assert_eq!(number(&old, "count(*) FROM data_gaps"), 0);
    // Now that they are there, only what is new is asked for.
    exchange.forget_requests();
    exchange.advance(HOUR / 4);
    old.run(&["cycle"]).expect(0);
    assert_eq!(begins(&exchange.asked("klines")), [Some(NOON - 30_000 + HOUR / 4); 2]);
}

#[test]
fn a_strategy_that_looks_back_further_has_what_it_needs_at_once_in_a_new_and_in_an_old_database() {
    let exchange = Exchange::start();
    let slow = || World::facing(&exchange).with("TRADER_STRATEGY_NAME", "trend");
    let told = |run: &Run| {
        let pair = run.pair("ETH/USDT");
        (pair["score"].clone(), pair["reasons"].clone(), pair["indicators"].clone())
    };
    let new = slow().run(&["cycle"]).expect(0);
    assert!(new.pair("ETH/USDT")["score"].is_number(), "{new}");
    // A database in which the other strategy has lived: the pages before its first candle are fetched.
    let old = World::facing(&exchange);
    let before = old.run(&["cycle"]).expect(0);
    let old = old.with("TRADER_STRATEGY_NAME", "trend");
    let switched = old.run(&["cycle"]).expect(0);
    assert_eq!(told(&switched), told(&new), "{switched}");
    assert_eq!(switched.pair("ETH/USDT")["indicators"], before.pair("ETH/USDT")["indicators"]);
    exchange.advance(HOUR);
    exchange.forget_requests();
    old.run(&["cycle"]).expect(0);
    assert!(exchange.asked("limit=1000&endTime=").is_empty(), "what is there is not asked for again");
    assert!(begins(&exchange.asked("interval=1h")).iter().all(|from| *from >= Some(ELEVEN - 2 * HOUR)));
}
