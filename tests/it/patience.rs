//! How a cycle takes trouble: it tries again what may be tried again, waits when told to, moves on
//! to the next host when one fails, and ends at its deadline with what it has.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use crate::exchange_server::{Exchange, Fault, HOUR, local_now, targets};
use crate::world::World;

/// What names the newest page of a first run, and the one before it.
const NEWEST: &str = "limit=1000&endTime=";
const EARLIER: &str = "limit=1000&startTime=";

fn refusal(status: u16, retry_after: Option<u32>, body: String) -> Fault {
    let headers = retry_after.map(|seconds| ("Retry-After", seconds.to_string()));
    Fault::Status(status, headers.into_iter().collect(), body.into_bytes())
}

/// A world that waits for a silent exchange no longer than it must, and patiently for another.
fn waiting_for(exchange: &Exchange, fault: &Fault) -> World {
    let world = World::facing(exchange);
    match fault {
        Fault::Never => world.with("TRADER_EXCHANGE_READ_TIMEOUT_MS", "600"),
        _ => world,
    }
}

#[test]
fn a_short_failure_is_tried_again_and_a_refusal_is_not() {
    for (fault, attempts, code) in [
        (Fault::Status(503, Vec::new(), Vec::new()), 3, 0),
        (Fault::Reset, 3, 0),
        (Fault::CutMidBody, 3, 0),
        (Fault::Never, 3, 0),
        (Fault::Status(400, Vec::new(), br#"{"code":-1100,"msg":"Illegal."}"#.to_vec()), 1, 3),
        (Fault::RawBody(b"[not JSON]".to_vec()), 1, 3),
        (Fault::HugeBody { bytes: 16 << 20, announced: false }, 1, 3),
    ] {
        for (page, other) in [(EARLIER, NEWEST), (NEWEST, EARLIER)] {
            let exchange = Exchange::start();
            let world = waiting_for(&exchange, &fault).with("TRADER_EXCHANGE_MAX_ATTEMPTS", "3");
            exchange.break_first(2, &["symbol=ETHUSDT", page], fault.clone());
            let run = world.run(&["cycle"]).expect(code);
            let asked = |page| exchange.asked(page).iter().filter(|seen| seen.target.contains("ETHUSDT")).count();
            assert_eq!((asked(page), asked(other)), (attempts, 1), "{page}: {run}");
            assert!(run.decided("BTC/USDT"), "{page}: {run}");
            assert_eq!(run.decided("ETH/USDT"), code == 0, "{page}: {run}");
        }
    }
}

#[test]
fn a_ban_is_remembered_and_the_next_run_stays_away() {
    let until = local_now() + HOUR;
    let body = format!("{{\"code\":-1003,\"msg\":\"Way too much; IP banned until {until}. Stop.\"}}");
    for (name, fault, code) in [
        ("429", refusal(429, Some(3600), "{\"code\":-1003}".into()), "rate_limited"),
        ("418 with Retry-After", refusal(418, Some(3600), "{}".into()), "banned"),
        ("418 with the time in the body", refusal(418, None, body), "banned"),
        ("418 with a page", refusal(418, Some(3600), "<html>".into()), "banned"),
    ] {
        let exchange = Exchange::start();
        exchange.break_always(&[], fault);
        let world = World::facing(&exchange);
        let run = world.run(&["cycle"]).expect(4).says(code);
        assert!(exchange.asked("klines").is_empty(), "{name}: asked on after a refusal: {run}");
        assert!(exchange.seen().len() <= 3, "{name}: a refused request was repeated: {run}");
        assert_ne!(world.value("SELECT count(*) FROM rate_limits"), "0", "{name}");
        exchange.mend();
        exchange.forget_requests();
        let run = world.run(&["cycle"]).expect(4);
        assert_eq!(targets(&exchange.seen()), [""; 0], "{name}: {run}");
        world.assert_intact();
    }
}

#[test]
fn a_ban_in_the_second_wave_stops_the_run_too() {
    let exchange = Exchange::start();
    exchange.break_always(&["klines"], refusal(429, Some(3600), "{}".into()));
    let world = World::facing(&exchange);
    world.run(&["cycle"]).expect(4).says("rate_limited");
    exchange.forget_requests();
    world.run(&["cycle"]).expect(4);
    assert!(exchange.seen().is_empty());
}

#[test]
fn a_ban_that_is_over_is_over() {
    let exchange = Exchange::start();
    exchange.break_first(1, &["time"], refusal(429, Some(1), "{}".into()));
    let world = World::facing(&exchange);
    world.run(&["cycle"]).expect(4).says("rate_limited");
    thread::sleep(Duration::from_millis(1_200));
    let run = world.run(&["cycle"]).expect(0);
    assert!(run.decided("BTC/USDT"), "{run}");
}

#[test]
fn the_next_host_is_asked_when_one_fails() {
    let page = || vec![("Content-Type", "text/html".to_owned())];
    for (name, fault) in [
        ("451", Fault::Status(451, Vec::new(), br#"{"code":0,"msg":"restricted"}"#.to_vec())),
        ("403", Fault::Status(403, page(), b"<html>blocked</html>".to_vec())),
        ("503", Fault::Status(503, Vec::new(), Vec::new())),
        ("a page", Fault::Html),
        ("reset", Fault::Reset),
        ("silence", Fault::Never),
    ] {
        let (bad, good) = (Exchange::start(), Exchange::start());
        let world = waiting_for(&bad, &fault);
        bad.break_always(&[], fault);
        let run = world.run(&["cycle", "--base-url", &bad.url(), "--base-url", &good.url()]);
        assert_eq!(run.code, 0, "{name}: {run}");
        assert!(run.decided("BTC/USDT") && run.decided("ETH/USDT"), "{name}: {run}");
        assert!(!bad.seen().is_empty(), "{name}: the first host comes first");
        assert_eq!(good.asked("klines").len(), 2 * 2, "{name}: two pages of each pair");
    }
}

#[test]
fn the_first_host_is_enough_when_it_works_and_a_closed_port_is_passed_over() {
    let (first, second) = (Exchange::start(), Exchange::start());
    let world = World::facing(&first);
    let urls = |a: &str, b: &str| world.run(&["cycle", "--base-url", a, "--base-url", b]);
    urls(&first.url(), &second.url()).expect(0);
    assert!(second.seen().is_empty());
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let closed = format!("http://{}", closed.expect("a free port on loopback"));
    second.advance(HOUR);
    let run = urls(&closed, &second.url()).expect(0);
    assert!(run.decided("BTC/USDT"), "{run}");
    let world = World::facing(&first).with("TRADER_BASE_URL", &closed);
    world.run(&["cycle"]).expect(4).says("unreachable");
}

#[test]
fn a_ban_is_never_dodged_by_another_host() {
    let (first, second) = (Exchange::start(), Exchange::start());
    first.break_always(&[], refusal(418, Some(3600), "{}".into()));
    let world = World::facing(&first);
    let run = world.run(&["cycle", "--base-url", &first.url(), "--base-url", &second.url()]);
    run.expect(4).says("banned");
    assert!(second.seen().is_empty());
}

#[test]
fn the_deadline_ends_the_run_with_what_there_is() {
    let exchange = Exchange::start();
    exchange.break_always(&["klines", "symbol=ETHUSDT"], Fault::Never);
    let world = World::facing(&exchange)
        .with("TRADER_EXCHANGE_READ_TIMEOUT_MS", "20000")
        .with("TRADER_EXCHANGE_REQUEST_TIMEOUT_MS", "20000")
        .with("TRADER_EXCHANGE_DEADLINE_MS", "2000");
    let run = world.run(&["cycle"]).expect(3);
    assert!(run.elapsed < Duration::from_secs(3), "{run}");
    assert!(run.decided("BTC/USDT") && !run.decided("ETH/USDT"), "{run}");
    exchange.mend();
    let run = world.run(&["cycle"]).expect(0);
    assert!(run.decided("ETH/USDT"), "a pair that failed is tried again: {run}");
    assert_eq!(world.value("SELECT count(*) FROM trading_decisions"), "2");
}
