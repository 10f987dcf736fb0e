//! The ping that says a run came.

use std::time::Duration;

use super::servers::{Answer, Hooks};
use super::{bold, configured};
use crate::exchange_server::{Exchange, Fault, HOUR};
use crate::world::World;

fn pinging(exchange: &Exchange, hooks: &Hooks) -> World {
    let text = "[notify.ping]\nurl_env = \"PING\"\ntimeout_ms = 1000\n";
    configured(bold(exchange), text).with("PING", &hooks.url("/uuid-4711"))
}

#[test]
fn begin_and_end_of_a_run_are_told_in_this_order() {
    let (exchange, hooks) = (Exchange::start(), Hooks::start(Answer::ok()));
    let world = pinging(&exchange, &hooks);
    world.run(&["cycle"]).expect(0);
    assert_eq!(hooks.paths(), ["/uuid-4711/start", "/uuid-4711"]);
    exchange.break_always(&["klines"], Fault::Status(503, Vec::new(), Vec::new()));
    exchange.advance(HOUR);
    world.run(&["cycle"]).expect(4);
    assert_eq!(hooks.paths()[2..], ["/uuid-4711/start", "/uuid-4711/fail"]);
    // Neither a dry run nor a recording is a run.
    world.run(&["cycle", "--dry-run"]);
    let folder = crate::world::fixtures().display().to_string();
    world.run(&["--db", &world.path("r.db").display().to_string(), "cycle", "--replay", &folder]);
    assert_eq!(hooks.heard().len(), 4);
}

#[test]
fn a_listener_that_hangs_delays_no_answer_and_the_end_by_little() {
    let (exchange, hooks) = (Exchange::start(), Hooks::start(Answer::Hang));
    let run = pinging(&exchange, &hooks).run(&["cycle"]).expect(0);
    assert!(run.elapsed < Duration::from_secs(5), "{run}");
    assert_eq!(hooks.paths(), ["/uuid-4711/start", "/uuid-4711"]);
    assert!(run.stderr.contains("did not answer within 1000 ms") && !run.stderr.contains("4711"), "{run}");
}
