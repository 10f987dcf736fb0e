//! Where schedules lie: a crontab, or folders of files, of a user or of the system.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::super::usage;
use super::outside;
use crate::file::Part;
use crate::schedule::{
    Crontab, Plan, ScheduleFile, Unspeakable, agents, crontab, difference, is_ours, runs_a_cycle, system_crontab, units,
};
use crate::settings::Paths;

/// By what jobs are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum With {
    /// cron.
    Cron,
    /// systemd's timers.
    Systemd,
    /// launchd.
    Launchd,
}

impl With {
    pub(super) const ALL: [Self; 3] = [Self::Cron, Self::Systemd, Self::Launchd];

    /// Its name.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Cron => "cron",
            Self::Systemd => "systemd",
            Self::Launchd => "launchd",
        }
    }
}

/// Other places in which the system's cron looks for jobs.
const SYSTEM_CRONTABS: [&str; 2] = ["/etc/crontab", "/etc/cron.d"];

/// Where a schedule lies.
#[derive(Debug)]
pub(super) struct Place {
    with: With,
    account: Option<String>,
    /// The folder of its files; none: the user's crontab.
    folder: Option<PathBuf>,
}

/// A file, or the crontab, as it is and as it will be; none: not there.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) place: String,
    old: Option<String>,
    new: Option<String>,
}

impl Change {
    pub(super) fn difference(&self) -> String {
        difference(self.old.as_deref().unwrap_or_default(), self.new.as_deref().unwrap_or_default())
    }
}

impl Place {
    pub(super) fn of(with: With, account: Option<&str>, paths: &Paths) -> anyhow::Result<Self> {
        let home = || std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
        let config_home = || paths.config.as_ref().and_then(|file| file.ancestors().nth(2)).map(Path::to_owned);
        let missing = || usage("neither HOME nor XDG_CONFIG_HOME says where this user's files are");
        let folder = match (with, account) {
            (With::Cron, None) => None,
            (With::Cron, Some(_)) => Some(PathBuf::from("/etc/cron.d")),
            (With::Systemd, Some(_)) => Some(PathBuf::from("/etc/systemd/system")),
            (With::Systemd, None) => Some(config_home().ok_or_else(missing)?.join("systemd/user")),
            (With::Launchd, Some(_)) => Some(PathBuf::from("/Library/LaunchDaemons")),
            (With::Launchd, None) => Some(home().ok_or_else(missing)?.join("Library/LaunchAgents")),
        };
        Ok(Self { with, account: account.map(str::to_owned), folder })
    }

    pub(super) const fn with(&self) -> With {
        self.with
    }

