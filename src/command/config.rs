//! `trader config`: init, show, check.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;

use super::{Output, usage};
use crate::exchange::Binance;
use crate::file::{Part, is_taken};
use crate::settings::{Settings, TEMPLATE};

/// Writes a commented configuration with every default; never over another file.
pub fn config_init(path: &Path) -> anyhow::Result<Output> {
    let refused = |e: std::io::Error| usage(format!("cannot write {}: {e}", path.display()));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(refused)?;
    }
    if is_taken(path) {
        return Err(refused(ErrorKind::AlreadyExists.into()));
    }
    let part = Part::beside(path).map_err(refused)?;
    part.write(TEMPLATE)
        .and_then(|()| part.take_free_place())
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Output::ok(format!("wrote {}", path.display())))
}

/// Shows what is in force.
pub fn config_show(settings: &Settings) -> anyhow::Result<Output> {
    Ok(Output::ok(settings.to_toml()?))
}

/// Says whether the configuration, which has been read, can be used.
pub fn config_check(settings: &Settings) -> anyhow::Result<Output> {
    // Whether the addresses can be used is known to whoever talks to them. Nothing is sent.
    Binance::for_a_run(&settings.exchange).map_err(|e| usage(e.to_string()))?;
    let file = settings.file.as_ref().map_or("no file: the defaults".to_owned(), |f| f.display().to_string());
    Ok(Output::ok(format!("ok: {file} (strategy {})", settings.strategy.hash)))
}
