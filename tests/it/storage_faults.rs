//! A database that cannot be used ends the run with exit 7, a cause and a remedy, and is left as it
//! was; a configuration that cannot be meant is refused before anything is touched.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::world::{Run, World, fixtures};

/// An account without rights, for tests that run as root, whom no permission stops.
const NOBODY: u32 = 65_534;

/// Asserts the storage exit with a cause and a remedy for the reader and for scripts.
#[track_caller]
fn assert_storage_fault(run: &Run, words: &[&str]) {
    assert_eq!(run.code, 7, "{run}");
    let json = run.json();
    assert_eq!((&json["status"], &json["exit_code"]), (&"storage".into(), &7.into()), "{run}");
    let error = &json["errors"][0];
    for key in ["code", "text", "remedy"] {
        assert!(error[key].as_str().is_some_and(|text| !text.is_empty()), "no {key}: {run}");
    }
    let shown = format!("{error} {}", run.stderr).to_lowercase();
    assert!(words.iter().any(|word| shown.contains(word)), "none of {words:?} is said: {run}");
    assert!(!run.stderr.is_empty(), "a person reads stderr: {run}");
    assert!(!run.stderr.contains("panicked"), "{run}");
}

/// A world whose first cycle went well, with everything in the main database file.
fn seasoned() -> World {
    let world = World::new();
    world.replay().expect(0);
    world.query("PRAGMA wal_checkpoint(TRUNCATE)");
    world
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("a file can be written");
}

#[test]
fn a_corrupt_header_is_named_and_left_alone() {
    let world = seasoned();
    let mut bytes = world.db_bytes();
    bytes[..100].fill(0x5a);
    write(&world.db(), &bytes);
    assert_storage_fault(&world.replay(), &["corrupt", "not a database", "damaged"]);
    assert!(bytes == world.db_bytes(), "the file is evidence and stays as it is");
}

#[test]
fn a_file_of_another_kind_is_not_overwritten() {
    let world = World::new();
    let letter = "Dear reader, this is no database at all. ".repeat(100);
    write(&world.db(), letter.as_bytes());
    assert_storage_fault(&world.replay(), &["corrupt", "not a database", "damaged"]);
    assert!(world.db_bytes() == letter.as_bytes());
}

#[test]
fn a_database_cut_in_half_is_noticed() {
    let world = seasoned();
    let bytes = world.db_bytes();
    write(&world.db(), &bytes[..bytes.len() / 8192 * 4096]);
    assert_storage_fault(&world.replay(), &["corrupt", "malformed", "damaged"]);
}

#[test]
fn a_newer_schema_is_not_touched_by_an_older_program() {
    let world = seasoned();
    world.query("PRAGMA user_version = 9999");
    world.query("PRAGMA wal_checkpoint(TRUNCATE)");
    let bytes = world.db_bytes();
    assert_storage_fault(&world.replay(), &["newer"]);
    assert!(bytes == world.db_bytes(), "the file of a newer program stays as it is");
}

#[test]
fn a_place_where_no_database_can_be_is_named() {
    let world = World::new();
    write(&world.path("file"), b"in the way");
    fs::create_dir(world.path("directory")).expect("a directory can be made");
    for place in ["file/trader.db", "directory"] {
        let path = world.path(place).display().to_string();
        let replay = fixtures().display().to_string();
        let run = world.run(&["--db", &path, "cycle", "--replay", &replay]);
        assert_storage_fault(&run, &[place]);
    }
}

/// Runs a command as nobody when we are root; `None` when that account cannot reach the program.
pub(crate) fn unprivileged(world: &World, arguments: &[&str]) -> Option<Run> {
    let mut command = world.command(arguments);
    if Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n") {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.output().ok().map(|output| Run::new(&output, Duration::ZERO))
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode can be set");
}

#[test]
fn a_read_only_database_is_named_and_left_alone() {
    let world = seasoned();
    let bytes = world.db_bytes();
    set_mode(&world.path("."), 0o755);
    for (name, file, directory) in [("file", 0o444, 0o777), ("directory", 0o444, 0o555)] {
        set_mode(&world.db(), file);
        set_mode(&world.lock(), 0o666);
        set_mode(&world.path("."), directory);
        let replay = fixtures().display().to_string();
        let Some(run) = unprivileged(&world, &["cycle", "--replay", &replay]) else {
            eprintln!("SKIPPED: an account without rights cannot reach the program here");
            break;
        };
        assert_storage_fault(&run, &["read-only", "readonly", "permission", "written"]);
        assert!(bytes == world.db_bytes(), "{name}");
    }
    set_mode(&world.path("."), 0o755);
}

