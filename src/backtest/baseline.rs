//! What anybody could have done: the simple courses that a result is held against, over the same moments and at the same costs.
//!
//! Each pair has a slot with its part of the money, which waits in cash until the pair begins and never leaves the slot. A rule
//! sees the closes up to a moment and trades at the newest one, so that what it does begins to earn and to cost at the next
//! moment: it cannot know more than was known. What is held at the end is marked, not sold, as in the account itself.

use super::course::{Course, Growth, Market, midnights};
use crate::statistics::PeriodsPerYear;
use crate::unit::Symbol;

/// Daily closes in the average that timing goes by (Faber, 2007, took ten months).
const AVERAGED_DAYS: usize = 200;
/// Days in the channel that breakouts are measured by (Donchian).
const CHANNEL_DAYS: usize = 20;
/// The volatility of a year that is aimed at.
const TARGET: f64 = 0.25;
/// The hours after which a return counts half in the volatility.
const HALF_LIFE_HOURS: f64 = 72.0;
/// The largest share in coins: nothing is borrowed.
const CAP: f64 = 1.0;
/// The share of the weight by which a new one must differ until anything is traded.
const BAND: f64 = 0.2;
const HOURS_OF_DAY: f64 = 24.0;
const DAYS_OF_WEEK: usize = 7;

/// What anybody could have done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Yardstick {
    /// Nothing.
    Cash,
    /// Everything into this pair with its first close, and never again anything.
    Hold(Symbol),
    /// The same of all pairs at equal parts, which are not made equal again.
    EqualWeight,
    /// In each slot, as much as makes a volatility of 25 % a year, at most everything: from the exponentially weighted mean
    /// square of returns with a half-life of 72 hours, once that many are known; traded when the weight differs by more than
    /// a fifth of what it is. The honest opponent: most that looks like skill is lower risk.
    VolatilityTarget,
    /// In each slot, everything while the daily close is above the mean of the last 200, itself included; judged at midnight
    /// UTC, and cash before there are as many.
    Average200,
    /// In each slot, everything from a daily close above all of the 20 before until one below all of the 20 before; judged at
    /// midnight UTC.
    Channel20,
    /// In each slot, the same amount each week from its first close on, so that the last week spends the last of it.
    Weekly,
}

impl Yardstick {
    /// Its name.
    pub fn name(&self) -> String {
        match self {
            Self::Cash => "cash".to_owned(),
            Self::Hold(pair) => format!("hold {pair}"),
            Self::EqualWeight => "hold all, equal parts".to_owned(),
            Self::VolatilityTarget => "hold at 25 % volatility".to_owned(),
            Self::Average200 => "200-day average".to_owned(),
            Self::Channel20 => "20-day channel".to_owned(),
            Self::Weekly => "buy weekly".to_owned(),
        }
    }

    /// All of them for a market, in the order in which they are told.
    pub fn all(market: &Market) -> Vec<Self> {
        let holds = market.pairs.iter().cloned().map(Self::Hold);
        let others = [Self::EqualWeight, Self::VolatilityTarget, Self::Average200, Self::Channel20, Self::Weekly];
        std::iter::once(Self::Cash).chain(holds).chain(others).collect()
    }
}

/// The course of a yardstick.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// What it does.
    pub yardstick: Yardstick,
    /// Its equity: what was put in, then one value for each moment of the course.
    pub equity: Vec<f64>,
    /// What it grew by.
    pub growth: Growth,
}

/// What each of them would have made of the money that the course began with.
///
/// `earlier` are daily closes of each pair before the first moment, the oldest first, so that averages and channels need not
/// wait; without them, they stand aside until they have seen enough.
pub fn baselines(course: &Course, market: &Market, earlier: &[Vec<f64>]) -> Vec<Baseline> {
    let start = course.equity.first().copied().unwrap_or_default();
    let stage = Stage { market, earlier, is_midnight: midnights(&course.moments, market.bars_per_day) };
    let told = |yardstick: Yardstick| {
        let equity = stage.play(&yardstick, start);
        let growth = Growth::of(&equity, &course.moments, market);
        Baseline { yardstick, equity, growth }
    };
    Yardstick::all(market).into_iter().map(told).collect()
}

