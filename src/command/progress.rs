//! How far long work has come, on a terminal.

use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on stderr; indicatif itself stays silent where that is no terminal.
pub(super) fn progress(things: &str, total: u64) -> ProgressBar {
    let shape = format!("{{wide_bar}} {{human_pos}}/{{human_len}} {things}, {{per_sec}}, {{eta}} left");
    let style = ProgressStyle::with_template(&shape).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total).with_style(style)
}

/// That something is under way of which nobody can say how far it is, on a terminal.
pub(super) fn waiting(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(what);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Says on a terminal, before the work begins, what becomes of it when somebody ends it early: nothing can be said by then.
pub(super) fn say_how_to_go_on(bar: &ProgressBar, rows: Option<&Path>) {
    if let Some(rows) = rows {
        bar.println(format!("rows go to {}; after Ctrl-C the same command goes on from there", rows.display()));
    }
}
