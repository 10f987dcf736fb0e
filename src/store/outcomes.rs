//! Resolved forecasts, read for reports.

use rusqlite::params;

use super::{OutcomeKind, Store, StoreError};
use crate::unit::{Symbol, UtcMillis};

/// Which outcomes.
#[derive(Clone, Debug)]
pub struct OutcomeFilter {
    /// Of this horizon.
    pub horizon_ms: i64,
    /// Of this kind.
    pub kind: OutcomeKind,
    /// Of decisions from this instant on.
    pub since: Option<UtcMillis>,
    /// Of this pair.
    pub symbol: Option<Symbol>,
}

/// A resolved forecast, for reports.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// The end of the candle that was decided on.
    pub data_cutoff: UtcMillis,
    /// When the outcome was over; the end of the horizon where there is none.
    pub ended_at: UtcMillis,
    /// The mean that was forecast.
    pub predicted: Option<f64>,
    /// Its 10 and 90 % quantiles.
    pub range: Option<(f64, f64)>,
    /// The probability that was forecast.
    pub p_gain: f64,
    /// The costs inside.
    pub cost: f64,
    /// What a purchase would have cost.
    pub notional: f64,
    /// The purchase was ordered.
    pub was_acted_on: bool,
    /// The net return; none where there is none.
    pub net: Option<f64>,
    /// Why there is none.
    pub unresolvable: Option<String>,
}

impl Store {
    /// The horizons that were ever forecast, the shortest first.
    pub fn horizons(&self) -> Result<Vec<i64>, StoreError> {
        let mut statement = self.connection.prepare("SELECT DISTINCT horizon_ms FROM forecasts ORDER BY 1")?;
        let rows = statement.query_map([], |r| r.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Resolved forecasts, in order of the candle that was decided on.
    pub fn resolved(&self, filter: &OutcomeFilter) -> Result<Vec<Resolved>, StoreError> {
        let mut statement = self.connection.prepare(
            "SELECT f.data_cutoff, coalesce(o.ended_at, f.data_cutoff + f.horizon_ms), f.roi_mean, f.roi_p10, f.roi_p90, f.p_gain, f.cost,
                    CAST(f.notional AS REAL), f.was_acted_on, o.net, o.unresolvable
               FROM outcomes o
               JOIN forecasts f ON f.decision_id = o.decision_id AND f.horizon_ms = o.horizon_ms
               JOIN trading_decisions d ON d.id = o.decision_id
              WHERE o.horizon_ms = ?1 AND o.kind = ?2 AND f.data_cutoff >= ?3 AND (?4 IS NULL OR d.symbol = ?4)
              ORDER BY f.data_cutoff, o.decision_id",
        )?;
        let since = filter.since.map_or(i64::MIN, UtcMillis::get);
        let symbol = filter.symbol.as_ref().map(Symbol::as_str);
        let rows = statement.query_map(params![filter.horizon_ms, filter.kind.word(), since, symbol], |r| {
            let range: (Option<f64>, Option<f64>) = (r.get(3)?, r.get(4)?);
            Ok(Resolved {
                data_cutoff: UtcMillis::new(r.get(0)?),
                ended_at: UtcMillis::new(r.get(1)?),
                predicted: r.get(2)?,
                range: range.0.zip(range.1),
                p_gain: r.get(5)?,
                cost: r.get(6)?,
                notional: r.get(7)?,
                was_acted_on: r.get(8)?,
                net: r.get(9)?,
                unresolvable: r.get(10)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Forecasts that still wait for their horizon to end.
    pub fn waiting(&self, filter: &OutcomeFilter) -> Result<usize, StoreError> {
        let sql = "SELECT count(*) FROM forecasts_due q JOIN forecasts f
                       ON f.decision_id = q.decision_id AND f.horizon_ms = q.horizon_ms
                     JOIN trading_decisions d ON d.id = q.decision_id
                    WHERE q.horizon_ms = ?1 AND f.data_cutoff >= ?2 AND (?3 IS NULL OR d.symbol = ?3)";
        let since = filter.since.map_or(i64::MIN, UtcMillis::get);
        let symbol = filter.symbol.as_ref().map(Symbol::as_str);
        let count: i64 = self.connection.query_row(sql, params![filter.horizon_ms, since, symbol], |r| r.get(0))?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    /// How many trades are accounted for, and the means of forecast, realised return and the six parts of the miss.
    pub fn mean_misses(
        &self,
        since: Option<UtcMillis>,
        symbol: Option<&Symbol>,
    ) -> Result<(usize, [Option<f64>; 8]), StoreError> {
        let sql =
            "SELECT count(*), avg(f.roi_mean), avg(o.net), avg(o.miss_market), avg(o.miss_policy), avg(o.miss_delay),
                          avg(o.miss_slippage), avg(o.miss_fees), avg(o.miss_rounding)
                     FROM outcomes o
                     JOIN forecasts f ON f.decision_id = o.decision_id AND f.horizon_ms = o.horizon_ms
                     JOIN trading_decisions d ON d.id = o.decision_id
                    WHERE o.kind = 'trade' AND f.data_cutoff >= ?1 AND (?2 IS NULL OR d.symbol = ?2)";
        let since = since.map_or(i64::MIN, UtcMillis::get);
        let row = self.connection.query_row(sql, params![since, symbol.map(Symbol::as_str)], |r| {
            let mut means = [None; 8];
            for (i, mean) in means.iter_mut().enumerate() {
                *mean = r.get(i + 1)?;
            }
            Ok((r.get::<_, i64>(0)?, means))
        })?;
        Ok((usize::try_from(row.0).unwrap_or_default(), row.1))
    }
}
