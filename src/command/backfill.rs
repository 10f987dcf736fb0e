//! `trader backfill`: years of history, page by page. What is stored, unfillable or older than the listing is not asked
//! for again, so a backfill may be cut off at any time and started again.

use indicatif::ProgressBar;

use super::Output;
use super::history_run::HistoryRun;
use super::notes::About;
use super::progress::progress;
use super::usage;
use crate::clock;
use crate::decision::Gate;
use crate::exchange::{Answer, Binance, Fault, MarketData, Pages, Wanted};
use crate::market::{Batch, Candle, SeriesKey, Source, Stretch};
use crate::report::Tally;
use crate::settings::Settings;
use crate::store::{Origin, Store, StoreError};
use crate::unit::{Timeframe, UtcMillis};

/// What to fetch.
#[derive(Clone, Debug)]
pub struct Backfill {
    /// The first instant.
    pub from: UtcMillis,
    /// The last one; now when there is none.
    pub to: Option<UtcMillis>,
    /// JSON on many lines.
    pub pretty: bool,
}

/// Series that are asked for at the same time.
const SERIES_AT_ONCE: usize = 8;

/// Candles of one series that are to be asked for.
struct Hole {
    key: SeriesKey,
    gap: Stretch,
}

/// When a pair was listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listing {
    /// Its first candle opened then.
    At(UtcMillis),
    /// Before what was asked for.
    Earlier,
    /// That could not be found out.
    Unknown,
}

/// A backfill under way.
struct History<'a> {
    run: &'a mut HistoryRun,
    store: &'a mut Store,
    market: &'a mut Binance,
    now: UtcMillis,
    bar: ProgressBar,
}

/// Fetches history.
pub fn backfill(settings: &Settings, wanted: &Backfill) -> anyhow::Result<Output> {
    let mut market = Binance::for_history(&settings.exchange).map_err(|e| usage(e.to_string()))?;
    if wanted.to.is_some_and(|to| to < wanted.from) {
        return Err(usage("--to lies before --from"));
    }
    let said = HistoryRun::begin("backfill").run(&settings.db, wanted.pretty, |run, store| {
        let outcome = fetch(run, store, &mut market, settings, wanted);
        let used = market.usage();
        run.requests = used.requests;
        let write = store.write()?;
        write.set_usage(&used, clock::wall())?;
        write.commit()?;
        if let Some(fault) = outcome? {
            run.notes.fault(About::Run, &fault);
        }
        Ok(())
    });
    Ok(said)
}

/// Fetches everything that is missing; the fault that stopped it, if one did.
fn fetch(
    run: &mut HistoryRun,
    store: &mut Store,
    market: &mut Binance,
    settings: &Settings,
    wanted: &Backfill,
) -> Result<Option<Fault>, StoreError> {
    if let Some(ban) = store.ban(run.now)? {
        return Ok(Some(ban.into()));
    }
    let now = match market.open(&[]).server_time {
        Ok(now) => now,
        Err(fault) => return Ok(Some(fault)),
    };
    let left = plan(store, settings, wanted, now)?;
    run.had_something = left.is_empty();
    let bar = progress("candles", left.iter().map(|s| count(s.key.timeframe, s.gap)).sum());
    History { run, store, market, now, bar }.fetch(left)
}

/// Stretches that are neither stored nor known to be empty. The last ones are asked for first: the longest timeframes.
fn plan(store: &Store, settings: &Settings, wanted: &Backfill, now: UtcMillis) -> Result<Vec<Hole>, StoreError> {
    let mut left = Vec::new();
    for timeframe in settings.timeframes.iter().copied() {
        for symbol in &settings.pairs {
            let key = SeriesKey { symbol: symbol.clone(), timeframe };
            let from = wanted.from.max(UtcMillis::EXCHANGE_START).max(store.listed_at(&key)?.unwrap_or(wanted.from));
            let to = wanted.to.unwrap_or(now).min(timeframe.newest_closed(now));
            let leave = store.gaps_to_leave(&key, now)?;
            let open = store.holes(&key, timeframe.ceil(from), timeframe.floor(to))?;
            let asked = open.into_iter().flat_map(|hole| hole.without(&leave, timeframe));
            left.extend(asked.map(|gap| Hole { key: key.clone(), gap }));
        }
    }
    Ok(left)
}

