//! A report as rows.

use crate::report::{Cell, ErrorRate, Figure, LifeDocument, LifeHorizon, Number, Table};

const COLUMNS: [&str; 9] = ["part", "of", "figure", "value", "low", "high", "n", "n_eff", "why"];

/// Every figure, one a line.
pub(super) fn table(document: &LifeDocument) -> Table {
    let mut rows = account(document);
    rows.extend(trades(document));
    rows.extend(document.horizons.iter().flat_map(horizon));
    rows.extend(signals(document));
    rows.extend(runs(document));
    Table { columns: COLUMNS.to_vec(), rows: rows.into_iter().map(Row::cells).collect() }
}

/// A figure under way to a line.
struct Row {
    part: &'static str,
    of: String,
    figure: String,
    value: Cell,
    ends: [Option<Number>; 2],
    n: Option<u64>,
    n_eff: Option<Number>,
    why: Option<String>,
}

impl Row {
    fn new(part: &'static str, of: impl Into<String>, figure: impl Into<String>, value: Cell) -> Self {
        let (of, figure) = (of.into(), figure.into());
        Self { part, of, figure, value, ends: [None; 2], n: None, n_eff: None, why: None }
    }

    fn figure(part: &'static str, of: &str, name: &str, figure: &Figure) -> Self {
        let ends = figure.interval.unwrap_or_default();
        Self { ends, why: figure.why.clone(), ..Self::new(part, of, name, number(figure.value)) }
    }

    fn cells(self) -> Vec<Cell> {
        let [low, high] = self.ends;
        let n = self.n.map(|n| i64::try_from(n).unwrap_or(i64::MAX));
        vec![
            Cell::Text(self.part.to_owned()),
            Cell::Text(self.of),
            Cell::Text(self.figure),
            self.value,
            number(low),
            number(high),
            Cell::from(n),
            number(self.n_eff),
            Cell::from(self.why),
        ]
    }
}

fn number(n: Option<Number>) -> Cell {
    Cell::from(n.map(Number::get))
}

fn count(n: u64) -> Cell {
    Cell::Whole(i64::try_from(n).unwrap_or(i64::MAX))
}

fn account(document: &LifeDocument) -> Vec<Row> {
    let Some(account) = &document.account else {
        let why = Some("no run told it".to_owned());
        return vec![Row { why, ..Row::new("account", "", "equity", Cell::Empty) }];
    };
    let row = |name: &str, value: Cell| Row::new("account", account.asset.clone(), name, value);
    let mut rows = vec![
        row("start", Cell::Text(account.start.to_string())),
        row("end", Cell::Text(account.end.to_string())),
        row("lowest", Cell::Text(account.lowest.to_string())),
        row("highest", Cell::Text(account.highest.to_string())),
        row("return_pct", number(account.return_pct)),
        row("max_drawdown_pct", number(account.max_drawdown_pct)),
        row("state", Cell::Text(account.state.to_owned())),
    ];
    rows.extend(account.states.iter().map(|(state, n)| Row::new("account", *state, "runs", count(*n))));
    rows
}

fn trades(document: &LifeDocument) -> Vec<Row> {
    let t = &document.trades;
    let mut rows = vec![
        Row::new("trades", "", "closed", count(t.count as u64)),
        Row::new("trades", "", "won", count(t.won as u64)),
        Row::new("trades", "", "profit", Cell::Text(t.profit.to_string())),
    ];
    let m = &t.misses;
    let why = (m.trades == 0).then(|| "no miss is told yet".to_owned());
    for (name, value) in [
        ("predicted_pct", m.predicted_pct),
        ("realised_pct", m.realised_pct),
        ("market_pct", m.parts.market_pct),
        ("exit_policy_pct", m.parts.exit_policy_pct),
        ("entry_delay_pct", m.parts.entry_delay_pct),
        ("slippage_pct", m.parts.slippage_pct),
        ("fees_pct", m.parts.fees_pct),
        ("rounding_pct", m.parts.rounding_pct),
    ] {
        let n = Some(m.trades as u64);
        rows.push(Row { n, why: why.clone(), ..Row::new("trades", "misses", name, number(value)) });
    }
    rows
}

