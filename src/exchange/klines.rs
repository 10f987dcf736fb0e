//! Rows of candles as they are written: JSON from the exchange, CSV from archives and recordings.

use std::io::{self, Read};
use std::ops::ControlFlow;

use csv::ByteRecord;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::market::{Flaw, RawExtras, Row, Sifter};
use crate::unit::UtcMillis;

/// Columns of a kline.
const COLUMNS: usize = 12;
/// Columns of a recording that kept prices and volume only.
const BARE_COLUMNS: usize = 6;

/// One field of a JSON row; what is neither a whole number nor a plain text is odd, and makes the row bad, not the answer.
#[derive(Clone, Copy)]
enum Field<'a> {
    Whole(i64),
    Text(&'a [u8]),
    Odd,
}

impl<'a> Field<'a> {
    fn whole(self) -> Result<i64, Flaw> {
        if let Self::Whole(n) = self { Ok(n) } else { Err(Flaw::Kind) }
    }

    fn text(self) -> Result<&'a [u8], Flaw> {
        if let Self::Text(text) = self { Ok(text) } else { Err(Flaw::Kind) }
    }
}

fn row<'a>(fields: &[Field<'a>; COLUMNS]) -> Result<Row<'a>, Flaw> {
    Ok(Row {
        open_time: UtcMillis::new(fields[0].whole()?),
        open: fields[1].text()?,
        high: fields[2].text()?,
        low: fields[3].text()?,
        close: fields[4].text()?,
        volume: fields[5].text()?,
        extras: Some(RawExtras {
            close_time: UtcMillis::new(fields[6].whole()?),
            quote_volume: fields[7].text()?,
            trades: fields[8].whole()?,
            taker_buy_base: fields[9].text()?,
        }),
    })
}

/// Reads a JSON answer into the sifter, without building it in memory. Gives the number of rows and the last open time.
pub(super) fn read_json(body: &[u8], sifter: &mut Sifter) -> Result<(usize, Option<UtcMillis>), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let seen = Rows { sifter }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(seen)
}

struct Rows<'s> {
    sifter: &'s mut Sifter,
}

impl<'de> DeserializeSeed<'de> for Rows<'_> {
    type Value = (usize, Option<UtcMillis>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = (usize, Option<UtcMillis>);

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of candles")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Self::Value, A::Error> {
        let (mut count, mut last) = (0, None);
        while let Some((fields, columns)) = rows.next_element_seed(RowSeed)? {
            count += 1;
            let row = if columns == COLUMNS { row(&fields) } else { Err(Flaw::Columns(columns)) };
            last = row.as_ref().ok().map(|r| r.open_time).or(last);
            match &row {
                Ok(row) => self.sifter.push(Ok(row)),
                Err(flaw) => self.sifter.push(Err(*flaw)),
            }
        }
        Ok((count, last))
    }
}

/// Reads one row, whatever it is; what is no list counts as a row of no columns.
struct RowSeed;

