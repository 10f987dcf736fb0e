//! Tables with headers, and lists of figures with their names.

use super::markup::{Markup, Tag, tag};
use super::numeral::count;

/// What a column of a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// What names the row.
    Name(&'static str),
    /// Words.
    Words(&'static str),
    /// Numbers: to the right, digit below digit.
    Numbers(&'static str),
}

impl Column {
    const fn head(self) -> &'static str {
        match self {
            Self::Name(head) | Self::Words(head) | Self::Numbers(head) => head,
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Name(_) | Self::Words(_) => "w",
            Self::Numbers(_) => "n",
        }
    }
}

/// A table that scrolls in itself where the page is too narrow for it.
pub(super) fn table(caption: &str, columns: &[Column], rows: impl IntoIterator<Item = Vec<Markup>>) -> Tag {
    let head = columns.iter().map(|column| tag("th").class(column.class()).set("scope", "col").text(column.head()));
    let rows = rows.into_iter().map(|row| tag("tr").all(row.into_iter().zip(columns).map(cell)));
    let table = tag("table").put(tag("caption").text(caption)).put(tag("thead").put(tag("tr").all(head)));
    scrolling(caption, table.put(tag("tbody").all(rows)))
}

/// Trades that are listed: of more than twice as many only the first and the last.
const LISTED: usize = 150;
/// More of them than this are folded away.
const FOLDED: usize = 12;

/// A row for each trade, and the words that say where those are told that are left out.
pub(super) fn trade_table(elsewhere: &str, columns: &[Column], mut rows: Vec<Vec<Markup>>) -> Markup {
    let caption = match rows.len() {
        all if all > 2 * LISTED => {
            rows.drain(LISTED..all - LISTED);
            format!("The first and the last {LISTED} of {} trades; {elsewhere}", count(all as u64))
        }
        1 => "The only trade".to_owned(),
        all => format!("All {} trades", count(all as u64)),
    };
    let is_long = rows.len() > FOLDED;
    let listing = table(&caption, columns, rows);
    if is_long { tag("details").put(tag("summary").text(&caption)).put(listing).into() } else { listing.into() }
}

fn cell((content, column): (Markup, &Column)) -> Tag {
    match column {
        Column::Name(_) => tag("th").class("w").set("scope", "row").put(content),
        Column::Words(_) | Column::Numbers(_) => tag("td").class(column.class()).put(content),
    }
}

/// Something that may be wider than the page; a keyboard reaches it.
pub(super) fn scrolling(name: &str, wide: Tag) -> Tag {
    tag("div").class("scroll").set("role", "region").set("aria-label", name).set("tabindex", 0).put(wide)
}

/// A figure with its name, and a word on it.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) name: &'static str,
    pub(super) figure: Markup,
    pub(super) note: Markup,
}

/// Figures with their names.
pub(super) fn figures(class: &'static str, all: impl IntoIterator<Item = Told>) -> Tag {
    let one = |told: Told| {
        let figure = tag("dd").put(told.figure);
        let note = (told.note != Markup::default()).then(|| tag("dd").class("note").put(told.note));
        tag("div").put(tag("dt").text(told.name)).put(figure).all(note)
    };
    tag("dl").class(class).all(all.into_iter().map(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_trades_the_first_and_the_last_are_listed_and_long_lists_are_folded() {
        for (all, listed, caption, is_folded) in [
            (1, 1, "The only trade", false),
            (12, 12, "All 12 trades", false),
            (13, 13, "All 13 trades", true),
            (300, 300, "All 300 trades", true),
            (301, 300, "The first and the last 150 of 301 trades; elsewhere", true),
        ] {
            let rows = (1..=all).map(|n| vec![Markup::text(format!("trade {n}."))]).collect();
            let text = trade_table("elsewhere", &[Column::Name("Pair")], rows).into_string();
            assert_eq!(text.matches("scope=\"row\"").count(), listed);
            assert!(text.contains(&format!("<caption>{caption}</caption>")), "{all}: {text}");
            assert!(text.contains("trade 1.<") && text.contains(&format!("trade {all}.<")));
            assert_eq!((text.starts_with("<details>"), text.contains("trade 151.<")), (is_folded, all == 300));
        }
    }

    #[test]
    fn every_table_has_a_caption_and_heads_for_columns_and_rows() {
        let rows = [vec![Markup::text("a<b"), Markup::text("1")]];
        let text = Markup::from(table("Some", &[Column::Name("Who"), Column::Numbers("How")], rows)).into_string();
        for part in [
            "<caption>Some</caption>",
            "<th class=\"w\" scope=\"col\">Who</th>",
            "<th class=\"w\" scope=\"row\">a&lt;b</th><td class=\"n\">1</td>",
            "role=\"region\" aria-label=\"Some\" tabindex=\"0\"",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
