//! Sorting a source's rows into candles, bad rows and gaps. A bad row is not a bad run.

use super::{Candle, Flaw, Row, Stretch};
use crate::unit::{Timeframe, UtcMillis};

/// A row that was left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BadRow {
    /// Its place, from 1: in an answer or an archive file, and in a recording from the first row on that was wanted of it.
    pub number: u64,
    /// When it opens, where that could be read.
    pub open_time: Option<UtcMillis>,
    /// What is wrong with it.
    pub flaw: Flaw,
}

/// What one source had to say about one series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// The candles, in order.
    pub candles: Vec<Candle>,
    /// Candles that lie between others and are not there.
    pub gaps: Vec<Stretch>,
    /// How many rows were left out.
    pub bad: u64,
    /// The first of them.
    pub bad_rows: Vec<BadRow>,
    /// How many candles ended early, as the last one before an outage does.
    pub ended_early: u64,
}

impl Batch {
    /// How many bad rows are named; the others are only counted.
    pub const NAMED: usize = 20;

    /// Adds what followed in the same source.
    pub fn append(&mut self, timeframe: Timeframe, next: Self) {
        let seam = self.candles.last().zip(next.candles.first());
        self.gaps.extend(seam.and_then(|(a, b)| Stretch::between(a.open_time(), b.open_time(), timeframe)));
        self.gaps.extend(next.gaps);
        self.candles.extend(next.candles);
        self.bad += next.bad;
        self.bad_rows.extend(next.bad_rows);
        self.bad_rows.truncate(Self::NAMED);
        self.ended_early += next.ended_early;
    }
}

/// Takes the rows of one source one after another.
#[derive(Debug)]
pub struct Sifter {
    timeframe: Timeframe,
    from: UtcMillis,
    closed_before: UtcMillis,
    seen: u64,
    last: Option<UtcMillis>,
    batch: Batch,
}

impl Sifter {
    /// A sifter that keeps candles which open at `from` or later (never before there was an exchange) and are closed at
    /// `now` (their close time lies before it).
    pub fn new(timeframe: Timeframe, from: Option<UtcMillis>, now: UtcMillis) -> Self {
        let from = from.unwrap_or(UtcMillis::EXCHANGE_START).max(UtcMillis::EXCHANGE_START);
        Self { timeframe, from, closed_before: now, seen: 0, last: None, batch: Batch::default() }
    }

    /// Takes a row, or the reason why there is none. Forming candles are passed over: they are not bad, only not yet facts.
    pub fn push(&mut self, row: Result<&Row<'_>, Flaw>) {
        self.seen += 1;
        match row {
            Ok(row) if self.is_forming(row) => {}
            Ok(row) if row.open_time < self.from => self.refuse(Some(row.open_time), Flaw::TooEarly),
            Ok(row) => match row.check(self.timeframe) {
                Ok(candle) => self.accept(candle, row.ends_early(self.timeframe)),
                Err(flaw) => self.refuse(Some(row.open_time), flaw),
            },
            Err(flaw) => self.refuse(None, flaw),
        }
    }

    /// How many candles there are so far.
    pub fn len(&self) -> usize {
        self.batch.candles.len()
    }

    /// Whether there is no candle so far.
    pub fn is_empty(&self) -> bool {
        self.batch.candles.is_empty()
    }

    /// What the source had to say.
    pub fn finish(self) -> Batch {
        self.batch
    }

    /// What it had to say so far; the order of rows and the gaps go on being watched.
    pub fn take(&mut self) -> Batch {
        std::mem::take(&mut self.batch)
    }

    fn is_forming(&self, row: &Row<'_>) -> bool {
        self.timeframe.on_grid(row.open_time) && self.timeframe.step(row.open_time, 1) > self.closed_before
    }