#[test]
fn a_file_that_may_not_grow_ends_the_run_and_loses_nothing() {
    let calm = seasoned();
    let replay = fixtures().display().to_string();
    let whole = calm.db_bytes().len() as u64;
    for eighth in 1..8 {
        let world = World::new();
        let limit = (whole * eighth / 8).max(128 * 1024);
        let Some(run) = world.run_capped(limit, &["cycle", "--replay", &replay]) else { return };
        assert_storage_fault(&run, &["disk", "full", "space", "written", "i/o"]);
        world.assert_intact();
        world.replay().expect(0);
        assert!(calm.dump_facts() == world.dump_facts(), "{eighth} eighths, then the whole");
    }
}

#[test]
fn a_database_in_a_folder_that_may_not_be_entered_is_not_told_as_missing() {
    let world = seasoned();
    set_mode(&world.path("."), 0o755);
    fs::create_dir(world.path("closed")).expect("a folder can be made");
    fs::rename(world.db(), world.path("closed/trader.db")).expect("the database can be moved");
    set_mode(&world.path("closed"), 0o600);
    let world = world.with("TRADER_DB", "closed/trader.db");
    let replay = fixtures().display().to_string();
    for command in [&["db", "check"][..], &["portfolio"], &["pause", "--reason", "r"], &["cycle", "--replay", &replay]]
    {
        let Some(run) = unprivileged(&world, command) else {
            eprintln!("SKIPPED: an account without rights cannot reach the program here");
            break;
        };
        assert_storage_fault(&run, &["permission denied"]);
        assert_eq!(run.json()["errors"][0]["code"], "database_open", "{run}");
    }
    set_mode(&world.path("closed"), 0o700);
}

const READING: [&[&str]; 5] = [&["db", "check"], &["db", "info"], &["portfolio"], &["show", "runs"], &["outcomes"]];

#[test]
fn a_read_only_database_in_a_read_only_folder_is_read_when_nothing_is_written_to_it() {
    let world = seasoned();
    for command in READING {
        set_mode(&world.db(), 0o444);
        set_mode(&world.path("."), 0o555);
        let run = unprivileged(&world, command);
        set_mode(&world.path("."), 0o755);
        let Some(run) = run else {
            eprintln!("SKIPPED: an account without rights cannot reach the program here");
            return;
        };
        run.expect(0);
        assert_eq!(world.names(), ["trader.db", "trader.db.lock"]);
    }
}

#[test]
fn a_log_that_cannot_be_read_in_a_read_only_folder_is_named() {
    let world = seasoned();
    // A writer that ended without tidying up: what it wrote is in the log only.
    write(&world.path("trader.db-wal"), &[0x5a; 4096]);
    set_mode(&world.path("trader.db-wal"), 0o444);
    set_mode(&world.db(), 0o444);
    set_mode(&world.path("."), 0o555);
    let run = unprivileged(&world, &["db", "check"]);
    set_mode(&world.path("."), 0o755);
    let Some(run) = run else {
        eprintln!("SKIPPED: an account without rights cannot reach the program here");
        return;
    };
    assert_storage_fault(&run, &["-wal"]);
}

/// A database in which a page of candles makes no sense.
fn damaged() -> World {
    let world = seasoned();
    let page: usize =
        world.value("SELECT rootpage FROM sqlite_schema WHERE name = 'price_data'").parse().expect("a page");
    let mut bytes = world.db_bytes();
    bytes[(page - 1) * 8192..page * 8192].fill(0x5a);
    write(&world.db(), &bytes);
    world
}

#[test]
fn a_check_that_finds_something_says_so_on_stderr_with_what_to_do_about_it() {
    let (broken, tampered) = (damaged(), seasoned());
    tampered.query("DELETE FROM agent_signals");
    for world in [broken, tampered] {
        let run = world.run(&["-q", "db", "check"]).expect(7);
        let json = run.json();
        let told = (&json["schema"], &json["status"], &json["exit_code"], &json["ok"]);
        assert_eq!(told, (&"trader.db_check.v1".into(), &"storage".into(), &7.into(), &false.into()), "{run}");
        assert_eq!(run.stderr.lines().count(), 1, "{run}");
        assert!(run.stderr.contains("trader db backup") && run.stderr.contains("found wrong"), "{run}");
        let first = ["integrity", "rules"].iter().find_map(|list| json[list][0].as_str()).unwrap_or_default();
        assert!(run.stderr.contains(first.lines().next().unwrap_or_default()), "{run}");
    }
    let clean = seasoned().run(&["db", "check"]).expect(0);
    assert_eq!((&clean.json()["status"], &clean.json()["exit_code"]), (&"ok".into(), &0.into()));
    assert_eq!(clean.stderr, "");
}

