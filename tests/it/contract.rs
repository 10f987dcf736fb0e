//! What scripts and `jq` filters depend on: the JSON obeys its schema whatever happened, says the same thing each time,
//! and stands alone on stdout.

use std::fs::File;
use std::io;
use std::path::Path;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

use crate::world::{Run, World, fixtures};

/// A port where nobody listens.
const NOBODY: &str = "http://127.0.0.1:1";

/// Text without what differs from run to run: run ids and durations.
pub(crate) fn masked(text: &str) -> String {
    ["\"run_id\":", "\"duration_ms\":"].iter().fold(text.to_owned(), |text, key| blanked(&text, key))
}

fn blanked(text: &str, key: &str) -> String {
    let mut parts = text.split(key);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |done, rest| {
        let end = rest.find([',', '}', '\n']).unwrap_or(rest.len());
        format!("{done}{key} \"…\"{}", &rest[end..])
    })
}

/// The schema that the program prints of one of its documents.
pub(crate) struct Promise {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Promise {
    pub(crate) fn of(document: &str) -> Self {
        let schema = World::new().run(&["schema", document]).expect(0).json();
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        compiler.add_resource("trader.json", schema).unwrap();
        let index = compiler.compile("trader.json", &mut schemas).unwrap();
        Self { schemas, index }
    }

    pub(crate) fn complaint(&self, document: &Value) -> Option<String> {
        self.schemas.validate(document, self.index).err().map(|error| format!("{error:#}"))
    }

