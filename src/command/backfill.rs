//! `trader backfill`: years of history, page by page. What is stored, unfillable or older than the listing is not asked
//! for again, so a backfill may be cut off at any time and started again.

use indicatif::{ProgressBar, ProgressStyle};

use super::Said;
use super::notes::About;
use super::transfer::Transfer;
use crate::exchange::{Binance, Fault, MarketData, Page, Source, Wanted};
use crate::market::{Candle, Gap, SeriesKey};
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
const ABREAST: usize = 8;

/// Fetches history.
pub fn backfill(settings: &Settings, wanted: &Backfill) -> anyhow::Result<Said> {
    let mut market = Binance::for_history(&settings.exchange).map_err(|e| super::say::usage(e.to_string()))?;
    if wanted.to.is_some_and(|to| to < wanted.from) {
        return Err(super::say::usage("--to lies before --from"));
    }
    let said = Transfer::begin("backfill").run(&settings.db, wanted.pretty, |transfer, store| {
        let outcome = fetch(transfer, store, &mut market, settings, wanted);
        let usage = market.usage();
        transfer.requests = usage.requests;
        let write = store.write()?;
        write.usage(&usage, crate::clock::wall())?;
        write.commit()?;
        match outcome? {
            Some(fault) => transfer.notes.fault(About::Run, &fault),
            None => transfer.had_something = true,
        }
        Ok(())
    });
    Ok(said)
}

/// Fetches everything that is missing; the fault that stopped it, if one did.
fn fetch(
    transfer: &mut Transfer,
    store: &mut Store,
    market: &mut Binance,
    settings: &Settings,
    wanted: &Backfill,
) -> Result<Option<Fault>, StoreError> {
    if let Some(ban) = store.ban(transfer.now)? {
        return Ok(Some(Fault::StillBanned { until: ban.until, reason: ban.reason }));
    }
    let now = match market.open(&[]).server_time {
        Ok(now) => now,
        Err(fault) => return Ok(Some(fault)),
    };
    let mut left = plan(store, settings, wanted, now)?;
    let total: u64 = left.iter().map(|(key, gap)| candles(key.timeframe, *gap)).sum();
    let bar = progress(total);
    while !left.is_empty() {
        let step = left.split_off(left.len().saturating_sub(ABREAST));
        let questions: Vec<Wanted> = step.iter().map(|(key, gap)| question(key, *gap)).collect();
        for ((key, gap), answer) in step.into_iter().zip(market.candles(&questions, now)) {
            match take(transfer, store, market, &key, gap, answer, now)? {
                Step::Done => bar.inc(candles(key.timeframe, gap)),
                Step::More(rest) => {
                    bar.inc(candles(key.timeframe, gap).saturating_sub(candles(key.timeframe, rest)));
                    left.push((key, rest));
                }
                Step::Stop(fault) => return Ok(Some(fault)),
            }
        }
    }
    bar.finish_and_clear();
    Ok(None)
}

/// Stretches that are neither stored nor known to be empty, the shortest timeframes last so that they are fetched first.
fn plan(
    store: &Store,
    settings: &Settings,
    wanted: &Backfill,
    now: UtcMillis,
) -> Result<Vec<(SeriesKey, Gap)>, StoreError> {
    let mut left = Vec::new();
    for timeframe in settings.timeframes.iter().copied() {
        for symbol in &settings.pairs {
            let key = SeriesKey { symbol: symbol.clone(), timeframe };
            let from = wanted.from.max(UtcMillis::EXCHANGE_START).max(store.listed_at(&key)?.unwrap_or(wanted.from));
            let to = wanted.to.unwrap_or(now).min(timeframe.newest_closed(now));
            let leave = store.gaps_to_leave(&key, now)?;
            let open = store.holes(&key, timeframe.ceil(from), timeframe.floor(to))?;
            let asked = open.into_iter().flat_map(|hole| without(hole, &leave, timeframe));
            left.extend(asked.map(|gap| (key.clone(), gap)));
        }
    }
    Ok(left)
}

