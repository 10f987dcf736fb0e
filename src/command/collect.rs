//! Collecting candles: what is missing is asked for, all at once, page after page, and laid over what is stored.

mod prospects;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use self::prospects::Prospects;
pub(super) use self::wanted::Reach;
use self::wanted::{OVERLAPPING, due};
use super::notes::{About, Notes};
use crate::decision::Gate;
use crate::exchange::{Answer, Fault, MarketData, Pages, Wanted};
use crate::market::{Batch, Candle, Quote, Series, SeriesKey, Source, Stretch};
use crate::report::Tally;
use crate::store::{Ingest, Origin, Store, StoreError, Write};
use crate::unit::{Symbol, Timeframe, UtcMillis};

/// Old gaps of a series that one run asks for again.
const GAPS_A_RUN: usize = 3;

/// What lies before the first stored candle, where the series is looked back further than that: it may have been one of
/// which the newest candles were enough, or a pair that is so young; then there is nothing, and asking costs little.
fn earlier(store: &Store, key: &SeriesKey, known: &Collected) -> Result<Option<Stretch>, StoreError> {
    let (Some(from), Some(to)) = (known.first, known.series.candles().first().map(Candle::open_time)) else {
        return Ok(None);
    };
    let is_earlier = from < to && store.tail(key, to, 1)?.is_empty();
    Ok(is_earlier.then_some(Stretch { from, to }))
}

/// What is known of one series after collecting.
#[derive(Debug)]
pub(super) struct Collected {
    /// The newest candles, as far back as is looked, and those that are new.
    pub(super) series: Series,
    /// The first candle that is looked back to; none where the newest few are enough.
    first: Option<UtcMillis>,
    /// What the source said about what is new.
    fresh: Batch,
    /// What it said about old gaps.
    old: Vec<(Stretch, Batch)>,
    /// Old gaps whose request failed.
    put_off: Vec<Stretch>,
    /// Candles that were not known before.
    added: u64,
    /// Candles that are told differently now.
    revised: u64,
}

/// Everything that was collected.
#[derive(Debug, Default)]
pub(super) struct Collection {
    pub(super) series: BTreeMap<SeriesKey, Collected>,
    /// Those of them that only forecasts wait for. Nothing is decided by them: what goes wrong there is no error.
    aside: BTreeSet<SeriesKey>,
    /// Requests for what is new that failed.
    pub(super) faults: Vec<(SeriesKey, Fault)>,
    /// The same of series aside.
    faults_aside: Vec<(SeriesKey, Fault)>,
    /// Requests for old gaps that failed.
    gap_faults: Vec<(SeriesKey, Fault)>,
    /// Series that were asked for, without those aside.
    pub(super) asked: usize,
    /// The bid and ask of pairs, or why they could not be had.
    pub(super) quotes: Vec<(Symbol, Result<Quote, Fault>)>,
}

/// A question, and the old gap it is about: one on record, or what lies before the first stored candle.
#[derive(Debug)]
struct Question {
    wanted: Wanted,
    gap: Option<Stretch>,
}

impl Collection {
    /// Reads what is stored of each series, and of those that only forecasts wait for; `reach` tells of those that are looked
    /// back in how far their readings are stored.
    pub(super) fn read(
        store: &Store,
        keys: &[SeriesKey],
        aside: BTreeSet<SeriesKey>,
        now: UtcMillis,
        reach: impl Fn(&SeriesKey) -> Result<Option<Reach>, StoreError>,
    ) -> Result<Self, StoreError> {
        let mut collection = Self { aside, ..Self::default() };
        let _at_one_moment = store.snapshot()?;
        for key in keys.iter().chain(&collection.aside) {
            let reach = if collection.is_aside(key) { None } else { reach(key)? };
            let candles = stored(store, key, reach, now)?;
            let series = Series::new(key.timeframe, candles).map_err(|e| StoreError::BadRow(e.to_string()))?;
            let first = reach.map(|reach| reach.first(key.timeframe, key.timeframe.newest_closed(now)));
            collection.series.insert(key.clone(), Collected::new(series, first));
        }
        Ok(collection)
    }

