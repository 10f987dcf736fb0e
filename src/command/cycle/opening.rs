//! What is asked first: the exchange's clock, and what it says of the pairs. And by which names the pairs are traded now.

use super::{Cycle, Stop};
use crate::clock;
use crate::command::notes::About;
use crate::exchange::{Fault, MarketData};
use crate::market::{Instrument, Rename, renamed, traded_as};
use crate::store::{Store, StoreError};
use crate::unit::{Symbol, UtcMillis};

/// A stored instrument is trusted for this long, then fetched again.
const INSTRUMENT_AGE_MS: i64 = 86_400_000;
/// A local clock further off than this is worth a warning.
const SKEW_MS: i64 = 5_000;

impl Cycle<'_> {
    /// Asks for the exchange's clock, and for what it says of pairs where our knowledge is older than a day.
    pub(super) fn open_market(&mut self, store: &Store, market: &mut dyn MarketData) -> Result<(), Stop> {
        let live = self.options.replay.is_none();
        if let Some(ban) = store.ban(self.now)?.filter(|_| live) {
            return Err(Stop::Market(ban.into()));
        }
        let unknown = self.recall_instruments(store)?;
        let before = clock::wall();
        let opening = market.open(&unknown);
        let after = clock::wall();
        self.usage = market.usage();
        match opening.server_time {
            Ok(server) => {
                self.now = server;
                self.clock_offset_ms = live.then(|| offset(server, before, after));
                if let Some(text) = skew(server, before, after).filter(|_| live) {
                    self.notes.warn("clock_skew", About::Run, text);
                }
            }
            Err(fault) if fault.leaves_nothing_to_ask() => return Err(Stop::Market(fault)),
            Err(fault) => {
                let whose = if opening.date.is_some() { "the date of its answers" } else { "this machine's" };
                let text = format!("the exchange's clock could not be had, {whose} is used: {fault}");
                self.notes.warn("clock_unknown", About::Run, text);
                self.now = opening.date.unwrap_or(self.now);
            }
        }
        self.take_instruments(opening.instruments);
        Ok(())
    }

    /// Takes what was told today from the store; the pairs of which nothing was.
    fn recall_instruments(&mut self, store: &Store) -> Result<Vec<Symbol>, StoreError> {
        let mut unknown = Vec::new();
        for symbol in self.symbols.iter().map(|s| traded_as(s, self.now).map_or_else(|| s.clone(), |(old, _)| old)) {
            match store
                .instrument(&symbol)?
                .filter(|i| (0..INSTRUMENT_AGE_MS).contains(&self.now.since_ms(i.fetched_at)))
            {
                Some(instrument) => self.listings.known.push(instrument),
                None => unknown.push(symbol),
            }
        }
        Ok(unknown)
    }

    fn take_instruments(&mut self, answers: Option<Vec<(Symbol, Result<Instrument, Fault>)>>) {
        let Some(answers) = answers else {
            self.listings.assumed = true;
            self.listings.known.clear();
            let text = "the recording has no exchangeInfo.json: all pairs are taken to be traded";
            return self.notes.warn("status_assumed", About::Run, text.to_owned());
        };
        let shared = shared_fault(&answers);
        if let Some(fault) = &shared {
            self.notes.fault(About::Run, fault);
        }
        for (symbol, answer) in answers {
            match answer {
                Ok(instrument) => {
                    self.listings.fetched.push(instrument.clone());
                    self.listings.known.push(instrument);
                }
                Err(fault) => {
                    if shared.is_none() {
                        self.notes.fault(About::Pair(&symbol), &fault);
                    }
                    self.listings.unknown.extend(matches!(fault, Fault::UnknownSymbol { .. }).then_some(symbol));
                }
            }
        }
    }

    /// Takes the pairs by the names they are traded under at this moment.
    pub(super) fn take_names_of_the_day(&mut self) {
        let mut symbols: Vec<Symbol> = Vec::new();
        for symbol in std::mem::take(&mut self.symbols) {
            let name = self.name_of_the_day(symbol);
            if !symbols.contains(&name) {
                symbols.push(name);
            }
        }
        self.symbols = symbols;
    }

    fn name_of_the_day(&mut self, symbol: Symbol) -> Symbol {
        if let Some(Rename { from, to, day, .. }) = renamed(&symbol, self.now) {
            let text = format!(
                "{from} was renamed to {to} on {day}, one for one: go on with {to}/{}; what is stored of {symbol} stays",
                symbol.quote()
            );
            self.notes.warn("symbol_renamed", About::Pair(&symbol), text);
        }
        let Some((old, rename)) = traded_as(&symbol, self.now) else { return symbol };
        let text = format!("traded as {old} until {}: that is used", rename.day);
        self.notes.warn("symbol_renamed", About::Pair(&symbol), text);
        old
    }
}

/// The fault that every one of several pairs met: it is told once. Pairs that are not known are told one by one.
fn shared_fault(answers: &[(Symbol, Result<Instrument, Fault>)]) -> Option<Fault> {
    let faults: Vec<&Fault> = answers.iter().map(|(_, answer)| answer.as_ref().err()).collect::<Option<_>>()?;
    let first = *faults.first()?;
    let same = faults.len() > 1 && faults.iter().all(|fault| fault.code() == first.code());
    (same && !matches!(first, Fault::UnknownSymbol { .. })).then(|| first.clone())
}

/// The exchange's clock less this machine's. The server's answer was made some time between `before` and `after`.
pub(in crate::command) fn offset(server: UtcMillis, before: UtcMillis, after: UtcMillis) -> i64 {
    server.since_ms(before.plus_ms(after.since_ms(before) / 2))
}

/// How far this machine's clock is off, in words, where it matters.
fn skew(server: UtcMillis, before: UtcMillis, after: UtcMillis) -> Option<String> {
    let there_and_back = after.since_ms(before);
    let offset = offset(server, before, after);
    let matters = offset.abs() > SKEW_MS + there_and_back / 2;
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let seconds = offset.abs() as f64 / 1000.0;
    let side = if offset > 0 { "behind" } else { "ahead of" };
    matters.then(|| format!("this machine's clock is {seconds:.1} s {side} the exchange's, whose is used"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_off_when_the_way_there_and_back_does_not_explain_it() {
        let at = UtcMillis::new(1_710_331_200_000);
        for (server, took, words) in [
            (0, 0, None),
            (5_000, 0, None),
            (5_001, 0, Some("5.0 s behind")),
            (-60_000, 0, Some("60.0 s ahead of")),
            (6_000, 4_000, None),
            (12_000, 4_000, Some("10.0 s behind")),
        ] {
            let told = skew(at.plus_ms(server), at, at.plus_ms(took));
            assert_eq!(told.is_some(), words.is_some(), "{server} ms after {took} ms: {told:?}");
            assert!(words.is_none_or(|words| told.is_some_and(|told| told.contains(words))), "{server}");
        }
    }
}
