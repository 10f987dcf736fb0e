//! Settling, after the prices are collected: what happened to orders and positions since the last run.

use std::collections::BTreeMap;

use super::{Cycle, Stop};
use crate::command::account::{Account, Basis, Sources, mark, newest, pairs_of};
use crate::command::collect::Collection;
use crate::command::notes::About;
use crate::decision::Approved;
use crate::execution::{Hindrance, Rung, Step, fill_on_book, settle, timeline};
use crate::ledger::{Books, Deposit, Event, Mark, Order, Terms};
use crate::market::{Series, SeriesKey};
use crate::store::{DecisionIds, Store, StoreError, Write};
use crate::unit::{Quantity, Symbol, Timeframe, UtcMillis};

/// A length whose newest stored candle is older than this has ended, or never was.
pub(super) const ENDED_MS: i64 = 86_400_000;

/// What is not done after so long is complained about.
const PATIENCE_MS: i64 = 7_200_000;

/// The way of a pair since it was last looked at.
#[derive(Debug, Default)]
struct Path {
    /// The candles that decide, in order.
    steps: Vec<Step>,
    /// The shortest length there is of them, whatever is configured.
    finest: Option<Timeframe>,
}

impl Cycle<'_> {
    pub(super) const fn sources<'s>(&'s self, store: &'s Store) -> Sources<'s> {
        let (timeframe, assumes) = (self.strategy.timeframe, self.listings.assumed);
        Sources { store, trading: self.trading, timeframe, now: self.now, assumes }
    }

    /// Walks every candle since the last run through orders and positions, and opens the account where there is none.
    pub(super) fn settle(&mut self, store: &mut Store, collection: &Collection) -> Result<(), Stop> {
        if self.has_gone_back(store)? {
            return Ok(());
        }
        let mut books = store.books()?;
        let mut events = self.opening(&mut books)?;
        self.warn_of_asset(&books);
        events.extend(fill_on_quotes(&mut books, |pair| self.terms(store, pair))?);
        let mut waiting = Vec::new();
        for pair in books.busy_pairs() {
            let Some(terms) = self.terms(store, &pair)? else {
                self.complain_of_terms(&pair);
                continue;
            };
            let path = self.path(store, collection, &books, &pair)?;
            let settled =
                settle(&pair, books, &terms, &path.steps, self.now).map_err(|e| StoreError::BadRow(e.to_string()))?;
            events.extend(settled.events);
            books = settled.books;
            self.complain_of_silence(&books, &pair, &path);
            waiting.extend(self.has_waited(&books, &pair, &path).then_some(pair));
        }
        events.sort_by_key(Event::moment);
        self.book(store, &events, &books, &DecisionIds::new())?;
        books.trades.clear();
        let basis = self.basis(store, collection, books)?;
        let account = Account::assess(self.sources(store), basis)?;
        self.complain_of_loose_coins(&account);
        self.complain_of_waiting_exits(&account, &waiting);
        self.account = Some(account);
        Ok(())
    }

    /// The account lives forward only: a run for an earlier moment than the newest one does not touch it.
    pub(super) fn has_gone_back(&mut self, store: &Store) -> Result<bool, StoreError> {
        let Some(newest) = self.account_ahead(store)? else { return Ok(false) };
        let text = format!("the account stands at {newest}, after this run's moment: it is left alone");
        self.notes.warn("clock_went_back", About::Run, text);
        Ok(true)
    }

    /// The account's newest moment, where this run's lies before it.
    pub(super) fn account_ahead(&self, store: &Store) -> Result<Option<UtcMillis>, StoreError> {
        Ok(store.remembered()?.map(|row| row.time).filter(|newest| *newest > self.now))
    }

    /// Coins that could be sold and belong to no position have no stop: that cannot be, and must not go unseen.
    fn complain_of_loose_coins(&mut self, account: &Account) {
        for pair in account.loose_coins() {
            let text = "the wallet holds coins that belong to no position: nothing protects them";
            self.notes.complain("coins_unprotected", About::Pair(&pair), text.to_owned(), "trader db check tells more");
        }
    }

    /// An account stays in the asset it was opened with.
    fn warn_of_asset(&mut self, books: &Books) {
        let (kept, set) = (&books.asset, &self.trading.asset);
        if kept != set {
            let text = format!("the account is kept in {kept}: `asset = \"{set}\"` has no effect on it");
            self.notes.warn("asset_ignored", About::Run, text);
        }
    }

    fn opening(&self, books: &mut Books) -> Result<Vec<Event>, StoreError> {
        if !books.asset.is_empty() {
            return Ok(Vec::new());
        }
        let (asset, amount) = (self.trading.asset.clone(), self.trading.start);
        let event = Event::Deposited(Deposit { at: self.now, asset, amount });
        books.apply(&event).map_err(|e| StoreError::BadRow(e.to_string()))?;
        Ok(vec![event])
    }

    /// Books what happened, in one transaction.
    fn book(
        &mut self,
        store: &mut Store,
        events: &[Event],
        books: &Books,
        decisions: &DecisionIds,
    ) -> Result<(), StoreError> {
        self.note_events(events);
        if self.options.dry_run || events.is_empty() {
            return Ok(());
        }
        let book = |write: &Write<'_>| write.book(events, books, decisions, &self.begun.run_id);
        self.record(store, book, |write| self.tell_fills(write, events, books))
    }

    /// Keeps orders and fills for the summary.
    pub(super) fn note_events(&mut self, events: &[Event]) {
        for event in events {
            match event {
                Event::Placed(order) => self.orders.push(*order.clone()),
                Event::Filled(fill) => self.fills.push(*fill.clone()),
                Event::Deposited(_) | Event::Ended(_) | Event::Protected(_) => {}
            }
        }
    }

    pub(super) fn terms(&self, store: &Store, pair: &Symbol) -> Result<Option<Terms>, StoreError> {
        self.sources(store).terms(pair, self.listings.known.iter().find(|i| i.symbol == *pair))
    }

    /// The candles that decide about a pair.
    fn path(&self, store: &Store, collection: &Collection, books: &Books, pair: &Symbol) -> Result<Path, StoreError> {
        let walked = books.position(pair).map(|position| position.walked_to);
        let placed = books.orders.iter().filter(|order| order.symbol == *pair).map(|order| order.placed_at);
        let Some(cursor) = placed.chain(walked).min() else { return Ok(Path::default()) };
        let mut rungs: Vec<Rung> = Vec::new();
        // Whatever is stored tells, though its length may have left the configuration.
        for timeframe in Timeframe::ALL.into_iter().filter(|t| *t <= self.timeframe()) {
            let key = SeriesKey { symbol: pair.clone(), timeframe };
            rungs.extend(self.rung(store, collection, &key, cursor)?);
        }
        let finest = rungs.first().map(|rung| rung.series.timeframe());
        Ok(Path { finest, steps: timeline(&rungs, cursor, self.now) })
    }

    fn rung(
        &self,
        store: &Store,
        collection: &Collection,
        key: &SeriesKey,
        cursor: UtcMillis,
    ) -> Result<Option<Rung>, StoreError> {
        let from = key.timeframe.floor(cursor);
        let stored = store.range(key, from, self.now)?;
        let mut series = Series::new(key.timeframe, stored).map_err(|e| StoreError::BadRow(e.to_string()))?;
        // A dry run has not stored what it collected.
        if let Some(collected) = collection.series.get(key).filter(|_| self.options.dry_run) {
            let candles = collected.series.candles();
            series.merge(&candles[candles.partition_point(|c| c.open_time() < from)..]);
        }
        let is_there = series.newest().is_some() || store.newest(key)?.is_some_and(|t| from.since_ms(t) < ENDED_MS);
        Ok(is_there.then_some(Rung { series }))
    }

    /// What the account is assessed from: the books with the newest closes and the terms of their pairs, and of those that
    /// are decided on.
    fn basis(&self, store: &Store, collection: &Collection, books: Books) -> Result<Basis, StoreError> {
        let mut basis = Basis { books, marks: BTreeMap::new(), terms: BTreeMap::new() };
        let held = pairs_of(&basis.books);
        for pair in held.iter().chain(self.symbols.iter().filter(|pair| !held.contains(pair))).cloned() {
            // What it could be sold for now; else the newest close, of what is held also one that is stored alone.
            let bid = self.quotes.get(&pair).map(|quote| Mark { price: quote.bid, at: quote.at });
            let collected = self.newest_close(collection, &pair);
            let is_asked = bid.is_none() && (collected.is_none() || held.contains(&pair));
            let stored = if is_asked { self.sources(store).mark(&pair, self.now)? } else { None };
            let mark = bid.or_else(|| newest(stored.into_iter().chain(collected)));
            basis.marks.extend(mark.map(|mark| (pair.base().to_owned(), mark)));
            basis.terms.extend(self.terms(store, &pair)?.map(|terms| (pair, terms)));
        }
        Ok(basis)
    }

    /// The newest close that was collected of a pair, in a candle no longer than those that are decided on.
    pub(super) fn newest_close(&self, collection: &Collection, pair: &Symbol) -> Option<Mark> {
        let close = |&timeframe: &Timeframe| {
            let collected = collection.series.get(&SeriesKey { symbol: pair.clone(), timeframe })?;
            collected.series.newest().and_then(|candle| mark(candle, timeframe))
        };
        newest(self.timeframes.iter().filter(|t| **t <= self.timeframe()).filter_map(close))
    }

    fn complain_of_terms(&mut self, pair: &Symbol) {
        let text = "the exchange's rules for it are not known: its position and orders were not looked after";
        self.notes.complain(
            "rules_unknown",
            About::Pair(pair),
            text.to_owned(),
            "the next run asks the exchange again",
        );
    }

    /// A position whose candles do not come is not protected; that must not go unseen.
    fn complain_of_silence(&mut self, books: &Books, pair: &Symbol, path: &Path) {
        let Some(position) = books.position(pair) else { return };
        if self.is_long_ago(position.walked_to, path) {
            let text = format!(
                "no candles since {}: the stop of its position cannot be looked after; it is valued at the last close",
                position.walked_to
            );
            self.notes.complain("position_unwatched", About::Pair(pair), text, "see whether the pair is still traded");
        }
    }

    /// Nobody could be asked, and no run has looked after the account in this hour: what it holds is not protected now.
    pub(super) fn complain_of_absence(&mut self, store: &Store) -> Result<(), StoreError> {
        if self.is_looked_after(store)? {
            return Ok(());
        }
        for position in store.books()?.positions {
            let since = position.walked_to;
            let text = format!("nobody could be asked, no candles since {since}: its stop cannot be looked after");
            let remedy = "see the error or warning beside it; the next run asks again";
            self.notes.complain("position_unwatched", About::Pair(&position.symbol), text, remedy);
        }
        Ok(())
    }

    /// Whether an exit was ordered long ago, candles that opened since then were walked, and it is not done. The path of a
    /// pair begins with the oldest order that waits. Where no candles come at all, that is told already.
    fn has_waited(&self, books: &Books, pair: &Symbol, path: &Path) -> bool {
        let Some(position) = books.position(pair) else { return false };
        let Some(order) = books.exit_of(&position.id) else { return false };
        let was_met = path.steps.iter().any(|step| step.candle.open_time() >= order.placed_at);
        was_met && self.is_long_ago(order.placed_at, path) && !self.is_long_ago(position.walked_to, path)
    }

    /// An exit that meets candle after candle and is not done leaves its coins to the market, without a stop; that must
    /// not go unseen.
    fn complain_of_waiting_exits(&mut self, account: &Account, pairs: &[Symbol]) {
        for position in account.books.positions.iter().filter(|position| pairs.contains(&position.symbol)) {
            if let Some(order) = account.books.exit_of(&position.id) {
                self.complain_of_waiting(account, order);
            }
        }
    }

    fn complain_of_waiting(&mut self, account: &Account, order: &Order) {
        let coin = order.symbol.base();
        // Without terms or a price it is those that are complained about.
        let Some((terms, mark)) = account.terms.get(&order.symbol).zip(account.marks.get(coin)) else { return };
        let held = Quantity::new(account.books.balance(coin)).unwrap_or_default();
        let hindrance = Hindrance::of(order, held, mark.price, terms);
        let (since, why) = (order.placed_at, hindrance.meaning());
        let text = format!("its sale has waited since {since}, {held} {coin} are still held: {why}");
        self.notes.complain("exit_waiting", About::Pair(&order.symbol), text, hindrance.remedy());
    }

    /// Longer than it takes for two of the finest candles that there are to come, and two hours at least.
    fn is_long_ago(&self, at: UtcMillis, path: &Path) -> bool {
        let finest = path.finest.or_else(|| self.timeframes.first().copied()).map_or(0, Timeframe::ms);
        self.now.since_ms(at) >= PATIENCE_MS.max(2 * finest)
    }
}

/// Fills the orders whose market was known when they were placed. Those of an earlier run are there when it was killed
/// before it came to that: they are filled as it would have filled them.
pub(super) fn fill_on_quotes(
    books: &mut Books,
    terms: impl Fn(&Symbol) -> Result<Option<Terms>, StoreError>,
) -> Result<Vec<Event>, StoreError> {
    let mut events = Vec::new();
    for order in Approved::on_record(books) {
        let Some(terms) = terms(&order.get().symbol)? else { continue };
        for event in fill_on_book(&order, books, &terms) {
            books.apply(&event).map_err(|e| StoreError::BadRow(e.to_string()))?;
            events.push(event);
        }
    }
    Ok(events)
}

/// The length of the candles that a fine walk goes down to.
pub(super) fn finer_than(timeframes: &[Timeframe], timeframe: Timeframe) -> impl Iterator<Item = Timeframe> {
    timeframes.iter().copied().filter(move |t| *t < timeframe)
}
