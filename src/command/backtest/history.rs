//! What a run over stored candles begins with: the span, and the tapes of the pairs.

use super::BacktestAsked;
use super::earlier::earlier;
use super::tapes::{Span, tapes};
use crate::backtest::{Bar, Tape, bars};
use crate::command::usage;
use crate::market::SeriesKey;
use crate::settings::Settings;
use crate::store::Store;
use crate::unit::{Symbol, Timeframe, UtcMillis};

/// Half a minute after the candle, where there are finer candles than those that are decided on.
const DELAY_MS: i64 = 30_000;

/// Stored candles over a span.
#[derive(Debug)]
pub(in crate::command) struct History {
    /// From when to when.
    pub(in crate::command) span: Span,
    /// The length that fills were asked to be walked on; none for every configured one that is stored.
    pub(in crate::command) fine: Option<Timeframe>,
    /// The pairs that have any, in the order of the configuration.
    pub(in crate::command) tapes: Vec<Tape>,
    /// From the end of a candle to the run that decides on it.
    pub(in crate::command) delay_ms: i64,
    /// Of each pair, the daily closes before the first midnight, the oldest first.
    pub(in crate::command) closes_before: Vec<Vec<f64>>,
}

impl History {
    /// Reads them; it is a mistake of usage when there are none.
    pub(in crate::command) fn open(settings: &Settings, store: &Store, asked: &BacktestAsked) -> anyhow::Result<Self> {
        let span = span(settings, store, asked)?;
        let tapes = tapes(settings, store, &span)?;
        let Some(finest) = tapes.iter().map(Tape::finest).min() else { return Err(nothing_stored(settings)) };
        warn_of_absent(settings, &tapes, asked.fine);
        let delay_ms = if finest < settings.strategy.timeframe { DELAY_MS } else { 0 };
        let closes_before = earlier(settings, store, &tapes, span.from)?;
        Ok(Self { span, fine: asked.fine, tapes, delay_ms, closes_before })
    }
}

/// What was asked for and is not stored is told, and not passed over in silence.
fn warn_of_absent(settings: &Settings, tapes: &[Tape], fine: Option<Timeframe>) {
    for pair in settings.pairs.iter().filter(|pair| !tapes.iter().any(|tape| tape.symbol == **pair)) {
        log::warn!("{pair} has no {} candles in that time: it is left out", settings.strategy.timeframe);
    }
    for tape in tapes.iter().filter(|tape| fine.is_some_and(|fine| fine != tape.finest())) {
        log::warn!("{} has no candles of the asked length: its fills are walked on {}", tape.symbol, tape.finest());
    }
}

fn nothing_stored(settings: &Settings) -> anyhow::Error {
    let (pairs, timeframe) = (&settings.pairs, settings.strategy.timeframe);
    let names: Vec<&str> = pairs.iter().map(Symbol::as_str).collect();
    usage(format!(
        "no {timeframe} candles of {} are stored in that time\n  fetch them: trader backfill --from DATE, or trader import",
        names.join(", ")
    ))
}

/// From when to when, where that was not said: from a thousand candles after the first stored one to the newest, or from
/// when the analysts have what they need.
fn span(settings: &Settings, store: &Store, asked: &BacktestAsked) -> anyhow::Result<Span> {
    let timeframe = settings.strategy.timeframe;
    let mut ends: Option<(UtcMillis, UtcMillis)> = None;
    for pair in &settings.pairs {
        if let Some((first, last)) = store.reach(&SeriesKey { symbol: pair.clone(), timeframe })? {
            let (oldest, newest) = ends.unwrap_or((first, last));
            ends = Some((oldest.min(first), newest.max(last)));
        }
    }
    let Some((first, last)) = ends else { return Err(nothing_stored(settings)) };
    let to = asked.to.unwrap_or_else(|| timeframe.step(last, 1));
    let after = |candles: usize| timeframe.step(first, i64::try_from(candles).unwrap_or(i64::MAX));
    let warm = Some(after(settings.strategy.depth().candles())).filter(|warm| *warm < to);
    let from = asked.from.or(warm).unwrap_or_else(|| after(settings.strategy.policy.warm_up));
    if from > to {
        return Err(usage(format!("--from {from} lies after --to {to}")));
    }
    let configured = || settings.timeframes.iter().copied().filter(|t| *t < timeframe).collect();
    let lengths = asked.fine.map_or_else(configured, |fine| vec![fine]);
    let last = timeframe.step(last, 1);
    if from > last || to < first {
        return Err(nothing_stored(settings));
    }
    let (from, to) = within((from, to), (first, last));
    Ok(Span { from: timeframe.ceil(from), to: timeframe.floor(to), lengths })
}

/// Where no candle is stored nothing can be told: time without any would dilute every figure of a year.
fn within((from, to): (UtcMillis, UtcMillis), (first, last): (UtcMillis, UtcMillis)) -> (UtcMillis, UtcMillis) {
    if from < first {
        log::warn!("the first stored candle opened at {first}: it begins there, and not at {from}");
    }
    if to > last {
        log::warn!("the newest stored candle ended at {last}: it ends there, and not at {to}");
    }
    (from.max(first), to.min(last))
}

/// What could be known at the end of each candle, by the analyst of these settings.
pub(in crate::command) fn read(settings: &Settings, tapes: &[Tape]) -> Vec<Vec<Bar>> {
    let (analyst, window) = (&settings.strategy.analyst, settings.strategy.policy.gap_window);
    tapes.iter().map(|tape| bars(tape, analyst, settings.trading.atr_timeframe, window)).collect()
}
