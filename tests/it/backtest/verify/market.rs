//! Markets made by chance, and what is examined on them.

use trader::backtest::{Bar, Check, Finding, Reader, Rules, Subject, Tape, Verified, bars};
use trader::command::rules;
use trader::ledger::Terms;
use trader::market::{Candle, Extras, Instrument, Series, View};
use trader::settings::{Flags, Paths, Settings};
use trader::unit::{Symbol, Timeframe, UtcMillis};

/// A Monday, 2024-01-01 00:00:00 UTC.
pub(super) const START: UtcMillis = UtcMillis::new(1_704_067_200_000);

/// Good random numbers (Steele, Lea & Flood, *`SplitMix`*, 2014).
pub(super) fn chance(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// What a candle tells of the next one, by its volume: above this the next one rises, in a market that tells.
pub(super) const TELLING: f64 = 1000.0;

/// How a market moves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Moves {
    /// Nothing says anything of what follows.
    ByChance,
    /// The volume of each candle says whether the next one rises, and nothing of later ones.
    AsVolumeTold,
    /// The same, and it goes on telling the same until midnight.
    AsVolumeToldForADay,
}

/// Hourly candles that move by about a hundredth.
fn series(count: i64, moves: Moves, uniform: &mut impl FnMut() -> f64) -> Series {
    let (mut close, mut told_rise) = (100.0_f64, true);
    let mut next = |hour: i64| {
        let gauss = (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
        let step = if moves == Moves::ByChance {
            0.01 * gauss
        } else {
            0.01 * gauss.abs() * if told_rise { 1.0 } else { -1.0 }
        };
        let open = close;
        close = ((open * step.exp()) * 1e6).round() / 1e6;
        let (high, low) = (open.max(close) * (1.0 + 0.004 * uniform()), open.min(close) * (1.0 - 0.004 * uniform()));
        let says_more = moves != Moves::AsVolumeToldForADay || hour % 24 == 23;
        told_rise = if says_more { uniform() < 0.5 } else { told_rise };
        let volume = if told_rise { TELLING + 500.0 } else { TELLING - 500.0 };
        let extras = Extras { quote_volume: 1e8, trades: 1000, taker_buy_base: 0.0 };
        Candle::from_parts(Timeframe::H1.step(START, hour), [open, high, low, close], volume, Some(extras)).unwrap()
    };
    Series::new(Timeframe::H1, (0..count).map(&mut next).collect()).unwrap()
}

/// A market of two pairs with settings of their own.
pub(super) struct Scene {
    pub(super) settings: Settings,
    pub(super) tapes: Vec<Tape>,
    rules: Rules,
    /// Candles that a view holds at least.
    depth: usize,
}

impl Scene {
    pub(super) fn new(candles: i64, moves: Moves) -> Self {
        Self::seeded(7, candles, moves)
    }

    pub(super) fn seeded(seed: u64, candles: i64, moves: Moves) -> Self {
        let flags = Flags { db: Some("none.db".into()), ..Flags::default() };
        let settings = Settings::load(&flags, &[], &Paths::default()).unwrap();
        let mut uniform = chance(seed);
        let mut tape = |name: &str| {
            let symbol: Symbol = name.parse().unwrap();
            let instrument = Instrument::assumed(symbol.clone(), START);
            let trading = &settings.trading;
            let terms = Terms { costs: trading.costs(&symbol), participation: trading.participation, instrument };
            Tape::new(symbol, terms, vec![series(candles, moves, &mut uniform)]).unwrap()
        };
        let tapes = vec![tape("BTC/USDT"), tape("ETH/USDT")];
        let rules = rules(&settings, 0);
        Self { settings, tapes, rules, depth: View::CANDLES }
    }

    /// One pair, looked at as if views held no more than what the analyst needs at least: quicker to read.
    pub(super) fn shallow(mut self) -> Self {
        self.tapes.truncate(1);
        Self { depth: self.settings.strategy.policy.warm_up, ..self }
    }

    /// Of each pair, how many candles there are.
    pub(super) fn candles(&self) -> usize {
        self.tapes[0].decided_on().candles().len()
    }

    /// What the analyst of the settings reads.
    pub(super) fn honest(&self, tapes: &[Tape]) -> Vec<Vec<Bar>> {
        let (strategy, atr) = (&self.settings.strategy, self.settings.trading.atr_timeframe);
        tapes.iter().map(|tape| bars(tape, &strategy.analyst, atr, strategy.policy.gap_window)).collect()
    }

    /// The strongest bars for buying and for selling that the analyst ever has.
    pub(super) fn strongest(&self) -> (Bar, Bar) {
        let all = self.honest(&self.tapes).concat();
        let score = |bar: &&Bar| bar.score().unwrap();
        let ready = || all.iter().filter(|bar| bar.score().is_some() && bar.candles() > 500);
        (*ready().max_by_key(score).unwrap(), *ready().min_by_key(score).unwrap())
    }

    fn subject<'a>(&'a self, read: &'a Reader<'a>) -> Subject<'a> {
        let to = Timeframe::H1.step(START, i64::try_from(self.candles()).unwrap());
        let from = Timeframe::H1.step(START, i64::try_from(self.depth).unwrap());
        Subject::new(&self.tapes, &self.rules, (read, self.depth), (from, to)).unwrap().unwrap()
    }

    /// What one check finds.
    pub(super) fn one(&self, read: &Reader<'_>, check: Check, cuts: usize) -> Verified {
        self.subject(read).check(check, cuts, &mut chance(check as u64 + 1)).unwrap()
    }

    /// What the checks find.
    pub(super) fn verified(&self, read: &Reader<'_>, cuts: usize) -> Vec<Verified> {
        let subject = self.subject(read);
        let one = |check: Check| subject.check(check, cuts, &mut chance(check as u64 + 1)).unwrap();
        Check::ALL.into_iter().filter(|check| *check != Check::LiveParity).map(one).collect()
    }

    /// The names of the checks that fail.
    pub(super) fn failing(&self, read: &Reader<'_>, cuts: usize) -> Vec<&'static str> {
        let failed = |v: &Verified| matches!(v.finding, Finding::Failed(_)).then(|| v.check.name());
        self.verified(read, cuts).iter().filter_map(failed).collect()
    }
}
