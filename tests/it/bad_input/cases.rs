//! The table: every kind of bad input, whom it can concern, and how its cause is called.

use serde_json::{Value, json};

use crate::exchange_server::{Exchange, Fault, HOUR, NOON, gzip};

const DAY: i64 = 24 * HOUR;

/// What becomes of the pairs that meet the bad input.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Outcome {
    /// They get no decision: exit 4 when it is all of them, 3 when it is one.
    Lost,
    /// Like `Lost`, but there is data, only nothing that may be traded on: exit 3 either way.
    Blocked,
    /// It may cost a row or the whole answer, as long as it is named.
    Either,
    /// Only single rows or nothing at all is lost; all pairs are decided, exit 0 or 3.
    Decided,
}

type Spoil = Box<dyn Fn(&Exchange, &str) + Send + Sync>;

/// One kind of bad input.
pub(super) struct Case {
    pub(super) name: &'static str,
    /// Any one of these codes names the cause.
    pub(super) codes: &'static [&'static str],
    pub(super) outcome: Outcome,
    /// False when the trouble is not one of a single pair.
    pub(super) one_pair_too: bool,
    /// True when the program must give up waiting, which takes as long as its patience.
    pub(super) silent: bool,
    /// Makes the exchange bad; the text is part of the target of all requests concerned.
    pub(super) spoil: Spoil,
}

impl Case {
    fn new(
        name: &'static str,
        codes: &'static [&'static str],
        outcome: Outcome,
        spoil: impl Fn(&Exchange, &str) + Send + Sync + 'static,
    ) -> Self {
        Self { name, codes, outcome, one_pair_too: true, silent: false, spoil: Box::new(spoil) }
    }

    fn silent(self) -> Self {
        Self { silent: true, ..self }
    }

    fn for_everybody_only(self) -> Self {
        Self { one_pair_too: false, ..self }
    }
}