    #[track_caller]
    pub(crate) fn holds(&self, run: &Run) {
        if let Some(complaint) = self.complaint(&run.json()) {
            panic!("{complaint}\n{run}");
        }
    }
}

/// A world with little patience that asks nobody: what is live in it ends as unavailable.
pub(crate) fn offline() -> World {
    World::new()
        .with("TRADER_EXCHANGE_BASE_URLS", NOBODY)
        .with("TRADER_EXCHANGE_MAX_ATTEMPTS", "1")
        .with("TRADER_EXCHANGE_RETRY_BASE_MS", "0")
}

fn replayed(world: &World, more: &[&str]) -> Run {
    let folder = fixtures().display().to_string();
    world.run(&[&["cycle", "--replay", &folder], more].concat())
}

/// One run for each exit code that a cycle has today, but for internal (a bug) and usage (no JSON).
fn one_of_each() -> [(Run, i32, &'static str); 6] {
    let (busy, storage) = (World::new(), World::new());
    let lock = File::create(busy.lock()).unwrap();
    lock.try_lock().unwrap();
    std::fs::write(storage.db(), "no database, and long enough not to be taken for the beginning of one").unwrap();
    let unavailable = offline().run(&["cycle", "--base-url", NOBODY]);
    let stale = replayed(&World::new(), &["--now", "2026-09-02T12:00:30Z"]);
    [
        (World::new().replay(), 0, "ok"),
        (replayed(&World::new(), &["--pairs", "BTC/USDT,MATIC/USDT"]), 3, "degraded"),
        (unavailable, 4, "unavailable"),
        (stale, 4, "unavailable"),
        (busy.replay(), 5, "busy"),
        (storage.replay(), 7, "storage"),
    ]
}

#[test]
fn a_summary_obeys_its_schema_and_names_its_exit_code_whatever_happened() {
    let promise = Promise::of("cycle");
    for (run, code, name) in one_of_each() {
        let run = run.expect(code);
        promise.holds(&run);
        let json = run.json();
        assert_eq!((&json["status"], &json["exit_code"]), (&Value::from(name), &Value::from(code)), "{run}");
        assert_eq!(json["errors"].as_array().map(Vec::is_empty), Some(code == 0), "{run}");
    }
}

#[test]
fn a_dry_run_and_a_repeated_run_obey_the_schema_too() {
    let (promise, world) = (Promise::of("cycle"), World::new());
    promise.holds(&replayed(&world, &["--dry-run"]).expect(0));
    world.replay().expect(0);
    promise.holds(&world.replay().expect(0));
}

#[test]
fn the_schema_refuses_what_breaks_the_promise() {
    let (promise, good) = (Promise::of("cycle"), World::new().replay().json());
    assert_eq!(promise.complaint(&good), None);
    for (place, wrong) in [
        ("/pairs/0/price", Value::from(84638.49)),
        ("/pairs/0/score", Value::from("68.0")),
        ("/pairs/0/status", Value::from("splendid")),
        ("/agents/0/name", Value::from("Somebody")),
        ("/exit_code", Value::Null),
        ("/collected", Value::from(1)),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(place).unwrap() = wrong;
        assert!(promise.complaint(&bad).is_some(), "{place}");
    }
    let mut lacking = good;
    lacking.as_object_mut().unwrap().remove("pairs");
    assert!(promise.complaint(&lacking).is_some(), "a summary without pairs");
}

#[test]
fn a_backfill_or_import_obeys_its_schema_whether_it_worked_or_not() {
    let promise = Promise::of("history");
    let file = fixtures().join("BTCUSDT-1h-2026-08-15_2026-09-01.csv.gz").display().to_string();
    let world = offline();
    std::fs::write(world.path("BTCUSDT-1h-2024-01.zip"), "no archive").unwrap();
    let runs = [
        (world.run(&["import", &file]), 0, 424),
        (world.run(&["import", &file]), 0, 0),
        (world.run(&["import", &file, "BTCUSDT-1h-2024-01.zip"]), 3, 0),
        (world.run(&["import", "BTCUSDT-1h-2024-01.zip"]), 4, 0),
        (world.run(&["backfill", "--from", "2026-08-01", "--base-url", NOBODY]), 4, 0),
    ];
    for (run, code, added) in runs {
        let run = run.expect(code);
        promise.holds(&run);
        assert_eq!(run.json()["added"], added, "{run}");
    }
}

#[test]
fn an_explanation_obeys_its_schema() {
    let world = World::new();
    world.replay().expect(0);
    Promise::of("explain").holds(&world.run(&["explain", "SOL/USDT"]).expect(0));
}

fn is_decimal(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.parse::<f64>().is_ok_and(|price| price > 0.0))
}

#[test]
fn prices_are_strings_scores_are_numbers_and_instants_are_utc() {
    let json = World::new().replay().expect(0).json();
    assert_eq!(json["now"], "2026-09-01T12:00:30.000Z");
    assert_eq!(json["as_of"], "2026-09-01T12:00:00Z");
    let pairs = json["pairs"].as_array().unwrap();
    assert_eq!(pairs.len(), 5);
    for pair in pairs {
        assert!(is_decimal(&pair["price"]), "{pair}");
        assert!(["score", "confidence_pct", "data_age_s"].iter().all(|key| pair[key].is_number()), "{pair}");
        assert_eq!(pair["candle_open_time"], "2026-09-01T11:00:00Z");
        assert!(pair["indicators"].as_object().unwrap().values().all(Value::is_number), "{pair}");
    }
}

#[test]
fn the_score_is_the_sum_of_its_points_and_the_confidence_follows_from_it() {
    for pair in World::new().replay().expect(0).json()["pairs"].as_array().unwrap() {
        let number = |value: &Value| value.as_f64().unwrap();
        let sum: f64 = pair["reasons"].as_array().unwrap().iter().map(|r| number(&r["points"])).sum();
        let score = number(&pair["score"]);
        assert!((sum.clamp(-100.0, 100.0) - score).abs() < 1e-9, "{pair}");
        assert!((50.0 + score.abs() / 2.0 - number(&pair["confidence_pct"])).abs() <= 0.0501, "{pair}");
    }
}

#[test]
fn what_is_unknown_is_null() {
    let run = offline().run(&["cycle"]).expect(4);
    for pair in run.json()["pairs"].as_array().unwrap() {
        assert_eq!(pair["status"], "failed");
        for key in ["price", "candle_open_time", "data_age_s", "score", "confidence_pct", "decision", "blocked_by"] {
            assert_eq!(pair.get(key), Some(&Value::Null), "{key} in {pair}");
        }
    }
    assert_eq!(World::new().replay().json()["collected"]["weight_used"], Value::Null, "a recording has no weight");
}

#[test]
fn the_summary_file_holds_what_stdout_says() {
    let world = World::new();
    for more in [&["--summary-file", "summary.json"][..], &["--summary-file", "summary.json", "--pretty"]] {
        let run = replayed(&world, more).expect(0);
        assert_eq!(std::fs::read_to_string(world.path("summary.json")).unwrap(), run.stdout);
    }
    assert_eq!(names(world.path("").as_path()).iter().filter(|name| name.contains("summary")).count(), 1);
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

/// The text of the pairs, to the letter.
fn pairs(run: &Run) -> &str {
    let (_, rest) = run.stdout.split_once("\"pairs\":").unwrap();
    rest.split_once("\"portfolio\":").unwrap().0
}

#[test]
fn a_second_run_repeats_the_pairs_to_the_letter() {
    let world = World::new();
    let (first, second) = (world.replay().expect(0), world.replay().expect(0));
    assert_eq!((&first.json()["repeat"], &second.json()["repeat"]), (&Value::from(false), &Value::from(true)));
    assert_eq!(pairs(&first), pairs(&second));
    assert_eq!(world.value("SELECT count(*) FROM trading_decisions"), "5");
    assert_eq!(world.value("SELECT count(*) FROM runs"), "2", "but the run is on record");
}

#[test]
fn a_dry_run_decides_the_same_and_writes_nothing() {
    let world = World::new();
    let dry = replayed(&world, &["--dry-run"]).expect(0);
    assert_eq!(dry.json()["dry_run"], true);
    assert_eq!(names(&world.path("")), Vec::<String>::new());
    let wet = world.replay().expect(0);
    assert_eq!(pairs(&dry), pairs(&wet));
}

#[test]
fn a_dry_run_leaves_a_database_as_it_is() {
    let world = World::new();
    world.replay().expect(0);
    let (facts, runs) = (world.dump_facts(), world.value("SELECT count(*) FROM runs"));
    replayed(&world, &["--dry-run", "--now", "2026-09-01T13:30:00Z"]);
    assert_eq!(world.dump_facts(), facts);
    assert_eq!(world.value("SELECT count(*) FROM runs"), runs);
}

#[test]
fn the_same_recording_gives_the_same_bytes() {
    let (one, other) = (World::new(), World::new());
    let (first, second) = (one.replay().expect(0), other.replay().expect(0));
    assert_ne!(first.stdout, second.stdout, "the run ids differ");
    assert_eq!(masked(&first.stdout), masked(&second.stdout));
    assert_eq!(one.dump_facts(), other.dump_facts());
}

#[test]
fn stdout_is_one_document_and_everything_else_is_on_stderr() {
    for log in ["text", "json"] {
        let run = replayed(&World::new(), &["-vv", "--log-format", log, "--pairs", "BTC/USDT,MATIC/USDT"]).expect(3);
        assert_eq!(run.json()["status"], "degraded");
        assert_eq!(run.stdout.lines().count(), 1, "one line where no terminal is: {run}");
        let told = run.stderr.lines().any(|line| line.contains("MATIC was renamed to POL"));
        assert!(told, "{run}");
        let structured = run.stderr.lines().all(|line| serde_json::from_str::<Value>(line).is_ok());
        assert_eq!(structured, log == "json", "{run}");
    }
}

#[test]
fn quiet_tells_errors_only_and_a_good_run_says_nothing_on_stderr() {
    assert_eq!(World::new().replay().expect(0).stderr, "");
    let quiet = replayed(&World::new(), &["-q", "--pairs", "BTC/USDT,MATIC/USDT"]).expect(3);
    assert!(quiet.stderr.lines().count() > 0 && !quiet.stderr.contains("warn"), "{quiet}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = fixtures().display().to_string();
    for arguments in [&["cycle", "--replay", &folder, "--pretty"][..], &["schema"], &["--help"], &["man"]] {
        let world = World::new();
        let mut command = world.command(arguments);
        let (reader, writer) = io::pipe().unwrap();
        let child = command.stdout(writer).spawn().unwrap();
        // The command holds our copy of the writing end: without it and the reader, nobody is left to write to.
        drop((command, reader));
        let output = child.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), words.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn an_error_that_nobody_listens_to_keeps_its_exit_code_and_its_document() {
    let replay = fixtures().display().to_string();
    let of_a_missing_pair = ["-vv", "cycle", "--replay", &replay, "--pairs", "BTC/USDT,XYZ/USDT"];
    for (arguments, code) in
        [(&["db", "check"][..], 7), (&["close", "BTC"], 2), (&["pause"], 2), (&of_a_missing_pair, 3)]
    {
        let world = World::new();
        let mut command = world.command(arguments);
        let (reader, writer) = io::pipe().unwrap();
        let child = command.stderr(writer).spawn().unwrap();
        drop((command, reader));
        let run = Run::new(&child.wait_with_output().unwrap(), std::time::Duration::ZERO).expect(code);
        if code == 2 {
            assert_eq!(run.stdout, "", "{run}");
        } else {
            assert_eq!(run.json()["exit_code"], code, "{run}");
        }
    }
}

#[test]
fn bad_usage_says_so_on_stderr_and_prints_no_document() {
    for arguments in [&["cycle", "--now", "2026-09-01T12:00:30Z"][..], &["cycle", "--pairs", "BTC"], &["trade"], &[]] {
        let world = World::new();
        let run = world.run(arguments).expect(2);
        assert_eq!(run.stdout, "", "{run}");
        assert!(!run.stderr.is_empty(), "{run}");
        assert_eq!(names(&world.path("")), Vec::<String>::new(), "nothing was touched");
    }
}

#[test]
fn the_program_tells_its_version() {
    let run = World::new().run(&["--version"]).expect(0);
    assert_eq!(run.stdout, format!("trader {}\n", env!("CARGO_PKG_VERSION")));
}
