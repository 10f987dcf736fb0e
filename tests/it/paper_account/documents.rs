//! What scripts and people read of the account.

use insta::assert_snapshot;
use serde_json::Value;

use super::{RUNS, after, decimal, small};
use crate::contract::Promise;
use crate::world::{Run, World};

/// Amounts, prices and quantities, whatever they belong to.
const EXACT: [&str; 21] = [
    "equity",
    "cash",
    "coins",
    "peak_equity",
    "day_start_equity",
    "quantity",
    "entry_price",
    "mark",
    "value",
    "pnl",
    "open_risk",
    "planned_risk",
    "risk_budget",
    "price",
    "reference",
    "notional",
    "fee",
    "limit",
    "used",
    "room",
    "profit",
];

/// Values below these keys that are not what the end of their name promises.
fn broken(document: &Value, inside: &str) -> Vec<String> {
    let within = |(key, value): (&String, &Value)| {
        let is_decimal = || value.as_str().is_some_and(|text| text.parse::<f64>().is_ok_and(f64::is_finite));
        let fine = if key.ends_with("_pct") || key.ends_with("_h") {
            value.is_number() || value.is_null() || value.is_object() || value.is_array()
        } else if EXACT.contains(&key.as_str()) {
            is_decimal() || value.is_null()
        } else {
            true
        };
        let wrong = (!fine).then(|| format!("{inside}.{key} is {value}"));
        wrong.into_iter().chain(broken(value, &format!("{inside}.{key}"))).collect::<Vec<_>>()
    };
    match document {
        Value::Object(map) => map.iter().flat_map(within).collect(),
        Value::Array(list) => list.iter().flat_map(|value| broken(value, inside)).collect(),
        _ => Vec::new(),
    }
}

#[track_caller]
fn assert_kept(promise: &Promise, run: &Run) {
    promise.holds(run);
    assert_eq!(broken(&run.json(), ""), Vec::<String>::new(), "{run}");
}

/// The five runs of the recording; the last one resolves the first forecasts.
const FIVE: [&str; 5] = [RUNS[0], RUNS[1], RUNS[2], "2026-09-01T15:00:30Z", "2026-09-01T16:00:30Z"];

#[test]
fn every_document_about_the_account_obeys_its_schema_and_keeps_money_exact() {
    let documents = ["cycle", "portfolio", "risk", "outcomes", "explain"];
    let [cycle, portfolio, risk, outcomes, explain] = documents.map(Promise::of);
    let world = World::new();
    for now in FIVE {
        assert_kept(&cycle, &world.replay_at(now).expect(0));
        assert_kept(&portfolio, &world.run(&["portfolio"]).expect(0));
        assert_kept(&risk, &world.run(&["risk"]).expect(0));
        assert_kept(&outcomes, &world.run(&["outcomes"]).expect(0));
        explain.holds(&world.run(&["explain", "BTC/USDT"]).expect(0));
    }
    assert_kept(
        &outcomes,
        &world.run(&["outcomes", "--horizon", "4", "--symbol", "BTC/USDT", "--since", "2026-09-01"]).expect(0),
    );
    let held = after(small(), 2);
    for command in [&["close", "all"][..], &["portfolio"]] {
        assert_kept(&portfolio, &held.run(command).expect(0));
    }
    for command in [["pause", "--reason", "r"], ["resume", "--reason", "r"]] {
        assert_kept(&risk, &held.run(&command).expect(0));
    }
}

#[test]
fn the_summary_of_a_halt_obeys_its_schema() {
    let world = after(small(), 2);
    world.run(&["pause", "--reason", "r"]).expect(0);
    assert_kept(&Promise::of("cycle"), &world.replay_at(RUNS[2]).expect(6));
}

#[test]
fn rows_as_csv_have_a_header_and_instants_that_are_read_everywhere() {
    let world = after(small(), 3);
    let shown = ["orders", "fills", "trades", "equity", "forecasts", "outcomes"].map(|topic| vec!["show", topic]);
    let ours = ["portfolio", "trades", "risk", "outcomes"].map(|command| vec![command]);
    for command in shown.into_iter().chain(ours) {
        let run = world.run(&[&command[..], &["--format", "csv"]].concat()).expect(0);
        let mut lines = run.stdout.lines();
        let header = lines.next().unwrap_or_default();
        let columns = header.split(',').count();
        let named = header
            .split(',')
            .all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit()));
        assert!(named && columns > 3, "{command:?}: {header}");
        let instants = lines.filter(|line| line.starts_with("2026-"));
        assert!(instants.clone().all(|line| line.contains('T') && line.contains('Z')), "{command:?}: {run}");
    }
    let row = world.run(&["trades", "--format", "csv"]).expect(0).stdout.lines().nth(1).map(str::to_owned);
    assert!(
        row.is_some_and(|row| row.contains("BTC/USDT,stop,") && row.contains(",-6.3859059,")),
        "the trade is there"
    );
}

fn table(world: &World, command: &str) -> String {
    world.run(&[command, "--format", "table"]).expect(0).stdout
}

#[test]
fn snapshot_of_the_account_with_a_position() {
    let world = after(World::new(), 2);
    assert_snapshot!("portfolio_held", table(&world, "portfolio"));
    assert_snapshot!("risk_held", table(&world, "risk"));
}

#[test]
fn snapshot_of_the_account_after_a_stop() {
    let world = after(World::new(), 3);
    for command in ["portfolio", "risk", "trades", "outcomes"] {
        assert_snapshot!(command, table(&world, command));
    }
}

#[test]
fn on_any_day_the_limit_of_a_loss_less_what_is_used_is_what_is_left() {
    for (runs, is_gain) in [(2, true), (3, false)] {
        let run = after(World::new(), runs).run(&["risk", "--format", "json"]).expect(0);
        let json = run.json();
        let day = json["limits"].as_array().unwrap().iter().find(|limit| limit["name"] == "daily_loss").unwrap();
        let [limit, used, room] = ["limit", "used", "room"].map(|key| decimal(day[key].as_str().unwrap_or_default()));
        assert_eq!(limit - used, room, "{day}");
        assert_eq!((used < decimal("0"), room > limit), (is_gain, is_gain), "{day}");
        let words = if is_gain { "gained since 00:00 UTC" } else { "lost since 00:00 UTC" };
        assert!(day["text"].as_str().is_some_and(|text| text.starts_with(words)), "{day}");
    }
}
