//! The machine: whether its clock is kept, whether something starts cycles, whether files can be written.

use std::path::{Path, PathBuf};

use super::outside::said;
use super::trial::Trial;
use crate::command::output_file::OutputFile;
use crate::command::scheduled::{entries_in_files, starts_cycles};
use crate::report::Part;
use crate::settings::Settings;
use crate::store::files_of;

/// Looks at the clock's keeper, the scheduler and the files of a cycle.
pub(super) fn trials(settings: &Settings) -> Vec<Trial> {
    let settings = settings.clone();
    vec![
        Trial::here("clock sync", || vec![clock_sync()]),
        Trial::here("schedule", || vec![schedule()]),
        Trial::here("files", move || files(&settings)),
    ]
}

fn clock_sync() -> Part {
    let name = "clock sync";
    if Path::new("/run/systemd/timesync/synchronized").exists() {
        return Part::ok(name, "systemd-timesyncd keeps it");
    }
    match said("timedatectl", &["show", "-p", "NTPSynchronized", "--value"]).as_deref().map(str::trim) {
        Some("yes") => Part::ok(name, "the kernel says that it is kept"),
        Some("no") => {
            let text = "the kernel says that nobody keeps this machine's clock";
            Part::warning(name, text, "install and enable systemd-timesyncd or chrony")
        }
        _ => Part::skipped(name, "unknown: neither systemd-timesyncd nor timedatectl answers"),
    }
}

/// Where a scheduler is told to start cycles. The lines are not printed: they may hold what nobody else is to read.
fn schedule() -> Part {
    let name = "schedule";
    let table = said("crontab", &["-l"]).is_some_and(|text| starts_cycles(&text));
    let mut places: Vec<String> = table.then(|| "this user's crontab".to_owned()).into_iter().collect();
    places.extend(entries_in_files(Path::new("/"), home().as_deref()));
    match places.as_slice() {
        [] => {
            let text = "no crontab, timer or agent that this user can read starts `trader cycle`";
            Part::warning(
                name,
                text,
                "`trader schedule install` enters it, or let another scheduler start it every hour",
            )
        }
        [place] => Part::ok(name, format!("{place} starts cycles")),
        places => {
            let text = format!("several start cycles: {}", places.join(", "));
            Part::warning(name, text, "keep one: of two runs at the same time one ends with code 5")
        }
    }
}

fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from)
}

/// The files that a cycle writes besides.
fn files(settings: &Settings) -> Vec<Part> {
    settings.summary_file.iter().map(|path| writable("summary file", path, &ours(settings))).collect()
}

/// The files that the program lives on.
pub(super) fn ours(settings: &Settings) -> Vec<PathBuf> {
    files_of(&settings.db).into_iter().chain(settings.file.clone()).collect()
}

/// Whether a file can be written and is none of ours: something is written beside it and taken back.
pub(super) fn writable(name: &'static str, path: &Path, ours: &[PathBuf]) -> Part {
    match OutputFile::open(name, path, ours) {
        Ok(_) => Part::ok(name, format!("{} can be written", path.display())),
        Err(error) => Part::failed(name, error.to_string(), "make its folder for this user, or name another file"),
    }
}
