//! The world around the program: name servers, files that unpack without end, addresses, missing homes.

use std::net::UdpSocket;
use std::process::Command;
use std::time::Duration;

use super::World;
use crate::exchange_server::{Exchange, gzip, targets};
use crate::world::Run;

/// Nobody else's address on loopback, and the port name servers listen on.
const SILENT: &str = "127.0.0.77";

/// A cycle that must ask the given name server, with a deadline of a second.
/// `None` when this system lets nobody name one.
fn with_name_server(world: &World, server: &str) -> Option<Run> {
    std::fs::write(world.path("resolv.conf"), format!("nameserver {server}\n")).ok()?;
    let script = "mount --bind resolv.conf /etc/resolv.conf || exit 125; exec \"$@\"";
    let mut command = world.dress(Command::new("unshare"));
    command.args(["-m", "sh", "-c", script, "sh", env!("CARGO_BIN_EXE_trader")]);
    command.args(["cycle", "--base-url", "https://slow.example.org"]);
    let run = Run::new(&command.output().ok()?, Duration::ZERO);
    (run.code != 125 && !run.stderr.contains("unshare failed")).then_some(run)
}

#[test]
fn a_name_server_that_never_answers_does_not_hold_a_run_up() {
    let Ok(server) = UdpSocket::bind((SILENT, 53)) else {
        eprintln!("SKIPPED: nobody may listen on the port of name servers here");
        return;
    };
    server.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
    let world = World::new().with("TRADER_PAIRS", "BTC/USDT").with("TRADER_EXCHANGE_DEADLINE_MS", "1000");
    let start = std::time::Instant::now();
    let Some(run) = with_name_server(&world, SILENT) else {
        eprintln!("SKIPPED: nobody may name another name server here");
        return;
    };
    let elapsed = start.elapsed();
    if server.recv(&mut [0; 512]).is_err() {
        eprintln!("SKIPPED: names are looked up by other means here");
        return;
    }
    assert!(elapsed < Duration::from_secs(2), "{elapsed:?}: {run}");
    run.expect(4).says("deadline");
}

#[test]
fn a_file_of_one_endless_line_is_refused_at_once() {
    // Members of a gzip file follow one another: the first is packed once, and half a gigabyte unpacks from it.
    let member = gzip(&vec![b'1'; 1 << 20]);
    let endless = member.repeat(512);
    let headed = [gzip(b"open_time,open,high,low,close,volume\n"), endless.clone()].concat();
    for (what, bytes) in [("from the start", endless), ("after a header", headed)] {
        let world = World::new();
        std::fs::write(world.path("BTCUSDT-1h-2024-01.csv.gz"), bytes).unwrap();
        let run = world.run(&["import", "BTCUSDT-1h-2024-01.csv.gz"]).expect(4).says("file");
        let text = run.json()["errors"][0]["text"].as_str().unwrap_or_default().to_owned();
        assert!(text.contains("BTCUSDT-1h-2024-01.csv.gz") && text.contains("does not end"), "{what}: {run}");
        assert!(run.elapsed < Duration::from_secs(2), "{what}: {run}");
        assert_eq!(world.value("SELECT count(*) FROM price_data"), "0", "{what}");
    }
}

#[test]
fn a_base_address_keeps_its_path() {
    for (path, first) in [("", "/api/"), ("/", "/api/"), ("/mirror", "/mirror/api/"), ("/a/b/", "/a/b/api/")] {
        let exchange = Exchange::start();
        let url = format!("{}{path}", exchange.url());
        World::new().with("TRADER_PAIRS", "BTC/USDT").run(&["cycle", "--base-url", &url]);
        let seen = targets(&exchange.seen());
        assert!(seen.contains(&format!("{first}v3/time")), "{path}: {seen:?}");
        assert!(seen.iter().all(|target| target.starts_with(first)), "{path}: {seen:?}");
    }
}

#[test]
fn an_address_in_the_environment_is_checked_with_the_configuration() {
    for (url, code) in [("ftp://x", 2), ("http://example.com", 2), ("x", 2), ("https://example.com", 0)] {
        let run = World::new().with("TRADER_BASE_URL", url).run(&["config", "check"]).expect(code);
        assert!(code == 0 || run.stderr.contains(url), "{url} is not named: {run}");
    }
}

#[test]
fn without_a_home_a_database_must_be_named() {
    let world = World::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_trader"));
    command.env_clear().current_dir(world.path("")).args(["cycle", "--base-url", "http://127.0.0.1:1"]);
    let run = Run::of(command).expect(2);
    assert!(run.stderr.contains("--db"), "{run}");
    assert_eq!(std::fs::read_dir(world.path("")).unwrap().count(), 0, "nothing is made in the folder at hand");
}

#[test]
fn a_home_that_is_no_absolute_path_is_told_as_such() {
    let world = World::new();
    for (arguments, named) in [(&["db", "info"][..], "XDG_DATA_HOME"), (&["config", "init"], "XDG_CONFIG_HOME")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trader"));
        command.env_clear().env("HOME", "somewhere/else").current_dir(world.path("")).args(arguments);
        let run = Run::of(command).expect(2);
        assert!(run.stderr.contains("absolute path") && run.stderr.contains(named), "{run}");
    }
    assert_eq!(world.names(), Vec::<String>::new());
}

#[test]
fn a_damaged_description_of_a_recording_is_a_file_to_be_repaired() {
    let whole = std::fs::read(crate::world::fixtures().join("exchangeInfo.json")).unwrap();
    for text in [&whole[..whole.len() / 2], b"<html>", b"{\"serverTime\":[]}", b""] {
        let world = World::new();
        std::fs::create_dir(world.path("recording")).unwrap();
        std::fs::write(world.path("recording/exchangeInfo.json"), text).unwrap();
        let run = world.run(&["cycle", "--replay", "recording"]).expect(2);
        assert!(run.stderr.contains("exchangeInfo.json") && run.stderr.contains("repair"), "{run}");
        assert!(!run.stderr.contains("maintenance") && !run.stderr.contains("base-url"), "{run}");
    }
}