fn horizon(h: &LifeHorizon) -> Vec<Row> {
    let of = format!("{} h on {}", h.score.horizon_h, h.score.timeframe);
    let (n, n_eff) = (Some(h.score.n as u64), h.score.n_eff);
    let figures = [
        ("base_rate_pct", &h.score.base_rate_pct),
        ("hit_rate_pct", &h.score.hit_rate_pct),
        ("direction_pct", &h.direction_pct),
        ("bias_pct", &h.score.bias_pct),
        ("mae_pct", &h.score.mae_pct),
        ("rmse_pct", &h.score.rmse_pct),
        ("information_coefficient", &h.information_coefficient),
        ("brier", &h.score.brier),
        ("brier_skill", &h.score.brier_skill),
        ("calibration_error", &h.score.calibration_error),
        ("coverage_pct", &h.score.coverage_pct),
    ];
    let mut rows: Vec<Row> =
        figures.iter().map(|(name, figure)| Row { n, n_eff, ..Row::figure("forecasts", &of, name, figure) }).collect();
    rows.extend(brier(h, &of));
    rows.extend(groups(h, &of));
    for band in &h.bands {
        let name = format!("{:.0} to {:.0} % confident, right_pct", band.from_pct, band.to_pct);
        let row = Row::figure("direction", &of, &name, &band.right_pct);
        rows.push(Row { n: Some(band.count as u64), n_eff: band.n_eff, ..row });
    }
    for pair in &h.pairs {
        let row = Row::figure("direction", &of, &format!("{}, right_pct", pair.symbol), &pair.right_pct);
        rows.push(Row { n: Some(pair.count as u64), n_eff: pair.n_eff, ..row });
        rows.push(error(&of, &format!("{}, bought and lost_pct", pair.symbol), &pair.false_positives));
        rows.push(error(&of, &format!("{}, missed_pct", pair.symbol), &pair.false_negatives));
    }
    rows.push(error(&of, "bought and lost_pct", &h.score.false_positives));
    rows.push(error(&of, "missed_pct", &h.score.false_negatives));
    rows
}

fn error(of: &str, name: &str, rate: &ErrorRate) -> Row {
    Row { n: Some(rate.of as u64), ..Row::figure("errors", of, name, &rate.rate_pct) }
}

fn brier(h: &LifeHorizon, of: &str) -> Vec<Row> {
    let Some(parts) = h.brier_parts else { return Vec::new() };
    [
        ("brier_reliability", parts.reliability),
        ("brier_resolution", parts.resolution),
        ("brier_uncertainty", parts.uncertainty),
        ("brier_within", parts.within),
    ]
    .map(|(name, value)| Row::new("forecasts", of, name, number(value)))
    .into()
}

/// What came, group by group.
fn groups(h: &LifeHorizon, of: &str) -> Vec<Row> {
    let known = |n: Option<Number>| n.map_or_else(|| "unknown".to_owned(), |n| format!("{:.3}", n.get()));
    let means = h.groups.iter().map(|group| Row {
        ends: group.interval_pct,
        n: Some(group.count as u64),
        ..Row::new(
            "groups",
            of,
            format!("predicted {} %, came_pct", known(group.predicted_pct)),
            number(group.actual_pct),
        )
    });
    let gains = h.probability_groups.iter().map(|group| Row {
        ends: group.interval_pct,
        n: Some(group.count as u64),
        ..Row::new(
            "groups",
            of,
            format!("gain at {} %, gained_pct", known(group.forecast_pct)),
            number(group.observed_pct),
        )
    });
    means.chain(gains).collect()
}

fn signals(document: &LifeDocument) -> Vec<Row> {
    let s = &document.signals;
    let mut rows: Vec<Row> = [
        ("decisions", s.decisions),
        ("buy", s.buy),
        ("sell", s.sell),
        ("hold", s.hold),
        ("no opinion", s.without_opinion),
    ]
    .map(|(name, n)| Row::new("signals", "", name, count(n)))
    .into();
    rows.extend(s.blocked.iter().map(|(code, n)| Row::new("signals", "blocked", code.clone(), count(*n))));
    let of_score =
        s.scores.iter().map(|b| Row::new("signals", "score", format!("{} to {}", b.from, b.to), count(b.count)));
    rows.extend(of_score);
    let buckets = s.confidences.iter();
    rows.extend(
        buckets.map(|b| Row::new("signals", "confidence", format!("{} to {} %", b.from, b.to), count(b.count))),
    );
    rows
}

fn runs(document: &LifeDocument) -> Vec<Row> {
    let r = &document.runs;
    let mut rows: Vec<Row> = [("expected", r.expected), ("met", r.met), ("missed", r.missed()), ("runs", r.count)]
        .map(|(name, n)| Row::new("runs", "", name, count(n)))
        .into();
    rows.extend(r.by_exit.iter().map(|(name, n)| Row::new("runs", "ended", *name, count(*n))));
    let took = [("duration_ms_median", r.duration_ms_median), ("duration_ms_p95", r.duration_ms_p95)];
    rows.extend(took.map(|(name, ms)| Row::new("runs", "", name, Cell::from(ms))));
    rows.extend(r.agents.iter().map(|agent| Row {
        ends: agent.success_interval_pct,
        n: Some(agent.executions),
        ..Row::new("runs", agent.name.clone(), "success_pct", number(agent.success_pct))
    }));
    rows.extend(
        r.freshness
            .iter()
            .map(|f| Row::new("data", format!("{} {}", f.symbol, f.timeframe), "age_s", Cell::Whole(f.age_s))),
    );
    rows
}
