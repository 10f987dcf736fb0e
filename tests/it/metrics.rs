//! Metrics: whole and readable by all, never over anything of ours, never able to change a run; read by the real parts.

mod counted;
pub(crate) mod parts;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use parts::{Part, are_there};

use crate::exchange_server::Exchange;
use crate::world::{Run, World, fixtures};

/// `cycle` on the recording with metrics in that file.
fn measured(world: &World, file: &str, more: &[&str]) -> Run {
    let replay = fixtures().display().to_string();
    world.run(&[&["cycle", "--replay", &replay, "--metrics-file", file], more].concat())
}

fn text(world: &World, file: &str) -> String {
    fs::read_to_string(world.path(file)).unwrap_or_default()
}

/// The value of a sample, which is named with its labels.
fn sample(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

/// The account, as a summary and as a text tell it.
fn assert_agree(run: &Run, text: &str) {
    let account = &run.json()["portfolio"];
    for (name, key) in [("equity", "equity"), ("cash", "cash"), ("peak_equity", "peak_equity")] {
        let told: f64 = account[key].as_str().unwrap().parse().unwrap();
        assert_eq!(sample(text, &format!("trader_{name}{{asset=\"USDT\"}}")), Some(told), "{name}");
    }
    for pair in run.json()["pairs"].as_array().unwrap() {
        let of = |name: &str| sample(text, &format!("trader_{name}{{symbol={}}}", pair["symbol"]));
        assert_eq!(of("score"), pair["score"].as_f64(), "{pair}");
        assert_eq!(of("price"), pair["price"].as_str().map(|price| price.parse().unwrap()), "{pair}");
    }
}

#[test]
fn a_file_is_whole_and_readable_by_all_and_says_what_the_summary_says() {
    let world = World::new();
    fs::create_dir(world.path("metrics")).unwrap();
    let script = "umask 077; exec \"$@\"";
    let mut command = world.dress(Command::new("sh"));
    let replay = fixtures().display().to_string();
    command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_trader"), "cycle", "--replay", &replay]);
    command.args(["--metrics-file", "metrics/trader.prom"]);
    let run = Run::of(command).expect(0);
    let path = world.path("metrics/trader.prom");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
    assert_eq!(fs::read_dir(world.path("metrics")).unwrap().count(), 1, "nothing half written is left");
    let text = text(&world, "metrics/trader.prom");
    assert!(text.ends_with('\n') && !text.contains("NaN"), "{text}");
    assert_agree(&run, &text);
    assert_eq!(sample(&text, "trader_runs_total{command=\"cycle\",exit_code=\"0\"}"), Some(1.0));
    assert_eq!(sample(&text, "trader_decisions_total{symbol=\"BTC/USDT\",decision=\"BUY\"}"), Some(1.0));
    assert_eq!(
        sample(&text, "trader_newest_candle_close_timestamp_seconds{symbol=\"BTC/USDT\",timeframe=\"1h\"}"),
        Some(1_788_264_000.0)
    );
    assert_eq!(world.run(&["metrics"]).expect(0).stdout, text, "the command says the same");
}

#[test]
fn promtool_finds_nothing_to_complain_about() {
    if !are_there(&["promtool"]) {
        return;
    }
    let world = World::new().with("TRADER_FORECAST_HORIZONS_H", "1,4");
    for hour in 12..=16 {
        world.replay_at(&format!("2026-09-01T{hour}:00:30Z")).expect(0);
    }
    let text = world.run(&["metrics"]).expect(0).stdout;
    // Nearly everything there can be was seen; what only a live run knows was not.
    for metric in trader::report::Metric::ALL {
        let is_live = ["trader_exchange_", "trader_clock_"].iter().any(|start| metric.name().starts_with(start));
        assert!(is_live || text.contains(&format!("# TYPE {} ", metric.name())), "{}", metric.name());
    }
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = promtool.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let said = child.wait_with_output().unwrap();
    let told = [said.stdout, said.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert_eq!((said.status.code(), told.as_str()), (Some(0), ""));
}

#[test]
fn a_file_never_takes_the_place_of_anything_of_ours_and_the_run_stands() {
    let world = World::new();
    fs::create_dir_all(world.path("config/trader")).unwrap();
    fs::write(world.path("config/trader/config.toml"), "").unwrap();
    let plain = world.replay().expect(0);
    for file in
        ["trader.db", "trader.db-wal", "trader.db.lock", "config/trader/config.toml", "nowhere/x.prom", "config"]
    {
        let run = measured(&world, file, &[]).expect(0);
        assert_eq!(
            (run.json()["repeat"].as_bool(), run.pair("BTC/USDT")),
            (Some(true), plain.pair("BTC/USDT")),
            "{run}"
        );
        assert!(run.stderr.contains("cannot write the metrics to") && run.stderr.contains(file), "{run}");
    }
    let summary = world.run(&[
        "cycle",
        "--replay",
        &fixtures().display().to_string(),
        "--summary-file",
        "s",
        "--metrics-file",
        "s",
    ]);
    assert_eq!(text(&world, "s"), summary.expect(0).stdout, "the summary is no place for metrics");
    world.assert_intact();
}

#[test]
fn a_replay_writes_only_where_the_command_line_says_and_a_dry_run_nowhere() {
    let exchange = Exchange::start();
    let world = World::facing(&exchange).with("TRADER_METRICS_FILE", "live.prom");
    let recorded = World::new().with("TRADER_METRICS_FILE", "live.prom");
    recorded.replay().expect(0);
    measured(&recorded, "flag.prom", &["--dry-run"]).expect(0);
    assert_eq!((text(&recorded, "live.prom"), text(&recorded, "flag.prom")), (String::new(), String::new()));
    measured(&recorded, "flag.prom", &[]).expect(0);
    assert_eq!(text(&recorded, "live.prom"), "");
    assert!(sample(&text(&recorded, "flag.prom"), "trader_database_up").is_some());
    let run = world.run(&["cycle"]).expect(0);
    let text = text(&world, "live.prom");
    assert_agree(&run, &text);
    for name in ["trader_exchange_weight_used", "trader_exchange_weight_timestamp_seconds"] {
        assert!(sample(&text, name).is_some_and(|value| value > 0.0), "{name}");
    }
    let requests = sample(&text, "trader_exchange_requests_total{command=\"cycle\"}");
    assert_eq!(requests, run.json()["collected"]["requests"].as_f64());
}

#[test]
fn without_its_database_a_run_tells_how_it_ended_and_that_an_earlier_one_succeeded() {
    let world = World::new();
    measured(&world, "t.prom", &[]).expect(0);
    let before = sample(&text(&world, "t.prom"), "trader_last_success_timestamp_seconds").unwrap();
    world.query("PRAGMA wal_checkpoint(TRUNCATE)");
    fs::write(world.db(), "no database at all, but long enough to be looked at ".repeat(50)).unwrap();
    for _ in 0..2 {
        measured(&world, "t.prom", &[]).expect(7);
        let text = text(&world, "t.prom");
        for (name, value) in [
            ("trader_last_run_exit_code", Some(7.0)),
            ("trader_database_up", Some(0.0)),
            ("trader_last_success_timestamp_seconds", Some(before)),
            ("trader_equity{asset=\"USDT\"}", None),
        ] {
            assert_eq!(sample(&text, name), value, "{name}");
        }
        let since = Duration::from_secs_f64(sample(&text, "trader_last_run_timestamp_seconds").unwrap());
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        assert!(now.abs_diff(since) < Duration::from_mins(2), "{since:?}");
    }
    world.run(&["metrics"]).expect(7);
}

/// A gateway that answers every request so, and tells what was asked.
fn gateway(answer: Option<&'static str>) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut asked = Vec::new();
            let mut piece = vec![0; 65_536];
            while !String::from_utf8_lossy(&asked).contains("\ntrader_last_run_exit_code ") {
                let Ok(read @ 1..) = stream.read(&mut piece) else { break };
                asked.extend_from_slice(&piece[..read]);
            }
            if tell.send(String::from_utf8_lossy(&asked).into_owned()).is_err() {
                return;
            }
            match answer {
                Some(answer) => drop(write!(stream, "HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n")),
                // Nothing is said, and nothing is hung up.
                None => std::mem::forget(stream),
            }
        }
    });
    (port, told)
}

