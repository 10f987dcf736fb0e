//! The paper account: facts (`deposits`, `orders`, `fills`, `order_ends`, `protections`, `ledger_entries`) and what is
//! folded from them (`balances`, `positions`, `trades`).

use std::collections::BTreeMap;
use std::str::FromStr;

use rusqlite::{OptionalExtension, params, params_from_iter};

use super::ledger_rows::{self as rows, text};
use super::{Store, StoreError, Write};
use crate::ledger::{Books, Event, ExitReason, Fill, Order, Position, Posting, Trade};
use crate::unit::{Decimal, Symbol, UtcMillis};

/// What came into the wallet and went out of it from an instant on.
const WALLET_SINCE: &str = "SELECT asset, amount FROM ledger_entries WHERE account = 'wallet' AND at >= ?1";

/// Which decision an order follows from: the row of it.
pub type DecisionIds = BTreeMap<Symbol, i64>;

impl Store {
    /// The books: balances as they are kept, positions and waiting orders folded from their facts.
    pub fn books(&self) -> Result<Books, StoreError> {
        let mut books = Books { asset: self.account_asset()?.unwrap_or_default(), ..Books::default() };
        let open = "o.order_id IN (SELECT order_id FROM open_orders UNION
                     SELECT order_id FROM orders WHERE position_id IN (SELECT position_id FROM positions))";
        for event in self.facts(open)? {
            books.track(&event).map_err(|e| StoreError::BadRow(e.to_string()))?;
        }
        books.balances = self.balances()?;
        Ok(books)
    }

    /// The books folded from every fact there is.
    pub(super) fn rebuilt_books(&self) -> Result<Books, StoreError> {
        let mut events = self.deposits()?;
        events.extend(self.facts("1")?);
        Books::fold(&events).map_err(|e| StoreError::BadRow(e.to_string()))
    }

    /// The asset the account is kept in; none before it was opened.
    pub fn account_asset(&self) -> Result<Option<String>, StoreError> {
        let sql = "SELECT asset FROM deposits ORDER BY id LIMIT 1";
        Ok(self.connection.query_row(sql, [], |r| r.get(0)).optional()?)
    }

    /// What the wallet holds.
    pub(super) fn balances(&self) -> Result<BTreeMap<String, Decimal>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT asset, amount FROM balances")?;
        let all = statement.query_map([], |r| Ok((r.get(0)?, r.get::<_, String>(1)?)))?;
        all.map(|row| row.map_err(StoreError::from).and_then(|(asset, text)| Ok((asset, rows::decimal(&text)?))))
            .collect()
    }

    /// What the wallet held just before an instant: what it holds, less what has come and gone since then, which is little
    /// beside what went before. Nothing at all where the account is younger; what came later stands at nothing.
    pub fn balances_before(&self, at: UtcMillis) -> Result<BTreeMap<String, Decimal>, StoreError> {
        if !self.has_entries_before(at)? {
            return Ok(BTreeMap::new());
        }
        let mut balances = self.balances()?;
        let mut statement = self.connection.prepare_cached(WALLET_SINCE)?;
        let mut found = statement.query([at.get()])?;
        while let Some(row) = found.next()? {
            *balances.entry(row.get(0)?).or_default() -= rows::decimal(&row.get::<_, String>(1)?)?;
        }
        Ok(balances)
    }

    fn has_entries_before(&self, at: UtcMillis) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM ledger_entries WHERE account = 'wallet' AND at < ?1)";
        Ok(self.connection.prepare_cached(sql)?.query_row([at.get()], |r| r.get(0))?)
    }

    /// When the last trade of a pair ended by a stop or by hand, if it did.
    pub fn cooling_since(&self, symbol: &Symbol) -> Result<Option<UtcMillis>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT closed_at, reason FROM trades WHERE symbol = ?1 ORDER BY closed_at DESC LIMIT 1")?;
        let row = statement.query_row([symbol.as_str()], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?)));
        let cools = |reason: &str| ExitReason::from_word(reason).is_some_and(ExitReason::cools);
        Ok(row.optional()?.filter(|(_, reason)| cools(reason)).map(|(at, _)| UtcMillis::new(at)))
    }

    fn deposits(&self) -> Result<Vec<Event>, StoreError> {
        self.events("SELECT at, asset, amount FROM deposits ORDER BY id", rows::deposit)
    }

    /// The facts about the orders for which a condition on `o` holds, sorted by kind. The orders come first in each join:
    /// few of them are open, and fills and protections are many.
    fn facts(&self, condition: &str) -> Result<Vec<Event>, StoreError> {
        let orders = format!("SELECT {} FROM orders o WHERE {condition} ORDER BY o.id", rows::ORDER);
        let fills = format!(
            "SELECT {} FROM orders o CROSS JOIN fills t ON t.order_id = o.order_id WHERE {condition} ORDER BY t.id",
            rows::FILL
        );
        let ends = format!(
            "SELECT t.order_id, t.at, t.how FROM orders o CROSS JOIN order_ends t ON t.order_id = o.order_id
              WHERE {condition} ORDER BY t.at, o.id"
        );
        // The newest says it all.
        let protections = format!(
            "SELECT t.position_id, t.walked_to, t.stop, t.high FROM orders o
              CROSS JOIN protections t ON t.position_id = o.order_id
                AND t.walked_to = (SELECT max(p.walked_to) FROM protections p WHERE p.position_id = o.order_id)
              WHERE {condition} ORDER BY o.id"
        );
        let mut events = self.events(&orders, rows::order)?;
        events.extend(self.events(&fills, rows::fill)?);
        events.extend(self.events(&ends, rows::ended)?);
        events.extend(self.events(&protections, rows::protection)?);
        Ok(events)
    }

    fn events(
        &self,
        sql: &str,
        read: impl Fn(&rusqlite::Row<'_>) -> Result<Event, StoreError>,
    ) -> Result<Vec<Event>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut found = statement.query([])?;
        let mut events = Vec::new();
        while let Some(row) = found.next()? {
            events.push(read(row)?);
        }
        Ok(events)
    }
}

