//! Schedules: what is printed is what is installed, other lines are left alone, and what is installed runs.

mod real_cron;
mod system;
mod tools;

use serde_json::Value;

use self::tools::Tools;
use crate::contract::Promise;
use crate::world::fixtures;

/// The marks around what is ours.
const BEGIN: &str = "# BEGIN trader (managed)\n";
const END: &str = "# END trader\n";

#[test]
fn a_crontab_gets_one_block_and_keeps_every_other_line_byte_for_byte() {
    for other in ["", "# mine\n5 5 * * * true\n", "MAILTO=\"me\"\n\n  0 3 * * *\techo 'a  b' 100\\%\n"] {
        let tools = Tools::new();
        tools.set_crontab(other);
        let printed = tools.run(&["schedule", "print", "--with", "cron"]).expect(0).stdout;
        assert!(printed.starts_with(BEGIN) && printed.ends_with(END), "{printed}");
        let first = tools.run(&["schedule", "install", "--with", "cron", "--yes"]).expect(0);
        assert_eq!(first.json()["changed"], true);
        assert!(first.stderr.contains("\n+# BEGIN trader (managed)\n"), "what will change is shown: {first}");
        assert_eq!(tools.crontab(), format!("{other}{printed}"));
        let again = tools.run(&["schedule", "install", "--with", "cron", "--yes"]).expect(0);
        assert_eq!((again.json()["changed"].clone(), again.stderr.as_str()), (Value::Bool(false), ""));
        // Somebody goes on writing below it.
        tools.set_crontab(&format!("{other}{printed}9 9 * * * later\n"));
        let other_step = ["schedule", "install", "--with", "cron", "--every", "4h", "--yes"];
        let changed = tools.run(&other_step).expect(0);
        assert!(changed.stderr.contains("\n-0 * * * *") && changed.stderr.contains("\n+0 * * * * case"), "{changed}");
        let text = tools.crontab();
        assert_eq!((text.matches(BEGIN).count(), text.matches(" cycle ").count()), (1, 1));
        assert!(text.starts_with(other) && text.ends_with("# END trader\n9 9 * * * later\n"), "{text}");
        tools.run(&["schedule", "remove", "--with", "cron", "--yes"]).expect(0);
        assert_eq!(tools.crontab(), format!("{other}9 9 * * * later\n"));
    }
}

#[test]
fn what_is_answered_obeys_the_schema_of_its_document() {
    let tools = Tools::new();
    let promise = Promise::of("schedule-status");
    promise.holds(&tools.run(&["schedule", "status"]).expect(3));
    Promise::of("schedule").holds(&tools.run(&["schedule", "install", "--with", "cron", "--yes"]).expect(0));
    promise.holds(&tools.run(&["schedule", "status"]).expect(0));
}

#[test]
fn nothing_is_changed_where_nobody_agreed() {
    let tools = Tools::new();
    tools.set_crontab("1 1 * * * x\n");
    let run = tools.run(&["schedule", "install", "--with", "cron"]).expect(2);
    assert!(run.stderr.contains("--yes") && run.stderr.contains("+# BEGIN"), "{run}");
    assert_eq!((run.stdout.as_str(), tools.crontab()), ("", "1 1 * * * x\n".to_owned()));
    assert!(!tools.world.path("logs").exists());
}

#[test]
fn a_second_way_of_running_cycles_is_refused_unless_it_is_wanted() {
    let tools = Tools::new();
    let mine = "0 * * * * cd /x && /opt/trader -q cycle >> log\n";
    tools.set_crontab(mine);
    let run = tools.run(&["schedule", "install", "--with", "cron", "--yes"]).expect(2);
    assert!(run.stderr.contains("/opt/trader -q cycle") && run.stderr.contains("--anyway"), "{run}");
    assert_eq!(tools.crontab(), mine);
    let status = tools.run(&["schedule", "status", "--with", "cron"]).expect(3).json();
    assert_eq!(status["schedules"][0]["others"], serde_json::json!([mine.trim_end()]));
    tools.run(&["schedule", "install", "--with", "cron", "--yes", "--anyway"]).expect(0);
    assert!(tools.crontab().starts_with(mine));
    let run = tools.run(&["schedule", "install", "--with", "systemd", "--yes"]).expect(2);
    assert!(run.stderr.contains("a schedule of cron"), "{run}");
}

