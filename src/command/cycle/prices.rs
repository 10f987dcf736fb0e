//! The first stage: collecting prices.

use std::collections::BTreeSet;

use super::settle::finer_than;
use super::{Cycle, READINGS_KEPT, Stop, execution};
use crate::clock::{self, Stopwatch};
use crate::command::collect::{Collection, Reach};
use crate::command::notes::About;
use crate::exchange::MarketData;
use crate::journal;
use crate::market::{Quote, SeriesKey};
use crate::report::{Agent, AgentName, AgentStatus};
use crate::store::{Origin, Store, StoreError};
use crate::unit::Symbol;

impl Cycle<'_> {
    /// Collects what is missing and stores it; takes the quotes that come with it.
    pub(super) fn collect(&mut self, store: &mut Store, market: &mut dyn MarketData) -> Result<Collection, Stop> {
        let watch = Stopwatch::start();
        journal::set_at_work(Some(AgentName::PriceCollector.name()));
        let keys = self.keys();
        let aside = self.awaited(store, &keys)?;
        let mut collection = Collection::read(store, &keys, aside, self.now, |key| self.reach(store, key))?;
        let quoted: Vec<Symbol> = self.watched().into_iter().filter(|s| self.listings.may_be_traded(s)).collect();
        collection.ask(store, market, self.strategy.timeframe, &quoted, self.now)?;
        self.usage = market.usage();
        self.prospects = collection.prospects();
        let noted = self.notes.errors.len();
        let listings = &self.listings;
        let traded = |symbol: &Symbol| listings.may_be_traded(symbol);
        collection.note(&mut self.notes, market.source(), self.strategy.timeframe, self.now, traded);
        self.take_quotes(&mut collection);
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
        journal::set_at_work(Some(AgentName::Orchestrator.name()));
        Ok(collection)
    }

    /// Keeps the quotes. One that could not be had is no error: everything else goes on without it.
    fn take_quotes(&mut self, collection: &mut Collection) {
        for (symbol, answer) in std::mem::take(&mut collection.quotes) {
            if let Ok(quote) = &answer {
                log::debug!("{symbol}: bid {}, ask {}", quote.bid, quote.ask);
            }
            match answer {
                Ok(quote) if !self.believes(collection, &symbol, &quote) => {
                    let text = format!(
                        "bid {} and ask {} are not believed: too far apart, or from the close",
                        quote.bid, quote.ask
                    );
                    self.notes.warn("no_quote", About::Pair(&symbol), text);
                }
                Ok(quote) => {
                    self.quotes.insert(symbol, quote);
                }
                // What was told of the whole run is not told again of each pair.
                Err(fault) if self.notes.blames_everything_on(&fault) => {}
                Err(fault) => self.notes.warn("no_quote", About::Pair(&symbol), fault.to_string()),
            }
        }
    }

    /// Whether a quote fits the newest close; without a close there is nothing to doubt it by.
    fn believes(&self, collection: &Collection, symbol: &Symbol, quote: &Quote) -> bool {
        self.newest_close(collection, symbol).is_none_or(|mark| quote.fits(mark.price))
    }

    /// The pairs that are decided on, and those that something is held or ordered of.
    fn watched(&self) -> Vec<Symbol> {
        let others = self.held.iter().filter(|pair| !self.symbols.contains(pair));
        self.symbols.iter().chain(others).cloned().collect()
    }

    fn keys(&self) -> Vec<SeriesKey> {
        let of = |symbol: &Symbol| {
            let symbol = symbol.clone();
            self.timeframes.iter().map(move |&timeframe| SeriesKey { symbol: symbol.clone(), timeframe })
        };
        self.watched().iter().filter(|s| !self.listings.unknown.contains(s)).flat_map(of).collect()
    }

    /// The series that forecasts wait for and that are not among `keys`: a pair or a length was taken out of the
    /// configuration before their horizon has ended. A dry run resolves nothing.
    fn awaited(&self, store: &Store, keys: &[SeriesKey]) -> Result<BTreeSet<SeriesKey>, StoreError> {
        let mut awaited = BTreeSet::new();
        if self.options.dry_run {
            return Ok(awaited);
        }
        for SeriesKey { symbol, timeframe } in store.series_awaited()? {
            let lengths = finer_than(&self.timeframes, timeframe).chain([timeframe]);
            awaited.extend(lengths.map(|timeframe| SeriesKey { symbol: symbol.clone(), timeframe }));
        }
        awaited.retain(|key| !keys.contains(key) && !self.listings.unknown.contains(&key.symbol));
        Ok(awaited)
    }

    /// Many candles are read only of series that are decided on, or whose readings are to be taken.
    fn reach(&self, store: &Store, key: &SeriesKey) -> Result<Option<Reach>, StoreError> {
        let closed = key.timeframe.newest_closed(self.now);
        let is_kept = READINGS_KEPT.contains(&key.timeframe);
        let read = if is_kept { store.newest_readings(key)? } else { None };
        let is_wanted = key.timeframe == self.timeframe() || (is_kept && read < Some(closed));
        let depth = self.strategy.depth();
        let reach = Reach::of(read);
        let reach = if key.timeframe == self.timeframe() { reach.at_depth(depth) } else { reach };
        Ok(is_wanted.then_some(reach))
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
