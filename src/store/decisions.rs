//! Opinions and decisions: the tables `agent_signals`, `trading_decisions` and `config_versions`. All append-only.

use rusqlite::{OptionalExtension, params};

use super::{Store, StoreError, Write};
use crate::decision::Action;
use crate::unit::{Price, Symbol, Timeframe, UtcMillis};

/// An opinion to be stored.
#[derive(Clone, Debug)]
pub struct SignalRow<'a> {
    /// When it was formed.
    pub time: UtcMillis,
    /// The pair.
    pub symbol: &'a Symbol,
    /// The length of the candles.
    pub timeframe: Timeframe,
    /// The candle it is about.
    pub candle: UtcMillis,
    /// By which strategy.
    pub strategy_hash: &'a str,
    /// Whose.
    pub agent_name: &'a str,
    /// BULLISH, NEUTRAL or BEARISH.
    pub signal: &'a str,
    /// −100…+100.
    pub score: f64,
    /// 50–100.
    pub confidence_pct: f64,
    /// The strongest reasons in a sentence.
    pub reasoning: &'a str,
    /// All reasons as JSON.
    pub reasons: &'a str,
    /// By which run.
    pub run_id: &'a str,
}

/// A decision to be stored.
#[derive(Clone, Debug)]
pub struct DecisionRow<'a> {
    /// When it was made.
    pub timestamp: UtcMillis,
    /// The pair.
    pub symbol: &'a Symbol,
    /// The length of the candles.
    pub timeframe: Timeframe,
    /// The candle it is about.
    pub candle: UtcMillis,
    /// By which strategy.
    pub strategy_hash: &'a str,
    /// BUY, SELL or HOLD.
    pub decision: &'a str,
    /// BULLISH, NEUTRAL or BEARISH, where there is an opinion.
    pub signal: Option<&'a str>,
    /// −100…+100, where there is an opinion.
    pub score: Option<f64>,
    /// 50–100, where there is an opinion.
    pub confidence_pct: Option<f64>,
    /// The close of the candle.
    pub price: Price,
    /// The closed gate as JSON.
    pub blocked_by: Option<&'a str>,
    /// The pair as it is printed, as JSON.
    pub pair: &'a str,
    /// By which run.
    pub run_id: &'a str,
}

/// A decision as it stands on record.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredDecision {
    /// When it was made.
    pub decided_at: UtcMillis,
    /// The length of the candles.
    pub timeframe: String,
    /// The candle it is about.
    pub candle: UtcMillis,
    /// By which strategy.
    pub strategy_hash: String,
    /// −100…+100, where there was an opinion.
    pub score: Option<f64>,
    /// The pair as it was printed.
    pub pair: String,
    /// By which run.
    pub run_id: String,
}

/// A decision as it is asked again.
#[derive(Clone, Debug, PartialEq)]
pub struct DecisionOnRecord {
    /// When it was made.
    pub decided_at: UtcMillis,
    /// The pair.
    pub symbol: Symbol,
    /// The length of the candles.
    pub timeframe: Timeframe,
    /// The candle it is about.
    pub candle: UtcMillis,
    /// By which strategy.
    pub strategy_hash: String,
    /// What to do.
    pub action: Action,
    /// −100…+100, where there was an opinion.
    pub score: Option<f64>,
    /// The code of what stood in the way.
    pub blocked_by: Option<String>,
}

fn action(word: &str) -> Result<Action, StoreError> {
    Action::from_word(word).ok_or_else(|| StoreError::BadRow(format!("decision {word}")))
}

impl Store {
    /// All decisions: by pair and length of the candles, and then in their order.
    pub fn all_decisions(&self) -> Result<Vec<DecisionOnRecord>, StoreError> {
        let mut statement = self.connection.prepare(
            "SELECT timestamp, symbol, timeframe, candle_open_time, strategy_hash, decision, score, blocked_by ->> '$.code'
               FROM trading_decisions ORDER BY symbol, timeframe, candle_open_time, id",
        )?;
        let mut rows = statement.query([])?;
        let mut decisions = Vec::new();
        while let Some(row) = rows.next()? {
            let (symbol, timeframe): (String, String) = (row.get(1)?, row.get(2)?);
            decisions.push(DecisionOnRecord {
                decided_at: UtcMillis::new(row.get(0)?),
                symbol: symbol.parse().map_err(|e| StoreError::BadRow(format!("{e}")))?,
                timeframe: timeframe.parse().map_err(|e| StoreError::BadRow(format!("{e}")))?,
                candle: UtcMillis::new(row.get(3)?),
                strategy_hash: row.get(4)?,
                action: action(&row.get::<_, String>(5)?)?,
                score: row.get(6)?,
                blocked_by: row.get(7)?,
            });
        }
        Ok(decisions)
    }

