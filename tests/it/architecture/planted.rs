//! Every rule, shown a house with one planted fault, finds that fault and nothing else.

use super::house::House;
use super::{DOORS, FLOORS, HOMES, IMPURE_PATHS, LAWS, violations};

const LIB: &str = "//! A house.

// -- pure rooms: values in, values out --
/// Words with units.
pub mod unit;
/// Choices.
pub mod decision;

// -- edge rooms: may fail, decide nothing --
/// The wall clock.
pub mod clock;
/// The tables.
pub(crate) mod store;

// -- recipe rooms: read, think, write, say --
/// One file per subcommand.
pub mod command;
#[cfg(test)]
mod testing;
";

/// Everything in it looks like a fault and is none.
const INNOCENT: &str = r##"//! Words: std::fs, crate::store, Utc::now(), .unwrap().
/* std::io /* nested */ println!("x") */
use std::{collections::BTreeMap, fmt};

/// `rusqlite::Connection` and todo!() in prose.
pub fn words<'a>(a: &'a [u8], b: &'static mut [u8]) -> String {
    let (quote, escaped, byte) = ('"', '\'', b'"'); // std::net
    let text = "std::env::var(\"A\").unwrap() /* \\";
    let raw = r#"crate::store " std::fs "#;
    let zip = a.iter().zip(b).map(|(x, y)| x * y);
    let log = f64::log(2.0, 3.0);
    println != log && (0..crate::unit::LAST).len() > 1
}

#[cfg(test)]
use std::fs;

#[cfg(test)]
#[allow(dead_code)]
pub(crate) fn read() -> String {
    fs::read_to_string("{").unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Row;
    const BRACE: char = '}';
    fn now() -> Instant {
        todo!(); std::time::Instant::now()
    }
}
"##;

const BASE: &[(&str, &str)] = &[
    ("src/lib.rs", LIB),
    ("src/main.rs", "//! Thin.\nfn main() -> anyhow::Result<()> {\n    trader::run()\n}\n"),
    ("src/unit.rs", INNOCENT),
    ("src/testing.rs", "use std::fs;\nfn f() { fs::read(A).unwrap() }\n"),
    ("src/decision/mod.rs", "//! Choices.\nmod risk;\nuse crate::unit::Price;\nuse super::unit::*;\n"),
    ("src/decision/risk.rs", "use super::super::unit::{self, Price};\nuse super::store::Slot;\n"),
    ("src/clock.rs", "//! Time.\nuse std::time::SystemTime;\nfn now() { SystemTime::now() }\n"),
    ("src/store/mod.rs", "//! Tables.\nuse rusqlite::Connection;\nfn f() { g().expect(\"a row has a key\") }\n"),
    ("src/command/mod.rs", "//! Subcommands.\nuse crate::{clock::now, store::{Row, Table}};\nuse log::info;\n"),
    ("Cargo.toml", "[dependencies]\nserde.workspace = true\n\n[dev-dependencies]\ntempfile = \"3\"\n"),
    ("README.md", "`~/house/x`, ../home/y, $HOME/door/z and https://example.org/home/\n"),
];

/// The base with one file added or put in another's place.
fn house_with(path: &str, text: &str) -> House {
    let kept = BASE.iter().copied().filter(|(own, _)| *own != path);
    let planted = kept.chain([(path, text)]);
    House::new(planted.map(|(path, text)| (path.to_owned(), text.to_owned())).collect())
}

fn found(law: &str, path: &str, text: &str) -> Vec<String> {
    let (_, rule) = LAWS.iter().find(|(name, _)| *name == law).expect("the law exists");
    violations(*rule, &house_with(path, text))
}

#[test]
fn a_tidy_house_passes_every_rule() {
    for (law, _) in LAWS {
        assert_eq!(found(law, "fixtures/README.md", "Made by us.\n"), [""; 0], "{law}");
    }
}

#[test]
fn every_planted_fault_is_found() {
    let faults = faults();
    for (law, path, text, expected) in &faults {
        assert_eq!(found(law, path, text), [*expected], "{law} on {path}:\n{text}");
    }
    for (law, _) in LAWS {
        assert!(faults.iter().any(|fault| fault.0 == *law), "no fault is planted for {law}");
    }
}

#[test]
fn every_impure_path_is_found() {
    for path in IMPURE_PATHS {
        let text = format!("//! Choices.\nfn f() {{ {path}(1) }}\n");
        let expected = format!("src/decision/mod.rs:2: `{path}` in a pure room");
        let law = "pure_rooms_do_no_io_and_draw_no_chance";
        assert_eq!(found(law, "src/decision/mod.rs", &text), [expected]);
    }
}

