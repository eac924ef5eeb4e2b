//! Bencode as the `ng` protocol uses it: dictionaries of byte strings go out, any value may come in.
//!
//! The crates for it bring a second serde data model for what is a page here.

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};

/// How deep an answer may nest; rtpengine's statistics take six.
const DEPTH_MAX: usize = 16;

/// One value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Value {
    Bytes(Vec<u8>),
    Integer(i64),
    List(Vec<Value>),
    Dictionary(BTreeMap<Vec<u8>, Value>),
}

impl Value {
    /// A dictionary of words.
    pub(super) fn words<'w>(words: impl IntoIterator<Item = (&'w str, &'w str)>) -> Self {
        let bytes = |word: &str| word.as_bytes().to_vec();
        let words = words.into_iter().map(|(key, word)| (bytes(key), Self::Bytes(bytes(word))));
        Self::Dictionary(words.collect())
    }

    /// Reads exactly one value.
    pub(super) fn read(bytes: &[u8]) -> anyhow::Result<Self> {
        let mut input = Input(bytes);
        let value = input.value(DEPTH_MAX)?;
        ensure!(input.0.is_empty(), "{} bytes behind a bencoded value", input.0.len());
        Ok(value)
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Bytes(bytes) => write_bytes(bytes, out),
            Self::Integer(number) => out.extend(format!("i{number}e").bytes()),
            Self::List(values) => {
                out.push(b'l');
                values.iter().for_each(|value| value.write(out));
                out.push(b'e');
            }
            Self::Dictionary(entries) => {
                out.push(b'd');
                for (key, value) in entries {
                    write_bytes(key, out);
                    value.write(out);
                }
                out.push(b'e');
            }
        }
    }

    /// The text at a key of a dictionary.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        let Self::Dictionary(entries) = self else { return None };
        let Self::Bytes(bytes) = entries.get(key.as_bytes())? else { return None };
        std::str::from_utf8(bytes).ok()
    }
}

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend(format!("{}:", bytes.len()).bytes());
    out.extend(bytes);
}

/// What has not been read yet.
struct Input<'b>(&'b [u8]);

impl Input<'_> {
    fn value(&mut self, depth: usize) -> anyhow::Result<Value> {
        ensure!(depth > 0, "a bencoded value nests too deep");
        match self.0.first() {
            Some(b'0'..=b'9') => Ok(Value::Bytes(self.bytes()?)),
            Some(b'i') => {
                self.0 = &self.0[1..];
                Ok(Value::Integer(self.number(b'e')?))
            }
            Some(b'l') => self.list(depth),
            Some(b'd') => self.dictionary(depth),
            Some(other) => bail!("no bencoded value begins with {other:#04x}"),
            None => bail!("a bencoded value ends early"),
        }
    }

    fn list(&mut self, depth: usize) -> anyhow::Result<Value> {
        self.0 = &self.0[1..];
        let mut values = Vec::new();
        while !self.ended() {
            values.push(self.value(depth - 1)?);
        }
        Ok(Value::List(values))
    }

    fn dictionary(&mut self, depth: usize) -> anyhow::Result<Value> {
        self.0 = &self.0[1..];
        let mut entries = BTreeMap::new();
        while !self.ended() {
            let key = self.bytes()?;
            entries.insert(key, self.value(depth - 1)?);
        }
        Ok(Value::Dictionary(entries))
    }

    /// Takes the end of a list or dictionary if it is next.
    fn ended(&mut self) -> bool {
        let rest = self.0.strip_prefix(b"e");
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn bytes(&mut self) -> anyhow::Result<Vec<u8>> {
        let length = usize::try_from(self.number(b':')?)?;
        let (bytes, rest) = self.0.split_at_checked(length).context("a string ends early")?;
        self.0 = rest;
        Ok(bytes.to_vec())
    }

    fn number(&mut self, end: u8) -> anyhow::Result<i64> {
        let digits = self.0.iter().position(|&byte| byte == end).context("a number has no end")?;
        let text = std::str::from_utf8(&self.0[..digits])?;
        self.0 = &self.0[digits + 1..];
        text.parse().with_context(|| format!("{text} is no number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_rtpengine_is_read_and_written_as_it_was() {
        let answer = b"d3:sdp5:v=0\r\n6:totalsd3:RTPd7:packetsi-6e5:flagsl4:sendeee6:result2:oke";
        let value = Value::read(answer).unwrap();
        assert_eq!(value.text("result"), Some("ok"));
        assert_eq!(value.text("sdp"), Some("v=0\r\n"));
        assert_eq!(value.text("totals"), None);
        let mut written = Vec::new();
        value.write(&mut written);
        // Keys leave in their order, whatever order they came in.
        assert_eq!(Value::read(&written).unwrap(), value);
        assert!(written.starts_with(b"d6:result2:ok3:sdp"));
    }

    #[test]
    fn what_is_cut_short_or_too_deep_is_refused() {
        let answer = b"d6:resultl2:oki7eee";
        assert!(Value::read(answer).is_ok());
        for end in 0..answer.len() {
            assert!(Value::read(&answer[..end]).is_err(), "{end} bytes");
        }
        let deep = [vec![b'l'; 100_000], vec![b'e'; 100_000]].concat();
        assert!(Value::read(&deep).is_err());
        assert!(Value::read(b"i1ei2e").is_err(), "two values");
        assert!(Value::read(b"99999999999999999999:x").is_err());
        assert!(Value::read(b"-1:x").is_err());
    }
}
