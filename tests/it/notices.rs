//! Messages: written with the facts, sent when the run is over, told once, and never in the way of a run.

mod commands;
mod faults;
mod mail;
mod outbox;
mod ping;
mod secrets;
mod servers;
mod webhooks;

use serde_json::Value;

use crate::contract::masked;
use crate::exchange_server::Exchange;
use crate::world::{Run, World};

/// The world with this configuration.
fn configured(world: World, text: &str) -> World {
    let path = world.path("config.toml");
    std::fs::write(&path, text).expect("the configuration can be written");
    world.with("TRADER_CONFIG", &path.display().to_string())
}

/// One pair with its minutes, and a strategy that buys on the slightest reason.
fn bold(exchange: &Exchange) -> World {
    World::facing(exchange)
        .with("TRADER_PAIRS", "BTC/USDT")
        .with("TRADER_TIMEFRAMES", "1m,1h")
        .with("TRADER_STRATEGY_BUY_SCORE", "1")
}

/// One webhook of our own format, whose URL a variable holds.
const JSON_HOOK: &str = "[notify]\nbudget_ms = 3000\ndigest = false\n\
                         [notify.webhooks.ours]\nkind = \"json\"\nurl_env = \"OUR_HOOK\"\ntimeout_ms = 1500\n";

/// A live world that buys at its first run, and tells one webhook.
fn telling(exchange: &Exchange, url: &str) -> World {
    configured(bold(exchange), JSON_HOOK).with("OUR_HOOK", url)
}

/// What a run says, without what differs from run to run: its name, how long it took, how far the clocks are apart,
/// and which of the answers that came at the same time was the last to tell the weight.
fn said(run: &Run) -> (i32, Value) {
    let mut document: Value = serde_json::from_str(&masked(&run.stdout)).unwrap_or_else(|e| panic!("{e}: {run}"));
    if let Some(warnings) = document["warnings"].as_array_mut() {
        warnings.retain(|warning| warning["code"] != "clock_skew");
    }
    document["collected"]["weight_used"] = Value::Null;
    (run.code, document)
}

/// The states of all deliveries.
fn states(world: &World) -> Vec<String> {
    world.query("SELECT state FROM deliveries ORDER BY notification_id, channel").concat()
}

/// Sets what the outbox holds, as time does.
fn alter(world: &World, sql: &str) {
    rusqlite::Connection::open(world.db()).unwrap().execute_batch(sql).unwrap();
}
