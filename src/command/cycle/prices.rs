//! The first stage: collecting prices.

use super::{Cycle, READINGS_KEPT, Stop, execution};
use crate::clock::{self, Stopwatch};
use crate::command::collect::Collection;
use crate::exchange::MarketData;
use crate::market::{SeriesKey, Standing, Status};
use crate::report::{Agent, AgentName, AgentStatus};
use crate::store::{Origin, Store, StoreError};
use crate::unit::Symbol;

impl Cycle<'_> {
    /// Collects what is missing and stores it.
    pub(super) fn collect(&mut self, store: &mut Store, market: &mut dyn MarketData) -> Result<Collection, Stop> {
        let watch = Stopwatch::start();
        let mut collection = Collection::read(store, &self.keys(), self.now, |key| self.needs_history(store, key))?;
        collection.ask(store, market, self.strategy.timeframe, self.now)?;
        self.usage = market.usage();
        let noted = self.notes.errors.len();
        let listings = &self.listings;
        let traded = |symbol: &Symbol| !matches!(listings.standing(symbol), Standing::Told(Status::Stopped(_)));
        collection.note(&mut self.notes, market.source(), self.strategy.timeframe, self.now, traded);
        let error = self.error_since(noted);
        let status = match (collection.failed(), &error) {
            (true, _) => AgentStatus::Failed,
            (false, Some(_)) => AgentStatus::Degraded,
            (false, None) => AgentStatus::Ok,
        };
        let (name, items) = (AgentName::PriceCollector, collection.asked as u64);
        let agent = Agent { name, status, duration_ms: watch.ms(), items, error };
        self.store_collection(store, market, &collection, &agent)?;
        self.agents.push(agent);
        self.logged = self.agents.len();
        Ok(collection)
    }

    fn keys(&self) -> Vec<SeriesKey> {
        let of = |symbol: &Symbol| {
            let symbol = symbol.clone();
            self.timeframes.iter().map(move |&timeframe| SeriesKey { symbol: symbol.clone(), timeframe })
        };
        self.symbols.iter().filter(|s| !self.listings.unknown.contains(s)).flat_map(of).collect()
    }

    /// Many candles are read only of series that are decided on, or whose readings are to be taken.
    fn needs_history(&self, store: &Store, key: &SeriesKey) -> Result<bool, StoreError> {
        if key.timeframe == self.timeframe() || !READINGS_KEPT.contains(&key.timeframe) {
            return Ok(key.timeframe == self.timeframe());
        }
        Ok(store.newest_readings(key)? < Some(key.timeframe.newest_closed(self.now)))
    }

    fn store_collection(
        &mut self,
        store: &mut Store,
        market: &dyn MarketData,
        collection: &Collection,
        agent: &Agent,
    ) -> Result<(), StoreError> {
        self.collected.candles_new = collection.added();
        self.collected.candles_revised = collection.revised();
        self.collected.rows_bad = collection.bad_rows();
        if !self.options.dry_run {
            let origin = Origin {
                run_id: self.begun.run_id.clone(),
                source: market.source(),
                origin: market.origin(),
                sha256: None,
                fetched_at: self.now,
            };
            let write = store.write()?;
            write.add_run(&self.run_row())?;
            for instrument in &self.listings.fetched {
                write.set_instrument(instrument, self.now)?;
            }
            let tally = collection.store(&write, &origin, &mut self.notes)?;
            write.set_usage(&self.usage, clock::wall())?;
            write.add_execution(&self.begun.run_id, &execution(agent, self.now))?;
            write.commit()?;
            self.collected.candles_new = tally.added;
            self.collected.candles_revised = tally.revised;
        }
        let unwritten = if self.options.dry_run { collection.gaps() } else { 0 };
        self.collected.gaps_open = store.gaps_open()? + unwritten;
        Ok(())
    }
}
