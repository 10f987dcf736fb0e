//! The same run over candles that chance has drawn: there is nothing to forecast in them, so there is nothing to earn.
//!
//! For each candle of a history another one is drawn, with replacement and for all pairs together, and set on the close
//! before it: the shapes are real, the order is not. Blocks are one candle long, since within longer ones what follows what
//! is kept, and a strategy may honestly live on that. And they are drawn with replacement since an order alone would end at
//! the price at which the history ended, which draws a price that strayed back to it.
//!
//! What does not go away is the mean: who holds a coin that rose in the history earns its mean return in every draw. So what
//! an account earns is told less the mean return of what it held, candle by candle: then nothing may be left on average,
//! whatever it holds and when. There are no costs in these runs, so that no gain hides behind them, and no halts. And coins that leave
//! within a candle are counted to its end, since where a candle went after it had met a stop is in its shape: real candles
//! come back from their lows, and every stop would seem to lose.

use super::trail::{Said, Trail};
use super::{Break, Check, Finding, Gauge, Subject, Uniform, Verified, below};
use crate::backtest::replay::{Rules, replay};
use crate::backtest::tape::Tape;
use crate::decision::Limits;
use crate::ledger::{Costs, Event, Terms, Unbalanced};
use crate::market::{Candle, Extras, Instrument, Series};
use crate::statistics::{mean, standard_deviation};
use crate::unit::{Bps, Symbol, UtcMillis, real};

/// How many histories are drawn.
const DRAWN: usize = 20;
/// How many standard errors above nothing are a leak: by luck that comes once in 270 times (t, 19 degrees of freedom).
const LEAK: f64 = 3.0;
/// Significant digits of the prices that are made.
const DIGITS: i32 = 12;

/// Replays the account over drawn histories, without costs.
pub(super) fn shuffle(subject: &Subject<'_>, uniform: &mut Uniform<'_>) -> Result<Verified, Unbalanced> {
    let check = Check::Shuffle;
    let (deck, rules) = (Deck::of(subject.tapes), without_halts(subject.rules));
    let (mut earned, mut traded) = (Vec::new(), Vec::new());
    for _ in 0..DRAWN {
        let tapes = deck.draw(subject.tapes, uniform);
        let bars = (subject.read)(&tapes);
        let mut trail = Trail::default();
        replay(&tapes, &bars, &rules, subject.span, &mut trail)?;
        let gain = Gain::of(&trail, &tapes, &deck);
        earned.push(gain.earned);
        traded.push(gain.traded);
    }
    let (Some(left), Some(turnover)) = (mean(&earned), mean(&traded).filter(|turnover| *turnover > 0.0)) else {
        return Ok(Verified::skipped(check, "nothing was bought on drawn candles"));
    };
    let Some(error) = standard_deviation(&earned).map(|s| s / (DRAWN as f64).sqrt()).filter(|error| *error > 0.0)
    else {
        return Ok(Verified::skipped(check, "what was bought on drawn candles earned the same in all of them"));
    };
    Ok(verdict(left / error, 1e4 * left / turnover))
}

/// An account that chance has made lose goes on: the more it trades, the more is seen.
fn without_halts(rules: &Rules) -> Rules {
    let all = Bps::from_real(10_000.0);
    let limits = Limits { daily_loss: all, warning_drawdown: all, emergency_drawdown: all, ..rules.limits };
    Rules { limits, ..rules.clone() }
}

fn verdict(t: f64, points: f64) -> Verified {
    let expected = format!("at most {LEAK} standard errors above nothing");
    let came = format!("{t:.1} standard errors: {points:.2} bps of what is traded");
    let (finding, text) = if t > LEAK {
        let broken = Break { symbol: None, at: None, expected, came };
        (
            Finding::Failed(broken),
            "it earns where there is nothing to earn: it knows candles that have not come".to_owned(),
        )
    } else {
        let text = format!(
            "on {DRAWN} histories drawn by chance, before costs and less the mean return of what it held, it earns {points:.2} bps \
             of what it trades (t {t:.1})"
        );
        (Finding::Passed, text)
    };
    let gauges = vec![
        Gauge::limited("t of what is earned", t, LEAK),
        Gauge::of("earned before costs, less the mean return of what was held, bps of what is traded", points),
    ];
    Verified { check: Check::Shuffle, finding, comparisons: DRAWN as u64, text, gauges }
}

/// The shapes of all candles, to be drawn from.
struct Deck {
    /// All opening times of all pairs, in order, none twice.
    times: Vec<UtcMillis>,
    /// Of each pair.
    means: Vec<Means>,
}

/// Mean returns of the candles of a pair.
#[derive(Clone, Copy, Debug)]
struct Means {
    /// From the close before.
    from_close: f64,
    /// From the open.
    from_open: f64,
}

impl Deck {
    fn of(tapes: &[Tape]) -> Self {
        let mut times: Vec<UtcMillis> = tapes.iter().flat_map(candles).map(Candle::open_time).collect();
        times.sort_unstable();
        times.dedup();
        Self { times, means: tapes.iter().map(Means::of).collect() }
    }