impl<'de> DeserializeSeed<'de> for RowSeed {
    type Value = ([Field<'de>; COLUMNS], usize);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// What is not of the kind that was looked for, read to its end.
macro_rules! odd {
    ($odd:expr; $($visit:ident: $kind:ty),*) => {
        $(fn $visit<E: serde::de::Error>(self, _: $kind) -> Result<Self::Value, E> { Ok($odd) })*

        fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> { Ok($odd) }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok($odd)
        }
    };
}

impl<'de> Visitor<'de> for RowSeed {
    type Value = ([Field<'de>; COLUMNS], usize);

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a candle")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut columns: A) -> Result<Self::Value, A::Error> {
        let mut fields = [Field::Odd; COLUMNS];
        let mut count = 0;
        while let Some(field) = columns.next_element_seed(FieldSeed)? {
            if let Some(place) = fields.get_mut(count) {
                *place = field;
            }
            count += 1;
        }
        Ok((fields, count))
    }

    odd!(([Field::Odd; COLUMNS], 0); visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);
}

struct FieldSeed;

impl<'de> DeserializeSeed<'de> for FieldSeed {
    type Value = Field<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for FieldSeed {
    type Value = Field<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a field of a candle")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Field::Text(text.as_bytes()))
    }

    fn visit_u64<E: serde::de::Error>(self, n: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(n).map_or(Field::Odd, Field::Whole))
    }

    fn visit_i64<E: serde::de::Error>(self, n: i64) -> Result<Self::Value, E> {
        Ok(Field::Whole(n))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Field::Odd)
    }

    odd!(Field::Odd; visit_bool: bool, visit_f64: f64, visit_str: &str);
}

/// Passes bytes on as long as they can be a CSV file of candles: its lines end, and so does the file. Packed files can
/// hold a thousand times their size.
pub(super) struct Bounded<R> {
    inner: R,
    line: usize,
    total: u64,
}

/// A line of candles has some 150 bytes.
const LONGEST_LINE: usize = 1 << 17;
/// Ten years of minutes of one pair have some 800 MB.
const LARGEST_FILE: u64 = 4 << 30;

/// So many bytes of a file are read at once.
pub(super) const BUFFER: usize = 1 << 16;

impl<R: Read> Bounded<R> {
    pub(super) const fn new(inner: R) -> Self {
        Self { inner, line: 0, total: 0 }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.total += read as u64;
        self.line = match buffer[..read].iter().rposition(|b| *b == b'\n') {
            Some(end) => read - end,
            None => self.line + read,
        };
        let too_long = self.line > LONGEST_LINE || self.total > LARGEST_FILE;
        if too_long { Err(io::Error::other("no file of candles: a line or the file does not end")) } else { Ok(read) }
    }
}

/// Reads CSV rows one after another until `take` has enough. A first line of names and lines that start with `#` are
/// passed over; times in microseconds (the archive's since 2025) become milliseconds.
pub(super) fn read_csv(
    reader: impl Read,
    take: impl FnMut(Result<&Row<'_>, Flaw>) -> ControlFlow<()>,
) -> Result<(), csv::Error> {
    read_rows(Bounded::new(reader), true, take)
}

/// The same for what is bounded already. A line of names is looked for only where the reader stands at the `top` of a file.
pub(super) fn read_rows(
    reader: impl Read,
    mut top: bool,
    mut take: impl FnMut(Result<&Row<'_>, Flaw>) -> ControlFlow<()>,
) -> Result<(), csv::Error> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .buffer_capacity(BUFFER)
        .from_reader(reader);
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record)? {
        let is_header =
            std::mem::take(&mut top) && !record.get(0).is_some_and(|f| f.first().is_some_and(u8::is_ascii_digit));
        if is_header {
            continue;
        }
        let row = csv_row(&record);
        let flow = match &row {
            Ok(row) => take(Ok(row)),
            Err(flaw) => take(Err(*flaw)),
        };
        if flow.is_break() {
            break;
        }
    }
    Ok(())
}

fn csv_row(record: &ByteRecord) -> Result<Row<'_>, Flaw> {
    let field = |i: usize| record.get(i).unwrap_or_default();
    let extras = match record.len() {
        COLUMNS => Some(RawExtras {
            close_time: instant(field(6))?,
            quote_volume: field(7),
            trades: whole(field(8))?,
            taker_buy_base: field(9),
        }),
        BARE_COLUMNS => None,
        columns => return Err(Flaw::Columns(columns)),
    };
    let open_time = instant(field(0))?;
    Ok(Row { open_time, open: field(1), high: field(2), low: field(3), close: field(4), volume: field(5), extras })
}

fn whole(text: &[u8]) -> Result<i64, Flaw> {
    let digits = (1..=18).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    if !digits {
        return Err(Flaw::Kind);
    }
    Ok(text.iter().fold(0, |n, b| n * 10 + i64::from(b - b'0')))
}

