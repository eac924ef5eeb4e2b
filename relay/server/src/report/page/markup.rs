//! Text that is markup, and text that is not: only what stands in this program's source goes out as
//! it is, everything else is escaped.

use std::fmt::Write;

/// A page that is being written.
#[derive(Default)]
pub(super) struct Markup(String);

impl Markup {
    /// Markup from this program's source.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text, for between tags and for attributes in double quotes (HTML section 13.3).
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                // XML has no place for them, so that a picture saved from the page would break.
                c if c.is_control() => self.0.push('\u{fffd}'),
                c => self.0.push(c),
            }
        }
        self
    }

    /// A length or place in a picture, to a tenth.
    pub(super) fn number(&mut self, number: f64) -> &mut Self {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{number:.1}");
        self
    }

    /// A whole number.
    pub(super) fn count(&mut self, number: u64) -> &mut Self {
        let _ = write!(self.0, "{number}");
        self
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_never_becomes_markup() {
        let mut page = Markup::default();
        page.raw("<b>").text("<script>'\"&\0</script>").raw("</b>");
        let escaped = "<b>&lt;script&gt;&#39;&quot;&amp;\u{fffd}&lt;/script&gt;</b>";
        assert_eq!(page.finish(), escaped);
    }
}
