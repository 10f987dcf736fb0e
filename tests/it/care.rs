//! Care of the database: what is deleted and what never is, copies and their rotation, exports; all beside a run at work.

mod export;
mod prune;

use std::fs::File;
use std::path::Path;

use crate::world::{Run, World};

/// Runs a command while a cycle is at work; both to their ends.
fn beside_a_cycle(world: &World, cycle: &[&str], care: &[&str]) -> (Run, Run) {
    let mut cycle = world.command(cycle);
    let started = std::time::Instant::now();
    let child = cycle.spawn().unwrap();
    let care = world.run(care);
    let output = child.wait_with_output().unwrap();
    (Run::new(&output, started.elapsed()), care)
}

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn played() -> World {
    let world = World::new();
    world.replay().expect(0);
    world
}

/// Leaves two megabytes of pages that hold nothing.
fn leave_room(world: &World) {
    world.query("CREATE TABLE ballast (x)");
    world.query("INSERT INTO ballast VALUES (zeroblob(2000000))");
    world.query("DROP TABLE ballast");
}

#[test]
fn a_rotation_drops_older_copies_of_this_database_and_nothing_else() {
    let world = played();
    let folder = world.path("backups");
    std::fs::create_dir(&folder).unwrap();
    let older = ["trader-20200101T000000Z.db", "trader-20200101T120000Z.db", "trader-20200102T000000Z.db"];
    let others =
        ["trader.db", "other-20200101T000000Z.db", "trader-20200101.db", "notes.txt", "trader-20200103T000000Z.db"];
    older.iter().chain(&others).for_each(|name| std::fs::write(folder.join(name), "x").unwrap());
    // Put into service by somebody: a file of the log lies beside it.
    std::fs::write(folder.join("trader-20200103T000000Z.db-wal"), "x").unwrap();
    let into = folder.display().to_string();
    let run = world.run(&["db", "backup", "--into", &into, "--keep", "1", "--keep-daily", "2"]).expect(0).json();
    assert_eq!(
        run["dropped"],
        serde_json::json!(["trader-20200101T000000Z.db", "trader-20200101T120000Z.db"]),
        "{run}"
    );
    assert_eq!(run["kept"], 2);
    let left = names_in(&folder);
    assert!(others.iter().chain(&older[2..]).all(|name| left.iter().any(|n| n == name)), "{left:?}");
    let copy = run["file"].as_str().unwrap();
    world.run(&["--db", copy, "db", "check"]).expect(0);
    // Without a number, all of them stay.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let again = world.run(&["db", "backup", "--into", &into]).expect(0).json();
    assert_eq!(again["dropped"], serde_json::json!([]));
}

#[test]
fn halves_that_killed_backups_left_go_after_a_day_and_nothing_else_does() {
    let world = played();
    let folder = world.path("backups");
    std::fs::create_dir(&folder).unwrap();
    let halves = ["trader-20200101T000000Z.db.4711.part", "trader-20200101T000000Z.db.4711.part-journal"];
    let others = ["trader-20200101T000000Z.db.x.part", "mine-20200101T000000Z.db.4711.part", "trader.db.4711.part"];
    let young = "trader-20200102T000000Z.db.4712.part";
    for name in halves.iter().chain(&others).chain([&young]) {
        let file = std::fs::File::create(folder.join(name)).unwrap();
        if *name != young {
            file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_hours(25)).unwrap();
        }
    }
    std::os::unix::fs::symlink("/nowhere", folder.join("trader-20200103T000000Z.db.1.part")).unwrap();
    let run = world.run(&["db", "backup", "--into", &folder.display().to_string()]).expect(0).json();
    assert_eq!(run["swept"], serde_json::json!(halves));
    let left = names_in(&folder);
    assert_eq!(left.len(), others.len() + 3, "the young one, the link and the copy: {left:?}");
}

#[test]
fn of_a_damaged_database_there_is_no_copy_and_the_older_ones_stay() {
    let world = played();
    let into = world.path("backups").display().to_string();
    world.run(&["db", "backup", "--into", &into, "--keep", "1"]).expect(0);
    let before = names_in(&world.path("backups"));
    let page: usize = world.value("SELECT rootpage FROM sqlite_schema WHERE name = 'price_data'").parse().unwrap();
    let mut bytes = world.db_bytes();
    bytes[(page - 1) * 8192..page * 8192].fill(0x5a);
    std::fs::write(world.db(), bytes).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    world.run(&["db", "backup", "--into", &into, "--keep", "1"]).expect(7);
    assert_eq!(names_in(&world.path("backups")), before);
}

