//! Rust read as plain text: what is code, what is prose, what is a test, and which paths the code names.

use std::ops::Range;

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

fn word_end(code: &str, at: usize) -> usize {
    code[at..].bytes().position(|b| !is_word(b)).map_or(code.len(), |n| at + n)
}

pub(super) fn word_at(code: &str, at: usize) -> &str {
    &code[at..word_end(code, at)]
}

/// Where `needle` stands in the code as whole words, and not as the name of a lifetime.
pub(super) fn find_words<'a>(code: &'a str, needle: &'a str) -> impl Iterator<Item = usize> + 'a {
    let free = |side: Option<&u8>| side.is_none_or(|&b| !is_word(b) && b != b'\'');
    let bytes = code.as_bytes();
    code.match_indices(needle)
        .map(|(at, _)| at)
        .filter(move |&at| free(at.checked_sub(1).map(|i| &bytes[i])) && free(bytes.get(at + needle.len())))
}

/// The items that `keyword` opens (`fn`, `mod`), each with its place and name.
pub(super) fn items<'a>(code: &'a str, keyword: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    find_words(code, keyword)
        .filter(move |at| code[at + keyword.len()..].starts_with(' '))
        .map(move |at| (at, word_at(code, at + keyword.len() + 1)))
        .filter(|(_, name)| !name.is_empty())
}

/// If a comment or literal begins at `at`: what to blank, and where the code goes on.
fn prose(text: &str, at: usize) -> Option<(Range<usize>, usize)> {
    let rest = &text.as_bytes()[at..];
    match rest[0] {
        b'/' if rest.starts_with(b"//") => {
            let end = text[at..].find('\n').map_or(text.len(), |n| at + n);
            Some((at..end, end))
        }
        b'/' if rest.starts_with(b"/*") => {
            let end = block_comment_end(text, at);
            Some((at..end, end))
        }
        b'"' => {
            let end = string_end(text, at);
            Some((at + 1..end, (end + 1).min(text.len())))
        }
        b'\'' => char_end(text, at).map(|end| (at + 1..end, end + 1)),
        _ => None,
    }
}

