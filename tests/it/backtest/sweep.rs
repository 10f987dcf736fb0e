//! `trader sweep`: whatever parts it is made in, by however many threads, and wherever it was cut off.

use serde_json::Value;

use super::waves::world;
use crate::contract::Promise;
use crate::world::{Run, World};

/// 100 days after a thousand hours of warm-up.
const HOURS: i64 = 3400;
/// Three by three by two combinations; weights change what is read of the candles.
const GRID: [&str; 6] =
    ["--grid", "strategy.buy_score=20..40:10", "--grid", "exits.stop_atr=2,3,4", "--grid", "strategy.weights.rsi=0,15"];

fn sweep(world: &World, more: &[&str]) -> Run {
    world.run(&[&["sweep"][..], &GRID, more].concat())
}

fn file(world: &World, name: &str) -> String {
    world.path(name).display().to_string()
}

/// The rows of a sweep as CSV, without the header.
fn rows(run: &Run) -> Vec<Vec<String>> {
    run.stdout.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn a_row_has_the_figures_of_a_backtest_of_its_values() {
    let swept = world(HOURS);
    let run = sweep(&swept, &["--format", "csv"]).expect(0);
    let header = "number,strategy.weights.rsi,strategy.buy_score,exits.stop_atr,total_return_pct,cagr_pct,sharpe_daily,\
                  max_drawdown_days_pct,trades,profit_factor";
    assert_eq!(run.stdout.lines().next(), Some(header));
    let rows = rows(&run);
    assert_eq!(rows.len(), 18);
    let mut trades = 0;
    for row in [&rows[0], &rows[4], &rows[17]] {
        let single = world(HOURS)
            .with("TRADER_STRATEGY_WEIGHTS_RSI", &row[1])
            .with("TRADER_STRATEGY_BUY_SCORE", &row[2])
            .with("TRADER_EXITS_STOP_ATR", &row[3]);
        let figures = single.run(&["backtest", "--format", "json"]).expect(0).json()["figures"].clone();
        let told = ["total_return_pct", "cagr_pct", "sharpe_daily"].map(|key| figures[key]["value"].as_f64());
        assert_eq!([&row[4], &row[5], &row[6]].map(|text| text.parse().ok()), told, "{row:?}");
        assert_eq!(row[8], figures["trading"]["count"].to_string());
        assert_eq!(row[9].parse().ok(), figures["trading"]["profit_factor"]["value"].as_f64());
        trades += row[8].parse::<u32>().unwrap();
    }
    assert!(trades > 20, "{trades} trades are few to compare");
}

#[test]
fn one_thread_and_many_give_the_same_bytes_and_the_document_obeys_its_schema() {
    let worlds = ["1", "2", "5"].map(|jobs| {
        let world = world(HOURS);
        let run = sweep(&world, &["--jobs", jobs, "--out", &file(&world, "rows")]).expect(0);
        Promise::of("sweep").holds(&run);
        (run.stdout, std::fs::read_to_string(world.path("rows")).unwrap())
    });
    assert_eq!(worlds[0], worlds[1]);
    assert_eq!(worlds[0], worlds[2]);
    assert_eq!(worlds[0].1.lines().count(), 1 + 18);
}

#[test]
fn a_sweep_that_was_cut_off_anywhere_goes_on_to_the_same_end() {
    let world = world(HOURS);
    let (name, arguments) = (world.path("rows"), ["--out", &file(&world, "rows")]);
    let first = sweep(&world, &arguments).expect(0);
    let whole = std::fs::read(&name).unwrap();
    let lines: Vec<usize> = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(i, _)| i + 1).collect();
    for cut in [0, 1, lines[0] - 1, lines[0], lines[0] + 5, lines[7] - 1, lines[7], whole.len() - 1, whole.len()] {
        std::fs::write(&name, &whole[..cut]).unwrap();
        let again = sweep(&world, &arguments).expect(0);
        assert_eq!(again.stdout, first.stdout, "cut at {cut}");
        assert!(std::fs::read(&name).unwrap() == whole, "cut at {cut}");
    }
    // Each combination was tried once, however often it was told.
    assert_eq!(world.value("SELECT count(*) FROM trials"), "18");
}