    /// The decision on a candle, as it was printed.
    pub fn decided(
        &self,
        symbol: &Symbol,
        timeframe: Timeframe,
        candle: UtcMillis,
        hash: &str,
    ) -> Result<Option<String>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT pair FROM trading_decisions
              WHERE symbol = ?1 AND timeframe = ?2 AND candle_open_time = ?3 AND strategy_hash = ?4",
        )?;
        let row = statement.query_row(params![symbol.as_str(), timeframe.name(), candle.get(), hash], |r| r.get(0));
        Ok(row.optional()?)
    }

    /// The newest decision on a pair, of those made at or before `at` where that is given.
    pub fn decision_at(&self, symbol: &Symbol, at: Option<UtcMillis>) -> Result<Option<StoredDecision>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT timestamp, timeframe, candle_open_time, strategy_hash, score, pair, run_id FROM trading_decisions
              WHERE symbol = ?1 AND (?2 IS NULL OR timestamp <= ?2) ORDER BY timestamp DESC, id DESC LIMIT 1",
        )?;
        let row = statement.query_row(params![symbol.as_str(), at.map(UtcMillis::get)], |r| {
            Ok(StoredDecision {
                decided_at: UtcMillis::new(r.get(0)?),
                timeframe: r.get(1)?,
                candle: UtcMillis::new(r.get(2)?),
                strategy_hash: r.get(3)?,
                score: r.get(4)?,
                pair: r.get(5)?,
                run_id: r.get(6)?,
            })
        });
        Ok(row.optional()?)
    }

    /// All that a strategy decides by, as JSON.
    pub fn strategy_parameters(&self, hash: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT parameters FROM config_versions WHERE strategy_hash = ?1";
        Ok(self.connection.query_row(sql, [hash], |r| r.get(0)).optional()?)
    }
}

impl Write<'_> {
    /// Puts a strategy on record, unless it is.
    pub fn add_strategy(
        &self,
        hash: &str,
        name: &str,
        timeframe: Timeframe,
        parameters: &str,
        now: UtcMillis,
    ) -> Result<(), StoreError> {
        self.transaction.execute(
            "INSERT INTO config_versions VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
            params![hash, name, timeframe.name(), parameters, now.get()],
        )?;
        Ok(())
    }

    /// Stores an opinion, unless there is one by this agent and strategy on this candle.
    pub fn add_signal(&self, row: &SignalRow<'_>) -> Result<(), StoreError> {
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO agent_signals (time, symbol, timeframe, candle_open_time, strategy_hash, agent_name, signal, score,
                 confidence, reasoning, reasons, run_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT DO NOTHING",
        )?;
        statement.execute(params![
            row.time.get(),
            row.symbol.as_str(),
            row.timeframe.name(),
            row.candle.get(),
            row.strategy_hash,
            row.agent_name,
            row.signal,
            row.score,
            row.confidence_pct,
            row.reasoning,
            row.reasons,
            row.run_id
        ])?;
        Ok(())
    }

    /// Stores a decision; its id. A second one on the same candle by the same strategy is refused by the database.
    pub fn add_decision(&self, row: &DecisionRow<'_>) -> Result<i64, StoreError> {
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO trading_decisions (timestamp, symbol, timeframe, candle_open_time, strategy_hash, decision, signal,
                 score, confidence, current_price, blocked_by, pair, run_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?;
        statement.execute(params![
            row.timestamp.get(),
            row.symbol.as_str(),
            row.timeframe.name(),
            row.candle.get(),
            row.strategy_hash,
            row.decision,
            row.signal,
            row.score,
            row.confidence_pct,
            row.price.to_string(),
            row.blocked_by,
            row.pair,
            row.run_id
        ])?;
        Ok(self.transaction.last_insert_rowid())
    }
}
