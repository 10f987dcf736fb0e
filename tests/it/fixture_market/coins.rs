//! Five invented coins and their candles, in seeds and whole numbers only: the same everywhere.
//!
//! Each coin follows a rail of waypoints with a sway around it, minute by minute; every coarser
//! candle is put together from those minutes. `Cargo.lock` fixes the sequence of each seed: should
//! a later `fastrand` draw other numbers, the recording is written anew.

use fastrand::Rng;

use super::{AFTER, END, MINUTE};

/// Hours of history: 210 days and the first half of the last one, so that it begins at midnight.
const HOURS: i64 = 210 * 24 + 12;

/// How one coin trades, and its path.
pub(super) struct Coin {
    pub(super) base: &'static str,
    pub(super) seed: u64,
    /// Decimal places of the tick size and of the lot size.
    pub(super) tick: u32,
    pub(super) lot: u32,
    /// The usual volume of a minute, and the clip in which it comes, in lots.
    pub(super) minute_volume: i64,
    pub(super) clip: i64,
    /// One minute of how many, on average, passes without a trade; 0 for none.
    pub(super) quiet: u64,
    /// The usual move of a minute, in millionths.
    pub(super) sway: i64,
    /// Hours before the clock, and the price in ticks.
    pub(super) rail: &'static [(i64, i64)],
}

pub(super) const COINS: [Coin; 5] = [
    // A strong rise over the 300 hours before the clock.
    Coin {
        base: "BTC",
        seed: 1,
        tick: 2,
        lot: 5,
        minute_volume: 800_000,
        clip: 1000,
        quiet: 0,
        sway: 260,
        rail: &[
            (HOURS, 7_120_000),
            (4100, 7_685_000),
            (3200, 6_890_000),
            (2100, 7_240_000),
            (1000, 6_810_000),
            (300, 7_010_000),
            (0, 8_460_000),
            // What comes after: an hour of rest, and a crash.
            (-1, 8_480_000),
            (-2, 7_780_000),
            (-AFTER, 7_800_000),
        ],
    },
    // Sideways, a little up.
    Coin {
        base: "ETH",
        seed: 2,
        tick: 2,
        lot: 4,
        minute_volume: 1_400_000,
        clip: 1000,
        quiet: 0,
        sway: 260,
        rail: &[
            (HOURS, 231_000),
            (4000, 268_500),
            (2900, 244_000),
            (1700, 251_500),
            (400, 246_000),
            (0, 249_500),
            (-AFTER, 250_000),
        ],
    },
    // A strong fall over the last 300 hours.
    Coin {
        base: "SOL",
        seed: 3,
        tick: 2,
        lot: 3,
        minute_volume: 2_600_000,
        clip: 1000,
        quiet: 0,
        sway: 520,
        rail: &[
            (HOURS, 10_450),
            (4300, 9_720),
            (3000, 11_900),
            (1500, 11_350),
            (300, 12_140),
            (36, 9_780),
            (0, 9_280),
            (-AFTER, 9_240),
        ],
    },
    // Sideways, a little down.
    Coin {
        base: "AVAX",
        seed: 4,
        tick: 3,
        lot: 2,
        minute_volume: 240_000,
        clip: 1000,
        quiet: 0,
        sway: 300,
        rail: &[
            (HOURS, 9_400),
            (4200, 13_150),
            (2800, 11_400),
            (1600, 12_300),
            (500, 11_950),
            (0, 11_800),
            (-AFTER, 11_800),
        ],
    },
    // Flat and thin: coarse ticks, and minutes without a trade.
    Coin {
        base: "POL",
        seed: 5,
        tick: 4,
        lot: 1,
        minute_volume: 60_000,
        clip: 1000,
        quiet: 12,
        sway: 330,
        rail: &[(HOURS, 1_180), (4400, 1_420), (3100, 1_290), (1900, 1_370), (600, 1_325), (0, 1_330), (-AFTER, 1_330)],
    },
];

/// A candle in whole numbers: prices in ticks, volumes in lots, quote volumes in ticks times lots.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candle {
    pub(super) open_time: i64,
    pub(super) open: i64,
    pub(super) high: i64,
    pub(super) low: i64,
    pub(super) close: i64,
    pub(super) volume: i64,
    pub(super) quote_volume: i64,
    pub(super) trades: i64,
    pub(super) taker_base: i64,
    pub(super) taker_quote: i64,
}

/// One coin minute by minute.
struct Walk<'a> {
    coin: &'a Coin,
    rng: Rng,
    open_time: i64,
    close: i64,
    hour_open: i64,
    /// The distance from the rail in 1024ths of a millionth.
    sway: i64,
}

