//! Secrets: where they are read, and how they are kept out of everything that is told.

use std::fmt;
use std::path::Path;

use crate::settings::SecretSource;
use crate::web::plain;

/// A secret is no longer than this; so that a file named by mistake is not read whole.
const LONGEST: u64 = 8192;
/// A word of at least so many characters that stands in a secret is not repeated.
const SHORTEST_PART: usize = 5;
/// So much of what another side answers is told.
const LONGEST_ANSWER: usize = 160;
/// What stands where a secret stood.
const MASK: &str = "[secret]";

/// Something that nobody is told: it cannot be printed or written as JSON.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret itself, for the one place that it is meant for.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// Reads a secret where the settings say it is.
pub fn read_secret(source: &SecretSource) -> Result<Secret, String> {
    let text = match source {
        SecretSource::Variable(name) => match std::env::var(name) {
            Ok(text) => text,
            Err(std::env::VarError::NotPresent) => {
                return Err(format!("the environment variable {name} is not set: set it for this user's runs as well"));
            }
            Err(std::env::VarError::NotUnicode(_)) => {
                return Err(format!("the environment variable {name} is not UTF-8 text"));
            }
        },
        SecretSource::File(path) => read_file(path)?,
    };
    let text = text.trim().to_owned();
    let place = match source {
        SecretSource::Variable(name) => format!("the environment variable {name}"),
        SecretSource::File(path) => path.display().to_string(),
    };
    if text.is_empty() {
        Err(format!("{place} is empty"))
    } else if text.chars().any(char::is_control) {
        Err(format!("{place} holds more than one line"))
    } else {
        Ok(Secret(text))
    }
}

fn read_file(path: &Path) -> Result<String, String> {
    let told = |e: std::io::Error| format!("{} cannot be read: {e}", path.display());
    let found = std::fs::metadata(path).map_err(told)?;
    if !found.is_file() {
        return Err(format!("{} is no regular file", path.display()));
    }
    if found.len() > LONGEST {
        return Err(format!("{} is larger than any secret ({LONGEST} bytes)", path.display()));
    }
    if let Some(text) = open_to_others(&found) {
        return Err(format!("{} {text}: chmod 600 {}", path.display(), path.display()));
    }
    std::fs::read_to_string(path).map_err(told)
}

#[cfg(unix)]
fn open_to_others(found: &std::fs::Metadata) -> Option<&'static str> {
    use std::os::unix::fs::PermissionsExt;
    (found.permissions().mode() & 0o077 != 0).then_some("may be read by others")
}

#[cfg(not(unix))]
fn open_to_others(_: &std::fs::Metadata) -> Option<&'static str> {
    None
}

/// The secrets of a channel, in all forms in which another side may send them back.
#[derive(Clone, Debug, Default)]
pub struct Secrets(Vec<Secret>);

impl Secrets {
    /// Keeps one more secret.
    pub fn keep(&mut self, secret: &Secret) {
        let text = secret.expose();
        self.0.push(secret.clone());
        self.0.push(Secret(base64(text.as_bytes())));
        self.0.push(Secret(percent(text)));
    }

    /// Keeps a login: SMTP sends name and password as one.
    pub fn keep_login(&mut self, name: &str, password: &Secret) {
        self.keep(password);
        self.0.push(Secret(base64(format!("\0{name}\0{}", password.expose()).as_bytes())));
    }

    /// What another side said, without any of them: each word that is a part of one, or holds one, is masked. Where one is too
    /// short to be told from other words, nothing is repeated at all.
    pub fn scrub(&self, said: &str) -> String {
        if self.0.iter().any(|secret| secret.expose().chars().count() < SHORTEST_PART) {
            return String::new();
        }
        let lines: Vec<&str> = said.split_whitespace().collect();
        let words = lines.iter().map(|word| self.mask(word)).collect::<Vec<_>>().join(" ");
        // A secret of several words is none of its words.
        let whole = self.0.iter().fold(words, |text, secret| text.replace(secret.expose(), MASK));
        plain(&whole).chars().take(LONGEST_ANSWER).collect()
    }

