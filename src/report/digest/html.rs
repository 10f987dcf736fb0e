//! The daily page for mail: tables for layout, its style beside each element, no colour of its own for paper and ink, so that
//! light and dark mail programs both show it as they show everything else.

use super::DigestReport;
use super::text;

/// Text that becomes no markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// All of it.
pub(super) fn written(day: &DigestReport) -> String {
    let rows: String = text::sections(day)
        .into_iter()
        .map(|(title, lines)| {
            let lines: Vec<String> = lines.iter().map(|line| escaped(line)).collect();
            format!("<tr><td><b>{title}</b><br>{}</td></tr>", lines.join("<br>"))
        })
        .collect();
    format!("<!doctype html><html><body><table>{rows}</table></body></html>")
}
