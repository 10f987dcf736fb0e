//! Rows of the account's facts, read back, and the rows of what is folded from them.

use rusqlite::Row;
use rusqlite::types::Value;

use super::StoreError;
use crate::ledger::{
    Deposit, End, Ended, EntryPlan, Event, ExitReason, Fill, Intent, Order, OrderId, Position, Protection, Side, Trade,
};
use crate::market::Quote;
use crate::unit::{Decimal, Money, Price, Quantity, Timeframe, UtcMillis};

/// The columns of an order, as [`order`] reads them.
pub(super) const ORDER: &str = "o.order_id, o.position_id, o.symbol, o.reason, o.quantity, o.placed_at, o.bid, o.ask, \
    o.reference, o.price, o.stop, o.target, o.trail, o.hold_ms, o.risk, o.risk_budget";
/// The columns of a fill, as [`fill`] reads them.
pub(super) const FILL: &str = "t.order_id, t.position_id, t.part, t.symbol, t.side, t.at, t.reference, t.price, t.quantity, \
    t.notional, t.fee, t.risk, t.timeframe, t.candle_open_time, t.is_ambiguous, t.is_coarse";

/// A decimal as it is stored.
pub(super) fn text(amount: Decimal) -> String {
    amount.normalize().to_string()
}

/// A decimal as it was stored.
pub(super) fn decimal(text: &str) -> Result<Decimal, StoreError> {
    super::ledger::parsed(text)
}

fn price(text: &str) -> Result<Price, StoreError> {
    let bad = || StoreError::BadRow(format!("`{text}` is no price"));
    Price::new(decimal(text)?).ok_or_else(bad)
}

fn quantity(text: &str) -> Result<Quantity, StoreError> {
    let bad = || StoreError::BadRow(format!("`{text}` is no quantity"));
    Quantity::new(decimal(text)?).ok_or_else(bad)
}

fn money(text: &str) -> Result<Money, StoreError> {
    decimal(text).map(Money::new)
}

/// Reads a column of text by one of the readers above.
fn read<T>(row: &Row<'_>, i: usize, by: impl Fn(&str) -> Result<T, StoreError>) -> Result<T, StoreError> {
    by(row.get_ref(i)?.as_str().map_err(|e| StoreError::BadRow(e.to_string()))?)
}

fn read_some<T>(row: &Row<'_>, i: usize, by: impl Fn(&str) -> Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    row.get::<_, Option<String>>(i)?.map(|text| by(&text)).transpose()
}

fn id(row: &Row<'_>, i: usize) -> Result<OrderId, StoreError> {
    Ok(OrderId::recorded(row.get(i)?))
}

fn instant(row: &Row<'_>, i: usize) -> Result<UtcMillis, StoreError> {
    Ok(UtcMillis::new(row.get(i)?))
}

fn word<T>(text: &str, of: impl Fn(&str) -> Option<T>) -> Result<T, StoreError> {
    of(text).ok_or_else(|| StoreError::BadRow(format!("`{text}` means nothing here")))
}

pub(super) fn deposit(row: &Row<'_>) -> Result<Event, StoreError> {
    Ok(Event::Deposited(Deposit { at: instant(row, 0)?, asset: row.get(1)?, amount: read(row, 2, money)? }))
}

pub(super) fn order(row: &Row<'_>) -> Result<Event, StoreError> {
    let placed_at = instant(row, 5)?;
    let quote = read_some(row, 6, price)?.zip(read_some(row, 7, price)?);
    let intent = match row.get::<_, Option<String>>(3)? {
        Some(reason) => Intent::Exit(word(&reason, ExitReason::from_word)?),
        None => Intent::Entry(plan(row)?),
    };
    Ok(Event::Placed(Box::new(Order {
        id: id(row, 0)?,
        position: id(row, 1)?,
        symbol: read(row, 2, super::ledger::parsed)?,
        quantity: read(row, 4, quantity)?,
        intent,
        placed_at,
        quote: quote.and_then(|(bid, ask)| Quote::new(bid, ask, placed_at)),
    })))
}

