//! The texts that a configuration was read from, and where in them a byte lies.

use std::ops::Range;

use ringfence_fence::{FileId, Origin};

use super::masking;

/// The texts behind one configuration, with what may be secret blotted out.
///
/// Every text has its own stretch of one line of offsets, so that a span alone says which text it
/// lies in: the spans of an environment override never look like those of the file.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    texts: Vec<Text>,
}

#[derive(Clone, Debug)]
struct Text {
    name: String,
    /// Offset of the first byte among all texts.
    base: usize,
    /// Same length and lines as the original.
    shown: String,
    line_starts: Vec<usize>,
    /// Whether the text is kept. Without it a place in it is a line.
    is_shown: bool,
}

/// A place as people write it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place<'a> {
    /// Name of the file, or `environment`.
    pub file: &'a str,
    /// Line, counted from 1.
    pub line: u32,
    /// Column in characters, counted from 1.
    pub column: usize,
}

/// The lines around one origin, cut to a size that fits a terminal.
pub(crate) struct Excerpt<'a> {
    pub(crate) file: &'a str,
    pub(crate) text: &'a str,
    /// Number of the first line of `text`, counted from 1.
    pub(crate) first_line: usize,
    /// What to underline, in bytes of `text`.
    pub(crate) caret: Range<usize>,
}

/// Lines shown of a value that spans many, such as a list.
const EXCERPT_LINES_MAX: usize = 3;
/// Bytes shown on each side of the caret; longer lines are cut.
const EXCERPT_SIDE_MAX: usize = 240;

impl Sources {
    /// Keeps a text under a name; what looks like a secret is kept only as asterisks.
    pub(crate) fn add(&mut self, name: &str, text: &str) -> FileId {
        let base = self.texts.last().map_or(0, |last| last.base + last.shown.len() + 1);
        self.texts.push(Text {
            name: name.to_owned(),
            base,
            shown: masking::masked(text),
            line_starts: line_starts(text),
            is_shown: true,
        });
        self.last()
    }

    /// Names a file that is too large to keep: of it origins have only a line.
    pub(crate) fn add_unshown(&mut self, name: &str) -> FileId {
        let file = self.add(name, "");
        if let Some(text) = self.texts.last_mut() {
            text.is_shown = false;
        }
        file
    }

    /// Offset of a text's first byte among all texts; spans in it start there.
    pub(crate) fn base(&self, file: FileId) -> usize {
        self.text(file).map_or(0, |text| text.base)
    }

    /// Where a span among all texts lies.
    pub(crate) fn origin(&self, span: Range<usize>) -> Origin {
        let index = self.texts.partition_point(|text| text.base <= span.start).saturating_sub(1);
        let Some(text) = self.texts.get(index) else {
            return Origin::default();
        };
        let start = (span.start - text.base).min(text.shown.len());
        let end = span.end.saturating_sub(text.base).clamp(start, text.shown.len());
        Origin {
            file: FileId(u16::try_from(index).unwrap_or(u16::MAX)),
            line: offset_u32(text.line_of(start)),
            start: offset_u32(start),
            end: offset_u32(end),
        }
    }

    /// The last line of a text that is not blank: where a key that is missing would have been.
    pub(crate) fn end(&self, file: FileId) -> Origin {
        let Some(text) = self.text(file) else {
            return Origin::default();
        };
        let end = text.base + text.shown.trim_end().len();
        self.origin(end..end)
    }

    /// Blots out a span that turned out to hold a secret.
    pub(crate) fn hide(&mut self, origin: Origin) {
        if let Some(text) = self.texts.get_mut(usize::from(origin.file.0)) {
            text.shown = masking::hidden(&text.shown, origin.start as usize..origin.end as usize);
        }
    }

    /// File, line and column of an origin; `None` if it is not of these sources.
    pub fn place(&self, origin: Origin) -> Option<Place<'_>> {
        let text = self.text(origin.file)?;
        if !text.is_shown {
            return Some(Place { file: &text.name, line: origin.line, column: 1 });
        }
        let line_start = text.line_start(origin.line as usize);
        let before = text.shown.get(line_start..origin.start as usize)?;
        Some(Place { file: &text.name, line: origin.line, column: before.chars().count() + 1 })
    }

    pub(crate) fn excerpt(&self, origin: Origin) -> Option<Excerpt<'_>> {
        let text = self.text(origin.file).filter(|text| text.is_shown)?;
        let (start, end) = (origin.start as usize, origin.end as usize);
        let first_line = text.line_of(start);
        let last_line = text.line_of(end).min(first_line + EXCERPT_LINES_MAX - 1);
        let left = text.line_start(first_line).max(start.saturating_sub(EXCERPT_SIDE_MAX));
        let right = text.line_end(last_line).min(start + EXCERPT_SIDE_MAX);
        let (left, right) = (text.shown.ceil_char_boundary(left), text.floor(right));
        let shown = text.shown.get(left..right)?;
        let caret = start.clamp(left, right) - left..end.clamp(left, right) - left;
        Some(Excerpt { file: &text.name, text: shown, first_line, caret })
    }

    fn last(&self) -> FileId {
        FileId(u16::try_from(self.texts.len() - 1).unwrap_or(u16::MAX))
    }

    fn text(&self, file: FileId) -> Option<&Text> {
        self.texts.get(usize::from(file.0))
    }
}

impl Text {
    /// Number of the line that holds a byte, counted from 1.
    fn line_of(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset)
    }

    fn line_start(&self, line: usize) -> usize {
        self.line_starts.get(line.saturating_sub(1)).copied().unwrap_or(0)
    }

    fn line_end(&self, line: usize) -> usize {
        self.line_starts.get(line).map_or(self.shown.len(), |next| next - 1)
    }

    fn floor(&self, offset: usize) -> usize {
        self.shown.floor_char_boundary(offset)
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
    std::iter::once(0).chain(after_breaks.map(|(at, _)| at + 1)).collect()
}

fn offset_u32(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_the_second_text_never_point_into_the_first() {
        let mut sources = Sources::default();
        sources.add("a.toml", "one\ntwo\n");
        let second = sources.add("environment", "three");
        let base = sources.base(second);

        let inside_first = sources.origin(4..7);
        let inside_second = sources.origin(base..base + 5);

        assert_eq!((inside_first.file, inside_first.line), (FileId(0), 2));
        assert_eq!((inside_second.file, inside_second.line), (second, 1));
        assert_eq!(sources.place(inside_second).map(|place| place.file), Some("environment"));
    }

    #[test]
    fn an_origin_past_the_end_is_drawn_in_to_the_text() {
        let mut sources = Sources::default();
        sources.add("a.toml", "x");
        let origin = sources.origin(40..90);
        assert_eq!((origin.start, origin.end, origin.line), (1, 1, 1));
    }

    #[test]
    fn a_long_line_is_cut_round_its_caret() {
        let mut sources = Sources::default();
        sources.add("a.toml", &"é".repeat(5_000));
        let excerpt = sources.excerpt(sources.origin(4_000..4_002)).expect("in the text");
        assert!(excerpt.text.len() <= 2 * EXCERPT_SIDE_MAX);
        assert_eq!(&excerpt.text[excerpt.caret], "é");
    }
}
