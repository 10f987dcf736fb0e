//! What is decided is decided: the exchange may be silent, broken or offended afterwards.

use super::{NOBODY, assert_repeats, at_our_clock, count, noted, raw, status, unavailable};
use crate::exchange_server::{Exchange, Fault, HOUR, targets};
use crate::world::{Run, World};

type Trouble = (&'static str, fn(&Exchange), &'static str);

/// What may befall an exchange between two runs, and the warning that tells of it.
const TROUBLES: [Trouble; 6] = [
    ("nothing answers 200", |e| e.break_always(&[], unavailable()), "clock_unknown"),
    ("a page", |e| e.break_always(&[], Fault::Html), "clock_unknown"),
    ("connections are reset", |e| e.break_always(&[], Fault::Reset), "unreachable"),
    ("this place is refused", |e| e.break_always(&[], status(451, &[], "{}")), "restricted_location"),
    ("too many requests", |e| e.break_always(&[], pause(429)), "rate_limited"),
    ("a ban", |e| e.break_always(&[], pause(418)), "banned"),
];

fn pause(code: u16) -> Fault {
    status(code, &[("Retry-After", "3600".to_owned())], "{}")
}

#[track_caller]
fn assert_shown_with(first: &Run, again: &Run, warning: &str, what: &str) {
    assert_eq!(again.code, 0, "{what}: {again}");
    assert_repeats(first, again, what);
    assert_eq!(noted(again, "warnings"), [warning], "{what}: {again}");
    assert_eq!(noted(again, "errors"), [""; 0], "{what}: {again}");
}

#[test]
fn what_is_on_record_is_shown_when_the_exchange_is_in_trouble() {
    for (what, befall, warning) in TROUBLES {
        let exchange = at_our_clock();
        let world = World::facing(&exchange);
        let first = world.run(&["cycle"]).expect(0);
        befall(&exchange);
        let again = world.run(&["cycle"]);
        assert_shown_with(&first, &again, warning, what);
        assert_eq!(count(&world, "trading_decisions"), 2, "{what}");
    }
}

#[test]
fn what_is_on_record_is_shown_when_nobody_is_there() {
    let exchange = at_our_clock();
    let world = World::facing(&exchange);
    let first = world.run(&["cycle"]).expect(0);
    let again = world.run(&["cycle", "--base-url", NOBODY]);
    assert_shown_with(&first, &again, "unreachable", "a closed port");
}

#[test]
fn what_is_on_record_is_shown_while_a_stored_ban_holds_and_nothing_is_asked() {
    let exchange = at_our_clock();
    let world = World::facing(&exchange);
    let first = world.run(&["cycle"]).expect(0);
    exchange.break_first(1, &["time"], pause(418));
    world.run(&["cycle"]).expect(0).says("banned");
    exchange.forget_requests();
    let again = world.run(&["cycle"]);
    assert_eq!(targets(&exchange.seen()), [""; 0], "a banned program stays away: {again}");
    assert_shown_with(&first, &again, "banned", "a stored ban");
}

#[test]
fn what_is_not_on_record_is_not_made_up_when_nobody_is_there() {
    let exchange = at_our_clock();
    exchange.advance(-HOUR);
    let world = World::facing(&exchange);
    world.run(&["cycle"]).expect(0);
    let run = world.run(&["cycle", "--base-url", NOBODY]).expect(4);
    assert_eq!(run.json()["repeat"], false, "the decision of the hour before is not this hour's: {run}");
    assert!(!run.decided("BTC/USDT"), "{run}");
}

#[test]
fn a_clock_that_cannot_be_had_does_not_stop_the_cycle() {
    for (what, fault) in [
        ("503", unavailable()),
        ("a page", Fault::Html),
        ("garbage", raw([0, 255, b'{'])),
        ("another document", raw("{}")),
        ("a list", raw("[]")),
        ("half an answer", Fault::Truncated),
        ("a redirect", Fault::RedirectLoop),
    ] {
        let exchange = at_our_clock();
        exchange.break_always(&["/api/v3/time"], fault);
        let run = World::facing(&exchange).run(&["cycle"]);
        assert_eq!(run.code, 0, "{what}: {run}");
        assert_eq!(noted(&run, "warnings"), ["clock_unknown"], "{what}: {run}");
        assert!(run.decided("BTC/USDT") && run.decided("ETH/USDT"), "{what}: {run}");
    }
}

#[test]
fn a_halted_pair_is_named_again_by_a_repeated_run() {
    let exchange = Exchange::start();
    exchange.set_status("ETHUSDT", "BREAK");
    let world = World::facing(&exchange);
    let first = world.run(&["cycle"]).expect(3);
    assert_eq!(first.pair("ETH/USDT")["status"], "halted", "{first}");
    let again = world.run(&["cycle"]).expect(3);
    assert_repeats(&first, &again, "a halted pair");
    assert_eq!(noted(&again, "errors"), ["symbol_not_trading"], "{again}");
    assert_eq!(first.json()["errors"], again.json()["errors"], "in the same words");
}

#[test]
fn a_long_decision_timeframe_repeats_for_hours_and_takes_in_a_new_pair() {
    let exchange = Exchange::start();
    let world = World::facing(&exchange).with("TRADER_TIMEFRAMES", "1h,4h").with("TRADER_STRATEGY_TIMEFRAME", "4h");
    let first = world.run(&["cycle"]).expect(0);
    exchange.advance(3 * HOUR);
    let again = world.run(&["cycle"]).expect(0);
    assert_repeats(&first, &again, "three hours after the candle");
    let world = world.with("TRADER_PAIRS", "BTC/USDT,ETH/USDT,SOL/USDT");
    let run = world.run(&["cycle"]).expect(0);
    assert!(run.decided("SOL/USDT"), "three hours are no age for a candle of four: {run}");
    assert_eq!(run.pair("BTC/USDT"), first.pair("BTC/USDT"));
    assert_eq!(count(&world, "trading_decisions"), 3);
}
