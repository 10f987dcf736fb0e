//! The environment as text.

use std::ffi::OsString;

use super::SettingsError;

/// Names and values that are text, and the first of our variables that is none.
pub type Environment = (Vec<(String, String)>, Option<SettingsError>);

/// Variables that name files, which the command line takes as they are, text or not.
const FILES: [&str; 3] = ["TRADER_CONFIG", "TRADER_DB", "TRADER_SUMMARY_FILE"];

/// Reads variables. A value of ours that is no text must not pass for one that was never set.
pub fn environment(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Environment {
    let (mut texts, mut refused) = (Vec::new(), None);
    for (name, value) in variables {
        let Ok(name) = name.into_string() else { continue };
        let is_setting = name.starts_with("TRADER_") && !FILES.contains(&name.as_str());
        match value.into_string() {
            Ok(value) => texts.push((name, value)),
            Err(value) if is_setting && refused.is_none() => {
                let (value, text) = (value.to_string_lossy().into_owned(), "it is not UTF-8 text".to_owned());
                refused = Some(SettingsError::Variable { name, value, text });
            }
            Err(_) => {}
        }
    }
    (texts, refused)
}
