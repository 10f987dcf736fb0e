//! `trader sweep` as a user meets it: what it prints, what it counts, what it refuses.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use serde_json::Value;
use trader::backtest::{Check, Choice, Walked};

use super::command::lived;
use crate::contract::Promise;
use crate::recorded_data::{at, cut, recordings};
use crate::world::{Run, World};

/// Three entries by three stops, over four days of the small recording.
pub(super) const GRID: [&str; 7] =
    ["sweep", "--from", "2026-08-28", "--grid", "strategy.buy_score=30..50:10", "--grid", "exits.stop_atr=2..4:1"];

pub(super) fn swept(world: &World, more: &[&str]) -> Run {
    world.run(&[&GRID[..], more].concat())
}

pub(super) fn trials(world: &World) -> String {
    world.value("SELECT count(*) FROM trials")
}

/// The names in its folder but those of the database, beside which SQLite keeps files also for whoever only reads.
pub(super) fn names(world: &World) -> Vec<String> {
    world.names().into_iter().filter(|name| !name.starts_with("trader.db")).collect()
}

/// The best, all of them.
fn top(run: &Run) -> Vec<Value> {
    run.json()["top"].as_array().unwrap().clone()
}

/// Hourly candles of recorded months, where they are there.
fn recorded(symbol: &str, from: &str, to: &str) -> Option<World> {
    let file = recordings("klines")?.join(format!("{symbol}-1h-2018-01-01_2025-12-31.csv.gz"));
    let world = World::new().with("TRADER_PAIRS", symbol);
    std::fs::write(world.path(&format!("{symbol}-1h-cut.csv")), cut::rows(&file, at(from), at(to))).unwrap();
    let run = world.run(&["import", &format!("{symbol}-1h-cut.csv")]);
    assert!([0, 3].contains(&run.code), "{run}");
    Some(world)
}

#[test]
fn it_obeys_its_schema_and_gives_the_same_bytes_on_one_core_on_two_and_again() {
    let world = lived();
    let one = swept(&world, &["--jobs", "1"]).expect(0);
    Promise::of("sweep").holds(&one);
    for more in [&["--jobs", "2"][..], &["--jobs", "1"], &["--jobs", "1024"], &[]] {
        assert_eq!(swept(&world, more).expect(0).stdout, one.stdout, "{more:?}");
    }
    let json = one.json();
    assert_eq!((&json["combinations"], &json["tried"], top(&one).len()), (&9.into(), &9.into(), 9));
    assert_eq!(json["verdict"], "too short to tell");
}

#[test]
fn on_recorded_candles_too_one_core_and_two_give_the_same_bytes() {
    let Some(world) = recorded("BTCUSDT", "2023-06-01", "2024-03-31") else { return };
    let grid = ["sweep", "--grid", "strategy.weights.rsi=0,15", "--grid", "strategy.buy_score=30,40,50"];
    let grid = [&grid[..], &["--grid", "exits.stop_atr=2..4:1", "--format"]].concat();
    for format in ["json", "csv", "table"] {
        let of = |jobs: &str| world.run(&[&grid[..], &[format, "--jobs", jobs]].concat()).expect(0).stdout;
        let one = of("1");
        assert_eq!(of("2"), one);
        assert_eq!(of("1"), one);
    }
    assert_eq!(trials(&world), "18");
}

/// The figures of a sweep's row as a backtest tells them.
const FIGURES: [(&str, &str); 4] = [
    ("total_return_pct", "/figures/total_return_pct"),
    ("cagr_pct", "/figures/cagr_pct"),
    ("sharpe_daily", "/figures/sharpe_daily"),
    ("profit_factor", "/figures/trading/profit_factor"),
];

/// Compares the row with the configured value in a sweep over `key` with a backtest; how many trades there were.
#[track_caller]
fn assert_default_is_the_backtest(world: &World, stretch: &[&str], key: &str, [other, default]: [&str; 2]) -> u64 {
    let backtest = world.run(&[&["backtest"], stretch].concat()).expect(0).json();
    let grid = format!("{key}={other},{default}");
    let sweep = world.run(&[&["sweep"], stretch, &["--grid", &grid]].concat()).expect(0);
    let row = top(&sweep).into_iter().find(|row| row["values"][key] == default).unwrap();
    for (figure, place) in FIGURES {
        let of_backtest = backtest.pointer(place).unwrap();
        assert_eq!(row[figure]["value"].as_f64(), of_backtest["value"].as_f64(), "{figure}: {row}\n{of_backtest}");
        assert_eq!(row[figure].get("why"), of_backtest.get("why"), "{figure}");
    }
    let count = &backtest["figures"]["trading"]["count"];
    assert_eq!(&row["trades"], count);
    count.as_u64().unwrap()
}

