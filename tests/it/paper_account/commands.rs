//! What people say to the account: `pause`, `resume`, `close`, and where nobody listens.

use std::fs::File;

use rusqlite::Connection;
use serde_json::json;

use super::{RUNS, after, assert_sound, small, told};
use crate::world::{Run, World};

/// Commands that write to the account, and those that read it.
const SAID: [&[&str]; 4] =
    [&["pause", "--reason", "r"], &["resume", "--reason", "r"], &["close", "all"], &["close", "BTC/USDT"]];
const READ: [&[&str]; 2] = [&["portfolio"], &["risk"]];

fn positions(run: &Run) -> usize {
    run.json()["portfolio"]["positions"].as_array().map_or(0, Vec::len)
}

#[test]
fn a_closed_position_is_sold_at_the_first_candle_that_opens_from_then_on() {
    for which in ["BTC/USDT", "btcusdt", "all"] {
        let world = after(small(), 2);
        let run = world.run(&["close", which]).expect(0);
        assert_eq!(run.json()["portfolio"]["positions"][0]["leaving"], "manual", "{run}");
        assert_eq!(json!(told(&run, "orders", &["side", "reason", "is_waiting"])), json!([["SELL", "manual", true]]));
        let shown = world.run(&["portfolio", "--format", "json"]).expect(0);
        assert_eq!(shown.json()["portfolio"], run.json()["portfolio"], "it is on record");
        assert_eq!(positions(&world.run(&["close", which]).expect(0)), 1, "saying it twice changes nothing");
        assert_eq!(world.value("SELECT count(*) FROM orders"), "2");
        assert_sound(&world);
        let run = world.replay_at(RUNS[2]).expect(0);
        let open = world.value("SELECT open FROM candles WHERE timeframe = '1m' AND opened = '2026-09-01T13:01:00Z'");
        let sale = json!([["SELL", "2026-09-01T13:01:00Z", open]]);
        assert_eq!(json!(told(&run, "fills", &["side", "at", "reference"])), sale, "{run}");
        // 3 bps below the open on the tick below.
        assert_eq!(
            (open.as_str(), world.value("SELECT price FROM fills WHERE side = 'SELL'")),
            ("84737.7", "84712.27".into())
        );
        assert_eq!(world.value("SELECT reason FROM trades"), "manual");
        assert_sound(&world);
    }
}

#[test]
fn closing_what_is_not_held_is_a_mistake_and_closing_nothing_is_not() {
    let world = after(small(), 3);
    for (which, words) in [("BTC/USDT", "no open position in BTC/USDT"), ("DOGE/USDT", "no open position"), ("B", "B")]
    {
        let run = world.run(&["close", which]).expect(2);
        assert!(run.stdout.is_empty() && run.stderr.contains(words), "{run}");
    }
    let run = world.run(&["close", "all"]).expect(0);
    assert_eq!((positions(&run), &run.json()["orders"]), (0, &json!([])));
    assert_sound(&world);
}

#[test]
fn a_reason_is_required() {
    let world = after(small(), 1);
    for command in [
        &["pause"][..],
        &["resume"],
        &["pause", "--reason"],
        &["pause", "--reason", ""],
        &["pause", "--reason", " \t "],
        &["resume", "--reason", "   "],
        &["close"],
    ] {
        let run = world.run(command).expect(2);
        assert!(run.stdout.is_empty() && !run.stderr.is_empty(), "{run}");
    }
    assert_eq!(world.value("SELECT count(*) FROM risk_events"), "0");
}

#[test]
fn without_a_database_nobody_listens_and_nothing_is_made() {
    for command in SAID.iter().chain(&READ) {
        let world = World::new();
        let run = world.run(command).expect(7);
        assert_eq!(run.json()["errors"][0]["code"], "database_missing", "{run}");
        assert!(run.stderr.contains("trader cycle"), "{run}");
        assert_eq!(std::fs::read_dir(world.path("")).unwrap().count(), 0, "{command:?}");
    }
}

#[test]
fn before_the_first_cycle_there_is_no_account() {
    let candles = crate::world::fixtures().join("BTCUSDT-1h-2026-08-15_2026-09-01.csv.gz").display().to_string();
    let world = World::new();
    world.run(&["import", &candles]).expect(0);
    for command in SAID.iter().chain(&READ) {
        let run = world.run(command).expect(2);
        assert!(run.stdout.is_empty() && run.stderr.contains("the first `trader cycle` opens it"), "{run}");
    }
}

#[test]
fn while_a_run_is_at_work_what_is_said_is_refused_and_what_is_read_is_told() {
    let world = after(small(), 2);
    let lock = File::options().write(true).open(world.lock()).unwrap();
    lock.try_lock().unwrap();
    let facts = world.dump_facts();
    for command in SAID {
        assert_eq!(world.run(command).expect(5).json()["errors"][0]["code"], "busy");
    }
    for command in READ {
        world.run(command).expect(0);
    }
    assert_eq!(world.dump_facts(), facts);
}

#[test]
fn an_older_schema_is_named_with_what_to_do_about_it_and_a_cycle_brings_it_up_to_date() {
    let world = small();
    make_old(&world);
    for command in SAID.iter().chain(&READ) {
        let run = world.run(command).expect(7);
        assert!(run.stderr.contains("the older schema 1") && run.stderr.contains("trader db migrate"), "{run}");
        assert_eq!(run.json()["errors"][0]["code"], "database_older");
    }
    let world = after(world, 3);
    assert_eq!(world.value("SELECT reason FROM trades"), "stop");
    assert_sound(&world);
}

/// A database that the first released program has made.
fn make_old(world: &World) {
    let script = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/schema/v1.sql")).unwrap();
    let old = Connection::open(world.db()).unwrap();
    old.execute_batch(&script).unwrap();
    old.execute_batch("PRAGMA application_id = 0x74726472; PRAGMA user_version = 1").unwrap();
}

fn schema(file: impl AsRef<std::path::Path>) -> i64 {
    let database = Connection::open(file).unwrap();
    database.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

#[test]
fn an_older_schema_is_brought_up_to_date_without_a_cycle_and_a_copy_is_kept() {
    let world = small();
    assert_eq!(world.run(&["db", "migrate"]).expect(7).json()["errors"][0]["code"], "database_missing");
    assert!(!world.lock().exists(), "where there is nothing, nothing is made");
    make_old(&world);
    let taken = world.path("taken.db");
    std::fs::write(&taken, "mine").unwrap();
    world.run(&["db", "migrate", "--backup", "taken.db"]).expect(2);
    let lock = File::options().create(true).truncate(false).write(true).open(world.lock()).unwrap();
    lock.try_lock().unwrap();
    assert_eq!(world.run(&["db", "migrate"]).expect(5).json()["errors"][0]["code"], "busy");
    drop(lock);
    assert_eq!((schema(world.db()), std::fs::read_to_string(&taken).unwrap().as_str()), (1, "mine"));

    let told = world.run(&["db", "migrate"]).expect(0).json();
    let copy = told["backup"].as_str().unwrap().to_owned();
    assert_eq!((&told["schema"], &told["from"]), (&"trader.db_migrate.v1".into(), &1.into()));
    assert_eq!(told["to"], schema(world.db()));
    assert_eq!(schema(&copy), 1);
    assert!(copy.ends_with(".schema-1"), "{copy}");
    world.run(&["show", "decisions"]).expect(0);

    let again = world.run(&["db", "migrate"]).expect(0).json();
    assert_eq!((&again["from"], again["backup"].is_null()), (&told["to"], true));
}