/// A stretch without those that are known to be empty.
fn without(hole: Gap, empty: &[Gap], timeframe: Timeframe) -> Vec<Gap> {
    let mut left = Vec::new();
    let mut from = hole.from;
    for gap in empty.iter().filter(|g| g.from <= hole.to && g.to >= hole.from) {
        if gap.from > from {
            left.push(Gap { from, to: timeframe.step(gap.from, -1) });
        }
        from = from.max(timeframe.step(gap.to, 1));
    }
    if from <= hole.to {
        left.push(Gap { from, to: hole.to });
    }
    left
}

fn question(key: &SeriesKey, gap: Gap) -> Wanted {
    Wanted { key: key.clone(), from: Some(gap.from), to: Some(gap.to) }
}

/// What follows an answer.
enum Step {
    Done,
    More(Gap),
    Stop(Fault),
}

fn take(
    transfer: &mut Transfer,
    store: &mut Store,
    market: &Binance,
    key: &SeriesKey,
    asked: Gap,
    answer: Result<Page, Fault>,
    now: UtcMillis,
) -> Result<Step, StoreError> {
    let page = match answer {
        Ok(page) => page,
        Err(fault) if fault.leaves_nothing_to_ask() => return Ok(Step::Stop(fault)),
        Err(fault) => {
            transfer.notes.fault(About::Series(key), &fault);
            return Ok(Step::Done);
        }
    };
    transfer.had_something = true;
    record(transfer, store, market, key, asked, &page, now)?;
    let rest = page.next.map(|next| Gap { from: next, to: asked.to }).filter(|rest| rest.from <= rest.to);
    Ok(rest.map_or(Step::Done, Step::More))
}

/// Stores a page in one transaction: its candles, and what it showed to be missing.
fn record(
    transfer: &mut Transfer,
    store: &mut Store,
    market: &Binance,
    key: &SeriesKey,
    asked: Gap,
    page: &Page,
    now: UtcMillis,
) -> Result<(), StoreError> {
    let first = page.batch.candles.first().map(Candle::open_time);
    let nothing_before = store.tail(key, asked.from, 1)?.is_empty();
    let write = store.write()?;
    let origin = Origin {
        run_id: transfer.run_id().to_owned(),
        source: Source::Rest,
        origin: market.origin(),
        sha256: None,
        fetched_at: now,
    };
    let mut tally = write.candles(key, write.ingest(&origin)?, &page.batch.candles)?;
    tally.bad = page.batch.bad;
    if nothing_before && page.batch.bad == 0 {
        // Nothing is stored before it: the pair was listed with the first candle that came, or later than was asked.
        write.listed_at(key, first.unwrap_or(key.timeframe.step(asked.to, 1)))?;
    }
    write.note_gaps(key, &lacking(key.timeframe, asked, page, nothing_before), now)?;
    write.settle_gaps(key, now)?;
    write.gaps_asked(key, asked, now)?;
    write.commit()?;
    transfer.notes.batch(key, &page.batch);
    transfer.add(About::Series(key), tally);
    Ok(())
}

/// What a page should have held and did not: before its first candle (unless the pair was listed with it), between its
/// candles, and after its last one when no page follows.
fn lacking(timeframe: Timeframe, asked: Gap, page: &Page, nothing_before: bool) -> Vec<Gap> {
    let ends = page.batch.candles.first().zip(page.batch.candles.last());
    let Some((first, last)) = ends.map(|(first, last)| (first.open_time(), last.open_time())) else {
        return if nothing_before { Vec::new() } else { vec![asked] };
    };
    let before = Gap::between(timeframe.step(asked.from, -1), first, timeframe).filter(|_| !nothing_before);
    let after = Gap::between(last, timeframe.step(asked.to, 1), timeframe).filter(|_| page.next.is_none());
    before.into_iter().chain(page.batch.gaps.iter().copied()).chain(after).collect()
}

fn candles(timeframe: Timeframe, gap: Gap) -> u64 {
    gap.candles(timeframe).unsigned_abs()
}

/// A bar on a terminal; indicatif itself stays silent elsewhere.
fn progress(total: u64) -> ProgressBar {
    const SHAPE: &str = "{wide_bar} {human_pos}/{human_len} candles, {per_sec}, {eta} left";
    let style = ProgressStyle::with_template(SHAPE).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total).with_style(style)
}