/// Where they play.
struct Stage<'a> {
    market: &'a Market,
    earlier: &'a [Vec<f64>],
    is_midnight: Vec<bool>,
}

impl Stage<'_> {
    /// The equity of one.
    fn play(&self, yardstick: &Yardstick, start: f64) -> Vec<f64> {
        let mut equity = vec![start; self.is_midnight.len() + 1];
        let playing: Vec<usize> = match yardstick {
            Yardstick::Cash => return equity,
            Yardstick::Hold(pair) => (0..self.market.pairs.len()).filter(|k| self.market.pairs[*k] == *pair).collect(),
            _ => (0..self.market.pairs.len()).collect(),
        };
        if playing.is_empty() {
            return equity;
        }
        let part = start / playing.len() as f64;
        equity[1..].fill(0.0);
        for k in playing {
            self.play_slot(yardstick, k, part, &mut equity[1..]);
        }
        equity
    }

    /// Adds the worth of a slot at each moment.
    fn play_slot(&self, yardstick: &Yardstick, k: usize, start: f64, equity: &mut [f64]) {
        let cost = self.market.costs.get(k).copied().unwrap_or_default();
        let mut slot = Slot { cash: start, coins: 0.0, cost };
        let closes = self.market.closes.get(k).map_or(&[][..], Vec::as_slice);
        let mut mind = self.mind(yardstick, k, closes, start);
        for (moment, sum) in equity.iter_mut().enumerate() {
            let Some(close) = closes.get(moment).copied().flatten() else {
                *sum += slot.cash;
                continue;
            };
            *sum += slot.worth(close);
            match mind.order(close, self.is_midnight[moment], slot.weight(close)) {
                Some(Order::Weight(weight)) => slot.weigh(weight, close),
                Some(Order::Spend(money)) => slot.spend(money, close),
                None => {}
            }
        }
    }

    fn mind(&self, yardstick: &Yardstick, k: usize, closes: &[Option<f64>], start: f64) -> Mind {
        let days = self.earlier.get(k).cloned().unwrap_or_default();
        match yardstick {
            Yardstick::Cash | Yardstick::Hold(_) | Yardstick::EqualWeight => Mind::Holding { is_in: false },
            Yardstick::VolatilityTarget => Mind::Targeting(Volatility::of(self.market)),
            Yardstick::Average200 => Mind::Averaging { days },
            Yardstick::Channel20 => Mind::Breaking { days },
            Yardstick::Weekly => Mind::Saving(Saving::new(start, closes, self.market.bars_per_day)),
        }
    }
}

/// What a rule wants.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Order {
    /// This share of the slot in coins.
    Weight(f64),
    /// So much money for coins.
    Spend(f64),
}

/// The money of a pair.
struct Slot {
    cash: f64,
    coins: f64,
    cost: f64,
}

impl Slot {
    fn worth(&self, close: f64) -> f64 {
        self.cash + self.coins * close
    }

    fn weight(&self, close: f64) -> f64 {
        self.coins * close / self.worth(close)
    }

    fn weigh(&mut self, weight: f64, close: f64) {
        let (held, wanted) = (self.coins * close, weight * self.worth(close));
        if wanted >= held {
            self.spend(wanted - held, close);
        } else {
            self.cash += (held - wanted) * (1.0 - self.cost);
            self.coins *= wanted / held;
        }
    }

    fn spend(&mut self, money: f64, close: f64) {
        let money = money.min(self.cash);
        self.cash -= money;
        self.coins += money * (1.0 - self.cost) / close;
    }
}

/// What a rule keeps in mind of a slot.
enum Mind {
    Holding { is_in: bool },
    Targeting(Volatility),
    Averaging { days: Vec<f64> },
    Breaking { days: Vec<f64> },
    Saving(Saving),
}