impl Write<'_> {
    /// Books events: the facts, their ledger entries, and the folds as they stand afterwards.
    pub fn book(
        &self,
        events: &[Event],
        after: &Books,
        decisions: &DecisionIds,
        run_id: &str,
    ) -> Result<(), StoreError> {
        for event in events {
            match event {
                Event::Deposited(deposit) => {
                    let amount = text(deposit.amount.get());
                    self.insert(
                        "INSERT INTO deposits (at, asset, amount, run_id) VALUES (?1, ?2, ?3, ?4)",
                        params![deposit.at.get(), deposit.asset, amount, run_id],
                    )?;
                    self.post(
                        deposit.at,
                        Some(self.transaction.last_insert_rowid()),
                        None,
                        &Posting::of_deposit(deposit),
                    )?;
                }
                Event::Placed(order) => self.add_order(order, decisions.get(&order.symbol).copied(), run_id)?,
                Event::Filled(fill) => self.add_fill(fill, run_id)?,
                Event::Ended(ended) => self.insert(
                    "INSERT INTO order_ends (order_id, at, how, run_id) VALUES (?1, ?2, ?3, ?4)",
                    params![ended.order.as_str(), ended.at.get(), ended.how.word(), run_id],
                )?,
                Event::Protected(p) => self.insert(
                    "INSERT INTO protections (position_id, walked_to, stop, high, run_id) VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT DO NOTHING",
                    params![p.position.as_str(), p.at.get(), text(p.stop.get()), text(p.high.get()), run_id],
                )?,
            }
        }
        self.set_folds(after, run_id)
    }

    fn insert(&self, sql: &str, values: impl rusqlite::Params) -> Result<(), StoreError> {
        self.transaction.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    fn add_order(&self, order: &Order, decision: Option<i64>, run_id: &str) -> Result<(), StoreError> {
        let plan = order.plan();
        let decision = decision.filter(|_| plan.is_some());
        let reason = match order.intent {
            crate::ledger::Intent::Exit(reason) => Some(reason.word()),
            crate::ledger::Intent::Entry(_) => None,
        };
        self.insert(
            "INSERT INTO orders (order_id, position_id, symbol, side, reason, quantity, placed_at, bid, ask, reference, price,
                 stop, target, trail, hold_ms, risk, risk_budget, decision_id, run_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
            params![
                order.id.as_str(),
                order.position.as_str(),
                order.symbol.as_str(),
                order.side().word(),
                reason,
                text(order.quantity.get()),
                order.placed_at.get(),
                order.quote.map(|q| text(q.bid.get())),
                order.quote.map(|q| text(q.ask.get())),
                plan.map(|p| text(p.reference.get())),
                plan.map(|p| text(p.price.get())),
                plan.map(|p| text(p.stop.get())),
                plan.and_then(|p| p.target).map(|p| text(p.get())),
                plan.and_then(|p| p.trail).map(|p| text(p.get())),
                plan.and_then(|p| p.hold_ms),
                plan.map(|p| text(p.risk.get())),
                plan.map(|p| text(p.risk_budget.get())),
                decision,
                run_id
            ],
        )
    }

    fn add_fill(&self, fill: &Fill, run_id: &str) -> Result<(), StoreError> {
        self.insert(
            "INSERT INTO fills (order_id, part, position_id, symbol, side, at, reference, price, quantity, notional, fee,
                 fee_asset, risk, timeframe, candle_open_time, is_ambiguous, is_coarse, run_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
            params![
                fill.order.as_str(),
                fill.part,
                fill.position.as_str(),
                fill.symbol.as_str(),
                fill.side.word(),
                fill.at.get(),
                text(fill.reference.get()),
                text(fill.price.get()),
                text(fill.quantity.get()),
                text(fill.notional.get()),
                text(fill.fee),
                fill.fee_asset(),
                text(fill.risk.get()),
                fill.candle.map(|(timeframe, _)| timeframe.name()),
                fill.candle.map(|(_, open)| open.get()),
                fill.is_ambiguous,
                fill.is_coarse,
                run_id
            ],
        )?;
        self.post(fill.at, None, Some(self.transaction.last_insert_rowid()), &Posting::of_fill(fill))
    }

    fn post(
        &self,
        at: UtcMillis,
        deposit: Option<i64>,
        fill: Option<i64>,
        postings: &[Posting],
    ) -> Result<(), StoreError> {
        for posting in postings {
            self.insert(
                "INSERT INTO ledger_entries (at, deposit_id, fill_id, account, asset, amount) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![at.get(), deposit, fill, posting.account.word(), posting.asset, text(posting.amount)],
            )?;
        }
        Ok(())
    }

    fn set_folds(&self, books: &Books, run_id: &str) -> Result<(), StoreError> {
        for (asset, amount) in &books.balances {
            self.insert(
                "INSERT INTO balances VALUES (?1, ?2) ON CONFLICT DO UPDATE SET amount = ?2",
                params![asset, text(*amount)],
            )?;
        }
        self.transaction.execute("DELETE FROM open_orders", [])?;
        for order in &books.orders {
            self.insert("INSERT INTO open_orders VALUES (?1)", params![order.id.as_str()])?;
        }
        self.transaction.execute("DELETE FROM positions", [])?;
        for position in &books.positions {
            self.add_position(position)?;
        }
        for trade in &books.trades {
            self.add_trade(trade, run_id)?;
        }
        Ok(())
    }

    fn add_position(&self, position: &Position) -> Result<(), StoreError> {
        self.insert(
            "INSERT INTO positions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            params_from_iter(rows::position_row(position)),
        )
    }

    fn add_trade(&self, trade: &Trade, run_id: &str) -> Result<(), StoreError> {
        self.insert(
            "INSERT INTO trades VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
                 (SELECT f.roi_mean FROM orders o JOIN forecasts f ON f.decision_id = o.decision_id
                   WHERE o.order_id = ?1 ORDER BY f.horizon_ms DESC LIMIT 1), ?20, ?21)
             ON CONFLICT DO NOTHING",
            params_from_iter(rows::trade_row(trade).into_iter().chain([run_id.to_owned().into()])),
        )?;
        self.await_miss(trade.id.as_str())
    }
}

