//! The daily page for mail: tables for layout and the style beside each element, because mail programs ignore style sheets.
//!
//! Paper and ink are left to the mail program, so that its light and its dark are both right; the few colours of its own are
//! readable on either.

use super::told::{Piece, Section, Side, sections, title};
use super::{DigestReport, VerdictWord};
use crate::report::page::escaped;

const FONT: &str = "font-family:'Helvetica Neue',Arial,sans-serif;font-size:13px;line-height:19px";
/// Quieter than ink on any paper, and a line between parts.
const QUIET: &str = "color:#7a766e";
const RULE: &str = "border-top:1px solid #99948a";

/// What a colour says beside the word: nothing to do, something was traded, somebody should look.
const fn colour(word: VerdictWord) -> &'static str {
    match word {
        VerdictWord::Quiet | VerdictWord::Unknown => "#7a766e",
        VerdictWord::Active => "#2c79b3",
        VerdictWord::AttentionNeeded => "#c4501f",
    }
}

/// All of it.
pub(super) fn written(day: &DigestReport) -> String {
    let head = format!(
        "<tr><td style=\"{FONT};border-left:4px solid {colour};padding:2px 0 2px 14px\">\
         <span style=\"{QUIET}\">{}</span><br>\
         <strong style=\"font-size:19px;line-height:26px\">{}</strong></td></tr>",
        escaped(&title(day)),
        escaped(&capital(&day.verdict.line())),
        colour = colour(day.verdict.word),
    );
    let nothing = day.is_empty().then(|| row(&sentence("Nothing ran on this day.")));
    let parts: Vec<String> =
        std::iter::once(head).chain(nothing).chain(sections(day).iter().map(|part| row(&section(part)))).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"supported-color-schemes\" content=\"light dark\">\n\
         <title>{}</title>\n</head>\n<body style=\"margin:0;padding:12px\">\n\
         <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" \
         style=\"max-width:640px;border-collapse:collapse\">\n{}\n</table>\n</body>\n</html>\n",
        escaped(&day.subject()),
        parts.join("\n")
    )
}

fn row(inside: &str) -> String {
    format!("<tr><td style=\"{FONT};padding:16px 0 0 0\">{inside}</td></tr>")
}

fn section(part: &Section) -> String {
    let pieces: Vec<String> = part
        .pieces
        .iter()
        .map(|piece| match piece {
            Piece::Line(line) => sentence(line),
            Piece::Table { heads, rows } => table(heads, rows),
        })
        .collect();
    let title = escaped(part.title);
    format!("<h2 style=\"{FONT};{RULE};font-weight:bold;margin:0;padding:8px 0 2px 0\">{title}</h2>{}", pieces.concat())
}

fn sentence(line: &str) -> String {
    format!("<p style=\"{FONT};margin:0;padding:2px 0\">{}</p>", escaped(line))
}

fn table(heads: &[(&'static str, Side)], rows: &[Vec<String>]) -> String {
    let has_heads = heads.iter().any(|(head, _)| !head.is_empty());
    let below = |n: usize| has_heads && n > 0 && heads[n] == ("", Side::Right) && !heads[n - 1].0.is_empty();
    let line = |name: &str, texts: Vec<&str>| {
        let mut cells: Vec<(String, Side)> = Vec::new();
        for (n, (text, (_, side))) in texts.into_iter().zip(heads).enumerate() {
            match cells.last_mut() {
                // What has no head of its own stands under what it belongs to: a phone is narrow.
                Some((above, _)) if below(n) && !text.is_empty() => {
                    above.push_str("<br>");
                    above.push_str(&inside(name, text, *side));
                }
                Some(_) if below(n) => {}
                _ => cells.push((inside(name, text, *side), *side)),
            }
        }
        let cells: Vec<String> = cells.iter().map(|(inside, side)| cell(name, inside, *side)).collect();
        format!("<tr>{}</tr>", cells.concat())
    };
    let head = has_heads.then(|| line("th", heads.iter().map(|(head, _)| *head).collect()));
    let rows = rows.iter().map(|row| line("td", row.iter().map(String::as_str).collect()));
    let lines: Vec<String> = head.into_iter().chain(rows).collect();
    format!(
        "<table cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"border-collapse:collapse\">{}</table>",
        lines.concat()
    )
}

fn inside(name: &str, text: &str, side: Side) -> String {
    // A number and its unit stay together; words may be broken, and a pair where a phone is too narrow for it.
    match side {
        Side::Right if name == "td" => escaped(text).replace(' ', "&nbsp;"),
        Side::Left | Side::Right => escaped(text).replace('/', "/<wbr>").replace(" %", "&nbsp;%"),
    }
}

fn cell(name: &str, inside: &str, side: Side) -> String {
    let baseline = if name == "th" { "bottom" } else { "top" };
    let align = if side == Side::Right { "right" } else { "left" };
    let quiet = if name == "th" { format!(";{QUIET};font-weight:normal;font-size:12px") } else { String::new() };
    format!(
        "<{name} align=\"{align}\" valign=\"{baseline}\" style=\"{FONT}{quiet};padding:1px 8px 1px 0\">{inside}</{name}>"
    )
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    let first: String = letters.next().map(char::to_uppercase).into_iter().flatten().collect();
    format!("{first}{}", letters.as_str())
}
