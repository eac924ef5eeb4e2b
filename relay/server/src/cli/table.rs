//! Tables on a terminal.

use std::fmt::Write;

/// Rows under a header, in columns as wide as their widest cell.
pub(super) struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    pub(super) fn new<const N: usize>(header: [&str; N]) -> Self {
        Self { header: header.map(str::to_owned).into(), rows: Vec::new() }
    }

    /// A table of rows with as many cells as the header has.
    pub(super) fn of(header: Vec<String>, rows: Vec<Vec<String>>) -> Self {
        Self { header, rows }
    }

    /// Adds a row. A cell that is empty shows as `-`.
    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        let shown = |cell: String| match cell.is_empty() {
            true => "-".to_owned(),
            false => cell,
        };
        self.rows.push(cells.map(shown).into());
    }

    /// Whether it has no rows.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as text; the header bold if there may be colour.
    pub(super) fn render(&self, color: bool) -> String {
        let widths = self.widths();
        let header = line(&self.header, &widths);
        let mut text = match color {
            true => format!("\x1b[1m{header}\x1b[0m\n"),
            false => format!("{header}\n"),
        };
        for row in &self.rows {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}", line(row, &widths));
        }
        text
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths = vec![0; self.header.len()];
        for row in self.rows.iter().chain([&self.header]) {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        widths
    }
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let padded = cells.iter().zip(widths);
    let padded: Vec<_> = padded.map(|(cell, &width)| format!("{cell:width$}")).collect();
    padded.join("  ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(["A", "LONG"]);
        table.row(["wide".to_owned(), String::new()]);
        assert_eq!(table.render(false), "A     LONG\nwide  -\n");
        assert!(table.render(true).starts_with("\x1b[1mA     LONG\x1b[0m\n"));
    }
}
