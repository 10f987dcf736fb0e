//! The log: what each line carries, and what none of them ever shows.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::exchange_server::{Exchange, Fault, HOUR};
use crate::world::{Run, World};

/// The keys of a line, in their order.
const KEYS: [&str; 8] = ["ts", "level", "run_id", "agent", "symbol", "timeframe", "code", "msg"];

/// The lines of a log in JSON; every one of them has every key.
fn lines(run: &Run) -> Vec<Value> {
    let line = |text: &str| {
        let value: Value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}\n{run}"));
        let keys: Vec<&String> = value.as_object().unwrap().keys().collect();
        assert_eq!(keys, KEYS, "{text}");
        value
    };
    run.stderr.lines().map(line).collect()
}

#[test]
fn a_line_says_which_run_which_agent_which_pair_and_what() {
    let exchange = Exchange::start();
    let world = World::facing(&exchange).with("TRADER_TIMEFRAMES", "1h,4h");
    world.run(&["cycle"]).expect(0);
    exchange.advance(HOUR);
    exchange.break_always(&["klines", "ETHUSDT", "interval=1h"], Fault::Status(404, Vec::new(), b"{}".to_vec()));
    let run = world.run(&["-vv", "--log-format", "json", "cycle"]).expect(3);
    let (lines, run_id) = (lines(&run), run.json()["run_id"].clone());
    assert!(lines.iter().all(|line| line["run_id"] == run_id), "{run}");
    let with = |code: &str| lines.iter().filter(move |line| line["code"] == code).collect::<Vec<_>>();
    let failed = with("http_status").into_iter().find(|line| !line["symbol"].is_null()).unwrap();
    let told = ["agent", "symbol", "timeframe", "level"].map(|key| failed[key].as_str().unwrap());
    assert_eq!(told, ["Price Collector", "ETH/USDT", "1h", "error"]);
    let asked = lines.iter().find(|line| line["msg"].as_str().unwrap().starts_with("GET /api/v3/klines")).unwrap();
    assert_eq!((&asked["level"], &asked["agent"]), (&"debug".into(), &"Price Collector".into()));
    let end = with("degraded").pop().unwrap();
    assert_eq!((&end["agent"], &end["level"]), (&"Orchestrator".into(), &"info".into()));
    assert!(end["msg"].as_str().unwrap().starts_with("the run ended with degraded (3) after "), "{end}");
    // Few words, so that a collector may take them for labels.
    let words = |key: &str| lines.iter().map(|line| line[key].to_string()).collect::<BTreeSet<_>>().len();
    assert!(words("level") <= 4 && words("agent") <= 4 && words("symbol") <= 3 && words("timeframe") <= 3);
}

#[test]
fn people_are_told_the_same_on_one_line_each() {
    let exchange = Exchange::start();
    let world = World::facing(&exchange);
    exchange.break_always(&["klines", "ETHUSDT"], Fault::Status(404, Vec::new(), b"{}".to_vec()));
    let run = world.run(&["-v", "cycle"]).expect(3);
    let run_id = run.json()["run_id"].as_str().unwrap().to_owned();
    let tags = format!(" [agent: Price Collector, code: http_status, run: {run_id}]");
    assert!(run.stderr.lines().any(|line| line.contains("ETH/USDT 1h: ") && line.ends_with(&tags)), "{run}");
    assert!(run.stderr.contains("the run ended with degraded (3)"), "{run}");
}

#[test]
fn what_ends_a_command_is_a_line_of_json_as_well() {
    let world = World::new();
    for (arguments, code, word) in [
        (&["--log-format", "json", "portfolio"][..], 7, "database_missing"),
        (&["--log-format", "json", "cycle", "--base-url", "ftp://x"], 2, "usage"),
    ] {
        let run = world.run(arguments).expect(code);
        let lines = lines(&run);
        assert_eq!((lines.len(), &lines[0]["code"], &lines[0]["level"]), (1, &word.into(), &"error".into()), "{run}");
    }
    let run = world.run(&["portfolio"]).expect(7);
    assert!(run.stderr.starts_with("error: there is no database"), "{run}");
}

/// Words that must never be seen, in the ways they may be written.
const SECRETS: [&str; 6] =
    ["hunter-2", "cm9ib3QtbmFtZTpodW50ZXItMg", "s3cret@home", "s3cret%40home", "k3y-0f-m1ne", "robot-name:"];

#[track_caller]
fn assert_silent(what: &str, text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{what} shows {secret}:\n{text}");
    }
}

fn assert_nothing_leaks(world: &World, run: &Run) {
    assert_silent("stdout", &run.stdout);
    assert_silent("stderr", &run.stderr);
    for name in world.names() {
        let path = world.path(&name);
        if path.is_file() {
            assert_silent(&name, &String::from_utf8_lossy(&std::fs::read(path).unwrap()));
        }
    }
}

