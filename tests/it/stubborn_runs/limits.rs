//! Pauses and bans: the longest one holds, in whatever form it is told, and one trouble of all is told once.

use std::fmt::Display;

use super::{noted, status, unavailable};
use crate::exchange_server::{Exchange, Fault, HOUR, local_now};
use crate::world::{Run, World};

const DAY: i64 = 24 * HOUR;

fn pause(code: u16, retry_after: &impl Display) -> Fault {
    status(code, &[("Retry-After", retry_after.to_string())], "{}")
}

/// Milliseconds from now until the end of the ban on record.
fn held_for(world: &World) -> i64 {
    let until: i64 = world.value("SELECT banned_until FROM rate_limits").parse().expect("a ban is on record");
    until - local_now()
}

#[test]
fn a_long_ban_is_not_cut_short_by_a_pause_told_after_it() {
    // Whichever of the three answers comes last, in two of the cases it is a pause.
    for banned in ["/time", "symbol=BTCUSDT", "symbol=ETHUSDT"] {
        let exchange = Exchange::start();
        exchange.break_first(1, &[banned], pause(418, &100_000));
        exchange.break_always(&[], pause(429, &1));
        let world = World::facing(&exchange);
        let run = world.run(&["cycle"]).expect(4);
        assert!(held_for(&world) > 99_000_000, "banned by {banned}: {run}");
    }
}

#[test]
fn the_end_of_a_ban_is_understood_and_held_at_three_days() {
    let in_two_hours = chrono::DateTime::from_timestamp_millis(local_now() + 2 * HOUR).unwrap();
    let date = in_two_hours.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let words = |until: &str| format!("{{\"code\":-1003,\"msg\":\"IP banned until {until}. Stop.\"}}");
    let minute = HOUR / 60;
    for (what, fault, expected) in [
        ("words without end", status(418, &[], words("9999999999999")), 3 * DAY),
        ("seconds without end", pause(418, &(u64::MAX / 2048)), 3 * DAY),
        ("a date", pause(418, &date), 2 * HOUR),
        ("a date of a pause", pause(429, &date), 2 * HOUR),
        ("a date gone by", pause(429, &"Wed, 21 Oct 2015 07:28:00 GMT"), 0),
        ("nothing", status(418, &[], "{}"), 2 * minute),
        ("a word", pause(429, &"soon"), minute),
    ] {
        let exchange = Exchange::start();
        exchange.break_always(&[], fault);
        let world = World::facing(&exchange);
        let run = world.run(&["cycle"]).expect(4);
        let held = held_for(&world);
        assert!((held - expected).abs() < 20_000, "{what}: held for {held} ms: {run}");
    }
}

/// A cycle of thirty series, so many requests at once, with this fault for the requests that contain the parts.
fn thirty_series(parts: &[&str], fault: Fault, at_once: u32) -> Run {
    let exchange = Exchange::start();
    exchange.break_always(parts, fault);
    World::facing(&exchange)
        .with("TRADER_PAIRS", "BTC/USDT,ETH/USDT,SOL/USDT,AVAX/USDT,POL/USDT")
        .with("TRADER_TIMEFRAMES", "1m,5m,15m,1h,4h,1d")
        .with("TRADER_EXCHANGE_MAX_CONCURRENT", &at_once.to_string())
        .run(&["cycle"])
        .expect(4)
}

#[test]
fn a_refusal_of_everything_is_one_error() {
    for (what, parts, fault) in [
        ("a pause", &[][..], pause(429, &60)),
        ("a ban", &[], pause(418, &60)),
        ("a pause in the second wave", &["klines"], pause(429, &60)),
        ("a ban in the second wave", &["klines"], pause(418, &60)),
        ("this place is refused", &[], status(451, &[], "{}")),
    ] {
        // Of sixty all are on their way when the first one is refused; of seven most are not sent any more.
        for at_once in [60, 7] {
            let run = thirty_series(parts, fault.clone(), at_once);
            assert_eq!(noted(&run, "errors").len(), 1, "{what}, {at_once} at once: {run}");
            assert!(!run.stdout.contains("an earlier run"), "{what}: it was this run that was told: {run}");
        }
    }
}

#[test]
fn an_outage_of_everything_is_one_error() {
    for (what, parts, fault) in [
        ("503 in the second wave", &["klines"][..], unavailable()),
        ("a page in the second wave", &["klines"], Fault::Html),
        ("503", &[], unavailable()),
        ("a page", &[], Fault::Html),
    ] {
        let run = thirty_series(parts, fault, 60);
        let errors = noted(&run, "errors");
        assert_eq!(errors.len(), 1, "{what}: {errors:?}");
    }
}