/// 10^14 ms lie in the year 5138, 10^14 µs in 1973: between them the unit is beyond doubt.
pub(super) fn instant(text: &[u8]) -> Result<UtcMillis, Flaw> {
    const MICROSECONDS_FROM: i64 = 100_000_000_000_000;
    let n = whole(text)?;
    Ok(UtcMillis::new(if n >= MICROSECONDS_FROM { n / 1000 } else { n }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::Batch;
    use crate::unit::Timeframe;

    const GOOD: &str =
        r#"[1710331200000,"100.0","110.0","90.0","105.0","12.5",1710334799999,"1300.5",7,"6.25","650.1","0"]"#;

    fn json(rows: &[&str]) -> Result<Batch, serde_json::Error> {
        let mut sifter = Sifter::new(Timeframe::H1, None, UtcMillis::new(1_800_000_000_000));
        read_json(format!("[{}]", rows.join(",")).as_bytes(), &mut sifter)?;
        Ok(sifter.finish())
    }

    #[test]
    fn a_row_that_is_not_as_documented_is_bad_and_the_others_stand() {
        for (row, flaw) in [
            (GOOD.replace(r#","0"]"#, "]"), Flaw::Columns(11)),
            (GOOD.replace(r#","0"]"#, r#","0","1","2"]"#), Flaw::Columns(14)),
            (GOOD.replace(r#""100.0""#, "100.0"), Flaw::Kind),
            (GOOD.replace(r#""100.0""#, "null"), Flaw::Kind),
            (GOOD.replace(r#""100.0""#, r#"[["x"],{"a":1}]"#), Flaw::Kind),
            (GOOD.replace("1710331200000", r#""1710331200000""#), Flaw::Kind),
            (GOOD.replace("1710331200000", "99999999999999999999"), Flaw::Kind),
            ("null".to_owned(), Flaw::Columns(0)),
            ("7".to_owned(), Flaw::Columns(0)),
            (r#"{"a":[1,2]}"#.to_owned(), Flaw::Columns(0)),
            (r#""text""#.to_owned(), Flaw::Columns(0)),
        ] {
            let batch = json(&[&row, GOOD]).unwrap();
            assert_eq!((batch.candles.len(), batch.bad), (1, 1), "{row}");
            assert_eq!(batch.bad_rows[0].flaw, flaw, "{row}");
        }
    }

    #[test]
    fn an_answer_that_is_no_list_of_candles_is_refused() {
        for body in ["", "{}", "null", "[", "[[1,2", "[] []", "<html>", "[\"\u{1}\"]"] {
            let mut sifter = Sifter::new(Timeframe::H1, None, UtcMillis::new(0));
            assert!(read_json(body.as_bytes(), &mut sifter).is_err(), "{body}");
        }
        let deep = "[".repeat(100_000);
        assert!(read_json(deep.as_bytes(), &mut Sifter::new(Timeframe::H1, None, UtcMillis::new(0))).is_err());
        let mut bytes = GOOD.as_bytes().to_vec();
        bytes[18] = 0xff;
        let body = [b"[", bytes.as_slice(), b"]"].concat();
        assert!(read_json(&body, &mut Sifter::new(Timeframe::H1, None, UtcMillis::new(0))).is_err(), "invalid UTF-8");
    }

    #[test]
    fn a_line_that_does_not_end_is_refused_before_it_fills_the_memory() {
        let endless = io::repeat(b'1').take(1 << 30);
        let mut rows = 0;
        let read = read_csv(endless, |_| {
            rows += 1;
            ControlFlow::Continue(())
        });
        assert!(read.is_err_and(|e| e.to_string().contains("does not end")));
        assert_eq!(rows, 0);
    }

    #[test]
    fn csv_is_read_with_or_without_header_and_extras_in_either_unit() {
        let rows = "1710331200000,100,110,90,105,12.5,1710334799999,1300.5,7,6.25,650.1,0\n";
        let micro = rows.replace("1710331200000", "1710331200000000").replace("1710334799999", "1710334799999999");
        for text in [
            rows.to_owned(),
            micro,
            format!("open_time,open,high,low,close,volume,close_time,quote_volume,trades,a,b,ignore\n{rows}"),
            format!("# a note\n{rows}"),
            "# missing: close_time_ms\nopen_time_ms,open,high,low,close,volume\n1710331200000,100,110,90,105,12.5\n"
                .to_owned(),
            rows.replace('\n', "\r\n"),
        ] {
            let mut sifter = Sifter::new(Timeframe::H1, None, UtcMillis::new(1_800_000_000_000));
            read_csv(text.as_bytes(), |row| {
                sifter.push(row);
                ControlFlow::Continue(())
            })
            .unwrap();
            let batch = sifter.finish();
            assert_eq!((batch.candles.len(), batch.bad), (1, 0), "{text}: {:?}", batch.bad_rows);
            assert_eq!(batch.candles[0].open_time(), UtcMillis::new(1_710_331_200_000));
        }
    }
}
