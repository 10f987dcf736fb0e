//! `trader doctor`: each part is tried for real, what is wrong is told with the way out, and nothing is changed.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::contract::Promise;
use crate::exchange_server::{Exchange, Fault, NOON, local_now};
use crate::status::kept;
use crate::world::{Run, World};

/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:1";

/// A world after a cycle, with a crontab that starts more of them.
fn installed() -> (Exchange, World) {
    let exchange = Exchange::start();
    exchange.set_clock(local_now());
    let world = with_crontab(World::facing(&exchange), "0 * * * * sleep 20 && /usr/local/bin/trader -q cycle");
    world.run(&["cycle"]).expect(0);
    (exchange, world)
}

/// Puts a `crontab` in front of the path that prints this.
fn with_crontab(world: World, line: &str) -> World {
    let folder = world.path("bin");
    fs::create_dir_all(&folder).unwrap();
    let program = folder.join("crontab");
    fs::write(&program, format!("#!/bin/sh\ncat <<'END'\n{line}\nEND\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    world.with("PATH", &path)
}

fn part(run: &Run, name: &str) -> Value {
    let parts = run.json()["parts"].as_array().cloned().unwrap_or_default();
    let found = parts.into_iter().find(|part| part["name"].as_str().is_some_and(|told| told.starts_with(name)));
    found.unwrap_or_else(|| panic!("nothing is told of {name}: {run}"))
}

/// Asserts how a part went, and that what is not right has a way out.
#[track_caller]
fn assert_part(run: &Run, name: &str, outcome: &str, words: &str) {
    let part = part(run, name);
    assert_eq!(part["outcome"], outcome, "{name}: {run}");
    assert!(part["text"].as_str().is_some_and(|text| text.contains(words)), "{name}, {words}: {run}");
    assert_eq!(part["remedy"].is_string(), ["warning", "failed"].contains(&outcome), "{name}: {run}");
}

#[test]
fn an_installation_that_works_is_told_part_by_part_and_left_as_it_is() {
    let (exchange, world) = installed();
    let summary = world.path("last.json").display().to_string();
    let world = world.with("TRADER_SUMMARY_FILE", &summary);
    let (bytes, names) = (world.db_bytes(), kept(&world));
    exchange.set_clock(local_now());
    let run = world.run(&["doctor"]).expect(0);
    Promise::of("doctor").holds(&run);
    for (name, words) in [
        ("configuration", "classic"),
        ("database", "can be written"),
        ("disk", "free"),
        ("exchange ", "answers in"),
        ("clock", "give or take"),
        ("pair BTC/USDT", "TRADING"),
        ("pair ETH/USDT", "orders from 5"),
        ("summary file", "can be written"),
    ] {
        assert_part(&run, name, "ok", words);
    }
    assert!(["ok", "skipped"].contains(&part(&run, "lock")["outcome"].as_str().unwrap_or_default()), "{run}");
    assert_ne!(part(&run, "schedule")["outcome"], "failed", "{run}");
    assert!(part(&run, "schedule")["text"].as_str().is_some_and(|text| text.contains("this user's crontab")), "{run}");
    assert!((world.db_bytes(), kept(&world)) == (bytes, names), "nothing is changed");
    let table = world.run(&["doctor", "--format", "table"]).expect(0).stdout;
    assert!(table.starts_with("ok: ") && table.contains("✓ database"), "{table}");
    assert!(!table.contains('\u{1b}'), "colours are for a terminal: {table}");
}

#[test]
fn offline_nobody_is_asked_and_what_is_on_record_is_told() {
    let (exchange, world) = installed();
    exchange.forget_requests();
    let run = world.run(&["doctor", "--offline"]).expect(0);
    assert!(exchange.seen().is_empty(), "{run}");
    assert_part(&run, "exchange ", "skipped", "network");
    assert_part(&run, "pair BTC/USDT", "ok", "as told");
}

#[test]
fn a_host_that_does_not_answer_fails_only_where_no_other_does() {
    let (exchange, world) = installed();
    let both = world.with("TRADER_EXCHANGE_BASE_URLS", &format!("{NOBODY},{}", exchange.url()));
    let run = both.run(&["doctor"]).expect(0);
    assert_part(&run, &format!("exchange {NOBODY}"), "warning", "cannot be reached");
    assert_part(&run, &format!("exchange {}", exchange.url()), "ok", "answers");
    let run = both.with("TRADER_EXCHANGE_BASE_URLS", NOBODY).run(&["doctor"]).expect(3);
    assert_part(&run, "exchange ", "failed", "cannot be reached");
    assert_part(&run, "pairs", "failed", "cannot be reached");
}

#[test]
fn what_the_exchange_says_is_judged() {
    let (exchange, world) = installed();
    exchange.set_status("ETHUSDT", "BREAK");
    exchange.forget_symbol("SOLUSDT");
    exchange.set_clock(NOON);
    let world = world.with("TRADER_PAIRS", "BTC/USDT,ETH/USDT,SOL/USDT,MATIC/USDT").with("TRADER_ACCOUNT_ASSET", "EUR");
    let run = world.run(&["doctor"]).expect(3);
    assert_part(&run, "clock", "warning", "the exchange's");
    assert_part(&run, "pair BTC/USDT", "warning", "paid in USDT");
    assert_part(&run, "pair ETH/USDT", "warning", "not traded: BREAK");
    assert_part(&run, "pair SOL/USDT", "failed", "does not know");
    assert_part(&run, "pair MATIC/USDT", "warning", "renamed to POL");
}

#[test]
fn an_account_too_small_for_the_smallest_order_is_told() {
    let exchange = Exchange::start();
    // A third of 10 USDT buys nothing where orders begin at 5.
    let run = World::facing(&exchange).with("TRADER_ACCOUNT_START", "10").run(&["doctor"]).expect(0);
    assert_part(&run, "pair BTC/USDT", "warning", "too little money");
    assert_part(&run, "database", "warning", "there is no");
    assert!(part(&run, "database")["remedy"].as_str().is_some_and(|remedy| remedy.contains("trader cycle")), "{run}");
}

#[test]
fn a_ban_is_put_on_record_and_respected() {
    let (exchange, world) = installed();
    exchange.break_always(&["time"], Fault::Status(418, vec![("Retry-After", "600".to_owned())], Vec::new()));
    let run = world.run(&["doctor"]).expect(3);
    assert_part(&run, "exchange ", "failed", "418");
    exchange.mend();
    exchange.forget_requests();
    let run = world.run(&["doctor"]).expect(3);
    assert_part(&run, "exchange ", "failed", "stay away");
    assert!(exchange.seen().is_empty(), "{run}");
}

#[test]
fn an_exchange_that_never_answers_costs_no_more_than_a_trial_may_take() {
    let (exchange, world) = installed();
    exchange.break_always(&["time"], Fault::Never);
    let run = world.run(&["doctor"]).expect(3);
    assert_eq!(part(&run, "exchange ")["outcome"], "failed", "{run}");
    assert!(run.elapsed < Duration::from_secs(9), "{run}");
}

#[test]
fn a_database_that_cannot_be_used_is_code_seven_and_the_rest_is_tried() {
    let (_exchange, world) = installed();
    fs::write(world.db(), "no database at all. ".repeat(100)).unwrap();
    let run = world.run(&["doctor"]).expect(7);
    assert_part(&run, "database", "failed", "");
    assert_part(&run, "exchange ", "ok", "answers");
    assert_part(&run, "pair BTC/USDT", "ok", "TRADING");
}

#[test]
fn a_lock_that_is_held_is_told_and_the_cycle_that_holds_it_is_not_disturbed() {
    let (exchange, world) = installed();
    exchange.advance(3_600_000);
    exchange.set_delay(Duration::from_millis(700));
    let mut cycle = world.command(&["cycle"]).spawn().unwrap();
    let held = || part(&world.run(&["doctor", "--offline"]), "lock")["outcome"].clone();
    let told: Vec<Value> = (0..12).map(|_| held()).collect();
    assert!(told.iter().any(|outcome| outcome != "ok"), "nobody told of the lock");
    assert!(cycle.wait().unwrap().success());
}

#[test]
fn a_file_that_cannot_be_written_is_told() {
    let (_exchange, world) = installed();
    let nowhere = world.path("nowhere/last.json").display().to_string();
    let run = world.with("TRADER_SUMMARY_FILE", &nowhere).run(&["doctor", "--offline"]).expect(3);
    assert_part(&run, "summary file", "failed", "nowhere");
}

#[test]
fn a_file_of_metrics_is_to_be_written_by_us_and_read_by_others() {
    let (_exchange, world) = installed();
    let mode = |name: &str, mode: u32| {
        fs::create_dir_all(world.path(name)).unwrap();
        fs::set_permissions(world.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    // The folder of a test is its owner's alone.
    for (name, bits) in
        [("", 0o755), ("all", 0o755), ("group", 0o750), ("closed", 0o700), ("pass", 0o711), ("closed/in", 0o755)]
    {
        mode(name, bits);
    }
    let told = |file: &str| {
        let file = world.path(file).display().to_string();
        let mut command = world.command(&["doctor", "--offline"]);
        command.env("TRADER_METRICS_FILE", file).env("TRADER_SUMMARY_FILE", world.path("all/last.prom"));
        Run::of(command)
    };
    for (file, outcome, words) in [
        ("all/t.prom", "ok", "its folder read"),
        ("group/t.prom", "ok", "its folder read"),
        ("closed/t.prom", "warning", "closed"),
        ("pass/t.prom", "warning", "pass"),
        ("closed/in/t.prom", "warning", "closed"),
        ("all/t.txt", "warning", "reads no file of that name"),
        ("nowhere/t.prom", "failed", "nowhere"),
        ("trader.db", "failed", "the database"),
        ("all/last.prom", "failed", "cannot write"),
    ] {
        let run = told(file).expect(if outcome == "failed" { 3 } else { 0 });
        assert_part(&run, "metrics file", outcome, words);
        assert!(!world.path(file).exists() || file == "trader.db", "nothing is left: {run}");
    }
}

/// A gateway that answers so and hands back what it was asked.
fn gateway(answer: &'static str) -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/prefix/", listener.local_addr().unwrap());
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut piece = vec![0; 4096];
            let read = stream.read(&mut piece).unwrap();
            if tell.send(String::from_utf8_lossy(&piece[..read]).into_owned()).is_err() {
                return;
            }
            drop(write!(stream, "HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n"));
        }
    });
    (url, told)
}

#[test]
fn a_pushgateway_is_asked_with_its_login_whether_it_is_ready_and_nothing_is_pushed() {
    for (answer, exit, outcome, words) in [
        ("200 OK", 0, "ok", "is ready"),
        ("401 Unauthorized", 3, "failed", "refuses the login"),
        ("404 Not Found", 0, "warning", "status 404"),
    ] {
        let (_exchange, world) = installed();
        let (url, asked) = gateway(answer);
        let world = world
            .with("TRADER_METRICS_PUSH_URL", &url)
            .with("TRADER_METRICS_PUSH_USER", "watch")
            .with("TRADER_METRICS_PUSH_PASSWORD_ENV", "GATE_WORD")
            .with("GATE_WORD", "hunter2");
        let run = world.run(&["-vv", "doctor"]).expect(exit);
        assert_part(&run, "pushgateway", outcome, words);
        let asked = asked.recv_timeout(Duration::from_secs(5)).unwrap().to_lowercase();
        assert!(asked.starts_with("get /prefix/-/ready http/1.1"), "{asked}");
        // watch:hunter2
        assert!(asked.contains("authorization: basic d2f0y2g6ahvudgvymg=="), "{asked}");
        assert!(!format!("{run}").contains("hunter2"), "{run}");
    }
}

#[test]
fn a_pushgateway_that_is_not_there_or_whose_password_is_not_is_told() {
    let (_exchange, world) = installed();
    let world = world.with("TRADER_METRICS_PUSH_URL", NOBODY);
    assert_part(&world.run(&["doctor", "--offline"]).expect(0), "pushgateway", "skipped", "network");
    assert_part(&world.run(&["doctor"]).expect(3), "pushgateway", "failed", NOBODY);
    let world = world.with("TRADER_METRICS_PUSH_USER", "watch").with("TRADER_METRICS_PUSH_PASSWORD_ENV", "GATE_WORD");
    assert_part(&world.run(&["doctor"]).expect(3), "pushgateway", "failed", "GATE_WORD is not set");
}

#[test]
fn a_scheduler_that_starts_nothing_is_told_and_one_that_hangs_costs_a_few_seconds() {
    let world = with_crontab(World::new(), "20 1 * * * /usr/local/bin/trader db check");
    let run = world.run(&["doctor", "--offline"]).expect(0);
    let schedule = part(&run, "schedule");
    assert!(
        schedule["remedy"]
            .as_str()
            .is_none_or(|remedy| remedy.contains("trader schedule install") || remedy.contains("keep one")),
        "{run}"
    );
    // This machine's own files may start cycles; this crontab does not.
    assert!(part(&run, "schedule")["text"].as_str().is_some_and(|text| !text.contains("this user's crontab")), "{run}");
    fs::write(world.path("bin/crontab"), "#!/bin/sh\nexec sleep 60\n").unwrap();
    let run = world.run(&["doctor", "--offline"]).expect(0);
    assert!(run.elapsed < Duration::from_secs(6), "{run}");
}

#[test]
fn a_configuration_with_secrets_that_others_may_read_is_told_without_them() {
    let told = trader::settings::secrets_in(
        "db = 'x'\n[notify.smtp]\nhost = 'h'\npassword = 'hunter2'\n[notify.slack]\nwebhook_url = 'https://x/y'\ntoken = ''\n",
    );
    assert_eq!(told, ["notify.slack.webhook_url", "notify.smtp.password"]);
    let world = World::new();
    let file = world.path("trader.toml");
    fs::write(&file, "[strategy]\nname = 'trend'\n").unwrap();
    let run = world.run(&["--config", &file.display().to_string(), "doctor", "--offline"]).expect(0);
    assert_part(&run, "configuration", "ok", "trader.toml (strategy trend");
    assert_part(&run, "rights", "ok", "names no secret");
    fs::write(&file, "[strategy]\nname = 'no such'\n").unwrap();
    let run = world.run(&["--config", &file.display().to_string(), "doctor", "--offline"]).expect(2);
    assert!(run.stdout.is_empty(), "{run}");
}

#[test]
fn what_stands_before_an_at_in_a_url_is_not_printed() {
    let world = World::new().with("TRADER_EXCHANGE_BASE_URLS", "https://me:hunter2@127.0.0.1:1");
    let run = world.run(&["-vv", "doctor"]);
    assert!(!format!("{run}").contains("hunter2"), "{run}");
}

/// A terminal is wanted for colours; `script` makes one.
#[test]
fn colours_are_for_a_terminal() {
    let world = World::new();
    let program = env!("CARGO_BIN_EXE_trader");
    let mut command = world.dress(Command::new("script"));
    command.args(["-qec", &format!("{program} doctor --offline"), "/dev/null"]);
    let Ok(output) = command.output() else {
        eprintln!("SKIPPED: there is no `script` to make a terminal with");
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("\u{1b}[33m!\u{1b}[0m"), "{text}");
}
