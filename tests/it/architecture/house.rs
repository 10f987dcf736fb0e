//! The house as rules see it: its rooms, its sources, its functions.

use std::fs;
use std::path::Path;

use super::reading::{Mention, blank, item_end, items, mentions, test_items, without_prose, word_at};
use super::{FLOORS, SCANNED};

/// One thing a rule looked at: fine, or what is wrong with it. A rule that looked at nothing proves nothing.
pub(super) type Finding = Result<(), String>;

pub(super) struct Source {
    pub(super) path: String,
    pub(super) text: String,
    /// The text with comments, literals and test items blanked in place.
    pub(super) code: String,
    /// Its length without its tests.
    pub(super) lines: usize,
    pub(super) mentions: Vec<Mention>,
    /// Module files that exist in tests only, as paths without `.rs`.
    test_files: Vec<String>,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let prose_free = without_prose(text);
        let mut code = prose_free.clone().into_bytes();
        let mut lines = text.lines().count();
        let mut test_files = Vec::new();
        for (range, keyword) in test_items(&prose_free) {
            let item = &prose_free[keyword..range.end];
            if item.starts_with("mod ") && item.ends_with(';') {
                test_files.push(format!("{}/{}", children_of(path), word_at(item, 4)));
            }
            lines = lines.saturating_sub(text[range.clone()].lines().count());
            blank(&mut code, range);
        }
        let code = String::from_utf8(code).expect("whole items are blanked");
        let mentions = mentions(&code);
        Self { path: path.to_owned(), text: text.to_owned(), code, lines, mentions, test_files }
    }

    pub(super) fn room(&self) -> Option<&str> {
        self.path.strip_prefix("src/")?.split(['/', '.']).next().filter(|name| !["lib", "main"].contains(name))
    }

    pub(super) fn within(&self, place: &str) -> bool {
        is_or_holds(&format!("src/{place}"), &self.path)
    }

    pub(super) fn finding(&self, at: usize, wrong: Option<String>) -> Finding {
        let line = || self.code[..at].matches('\n').count() + 1;
        wrong.map_or(Ok(()), |wrong| Err(format!("{}:{}: {wrong}", self.path, line())))
    }

    /// One finding for every path that the code names.
    pub(super) fn judge(&self, wrong: impl Fn(&Mention) -> Option<String>) -> Vec<Finding> {
        self.mentions.iter().map(|mention| self.finding(mention.at, wrong(mention))).collect()
    }
}

pub(super) fn is_rust(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|ending| ending == "rs")
}

/// Whether the module, a path without its `.rs`, is that file or its folder holds it.
fn is_or_holds(module: &str, path: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

/// The folder in which the modules of a file live.
pub(super) fn children_of(path: &str) -> &str {
    let stem = path.trim_end_matches(".rs");
    ["/mod", "/lib", "/main"].iter().find_map(|own| stem.strip_suffix(own)).unwrap_or(stem)
}

pub(super) struct Room {
    pub(super) name: String,
    pub(super) floor: Option<&'static str>,
    pub(super) line: usize,
    pub(super) captioned: bool,
}

pub(super) struct House {
    pub(super) rooms: Vec<Room>,
    /// Everything below `src/` that is not there for tests alone.
    pub(super) sources: Vec<Source>,
    /// Every text file, path and text.
    pub(super) texts: Vec<(String, String)>,
}

impl House {
    pub(super) fn new(texts: Vec<(String, String)>) -> Self {
        let mut sources: Vec<_> = texts
            .iter()
            .filter(|(path, _)| path.starts_with("src/") && is_rust(path))
            .map(|(path, text)| Source::new(path, text))
            .collect();
        let test_files: Vec<String> = sources.iter().flat_map(|s| s.test_files.clone()).collect();
        sources.retain(|s| !test_files.iter().any(|file| is_or_holds(file, &s.path)));
        let lib = sources.iter().find(|s| s.path == "src/lib.rs");
        let rooms = lib.map(floor_plan).unwrap_or_default();
        Self { rooms, sources, texts }
    }

    /// The house as it stands on disk.
    pub(super) fn real() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut texts = Vec::new();
        for entry in SCANNED {
            collect(root, &root.join(entry), &mut texts);
        }
        Self::new(texts)
    }

    pub(super) fn text(&self, path: &str) -> &str {
        self.texts.iter().find(|(p, _)| p == path).map_or("", |(_, text)| text)
    }

    pub(super) fn position(&self, room: &str) -> Option<usize> {
        self.rooms.iter().position(|r| r.name == room)
    }

    pub(super) fn is_pure(&self, source: &Source) -> bool {
        let position = source.room().and_then(|room| self.position(room));
        position.is_some_and(|p| self.rooms[p].floor == Some(FLOORS[0]))
    }
}

fn collect(root: &Path, path: &Path, texts: &mut Vec<(String, String)>) {
    if path.is_dir() {
        let mut entries: Vec<_> = fs::read_dir(path)
            .expect("a folder is readable")
            .map(|e| e.expect("an entry is readable").path())
            .collect();
        entries.sort();
        for entry in &entries {
            collect(root, entry, texts);
        }
    } else if let Ok(text) = fs::read_to_string(path) {
        // What is not UTF-8 is a recording, not a text.
        let name = path.strip_prefix(root).expect("walked from the root").to_string_lossy().replace('\\', "/");
        texts.push((name, text));
    }
}

pub(super) fn banner_floor(line: &str) -> Option<&'static str> {
    FLOORS.into_iter().find(|floor| line.starts_with(&format!("// -- {floor} rooms")))
}

fn floor_plan(lib: &Source) -> Vec<Room> {
    let lines: Vec<&str> = lib.text.lines().collect();
    let doc = |index: Option<usize>| index.is_some_and(|i| lines[i].starts_with("/// "));
    let (mut rooms, mut floor) = (Vec::new(), None);
    for (i, code) in lib.code.lines().enumerate() {
        floor = banner_floor(lines[i]).or(floor);
        let declared = code.trim().trim_start_matches("pub ").trim_start_matches("pub(crate) ").strip_prefix("mod ");
        if let Some(name) = declared.and_then(|rest| rest.strip_suffix(';')) {
            let captioned = doc(i.checked_sub(1)) && !doc(i.checked_sub(2));
            rooms.push(Room { name: name.to_owned(), floor, line: i + 1, captioned });
        }
    }
    rooms
}

pub(super) struct Function<'a> {
    pub(super) source: &'a Source,
    pub(super) name: &'a str,
    pub(super) at: usize,
    pub(super) lines: usize,
}

pub(super) fn functions(house: &House) -> Vec<Function<'_>> {
    let mut all = Vec::new();
    for source in &house.sources {
        for (at, name) in items(&source.code, "fn") {
            let lines = source.code[at..item_end(&source.code, at)].lines().count();
            all.push(Function { source, name, at, lines });
        }
    }
    all
}
