//! `trader pause`, `trader resume`, `trader close`: what people say to the account. It is on record at once; the next cycle
//! acts on it.

use super::account::{Account, Sources};
use super::portfolio::{limits, risk_document, stored_account};
use super::run::Begun;
use super::say::Output;
use crate::clock;
use crate::decision::{RiskState, approve_exit};
use crate::ledger::{Event, ExitReason};
use crate::report::{OrderReport, PortfolioDocument, to_json};
use crate::settings::Settings;
use crate::store::{Access, Contents, DecisionIds, Lock, RiskEvent, RiskEventKind, RunRow, Store, StoreError};
use crate::unit::{Money, Symbol, UtcMillis};

/// Which positions to close.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    All,
    /// That of one pair.
    One(Symbol),
}

/// The store, held for writing, and the moment: the wall clock's, or that of a recording's newest run. A wall clock that lags
/// behind the exchange's does not make what is said now older than what the newest run noted.
fn hold(settings: &Settings) -> anyhow::Result<(Lock, Store, Account, UtcMillis)> {
    if !settings.db.exists() {
        return Err(StoreError::Missing(settings.db.clone()).into());
    }
    let lock = Lock::take(&settings.db)?;
    let store = Store::open(&settings.db, Access::Change)?;
    let (account, newest) = stored_account(settings, &store)?;
    let now = if store.contents()? == Some(Contents::Replay) { newest } else { clock::wall().max(newest) };
    Ok((lock, store, account, now))
}

/// No entries from now on, until `resume`.
pub fn pause(settings: &Settings, reason: &str, pretty: bool) -> anyhow::Result<Output> {
    let (_lock, store, account, now) = hold(settings)?;
    record(settings, store, &account, "pause", RiskEventKind::Paused, reason, None, now, pretty)
}

/// Entries again. Where a drawdown stands in the way, the peak begins anew: what is not invested could never recover.
pub fn resume(settings: &Settings, reason: &str, pretty: bool) -> anyhow::Result<Output> {
    let (_lock, store, account, now) = hold(settings)?;
    let standings = account.standings;
    let calm = crate::decision::Standings { is_halted: false, is_paused: false, day_is_lost: false, ..standings };
    let is_down = matches!(calm.state(&settings.trading.limits), RiskState::Warning | RiskState::Halted);
    let peak = (standings.is_halted || is_down).then_some(standings.equity);
    record(settings, store, &account, "resume", RiskEventKind::Resumed, reason, peak, now, pretty)
}

#[expect(clippy::too_many_arguments, reason = "one row's fields")]
fn record(
    settings: &Settings,
    mut store: Store,
    account: &Account,
    command: &'static str,
    kind: RiskEventKind,
    reason: &str,
    peak: Option<Money>,
    now: UtcMillis,
    pretty: bool,
) -> anyhow::Result<Output> {
    let run_id = Begun::now(now).run_id;
    let equity = Some(account.standings.equity);
    let write = store.write()?;
    write.add_run(&RunRow { run_id: &run_id, command, started_at: now, strategy_hash: None })?;
    write.add_risk_event(&RiskEvent { at: now, kind, reason, equity, peak, run_id: &run_id })?;
    write.end_run(&run_id, now, 0, 0, "{}")?;
    write.commit()?;
    let after = Account::stored(Sources::of(settings, &store, now)?)?;
    let after = after.unwrap_or_else(|| account.clone());
    Ok(Output::ok(to_json(&risk_document(&after, Some(now), limits(&after, settings)), pretty)))
}

/// Orders positions to be sold at the market: the next cycle books the sale at the first candle that opens from now on.
pub fn close(settings: &Settings, which: &Which, pretty: bool) -> anyhow::Result<Output> {
    let (_lock, mut store, mut account, now) = hold(settings)?;
    let chosen = |symbol: &Symbol| match which {
        Which::All => true,
        Which::One(one) => one == symbol,
    };
    let positions: Vec<_> = account.books.positions.iter().filter(|p| chosen(&p.symbol)).cloned().collect();
    if let (true, Which::One(symbol)) = (positions.is_empty(), which) {
        return Err(super::usage(format!("there is no open position in {symbol}; see `trader portfolio`")));
    }
    let mut events = Vec::new();
    for position in &positions {
        let Some(order) = approve_exit(position, ExitReason::Manual, now, None, &account.books) else { continue };
        let event = Event::Placed(Box::new(order.get().clone()));
        account.books.apply(&event).map_err(|e| StoreError::BadRow(e.to_string()))?;
        events.push(event);
    }
    let run_id = Begun::now(now).run_id;
    let write = store.write()?;
    write.add_run(&RunRow { run_id: &run_id, command: "close", started_at: now, strategy_hash: None })?;
    write.book(&events, &account.books, &DecisionIds::new(), &run_id)?;
    write.end_run(&run_id, now, 0, 0, "{}")?;
    write.commit()?;
    let orders: Vec<OrderReport> = account.waiting();
    let schema = "trader.portfolio.v1";
    let document = PortfolioDocument { schema, as_of: Some(now), portfolio: account.report(), orders };
    Ok(Output::ok(to_json(&document, pretty)))
}