#[test]
fn rows_of_another_sweep_are_left_alone() {
    let world = world(HOURS);
    let out = file(&world, "rows");
    sweep(&world, &["--out", &out]).expect(0);
    let before = std::fs::read(world.path("rows")).unwrap();
    for other in [&["--costs", "2x"][..], &["--random", "5"], &["--shard", "1/2"], &["--from", "2024-03-01"]] {
        let run = sweep(&world, &[other, &["--out", &out]].concat()).expect(2);
        assert!(run.stderr.contains("name another file, or remove it") && run.stdout.is_empty(), "{run}");
        assert!(std::fs::read(world.path("rows")).unwrap() == before, "{other:?}");
    }
}

#[test]
fn shards_that_are_joined_are_the_sweep() {
    let whole = world(HOURS);
    let expected = sweep(&whole, &[]).expect(0);
    let parts = world(HOURS);
    let before = parts.db_bytes();
    let names: Vec<String> = (1..=4).map(|shard| file(&parts, &format!("part-{shard}"))).collect();
    for (shard, name) in ["1", "2", "3", "4"].iter().zip(&names).rev() {
        let run = sweep(&parts, &["--shard", &format!("{shard}/4"), "--out", name]).expect(0);
        assert_eq!(run.json()["schema"], "trader.shard.v1");
    }
    assert!(parts.db_bytes() == before, "a shard writes its file and nothing else");
    // Run again, a finished one is left as it is.
    let again = sweep(&parts, &["--shard", "2/4", "--out", &names[1]]).expect(0).json();
    assert_eq!((&again["rows"], &again["found"]), (&Value::from(5), &Value::from(5)));
    let merge = |names: &[&String]| {
        parts.run(&[&["sweep", "merge"][..], &names.iter().map(|name| name.as_str()).collect::<Vec<_>>()].concat())
    };
    let missing = merge(&[&names[0], &names[3]]).expect(2);
    assert!(missing.stderr.contains("missing: 2, 3"), "{missing}");
    let twice = merge(&[&names[0], &names[1], &names[1], &names[2], &names[3]]).expect(2);
    assert!(twice.stderr.contains("twice"), "{twice}");
    assert_eq!(parts.value("SELECT count(*) FROM trials"), "0");
    for _ in 0..2 {
        let joined = merge(&[&names[3], &names[0], &names[2], &names[1]]).expect(0);
        assert_eq!(joined.stdout, expected.stdout);
    }
    let trials = "SELECT manifest_hash, manifest, days, sharpe, skewness, kurtosis FROM trials ORDER BY id";
    assert_eq!(parts.query(trials), whole.query(trials));
}

#[test]
fn a_shard_that_has_not_ended_is_not_joined() {
    let world = world(HOURS);
    let names = ["part-1", "part-2"].map(|name| file(&world, name));
    for (shard, name) in ["1/2", "2/2"].iter().zip(&names) {
        sweep(&world, &["--shard", shard, "--out", name]).expect(0);
    }
    let text = std::fs::read_to_string(&names[1]).unwrap();
    let kept: Vec<&str> = text.lines().take(5).collect();
    std::fs::write(&names[1], kept.join("\n") + "\n").unwrap();
    let run = world.run(&["sweep", "merge", &names[0], &names[1]]).expect(2);
    assert!(run.stderr.contains("has not ended yet"), "{run}");
}

