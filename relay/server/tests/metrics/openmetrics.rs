//! A strict reader of the part of OpenMetrics 1.0 that a relay writes. It panics at anything that
//! the specification does not allow.

use std::collections::{BTreeMap, BTreeSet};

/// One exposition.
pub(crate) struct Metrics {
    pub(crate) text: String,
    families: BTreeMap<String, Family>,
}

#[derive(Default)]
struct Family {
    kind: Option<Kind>,
    help: bool,
    samples: BTreeMap<Labels, f64>,
}

type Labels = BTreeMap<String, String>;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Info,
}

impl Metrics {
    /// Reads a whole exposition.
    pub(crate) fn read(text: &str) -> Self {
        let body = text.strip_suffix("# EOF\n").expect("ends with # EOF");
        let mut families: BTreeMap<String, Family> = BTreeMap::new();
        let mut current = String::new();
        for line in body.split_terminator('\n') {
            let name = match line.strip_prefix("# ") {
                Some(metadata) => read_metadata(metadata, &mut families, &current),
                None => {
                    read_sample(line, families.get_mut(&current).expect("a family"), &current);
                    continue;
                }
            };
            current = name;
        }
        assert!(families.values().all(|family| family.kind.is_some() && family.help));
        Self { text: text.to_owned(), families }
    }

    /// The sample with exactly these labels.
    pub(crate) fn value(&self, family: &str, labels: &[(&str, &str)]) -> f64 {
        let labels: Labels =
            labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.family(family).samples[&labels]
    }

    /// Sum of a family.
    pub(crate) fn sum(&self, family: &str) -> f64 {
        self.family(family).samples.values().sum()
    }

    /// Sum of the samples with this label.
    pub(crate) fn sum_where(&self, family: &str, (name, value): (&str, &str)) -> f64 {
        let samples = self.family(family).samples.iter();
        let matching = samples.filter(|(labels, _)| labels[name] == value);
        matching.map(|(_, number)| number).sum()
    }

    /// All values of a label.
    pub(crate) fn labels(&self, family: &str, label: &str) -> BTreeSet<String> {
        let samples = self.family(family).samples.keys();
        samples.map(|labels| labels[label].clone()).collect()
    }

    pub(crate) fn kind(&self, family: &str) -> Option<Kind> {
        self.family(family).kind
    }

    /// Names and labels of all samples.
    pub(crate) fn identities(&self) -> Vec<(String, Labels)> {
        let each = self.families.iter().flat_map(|(name, family)| {
            let labels = family.samples.keys().cloned();
            labels.map(move |labels| (name.clone(), labels))
        });
        each.collect()
    }

    fn family(&self, name: &str) -> &Family {
        self.families.get(name).unwrap_or_else(|| panic!("no family {name}"))
    }
}

/// A line of metadata; the family it is about. A family's lines stand together.
fn read_metadata(metadata: &str, families: &mut BTreeMap<String, Family>, current: &str) -> String {
    let mut parts = metadata.splitn(3, ' ');
    let (keyword, name) = (parts.next().unwrap(), parts.next().unwrap());
    let rest = parts.next().expect("a text");
    assert!(is_name(name), "{name}");
    assert!(name == current || !families.contains_key(name), "{name} comes twice");
    let family = families.entry(name.to_owned()).or_default();
    assert!(family.samples.is_empty(), "metadata of {name} after its samples");
    match keyword {
        "HELP" => assert!(!std::mem::replace(&mut family.help, true) && !rest.is_empty()),
        "TYPE" => assert!(family.kind.replace(read_kind(rest)).is_none()),
        "UNIT" => assert!(name.ends_with(&format!("_{rest}")), "{name} is not in {rest}"),
        other => panic!("unknown keyword {other}"),
    }
    name.to_owned()
}

fn read_kind(text: &str) -> Kind {
    match text {
        "counter" => Kind::Counter,
        "gauge" => Kind::Gauge,
        "info" => Kind::Info,
        other => panic!("unexpected type {other}"),
    }
}

fn read_sample(line: &str, family: &mut Family, name: &str) {
    let suffix = match family.kind.expect("TYPE comes before samples") {
        Kind::Counter => "_total",
        Kind::Gauge => "",
        Kind::Info => "_info",
    };
    let (identity, number) = line.rsplit_once(' ').expect("a value");
    let (sample, labels) = match identity.split_once('{') {
        Some((sample, labels)) => (sample, labels.strip_suffix('}').expect("closed braces")),
        None => (identity, ""),
    };
    assert_eq!(sample, format!("{name}{suffix}"));
    let number: f64 = number.parse().expect("a number");
    assert!(number >= 0.0 && number.is_finite(), "{line}");
    let repeated = family.samples.insert(read_labels(labels), number);
    assert!(repeated.is_none(), "{identity} comes twice");
}

/// Labels whose values need no escape.
fn read_labels(text: &str) -> Labels {
    let mut labels = Labels::new();
    for label in text.split(',').filter(|label| !label.is_empty()) {
        let (name, value) = label.split_once("=\"").expect("a label");
        let value = value.strip_suffix('"').expect("a closing quote");
        assert!(is_name(name) && !value.contains(['"', '\\', '\n']), "{label}");
        let repeated = labels.insert(name.to_owned(), value.to_owned());
        assert!(repeated.is_none(), "{name} comes twice");
    }
    labels
}

fn is_name(text: &str) -> bool {
    let first = text.chars().next().unwrap_or('0');
    !first.is_ascii_digit() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
