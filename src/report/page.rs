//! Pages for a browser: one text that is whole in itself.
//!
//! Nothing is loaded from anywhere and nothing runs: a page is markup, its style and pictures as SVG, and tells the browser that
//! it may be nothing else. The same values give the same bytes. `markup`, `numeral`, `axis`, `calendar`, `thinning`, `chart`,
//! `plane`, `months` and `table` know nothing of what is told with them; `backtest` and `life` do.

mod axis;
mod backtest;
mod calendar;
mod chart;
mod life;
mod markup;
mod months;
mod numeral;
mod plane;
mod table;
mod thinning;

pub use backtest::BacktestPage;
pub use life::LifePage;

pub(super) use self::markup::escaped;
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
    use std::collections::BTreeMap;

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

    type Colour = [f64; 3];

    /// The colours of a block of the style, by their names.
    fn colours(block: &str) -> BTreeMap<String, Colour> {
        let pairs = block.split(';').filter_map(|part| part.split_once("--")?.1.split_once(": #"));
        let channel = |digits: &str| f64::from(u8::from_str_radix(digits, 16).unwrap());
        let wide = |hex: &str| if hex.len() == 3 { hex.chars().flat_map(|c| [c, c]).collect() } else { hex.to_owned() };
        let colour = |hex: &str| [0, 2, 4].map(|i| channel(&wide(hex)[i..i + 2]));
        pairs.map(|(name, hex)| (name.to_owned(), colour(hex.trim()))).collect()
    }

    /// The contrast of two colours, 1 to 21 (WCAG 2.1).
    fn contrast(a: Colour, b: Colour) -> f64 {
        let linear = |c: f64| if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
        let light = |colour: Colour| {
            let [r, g, b] = colour.map(|c| linear(c / 255.0));
            0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
        };
        let (a, b) = (light(a), light(b));
        a.max(b) / a.min(b)
    }

    #[test]
    fn text_is_readable_on_paper_and_on_shades_in_light_in_dark_and_in_print() {
        assert!((contrast([0.0; 3], [255.0; 3]) - 21.0).abs() < 1e-9);
        let blocks: Vec<_> = STYLE.split(":root {").skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
        assert_eq!(blocks.len(), 3, "light, dark, print");
        for colours in blocks.into_iter().map(colours) {
            let [paper, ink, quiet, own, loss, grey] =
                ["paper", "ink", "quiet", "own", "loss", "grey"].map(|name| colours[name]);
            for (name, text) in [("ink", ink), ("quiet", quiet), ("own", own), ("loss", loss)] {
                assert!(contrast(text, paper) >= 4.5, "{name}: {}", contrast(text, paper));
            }
            assert!(contrast(grey, paper) >= 3.0, "lines: {}", contrast(grey, paper));
            // The darkest shade of a month.
            for shade in [own, loss] {
                let mixed = [0, 1, 2].map(|i| 0.4 * shade[i] + 0.6 * paper[i]);
                assert!(contrast(ink, mixed) >= 4.5, "a shade: {}", contrast(ink, mixed));
            }
        }
    }
}