    /// Whether both are the same place.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.with == other.with && self.folder == other.folder
    }

    /// The files of a plan; a user's crontab is one of them.
    pub(super) fn files(&self, plan: &Plan) -> Result<Vec<ScheduleFile>, Unspeakable> {
        let one = |text| vec![ScheduleFile { name: "trader".to_owned(), text }];
        match (self.with, &self.account) {
            (With::Cron, Some(account)) => system_crontab(plan, account).map(one),
            (With::Cron, None) => crontab(plan).map(one),
            (With::Systemd, _) => units(plan),
            (With::Launchd, _) => agents(plan),
        }
    }

    /// Where a file of it lies, for people.
    pub(super) fn path_of(&self, name: &str) -> String {
        self.folder.as_ref().map_or_else(|| "crontab".to_owned(), |folder| folder.join(name).display().to_string())
    }

    /// What there is of ours, all of it; none where there is nothing.
    pub(super) fn installed(&self) -> anyhow::Result<Option<String>> {
        let Some(folder) = &self.folder else {
            return Ok(own_crontab()?.block().map(str::to_owned));
        };
        let ours: Vec<String> = self.ours(folder)?.into_values().collect();
        Ok((!ours.is_empty()).then(|| ours.concat()))
    }

    /// What differs from a plan, or from nothing.
    pub(super) fn changes(&self, plan: Option<&Plan>) -> anyhow::Result<Vec<Change>> {
        let files =
            plan.map(|plan| self.files(plan)).transpose().map_err(|e| usage(e.to_string()))?.unwrap_or_default();
        let Some(folder) = &self.folder else { return change_of_crontab(files.first()) };
        let mut ours = self.ours(folder)?;
        let mut changes = Vec::new();
        for file in files {
            let path = folder.join(&file.name);
            let old = ours.remove(&file.name);
            if old.is_none() && path.symlink_metadata().is_ok() {
                return Err(usage(format!("{} is not ours: move it away first", path.display())));
            }
            let place = path.display().to_string();
            changes.extend((old.as_deref() != Some(&file.text)).then_some(Change { place, old, new: Some(file.text) }));
        }
        // What an earlier schedule had and this one has not.
        let left =
            ours.into_iter().map(|(name, text)| Change { place: self.path_of(&name), old: Some(text), new: None });
        changes.extend(left);
        Ok(changes)
    }

    /// The files in the folder that are named as ours and marked as ours.
    fn ours(&self, folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
        let mut ours = BTreeMap::new();
        for (name, text) in texts_in(folder)? {
            if self.is_named_so(&name) && is_ours(&text) {
                ours.insert(name, text);
            }
        }
        Ok(ours)
    }

    fn is_named_so(&self, name: &str) -> bool {
        let (begin, endings): (&str, &[&str]) = match self.with {
            With::Cron => return name == "trader",
            With::Systemd => ("trader-", &["service", "timer"]),
            With::Launchd => ("trader.", &["plist"]),
        };
        name.starts_with(begin) && endings.iter().any(|ending| ends_with(name, ending))
    }

    /// What runs cycles and is not ours.
    pub(super) fn strangers(&self) -> anyhow::Result<Vec<String>> {
        match (self.with, &self.folder) {
            (With::Cron, _) => {
                let mut found = if self.account.is_none() { own_crontab()?.strangers() } else { Vec::new() };
                found.extend(SYSTEM_CRONTABS.iter().flat_map(|path| strangers_of_system(Path::new(path))));
                Ok(found)
            }
            (With::Systemd | With::Launchd, Some(folder)) => {
                let others = texts_in(folder)?.into_iter().filter(|(_, text)| !is_ours(text));
                let runs = |text: &str| text.lines().any(|line| runs_a_cycle(&line.replace(['=', '<', '>'], " ")));
                Ok(others.filter(|(_, text)| runs(text)).map(|(name, _)| self.path_of(&name)).collect())
            }
            (With::Systemd | With::Launchd, None) => Ok(Vec::new()),
        }
    }

    /// How many lines of others stand below our jobs.
    pub(super) fn below(&self) -> usize {
        if self.folder.is_some() { 0 } else { own_crontab().map_or(0, |crontab| crontab.below()) }
    }

    /// Writes what was shown and has it read.
    pub(super) fn install(&self, changes: &[Change]) -> anyhow::Result<()> {
        self.stop(changes.iter().filter(|change| change.new.is_none()))?;
        self.write(changes)?;
        let timers = |change: &&Change| change.new.is_some() && ends_with(&change.place, "timer");
        match self.with {
            With::Cron => Ok(()),
            With::Systemd => {
                self.systemctl(&["daemon-reload"])?;
                let names: Vec<String> = changes.iter().filter(timers).filter_map(name_of).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                if names.is_empty() { Ok(()) } else { self.systemctl(&[&["enable", "--now"], &names[..]].concat()) }
            }
            With::Launchd => {
                for change in changes.iter().filter(|change| change.new.is_some()) {
                    // One that is known already has to be forgotten first; one that is not cannot be.
                    drop(outside::run("launchctl", &["unload", &change.place], ""));
                    outside::expect("launchctl", &["load", "-w", &change.place], "")?;
                }
                Ok(())
            }
        }
    }

    /// Stops what is there and takes it away.
    pub(super) fn remove(&self, changes: &[Change]) -> anyhow::Result<()> {
        self.stop(changes.iter())?;
        self.write(changes)?;
        if self.with == With::Systemd { self.systemctl(&["daemon-reload"]) } else { Ok(()) }
    }

    fn stop<'c>(&self, changes: impl Iterator<Item = &'c Change>) -> anyhow::Result<()> {
        for change in changes {
            match self.with {
                With::Systemd if ends_with(&change.place, "timer") => {
                    let name = name_of(change).unwrap_or_default();
                    self.systemctl(&["disable", "--now", &name])?;
                }
                With::Launchd => drop(outside::run("launchctl", &["unload", "-w", &change.place], "")),
                With::Systemd | With::Cron => {}
            }
        }
        Ok(())
    }

    fn write(&self, changes: &[Change]) -> anyhow::Result<()> {
        for change in changes {
            match (&self.folder, &change.new) {
                (None, Some(text)) => write_crontab(change.old.as_deref().unwrap_or_default(), text)?,
                (None, None) => {}
                (Some(folder), Some(text)) => write_file(folder, Path::new(&change.place), text)?,
                (Some(_), None) => {
                    fs::remove_file(&change.place).with_context(|| format!("cannot remove {}", change.place))?;
                }
            }
        }
        Ok(())
    }

    fn systemctl(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let whose: &[&str] = if self.account.is_some() { &[] } else { &["--user"] };
        outside::expect("systemctl", &[whose, arguments].concat(), "")
    }
}