#[test]
fn the_row_of_the_configured_values_is_the_backtest() {
    let world = lived();
    let stretch = ["--from", "2026-08-28", "--costs"];
    for costs in ["1x", "3x"] {
        let stretch = [&stretch[..], &[costs]].concat();
        let trades = assert_default_is_the_backtest(&world, &stretch, "strategy.buy_score", ["30", "40"]);
        assert_eq!(trades, 1);
        assert_default_is_the_backtest(&world, &stretch, "exits.stop_atr", ["2", "3"]);
    }
}

/// That the baselines beside a document are those of a backtest.
#[track_caller]
pub(super) fn assert_same_baselines(document: &Value, backtest: &Value) {
    let (ours, theirs) = (document["baselines"].as_array().unwrap(), backtest["baselines"].as_array().unwrap());
    assert!(theirs.len() > 6 && ours.len() == theirs.len(), "{ours:?}");
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert_eq!(ours["name"], theirs["name"]);
        for figure in ["total_return_pct", "cagr_pct", "sharpe_daily", "max_drawdown_pct"] {
            let (a, b) = (&ours[figure], &theirs[figure]);
            assert_eq!((a["value"].as_f64(), &a["why"]), (b["value"].as_f64(), &b["why"]), "{figure} of {ours}");
        }
    }
}

#[test]
fn what_anybody_could_have_done_stands_beside_it_as_beside_a_backtest() {
    let world = lived();
    for costs in ["1x", "3x"] {
        let backtest = world.run(&["backtest", "--from", "2026-08-28", "--costs", costs]).expect(0);
        assert_same_baselines(&swept(&world, &["--costs", costs]).expect(0).json(), &backtest.json());
    }
}

#[test]
fn the_row_of_the_configured_values_is_the_backtest_on_recorded_months_by_both_strategies() {
    let Some(world) = recorded("ETHUSDT", "2020-06-01", "2021-06-30") else { return };
    let classic = ["--strategy", "classic", "--from", "2020-12-01"];
    assert!(assert_default_is_the_backtest(&world, &classic, "strategy.buy_score", ["30", "40"]) > 10);
    assert!(assert_default_is_the_backtest(&world, &classic, "strategy.weights.macd", ["0", "12"]) > 10);
    let trend = ["--strategy", "trend", "--from", "2020-12-01", "--costs", "2x"];
    assert!(assert_default_is_the_backtest(&world, &trend, "trend.enter_score", ["60", "40"]) > 2);
    assert!(assert_default_is_the_backtest(&world, &trend, "trend.weights.tsmom", ["0", "18"]) > 2);
}

/// A three-by-three grid, row by row: who lies beside, above and below.
const BESIDE: [&[u64]; 9] =
    [&[1, 3], &[0, 2, 4], &[1, 5], &[0, 4, 6], &[1, 3, 5, 7], &[2, 4, 8], &[3, 7], &[4, 6, 8], &[5, 7]];

/// The number and the Sharpe ratio of every combination, from the table of all.
fn sharpes(world: &World, more: &[&str]) -> BTreeMap<u64, f64> {
    let csv = swept(world, &[more, &["--format", "csv"]].concat()).expect(0).stdout;
    let head = "number,strategy.buy_score,exits.stop_atr,total_return_pct,cagr_pct,sharpe_daily,";
    assert!(csv.starts_with(head), "{csv}");
    let cells = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
    let row = |cells: Vec<String>| (cells[0].parse().unwrap(), cells[5].parse().unwrap());
    csv.lines().skip(1).map(|line| row(cells(line))).collect()
}

/// Of one, two, three or four.
fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    match numbers[..] {
        [] => None,
        [one] | [_, one, _] => Some(one),
        [a, b] | [_, a, b, _] => Some(f64::midpoint(a, b)),
        _ => panic!("{numbers:?}"),
    }
}

#[track_caller]
fn assert_near(told: &Value, expected: Option<f64>) {
    match (told["value"].as_f64(), expected) {
        (Some(told), Some(expected)) => assert!((told - expected).abs() <= 2e-6, "{told} instead of {expected}"),
        (told, expected) => assert_eq!(told, expected),
    }
    assert_eq!(told["why"].is_string(), expected.is_none(), "{told}");
}

