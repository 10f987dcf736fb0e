//! `trader walk-forward` as a user meets it.

use rusqlite::Connection;
use serde_json::Value;

use super::command::lived;
use crate::contract::Promise;
use crate::world::{Run, World};

/// Four windows over the small recording: three days, a day left out, a day of test.
const SHORT: [&str; 11] =
    ["walk-forward", "--from", "2026-08-24", "--train", "3d", "--purge", "0", "--embargo", "1d", "--test", "1d"];
const GRID: [&str; 4] = ["--grid", "strategy.buy_score=20,40", "--grid", "exits.stop_atr=1..3:1"];

fn walk(world: &World, more: &[&str]) -> Run {
    world.run(&[&SHORT[..], &GRID, more].concat())
}

fn windows(run: &Run) -> Vec<Value> {
    run.json()["windows"].as_array().unwrap().clone()
}

#[test]
fn it_obeys_its_schema_and_gives_the_same_bytes_on_one_core_and_on_many() {
    let world = lived();
    let one = walk(&world, &["--jobs", "1"]).expect(0);
    Promise::of("walk-forward").holds(&one);
    let two = walk(&world, &["--jobs", "2"]).expect(0);
    assert_eq!(one.stdout, two.stdout);
    let tests: Vec<String> = windows(&one).iter().map(|w| w["test_from"].as_str().unwrap()[..10].to_owned()).collect();
    assert_eq!(tests, ["2026-08-28", "2026-08-29", "2026-08-30", "2026-08-31"]);
    // The tests' days follow each other: four days, and what they began with.
    assert_eq!(one.json()["curve"].as_array().unwrap().len(), 5);
    // A walk is one trial, the same one once.
    assert_eq!((world.value("SELECT count(*) FROM trials"), &one.json()["trials"]), ("1".to_owned(), &Value::from(1)));
}

#[test]
fn shards_join_to_the_bytes_of_the_whole() {
    let world = lived();
    let whole = walk(&world, &[]).expect(0);
    let file = |n: usize| world.path(&format!("walk-{n}.jsonl")).display().to_string();
    for shard in 1..=3 {
        let out = file(shard);
        let run = walk(&world, &["--shard", &format!("{shard}/3"), "--out", &out]).expect(0);
        assert_eq!(run.json()["schema"], "trader.shard.v1");
        let bytes = std::fs::read(&out).unwrap();
        std::fs::write(&out, &bytes[..bytes.len() - 7]).unwrap();
        walk(&world, &["--shard", &format!("{shard}/3"), "--out", &out]).expect(0);
        assert_eq!(std::fs::read(&out).unwrap(), bytes, "cut off and gone on with");
    }
    let merged = world.run(&["sweep", "merge", &file(2), &file(3), &file(1)]).expect(0);
    assert_eq!(merged.stdout, whole.stdout);
    let lacking = world.run(&["sweep", "merge", &file(2), &file(3)]).expect(2);
    assert!(lacking.stderr.contains("missing: 1"), "{lacking}");
}

#[test]
fn no_choice_sees_a_candle_of_its_test() {
    let world = lived();
    let before = windows(&walk(&world, &[]).expect(0));
    // The training of the second window ends with the 28th.
    let poison = "UPDATE price_data SET open = open * 1000, high = high * 1000, low = low * 1000, close = close * 1000
                   WHERE open_time >= unixepoch('2026-08-28T00:00:00Z') * 1000";
    Connection::open(world.db()).unwrap().execute_batch(poison).unwrap();
    let after = windows(&walk(&world, &[]).expect(0));
    for k in 0..2 {
        for told in ["values", "train_sharpe", "train_from", "train_to"] {
            assert_eq!(before[k][told], after[k][told], "{told} of window {k}");
        }
    }
    assert_ne!(before[3]["train_sharpe"], after[3]["train_sharpe"], "that of a later one has seen it");
}

#[test]
fn a_grid_of_the_configured_values_alone_is_worth_what_they_are() {
    let world = lived();
    let run = world.run(&[&SHORT[..], &["--grid", "strategy.buy_score=40"]].concat()).expect(0);
    let json = run.json();
    assert_eq!(json["out_of_sample"], json["configured"]);
    assert_eq!(json["drift"], serde_json::json!([{"key": "strategy.buy_score", "changes": 0, "chosen": {"40": 4}}]));
}

#[test]
fn what_is_too_short_or_no_time_is_refused() {
    let world = lived();
    for (arguments, words) in [
        (&["--from", "2026-08-30", "--grid", "exits.stop_atr=2,3"][..], "is too short: 365 days of training"),
        (&["--train", "0d", "--grid", "exits.stop_atr=2,3"], "a day at least"),
        (&["--test", "3 months", "--grid", "exits.stop_atr=2,3"], "is no time"),
        (&["--grid", "strategy.timeframe=1h,4h"], "can be tried"),
        (&[], "--grid"),
    ] {
        let run = world.run(&[&["walk-forward"][..], arguments].concat()).expect(2);
        assert!(run.stderr.contains(words) && run.stdout.is_empty(), "{arguments:?}: {run}");
    }
    assert_eq!(world.value("SELECT count(*) FROM trials"), "0");
}
