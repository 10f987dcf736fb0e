//! Pieces of a page. Text gets into one escaped or not at all, so that nothing that comes from data can be read as markup.

use std::fmt::{Display, Write};

/// Elements that have nothing inside and are closed where they are opened.
const EMPTY: [&str; 5] = ["path", "line", "use", "rect", "circle"];

/// A piece of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Markup(String);

impl Markup {
    /// Text, escaped.
    pub(super) fn text(text: impl Display) -> Self {
        Self(escaped(&text.to_string()))
    }

    /// The markup as it stands in a file.
    pub(super) fn into_string(self) -> String {
        self.0
    }
}

impl From<Tag> for Markup {
    fn from(tag: Tag) -> Self {
        let Tag { name, attributes, inside } = tag;
        Self(if inside.is_empty() && EMPTY.contains(&name) {
            format!("<{name}{attributes}/>")
        } else {
            format!("<{name}{attributes}>{inside}</{name}>")
        })
    }
}

/// Pieces one after another.
impl<M: Into<Markup>> FromIterator<M> for Markup {
    fn from_iter<I: IntoIterator<Item = M>>(pieces: I) -> Self {
        Self(pieces.into_iter().map(|piece| piece.into().0).collect())
    }
}

/// An element under way.
#[derive(Clone, Debug)]
pub(super) struct Tag {
    name: &'static str,
    attributes: String,
    inside: String,
}

/// Begins an element.
pub(super) const fn tag(name: &'static str) -> Tag {
    Tag { name, attributes: String::new(), inside: String::new() }
}

impl Tag {
    /// Gives it an attribute.
    pub(super) fn set(mut self, name: &'static str, value: impl Display) -> Self {
        let value = escaped(&value.to_string());
        // Writing to a string cannot fail.
        let _ = write!(self.attributes, " {name}=\"{value}\"");
        self
    }

    /// Gives it a class.
    pub(super) fn class(self, class: &'static str) -> Self {
        self.set("class", class)
    }

    /// Puts text into it.
    pub(super) fn text(self, text: impl Display) -> Self {
        self.put(Markup::text(text))
    }

    /// Puts a piece into it.
    pub(super) fn put(mut self, piece: impl Into<Markup>) -> Self {
        self.inside.push_str(&piece.into().0);
        self
    }

    /// Puts all of these into it.
    pub(super) fn all<M: Into<Markup>>(self, pieces: impl IntoIterator<Item = M>) -> Self {
        self.put(pieces.into_iter().collect::<Markup>())
    }
}

/// Text that becomes no markup, without what no page may hold.
pub(in crate::report) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // No page may hold these, not even escaped.
            c if c.is_control() && c != '\n' && c != '\t' => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let evil = "</title><script>alert('x')&\"\u{0}";
        let safe = "&lt;/title&gt;&lt;script&gt;alert(&#39;x&#39;)&amp;&quot;\u{fffd}";
        assert_eq!(Markup::text(evil).into_string(), safe);
        let element = Markup::from(tag("p").set("title", evil).text(evil));
        assert_eq!(element.into_string(), format!("<p title=\"{safe}\">{safe}</p>"));
    }

    #[test]
    fn elements_nest_and_empty_ones_close_themselves() {
        let list = tag("ul").class("few").all(["a", "b"].map(|name| tag("li").text(name)));
        assert_eq!(Markup::from(list).into_string(), "<ul class=\"few\"><li>a</li><li>b</li></ul>");
        assert_eq!(Markup::from(tag("path").set("d", "M0 0")).into_string(), "<path d=\"M0 0\"/>");
        assert_eq!(Markup::from(tag("td")).into_string(), "<td></td>");
    }
}