fn plan(row: &Row<'_>) -> Result<EntryPlan, StoreError> {
    Ok(EntryPlan {
        reference: read(row, 8, price)?,
        price: read(row, 9, price)?,
        stop: read(row, 10, price)?,
        target: read_some(row, 11, price)?,
        trail: read_some(row, 12, price)?,
        hold_ms: row.get(13)?,
        risk: read(row, 14, money)?,
        risk_budget: read(row, 15, money)?,
    })
}

pub(super) fn fill(row: &Row<'_>) -> Result<Event, StoreError> {
    let timeframe: Option<Timeframe> = read_some(row, 12, super::ledger::parsed)?;
    let open: Option<i64> = row.get(13)?;
    let side = |text: &str| [Side::Buy, Side::Sell].into_iter().find(|side| side.word() == text);
    Ok(Event::Filled(Box::new(Fill {
        order: id(row, 0)?,
        position: id(row, 1)?,
        part: row.get(2)?,
        symbol: read(row, 3, super::ledger::parsed)?,
        side: read(row, 4, |text| word(text, side))?,
        at: instant(row, 5)?,
        reference: read(row, 6, price)?,
        price: read(row, 7, price)?,
        quantity: read(row, 8, quantity)?,
        notional: read(row, 9, money)?,
        fee: read(row, 10, decimal)?,
        risk: read(row, 11, money)?,
        candle: timeframe.zip(open.map(UtcMillis::new)),
        is_ambiguous: row.get(14)?,
        is_coarse: row.get(15)?,
    })))
}

pub(super) fn ended(row: &Row<'_>) -> Result<Event, StoreError> {
    let how = read(row, 2, |text| word(text, End::from_word))?;
    Ok(Event::Ended(Ended { order: id(row, 0)?, at: instant(row, 1)?, how }))
}

pub(super) fn protection(row: &Row<'_>) -> Result<Event, StoreError> {
    let (stop, high) = (read(row, 2, price)?, read(row, 3, price)?);
    Ok(Event::Protected(Protection { position: id(row, 0)?, at: instant(row, 1)?, stop, high }))
}

/// The columns of [`position_row`].
pub(super) const POSITION: &str =
    "position_id, symbol, opened_at, quantity, entry_price, cost, risk, stop, target, high, walked_to, leaving";

/// An open position as it is kept.
pub(super) fn position_row(p: &Position) -> [Value; 12] {
    [
        Value::from(p.id.to_string()),
        p.symbol.to_string().into(),
        p.opened_at.get().into(),
        text(p.held).into(),
        text(p.entry_price().round_dp(8)).into(),
        text(p.cost.get()).into(),
        text(p.risk.get()).into(),
        text(p.stop.get()).into(),
        p.plan.target.map(|t| text(t.get())).into(),
        text(p.high.get()).into(),
        p.walked_to.get().into(),
        p.leaving.map(|reason| reason.word().to_owned()).into(),
    ]
}

/// The columns of [`trade_row`].
pub(super) const TRADE: &str = "position_id, symbol, opened_at, closed_at, reason, quantity, sold, decided_price, \
    entry_reference, exit_reference, entry_price, exit_price, cost, proceeds, fees, profit, risk, r_multiple, roi, \
    was_ambiguous";

/// A closed round trip as it is kept.
pub(super) fn trade_row(t: &Trade) -> [Value; 20] {
    [
        Value::from(t.id.to_string()),
        t.symbol.to_string().into(),
        t.opened_at.get().into(),
        t.closed_at.get().into(),
        t.reason.word().to_owned().into(),
        text(t.bought).into(),
        text(t.sold).into(),
        text(t.decided_at_price.get()).into(),
        text(t.reference.0).into(),
        text(t.reference.1.round_dp(8)).into(),
        text(t.price.0.round_dp(8)).into(),
        text(t.price.1.round_dp(8)).into(),
        text(t.cost.get()).into(),
        text(t.proceeds.get()).into(),
        text(t.fees.get()).into(),
        text(t.profit().get()).into(),
        text(t.risk.get()).into(),
        t.r_multiple().into(),
        t.roi().into(),
        t.was_ambiguous.into(),
    ]
}
