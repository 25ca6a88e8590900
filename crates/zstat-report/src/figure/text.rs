//! Pieces of SVG text: numbers, escaping, and how wide a text is about.
//!
//! Browsers choose the font, so widths are estimates from the metrics of Helvetica, made wider for the fonts that replace it;
//! margins and legends rely on them.

/// Widths of the characters from space to `~` in thousandths of the font size. Source: metrics of Adobe Helvetica.
const ASCII: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 222, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
    500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
    556, 222, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
    278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// DejaVu Sans, often the only font of a machine without Helvetica and Arial, is wider by about this.
const SPARE: f64 = 1.13;

/// Size of an exponent relative to its base.
const SMALL: f64 = 0.72;

/// A short text, perhaps with an exponent: `10` and −3.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Words {
    pub base: String,
    pub power: Option<i32>,
}

impl Words {
    pub fn plain(text: &str) -> Self {
        Self { base: text.to_owned(), power: None }
    }

    /// `base` and an exponent.
    pub fn power(base: &str, power: i32) -> Self {
        Self { base: base.to_owned(), power: Some(power) }
    }

    /// Width in pixels.
    pub fn width(&self, size: f64) -> f64 {
        let power = self.power.map_or(0.0, |power| width(&power.to_string(), size * SMALL));
        width(&self.base, size) + power
    }

    /// Content of a `text` element.
    pub fn markup(&self, size: f64) -> String {
        let mut out = escape(&self.base);
        if let Some(power) = self.power {
            let (rise, size) = (num(-0.42 * size), num(SMALL * size));
            out +=
                &format!("<tspan dy=\"{rise}\" font-size=\"{size}\">{}</tspan>", minus(&power.to_string()));
        }
        out
    }
}

/// Where a text stands relative to its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A `text` element; `at` is on the base line, `turn` in degrees about it.
pub(super) fn element(
    at: (f64, f64),
    size: f64,
    anchor: Anchor,
    turn: f64,
    extra: &str,
    words: &Words,
) -> String {
    let (x, y) = (num(at.0), num(at.1));
    let anchor = match anchor {
        Anchor::Start => "",
        Anchor::Middle => " text-anchor=\"middle\"",
        Anchor::End => " text-anchor=\"end\"",
    };
    let turn =
        if turn == 0.0 { String::new() } else { format!(" transform=\"rotate({} {x} {y})\"", num(turn)) };
    let (size, content) = (num(size), words.markup(size));
    format!("<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{anchor}{turn}{extra}>{content}</text>\n")
}

/// Width of a text in pixels, about.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|character| SPARE * size * relative_width(character)).sum()
}

/// Width of one character relative to the font size.
fn relative_width(character: char) -> f64 {
    let code = u32::from(character);
    match code {
        0x20..=0x7e => f64::from(ASCII[code as usize - 0x20]) / 1000.0,
        0x0300..=0x036f | 0x200b..=0x200f => 0.0,
        0x00b2 | 0x00b3 | 0x00b9 | 0x2070..=0x209f => 0.36,
        0x0391..=0x03a9 => 0.7,
        0x03b1..=0x03c9 => 0.56,
        0x1100.. if !(0x1e00..0x2e80).contains(&code) => 1.0,
        _ => 0.6,
    }
}

/// `size`, or less if a text must fit into `room` pixels; never below 8.
pub(super) fn fit(text: &str, size: f64, room: f64) -> f64 {
    let wide = width(text, size);
    if wide > room { (size * room / wide).max(8.0) } else { size }
}

/// A number with at most two decimals.
pub(super) fn num(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// With the sign that is as wide as a plus.
pub(super) fn minus(number: &str) -> String {
    number.replace('-', "\u{2212}")
}

/// Text as content or attribute of XML. Characters that XML does not allow become U+FFFD.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_two_decimals_at_most() {
        for (value, text) in
            [(0.0, "0"), (-0.001, "0"), (100.0, "100"), (1.5, "1.5"), (2.346, "2.35"), (-10.0, "-10")]
        {
            assert_eq!(num(value), text);
        }
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(escape("a<b & \"c\" > 'd'"), "a&lt;b &amp; &quot;c&quot; &gt; &#39;d&#39;");
        assert_eq!(escape("σ(μ)\u{1}\n"), "σ(μ)\u{fffd} ");
    }

    #[test]
    fn widths_are_those_of_the_font() {
        assert!((width("Mi", 10.0) - SPARE * (8.33 + 2.22)).abs() < 1e-9);
        assert!((width("μ\u{302}", 10.0) - SPARE * 5.6).abs() < 1e-9);
        assert_eq!(fit("0000", 10.0, 11.12), 8.0);
        assert!((fit("0000", 20.0, SPARE * 22.24) - 10.0).abs() < 1e-9);
        assert_eq!(fit("0000", 10.0, 50.0), 10.0);
    }

    #[test]
    fn exponents_are_raised() {
        let words = Words::power("10", -3);
        assert_eq!(words.markup(10.0), "10<tspan dy=\"-4.2\" font-size=\"7.2\">\u{2212}3</tspan>");
        assert!(words.width(10.0) > Words::plain("10").width(10.0));
    }
}