/// Every request of those concerned gets a bad answer.
fn answer(name: &'static str, codes: &'static [&'static str], fault: Fault) -> Case {
    let spoil = move |exchange: &Exchange, who: &str| exchange.break_always(&[who], fault.clone());
    Case::new(name, codes, Outcome::Lost, spoil)
}

/// The klines of those concerned are damaged as a whole.
fn klines(name: &'static str, codes: &'static [&'static str], fault: Fault) -> Case {
    let spoil = move |exchange: &Exchange, who: &str| {
        exchange.break_always(&["klines", who], fault.clone());
    };
    Case::new(name, codes, Outcome::Lost, spoil)
}

/// The klines of those concerned are edited where it is a matter of taste how much that costs.
fn either(name: &'static str, edit: fn(&str) -> Vec<u8>) -> Case {
    let fault = Fault::EditText(edit);
    Case { outcome: Outcome::Either, ..klines(name, &["bad_json", "bad_rows"], fault) }
}

/// Single rows of the klines are damaged.
fn some_rows(name: &'static str, edit: fn(&mut Vec<Value>)) -> Case {
    Case { outcome: Outcome::Decided, ..klines(name, &["bad_rows"], Fault::EditRows(edit)) }
}

/// The symbols concerned.
fn symbols(who: &str) -> Vec<&'static str> {
    let symbols = ["BTCUSDT", "ETHUSDT"].into_iter();
    symbols.filter(|symbol| format!("symbol={symbol}").contains(who)).collect()
}

fn status(code: u16, body: &str) -> Fault {
    Fault::Status(code, Vec::new(), body.into())
}

fn page(code: u16) -> Fault {
    let headers = vec![("Content-Type", "text/html".to_owned())];
    Fault::Status(code, headers, b"<html><body>Request blocked.</body></html>".to_vec())
}

fn wait(code: u16, body: &str) -> Fault {
    Fault::Status(code, vec![("Retry-After", "120".to_owned())], body.into())
}

const TOO_MUCH: &str = r#"{"code":-1003,"msg":"Way too much request weight used; IP banned until 4000000000000."}"#;
const RESTRICTED: &str =
    r#"{"code":0,"msg":"Service unavailable from a restricted location according to 'b. Eligibility'."}"#;

pub(super) fn refusals() -> Vec<Case> {
    let internal = r#"{"code":-1000,"msg":"An unknown error occurred."}"#;
    vec![
        answer("500 with JSON", &["http_status"], status(500, internal)),
        answer("500 with nothing", &["http_status"], status(500, "")),
        answer("502 with a page", &["http_status"], page(502)),
        answer("503", &["http_status"], status(503, "Service Unavailable")),
        answer("429", &["rate_limited"], wait(429, TOO_MUCH)).for_everybody_only(),
        answer("418", &["banned"], wait(418, TOO_MUCH)).for_everybody_only(),
        answer("403 with a page", &["forbidden"], page(403)).for_everybody_only(),
        answer("451", &["restricted_location"], status(451, RESTRICTED)).for_everybody_only(),
        answer("a redirect loop", &["redirect"], Fault::RedirectLoop),
    ]
}

pub(super) fn broken_transport() -> Vec<Case> {
    let huge = |announced| Fault::HugeBody { bytes: 100 << 20, announced };
    let bomb = vec![("Content-Encoding", "gzip".to_owned())];
    let bomb = Fault::Status(200, bomb, gzip(&vec![b' '; 16 << 20]));
    vec![
        answer("cut in the middle of the body", &["truncated_body"], Fault::CutMidBody),
        answer("slow", &["timeout"], Fault::Slow).silent(),
        answer("never answering", &["timeout"], Fault::Never).silent(),
        answer("reset", &["unreachable"], Fault::Reset),
        answer("100 MB without a length", &["too_large"], huge(false)),
        answer("100 MB with a length", &["too_large"], huge(true)),
        answer("16 MB in a small gzip", &["too_large"], bomb),
    ]
}

pub(super) fn broken_documents() -> Vec<Case> {
    let nested = Fault::RawBody([b"[".repeat(100_000), b"]".repeat(100_000)].concat());
    let bad_json: &[&str] = &["bad_json"];
    vec![
        answer("200 with a page", &["not_json"], Fault::Html),
        answer("truncated JSON", &["bad_json", "truncated_body"], Fault::Truncated),
        answer("nested 100,000 deep", bad_json, nested),
        either("bytes that are no UTF-8", with_a_stray_byte),
        either("1e400 as a bare number", |text| text.replacen("],[", ",1e400],[", 1).into_bytes()),
        klines("an object instead of rows", bad_json, Fault::RawBody(b"{\"code\":0}".to_vec())),
        klines("null instead of rows", bad_json, Fault::RawBody(b"null".to_vec())),
        klines("nothing at all", &["bad_json", "not_json", "truncated_body"], Fault::RawBody(Vec::new())),
        klines("no rows", &["empty"], Fault::RawBody(b"[]".to_vec())),
    ]
}

/// A byte that UTF-8 never holds, inside the first price.
fn with_a_stray_byte(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    let at = text.find('"').map_or(0, |quote| quote + 2);
    bytes.insert(at, 0xff);
    bytes
}

/// A place in the middle of a page, in the newest one well inside the warm-up.
const fn place(rows: &[Value]) -> usize {
    rows.len() * 9 / 10
}

fn middle(rows: &mut [Value]) -> &mut Value {
    let at = place(rows);
    &mut rows[at]
}

pub(super) fn bad_rows() -> Vec<Case> {
    vec![
        some_rows("a candle twice", |rows| {
            let twice = middle(rows).clone();
            rows.insert(place(rows), twice);
        }),
        some_rows("two candles for one hour", |rows| {
            let mut other = middle(rows).clone();
            other[4] = other[2].clone();
            rows.insert(place(rows) + 1, other);
        }),
        some_rows("two candles swapped", |rows| {
            let at = place(rows);
            rows.swap(at, at + 1);
        }),
        some_rows("NaN", |rows| middle(rows)[4] = json!("NaN")),
        some_rows("infinity", |rows| middle(rows)[2] = json!("inf")),
        some_rows("a negative price", |rows| {
            middle(rows)[3] = json!("-1.00000000");
        }),
        some_rows("a price of zero", |rows| {
            middle(rows)[3] = json!("0.00000000");
        }),
        some_rows("a negative volume", |rows| {
            middle(rows)[5] = json!("-1.00000000");
        }),
        some_rows("high below low", |rows| {
            let row = middle(rows);
            (row[2], row[3]) = (row[3].clone(), row[2].clone());
        }),
        some_rows("1e400", |rows| middle(rows)[2] = json!("1e400")),
        some_rows("11 columns", |rows| {
            drop(middle(rows).as_array_mut().map(Vec::pop));
        }),
        some_rows("14 columns", |rows| {
            middle(rows).as_array_mut().expect("a row").extend([json!("0"), json!("0")]);
        }),
        some_rows("a number for a string", |rows| {
            middle(rows)[1] = json!(50_000.5);
        }),
        some_rows("a string for a number", |rows| {
            middle(rows)[0] = json!("1788220800000");
        }),
        some_rows("a null price", |rows| middle(rows)[4] = Value::Null),
        some_rows("a null row", |rows| *middle(rows) = Value::Null),
        some_rows("a row that is no row", |rows| {
            *middle(rows) = json!("candle");
        }),
        some_rows("off the grid", |rows| {
            middle(rows)[0] = json!(NOON - 100 * HOUR);
        }),
        some_rows("a wrong close time", |rows| middle(rows)[6] = json!(NOON)),
    ]
}

pub(super) fn bad_columns_everywhere() -> Vec<Case> {
    vec![
        klines(
            "11 columns in all rows",
            &["bad_rows"],
            Fault::EditRows(|rows| {
                for row in rows {
                    drop(row.as_array_mut().map(Vec::pop));
                }
            }),
        ),
        klines(
            "14 columns in all rows",
            &["bad_rows"],
            Fault::EditRows(|rows| {
                rows.iter_mut().filter_map(Value::as_array_mut).for_each(|row| {
                    row.extend([json!("0"), json!("0")]);
                });
            }),
        ),
        klines(
            "numbers for strings in all rows",
            &["bad_rows"],
            Fault::EditRows(|rows| {
                for cell in rows.iter_mut().flat_map(|row| &mut row.as_array_mut().expect("a row")[1..6]) {
                    *cell = json!(cell.as_str().and_then(|text| text.parse::<f64>().ok()));
                }
            }),
        ),
    ]
}

pub(super) fn bad_markets() -> Vec<Case> {
    let stopped = |exchange: &Exchange, who: &str| {
        for symbol in symbols(who) {
            exchange.stop_symbol(symbol, NOON - 7 * DAY);
        }
    };
    let broken = |exchange: &Exchange, who: &str| {
        for symbol in symbols(who) {
            exchange.set_status(symbol, "BREAK");
        }
    };
    let unknown = |exchange: &Exchange, who: &str| {
        for symbol in symbols(who) {
            exchange.forget_symbol(symbol);
        }
    };
    let gap = |exchange: &Exchange, who: &str| {
        let hour = NOON - 30_000 - 50 * HOUR;
        for symbol in symbols(who) {
            exchange.punch_hole(symbol, "1h", hour);
        }
    };
    vec![
        Case::new("a series that stopped a week ago", &["stale_data"], Outcome::Lost, stopped),
        Case::new("status BREAK", &["symbol_not_trading"], Outcome::Blocked, broken),
        Case::new("an unknown symbol", &["unknown_symbol"], Outcome::Lost, unknown),
        Case::new("a gap", &["gap"], Outcome::Decided, gap),
    ]
}