impl<'a> Walk<'a> {
    fn new(coin: &'a Coin) -> Self {
        let close = coin.rail[0].1;
        Self {
            coin,
            rng: Rng::with_seed(coin.seed),
            open_time: END - HOURS * 60 * MINUTE,
            close,
            hour_open: close,
            sway: 0,
        }
    }

    /// All minutes of the rail, one leg after another.
    fn minutes(mut self) -> Vec<Candle> {
        let mut minutes = Vec::new();
        for leg in self.coin.rail.windows(2) {
            let ((from, start), (to, end)) = (leg[0], leg[1]);
            let length = (from - to) * 60;
            for passed in 1..=length {
                let rail = (start * (length - passed) + end * passed) * 1000 / length;
                minutes.push(self.minute(rail, (end - start).signum()));
            }
        }
        minutes
    }

    /// The next minute: it closes at the rail (in thousandths of a tick) plus the sway, which is
    /// drawn back to the rail within a few hours.
    fn minute(&mut self, rail: i64, trend: i64) -> Candle {
        let open_time = self.open_time;
        self.open_time += MINUTE;
        if open_time % (60 * MINUTE) == 0 {
            self.hour_open = self.close;
        }
        self.sway += self.coin.sway * (self.below(2048) - self.below(2048)) - self.sway / 256;
        if self.coin.quiet > 0 && self.rng.u64(..self.coin.quiet) == 0 {
            return Candle::flat(open_time, self.close);
        }
        let open = self.close + [-1, 0, 0, 0, 0, 0, 0, 1][self.rng.usize(..8)];
        self.close = (rail + rail * (self.sway / 1024) / 1_000_000 + 500) / 1000;
        let reach = self.coin.sway * self.close / 1_000_000 + 1;
        let high = open.max(self.close) + self.below(reach + 1);
        let low = open.min(self.close) - self.below(reach + 1);
        let flat = Candle::flat(open_time, open);
        let priced = Candle { high, low, close: self.close, ..flat };
        self.traded(priced, trend)
    }

    /// Gives a candle its trades: more of them on the trend's side of the hour's opening, and more
    /// bought than sold while the price rises.
    fn traded(&mut self, candle: Candle, trend: i64) -> Candle {
        let with_trend = (candle.close - self.hour_open).signum() == trend;
        let activity = (300 + self.below(700)) * if with_trend { 3 } else { 2 };
        let clips = (self.coin.minute_volume * activity / 1625 / self.coin.clip).max(2);
        let rise = (candle.close - candle.open).signum();
        let bought = clips * (50 + 12 * rise + self.below(31) - 15) / 100;
        let (volume, taker_base) = (clips * self.coin.clip, bought * self.coin.clip);
        let price = (candle.high + candle.low + candle.close) / 3;
        Candle {
            volume,
            quote_volume: volume * price,
            trades: 1 + clips * (20 + self.below(20)) / 30,
            taker_base,
            taker_quote: taker_base * price,
            ..candle
        }
    }

    /// A whole number from 0 and below `bound`.
    fn below(&mut self, bound: i64) -> i64 {
        self.rng.i64(0..bound)
    }
}

impl Candle {
    /// Nothing was traded.
    fn flat(open_time: i64, price: i64) -> Self {
        Self {
            open_time,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 0,
            quote_volume: 0,
            trades: 0,
            taker_base: 0,
            taker_quote: 0,
        }
    }

    /// One candle out of the finer ones it spans.
    fn merged(finer: &[Self]) -> Self {
        let after = |sum: Self, next: &Self| Self {
            open_time: sum.open_time,
            open: sum.open,
            high: sum.high.max(next.high),
            low: sum.low.min(next.low),
            close: next.close,
            volume: sum.volume + next.volume,
            quote_volume: sum.quote_volume + next.quote_volume,
            trades: sum.trades + next.trades,
            taker_base: sum.taker_base + next.taker_base,
            taker_quote: sum.taker_quote + next.taker_quote,
        };
        finer[1..].iter().fold(finer[0], after)
    }
}

/// Minutes of a candle, and how many of the newest candles are asked for; each finer than the next.
pub(super) type Want = (i64, usize);

/// The wanted candles of a coin, each kind put together from the one before it.
pub(super) fn candles<const N: usize>(coin: &Coin, wanted: [Want; N]) -> [Vec<Candle>; N] {
    let (mut finer, mut length) = (Walk::new(coin).minutes(), 1);
    wanted.map(|(minutes, rows)| {
        let factor = usize::try_from(minutes / length).expect("a whole number of finer candles");
        // The path begins at midnight, so whole chunks lie on the grid; an unfinished one is left out.
        finer = finer.chunks_exact(factor).map(Candle::merged).collect();
        length = minutes;
        finer[finer.len() - rows..].to_vec()
    })
}
