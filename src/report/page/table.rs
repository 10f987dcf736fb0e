//! Tables with headers, and lists of figures with their names.

use super::markup::{Markup, Tag, tag};

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