fn block_comment_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (start, 0_usize);
    while at < bytes.len() {
        match &bytes[at..bytes.len().min(at + 2)] {
            b"/*" => (at, depth) = (at + 2, depth + 1),
            b"*/" => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// The closing quote of the string, raw or not, whose opening quote stands at `quote`.
pub(super) fn string_end(text: &str, quote: usize) -> usize {
    let before = text[..quote].trim_end_matches('#');
    if before.ends_with('r') {
        let closing = format!("\"{}", "#".repeat(quote - before.len()));
        return text[quote + 1..].find(&closing).map_or(text.len(), |n| quote + 1 + n);
    }
    let bytes = text.as_bytes();
    let mut at = quote + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at.min(bytes.len())
}

/// The closing quote of a char literal; `None` when the quote opens a lifetime.
fn char_end(text: &str, quote: usize) -> Option<usize> {
    let first = text[quote + 1..].chars().next()?;
    let after = quote + 1 + first.len_utf8();
    if first == '\\' {
        let escaped = text[after..].chars().next()?.len_utf8();
        return text[after + escaped..].find('\'').map(|n| after + escaped + n);
    }
    text[after..].starts_with('\'').then_some(after)
}

/// Turns the range into spaces; line ends and offsets stay where they are.
pub(super) fn blank(code: &mut [u8], range: Range<usize>) {
    code[range].iter_mut().filter(|b| **b != b'\n').for_each(|b| *b = b' ');
}

pub(super) fn without_prose(text: &str) -> String {
    let mut code = text.as_bytes().to_vec();
    let mut at = 0;
    while at < text.len() {
        let Some((range, next)) = prose(text, at) else {
            at += 1;
            continue;
        };
        blank(&mut code, range);
        at = next;
    }
    String::from_utf8(code).expect("whole characters are blanked")
}

/// The end of the item that begins at `start`: its `;`, or the brace that closes its body.
pub(super) fn item_end(code: &str, start: usize) -> usize {
    let mut depth = 0_i32;
    for (at, byte) in code.bytes().enumerate().skip(start) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 && matches!(byte, b';' | b'}') {
            return at + 1;
        }
    }
    code.len()
}

/// The items behind `#[cfg(test)]`, each with the place of its keyword (`mod`, `fn`, `use` ...).
pub(super) fn test_items(code: &str) -> Vec<(Range<usize>, usize)> {
    const KEYWORDS: [&str; 10] = ["mod", "fn", "use", "impl", "const", "static", "struct", "enum", "trait", "type"];
    let mut items: Vec<(Range<usize>, usize)> = Vec::new();
    for (start, attribute) in code.match_indices("#[cfg(test)]") {
        if items.last().is_some_and(|(outer, _)| outer.contains(&start)) {
            continue;
        }
        let mut at = start + attribute.len();
        loop {
            at += code[at..].len() - code[at..].trim_start().len();
            match code[at..].bytes().next() {
                Some(b'#') => at += code[at..].find(']').map_or(1, |n| n + 1),
                Some(b'(') => at += code[at..].find(')').map_or(1, |n| n + 1),
                Some(_) if ["pub", "async", "unsafe"].contains(&word_at(code, at)) => {
                    at = word_end(code, at);
                }
                _ => break,
            }
        }
        if KEYWORDS.contains(&word_at(code, at)) {
            items.push((start..item_end(code, at), at));
        }
    }
    items
}

/// A path as the code says it, with the groups of a `use` taken apart: `std::fs::File`, `println!`.
pub(super) struct Mention {
    pub(super) at: usize,
    pub(super) path: String,
    imported: bool,
}

impl Mention {
    pub(super) fn contains(&self, part: &str) -> bool {
        format!("::{}::", self.path).contains(&format!("::{part}::"))
    }

    pub(super) fn segments(&self) -> Vec<&str> {
        self.path.split("::").collect()
    }

    /// The first word, where it can be a crate: a lone word is a variable unless it is imported.
    pub(super) fn outside(&self) -> Option<&str> {
        let first = self.path.split("::").next()?;
        (self.imported || first.len() < self.path.len()).then_some(first)
    }
}

pub(super) fn mentions(code: &str) -> Vec<Mention> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < code.len() {
        if !is_word(code.as_bytes()[at]) {
            at += 1;
            continue;
        }
        let imported = code[..at].trim_end_matches([':', ' ', '\n']).ends_with("use");
        let (paths, end) = take_path(code, at, "");
        found.extend(paths.into_iter().map(|(at, path)| Mention { at, path, imported }));
        at = end;
    }
    found
}

/// The paths that begin at `at`, each with the place of its last word, and where the code goes on.
fn take_path(code: &str, at: usize, prefix: &str) -> (Vec<(usize, String)>, usize) {
    let end = word_end(code, at);
    let path = format!("{prefix}{}", &code[at..end]);
    let rest = &code[end..];
    if rest.starts_with("::{") {
        return take_group(code, end + 3, &format!("{path}::"));
    }
    if rest.starts_with("::") && rest.as_bytes().get(2).is_some_and(|&b| is_word(b)) {
        return take_path(code, end + 2, &format!("{path}::"));
    }
    let suffix = match rest {
        r if r.starts_with("::*") => "::*",
        r if r.starts_with('!') => "!",
        _ => "",
    };
    (vec![(at, path + suffix)], end + suffix.len())
}

fn take_group(code: &str, start: usize, prefix: &str) -> (Vec<(usize, String)>, usize) {
    let (mut paths, mut at) = (Vec::new(), start);
    while at < code.len() {
        match code.as_bytes()[at] {
            b'}' => return (paths, at + 1),
            b'*' => paths.push((at, format!("{prefix}*"))),
            // Any other word follows a path: `as name`.
            b if is_word(b) && code[..at].trim_end().ends_with(['{', ',']) => {
                let (more, end) = take_path(code, at, prefix);
                paths.extend(more);
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    (paths, at)
}
