//! Exports: the same rows as in the database, with real types, whole or not at all.

use std::fs::File;

use parquet::basic::LogicalType;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

use super::played;
use crate::world::World;

fn export(world: &World, flags: &[&str]) -> crate::world::Run {
    world.run(&[&["db", "export"], flags].concat())
}

#[test]
fn csv_holds_every_row_once_in_order_with_instants_as_people_write_them() {
    let world = played();
    let flags = [
        "--topic",
        "candles",
        "--symbol",
        "BTC/USDT",
        "--timeframe",
        "1d",
        "--since",
        "2026-08-30",
        "--until",
        "2026-09-01",
    ];
    let told = export(&world, &[&flags[..], &["--format", "csv", "--out", "days.csv"]].concat()).expect(0).json();
    let text = std::fs::read_to_string(world.path("days.csv")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "symbol,timeframe,source,open_time,open,high,low,close,volume,quote_volume,trades,taker_buy_base"
    );
    // The same day as in the README.
    assert_eq!(
        lines[2],
        "BTC/USDT,1d,replay,2026-08-31T00:00:00Z,82871.52,84118.11,82786.84,83941.02,11553.63,965037518.0821,1144757,5854.9"
    );
    assert_eq!((lines.len(), &told["rows"], told["bytes"].as_u64()), (3, &2.into(), Some(text.len() as u64)));
    for (topic, table) in [
        ("candles", "price_data"),
        ("decisions", "trading_decisions"),
        ("signals", "agent_signals"),
        ("indicators", "technical_indicators"),
        ("runs", "runs"),
        ("orders", "orders"),
        ("fills", "fills"),
        ("trades", "trades"),
        ("equity", "portfolio_state"),
        ("forecasts", "forecasts"),
        ("outcomes", "outcomes"),
    ] {
        let (csv, parquet) = (format!("{topic}.csv"), format!("{topic}.parquet"));
        let rows: u64 = world.value(&format!("SELECT count(*) FROM {table}")).parse().unwrap();
        for (format, file) in [("csv", &csv), ("parquet", &parquet)] {
            let told = export(&world, &["--table", topic, "--format", format, "--out", file]).expect(0).json();
            assert_eq!(told["rows"], rows, "{topic}");
        }
        let file = SerializedFileReader::new(File::open(world.path(&parquet)).unwrap()).unwrap();
        let read = file.metadata().file_metadata().num_rows();
        assert_eq!(u64::try_from(read).unwrap(), rows, "{topic}");
    }
}

#[test]
fn parquet_holds_the_same_values_in_columns_of_their_types() {
    let world = played();
    export(&world, &["--topic", "candles", "--format", "parquet", "--out", "all.parquet"]).expect(0);
    let file = SerializedFileReader::new(File::open(world.path("all.parquet")).unwrap()).unwrap();
    let schema = file.metadata().file_metadata().schema_descr();
    let logical = |name: &str| {
        let column = schema.columns().iter().find(|column| column.name() == name).unwrap();
        (column.logical_type_ref().cloned(), column.physical_type().to_string())
    };
    assert!(matches!(logical("open_time"), (Some(LogicalType::Timestamp(_)), physical) if physical == "INT64"));
    assert_eq!(logical("close"), (None, "DOUBLE".to_owned()));
    assert_eq!(logical("trades"), (None, "INT64".to_owned()));
    assert_eq!(logical("symbol"), (Some(LogicalType::String), "BYTE_ARRAY".to_owned()));
    let mut sum = (0_u64, 0.0, 0_i64);
    for row in file.get_row_iter(None).unwrap() {
        let fields: Vec<(String, Field)> = row.unwrap().into_columns();
        let get = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, field)| field.clone()).unwrap();
        let (Field::Double(close), Field::Long(trades)) = (get("close"), get("trades")) else { panic!("{fields:?}") };
        assert!(matches!(get("open_time"), Field::TimestampMillis(_)));
        sum = (sum.0 + 1, sum.1 + close, sum.2 + trades);
    }
    let wanted = world.query("SELECT count(*), sum(close), sum(trades) FROM price_data").concat();
    assert_eq!((sum.0.to_string(), sum.2.to_string()), (wanted[0].clone(), wanted[2].clone()));
    assert!((sum.1 - wanted[1].parse::<f64>().unwrap()).abs() < 1e-3);
    // What is unknown is unknown, and not nothing.
    export(&world, &["--topic", "decisions", "--format", "parquet", "--out", "decisions.parquet"]).expect(0);
    let file = SerializedFileReader::new(File::open(world.path("decisions.parquet")).unwrap()).unwrap();
    let nulls = file.get_row_iter(None).unwrap().filter(|row| {
        let row = row.as_ref().unwrap();
        row.get_column_iter().any(|(name, field)| name == "blocked_by" && matches!(field, Field::Null))
    });
    let unknown = world.value("SELECT count(*) FROM trading_decisions WHERE blocked_by IS NULL");
    assert_eq!(nulls.count().to_string(), unknown);
}

#[test]
fn an_export_overwrites_nothing_and_what_does_not_apply_is_refused() {
    let world = played();
    std::fs::write(world.path("mine.csv"), "mine").unwrap();
    for (flags, words) in [
        (vec!["--topic", "candles", "--format", "csv", "--out", "mine.csv"], "it exists"),
        (vec!["--topic", "candles", "--format", "csv", "--out", "trader.db"], "it is the database"),
        (vec!["--topic", "candles", "--format", "csv", "--out", "no/folder.csv"], "cannot write"),
        (vec!["--topic", "runs", "--format", "csv", "--out", "x.csv", "--symbol", "BTC/USDT"], "--symbol"),
        (vec!["--topic", "trades", "--format", "csv", "--out", "x.csv", "--timeframe", "1h"], "--timeframe"),
    ] {
        let run = export(&world, &flags);
        assert!([2, 7].contains(&run.code) && run.stderr.contains(words), "{flags:?}: {run}");
    }
    assert_eq!(std::fs::read_to_string(world.path("mine.csv")).unwrap(), "mine");
    let left: Vec<String> =
        world.names().into_iter().filter(|name| name.contains("part") || name.starts_with("x.")).collect();
    assert_eq!(left, Vec::<String>::new());
    // A disk that is full leaves nothing behind either.
    let Some(run) =
        world.run_capped(64 * 1024, &["db", "export", "--topic", "candles", "--format", "csv", "--out", "big.csv"])
    else {
        return;
    };
    assert_eq!(run.code, 7, "{run}");
    assert!(!world.names().iter().any(|name| name.starts_with("big.csv")), "{:?}", world.names());
}
