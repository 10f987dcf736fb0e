//! Metrics of the run: a file for the node exporter, and a Pushgateway.
//!
//! Where the database cannot be read they still tell how the run ended and when; that an earlier one succeeded is taken over
//! from the file, and at the Pushgateway everything else stays as it was.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::Errands;
use crate::clock;
use crate::command::metrics::{measure, text};
use crate::command::output_file::OutputFile;
use crate::exit::Exit;
use crate::gateway::{self, Others};
use crate::report::{EndedRun, told_success_at};
use crate::settings::Push;
use crate::store::files_of;

/// A file of metrics is not longer than this; what is, is none of ours.
const LONGEST: u64 = 4 * 1024 * 1024;

/// Whether they are to be written or pushed.
pub(super) fn are_asked_for(errands: &Errands) -> bool {
    let (file, push) = targets(errands);
    file.is_some() || push.is_some()
}

/// Writes and pushes them where that is asked for. What goes wrong is told on stderr.
pub(super) fn hand_over(errands: &Errands, exit: Exit) {
    if !are_asked_for(errands) {
        return;
    }
    let (file, push) = targets(errands);
    let measured = measure(&errands.db, &errands.settings)
        .inspect_err(|e| log::warn!("the metrics tell of this run only: {e}"))
        .ok();
    let is_recorded = exit != Exit::Storage && measured.is_some();
    let run = EndedRun { exit_code: exit.code(), unrecorded_at: (!is_recorded).then(clock::wall) };
    let before = file.filter(|_| measured.is_none()).and_then(|path| told_success_at(&earlier(path)));
    let text = text(&errands.settings, measured.as_ref(), Some(run), before);
    if let Some(Err(error)) = file.map(|path| write(errands, path, &text)) {
        log::error!(code = "metrics_file"; "{error:#}");
    }
    let others = if measured.is_some() { Others::Replaced } else { Others::Kept };
    if let Some((push, Err(error))) = push.map(|push| (push, gateway::push(push, text + "\n", others))) {
        log::error!(code = "metrics_push"; "cannot hand the metrics to {}: {error}", push.url);
    }
}

/// A recording never takes the place of the metrics of live runs: only what the command line names counts.
fn targets(errands: &Errands) -> (Option<&Path>, Option<&Push>) {
    let (asked, set) = (errands.options.metrics_file.as_deref(), &errands.settings.metrics);
    match errands.options.replay {
        Some(_) => (asked, None),
        None => (asked.or(set.file.as_deref()), set.push.as_ref()),
    }
}

/// What stands in the file; nothing where it cannot be read.
fn earlier(path: &Path) -> String {
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text));
    if read.is_ok() { text } else { String::new() }
}

fn write(errands: &Errands, path: &Path, text: &str) -> anyhow::Result<()> {
    let settings = &errands.settings;
    let databases = [files_of(&errands.db), files_of(&settings.db)].into_iter().flatten();
    let named = [&settings.file, &settings.summary_file].into_iter().flatten().cloned();
    let ours: Vec<PathBuf> = databases.chain(named).collect();
    OutputFile::open("the metrics", path, &ours)?.write_for_all(text)
}
