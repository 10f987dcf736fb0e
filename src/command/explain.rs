//! `trader explain`: one decision rebuilt from stored rows, and the same question asked again of the stored candles.

use std::path::Path;

use serde_json::Value;

use super::Output;
use super::say::Style;
use crate::decision::{Gate, Outlook, Refusal, gates, opinions};
use crate::market::{Candle, Depth, Series, SeriesKey, Standing, View};
use crate::report::{Cell, Explanation, Format, GateReport, Number, PairReport, Provenance, Recheck, Table, to_json};
use crate::settings::Strategy;
use crate::signal::{Analyst, Signal};
use crate::store::{Access, Store, StoreError, StoredDecision};
use crate::unit::{Symbol, UtcMillis};

/// Explains the newest decision on a pair that was made at or before `at`.
pub fn explain(db: &Path, symbol: &Symbol, at: Option<UtcMillis>, style: Style) -> anyhow::Result<Output> {
    let store = Store::open(db, Access::Read)?;
    let Some(decision) = store.decision_at(symbol, at)? else {
        return Err(super::usage(format!(
            "no decision on {symbol} is on record before that moment; see `trader show decisions`"
        )));
    };
    let rebuilt = tell(&store, symbol, &decision)?;
    Ok(Output::ok(match style.format {
        Format::Table => told(&rebuilt, style),
        Format::Json => to_json(&rebuilt, style.pretty),
        Format::Csv => return Err(super::usage("a story has no columns: --format json or table")),
    }))
}

fn tell(store: &Store, symbol: &Symbol, decision: &StoredDecision) -> Result<Explanation, StoreError> {
    let missing = || StoreError::BadRow(format!("strategy {} is not on record", decision.strategy_hash));
    let parameters = store.strategy_parameters(&decision.strategy_hash)?.ok_or_else(missing)?;
    let asked_again = ask_again(store, symbol, decision, &parameters)?;
    let key = SeriesKey { symbol: symbol.clone(), timeframe: asked_again.view.timeframe() };
    let series = asked_again.view.series();
    let first = series.candles().first().map_or(decision.candle, Candle::open_time);
    let revised = store.revised_since(&key, first, decision.candle, decision.decided_at)?;
    Ok(Explanation {
        schema: "trader.explain.v1",
        symbol: symbol.clone(),
        timeframe: decision.timeframe.clone(),
        candle_open_time: decision.candle,
        decided_at: decision.decided_at,
        run_id: decision.run_id.clone(),
        strategy_hash: decision.strategy_hash.clone(),
        strategy: serde_json::from_str(&parameters).map_err(|e| StoreError::BadRow(e.to_string()))?,
        pair: serde_json::from_str(&decision.pair).map_err(|e| StoreError::BadRow(e.to_string()))?,
        provenance: store.provenance(&key, first, decision.candle)?,
        candles_missing: series.missing_in_last(usize::MAX) as u64,
        candles_pruned_before: store.pruned_before(&key)?.filter(|kept| asked_again.begins < *kept),
        recheck: asked_again.recheck(decision, revised),
        gates: asked_again.gates,
    })
}

/// The question of then, asked again of what is stored now.
struct AskedAgain {
    /// The first moment that the decision may have looked back to.
    begins: UtcMillis,
    view: View,
    gates: Vec<GateReport>,
    signal: Option<Signal>,
}

fn ask_again(
    store: &Store,
    symbol: &Symbol,
    decision: &StoredDecision,
    parameters: &str,
) -> Result<AskedAgain, StoreError> {
    let timeframe = decision.timeframe.parse().map_err(|e| StoreError::BadRow(format!("{e}")))?;
    let key = SeriesKey { symbol: symbol.clone(), timeframe };
    let as_of = timeframe.step(decision.candle, 1);
    let strategy = Strategy::stored(parameters);
    let depth = strategy.as_ref().map_or(Depth::PLAIN, |strategy| strategy.analyst.depth(timeframe));
    let begins = depth.first(timeframe, as_of);
    let candles = store.plain(&key, begins, as_of)?;
    let series = Series::new(timeframe, candles).map_err(|e| StoreError::BadRow(e.to_string()))?;
    let status = store.status_at(symbol, decision.decided_at)?;
    // A recording may say nothing of pairs; they were taken to be traded then.
    let standing = status.map_or(Standing::Assumed, Standing::Told);
    let view = View::new(symbol.clone(), decision.decided_at, standing, series, depth);
    let Some(strategy) = strategy else {
        return Ok(AskedAgain { begins, view, gates: Vec::new(), signal: None });
    };
    let answer = strategy.analyst.analyse(&view);
    let opinions = opinions(std::slice::from_ref(&answer));
    let gates =
        gates(&Outlook::of(&view, &strategy.policy), &opinions, &strategy.policy).into_iter().map(gate).collect();
    Ok(AskedAgain { begins, view, gates, signal: answer.ok() })
}