    /// Whether only forecasts wait for a series.
    pub(super) fn is_aside(&self, key: &SeriesKey) -> bool {
        self.aside.contains(key)
    }

    /// Asks for what is missing at `now`, first of all for what is decided on; and in the same wave for the bid and ask of
    /// `quoted`.
    pub(super) fn ask(
        &mut self,
        store: &Store,
        market: &mut dyn MarketData,
        decision: Timeframe,
        quoted: &[Symbol],
        now: UtcMillis,
    ) -> Result<(), StoreError> {
        let mut questions = self.plan(store, now)?;
        questions.sort_by_key(|q| {
            let key = &q.wanted.key;
            (self.is_aside(key), key.timeframe != decision, q.gap.is_some())
        });
        let counts = |q: &&Question| q.gap.is_none() && !self.is_aside(&q.wanted.key);
        let asked: BTreeSet<&SeriesKey> = questions.iter().filter(counts).map(|q| &q.wanted.key).collect();
        self.asked = asked.len();
        let wanted: Vec<Wanted> = questions.iter().map(|q| q.wanted.clone()).collect();
        let wave = market.candles_and_quotes(&wanted, quoted, now);
        for (question, answer) in questions.into_iter().zip(wave.candles) {
            self.take(&question, answer);
        }
        self.quotes = wave.quotes;
        for collected in self.series.values_mut() {
            collected.merge();
        }
        Ok(())
    }

    fn plan(&self, store: &Store, now: UtcMillis) -> Result<Vec<Question>, StoreError> {
        let mut questions = Vec::new();
        for (key, collected) in &self.series {
            let newest = collected.series.newest().map(Candle::open_time);
            let fresh = due(key, newest, collected.first, now);
            questions.extend(fresh.into_iter().map(|wanted| Question { wanted, gap: None }));
            let mut ask = |gap: Stretch, pages| {
                let wanted = Wanted { key: key.clone(), from: Some(gap.from), to: Some(gap.to), pages };
                questions.push(Question { wanted, gap: Some(gap) });
            };
            store.gaps_due(key, now, GAPS_A_RUN)?.into_iter().for_each(|gap| ask(gap, Pages::One));
            earlier(store, key, collected)?.into_iter().for_each(|gap| ask(gap, Pages::All));
        }
        Ok(questions)
    }

    /// Takes an answer in, as far as it came.
    fn take(&mut self, question: &Question, answer: Answer) {
        let key = &question.wanted.key;
        let Some(collected) = self.series.get_mut(key) else { return };
        match (question.gap, answer.fault) {
            (None, _) if self.faults.iter().chain(&self.faults_aside).any(|(failed, _)| failed == key) => {}
            (None, fault) => {
                collected.take(key, answer.batch);
                if fault.is_some() && question.wanted.pages == Pages::One {
                    // All pages that a series begins with or none: from some of them its readings would be others.
                    collected.fresh = Batch::default();
                }
                let faults = if self.aside.contains(key) { &mut self.faults_aside } else { &mut self.faults };
                faults.extend(fault.map(|fault| (key.clone(), fault)));
            }
            (Some(gap), None) => collected.old.push((gap, answer.batch)),
            // A request that failed is no attempt at a gap; it is put off.
            (Some(gap), Some(fault)) => {
                collected.put_off.push(gap);
                self.gap_faults.push((key.clone(), fault));
            }
        }
    }

    /// Tells what was odd about the answers.
    pub(super) fn note(
        &self,
        notes: &mut Notes,
        source: Source,
        decision: Timeframe,
        now: UtcMillis,
        traded: impl Fn(&Symbol) -> bool,
    ) {
        self.note_faults(notes, decision);
        self.note_faults_aside(notes);
        for (key, collected) in &self.series {
            if self.is_aside(key) {
                collected.note_aside(notes, key);
                continue;
            }
            notes.batch(key, &collected.fresh);
            for (_, batch) in &collected.old {
                notes.bad_rows(key, batch);
            }
            let failed = self.faults.iter().any(|(k, _)| k == key);
            // The decision's own gates tell of the rest.
            if !failed && key.timeframe != decision && traded(&key.symbol) {
                collected.note_age(notes, key, source, now);
            }
        }
    }

