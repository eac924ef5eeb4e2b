//! The lines of a turnserver.conf as coturn reads them: `option=value`, `option value` or a bare
//! `option`; `#` only starts a comment at the start of a line.

use zeroize::Zeroizing;

use super::{Finding, Outcome, SETTINGS_MAX, Unreadable};

/// coturn reads a line of up to 1,023 bytes, and takes the rest of a longer one for the next.
const LINE_BYTES_MAX: usize = 1_023;
/// No option has a longer name.
const NAME_BYTES_MAX: usize = 40;
const BLANKS: [char; 3] = [' ', '\t', '\r'];

/// One option as it was set. The value may be a secret, so there is no `Debug`.
pub(super) struct Setting {
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) value: Zeroizing<String>,
}

impl Setting {
    /// Whether a flag is on; a bare one is. `None` where coturn would not know.
    pub(super) fn flag(&self) -> Option<bool> {
        let mut chars = self.value.chars().map(|char| char.to_ascii_lowercase());
        match (chars.next(), chars.next()) {
            (None | Some('1'..='9' | 'y' | 't'), _) | (Some('o'), Some('n')) => Some(true),
            (Some('0' | 'n' | 'f'), _) | (Some('o'), _) => Some(false),
            _ => None,
        }
    }

    /// The number at the start of the value, which is all that coturn looks at, if only blanks or a
    /// comment follow.
    pub(super) fn number(&self) -> Option<u32> {
        let end = self.value.find(|char: char| !char.is_ascii_digit());
        let (digits, rest) = self.value.split_at(end.unwrap_or(self.value.len()));
        let rest = rest.trim_start_matches(BLANKS);
        (rest.is_empty() || rest.starts_with('#')).then(|| digits.parse().ok())?
    }

    /// Whether this is what counts in place of the other.
    pub(super) fn overrules(&self, other: &Self) -> bool {
        self.line > other.line && self.name == other.name
    }
}

/// All settings, and a finding for each line that is none.
pub(super) fn read(text: &[u8]) -> Result<(Vec<Setting>, Vec<Finding>), Unreadable> {
    let (mut settings, mut findings) = (Vec::new(), Vec::new());
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        if settings.len() + findings.len() == SETTINGS_MAX {
            return Err(Unreadable::TooManySettings);
        }
        match setting(line) {
            Ok((name, value)) => settings.push(Setting { line: index + 1, name, value }),
            Err(why) => findings.push(Finding {
                line: index + 1,
                option: String::new(),
                outcome: Outcome::refused(why),
            }),
        }
    }
    Ok((settings, findings))
}

fn setting(line: &[u8]) -> Result<(String, Zeroizing<String>), &'static str> {
    if line.len() > LINE_BYTES_MAX {
        return Err("coturn would break a line of this length in two");
    }
    let line = std::str::from_utf8(line).map_err(|_| "the line is not UTF-8")?;
    if line.chars().any(|char| char.is_control() && char != '\t') {
        return Err("the line holds control characters");
    }
    let name_end = line.find([' ', '=', '\t']).unwrap_or(line.len());
    let (name, rest) = line.split_at(name_end);
    if !is_name(name) {
        return Err("the line does not start with an option");
    }
    let value = rest.trim_start_matches([' ', '=', '\t']);
    Ok((name.to_owned(), Zeroizing::new(unquoted(value).to_owned())))
}

/// What is none is not repeated in a finding: it may be a secret that lost its option.
fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(plain)
}

/// coturn drops a quote at the start, and then one at the end.
fn unquoted(value: &str) -> &str {
    match value.strip_prefix('"') {
        Some(inner) => inner.strip_suffix('"').unwrap_or(inner),
        None => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Setting {
        let (mut settings, findings) = read(line.as_bytes()).unwrap();
        assert!(findings.is_empty() && settings.len() == 1, "{line}");
        settings.remove(0)
    }

    #[test]
    fn an_option_is_set_in_each_of_coturns_ways() {
        for line in [
            "realm=a b",
            "realm a b",
            "  realm = a b \r",
            "realm==a b",
            "realm=\"a b\"",
            "realm \"a b",
            "\trealm\t=\ta b",
        ] {
            let setting = one(line);
            assert_eq!((setting.name.as_str(), setting.value.as_str()), ("realm", "a b"), "{line}");
        }
        assert_eq!(one("realm=x # y").value.as_str(), "x # y", "a comment starts a line");
        assert_eq!(one("realm='x'").value.as_str(), "'x'");
    }

    #[test]
    fn flags_are_on_or_off_as_coturn_has_them() {
        for on in ["no-tls", "no-tls=1", "no-tls=yes", "no-tls=True", "no-tls on", "no-tls=ON"] {
            assert_eq!(one(on).flag(), Some(true), "{on}");
        }
        for off in ["no-tls=0", "no-tls=no", "no-tls=False", "no-tls=off", "no-tls f"] {
            assert_eq!(one(off).flag(), Some(false), "{off}");
        }
        assert_eq!(one("no-tls=maybe").flag(), None);
    }

    #[test]
    fn numbers_stand_alone_or_before_a_comment() {
        assert_eq!(one("min-port=49152").number(), Some(49_152));
        assert_eq!(one("min-port=49152 # first").number(), Some(49_152));
        for bad in ["min-port", "min-port=x", "min-port=-1", "min-port=1 2", "min-port=99999999999"]
        {
            assert_eq!(one(bad).number(), None, "{bad}");
        }
    }
}
