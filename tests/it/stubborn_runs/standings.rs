//! What the exchange says of pairs, and what the record says of a pair that is not decided.

use super::{World, count, noted};
use crate::exchange_server::{Exchange, HOUR, NOON};

#[test]
fn a_gate_that_was_closed_at_the_first_run_is_explained_as_closed() {
    let exchange = Exchange::start();
    exchange.set_status("ETHUSDT", "BREAK");
    let world = World::facing(&exchange);
    world.run(&["cycle"]).expect(3).says("symbol_not_trading");
    for (symbol, open) in [("ETH/USDT", false), ("BTC/USDT", true)] {
        let run = world.run(&["explain", symbol, "--format", "json"]).expect(0);
        let json = run.json();
        let gates = json["gates"].as_array().expect("gates");
        let gate = gates.iter().find(|gate| gate["code"] == "symbol_not_trading");
        assert_eq!(gate.map(|gate| &gate["open"]), Some(&open.into()), "{symbol}: {run}");
    }
    let told = world.run(&["explain", "ETH/USDT", "--format", "table"]).expect(0);
    assert!(told.stdout.contains("gate symbol_not_trading: closed"), "{told}");
}

#[test]
fn a_status_from_the_future_is_not_trusted() {
    for (fetched_at, asked) in [("fetched_at", 0), ("fetched_at + 864000000", 2), ("9223372036854775807", 2), ("0", 2)]
    {
        let exchange = Exchange::start();
        let world = World::facing(&exchange);
        world.run(&["cycle"]).expect(0);
        world.query(&format!("UPDATE symbols SET fetched_at = {fetched_at} RETURNING 1"));
        exchange.advance(HOUR);
        exchange.forget_requests();
        exchange.set_status("ETHUSDT", "BREAK");
        let run = world.run(&["cycle"]).expect(if asked == 0 { 0 } else { 3 });
        assert_eq!(exchange.asked("exchangeInfo").len(), asked, "{fetched_at}: {run}");
    }
}

#[test]
fn the_analysts_record_says_why_a_young_pair_has_no_opinion() {
    let exchange = Exchange::start();
    exchange.list_symbol("ETHUSDT", NOON - 30_000 - 50 * HOUR);
    let world = World::facing(&exchange);
    let run = world.run(&["cycle"]).expect(3);
    let row = "SELECT status, items, error_class FROM agent_executions WHERE agent_name = 'Technical Analyst'";
    assert_eq!(world.query(row), [["degraded", "1", "not_ready"]], "{run}");
    assert_eq!(noted(&run, "errors"), ["not_ready"], "{run}");
    assert_eq!(count(&world, "agent_signals"), 1, "no opinion is made up");
}
