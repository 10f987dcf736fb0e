//! Where a scheduler is told to start cycles: cron tables, systemd timers, launchd agents.

use std::path::{Path, PathBuf};

/// Whether a scheduler's text starts `trader cycle`.
pub(super) fn starts_cycles(text: &str) -> bool {
    text.lines().any(calls_a_cycle)
}

/// Whether a line, but for a comment, calls a program named `trader`, and later on the line its command `cycle`.
fn calls_a_cycle(line: &str) -> bool {
    if line.trim_start().starts_with(['#', ';']) {
        return false;
    }
    let words = line.split(|c: char| c.is_whitespace() || "\"'=<>".contains(c));
    let mut words = words.skip_while(|word| word.rsplit('/').next() != Some("trader"));
    words.any(|word| word == "cycle")
}

/// The files below `root` and in a home folder that start cycles, by their names.
pub(super) fn entries_in_files(root: &Path, home: Option<&Path>) -> Vec<String> {
    let mut files = vec![root.join("etc/crontab")];
    files.extend(files_in(&root.join("etc/cron.d")));
    let folders = [Some(root.join("etc/systemd/system")), home.map(|home| home.join(".config/systemd/user"))];
    let units = folders.into_iter().flatten().flat_map(|folder| files_in(&folder));
    files.extend(units.filter(|unit| unit.extension().is_some_and(|e| e == "service") && has_timer(unit)));
    files.extend(home.into_iter().flat_map(|home| files_in(&home.join("Library/LaunchAgents"))));
    let starts = |file: &PathBuf| std::fs::read_to_string(file).is_ok_and(|text| starts_cycles(&one_line(file, text)));
    files.into_iter().filter(starts).map(|file| file.display().to_string()).collect()
}

/// A property list has each argument on a line of its own.
fn one_line(file: &Path, text: String) -> String {
    if file.extension().is_some_and(|e| e == "plist") { text.replace('\n', " ") } else { text }
}

fn has_timer(unit: &Path) -> bool {
    unit.with_extension("timer").exists()
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_starts_a_cycle_when_it_calls_trader_to_do_so() {
        for (line, starts) in [
            ("0 * * * * sleep 20 && /usr/local/bin/trader -q cycle >> \"/var/log/trader/cycle.jsonl\"", true),
            ("0 * * * * trader /usr/bin/flock x '/opt/my apps/trader' cycle", true),
            ("ExecStart=/usr/local/bin/trader -q cycle --summary-file x", true),
            ("ExecStart=\"/usr/local/bin/trader\" \"cycle\"", true),
            ("@hourly trader --config a.toml cycle", true),
            ("# 0 * * * * trader cycle", false),
            ("20 1 * * * /usr/local/bin/trader -q db check", false),
            ("0 * * * * trader db backup cycle.db", false),
            ("0 * * * * day-trader cycle", false),
            ("0 * * * * cycle trader", false),
            ("", false),
        ] {
            assert_eq!(calls_a_cycle(line), starts, "{line}");
        }
        assert!(starts_cycles(include_str!("../../crontab.example")));
    }

    #[test]
    fn entries_are_found_where_schedulers_keep_them() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("etc/crontab", "17 * * * * root run-parts /etc/cron.hourly\n");
        write("etc/cron.d/trader", "SHELL=/bin/sh\n0 * * * * trader /usr/local/bin/trader cycle\n");
        write("etc/cron.d/other", "0 * * * * root true\n");
        let unit = "[Service]\nExecStart=/usr/local/bin/trader cycle\n";
        for name in ["etc/systemd/system/trader.service", "etc/systemd/system/alone.service"] {
            write(name, unit);
        }
        write("etc/systemd/system/trader.timer", "[Timer]\nOnCalendar=hourly\n");
        write("home/.config/systemd/user/mine.service", unit);
        write("home/.config/systemd/user/mine.timer", "");
        let list = "<array>\n<string>/usr/local/bin/trader</string>\n<string>cycle</string>\n</array>";
        write("home/Library/LaunchAgents/trader.plist", list);
        let found = entries_in_files(root.path(), Some(&root.path().join("home")));
        let below = |path: &String| path.strip_prefix(&format!("{}/", root.path().display())).unwrap().to_owned();
        assert_eq!(
            found.iter().map(below).collect::<Vec<_>>(),
            [
                "etc/cron.d/trader",
                "etc/systemd/system/trader.service",
                "home/.config/systemd/user/mine.service",
                "home/Library/LaunchAgents/trader.plist",
            ]
        );
    }
}
