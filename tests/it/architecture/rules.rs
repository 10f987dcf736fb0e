//! The rules, each a pure function from a house to its findings.

use std::collections::BTreeSet;

use super::house::{Finding, House, Source, banner_floor, children_of, functions, is_rust};
use super::reading::{Mention, find_words, items, string_end};
use super::*;

/// The finding of a rule that knows no line.
fn check(fine: bool, wrong: impl FnOnce() -> String) -> Finding {
    if fine { Ok(()) } else { Err(wrong()) }
}

pub(super) fn declared_rooms(house: &House) -> Vec<Finding> {
    let lib = house.text("src/lib.rs");
    let banners: Vec<_> = lib.lines().filter_map(banner_floor).collect();
    let wrong = || format!("src/lib.rs: the banners are {banners:?}, not {FLOORS:?}");
    let mut findings = vec![check(banners == FLOORS, wrong)];
    for room in &house.rooms {
        let wrong = |what: &str| format!("src/lib.rs:{}: room `{}` {what}", room.line, room.name);
        let caption = "needs a caption, one `///` line directly above it";
        findings.push(check(room.floor.is_some(), || wrong("stands above the first banner")));
        findings.push(check(room.captioned, || wrong(caption)));
    }
    let built: BTreeSet<&str> = house.sources.iter().filter_map(Source::room).collect();
    findings.extend(built.into_iter().map(|name| {
        let wrong = || format!("src/{name}: is not declared in src/lib.rs");
        check(house.position(name).is_some(), wrong)
    }));
    findings
}

/// The room that a path leads to from the root, by `crate::` or by climbing with `super::`.
fn room_named<'a>(house: &House, source: &Source, mention: &'a Mention) -> Option<&'a str> {
    let segments = mention.segments();
    if segments[0] == "crate" {
        return segments.get(1).copied();
    }
    let depth = children_of(&source.path).split('/').count() - 1;
    let climbed = segments.iter().take_while(|s| **s == "super").count();
    let reached = segments.get(climbed).copied();
    reached.filter(|room| climbed > 0 && climbed >= depth && house.position(room).is_some())
}

pub(super) fn floor_order(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &house.sources {
        let Some(own) = source.room() else { continue };
        for mention in &source.mentions {
            let Some(other) = room_named(house, source, mention) else {
                continue;
            };
            let wrong = match house.position(other) {
                None => Some(format!("`{}` leads to no room", mention.path)),
                later if later > house.position(own) => Some(format!("`{own}` uses `{other}`, declared after it")),
                _ => None,
            };
            findings.push(source.finding(mention.at, wrong));
        }
    }
    findings
}

pub(super) fn purity(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in house.sources.iter().filter(|s| house.is_pure(s)) {
        findings.extend(source.judge(|mention| {
            let path = IMPURE_PATHS.iter().any(|path| mention.contains(path));
            let outside = mention.outside().is_some_and(|name| IMPURE_CRATES.contains(&name));
            (path || outside).then(|| format!("`{}` in a pure room", mention.path))
        }));
        findings.extend(
            find_words(&source.code, "static mut")
                .map(|at| source.finding(at, Some("`static mut` in a pure room".to_owned()))),
        );
    }
    findings
}

pub(super) fn one_clock(house: &House) -> Vec<Finding> {
    let wrong = |mention: &Mention| {
        let reads = CLOCK_READS.iter().any(|path| mention.contains(path));
        reads.then(|| format!("`{}`: only the room `clock` reads a clock", mention.path))
    };
    house.sources.iter().filter(|s| !s.within("clock")).flat_map(|s| s.judge(wrong)).collect()
}

pub(super) fn doors(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &house.sources {
        for mention in &source.mentions {
            let outside = mention.outside();
            let Some((name, places)) = DOORS.iter().find(|(name, _)| outside == Some(name)) else {
                continue;
            };
            let closed = !places.iter().any(|place| source.within(place));
            let wrong = || format!("the crate `{name}` has its door in {}", places.join(", "));
            findings.push(source.finding(mention.at, closed.then(wrong)));
        }
    }
    findings
}

