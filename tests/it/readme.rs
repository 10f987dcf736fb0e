//! README.md and crontab.example are promises: their commands run, their outputs are real, their tables agree with the
//! code. Beside them, snapshots of what a user sees.

mod blocks;
mod cron;
mod stage;

use std::collections::BTreeSet;
use std::process::Command;

use insta::assert_snapshot;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use trader::exit::Exit;

use self::blocks::{Block, blocks, differs, table, transcript, words};
use self::stage::{Stage, has, repository};
use crate::contract::masked;
use crate::world::Run;

fn readme() -> String {
    std::fs::read_to_string(repository().join("README.md")).unwrap()
}

fn blocks_of(language: &str) -> Vec<Block> {
    blocks(&readme()).into_iter().filter(|block| block.language == language).collect()
}

#[test]
fn the_first_block_builds_and_runs_the_second_tests_and_the_third_is_live() {
    let first: Vec<Vec<String>> = blocks(&readme()).into_iter().take(3).map(|block| block.lines).collect();
    let expected = [
        "cargo run --release --locked -- cycle --replay fixtures/market",
        "cargo test --locked",
        "./target/release/trader cycle",
    ];
    assert_eq!(first, expected.map(|line| vec![line.to_owned()]));
}

#[test]
fn the_table_of_exit_codes_is_that_of_the_program() {
    let told: Vec<(String, String)> = table(&readme(), "## Exit codes")
        .into_iter()
        .map(|row| {
            assert!(row.len() == 3 && !row[2].is_empty(), "{row:?}");
            (row[0].clone(), row[1].clone())
        })
        .collect();
    assert_eq!(told, Exit::ALL.map(|exit| (exit.code().to_string(), exit.name().to_owned())));
}

/// The README's commands that start the program, as a shell runs them where the program is on the path.
fn commands() -> Vec<String> {
    let lines = blocks_of("sh").into_iter().flat_map(|block| block.lines);
    let ours = lines.filter_map(|line| {
        let installed = line.replace("./target/release/trader", "trader");
        let installed = installed.replace("cargo run --release --locked --", "trader");
        installed.starts_with("trader ").then_some(installed)
    });
    ours.collect()
}

/// Whether a command needs an exchange or a file that is not here: then it is only understood, not successful.
fn needs_the_world(command: &str) -> bool {
    let live = command.starts_with("trader cycle") && !command.contains("--replay");
    live || command.starts_with("trader backfill") || command.starts_with("trader import")
}

#[test]
fn every_command_is_understood_and_those_that_need_no_network_succeed() {
    let (stage, live) = (Stage::played(), Stage::empty());
    // A file that is not there is refused as bad usage; one that is not what its name says is not.
    std::fs::write(live.world.path("BTCUSDT-1h-2024-01.zip"), "no archive").unwrap();
    let commands = commands();
    assert!(commands.len() > 8, "{commands:?}");
    for command in commands {
        if command.contains("https://") {
            stage.shell(&format!("{command} --help")).expect(0);
        } else if needs_the_world(&command) {
            let run = live.shell(&command);
            assert!([0, 3, 4].contains(&run.code), "{command}\n{run}");
        } else {
            let run = stage.shell(&command);
            assert_eq!(run.code, 0, "{command}\n{run}");
        }
    }
}

#[test]
fn what_the_transcripts_show_is_what_the_program_prints() {
    let stage = Stage::played();
    let shown: Vec<_> = blocks_of("console").iter().flat_map(transcript).collect();
    assert!(shown.len() > 10, "{shown:?}");
    for shown in shown {
        if let Some(program) = ["jq", "sqlite3"].into_iter().find(|p| shown.command.contains(*p) && !has(p)) {
            eprintln!("skipped, {program} is not installed: {}", shown.command);
            continue;
        }
        let run = stage.shell(&shown.command);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}\n{run}", shown.command);
        if let Some(line) = differs(&shown.output, &run.stdout) {
            panic!("{}\nshows: {line}\n{run}", shown.command);
        }
    }
}