    /// One fault that hit everything is told once.
    fn note_faults(&self, notes: &mut Notes, decision: Timeframe) {
        let mut codes = self.faults.iter().map(|(_, fault)| fault.code());
        let first = codes.next();
        if let (Some((_, fault)), true) = (self.faults.first(), self.failed() && codes.all(|code| Some(code) == first))
        {
            return notes.fault(About::Run, fault);
        }
        let of_gaps = self.gap_faults.iter().filter(|(key, _)| !self.is_aside(key));
        for (key, fault) in self.faults.iter().chain(of_gaps) {
            match fault {
                // A recording need not hold everything; what is decided on it must.
                Fault::Absent { .. } if key.timeframe != decision => {
                    notes.warn(fault.code(), About::Series(key), fault.to_string());
                }
                fault => notes.fault(About::Series(key), fault),
            }
        }
    }

    /// What nothing is decided by is warned of. A pair that the exchange knows no more is told once, and so is what hit
    /// everything.
    fn note_faults_aside(&self, notes: &mut Notes) {
        let of_gaps = self.gap_faults.iter().filter(|(key, _)| self.is_aside(key));
        let mut gone = BTreeSet::new();
        for (key, fault) in self.faults_aside.iter().chain(of_gaps) {
            let text = format!("{fault}; forecasts wait for its candles");
            match fault {
                fault if notes.blames_everything_on(fault) => {}
                Fault::UnknownSymbol { .. } if !gone.insert(&key.symbol) => {}
                Fault::UnknownSymbol { .. } => notes.warn(fault.code(), About::Pair(&key.symbol), text),
                fault => notes.warn(fault.code(), About::Series(key), text),
            }
        }
    }

    /// How many candles are known that were not.
    pub(super) fn added(&self) -> u64 {
        self.series.values().map(|collected| collected.added).sum()
    }

    /// How many candles are told differently now.
    pub(super) fn revised(&self) -> u64 {
        self.series.values().map(|collected| collected.revised).sum()
    }

    /// How many gaps the answers showed.
    pub(super) fn gaps(&self) -> u64 {
        self.series.values().map(|collected| collected.fresh.gaps.len() as u64).sum()
    }

    /// How many rows were left out.
    pub(super) fn bad_rows(&self) -> u64 {
        self.batches().map(|batch| batch.bad).sum()
    }

    fn batches(&self) -> impl Iterator<Item = &Batch> {
        self.series.values().flat_map(|c| c.old.iter().map(|(_, batch)| batch).chain([&c.fresh]))
    }

    /// Whether nothing at all could be had.
    pub(super) fn failed(&self) -> bool {
        let untouched = |(key, collected): (&SeriesKey, &Collected)| self.is_aside(key) || collected.is_untouched();
        self.asked > 0 && self.faults.len() >= self.asked && self.series.iter().all(untouched)
    }

    /// Stores what is new; the sums.
    pub(super) fn store(&self, write: &Write<'_>, origin: &Origin, notes: &mut Notes) -> Result<Tally, StoreError> {
        let mut sum = Tally::default();
        let mut ingest: Option<Ingest> = None;
        for (key, collected) in &self.series {
            if collected.is_untouched() {
                continue;
            }
            let by = match ingest {
                Some(by) => by,
                None => *ingest.insert(write.add_ingest(origin)?),
            };
            let tally = collected.store(write, key, by, origin.fetched_at)?;
            if tally.revised > 0 {
                let text = format!(
                    "the exchange revised {} candles; the earlier words are kept in price_revisions",
                    tally.revised
                );
                notes.warn("candle_revised", About::Series(key), text);
            }
            sum += tally;
        }
        Ok(sum)
    }
}

impl Collected {
    fn new(series: Series, first: Option<UtcMillis>) -> Self {
        Self { series, first, fresh: Batch::default(), old: Vec::new(), put_off: Vec::new(), added: 0, revised: 0 }
    }