#[test]
fn writing_the_file_anew_waits_for_no_run_and_giving_pages_back_hinders_none() {
    let world = played();
    let lock = File::options().write(true).create(true).truncate(false).open(world.lock()).unwrap();
    lock.lock().unwrap();
    world.run(&["db", "vacuum"]).expect(5);
    drop(lock);
    let first = world.run(&["db", "vacuum"]).expect(0).json();
    assert_eq!(first["how"], "full");
    world.assert_intact();
    let facts = world.dump_facts();
    let lock = File::options().write(true).open(world.lock()).unwrap();
    lock.lock().unwrap();
    leave_room(&world);
    let again = world.run(&["db", "vacuum"]).expect(0).json();
    assert_eq!(again["how"], "incremental", "no lock is needed");
    assert!(again["bytes_after"].as_u64() < again["bytes_before"].as_u64(), "{again}");
    let size = std::fs::metadata(world.db()).unwrap().len();
    assert_eq!(Some(size), again["bytes_after"].as_u64(), "the disk has it back");
    world.run(&["db", "vacuum", "--full"]).expect(5);
    drop(lock);
    world.run(&["db", "vacuum", "--full"]).expect(0);
    world.assert_intact();
    assert!(facts == world.dump_facts());
    world.run(&["db", "check"]).expect(0);
}

#[test]
fn without_room_for_it_the_file_is_not_written_anew() {
    let world = played();
    let before = world.dump_facts();
    let Some(run) = world.run_capped(200 * 1024, &["db", "vacuum"]) else { return };
    assert_eq!(run.code, 7, "{run}");
    // What fails is a temporary file, of which SQLite says no more than that it failed.
    let code = run.json()["errors"][0]["code"].clone();
    assert!(["disk_full", "disk_failed"].contains(&code.as_str().unwrap()), "{run}");
    world.assert_intact();
    assert!(before == world.dump_facts());
    world.run(&["db", "vacuum"]).expect(0);
}

#[test]
fn whatever_is_done_beside_it_a_cycle_decides_the_same() {
    let cycle = ["cycle", "--replay", &crate::world::fixtures().display().to_string(), "--now", "2026-09-01T13:00:30Z"];
    let calm = played();
    calm.run(&cycle).expect(0);
    let expected = calm.dump_facts();
    let into = calm.path("copies").display().to_string();
    for care in [
        &["db", "prune"][..],
        &["db", "backup", "--into", &into],
        &["db", "export", "--topic", "candles", "--format", "parquet", "--out", "candles.parquet"],
        &["db", "export", "--topic", "candles", "--format", "csv", "--out", "candles.csv"],
    ] {
        let world = played();
        let (cycle, care) = beside_a_cycle(&world, &cycle, care);
        assert_eq!((cycle.code, care.code), (0, 0), "{cycle}\n{care}");
        world.assert_intact();
        let facts = world.dump_facts();
        assert!(facts == expected, "{care}: {}", crate::crash::first_difference(&expected, &facts));
    }
    // Pages are given back, or the file is written anew, or one of both says that it is busy; nothing breaks.
    let world = played();
    let (cycle, vacuum) = beside_a_cycle(&world, &cycle, &["db", "vacuum"]);
    assert!([0, 5].contains(&cycle.code) && [0, 5].contains(&vacuum.code), "{cycle}\n{vacuum}");
    world.assert_intact();
    let world = played();
    world.run(&["db", "vacuum"]).expect(0);
    leave_room(&world);
    let (cycle, vacuum) = beside_a_cycle(
        &world,
        &["cycle", "--replay", &crate::world::fixtures().display().to_string()],
        &["db", "vacuum"],
    );
    assert_eq!((cycle.code, vacuum.code), (0, 0), "{cycle}\n{vacuum}");
    world.assert_intact();
}

#[test]
fn what_is_answered_obeys_the_schema_of_its_document() {
    let world = played();
    for (document, arguments) in [
        ("db-backup", &["db", "backup", "one.db"][..]),
        ("db-backup", &["db", "backup", "--into", "backups", "--keep", "1"]),
        ("db-prune", &["db", "prune", "--dry-run"]),
        ("db-vacuum", &["db", "vacuum"]),
        ("db-export", &["db", "export", "--topic", "fills", "--format", "csv", "--out", "fills.csv"]),
    ] {
        crate::contract::Promise::of(document).holds(&world.run(arguments).expect(0));
    }
}
