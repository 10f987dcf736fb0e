//! Looking ahead, three ways: candles that came later are taken away, told wrongly, or added at the end.
//!
//! At each of many moments a window is enough: the candles of a view, and as many later ones as hold what a reading could
//! steal. What reaches farther than the window is for the few replays of the whole history.

use super::tapes::{Stretch, cut, poisoned, poisoned_series};
use super::trail::{Compared, Said, Trail, compare, parting};
use super::{Break, Check, Finding, Subject, Uniform, Verified, below};
use crate::backtest::tape::Tape;
use crate::ledger::Unbalanced;
use crate::market::{Depth, Standing, View};
use crate::unit::{Timeframe, UtcMillis};

/// Candles after a cut that a reading could steal from.
const AHEAD: i64 = 240;
/// Moments before a cut from which an account is replayed to it.
const LED_UP: i64 = 240;
/// Days at which the whole history is cut, and at which it is poisoned.
const DAYS_CUT: usize = 4;
const DAYS_POISONED: usize = 2;

/// Without the candles that came later: the same readings, decisions, orders and equity.
pub(super) fn look_ahead(
    subject: &Subject<'_>,
    cuts: usize,
    uniform: &mut Uniform<'_>,
) -> Result<Verified, Unbalanced> {
    let mut tally = Tally::default();
    for at in subject.moments(cuts, uniform) {
        let (known, later) = (cut(subject.tapes, subject.window(at, 0)), cut(subject.tapes, subject.window(at, AHEAD)));
        let (then, now) = ((subject.read)(&known), (subject.read)(&later));
        tally.bars(compare((&known, &then), (&later, &now), at));
        let span = subject.led_up(at);
        let (short, long) = (subject.replayed(&known, &then, span)?, subject.replayed(&later, &now, span)?);
        tally.trails(short.said(), long.said());
        tally.places += 1;
    }
    let Tally { places, bars, said, .. } = tally;
    let passed = format!(
        "cut off at {places} moments drawn by chance, {bars} readings and {said} decisions, orders and balances are what they \
         are with {AHEAD} later candles"
    );
    let failed = "what was known at a moment changes with the candles that came after it";
    Ok(tally.verified(Check::LookAhead, (passed, failed)))
}

/// With everything later times a thousand: nothing before it changes, and a view holds none of it.
pub(super) fn poison(subject: &Subject<'_>, cuts: usize, uniform: &mut Uniform<'_>) -> Result<Verified, Unbalanced> {
    let mut tally = Tally::default();
    for at in subject.moments(cuts, uniform) {
        let later = cut(subject.tapes, subject.window(at, AHEAD));
        let poisoned = poisoned(&later, at);
        let (clean, worse) = ((subject.read)(&later), (subject.read)(&poisoned));
        tally.bars(compare((&later, &clean), (&poisoned, &worse), at));
        let span = subject.led_up(at);
        let (clean, worse) = (subject.replayed(&later, &clean, span)?, subject.replayed(&poisoned, &worse, span)?);
        tally.trails(clean.said(), worse.said());
        tally.views(&later, at, at.plus_ms(subject.rules.delay_ms));
        tally.places += 1;
    }
    for at in subject.days(DAYS_POISONED, uniform) {
        let poisoned = poisoned(subject.tapes, at);
        tally.whole(subject, &poisoned, at)?;
    }
    let Tally { places, bars, said, .. } = tally;
    let passed = format!(
        "with all prices and volumes from {places} moments on times a thousand, the candle under way among them, {bars} readings \
         and {said} decisions, orders and balances before them are the same"
    );
    let failed = "what was known before a moment changes with prices and volumes that came after it";
    Ok(tally.verified(Check::Poison, (passed, failed)))
}

/// With a longer end: everything before it as it was.
pub(super) fn extension(subject: &Subject<'_>, uniform: &mut Uniform<'_>) -> Result<Verified, Unbalanced> {
    let mut tally = Tally::default();
    for at in subject.days(DAYS_CUT, uniform) {
        let forever = UtcMillis::new(i64::MIN);
        let shorter = cut(subject.tapes, Stretch { begins: forever, walked: forever, ends: at });
        tally.whole(subject, &shorter, at)?;
        tally.places += 1;
    }
    let Tally { places, bars, said, .. } = tally;
    let passed = format!(
        "ended at {places} midnights drawn by chance, {bars} readings and {said} decisions, orders and balances are those of the \
         whole history"
    );
    let failed = "what happened before a midnight changes with the history that follows it";
    Ok(tally.verified(Check::Extension, (passed, failed)))
}

