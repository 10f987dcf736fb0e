//! Reading one stretch of time from a file of rows in order, as far as possible without what comes before it.
//!
//! Rows before the stretch are told by their open time alone; nothing else of them is looked at, so nothing that may be
//! wrong with them is reported. A line whose open time cannot be read belongs to the next row that has one.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::ControlFlow;

use super::klines::{BUFFER, Bounded, instant, read_rows};
use crate::market::{Batch, Sifter};
use crate::unit::{Timeframe, UtcMillis};

/// So much is looked at in one place: some thirty rows.
const GLANCE: u64 = 1 << 12;
/// So many bytes of lines without an open time are passed over; what holds more of them is no file of candles.
const MOST_HELD: usize = 1 << 17;

/// What is wanted of a file: the candles of one length that open from `from` to `to`, both included, and are closed at
/// `now`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) timeframe: Timeframe,
    pub(super) from: UtcMillis,
    pub(super) to: UtcMillis,
    pub(super) now: UtcMillis,
}

impl Span {
    /// Reads it from a file, from the file's beginning on.
    pub(super) fn scan(self, reader: impl Read) -> Result<Batch, csv::Error> {
        Ok(self.read(reader, true)?.0)
    }

    /// Searches a file for it. What is found must begin at `from` exactly, or the file must end before; otherwise something
    /// is missing, or the rows are out of order and others stand before those found: then the file is read from its
    /// beginning.
    pub(super) fn find(self, mut file: impl Read + Seek) -> Result<Batch, csv::Error> {
        let start = before(&mut file, self.from)?;
        if start > 0 {
            file.seek(SeekFrom::Start(start))?;
            let (batch, first) = self.read(&mut file, false)?;
            if first.is_none_or(|first| first == self.from) {
                return Ok(batch);
            }
        }
        file.rewind()?;
        self.scan(file)
    }

    /// Reads on to its end. Gives its candles, and when the first row opens that does not lie before it.
    fn read(self, reader: impl Read, top: bool) -> Result<(Batch, Option<UtcMillis>), csv::Error> {
        let mut reader = BufReader::with_capacity(BUFFER, Bounded::new(reader));
        let (held, passed) = pass(&mut reader, self.from)?;
        let mut sifter = Sifter::new(self.timeframe, Some(self.from), self.now);
        let mut first = None;
        read_rows(held.as_slice().chain(reader), top && !passed, |row| {
            if row.is_ok_and(|row| row.open_time < self.from) {
                return ControlFlow::Continue(());
            }
            first = first.or(row.ok().map(|row| row.open_time));
            if row.is_ok_and(|row| row.open_time > self.to) {
                return ControlFlow::Break(());
            }
            sifter.push(row);
            ControlFlow::Continue(())
        })?;
        Ok((sifter.finish(), first))
    }
}

/// The start of a row before `from` that few rows lie behind, or else the file's beginning: also when a line that is no row
/// or a row out of order comes into sight, since nothing can be found by halving then.
fn before(file: &mut (impl Read + Seek), from: UtcMillis) -> io::Result<u64> {
    let Some((_, first)) = glance(file, 0)? else { return Ok(0) };
    let end = file.seek(SeekFrom::End(0))?;
    let (mut low, mut high) = ((0, first), (end, UtcMillis::new(i64::MAX)));
    while high.0 - low.0 > GLANCE {
        let middle = low.0.midpoint(high.0);
        let Some((place, time)) = glance(file, middle)? else { return Ok(0) };
        match time {
            _ if time < low.1 || time > high.1 => return Ok(0),
            _ if time < from => low = (place, time),
            _ => high = (middle, time),
        }
    }
    Ok(low.0)
}

/// Where the first row behind the byte `at` and the end of its line starts, and when it opens. None if what stands there is
/// no row.
fn glance(file: &mut (impl Read + Seek), at: u64) -> io::Result<Option<(u64, UtcMillis)>> {
    let mut text = Vec::new();
    file.seek(SeekFrom::Start(at))?;
    file.take(GLANCE).read_to_end(&mut text)?;
    let mut place = at;
    for (nth, line) in text.split_inclusive(|b| *b == b'\n').enumerate() {
        let is_header = at == 0 && line.first().is_some_and(u8::is_ascii_alphabetic);
        if nth > 0 && !is_header && !is_empty(line) {
            return Ok(open_time(line).map(|time| (place, time)));
        }
        place += line.len() as u64;
    }
    Ok(None)
}

/// Whether a line is blank or a comment.
fn is_empty(line: &[u8]) -> bool {
    matches!(line, b"\n" | b"\r\n" | [b'#', ..])
}

/// When the row in this line opens, if it is plainly one row: no quotes, and one line for every reader of CSV.
fn open_time(line: &[u8]) -> Option<UtcMillis> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let comma = line.iter().position(|b| *b == b',')?;
    // No byte ends this early: so the compiler looks at many at a time.
    let odd = line.iter().fold(0, |odd, b| odd | u8::from(*b == b'"') | u8::from(*b == b'\r'));
    (odd == 0).then(|| instant(&line[..comma]).ok()).flatten()
}

/// Passes over rows that open before `from`. Gives the lines it read and did not pass over, and whether it passed over any.
fn pass(reader: &mut impl BufRead, from: UtcMillis) -> io::Result<(Vec<u8>, bool)> {
    let (mut held, mut passed) = (Vec::new(), false);
    while held.len() < MOST_HELD {
        let start = held.len();
        if reader.read_until(b'\n', &mut held)? == 0 {
            break;
        }
        match open_time(&held[start..]) {
            Some(time) if time >= from => break,
            Some(_) => {
                held.clear();
                passed = true;
            }
            None => {}
        }
    }
    Ok((held, passed))
}

#[cfg(test)]
mod tests;