/// A decimal of ours, read from text.
pub(super) fn parsed<T: FromStr>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::BadRow(format!("`{text}` is not what stands there")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::samples::{
        btc, coins, decimal, deposit, ended, entry_of, exit_of, fill_of, filled, minute, placed, plan, price, terms,
    };
    use crate::ledger::{End, ExitReason};
    use crate::store::{Access, Contents};

    /// The account of 1,000 USDT at noon that buys 3 coins three minutes later, and sells 1 of them in the sixth minute
    /// and 1.997 in the ninth.
    fn life() -> Vec<Event> {
        let entry = entry_of(&btc(), minute(3), "3", plan());
        let exit = exit_of(&entry, minute(5), "2.997", ExitReason::Manual);
        let sale =
            |part, at, sold: &str| filled(&fill_of(&exit, &terms(), part, minute(at), price("100"), coins(sold)));
        vec![
            deposit("1000"),
            placed(&entry),
            filled(&fill_of(&entry, &terms(), 1, minute(3), price("100"), coins("3"))),
            ended(&entry, minute(3), End::Filled),
            placed(&exit),
            sale(1, 6, "1"),
            sale(2, 9, "1.997"),
            ended(&exit, minute(9), End::Filled),
        ]
    }

    fn store_of(events: &[Event]) -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("t.db"), Access::Write(Contents::Live)).unwrap();
        let write = store.write().unwrap();
        write.book(events, &Books::fold(events).unwrap(), &DecisionIds::new(), "r").unwrap();
        write.commit().unwrap();
        (folder, store)
    }

    #[test]
    fn what_the_wallet_held_before_an_instant_is_what_came_and_went_until_then() {
        let (_folder, store) = store_of(&life());
        let held =
            |usdt: &str, btc: &str| [("BTC", btc), ("USDT", usdt)].map(|(a, held)| (a.to_owned(), decimal(held)));
        for (at, balances) in [
            (minute(0).plus_ms(1), held("1000", "0")),
            (minute(3), held("1000", "0")),
            // 300 for 3 coins, less a thousandth of them.
            (minute(3).plus_ms(1), held("700", "2.997")),
            (minute(6), held("700", "2.997")),
            // A coin for 100, less a thousandth.
            (minute(6).plus_ms(1), held("799.9", "1.997")),
            // 199.7 less 0.1997.
            (minute(9).plus_ms(1), held("999.4003", "0")),
            (minute(99), held("999.4003", "0")),
        ] {
            assert_eq!(store.balances_before(at).unwrap(), BTreeMap::from(balances), "{at}");
        }
        assert_eq!(store.balances_before(minute(0)).unwrap(), BTreeMap::new(), "the account is younger");
    }

    #[test]
    fn what_the_wallet_held_before_an_instant_is_found_by_time() {
        let (_folder, store) = store_of(&life());
        let sql = format!("EXPLAIN QUERY PLAN {WALLET_SINCE}");
        let plan: String = store.connection.query_row(&sql, [0], |r| r.get(3)).unwrap();
        assert!(plan.contains("ledger_entries_of_wallet (at>?)"), "{plan}");
    }
}
