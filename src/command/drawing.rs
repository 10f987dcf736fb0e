//! Tables for people.

use comfy_table::{Cell, CellAlignment, ContentArrangement, presets};

use crate::report::Table;

/// A table for people, numbers to the right.
pub(super) fn drawn<N: AsRef<str>>(table: &Table<N>) -> String {
    let mut drawing = comfy_table::Table::new();
    drawing.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Disabled);
    drawing.set_header(table.columns.iter().map(AsRef::as_ref));
    for row in &table.rows {
        let cells = row.iter().map(|cell| {
            let drawn = Cell::new(cell.text());
            if cell.is_number() { drawn.set_alignment(CellAlignment::Right) } else { drawn }
        });
        drawing.add_row(cells);
    }
    drawing.to_string()
}
