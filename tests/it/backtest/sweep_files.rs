//! The files of rows: shards, their joining, and whatever stands in their way.

use std::fs::{self, File};
use std::path::Path;

use super::command::lived;
use super::sweep::{GRID, names, swept, trials};
use crate::contract::Promise;
use crate::storage_faults::{set_mode, unprivileged};
use crate::world::{Run, World};

/// One part, into a file of its own.
fn shard(world: &World, number: usize, of: usize, more: &[&str]) -> Run {
    let (part, out) = (format!("{number}/{of}"), name(number));
    swept(world, &[&["--shard", &part, "--out", &out], more].concat())
}

fn name(number: usize) -> String {
    format!("rows-{number}.jsonl")
}

fn read(world: &World, file: &str) -> Vec<u8> {
    fs::read(world.path(file)).unwrap()
}

fn write(world: &World, file: &str, bytes: impl AsRef<[u8]>) {
    fs::write(world.path(file), bytes).unwrap();
}

fn merge(world: &World, files: &[&str]) -> Run {
    world.run(&[&["sweep", "merge"], files].concat())
}

/// A world in which three shards have ended.
fn sharded() -> World {
    let world = lived();
    (1..=3).for_each(|number| drop(shard(&world, number, 3, &[]).expect(0)));
    world
}

#[test]
fn shards_join_to_the_bytes_of_the_whole_in_whatever_order() {
    let (whole, world) = (lived(), sharded());
    assert_eq!(trials(&world), "0", "a shard only reads the database");
    let all = swept(&whole, &[]).expect(0);
    let [a, b, c] = [1, 2, 3].map(name);
    for order in [[&a, &b, &c], [&a, &c, &b], [&b, &a, &c], [&b, &c, &a], [&c, &a, &b], [&c, &b, &a]] {
        let merged = merge(&world, &order.map(String::as_str)).expect(0);
        assert_eq!(merged.stdout, all.stdout, "{order:?}");
        assert_eq!(trials(&world), "9", "joining writes the trials, once");
    }
    assert_eq!(swept(&world, &[]).expect(0).stdout, all.stdout, "and they are those of the whole");
    for format in ["csv", "table"] {
        let all = swept(&whole, &["--format", format]).expect(0);
        assert_eq!(merge(&world, &[&a, &b, &c, "--format", format]).expect(0).stdout, all.stdout);
    }
}

