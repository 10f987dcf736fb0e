//! `trader pause`, `trader resume`, `trader close`: what people say to the account. It is on record at once; the next
//! hourly cycle acts on it, whether it decides or not.

use super::account::{Account, Sources};
use super::portfolio::{limits, risk_document, stored_account};
use super::run::Begun;
use super::say::Output;
use crate::clock;
use crate::decision::{Floors, RiskState, Standings, approve_exit};
use crate::ledger::{Event, ExitReason, Position};
use crate::report::{PortfolioDocument, to_json};
use crate::settings::Settings;
use crate::store::{
    Access, Contents, DecisionIds, Lock, RiskEvent, RiskEventKind, RunRow, Store, StoreError, expect_file,
};
use crate::unit::{Money, Symbol, UtcMillis};

/// Which positions to close.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    All,
    /// That of one pair.
    One(Symbol),
}

/// The account, held for writing, and the moment: the wall clock's, or that of a recording's newest run. A wall clock that
/// lags behind the exchange's does not make what is said now older than what the newest run noted.
struct Hand<'a> {
    settings: &'a Settings,
    _lock: Lock,
    store: Store,
    account: Account,
    now: UtcMillis,
}

/// No entries from now on, until `resume`; those that wait for a market are withdrawn.
pub fn pause(settings: &Settings, reason: &str, pretty: bool) -> anyhow::Result<Output> {
    let mut hand = Hand::take(settings)?;
    let events = hand.withdraw(|_| true)?;
    hand.record("pause", &events, Some(&hand.said(RiskEventKind::Paused, reason, None)))?;
    hand.risk(pretty)
}

/// Entries again. Where a drawdown stands in the way, the peak begins anew: what is not invested could never recover.
pub fn resume(settings: &Settings, reason: &str, pretty: bool) -> anyhow::Result<Output> {
    let mut hand = Hand::take(settings)?;
    let standings = hand.account.standings;
    let calm = Standings { is_halted: false, is_paused: false, day_is_lost: false, ..standings };
    let is_down =
        matches!(calm.state(&Floors::under(&calm, &settings.trading.limits)), RiskState::Warning | RiskState::Halted);
    let peak = (standings.is_halted || is_down).then_some(standings.equity);
    hand.record("resume", &[], Some(&hand.said(RiskEventKind::Resumed, reason, peak)))?;
    hand.risk(pretty)
}

/// Orders positions to be sold at the market, and withdraws entries that wait: the next hourly cycle books the sale at
/// the first candle that opens from now on.
pub fn close(settings: &Settings, which: &Which, pretty: bool) -> anyhow::Result<Output> {
    let mut hand = Hand::take(settings)?;
    let mut events = hand.withdraw(|symbol| which.holds(symbol))?;
    events.extend(hand.leave(|symbol| which.holds(symbol))?);
    if let Which::One(symbol) = which
        && hand.account.books.position(symbol).is_none()
        && events.is_empty()
    {
        return Err(super::usage(format!("there is no open position in {symbol}; see `trader portfolio`")));
    }
    hand.record("close", &events, None)?;
    let (portfolio, orders) = (hand.account.report(), hand.account.waiting());
    let document = PortfolioDocument { schema: "trader.portfolio.v1", as_of: Some(hand.now), portfolio, orders };
    Ok(Output::ok(to_json(&document, pretty)))
}

impl Which {
    fn holds(&self, symbol: &Symbol) -> bool {
        match self {
            Self::All => true,
            Self::One(one) => one == symbol,
        }
    }
}

/// What was said, before it is on record.
struct Said<'r> {
    kind: RiskEventKind,
    reason: &'r str,
    peak: Option<Money>,
    equity: Money,
}

impl<'a> Hand<'a> {
    fn take(settings: &'a Settings) -> anyhow::Result<Self> {
        expect_file(&settings.db)?;
        let lock = Lock::take(&settings.db)?;
        let store = Store::open(&settings.db, Access::Change)?;
        let (account, newest) = stored_account(settings, &store)?;
        let now = if store.contents()? == Some(Contents::Replay) { newest } else { clock::wall().max(newest) };
        Ok(Self { settings, _lock: lock, store, account, now })
    }

    fn said<'r>(&self, kind: RiskEventKind, reason: &'r str, peak: Option<Money>) -> Said<'r> {
        Said { kind, reason, peak, equity: self.account.standings.equity }
    }

    /// Takes back entries that wait.
    fn withdraw(&mut self, which: impl Fn(&Symbol) -> bool) -> Result<Vec<Event>, StoreError> {
        let events = self.account.books.withdrawn_entries(self.now, which);
        self.apply(&events)?;
        Ok(events)
    }

    /// Orders positions to be left.
    fn leave(&mut self, which: impl Fn(&Symbol) -> bool) -> Result<Vec<Event>, StoreError> {
        let books = &self.account.books;
        let exit = |position: &Position| approve_exit(position, ExitReason::Manual, self.now, None, books);
        let orders = books.positions.iter().filter(|p| which(&p.symbol)).filter_map(exit);
        let events: Vec<Event> = orders.map(|order| Event::Placed(Box::new(order.get().clone()))).collect();
        self.apply(&events)?;
        Ok(events)
    }

    fn apply(&mut self, events: &[Event]) -> Result<(), StoreError> {
        let books = &mut self.account.books;
        events.iter().try_for_each(|event| books.apply(event)).map_err(|e| StoreError::BadRow(e.to_string()))
    }

    /// Puts it on record, all of it or nothing.
    fn record(&mut self, command: &str, events: &[Event], said: Option<&Said<'_>>) -> Result<(), StoreError> {
        let (now, run_id) = (self.now, Begun::now(self.now).run_id);
        let write = self.store.write()?;
        write.add_run(&RunRow { run_id: &run_id, command, started_at: now, strategy_hash: None })?;
        write.book(events, &self.account.books, &DecisionIds::new(), &run_id)?;
        if let Some(&Said { kind, reason, peak, equity }) = said {
            let equity = Some(equity);
            write.add_risk_event(&RiskEvent { at: now, kind, reason, equity, peak, run_id: &run_id })?;
        }
        write.end_run(&run_id, now, 0, 0, "{}")?;
        write.commit()
    }

    /// How the account stands after what was said.
    fn risk(self, pretty: bool) -> anyhow::Result<Output> {
        let after = Account::stored(Sources::of(self.settings, &self.store, self.now)?)?.unwrap_or(self.account);
        let limits = limits(&after, self.settings);
        Ok(Output::ok(to_json(&risk_document(&after, Some(self.now), limits), pretty)))
    }
}
