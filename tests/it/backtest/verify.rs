//! `trader verify`: that it finds what is planted, and how a user meets it.

mod market;
mod planted;

use serde_json::Value;

use crate::contract::Promise;
use crate::recorded_data::recordings;
use crate::world::{Run, World};

/// A world after some runs of the cycle over the small recording.
fn lived() -> World {
    let world = World::new();
    for hour in 12..=16 {
        world.replay_at(&format!("2026-09-01T{hour}:00:30Z")).expect(0);
    }
    world
}

fn results(run: &Run) -> Vec<(String, String)> {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let json = run.json();
    json["checks"].as_array().unwrap().iter().map(|c| (word(&c["name"]), word(&c["result"]))).collect()
}

#[track_caller]
fn assert_results(run: &Run, expected: &[(&str, &str)]) {
    let found = results(run);
    let found: Vec<(&str, &str)> = found.iter().map(|(name, result)| (name.as_str(), result.as_str())).collect();
    assert_eq!(found, expected, "{run}");
}

#[test]
fn the_document_obeys_its_schema_and_is_the_same_again() {
    let world = lived();
    let first = world.run(&["verify", "--from", "2026-08-28", "--cuts", "20"]).expect(0);
    Promise::of("verify").holds(&first);
    let again = world.run(&["verify", "--from", "2026-08-28", "--cuts", "20"]).expect(0);
    assert_eq!(first.stdout, again.stdout);
    assert_eq!((&first.json()["status"], &first.json()["exit_code"]), (&Value::from("ok"), &Value::from(0)));
}

#[test]
fn on_the_small_recording_nothing_breaks_and_what_cannot_be_checked_says_why() {
    let run = lived().run(&["verify", "--from", "2026-08-28", "--cuts", "20"]).expect(0);
    assert_results(
        &run,
        &[
            ("look-ahead", "passed"),
            ("poison", "passed"),
            ("warm-up", "passed"),
            ("extension", "passed"),
            ("live-parity", "passed"),
            ("one-bar-late", "skipped"),
            ("shuffle", "passed"),
        ],
    );
    let skipped = run.json()["checks"][5]["text"].as_str().unwrap().to_owned();
    assert!(skipped.contains("days are too few"), "{skipped}");
}

#[test]
fn it_changes_nothing() {
    let world = lived();
    let before = std::fs::read(world.db()).unwrap();
    world.run(&["verify", "--from", "2026-08-28", "--cuts", "5"]).expect(0);
    assert_eq!(std::fs::read(world.db()).unwrap(), before);
}

#[test]
fn a_stored_decision_that_was_changed_breaks_the_parity_and_nothing_else() {
    for (change, words) in [
        ("score = score - 7.5", "at "),
        ("decision = CASE decision WHEN 'SELL' THEN 'BUY' ELSE 'SELL' END", "SELL at"),
        ("decision = 'HOLD', blocked_by = '{\"code\":\"stale_data\",\"text\":\"\"}'", "stale_data"),
    ] {
        let world = lived();
        let newest = "SELECT max(id) FROM trading_decisions WHERE score IS NOT NULL";
        world.query(&format!("UPDATE trading_decisions SET {change} WHERE id = ({newest})"));
        let run = world.run(&["verify", "--from", "2026-08-28", "--cuts", "5"]).expect(3);
        let failed: Vec<String> =
            results(&run).into_iter().filter(|(_, result)| result == "failed").map(|(name, _)| name).collect();
        assert_eq!(failed, ["live-parity"], "{change}: {run}");
        let broke = &run.json()["checks"][4]["broke"];
        assert!(broke["expected"].as_str().unwrap().contains(words), "{change}: {broke}");
        assert!(broke["symbol"].is_string() && broke["at"].is_string(), "{broke}");
    }
}

#[test]
fn a_candle_that_was_revised_after_the_decision_is_told_and_excused() {
    let world = lived();
    let candle = "SELECT candle_open_time FROM trading_decisions ORDER BY id DESC LIMIT 1";
    let at = world.value(candle);
    world.query(
        "INSERT INTO ingests (run_id, source, origin, fetched_at) SELECT run_id, source, 'later', fetched_at + 86400000000
           FROM ingests LIMIT 1",
    );
    world.query(&format!(
        "UPDATE price_data SET close = low, ingest_id = (SELECT max(id) FROM ingests) WHERE open_time = {at}"
    ));
    let run = world.run(&["verify", "--check", "live-parity", "--from", "2026-08-28"]).expect(0);
    let check = run.json()["checks"][0].clone();
    assert_eq!(check["result"], "passed", "{check}");
    let excused =
        check["measures"].as_array().unwrap().iter().find(|m| m["name"].as_str().unwrap().contains("excused"));
    assert!(excused.unwrap()["value"].as_f64().unwrap() > 0.0, "{check}");
}

#[test]
fn without_stored_runs_the_parity_is_skipped() {
    let fresh = World::new();
    let file = crate::world::fixtures().join("BTCUSDT-1h-2026-08-15_2026-09-01.csv.gz").display().to_string();
    fresh.run(&["import", &file]).expect(0);
    let run = fresh.run(&["verify", "--pairs", "BTC/USDT", "--check", "live-parity"]).expect(0);
    assert_results(&run, &[("live-parity", "skipped")]);
}

#[test]
fn only_the_checks_that_are_asked_for_are_made_in_their_order() {
    let asked = ["verify", "--from", "2026-08-28", "--cuts", "3", "--check", "extension", "--check", "look-ahead"];
    assert_results(&lived().run(&asked).expect(0), &[("look-ahead", "passed"), ("extension", "passed")]);
}

#[test]
fn people_see_a_tick_for_each_check_and_a_sentence() {
    let run = lived().run(&["verify", "--from", "2026-08-28", "--cuts", "5", "--format", "table"]).expect(0);
    for words in ["✓ ┆ look-ahead", "– ┆ one-bar-late", "look-ahead (passed): cut off at 5 moments"] {
        assert!(run.stdout.contains(words), "{words}: {run}");
    }
    let csv = lived().run(&["verify", "--from", "2026-08-28", "--cuts", "5", "--format", "csv"]).expect(0);
    assert!(csv.stdout.starts_with("check,result,comparisons,text\nlook-ahead,passed,"), "{csv}");
}

#[test]
fn what_cannot_be_verified_is_a_mistake_that_tells_the_way_out() {
    let world = lived();
    for (arguments, words) in [
        (&["--pairs", "DOGE/USDT"][..], "trader backfill"),
        (&["--check", "everything"], "look-ahead"),
        (&["--cuts", "0"], "1..=100000"),
    ] {
        let run = world.run(&[&["verify"][..], arguments].concat()).expect(2);
        assert!(run.stderr.contains(words) && run.stdout.is_empty(), "{arguments:?}: {run}");
    }
}

#[test]
fn on_recorded_years_nothing_breaks() {
    let Some(folder) = recordings("klines") else { return };
    let world = World::new();
    for name in ["AVAXUSDT-1h-2020-09-22_2025-12-31.csv.gz", "MATICUSDT-1h-2019-04-26_2024-09-10.csv.gz"] {
        world.run(&["import", &folder.join(name).display().to_string()]);
    }
    let asked =
        ["verify", "--pairs", "AVAX/USDT,MATIC/USDT", "--from", "2024-01-01", "--to", "2024-12-31", "--cuts", "20"];
    let run = world.run(&asked).expect(0);
    assert!(results(&run).iter().all(|(name, result)| result == "passed" || name == "live-parity"), "{run}");
}