/// All rows of all queries, in the form of the `sqlite3` shell.
fn answers(db: &Connection, sql: &str) -> Vec<String> {
    let one = |query: &str| -> Vec<String> {
        let mut statement = db.prepare(query).unwrap_or_else(|error| panic!("{query}: {error}"));
        let width = statement.column_count();
        let row = |row: &rusqlite::Row<'_>| (0..width).map(|i| row.get_ref(i).map(cell)).collect::<Result<Vec<_>, _>>();
        statement.query_map([], row).unwrap().map(|cells| cells.unwrap().join("|")).collect()
    };
    sql.split_inclusive(';').map(str::trim).filter(|query| !query.is_empty()).flat_map(one).collect()
}

fn cell(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(n) => n.to_string(),
        ValueRef::Real(x) => format!("{x:?}"),
        ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into_owned(),
    }
}

/// The queries that scripts were promised.
const CONTRACT: &str = "\
SELECT symbol, signal, confidence, reasoning FROM agent_signals
 WHERE agent_name = 'Technical Analyst' ORDER BY time DESC LIMIT 5;
SELECT symbol, decision, confidence, current_price, timestamp FROM trading_decisions ORDER BY timestamp DESC;
SELECT agent_name, success_rate, executions_24h FROM agent_execution_stats;
SELECT COUNT(*) FROM price_data;";

#[test]
fn the_queries_of_the_contract_answer_and_the_answers_shown_are_theirs() {
    let stage = Stage::played();
    let db = Connection::open(stage.world.db()).unwrap();
    let all = blocks(&readme());
    let asked: Vec<_> = all.windows(2).filter(|pair| pair[0].language == "sql").collect();
    assert_eq!(asked[0][0].lines.join("\n"), CONTRACT);
    for pair in asked {
        let real = answers(&db, &pair[0].lines.join("\n"));
        assert!(!real.is_empty());
        assert_eq!(pair[1].language, "text");
        assert_eq!(differs(&pair[1].lines, &real.join("\n")), None, "{real:#?}");
    }
}

#[test]
fn the_example_of_a_configuration_is_accepted_and_the_template_knows_its_keys() {
    let stage = Stage::empty();
    let template: toml::Table = toml::from_str(&spoken(trader::settings::TEMPLATE)).unwrap();
    let examples = blocks_of("toml");
    assert!(examples.len() > 1, "{examples:?}");
    for example in examples {
        let text = example.lines.join("\n");
        std::fs::write(stage.world.path("example.toml"), &text).unwrap();
        stage.shell("trader config check --config example.toml").expect(0);
        assert_eq!(unknown(&toml::from_str(&text).unwrap(), &template), Vec::<String>::new());
    }
}

/// The template with its examples in force.
fn spoken(template: &str) -> String {
    let is_example =
        |line: &str| line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
    let line = |line: &str| line.strip_prefix("# ").filter(|rest| is_example(rest)).unwrap_or(line).to_owned();
    template.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn unknown(example: &toml::Table, template: &toml::Table) -> Vec<String> {
    let mut missing = Vec::new();
    for (key, value) in example {
        match (value, template.get(key)) {
            (_, None) => missing.push(key.clone()),
            (toml::Value::Table(inner), Some(toml::Value::Table(known))) => missing.extend(unknown(inner, known)),
            (_, Some(_)) => {}
        }
    }
    missing
}

#[test]
fn every_variable_that_is_named_means_something() {
    let mut variables = words(&readme(), "TRADER_");
    variables.retain(|name| name != "TRADER_");
    assert!(variables.len() > 8, "{variables:?}");
    let keys = keys(&toml::from_str(trader::settings::TEMPLATE).unwrap(), "TRADER");
    let flags = words(&["cycle", "backfill"].map(help).concat(), "TRADER_");
    let known: BTreeSet<String> = keys.into_iter().chain(flags).collect();
    let unknown: Vec<&String> = variables.iter().filter(|name| !known.contains(*name)).collect();
    assert_eq!(unknown, Vec::<&String>::new());
}

/// The variable of every key.
fn keys(table: &toml::Table, prefix: &str) -> Vec<String> {
    let below = |(key, value): (&String, &toml::Value)| {
        let name = format!("{prefix}_{}", key.to_uppercase());
        match value {
            toml::Value::Table(inner) => keys(inner, &name),
            _ => vec![name],
        }
    };
    table.iter().flat_map(below).collect()
}

/// The words that a source file's `fn code` can give.
fn codes(file: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(repository().join(file)).unwrap();
    let arms = text.lines().filter_map(|line| line.split_once("=> \"")?.1.strip_suffix("\","));
    arms.filter(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '_')).map(str::to_owned).collect()
}

