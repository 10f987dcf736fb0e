//! The real cron, for a scratch account of this machine: started by hand, and stopped after it has run one job.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::world::fixtures;

/// An account that exists on every system and has no crontab.
const ACCOUNT: &str = "games";

fn crontab(arguments: &[&str], stdin: Option<&Path>) -> String {
    let mut command = Command::new("crontab");
    command.args(["-u", ACCOUNT]).args(arguments).args(stdin);
    String::from_utf8_lossy(&command.output().expect("crontab starts").stdout).into_owned()
}

/// `cargo test --test it real_cron -- --ignored`, as root, where no cron runs.
#[test]
#[ignore = "needs root and an idle cron, and takes a minute"]
fn the_real_cron_runs_a_cycle() {
    let folder = tempfile::Builder::new().prefix("trader 50% ").tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(crontab(&["-l"], None), "", "{ACCOUNT} has a crontab: it is left alone");
    let db = folder.path().join("trader.db").display().to_string();
    let print = ["--db", &db, "schedule", "print", "--with", "cron", "--delay", "0", "--mailto", ""];
    let mut program = Command::new(env!("CARGO_BIN_EXE_trader"));
    // The account may not look into the home folder of whoever tests.
    program.args(print).env("XDG_CONFIG_HOME", folder.path()).env("XDG_DATA_HOME", folder.path());
    let printed = program.output().unwrap();
    let block = String::from_utf8(printed.stdout).unwrap();
    std::fs::create_dir(folder.path().join("logs")).unwrap();
    std::fs::set_permissions(folder.path().join("logs"), std::fs::Permissions::from_mode(0o777)).unwrap();
    // The same line, every minute and on a recording.
    let line = block.lines().find(|line| line.contains(" cycle ")).unwrap();
    let replay = format!(" cycle --replay '{}' ", fixtures().display());
    let line = line.replacen("0 * * * * ", "* * * * * ", 1).replacen(" cycle ", &replay, 1);
    let file = folder.path().join("crontab");
    // Such accounts have a home folder that need not be there, and cron goes there first.
    std::fs::write(&file, format!("MAILTO=\"\"\nHOME={}\n{line}\n", folder.path().display())).unwrap();
    crontab(&[], Some(&file));
    let mut cron = Command::new("cron").arg("-f").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let summary = folder.path().join("logs/cycle.jsonl");
    let begun = Instant::now();
    let has_said = || std::fs::read_to_string(&summary).is_ok_and(|text| text.ends_with('\n'));
    while !has_said() && begun.elapsed() < Duration::from_secs(80) {
        std::thread::sleep(Duration::from_millis(200));
    }
    cron.kill().unwrap();
    cron.wait().unwrap();
    crontab(&["-r"], None);
    let said: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&summary).unwrap()).unwrap();
    assert_eq!((&said["schema"], &said["exit_code"]), (&"trader.cycle.v1".into(), &0.into()));
    let log = std::fs::read_to_string(folder.path().join("logs/trader.log")).unwrap();
    let end: serde_json::Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert_eq!((&end["code"], &end["run_id"]), (&"ok".into(), &said["run_id"]));
}
