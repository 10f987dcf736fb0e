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
fn what_higher_costs_leave_is_told_beside_the_result() {
    let world = lived();
    let run = |costs: &str| world.run(&["backtest", "--from", "2026-08-28", "--costs", costs]).expect(0).json();
    let (own, twice) = (run("1"), run("2"));
    let told = |run: &serde_json::Value| {
        let costs = run["costs"].as_array().unwrap().clone();
        costs.into_iter().map(|cost| (cost["times"].as_u64().unwrap(), cost["total_return_pct"]["value"].clone()))
    };
    let total = |run: &serde_json::Value| run["figures"]["total_return_pct"]["value"].clone();
    let returns: Vec<_> = told(&own).collect();
    assert_eq!(returns.iter().map(|(times, _)| *times).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!((&returns[0].1, &returns[1].1), (&total(&own), &total(&twice)));
    assert_eq!(told(&twice).map(|(times, _)| times).collect::<Vec<_>>(), [2, 4, 6]);
    assert_eq!(own["costs"][0]["trades"], own["figures"]["trading"]["count"]);
}

#[test]
fn fills_that_stand_on_a_longer_candle_are_counted() {
    let world = lived();
    let coarse = |world: &World| {
        let run = world
            .run(&["backtest", "--from", "2026-09-01T12:00", "--pairs", "BTC/USDT,ETH/USDT,SOL/USDT"])
            .expect(0)
            .json();
        let trading = &run["figures"]["trading"];
        (trading["fills"].as_u64().unwrap(), trading["coarse_fills_pct"]["value"].as_f64())
    };
    let (fills, share) = coarse(&world);
    assert!(fills > 0 && share == Some(0.0), "{fills} fills, {share:?} %");
    let minutes = "series_id IN (SELECT id FROM series WHERE timeframe = '1m')";
    world.query(&format!("DELETE FROM price_data WHERE {minutes} AND open_time % 3600000 BETWEEN 60000 AND 3000000"));
    let (fills, share) = coarse(&world);
    assert!(fills > 0 && share > Some(0.0), "{fills} fills, {share:?} %");
}

#[test]
fn the_average_of_200_days_need_not_wait_for_days_that_are_stored() {
    let world = lived();
    let average = |world: &World| {
        let run = world.run(&["backtest", "--from", "2026-08-28"]).expect(0).json();
        let all = run["baselines"].as_array().unwrap().clone();
        let found = all.into_iter().find(|baseline| baseline["name"] == "200-day average").unwrap();
        (found["total_return_pct"]["value"].clone(), run["manifest"]["data_hash"].clone())
    };
    let (with, hash) = average(&world);
    let days = "series_id IN (SELECT id FROM series WHERE timeframe = '1d')";
    assert!(world.value(&format!("SELECT count(*) FROM price_data WHERE {days}")).parse::<u32>().unwrap() >= 5 * 200);
    // What is known only later changes nothing, neither the figure nor the name of the data.
    let later = "open_time >= 1787788800000";
    world.query(&format!("UPDATE price_data SET close = close * 1.5, high = high * 1.5 WHERE {days} AND {later}"));
    assert_eq!(average(&world), (with.clone(), hash.clone()));
    let earlier = "open_time < 1787788800000";
    world.query(&format!("DELETE FROM price_data WHERE {days} AND {earlier}"));
    let (without, other) = average(&world);
    assert_eq!(without, 0.0, "too few days: it stands aside");
    assert!(with != without && hash != other, "{with} and {without}");
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
fn the_order_of_pairs_changes_nothing_and_is_no_other_trial() {
    let world = lived();
    let asked = |pairs: &str| world.run(&["backtest", "--from", "2026-08-28", "--pairs", pairs]).expect(0).stdout;
    assert_eq!(asked("BTC/USDT,ETH/USDT,SOL/USDT"), asked("SOL/USDT,BTC/USDT,ETH/USDT"));
    assert_eq!(world.value("SELECT count(*) FROM trials"), "1");
}

#[test]
fn time_without_candles_is_cut_off_and_told_and_so_is_a_pair_that_has_none() {
    let world = lived();
    let run = world.run(&["backtest", "--from", "2026-08-28", "--to", "2030-01-01", "--pairs", "BTC/USDT,DOGE/USDT"]);
    let run = run.expect(0);
    assert_eq!(run.json()["manifest"]["to"], "2026-09-01T16:00:00Z");
    for words in ["it ends there, and not at 2030-01-01", "DOGE/USDT has no 1h candles"] {
        assert!(run.stderr.contains(words), "{words}: {run}");
    }
    let run = world.run(&["backtest", "--from", "2030-01-01"]).expect(2);
    assert!(run.stderr.contains("lies after"), "{run}");
    let run = world.run(&["backtest", "--to", "2020-01-01", "--from", "2019-01-01"]).expect(2);
    assert!(run.stderr.contains("trader backfill"), "{run}");
}

#[test]
fn whatever_a_result_follows_from_stands_in_its_manifest() {
    let manifest =
        |world: &World| world.run(&["backtest", "--from", "2026-08-28"]).expect(0).json()["manifest"].clone();
    let world = lived();
    let plain = manifest(&world);
    assert_eq!((&plain["asset"], &plain["seed"]), (&"USDT".into(), &1.into()));
    let world = world.with("TRADER_ACCOUNT_ASSET", "EUR");
    assert_eq!(manifest(&world)["asset"], "EUR");
    let db = rusqlite::Connection::open(world.db()).unwrap();
    let changed = db.execute("UPDATE symbols SET step_size = '0.01' WHERE symbol = 'BTC/USDT'", []).unwrap();
    assert_eq!(changed, 1);
    assert_ne!(manifest(&world)["exchange_rules_hash"], plain["exchange_rules_hash"]);
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
    for told in
        ["  fills on coarse candles, %: 0.000", "  trades on ambiguous candles, %: ", "  return at costs, %: 1x "]
    {
        assert!(run.stdout.contains(told), "{told}: {run}");
    }
    let csv = lived().run(&["backtest", "--from", "2026-08-28", "--format", "csv"]).expect(0);
    assert!(csv.stdout.starts_with("opened_at,closed_at,symbol,reason,"), "{csv}");
}
