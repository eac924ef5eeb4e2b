//! The document for people: the verdict first, then who gains and loses what.

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use super::{
    AddressChange, AddressList, Encryption, FactEntry, PlanDocument, Prefixes, Presence,
    RegionEntry, SiteChange, UseName, UsesChange,
};

/// Prefixes shown of one list.
const SHOWN_MAX: usize = 10;
/// Names shown before one change.
const NAMES_SHOWN_MAX: usize = 20;

impl PlanDocument {
    /// In one line: whether anything widens, and for how many.
    pub fn verdict(&self) -> String {
        let widening = || self.changes.iter().filter(|change| change.widens);
        if self.widens {
            return format!("widens: {}", extent(&widening(), |sites| &sites.gained));
        }
        match self.narrows {
            true => {
                let extent = extent(&self.changes.iter(), |sites| &sites.lost);
                format!("nothing widens; narrows: {extent}")
            }
            false if self.regions.is_empty() && self.facts.is_empty() => {
                "nothing widens: the policies say the same".to_owned()
            }
            false => "nothing widens and nothing narrows".to_owned(),
        }
    }

    /// All of it as text: `+` is allowed now and was not, `-` no longer. In colour if asked.
    pub fn in_words(&self, color: bool) -> String {
        let mut page = Page { text: String::new(), color };
        // Writing to a string cannot fail.
        let _ = page.document(self);
        page.text
    }
}

/// How many tenants, fences and sites.
fn extent<'a>(
    changes: &(impl Iterator<Item = &'a UsesChange> + Clone),
    sites: impl Fn(&SiteChange) -> &Vec<super::OfferedSite>,
) -> String {
    let uses = || changes.clone().flat_map(|change| &change.uses);
    let tenants: BTreeSet<_> = uses().map(|name| &name.tenant).collect();
    let fences: BTreeSet<_> = uses().filter_map(|name| name.fence.as_ref()).collect();
    let sites: BTreeSet<_> =
        changes.clone().flat_map(|change| sites(&change.sites)).map(|site| &site.site).collect();
    let parts = [(tenants.len(), "tenant"), (fences.len(), "fence"), (sites.len(), "site")];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    parts.map(|(count, what)| counted(count, what)).collect::<Vec<_>>().join(", ")
}

struct Page {
    text: String,
    color: bool,
}

/// What a line says of a thing.
#[derive(Clone, Copy)]
enum Sign {
    Gained,
    Lost,
}

impl Page {
    fn document(&mut self, document: &PlanDocument) -> fmt::Result {
        let style = if document.widens { "\x1b[1;31m" } else { "\x1b[1;32m" };
        let verdict = self.styled(style, &document.verdict());
        writeln!(self.text, "{verdict}")?;
        for change in &document.changes {
            self.change(change)?;
        }
        self.regions(&document.regions)?;
        self.facts(&document.facts)?;
        if document.elsewhere > 0 {
            let fences = counted(document.elsewhere, "fence");
            writeln!(self.text, "\n{fences} of other enclaves not shown")?;
        }
        Ok(())
    }

    fn change(&mut self, change: &UsesChange) -> fmt::Result {
        let names = change.uses.iter().take(NAMES_SHOWN_MAX).map(in_words);
        let mut title = names.collect::<Vec<_>>().join("; ");
        if let more @ 1.. = change.uses.len().saturating_sub(NAMES_SHOWN_MAX) {
            write!(title, "; and {more} more")?;
        }
        title.push_str(match change.presence {
            Presence::Added => " (new)",
            Presence::Removed => " (gone)",
            Presence::Kept => "",
        });
        self.heading(&title)?;
        for (sign, sites) in
            [(Sign::Gained, &change.sites.gained), (Sign::Lost, &change.sites.lost)]
        {
            for site in sites {
                self.line(sign, &format!("site {} in {}", site.site, site.region))?;
            }
        }
        self.addresses("clients", &change.clients)?;
        self.addresses("peers", &change.peers)?;
        match change.encryption {
            Some(Encryption::Dropped) => self.line(Sign::Gained, "media that is not encrypted"),
            Some(Encryption::Required) => self.line(Sign::Lost, "media that is not encrypted"),
            None => Ok(()),
        }
    }

