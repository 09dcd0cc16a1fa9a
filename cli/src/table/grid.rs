//! Fits rows into a terminal without breaking a word, an address or a name.
//!
//! | width | form |
//! |---|---|
//! | no terminal | a table; every row has its keys, for grep |
//! | the reasons fit | a table; keys where they change |
//! | the rest fits | the same with numbers for reasons, which follow once each |
//! | less | a block for each key, with numbers for reasons |

use std::fmt::Write;

use comfy_table::{Attribute, Cell, ContentArrangement, Table};
use textwrap::core::display_width;

use super::prose;
use crate::output::bold;

/// Shown for an absent value.
pub(crate) const NOTHING: &str = "-";

/// A reason that is no longer than its number is not replaced by it.
const SHORT: usize = 8;

/// One line of a grid.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    /// The title of its block.
    pub(crate) title: String,
    pub(crate) keys: Vec<String>,
    pub(crate) cells: Vec<Cell>,
    pub(crate) why: String,
}

/// Rows under a header: keys, cells, and the reason at the end.
pub(crate) struct Grid {
    pub(crate) keys: &'static [&'static str],
    pub(crate) cells: &'static [&'static str],
    pub(crate) rows: Vec<Row>,
}

impl Grid {
    /// The rows in a terminal of `width` characters, or in a file.
    pub(crate) fn draw(&self, width: Option<usize>) -> String {
        let reasons: Vec<_> = self.rows.iter().map(|row| row.why.clone()).collect();
        let whole = self.table(&reasons, width.is_none());
        let Some(width) = width.filter(|width| widest(&whole) > *width) else { return whole };
        let notes = Notes::of(&reasons);
        let short = self.table(&notes.references, false);
        let rows = if widest(&short) <= width { short } else { self.blocks(&notes.references, width) };
        rows + &notes.legend(width)
    }

    fn is_first_of_group(&self, index: usize) -> bool {
        let keys = |index: usize| self.rows.get(index).map(|row| (&row.title, &row.keys));
        index.checked_sub(1).is_none_or(|before| keys(before) != keys(index))
    }

    fn table(&self, reasons: &[String], every_key: bool) -> String {
        let used = self.used();
        let mut table = plain();
        let cells = self.cells.iter().zip(&used).filter(|(_, used)| **used).map(|(title, _)| title);
        let header = self.keys.iter().chain(cells).chain(&["WHY"]);
        table.set_header(header.map(|title| Cell::new(title).add_attribute(Attribute::Bold)));
        for (index, (row, why)) in self.rows.iter().zip(reasons).enumerate() {
            let has_keys = every_key || self.is_first_of_group(index);
            let keys = row.keys.iter().map(|key| Cell::new(if has_keys { key } else { "" }));
            let cells = row.cells.iter().zip(&used).filter(|(_, used)| **used).map(|(cell, _)| cell.clone());
            table.add_row(keys.chain(cells).chain([Cell::new(why)]));
        }
        lines(&mut table)
    }

    /// Which columns say anything.
    fn used(&self) -> Vec<bool> {
        let has = |column: usize| {
            self.rows.iter().any(|row| row.cells.get(column).is_some_and(|cell| cell.content() != NOTHING))
        };
        (0..self.cells.len()).map(has).collect()
    }

    /// Every group under its title. A group without a target takes one line.
    fn blocks(&self, references: &[String], width: usize) -> String {
        let mut aligned = plain();
        for (row, reference) in self.rows.iter().zip(references) {
            aligned.add_row(row.cells.iter().cloned().chain([Cell::new(reference)]));
        }
        let aligned = lines(&mut aligned);
        let mut text = String::new();
        for (index, ((row, reference), line)) in
            self.rows.iter().zip(references).zip(aligned.lines()).enumerate()
        {
            let has_target = row.cells.first().is_some_and(|cell| cell.content() != NOTHING);
            if self.is_first_of_group(index) && !row.title.is_empty() {
                text += &bold(&row.title);
                text.push_str(if has_target { "\n" } else { "  " });
            } else if !has_target {
                text.push_str("  ");
            }
            let line = if has_target && display_width(line) + 2 <= width {
                format!("  {line}")
            } else {
                let indent = if has_target { "  " } else { "" };
                prose::indented(&row.words(reference), width, indent, "    ")
            };
            _ = writeln!(text, "{}", line.trim_end());
        }
        text
    }
}

impl Row {
    /// Its cells that are not empty, with the reason.
    fn words(&self, reference: &str) -> String {
        let cells = self.cells.iter().map(Cell::content).filter(|cell| cell != NOTHING);
        cells.chain([reference.to_owned()]).collect::<Vec<_>>().join("  ")
    }
}

/// Reasons, each once, and a number for each row that has it.
struct Notes {
    reasons: Vec<String>,
    references: Vec<String>,
}

impl Notes {
    fn of(reasons: &[String]) -> Self {
        let mut notes = Self { reasons: Vec::new(), references: Vec::new() };
        for reason in reasons {
            if display_width(reason) <= SHORT {
                notes.references.push(reason.clone());
                continue;
            }
            let place = notes.reasons.iter().position(|known| known == reason).unwrap_or_else(|| {
                notes.reasons.push(reason.clone());
                notes.reasons.len() - 1
            });
            notes.references.push(format!("[{}]", place + 1));
        }
        notes
    }

    fn legend(&self, width: usize) -> String {
        let mut text = String::new();
        for (number, reason) in (1..).zip(&self.reasons) {
            _ = writeln!(text, "{}", prose::indented(reason, width, &format!("[{number}] "), "    "));
        }
        text
    }
}

/// A table whose cells are never wrapped.
pub(crate) fn plain() -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.enforce_styling();
    table
}

/// The lines of `table` without the spaces that fill them.
pub(crate) fn lines(table: &mut Table) -> String {
    let last = table.column_count().saturating_sub(1);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if index == last { 0 } else { 2 }));
    }
    let drawn = table.to_string();
    drawn.lines().fold(String::new(), |text, line| text + line.trim_end() + "\n")
}

fn widest(text: &str) -> usize {
    text.lines().map(display_width).max().unwrap_or_default()
}
