//! What monitoring reads: the file of metrics, whether its reader gets there, and the Pushgateway.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::machine::{ours, writable};
use super::trial::Trial;
use crate::gateway::{self, NotTaken};
use crate::report::{Part, PartOutcome};
use crate::settings::{Push, Settings};

const FILE: &str = "metrics file";
const GATEWAY: &str = "pushgateway";
/// Somewhat less than a trial may take, so that the gateway's own fault is told.
const WITHIN: Duration = Duration::from_secs(4);

/// A look at the file, and a question to the gateway.
pub(super) fn trials(settings: &Settings) -> Vec<Trial> {
    let file = settings.metrics.file.clone().map(|path| {
        let settings = settings.clone();
        Trial::here(FILE, move || vec![file(&path, &settings)])
    });
    let push = settings.metrics.push.clone().map(|push| Trial::elsewhere(GATEWAY, move || vec![asked(&push)]));
    file.into_iter().chain(push).collect()
}

/// Whether it can be written, and read by the node exporter, which has an account of its own.
fn file(path: &Path, settings: &Settings) -> Part {
    let others: Vec<PathBuf> = ours(settings).into_iter().chain(settings.summary_file.clone()).collect();
    let written = writable(FILE, path, &others);
    if written.outcome != PartOutcome::Ok {
        return written;
    }
    if path.extension().is_none_or(|ending| ending != "prom") {
        let text = format!("{}, but the node exporter reads no file of that name", written.text);
        return Part::warning(FILE, text, "let its name end in .prom");
    }
    match closed_to_others(path) {
        None => Part::ok(FILE, format!("{}, and its folder read", written.text)),
        Some(folder) => {
            let text = format!(
                "{}, but other accounts, as the node exporter's, do not get into {}",
                written.text,
                folder.display()
            );
            Part::warning(
                FILE,
                text,
                "name a file in a folder that all may read and enter (mode 755), as the folders above it",
            )
        }
    }
}

/// The folder on the way to a file that neither its group nor everybody may enter, or read where it is the last one.
fn closed_to_others(path: &Path) -> Option<PathBuf> {
    let place = std::path::absolute(path).ok()?;
    let folders = place.ancestors().skip(1).enumerate();
    folders.map(|(above, folder)| (if above == 0 { 0o5 } else { 0o1 }, folder)).find_map(|(needed, folder)| {
        let mode = std::fs::metadata(folder).ok()?.permissions().mode();
        let is_open = [mode, mode >> 3].iter().any(|rights| rights & needed == needed);
        (!is_open).then(|| folder.to_owned())
    })
}

/// A push would be taken for a run's: it is only asked whether it is ready.
fn asked(push: &Push) -> Part {
    match gateway::probe(push, WITHIN) {
        Ok(200..=299) => Part::ok(GATEWAY, format!("{} is ready; nothing was pushed", push.url)),
        Ok(status @ (401 | 403)) => {
            let remedy = "correct push_user and its password in [metrics]";
            Part::failed(GATEWAY, format!("{} refuses the login (status {status})", push.url), remedy)
        }
        Ok(status) => {
            let text = format!("{} answers with status {status} where a Pushgateway says that it is ready", push.url);
            Part::warning(GATEWAY, text, "see that [metrics] push_url names a Pushgateway, and that it works")
        }
        Err(error) => Part::failed(GATEWAY, format!("{}: {error}", push.url), remedy(&error)),
    }
}

const fn remedy(error: &NotTaken) -> &'static str {
    match error {
        NotTaken::Secret(_) => "put the password where [metrics] says it is",
        NotTaken::Address | NotTaken::Client(_) => "correct [metrics] push_url",
        NotTaken::Unreachable(_) | NotTaken::Status(_) => {
            "check host, port and the network; the next run pushes all of it again"
        }
    }
}