/// A live world that pushes to a port, with a password from the environment.
fn pushing(exchange: &Exchange, port: u16) -> World {
    World::facing(exchange)
        .with("TRADER_METRICS_PUSH_URL", &format!("http://127.0.0.1:{port}/prefix/"))
        .with("TRADER_METRICS_PUSH_USER", "watch")
        .with("TRADER_METRICS_PUSH_PASSWORD_ENV", "TRADER_GATE_WORD")
        .with("TRADER_GATE_WORD", "hunter2")
        .with("TRADER_METRICS_INSTANCE", "attic")
}

#[test]
fn a_gateway_is_given_the_whole_text_under_its_job_and_the_password_goes_nowhere_else() {
    let (port, told) = gateway(Some("200 OK"));
    let exchange = Exchange::start();
    let world = pushing(&exchange, port);
    let run = world.run(&["-vv", "cycle"]).expect(0);
    let asked = told.recv_timeout(Duration::from_secs(5)).unwrap();
    assert!(asked.starts_with("PUT /prefix/metrics/job/trader/instance/attic HTTP/1.1\r\n"), "{asked}");
    // watch:hunter2
    assert!(asked.to_lowercase().contains("authorization: basic d2f0y2g6ahvudgvymg=="), "{asked}");
    assert!(asked.contains("text/plain; version=0.0.4"), "{asked}");
    assert_agree(&run, asked.split_once("\r\n\r\n").unwrap().1);
    assert!(!run.stdout.contains("unknown_variable"), "the variable is named by a key: {run}");
    for run in [run, world.run(&["config", "show"]).expect(0)] {
        assert!(!format!("{run}").contains("hunter2"), "{run}");
    }
    // Without a database only what is known is pushed, and the rest stays.
    fs::write(world.db(), "no database at all ".repeat(100)).unwrap();
    world.run(&["cycle"]).expect(7);
    assert!(told.recv_timeout(Duration::from_secs(5)).unwrap().starts_with("POST /prefix/metrics/job/"));
}