/// The names below `[dependencies]`, also those of one target, as the code spells them.
fn dependencies(manifest: &str) -> Vec<String> {
    let (mut names, mut inside) = (Vec::new(), false);
    for line in manifest.lines() {
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            inside = header == "dependencies" || header.ends_with(".dependencies");
            names.extend(header.strip_prefix("dependencies."));
        } else if inside {
            let key = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            let name = &line[..line.find(|c| !key(c)).unwrap_or(0)];
            let is_key = line[name.len()..].trim_start().starts_with(['=', '.']);
            names.extend((is_key && !name.is_empty()).then_some(name));
        }
    }
    names.into_iter().map(|name| name.replace('-', "_")).collect()
}

pub(super) fn chosen_doors(house: &House) -> Vec<Finding> {
    let chosen = |name: &str| UBIQUITOUS.contains(&name) || DOORS.iter().any(|(door, _)| *door == name);
    let wrong = |name: &str| format!("Cargo.toml: the crate `{name}` has no door yet: add it to DOORS");
    let names = dependencies(house.text("Cargo.toml"));
    names.iter().map(|name| check(chosen(name), || wrong(name))).collect()
}

pub(super) fn passports(house: &House) -> Vec<Finding> {
    let is_door = |s: &&Source| s.path.ends_with("/mod.rs") || s.path.matches('/').count() == 1;
    let wrong = || "does not open with its `//!` passport".to_owned();
    let judge = |s: &Source| s.finding(0, (!s.text.starts_with("//! ")).then(wrong));
    house.sources.iter().filter(is_door).map(judge).collect()
}

pub(super) fn short_functions(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for function in functions(house) {
        let money = ["ledger", "decision", "execution"].iter().any(|room| function.source.within(room));
        let limit = if money { LONGEST_DECISION_FUNCTION } else { LONGEST_FUNCTION };
        let wrong = || format!("fn {} has {} lines, over {limit}", function.name, function.lines);
        findings.push(function.source.finding(function.at, (function.lines > limit).then(wrong)));
    }
    findings
}

pub(super) fn short_files(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &house.sources {
        let limit = if source.path == "src/main.rs" { LONGEST_MAIN } else { LONGEST_FILE };
        let wrong = || format!("{} lines, over {limit}", source.lines);
        findings.push(source.finding(0, (source.lines > limit).then(wrong)));
    }
    findings
}

pub(super) fn no_panics(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &house.sources {
        findings.extend(source.judge(|mention| {
            let unfinished = UNFINISHED.iter().any(|name| mention.contains(name));
            unfinished.then(|| format!("`{}` outside tests", mention.path))
        }));
        findings.extend(
            source
                .code
                .match_indices(".unwrap()")
                .map(|(at, _)| source.finding(at, Some("`.unwrap()` outside tests".to_owned()))),
        );
        findings.extend(source.code.match_indices(".expect(").map(|(at, call)| {
            let message = literal_at(source, at + call.len());
            let short = message.filter(|m| m.chars().count() < SHORTEST_EXPECT);
            source.finding(at, short.map(|m| format!("`.expect(\"{m}\")` explains nothing")))
        }));
    }
    findings
}

/// The string literal that is the argument at this place; the code has its quotes, the text its words.
fn literal_at(source: &Source, at: usize) -> Option<&str> {
    let argument = source.code[at..].trim_start();
    let quote = source.code.len() - argument.len();
    argument.starts_with('"').then(|| &source.text[quote + 1..string_end(&source.text, quote)])
}

pub(super) fn telling_names(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, _) in house.texts.iter().filter(|(path, _)| is_rust(path)) {
        let mut names = path.trim_end_matches(".rs").split('/');
        let empty = names.find(|name| EMPTY_NAMES.contains(name));
        findings.push(check(empty.is_none(), || format!("{path}: its name says nothing")));
    }
    for source in &house.sources {
        for (at, name) in items(&source.code, "mod") {
            let wrong = || format!("the module name `{name}` says nothing");
            findings.push(source.finding(at, EMPTY_NAMES.contains(&name).then(wrong)));
        }
    }
    findings
}

/// Whether an absolute path begins here, rather than the middle of a URL, `~/...` or `../...`.
fn names_a_home(line: &str) -> bool {
    let inside_path = |c: char| c.is_alphanumeric() || "._-~*}".contains(c);
    let begins = |at: usize| !line[..at].ends_with(inside_path);
    HOMES.iter().any(|home| line.match_indices(home).any(|(at, _)| begins(at)))
}

pub(super) fn no_workplace(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in &house.texts {
        let line = text.lines().position(names_a_home).map_or(0, |index| index + 1);
        findings.push(check(line == 0, || format!("{path}:{line}: a path of one machine")));
    }
    findings
}
