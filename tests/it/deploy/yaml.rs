//! As much of YAML as the files in `deploy/` are written in, and strictly: mappings, sequences of them, plain and quoted
//! scalars, lists of scalars in brackets, empty mappings, literal and folded blocks. Whatever else is there is a panic with its line.

use serde_json::{Map, Value};

/// The documents of a file, between lines of three dashes.
pub(crate) fn documents(text: &str) -> Vec<Value> {
    assert!(!text.contains('\t'), "a tab is no indentation");
    text.split("\n---\n")
        .map(|part| Reader { lines: part.lines().map(str::to_owned).collect(), at: 0 }.document())
        .collect()
}

struct Reader {
    lines: Vec<String>,
    at: usize,
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

impl Reader {
    fn document(mut self) -> Value {
        let value = self.block(0);
        assert_eq!(self.next(), None, "nothing follows");
        value
    }

    /// The next line that says something: its indentation and its text.
    fn next(&mut self) -> Option<(usize, String)> {
        while let Some(line) = self.lines.get(self.at) {
            let text = line.trim();
            if !text.is_empty() && !text.starts_with('#') {
                return Some((indent(line), text.to_owned()));
            }
            self.at += 1;
        }
        None
    }

    fn block(&mut self, depth: usize) -> Value {
        match self.next() {
            Some((at, text)) if at == depth && text.starts_with("- ") => self.sequence(depth),
            Some((at, _)) if at == depth => self.mapping(depth),
            other => panic!("line {}: nothing at indentation {depth}: {other:?}", self.at + 1),
        }
    }

    fn sequence(&mut self, depth: usize) -> Value {
        let mut items = Vec::new();
        while let Some((at, text)) = self.next().filter(|(at, _)| *at >= depth) {
            let rest = text.strip_prefix("- ").filter(|_| at == depth);
            let rest = rest.unwrap_or_else(|| panic!("line {}: no item: {text}", self.at + 1)).to_owned();
            items.push(if pair(&rest).is_some() {
                // The rest of an item is a mapping that stands two further in.
                self.lines[self.at] = format!("{}{rest}", " ".repeat(depth + 2));
                self.mapping(depth + 2)
            } else {
                self.at += 1;
                self.value(&rest, depth)
            });
        }
        Value::Array(items)
    }

    fn mapping(&mut self, depth: usize) -> Value {
        let mut map = Map::new();
        while let Some((at, text)) = self.next().filter(|(at, _)| *at >= depth) {
            let (key, rest) =
                pair(&text).filter(|_| at == depth).unwrap_or_else(|| panic!("line {}: no key: {text}", self.at + 1));
            self.at += 1;
            let value = if rest.is_empty() { self.block(depth + 2) } else { self.value(&rest, depth) };
            assert!(map.insert(key.clone(), value).is_none(), "line {}: {key} is there twice", self.at);
        }
        Value::Object(map)
    }

    fn value(&mut self, text: &str, depth: usize) -> Value {
        match text {
            "|" => Value::String(self.lines_below(depth).join("\n") + "\n"),
            ">-" => Value::String(self.lines_below(depth).join(" ")),
            _ => scalar(text).unwrap_or_else(|| panic!("line {}: `{text}` is no value", self.at)),
        }
    }

    fn lines_below(&mut self, depth: usize) -> Vec<String> {
        let below = self.lines[self.at..].iter().take_while(|line| indent(line) > depth).cloned();
        let lines: Vec<String> = below.collect();
        self.at += lines.len();
        let left = lines.iter().map(|line| indent(line)).min().expect("a block has lines");
        lines.iter().map(|line| line[left..].to_owned()).collect()
    }
}

/// A key and what follows it.
fn pair(text: &str) -> Option<(String, String)> {
    let is_key = |key: &str| key.chars().all(|c| c.is_ascii_alphanumeric() || "./_-".contains(c));
    let (key, rest) = text.strip_suffix(':').map(|key| (key, "")).or_else(|| text.split_once(": "))?;
    is_key(key).then(|| (key.to_owned(), rest.to_owned()))
}

fn scalar(text: &str) -> Option<Value> {
    if let Some(list) = text.strip_prefix('[') {
        return list.strip_suffix(']')?.split(", ").map(scalar).collect::<Option<Vec<_>>>().map(Value::Array);
    }
    if let Some(quoted) = text.strip_prefix('"') {
        return quoted.strip_suffix('"').filter(|text| !text.contains(['"', '\\'])).map(Value::from);
    }
    let is_plain =
        !text.contains(": ") && !text.contains(" #") && !text.starts_with(['{', '&', '*', '!', '%', '@', '`']);
    match text {
        "true" | "false" => Some(Value::Bool(text == "true")),
        "{}" => Some(Value::Object(Map::new())),
        _ => text.parse::<u64>().ok().map(Value::from).or_else(|| is_plain.then(|| Value::from(text))),
    }
}

#[test]
fn what_is_written_wrong_is_found() {
    let good = "a: 1\nb:\n  - c: \"2\"\n    d: [x, \"y\"]\n  - e\nf: |\n  g: h\n   i\nj: >-\n  k\n  l\n";
    let expected = serde_json::json!({"a": 1, "b": [{"c": "2", "d": ["x", "y"]}, "e"], "f": "g: h\n i\n", "j": "k l"});
    assert_eq!(documents(good), [expected]);
    for bad in [
        "a: 1\na: 2\n",
        "a:\n",
        "a: 1\n  b: 2\n",
        "a:\n    b: 1\n",
        "a: b: c\n",
        "a: \"b\n",
        "a: [b\n",
        "a\n",
        "a:\tb\n",
    ] {
        assert!(std::panic::catch_unwind(|| documents(bad)).is_err(), "{bad}");
    }
}
