//! How far long work has come, on a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on stderr; indicatif itself stays silent where that is no terminal.
pub(super) fn progress(things: &str, total: u64) -> ProgressBar {
    let shape = format!("{{wide_bar}} {{human_pos}}/{{human_len}} {things}, {{per_sec}}, {{eta}} left");
    let style = ProgressStyle::with_template(&shape).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total).with_style(style)
}
