//! What follows from decisions for the account: exits first, then entries, the strongest opinion first. And carrying out
//! what can be carried out now.

use std::collections::BTreeMap;

use super::decide::Fresh;
use super::settle::fill_on_quotes;
use super::{Cycle, Stop};
use crate::command::account::{Account, Basis};
use crate::command::notes::About;
use crate::decision::{Action, Approved, Objection, RiskState, Room, Wish, approve_entry, approve_exit};
use crate::indicator::{Indicator, over};
use crate::ledger::{Event, ExitReason, Order};
use crate::market::{Candle, Series};
use crate::report::PairStatus;
use crate::store::{DecisionIds, RiskEvent, RiskEventKind, Store, StoreError, Write};
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
        let mut calls = self.close_all(&mut account)?;
        fresh.sort_by(|a, b| b.score().cmp(&a.score()).then_with(|| a.symbol().cmp(b.symbol())));
        for decided in fresh.iter().filter(|f| f.report.status == PairStatus::Ok && f.decision.action == Action::Sell) {
            self.leave(&mut account, &mut calls, decided.symbol(), ExitReason::Signal)?;
        }
        for decided in fresh.iter_mut().filter(|f| f.report.status == PairStatus::Ok) {
            if decided.decision.action == Action::Buy {
                self.enter(store, &mut account, &mut calls, decided)?;
            }
        }
        self.account = Some(account);
        Ok(calls)
    }

    /// Between two decisions nothing but the emergency stop gives orders.
    pub(super) fn heed_emergency(&mut self, store: &mut Store) -> Result<(), Stop> {
        let Some(mut account) = self.account.take() else { return Ok(()) };
        let calls = self.close_all(&mut account)?;
        self.account = Some(account);
        if !self.options.dry_run && calls.are_any() {
            let write = store.write()?;
            self.store_calls(&write, &calls, &DecisionIds::new())?;
            write.commit()?;
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
        match &self.account {
            Some(account) => write.book(&calls.events, &account.books, decisions, &self.begun.run_id),
            None => Ok(()),
        }
    }

    /// A run before the account's newest moment can neither buy nor sell, and its decisions must not read as if it had.
    fn hold_all(&self, store: &Store, fresh: &mut [&mut Fresh]) -> Result<(), StoreError> {
        let Some(account) = self.account_ahead(store)? else { return Ok(()) };
        for decided in fresh.iter_mut().filter(|f| f.decision.action != Action::Hold) {
            decided.hold(&Objection::Ahead { account, run: self.now });
        }
        Ok(())
    }

    /// The emergency stop sells everything.
    fn close_all(&mut self, account: &mut Account) -> Result<Calls, StoreError> {
        let mut calls = Calls::default();
        if account.state != RiskState::Halted {
            return Ok(calls);
        }
        if account.in_force.halted.is_none() {
            let text = format!(
                "equity {} lies {:.1} % below its peak of {}: everything is sold",
                account.standings.equity,
                100.0 * account.standings.drawdown(),
                account.standings.peak
            );
            let remedy = "look at `trader trades`; when entries may be taken again: trader resume --reason TEXT";
            self.notes.complain("emergency_stop", About::Run, text.clone(), remedy);
            calls.halt = Some(text);
        }
        for event in account.books.withdrawn_entries(self.now, |_| true) {
            account.books.apply(&event).map_err(|e| StoreError::BadRow(e.to_string()))?;
            calls.events.push(event);
        }
        let pairs: Vec<Symbol> = account.books.positions.iter().map(|p| p.symbol.clone()).collect();
        for pair in pairs {
            self.leave(account, &mut calls, &pair, ExitReason::Emergency)?;
        }
        Ok(calls)
    }

    fn leave(
        &self,
        account: &mut Account,
        calls: &mut Calls,
        pair: &Symbol,
        reason: ExitReason,
    ) -> Result<(), StoreError> {
        let Some(position) = account.books.position(pair) else { return Ok(()) };
        let quote = self.quotes.get(pair).copied();
        match approve_exit(position, reason, self.now, quote, &account.books) {
            Some(order) => place(account, calls, &order),
            None => Ok(()),
        }
    }

    fn enter(
        &self,
        store: &Store,
        account: &mut Account,
        calls: &mut Calls,
        decided: &mut Fresh,
    ) -> Result<(), StoreError> {
        match self.approve(store, account, decided)? {
            Ok(order) => {
                let cost = order.get().plan().map(|plan| Money::cost(plan.price, order.get().quantity));
                calls.bought.extend(cost.map(|cost| (decided.symbol().clone(), cost)));
                account.heat += order.get().plan().map_or(Money::ZERO, |plan| plan.risk);
                place(account, calls, &order)
            }
            Err(objection) => {
                decided.hold(&objection);
                Ok(())
            }
        }
    }

    fn approve(
        &self,
        store: &Store,
        account: &Account,
        decided: &Fresh,
    ) -> Result<Result<Approved<Order>, Objection>, StoreError> {
        let (symbol, series) = (decided.symbol(), decided.judged.view.series());
        let Some((candle, close)) = series.newest().and_then(|c| Some((c.open_time(), c.close_price()?))) else {
            return Ok(Err(Objection::NoStop));
        };
        let wish = Wish {
            symbol,
            candle,
            close,
            strategy_hash: &self.strategy.hash,
            now: self.now,
            quote: self.quotes.get(symbol).copied(),
            needs_quote: self.options.replay.is_none(),
            atr: true_range(series, self.trading.atr_timeframe),
            terms: account.terms.get(symbol),
        };
        let cool = self.trading.limits.cool_down_ms;
        let room = Room {
            books: &account.books,
            equity: account.standings.equity,
            heat: account.heat,
            state: account.state,
            cools_until: store.cooling_since(symbol)?.map(|at| at.plus_ms(cool)),
        };
        Ok(approve_entry(&wish, &room, &self.trading.exits, &self.trading.limits))
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
            let write = store.write()?;
            write.book(&events, &books, &DecisionIds::new(), &self.begun.run_id)?;
            write.add_portfolio(&row, &self.begun.run_id)?;
            write.commit()?;
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

fn place(account: &mut Account, calls: &mut Calls, order: &Approved<Order>) -> Result<(), StoreError> {
    let event = Event::Placed(Box::new(order.get().clone()));
    account.books.apply(&event).map_err(|e| StoreError::BadRow(e.to_string()))?;
    calls.events.push(event);
    Ok(())
}

/// The average true range over fourteen candles of this length, built from the series where it is of a shorter one; none
/// before its warm-up.
pub(super) fn true_range(series: &Series, timeframe: Timeframe) -> Option<f64> {
    let of = |candles: &[Candle]| over(timeframe, candles)?.get(Indicator::Atr14);
    if series.timeframe() == timeframe { of(series.candles()) } else { of(series.aggregate(timeframe).candles()) }
}
