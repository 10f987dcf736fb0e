//! `trader explain`: one decision rebuilt from stored rows, and the same question asked again of the stored candles.

use std::path::Path;

use serde_json::Value;

use super::Said;
use super::say::Style;
use crate::market::{Candle, Series, SeriesKey, View};
use crate::report::{Cell, Format, Number, PairReport, Provenance, Recheck, Story, Table, to_json};
use crate::settings::Strategy;
use crate::signal::{Analyst, Technical};
use crate::store::{Access, Store, StoreError, StoredDecision};
use crate::unit::{Symbol, UtcMillis};

/// Explains the newest decision on a pair that was made at or before `at`.
pub fn explain(db: &Path, symbol: &Symbol, at: Option<UtcMillis>, style: Style) -> anyhow::Result<Said> {
    let store = Store::open(db, Access::Read)?;
    let at = at.unwrap_or(UtcMillis::new(i64::MAX));
    let Some(decision) = store.decision_at(symbol, at)? else {
        return Err(super::say::usage(format!(
            "no decision on {symbol} is on record before that moment; see `trader show decisions`"
        )));
    };
    let rebuilt = tell(&store, symbol, &decision)?;
    Ok(Said::ok(match style.format {
        Format::Table => told(&rebuilt, style),
        Format::Json | Format::Csv => to_json(&rebuilt, style.pretty),
    }))
}

fn tell(store: &Store, symbol: &Symbol, decision: &StoredDecision) -> Result<Story, StoreError> {
    let timeframe = decision.timeframe.parse().map_err(|e| StoreError::BadRow(format!("{e}")))?;
    let key = SeriesKey { symbol: symbol.clone(), timeframe };
    let candles = store.tail(&key, timeframe.step(decision.candle, 1), View::CANDLES)?;
    let series = Series::new(timeframe, candles).map_err(|e| StoreError::BadRow(e.to_string()))?;
    let first = series.candles().first().map_or(decision.candle, Candle::open_time);
    let parameters = store.strategy_parameters(&decision.strategy_hash)?.unwrap_or_default();
    let revised = store.revised_since(&key, first, decision.candle, decision.decided_at)?;
    Ok(Story {
        schema: "trader.explain.v1",
        symbol: symbol.clone(),
        timeframe: decision.timeframe.clone(),
        candle_open_time: decision.candle,
        decided_at: decision.decided_at,
        run_id: decision.run_id.clone(),
        strategy_hash: decision.strategy_hash.clone(),
        strategy: serde_json::from_str(&parameters).unwrap_or_default(),
        pair: serde_json::from_str(&decision.pair).map_err(|e| StoreError::BadRow(e.to_string()))?,
        provenance: store.provenance(&key, first, decision.candle)?,
        candles_missing: series.missing_in_last(View::CANDLES) as u64,
        recheck: recheck(symbol, decision, series, &parameters, revised),
    })
}

/// Asks the analyst of then about the candles of today.
fn recheck(symbol: &Symbol, decision: &StoredDecision, series: Series, parameters: &str, revised: u64) -> Recheck {
    let now = series.timeframe().step(decision.candle, 1).max(decision.decided_at);
    let view = View::new(symbol.clone(), now, None, series);
    let weights = Strategy::stored_weights(parameters);
    let signal = weights.and_then(|weights| Technical::new(weights).analyse(&view).ok());
    let score = signal.as_ref().map(|s| s.score.get());
    let same = score.zip(decision.score).map(|(now, then)| (now - then).abs() < 1e-9);
    let reasons =
        if same == Some(false) { signal.as_ref().map(PairReport::reasons_of).unwrap_or_default() } else { Vec::new() };
    Recheck { score: score.and_then(Number::exact), same, candles_revised_since: revised, reasons }
}

/// The story for people.
fn told(story: &Story, style: Style) -> String {
    let pair = &story.pair;
    let word = |key: &str| pair[key].as_str().unwrap_or("unknown").to_owned();
    let mut lines = vec![
        format!("{} {}: {} at {}", story.symbol, story.timeframe, word("decision"), word("price")),
        format!("  decided {} on the candle that opened {}", story.decided_at, story.candle_open_time),
        format!("  score {}, confidence {} %, {}", pair["score"], pair["confidence_pct"], word("signal")),
    ];
    if let Some(text) = pair["blocked_by"]["text"].as_str() {
        lines.push(format!("  held back: {text}"));
    }
    lines.push(rows_of(&pair["reasons"], &["code", "points", "text"], style));
    lines.push(readings_of(&pair["indicators"], style));
    for source in &story.provenance {
        let Provenance { source, origin, candles, fetched_from, fetched_to } = source;
        lines.push(format!("  {candles} candles from {source} {origin}, fetched {fetched_from} to {fetched_to}"));
    }
    lines.push(format!("  {} candles missing among them", story.candles_missing));
    lines.push(match story.recheck.same {
        Some(true) => "  asked again of the stored candles: the same score".to_owned(),
        Some(false) => format!(
            "  asked again of the stored candles: {} candles were revised since, the score would differ",
            story.recheck.candles_revised_since
        ),
        None => "  asked again of the stored candles: no opinion to compare".to_owned(),
    });
    lines.push(format!("  strategy {} · run {}", story.strategy_hash, story.run_id));
    lines.join("\n")
}

fn rows_of(list: &Value, columns: &[&'static str], style: Style) -> String {
    let row = |item: &Value| columns.iter().map(|c| cell(&item[*c])).collect();
    let rows = list.as_array().map(|items| items.iter().map(row).collect()).unwrap_or_default();
    Said::table(&Table { columns: columns.to_vec(), rows }, style).text
}

fn readings_of(map: &Value, style: Style) -> String {
    let row = |(name, value): (&String, &Value)| vec![Cell::Text(name.clone()), cell(value)];
    let rows = map.as_object().map(|items| items.iter().map(row).collect()).unwrap_or_default();
    Said::table(&Table { columns: vec!["reading", "value"], rows }, style).text
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::String(text) => Cell::Text(text.clone()),
        Value::Number(n) => n.as_f64().map_or(Cell::Empty, Cell::Real),
        Value::Null => Cell::Empty,
        other => Cell::Json(other.clone()),
    }
}
