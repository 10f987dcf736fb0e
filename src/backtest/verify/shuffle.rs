//! The same run over candles that chance has drawn: there is nothing to forecast in them, so there is nothing to earn.
//!
//! For each candle of a history another one is drawn, with replacement and for all pairs together, and set on the close
//! before it: the shapes are real, the order is not. Blocks are one candle long, since within longer ones what follows what
//! is kept, and a strategy may honestly live on that. And they are drawn with replacement since an order alone would end at
//! the price at which the history ended, which draws a price that strayed back to it.
//!
//! What does not go away is the mean: who holds a coin that rose in the history earns its mean return in every draw. So what
//! an account earns is told less the mean return of what it held, candle by candle: then nothing may be left on average,
//! whatever it holds and when. Coins that leave within a candle are counted to its end, since where a candle went after it had
//! met a stop is in its shape: real candles come back from their lows, and every stop would seem to lose.
//!
//! Each history is replayed twice, without halts: once without costs, so that no gain hides behind them, and once at the costs
//! of the pairs, where what is traded has to leave a loss of about these.

use super::trail::{Said, Trail};
use super::{Break, Check, Finding, Gauge, Subject, Uniform, Verified, below};
use crate::backtest::replay::{Rules, replay};
use crate::backtest::tape::Tape;
use crate::decision::Limits;
use crate::ledger::{Costs, Event, Fill, Terms, Unbalanced};
use crate::market::{Candle, Extras, Instrument, Series};
use crate::statistics::{mean, standard_deviation};
use crate::unit::{Bps, Symbol, UtcMillis, real};

/// How many histories are drawn.
const DRAWN: usize = 20;
/// How many standard errors above nothing are a leak: by luck that comes once in 270 times (t, 19 degrees of freedom).
const LEAK: f64 = 3.0;
/// Significant digits of the prices that are made.
const DIGITS: i32 = 12;

/// Replays the account over drawn histories, without costs and at those of the pairs.
pub(super) fn shuffle(subject: &Subject<'_>, uniform: &mut Uniform<'_>) -> Result<Verified, Unbalanced> {
    let (deck, rules) = (Deck::of(subject.tapes), without_halts(subject.rules));
    let (mut free, mut dear) = (Vec::new(), Vec::new());
    for _ in 0..DRAWN {
        let tapes = deck.draw(subject.tapes, uniform);
        let bars = (subject.read)(&tapes);
        let gain = |costs_of: &dyn Fn(&Tape) -> Costs| -> Result<Gain, Unbalanced> {
            let tapes: Vec<Tape> = tapes.iter().map(|tape| at_costs(tape, costs_of(tape))).collect();
            let mut trail = Trail::default();
            replay(&tapes, &bars, &rules, subject.span, &mut trail)?;
            Ok(Gain::of(&trail, &tapes, &deck))
        };
        free.push(gain(&|_| FREE())?);
        dear.push(gain(&|tape| costs_among(subject.tapes, tape))?);
    }
    Ok(judged(&free, &dear))
}

/// What gains come to: in a passed check nothing is left before costs, and a loss of about the costs after them.
fn judged(free: &[Gain], dear: &[Gain]) -> Verified {
    let check = Check::Shuffle;
    if mean_of(free, |gain| gain.traded) <= 0.0 {
        return Verified::skipped(check, "nothing was bought on drawn candles");
    }
    let before = Left::of(free, |gain| gain.earned);
    let after = Left::of(dear, |gain| gain.earned - gain.charged + gain.due);
    match (before, after) {
        (Some(before), Some(after)) => verdict(before, after, in_points(dear, |gain| gain.due)),
        _ => Verified::skipped(check, "what was bought on drawn candles earned the same in all of them"),
    }
}

/// What is left on average where nothing should be.
#[derive(Clone, Copy, Debug)]
struct Left {
    /// In standard errors.
    t: f64,
    /// In basis points of what is traded.
    points: f64,
}

impl Left {
    fn of(gains: &[Gain], left: impl Fn(&Gain) -> f64) -> Option<Self> {
        let all: Vec<f64> = gains.iter().map(&left).collect();
        let error = standard_deviation(&all)? / (all.len() as f64).sqrt();
        (error > 0.0).then(|| Self { t: mean_of(gains, &left) / error, points: in_points(gains, &left) })
    }
}

