//! The small market recording in `fixtures/market`: invented coins in the exchange's wire form.
//!
//! `coins` makes the candles minute by minute, `wire` writes them down. The committed files must
//! hold exactly what is made here; they are written only when `TRADER_WRITE_FIXTURES` is set.

mod coins;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};

use coins::{COINS, Candle, Coin};

const MINUTE: i64 = 60_000;
const DAY: i64 = 1440 * MINUTE;
/// 2026-09-01T12:00:00Z: the end of the newest candle when the exchange was asked.
const END: i64 = 1_788_264_000_000;
/// Hours that the recording goes on after that.
const AFTER: i64 = 4;
/// The exchange's clock when it was asked: half a minute later.
const SERVER_TIME: i64 = END + 30_000;

/// Minutes of each interval, and how many of its newest candles are kept.
const KEPT: [(i64, usize); 6] = [(1, 300), (5, 108), (15, 76), (60, 424), (240, 221), (1440, 210)];
const NAMES: [&str; 6] = ["1m", "5m", "15m", "1h", "4h", "1d"];

/// One file of candles.
struct Table {
    coin: &'static Coin,
    minutes: i64,
    name: String,
    text: String,
}

/// The files of candles, made once for all tests: each coin's from the finest to the coarsest.
static TABLES: LazyLock<Vec<Table>> = LazyLock::new(|| COINS.iter().flat_map(tables).collect());

fn tables(coin: &'static Coin) -> impl Iterator<Item = Table> {
    let kinds = KEPT.into_iter().zip(NAMES);
    let all = kinds.zip(coins::candles(coin, KEPT));
    all.map(move |(((minutes, _), name), candles)| table(coin, minutes, name, &candles))
}

fn table(coin: &'static Coin, minutes: i64, interval: &str, candles: &[Candle]) -> Table {
    let day = |candle: Option<&Candle>| date(candle.expect("there are candles").open_time);
    let (first, last) = (day(candles.first()), day(candles.last()));
    let symbol = coin.symbol();
    let rows: String = candles.iter().map(|c| coin.row(c, minutes)).collect();
    Table {
        coin,
        minutes,
        name: format!("{symbol}-{interval}-{first}_{last}.csv.gz"),
        text: wire::HEADER.to_owned() + &rows,
    }
}

/// The day of an instant in 2026.
fn date(instant: i64) -> String {
    const NEW_YEAR: i64 = 1_767_225_600_000;
    let mut day = (instant - NEW_YEAR) / DAY;
    for (month, length) in (1..).zip([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) {
        if day < length {
            return format!("2026-{month:02}-{:02}", day + 1);
        }
        day -= length;
    }
    panic!("{instant} lies outside 2026")
}

/// Every file of the recording by name, with its text.
fn recording() -> BTreeMap<String, String> {
    let tables = TABLES.iter().map(|t| (t.name.clone(), t.text.clone()));
    let exchange = ("exchangeInfo.json".to_owned(), wire::exchange_info());
    tables.chain([exchange]).collect()
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/market")
}

fn is_packed(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|e| e == "gz")
}

fn committed_names() -> BTreeSet<String> {
    let entries = fs::read_dir(directory()).expect("the recording is there");
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    entries.map(|e| name(e.expect("an entry"))).collect()
}

fn committed_text(name: &str) -> String {
    let bytes = fs::read(directory().join(name)).expect("the file can be read");
    let mut text = String::new();
    if is_packed(name) {
        GzDecoder::new(bytes.as_slice()).read_to_string(&mut text)
    } else {
        bytes.as_slice().read_to_string(&mut text)
    }
    .unwrap_or_else(|error| panic!("{name}: {error}"));
    text
}

/// Without a time and a name inside, the same text gives the same bytes.
fn packed(text: &str) -> Vec<u8> {
    let mut gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    gzip.write_all(text.as_bytes()).expect("memory takes it");
    gzip.finish().expect("memory takes it")
}

fn write_recording() {
    fs::create_dir_all(directory()).expect("the directory can be made");
    for stale in committed_names() {
        fs::remove_file(directory().join(stale)).expect("an old file can be removed");
    }
    for (name, text) in recording() {
        let bytes = if is_packed(&name) { packed(&text) } else { text.into_bytes() };
        fs::write(directory().join(name), bytes).expect("the file can be written");
    }
}

