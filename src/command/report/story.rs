//! A report for people: what there is to say on each part, and its figures below.

use crate::command::say::{Output, Style};
use crate::report::{
    AgentHealth, BandReport, Cell, ErrorRate, Figure, LifeDocument, LifeHorizon, Number, PairQuality, Table,
};

pub(super) fn story(document: &LifeDocument, style: Style) -> String {
    let drawn = |table: &Table| Output::table(table, style).text;
    let mut parts = vec![account(document), trades(document)];
    let judged: Vec<&LifeHorizon> = document.horizons.iter().filter(|h| h.score.n > 0).collect();
    if judged.is_empty() {
        parts.push("no forecast has been resolved yet".to_owned());
    } else {
        parts.push("predicted against actual (95 % in brackets; worth: independent outcomes)".to_owned());
        parts.push(drawn(&horizons(&judged)));
        parts.push("how often the price went where the score leaned".to_owned());
        parts.push(drawn(&directions(&judged)));
    }
    parts.push(signals(document));
    parts.push(runs(document));
    if !document.runs.agents.is_empty() {
        parts.push(drawn(&agents(&document.runs.agents)));
    }
    parts.join("\n")
}

fn percent(number: Option<Number>) -> String {
    number.map_or_else(|| "unknown".to_owned(), |n| format!("{:.2} %", n.get()))
}

fn account(document: &LifeDocument) -> String {
    let Some(account) = &document.account else { return "no run told the account".to_owned() };
    let time = document.first_run.zip(document.last_run);
    let time = time.map_or_else(String::new, |(from, to)| format!("{from} to {to}: "));
    let [start, end] = [account.start, account.end].map(|money| format!("{:.2}", money.get()));
    let state = account.state.replace('_', " ");
    format!(
        "{time}{start} {} became {end}, {}; deepest drawdown {}; state {state}",
        account.asset,
        percent(account.return_pct),
        percent(account.max_drawdown_pct)
    )
}

fn trades(document: &LifeDocument) -> String {
    let (t, m) = (&document.trades, &document.trades.misses);
    let noun = if t.count == 1 { "trade" } else { "trades" };
    let mut text = format!("{} {noun} closed, {} won, profit {:.2}", t.count, t.won, t.profit.get());
    if m.trades > 0 {
        let parts: Vec<String> =
            m.parts.named().iter().map(|(name, value)| format!("{name} {}", percent(*value))).collect();
        text = format!(
            "{text}\nforecast {}, realised {} on average of {}; between them {}",
            percent(m.predicted_pct),
            percent(m.realised_pct),
            m.trades,
            parts.join(", ")
        );
    }
    if m.waiting > 0 {
        text = format!("{text}\n{} of them wait for the horizon of their forecast to end", m.waiting);
    }
    text
}

/// A figure with its interval, or why there is none.
fn told(figure: &Figure, decimals: usize) -> Cell {
    let Some(value) = figure.value else {
        let why = figure.why.as_deref().unwrap_or("unknown");
        return Cell::Text(why.split(':').next().unwrap_or(why).to_owned());
    };
    let ends = figure.interval.and_then(|[low, high]| Some((low?.get(), high?.get())));
    let ends = ends.map_or_else(String::new, |(low, high)| format!(" ({low:.decimals$} to {high:.decimals$})"));
    Cell::Text(format!("{:.decimals$}{ends}", value.get()))
}

fn whole(n: usize) -> Cell {
    Cell::Whole(i64::try_from(n).unwrap_or(i64::MAX))
}

fn worth(n: Option<Number>) -> Cell {
    Cell::from(n.map(|n| (n.get() * 10.0).round() / 10.0))
}

