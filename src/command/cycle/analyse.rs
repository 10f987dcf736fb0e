//! The second stage: readings of what is new, and each pair's opinion.

use super::{Cycle, INDICATED, Stop, execution, status_of};
use crate::clock::Stopwatch;
use crate::command::collect::Collection;
use crate::indicator::{Readings, over};
use crate::market::{Instrument, Series, SeriesKey, View};
use crate::report::{AgentName, AgentStatus, PairReport, to_json};
use crate::signal::{Analyst, AnalystName, NotReady, Signal};
use crate::store::{SignalRow, Store, StoreError, Write};
use crate::unit::{Symbol, UtcMillis};

/// Candles whose readings a run makes up for after a sleep, at most.
const MADE_UP: usize = 48;

/// A pair's view and what the analysts say about it.
pub(super) struct Opinion {
    pub(super) view: View,
    pub(super) signals: Vec<Result<Signal, NotReady>>,
}

impl Cycle<'_> {
    /// Reads the indicators of every new candle and asks the analyst about each pair.
    pub(super) fn analyse(
        &mut self,
        store: &mut Store,
        collection: &Collection,
        instruments: &[Instrument],
    ) -> Result<Vec<Opinion>, Stop> {
        let watch = Stopwatch::start();
        let readings = new_readings(store, collection)?;
        let opinions: Vec<Opinion> =
            self.symbols.iter().filter_map(|symbol| self.opinion(collection, symbol, instruments)).collect();
        let formed = opinions.iter().flat_map(|o| &o.signals).filter(|s| s.is_ok()).count();
        let status = match formed {
            n if n == self.symbols.len() => AgentStatus::Ok,
            0 => AgentStatus::Failed,
            _ => AgentStatus::Degraded,
        };
        let agent = self.agent(AgentName::TechnicalAnalyst, status, watch, formed as u64, usize::MAX);
        if !self.options.dry_run {
            let write = store.write()?;
            self.store_opinions(&write, &readings, &opinions)?;
            write.execution(&self.begun.run_id, &execution(&agent, self.now))?;
            write.commit()?;
        }
        self.agents.push(agent);
        self.logged = self.agents.len();
        Ok(opinions)
    }

    fn opinion(&self, collection: &Collection, symbol: &Symbol, instruments: &[Instrument]) -> Option<Opinion> {
        let key = SeriesKey { symbol: symbol.clone(), timeframe: self.timeframe() };
        let series = collection.series.get(&key)?.series.clone();
        series.newest()?;
        let view = View::new(symbol.clone(), self.now, status_of(instruments, symbol), series);
        let signals = vec![self.strategy.analyst().analyse(&view)];
        Some(Opinion { view, signals })
    }

    fn store_opinions(
        &self,
        write: &Write<'_>,
        readings: &[(SeriesKey, Vec<Readings>)],
        opinions: &[Opinion],
    ) -> Result<(), StoreError> {
        for (key, readings) in readings {
            for readings in readings {
                write.readings(key, readings)?;
            }
        }
        let strategy = self.strategy;
        write.strategy(&strategy.hash, &strategy.name, strategy.timeframe, &strategy.parameters, self.now)?;
        for opinion in opinions {
            for signal in opinion.signals.iter().flatten() {
                self.store_signal(write, opinion.view.symbol(), signal)?;
            }
        }
        Ok(())
    }

    fn store_signal(&self, write: &Write<'_>, symbol: &Symbol, signal: &Signal) -> Result<(), StoreError> {
        let policy = &self.strategy.policy;
        write.signal(&SignalRow {
            time: self.now,
            symbol,
            timeframe: self.timeframe(),
            candle: signal.candle,
            strategy_hash: &self.strategy.hash,
            agent_name: AnalystName::name(signal.analyst),
            signal: signal.score.leaning(policy.buy_score, policy.sell_score).word(),
            score: signal.score.get(),
            confidence_pct: signal.score.confidence_pct(),
            reasoning: &reasoning(signal),
            reasons: &to_json(&PairReport::reasons_of(signal), false),
            run_id: &self.begun.run_id,
        })
    }
}

/// The three strongest reasons in one line.
fn reasoning(signal: &Signal) -> String {
    let mut reasons: Vec<_> = signal.reasons.iter().filter_map(|r| Some((r.points?, &r.text))).collect();
    reasons.sort_by(|a, b| b.0.get().abs().total_cmp(&a.0.get().abs()));
    reasons.iter().take(3).map(|(points, text)| format!("{text} ({points})")).collect::<Vec<_>>().join("; ")
}

/// The readings that are not stored yet: of each new candle after the newest stored ones, or of the newest candle alone
/// where none are stored. Each is taken from the candles up to its own, as if the run had been on time.
fn new_readings(store: &Store, collection: &Collection) -> Result<Vec<(SeriesKey, Vec<Readings>)>, StoreError> {
    let mut all = Vec::new();
    for (key, collected) in collection.series.iter().filter(|(key, _)| INDICATED.contains(&key.timeframe)) {
        let stored = store.newest_readings(key)?;
        all.push((key.clone(), readings_after(&collected.series, stored)));
    }
    Ok(all)
}

fn readings_after(series: &Series, stored: Option<UtcMillis>) -> Vec<Readings> {
    let candles = series.candles();
    let new = candles.len() - candles.partition_point(|c| Some(c.open_time()) <= stored);
    let first = candles.len() - if stored.is_none() { new.min(1) } else { new.min(MADE_UP) };
    (first..candles.len())
        .filter_map(|i| over(series.timeframe(), &candles[(i + 1).saturating_sub(View::CANDLES)..=i]))
        .collect()
}