#[test]
fn the_committed_recording_is_exactly_what_the_seeds_give() {
    if std::env::var_os("TRADER_WRITE_FIXTURES").is_some() {
        write_recording();
    }
    let made = recording();
    let names: BTreeSet<_> = made.keys().cloned().collect();
    assert_eq!(committed_names(), names);
    for (name, text) in made {
        assert!(committed_text(&name) == text, "{name} differs; to write it anew, set TRADER_WRITE_FIXTURES=1");
    }
}

/// A row read back from its text: decimals in 10^-8.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Row {
    open_time: i64,
    open: i64,
    high: i64,
    low: i64,
    close: i64,
    close_time: i64,
    /// Volume, quote volume, trades, taker's base and quote volume: what adds up.
    sums: [i64; 5],
}

impl Row {
    /// `None` where a column is missing, is too much, or is not written as the exchange does.
    fn read(line: &str) -> Option<Self> {
        let columns: Vec<&str> = line.split(',').collect();
        let &[open_time, open, high, low, close, volume, close_time, quote, trades, taker, taker_quote, "0"] =
            columns.as_slice()
        else {
            return None;
        };
        Some(Self {
            open_time: open_time.parse().ok()?,
            open: eight_decimals(open)?,
            high: eight_decimals(high)?,
            low: eight_decimals(low)?,
            close: eight_decimals(close)?,
            close_time: close_time.parse().ok()?,
            sums: [
                eight_decimals(volume)?,
                eight_decimals(quote)?,
                trades.parse().ok()?,
                eight_decimals(taker)?,
                eight_decimals(taker_quote)?,
            ],
        })
    }

    /// The rules of the exchange that the row breaks.
    fn faults(&self, table: &Table) -> Vec<&'static str> {
        let Self { open_time, open, high, low, close, close_time, sums } = *self;
        let [volume, quote, trades, taker, taker_quote] = sums;
        let length = table.minutes * MINUTE;
        let (tick, lot) = (step(table.coin.tick), step(table.coin.lot));
        let between = |part: i64, whole: i64| (0..=whole).contains(&part);
        // Volumes times prices are in 10^-16, and so is the quote volume when it is stretched.
        let worth = |price: i64| i128::from(volume) * i128::from(price);
        let paid = i128::from(quote) * 100_000_000;
        let rules = [
            ("opens on the grid", open_time % length == 0),
            ("closes a millisecond before the next", close_time == open_time + length - 1),
            ("prices are positive", low > 0),
            ("prices lie on ticks", [open, high, low, close].iter().all(|p| p % tick == 0)),
            ("the high is highest", high >= open.max(close)),
            ("the low is lowest", low <= open.min(close)),
            ("volumes lie on lots", volume % lot == 0 && taker % lot == 0),
            ("takers bought a part", between(taker, volume) && between(taker_quote, quote)),
            ("the money fits the prices", (worth(low)..=worth(high)).contains(&paid)),
            ("no trade, no volume, no range", trades > 0 || (trades, volume, high - low) == (0, 0, 0)),
        ];
        rules.into_iter().filter(|(_, kept)| !kept).map(|(rule, _)| rule).collect()
    }
}

/// One unit of the last of `places` decimals, in 10^-8.
fn step(places: u32) -> i64 {
    10_i64.pow(8 - places)
}

fn eight_decimals(text: &str) -> Option<i64> {
    let (whole, decimals) = text.split_once('.')?;
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let plain = !whole.is_empty() && decimals.len() == 8 && digits(whole) && digits(decimals);
    plain.then(|| format!("{whole}{decimals}").parse().ok())?
}

fn rows(table: &Table) -> Vec<Row> {
    let lines = table.text.lines().skip(1);
    lines.map(|line| Row::read(line).unwrap_or_else(|| panic!("{}: {line}", table.name))).collect()
}

#[test]
fn every_row_keeps_the_rules_of_the_exchange() {
    assert_eq!(TABLES.len(), COINS.len() * KEPT.len());
    for (table, (minutes, count)) in TABLES.iter().zip(KEPT.into_iter().cycle()) {
        let (name, rows) = (&table.name, rows(table));
        for row in &rows {
            assert_eq!(row.faults(table), Vec::<&str>::new(), "{name}: {row:?}");
        }
        let length = minutes * MINUTE;
        assert!(rows.windows(2).all(|w| w[1].open_time == w[0].open_time + length), "{name}");
        let newest = rows.last().map(|row| row.close_time + 1);
        let end = END + AFTER * 60 * MINUTE;
        assert_eq!((rows.len(), newest), (count, Some(end / length * length)), "{name}");
    }
}

