//! Analysing, after the account is settled: readings of what is new, and each pair's opinion.

use super::{Cycle, READINGS_KEPT, Stop, execution};
use crate::clock::Stopwatch;
use crate::command::collect::{Collection, Reach};
use crate::decision::Gate;
use crate::indicator::{Readings, over};
use crate::journal;
use crate::market::{Series, SeriesKey, View};
use crate::report::{Agent, AgentName, AgentStatus, Problem};
use crate::signal::{Analyst, NotReady, Signal};
use crate::store::{Store, StoreError, Write};
use crate::unit::{Symbol, UtcMillis};

/// A pair's view and what the analysts say about it.
pub(super) struct Judged {
    pub(super) view: View,
    pub(super) signals: Vec<Result<Signal, NotReady>>,
    /// This run asked for the pair's candles and did not get them.
    pub(super) fetch_failed: bool,
}

impl Cycle<'_> {
    /// Reads the indicators of every new candle and asks the analyst about each pair.
    pub(super) fn analyse(&mut self, store: &mut Store, collection: &Collection) -> Result<Vec<Judged>, Stop> {
        let watch = Stopwatch::start();
        let name = AgentName::from(self.strategy.analyst.name());
        journal::set_at_work(Some(name.name()));
        let readings = new_readings(store, collection)?;
        let judged: Vec<Judged> =
            self.symbols.iter().filter_map(|symbol| self.judge_pair(collection, symbol)).collect();
        let formed = judged.iter().flat_map(|j| &j.signals).filter(|s| s.is_ok()).count();
        let status = match formed {
            n if n == self.symbols.len() => AgentStatus::Ok,
            0 => AgentStatus::Failed,
            _ => AgentStatus::Degraded,
        };
        let agent = Agent { name, status, duration_ms: watch.ms(), items: formed as u64, error: not_ready(&judged) };
        if !self.options.dry_run {
            let write = store.write()?;
            store_readings(&write, &readings)?;
            write.add_execution(&self.begun.run_id, &execution(&agent, self.now))?;
            write.commit()?;
        }
        self.agents.push(agent);
        self.logged = self.agents.len();
        journal::set_at_work(Some(AgentName::Orchestrator.name()));
        Ok(judged)
    }

    /// Reads the indicators of every new candle between two decisions, as they are read by runs that decide.
    pub(super) fn read_on(&self, store: &mut Store, collection: &Collection) -> Result<(), Stop> {
        let readings = new_readings(store, collection)?;
        if !self.options.dry_run {
            let write = store.write()?;
            store_readings(&write, &readings)?;
            write.commit()?;
        }
        Ok(())
    }

    fn judge_pair(&self, collection: &Collection, symbol: &Symbol) -> Option<Judged> {
        let key = SeriesKey { symbol: symbol.clone(), timeframe: self.timeframe() };
        let series = collection.series.get(&key)?.series.clone();
        series.newest()?;
        let depth = self.strategy.analyst.depth(self.timeframe());
        let view = View::new(symbol.clone(), self.now, self.listings.standing(symbol), series, depth);
        let signals = vec![self.strategy.analyst.analyse(&view)];
        let fetch_failed = collection.faults.iter().any(|(failed, _)| *failed == key);
        Some(Judged { view, signals, fetch_failed })
    }
}

/// Why the first pair without an opinion has none.
fn not_ready(judged: &[Judged]) -> Option<Problem> {
    judged.iter().find_map(|judged| {
        let not_ready = judged.signals.iter().find_map(|signal| signal.as_ref().err())?;
        Some(Problem {
            code: Gate::NotReady.code(),
            symbol: Some(judged.view.symbol().clone()),
            timeframe: Some(judged.view.timeframe().name()),
            text: not_ready.to_string(),
            remedy: Gate::NotReady.remedy().to_owned(),
        })
    })
}

/// The readings that are not stored yet: of each new candle after the newest stored ones, or of the newest candle alone
/// where none are stored. Each is taken from the candles up to its own, as if the run had been on time.
fn new_readings(store: &Store, collection: &Collection) -> Result<Vec<(SeriesKey, Vec<Readings>)>, StoreError> {
    let mut all = Vec::new();
    let is_kept = |key: &SeriesKey| READINGS_KEPT.contains(&key.timeframe) && !collection.is_aside(key);
    for (key, collected) in collection.series.iter().filter(|(key, _)| is_kept(key)) {
        let stored = store.newest_readings(key)?;
        all.push((key.clone(), readings_after(&collected.series, stored)));
    }
    Ok(all)
}

fn store_readings(write: &Write<'_>, all: &[(SeriesKey, Vec<Readings>)]) -> Result<(), StoreError> {
    for (key, readings) in all {
        for readings in readings {
            write.add_readings(key, readings)?;
        }
    }
    Ok(())
}

fn readings_after(series: &Series, stored: Option<UtcMillis>) -> Vec<Readings> {
    let Some(newest) = series.newest() else { return Vec::new() };
    let (timeframe, candles) = (series.timeframe(), series.candles());
    let from = |instant| candles.partition_point(|c| c.open_time() < instant);
    let unread = from(Reach::of(stored).first_unread(timeframe, newest.open_time()));
    let of = |i: usize| {
        let first = View::first(timeframe, timeframe.step(candles[i].open_time(), 1));
        over(timeframe, &candles[from(first)..=i])
    };
    let is_new = |i: &usize| Some(candles[*i].open_time()) > stored;
    (unread..candles.len()).filter(is_new).filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::Candle;
    use crate::unit::Timeframe;

    #[test]
    fn readings_are_made_up_for_after_the_stored_ones_and_begin_with_the_newest_candle() {
        let at = |hour| Timeframe::H1.step(UtcMillis::new(1_710_288_000_000), hour);
        let candle = |hour| Candle::from_parts(at(hour), [1.0; 4], 1.0, None).unwrap();
        for (candles, stored, new) in [
            (0, None, 0..0),
            (10, None, 9..10),
            (10, Some(6), 7..10),
            (10, Some(9), 10..10),
            (10, Some(99), 10..10),
            (10, Some(-99), 0..10),
            (600, Some(98), 100..600),
            (1005, Some(1002), 1003..1005),
            (2500, Some(2490), 2491..2500),
        ] {
            let series = Series::new(Timeframe::H1, (0..candles).map(candle).collect()).unwrap();
            let readings = readings_after(&series, stored.map(at));
            let told: Vec<_> = readings.iter().map(|r| (r.open_time(), r.candles())).collect();
            // Each from the candles up to its own; a block begins at hour 120, and another 960 hours later.
            let held = |i: i64| match i + 1 {
                ..1120 => i + 1,
                1120..2080 => i + 1 - 120,
                _ => i + 1 - 1080,
            };
            let wanted: Vec<_> = new.map(|i| (at(i), usize::try_from(held(i)).unwrap())).collect();
            assert_eq!(told, wanted, "{candles} candles, readings up to {stored:?}");
        }
    }
}