#[test]
fn the_best_come_first_with_what_their_neighbours_keep_of_them() {
    let world = lived();
    for more in [&[][..], &["--random", "4"], &["--random", "1"]] {
        let (sharpes, top) = (sharpes(&world, more), top(&swept(&world, more).expect(0)));
        let mut order: Vec<u64> = sharpes.keys().copied().collect();
        order.sort_by(|a, b| sharpes[b].total_cmp(&sharpes[a]));
        assert_eq!(top.iter().map(|row| row["number"].as_u64().unwrap()).collect::<Vec<_>>(), order);
        for row in top {
            let number = row["number"].as_u64().unwrap();
            let beside = BESIDE[usize::try_from(number).unwrap()];
            let tried: Vec<f64> = beside.iter().filter_map(|number| sharpes.get(number).copied()).collect();
            let neighbours = &row["neighbours"];
            assert_eq!((&neighbours["count"], &neighbours["tried"]), (&beside.len().into(), &tried.len().into()));
            let median = median(tried.clone());
            assert_near(&neighbours["median_sharpe"], median);
            assert_near(&neighbours["worst_sharpe"], tried.into_iter().reduce(f64::min));
            assert_near(&neighbours["kept"], median.map(|median| median / sharpes[&number]));
        }
    }
}

#[test]
fn of_the_best_so_many_are_told_as_are_asked_for() {
    let world = lived();
    let all = swept(&world, &[]).expect(0);
    for count in [0, 1, 4, 100] {
        let run = swept(&world, &["--top", &count.to_string()]).expect(0);
        assert_eq!(top(&run)[..], top(&all)[..count.min(9)]);
        assert_eq!(run.json()["verdict"], all.json()["verdict"]);
    }
}

#[test]
fn every_combination_is_a_trial_once_and_stands_beside_all_others() {
    let world = lived();
    for _ in 0..2 {
        let run = swept(&world, &[]).expect(0);
        assert_eq!((trials(&world), &run.json()["trials"]), ("9".to_owned(), &9.into()));
    }
    // Of the best, whatever is told; on whatever cores.
    swept(&world, &["--top", "1", "--jobs", "2", "--format", "csv"]).expect(0);
    assert_eq!(trials(&world), "9");
    // A backtest is one more, and so is each combination at other costs.
    world.run(&["backtest", "--from", "2026-08-28"]).expect(0);
    assert_eq!(swept(&world, &["--costs", "2x"]).expect(0).json()["trials"], 19);
    world.run(&["db", "check"]).expect(0);
}

#[test]
fn chance_begins_with_its_seed() {
    let world = lived();
    let drawn = |more: &[&str]| {
        let run = swept(&world, &[&["--random", "4"], more].concat()).expect(0);
        let mut numbers: Vec<u64> = top(&run).iter().map(|row| row["number"].as_u64().unwrap()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers.len(), 4);
        (numbers, run.stdout)
    };
    let (numbers, text) = drawn(&["--seed", "7", "--jobs", "1"]);
    assert_eq!(drawn(&["--seed", "7", "--jobs", "2"]).1, text);
    assert_eq!(drawn(&["--seed", "1"]), drawn(&[]), "1 is what it begins with");
    assert!((8..20).any(|seed| drawn(&["--seed", &seed.to_string()]).0 != numbers), "another seed, other combinations");
    let all = swept(&world, &["--random", "9"]).expect(0).json();
    assert_eq!(all["tried"], 9);
    assert_eq!(all["top"], swept(&world, &["--random", "1000"]).expect(0).json()["top"]);
    assert_eq!(all["top"], swept(&world, &[]).expect(0).json()["top"]);
}