#[test]
fn every_code_of_an_error_a_gate_and_an_objection_has_its_row() {
    let text = readme();
    let rows = |heading: &str| -> BTreeSet<String> {
        let cells = table(&text, heading).into_iter().map(|row| row[0].replace('`', ""));
        cells.flat_map(|cell| cell.split(", ").map(str::to_owned).collect::<Vec<_>>()).collect()
    };
    let told = rows("## Trouble-shooting");
    for file in ["src/exchange/fault.rs", "src/store/error.rs"] {
        let codes = codes(file);
        assert!(codes.len() > 8, "{file}: {codes:?}");
        assert_eq!(codes.difference(&told).collect::<Vec<_>>(), Vec::<&String>::new(), "{file}");
    }
    let gates = codes("src/decision/refusal.rs");
    assert_eq!(gates.len(), 5);
    assert!(gates.iter().all(|gate| text.contains(&format!("| `{gate}` |"))), "{gates:?}");
    let (objections, told) = (codes("src/decision/objection.rs"), rows("## The paper account"));
    assert!(objections.len() > 12, "{objections:?}");
    assert_eq!(objections.difference(&told).collect::<Vec<_>>(), Vec::<&String>::new());
}

/// The help that a user sees who has set nothing.
fn help(command: &str) -> String {
    let arguments: &[&str] = if command.is_empty() { &["--help"] } else { &[command, "--help"] };
    let output = Command::new(env!("CARGO_BIN_EXE_trader")).args(arguments).env_clear().output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn said(run: &Run) -> String {
    format!("exit {}\n{}{}", run.code, run.stdout, run.stderr)
}

/// The text without this run's id.
fn nameless(stage: &Stage, text: &str) -> String {
    text.replace(&stage.world.value("SELECT run_id FROM runs"), "[run id]")
}

#[test]
fn snapshot_of_the_help() {
    assert_snapshot!("help", help(""));
    assert_snapshot!("help_cycle", help("cycle"));
}

#[test]
fn snapshot_of_bad_usage() {
    let stage = Stage::empty();
    assert_snapshot!("now_without_replay", said(&stage.shell("trader cycle --now 2026-09-01T12:00:30Z")));
    std::fs::write(stage.world.path("typo.toml"), "[exchange]\n# Less patience.\ndeadlin_ms = 5000\n").unwrap();
    assert_snapshot!("typo_in_the_configuration", said(&stage.shell("trader --config typo.toml cycle")));
    std::fs::write(stage.world.path("range.toml"), "[strategy]\nbuy_score = 140\n").unwrap();
    assert_snapshot!("value_out_of_range", said(&stage.shell("trader --config range.toml cycle")));
}

#[test]
fn snapshot_of_a_cycle() {
    let run = Stage::empty().shell("trader cycle --replay fixtures/market --pretty").expect(0);
    assert_snapshot!("cycle", masked(&run.stdout));
}

#[test]
fn snapshot_of_an_explanation() {
    let stage = Stage::played();
    let run = stage.shell("trader explain BTC/USDT --format table").expect(0);
    assert_snapshot!("explain", nameless(&stage, &run.stdout));
}

#[test]
fn snapshot_of_decisions_as_csv() {
    let stage = Stage::played();
    let run = stage.shell("trader show decisions --format csv").expect(0);
    assert_snapshot!("decisions", nameless(&stage, &run.stdout));
}