    fn addresses(&mut self, what: &str, change: &AddressChange) -> fmt::Result {
        self.list(Sign::Gained, what, &change.gained)?;
        self.list(Sign::Lost, what, &change.lost)
    }

    fn list(&mut self, sign: Sign, what: &str, list: &AddressList) -> fmt::Result {
        self.prefixes(sign, what, &list.prefixes)?;
        for behind in &list.behind_nat64 {
            self.prefixes(sign, &format!("{what} behind {}", behind.outer), &behind.embedded)?;
        }
        for prefix in &list.malformed_nat64 {
            let odd = "addresses with bits 64 to 71 set";
            self.line(sign, &format!("{what} {prefix}, {odd}"))?;
        }
        Ok(())
    }

    fn prefixes(&mut self, sign: Sign, what: &str, prefixes: &Prefixes) -> fmt::Result {
        let shown = &prefixes.cidrs[..prefixes.cidrs.len().min(SHOWN_MAX)];
        for cidr in shown {
            self.line(sign, &format!("{what} {cidr}"))?;
        }
        match prefixes.count - shown.len() {
            0 => Ok(()),
            more if more == prefixes.more() => {
                let hash = prefixes.sha256.as_deref().unwrap_or_default();
                self.line(sign, &format!("{what}: {more} more, SHA-256 {hash}"))
            }
            more => self.line(sign, &format!("{what}: {more} more; --json shows all")),
        }
    }

    fn regions(&mut self, regions: &[RegionEntry]) -> fmt::Result {
        for entry in regions {
            self.heading(&format!("region {}", entry.region))?;
            self.prefixes(Sign::Gained, "addresses", &entry.addresses.gained)?;
            self.prefixes(Sign::Lost, "addresses", &entry.addresses.lost)?;
        }
        Ok(())
    }

    fn facts(&mut self, facts: &[FactEntry]) -> fmt::Result {
        if facts.is_empty() {
            return Ok(());
        }
        self.heading("written otherwise")?;
        for fact in facts {
            let about = [fact.topic.as_str(), &fact.subject].join(" ");
            let said = |what: &Option<String>| match what.as_deref() {
                None => "not there".to_owned(),
                Some("") => "none".to_owned(),
                Some(text) => format!("`{}`", printable(text)),
            };
            let (old, new) = (said(&fact.old), said(&fact.new));
            writeln!(self.text, "  {}: {old} -> {new}", printable(about.trim_end()))?;
        }
        Ok(())
    }

    fn heading(&mut self, title: &str) -> fmt::Result {
        let title = self.styled("\x1b[1m", &printable(title));
        writeln!(self.text, "\n{title}")
    }

    fn line(&mut self, sign: Sign, what: &str) -> fmt::Result {
        let (sign, style) = match sign {
            Sign::Gained => ('+', "\x1b[32m"),
            Sign::Lost => ('-', "\x1b[31m"),
        };
        let line = self.styled(style, &format!("{sign} {what}"));
        writeln!(self.text, "  {line}")
    }

    fn styled(&self, style: &str, text: &str) -> String {
        match self.color {
            true => format!("{style}{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}

fn in_words(name: &UseName) -> String {
    let UseName { tenant, fence, group } = name;
    let whose = match group {
        Some(group) => format!("{tenant}, group {group}"),
        None => tenant.clone(),
    };
    match fence {
        Some(fence) => format!("{whose}, fence {fence}"),
        None => format!("{whose}, default fence"),
    }
}

fn counted(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

/// What an invariant is called may hold anything that TOML does.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
