//! Breaks prose between words.

use std::fmt::Write;

use textwrap::{Options, WordSeparator, WordSplitter, core::display_width};

/// The characters of a line in a file.
const LINE: usize = 100;

/// If a label leaves less of a line than this for its text, the text begins on
/// the next line.
const TEXT: usize = 36;

/// The width of the terminal, if standard output is one and it has a width.
pub(crate) fn terminal() -> Option<usize> {
    comfy_table::Table::new().width().map(usize::from).filter(|width| *width > 0)
}

/// Lines of prose, broken for the terminal. In a file, every sentence stays on
/// its line.
pub(crate) fn paragraphs(text: &str) -> String {
    let Some(width) = terminal() else { return text.to_owned() };
    text.lines().fold(String::new(), |filled, line| filled + &indented(line, width, "", "") + "\n")
}

/// One paragraph, broken between words only: what is wider than a line sticks
/// out.
pub(crate) fn indented(text: &str, width: usize, first: &str, rest: &str) -> String {
    let options = Options::new(width)
        .initial_indent(first)
        .subsequent_indent(rest)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation);
    textwrap::fill(text, options)
}

/// Labels with their texts.
pub(crate) fn pairs(told: Vec<(&str, String)>) -> String {
    let width = terminal().unwrap_or(LINE);
    let label = told.iter().map(|(label, _)| display_width(label)).max().unwrap_or_default() + 4;
    let mut text = String::new();
    for (name, value) in told {
        let word = value.split_whitespace().map(display_width).max().unwrap_or_default();
        let lines = if width >= label + TEXT.max(word) {
            let padding = " ".repeat(label.saturating_sub(display_width(name) + 2));
            indented(&value, width, &format!("  {name}{padding}"), &" ".repeat(label))
        } else {
            format!("  {name}\n{}", indented(&value, width, "    ", "    "))
        };
        _ = writeln!(text, "{lines}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_broken() {
        let host = "C3CF17102B7F7F863466E9A083914F64.gr7.eu-west-1.eks.amazonaws.com";
        let text = indented(&format!("a keep-last-healthy {host} and more"), 20, "[1] ", "    ");
        assert_eq!(text, format!("[1] a\n    keep-last-healthy\n    {host}\n    and more"));
    }
}
