//! `trader outcomes`: predicted against actual.

use std::collections::BTreeMap;

use super::say::{Output, Style};
use crate::outcome::{Span, Untold, effective_n, independent_spans};
use crate::report::{
    Cell, Counts, ErrorRate, Figure, Format, HorizonScore, Judged, MissParts, MissReport, Number, OutcomesDocument,
    Table, percent, to_json,
};
use crate::settings::Settings;
use crate::store::{Access, MeanMisses, OutcomeFilter, OutcomeKind, Resolved, Store, StoreError, Taught};
use crate::unit::{Symbol, UtcMillis};

const HOUR_MS: i64 = 3_600_000;

/// Which outcomes.
#[derive(Clone, Debug, Default)]
pub struct OutcomesAsked {
    /// Of decisions from this instant on.
    pub since: Option<UtcMillis>,
    /// Of this horizon, in hours.
    pub horizon_h: Option<i64>,
    /// Of this pair.
    pub symbol: Option<Symbol>,
}

/// Shows what forecasts were worth.
pub fn outcomes(settings: &Settings, asked: &OutcomesAsked, style: Style) -> anyhow::Result<Output> {
    let store = Store::open(&settings.db, Access::Read)?;
    let mut horizons = Vec::new();
    for subject in subjects(&store, asked)? {
        for kind in [OutcomeKind::Horizon, OutcomeKind::Policy, OutcomeKind::Trade] {
            let filter = OutcomeFilter { subject, kind, since: asked.since, until: None, symbol: asked.symbol.clone() };
            let (rows, waiting) = (store.resolved(&filter)?, store.waiting(&filter)?);
            // Trades belong to the longest horizon, and not every horizon to every length of candles.
            if !rows.is_empty() || waiting > 0 {
                horizons.push(score(&rows, waiting, &filter));
            }
        }
    }
    let misses = misses(&store, asked)?;
    let document = OutcomesDocument { schema: "trader.outcomes.v1", horizons, misses };
    Ok(match style.format {
        Format::Json => Output::ok(to_json(&document, style.pretty)),
        Format::Csv => Output::table(&table(&document.horizons), style),
        Format::Table => Output::ok(story(&document, style)),
    })
}

/// What was forecast and is asked for. That a horizon never was is told to people, with those that were.
fn subjects(store: &Store, asked: &OutcomesAsked) -> Result<Vec<Taught>, StoreError> {
    let all = store.horizons()?;
    let Some(asked_h) = asked.horizon_h else { return Ok(all) };
    let wanted: Vec<Taught> = all.iter().copied().filter(|(horizon_ms, _)| *horizon_ms == asked_h * HOUR_MS).collect();
    if wanted.is_empty() {
        let mut hours: Vec<String> = all.iter().map(|(horizon_ms, _)| (horizon_ms / HOUR_MS).to_string()).collect();
        hours.dedup();
        let others =
            if hours.is_empty() { "nor was any other".to_owned() } else { format!("only {}", hours.join(", ")) };
        log::warn!("a horizon of {asked_h} hours was never forecast, {others}");
    }
    Ok(wanted)
}

pub(super) fn score(rows: &[Resolved], waiting: usize, filter: &OutcomeFilter) -> HorizonScore {
    let mut unresolvable = BTreeMap::new();
    for reason in rows.iter().filter_map(without) {
        *unresolvable.entry(reason).or_insert(0) += 1;
    }
    let judged: Vec<Judged> = rows.iter().filter_map(judged).collect();
    // Trades begin and end when they like.
    let n_eff = match filter.kind {
        OutcomeKind::Trade => independent_spans(&judged.iter().map(|j| j.span).collect::<Vec<Span>>()),
        OutcomeKind::Horizon | OutcomeKind::Policy => effective_n(judged.iter().map(|j| (j.span, &j.pair))),
    };
    let (horizon_ms, timeframe) = filter.subject;
    let (horizon_h, kind) = (horizon_ms / HOUR_MS, filter.kind.word());
    HorizonScore::of(&judged, Counts { horizon_h, timeframe, kind, n_eff, waiting, unresolvable })
}