    fn mask(&self, word: &str) -> String {
        let is_sign = |c: char| "\"'<>(){}[],;:=&?/\\".contains(c);
        let holds_one = |text: &str| {
            let text = text.to_lowercase();
            self.0.iter().any(|secret| text.contains(&secret.expose().to_lowercase()))
        };
        if holds_one(word) {
            return MASK.to_owned();
        }
        let mut told = String::new();
        for piece in word.split_inclusive(is_sign) {
            let core = piece.trim_end_matches(is_sign);
            let is_part = core.chars().count() >= SHORTEST_PART && self.is_part(core);
            if is_part {
                told.push_str(MASK);
                told.push_str(&piece[core.len()..]);
            } else {
                told.push_str(piece);
            }
        }
        told
    }

    fn is_part(&self, word: &str) -> bool {
        let word = word.to_lowercase();
        self.0.iter().any(|secret| secret.expose().to_lowercase().contains(&word))
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 (RFC 4648), to recognise a secret that comes back in it; without padding, so that a prefix is recognised too.
fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let of = |i: usize| u32::from(chunk.get(i).copied().unwrap_or_default());
        let bits = of(0) << 16 | of(1) << 8 | of(2);
        for n in 0..=chunk.len() {
            let index = (bits >> (18 - 6 * n)) & 63;
            text.push(char::from(ALPHABET[index as usize]));
        }
    }
    text
}

/// The text as it stands in a query (RFC 3986).
fn percent(text: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(byte);
    let spelled = |byte: u8| if is_plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(spelled).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(all: &[&str]) -> Secrets {
        let mut secrets = Secrets::default();
        for text in all {
            secrets.keep(&Secret((*text).to_owned()));
        }
        secrets
    }

    #[test]
    fn a_secret_is_not_printed() {
        let secret = Secret("hunter2-and-more".to_owned());
        assert_eq!(format!("{secret:?}"), "[secret]");
        assert!(!format!("{:?}", secrets(&["hunter2-and-more"])).contains("hunter2"));
    }

    #[test]
    fn what_another_side_says_is_told_without_our_secrets_in_any_form() {
        // RFC 4648, section 10.
        assert_eq!(["f", "fo", "foo", "foobar"].map(|t| base64(t.as_bytes())), ["Zg", "Zm8", "Zm9v", "Zm9vYmFy"]);
        let token = "T0/KEN+with=signs-4242424242";
        let secrets = secrets(&[token]);
        for said in [
            token.to_owned(),
            format!("no such hook: {token}"),
            format!("<{token}>"),
            format!("{{\"error\":\"{token}\"}}"),
            token.to_uppercase(),
            base64(token.as_bytes()),
            percent(token),
            // A part of it.
            "bad token signs-42424242".to_owned(),
            "bad token \"KEN+with\"".to_owned(),
        ] {
            let told = secrets.scrub(&said);
            for part in [token, "42424242", "KEN+with", "ken+with", &base64(token.as_bytes()), &percent(token)] {
                assert!(!told.contains(part), "{said}: {told}");
            }
            assert!(told.contains(MASK), "{said}: {told}");
        }
        assert_eq!(secrets.scrub("mailbox\r\nunavailable, try later"), "mailbox unavailable, try later");
    }

    #[test]
    fn beside_a_short_secret_and_one_of_words_nothing_leaks() {
        assert_eq!(secrets(&["abc"]).scrub("535 abc is wrong"), "");
        let told = secrets(&["correct horse battery staple"]).scrub("535 correct horse battery staple is wrong");
        assert!(!told.contains("horse") && !told.contains("staple"), "{told}");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_refused_with_the_way_out() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "hunter2-and-more\n").unwrap();
        for (mode, is_fine) in [(0o644, false), (0o640, false), (0o604, false), (0o600, true), (0o400, true)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            match read_secret(&SecretSource::File(path.clone())) {
                Ok(secret) => assert!(is_fine && secret.expose() == "hunter2-and-more", "{mode:o}"),
                Err(text) => assert!(!is_fine && text.contains("chmod 600") && !text.contains("hunter2"), "{text}"),
            }
        }
    }

    #[test]
    fn what_is_no_secret_is_refused_without_being_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        for (text, words) in [("", "is empty"), (" \n", "is empty"), ("one\ntwo", "more than one line")] {
            std::fs::write(&path, text).unwrap();
            #[cfg(unix)]
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
            assert!(read_secret(&SecretSource::File(path.clone())).unwrap_err().contains(words), "{text}");
        }
        let missing = read_secret(&SecretSource::Variable("NO_SUCH_VARIABLE_OF_OURS".to_owned())).unwrap_err();
        assert!(missing.contains("NO_SUCH_VARIABLE_OF_OURS is not set"), "{missing}");
    }
}