#[test]
fn a_crontab_in_another_encoding_is_left_alone_to_the_byte() {
    let tools = Tools::new();
    let umlaut = b"# stays\n0 3 * * * echo f\xfcr mich\n";
    std::fs::write(tools.world.path("home/crontab"), umlaut).unwrap();
    for what in ["install", "remove"] {
        let run = tools.run(&["schedule", what, "--with", "cron", "--yes"]).expect(2);
        assert!(run.stderr.contains("line 2 is not UTF-8") && run.stderr.contains("iconv"), "{run}");
    }
    assert_eq!(std::fs::read(tools.world.path("home/crontab")).unwrap(), umlaut);
}

#[test]
fn what_the_block_sets_for_lines_below_it_is_told() {
    let tools = Tools::new();
    let install = ["schedule", "install", "--with", "cron", "--yes", "--mailto", ""];
    assert!(!tools.run(&install).expect(0).stderr.contains("MAILTO counts"));
    tools.set_crontab(&format!("{}9 9 * * * later\n", tools.crontab()));
    let run = tools.run(&[&install[..], &["--every", "4h"]].concat()).expect(0);
    assert!(run.stderr.contains("MAILTO counts for the lines below"), "{run}");
}

#[test]
fn jobs_of_an_account_that_is_not_there_are_refused() {
    let tools = Tools::new();
    for account in ["nobody-of-that-name", "-u"] {
        let run = tools.run(&["schedule", "install", "--yes", &format!("--system={account}")]).expect(2);
        assert!(run.stderr.contains(&format!("no account `{account}`")), "{run}");
    }
    assert!(!tools.world.path("logs").exists());
}

#[test]
fn half_a_block_is_told_and_left_alone() {
    let tools = Tools::new();
    let torn = "a\n# BEGIN trader (managed)\n";
    tools.set_crontab(torn);
    for what in [["schedule", "install"], ["schedule", "remove"]] {
        let run = tools.run(&[&what[..], &["--with", "cron", "--yes"]].concat()).expect(2);
        assert!(run.stderr.contains("line 2"), "{run}");
    }
    assert_eq!(tools.crontab(), torn);
}

#[test]
fn the_status_says_whether_it_is_up_to_date_and_when_it_ran_and_runs() {
    let tools = Tools::new();
    let status = |flags: &[&str]| tools.run(&[&["schedule", "status"], flags].concat());
    let absent = status(&[]).expect(3).json();
    assert_eq!(absent["schedules"][0]["state"], "absent");
    assert_eq!(absent["last_run"], Value::Null);
    tools.run(&["schedule", "install", "--with", "cron", "--every", "4h", "--delay", "75", "--yes"]).expect(0);
    tools.world.run(&["cycle", "--replay", &fixtures().display().to_string()]).expect(0);
    let current = status(&[]).expect(0).json();
    let schedule = &current["schedules"][0];
    assert_eq!(
        (&schedule["with"], &schedule["state"], &schedule["every"]),
        (&"cron".into(), &"current".into(), &"4h".into())
    );
    let next: trader::unit::UtcMillis = schedule["next_run"].as_str().unwrap().parse().unwrap();
    assert_eq!(next.get() % (4 * 3_600_000), 75_000, "{next}");
    let ahead = next.get() - crate::exchange_server::local_now();
    assert!((-60_000..=4 * 3_600_000).contains(&ahead), "{ahead}");
    assert_eq!(current["last_run"]["at"], "2026-09-01T12:00:30Z");
    assert_eq!(current["last_run"]["exit_code"], 0);
    // Other wishes, or another hand in the block.
    let outdated = status(&["--every", "1h"]).expect(3).json();
    assert_eq!(outdated["schedules"][0]["state"], "outdated");
    tools.set_crontab(&tools.crontab().replace("sleep 15; ", "sleep 99; "));
    let touched = status(&["--format", "table"]).expect(3);
    assert!(touched.stdout.contains("not what would be installed") && touched.stdout.contains("sleep 99"), "{touched}");
}

