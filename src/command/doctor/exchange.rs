//! The exchange: each of its hosts, its clock against ours, and what it says of the pairs. A ban that is on record is
//! respected, and one that is pronounced is put on record.

use super::trial::Trial;
use crate::clock;
use crate::command::cycle::offset;
use crate::exchange::{Ban, Binance, Fault, MarketData};
use crate::health::span;
use crate::market::{Instrument, Status, renamed};
use crate::report::{Part, PartOutcome};
use crate::settings::Settings;
use crate::store::{Access, Store};
use crate::unit::{Decimal, Money, Symbol, UtcMillis};

const HOST: &str = "exchange ";
/// Somewhat less than a trial may take, so that the exchange's own fault is told.
const WITHIN_MS: i64 = 4_500;

/// A trial of each host, and one of the pairs, for which the store answers where the network is left out.
pub(super) fn trials(settings: &Settings, offline: bool) -> Vec<Trial> {
    let hosts = settings.exchange.base_urls.distinct().into_iter().map(|url| {
        let (name, settings) = (format!("{HOST}{}", without_user(&url)), settings.clone());
        Trial::elsewhere(name.clone(), move || host(&name, &url, &settings))
    });
    let mut trials: Vec<Trial> = hosts.collect();
    let settings = settings.clone();
    trials.push(Trial::here("pairs", move || if offline { stored_pairs(&settings) } else { pairs(&settings) }));
    trials
}

/// A host that does not answer is no fault of the installation while another one does: cycles ask that one.
pub(super) fn excuse(parts: &mut [Part]) {
    let is_host = |part: &Part| part.name.starts_with(HOST);
    if parts.iter().any(|part| is_host(part) && matches!(part.outcome, PartOutcome::Ok | PartOutcome::Warning)) {
        for part in parts.iter_mut().filter(|part| is_host(part) && part.outcome == PartOutcome::Failed) {
            part.outcome = PartOutcome::Warning;
        }
    }
}

/// A URL without what stands before an `@`, which may be a password.
fn without_user(url: &str) -> String {
    match url.split_once("://").map(|(scheme, rest)| (scheme, rest.split_once('@'))) {
        Some((scheme, Some((_, rest)))) => format!("{scheme}://{rest}"),
        _ => url.to_owned(),
    }
}

/// The ban on record, if one is in force.
fn banned(settings: &Settings) -> Option<Ban> {
    Store::open(&settings.db, Access::Read).ok()?.ban(clock::wall()).ok()?
}

/// Puts a ban on record that was just pronounced: every process that uses this database respects it.
fn note(settings: &Settings, market: &Binance) {
    let usage = market.usage();
    if usage.ban.is_none() {
        return;
    }
    let noted = Store::open(&settings.db, Access::Change).and_then(|mut store| {
        let write = store.write()?;
        write.set_usage(&usage, clock::wall())?;
        write.commit()
    });
    if let Err(error) = noted {
        log::warn!(code = error.code(); "the ban was not noted: {error}");
    }
}

/// One host: whether it answers, how fast, and what its clock says.
fn host(name: &str, url: &str, settings: &Settings) -> Vec<Part> {
    if let Some(ban) = banned(settings) {
        return vec![failed(name, &ban.into())];
    }
    let mut market = match Binance::for_a_run(&settings.exchange.only(url, WITHIN_MS)) {
        Ok(market) => market,
        Err(error) => return vec![Part::failed(name, error.to_string(), "correct [exchange] base_urls")],
    };
    let begun = clock::Stopwatch::start();
    // The first answer takes the way there and the handshake; the second one is what the clock is told from.
    let first = market.open(&[]).server_time;
    let took = begun.ms();
    let before = clock::wall();
    let second = first.and_then(|_| market.open(&[]).server_time);
    let after = clock::wall();
    note(settings, &market);
    match second {
        Ok(server) => vec![Part::ok(name, format!("answers in {took} ms")), skew(server, before, after, settings)],
        Err(fault) => vec![failed(name, &fault)],
    }
}

fn failed(name: &str, fault: &Fault) -> Part {
    Part::failed(name, fault.to_string(), fault.remedy())
}

