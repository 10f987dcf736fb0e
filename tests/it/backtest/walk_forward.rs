//! `trader walk-forward` as a user meets it.

use rusqlite::Connection;
use serde_json::Value;

use super::command::lived;
use super::sweep::assert_same_baselines;
use super::waves;
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
    // A walk is one trial, the same one once; beside it each of the six combinations counts.
    assert_eq!(
        (world.value("SELECT count(*) FROM trials"), &one.json()["trials"]),
        ("1".to_owned(), &Value::from(1 + 6))
    );
}

#[test]
fn what_anybody_could_have_done_from_the_first_test_to_the_last_stands_beside_it_as_beside_a_backtest() {
    let world = lived();
    let walk = walk(&world, &["--costs", "2x"]).expect(0);
    let windows = windows(&walk);
    let [from, to] = [&windows[0]["test_from"], &windows[3]["test_to"]].map(|instant| instant.as_str().unwrap());
    let backtest = world.run(&["backtest", "--from", from, "--to", to, "--costs", "2x"]).expect(0);
    assert_same_baselines(&walk.json(), &backtest.json());
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
fn rows_that_no_walk_of_ours_wrote_are_refused() {
    let world = lived();
    let out = world.path("walk.jsonl").display().to_string();
    walk(&world, &["--shard", "1/1", "--out", &out]).expect(0);
    let text = std::fs::read_to_string(&out).unwrap();
    for (ours, theirs) in [
        (r#""days":[1.0,"#, r#""days":[2.0,"#),
        (r#""days":[1.0,"#, r#""days":[1.0,-0.5,"#),
        (r#""days":[1.0,"#, r#""days":[1.0,1e300,1e300,"#),
        (r#""exits.stop_atr":"#, r#""exits.stop":"#),
        (r#""window":2"#, r#""window":3"#),
        (r#""key":"exits.stop_atr""#, r#""key":"exits.stop_atr[31m""#),
    ] {
        assert!(text.contains(ours), "{ours}");
        std::fs::write(&out, text.replace(ours, theirs)).unwrap();
        let run = world.run(&["sweep", "merge", &out]).expect(2);
        assert!(!run.stderr.contains('\u{1b}'), "{theirs}: {run}");
    }
    assert_eq!(world.value("SELECT count(*) FROM trials"), "0");
    std::fs::write(&out, text).unwrap();
    world.run(&["sweep", "merge", &out]).expect(0);
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
        // A position may be held for 1,000 hours: 42 days.
        (&["--from", "2026-08-24", "--grid", "exits.hold_h=24,1000"], "42 and 7 left out"),
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

/// Half a year, of which a hundred days lie after the warm-up: five windows.
const HOURS: i64 = 3400;
const LONG: [&str; 13] = [
    "walk-forward",
    "--train",
    "30d",
    "--purge",
    "0",
    "--embargo",
    "2d",
    "--test",
    "10d",
    "--grid",
    "strategy.buy_score=20..40:10",
    "--grid",
    "exits.stop_atr=2,3,4",
];

/// The rows of a walk over half a year, as they are written.
fn rows(world: &World) -> Vec<Value> {
    let out = world.path("rows");
    world.run(&[&LONG[..], &["--out", &out.display().to_string()]].concat()).expect(0);
    let text = std::fs::read_to_string(out).unwrap();
    text.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_lies_before_a_poisoned_candle_stays_to_the_last_digit() {
    let clean = rows(&waves::world(HOURS));
    assert!(clean.len() >= 5, "{} windows", clean.len());
    for window in [0, 2, 4] {
        let hour = |k: usize| waves::hour_of(clean[window]["test"][k].as_str().unwrap());
        // The candle that ends with the second moment of the test is the first that is poisoned.
        let poisoned = rows(&waves::poisoned(HOURS, hour(0)));
        assert_eq!(poisoned[..window - window.min(1)], clean[..window - window.min(1)]);
        for told in ["number", "values", "train_sharpe"] {
            assert_eq!(poisoned[window][told], clean[window][told], "{told} of window {window}");
        }
        assert_ne!(poisoned[window]["days"], clean[window]["days"], "the test does see them");
    }
}

#[test]
fn what_is_chosen_is_the_best_of_a_sweep_over_its_training() {
    let world = waves::world(HOURS);
    let json = world.run(&LONG).expect(0).json();
    let grid = &LONG[9..];
    for window in json["windows"].as_array().unwrap() {
        let [from, to] = ["train_from", "train_to"].map(|key| window[key].as_str().unwrap());
        let swept = world.run(&[&["sweep", "--top", "1", "--from", from, "--to", to], grid].concat()).expect(0).json();
        assert_eq!(window["values"], swept["top"][0]["values"]);
        assert_eq!(window["train_sharpe"], swept["top"][0]["sharpe_daily"]);
    }
}

#[test]
fn the_curve_is_the_tests_one_after_another_each_from_a_flat_account() {
    let world = waves::world(HOURS);
    let json = world.run(&LONG).expect(0).json();
    let made = |figure: &Value| 1.0 + figure["value"].as_f64().unwrap() / 100.0;
    let (mut product, mut trades) = (1.0, 0);
    for window in json["windows"].as_array().unwrap() {
        product *= made(&window["test_return_pct"]);
        let values = &window["values"];
        let single = waves::world(HOURS)
            .with("TRADER_STRATEGY_BUY_SCORE", values["strategy.buy_score"].as_str().unwrap())
            .with("TRADER_EXITS_STOP_ATR", values["exits.stop_atr"].as_str().unwrap());
        let [from, to] = ["test_from", "test_to"].map(|key| window[key].as_str().unwrap());
        let alone = single.run(&["backtest", "--from", from, "--to", to]).expect(0).json();
        assert_eq!(window["trades"], alone["figures"]["trading"]["count"]);
        let (sold, marked) = (made(&window["test_return_pct"]), made(&alone["figures"]["total_return_pct"]));
        // What is open at the end is sold, which costs something; what was closed is the same.
        let is_open = alone["account"]["open_positions"] != 0;
        let is_as_told = if is_open { sold < marked && sold > marked - 0.01 } else { (sold - marked).abs() < 1e-7 };
        assert!(is_as_told, "{sold} {marked}: {window}");
        trades += window["trades"].as_u64().unwrap();
    }
    let total = made(&json["out_of_sample"]["total_return_pct"]);
    assert!((product - total).abs() < 1e-6 && trades > 4, "{product} {total}, {trades} trades");
}