fn mean_of(gains: &[Gain], of: impl Fn(&Gain) -> f64) -> f64 {
    mean(&gains.iter().map(of).collect::<Vec<_>>()).unwrap_or_default()
}

/// In basis points of what is traded.
fn in_points(gains: &[Gain], of: impl Fn(&Gain) -> f64) -> f64 {
    1e4 * mean_of(gains, of) / mean_of(gains, |gain| gain.traded)
}

/// An account that chance has made lose goes on: the more it trades, the more is seen.
fn without_halts(rules: &Rules) -> Rules {
    let all = Bps::from_real(10_000.0);
    let limits = Limits { daily_loss: all, warning_drawdown: all, emergency_drawdown: all, ..rules.limits };
    Rules { limits, ..rules.clone() }
}

fn verdict(before: Left, after: Left, costs: f64) -> Verified {
    let (finding, text) = if let Some((left, text)) = leak(before, after) {
        let expected = format!("at most {LEAK} standard errors above nothing");
        let came = format!("{:.1} standard errors: {:.2} bps of what is traded", left.t, left.points);
        (Finding::Failed(Break { symbol: None, at: None, expected, came }), text.to_owned())
    } else {
        let (points, t, lost) = (before.points, before.t, costs - after.points);
        let text = format!(
            "on {DRAWN} histories drawn by chance, less the mean return of what it held, it earns {points:.2} bps of what it \
             trades (t {t:.1}) before costs, and loses {lost:.2} bps at costs of {costs:.2} bps"
        );
        (Finding::Passed, text)
    };
    let gauges = vec![
        Gauge::limited("t of what is earned", before.t, LEAK),
        Gauge::of("earned before costs, less the mean return of what was held, bps of what is traded", before.points),
        Gauge::limited("t of what is earned at costs, and these added to it", after.t, LEAK),
        Gauge::of(
            "earned at costs, less the mean return of what was held, bps of what is traded",
            after.points - costs,
        ),
        Gauge::of("costs of the pairs, bps of what is traded", costs),
    ];
    Verified { check: Check::Shuffle, finding, comparisons: 2 * DRAWN as u64, text, gauges }
}

