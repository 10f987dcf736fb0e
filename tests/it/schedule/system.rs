//! Units of systemd and property lists of launchd: what their own programs say of them, and how they are brought there.

use std::collections::BTreeMap;
use std::process::Command;

use super::tools::Tools;
use crate::world::Run;

/// The files that `print` shows, by their names.
fn printed(tools: &Tools, flags: &[&str]) -> BTreeMap<String, String> {
    let text = tools.run(&[&["schedule", "print"], flags].concat()).expect(0).stdout;
    let mut files: Vec<(String, Vec<&str>)> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("# /").and_then(|path| path.rsplit('/').next()), files.last_mut()) {
            (Some(name), _) => files.push((name.to_owned(), Vec::new())),
            (None, Some((_, lines))) => lines.push(line),
            (None, None) => panic!("a file begins with its name: {line}"),
        }
    }
    // Files are set apart by an empty line.
    let whole = |lines: Vec<&str>| format!("{}\n", lines.join("\n").trim_end());
    files.into_iter().map(|(name, lines)| (name, whole(lines))).collect()
}

#[test]
fn systemd_finds_nothing_wrong_with_its_units() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        eprintln!("SKIPPED: there is no systemd-analyze to verify units with");
        return;
    }
    let tools = Tools::new();
    let trap = tools.world.path("it's 100% $HOME \"here\"").display().to_string();
    std::fs::create_dir_all(&trap).unwrap();
    let program = format!("{trap}/trader");
    std::fs::copy(env!("CARGO_BIN_EXE_trader"), &program).unwrap();
    let program = program.as_str();
    for scope in [vec![], vec!["--system", "root"]] {
        for every in ["1h", "4h", "1d"] {
            let db = format!("{trap}/trader.db");
            let flags =
                [&["--db", &db, "--with", "systemd", "--notify", "--every", every, "--program", program], &scope[..]];
            let folder = tools.world.path(&format!("units-{every}-{}", scope.len()));
            std::fs::create_dir_all(&folder).unwrap();
            let files = printed(&tools, &flags.concat());
            assert!(files.len() >= 12, "{:?}", files.keys());
            let paths: Vec<_> = files.keys().map(|name| folder.join(name)).collect();
            files.values().zip(&paths).for_each(|(text, path)| std::fs::write(path, text).unwrap());
            let said = Command::new("systemd-analyze").arg("verify").args(&paths).output().unwrap();
            let words = String::from_utf8_lossy(&said.stderr);
            let about_ours: Vec<&str> = words.lines().filter(|line| line.contains("trader-")).collect();
            assert!(said.status.success() && about_ours.is_empty(), "{every} {scope:?}: {words}");
        }
    }
}

#[test]
fn units_are_installed_once_brought_up_to_date_and_taken_away_with_nothing_left() {
    let tools = Tools::new();
    let folder = tools.world.path("config/systemd/user");
    let names = || {
        let entries = std::fs::read_dir(&folder).map(|all| all.map(|e| e.unwrap().file_name().into_string().unwrap()));
        entries.map(Iterator::collect::<std::collections::BTreeSet<_>>).unwrap_or_default()
    };
    let install = ["schedule", "install", "--with", "systemd", "--yes", "--notify"];
    tools.run(&install).expect(0);
    let files = printed(&tools, &["--with", "systemd", "--notify"]);
    assert_eq!(names(), files.keys().cloned().collect());
    for (name, text) in &files {
        assert_eq!(std::fs::read_to_string(folder.join(name)).unwrap(), *text, "{name}");
    }
    let told = tools.told();
    assert_eq!(told[0], "systemctl --user daemon-reload");
    assert!(told[1].starts_with("systemctl --user enable --now trader-") && told[1].contains("trader-cycle.timer"));
    assert_eq!(tools.run(&install).expect(0).json()["changed"], false);
    assert_eq!(tools.told().len(), 2, "nobody is told of nothing");
    // Somebody's own unit beside ours stays, and one under our name is not written over.
    std::fs::write(folder.join("trader-mine.service"), "[Service]\nExecStart=/bin/true\n").unwrap();
    tools.run(&["schedule", "install", "--with", "systemd", "--yes"]).expect(0);
    assert!(!names().contains("trader-notify.timer") && names().contains("trader-cycle.timer"));
    assert!(tools.told().contains(&"systemctl --user disable --now trader-notify.timer".to_owned()));
    assert_eq!(
        tools.run(&["schedule", "status", "--with", "systemd"]).expect(0).json()["schedules"][0]["state"],
        "current"
    );
    tools.run(&["schedule", "remove", "--with", "systemd", "--yes"]).expect(0);
    assert_eq!(names().into_iter().collect::<Vec<_>>(), ["trader-mine.service"]);
    std::fs::write(folder.join("trader-cycle.service"), "[Service]\nExecStart=/opt/trader cycle\n").unwrap();
    let run = tools.run(&["schedule", "install", "--with", "systemd", "--yes", "--anyway"]).expect(2);
    assert!(run.stderr.contains("trader-cycle.service is not ours"), "{run}");
}

