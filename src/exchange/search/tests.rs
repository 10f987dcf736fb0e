//! What is found is what a reading of the whole file gives.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::super::klines::read_csv;
use super::*;

const START: UtcMillis = UtcMillis::new(1_710_288_000_000); // 2024-03-13
const MINUTE: Timeframe = Timeframe::M1;
const REST: &str = "73000.01000000,73100.00000000,72900.50000000,73050.25000000,12.50000000";

fn at(minute: i64) -> UtcMillis {
    MINUTE.step(START, minute)
}

fn row(minute: i64) -> String {
    format!("{},{REST}\n", at(minute).get())
}

fn rows(minutes: impl IntoIterator<Item = i64>) -> String {
    minutes.into_iter().map(row).collect()
}

fn span(from: i64, to: i64) -> Span {
    Span { timeframe: MINUTE, from: at(from), to: at(to), now: at(1_000_000) }
}

/// What every row of the file, looked at one after another, says of it.
fn whole(text: &[u8], span: Span) -> Batch {
    let mut sifter = Sifter::new(span.timeframe, Some(span.from), span.now);
    read_csv(text, |row| {
        match row {
            Ok(row) if row.open_time < span.from => {}
            Ok(row) if row.open_time > span.to => return ControlFlow::Break(()),
            row => sifter.push(row),
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    sifter.finish()
}

fn found(text: &[u8], span: Span) -> Batch {
    span.find(Cursor::new(text)).unwrap()
}

/// What is read from where the search ends, whatever is found there.
fn behind(text: &[u8], span: Span) -> Batch {
    let mut file = Cursor::new(text);
    let start = before(&mut file, span.from).unwrap();
    file.set_position(start);
    span.read(file, start == 0).unwrap().0
}

fn packed(text: &[u8], span: Span) -> Batch {
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(text).unwrap();
    span.scan(MultiGzDecoder::new(gz.finish().unwrap().as_slice())).unwrap()
}

fn agree(text: &str, span: Span) -> Batch {
    let (text, all) = (text.as_bytes(), whole(text.as_bytes(), span));
    for (reading, batch) in [("found", found(text, span)), ("packed", packed(text, span))] {
        assert_eq!(batch, all, "{reading}: {span:?}");
    }
    all
}

const HEADER: &str = "open_time_ms,open,high,low,close,volume\n";
const NOTE: &str = "# missing: close_time_ms,quote_volume\n";

#[test]
fn a_stretch_is_found_in_a_file_of_any_accepted_form() {
    let plain = rows(0..2000);
    let micro = |minute| format!("{}000,{REST}\n", at(minute).get());
    let micros: String = (0..2000).map(micro).collect();
    for (name, text) in [
        ("plain", plain.clone()),
        ("a header", [HEADER, &plain].concat()),
        ("a note", [NOTE, &plain].concat()),
        ("a note and a header", [NOTE, HEADER, &plain].concat()),
        ("CRLF", [NOTE, HEADER, &plain].concat().replace('\n', "\r\n")),
        ("microseconds", [HEADER, &micros].concat()),
        ("microseconds from some row on", [rows(0..700).as_str(), &micros[700 * (micros.len() / 2000)..]].concat()),
        ("no newline at the end", plain.trim_end().to_owned()),
        ("blank lines", format!("\n\n{}\n\n", plain.replace('\n', "\n\n"))),
        ("blank lines, CRLF", plain.replace('\n', "\r\n\r\n")),
        ("notes between rows", plain.replace('\n', "\n# 1,2,3\n")),
    ] {
        for (from, to, count) in [
            (-9, -1, 0),
            (-9, 5, 6),
            (0, 0, 1),
            (1, 3, 3),
            (998, 1010, 13),
            (1990, 1999, 10),
            (1998, 2010, 2),
            (2000, 2010, 0),
        ] {
            let batch = agree(&text, span(from, to));
            assert_eq!((batch.candles.len(), batch.bad), (count, 0), "{name}: {from} to {to}");
            assert_eq!(behind(text.as_bytes(), span(from, to)), batch, "{name}: {from} to {to}");
        }
        let place = before(&mut Cursor::new(&text), at(1000)).unwrap();
        assert!(place > 0, "{name}: halving gave up");
        let next = text.as_bytes()[usize::try_from(place).unwrap()..].split(|b| *b == b'\n').next().unwrap();
        let open = open_time(next).expect(name);
        assert!(open < at(1000) && open > at(800), "{name}: {open} is far from the wanted minute");
    }
}

#[test]
fn a_tiny_file_is_read_from_its_beginning() {
    for (text, count) in [
        (String::new(), 0),
        ("\n".to_owned(), 0),
        (HEADER.to_owned(), 0),
        (NOTE.trim_end().to_owned(), 0),
        (row(5), 1),
        ([NOTE, HEADER, row(4).as_str(), row(5).trim_end()].concat(), 1),
        (rows([3, 5, 9]), 1),
        (rows([3, 9]), 0),
    ] {
        assert_eq!(before(&mut Cursor::new(&text), at(5)).unwrap(), 0, "{text}");
        assert_eq!(agree(&text, span(5, 8)).candles.len(), count, "{text}");
    }
}

#[test]
fn of_rows_with_the_same_time_the_first_is_found() {
    let text = rows((0..500).flat_map(|minute| [minute; 3]));
    let batch = agree(&text, span(250, 252));
    assert_eq!((batch.candles.len(), batch.bad), (3, 6));
    assert_eq!((batch.bad_rows[0].number, batch.bad_rows[0].open_time), (2, Some(at(250))));
    let many = rows((0..500).map(|minute| if (100..400).contains(&minute) { 250 } else { minute }));
    assert_eq!(agree(&many, span(250, 252)).bad, 299);
}

/// A whole reading ends at the first row that is too late; the search may find what is wanted behind it.
#[test]
fn of_rows_out_of_order_no_fewer_are_found_than_in_a_reading_of_the_whole_file() {
    for (name, minutes) in [
        ("falling", (0..1000).rev().collect::<Vec<_>>()),
        ("the later half first", (500..1000).chain(0..500).collect()),
        ("the middle last", (0..300).chain(700..1000).chain(300..700).collect()),
        ("the beginning once more in the middle", (0..600).chain(0..300).chain(800..1000).collect()),
        ("wanted rows among earlier ones", (0..100).chain(500..510).chain(100..500).chain(510..1000).collect()),
        ("wanted rows behind later ones", (0..500).chain(510..1000).chain(500..510).collect()),
        ("wanted rows exchanged", (0..500).chain((500..510).rev()).chain(510..1000).collect()),
    ] {
        let text = rows(minutes);
        for from in [0, 250, 500, 550, 750] {
            let span = span(from, from + 9);
            let (batch, all) = (found(text.as_bytes(), span), whole(text.as_bytes(), span));
            let is_complete = (batch.candles.len(), batch.bad) == (10, 0);
            assert!(batch == all || is_complete, "{name}, from {from}: {batch:?}, but {all:?}");
            assert_eq!(packed(text.as_bytes(), span), all, "{name}, from {from}");
        }
    }
}

#[test]
fn what_is_no_row_ends_the_search_but_not_the_reading() {
    let long = format!("{}\n", "x".repeat(9000));
    for odd in ["odd\n", "odd,1\n", "\"1710288000000\",1\n", " 1,2\n", "1710288000000\n", "-5,1\n", long.as_str()] {
        let text = [rows(0..500), odd.repeat(200), rows(500..1000)].concat();
        assert_eq!(before(&mut Cursor::new(&text), at(800)).unwrap(), 0, "{odd}");
        let later = span(800, 809);
        for batch in [found(text.as_bytes(), later), packed(text.as_bytes(), later)] {
            let seen = if odd.len() > 100 { batch.bad > 0 } else { batch.bad == 0 };
            assert!(seen && batch.candles.len() == 10, "{odd}: {batch:?}");
        }
        for (from, to) in [(480, 498), (490, 500), (500, 500)] {
            assert_eq!(agree(&text, span(from, to)).bad > 0, to == 500, "{odd}: {from} to {to}");
        }
    }
}

#[test]
fn nothing_but_the_time_of_earlier_rows_is_looked_at() {
    let bad = format!("{},0,0,0,0,0\n", at(1).get());
    let short = format!("{},1\n", at(2).get());
    let text = [HEADER, &row(0), &bad, &short, "odd\n", &row(3), "odd\n", &row(4)].concat();
    for (from, numbers) in [(0, vec![2, 3, 4, 6]), (2, vec![1, 2, 4]), (3, vec![1, 3]), (4, vec![1])] {
        for batch in [found(text.as_bytes(), span(from, 9)), packed(text.as_bytes(), span(from, 9))] {
            assert_eq!(batch.bad_rows.iter().map(|row| row.number).collect::<Vec<_>>(), numbers, "from {from}");
        }
    }
}

#[test]
fn old_line_ends_are_understood_where_they_were() {
    let text = rows(0..50).replace('\n', "\r");
    assert_eq!(agree(&text, span(20, 29)).candles.len(), 10);
}

#[test]
fn a_line_that_does_not_end_is_refused() {
    let text = "1".repeat(1 << 18);
    assert!(span(0, 9).find(Cursor::new(&text)).is_err_and(|e| e.to_string().contains("does not end")));
    let text = [rows(0..500), text].concat();
    assert!(span(600, 609).find(Cursor::new(&text)).is_err_and(|e| e.to_string().contains("does not end")));
}

/// A file of rows in order, with gaps, in one of the accepted forms.
fn file() -> impl Strategy<Value = (String, i64)> {
    let steps = prop::collection::vec(prop_oneof![8 => Just(1i64), 1 => 2..50i64], 0..600);
    (steps, any::<[bool; 5]>(), 0..14usize).prop_map(|(steps, [note, header, crlf, micros, end], longer)| {
        let mut minute = 0;
        let mut text = [if note { NOTE } else { "" }, if header { HEADER } else { "" }].concat();
        for (nth, step) in steps.iter().enumerate() {
            minute += step;
            let time = at(minute).get() * if micros { 1000 } else { 1 };
            let (price, volume) = (100 + nth % 7, "7".repeat(1 + (nth * longer) % 13));
            writeln!(text, "{time},{price},{price},{price},{price},{volume}").unwrap();
        }
        let text = if end { text } else { text.trim_end().to_owned() };
        (if crlf { text.replace('\n', "\r\n") } else { text }, minute)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_is_wanted_of_a_file_in_order_is_found((text, last) in file(), from in 0.0..1.1f64, length in 0..200i64) {
        #[allow(clippy::cast_possible_truncation, reason = "minutes")]
        let from = (last as f64 * from) as i64 - 3;
        let span = span(from, from + length);
        let all = whole(text.as_bytes(), span);
        prop_assert_eq!(&behind(text.as_bytes(), span), &all);
        prop_assert_eq!(&found(text.as_bytes(), span), &all);
        prop_assert_eq!(&packed(text.as_bytes(), span), &all);
    }
}