#[test]
fn what_cannot_be_tried_is_refused_before_anything_runs() {
    let world = lived();
    let before = names(&world);
    let stop = "exits.stop_atr=2,3";
    for (arguments, words) in [
        (&[][..], "--grid"),
        (&["--grid", "exits.stop_atr"], "is no axis"),
        (&["--grid", "exits.stop_atr="], "is no axis"),
        (&["--grid", ""], "is no axis"),
        (&["--grid", "exits.stop_atr=4..2:1"], "leads nowhere"),
        (&["--grid", "exits.stop_atr=2..4:0"], "leads nowhere"),
        (&["--grid", "exits.stop_atr=2..4"], "is no value of this key"),
        (&["--grid", "exits.stop_atr=2,3,2"], "has 2 twice"),
        (&["--grid", "exits.stop_atr=2,3,2.0"], "has 2.0 twice"),
        (&["--grid", stop, "--grid", "exits.stop_atr=4"], "two axes of exits.stop_atr"),
        (&["--grid", "exits.stop_atr=2..20:0.0001"], "more than 100000 values"),
        (&["--grid", "exits.stop_atr=2..20:0.01", "--grid", "risk.heat_pct=1..9:0.001"], "draw some: --random"),
        (
            &[
                &["--grid", "exits.stop_atr=2..20:0.001", "--grid", "risk.heat_pct=1..9:0.0001"][..],
                &["--grid", "strategy.weights.rsi=0..9:0.0001", "--grid", "strategy.weights.adx=0..9:0.001"],
            ]
            .concat(),
            "more than 9007199254740992 combinations",
        ),
        (&["--grid", "exits.stop_atr=0..4:1"], "exits.stop_atr=0"),
        (&["--grid", "exits.stop_atr=2,nan"], "out of range"),
        (&["--grid", "exits.stop_atr=2,inf"], "out of range"),
        (&["--grid", "exits.stop_atr=wide"], "`wide` is no value of this key"),
        (&["--grid", "exits.hold_h=1.5"], "`1.5` is no value of this key"),
        (&["--grid", "strategy.buy_scores=40"], "is no key that can be tried; did you mean strategy.buy_score?"),
        (&["--grid", "account.start=1000,2000"], "is no key that can be tried"),
        (&["--grid", "strategy.timeframe=1h,4h"], "is no key that can be tried"),
        (&["--grid", "pairs=BTC/USDT"], "is no key that can be tried"),
        // Each by itself may be; together they may not.
        (
            &["--grid", "risk.warning_drawdown_pct=10,20", "--grid", "risk.emergency_drawdown_pct=15,25"],
            "in the combination risk.warning_drawdown_pct=20 risk.emergency_drawdown_pct=15",
        ),
        (&["--grid", "risk.per_trade_pct=0,1"], "above 0"),
        (&["--grid", stop, "--random", "0"], "--random"),
        (&["--grid", stop, "--seed", "5"], "--random"),
        (&["--grid", stop, "--jobs", "0"], "--jobs"),
        (&["--grid", stop, "--costs", "0"], "between 1x and 10x"),
        (&["--grid", stop, "--from", "2026-09-02", "--to", "2026-09-01"], "lies after"),
        (&["--grid", stop, "--pairs", "DOGE/USDT"], "trader backfill"),
        (&["--grid", stop, "--shard", "0/3"], "is no part"),
        (&["--grid", stop, "--shard", "4/3"], "is no part"),
        (&["--grid", stop, "--shard", "third"], "is no part"),
    ] {
        let run = world.run(&[&["sweep", "--out", "rows.jsonl"][..], arguments].concat()).expect(2);
        assert!(run.stderr.contains(words) && run.stdout.is_empty(), "{arguments:?}: {run}");
    }
    let run = swept(&world, &["--shard", "1/3"]).expect(2);
    assert!(run.stderr.contains("--out"), "rows of a part need a file: {run}");
    assert_eq!((names(&world), trials(&world).as_str()), (before, "0"), "nothing was written");
}

#[test]
fn values_that_go_together_may_be_tried_though_each_alone_would_not_do() {
    let world = lived();
    let grid = ["--grid", "risk.warning_drawdown_pct=30", "--grid", "risk.emergency_drawdown_pct=35,40"];
    world.run(&[&["sweep", "--from", "2026-08-28"], &grid[..]].concat()).expect(0);
}

#[test]
fn without_a_database_there_is_nothing_to_try() {
    let world = World::new();
    swept(&world, &["--out", "rows.jsonl"]).expect(7);
    assert_eq!(world.names(), [""; 0]);
}

#[test]
fn the_readme_knows_every_verdict_and_every_check() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let readme = readme.split_whitespace().collect::<Vec<_>>().join(" ");
    let choices = Choice::ALL.map(|choice| format!("| `{}` |", choice.words()));
    let walked = Walked::ALL.map(|walked| format!("`{}`", walked.words()));
    let checks = Check::ALL.map(|check| format!("| `{}` |", check.name()));
    for words in choices.into_iter().chain(walked).chain(checks) {
        assert!(readme.contains(&words), "{words}");
    }
}

#[test]
fn people_are_told_the_verdict_before_the_best() {
    let run = swept(&lived(), &["--format", "table", "--top", "4"]).expect(0);
    assert_snapshot!("sweep", run.stdout);
}
