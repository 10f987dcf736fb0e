//! A file that the program writes appears whole or not at all, and never takes the place of anything that must stay.

use std::fs;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::process::Command;

use crate::world::{Run, World, fixtures};

/// `cycle` on the recording with its summary in that file.
fn summed_up(world: &World, file: &str) -> Run {
    world.run(&["cycle", "--replay", &fixtures().display().to_string(), "--summary-file", file])
}

/// A world with a database that was written to.
fn seasoned() -> World {
    let world = World::new();
    world.replay().expect(0);
    world
}

/// Asserts that a file was refused before anything else was done.
#[track_caller]
fn assert_refused(run: &Run, file: &str) {
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{file}: {run}");
    assert!(run.stderr.contains(file), "{file} is not named: {run}");
}

/// The database and what stands or may stand beside it.
const OURS: [&str; 5] = ["trader.db", "trader.db-wal", "trader.db-shm", "trader.db-journal", "trader.db.lock"];

#[test]
fn a_summary_never_takes_the_place_of_the_database_or_of_what_is_beside_it() {
    for file in OURS {
        let world = World::new();
        assert_refused(&summed_up(&world, file), file);
        assert_eq!(world.names(), Vec::<String>::new(), "nothing was touched");
    }
    let world = seasoned();
    let (bytes, names) = (world.db_bytes(), world.names());
    for file in OURS {
        assert_refused(&summed_up(&world, file), file);
        assert_refused(&world.run(&["cycle", "--summary-file", file]), file);
    }
    symlink("trader.db", world.path("link")).unwrap();
    assert_refused(&summed_up(&world, "link"), "link");
    assert_refused(&summed_up(&world, "../../../../../../../proc/self/cwd/trader.db"), "trader.db");
    fs::remove_file(world.path("link")).unwrap();
    assert!(world.db_bytes() == bytes && world.names() == names);
    world.replay().expect(0);
}

#[test]
fn a_summary_spares_the_live_database_when_a_recording_has_its_own_and_the_configuration() {
    let world = World::new();
    let replay = fixtures().display().to_string();
    let files = ["data/trader/trader.db", "config/trader/config.toml"];
    for file in files {
        fs::create_dir_all(world.path(file).parent().unwrap()).unwrap();
        fs::write(world.path(file), "").unwrap();
        let mut command = world.command(&["cycle", "--replay", &replay, "--summary-file", file]);
        command.env_remove("TRADER_DB");
        assert_refused(&Run::of(command), file);
    }
    assert!(files.iter().all(|file| fs::read(world.path(file)).is_ok_and(|bytes| bytes.is_empty())));
}

#[test]
fn a_summary_never_takes_the_place_of_a_pipe_or_a_device() {
    let world = World::new();
    let made = |program: &str, arguments: &[&str]| {
        Command::new(program).args(arguments).current_dir(world.path("")).status().is_ok_and(|status| status.success())
    };
    assert!(made("mkfifo", &["pipe"]), "a pipe with a name can be made");
    assert_refused(&summed_up(&world, "pipe"), "pipe");
    assert!(fs::symlink_metadata(world.path("pipe")).unwrap().file_type().is_fifo());
    symlink("pipe", world.path("link")).unwrap();
    assert_refused(&summed_up(&world, "link"), "link");
    assert_eq!(world.names(), ["link", "pipe"], "nothing was touched");
    if !made("mknod", &["device", "c", "1", "3"]) {
        eprintln!("SKIPPED: nobody may make a device here");
        return;
    }
    assert_refused(&summed_up(&world, "device"), "device");
    assert!(fs::symlink_metadata(world.path("device")).unwrap().file_type().is_char_device());
}

#[test]
fn a_link_to_a_file_stays_and_the_file_is_replaced() {
    let world = World::new();
    fs::create_dir(world.path("real")).unwrap();
    fs::write(world.path("real/summary.json"), "the one before").unwrap();
    symlink("real/summary.json", world.path("link")).unwrap();
    let run = summed_up(&world, "link").expect(0);
    assert!(fs::symlink_metadata(world.path("link")).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(world.path("real/summary.json")).unwrap(), run.stdout);
    assert_eq!(fs::read_dir(world.path("real")).unwrap().count(), 1);
    symlink("nowhere", world.path("astray")).unwrap();
    assert_refused(&summed_up(&world, "astray"), "astray");
}