    /// A history drawn by chance: of every pair, as many candles at the same times.
    fn draw(&self, tapes: &[Tape], uniform: &mut Uniform<'_>) -> Vec<Tape> {
        let drawn: Vec<UtcMillis> = self.times.iter().map(|_| self.times[below(self.times.len(), uniform)]).collect();
        tapes.iter().filter_map(|tape| self.draw_pair(tape, &drawn, uniform)).collect()
    }

    fn draw_pair(&self, tape: &Tape, drawn: &[UtcMillis], uniform: &mut Uniform<'_>) -> Option<Tape> {
        let old = candles(tape);
        let (mut close, mut place) = (before(tape, 0), 0);
        let mut next = |candle: &Candle| {
            place += self.times[place..].partition_point(|time| *time < candle.open_time());
            let there = old.binary_search_by_key(&drawn[place], Candle::open_time);
            // Where the pair was not there yet, or not any more, another of its own candles.
            let i = there.unwrap_or_else(|_| below(old.len(), uniform));
            let made = placed(&old[i], candle.open_time(), close / before(tape, i));
            close = made.close();
            made
        };
        let series = Series::new(tape.decided_on().timeframe(), old.iter().map(&mut next).collect()).ok()?;
        Tape::new(tape.symbol.clone(), without_costs(tape), vec![series]).ok()
    }
}

impl Means {
    fn of(tape: &Tape) -> Self {
        let all = candles(tape).iter().enumerate();
        let (from_close, from_open): (Vec<f64>, Vec<f64>) =
            all.map(|(i, c)| (c.close() / before(tape, i) - 1.0, c.close() / c.open() - 1.0)).unzip();
        Self { from_close: mean(&from_close).unwrap_or_default(), from_open: mean(&from_open).unwrap_or_default() }
    }
}

fn candles(tape: &Tape) -> &[Candle] {
    tape.decided_on().candles()
}

/// The price that a candle came from: the close before it, or its own open where it is the first.
fn before(tape: &Tape, i: usize) -> f64 {
    i.checked_sub(1).map_or_else(|| candles(tape)[0].open(), |i| candles(tape)[i].close())
}

/// A candle's shape at another time and price; as much money is traded in it as was.
fn placed(candle: &Candle, at: UtcMillis, factor: f64) -> Candle {
    let prices = [candle.open(), candle.high(), candle.low(), candle.close()].map(|price| rounded(price * factor));
    let extras = candle.extras().map(|extras| Extras { taker_buy_base: extras.taker_buy_base / factor, ..extras });
    // Multiplying and rounding keep the order of prices.
    Candle::from_parts(at, prices, candle.volume() / factor, extras).unwrap_or(*candle)
}

fn rounded(price: f64) -> f64 {
    #[expect(clippy::cast_possible_truncation, reason = "the exponent of a price")]
    let scale = 10.0_f64.powi(DIGITS - price.log10().floor() as i32);
    (price * scale).round() / scale
}

fn without_costs(tape: &Tape) -> Terms {
    let free = Bps::from_real(0.0);
    let steps = tape.terms.instrument.clone();
    // Drawn prices may lie far from those that ticks and steps were made for.
    let instrument = Instrument {
        tick_size: None,
        step_size: None,
        min_quantity: None,
        max_quantity: None,
        min_notional: None,
        ..steps
    };
    Terms { costs: Costs { fee: free, slippage: free, half_spread: free }, instrument, ..tape.terms.clone() }
}

/// What an account earned, as a share of itself at each moment, summed up.
#[derive(Clone, Copy, Debug, Default)]
struct Gain {
    /// From close to close and from fill to close, less the mean returns of these.
    earned: f64,
    /// What was bought and sold.
    traded: f64,
}

impl Gain {
    fn of(trail: &Trail, tapes: &[Tape], deck: &Deck) -> Self {
        let mut account = Account::new(tapes, deck);
        let (mut gain, mut equity, mut volume) = (Self::default(), None, 0.0);
        for said in trail.said() {
            match said {
                Said::Happened(Event::Filled(fill)) => {
                    volume += fill.notional.real();
                    account.fill(&fill.symbol, real(fill.coins()), real(fill.price.get()));
                }
                Said::Stood(moment) => {
                    let earned = account.close(moment.now);
                    if let Some(before) = equity {
                        gain.earned += earned / before;
                        gain.traded += volume / before;
                    }
                    (equity, volume) = (Some(moment.equity.real()), 0.0);
                }
                Said::Decided(..) | Said::Happened(_) => {}
            }
        }
        gain
    }
}

/// The coins of an account on its way.
struct Account<'a> {
    tapes: &'a [Tape],
    deck: &'a Deck,
    held: Vec<Held>,
}

/// The coins of a pair.
#[derive(Clone, Debug, Default)]
struct Held {
    /// At the last moment, and now.
    before: f64,
    now: f64,
    /// What was bought since: coins, and what they cost in money.
    bought: (f64, f64),
    /// Candles that have ended.
    ended: usize,
}

