//! Files as the exchange's archive has them, made of the loopback exchange's candles.

use std::io::{Cursor, Write};

use sha2::{Digest, Sha256};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{backfill, one_series};
use crate::exchange_server::{Exchange, gzip};
use crate::world::{Run, World};

/// The columns of an archive file; the last two are never looked at.
const COLUMNS: &str = "open_time || ',' || printf('%.8f,%.8f,%.8f,%.8f,%.8f,', open, high, low, close, volume) \
     || (open_time + 3599999) || printf(',%.8f,%d,%.8f,0.00000000,0', quote_volume, trades, taker_buy_base)";

/// The exchange's hourly candles as rows of an archive file.
pub(super) fn rows(exchange: &Exchange, from: i64, to: i64) -> Vec<String> {
    let world = one_series(exchange);
    backfill(&world, from, to).expect(0);
    exchange.forget_requests();
    world.query(&format!("SELECT {COLUMNS} FROM price_data ORDER BY open_time")).concat()
}

/// Rows as the text of a file.
pub(super) fn text(rows: &[String]) -> String {
    rows.iter().fold(String::new(), |text, row| text + row + "\n")
}

/// The same rows with their times in microseconds, as in the archive since 2025.
pub(super) fn in_microseconds(rows: &[String]) -> Vec<String> {
    let finer = |(n, field): (usize, &str)| match n {
        0 => format!("{field}000"),
        6 => format!("{field}999"),
        _ => field.to_owned(),
    };
    rows.iter().map(|row| row.split(',').enumerate().map(finer).collect::<Vec<_>>().join(",")).collect()
}

/// A row with one of its columns replaced.
pub(super) fn edited(row: &str, column: usize, value: &str) -> String {
    let mut fields: Vec<_> = row.split(',').collect();
    fields[column] = value;
    fields.join(",")
}

/// A zip with these files in it.
pub(super) fn zipped(files: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// What `sha256sum` writes about a file.
pub(super) fn checksum(bytes: &[u8], name: &str) -> String {
    let hex = Sha256::digest(bytes).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    format!("{hex}  {name}\n")
}

/// Puts a file into the world.
pub(super) fn put(world: &World, name: &str, bytes: impl AsRef<[u8]>) {
    std::fs::write(world.path(name), bytes).unwrap();
}

/// Imports files of the world.
pub(super) fn import(world: &World, names: &[&str]) -> Run {
    world.run(&[&["import"], names].concat())
}

/// What an import counted.
pub(super) fn tally(run: &Run) -> [i64; 5] {
    let json = run.json();
    ["added", "revised", "unchanged", "not_believed", "bad"].map(|key| json[key].as_i64().expect("a count"))
}

/// The rows in each wrapping and spelling that an archive file comes in.
pub(super) fn every_form(rows: &[String]) -> Vec<(&'static str, Vec<u8>)> {
    let plain = text(rows);
    let header = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n";
    vec![
        ("BTCUSDT-1h-2024-01.csv", plain.clone().into()),
        ("BTCUSDT-1h-2024-01.csv.gz", gzip(plain.as_bytes())),
        ("BTCUSDT-1h-2024-01.zip", zipped(&[("BTCUSDT-1h-2024-01.csv", &plain)])),
        ("BTCUSDT-1h-microseconds.csv", text(&in_microseconds(rows)).into()),
        ("BTCUSDT-1h-microseconds.csv.gz", gzip(text(&in_microseconds(rows)).as_bytes())),
        ("BTCUSDT-1h-headed.csv", format!("{header}{plain}").into()),
        ("BTCUSDT-1h-commented.csv", format!("# a remark\n{header}{plain}").into()),
        ("BTCUSDT-1h-windows.csv", plain.replace('\n', "\r\n").into()),
        ("BTCUSDT-1h-endless.csv", plain.trim_end().into()),
        ("BTCUSDT-1h.csv", plain.into()),
    ]
}
