//! Candles from thin air: a whole-number function of symbol and instant, so that any range can be
//! served for any clock and two servers always agree. The open of a candle is the close of the one
//! before it in every interval, as on a real market.

use serde_json::{Value, json};

const MINUTE: i64 = 60_000;

/// Milliseconds of an interval as it is written on the wire.
pub(crate) fn interval_ms(interval: &str) -> Option<i64> {
    let minutes = match interval {
        "1m" => 1,
        "5m" => 5,
        "15m" => 15,
        "1h" => 60,
        "4h" => 240,
        "1d" => 1440,
        _ => return None,
    };
    Some(minutes * MINUTE)
}

/// A fall of a price: by so many thousandths within so many minutes from an instant on.
#[derive(Clone, Copy)]
pub(crate) struct Fall {
    pub(crate) from: i64,
    pub(crate) minutes: i64,
    pub(crate) permille: i64,
}

impl Fall {
    /// What is left of a price at an instant.
    fn leaves(self, price: i64, at: i64) -> i64 {
        let passed = (at - self.from).div_euclid(MINUTE).clamp(0, self.minutes);
        price - price * self.permille * passed / (1000 * self.minutes)
    }
}

/// One kline row in the exchange's twelve columns. A revised candle closes higher and traded more.
pub(crate) fn row(symbol: &str, open_time: i64, step: i64, revised: bool, fall: Option<Fall>) -> Value {
    let [open, close] = [open_time, open_time + step].map(|at| fallen(symbol, at, fall));
    let bump = if revised { close / 500 + 1 } else { 0 };
    let close = close + bump;
    let noise = hash(seed(symbol), open_time ^ step);
    let wick = within(noise, close / 2000 + 1) + 1;
    let volume = 100_000 + within(noise >> 9, 900_000) * (step / MINUTE) + bump;
    let taker = volume * (30 + within(noise >> 17, 40)) / 100;
    let middle = i64::midpoint(open, close);
    json!([
        open_time,
        decimal(open, 2),
        decimal(open.max(close) + wick, 2),
        decimal(open.min(close) - wick, 2),
        decimal(close, 2),
        decimal(volume, 5),
        open_time + step - 1,
        decimal(volume * middle / 100, 5),
        50 + within(noise >> 23, 5_000),
        decimal(taker, 5),
        decimal(taker * middle / 100, 5),
        "0"
    ])
}

/// The bid and ask of a symbol at an instant as the exchange writes them: the close of the newest whole minute, and one
/// tick above it.
pub(crate) fn quote(symbol: &str, at: i64, fall: Option<Fall>) -> [String; 2] {
    let bid = fallen(symbol, at.div_euclid(MINUTE) * MINUTE, fall);
    [bid, bid + 1].map(|price| decimal(price, 2))
}

fn fallen(symbol: &str, at: i64, fall: Option<Fall>) -> i64 {
    let price = price(symbol, at);
    fall.map_or(price, |fall| fall.leaves(price, at))
}

/// The price in hundredths at an instant: three triangle waves and a little noise around a level
/// of the symbol's own.
fn price(symbol: &str, at: i64) -> i64 {
    let seed = seed(symbol);
    let level = 100_000 + within(seed, 5_000_000);
    let minute = at.div_euclid(MINUTE);
    let waves = wave(seed, minute, 40_000, 120_000)
        + wave(seed >> 7, minute, 5_000, 40_000)
        + wave(seed >> 13, minute, 700, 12_000);
    let noise = within(hash(seed, minute), 2_000) - 1_000;
    level * (1_000_000 + waves + noise) / 1_000_000
}

/// A triangle of the given period between −height and +height (millionths).
fn wave(phase: u64, minute: i64, period: i64, height: i64) -> i64 {
    let x = (minute + within(phase, period)).rem_euclid(period);
    (4 * x - 2 * period).abs() * height / period - height
}

/// A whole number below `bound`, made from the given bits.
fn within(bits: u64, bound: i64) -> i64 {
    let bound = u64::try_from(bound).expect("a bound is positive");
    i64::try_from(bits % bound).expect("a remainder is smaller than its bound")
}

fn seed(symbol: &str) -> u64 {
    symbol.bytes().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

/// `SplitMix64`: the neighbouring minutes of one symbol get unrelated bits.
fn hash(seed: u64, at: i64) -> u64 {
    let mut z = seed.wrapping_add(at.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Units of 10^-places as the exchange writes them: always eight decimals.
fn decimal(units: i64, places: u32) -> String {
    let one = 10_i64.pow(places);
    let eight = 10_i64.pow(8 - places);
    format!("{}.{:08}", units / one, units % one * eight)
}

#[test]
fn a_quote_lies_at_the_newest_close() {
    let noon = 1_788_264_000_000;
    let newest = row("BTCUSDT", noon - 60 * MINUTE, 60 * MINUTE, false, None);
    for at in [noon, noon + 30_000, noon + MINUTE - 1] {
        let [bid, ask] = quote("BTCUSDT", at, None);
        assert_eq!(newest[4], bid);
        assert!(ask.parse::<f64>().ok() > bid.parse::<f64>().ok());
    }
}

#[test]
fn a_generated_candle_is_sane_and_joins_its_neighbour() {
    let number = |row: &Value, i: usize| row[i].as_str().and_then(|t| t.parse::<f64>().ok());
    for (n, step) in (0..500).flat_map(|n| [(n, MINUTE), (n, 60 * MINUTE)]) {
        let open_time = 1_788_220_800_000 + n * step;
        let (this, next) =
            (row("BTCUSDT", open_time, step, false, None), row("BTCUSDT", open_time + step, step, false, None));
        let (open, high, low, close) = (number(&this, 1), number(&this, 2), number(&this, 3), number(&this, 4));
        assert!(low > Some(0.0) && low < open && low < close && high > open && high > close);
        assert!(number(&this, 9) < number(&this, 5), "taker volume is part of the volume");
        assert_eq!(this[4], next[1], "a close is the next open");
    }
}

#[test]
fn a_fall_takes_its_share_in_its_minutes_and_leaves_the_rest() {
    let fall = Fall { from: 1_788_264_000_000, minutes: 20, permille: 100 };
    for (minute, left) in [(-1, 5_000), (0, 5_000), (10, 4_750), (20, 4_500), (500, 4_500)] {
        assert_eq!(fall.leaves(5_000, fall.from + minute * MINUTE), left, "{minute}");
    }
}