/// Why a forecast cannot be judged.
fn without(row: &Resolved) -> Option<String> {
    let no_mean = || row.predicted.is_none().then(|| Untold::NoMean.word().to_owned());
    row.unresolvable.clone().or_else(no_mean)
}

pub(super) fn judged(row: &Resolved) -> Option<Judged> {
    Some(Judged {
        pair: row.symbol.clone(),
        span: (row.span.0, row.span.1.max(row.span.0)),
        predicted: row.predicted?,
        range: row.range,
        p_gain: row.p_gain,
        cost: row.cost,
        was_bought: row.was_bought,
        was_held: row.was_held,
        net: row.net?,
        money: row.money?,
    })
}

fn misses(store: &Store, asked: &OutcomesAsked) -> anyhow::Result<MissReport> {
    let horizon_ms = asked.horizon_h.map(|hours| hours * HOUR_MS);
    let told = store.mean_misses(asked.since, asked.symbol.as_ref(), horizon_ms)?;
    let MeanMisses { trades, means, waiting, untold } = told;
    let [predicted, realised, parts @ ..] = means;
    Ok(MissReport {
        trades,
        waiting,
        untold,
        predicted_pct: predicted.and_then(percent),
        realised_pct: realised.and_then(percent),
        parts: MissParts::of(parts),
    })
}

const COLUMNS: [&str; 20] = [
    "horizon_h",
    "timeframe",
    "kind",
    "n",
    "n_eff",
    "waiting",
    "base_rate_pct",
    "hit_rate_pct",
    "bias_pct",
    "mae_pct",
    "rmse_pct",
    "ic",
    "brier",
    "coverage_pct",
    "false_positives",
    "false_positives_of",
    "false_positives_money",
    "false_negatives",
    "false_negatives_of",
    "false_negatives_money",
];

fn table(horizons: &[HorizonScore]) -> Table {
    let number = |n: Option<Number>| Cell::from(n.map(Number::get));
    let count = |n: usize| Cell::Whole(i64::try_from(n).unwrap_or(i64::MAX));
    let figure = |f: &Figure| match &f.why {
        Some(why) => Cell::Text(why.clone()),
        None => number(f.value),
    };
    let errors = |rate: &ErrorRate| [count(rate.count), count(rate.of), number(rate.money)];
    let row = |h: &HorizonScore| {
        let mut row = vec![
            Cell::Whole(h.horizon_h),
            Cell::Text(h.timeframe.to_owned()),
            Cell::Text(h.kind.to_owned()),
            count(h.n),
            number(h.n_eff),
            count(h.waiting),
            figure(&h.base_rate_pct),
            figure(&h.hit_rate_pct),
            figure(&h.bias_pct),
            figure(&h.mae_pct),
            figure(&h.rmse_pct),
            figure(&h.information_coefficient),
            figure(&h.brier),
            figure(&h.coverage_pct),
        ];
        row.extend([&h.false_positives, &h.false_negatives].into_iter().flat_map(errors));
        row
    };
    Table { columns: COLUMNS.to_vec(), rows: horizons.iter().map(row).collect() }
}