fn gate((gate, closed_by): (Gate, Option<Refusal>)) -> GateReport {
    GateReport { code: gate.code(), open: closed_by.is_none(), text: closed_by.map(|r| r.to_string()) }
}

impl AskedAgain {
    fn recheck(&self, decision: &StoredDecision, revised: u64) -> Recheck {
        let score = self.signal.as_ref().map(|s| s.score.get());
        let same = score.zip(decision.score).map(|(now, then)| (now - then).abs() < 1e-9);
        let other = self.signal.as_ref().filter(|_| same == Some(false));
        Recheck {
            score: score.and_then(Number::exact),
            same,
            candles_revised_since: revised,
            reasons: other.map(PairReport::reasons_of).unwrap_or_default(),
        }
    }
}

/// The story for people.
fn told(story: &Explanation, style: Style) -> String {
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
    lines.extend(forecasts_of(&pair["forecast"]));
    lines.push(rows_of(&pair["reasons"], &["code", "points", "text"], style));
    lines.push(readings_of(&pair["indicators"], style));
    for gate in &story.gates {
        let how = gate.text.as_ref().map_or("open".to_owned(), |text| format!("closed: {text}"));
        lines.push(format!("  gate {}: {how}", gate.code));
    }
    for source in &story.provenance {
        let Provenance { source, origin, candles, fetched_from, fetched_to } = source;
        lines.push(format!("  {candles} candles from {source} {origin}, fetched {fetched_from} to {fetched_to}"));
    }
    lines.push(format!("  {} candles missing among them", story.candles_missing));
    lines.extend(story.candles_pruned_before.map(|kept| format!("  candles before {kept} were pruned since")));
    lines.push(match story.recheck.same {
        Some(true) => "  asked again of the stored candles: the same score".to_owned(),
        Some(false) => format!(
            "  asked again of the stored candles: score {} then, {} now; {} candles revised since",
            pair["score"],
            story.recheck.score.map_or_else(|| "none".to_owned(), |score| score.to_string()),
            story.recheck.candles_revised_since
        ),
        None => "  asked again of the stored candles: no opinion to compare".to_owned(),
    });
    lines.push(format!("  strategy {} · run {}", story.strategy_hash, story.run_id));
    lines.join("\n")
}

/// One line for each horizon; what was decided before there were forecasts has none.
fn forecasts_of(forecast: &Value) -> Vec<String> {
    let each = forecast["horizons"].as_array().map(Vec::as_slice).unwrap_or_default();
    let line = |h: &Value| {
        let percent = |key: &str| h[key].as_f64().map_or_else(|| "unknown".to_owned(), |n| format!("{n:.2} %"));
        format!(
            "  expected after {} h: {} ({} to {}), a gain with {} ({})",
            h["horizon_h"],
            percent("roi_mean_pct"),
            percent("roi_p10_pct"),
            percent("roi_p90_pct"),
            percent("p_gain_pct"),
            h["basis"].as_str().unwrap_or("unknown")
        )
    };
    each.iter().map(line).collect()
}

fn rows_of(list: &Value, columns: &[&'static str], style: Style) -> String {
    let row = |item: &Value| columns.iter().map(|c| cell(&item[*c])).collect();
    let rows = list.as_array().map(|items| items.iter().map(row).collect()).unwrap_or_default();
    Output::table(&Table { columns: columns.to_vec(), rows }, style).text
}

fn readings_of(map: &Value, style: Style) -> String {
    let row = |(name, value): (&String, &Value)| vec![Cell::Text(name.clone()), cell(value)];
    let rows = map.as_object().map(|items| items.iter().map(row).collect()).unwrap_or_default();
    Output::table(&Table { columns: vec!["reading", "value"], rows }, style).text
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::String(text) => Cell::Text(text.clone()),
        Value::Number(n) => n.as_f64().map_or(Cell::Empty, Cell::Real),
        Value::Null => Cell::Empty,
        other => Cell::Json(other.clone()),
    }
}