    fn take(&mut self, key: &SeriesKey, mut batch: Batch) {
        if let Some(last) = self.fresh.candles.last() {
            drop_known(&mut batch, last.open_time());
        } else {
            // What is missing between the newest stored candle and the first new one.
            let seam = self.series.newest().zip(batch.candles.first());
            batch.gaps.extend(seam.and_then(|(a, b)| Stretch::between(a.open_time(), b.open_time(), key.timeframe)));
        }
        self.fresh.append(key.timeframe, batch);
    }

    fn merge(&mut self) {
        for batch in self.old.iter().map(|(_, batch)| batch).chain([&self.fresh]) {
            let merged = self.series.merge(&batch.candles);
            self.added += merged.added;
            self.revised += merged.revised;
        }
    }

    fn is_untouched(&self) -> bool {
        self.fresh.candles.is_empty() && self.old.is_empty() && self.put_off.is_empty()
    }

    fn store(&self, write: &Write<'_>, key: &SeriesKey, ingest: Ingest, now: UtcMillis) -> Result<Tally, StoreError> {
        let mut tally = write.add_candles(key, ingest, &self.fresh.candles)?;
        for (_, batch) in &self.old {
            tally += write.add_candles(key, ingest, &batch.candles)?;
            write.note_gaps(key, &batch.gaps, now)?;
        }
        write.note_gaps(key, &self.fresh.gaps, now)?;
        if let Some((first, last)) = self.fresh.candles.first().zip(self.fresh.candles.last()) {
            write.settle_gaps(key, Stretch { from: first.open_time(), to: last.open_time() }, now)?;
        }
        for gap in self.old.iter().map(|(gap, _)| *gap).collect::<BTreeSet<_>>() {
            write.settle_gaps(key, gap, now)?;
            write.count_attempts(key, gap, now)?;
        }
        for gap in &self.put_off {
            write.put_gap_off(key, *gap, now)?;
        }
        Ok(tally)
    }

    fn note_aside(&self, notes: &mut Notes, key: &SeriesKey) {
        notes.lacks(key, &self.fresh);
        for batch in self.old.iter().map(|(_, batch)| batch).chain([&self.fresh]) {
            notes.bad_rows_aside(key, batch);
        }
    }

    /// Tells when a series ends too early for its timeframe.
    fn note_age(&self, notes: &mut Notes, key: &SeriesKey, source: Source, now: UtcMillis) {
        const TWO_HOURS_MS: i64 = 7_200_000;
        let remedy = Gate::StaleData.remedy();
        let Some(newest) = self.series.newest().map(Candle::open_time) else {
            let text = "no closed candle".to_owned();
            return match source {
                Source::Replay => notes.warn("absent", About::Series(key), text),
                Source::Rest | Source::Archive => notes.complain("empty", About::Series(key), text, remedy),
            };
        };
        let late_ms = key.timeframe.newest_closed(now).since_ms(newest);
        if late_ms >= (2 * key.timeframe.ms()).max(TWO_HOURS_MS) {
            let text = format!("its newest candle opened at {newest}");
            match source {
                Source::Replay => notes.warn("stale_data", About::Series(key), text),
                Source::Rest | Source::Archive => notes.complain("stale_data", About::Series(key), text, remedy),
            }
        }
    }
}

/// The newest few stored candles, or all that are looked back to from the newest one, however old that is.
fn stored(store: &Store, key: &SeriesKey, reach: Option<Reach>, now: UtcMillis) -> Result<Vec<Candle>, StoreError> {
    let few = store.tail(key, now, OVERLAPPING)?;
    match reach.zip(few.last()) {
        Some((reach, newest)) => store.plain(key, reach.first(key.timeframe, newest.open_time()), now),
        None => Ok(few),
    }
}

/// Drops what a page tells once more: the newest one reaches back over its holes, into the page before it.
fn drop_known(batch: &mut Batch, last: UtcMillis) {
    batch.candles.retain(|candle| candle.open_time() > last);
    let first = batch.candles.first().map(Candle::open_time);
    batch.gaps.retain(|gap| first.is_some_and(|first| gap.from > first));
}

#[cfg(test)]
mod tests;
