//! Things that have a name and a place in a list.

use std::collections::HashMap;

/// A list whose entries are found by name or by place. The hash is keyed at random, since some
/// names come from strangers.
#[derive(Clone, Debug)]
pub(crate) struct Named<T> {
    entries: Vec<(String, T)>,
    places: HashMap<String, usize>,
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), places: HashMap::new() }
    }
}

impl<T> Named<T> {
    /// Appends an entry; a name that is there already keeps its first place.
    pub(crate) fn push(&mut self, name: &str, entry: T) {
        self.places.entry(name.to_owned()).or_insert(self.entries.len());
        self.entries.push((name.to_owned(), entry));
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn get(&self, place: usize) -> Option<&T> {
        self.entries.get(place).map(|(_, entry)| entry)
    }

    pub(crate) fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        self.entries.get_mut(place).map(|(_, entry)| entry)
    }

    /// Empty for a place beyond the end.
    pub(crate) fn name(&self, place: usize) -> &str {
        self.entries.get(place).map_or("", |(name, _)| name)
    }

    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.entries.iter().map(|(name, entry)| (name.as_str(), entry))
    }
}