/// The machine's clock against the exchange's, as far as the way there and back lets it be told.
fn skew(server: UtcMillis, before: UtcMillis, after: UtcMillis, settings: &Settings) -> Part {
    let (offset, uncertain) = (offset(server, before, after), after.since_ms(before) / 2 + 1);
    let side = if offset > 0 { "behind" } else { "ahead of" };
    let seconds = |ms: i64| ms.abs() as f64 / 1000.0;
    let text = format!("{:.3} s {side} the exchange's, give or take {:.3} s", seconds(offset), seconds(uncertain));
    if offset.abs() <= settings.health.max_clock_offset_ms + uncertain {
        return Part::ok("clock", text);
    }
    let remedy =
        "synchronise it (systemd-timesyncd, chrony); runs go by the exchange's clock, the scheduler by this one";
    Part::warning("clock", text, remedy)
}

/// What the exchange says of the pairs.
fn pairs(settings: &Settings) -> Vec<Part> {
    if let Some(ban) = banned(settings) {
        return vec![failed("pairs", &ban.into())];
    }
    let mut hurried = settings.exchange.clone();
    hurried.hurry(WITHIN_MS);
    let mut market = match Binance::for_a_run(&hurried) {
        Ok(market) => market,
        Err(error) => return vec![Part::failed("pairs", error.to_string(), "correct [exchange] base_urls")],
    };
    // What every pair would meet is told once.
    if let Err(fault) = market.open(&[]).server_time {
        note(settings, &market);
        return vec![failed("pairs", &fault)];
    }
    let answers = market.open(&settings.pairs).instruments.unwrap_or_default();
    note(settings, &market);
    let cap = cap(settings);
    let told = |(symbol, answer): (Symbol, Result<Instrument, Fault>)| match answer {
        Ok(instrument) => judged(&instrument, settings, cap, ""),
        Err(fault) => Part::failed(pair(&symbol), fault.to_string(), fault.remedy()),
    };
    answers.into_iter().map(told).collect()
}

/// What the exchange said of the pairs when it was last asked.
fn stored_pairs(settings: &Settings) -> Vec<Part> {
    let nothing = || vec![Part::skipped("pairs", "nothing is on record of them, and the network was left out")];
    let Ok(store) = Store::open(&settings.db, Access::Read) else { return nothing() };
    let cap = cap(settings);
    let known = settings.pairs.iter().filter_map(|symbol| store.instrument(symbol).ok().flatten());
    let told = known.map(|instrument| {
        let age = clock::wall().since_ms(instrument.fetched_at);
        judged(&instrument, settings, cap, &format!(", as told {} ago", span(age)))
    });
    let parts: Vec<Part> = told.collect();
    if parts.is_empty() { nothing() } else { parts }
}

fn pair(symbol: &Symbol) -> String {
    format!("pair {symbol}")
}

/// What one position may cost: its share of the account as the newest run left it, or of what it is opened with.
fn cap(settings: &Settings) -> Money {
    let stored = Store::open(&settings.db, Access::Read).and_then(|store| store.remembered());
    let equity = stored.ok().flatten().map_or(settings.trading.start, |row| row.equity);
    equity.share(settings.trading.limits.position_cap.share())
}

/// Whether a pair can be traded by this account.
fn judged(instrument: &Instrument, settings: &Settings, cap: Money, when: &str) -> Part {
    let symbol = &instrument.symbol;
    let step = |limit: Option<Decimal>| limit.map_or("none".to_owned(), |d| d.normalize().to_string());
    let text = format!(
        "{}, price steps {}, quantity steps {}, orders from {}; a position may cost {cap}{when}",
        instrument.status,
        step(instrument.tick_size),
        step(instrument.step_size),
        step(instrument.min_notional)
    );
    let warning = |why: String, remedy: &str| Part::warning(pair(symbol), format!("{why}: {text}"), remedy);
    if let Some(rename) = renamed(symbol, clock::wall()) {
        return warning(format!("renamed to {} on {}", rename.to, rename.day), "name the new pair in `pairs`");
    }
    if instrument.status != Status::Trading {
        return warning("not traded".to_owned(), "nothing is bought of it; take it out of `pairs` if that lasts");
    }
    if symbol.quote() != settings.trading.asset {
        return warning(format!("paid in {}", symbol.quote()), "only pairs paid in the account's asset are bought");
    }
    if instrument.min_notional.is_some_and(|least| Money::new(least) > cap) {
        return warning(
            "too little money for its smallest order".to_owned(),
            "raise [risk] position_cap_pct, or leave it",
        );
    }
    Part::ok(pair(symbol), text)
}
