//! The daily page in words and small tables, before it is written as text or as mail.

use super::{
    DigestAccount, DigestDecisions, DigestForecast, DigestGaps, DigestMiss, DigestPosition, DigestReport, DigestRuns,
};
use crate::report::Number;
use crate::unit::{Money, UtcMillis};

/// What is listed of each kind; the rest is counted.
const LISTED: usize = 12;

/// A part of the page.
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) pieces: Vec<Piece>,
}

/// What a part is made of.
pub(super) enum Piece {
    /// A sentence.
    Line(String),
    /// Cells under heads; those marked so stand to the right.
    Table { heads: Vec<(&'static str, Side)>, rows: Vec<Vec<String>> },
}

/// On which side of its column a cell stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

use Side::{Left, Right};

/// The day, in words.
pub(super) fn title(day: &DigestReport) -> String {
    let so_far = if day.is_over { "" } else { ", so far" };
    let recorded = if day.contents == Some("replay") { ", a recording" } else { "" };
    format!("{} UTC{so_far}{recorded}", day.date)
}

/// The parts below the verdict; none for a day of which nothing is known.
pub(super) fn sections(day: &DigestReport) -> Vec<Section> {
    if day.is_empty() {
        return Vec::new();
    }
    let section = |title, pieces| Section { title, pieces };
    vec![
        section("Account", account(day)),
        section("Positions", positions(&day.positions)),
        section("Decisions", decisions(&day.decisions)),
        section("Fills", fills(day)),
        section("Closed trades", trades(day)),
        section("Forecasts that ended", forecasts(&day.forecasts)),
        section("Runs", vec![Piece::Line(runs(&day.runs, day.timeframe))]),
        section("Data", gaps(&day.gaps)),
    ]
}

fn line(text: impl Into<String>) -> Vec<Piece> {
    vec![Piece::Line(text.into())]
}

fn account(day: &DigestReport) -> Vec<Piece> {
    let mut pieces = match &day.account {
        Some(account) => stood(account),
        None => line("unknown: no run of this day told it"),
    };
    let events = day.risk_events.iter().map(|event| format!("{} {}: {}", time(event.at), event.kind, event.reason));
    pieces.extend(events.map(Piece::Line));
    pieces
}

fn stood(account: &DigestAccount) -> Vec<Piece> {
    let asset = &account.asset;
    let row = |name: &str, value: String, note: String| vec![name.to_owned(), value, note];
    let change = format!(
        "{} ({}) from {} at 00:00",
        signed(account.change),
        percent(account.change_pct, true),
        amount(account.equity_start)
    );
    let end =
        if account.is_end_of_day() { String::new() } else { format!(", told at {}", time(account.equity_end_at)) };
    let heat = format!("all stops together would lose {}", percent(account.heat_pct, false));
    let rows = vec![
        row("equity", format!("{} {asset}", amount(account.equity_end)), format!("{change}{end}")),
        row("cash", format!("{} {asset}", amount(account.cash)), String::new()),
        row("drawdown", percent(account.drawdown_pct, false), heat),
    ];
    let table = Piece::Table { heads: vec![("", Left), ("", Right), ("", Left)], rows };
    vec![table, Piece::Line(format!("{}: {}", account.state.replace('_', " "), account.state_text))]
}

fn positions(all: &[DigestPosition]) -> Vec<Piece> {
    let row = |p: &DigestPosition| {
        let held = &p.position;
        vec![
            held.symbol.to_string(),
            price(&held.entry_price),
            held.mark.as_deref().map_or_else(unknown, price),
            held.pnl.map_or_else(unknown, signed),
            percent(held.pnl_pct, true),
            price(&held.stop),
            percent(p.stop_distance_pct, false),
        ]
    };
    let heads = vec![
        ("", Left),
        ("entry", Right),
        ("now", Right),
        ("profit", Right),
        ("", Right),
        ("stop", Right),
        ("away", Right),
    ];
    let mut pieces = listed(all, heads, row);
    let leaving = all.iter().filter_map(|p| Some((&p.position.symbol, p.position.leaving?)));
    pieces.extend(leaving.map(|(pair, why)| Piece::Line(format!("{pair} is being left: {}", why.replace('_', " ")))));
    pieces
}

fn decisions(d: &DigestDecisions) -> Vec<Piece> {
    if d.all() == 0 {
        return line("none");
    }
    let mut pieces = line(format!("{}: {} buy, {} sell, {} hold", d.all(), d.buy, d.sell, d.hold));
    let blocked: Vec<String> = d.blocked.iter().map(|b| format!("{} {}", b.code.replace('_', " "), b.count)).collect();
    pieces.extend((!blocked.is_empty()).then(|| Piece::Line(format!("held back: {}", blocked.join(", ")))));
    pieces
}

fn fills(day: &DigestReport) -> Vec<Piece> {
    let heads = vec![
        ("at", Left),
        ("", Left),
        ("", Left),
        ("coins", Right),
        ("price", Right),
        ("money", Right),
        ("because", Left),
    ];
    listed(&day.fills, heads, |f| {
        vec![
            time(f.at),
            f.side.to_lowercase(),
            f.symbol.to_string(),
            price(&f.quantity),
            price(&f.price),
            amount(f.notional),
            f.reason.as_deref().map_or_else(|| "entry".to_owned(), |reason| reason.replace('_', " ")),
        ]
    })
}

fn trades(day: &DigestReport) -> Vec<Piece> {
    let heads = vec![
        ("at", Left),
        ("", Left),
        ("left by", Left),
        ("profit", Right),
        ("R", Right),
        ("predicted", Right),
        ("realised", Right),
    ];
    listed(&day.trades, heads, |t| {
        vec![
            time(t.closed_at),
            t.symbol.to_string(),
            t.reason.replace('_', " "),
            signed(t.profit),
            t.r_multiple.map_or_else(unknown, |r| format!("{:+.2}", r.get())),
            percent(t.predicted_pct, true),
            percent(t.realised_pct, true),
        ]
    })
}

fn forecasts(all: &[DigestForecast]) -> Vec<Piece> {
    let row = |f: &DigestForecast| {
        let sign = if f.resolved > 0 { format!("{} of {}", f.hits, f.hits_of) } else { unknown() };
        vec![
            format!("{} h on {}", f.horizon_h, f.timeframe),
            f.ended.to_string(),
            f.n_eff.map_or_else(unknown, |n| format!("{:.1}", n.get())),
            percent(f.predicted_pct, true),
            percent(f.actual_pct, true),
            sign,
        ]
    };
    let heads = vec![
        ("", Left),
        ("ended", Right),
        ("worth", Right),
        ("predicted", Right),
        ("came", Right),
        ("sign right", Right),
    ];
    let mut pieces = listed(all, heads, row);
    pieces.extend(all.iter().filter_map(unresolved).map(Piece::Line));
    let ends = all.iter().flat_map(|f| [("best", f.horizon_h, &f.best), ("worst", f.horizon_h, &f.worst)]);
    let rows: Vec<Vec<String>> =
        ends.filter_map(|(name, hours, miss)| Some(extreme(name, hours, miss.as_ref()?))).collect();
    let heads = vec![("", Left), ("", Left), ("decided", Left), ("predicted", Right), ("came", Right)];
    pieces.extend((!rows.is_empty()).then_some(Piece::Table { heads, rows }));
    pieces
}

fn unresolved(f: &DigestForecast) -> Option<String> {
    let waiting = f.ended - f.resolved - f.unresolvable;
    let told = [(f.unresolvable, "without an outcome"), (waiting, "not resolved yet")];
    let told: Vec<String> = told.iter().filter(|(n, _)| *n > 0).map(|(n, words)| format!("{n} {words}")).collect();
    (!told.is_empty()).then(|| format!("of {} h: {}", f.horizon_h, told.join(", ")))
}

fn extreme(name: &str, hours: i64, miss: &DigestMiss) -> Vec<String> {
    vec![
        format!("{name} of {hours} h"),
        miss.symbol.to_string(),
        minute(miss.from),
        percent(miss.predicted_pct, true),
        percent(miss.actual_pct, true),
    ]
}

fn runs(runs: &DigestRuns, timeframe: &str) -> String {
    let came = format!("{} of {} candles of {timeframe} were followed by a run", runs.met, runs.expected);
    let missed = if runs.missed() > 0 { format!(", {} missed", runs.missed()) } else { String::new() };
    let mut ends: Vec<String> = runs.by_exit.iter().map(|exit| format!("{} {}", exit.count, exit.name)).collect();
    ends.extend((runs.unfinished > 0).then(|| format!("{} without an end", runs.unfinished)));
    let ends = if ends.is_empty() { String::new() } else { format!("; ended {}", ends.join(", ")) };
    let took = runs.duration_ms.map_or_else(String::new, |ms| format!("; median {ms} ms"));
    format!("{came}{missed}{ends}{took}")
}

fn gaps(gaps: &DigestGaps) -> Vec<Piece> {
    let open = match gaps.open {
        0 => "no gap open at the end".to_owned(),
        1 => "1 gap open at the end".to_owned(),
        n => format!("{n} gaps open at the end"),
    };
    let mut pieces = line(open);
    if !gaps.found.is_empty() {
        let heads = vec![("found", Left), ("", Left), ("from", Left), ("missing", Right), ("now", Left)];
        pieces.extend(listed(&gaps.found, heads, |gap| {
            let words = [gap.symbol.to_string(), gap.timeframe.to_owned(), minute(gap.from)];
            words.into_iter().chain([gap.missing.to_string(), gap.state.clone()]).collect()
        }));
    }
    pieces
}

/// One row for each, and how many more there are.
fn listed<T>(all: &[T], heads: Vec<(&'static str, Side)>, row: impl Fn(&T) -> Vec<String>) -> Vec<Piece> {
    if all.is_empty() {
        return line("none");
    }
    let mut pieces = vec![Piece::Table { heads, rows: all.iter().take(LISTED).map(row).collect() }];
    let more = all.len().saturating_sub(LISTED);
    pieces.extend((more > 0).then(|| Piece::Line(format!("and {more} more; --format json tells all"))));
    pieces
}

fn unknown() -> String {
    "unknown".to_owned()
}

/// Money to two decimals, in groups of three; the sign of what is rounded away is left out.
pub(super) fn amount(money: Money) -> String {
    grouped(&format!("{:.2}", money.get()))
}

/// The same with its sign.
fn signed(money: Money) -> String {
    let told = amount(money);
    let is_zero = told == "0.00";
    if is_zero || told.starts_with('-') { told } else { format!("+{told}") }
}

/// A price, or so many coins, to about five digits.
fn price(text: &str) -> String {
    let Ok(value) = text.parse::<f64>() else { return text.to_owned() };
    let decimals = match value.abs() {
        size if size >= 9.9995 => 2,
        size if size >= 0.09 => 4,
        _ => 8,
    };
    grouped(&format!("{value:.decimals$}"))
}

/// A number of digits with its thousands apart, and no sign where it is nothing.
fn grouped(text: &str) -> String {
    let digits = text.trim_start_matches('-');
    let whole = digits.find('.').unwrap_or(digits.len());
    let mut told = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && i < whole && (whole - i).is_multiple_of(3) {
            told.push(',');
        }
        told.push(c);
    }
    let is_zero = digits.bytes().all(|b| matches!(b, b'0' | b'.'));
    if text.starts_with('-') && !is_zero { format!("-{told}") } else { told }
}

/// A percentage; nothing that is rounded away has a sign.
fn percent(number: Option<Number>, with_sign: bool) -> String {
    match number {
        None => unknown(),
        Some(n) if n.get().abs() < 0.005 => "0.00 %".to_owned(),
        Some(n) if with_sign => format!("{:+.2} %", n.get()),
        Some(n) => format!("{:.2} %", n.get()),
    }
}

/// Hour and minute.
fn time(at: UtcMillis) -> String {
    let text = at.to_string();
    text.get(11..16).unwrap_or(&text).to_owned()
}

/// Day, hour and minute.
fn minute(at: UtcMillis) -> String {
    let text = at.to_string();
    text.get(5..16).unwrap_or(&text).replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_nothing_has_no_sign() {
        let money = |text: &str| Money::new(text.parse().unwrap());
        for (told, expected) in [
            (amount(money("1234567.891")), "1,234,567.89"),
            (amount(money("-1234.5")), "-1,234.50"),
            (signed(money("-0.004")), "0.00"),
            (signed(money("0.004")), "0.00"),
            (signed(money("12")), "+12.00"),
            (price("61867.754104"), "61,867.75"),
            (price("0.1327"), "0.1327"),
            (price("0.00001234"), "0.00001234"),
            (percent(Number::exact(-0.004), true), "0.00 %"),
            (percent(Number::exact(1.005), false), "1.00 %"),
            (percent(None, true), "unknown"),
        ] {
            assert_eq!(told, expected);
        }
    }
}
