//! `crontab.example`: every line has cron's form, and its jobs do what they say.

use super::stage::{Stage, repository};

fn example() -> String {
    std::fs::read_to_string(repository().join("crontab.example")).unwrap()
}

/// A line of a crontab that is no comment.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    Variable { name: String, value: String },
    Job { when: Vec<String>, command: String },
}

fn parse(line: &str) -> Result<Line, String> {
    if line.starts_with(|c: char| c.is_ascii_alphabetic()) {
        let (name, value) = line.split_once('=').ok_or("neither a job nor a variable")?;
        return Ok(Line::Variable { name: name.trim().to_owned(), value: value.trim().to_owned() });
    }
    let mut rest = line;
    let mut when = Vec::new();
    for range in [0..=59, 0..=23, 1..=31, 1..=12, 0..=7] {
        let (field, after) = rest.split_once(' ').ok_or("fewer than five fields and a command")?;
        if !is_field(field, range) {
            return Err(format!("`{field}` is no field"));
        }
        when.push(field.to_owned());
        rest = after;
    }
    Ok(Line::Job { when, command: command(rest)? })
}

/// `*`, `*/4`, `7`, `1-5` or a list of them, within the range.
fn is_field(field: &str, range: std::ops::RangeInclusive<u8>) -> bool {
    let inside = |text: &str| text.parse().is_ok_and(|n: u8| range.contains(&n));
    field.split(',').all(|part| {
        let (base, step) = part.split_once('/').unwrap_or((part, "1"));
        let ends_fit = base == "*" || base.splitn(2, '-').all(inside);
        ends_fit && step.parse().is_ok_and(|n: u8| n > 0)
    })
}

/// The command as the shell will see it: cron turns `\%` into `%`, and ends the command at any other `%`.
fn command(text: &str) -> Result<String, String> {
    let bare = text.replace("\\%", "");
    if bare.contains('%') {
        return Err("a bare % ends the command".to_owned());
    }
    Ok(text.trim().replace("\\%", "%"))
}

fn lines() -> Vec<Line> {
    let text = example();
    let told = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    told.map(|line| parse(line).unwrap_or_else(|why| panic!("{why}: {line}"))).collect()
}

fn jobs() -> Vec<(String, String)> {
    let job = |line| match line {
        Line::Job { when, command } => Some((when.join(" "), command)),
        Line::Variable { .. } => None,
    };
    lines().into_iter().filter_map(job).collect()
}

#[test]
fn a_malformed_line_is_found() {
    for bad in
        ["60 * * * * x", "* * * * x", "* 24 * * * x", "0 0 0 * * x", "a b", "*/0 * * * * x", "0 * * * * date +%H"]
    {
        assert!(parse(bad).is_err(), "{bad}");
    }
    let good =
        Line::Job { when: ["5", "*/4", "*", "*", "1-5"].map(str::to_owned).to_vec(), command: "date +%H".to_owned() };
    assert_eq!(parse("5 */4 * * 1-5 date +\\%H"), Ok(good));
}

#[test]
fn there_are_hourly_four_hourly_and_daily_jobs_and_the_settings_they_need() {
    let variable = |wanted: &str| {
        lines().iter().any(|line| matches!(line, Line::Variable { name, value } if name == wanted && !value.is_empty()))
    };
    assert!(["SHELL", "PATH", "MAILTO", "XDG_DATA_HOME", "XDG_CONFIG_HOME"].into_iter().all(variable));
    let when: Vec<String> = jobs().into_iter().map(|(when, _)| when).collect();
    assert_eq!(when.first().map(String::as_str), Some("0 * * * *"), "the first job is the hourly one");
    assert!(when.iter().any(|when| when.ends_with(" */4 * * *")), "{when:?}");
    assert!(when.iter().filter(|when| when.ends_with(" 1 * * *")).count() >= 3, "{when:?}");
}

#[test]
fn paths_are_absolute_and_belong_to_no_single_persons_machine() {
    for (_, command) in jobs() {
        let homeless = command.split_whitespace().find(|word| word.trim_matches('"').starts_with("trader"));
        assert_eq!(homeless, None, "a program without its folder: {command}");
    }
    let text = example();
    for private in ["/home", "/root", "/Users", "~"] {
        assert!(!text.contains(private), "{private}");
    }
}

/// Runs a job in a folder with a space in its name, in place of the folders that it names.
fn run(stage: &Stage, command: &str) -> crate::world::Run {
    let folder = stage.world.path("a folder with spaces");
    for place in ["trader/backups", "log/trader"] {
        std::fs::create_dir_all(folder.join(place)).unwrap();
    }
    let folder = folder.display().to_string();
    let here = command
        .replace("sleep 20 && ", "")
        .replace("/usr/local/bin/trader", "trader")
        .replace("/var/lib", &folder)
        .replace("/var/log", &format!("{folder}/log"));
    stage.shell(&here)
}

#[test]
fn its_jobs_do_their_work_in_folders_with_spaces() {
    let stage = Stage::played();
    let ours: Vec<String> =
        jobs().into_iter().map(|(_, command)| command).filter(|c| c.contains("/bin/trader ")).collect();
    assert_eq!(ours.len(), 4, "cycle, two backups, check: {ours:?}");
    for command in &ours {
        let run = run(&stage, command);
        // Recorded data will not mix with live data: the hourly job ends with code 7 here, in its own words.
        let expected = if command.contains(" cycle ") { 7 } else { 0 };
        assert_eq!(run.code, expected, "{command}\n{run}");
        assert_eq!(run.stdout, "", "a job that prints is a mail: {command}");
        assert_eq!(run.stderr.is_empty(), expected == 0, "{command}\n{run}");
    }
    let folder = stage.world.path("a folder with spaces");
    let count = |place: &str| std::fs::read_dir(folder.join(place)).unwrap().count();
    assert_eq!(count("trader/backups"), 2, "one recent and one daily copy");
    let summary = std::fs::read_to_string(folder.join("log/trader/cycle.jsonl")).unwrap();
    assert_eq!(summary, std::fs::read_to_string(folder.join("trader/last-cycle.json")).unwrap());
}