/// For people: one line for each figure that can be shown, and why the others cannot.
fn story(document: &OutcomesDocument, style: Style) -> String {
    let mut lines = Vec::new();
    for h in &document.horizons {
        let n_eff = h.n_eff.map_or_else(|| "unknown".to_owned(), |n| format!("{:.0}", n.get()));
        let (hours, of, kind) = (h.horizon_h, h.timeframe, h.kind);
        lines
            .push(format!("{hours} h, {kind}, on {of} candles: {} outcomes worth {n_eff}, {} waiting", h.n, h.waiting));
        for (reason, count) in &h.unresolvable {
            lines.push(format!("  {count} without an outcome: {reason}"));
        }
        lines.extend(figures_told(h));
        for (name, rate) in [
            ("bought and lost", &h.false_positives),
            ("neither bought nor held, would have gained", &h.false_negatives),
        ] {
            let money = rate.money.map_or_else(String::new, |m| format!(", {:.2} in money", m.get()));
            let share = told(&rate.rate_pct, " %");
            lines.push(format!("  {name}: {} of {}{money}; {share}", rate.count, rate.of));
        }
        lines.extend((!h.reliability.is_empty()).then(|| reliability(h, style)));
    }
    let m = &document.misses;
    if m.trades > 0 {
        let part = |n: Option<Number>| n.map_or_else(|| "unknown".to_owned(), |n| format!("{:+.3} %", n.get()));
        lines.push(format!(
            "{} trades: forecast {}, realised {}",
            m.trades,
            part(m.predicted_pct),
            part(m.realised_pct)
        ));
        for (name, value) in [
            ("market", m.parts.market_pct),
            ("exit policy", m.parts.exit_policy_pct),
            ("entry delay", m.parts.entry_delay_pct),
            ("slippage beside what was assumed", m.parts.slippage_pct),
            ("fees beside what was assumed", m.parts.fees_pct),
            ("rounding", m.parts.rounding_pct),
        ] {
            lines.push(format!("  {name}: {}", part(value)));
        }
    }
    let reasons = m.untold.iter().map(|(reason, count)| (format!("cannot be told: {reason}"), *count));
    for (what, count) in reasons.chain([("waits for its horizon to end".to_owned(), m.waiting)]) {
        lines.extend((count > 0).then(|| format!("{count} more, whose miss {what}")));
    }
    if lines.is_empty() { "no forecast has been resolved yet".to_owned() } else { lines.join("\n") }
}

/// What can be shown, and one line for each reason why the rest cannot.
fn figures_told(h: &HorizonScore) -> Vec<String> {
    let mut lines = Vec::new();
    let mut missing: Vec<(&str, Vec<&str>)> = Vec::new();
    for (name, figure, unit) in figures(h) {
        match &figure.why {
            None => lines.push(format!("  {name}: {}", told(figure, unit))),
            Some(why) => match missing.iter_mut().find(|(reason, _)| reason == why) {
                Some((_, names)) => names.push(name),
                None => missing.push((why, vec![name])),
            },
        }
    }
    lines.extend(missing.iter().map(|(why, names)| format!("  {why}: {}", names.join(", "))));
    lines
}

fn figures(h: &HorizonScore) -> [(&'static str, &Figure, &'static str); 10] {
    [
        ("gained (base rate)", &h.base_rate_pct, " %"),
        ("sign was right", &h.hit_rate_pct, " %"),
        ("always the same answer", &h.always_same_pct, " %"),
        ("bias, actual less predicted", &h.bias_pct, " %"),
        ("mean absolute error", &h.mae_pct, " %"),
        ("root mean square error", &h.rmse_pct, " %"),
        ("information coefficient", &h.information_coefficient, ""),
        ("Brier score", &h.brier, ""),
        ("Brier skill against the base rate", &h.brier_skill, ""),
        ("within the 10 to 90 % range", &h.coverage_pct, " %"),
    ]
}

fn told(figure: &Figure, unit: &str) -> String {
    let Some(value) = figure.value else { return figure.why.clone().unwrap_or_else(|| "unknown".to_owned()) };
    let interval = figure.interval.and_then(|[low, high]| Some((low?, high?)));
    let range = interval.map_or_else(String::new, |(low, high)| format!(" ({:.1} to {:.1})", low.get(), high.get()));
    format!("{:.3}{unit}{range}", value.get())
}

fn reliability(h: &HorizonScore, style: Style) -> String {
    let number = |n: Option<Number>| Cell::from(n.map(Number::get));
    let row = |bin: &crate::report::BinReport| {
        let [low, high] = bin.interval_pct.unwrap_or([None, None]);
        let count = Cell::Whole(i64::try_from(bin.count).unwrap_or(i64::MAX));
        vec![
            Cell::Real(bin.from_pct),
            count,
            number(bin.forecast_pct),
            number(bin.observed_pct),
            number(low),
            number(high),
        ]
    };
    let columns = vec!["from_pct", "count", "forecast_pct", "observed_pct", "low_pct", "high_pct"];
    Output::table(&Table { columns, rows: h.reliability.iter().map(row).collect() }, style).text
}
