//! `trader sweep merge`: the files that shards have written, of a sweep or of a walk forward, joined to what one machine would
//! have said.

use std::path::PathBuf;

use super::merge::schema_of;
use super::say::{Output, Style};
use super::{sweep, usage, walk_forward};
use crate::settings::Settings;

/// Joins the files that shards of a sweep or of a walk forward have written.
pub fn sweep_merge(settings: &Settings, files: &[PathBuf], top: usize, style: Style) -> anyhow::Result<Output> {
    let first = files.first().ok_or_else(|| usage("no file is named"))?;
    match schema_of(first)?.as_str() {
        sweep::ROWS => sweep::merge(settings, files, top, style),
        walk_forward::ROWS => walk_forward::merge(settings, files, style),
        other => Err(usage(format!("{} holds `{other}`, not the rows of a sweep", first.display()))),
    }
}