#[test]
fn the_password_of_a_gateway_may_stand_in_a_file_of_ones_own_and_where_it_is_missing_the_run_stands() {
    let (port, told) = gateway(Some("200 OK"));
    let exchange = Exchange::start();
    let world = pushing(&exchange, port);
    let file = world.path("word");
    fs::write(&file, "hunter2\n").unwrap();
    let world = world
        .with("TRADER_METRICS_PUSH_PASSWORD_ENV", "")
        .with("TRADER_METRICS_PUSH_PASSWORD_FILE", &file.display().to_string());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    world.run(&["cycle"]).expect(0);
    let asked = told.recv_timeout(Duration::from_secs(5)).unwrap();
    assert!(asked.to_lowercase().contains("authorization: basic d2f0y2g6ahvudgvymg=="), "{asked}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let open_to_all = world.run(&["-q", "cycle"]).expect(0);
    fs::remove_file(&file).unwrap();
    for (run, words) in [(open_to_all, "chmod 600"), (world.run(&["-q", "cycle"]).expect(0), "cannot be read")] {
        assert!(run.stderr.contains(words) && !run.stderr.contains("hunter2"), "{run}");
        assert!(run.decided("BTC/USDT"), "{run}");
    }
    assert!(told.try_recv().is_err(), "nothing is handed over without its password");
}

#[test]
fn a_gateway_that_is_down_refuses_or_hangs_changes_nothing_and_is_not_waited_for_long() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (port, words, longest) in [
        (closed, "cannot hand the metrics to http://127.0.0.1", 10),
        (gateway(Some("500 Internal Server Error")).0, "status 500", 10),
        (gateway(None).0, "cannot hand the metrics to", 20),
    ] {
        let exchange = Exchange::start();
        let world = pushing(&exchange, port);
        let start = Instant::now();
        let run = world.run(&["-q", "cycle"]).expect(0);
        assert!(run.decided("BTC/USDT") && run.json()["errors"] == serde_json::json!([]), "{run}");
        assert!(run.stderr.contains(words) && !run.stderr.contains("hunter2"), "{run}");
        assert!(start.elapsed() < Duration::from_secs(longest), "{:?}", start.elapsed());
        assert_eq!(world.value("SELECT exit_code FROM runs"), "0");
    }
}