#[test]
fn however_many_shards_there_are_their_rows_are_those_of_the_whole() {
    let world = lived();
    swept(&world, &["--out", "whole.jsonl", "--jobs", "2"]).expect(0);
    let rows = |file: &str| {
        let text = String::from_utf8(read(&world, file)).unwrap();
        text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    let all = rows("whole.jsonl");
    assert_eq!(all.len(), 9);
    // More parts than combinations: some have none.
    for of in [1, 2, 4, 9, 11] {
        let files: Vec<String> = (1..=of).map(name).collect();
        (1..=of).for_each(|number| drop(shard(&world, number, of, &["--jobs", "2"]).expect(0)));
        assert_eq!(files.iter().flat_map(|file| rows(file)).collect::<Vec<_>>(), all, "{of} shards");
        merge(&world, &files.iter().map(String::as_str).collect::<Vec<_>>()).expect(0);
        for file in files {
            fs::remove_file(world.path(&file)).unwrap();
        }
    }
    // One file of everything is all parts there are.
    merge(&world, &["whole.jsonl"]).expect(0);
}

#[test]
fn shards_of_what_chance_has_drawn_join_too() {
    let (whole, world) = (lived(), lived());
    let drawn = ["--random", "5", "--seed", "3"];
    let all = swept(&whole, &drawn).expect(0);
    (1..=2).for_each(|number| drop(shard(&world, number, 2, &drawn).expect(0)));
    assert_eq!(merge(&world, &["rows-2.jsonl", "rows-1.jsonl"]).expect(0).stdout, all.stdout);
}

#[test]
fn a_shard_says_where_its_rows_are() {
    let world = lived();
    let promise = Promise::of("shard");
    for found in [0, 3] {
        let run = shard(&world, 2, 3, &[]).expect(0);
        promise.holds(&run);
        let json = run.json();
        assert_eq!((&json["shard"]["number"], &json["shard"]["of"]), (&2.into(), &3.into()));
        assert_eq!((&json["file"], &json["rows"], &json["found"]), (&"rows-2.jsonl".into(), &3.into(), &found.into()));
    }
}

#[test]
fn a_shard_that_was_cut_off_at_any_byte_is_gone_on_with_to_the_same_bytes() {
    let world = lived();
    shard(&world, 2, 3, &[]).expect(0);
    let whole = read(&world, "rows-2.jsonl");
    let ends: Vec<usize> = (1..=whole.len()).filter(|end| whole[end - 1] == b'\n').collect();
    assert_eq!((ends.len(), ends[3]), (4, whole.len()), "a head and three rows");
    let around = ends.iter().flat_map(|end| [end - 1, *end, end + 1]);
    let cuts = [0, 1, ends[0] / 2, usize::midpoint(ends[1], ends[2])].into_iter().chain(around);
    for cut in cuts.filter(|cut| *cut <= whole.len()) {
        write(&world, "rows-2.jsonl", &whole[..cut]);
        let run = shard(&world, 2, 3, &[]).expect(0);
        assert!(read(&world, "rows-2.jsonl") == whole, "cut at {cut}: {run}");
        let found = ends.iter().filter(|end| **end <= cut).count().saturating_sub(1);
        assert_eq!(run.json()["found"], found, "cut at {cut}");
    }
}

#[test]
fn a_run_that_was_killed_at_work_is_gone_on_with_to_the_same_bytes() {
    let (calm, world) = (lived(), lived());
    let many = [&MANY[..], &["--jobs", "2", "--out", "rows.jsonl"]].concat();
    let whole = calm.run(&many).expect(0);
    for _ in 0..3 {
        let before = fs::metadata(world.path("rows.jsonl")).map_or(0, |file| file.len());
        let mut child = world.command(&many).spawn().unwrap();
        let grows = || fs::metadata(world.path("rows.jsonl")).is_ok_and(|file| file.len() > before);
        while !grows() && child.try_wait().unwrap().is_none() {}
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let run = world.run(&many).expect(0);
    assert_eq!(run.stdout, whole.stdout);
    assert!(read(&world, "rows.jsonl") == read(&calm, "rows.jsonl"));
}

#[test]
fn a_whole_sweep_goes_on_from_its_file_and_prints_the_same() {
    let world = lived();
    let first = swept(&world, &["--out", "all.jsonl"]).expect(0);
    let whole = read(&world, "all.jsonl");
    write(&world, "all.jsonl", &whole[..whole.len() / 2]);
    assert_eq!(swept(&world, &["--out", "all.jsonl"]).expect(0).stdout, first.stdout);
    assert!(read(&world, "all.jsonl") == whole);
    assert_eq!(swept(&world, &[]).expect(0).stdout, first.stdout);
}

#[test]
fn a_shard_that_has_ended_is_left_as_it_is() {
    let world = sharded();
    let (files, before) = ([1, 2, 3].map(|number| read(&world, &name(number))), names(&world));
    for number in 1..=3 {
        let json = shard(&world, number, 3, &[]).expect(0).json();
        assert_eq!((&json["rows"], &json["found"]), (&3.into(), &3.into()));
    }
    assert!([1, 2, 3].map(|number| read(&world, &name(number))) == files);
    assert_eq!((names(&world), trials(&world).as_str()), (before, "0"));
}

#[test]
fn the_rows_of_anything_else_are_not_gone_on_with() {
    let world = sharded();
    let rows = read(&world, "rows-2.jsonl");
    let others: [&[&str]; 7] = [
        &["--shard", "1/3"],
        &["--shard", "2/4"],
        &["--shard", "2/3", "--costs", "2"],
        &["--shard", "2/3", "--to", "2026-08-31"],
        &["--shard", "2/3", "--random", "9"],
        &["--shard", "2/3", "--grid", "exits.trail_atr=0,1"],
        &[],
    ];
    for other in others {
        let run = swept(&world, &[other, &["--out", "rows-2.jsonl"]].concat()).expect(2);
        assert!(run.stderr.contains("rows of other settings, candles or another program"), "{other:?}: {run}");
        assert!(run.stderr.contains("rows-2.jsonl") && run.stdout.is_empty(), "{run}");
        assert!(read(&world, "rows-2.jsonl") == rows, "{other:?}");
    }
    let text = String::from_utf8(rows).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for (bad, words) in [
        ([lines[0], lines[2], lines[1]], "not those of this sweep"),
        ([lines[0], lines[1], lines[1]], "not those of this sweep"),
        ([lines[0], lines[1], "{\"number\":4}"], "row 2 of rows-2.jsonl makes no sense"),
        ([lines[0], "", lines[1]], "row 1 of rows-2.jsonl makes no sense"),
        (["{}", lines[1], lines[2]], "something else"),
        (["", lines[1], lines[2]], "something else"),
    ] {
        let bad = bad.join("\n") + "\n";
        write(&world, "rows-2.jsonl", &bad);
        let run = shard(&world, 2, 3, &[]).expect(2);
        assert!(run.stderr.contains(words) && run.stderr.contains("remove"), "{bad}\n{run}");
        assert!(read(&world, "rows-2.jsonl") == bad.as_bytes(), "{bad}");
    }
}

#[test]
fn rows_never_take_the_place_of_something_else() {
    let world = lived();
    let (garbage, letter) = (vec![0xff_u8; 100_000], "Dear reader, these are no rows.\n".repeat(10));
    write(&world, "garbage", &garbage);
    write(&world, "letter", &letter);
    write(&world, "config.toml", "");
    fs::create_dir(world.path("folder")).unwrap();
    let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, world.path(name)).unwrap();
    ["/dev/full", "/dev/zero", "/dev/null"]
        .into_iter()
        .zip(["full", "zero", "null"])
        .for_each(|(to, name)| link(to, name));
    link("nowhere", "dangling");
    link("trader.db.lock", "disguise");
    let is_fifo = std::process::Command::new("mkfifo").arg(world.path("fifo")).status().is_ok_and(|s| s.success());
    let (before, database) = (names(&world), world.db_bytes());
    for (place, words) in [
        ("garbage", "holds something else"),
        ("letter", "holds something else"),
        ("trader.db", "it is the database"),
        ("trader.db.lock", "a file beside them"),
        ("trader.db-wal", "a file beside them"),
        ("disguise", "a file beside them"),
        ("config.toml", "the configuration"),
        ("folder", "it is a folder"),
        ("full", "it is no regular file"),
        ("zero", "it is no regular file"),
        ("null", "it is no regular file"),
        ("fifo", "it is no regular file"),
        ("dangling", "a link that leads nowhere"),
        ("letter/rows.jsonl", "letter/rows.jsonl"),
    ] {
        if place == "fifo" && !is_fifo {
            continue;
        }
        let config = ["--config", "config.toml", "--shard", "1/3", "--out", place];
        let run = swept(&world, &config).expect(2);
        assert!(run.stderr.contains(words) && run.stdout.is_empty(), "{place}: {run}");
        assert!(run.stderr.contains(place), "the file is named: {run}");
    }
    assert!(names(&world) == before && world.db_bytes() == database);
    assert!(read(&world, "garbage") == garbage && read(&world, "letter") == letter.as_bytes());
}

#[test]
fn where_no_file_can_be_is_told_with_the_cause() {
    let world = lived();
    let run = swept(&world, &["--shard", "1/3", "--out", "no/such/folder/rows.jsonl"]).expect(7);
    assert_eq!(run.json()["errors"][0]["code"], "storage", "{run}");
    assert!(run.stderr.contains("no/such/folder/rows.jsonl: No such file or directory"), "{run}");
    assert!(run.stderr.contains("make its folder first") && !run.stderr.contains("make room"), "{run}");
}

/// The database of a world that has lived, where this user may read it and not write it.
fn unwritable() -> World {
    let world = lived();
    world.query("PRAGMA wal_checkpoint(TRUNCATE)");
    fs::create_dir_all(world.path("shared")).unwrap();
    fs::copy(world.db(), world.path("shared/trader.db")).unwrap();
    let world = world.with("TRADER_DB", "shared/trader.db");
    for (file, mode) in [("shared/trader.db", 0o444), ("shared", 0o555), (".", 0o755)] {
        set_mode(Path::new(&world.path(file)), mode);
    }
    world
}

#[test]
fn what_cannot_be_recorded_is_told_all_the_same() {
    let world = unwritable();
    let walk =
        ["walk-forward", "--from", "2026-08-24", "--train", "3d", "--purge", "0", "--embargo", "1d", "--test", "1d"];
    let walk = [&walk[..], &["--grid", "exits.stop_atr=1..3:1"]].concat();
    let csv = [&GRID[..], &["--format", "csv"]].concat();
    let backtest = ["backtest", "--from", "2026-08-30"];
    for (arguments, count) in [(&GRID[..], "9"), (&csv, "9"), (&walk, "1"), (&backtest, "1")] {
        let Some(run) = unprivileged(&world, arguments) else {
            eprintln!("SKIPPED: an account without rights cannot reach the program here");
            break;
        };
        let twin = lived();
        let (told, run) = (twin.run(arguments).expect(0), run.expect(7));
        assert_eq!(run.stdout, told.stdout, "{arguments:?}");
        assert!(run.stderr.contains("are not recorded"), "{run}");
        assert_eq!(trials(&twin), count);
    }
    set_mode(Path::new(&world.path("shared")), 0o755);
}

#[test]
fn a_file_that_another_run_writes_is_busy() {
    let world = lived();
    let file = File::create(world.path("rows-1.jsonl")).unwrap();
    file.try_lock().unwrap();
    let run = shard(&world, 1, 3, &[]).expect(5);
    assert_eq!((run.json()["status"].as_str(), read(&world, "rows-1.jsonl").len()), (Some("busy"), 0), "{run}");
    drop(file);
    shard(&world, 1, 3, &[]).expect(0);
}

/// Enough rows to fill what a test may write: 505 of a third of a kilobyte.
const MANY: [&str; 7] =
    ["sweep", "--from", "2026-08-30", "--grid", "strategy.buy_score=30..50:0.2", "--grid", "exits.stop_atr=2..4:0.5"];

#[test]
fn a_full_disk_ends_a_shard_with_the_cause_and_the_next_run_goes_on() {
    let (calm, world) = (lived(), lived());
    let many = [&MANY[..], &["--shard", "1/1", "--out", "rows.jsonl"]].concat();
    calm.run(&many).expect(0);
    let whole = read(&calm, "rows.jsonl");
    assert!(whole.len() > 150_000, "{}", whole.len());
    for kilobytes in [64, 100, 128] {
        let Some(run) = world.run_capped(kilobytes * 1024, &many) else { return };
        let run = run.expect(7);
        assert_eq!((&run.json()["status"], &run.json()["errors"][0]["code"]), (&"storage".into(), &"storage".into()));
        assert!(run.stderr.contains("cannot write rows.jsonl: File too large"), "{run}");
        assert!(!run.stderr.contains("panicked"), "{run}");
        let written = read(&world, "rows.jsonl");
        assert!(whole.starts_with(&written) && written.len() >= 60_000, "{}", written.len());
    }
    let run = world.run(&many).expect(0);
    assert!(read(&world, "rows.jsonl") == whole);
    assert!(run.json()["found"].as_u64().unwrap() > 50, "{run}");
}

#[test]
fn a_disk_that_is_full_when_the_trials_are_kept_keeps_none_of_them() {
    let world = lived();
    let many = [&MANY[..], &["--out", "rows.jsonl"]].concat();
    let whole = swept(&world, &["--jobs", "1"]).expect(0);
    world.query("PRAGMA wal_checkpoint(TRUNCATE)");
    world.run(&[&MANY[..], &["--shard", "1/1", "--out", "part.jsonl"]].concat()).expect(0);
    let Some(run) = world.run_capped(64 * 1024, &["sweep", "merge", "part.jsonl"]) else { return };
    // What the rows came to is told all the same, beside all trials there would be.
    let run = run.expect(7);
    assert_eq!((&run.json()["tried"], &run.json()["trials"]), (&505.into(), &514.into()));
    assert!(run.stderr.contains("the trials of this run are not recorded"), "{run}");
    world.assert_intact();
    assert_eq!(trials(&world), "9");
    world.run(&many).expect(0);
    assert_eq!(trials(&world), "514");
    assert_eq!(whole.json()["trials"], 9);
}

#[test]
fn joining_names_what_is_missing_twice_or_from_elsewhere() {
    let world = sharded();
    let other = |more: &[&str], out: &str| {
        swept(&world, &[more, &["--out", out]].concat()).expect(0);
    };
    other(&["--shard", "2/3", "--costs", "2"], "costs.jsonl");
    other(&["--shard", "3/3", "--grid", "exits.trail_atr=0,1"], "grid.jsonl");
    other(&["--shard", "2/4"], "quarter.jsonl");
    fs::copy(world.path("rows-2.jsonl"), world.path("copy.jsonl")).unwrap();
    let text = String::from_utf8(read(&world, "rows-2.jsonl")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let newer = text.replace("trader.sweep.rows.v1", "trader.sweep.rows.v2");
    let nothing = lines[0].replace(r#"{"number":2,"of":3}"#, r#"{"number":0,"of":0}"#);
    let endless = lines[0].replace(r#"{"number":2,"of":3}"#, &format!(r#"{{"number":2,"of":{}}}"#, u64::MAX));
    for (file, text) in [
        ("cut-row.jsonl", text[..text.len() - 9].to_owned()),
        ("cut-end.jsonl", text[..text.len() - 1].to_owned()),
        ("fewer.jsonl", [lines[0], lines[1], ""].join("\n")),
        ("more.jsonl", [&lines[..], &[lines[3], ""]].concat().join("\n")),
        ("swapped.jsonl", [lines[0], lines[2], lines[1], lines[3], ""].join("\n")),
        ("head.jsonl", lines[0].to_owned() + "\n"),
        ("newer.jsonl", newer),
        ("nothing.jsonl", nothing + "\n"),
        ("endless.jsonl", endless + "\n"),
        ("empty.jsonl", String::new()),
        ("letter.jsonl", "Dear reader\n".to_owned()),
        ("number.jsonl", "7\n".to_owned()),
    ] {
        write(&world, file, text);
    }
    write(&world, "garbage.jsonl", [0xff_u8; 1000]);
    for (second, words) in [
        (&[][..], "of 3 shards these are missing: 2"),
        (&["rows-2.jsonl", "copy.jsonl"], "a shard is there twice: rows-2.jsonl is part 2 of 3, and so is copy.jsonl"),
        (&["rows-1.jsonl"], "a shard is there twice: rows-1.jsonl is part 1 of 3, and so is rows-1.jsonl"),
        (&["costs.jsonl"], "rows-1.jsonl and costs.jsonl come from different sweeps"),
        (&["rows-2.jsonl", "grid.jsonl"], "a shard is there twice"),
        (&["quarter.jsonl"], "different divisions: rows-1.jsonl is part 1 of 3, quarter.jsonl is part 2 of 4"),
        (&["cut-row.jsonl"], "cut-row.jsonl ends within a row: its shard has not ended yet"),
        (&["cut-end.jsonl"], "cut-end.jsonl ends within a row: its shard has not ended yet"),
        (&["fewer.jsonl"], "fewer.jsonl has 1 rows of 3: its shard has not ended yet"),
        (&["head.jsonl"], "head.jsonl has 0 rows of 3: its shard has not ended yet"),
        (&["more.jsonl"], "more.jsonl has 4 rows where 3 are right"),
        (&["swapped.jsonl"], "not those of their sweep"),
        (&["newer.jsonl"], "different sweeps"),
        (&["nothing.jsonl"], "nothing.jsonl is no part of anything"),
        (&["empty.jsonl"], "empty.jsonl is no file of rows: it is empty"),
        (&["letter.jsonl"], "letter.jsonl is no file of rows"),
        (&["number.jsonl"], "number.jsonl is no file of rows"),
        (&["garbage.jsonl"], "garbage.jsonl is no file of rows"),
        (&["trader.db"], "trader.db is no file of rows"),
        (&["."], ". is no file of rows: Is a directory"),
        (&["nobody.jsonl"], "cannot read nobody.jsonl: No such file or directory"),
    ] {
        let run = merge(&world, &[&["rows-1.jsonl", "rows-3.jsonl"], second].concat()).expect(2);
        assert!(run.stderr.contains(words) && run.stdout.is_empty(), "{second:?}: {run}");
    }
    for first in ["newer.jsonl", "letter.jsonl", "number.jsonl", "empty.jsonl"] {
        let run = merge(&world, &[first]).expect(2);
        assert!(run.stderr.contains(first), "{run}");
    }
    let endless = merge(&world, &["endless.jsonl"]).expect(2);
    assert!(endless.stderr.contains("are missing: 1, 3, 4,") && endless.stderr.len() < 300, "{endless}");
    assert!(merge(&world, &[]).expect(2).stderr.contains("<FILE>"));
    assert_eq!(trials(&world), "0", "nothing was kept");
    merge(&world, &["rows-1.jsonl", "copy.jsonl", "rows-3.jsonl"]).expect(0);
}

#[test]
fn joining_without_a_database_is_told() {
    let (world, other) = (sharded(), World::new());
    let files = [1, 2, 3].map(|number| world.path(&name(number)).display().to_string());
    let run = merge(&other, &[&files[0], &files[1], &files[2]]).expect(7);
    assert_eq!(run.json()["errors"][0]["code"], "database_missing", "{run}");
}

#[test]
fn a_shard_reads_a_database_that_nobody_may_write() {
    let world = lived();
    world.query("PRAGMA wal_checkpoint(TRUNCATE)");
    fs::create_dir_all(world.path("shared/rows")).unwrap();
    fs::copy(world.db(), world.path("shared/trader.db")).unwrap();
    let world = world.with("TRADER_DB", "shared/trader.db");
    let set = |file: &str, mode: u32| set_mode(Path::new(&world.path(file)), mode);
    for (file, mode) in [("shared/trader.db", 0o444), ("shared/rows", 0o777), ("shared", 0o555), (".", 0o755)] {
        set(file, mode);
    }
    let arguments = ["sweep", "--from", "2026-08-28", "--grid", "exits.stop_atr=2,3", "--shard", "1/1", "--out"];
    let run = unprivileged(&world, &[&arguments[..], &["shared/rows/rows.jsonl"]].concat());
    set("shared", 0o755);
    let Some(run) = run else {
        eprintln!("SKIPPED: an account without rights cannot reach the program here");
        return;
    };
    assert_eq!(run.expect(0).json()["rows"], 2);
    assert!(!world.path("shared/trader.db-wal").exists() && !world.path("shared/trader.db.lock").exists());
}