impl Mind {
    /// What it wants at a close, with this share of the slot in coins.
    fn order(&mut self, close: f64, is_midnight: bool, weight: f64) -> Option<Order> {
        match self {
            Self::Holding { is_in } => (!std::mem::replace(is_in, true)).then_some(Order::Weight(1.0)),
            Self::Targeting(volatility) => volatility.target(close).and_then(|target| beyond_band(target, weight)),
            Self::Averaging { days } => {
                is_midnight.then(|| average(days, close)).flatten().and_then(|up| turn(up, weight))
            }
            Self::Breaking { days } => {
                is_midnight.then(|| breakout(days, close)).flatten().and_then(|up| turn(up, weight))
            }
            Self::Saving(saving) => saving.next(),
        }
    }
}

fn beyond_band(target: f64, weight: f64) -> Option<Order> {
    ((target - weight).abs() > BAND * weight).then_some(Order::Weight(target))
}

/// All in or all out, unless it is so already.
fn turn(up: bool, weight: f64) -> Option<Order> {
    (up != (weight > 0.0)).then_some(Order::Weight(if up { 1.0 } else { 0.0 }))
}

/// Takes in a daily close: whether it is above the average; none before there are enough.
fn average(days: &mut Vec<f64>, close: f64) -> Option<bool> {
    days.push(close);
    let last = days.len().checked_sub(AVERAGED_DAYS).map(|from| &days[from..])?;
    Some(close > last.iter().sum::<f64>() / AVERAGED_DAYS as f64)
}

/// Takes in a daily close: whether it left the channel of those before upwards or downwards; none while it is inside, and
/// before there are enough.
fn breakout(days: &mut Vec<f64>, close: f64) -> Option<bool> {
    let channel = days.len().checked_sub(CHANNEL_DAYS).map(|from| &days[from..]);
    let highest = channel.map(|channel| channel.iter().copied().fold(f64::MIN, f64::max));
    let lowest = channel.map(|channel| channel.iter().copied().fold(f64::MAX, f64::min));
    days.push(close);
    if close > highest? { Some(true) } else { (close < lowest?).then_some(false) }
}

/// The exponentially weighted mean square of returns.
struct Volatility {
    keep: f64,
    per_year: PeriodsPerYear,
    needed: f64,
    seen: f64,
    square: f64,
    last: Option<f64>,
}

impl Volatility {
    fn of(market: &Market) -> Self {
        let half_life = HALF_LIFE_HOURS * market.bars_per_day as f64 / HOURS_OF_DAY;
        let keep = 0.5_f64.powf(1.0 / half_life);
        Self { keep, per_year: market.per_year, needed: half_life, seen: 0.0, square: 0.0, last: None }
    }

    /// Takes in a close: the share that makes the volatility aimed at; none before enough returns are known.
    fn target(&mut self, close: f64) -> Option<f64> {
        let r = close / self.last.replace(close)? - 1.0;
        self.square = if self.seen > 0.0 { self.keep * self.square + (1.0 - self.keep) * r * r } else { r * r };
        self.seen += 1.0;
        let yearly = (self.square * self.per_year.value()).sqrt();
        (self.seen >= self.needed).then(|| (TARGET / yearly).min(CAP))
    }
}

/// Equal amounts, one each week.
struct Saving {
    amount: f64,
    moments: usize,
    of_week: usize,
}

impl Saving {
    fn new(start: f64, closes: &[Option<f64>], bars_per_day: usize) -> Self {
        let of_week = DAYS_OF_WEEK * bars_per_day.max(1);
        let moments = closes.iter().skip_while(|close| close.is_none()).count();
        Self { amount: start / moments.div_ceil(of_week).max(1) as f64, moments: 0, of_week }
    }

    fn next(&mut self) -> Option<Order> {
        let is_due = self.moments.is_multiple_of(self.of_week);
        self.moments += 1;
        is_due.then_some(Order::Spend(self.amount))
    }
}

#[cfg(test)]
mod tests;
