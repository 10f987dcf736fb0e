//! What follows from decisions for the account: exits first, then entries, the strongest opinion first. And carrying out
//! what can be carried out now.

use std::collections::BTreeMap;

use super::decide::Fresh;
use super::settle::fill_on_quotes;
use super::{Cycle, Stop};
use crate::command::account::{Account, Basis, heat};
use crate::command::notes::About;
use crate::decision::{Action, Call, Desk, Followed, Objection, RiskState, TradePolicy, Wish, follow};
use crate::indicator::TrueRange;
use crate::ledger::{Books, Event, Terms};
use crate::market::{Candle, Series};
use crate::report::PairStatus;
use crate::store::{DecisionIds, EMERGENCY_STOP, RiskEvent, RiskEventKind, Store, StoreError, Write};
use crate::unit::{Money, Symbol, Timeframe};

/// What the decisions of a run call for.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// Orders, as events of the books.
    pub(super) events: Vec<Event>,
    /// Pairs that are bought, with what that costs.
    pub(super) bought: BTreeMap<Symbol, Money>,
    /// The emergency stop began with this run, for this reason.
    pub(super) halt: Option<String>,
}

impl Calls {
    fn are_any(&self) -> bool {
        !self.events.is_empty() || self.halt.is_some()
    }
}