    fn accept(&mut self, candle: Candle, ended_early: bool) {
        let next = candle.open_time();
        if let Some(last) = self.last {
            if next <= last {
                return self.refuse(Some(next), if next == last { Flaw::Duplicate } else { Flaw::OutOfOrder });
            }
            self.batch.gaps.extend(Stretch::between(last, next, self.timeframe));
        }
        self.last = Some(next);
        self.batch.ended_early += u64::from(ended_early);
        self.batch.candles.push(candle);
    }

    fn refuse(&mut self, open_time: Option<UtcMillis>, flaw: Flaw) {
        self.batch.bad += 1;
        if self.batch.bad_rows.len() < Batch::NAMED {
            self.batch.bad_rows.push(BadRow { number: self.seen, open_time, flaw });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: UtcMillis = UtcMillis::new(1_710_288_000_000);

    fn sift(rows: &[(i64, &'static [u8])]) -> Batch {
        let mut sifter = Sifter::new(Timeframe::M1, Some(START), Timeframe::M1.step(START, 10));
        for &(minute, price) in rows {
            let open_time = Timeframe::M1.step(START, minute);
            sifter.push(Ok(&Row {
                open_time,
                open: price,
                high: price,
                low: price,
                close: price,
                volume: b"1",
                extras: None,
            }));
        }
        sifter.finish()
    }

    fn flaws(batch: &Batch) -> Vec<(u64, Flaw)> {
        batch.bad_rows.iter().map(|row| (row.number, row.flaw)).collect()
    }

    #[test]
    fn a_bad_row_is_counted_named_and_left_out_and_leaves_a_gap() {
        let batch = sift(&[(0, b"1"), (1, b"0"), (2, b"1")]);
        assert_eq!(batch.candles.len(), 2);
        assert_eq!(flaws(&batch), [(2, Flaw::Zero(crate::market::Field::Open))]);
        let hole = Timeframe::M1.step(START, 1);
        assert_eq!(batch.gaps, [Stretch { from: hole, to: hole }]);
    }

    #[test]
    fn the_first_word_counts_and_rows_out_of_order_are_left_out() {
        let batch = sift(&[(1, b"1"), (1, b"2"), (0, b"1"), (2, b"1")]);
        assert_eq!(flaws(&batch), [(2, Flaw::Duplicate), (3, Flaw::OutOfOrder)]);
        assert_eq!((batch.candles.len(), batch.gaps.len()), (2, 0));
    }

    #[test]
    fn rows_before_what_was_asked_for_are_left_out() {
        let batch = sift(&[(-1, b"1"), (0, b"1")]);
        assert_eq!(flaws(&batch), [(1, Flaw::TooEarly)]);
        let mut sifter = Sifter::new(Timeframe::M1, None, START);
        for open_time in [i64::MIN, -60_000, 0, i64::MAX] {
            let (open_time, one) = (UtcMillis::new(open_time), b"1".as_slice());
            sifter.push(Ok(&Row { open_time, open: one, high: one, low: one, close: one, volume: one, extras: None }));
        }
        assert!(sifter.is_empty(), "there was no exchange then, or the candle is not closed yet");
    }

    #[test]
    fn a_forming_candle_is_neither_kept_nor_bad() {
        let batch = sift(&[(9, b"1"), (10, b"1"), (11, b"0")]);
        assert_eq!((batch.candles.len(), batch.bad), (1, 0));
    }

    #[test]
    fn only_the_first_bad_rows_are_named() {
        let rows = vec![(0, b"0".as_slice()); 50];
        let batch = sift(&rows);
        assert_eq!((batch.bad, batch.bad_rows.len()), (50, Batch::NAMED));
    }

    #[test]
    fn a_gap_at_the_seam_of_two_pages_is_seen() {
        let mut first = sift(&[(0, b"1")]);
        first.append(Timeframe::M1, sift(&[(3, b"1"), (5, b"1")]));
        assert_eq!(first.gaps.iter().map(|g| g.candles(Timeframe::M1)).collect::<Vec<_>>(), [2, 1]);
    }
}