fn horizons(all: &[&LifeHorizon]) -> Table {
    let row = |h: &&LifeHorizon| {
        let s = &h.score;
        vec![
            Cell::Text(format!("{} h on {}", s.horizon_h, s.timeframe)),
            whole(s.n),
            worth(s.n_eff),
            told(&s.bias_pct, 2),
            told(&s.hit_rate_pct, 1),
            told(&h.information_coefficient, 3),
            told(&s.brier, 3),
            told(&s.coverage_pct, 1),
        ]
    };
    let columns = vec!["horizon", "n", "worth", "bias %", "sign right %", "IC", "Brier", "in range %"];
    Table { columns, rows: all.iter().map(row).collect() }
}

/// By confidence and by pair, after each horizon.
fn directions(all: &[&LifeHorizon]) -> Table {
    let band = |of: &str, b: &BandReport| {
        let who = format!("{:.0} to {:.0} % confident", b.from_pct, b.to_pct);
        vec![
            Cell::Text(of.to_owned()),
            Cell::Text(who),
            whole(b.count),
            worth(b.n_eff),
            told(&b.right_pct, 1),
            Cell::Empty,
            Cell::Empty,
        ]
    };
    let pair = |of: &str, p: &PairQuality| {
        let words = [Cell::Text(of.to_owned()), Cell::Text(p.symbol.to_string()), whole(p.count), worth(p.n_eff)];
        let errors = [&p.false_positives, &p.false_negatives].map(errors);
        words.into_iter().chain([told(&p.right_pct, 1)]).chain(errors).collect()
    };
    let rows = all.iter().flat_map(|h| {
        let of = format!("{} h", h.score.horizon_h);
        let bands: Vec<Vec<Cell>> = h.bands.iter().map(|b| band(&of, b)).collect();
        let pairs: Vec<Vec<Cell>> = h.pairs.iter().map(|p| pair(&of, p)).collect();
        bands.into_iter().chain(pairs)
    });
    let columns = vec!["after", "signals", "n", "worth", "right %", "bought and lost", "gains missed"];
    Table { columns, rows: rows.collect() }
}

fn errors(rate: &ErrorRate) -> Cell {
    Cell::Text(format!("{} of {}", rate.count, rate.of))
}

fn signals(document: &LifeDocument) -> String {
    let s = &document.signals;
    let blocked: Vec<String> = s.blocked.iter().map(|(code, n)| format!("{} {n}", code.replace('_', " "))).collect();
    let blocked = if blocked.is_empty() { String::new() } else { format!("; held back: {}", blocked.join(", ")) };
    format!("{} decisions: {} buy, {} sell, {} hold{blocked}", s.decisions, s.buy, s.sell, s.hold)
}

fn runs(document: &LifeDocument) -> String {
    let r = &document.runs;
    let ended: Vec<String> = r.by_exit.iter().map(|(name, n)| format!("{n} {name}")).collect();
    let ended = if ended.is_empty() { String::new() } else { format!("; ended {}", ended.join(", ")) };
    let took = r.duration_ms_median.zip(r.duration_ms_p95);
    let took = took.map_or_else(String::new, |(median, p95)| {
        format!("\nhalf of them took at most {median} ms, 95 of 100 at most {p95} ms")
    });
    format!("{} of {} runs came, one every {}, {} missed{ended}{took}", r.met, r.expected, r.every, r.missed())
}

fn agents(all: &[AgentHealth]) -> Table {
    let count = |n: u64| Cell::Whole(i64::try_from(n).unwrap_or(i64::MAX));
    let row = |a: &AgentHealth| {
        let [low, high] =
            a.success_interval_pct.map(|n| n.map_or_else(|| "unknown".to_owned(), |n| format!("{:.1}", n.get())));
        let success = a.success_pct.map_or_else(String::new, |n| format!("{:.1} ({low} to {high})", n.get()));
        vec![Cell::Text(a.name.clone()), count(a.executions), count(a.degraded), count(a.failed), Cell::Text(success)]
    };
    let columns = vec!["part", "times", "degraded", "failed", "ok %"];
    Table { columns, rows: all.iter().map(row).collect() }
}
