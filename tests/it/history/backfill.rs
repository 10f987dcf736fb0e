//! `trader backfill`: page by page, once, from wherever it was cut off.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::thread;
use std::time::Duration;

use super::{JUNE, NEW_YEAR, NOBODY, PAGE, backfill, count, gaps, hour, one_series, status, stretches};
use crate::exchange_server::{Exchange, Fault, HOUR, local_now, targets};
use crate::world::World;

/// Two years and a little.
const YEARS: i64 = 18_000;

fn assert_none_twice(exchange: &Exchange) {
    let all = targets(&exchange.seen());
    let distinct: BTreeSet<_> = all.iter().collect();
    assert_eq!(all.len(), distinct.len(), "a request was made twice: {all:#?}");
}

#[test]
fn years_are_fetched_page_by_page_and_nothing_is_asked_twice() {
    let exchange = Exchange::start();
    let world = World::facing(&exchange).with("TRADER_TIMEFRAMES", "1h,4h,1d");
    let run = backfill(&world, NEW_YEAR, hour(YEARS - 1)).expect(0);
    for (interval, hours) in [("1h", 1), ("4h", 4), ("1d", 24)] {
        let candles = YEARS / hours;
        for symbol in ["BTCUSDT", "ETHUSDT"] {
            let asked = exchange.asked(&format!("symbol={symbol}&interval={interval}&limit=1000&"));
            let starts: Vec<_> = asked.iter().filter_map(|request| request.parameter("startTime")).collect();
            let expected = (0..candles).step_by(1000).map(|n| hour(n * hours).to_string());
            assert_eq!(starts, expected.collect::<Vec<_>>(), "{symbol} {interval}");
        }
        let sql = format!(
            "SELECT count(*), min(open_time), max(open_time) FROM candles WHERE timeframe = '{interval}' GROUP BY symbol"
        );
        let row = [candles, NEW_YEAR, hour((candles - 1) * hours)].map(|n| n.to_string());
        assert_eq!(world.query(&sql), [&row, &row], "{interval}");
    }
    assert_eq!(run.json()["added"], count(&world));
    assert_eq!(run.json()["requests"], exchange.seen().len());
    assert_none_twice(&exchange);
    assert!(gaps(&world).is_empty());
    world.assert_intact();

    let before = world.dump_facts();
    exchange.forget_requests();
    let again = backfill(&world, NEW_YEAR, hour(YEARS - 1)).expect(0);
    assert_eq!(targets(&exchange.seen()), ["/api/v3/time"], "what is stored is not asked for");
    assert_eq!(again.json()["added"], 0);
    assert!(before == world.dump_facts(), "the second backfill changes nothing");
}

#[test]
fn without_an_end_it_goes_on_to_the_newest_closed_candle() {
    let exchange = Exchange::start();
    exchange.set_clock(JUNE);
    let world = one_series(&exchange);
    let from = (JUNE - 30 * HOUR).to_string();
    for (advance, added) in [(0, 29), (0, 0), (HOUR, 1), (3 * HOUR, 3)] {
        exchange.advance(advance);
        let run = world.run(&["backfill", "--from", &from]).expect(0);
        assert_eq!(run.json()["added"], added, "{run}");
    }
    assert_eq!(world.value("SELECT max(open_time) FROM price_data"), (JUNE - 30_000 + 3 * HOUR).to_string());
}

#[test]
fn an_earlier_start_fetches_what_lies_before_the_stored_candles() {
    let exchange = Exchange::start();
    let world = one_series(&exchange);
    backfill(&world, hour(500), hour(600)).expect(0);
    exchange.forget_requests();
    backfill(&world, NEW_YEAR, hour(600)).expect(0);
    assert_eq!(stretches(&exchange), [(NEW_YEAR, hour(499))]);
    assert_eq!(count(&world), 601);
}