#[test]
fn a_broken_row_is_noticed() {
    let table = &TABLES[3];
    let good = rows(table)[0];
    assert_eq!(good.faults(table), Vec::<&str>::new());
    let [volume, quote, trades, taker, taker_quote] = good.sums;
    let sums = |sums| Row { sums, ..good };
    for (row, fault) in [
        (Row { open_time: good.open_time + 1, ..good }, "opens on the grid"),
        (Row { close_time: good.close_time + 1, ..good }, "closes a millisecond before the next"),
        (Row { low: 0, ..good }, "prices are positive"),
        (Row { open: good.open + 1, ..good }, "prices lie on ticks"),
        (Row { high: good.low, ..good }, "the high is highest"),
        (Row { low: good.high, ..good }, "the low is lowest"),
        (sums([volume + 1, quote, trades, taker, taker_quote]), "volumes lie on lots"),
        (sums([volume, quote, trades, volume * 2, taker_quote]), "takers bought a part"),
        (sums([volume, quote * 2, trades, taker, taker_quote]), "the money fits the prices"),
        (sums([volume, quote, 0, taker, taker_quote]), "no trade, no volume, no range"),
    ] {
        assert!(row.faults(table).contains(&fault), "{fault}: {row:?}");
    }
    for line in ["", "1,2,3", "1,1.0,1.0,1.0,1.0,1.0,2,1.0,1,1.0,1.0,0"] {
        assert_eq!(Row::read(line), None, "{line}");
    }
}

/// What finer rows come to; they follow each other without a gap.
fn aggregate(finer: &[Row]) -> Row {
    let (first, last) = (finer[0], finer[finer.len() - 1]);
    let sum = |i: usize| finer.iter().map(|row| row.sums[i]).sum();
    Row {
        open: first.open,
        high: finer.iter().map(|row| row.high).max().expect("there are rows"),
        low: finer.iter().map(|row| row.low).min().expect("there are rows"),
        close: last.close,
        open_time: first.open_time,
        close_time: last.close_time,
        sums: [0, 1, 2, 3, 4].map(sum),
    }
}

/// How many coarse rows are wholly covered by finer ones; each must be their aggregate.
fn agreeing(coarse: &Table, finer: &Table) -> usize {
    let finer_rows = rows(finer);
    let covers = |row: &Row| -> Vec<Row> {
        let inside = |f: &&Row| row.open_time <= f.open_time && f.close_time <= row.close_time;
        finer_rows.iter().filter(inside).copied().collect()
    };
    let whole = usize::try_from(coarse.minutes / finer.minutes).expect("a coarser candle is longer");
    let pairs = rows(coarse).into_iter().map(|row| (row, covers(&row)));
    let covered: Vec<_> = pairs.filter(|(_, inside)| inside.len() == whole).collect();
    for (row, inside) in &covered {
        assert_eq!(*row, aggregate(inside), "{} of {}", coarse.name, finer.name);
    }
    covered.len()
}

#[test]
fn a_coarser_candle_is_exactly_the_sum_of_the_finer_ones() {
    for series in TABLES.chunks(KEPT.len()) {
        let counts: Vec<Vec<usize>> = (1..series.len())
            .map(|coarse| (0..coarse).map(|finer| agreeing(&series[coarse], &series[finer])).collect())
            .collect();
        // From the row counts: 5m of 1m; 15m of 1m, 5m; and so on to 1d of 1m, 5m, 15m, 1h, 4h.
        let expected: [&[usize]; 5] = [&[60], &[20, 36], &[5, 9, 19], &[1, 2, 4, 106], &[0, 0, 0, 17, 36]];
        assert_eq!(counts, expected, "{}", series[0].coin.symbol());
    }
}

#[test]
fn the_coins_end_in_their_regimes() {
    for (series, (least, most)) in TABLES.chunks(KEPT.len()).zip([(17, 25), (0, 5), (-25, -17), (-5, 0), (-3, 3)]) {
        let hours = rows(&series[3]);
        let asked = hours.len() - 1 - usize::try_from(AFTER).expect("a few hours");
        let (before, now) = (hours[asked - 300].close, hours[asked].close);
        let percent = (now - before) * 100 / before;
        assert!((least..=most).contains(&percent), "{}: {percent} %", series[3].name);
    }
}
