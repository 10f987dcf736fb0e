//! `trader backtest` as a user meets it.

use crate::contract::Promise;
use crate::world::{Run, World};

/// A world after five runs of the cycle over the small recording.
pub(super) fn lived() -> World {
    let world = World::new();
    for hour in 12..=16 {
        world.replay_at(&format!("2026-09-01T{hour}:00:30Z")).expect(0);
    }
    world
}

fn end(run: &Run) -> f64 {
    run.json()["account"]["end"].as_str().unwrap().parse().unwrap()
}

#[test]
fn a_backtest_obeys_its_schema_and_gives_the_same_bytes_again() {
    let world = lived();
    let first = world.run(&["backtest", "--from", "2026-08-28"]).expect(0);
    Promise::of("backtest").holds(&first);
    let again = world.run(&["backtest", "--from", "2026-08-28"]).expect(0);
    assert_eq!(first.stdout, again.stdout);
    // The same manifest is the same trial.
    assert_eq!(world.value("SELECT count(*) FROM trials"), "1");
    assert_eq!(first.json()["trials"], 1);
}

#[test]
fn every_other_question_is_another_trial_and_trials_are_facts() {
    let world = lived();
    for arguments in
        [&["--from", "2026-08-28"][..], &["--from", "2026-08-29"], &["--from", "2026-08-29", "--costs", "2x"]]
    {
        world.run(&[&["backtest"][..], arguments].concat()).expect(0);
    }
    assert_eq!(world.value("SELECT count(*) FROM trials"), "3");
    world.run(&["db", "check"]).expect(0);
}

#[test]
fn higher_costs_leave_less() {
    let world = lived();
    let at = |costs: &str| end(&world.run(&["backtest", "--from", "2026-08-28", "--costs", costs]).expect(0));
    let (once, twice, thrice) = (at("1"), at("2x"), at("3"));
    assert!(once > twice && twice > thrice, "{once}, {twice}, {thrice}");
}

#[test]
fn it_changes_nothing_but_the_trials() {
    let world = lived();
    let facts =
        "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM trading_decisions), (SELECT count(*) FROM runs),
                        (SELECT count(*) FROM portfolio_state), (SELECT count(*) FROM price_data)";
    let before = world.query(facts);
    world.run(&["backtest", "--from", "2026-08-28"]).expect(0);
    assert_eq!(world.query(facts), before);
}

#[test]
fn what_cannot_be_replayed_is_a_mistake_that_tells_the_way_out() {
    let world = lived();
    for (arguments, words) in [
        (&["--pairs", "DOGE/USDT"][..], "trader backfill"),
        (&["--from", "2026-09-02", "--to", "2026-09-01"], "lies after"),
        (&["--costs", "0"], "between 1x and 10x"),
        (&["--fine", "7m"], "auto"),
    ] {
        let run = world.run(&[&["backtest"][..], arguments].concat()).expect(2);
        assert!(run.stderr.contains(words) && run.stdout.is_empty(), "{arguments:?}: {run}");
    }
    World::new().run(&["backtest"]).expect(7);
}

#[test]
fn people_are_told_the_verdict_first() {
    let run = lived().run(&["backtest", "--from", "2026-08-28", "--format", "table"]).expect(0);
    assert_eq!(run.stdout.lines().nth(1), Some("too short to tell"), "{run}");
    let csv = lived().run(&["backtest", "--from", "2026-08-28", "--format", "csv"]).expect(0);
    assert!(csv.stdout.starts_with("opened_at,closed_at,symbol,reason,"), "{csv}");
}
