//! The paper account in the program's hands. On the small recording BTC is bought at noon and stopped out an hour later;
//! on the loopback exchange prices fall when a test wants them to; on recorded months the account runs for thousands of
//! processes.

mod awaited;
mod between;
mod cadence;
mod commands;
mod crashes;
mod documents;
mod early_and_late;
mod halts;
mod hindsight;
mod killed;
mod life;
mod live;
mod months;
mod odd_turns;
mod recorded;
mod tampering;

pub(crate) use recorded::{Recording, world_of};
use serde_json::Value;
use trader::unit::Decimal;

use crate::world::{Run, World};

/// The run of the small recording that orders BTC, the one that books its entry, and the one that books its stop.
const RUNS: [&str; 3] = ["2026-09-01T12:00:30Z", "2026-09-01T13:00:30Z", "2026-09-01T14:00:30Z"];

/// The small recording with one pair and only the candles that its trade needs.
fn small() -> World {
    World::new().with("TRADER_PAIRS", "BTC/USDT").with("TRADER_TIMEFRAMES", "1m,1h")
}

/// A world after the first `count` of the [`RUNS`].
fn after(world: World, count: usize) -> World {
    for now in &RUNS[..count] {
        world.replay_at(now).expect(0);
    }
    world
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no decimal"))
}

/// The sum of decimals that are kept as text.
fn sum(world: &World, sql: &str) -> Decimal {
    world.query(sql).concat().iter().map(|text| decimal(text)).sum()
}

/// `trader db check` finds nothing.
#[track_caller]
fn assert_sound(world: &World) {
    let run = world.run(&["db", "check"]).expect(0);
    assert_eq!(run.json()["ok"], true, "{run}");
}

/// A list of the summary, each entry reduced to these keys.
fn told(run: &Run, list: &str, keys: &[&str]) -> Vec<Vec<Value>> {
    let json = run.json();
    let entries = json[list].as_array().cloned().unwrap_or_default();
    entries.iter().map(|entry| keys.iter().map(|key| entry[*key].clone()).collect()).collect()
}

/// What stands in the way of an entry of this pair.
fn blocked(run: &Run, symbol: &str) -> Value {
    let pair = run.pair(symbol);
    if pair["blocked_by"].is_object() {
        assert_eq!(pair["decision"], "HOLD", "{run}");
    }
    pair["blocked_by"]["code"].clone()
}
