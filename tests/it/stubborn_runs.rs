//! Rules that a hostile review once found broken: what is decided stays decided whatever the exchange says afterwards,
//! bans hold, one pair's trouble is its own, and what comes from outside is bounded and forges nothing.

mod answers;
mod database;
mod history;
mod late;
mod limits;
mod on_record;
mod outside;
mod second_round;
mod standings;

use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::exchange_server::{Exchange, Fault, HOUR, local_now};
use crate::world::{Run, World};

/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:1";
/// No test of this folder needs longer for the runs that must fall into one hour.
const A_WHILE: i64 = 30_000;

fn status(code: u16, headers: &[(&'static str, String)], body: impl Into<Vec<u8>>) -> Fault {
    Fault::Status(code, headers.to_vec(), body.into())
}

fn unavailable() -> Fault {
    status(503, &[], "")
}

fn raw(body: impl Into<Vec<u8>>) -> Fault {
    Fault::RawBody(body.into())
}

/// This machine's clock, at an instant that is not about to leave its hour.
fn early_enough() -> i64 {
    let left = HOUR - local_now().rem_euclid(HOUR);
    if left < A_WHILE {
        thread::sleep(Duration::from_millis(left.unsigned_abs() + 1));
    }
    local_now()
}

/// An exchange whose clock is ours, so that a run that cannot ask for the time is not misled.
fn at_our_clock() -> Exchange {
    let exchange = Exchange::start();
    exchange.set_clock(early_enough());
    exchange
}

/// The text of the pairs, to the letter.
fn told(run: &Run) -> &str {
    let (_, rest) = run.stdout.split_once("\"pairs\":").expect("a summary has pairs");
    rest.split_once("\"portfolio\":").expect("the account comes after the pairs").0
}

/// The codes under `errors` or `warnings`, in order.
fn noted(run: &Run, kind: &str) -> Vec<String> {
    let json = run.json();
    let notes = json[kind].as_array().cloned().unwrap_or_default();
    notes.iter().filter_map(|note| note["code"].as_str().map(str::to_owned)).collect()
}

/// Asserts that a run repeats what another one decided.
#[track_caller]
fn assert_repeats(first: &Run, again: &Run, what: &str) {
    assert_eq!(again.json()["repeat"], true, "{what}: {again}");
    assert_eq!(told(first), told(again), "{what}");
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn count(world: &World, from: &str) -> i64 {
    world.value(&format!("SELECT count(*) FROM {from}")).parse().expect("a count")
}
