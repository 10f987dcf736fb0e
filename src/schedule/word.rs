//! Words as the shell, cron, systemd and XML spell them.

/// Text that one of them cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unspeakable {
    /// A line cannot hold it.
    #[error("`{0}` holds a control character, which no schedule can hold")]
    Control(String),
    /// Cron's versions read backslashes differently.
    #[error("`{0}` holds a backslash, which cron's versions read differently")]
    Backslash(String),
    /// Cron cannot quote it.
    #[error("`{0}` begins with a quote and holds the other one as well, which cron cannot read")]
    Quotes(String),
    /// Cron would cut it.
    #[error("the command of the job {job} has {length} characters, and cron takes {most}: shorter paths are needed")]
    Long {
        /// Which job.
        job: &'static str,
        /// How long it is.
        length: usize,
        /// How long it may be.
        most: usize,
    },
}

/// The text, unless it would end the line or hide in it.
fn plain(text: &str) -> Result<&str, Unspeakable> {
    if text.chars().any(char::is_control) { Err(Unspeakable::Control(text.to_owned())) } else { Ok(text) }
}

/// A word of a shell command: as it is where that is safe, else within single quotes.
pub(super) fn shell(text: &str) -> Result<String, Unspeakable> {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "_/.,:=@+-".contains(c);
    if !text.is_empty() && plain(text)?.chars().all(is_safe) {
        return Ok(text.to_owned());
    }
    Ok(format!("'{}'", text.replace('\'', r"'\''")))
}

/// A shell command in a crontab: a bare `%` would end it. The backslash of `'\''` is safe: no version of cron reads it.
pub(super) fn cron(command: &str) -> String {
    command.replace('%', r"\%")
}

/// The value of a setting of a crontab.
pub(super) fn cron_value(text: &str) -> Result<String, Unspeakable> {
    let begins = |quote: char| text.starts_with(quote);
    if !plain(text)?.is_empty() && text.trim() == text && !begins('"') && !begins('\'') {
        return Ok(text.to_owned());
    }
    let quote = ['"', '\''].into_iter().find(|quote| !text.contains(*quote));
    let quote = quote.ok_or_else(|| Unspeakable::Quotes(text.to_owned()))?;
    Ok(format!("{quote}{text}{quote}"))
}

/// Text of a systemd unit: `%` begins a specifier.
pub(super) fn systemd(text: &str) -> Result<String, Unspeakable> {
    Ok(plain(text)?.replace('%', "%%"))
}

/// A word of a list in a unit, like an environment variable or a path.
pub(super) fn systemd_word(text: &str) -> Result<String, Unspeakable> {
    Ok(format!("\"{}\"", systemd(text)?.replace('\\', r"\\").replace('"', "\\\"")))
}

/// A word of a command in a unit, where `$` begins a variable as well.
pub(super) fn systemd_argument(text: &str) -> Result<String, Unspeakable> {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "_/.,:=@+-".contains(c);
    if !text.is_empty() && plain(text)?.chars().all(is_safe) {
        return Ok(text.to_owned());
    }
    Ok(systemd_word(text)?.replace('$', "$$"))
}

/// Text of an XML element.
pub(super) fn xml(text: &str) -> Result<String, Unspeakable> {
    Ok(plain(text)?.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_spelled_as_each_reader_reads_them() {
        for (text, in_shell, in_unit, in_xml) in [
            ("/usr/bin/trader", "/usr/bin/trader", "/usr/bin/trader", "/usr/bin/trader"),
            ("", "''", "\"\"", ""),
            ("/a b/c", "'/a b/c'", "\"/a b/c\"", "/a b/c"),
            ("it's", r"'it'\''s'", "\"it's\"", "it's"),
            ("100%", "'100%'", "\"100%%\"", "100%"),
            ("$HOME", "'$HOME'", "\"$$HOME\"", "$HOME"),
            ("a\"b\\c", "'a\"b\\c'", "\"a\\\"b\\\\c\"", "a\"b\\c"),
            ("a<b>&c", "'a<b>&c'", "\"a<b>&c\"", "a&lt;b&gt;&amp;c"),
            ("für;rm -r x", "'für;rm -r x'", "\"für;rm -r x\"", "für;rm -r x"),
        ] {
            assert_eq!(shell(text).unwrap(), in_shell);
            assert_eq!(systemd_argument(text).unwrap(), in_unit);
            assert_eq!(xml(text).unwrap(), in_xml);
        }
        assert_eq!(cron("date +%H 'a%b'"), r"date +\%H 'a\%b'");
        // Outside of commands systemd reads no variables.
        assert_eq!(systemd_word("A=$x%").unwrap(), "\"A=$x%%\"");
    }

    #[test]
    fn values_of_a_crontab_are_quoted_only_where_cron_would_read_another_one() {
        for (text, value) in [("/a b", "/a b"), ("it's", "it's"), (" a", "\" a\""), ("\"a", "'\"a'"), ("", "\"\"")] {
            assert_eq!(cron_value(text).as_deref(), Ok(value));
        }
        assert_eq!(cron_value("\"it's"), Err(Unspeakable::Quotes("\"it's".to_owned())));
    }

    #[test]
    fn what_would_end_a_line_is_refused_everywhere() {
        type Speller = fn(&str) -> Result<String, Unspeakable>;
        let all: [Speller; 6] = [shell, cron_value, systemd, systemd_word, systemd_argument, xml];
        for spell in all {
            assert_eq!(spell("a\nb"), Err(Unspeakable::Control("a\nb".to_owned())));
        }
    }
}