#[test]
fn a_check_that_cannot_even_begin_does_not_send_anybody_to_itself() {
    let world = World::new();
    write(&world.db(), "no database at all. ".repeat(100).as_bytes());
    let run = world.run(&["db", "check"]);
    assert_storage_fault(&run, &["damaged"]);
    assert!(!run.stderr.contains("db check") && run.stderr.contains("trader db backup"), "{run}");
}

#[test]
fn what_went_wrong_with_the_database_is_said_once() {
    let world = damaged();
    write(&world.db(), &world.db_bytes()[..16 * 1024]);
    for command in READING {
        let run = world.run(command).expect(7);
        assert!(run.stderr.matches("malformed").count() <= 1, "{run}");
        assert!(!run.stderr.contains("Error code"), "{run}");
    }
}

/// A cycle on a file system of its own that is too small, whose database is saved at the end.
/// `None` when this system lets nobody make one.
fn on_a_small_disk(world: &World) -> Option<Run> {
    let script = "mount -t tmpfs -o size=640k small \"$1\" || exit 125; cd \"$1\"; \
                  \"$2\" --db \"$1/trader.db\" cycle --replay \"$3\"; code=$?; \
                  cp \"$1\"/trader.db* \"$4\"; exit $code";
    let small = world.path("small");
    fs::create_dir_all(&small).expect("a directory can be made");
    let mut command = world.dress(Command::new("unshare"));
    command.args(["-m", "sh", "-c", script, "sh"]).arg(&small);
    command.arg(env!("CARGO_BIN_EXE_trader")).arg(fixtures()).arg(world.path("."));
    let run = Run::new(&command.output().ok()?, Duration::ZERO);
    let refused = run.code == 125 || run.stderr.contains("unshare failed");
    (!refused).then_some(run)
}

/// A cycle on a database that exists, on a file system with so many bytes left.
fn on_a_filled_disk(world: &World, left: u64) -> Option<Run> {
    let script = "mount -t tmpfs -o size=2000k small \"$1\" || exit 125; cp \"$4\" \"$1/trader.db\"; \
                  head -c 10M /dev/zero > \"$1/rest\" 2> \"$5\"; truncate -s -\"$6\" \"$1/rest\"; \
                  exec \"$2\" --db \"$1/trader.db\" cycle --replay \"$3\" --now 2026-09-01T13:00:30Z";
    let small = world.path("small");
    fs::create_dir_all(&small).expect("a directory can be made");
    let mut command = world.dress(Command::new("unshare"));
    command.args(["-m", "sh", "-c", script, "sh"]).arg(&small).arg(env!("CARGO_BIN_EXE_trader"));
    command.arg(fixtures()).arg(world.db()).arg(world.path("full")).arg(left.to_string());
    let run = Run::new(&command.output().ok()?, Duration::ZERO);
    let refused = run.code == 125 || run.stderr.contains("unshare failed");
    (!refused).then_some(run)
}

#[test]
fn a_full_disk_is_named_whether_the_log_or_its_index_cannot_grow() {
    let world = seasoned();
    for left in [0, 16 * 1024, 36 * 1024, 128 * 1024] {
        let Some(run) = on_a_filled_disk(&world, left) else {
            eprintln!("SKIPPED: no small file system can be made here");
            return;
        };
        assert_storage_fault(&run, &["full"]);
        assert_eq!(run.json()["errors"][0]["code"], "disk_full", "{left} bytes left: {run}");
    }
}

#[test]
fn a_full_disk_ends_the_run_and_loses_nothing() {
    let world = World::new();
    let Some(run) = on_a_small_disk(&world) else {
        eprintln!("SKIPPED: no small file system can be made here");
        return;
    };
    assert_storage_fault(&run, &["full", "space"]);
    world.assert_intact();
    world.replay().expect(0);
    assert!(world.dump_facts() == seasoned().dump_facts());
}

