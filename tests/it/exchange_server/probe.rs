//! The loopback exchange is itself tested from the outside, byte by byte: a fault that does not
//! happen would make every test that relies on it pass for nothing.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::{Exchange, Fault};

fn connect(exchange: &Exchange) -> TcpStream {
    let stream = TcpStream::connect(exchange.address).expect("the exchange listens");
    let patience = Some(Duration::from_secs(5));
    stream.set_read_timeout(patience).expect("a time-out can be set");
    stream
}

fn ask(stream: &mut TcpStream, target: &str, more: &str) {
    let head = format!("GET {target} HTTP/1.1\r\nHost: x\r\n{more}\r\n");
    stream.write_all(head.as_bytes()).expect("the request is sent");
}

/// Head and body of one answer with a length.
fn answer(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("an answer has a whole head");
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).expect("a head is text");
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    let mut body = vec![0; length.map_or(0, |text| text.parse().expect("a length"))];
    stream.read_exact(&mut body).expect("the promised body");
    (head, body)
}

/// Everything that still comes, or the error that ends it.
fn rest(exchange: &Exchange, target: &str) -> Result<Vec<u8>, ErrorKind> {
    let mut stream = connect(exchange);
    ask(&mut stream, target, "");
    let mut all = Vec::new();
    stream.read_to_end(&mut all).map(|_| all).map_err(|error| error.kind())
}

#[test]
fn one_connection_carries_many_requests_and_all_are_remembered() {
    let exchange = Exchange::start();
    let mut stream = connect(&exchange);
    for weight in [1, 2] {
        ask(&mut stream, "/api/v3/time", "X-Test: a: b\r\n");
        let (head, body) = answer(&mut stream);
        assert_eq!(body, br#"{"serverTime":1788264030000}"#);
        assert!(head.contains("Date: Tue, 01 Sep 2026 12:00:30 GMT"), "{head}");
        assert!(head.contains(&format!("X-MBX-USED-WEIGHT-1M: {weight}\r\n")), "{head}");
    }
    assert_eq!(exchange.seen().len(), 2);
    assert_eq!(exchange.seen()[0].header("x-test"), Some("a: b"));
}

#[test]
fn an_answer_is_compressed_only_for_those_who_accept_it() {
    let exchange = Exchange::start();
    exchange.set_gzip();
    let mut stream = connect(&exchange);
    ask(&mut stream, "/api/v3/klines?symbol=BTCUSDT&interval=1h", "");
    let plain = answer(&mut stream).1;
    ask(&mut stream, "/api/v3/klines?symbol=BTCUSDT&interval=1h", "Accept-Encoding: gzip\r\n");
    let packed = answer(&mut stream).1;
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut unpacked).expect("gzip");
    assert!(packed.len() < plain.len() && unpacked == plain);
}

#[test]
fn a_fault_comes_as_often_as_told_and_to_whom_it_is_meant_for() {
    let exchange = Exchange::start();
    exchange.break_first(1, &["klines", "symbol=ETHUSDT"], Fault::Html);
    let mut stream = connect(&exchange);
    let mut is_page = |symbol: &str| {
        ask(&mut stream, &format!("/api/v3/klines?symbol={symbol}&interval=1h&limit=1"), "");
        answer(&mut stream).1.starts_with(b"<!DOCTYPE")
    };
    let pages = ["BTCUSDT", "ETHUSDT", "ETHUSDT"].map(&mut is_page);
    assert_eq!(pages, [false, true, false]);
}

#[test]
fn an_unknown_symbol_is_refused_as_the_exchange_does_it() {
    let exchange = Exchange::start();
    let mut stream = connect(&exchange);
    for target in
        ["exchangeInfo?symbol=NOPEUSDT", "klines?symbol=NOPEUSDT&interval=1h", "ticker/bookTicker?symbol=NOPEUSDT"]
    {
        let target = &format!("/api/v3/{target}");
        ask(&mut stream, target, "");
        let (head, body) = answer(&mut stream);
        assert!(head.starts_with("HTTP/1.1 400"), "{head}");
        assert_eq!(body, br#"{"code":-1121,"msg":"Invalid symbol."}"#);
    }
}

#[test]
fn a_broken_connection_breaks_in_the_way_it_says() {
    let exchange = Exchange::start();
    exchange.break_always(&["time"], Fault::Reset);
    assert_eq!(rest(&exchange, "/api/v3/time"), Err(ErrorKind::ConnectionReset));
    exchange.mend();
    exchange.break_always(&["time"], Fault::CutMidBody);
    let cut = rest(&exchange, "/api/v3/time").expect("an orderly end");
    let text = String::from_utf8_lossy(&cut);
    assert!(text.contains("Content-Length: 28\r\n") && text.ends_with("\r\n\r\n{\"serverTime\":"), "{text}");
    exchange.mend();
    exchange.break_always(&["time"], Fault::HugeBody { bytes: 1 << 20, announced: true });
    let flood = rest(&exchange, "/api/v3/time").expect("an orderly end");
    assert!(flood.len() > 900_000, "{}", flood.len());
}

#[test]
fn a_silent_or_slow_answer_really_takes_its_time() {
    let exchange = Exchange::start();
    for (fault, at_most) in [(Fault::Never, 0), (Fault::Slow, 20)] {
        exchange.mend();
        exchange.break_always(&[], fault);
        let mut stream = connect(&exchange);
        stream.set_read_timeout(Some(Duration::from_millis(200))).expect("a time-out can be set");
        ask(&mut stream, "/api/v3/time", "");
        let (start, mut bytes, mut buffer) = (Instant::now(), Vec::new(), [0; 512]);
        while start.elapsed() < Duration::from_millis(400) {
            let read = stream.read(&mut buffer).unwrap_or(0);
            bytes.extend_from_slice(&buffer[..read]);
        }
        let body = String::from_utf8_lossy(&bytes).split_once("\r\n\r\n").map_or(0, |(_, b)| b.len());
        assert!(body <= at_most && (at_most == 0) == bytes.is_empty(), "{body} bytes came");
    }
}
