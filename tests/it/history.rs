//! History: what `backfill` and `import` fetch, note and keep, and what they ask for again. The stored candles are the
//! same whatever happened on the way, and nothing that is stored is asked for twice.

mod backfill;
mod files;
mod import;
mod outages;
mod stubborn;

use crate::exchange_server::{Exchange, Fault, HOUR, Seen};
use crate::world::{Run, World};

/// 2024-01-01T00:00:00Z. Older than any clock these tests run under, so that an import takes the candles for closed.
const NEW_YEAR: i64 = 1_704_067_200_000;
/// Half a minute after noon on 2024-06-01, the exchange's clock where the newest candles matter.
const JUNE: i64 = 1_717_243_230_000;
/// Candles on one page.
const PAGE: i64 = 1000;
/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:1";

/// The instant so many hours after the new year.
const fn hour(n: i64) -> i64 {
    NEW_YEAR + n * HOUR
}

/// A world with one hourly pair.
fn one_series(exchange: &Exchange) -> World {
    World::facing(exchange).with("TRADER_PAIRS", "BTC/USDT")
}

/// A backfill of the candles that open from one instant to another.
fn backfill(world: &World, from: i64, to: i64) -> Run {
    world.run(&["backfill", "--from", &from.to_string(), "--to", &to.to_string()])
}

fn status(code: u16, body: &str) -> Fault {
    Fault::Status(code, Vec::new(), body.into())
}

/// Where the stretch of a klines request begins and ends.
fn stretch(request: &Seen) -> (i64, i64) {
    let number = |name: &str| request.parameter(name).and_then(|text| text.parse().ok()).expect("a bounded request");
    (number("startTime"), number("endTime"))
}

/// The stretches asked for since the last [`Exchange::forget_requests`], in order of time.
fn stretches(exchange: &Exchange) -> Vec<(i64, i64)> {
    let mut asked: Vec<_> = exchange.asked("klines").iter().map(stretch).collect();
    asked.sort_unstable();
    asked
}

/// The known gaps, in order: first and last missing candle, number, state, attempts.
fn gaps(world: &World) -> Vec<Vec<String>> {
    world.query("SELECT from_open, to_open, missing, state, attempts FROM data_gaps ORDER BY from_open")
}

fn gap(from: i64, to: i64, state: &str, attempts: u32) -> Vec<String> {
    let missing = (to - from) / HOUR + 1;
    vec![from.to_string(), to.to_string(), missing.to_string(), state.to_owned(), attempts.to_string()]
}

fn count(world: &World) -> i64 {
    world.value("SELECT count(*) FROM price_data").parse().expect("a count")
}