#[test]
fn an_address_with_a_password_is_refused_without_being_shown() {
    for (url, words) in [
        ("https://watch:hunter2@gateway.example", "do not stand in the configuration"),
        ("http://watch:hunter2@127.0.0.1:9091", "push_user"),
        ("watch:hunter2@gateway.example", "do not stand in the configuration"),
        ("https://gateway.example?x=hunter2", "its path"),
        ("[\"https://watch:hunter2,x@gateway\"]", "invalid type"),
    ] {
        let world = World::new().with("TRADER_METRICS_PUSH_URL", url);
        let run = world.run(&["config", "check"]).expect(2);
        assert!(run.stderr.to_lowercase().contains("push_url") && run.stderr.contains(words), "{run}");
        assert!(!format!("{run}").contains("hunter2"), "{run}");
    }
    // A slip in the file does not show it either, whatever signs the password is made of.
    for line in [
        "push-url = 'https://watch:hunter2@gateway'",
        "push_url = \"https://watch:hunter2@gateway",
        "push_url = ['https://watch:hunter2@gateway']",
        "push_url = ['https://watch:hunter2/x,y@gateway']",
        "push_url = ['https://watch:x hunter2@gateway']",
        "job = { a = 'https://watch:hunter2@gateway' }",
        "push_password = 'hunter2'",
    ] {
        let world = World::new();
        fs::write(world.path("slip.toml"), format!("[metrics]\n{line}\n")).unwrap();
        let run = world.run(&["--config", "slip.toml", "config", "check"]).expect(2);
        assert!(run.stderr.contains("slip.toml") && run.stderr.contains("line 2"), "{run}");
        assert!(!format!("{run}").contains("hunter2"), "{run}");
    }
}

#[test]
fn the_readme_names_metrics_and_alerts_that_there_are() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let words = |start: &str| -> Vec<String> {
        let found = readme.match_indices(start).map(|(at, _)| &readme[at..]);
        let is_end = |c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '`';
        let end = |text: &str| text[1..].find(is_end).map_or(text.len(), |end| end + 1);
        found.map(|text| text[..end(text)].trim_matches('`').to_owned()).collect()
    };
    let metrics = words("trader_");
    assert!(metrics.len() > 5, "{metrics:?}");
    for name in metrics {
        assert!(trader::report::Metric::ALL.iter().any(|metric| metric.name() == name), "{name}");
    }
    let alerts = fs::read_to_string(root.join("deploy/monitoring/prometheus/alerts.yml")).unwrap();
    let there: Vec<&str> = alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let told = words("`Trader");
    assert_eq!(told.len(), there.len());
    assert!(told.iter().all(|word| there.contains(&word.as_str())), "{told:?}");
}

#[test]
fn prometheus_reads_what_the_node_exporter_reads_of_a_real_cycle() {
    if !are_there(&["prometheus", "prometheus-node-exporter"]) {
        return;
    }
    let world = World::new();
    fs::create_dir(world.path("metrics")).unwrap();
    let run = measured(&world, "metrics/trader.prom", &[]).expect(0);
    let exporter = Part::node_exporter(&world.path("metrics"));
    let prometheus = Part::prometheus(&world.path(""), &exporter);
    assert_eq!(prometheus.value("trader_database_up"), Some(1.0));
    assert_eq!(prometheus.value("node_textfile_scrape_error"), Some(0.0));
    let equity: f64 = run.json()["portfolio"]["equity"].as_str().unwrap().parse().unwrap();
    assert_eq!(prometheus.value("trader_equity{asset=\"USDT\"}"), Some(equity));
    assert_eq!(prometheus.value("trader_risk_state == 1"), Some(1.0));
    assert_eq!(prometheus.value("count(trader_newest_candle_close_timestamp_seconds)"), Some(30.0));
    assert_eq!(prometheus.value("sum(trader_decisions_total)"), Some(5.0));
    for pair in run.json()["pairs"].as_array().unwrap() {
        let score = prometheus.value(&format!("trader_score{{symbol={}}}", pair["symbol"]));
        assert_eq!(score, pair["score"].as_f64(), "{pair}");
    }
    // The next run is seen as well.
    let replay = fixtures().display().to_string();
    let next = ["cycle", "--replay", &replay, "--now", "2026-09-01T13:00:30Z", "--metrics-file", "metrics/trader.prom"];
    world.run(&next).expect(0);
    assert_eq!(prometheus.value("sum(trader_decisions_total) == 10"), Some(10.0));
    assert_eq!(prometheus.value("trader_open_positions == 1"), Some(1.0));
}

