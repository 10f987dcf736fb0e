//! The account's books, rebuilt from every fact and compared with what is kept: to the last digit.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::Value;

use super::ledger_rows::{self as rows, decimal};
use super::{Store, StoreError};
use crate::ledger::Books;
use crate::unit::Decimal;

/// A rule about the account, and the query that counts the rows breaking it.
const RULES: [(&str, &str); 6] = [
    (
        "decisions without a forecast",
        "SELECT count(*) FROM trading_decisions d WHERE d.timestamp >= (SELECT min(at) FROM deposits)
            AND NOT EXISTS (SELECT 1 FROM forecasts f WHERE f.decision_id = d.id)",
    ),
    (
        "forecasts that are neither resolved nor waiting",
        "SELECT count(*) FROM forecasts f
          WHERE (SELECT count(*) FROM outcomes o WHERE o.decision_id = f.decision_id AND o.horizon_ms = f.horizon_ms
                    AND o.kind IN ('horizon', 'policy')) <> 2
            AND NOT EXISTS (SELECT 1 FROM forecasts_due q WHERE q.decision_id = f.decision_id
                               AND q.horizon_ms = f.horizon_ms)",
    ),
    (
        "trades whose miss is neither told nor waiting",
        "SELECT count(*) FROM trades t WHERE NOT EXISTS (SELECT 1 FROM misses m WHERE m.position_id = t.position_id)
            AND NOT EXISTS (SELECT 1 FROM misses_due q WHERE q.position_id = t.position_id)",
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
        findings.extend(self.wrong_peaks()?);
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
        let positions = rebuilt.positions.iter().map(|position| rows::position_row(position).to_vec());
        findings.extend(self.strayed("positions", rows::POSITION, positions)?);
        let waiting = rebuilt.orders.iter().map(|order| vec![Value::from(order.id.to_string())]);
        findings.extend(self.strayed("open_orders", "order_id", waiting)?);
        let trades = rebuilt.trades.iter().map(|trade| rows::trade_row(trade).to_vec());
        findings.extend(self.strayed("trades", rows::TRADE, trades)?);
        Ok(findings)
    }

    /// Rows of a fold that are not what their facts amount to; the first column names them.
    fn strayed(
        &self,
        table: &str,
        columns: &str,
        folded: impl Iterator<Item = Vec<Value>>,
    ) -> Result<Vec<String>, StoreError> {
        let mut statement = self.connection.prepare(&format!("SELECT {columns} FROM {table}"))?;
        let width = statement.column_count();
        let kept = statement.query_map([], |r| (0..width).map(|i| r.get(i)).collect::<Result<Vec<Value>, _>>())?;
        let (kept, folded) = (named(kept.collect::<Result<Vec<_>, _>>()?), named(folded));
        let ids: BTreeSet<&String> = kept.keys().chain(folded.keys()).collect();
        let columns: Vec<&str> = columns.split(", ").collect();
        let finding = |id: &String| match (kept.get(id), folded.get(id)) {
            (Some(told), Some(is)) => {
                let at = told.iter().zip(is).position(|(told, is)| told != is)?;
                Some(format!("{table}: {id} has {} {:?}, its facts say {:?}", columns[at], told[at], is[at]))
            }
            (Some(_), None) => Some(format!("{table}: {id} follows from no fact")),
            (None, _) => Some(format!("{table}: {id} is missing")),
        };
        Ok(ids.into_iter().filter_map(finding).collect())
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
        let mut history =
            self.connection.prepare("SELECT id, ledger_id, cash, coins, equity FROM portfolio_state ORDER BY id")?;
        let mut found = history.query([])?;
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

impl Store {
    /// Each row's peak is the highest equity since the first deposit or since a resume that set it anew: a lower one would
    /// let a drawdown pass unseen.
    fn wrong_peaks(&self) -> Result<Vec<String>, StoreError> {
        let mut resets = BTreeSet::new();
        for text in self.texts("SELECT peak_equity FROM risk_events WHERE peak_equity IS NOT NULL")? {
            resets.insert(decimal(&text)?);
        }
        let first = self.texts("SELECT amount FROM deposits ORDER BY id LIMIT 1")?;
        let mut peak = first.first().map_or(Ok(Decimal::ZERO), |text| decimal(text))?;
        let mut statement =
            self.connection.prepare("SELECT id, equity, peak_equity FROM portfolio_state ORDER BY id")?;
        let (mut found, mut findings) = (statement.query([])?, Vec::new());
        while let Some(row) = found.next()? {
            let (equity, told) = (decimal(&row.get::<_, String>(1)?)?, decimal(&row.get::<_, String>(2)?)?);
            let fits = |base: &Decimal| told == equity.max(*base);
            if !fits(&peak) && !resets.iter().any(fits) {
                let (id, peak) = (row.get::<_, i64>(0)?, equity.max(peak));
                findings.push(format!("row {id} of portfolio_state has peak_equity {told}, not {peak}"));
            }
            peak = told;
        }
        Ok(findings)
    }

    fn texts(&self, sql: &str) -> Result<Vec<String>, StoreError> {
        let mut statement = self.connection.prepare(sql)?;
        let texts = statement.query_map([], |r| r.get(0))?;
        Ok(texts.collect::<Result<_, _>>()?)
    }
}

/// Rows by their first column.
fn named(rows: impl IntoIterator<Item = Vec<Value>>) -> BTreeMap<String, Vec<Value>> {
    let name = |row: &[Value]| match row.first() {
        Some(Value::Text(name)) => name.clone(),
        other => format!("{other:?}"),
    };
    rows.into_iter().map(|row| (name(&row), row)).collect()
}
