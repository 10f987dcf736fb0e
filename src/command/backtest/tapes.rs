//! Stored history as tapes, and the rules of these settings.

use std::collections::BTreeSet;

use crate::backtest::{Rules, Tape};
use crate::decision::TradePolicy;
use crate::ledger::Terms;
use crate::market::{Instrument, Series, SeriesKey};
use crate::settings::{Settings, Strategy, Trading, digest};
use crate::store::{Store, StoreError};
use crate::unit::{Symbol, Timeframe, UtcMillis};

/// What is replayed.
#[derive(Clone, Debug)]
pub struct Span {
    /// The first candle that is decided on ends here at the earliest.
    pub from: UtcMillis,
    /// The last one ends here at the latest.
    pub to: UtcMillis,
    /// The lengths that fills are walked on, beside those that are decided on.
    pub lengths: Vec<Timeframe>,
}

/// The stored history of the configured pairs, by name, of those that have any: their order changes nothing.
pub fn tapes(settings: &Settings, store: &Store, span: &Span) -> Result<Vec<Tape>, StoreError> {
    let _at_one_moment = store.snapshot()?;
    let mut tapes = Vec::new();
    for pair in settings.pairs.iter().collect::<BTreeSet<_>>() {
        tapes.extend(tape(settings, store, span, pair)?);
    }
    Ok(tapes)
}

fn tape(settings: &Settings, store: &Store, span: &Span, pair: &Symbol) -> Result<Option<Tape>, StoreError> {
    let decided_on = settings.strategy.timeframe;
    let mut lengths = Vec::new();
    for &timeframe in span.lengths.iter().filter(|t| **t < decided_on).chain([&decided_on]) {
        let begins =
            if timeframe == decided_on { settings.strategy.depth().first(timeframe, span.from) } else { span.from };
        let key = SeriesKey { symbol: pair.clone(), timeframe };
        let candles = store.range(&key, begins, timeframe.ceil(span.to))?;
        lengths.push(Series::new(timeframe, candles).map_err(|e| StoreError::BadRow(e.to_string()))?);
    }
    if lengths.last().is_none_or(|series| series.newest().is_none()) {
        return Ok(None);
    }
    Ok(Tape::new(pair.clone(), terms(settings, store, pair, span.from)?, lengths).ok())
}

/// The terms of a pair; where the exchange never told its rules they are assumed, as in a replay.
fn terms(settings: &Settings, store: &Store, pair: &Symbol, at: UtcMillis) -> Result<Terms, StoreError> {
    let trading = &settings.trading;
    let instrument = store.instrument(pair)?.unwrap_or_else(|| Instrument::assumed(pair.clone(), at));
    Ok(Terms { costs: trading.costs(pair), participation: trading.participation, instrument })
}

/// What a run of these settings goes by.
pub fn rules(settings: &Settings, delay_ms: i64) -> Rules {
    rules_of(&settings.strategy, &settings.trading, delay_ms)
}

/// What a run of this strategy goes by, that handles money so.
pub(in crate::command) fn rules_of(strategy: &Strategy, trading: &Trading, delay_ms: i64) -> Rules {
    Rules {
        asset: trading.asset.clone(),
        start: trading.start,
        policy: strategy.policy,
        limits: trading.limits,
        trades: TradePolicy { entries: strategy.entries, exits: trading.exits },
        strategy_hash: strategy.hash.clone(),
        delay_ms,
    }
}

/// Names the exchange's rules for the pairs; when they were told is of no account.
pub(super) fn rules_hash(tapes: &[Tape]) -> String {
    let told = |tape: &Tape| {
        let Instrument { tick_size, step_size, min_quantity, max_quantity, min_notional, sell_price_factor, .. } =
            &tape.terms.instrument;
        format!(
            "{tick_size:?} {step_size:?} {min_quantity:?} {max_quantity:?} {min_notional:?} {sell_price_factor:?}\n"
        )
    };
    digest(tapes.iter().map(told).collect::<String>().as_bytes())
}

/// Names the candles of tapes: whatever is different in one of them gives another name.
pub(super) fn data_hash(tapes: &[Tape]) -> String {
    let mut bytes = Vec::new();
    for tape in tapes {
        bytes.extend(tape.symbol.as_str().as_bytes());
        for candle in tape.lengths().flat_map(Series::candles) {
            bytes.extend(candle.open_time().get().to_le_bytes());
            let prices = [candle.open(), candle.high(), candle.low(), candle.close(), candle.volume()];
            bytes.extend(prices.iter().flat_map(|x| x.to_bits().to_le_bytes()));
        }
    }
    digest(&bytes)
}
