//! The same run over candles that chance has drawn: there is nothing to forecast in them, so there is nothing to earn.
//!
//! For each candle of a history another one is drawn, with replacement and for all pairs together, and set on the close
//! before it: the shapes are real, the order is not. Blocks are one candle long, since within longer ones what follows what
//! is kept, and a strategy may honestly live on that. And they are drawn with replacement since an order alone would end at
//! the price at which the history ended, which draws a price that strayed back to it.
//!
//! What does not go away is the mean: who holds a coin that rose in the history earns its mean return in every draw. So what
//! an account earns is told less the mean return of what it held, candle by candle. And there are no costs in these runs,
//! so that no gain hides behind them: on average nothing may be left. What an account that knows the next candle has left
//! is far from it.

use super::trail::{Said, Trail};
use super::{Break, Check, Finding, Measure, Subject, Uniform, Verified};
use crate::backtest::tape::Tape;
use crate::ledger::{Costs, Event, Terms, Unbalanced};
use crate::market::{Candle, Extras, Instrument, Series};
use crate::statistics::{mean, standard_deviation};
use crate::unit::{Bps, Symbol, UtcMillis, real};

use super::below;

/// How many histories are drawn.
const DRAWN: usize = 20;
/// How many standard errors above nothing are a leak: by luck that comes once in 270 times (t, 19 degrees of freedom).
const LEAK: f64 = 3.0;
/// Significant digits of the prices that are made.
const DIGITS: i32 = 12;

/// Replays the account over drawn histories, without costs.
pub(super) fn shuffle(subject: &Subject<'_>, uniform: &mut Uniform<'_>) -> Result<Verified, Unbalanced> {
    let check = Check::Shuffle;
    let deck = Deck::of(subject.tapes);
    let (mut earned, mut traded) = (Vec::new(), Vec::new());
    for _ in 0..DRAWN {
        let tapes = deck.draw(subject.tapes, uniform);
        let bars = (subject.read)(&tapes);
        let gain = Gain::of(&subject.replayed(&tapes, &bars, subject.span)?, &tapes, &deck);
        earned.push(gain.earned);
        traded.push(gain.traded);
    }
    let (Some(left), Some(turnover)) = (mean(&earned), mean(&traded).filter(|turnover| *turnover > 0.0)) else {
        return Ok(Verified::skipped(check, "nothing was bought on drawn candles"));
    };
    let Some(error) = standard_deviation(&earned).map(|s| s / (DRAWN as f64).sqrt()).filter(|error| *error > 0.0) else {
        return Ok(Verified::skipped(check, "what was bought on drawn candles earned the same in all of them"));
    };
    Ok(verdict(left / error, 1e4 * left / turnover))
}

fn verdict(t: f64, points: f64) -> Verified {
    let expected = format!("at most {LEAK} standard errors above nothing");
    let came = format!("{t:.1} standard errors: {points:.2} bps of what is traded");
    let (finding, text) = if t > LEAK {
        let broken = Break { symbol: None, at: None, expected, came };
        (Finding::Failed(broken), "it earns where there is nothing to earn: it knows candles that have not come".to_owned())
    } else {
        let text = format!(
            "on {DRAWN} histories drawn by chance, before costs and less the mean return of what it held, it earns {points:.2} bps \
             of what it trades (t {t:.1})"
        );
        (Finding::Passed, text)
    };
    let measures = vec![
        Measure::limited("t of what is earned", t, LEAK),
        Measure::of("earned before costs, less the mean return of what was held, bps of what is traded", points),
    ];
    Verified { check: Check::Shuffle, finding, comparisons: DRAWN as u64, text, measures }
}

/// The shapes of all candles, to be drawn from.
struct Deck {
    /// All opening times of all pairs, in order, none twice.
    times: Vec<UtcMillis>,
    /// Of each pair, its mean return from close to close.
    means: Vec<f64>,
}

impl Deck {
    fn of(tapes: &[Tape]) -> Self {
        let mut times: Vec<UtcMillis> = tapes.iter().flat_map(candles).map(Candle::open_time).collect();
        times.sort_unstable();
        times.dedup();
        let returns = |tape: &Tape| -> Vec<f64> {
            (0..candles(tape).len()).map(|i| candles(tape)[i].close() / before(tape, i) - 1.0).collect()
        };
        Self { times, means: tapes.iter().map(|tape| mean(&returns(tape)).unwrap_or_default()).collect() }
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
    let instrument =
        Instrument { tick_size: None, step_size: None, min_quantity: None, max_quantity: None, min_notional: None, ..steps };
    Terms { costs: Costs { fee: free, slippage: free, half_spread: free }, instrument, ..tape.terms.clone() }
}

/// What an account earned, as a share of itself at each moment, summed up.
#[derive(Clone, Copy, Debug, Default)]
struct Gain {
    /// Less the mean return of what it held.
    earned: f64,
    /// What was bought and sold.
    traded: f64,
}

impl Gain {
    fn of(trail: &Trail, tapes: &[Tape], deck: &Deck) -> Self {
        let mut account = Account { tapes, deck, coins: vec![0.0; tapes.len()], closes: vec![0; tapes.len()] };
        let mut gain = Self::default();
        let (mut equity, mut due, mut volume) = (None, account.due(None), 0.0);
        for said in trail.said() {
            match said {
                Said::Happened(Event::Filled(fill)) => {
                    volume += fill.notional.real();
                    account.fill(&fill.symbol, real(fill.coins()));
                }
                Said::Stood(moment) => {
                    let held = account.due(None);
                    if let Some(before) = equity {
                        // What is held for a part of a candle only is taken to have been due the more of both.
                        let mean: f64 = due.iter().zip(&held).map(|(a, b): (&f64, &f64)| a.max(*b)).sum();
                        gain.earned += (moment.equity.real() - before - mean) / before;
                        gain.traded += volume / before;
                    }
                    (equity, volume) = (Some(moment.equity.real()), 0.0);
                    due = account.due(Some(moment.now));
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
    coins: Vec<f64>,
    /// Of each pair, the candles that have ended.
    closes: Vec<usize>,
}

impl Account<'_> {
    fn fill(&mut self, symbol: &Symbol, coins: f64) {
        if let Some(k) = self.tapes.iter().position(|tape| tape.symbol == *symbol) {
            self.coins[k] += coins;
        }
    }

    /// The mean return of the coins of each pair over a candle, in money, at the newest closes; at an instant, or at the same
    /// closes as before.
    fn due(&mut self, now: Option<UtcMillis>) -> Vec<f64> {
        let mut one = |k: usize| {
            let candles = candles(&self.tapes[k]);
            let timeframe = self.tapes[k].decided_on().timeframe();
            while let Some(now) = now
                && candles.get(self.closes[k]).is_some_and(|c| timeframe.step(c.open_time(), 1) <= now)
            {
                self.closes[k] += 1;
            }
            let close = self.closes[k].checked_sub(1).map_or(0.0, |newest| candles[newest].close());
            self.coins[k].max(0.0) * close * self.deck.means[k]
        };
        (0..self.tapes.len()).map(&mut one).collect()
    }
}
