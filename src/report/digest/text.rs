//! The daily page as text: headings at the margin, what belongs to them below, no line longer than a terminal is wide.

use super::DigestReport;
use super::told::{Piece, Section, Side, sections, title};

/// No line is longer than this.
const WIDTH: usize = 78;
const INDENT: usize = 2;
/// Between two columns.
const BETWEEN: &str = "  ";

/// All of it; a day of which nothing is known in one line.
pub(super) fn written(day: &DigestReport) -> String {
    if day.is_empty() {
        let lines = wrapped(&format!("{}: {}; nothing ran on this day", title(day), day.verdict.line()), 0);
        return lines.join("\n");
    }
    let mut lines = vec![title(day)];
    lines.extend(wrapped(&day.verdict.line(), 0));
    lines.extend(sections(day).iter().flat_map(part));
    lines.join("\n")
}

fn part(section: &Section) -> Vec<String> {
    let below = section.pieces.iter().flat_map(|piece| match piece {
        Piece::Line(line) => wrapped(line, INDENT),
        Piece::Table { heads, rows } => table(heads, rows),
    });
    [String::new(), section.title.to_owned()].into_iter().chain(below).collect()
}

fn table(heads: &[(&'static str, Side)], rows: &[Vec<String>]) -> Vec<String> {
    let has_heads = heads.iter().any(|(head, _)| !head.is_empty());
    let first = has_heads.then(|| heads.iter().map(|(head, _)| (*head).to_owned()).collect::<Vec<_>>());
    let all: Vec<&Vec<String>> = first.iter().chain(rows).collect();
    let width = |column: usize| all.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..heads.len()).map(|column| width(column).unwrap_or_default()).collect();
    all.iter().flat_map(|row| placed(row, heads, &widths)).collect()
}

/// A row, its cells below those of the row before; one that does not fit is told as a sentence.
fn placed(row: &[String], heads: &[(&'static str, Side)], widths: &[usize]) -> Vec<String> {
    let cells = row.iter().zip(heads).zip(widths).map(|((cell, (_, side)), width)| match side {
        Side::Left => format!("{cell:<width$}"),
        Side::Right => format!("{cell:>width$}"),
    });
    let line = format!("{}{}", " ".repeat(INDENT), cells.collect::<Vec<_>>().join(BETWEEN));
    let line = line.trim_end().to_owned();
    if line.chars().count() <= WIDTH { vec![line] } else { wrapped(&row.join(" "), INDENT) }
}

/// A sentence in lines that fit, those after the first a little to the right. No number is parted from its percent sign, and a
/// word that is longer than a line is cut.
fn wrapped(sentence: &str, indent: usize) -> Vec<String> {
    let sentence = sentence.replace(" %", "\u{a0}%");
    let mut lines: Vec<String> = Vec::new();
    let mut now = String::new();
    for word in sentence.split_ascii_whitespace().flat_map(pieces) {
        let used = now.chars().count() + 1 + word.chars().count();
        let room = if lines.is_empty() { WIDTH - indent } else { WIDTH - indent - INDENT };
        if !now.is_empty() && used > room {
            lines.push(std::mem::take(&mut now));
        }
        if !now.is_empty() {
            now.push(' ');
        }
        now.push_str(&word);
    }
    lines.push(now);
    let margin = |i: usize| " ".repeat(if i == 0 { indent } else { indent + INDENT });
    lines.iter().enumerate().map(|(i, line)| format!("{}{}", margin(i), line.replace('\u{a0}', " "))).collect()
}

/// A word in pieces that fit into any line.
fn pieces(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    letters.chunks(WIDTH - 3 * INDENT).map(|piece| piece.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_sentence_is_broken_between_words_and_no_percent_sign_is_left_alone() {
        let sentence = format!("{} 12.34 % more", "x".repeat(69));
        assert_eq!(wrapped(&sentence, 2), [format!("  {}", "x".repeat(69)), "    12.34 % more".to_owned()]);
        assert_eq!(wrapped("short", 0), ["short"]);
    }

    #[test]
    fn cells_stand_below_each_other_and_a_row_that_is_too_wide_becomes_a_sentence() {
        let heads = [("pair", Side::Left), ("profit", Side::Right)];
        let row = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        assert_eq!(
            table(&heads, &[row("BTC/USDT", "+1.00"), row("A", "-100.00")]),
            ["  pair       profit", "  BTC/USDT    +1.00", "  A         -100.00"]
        );
        let told = table(&heads, &[row(&"a".repeat(60), &"b".repeat(60))]);
        assert_eq!(told[1..], [format!("  {}", "a".repeat(60)), format!("    {}", "b".repeat(60))]);
    }

    proptest! {
        #[test]
        fn no_line_is_too_long_and_no_word_is_lost(sentence in "[a-zé0-9 %]{0,400}", indent in 0usize..5) {
            let lines = wrapped(&sentence, indent);
            prop_assert!(lines.iter().all(|line| line.chars().count() <= WIDTH), "{:?}", lines);
            let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&lines.join("")), letters(&sentence));
        }
    }
}