impl History<'_> {
    /// Asks page after page, some series abreast. What the others answered is kept when one stops the work.
    fn fetch(&mut self, mut left: Vec<Hole>) -> Result<Option<Fault>, StoreError> {
        let mut stop = None;
        while !left.is_empty() && stop.is_none() {
            let abreast = left.split_off(left.len().saturating_sub(SERIES_AT_ONCE));
            let questions: Vec<Wanted> = abreast.iter().map(|s| question(&s.key, s.gap)).collect();
            let answers = self.market.candles(&questions, self.now);
            // One series that nobody answers about is no reason to leave the others.
            let nobody = answers.iter().all(|a| a.fault.as_ref().is_some_and(Fault::leaves_nothing_to_ask));
            for (hole, answer) in abreast.into_iter().zip(answers) {
                match &answer.fault {
                    None => left.extend(self.take(hole, &answer)?),
                    Some(fault) if nobody || fault.stops_the_run() => stop = Some(fault.clone()),
                    Some(fault) => self.run.notes.fault(About::Series(&hole.key), fault),
                }
            }
        }
        self.bar.finish_and_clear();
        Ok(stop)
    }

    /// Takes a page in; what is left of its stretch.
    fn take(&mut self, hole: Hole, page: &Answer) -> Result<Option<Hole>, StoreError> {
        let Hole { key, gap } = hole;
        self.run.notes.batch(&key, &page.batch);
        let listing = self.listing(&key, gap, page)?;
        let nothing = listing == Listing::Unknown && page.batch.candles.is_empty();
        if nothing && self.store.tail(&key, self.now, 1)?.is_empty() {
            // Nothing is known of the series at all: that is no gap in it.
            return Ok(None);
        }
        let asked =
            Stretch { from: gap.from, to: page.next.map_or(gap.to, |next| key.timeframe.step(next, -1).min(gap.to)) };
        let tally = self.record(&key, asked, page, listing)?;
        self.run.had_something |= matches!(listing, Listing::At(_)) || !page.batch.candles.is_empty();
        self.run.add(About::Series(&key), tally);
        self.bar.inc(count(key.timeframe, asked));
        let rest = Stretch { from: key.timeframe.step(asked.to, 1), to: gap.to };
        Ok((rest.from <= rest.to).then_some(Hole { key, gap: rest }))
    }

    /// When the pair was listed, as far as it matters: candles that begin later than was asked do so because of the
    /// listing or of an outage, and the oldest candle there is tells which.
    fn listing(&mut self, key: &SeriesKey, gap: Stretch, page: &Answer) -> Result<Listing, StoreError> {
        let first = page.batch.candles.first().map(Candle::open_time);
        if let Some(listed) = self.store.listed_at(key)? {
            return Ok(Listing::At(listed));
        }
        if first.is_some_and(|first| first <= gap.from) || !self.store.tail(key, gap.from, 1)?.is_empty() {
            return Ok(Listing::Earlier);
        }
        let ever = Stretch { from: UtcMillis::EXCHANGE_START, to: key.timeframe.newest_closed(self.now) };
        let oldest = self.market.candles(&[question(key, ever)], self.now).pop().unwrap_or_default();
        let notes = &mut self.run.notes;
        Ok(match (oldest.batch.candles.first().map(Candle::open_time), oldest.fault) {
            (Some(oldest), _) if oldest > gap.from => Listing::At(oldest),
            (Some(_), _) => Listing::Earlier,
            (None, Some(fault)) => {
                notes.fault(About::Series(key), &fault);
                Listing::Unknown
            }
            (None, None) => {
                notes.bad_rows(key, &oldest.batch);
                if oldest.batch.bad == 0 {
                    let text = "the exchange has not a single candle of it".to_owned();
                    notes.complain("empty", About::Series(key), text, Gate::StaleData.remedy());
                }
                Listing::Unknown
            }
        })
    }

    /// Stores a page in one transaction: its candles, and what it showed to be missing.
    fn record(
        &mut self,
        key: &SeriesKey,
        asked: Stretch,
        page: &Answer,
        listing: Listing,
    ) -> Result<Tally, StoreError> {
        let origin = Origin {
            run_id: self.run.run_id().to_owned(),
            source: Source::Rest,
            origin: self.market.origin(),
            sha256: None,
            fetched_at: self.now,
        };
        let write = self.store.write()?;
        let tally = write.add_candles(key, write.add_ingest(&origin)?, &page.batch.candles)?;
        if let Listing::At(listed) = listing {
            write.set_listed_at(key, listed)?;
        }
        let expected = Stretch { from: expected_from(key.timeframe, asked, page, listing), to: asked.to };
        write.note_gaps(key, &lacking(key.timeframe, expected, &page.batch), self.now)?;
        write.settle_gaps(key, asked, self.now)?;
        write.count_attempts(key, asked, self.now)?;
        write.commit()?;
        Ok(Tally { bad: page.batch.bad, ..tally })
    }
}