impl Cycle<'_> {
    /// Places the orders that fresh decisions call for. What the account objects to becomes a HOLD with the objection.
    pub(super) fn call(&mut self, store: &Store, fresh: &mut [&mut Fresh]) -> Result<Calls, Stop> {
        let Some(mut account) = self.account.take() else {
            self.hold_all(store, fresh)?;
            return Ok(Calls::default());
        };
        let halt = self.halting(&account);
        fresh.sort_by(|a, b| b.score().cmp(&a.score()).then_with(|| a.symbol().cmp(b.symbol())));
        let followed = self.follow(store, &mut account, fresh)?;
        for (decided, objection) in fresh.iter_mut().zip(&followed.objections) {
            if let Some(objection) = objection {
                decided.hold(objection);
            }
        }
        self.account = Some(account);
        Ok(Calls { bought: bought(&followed.events), events: followed.events, halt })
    }

    fn follow(&self, store: &Store, account: &mut Account, fresh: &[&mut Fresh]) -> Result<Followed, StoreError> {
        let calls: Vec<Call<'_>> =
            fresh.iter().map(|decided| self.call_of(store, &account.terms, decided)).collect::<Result<_, _>>()?;
        let heat = |books: &Books| heat(books, &account.marks, &account.terms);
        let desk = Desk {
            books: &mut account.books,
            equity: account.standings.equity,
            state: account.state,
            heat: &heat,
            quotes: &self.quotes,
            now: self.now,
        };
        let policy = TradePolicy { entries: self.strategy.entries, exits: self.trading.exits };
        follow(desk, &calls, &policy, &self.trading.limits).map_err(|e| StoreError::BadRow(e.to_string()))
    }

    fn call_of<'c>(
        &'c self,
        store: &Store,
        terms: &'c BTreeMap<Symbol, Terms>,
        decided: &'c Fresh,
    ) -> Result<Call<'c>, StoreError> {
        let (symbol, series) = (decided.symbol(), decided.judged.view.series());
        let is_ok = decided.report.status == PairStatus::Ok;
        let action = if is_ok { decided.decision.action } else { Action::Hold };
        let newest = series.newest();
        let wish = Wish {
            symbol,
            candle: newest.map_or(self.now, Candle::open_time),
            opinion: decided.opinion(),
            close: newest.and_then(Candle::close_price),
            strategy_hash: &self.strategy.hash,
            now: self.now,
            quote: self.quotes.get(symbol).copied(),
            needs_quote: self.options.replay.is_none(),
            atr: if action == Action::Buy { true_range(series, self.trading.atr_timeframe) } else { None },
            terms: terms.get(symbol),
        };
        let cool = self.trading.limits.cool_down_ms;
        let cools_until = store.cooling_since(symbol)?.map(|at| at.plus_ms(cool));
        Ok(Call { action, score: decided.score(), wish, cools_until })
    }

    /// Between two decisions nothing but the emergency stop gives orders.
    pub(super) fn heed_emergency(&mut self, store: &mut Store) -> Result<(), Stop> {
        let calls = self.call(store, &mut [])?;
        if !self.options.dry_run && calls.are_any() {
            let facts = |write: &Write<'_>| self.store_calls(write, &calls, &DecisionIds::new());
            self.record(store, facts, |write| self.tell_halt(write, &calls))?;
        }
        self.note_events(&calls.events);
        Ok(())
    }

    /// Stores what is called for: the orders, and that the emergency stop began.
    pub(super) fn store_calls(
        &self,
        write: &Write<'_>,
        calls: &Calls,
        decisions: &DecisionIds,
    ) -> Result<(), StoreError> {
        if let Some(reason) = &calls.halt {
            write.add_risk_event(&self.halt_event(reason))?;
        }
        if let Some(account) = &self.account {
            write.book(&calls.events, &account.books, decisions, &self.begun.run_id)?;
        }
        Ok(())
    }

    /// A run before the account's newest moment can neither buy nor sell, and its decisions must not read as if it had.
    fn hold_all(&self, store: &Store, fresh: &mut [&mut Fresh]) -> Result<(), StoreError> {
        let Some(account) = self.account_ahead(store)? else { return Ok(()) };
        for decided in fresh.iter_mut().filter(|f| f.decision.action != Action::Hold) {
            decided.hold(&Objection::Ahead { account, run: self.now });
        }
        Ok(())
    }

    /// Why the emergency stop begins with this run, if it does.
    fn halting(&mut self, account: &Account) -> Option<String> {
        if account.state != RiskState::Halted || account.in_force.halted.is_some() {
            return None;
        }
        let text = format!(
            "equity {} lies {:.1} % below its peak of {}: everything is sold",
            account.standings.equity,
            100.0 * account.standings.drawdown(),
            account.standings.peak
        );
        let remedy = "look at `trader trades`; when entries may be taken again: trader resume --reason TEXT";
        self.notes.complain(EMERGENCY_STOP, About::Run, text.clone(), remedy);
        Some(text)
    }

    /// Carries out the orders whose market is known, and notes how the account stands: the last stage of a run.
    pub(super) fn carry_out(&mut self, store: &mut Store) -> Result<(), Stop> {
        let Some(account) = self.account.take() else { return Ok(()) };
        let Account { mut books, marks, terms, .. } = account;
        let events = fill_on_quotes(&mut books, |pair| Ok(terms.get(pair).cloned()))?;
        self.note_events(&events);
        let account = Account::assess(self.sources(store), Basis { books: books.clone(), marks, terms })?;
        if !self.options.dry_run {
            let row = account.row(self.now);
            let before = self.state_before(store);
            let facts = |write: &Write<'_>| {
                write.book(&events, &books, &DecisionIds::new(), &self.begun.run_id)?;
                write.add_portfolio(&row, &self.begun.run_id).map(drop)
            };
            let words = |write: &Write<'_>| {
                self.tell_fills(write, &events, &books)?;
                self.tell_state(write, before, &account)
            };
            self.record(store, facts, words)?;
        }
        self.complain_of_prices(&account);
        self.warn_of_state(&account);
        self.account = Some(account);
        Ok(())
    }

    /// A state that takes no entries is told by every run.
    pub(super) fn warn_of_state(&mut self, account: &Account) {
        let state = account.state;
        if !state.takes_entries() {
            let text = format!("{}: {}", state.word(), state.meaning());
            self.notes.warn(Objection::State(state).code(), About::Run, text);
        }
    }

    fn complain_of_prices(&mut self, account: &Account) {
        for coin in &account.unpriced {
            let text = format!("no price of {coin} is known: equity does not count it");
            self.notes.complain("unpriced", About::Run, text, "fetch its candles: trader backfill");
        }
    }

    /// The event that the emergency stop leaves.
    fn halt_event<'e>(&'e self, reason: &'e str) -> RiskEvent<'e> {
        let equity = self.account.as_ref().map(|account| account.standings.equity);
        let (kind, run_id) = (RiskEventKind::Halted, self.begun.run_id.as_str());
        RiskEvent { at: self.now, kind, reason, equity, peak: None, run_id }
    }
}

/// Pairs that are bought, with what that costs.
fn bought(events: &[Event]) -> BTreeMap<Symbol, Money> {
    let cost = |event: &Event| {
        let Event::Placed(order) = event else { return None };
        Some((order.symbol.clone(), Money::cost(order.plan()?.price, order.quantity)))
    };
    events.iter().filter_map(cost).collect()
}

/// The average true range over fourteen candles of this length, built from the series where it is of a shorter one; none
/// before its warm-up.
pub(super) fn true_range(series: &Series, timeframe: Timeframe) -> Option<f64> {
    if series.timeframe() == timeframe {
        TrueRange::over(series.candles())
    } else {
        TrueRange::over(series.aggregate(timeframe).candles())
    }
}
