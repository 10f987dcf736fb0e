//! Pages for a browser: one text that is whole in itself.
//!
//! Nothing is loaded from anywhere and nothing runs: a page is markup, its style and pictures as SVG, and tells the browser that
//! it may be nothing else. The same values give the same bytes. `markup`, `numeral`, `axis`, `calendar`, `thinning`, `chart`,
//! `months` and `table` know nothing of what is told with them; `backtest` does.

mod axis;
mod backtest;
mod calendar;
mod chart;
mod markup;
mod months;
mod numeral;
mod table;
mod thinning;

pub use backtest::BacktestPage;

use self::markup::{Markup, tag};

const STYLE: &str = include_str!("page/style.css");

/// Nothing from outside, and no script.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The shapes that marks on charts are made of.
const SHAPES: &str = "<svg class=\"shapes\" aria-hidden=\"true\" width=\"0\" height=\"0\"><defs>\
     <path id=\"in\" d=\"M0-5L4.3 2.5H-4.3Z\"/><circle id=\"won\" r=\"3.6\"/>\
     <path id=\"lost\" d=\"M-3.2-3.2L3.2 3.2M-3.2 3.2L3.2-3.2\"/></defs></svg>";

/// A page with this title.
fn page(title: &str, main: impl IntoIterator<Item = Markup>) -> String {
    let (title, main) = (Markup::text(title).into_string(), Markup::from(tag("main").all(main)).into_string());
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n{SHAPES}\n{main}\n</body>\n</html>\n"
    )
}

/// A part of a page, with what it is called.
fn section(class: &'static str, title: &str, parts: impl IntoIterator<Item = Markup>) -> Markup {
    tag("section").class(class).put(tag("h2").text(title)).all(parts).into()
}

/// A picture with what it is called, a word on it, and whatever explains it.
fn figure(title: &str, note: impl Into<Markup>, parts: impl IntoIterator<Item = Markup>) -> Markup {
    let caption = tag("figcaption").put(tag("h3").text(title)).put(tag("p").put(note));
    tag("figure").put(caption).all(parts).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_whole_in_itself_and_its_title_is_escaped() {
        let text = page("a <b>", [Markup::text("x < y")]);
        assert!(text.starts_with("<!doctype html>") && text.contains("<title>a &lt;b&gt;</title>"), "{text}");
        assert!(text.contains("<main>x &lt; y</main>"), "{text}");
        for outside in ["http://", "https://", "//", "url(", "@import", "<script", "src="] {
            let found = text.find(outside).map(|at| &text[at..(at + 40).min(text.len())]);
            assert_eq!(found, None, "{outside}");
        }
    }
}
