//! The daily page as text: headings at the margin, what belongs to them below, no line longer than a terminal is wide.

use super::{
    DigestAccount, DigestDecisions, DigestFill, DigestForecast, DigestGaps, DigestMiss, DigestPosition, DigestReport,
    DigestRuns, DigestTrade,
};
use crate::report::Number;
use crate::unit::{Money, UtcMillis};

/// No line is longer than this.
const WIDTH: usize = 78;
/// What is listed of each kind; the rest is counted.
const LISTED: usize = 12;

/// All of it.
pub(super) fn written(day: &DigestReport) -> String {
    let lines = sections(day).into_iter().flat_map(|(title, lines)| {
        let title = (!title.is_empty()).then(|| title.to_owned());
        let below = lines.into_iter().flat_map(|line| wrapped(&line));
        title.into_iter().chain(below).collect::<Vec<_>>()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Each part with its heading; the first has none.
pub(super) fn sections(day: &DigestReport) -> Vec<(&'static str, Vec<String>)> {
    let head = vec![headline(day)];
    if day.is_empty() {
        return vec![("", head)];
    }
    let mut parts = vec![("", head), ("Account", account(day))];
    parts.push(("Positions", listed(&day.positions, "none", position)));
    parts.push(("Decisions", decisions(&day.decisions)));
    parts.push(("Fills", listed(&day.fills, "none", fill)));
    parts.push(("Closed trades", listed(&day.trades, "none", trade)));
    parts.push(("Forecasts that ended", forecasts(&day.forecasts)));
    parts.push(("Runs", runs(&day.runs, day.timeframe)));
    parts.push(("Data", gaps(&day.gaps)));
    parts
}

/// The day and the verdict.
pub(super) fn headline(day: &DigestReport) -> String {
    let so_far = if day.is_over { "" } else { " so far" };
    let recorded = if day.contents == Some("replay") { " (a recording)" } else { "" };
    let why = if day.is_empty() { "; nothing is known of this day" } else { "" };
    format!("{} UTC{so_far}{recorded}: {}{why}", day.date, day.verdict.line())
}

fn account(day: &DigestReport) -> Vec<String> {
    let mut lines = day.account.as_ref().map_or_else(|| vec!["unknown: no run of this day told it".to_owned()], stood);
    lines.extend(day.risk_events.iter().map(|event| format!("{} {}: {}", time(event.at), event.kind, event.reason)));
    lines
}

fn stood(account: &DigestAccount) -> Vec<String> {
    let asset = &account.asset;
    vec![
        format!(
            "equity {} {asset} at 00:00, {} at {}: {} ({})",
            amount(account.equity_start),
            amount(account.equity_end),
            time(account.equity_end_at),
            signed(account.change),
            percent(account.change_pct, true)
        ),
        format!(
            "cash {}; drawdown {}, all stops would lose {}",
            amount(account.cash),
            percent(account.drawdown_pct, false),
            percent(account.heat_pct, false)
        ),
        format!("{}: {}", account.state.replace('_', " "), account.state_text),
    ]
}

fn position(p: &DigestPosition) -> String {
    let DigestPosition { position: p, stop_distance_pct } = p;
    let worth = match (&p.mark, p.pnl) {
        (Some(mark), Some(pnl)) => format!("now {mark}, {} ({})", signed(pnl), percent(p.pnl_pct, true)),
        _ => "price unknown".to_owned(),
    };
    let away = stop_distance_pct.map_or_else(String::new, |n| format!(", {:.2} % away", n.get()));
    let leaving = p.leaving.map_or_else(String::new, |why| format!("; being left: {}", why.replace('_', " ")));
    format!("{} {} at {}: {worth}; stop {}{away}{leaving}", p.symbol, p.quantity, p.entry_price, p.stop)
}

fn decisions(d: &DigestDecisions) -> Vec<String> {
    if d.all() == 0 {
        return vec!["none".to_owned()];
    }
    let mut lines = vec![format!("{}: {} buy, {} sell, {} hold", d.all(), d.buy, d.sell, d.hold)];
    let blocked: Vec<String> = d.blocked.iter().map(|b| format!("{} {}", b.code.replace('_', " "), b.count)).collect();
    lines.extend((!blocked.is_empty()).then(|| format!("held back: {}", blocked.join(", "))));
    lines
}

fn fill(f: &DigestFill) -> String {
    let why = f.reason.as_ref().map_or_else(String::new, |reason| format!(" ({})", reason.replace('_', " ")));
    let side = f.side.to_lowercase();
    format!("{} {side} {} {} at {}, {}{why}", time(f.at), f.quantity, f.symbol, f.price, amount(f.notional))
}

fn trade(t: &DigestTrade) -> String {
    let r = t.r_multiple.map_or_else(|| "R unknown".to_owned(), |r| format!("{:+.2} R", r.get()));
    format!(
        "{} {} by {}: {} ({r}), predicted {}, realised {}",
        time(t.closed_at),
        t.symbol,
        t.reason.replace('_', " "),
        signed(t.profit),
        percent(t.predicted_pct, true),
        percent(t.realised_pct, true)
    )
}

fn forecasts(all: &[DigestForecast]) -> Vec<String> {
    if all.is_empty() {
        return vec!["none".to_owned()];
    }
    all.iter().flat_map(forecast).collect()
}

fn forecast(f: &DigestForecast) -> Vec<String> {
    let waiting = f.ended - f.resolved - f.unresolvable;
    let mut counts = format!("{} h on {} candles: {} ended", f.horizon_h, f.timeframe, f.ended);
    for (n, words) in [(f.unresolvable, "without an outcome"), (waiting, "not resolved yet")] {
        if n > 0 {
            counts = format!("{counts}, {n} {words}");
        }
    }
    if f.resolved == 0 {
        return vec![counts];
    }
    let worth = f.n_eff.map_or_else(String::new, |n| format!(", worth {:.1}", n.get()));
    let means =
        format!("predicted {} on average, came {}", percent(f.predicted_pct, true), percent(f.actual_pct, true));
    let mut lines = vec![format!("{counts}{worth}; {means}; sign right {} of {}", f.hits, f.hits_of)];
    let ends: Vec<String> = [("best", &f.best), ("worst", &f.worst)]
        .into_iter()
        .filter_map(|(name, miss)| miss.as_ref().map(|miss| format!("{name} {}", missed(miss))))
        .collect();
    lines.push(format!("  {}", ends.join("; ")));
    lines
}

fn missed(miss: &DigestMiss) -> String {
    let at = miss.from.to_string();
    let at = at.get(5..16).unwrap_or(&at).replace('T', " ");
    format!("{} of {at}: {} for {}", miss.symbol, percent(miss.actual_pct, true), percent(miss.predicted_pct, true))
}

fn runs(runs: &DigestRuns, timeframe: &str) -> Vec<String> {
    let mut words = format!("{} of {} candles of {timeframe} were followed by a run", runs.met, runs.expected);
    if runs.missed() > 0 {
        words = format!("{words}, {} missed", runs.missed());
    }
    let mut ends: Vec<String> = runs.by_exit.iter().map(|exit| format!("{} {}", exit.count, exit.name)).collect();
    ends.extend((runs.unfinished > 0).then(|| format!("{} without an end", runs.unfinished)));
    let took = runs.duration_ms.map_or_else(String::new, |ms| format!("; median {ms} ms"));
    let ends = if ends.is_empty() { "no run".to_owned() } else { format!("{} runs: {}", runs.count, ends.join(", ")) };
    vec![words, format!("{ends}{took}")]
}

fn gaps(gaps: &DigestGaps) -> Vec<String> {
    let open = match gaps.open {
        0 => "no gap open".to_owned(),
        1 => "1 gap open".to_owned(),
        n => format!("{n} gaps open"),
    };
    if gaps.found.is_empty() {
        return vec![open];
    }
    let mut lines = vec![format!("{open}; found on this day:")];
    lines.extend(listed(&gaps.found, "", |gap| {
        let from = gap.from.to_string();
        let from = from.get(..16).unwrap_or(&from).replace('T', " ");
        format!("{} {} from {from}, {} missing, {}", gap.symbol, gap.timeframe, gap.missing, gap.state)
    }));
    lines
}

/// One line for each, and how many more there are.
fn listed<T>(all: &[T], nothing: &str, tell: impl Fn(&T) -> String) -> Vec<String> {
    if all.is_empty() {
        return vec![nothing.to_owned()];
    }
    let mut lines: Vec<String> = all.iter().take(LISTED).map(tell).collect();
    let more = all.len().saturating_sub(LISTED);
    lines.extend((more > 0).then(|| format!("and {more} more; --format json tells all")));
    lines
}

/// Money to two decimals, in groups of three.
pub(super) fn amount(money: Money) -> String {
    let text = format!("{:.2}", money.get().abs());
    let whole = text.find('.').unwrap_or(text.len());
    let mut told = String::new();
    for (i, c) in text.chars().enumerate() {
        if i > 0 && i < whole && (whole - i).is_multiple_of(3) {
            told.push(',');
        }
        told.push(c);
    }
    let is_zero = text.bytes().all(|b| matches!(b, b'0' | b'.'));
    if money < Money::ZERO && !is_zero { format!("-{told}") } else { told }
}

/// The same with its sign.
pub(super) fn signed(money: Money) -> String {
    let told = amount(money);
    if told.starts_with('-') { told } else { format!("+{told}") }
}

pub(super) fn percent(number: Option<Number>, with_sign: bool) -> String {
    match number {
        None => "unknown".to_owned(),
        // Nothing that is rounded away has a sign.
        Some(n) if n.get().abs() < 0.005 => "0.00 %".to_owned(),
        Some(n) if with_sign => format!("{:+.2} %", n.get()),
        Some(n) => format!("{:.2} %", n.get()),
    }
}

/// Hour and minute of an instant; the last midnight is the end of the day.
pub(super) fn time(at: UtcMillis) -> String {
    let text = at.to_string();
    text.get(11..16).unwrap_or(&text).to_owned()
}

/// A line in pieces that fit, those after the first a little to the right.
fn wrapped(line: &str) -> Vec<String> {
    let is_head = line.len() > 11 && line.get(10..14) == Some(" UTC");
    let indent = if is_head { 0 } else { 2 };
    let mut lines: Vec<String> = Vec::new();
    let begin = line.len() - line.trim_start().len();
    let mut now = " ".repeat(indent + begin);
    let mut is_fresh = true;
    for word in line.split_whitespace() {
        if !is_fresh && now.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(std::mem::replace(&mut now, " ".repeat(indent + begin + 2)));
            is_fresh = true;
        }
        if !is_fresh {
            now.push(' ');
        }
        now.push_str(word);
        is_fresh = false;
    }
    lines.push(now);
    lines
}