#[test]
fn a_real_pushgateway_takes_a_live_run_and_keeps_it_when_the_database_is_lost() {
    if !are_there(&["prometheus-pushgateway"]) {
        return;
    }
    let (gateway, exchange) = (Part::pushgateway(None), Exchange::start());
    let world = World::facing(&exchange)
        .with("TRADER_METRICS_PUSH_URL", &format!("http://127.0.0.1:{}", gateway.port))
        .with("TRADER_METRICS_INSTANCE", "attic");
    let asked = world.run(&["doctor"]);
    assert!(
        asked.stdout.contains(&format!("http://127.0.0.1:{} is ready; nothing was pushed", gateway.port)),
        "{asked}"
    );
    assert!(!gateway.page("/metrics").contains("job=\"trader\""));
    let run = world.run(&["cycle"]).expect(0);
    assert!(!run.stderr.contains("metrics"), "{run}");
    let of = |name: &str, label: &str| {
        sample(&gateway.page("/metrics"), &format!("{name}{{{label}instance=\"attic\",job=\"trader\"}}"))
    };
    let equity: f64 = run.json()["portfolio"]["equity"].as_str().unwrap().parse().unwrap();
    assert_eq!(of("trader_equity", "asset=\"USDT\","), Some(equity));
    assert_eq!((of("trader_last_run_exit_code", ""), of("push_failure_time_seconds", "")), (Some(0.0), Some(0.0)));
    let success = of("trader_last_success_timestamp_seconds", "").unwrap();
    fs::write(world.db(), "no database at all ".repeat(100)).unwrap();
    world.run(&["cycle"]).expect(7);
    assert_eq!((of("trader_last_run_exit_code", ""), of("trader_database_up", "")), (Some(7.0), Some(0.0)));
    assert_eq!(of("trader_last_success_timestamp_seconds", ""), Some(success));
    assert_eq!(of("trader_equity", "asset=\"USDT\","), Some(equity));
}

#[test]
fn a_real_pushgateway_that_asks_for_a_login_takes_ours_and_no_other() {
    if !are_there(&["prometheus-pushgateway"]) {
        return;
    }
    let world = World::new();
    let (gateway, exchange) = (Part::pushgateway(Some(&world.path("web.yml"))), Exchange::start());
    let asking = |word: &str| {
        World::facing(&exchange)
            .with("TRADER_METRICS_PUSH_URL", &format!("http://127.0.0.1:{}", gateway.port))
            .with("TRADER_METRICS_PUSH_USER", "watch")
            .with("TRADER_METRICS_PUSH_PASSWORD_ENV", "GATE_WORD")
            .with("GATE_WORD", word)
    };
    let (right, wrong) = (asking("test"), asking("hunter2"));
    let run = right.run(&["cycle"]).expect(0);
    assert!(!run.stderr.contains("metrics"), "{run}");
    assert!(right.run(&["doctor"]).stdout.contains("is ready"));
    let run = wrong.run(&["cycle"]).expect(0);
    assert!(run.stderr.contains("it answered with status 401") && !run.stderr.contains("hunter2"), "{run}");
    let asked = wrong.run(&["doctor"]).expect(3);
    assert!(asked.stdout.contains("refuses the login (status 401)") && !asked.stdout.contains("hunter2"), "{asked}");
}