/// What is left where nothing should be, if anything.
fn leak(before: Left, after: Left) -> Option<(Left, &'static str)> {
    if before.t > LEAK {
        Some((before, "it earns where there is nothing to earn: it knows candles that have not come"))
    } else if after.t > LEAK {
        Some((after, "it loses less than its costs where there is nothing to earn: they are not all charged"))
    } else {
        None
    }
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
        Tape::new(tape.symbol.clone(), without_steps(tape), vec![series]).ok()
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

/// No costs.
const FREE: fn() -> Costs = || {
    let free = Bps::from_real(0.0);
    Costs { fee: free, slippage: free, half_spread: free }
};

/// The costs of the pair of a tape among the real ones.
fn costs_among(real: &[Tape], drawn: &Tape) -> Costs {
    real.iter().find(|tape| tape.symbol == drawn.symbol).map_or_else(FREE, |tape| tape.terms.costs)
}

/// A tape at these costs.
fn at_costs(tape: &Tape, costs: Costs) -> Tape {
    tape.on_terms(Terms { costs, ..tape.terms.clone() })
}

/// Drawn prices may lie far from those that ticks and steps were made for.
fn without_steps(tape: &Tape) -> Terms {
    let steps = tape.terms.instrument.clone();
    let instrument = Instrument {
        tick_size: None,
        step_size: None,
        min_quantity: None,
        max_quantity: None,
        min_notional: None,
        ..steps
    };
    Terms { costs: FREE(), instrument, ..tape.terms.clone() }
}

/// What an account earned, as a share of itself at each moment, summed up.
#[derive(Clone, Copy, Debug, Default)]
struct Gain {
    /// From close to close and from the market's price of a fill to the close, less the mean returns of these.
    earned: f64,
    /// What was bought and sold.
    traded: f64,
    /// What that did cost: fees, spread and slippage.
    charged: f64,
    /// What it should cost on the terms of the pairs.
    due: f64,
}

impl Gain {
    fn of(trail: &Trail, tapes: &[Tape], deck: &Deck) -> Self {
        let mut account = Account::new(tapes, deck);
        let (mut gain, mut equity, mut traded) = (Self::default(), None, Self::default());
        for said in trail.said() {
            match said {
                Said::Happened(Event::Filled(fill)) => {
                    traded.add(fill, account.side(&fill.symbol));
                    account.fill(&fill.symbol, real(fill.coins()), real(fill.reference.get()));
                }
                Said::Stood(moment) => {
                    let earned = account.close(moment.now);
                    if let Some(before) = equity {
                        gain.earned += earned / before;
                        gain.traded += traded.traded / before;
                        gain.charged += traded.charged / before;
                        gain.due += traded.due / before;
                    }
                    (equity, traded) = (Some(moment.equity.real()), Self::default());
                }
                Said::Decided(..) | Said::Happened(_) => {}
            }
        }
        gain
    }

    /// Adds a fill, in money.
    fn add(&mut self, fill: &Fill, side: f64) {
        let notional = fill.notional.real();
        self.traded += notional;
        // What came and went, at the market's price.
        self.charged -= real(fill.coins()) * real(fill.reference.get()) + fill.money().real();
        self.due += notional * side;
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

    /// What one side costs of a pair, as a share of what is traded.
    fn side(&self, symbol: &Symbol) -> f64 {
        let pair = self.tapes.iter().find(|tape| tape.symbol == *symbol);
        pair.map_or(0.0, |tape| tape.terms.costs.round_trip() / 2.0)
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
    use crate::ledger::Side;
    use crate::ledger::samples::{self, NOON, btc, candle, coins, decimal, minute, terms};
    use crate::unit::{Money, Timeframe};

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
    fn more_than_three_standard_errors_are_a_leak_before_costs_and_after_them() {
        let left = |t: f64| Left { t, points: t };
        for (before, after, is_leak) in [(-9.0, -9.0, false), (3.0, 3.0, false), (3.01, 0.0, true), (0.0, 3.01, true)] {
            let found = verdict(left(before), left(after), 13.0).finding;
            assert_eq!(matches!(found, Finding::Failed(_)), is_leak, "{before} {after}");
        }
    }

    #[test]
    fn an_account_that_is_charged_less_than_its_costs_is_found_out() {
        // A hundred is traded in each history, and what is left of it besides costs is -0.1, 0 or 0.1, on average nothing.
        let gains = |charged: f64| -> Vec<Gain> {
            let earned = [-0.1, 0.0, 0.1, 0.0];
            earned.map(|earned| Gain { earned, traded: 100.0, charged, due: 0.13 }).to_vec()
        };
        let text = judged(&gains(0.0), &gains(0.13)).text;
        assert!(text.contains("loses 13.00 bps at costs of 13.00 bps"), "{text}");
        // The standard error is 0.0816 / √4.
        assert_close(
            "t",
            Left::of(&gains(0.0), |g| g.earned - g.charged + g.due).unwrap().t,
            0.13 / (0.02_f64 / 3.0 / 4.0).sqrt(),
        );
        assert!(matches!(judged(&gains(0.0), &gains(0.0)).finding, Finding::Failed(_)));
        assert!(matches!(judged(&gains(0.0), &gains(0.12)).finding, Finding::Passed));
    }

    #[test]
    fn what_a_fill_costs_is_what_is_gone_at_the_price_of_the_market() {
        let entry = samples::entry_of(&btc(), NOON, "2", samples::plan());
        let fill = |side, price: &str, fee: &str| Fill {
            side,
            reference: samples::price("100"),
            price: samples::price(price),
            notional: Money::new(decimal(price) * decimal("2")),
            fee: decimal(fee),
            ..samples::fill_of(&entry, &terms(), 1, NOON, samples::price(price), coins("2"))
        };
        // Two coins bought for 202, of which 0.01 are kept back: 1.99 are worth 199.
        let mut gain = Gain::default();
        gain.add(&fill(Side::Buy, "101", "0.01"), 0.001);
        assert_close("charged", gain.charged, 3.0);
        assert_close("due", gain.due, 0.202);
        // Two coins worth 200 sold for 198 less 0.2.
        gain.add(&fill(Side::Sell, "99", "0.2"), 0.001);
        assert_close("charged", gain.charged, 3.0 + 2.2);
        assert_close("traded", gain.traded, 400.0);
    }
}
