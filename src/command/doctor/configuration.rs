//! The configuration: whether it can be used, and who can read it. That it can be read was seen before.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::trial::Trial;
use crate::exchange::Binance;
use crate::report::Part;
use crate::settings::{Settings, secrets_in};

const NAME: &str = "configuration";

/// Looks at the file and its rights.
pub(super) fn trial(settings: &Settings) -> Trial {
    let settings = settings.clone();
    Trial::here(NAME, move || {
        let mut parts = vec![used(&settings)];
        parts.extend(settings.file.as_deref().map(rights));
        parts
    })
}

fn used(settings: &Settings) -> Part {
    let file = settings.file.as_ref().map_or("no file: the defaults".to_owned(), |file| file.display().to_string());
    if let Err(error) = Binance::for_a_run(&settings.exchange) {
        return Part::failed(NAME, format!("{file}: {error}"), "correct [exchange] base_urls");
    }
    if !settings.unknown_variables.is_empty() {
        let text = format!("{file}; variables that mean nothing: {}", settings.unknown_variables.join(", "));
        return Part::warning(
            NAME,
            text,
            "correct their names, or unset them; `trader config show` tells what is in force",
        );
    }
    Part::ok(NAME, format!("{file} (strategy {} on {})", settings.strategy.name, settings.strategy.timeframe))
}

/// A file that names secrets is its owner's alone.
fn rights(file: &Path) -> Part {
    let name = "rights";
    let told = std::fs::metadata(file).and_then(|told| Ok((told.permissions().mode(), std::fs::read_to_string(file)?)));
    let (mode, text) = match told {
        Ok(told) => told,
        Err(error) => return Part::failed(name, error.to_string(), "see that this user may read it"),
    };
    let (secrets, mode) = (secrets_in(&text), mode & 0o777);
    let is_the_owners = mode & 0o044 == 0;
    if secrets.is_empty() || is_the_owners {
        let what = if secrets.is_empty() { "it names no secret" } else { "nobody else can read its secrets" };
        return Part::ok(name, format!("mode {mode:03o}, {what}"));
    }
    let text = format!("mode {mode:03o}: others can read it, and it names secrets ({})", secrets.join(", "));
    Part::warning(name, text, format!("chmod 600 {}", file.display()))
}
