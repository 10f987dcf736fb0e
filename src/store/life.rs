//! What the account really did over any time, read back for reports.

use rusqlite::{Row, params};

use super::days::{counted, trade};
use super::ledger::parsed;
use super::{Period, Store, StoreError, TradeOfDay};
use crate::report::{AgentHealth, Freshness};
use crate::unit::{Symbol, Timeframe, UtcMillis};

/// A decision, as far as reports count it.
#[derive(Clone, Debug, PartialEq)]
pub struct Opinion {
    /// BUY, SELL or HOLD.
    pub decision: String,
    /// The code of what stood in the way.
    pub blocked_by: Option<String>,
    /// −100 to +100; none without an opinion.
    pub score: Option<f64>,
    /// 50 to 100.
    pub confidence: Option<f64>,
}

/// A closed trade and its miss.
#[derive(Clone, Debug, PartialEq)]
pub struct TradeAndMiss {
    /// The trade.
    pub trade: TradeOfDay,
    /// What its miss is made of, as shares: market, policy, delay, slippage, fees, rounding.
    pub miss: Option<[f64; 6]>,
    /// Why that cannot be told, or `waiting`.
    pub why: Option<String>,
}

impl Store {
    /// The decisions of a period, in order.
    pub fn opinions_within(&self, (from, to): Period) -> Result<Vec<Opinion>, StoreError> {
        let sql = "SELECT decision, score, confidence, blocked_by ->> '$.code' FROM trading_decisions
                    WHERE timestamp >= ?1 AND timestamp < ?2 ORDER BY timestamp";
        let mut statement = self.connection.prepare_cached(sql)?;
        let opinions = statement.query_map([from.get(), to.get()], |r| {
            Ok(Opinion { decision: r.get(0)?, score: r.get(1)?, confidence: r.get(2)?, blocked_by: r.get(3)? })
        })?;
        Ok(opinions.collect::<Result<_, _>>()?)
    }

    /// The pairs that were ever decided on.
    pub fn decided_pairs(&self) -> Result<Vec<Symbol>, StoreError> {
        // One step in the index for each pair, not one for each decision.
        let sql = "WITH RECURSIVE pairs (symbol) AS (
                       SELECT min(symbol) FROM trading_decisions
                       UNION ALL
                       SELECT (SELECT min(d.symbol) FROM trading_decisions d WHERE d.symbol > p.symbol)
                         FROM pairs p WHERE p.symbol IS NOT NULL)
                   SELECT symbol FROM pairs WHERE symbol IS NOT NULL";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut found = statement.query([])?;
        let mut pairs = Vec::new();
        while let Some(row) = found.next()? {
            pairs.push(parsed(&row.get::<_, String>(0)?)?);
        }
        Ok(pairs)
    }

    /// The trades that were closed in a period, in order, with their misses.
    pub fn trades_and_misses_within(&self, (from, to): Period) -> Result<Vec<TradeAndMiss>, StoreError> {
        let sql = "SELECT t.symbol, t.opened_at, t.closed_at, t.reason, t.profit, t.r_multiple, t.roi, t.predicted_roi,
                          m.market, m.policy, m.delay, m.slippage, m.fees, m.rounding,
                          CASE WHEN m.position_id IS NULL THEN 'waiting' ELSE m.unknown END
                     FROM trades t LEFT JOIN misses m ON m.position_id = t.position_id
                    WHERE t.closed_at >= ?1 AND t.closed_at < ?2 ORDER BY t.closed_at, t.position_id";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut found = statement.query([from.get(), to.get()])?;
        let mut all = Vec::new();
        while let Some(r) = found.next()? {
            all.push(TradeAndMiss { trade: trade(r)?, miss: miss(r)?, why: r.get(14)? });
        }
        Ok(all)
    }

    /// What each part of the runs of a period did.
    pub fn agents_within(&self, (from, to): Period) -> Result<Vec<AgentHealth>, StoreError> {
        let sql =
            "SELECT agent_name, sum(status = 'ok'), sum(status = 'degraded'), sum(status = 'failed'), avg(duration_ms)
                     FROM agent_executions WHERE started_at >= ?1 AND started_at < ?2 GROUP BY agent_name ORDER BY 1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut found = statement.query([from.get(), to.get()])?;
        let mut all = Vec::new();
        while let Some(r) = found.next()? {
            all.push(AgentHealth::of(r.get(0)?, [counted(r, 1)?, counted(r, 2)?, counted(r, 3)?], r.get(4)?));
        }
        Ok(all)
    }

    /// The newest candle of each series that runs collect, and its age at an instant.
    pub fn freshness(&self, at: UtcMillis) -> Result<Vec<Freshness>, StoreError> {
        let sql = "SELECT s.symbol, s.timeframe,
                          (SELECT max(p.open_time) FROM price_data p WHERE p.series_id = s.id AND p.open_time < ?1)
                     FROM series s";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut found = statement.query(params![at.get()])?;
        let mut all: Vec<(Timeframe, Freshness)> = Vec::new();
        while let Some(r) = found.next()? {
            let Some(open) = r.get::<_, Option<i64>>(2)? else { continue };
            let timeframe: Timeframe = parsed(&r.get::<_, String>(1)?)?;
            let newest = timeframe.step(UtcMillis::new(open), 1);
            let (symbol, age_s) = (parsed(&r.get::<_, String>(0)?)?, at.since_ms(newest) / 1000);
            all.push((timeframe, Freshness { symbol, timeframe: timeframe.name(), newest, age_s }));
        }
        all.sort_by(|(a, x), (b, y)| x.symbol.cmp(&y.symbol).then(a.cmp(b)));
        Ok(all.into_iter().map(|(_, freshness)| freshness).collect())
    }
}

fn miss(r: &Row<'_>) -> Result<Option<[f64; 6]>, StoreError> {
    let mut parts = [0.0; 6];
    for (i, part) in parts.iter_mut().enumerate() {
        match r.get::<_, Option<f64>>(8 + i)? {
            Some(value) => *part = value,
            None => return Ok(None),
        }
    }
    Ok(Some(parts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::plans::looked_through;
    use crate::store::{Access, Contents};

    /// A table of which a year holds few rows, or which is looked through because all of it is told.
    const SMALL: [&str; 4] = ["series", "fills", "data_gaps", "positions"];

    #[test]
    fn a_day_and_a_time_are_found_by_indices_and_no_large_table_is_looked_through() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("t.db"), Access::Write(Contents::Live)).unwrap();
        crate::store::plans::heard();
        let day = (UtcMillis::new(1_710_288_000_000), UtcMillis::new(1_710_374_400_000));
        store.cycles_within(day).unwrap();
        store.stood_within(day).unwrap();
        store.positions_before(day.1).unwrap();
        store.decided_within(day).unwrap();
        store.fills_within(day).unwrap();
        store.trades_within(day).unwrap();
        store.ended_within((14_400_000, Timeframe::H1), day).unwrap();
        store.gaps_within(day).unwrap();
        store.gaps_open_at(day.1).unwrap();
        store.opinions_within(day).unwrap();
        store.decided_pairs().unwrap();
        store.trades_and_misses_within(day).unwrap();
        store.freshness(day.1).unwrap();
        let heard = crate::store::plans::heard();
        assert!(heard.len() >= 15, "{heard:?}");
        for sql in heard.iter().filter(|sql| sql.starts_with("SELECT") || sql.starts_with("WITH")) {
            assert_eq!(looked_through(&store, sql, &SMALL), Vec::<String>::new(), "{sql}");
        }
    }
}
