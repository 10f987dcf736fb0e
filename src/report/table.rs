//! A table as a value, and two of its ways to be written; drawing it for people is the business of `command`.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

use super::Measure;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A JSON array of objects.
    Json,
    /// Comma-separated values with a header.
    Csv,
    /// Columns for people.
    Table,
}

/// One field.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing known.
    Empty,
    /// Words, instants and exact decimals.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// Any other number.
    Real(f64),
    /// A JSON value that is kept as it is.
    Json(Value),
}

impl Cell {
    /// A figure to three decimals; empty where there is none.
    pub fn thousandths(measure: &Measure) -> Self {
        measure.value.map_or(Self::Empty, |value| Self::Real((value * 1e3).round() / 1e3))
    }

    /// As plain text; empty when nothing is known.
    pub fn text(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Whole(n) => n.to_string(),
            Self::Real(n) => n.to_string(),
            Self::Json(value) => value.to_string(),
        }
    }

    /// Whether it is a number, which people read from the right.
    pub const fn is_number(&self) -> bool {
        matches!(self, Self::Whole(_) | Self::Real(_))
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Empty => serializer.serialize_none(),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Whole(n) => serializer.serialize_i64(*n),
            Self::Real(n) => serializer.serialize_f64(*n),
            Self::Json(value) => value.serialize(serializer),
        }
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Cell {
    fn from(n: i64) -> Self {
        Self::Whole(n)
    }
}

impl From<f64> for Cell {
    fn from(n: f64) -> Self {
        Self::Real(n)
    }
}

/// Rows under named columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Table<N = &'static str> {
    /// The names of the columns.
    pub columns: Vec<N>,
    /// The rows, each as wide as `columns`.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// Without some columns.
    #[must_use]
    pub fn without(mut self, names: &[&str]) -> Self {
        let kept: Vec<bool> = self.columns.iter().map(|column| !names.contains(column)).collect();
        for row in &mut self.rows {
            let mut kept = kept.iter();
            row.retain(|_| kept.next().copied().unwrap_or_default());
        }
        self.columns.retain(|column| !names.contains(column));
        self
    }
}

impl<N: AsRef<str>> Table<N> {
    /// Comma-separated values with a header (RFC 4180).
    pub fn to_csv(&self) -> String {
        let line = |fields: Vec<String>| fields.iter().map(|f| quoted(f)).collect::<Vec<_>>().join(",") + "\n";
        let header = line(self.columns.iter().map(|c| c.as_ref().to_owned()).collect());
        self.rows.iter().fold(header, |text, row| text + &line(row.iter().map(Cell::text).collect()))
    }
}

/// A list of objects, their keys in the order of the columns.
impl<N: AsRef<str>> Serialize for Table<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.rows.len()))?;
        for row in &self.rows {
            list.serialize_element(&Object { columns: &self.columns, row })?;
        }
        list.end()
    }
}

struct Object<'a, N> {
    columns: &'a [N],
    row: &'a [Cell],
}

impl<N: AsRef<str>> Serialize for Object<'_, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(self.columns.len()))?;
        for (name, cell) in self.columns.iter().zip(self.row) {
            object.serialize_entry(name.as_ref(), cell)?;
        }
        object.end()
    }
}

fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_the_same_in_json_and_csv() {
        let table = Table {
            columns: vec!["symbol", "text", "n", "x"],
            rows: vec![vec![
                Cell::Text("BTC/USDT".into()),
                Cell::Text("a \"b\", c".into()),
                Cell::Whole(-3),
                Cell::Empty,
            ]],
        };
        assert_eq!(table.clone().without(&["text", "x"]).to_csv(), "symbol,n\nBTC/USDT,-3\n");
        assert_eq!(table.to_csv(), "symbol,text,n,x\nBTC/USDT,\"a \"\"b\"\", c\",-3,\n");
        assert_eq!(
            serde_json::to_string(&table).unwrap(),
            r#"[{"symbol":"BTC/USDT","text":"a \"b\", c","n":-3,"x":null}]"#
        );
    }
}
