//! `crontab.example` is what the program prints for a service account, and every line of it has cron's form.

use super::stage::{Stage, repository};

/// How `crontab.example` is made.
const MADE_BY: &str = "XDG_CONFIG_HOME=/etc XDG_DATA_HOME=/var/lib trader schedule print --with cron --program \
                       /usr/local/bin/trader --logs /var/log/trader --mailto trader@localhost --delay 20";

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

fn lines(text: &str) -> Vec<Line> {
    let told = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    told.map(|line| parse(line).unwrap_or_else(|why| panic!("{why}: {line}"))).collect()
}

fn jobs() -> Vec<(String, String)> {
    let job = |line| match line {
        Line::Job { when, command } => Some((when.join(" "), command)),
        Line::Variable { .. } => None,
    };
    lines(&example()).into_iter().filter_map(job).collect()
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

/// A file of its own to be looked at; where it differs, the command in `MADE_BY` makes it anew.
#[test]
fn the_example_is_what_the_program_prints_for_a_service_account() {
    let run = Stage::empty().shell(&format!("unset TRADER_DB; {MADE_BY}")).expect(0);
    assert!(run.stdout == example(), "crontab.example is not what this prints: {MADE_BY}\n{run}");
    let readme = super::readme();
    assert!(readme.contains("schedule print --with cron"), "the README tells how it is made");
}

#[test]
fn every_way_to_print_it_has_the_form_of_a_crontab() {
    let stage = Stage::empty();
    for flags in ["", "--every 4h", "--every 1d --delay 700", "--notify --mailto ''"] {
        let text = stage.shell(&format!("trader schedule print --with cron {flags}")).expect(0).stdout;
        assert!(lines(&text).len() >= 5, "{text}");
    }
}

#[test]
fn there_are_hourly_four_hourly_and_daily_jobs_that_name_what_they_need() {
    let mailto = Line::Variable { name: "MAILTO".to_owned(), value: "trader@localhost".to_owned() };
    assert!(lines(&example()).contains(&mailto));
    let jobs = jobs();
    assert_eq!(jobs[0].0, "0 * * * *", "the first job is the hourly one");
    assert!(jobs[0].1.starts_with("sleep 20; ") && jobs[0].1.contains(" cycle "), "{}", jobs[0].1);
    assert!(jobs.iter().any(|(when, _)| when.ends_with(" */4 * * *")), "{jobs:?}");
    assert!(jobs.iter().filter(|(when, _)| when.ends_with(" 1 * * *")).count() >= 2, "{jobs:?}");
    let own =
        jobs.iter().all(|(_, job)| job.contains("XDG_CONFIG_HOME=/etc XDG_DATA_HOME=/var/lib /usr/local/bin/trader "));
    assert!(own, "each line stands for itself: {jobs:?}");
}

#[test]
fn paths_are_absolute_and_belong_to_no_single_persons_machine() {
    for (_, command) in jobs() {
        let homeless = command.split_whitespace().find(|word| word.trim_matches(['"', '\'']).starts_with("trader"));
        assert_eq!(homeless, None, "a program without its folder: {command}");
    }
    let text = example();
    for private in ["/home", "/root", "/Users", "~"] {
        assert!(!text.contains(private), "{private}");
    }
}