#[test]
fn cut_off_by_the_exchange_it_goes_on_where_it_stopped() {
    let last = hour(4 * PAGE + 99);
    let peace = Exchange::start();
    let calm = one_series(&peace);
    backfill(&calm, NEW_YEAR, last).expect(0);
    for (fault, code) in [
        (status(500, ""), "http_status"),
        (Fault::Reset, "unreachable"),
        (Fault::CutMidBody, "truncated_body"),
        (Fault::Html, "not_json"),
        (status(403, ""), "forbidden"),
        (status(451, ""), "restricted_location"),
    ] {
        let exchange = Exchange::start();
        let world = one_series(&exchange);
        exchange.break_always(&[&format!("startTime={}", hour(2 * PAGE))], fault);
        let run = backfill(&world, NEW_YEAR, last).expect(3).says(code);
        assert_eq!((run.json()["added"].as_i64(), count(&world)), (Some(2 * PAGE), 2 * PAGE), "{run}");
        exchange.mend();
        exchange.forget_requests();
        backfill(&world, NEW_YEAR, last).expect(0);
        let left = [2, 3, 4].map(|page| (hour(page * PAGE), last));
        assert_eq!(stretches(&exchange), left, "{code}: only what was not stored");
        assert!(world.dump_facts() == calm.dump_facts(), "{code}: the same candles as in peace");
        world.assert_intact();
    }
}

/// Starts a backfill and kills it after `wait`. True when it was still at work then.
fn kill_after(world: &World, from: i64, to: i64, wait: Duration) -> bool {
    let mut child = world.command(&["backfill", "--from", &from.to_string(), "--to", &to.to_string()]);
    let mut child = child.spawn().expect("the program starts");
    thread::sleep(wait);
    child.kill().expect("a child of ours can be killed");
    child.wait_with_output().expect("a child of ours can be waited for").status.signal() == Some(9)
}

/// The first candle of each pair that is not stored.
fn next_missing(world: &World) -> Vec<i64> {
    let sql = "SELECT max(open_time) FROM candles WHERE symbol = ";
    let newest = |symbol: &str| world.value(&format!("{sql}'{symbol}'")).parse().map_or(NEW_YEAR, |at: i64| at + HOUR);
    ["BTC/USDT", "ETH/USDT"].map(newest).to_vec()
}

#[test]
fn killed_at_any_moment_it_goes_on_where_it_stopped() {
    let last = hour(6 * PAGE);
    let exchange = Exchange::start();
    exchange.set_delay(Duration::from_millis(60));
    let calm = World::facing(&exchange);
    let length = backfill(&calm, NEW_YEAR, last).expect(0).elapsed;
    let mut alive = 0;
    for moment in 1..8 {
        let world = World::facing(&exchange);
        alive += u32::from(kill_after(&world, NEW_YEAR, last, length * moment / 8));
        let has_tables = world.db().exists() && world.value("SELECT count(*) FROM sqlite_schema") != "0";
        let expected = if has_tables { next_missing(&world) } else { vec![NEW_YEAR; 2] };
        // What the killed program had asked may still be waiting for its answer.
        thread::sleep(Duration::from_millis(100));
        exchange.forget_requests();
        backfill(&world, NEW_YEAR, last).expect(0);
        let first = |symbol: &str| {
            exchange.asked(symbol).first().and_then(|request| request.parameter("startTime")?.parse().ok())
        };
        for (symbol, expected) in ["BTCUSDT", "ETHUSDT"].into_iter().zip(expected) {
            let expected = (expected <= last).then_some(expected);
            assert_eq!(first(symbol), expected, "moment {moment}: {symbol} goes on with the first missing candle");
        }
        assert!(world.dump_facts() == calm.dump_facts(), "moment {moment}: the same candles as in peace");
        world.assert_intact();
    }
    assert!(alive >= 3, "only {alive} of 7 kills came in time");
}

#[test]
fn only_the_holes_around_the_stored_candles_are_asked_for() {
    let exchange = Exchange::start();
    exchange.set_clock(JUNE);
    let noon = JUNE - 30_000;
    // Noon is hour 477,012 since 1970. A cycle looks back a thousand candles and on to where a block of 960 hours begins:
    // to hour 495 × 960 = 475,200.
    let (first, oldest) = (noon - 2300 * HOUR, noon - 1812 * HOUR);
    let world = one_series(&exchange);
    world.run(&["cycle"]).expect(0);
    assert_eq!(world.value("SELECT min(open_time) FROM price_data"), oldest.to_string());
    exchange.forget_requests();
    backfill(&world, first, noon).expect(0);
    assert_eq!(stretches(&exchange), [(first, oldest - HOUR)], "a cycle left the newest candles");
    assert_eq!(count(&world), 2300);
}

