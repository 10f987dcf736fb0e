//! The house keeps its shape: rooms in floor order, pure rooms pure, one door per outside crate, tidy files.
//!
//! The law stands here as tables. `reading` turns sources into code without prose and tests, `house` holds them,
//! `rules` judges them, and `planted` shows every rule a house with one fault: a rule that cannot fail protects
//! nothing.

mod house;
mod planted;
mod reading;
mod rules;

use house::{Finding, House, functions};

type Rule = fn(&House) -> Vec<Finding>;

/// What is read, where it exists.
#[rustfmt::skip]
const SCANNED: [&str; 8] =
    ["Cargo.toml", "src", "tests", "benches", "deploy", "fixtures", "README.md", "crontab.example"];

const FLOORS: [&str; 3] = ["pure", "edge", "recipe"];

/// What a pure room never mentions: input, output, clocks, threads.
#[rustfmt::skip]
const IMPURE_PATHS: &[&str] = &[
    "std::fs", "std::net", "std::env", "std::process", "std::io", "std::thread",
    "SystemTime", "Instant::now", "Utc::now", "Local::now",
    "println!", "eprintln!", "print!", "eprint!",
];
/// Chance and logging; whole crates, so that `f64::log` stays allowed.
const IMPURE_CRATES: &[&str] = &["fastrand", "log"];
const CLOCK_READS: &[&str] = &["SystemTime::now", "Instant::now", "Utc::now", "Local::now"];

/// Where each outside crate may be named. A place is a room, a file or folder of a room, or `main`.
const DOORS: &[(&str, &[&str])] = &[
    ("anyhow", &["exit", "command", "cli", "main"]),
    ("chrono", &["unit", "clock"]),
    ("clap", &["cli", "command"]),
    ("clap_complete", &["cli", "command"]),
    ("clap_mangen", &["cli", "command"]),
    ("comfy_table", &["report", "command"]),
    ("csv", &["exchange"]),
    ("env_logger", &["command", "cli", "main"]),
    ("fastrand", &["exchange", "command"]),
    ("flate2", &["exchange"]),
    ("futures_util", &["exchange"]),
    ("hmac", &["notice"]),
    ("indicatif", &["command"]),
    ("lettre", &["notice"]),
    ("reqwest", &["web", "exchange", "gateway", "notice"]),
    ("rusqlite", &["store"]),
    ("rust_decimal", &["unit", "market"]),
    ("rustix", &["file"]),
    ("rustls", &["web"]),
    ("schemars", &["unit", "report"]),
    ("sha2", &["settings", "exchange", "notice"]),
    ("tokio", &["exchange", "gateway", "notice"]),
    ("toml", &["settings"]),
    ("webpki_roots", &["web"]),
    ("yata", &["indicator"]),
    ("zip", &["exchange"]),
];
/// Crates that may be named anywhere (`log` not in pure rooms, see above).
const UBIQUITOUS: &[&str] = &["serde", "serde_json", "thiserror", "log"];

#[rustfmt::skip]
const EMPTY_NAMES: &[&str] =
    &["utils", "util", "common", "helpers", "helper", "misc", "manager", "types", "info", "data"];
/// Somebody's machine has no place in the repository. Put together here so that this file passes its own rule.
const HOMES: [&str; 3] = [concat!("/", "home/"), concat!("/", "root/"), concat!("/", "work/")];

const UNFINISHED: &[&str] = &["todo!", "unimplemented!", "dbg!"];

const LONGEST_FUNCTION: usize = 70;
/// The money path has to be readable at a glance.
const LONGEST_DECISION_FUNCTION: usize = 40;
const LONGEST_FILE: usize = 400;
const LONGEST_MAIN: usize = 40;
const SHORTEST_EXPECT: usize = 10;
const SMALLEST_HOUSE: usize = 30;

/// One test per rule on the real tree, and the list of all of them: no rule without its test.
macro_rules! laws {
    ($($law:ident => $rule:ident,)*) => {
        const LAWS: &[(&str, Rule)] = &[$((stringify!($law), rules::$rule)),*];
        $(
            #[test]
            fn $law() {
                let wrong = violations(rules::$rule, &House::real());
                assert!(wrong.is_empty(), "{} found:\n{}", wrong.len(), wrong.join("\n"));
            }
        )*
    };
}

laws! {
    rooms_are_declared_in_floor_order_with_captions => declared_rooms,
    a_room_uses_only_rooms_declared_before_it => floor_order,
    pure_rooms_do_no_io_and_draw_no_chance => purity,
    only_the_clock_room_reads_a_clock => one_clock,
    every_outside_crate_has_one_door => doors,
    every_dependency_has_chosen_its_door => chosen_doors,
    every_room_opens_with_its_passport => passports,
    functions_are_short => short_functions,
    files_are_short => short_files,
    nothing_panics_by_hand => no_panics,
    names_say_something => telling_names,
    no_path_belongs_to_one_machine => no_workplace,
}

fn violations(rule: Rule, house: &House) -> Vec<String> {
    rule(house).into_iter().filter_map(Result::err).collect()
}

#[test]
fn no_rule_is_vacuous() {
    let house = House::real();
    let files = house.sources.len();
    assert!(files >= SMALLEST_HOUSE, "only {files} files were read below src/");
    for (law, rule) in LAWS {
        assert!(!rule(&house).is_empty(), "{law} looked at nothing");
    }
}

/// Seen with `--nocapture`: what to shorten next.
#[test]
fn the_longest_functions_are_known() {
    let house = House::real();
    let mut all = functions(&house);
    all.sort_by_key(|f| std::cmp::Reverse(f.lines));
    for f in all.iter().take(5) {
        println!("{:3} lines  {}  {}", f.lines, f.source.path, f.name);
    }
    assert!(all.len() > SMALLEST_HOUSE, "only {} functions were read", all.len());
}