impl<'a> Account<'a> {
    fn new(tapes: &'a [Tape], deck: &'a Deck) -> Self {
        Self { tapes, deck, held: vec![Held::default(); tapes.len()] }
    }

    fn fill(&mut self, symbol: &Symbol, coins: f64, price: f64) {
        let Some(held) = self.tapes.iter().position(|tape| tape.symbol == *symbol).map(|k| &mut self.held[k]) else {
            return;
        };
        held.now += coins;
        if coins > 0.0 {
            held.bought = (held.bought.0 + coins, held.bought.1 + coins * price);
        }
    }

    /// What the candles that have ended since the last moment brought more than their mean.
    fn close(&mut self, now: UtcMillis) -> f64 {
        let pairs = self.tapes.iter().zip(&self.deck.means).zip(&mut self.held);
        pairs.map(|((tape, means), held)| held.close(tape, *means, now)).sum()
    }
}

impl Held {
    fn close(&mut self, tape: &Tape, means: Means, now: UtcMillis) -> f64 {
        let (candles, timeframe) = (candles(tape), tape.decided_on().timeframe());
        let mut earned = 0.0;
        while let Some(candle) = candles.get(self.ended)
            && timeframe.step(candle.open_time(), 1) <= now
        {
            let from = before(tape, self.ended);
            earned += self.before * (candle.close() - from * (1.0 + means.from_close));
            earned += self.bought.0 * candle.close() - self.bought.1 * (1.0 + means.from_open);
            self.bought = (0.0, 0.0);
            self.ended += 1;
        }
        self.before = self.now.max(0.0);
        earned
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::samples::{assert_close, chance};
    use crate::ledger::samples::{btc, candle, minute, terms};
    use crate::unit::Timeframe;

    /// Minutes that open at one price and close at another, after a gap of a tenth each.
    fn tape(moves: &[f64]) -> Tape {
        let mut close = 100.0;
        let mut made = Vec::new();
        for (n, step) in (0..).zip(moves) {
            let open = close * 1.1;
            close = open * (1.0 + step);
            made.push(candle(minute(n), [open, open.max(close), open.min(close), close], 1e6));
        }
        Tape::new(btc(), terms(), vec![Series::new(Timeframe::M1, made).unwrap()]).unwrap()
    }

    #[test]
    fn the_means_are_those_of_the_candles_that_are_drawn() {
        let tapes = [tape(&[0.1, -0.1, 0.3])];
        let means = Deck::of(&tapes).means[0];
        assert_close("from the open", means.from_open, 0.1);
        // The first one comes from its own open.
        assert_close("from the close", means.from_close, (0.1 + (1.1 * 0.9 - 1.0) + (1.1 * 1.3 - 1.0)) / 3.0);
    }

    #[test]
    fn drawn_candles_have_the_shapes_of_real_ones_at_the_times_of_the_others_and_no_costs() {
        let tapes = [tape(&[0.1, -0.1, 0.3, -0.2, 0.05])];
        let drawn = Deck::of(&tapes).draw(&tapes, &mut chance(3)).remove(0);
        let (old, new) = (candles(&tapes[0]), candles(&drawn));
        assert_eq!(
            new.iter().map(Candle::open_time).collect::<Vec<_>>(),
            old.iter().map(Candle::open_time).collect::<Vec<_>>()
        );
        let share = |c: &Candle| c.close() / c.open();
        for (i, made) in new.iter().enumerate() {
            assert!(old.iter().any(|real| (share(real) - share(made)).abs() < 1e-9), "{i}: {made:?}");
            assert_close("as much money", made.extras().unwrap().quote_volume, 1e6);
        }
        assert_close("free", drawn.terms.costs.round_trip(), 0.0);
    }

    #[test]
    fn who_only_holds_has_on_average_nothing_left() {
        let tapes = [tape(&[0.02, -0.03, 0.01, 0.05, -0.04, 0.0, -0.1, 0.08, 0.03, -0.02])];
        let (deck, mut uniform) = (Deck::of(&tapes), chance(5));
        let mut earned = || {
            let drawn = deck.draw(&tapes, &mut uniform);
            let mut account = Account::new(&drawn, &deck);
            account.fill(&btc(), 1.0, candles(&drawn[0])[0].open());
            let bought_for = std::iter::once(candles(&drawn[0])[0].open());
            let worth = bought_for.chain(candles(&drawn[0]).iter().map(Candle::close));
            let shares = (1..=10).zip(worth).map(|(n, worth)| account.close(minute(n)) / worth);
            shares.sum::<f64>()
        };
        let all: Vec<f64> = (0..4000).map(|_| earned()).collect();
        let error = standard_deviation(&all).unwrap() / 4000.0_f64.sqrt();
        assert!(mean(&all).unwrap().abs() < 3.5 * error, "{:?} ± {error}", mean(&all));
    }

    #[test]
    fn more_than_three_standard_errors_are_a_leak() {
        for (t, is_leak) in [(-9.0, false), (3.0, false), (3.01, true)] {
            assert_eq!(matches!(verdict(t, t).finding, Finding::Failed(_)), is_leak, "{t}");
        }
    }
}