#[test]
fn before_its_listing_a_pair_has_no_gap_and_is_not_asked_for_again() {
    for (listed, pages) in [(300, 2), (900, 1), (1500, 1), (5000, 1)] {
        let exchange = Exchange::start();
        exchange.list_symbol("BTCUSDT", hour(listed));
        let world = one_series(&exchange);
        backfill(&world, NEW_YEAR, hour(1600)).expect(0);
        // One more asks whether there is anything older: else it might be an outage.
        assert_eq!(stretches(&exchange).len(), pages + 1, "listed after {listed} hours");
        assert_eq!(count(&world), (1601 - listed).max(0));
        assert!(gaps(&world).is_empty(), "listed after {listed} hours");
        exchange.forget_requests();
        backfill(&world, NEW_YEAR, hour(1600)).expect(0);
        assert_eq!(targets(&exchange.seen()), ["/api/v3/time"], "listed after {listed} hours");
    }
}

#[test]
fn an_end_before_the_start_is_bad_usage_and_asks_nothing() {
    let exchange = Exchange::start();
    let world = one_series(&exchange);
    for (from, to) in [("2024-02-01", "2024-01-01"), ("2024-02-01T00:00:01Z", "2024-02-01")] {
        let run = world.run(&["backfill", "--from", from, "--to", to]).expect(2);
        assert!(run.stdout.is_empty() && run.stderr.contains("--to lies before --from"), "{run}");
    }
    assert!(exchange.seen().is_empty() && !world.db().exists(), "nothing was touched");
}

#[test]
fn an_exchange_out_of_reach_is_unavailable_and_said_in_json() {
    let exchange = Exchange::start();
    let world = one_series(&exchange).with("TRADER_BASE_URL", NOBODY);
    let run = backfill(&world, NEW_YEAR, hour(10)).expect(4).says("unreachable");
    assert_eq!((&run.json()["status"], &run.json()["added"]), (&"unavailable".into(), &0.into()));
    let world = world.with("TRADER_BASE_URL", &format!("{NOBODY},{}", exchange.url()));
    let run = backfill(&world, NEW_YEAR, hour(10)).expect(0);
    assert_eq!(run.json()["added"], 11, "the next host is asked: {run}");
}

#[test]
fn one_unknown_pair_costs_the_other_nothing() {
    let exchange = Exchange::start();
    exchange.forget_symbol("ETHUSDT");
    let world = World::facing(&exchange);
    let run = backfill(&world, NEW_YEAR, hour(1500)).expect(3).says("unknown_symbol");
    assert_eq!(run.json()["errors"][0]["symbol"], "ETH/USDT");
    assert_eq!(run.json()["errors"].as_array().map(Vec::len), Some(1), "{run}");
    assert_eq!(count(&world), 1501);
}

/// When the stored ban ends, by this machine's clock.
fn banned_for(world: &World) -> i64 {
    world.value("SELECT banned_until FROM rate_limits").parse::<i64>().expect("a ban") - local_now()
}

#[test]
fn told_to_pause_it_stops_at_once_and_the_next_run_asks_nothing() {
    let pause = vec![("Retry-After", "3600".to_owned())];
    let ban = format!(r#"{{"code":-1003,"msg":"Way too much; IP banned until {}."}}"#, local_now() + HOUR);
    for (fault, code, page, exit) in [
        (Fault::Status(429, pause.clone(), b"{}".to_vec()), "rate_limited", 2, 3),
        (Fault::Status(429, pause, b"{}".to_vec()), "rate_limited", 0, 4),
        (status(418, &ban), "banned", 2, 3),
        (status(418, &ban), "banned", 0, 4),
    ] {
        let exchange = Exchange::start();
        let world = one_series(&exchange);
        exchange.break_always(&[&format!("startTime={}", hour(page * PAGE))], fault);
        backfill(&world, NEW_YEAR, hour(5 * PAGE)).expect(exit).says(code);
        assert_eq!(exchange.asked("klines").len(), usize::try_from(page).unwrap() + 1, "never asked again");
        assert_eq!(count(&world), page * PAGE, "what came before stays");
        assert!((HOUR - 60_000..=HOUR).contains(&banned_for(&world)), "{}", banned_for(&world));
        exchange.mend();
        exchange.forget_requests();
        backfill(&world, NEW_YEAR, hour(5 * PAGE)).expect(4).says("banned");
        world.run(&["cycle"]).expect(4).says("banned");
        assert!(exchange.seen().is_empty(), "{:?}", targets(&exchange.seen()));
    }
}