#[test]
fn secrets_of_an_address_are_seen_nowhere_whatever_the_exchange_does() {
    let faults = [
        None,
        Some(Fault::Status(500, Vec::new(), b"broken".to_vec())),
        Some(Fault::Status(403, Vec::new(), Vec::new())),
        Some(Fault::Reset),
        Some(Fault::RedirectLoop),
        Some(Fault::Html),
        Some(Fault::Truncated),
    ];
    for fault in faults {
        let exchange = Exchange::start();
        let place = exchange.url().replace("http://", "");
        for user in ["robot-name:s3cret%40home", "robot-name:hunter-2", "hunter-2"] {
            let address = format!("http://{user}@{place}/?apikey=k3y-0f-m1ne");
            let world = World::facing(&exchange).with("TRADER_BASE_URL", &address).impatient();
            if let Some(fault) = &fault {
                exchange.break_always(&["/"], fault.clone());
            }
            let summary = world.path("summary.json").display().to_string();
            for format in ["text", "json"] {
                let mut command = world.command(&["-vv", "--log-format", format, "cycle", "--summary-file", &summary]);
                // Other crates speak as well when they are asked to.
                command.env("RUST_LOG", "trace");
                let run = Run::of(command);
                assert!(run.stderr.lines().count() > 5, "the log tells something: {run}");
                assert_nothing_leaks(&world, &run);
            }
            exchange.mend();
        }
    }
}

#[test]
fn secrets_of_an_address_are_seen_neither_in_errors_nor_among_the_settings() {
    for address in [
        "ftp://robot-name:hunter-2@host/?k=k3y-0f-m1ne",
        "http://robot-name:hunter-2@example.com",
        "https://robot-name:hunter-2@:99999",
    ] {
        let world = World::new().with("TRADER_BASE_URL", address);
        for arguments in
            [&["-vv", "cycle"][..], &["config", "check"], &["config", "show"], &["cycle", "--base-url", address]]
        {
            let run = world.run(arguments);
            assert_nothing_leaks(&world, &run);
            assert!(run.code == 2 || arguments[1] == "show", "{run}");
        }
    }
    let world = World::new();
    std::fs::write(world.path("a.toml"), "[exchange]\nbase_urls = [\"https://robot-name:hunter-2@host\", 5]\n")
        .unwrap();
    let run = world.run(&["--config", "a.toml", "cycle"]).expect(2);
    assert!(run.stderr.contains("line 2"), "{run}");
    assert_silent("stderr", &run.stderr);
}

/// The sample for logrotate, for the logs of this folder.
fn sample(folder: &Path) -> String {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/logrotate.conf")).unwrap();
    assert_eq!(text.matches("/var/log/trader/").count(), 3, "three logs");
    text.replace("/var/log/trader", &folder.display().to_string()).replace("    su trader trader\n", "")
}

#[test]
fn logs_are_turned_by_the_real_logrotate_and_go_on() {
    let Some(logrotate) =
        ["/usr/sbin/logrotate", "/usr/bin/logrotate"].into_iter().find(|path| Path::new(path).exists())
    else {
        eprintln!("SKIPPED: there is no logrotate to turn logs with");
        return;
    };
    let world = World::new();
    let folder = world.path("logs of mine");
    std::fs::create_dir(&folder).unwrap();
    let conf = world.path("logrotate.conf");
    std::fs::write(&conf, sample(&folder)).unwrap();
    let state = world.path("state").display().to_string();
    let turn = |flags: &[&str]| {
        let mut command = Command::new(logrotate);
        command.args(["--state", &state]).args(flags).arg(&conf);
        Run::of(command).expect(0)
    };
    let write = |round: u32| {
        for log in ["cycle.jsonl", "trader.log"] {
            use std::io::Write;
            let mut file = std::fs::File::options().create(true).append(true).open(folder.join(log)).unwrap();
            writeln!(file, "round {round}").unwrap();
        }
    };
    write(1);
    let debug = turn(&["--debug"]);
    assert!(!debug.stderr.contains("error:"), "{debug}");
    for round in 2..=4 {
        turn(&["--force"]);
        write(round);
    }
    let mut names: Vec<String> =
        std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let of = |log: &str| ["", ".1", ".2.gz", ".3.gz"].map(|ending| format!("{log}{ending}"));
    assert_eq!(names, [of("cycle.jsonl"), of("trader.log")].concat());
    assert_eq!(std::fs::read_to_string(folder.join("trader.log")).unwrap(), "round 4\n");
    assert_eq!(std::fs::read_to_string(folder.join("trader.log.1")).unwrap(), "round 3\n");
}