/// The commands of a crontab as the shell will see them: cron turns `\%` into `%`.
fn commands(crontab: &str) -> Vec<String> {
    let lines = crontab.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit() || c == '*'));
    lines.map(|line| line.splitn(6, ' ').nth(5).unwrap().replace("\\%", "%")).collect()
}

#[test]
fn jobs_do_their_work_in_folders_whose_names_are_a_trap() {
    let tools = Tools::new();
    let folder = tools.world.path("it's 100% $HOME \"here\"");
    std::fs::create_dir(&folder).unwrap();
    let db = folder.join("trader.db").display().to_string();
    let replay = ["--db", &db, "cycle", "--replay", &fixtures().display().to_string()].map(str::to_owned);
    tools.run(&replay.iter().map(String::as_str).collect::<Vec<_>>()).expect(0);
    tools.run(&["--db", &db, "schedule", "install", "--with", "cron", "--delay", "1", "--yes"]).expect(0);
    let commands = commands(&tools.crontab());
    assert!(commands.len() >= 5, "{commands:?}");
    for command in &commands {
        // The shell of cron knows nothing of what is set here.
        let run = tools.shell_of_cron(command);
        // Recorded data will not mix with live data: the cycle ends with code 7 here, in its own words.
        let code = if command.contains(" cycle ") { 7 } else { 0 };
        assert_eq!(run.code, code, "{command}\n{run}");
        let is_silent = run.stderr.is_empty() && (run.stdout.is_empty() || command.contains(" status "));
        assert!(is_silent, "a job that prints is a mail: {command}\n{run}");
    }
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(std::fs::read_dir(folder.join("backups")).unwrap().count(), 1);
    let summary: Value = serde_json::from_str(&text("logs/cycle.jsonl")).unwrap();
    assert_eq!(summary["errors"][0]["code"], "database_mixed");
    assert_eq!(text("last-cycle.json"), text("logs/cycle.jsonl"));
    let log: Vec<Value> = text("logs/trader.log").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(log.iter().any(|line| line["run_id"] == summary["run_id"] && line["code"] == "database_mixed"), "{log:?}");
    assert!(text("logs/check.json").contains("\"ok\":true") && text("logs/jobs.jsonl").lines().count() == 2);
}

#[test]
fn what_no_schedule_can_say_is_refused() {
    let tools = Tools::new();
    for (with, logs, words) in
        [("cron", "/a\nb", "control character"), ("cron", "/a\\b", "backslash"), ("systemd", "/a\nb", "control")]
    {
        let run = tools.run(&["schedule", "print", "--with", with, "--logs", logs]).expect(2);
        assert!(run.stderr.contains(words), "{run}");
    }
    let run = tools.run(&["schedule", "print", "--delay", "1800"]).expect(2);
    assert!(run.stderr.contains("1799"), "{run}");
}

#[test]
fn without_cron_the_way_out_is_told() {
    let tools = Tools::new();
    std::fs::remove_file(tools.world.path("bin/crontab")).unwrap();
    let mut command = tools.world.command(&["schedule", "install", "--with", "cron", "--yes"]);
    command.env("PATH", tools.world.path("bin"));
    let run = crate::world::Run::of(command).expect(1);
    assert!(run.stderr.contains("cannot start `crontab`: is it installed?"), "{run}");
}