#[test]
fn a_summary_file_that_fails_at_the_end_is_told_on_stdout_with_the_exit_code() {
    let world = World::new();
    fs::write(world.path("summary.json"), "the one before").unwrap();
    let replay = fixtures().display().to_string();
    let arguments = ["cycle", "--dry-run", "--replay", &replay, "--summary-file", "summary.json"];
    let Some(run) = world.run_capped(2048, &arguments) else { return };
    let run = run.expect(1).says("summary_file");
    let json = run.json();
    assert_eq!((&json["status"], &json["exit_code"]), (&"internal".into(), &1.into()), "{run}");
    for key in ["text", "remedy"] {
        let said = json["errors"][0][key].as_str().unwrap_or_default();
        assert!(!said.is_empty() && run.stderr.contains(said), "{key} is for people too: {run}");
    }
    assert!(json["errors"][0]["text"].as_str().unwrap().contains("summary.json"), "{run}");
    assert!(run.decided("BTC/USDT"), "what was decided is printed: {run}");
    crate::contract::Promise::of("cycle").holds(&run);
    assert_eq!(world.names(), ["summary.json"], "nothing half written is left");
    assert_eq!(fs::read_to_string(world.path("summary.json")).unwrap(), "the one before");
}

#[test]
fn a_backup_never_takes_the_place_of_anything() {
    let world = seasoned();
    symlink("nowhere", world.path("link")).unwrap();
    let (bytes, names) = (world.db_bytes(), world.names());
    for file in OURS.into_iter().chain(["link"]) {
        assert_refused(&world.run(&["db", "backup", file]), file);
    }
    assert!(world.db_bytes() == bytes && world.names() == names);
    assert!(fs::symlink_metadata(world.path("link")).unwrap().is_symlink());
}

/// What a backup to `copy.db` left, whole or not.
fn copies(world: &World) -> Vec<String> {
    world.names().into_iter().filter(|name| name.starts_with("copy")).collect()
}

#[test]
fn a_backup_that_fails_leaves_nothing_behind() {
    let world = seasoned();
    let Some(run) = world.run_capped(128 * 1024, &["db", "backup", "copy.db"]) else { return };
    assert_eq!(run.expect(7).json()["exit_code"], 7);
    assert_eq!(copies(&world), Vec::<String>::new());
}

#[test]
fn a_backup_of_a_damaged_database_is_no_backup() {
    let world = seasoned();
    world.query("PRAGMA wal_checkpoint(TRUNCATE)");
    let mut bytes = world.db_bytes();
    let middle = bytes.len() / 2 / 8192 * 8192;
    bytes[middle..middle + 8192].fill(0x5a);
    fs::write(world.db(), bytes).unwrap();
    let run = world.run(&["db", "backup", "copy.db"]).expect(7).says("database_corrupt");
    assert!(run.stderr.contains("backup") && run.json()["errors"][0]["remedy"].to_string().contains("copy"), "{run}");
    assert_eq!(copies(&world), Vec::<String>::new(), "the copy is gone, and nothing half written is left");
}

#[test]
fn a_backup_is_whole_and_opens_like_the_database() {
    let world = seasoned();
    world.run(&["db", "backup", "copy 100%?.db"]).expect(0);
    assert_eq!(copies(&world), ["copy 100%?.db"]);
    let run = world.run(&["--db", "copy 100%?.db", "db", "check"]).expect(0);
    assert_eq!(run.json()["ok"], true, "{run}");
}

#[test]
fn a_configuration_that_could_not_be_written_is_not_there_the_next_time() {
    let world = World::new();
    let arguments = ["--config", "trader.toml", "config", "init"];
    let Some(run) = world.run_capped(1024, &arguments) else { return };
    assert!(run.code == 1 && run.stderr.contains("trader.toml"), "{run}");
    assert_eq!(world.names(), Vec::<String>::new());
    world.run(&arguments).expect(0);
    let text = fs::read_to_string(world.path("trader.toml")).unwrap();
    world.run(&arguments).expect(2);
    assert_eq!(fs::read_to_string(world.path("trader.toml")).unwrap(), text);
    symlink("nowhere", world.path("link")).unwrap();
    world.run(&["--config", "link", "config", "init"]).expect(2);
    assert_eq!(world.names(), ["link", "trader.toml"]);
}