#[test]
fn the_best_stand_beside_their_neighbours() {
    let world = world(HOURS);
    let grid = ["sweep", "--grid", "strategy.buy_score=20..40:10", "--grid", "exits.stop_atr=2,3,4"];
    let rows = rows(&world.run(&[&grid[..], &["--format", "csv"]].concat()).expect(0));
    let sharpe = |number: usize| rows[number][5].parse::<f64>().unwrap();
    let top = world.run(&[&grid[..], &["--top", "9"]].concat()).expect(0).json()["top"].clone();
    let order: Vec<usize> =
        top.as_array().unwrap().iter().map(|t| usize::try_from(t["number"].as_u64().unwrap()).unwrap()).collect();
    assert!(order.windows(2).all(|pair| sharpe(pair[0]) >= sharpe(pair[1])), "{order:?}");
    // Of three by three: the middle has four around it, a corner two.
    for (number, around) in [(4, vec![1, 3, 5, 7]), (0, vec![1, 3]), (5, vec![2, 4, 8])] {
        let told = &top[order.iter().position(|n| *n == number).unwrap()]["neighbours"];
        let mut sharpes: Vec<f64> = around.iter().map(|n| sharpe(*n)).collect();
        sharpes.sort_by(f64::total_cmp);
        let median = f64::midpoint(sharpes[(sharpes.len() - 1) / 2], sharpes[sharpes.len() / 2]);
        assert_eq!((&told["count"], &told["tried"]), (&Value::from(around.len()), &Value::from(around.len())));
        assert!((told["median_sharpe"]["value"].as_f64().unwrap() - median).abs() < 1e-6, "{told}");
        assert_eq!(told["worst_sharpe"]["value"].as_f64(), Some(sharpes[0]));
    }
}

#[test]
fn chance_begins_where_it_is_told_to() {
    let world = world(HOURS);
    let drawn = |seed: &str| {
        let run = sweep(&world, &["--random", "6", "--seed", seed, "--format", "csv"]).expect(0);
        rows(&run).into_iter().map(|row| row[0].clone()).collect::<Vec<_>>()
    };
    assert_eq!(drawn("1"), drawn("1"));
    assert_ne!(drawn("1"), drawn("2"));
    assert_eq!(drawn("3").len(), 6);
}

#[test]
fn what_cannot_be_swept_is_refused_before_anything_runs() {
    let world = world(HOURS);
    for (arguments, words) in [
        (&[][..], "--grid"),
        (&["--grid", "exits.stop_atr"], "KEY=FROM..TO:STEP"),
        (&["--grid", "exits.stop=2,3"], "no key that can be tried"),
        (&["--grid", "exits.stop_atr=2,300"], "exits.stop_atr=300"),
        (&["--grid", "strategy.name=classic,trend"], "no key that can be tried"),
        (&["--grid", "exits.stop_atr=2,3", "--grid", "exits.stop_atr=4"], "two axes"),
        (&["--grid", "exits.stop_atr=2,3", "--shard", "3/2", "--out", "x"], "is no part"),
        (&["--grid", "exits.stop_atr=2,3", "--shard", "1/2"], "--out"),
        (&["--grid", "risk.heat_pct=1..30:0.0001", "--grid", "exits.stop_atr=1..9:0.01"], "--random"),
    ] {
        let run = world.run(&[&["sweep"][..], arguments].concat()).expect(2);
        assert!(run.stderr.contains(words) && run.stdout.is_empty(), "{arguments:?}: {run}");
    }
    assert_eq!(world.value("SELECT count(*) FROM trials"), "0");
}

#[test]
fn a_full_disk_is_told_and_what_was_written_is_gone_on_with() {
    let world = world(HOURS);
    let out = file(&world, "rows");
    let arguments = ["sweep", "--grid", "exits.stop_atr=2..6:0.02", "--shard", "1/1", "--out", &out];
    // More than the database needs beside itself, less than the rows do.
    let Some(run) = world.run_capped(100 * 1024, &arguments) else { return };
    let run = run.expect(7);
    assert!(run.stderr.contains("cannot write"), "{run}");
    let json = world.run(&arguments).expect(0).json();
    assert_eq!(json["rows"], 201);
    assert!(json["found"].as_u64().unwrap() > 20, "{json}");
}
