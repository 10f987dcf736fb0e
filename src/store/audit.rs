//! The account's books, rebuilt from every fact and compared with what is kept: to the last digit.

use std::collections::BTreeMap;

use super::ledger_rows::decimal;
use super::{Store, StoreError};
use crate::ledger::{Books, Trade};
use crate::unit::Decimal;

/// A rule about the account, and the query that counts the rows breaking it.
const RULES: [(&str, &str); 5] = [
    (
        "decisions without a forecast",
        "SELECT count(*) FROM trading_decisions d WHERE d.timestamp >= (SELECT min(at) FROM deposits)
            AND NOT EXISTS (SELECT 1 FROM forecasts f WHERE f.decision_id = d.id)",
    ),
    (
        "forecasts that are neither resolved nor waiting",
        "SELECT count(*) FROM forecasts f
          WHERE NOT EXISTS (SELECT 1 FROM forecasts_due q WHERE q.decision_id = f.decision_id AND q.horizon_ms = f.horizon_ms)
            AND (SELECT count(*) FROM outcomes o WHERE o.decision_id = f.decision_id AND o.horizon_ms = f.horizon_ms
                    AND o.kind IN ('horizon', 'policy')) <> 2",
    ),
    (
        "orders that ended filled without a fill",
        "SELECT count(*) FROM order_ends e WHERE e.how = 'filled'
            AND NOT EXISTS (SELECT 1 FROM fills f WHERE f.order_id = e.order_id)",
    ),
    (
        "orders that ended unfilled with a fill",
        "SELECT count(*) FROM order_ends e WHERE e.how <> 'filled'
            AND EXISTS (SELECT 1 FROM fills f WHERE f.order_id = e.order_id)",
    ),
    (
        "entries of decisions that were not to buy",
        "SELECT count(*) FROM orders o JOIN trading_decisions d ON d.id = o.decision_id WHERE d.decision <> 'BUY'",
    ),
];

impl Store {
    /// What is wrong with the account; nothing is good news.
    pub(super) fn audit(&self) -> Result<Vec<String>, StoreError> {
        let mut findings = Vec::new();
        for (rule, sql) in RULES {
            let broken: i64 = self.connection.query_row(sql, [], |r| r.get(0))?;
            findings.extend((broken > 0).then(|| format!("{broken} {rule}")));
        }
        match self.rebuilt_books() {
            Ok(rebuilt) => findings.extend(self.differences(&rebuilt)?),
            Err(error) => findings.push(format!("the books cannot be rebuilt from their facts: {error}")),
        }
        findings.extend(self.unbalanced_entries()?);
        findings.extend(self.wrong_histories()?);
        Ok(findings)
    }

    fn differences(&self, rebuilt: &Books) -> Result<Vec<String>, StoreError> {
        let kept = self.books()?;
        let mut findings = Vec::new();
        let nonzero = |books: &Books| -> BTreeMap<String, Decimal> {
            books.balances.clone().into_iter().filter(|(_, amount)| !amount.is_zero()).collect()
        };
        let (told, is) = (nonzero(&kept), nonzero(rebuilt));
        findings.extend((told != is).then(|| format!("balances are {told:?}, their facts say {is:?}")));
        let rows = self.position_rows()?;
        let folded: Vec<_> = rebuilt.positions.iter().map(|p| (p.id.to_string(), p.held, p.stop.get())).collect();
        findings.extend((rows != sorted(folded.clone())).then(|| format!("positions are {rows:?}, not {folded:?}")));
        findings.extend((kept.orders != rebuilt.orders).then(|| "waiting orders differ from their facts".to_owned()));
        let (rows, folded) = (self.trade_rows()?, rebuilt.trades.iter().map(trade_row).collect());
        findings.extend((rows != sorted(folded)).then(|| "trades differ from their facts".to_owned()));
        Ok(findings)
    }

    fn position_rows(&self) -> Result<Vec<(String, Decimal, Decimal)>, StoreError> {
        self.rows_of_two_amounts("SELECT position_id, quantity, stop FROM positions")
    }

    fn trade_rows(&self) -> Result<Vec<(String, Decimal, Decimal)>, StoreError> {
        self.rows_of_two_amounts("SELECT position_id, profit, fees FROM trades")
    }

    fn rows_of_two_amounts(&self, sql: &str) -> Result<Vec<(String, Decimal, Decimal)>, StoreError> {
        let mut statement = self.connection.prepare(sql)?;
        let mut found = statement.query([])?;
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            let (a, b): (String, String) = (row.get(1)?, row.get(2)?);
            rows.push((row.get(0)?, decimal(&a)?, decimal(&b)?));
        }
        Ok(sorted(rows))
    }

    /// For each deposit and fill, each asset's entries sum to nothing.
    fn unbalanced_entries(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = self.connection.prepare(
            "SELECT coalesce('fill ' || fill_id, 'deposit ' || deposit_id), asset, amount FROM ledger_entries",
        )?;
        let mut sums: BTreeMap<(String, String), Decimal> = BTreeMap::new();
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let amount: String = row.get(2)?;
            *sums.entry((row.get(0)?, row.get(1)?)).or_default() += decimal(&amount)?;
        }
        let wrong = sums.into_iter().filter(|(_, sum)| !sum.is_zero());
        Ok(wrong.map(|((of, asset), sum)| format!("the entries of {of} leave {sum} {asset}")).collect())
    }

    /// Each row of the account's history holds the cash that the entries until then sum to, and adds up.
    fn wrong_histories(&self) -> Result<Vec<String>, StoreError> {
        let mut entries = self.connection.prepare(
            "SELECT id, amount FROM ledger_entries WHERE account = 'wallet'
                AND asset = (SELECT asset FROM deposits ORDER BY id LIMIT 1) ORDER BY id",
        )?;
        let entries = entries.query_map([], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?)))?;
        let mut entries = entries.collect::<Result<Vec<_>, _>>()?.into_iter().peekable();
        let mut rows =
            self.connection.prepare("SELECT id, ledger_id, cash, coins, equity FROM portfolio_state ORDER BY id")?;
        let mut found = rows.query([])?;
        let (mut cash, mut findings) = (Decimal::ZERO, Vec::new());
        while let Some(row) = found.next()? {
            let (id, until): (i64, i64) = (row.get(0)?, row.get(1)?);
            while let Some((_, amount)) = entries.next_if(|(id, _)| *id <= until) {
                cash += decimal(&amount)?;
            }
            let amount = |i: usize| decimal(&row.get::<_, String>(i)?);
            let (told, coins, equity) = (amount(2)?, amount(3)?, amount(4)?);
            findings.extend((told != cash).then(|| format!("row {id} of portfolio_state has cash {told}, not {cash}")));
            findings.extend((told + coins != equity).then(|| format!("row {id} of portfolio_state does not add up")));
        }
        Ok(findings)
    }
}

fn sorted<T: Ord>(mut rows: Vec<T>) -> Vec<T> {
    rows.sort();
    rows
}

fn trade_row(trade: &Trade) -> (String, Decimal, Decimal) {
    (trade.id.to_string(), trade.profit().get(), trade.fees.get())
}