/// From where on candles should have come.
fn expected_from(timeframe: Timeframe, asked: Stretch, page: &Answer, listing: Listing) -> UtcMillis {
    match listing {
        Listing::At(listed) => asked.from.max(listed),
        Listing::Earlier => asked.from,
        Listing::Unknown => page.batch.candles.first().map_or(timeframe.step(asked.to, 1), Candle::open_time),
    }
}

/// What candles should have been there and were not: before the first that came, between them, and after the last.
fn lacking(timeframe: Timeframe, expected: Stretch, batch: &Batch) -> Vec<Stretch> {
    let ends = batch.candles.first().zip(batch.candles.last());
    let Some((first, last)) = ends.map(|(first, last)| (first.open_time(), last.open_time())) else {
        return if expected.from <= expected.to { vec![expected] } else { Vec::new() };
    };
    let before = Stretch::between(timeframe.step(expected.from, -1), first, timeframe);
    let after = Stretch::between(last, timeframe.step(expected.to, 1), timeframe);
    before.into_iter().chain(batch.gaps.iter().copied()).chain(after).collect()
}

fn question(key: &SeriesKey, gap: Stretch) -> Wanted {
    Wanted { key: key.clone(), from: Some(gap.from), to: Some(gap.to), pages: Pages::One }
}

fn count(timeframe: Timeframe, gap: Stretch) -> u64 {
    gap.candles(timeframe).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: UtcMillis = UtcMillis::new(1_710_288_000_000);

    fn stretches(minutes: &[(i64, i64)]) -> Vec<Stretch> {
        let at = |minute| Timeframe::M1.step(START, minute);
        minutes.iter().map(|&(from, to)| Stretch { from: at(from), to: at(to) }).collect()
    }

    #[test]
    fn what_was_expected_and_did_not_come_is_lacking() {
        let candle =
            |minute: &i64| Candle::from_parts(Timeframe::M1.step(START, *minute), [1.0; 4], 1.0, None).unwrap();
        for (expected, came, holes, missing) in [
            ((10, 13), vec![10, 11, 12, 13], vec![], vec![]),
            ((10, 13), vec![], vec![], vec![(10, 13)]),
            ((14, 13), vec![], vec![], vec![]),
            ((10, 13), vec![12, 13], vec![], vec![(10, 11)]),
            ((10, 13), vec![10, 13], vec![(11, 12)], vec![(11, 12)]),
            ((10, 13), vec![10, 11], vec![], vec![(12, 13)]),
            ((10, 16), vec![11, 13], vec![(12, 12)], vec![(10, 10), (12, 12), (14, 16)]),
        ] {
            let batch =
                Batch { candles: came.iter().map(candle).collect(), gaps: stretches(&holes), ..Batch::default() };
            let told = lacking(Timeframe::M1, stretches(&[expected])[0], &batch);
            assert_eq!(told, stretches(&missing), "{expected:?}: {came:?}");
        }
    }
}