#[test]
fn every_door_is_closed_to_other_rooms() {
    for (name, places) in DOORS {
        let text = format!("//! Tables.\n\nuse {{std::fmt, ::{name}::Thing}};\n");
        let expected = format!("src/ledger.rs:3: the crate `{name}` has its door in {}", places.join(", "));
        assert_eq!(found("every_outside_crate_has_one_door", "src/ledger.rs", &text), [expected]);
    }
}

type Fault = (&'static str, &'static str, String, &'static str);

fn faults() -> Vec<Fault> {
    [floor_faults(), purity_faults(), door_faults(), size_faults(), tidy_faults()].concat()
}

fn floor_faults() -> Vec<Fault> {
    let declared = "rooms_are_declared_in_floor_order_with_captions";
    let order = "a_room_uses_only_rooms_declared_before_it";
    assert_eq!(FLOORS, ["pure", "edge", "recipe"], "the messages below name the floors");
    #[rustfmt::skip]
    let faults = vec![
        (declared, "src/lib.rs", LIB.replace("/// Choices.\n", "\n"),
            "src/lib.rs:7: room `decision` needs a caption, one `///` line directly above it"),
        (declared, "src/lib.rs", LIB.replace("/// Choices.\n", "/// Choices.\n/// More.\n"),
            "src/lib.rs:8: room `decision` needs a caption, one `///` line directly above it"),
        (declared, "src/lib.rs", LIB.replace("// -- edge rooms", "// edge rooms"),
            "src/lib.rs: the banners are [\"pure\", \"recipe\"], not [\"pure\", \"edge\", \"recipe\"]"),
        (declared, "src/lib.rs", LIB.replace("// -- pure", "/// Early.\nmod early;\n// -- pure"),
            "src/lib.rs:4: room `early` stands above the first banner"),
        (declared, "src/ledger/fill.rs", String::new(), "src/ledger: is not declared in src/lib.rs"),
        (declared, "src/ledger.rs", String::new(), "src/ledger: is not declared in src/lib.rs"),
        (order, "src/unit.rs", "use crate::store::Row;".into(), "src/unit.rs:1: `unit` uses `store`, declared after it"),
        (order, "src/unit.rs", "use crate::{\n    unit::A,\n    store::{Row},\n};".into(),
            "src/unit.rs:3: `unit` uses `store`, declared after it"),
        (order, "src/unit.rs", "fn f() -> crate::clock::Now {}".into(), "src/unit.rs:1: `unit` uses `clock`, declared after it"),
        (order, "src/unit.rs", "use super::{command};".into(), "src/unit.rs:1: `unit` uses `command`, declared after it"),
        (order, "src/decision/risk.rs", "\nuse super::super::store;".into(),
            "src/decision/risk.rs:2: `decision` uses `store`, declared after it"),
        (order, "src/store/mod.rs", "use crate::nowhere::X;".into(), "src/store/mod.rs:1: `crate::nowhere::X` leads to no room"),
        (order, "src/store/mod.rs", "use crate::*;".into(), "src/store/mod.rs:1: `crate::*` leads to no room"),
    ];
    faults
}

fn purity_faults() -> Vec<Fault> {
    let pure = "pure_rooms_do_no_io_and_draw_no_chance";
    let clock = "only_the_clock_room_reads_a_clock";
    let room = "src/decision/risk.rs";
    #[rustfmt::skip]
    let faults = vec![
        (pure, room, "use std::{\n    fmt,\n    fs::{self as disk},\n};".into(),
            "src/decision/risk.rs:3: `std::fs::self` in a pure room"),
        (pure, room, "const Q: [char; 2] = ['\"', '\\\"'];\nuse std::net::*;".into(), "src/decision/risk.rs:2: `std::net::*` in a pure room"),
        (pure, room, "#[cfg(test)]\nmod tests { fn f() { '}' } }\nuse ::std::io;".into(),
            "src/decision/risk.rs:3: `std::io` in a pure room"),
        (pure, room, "fn f() { g(..fastrand::f64()) }".into(), "src/decision/risk.rs:1: `fastrand::f64` in a pure room"),
        (pure, room, "fn f() { log::warn!(\"x\") }".into(), "src/decision/risk.rs:1: `log::warn!` in a pure room"),
        (pure, room, "use log::{info};".into(), "src/decision/risk.rs:1: `log::info` in a pure room"),
        (pure, room, "static mut COUNT: u32 = 0;".into(), "src/decision/risk.rs:1: `static mut` in a pure room"),
        (clock, "src/store/mod.rs", "fn f() {\n    std::time::Instant::now()\n}".into(),
            "src/store/mod.rs:2: `std::time::Instant::now`: only the room `clock` reads a clock"),
        (clock, "src/main.rs", "fn f() { g().unwrap_or_else(Utc::now) }".into(),
            "src/main.rs:1: `Utc::now`: only the room `clock` reads a clock"),
    ];
    faults
}

fn door_faults() -> Vec<Fault> {
    let door = "every_outside_crate_has_one_door";
    let chosen = "every_dependency_has_chosen_its_door";
    let unknown = "Cargo.toml: the crate `left_pad` has no door yet: add it to DOORS";
    #[rustfmt::skip]
    let faults = vec![
        (door, "src/command/mod.rs", "\nfn f() -> rusqlite::Result<()> {}".into(),
            "src/command/mod.rs:2: the crate `rusqlite` has its door in store"),
        (door, "src/unit.rs", "pub use yata as averages;".into(), "src/unit.rs:1: the crate `yata` has its door in indicator"),
        (door, "src/unit.rs", "#[derive(Debug, toml::Value)]\nstruct X;".into(),
            "src/unit.rs:1: the crate `toml` has its door in settings"),
        (chosen, "Cargo.toml", "[dependencies]\nserde = \"1\"\nleft-pad = \"1\"\n".into(), unknown),
        (chosen, "Cargo.toml", "[dependencies]\nlog = { features = [\n  \"std\",\n] }\nleft-pad.version = \"1\"".into(), unknown),
        (chosen, "Cargo.toml", "[dependencies.left-pad]\nversion = \"1\"\n".into(), unknown),
        (chosen, "Cargo.toml", "[target.'cfg(unix)'.dependencies]\nleft-pad = \"1\"\n".into(), unknown),
    ];
    faults
}

fn size_faults() -> Vec<Fault> {
    let function = |lines: usize| format!("\nfn long(\n) {{\n{}}}\n", "    step();\n".repeat(lines - 3));
    let file =
        |lines: usize| format!("{}#[cfg(test)]\nmod tests {{\n#[cfg(test)]\nuse x;\n}}\n", "// line\n".repeat(lines));
    #[rustfmt::skip]
    let faults = vec![
        ("functions_are_short", "src/store/mod.rs", function(71), "src/store/mod.rs:2: fn long has 71 lines, over 70"),
        ("functions_are_short", "src/decision/risk.rs", function(41), "src/decision/risk.rs:2: fn long has 41 lines, over 40"),
        ("files_are_short", "src/store/mod.rs", file(401), "src/store/mod.rs:1: 401 lines, over 400"),
        ("files_are_short", "src/main.rs", file(41), "src/main.rs:1: 41 lines, over 40"),
    ];
    for (law, path, text) in [
        ("functions_are_short", "src/store/mod.rs", function(70)),
        ("functions_are_short", "src/decision/risk.rs", function(40)),
        ("files_are_short", "src/store/mod.rs", file(400)),
        ("files_are_short", "src/main.rs", file(40)),
    ] {
        assert_eq!(found(law, path, &text), [""; 0], "{law} is too strict on {path}");
    }
    faults
}

fn tidy_faults() -> Vec<Fault> {
    let passport = "every_room_opens_with_its_passport";
    let panics = "nothing_panics_by_hand";
    let names = "names_say_something";
    let store = "src/store/mod.rs";
    #[rustfmt::skip]
    let mut faults: Vec<Fault> = vec![
        (passport, store, "\n//! Late.\n".into(), "src/store/mod.rs:1: does not open with its `//!` passport"),
        (passport, "src/clock.rs", "use x;\n".into(), "src/clock.rs:1: does not open with its `//!` passport"),
        (panics, store, "fn f() {\n    g()\n        .unwrap()\n}".into(), "src/store/mod.rs:3: `.unwrap()` outside tests"),
        (panics, store, "fn f() { todo!() }".into(), "src/store/mod.rs:1: `todo!` outside tests"),
        (panics, store, "fn f() { core::unimplemented!() }".into(), "src/store/mod.rs:1: `core::unimplemented!` outside tests"),
        (panics, store, "fn f() { dbg!(1) }".into(), "src/store/mod.rs:1: `dbg!` outside tests"),
        (panics, store, "fn f() { g().expect(\n    \"no\") }".into(), "src/store/mod.rs:1: `.expect(\"no\")` explains nothing"),
        (names, "src/store/util.rs", String::new(), "src/store/util.rs: its name says nothing"),
        (names, "tests/it/helpers/mod.rs", String::new(), "tests/it/helpers/mod.rs: its name says nothing"),
        (names, store, "\npub(super) mod types { }".into(), "src/store/mod.rs:2: the module name `types` says nothing"),
    ];
    for (home, line) in HOMES.iter().zip(["MAILTO=me\n>>{}me/log", "\ncd \"{}me\"", "\n{}me/trader cycle"]) {
        let law = "no_path_belongs_to_one_machine";
        let expected = "fixtures/crontab:2: a path of one machine";
        faults.push((law, "fixtures/crontab", line.replace("{}", home), expected));
    }
    faults
}