#[test]
fn property_lists_are_xml_and_are_loaded() {
    let tools = Tools::new();
    tools.run(&["schedule", "install", "--with", "launchd", "--yes"]).expect(0);
    let folder = tools.world.path("home/Library/LaunchAgents");
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(files.len() >= 5);
    let has_python = Command::new("python3").arg("--version").output().is_ok_and(|said| said.status.success());
    for file in &files {
        if has_python {
            let script = "import plistlib,sys; d=plistlib.load(open(sys.argv[1],'rb')); print(d['Label'], len(d['ProgramArguments']))";
            let said = Command::new("python3").args(["-c", script]).arg(file).output().unwrap();
            let words = String::from_utf8_lossy(&said.stdout).into_owned();
            assert!(words.starts_with("trader.") && words.ends_with(" 3\n"), "{words} {said:?}");
        } else {
            eprintln!("SKIPPED: there is no python3 to read {} with", file.display());
        }
        assert!(tools.told().iter().any(|told| *told == format!("launchctl load -w {}", file.display())));
    }
    tools.run(&["schedule", "remove", "--with", "launchd", "--yes"]).expect(0);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

/// A run in which `/etc/cron.d` is a folder of the test's; none where that cannot be had.
fn with_own_cron_folder(tools: &Tools, arguments: &[&str]) -> Option<Run> {
    let folder = tools.world.path("cron.d");
    std::fs::create_dir_all(&folder).unwrap();
    let script = "mount --bind \"$1\" /etc/cron.d || exit 99; shift; exec \"$@\"";
    let told = tools.command(arguments);
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script, "sh"]).arg(folder).arg(told.get_program()).args(told.get_args());
    command.env_clear().envs(told.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let is_to_be_had = Command::new("unshare").args(["--mount", "true"]).output().is_ok_and(|run| run.status.success());
    Some(Run::of(command)).filter(|run| is_to_be_had && run.code != 99)
}

#[test]
fn jobs_of_another_account_own_their_folders_and_nobody_installs_them_twice() {
    use std::os::unix::fs::MetadataExt;
    let tools = Tools::new();
    let install = ["schedule", "install", "--with", "cron", "--yes"];
    let Some(run) = with_own_cron_folder(&tools, &[&install[..], &["--system", "nobody"]].concat()) else {
        eprintln!("SKIPPED: only root may lay a folder over /etc/cron.d");
        return;
    };
    run.expect(0);
    let nobody = Command::new("id").args(["-u", "nobody"]).output().unwrap().stdout;
    let nobody: u32 = String::from_utf8(nobody).unwrap().trim().parse().unwrap();
    for folder in ["logs", "backups"] {
        assert_eq!(std::fs::metadata(tools.world.path(folder)).unwrap().uid(), nobody, "{folder}");
    }
    let second = with_own_cron_folder(&tools, &install).unwrap().expect(2);
    assert!(second.stderr.contains("a schedule of cron, the whole system's"), "{second}");
    assert_eq!(tools.crontab(), "");
    with_own_cron_folder(&tools, &[&install[..], &["--anyway"]].concat()).unwrap().expect(0);
    let again = with_own_cron_folder(&tools, &[&install[..], &["--system", "nobody"]].concat()).unwrap().expect(2);
    assert!(again.stderr.contains("a schedule of cron, this user's"), "{again}");
}