fn ends_with(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == extension)
}

fn name_of(change: &Change) -> Option<String> {
    Path::new(&change.place).file_name().map(|name| name.to_string_lossy().into_owned())
}

/// The user's crontab; having none is having an empty one.
fn own_crontab() -> anyhow::Result<Crontab> {
    Crontab::read(&crontab_text()?).map_err(|torn| usage(format!("the crontab is not touched: {torn}")))
}

fn crontab_text() -> anyhow::Result<String> {
    let heard = outside::run("crontab", &["-l"], "")?;
    if heard.is_ok {
        return String::from_utf8(heard.stdout).map_err(|e| unreadable(e.as_bytes(), e.utf8_error().valid_up_to()));
    }
    if heard.stderr.contains("no crontab for") {
        return Ok(String::new());
    }
    bail!("`crontab -l` failed: {}", heard.stderr.trim())
}

/// What cannot be read as text could not be written back byte for byte.
fn unreadable(bytes: &[u8], at: usize) -> anyhow::Error {
    let line = bytes.iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
    usage(format!(
        "the crontab is not touched: line {line} is not UTF-8 text\n  write that line anew with `crontab -e`, or turn all of \
         it: crontab -l | iconv -f ISO-8859-1 -t UTF-8 | crontab -"
    ))
}

fn change_of_crontab(block: Option<&ScheduleFile>) -> anyhow::Result<Vec<Change>> {
    let (old, crontab) = (crontab_text()?, own_crontab()?);
    let new = block.map_or_else(|| crontab.without(), |block| crontab.with(&block.text));
    let change = Change { place: "crontab".to_owned(), old: Some(old.clone()), new: Some(new.clone()) };
    Ok(if old == new { Vec::new() } else { vec![change] })
}

/// Somebody may have written to it while the question stood unanswered.
fn write_crontab(shown: &str, text: &str) -> anyhow::Result<()> {
    if crontab_text()? != shown {
        return Err(usage("nothing was changed: the crontab is another one by now; look again"));
    }
    outside::expect("crontab", &["-"], text)
}

fn write_file(folder: &Path, path: &Path, text: &str) -> anyhow::Result<()> {
    let cannot = || format!("cannot write {}", path.display());
    fs::create_dir_all(folder).with_context(cannot)?;
    let part = Part::beside(path).with_context(cannot)?;
    part.write(text).and_then(|()| part.take_place()).with_context(cannot)
}

/// Files of a folder that are text, by their names; a folder that is not there has none.
fn texts_in(folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(e) => return Err(e).with_context(|| format!("cannot read {}", folder.display())),
    };
    let mut texts = BTreeMap::new();
    for entry in entries {
        let entry = entry?;
        let text = if entry.path().is_file() { fs::read_to_string(entry.path()).ok() } else { None };
        texts.extend(entry.file_name().into_string().ok().zip(text));
    }
    Ok(texts)
}

/// Lines of the system's crontabs that run cycles and are not ours; what this user may not read is not looked at.
fn strangers_of_system(path: &Path) -> Vec<String> {
    let texts = if path.is_dir() {
        texts_in(path).unwrap_or_default()
    } else {
        fs::read_to_string(path).map(|text| BTreeMap::from([(String::new(), text)])).unwrap_or_default()
    };
    let found = |(name, text): (String, String)| -> Vec<String> {
        let place = path.join(name);
        let lines = if is_ours(&text) { Vec::new() } else { text.lines().filter(|line| runs_a_cycle(line)).collect() };
        lines.into_iter().map(|line| format!("{}: {line}", place.display())).collect()
    };
    texts.into_iter().flat_map(found).collect()
}