/// What is wrong with the way in which a configuration is refused.
fn misjudged(text: &str, line: usize, words: &[&str]) -> Option<String> {
    let world = World::new();
    let file = world.path("trader.toml");
    write(&file, text.as_bytes());
    let (config, replay) = (file.display().to_string(), fixtures().display().to_string());
    let run = world.run(&["--config", &config, "cycle", "--replay", &replay]);
    let said = |word: &str| run.stderr.contains(word);
    let rules = [
        (run.code == 2 && run.stdout.is_empty(), "it is refused as a usage error".to_owned()),
        (!world.db().exists(), "nothing is touched".to_owned()),
        (said("trader.toml"), "the file is named".to_owned()),
        (said(&format!(":{line}")) || said(&format!("line {line}")), format!("line {line} is named")),
        (words.iter().all(|word| said(word)), format!("all of {words:?} are said")),
    ];
    let broken: Vec<_> = rules.into_iter().filter(|(holds, _)| !holds).map(|(_, rule)| rule).collect();
    (!broken.is_empty()).then(|| format!("{text:?}\nnot so: {}\n{run}", broken.join(", ")))
}

#[test]
fn a_mistake_in_the_configuration_is_named_with_its_line() {
    let cases: [(&str, usize, &[&str]); 11] = [
        ("[exchange]\ndeadlin_ms = 5000\n", 2, &["deadlin_ms"]),
        ("timeframs = [\"1h\"]\n", 1, &["timeframs"]),
        ("# a comment\n\n[exchang]\ndeadline_ms = 5000\n", 3, &["exchang"]),
        ("[strategy.weights]\n\nrsy = 5\n", 3, &["rsy"]),
        ("[exchange]\n\ndeadline_ms = 5\n", 3, &["deadline_ms", "5", "50", "600"]),
        ("[exchange]\nmax_attempts = 99\n", 2, &["max_attempts", "99", "10"]),
        ("[exchange]\nmax_attempts = \"three\"\n", 2, &["max_attempts", "three"]),
        ("pairs = [\"BTC/USDT\"]\ntimeframes = [\"7h\"]\n", 2, &["timeframes", "7h"]),
        ("db = \"x.db\"\npairs = [\"BTC-\"]\n", 2, &["pairs", "BTC-"]),
        ("[strategy]\ntimeframe = \"9h\"\n", 2, &["timeframe", "9h"]),
        ("# a comment\npairs = \n", 2, &[]),
    ];
    let failures: Vec<_> = cases.iter().filter_map(|(text, line, words)| misjudged(text, *line, words)).collect();
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n\n"));
}

#[test]
fn a_mistake_in_the_environment_is_named() {
    for (name, key, value) in [
        ("TRADER_EXCHANGE_DEADLINE_MS", "deadline_ms", "5"),
        ("TRADER_EXCHANGE_MAX_ATTEMPTS", "max_attempts", "many"),
        ("TRADER_TIMEFRAMES", "timeframes", "7h"),
        ("TRADER_PAIRS", "pairs", "BTC-"),
    ] {
        let world = World::new().with(name, value);
        let run = world.replay().expect(2);
        let said = run.stderr.to_lowercase();
        assert!(said.contains(key), "{name} is not named: {run}");
        assert!(run.stderr.contains(value), "{value} is not said: {run}");
        assert!(!world.db().exists(), "{name}");
    }
}

#[test]
fn a_variable_that_is_no_text_is_refused_by_name() {
    let odd = OsStr::from_bytes(b"5000\xff");
    for name in ["TRADER_EXCHANGE_DEADLINE_MS", "TRADER_RISK_HEAT_PCT", "TRADER_PAIRS", "TRADER_NONSENSE"] {
        let world = World::new();
        let mut command = world.command(&["cycle", "--base-url", "http://127.0.0.1:1"]);
        command.env(name, odd);
        let run = Run::of(command).expect(2);
        assert!(run.stdout.is_empty() && run.stderr.contains(name) && run.stderr.contains("UTF-8"), "{run}");
        assert!(!world.db().exists(), "{name}");
    }
}

#[test]
fn a_file_may_have_a_name_that_is_no_text() {
    let (world, name) = (World::new(), OsStr::from_bytes(b"odd\xff.db"));
    let mut command = world.command(&["cycle", "--replay", &fixtures().display().to_string()]);
    command.env("TRADER_DB", name);
    Run::of(command).expect(0);
    assert!(world.path(".").join(name).exists());
}