impl Subject<'_> {
    /// Moments drawn by chance, after each of which something came; none where there are fewer than two.
    fn moments(&self, count: usize, uniform: &mut Uniform<'_>) -> Vec<UtcMillis> {
        let (from, to) = self.span;
        let steps = usize::try_from(to.since_ms(from) / self.timeframe.ms()).unwrap_or_default();
        let mut draw = || i64::try_from(below(steps, uniform)).unwrap_or_default();
        let places = if steps == 0 { 0 } else { count };
        (0..places).map(|_| self.timeframe.step(from, draw())).collect()
    }

    /// Midnights within the span, drawn by chance, in order and none twice.
    fn days(&self, count: usize, uniform: &mut Uniform<'_>) -> Vec<UtcMillis> {
        let first = Timeframe::D1.floor(self.span.0);
        let days = usize::try_from(self.span.1.plus_ms(-1).since_ms(first) / Timeframe::D1.ms()).unwrap_or_default();
        let mut draw = || i64::try_from(1 + below(days, uniform)).unwrap_or_default();
        let places = if days == 0 { 0 } else { count };
        let mut drawn: Vec<UtcMillis> = (0..places).map(|_| Timeframe::D1.step(first, draw())).collect();
        drawn.sort_unstable();
        drawn.dedup();
        drawn
    }

    /// What a decision at a moment looks back to, and so many candles after it.
    fn window(&self, at: UtcMillis, ahead: i64) -> Stretch {
        let (walked, _) = self.led_up(at);
        Stretch { begins: self.timeframe.step(walked, -self.depth), walked, ends: self.timeframe.step(at, ahead) }
    }

    /// The moments before a cut that an account is replayed over.
    fn led_up(&self, at: UtcMillis) -> (UtcMillis, UtcMillis) {
        (self.timeframe.step(at, -LED_UP).max(self.span.0), at)
    }
}

/// What was compared so far.
#[derive(Debug, Default)]
struct Tally {
    places: u64,
    bars: u64,
    opinions: u64,
    said: u64,
    views: u64,
    broken: Option<Break>,
}

impl Tally {
    fn bars(&mut self, compared: Compared) {
        self.bars += compared.bars;
        self.opinions += compared.opinions;
        self.broken = self.broken.take().or(compared.parted);
    }

    fn trails(&mut self, expected: &[Said], came: &[Said]) {
        self.said += expected.len() as u64;
        self.broken = self.broken.take().or_else(|| parting(expected, came));
    }

    /// What of other tapes is known at an instant, held against the whole history.
    fn whole(&mut self, subject: &Subject<'_>, others: &[Tape], at: UtcMillis) -> Result<(), Unbalanced> {
        let bars = (subject.read)(others);
        self.bars(compare((others, &bars), (subject.tapes, &subject.bars), at));
        let trail: Trail = subject.replayed(others, &bars, (subject.span.0, at))?;
        self.trails(trail.said(), subject.trail.until(at.plus_ms(subject.rules.delay_ms)));
        Ok(())
    }

    /// A view at a moment holds nothing of the candle under way, nor of what came later.
    fn views(&mut self, tapes: &[Tape], at: UtcMillis, now: UtcMillis) {
        for tape in tapes {
            let view = |series| View::new(tape.symbol.clone(), now, Standing::Assumed, series, Depth::PLAIN);
            let series = tape.decided_on();
            let (clean, worse) = (view(series.clone()), view(poisoned_series(series, at)));
            self.views += 1;
            if self.broken.is_none() && clean.series() != worse.series() {
                let expected = "a view of closed candles".to_owned();
                let came = "one with a candle that was not closed".to_owned();
                self.broken = Some(Break { symbol: Some(tape.symbol.clone()), at: Some(at), expected, came });
            }
        }
    }

    fn verified(self, check: Check, (passed, failed): (String, &str)) -> Verified {
        if self.opinions == 0 {
            return Verified::skipped(check, "there was no opinion in that time that could be compared");
        }
        let comparisons = self.bars + self.said + self.views;
        let (finding, text) = match self.broken {
            None => (Finding::Passed, passed),
            Some(broken) => (Finding::Failed(broken), failed.to_owned()),
        };
        Verified { check, finding, comparisons, text, gauges: Vec::new() }
    }
}
