//! Text out: a page of paragraphs and tables, coloured; the stream strips colours where they do not belong.

use anstyle::{AnsiColor, Style};

use super::table::Table;

/// A page under construction.
#[derive(Debug, Default)]
pub struct Page {
    text: String,
}

/// Headings.
pub const BOLD: Style = Style::new().bold();
/// What is secondary.
pub const DIM: Style = Style::new().dimmed();
/// What is as it should be.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What needs attention.
pub const ATTENTION: Style = AnsiColor::Yellow.on_default();
/// What is wrong.
pub const BAD: Style = AnsiColor::Red.on_default().bold();

/// Characters of a line of words.
const WIDTH: usize = 100;

impl Page {
    /// A line.
    pub fn line(&mut self, text: impl AsRef<str>) {
        self.text.push_str(text.as_ref());
        self.text.push('\n');
    }

    /// Words in a style, broken into lines where they are too long for one; what goes on is indented.
    pub fn wrapped(&mut self, words: &str, style: Style) {
        let mut line = String::new();
        for word in words.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.line(styled(&line, style));
                line = " ".to_owned();
            }
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        }
        self.line(styled(&line, style));
    }

    /// A heading, with an empty line before it unless it is the first.
    pub fn heading(&mut self, text: &str) {
        self.gap();
        self.line(styled(text, BOLD));
    }

    /// A line that begins with "warning: ".
    pub fn warning(&mut self, text: &str) {
        self.line(format!("{} {text}", styled("warning:", ATTENTION)));
    }

    /// A line that begins with "note: ".
    pub fn note(&mut self, text: &str) {
        self.line(format!("{} {text}", styled("note:", DIM)));
    }

    /// An empty line, unless the page is empty.
    pub fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// A table; nothing where it has no rows.
    pub fn table(&mut self, table: &Table) {
        if !table.is_empty() {
            self.text.push_str(&table.render());
        }
    }

    /// The page's text.
    pub fn finish(self) -> String {
        self.text
    }
}

/// Text in a style.
pub fn styled(text: &str, style: Style) -> String {
    if text.is_empty() { String::new() } else { format!("{style}{text}{style:#}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_between_words() {
        let mut page = Page::default();
        page.wrapped("short", Style::new());
        page.wrapped(&["word"; 40].join(" "), Style::new());
        page.wrapped(&"x".repeat(120), Style::new());
        let text = page.finish();
        let lines: Vec<&str> = text.lines().collect();
        // 20 words of 4 and 19 spaces are 99; then 2 spaces of indent and 19 words with 18 spaces; then what is left.
        assert_eq!(lines.iter().map(|line| line.len()).collect::<Vec<_>>(), [5, 99, 96, 6, 120]);
        assert!(lines[2].starts_with("  word") && lines[3] == "  word");
    }
}
