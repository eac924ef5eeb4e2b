//! The resolved configuration as TOML again: defaults filled in, paths absolute, secrets masked.

use std::fmt::Display;
use std::time::Duration;

use ringfence_fence::Located;
use ringfence_fence::draft::{
    ChoiceDraft, FenceDraft, InvariantDraft, RegionDraft, SelectionDraft, SiteDraft, TenantDraft,
};
use ringfence_wire::channel_data::ChannelNumbers;
use serde::Serialize;
use toml::{Table, Value};

use super::secret::MASK;
use super::settings::{
    Audit, Config, Control, Guard, Limits, Listen, Log, Node, Plan, RegionData, Tenant, Tuning,
    Turn, User, Workers,
};

/// The configuration as a TOML file. Reading it gives the same configuration without its secrets.
pub fn effective(config: &Config) -> String {
    let policy = &config.policy;
    let tenants = policy.tenants.iter().zip(&config.tenants);
    let sections = [
        ("node", node(&config.node, policy.own_enclave.as_ref())),
        ("listen", listen(&config.listen)),
        ("control", control(&config.control)),
        ("turn", turn(&config.turn)),
        ("limits", limits(&config.limits)),
        ("tuning", tuning(&config.tuning)),
        ("log", log(config.log)),
        ("guard", guard(config.guard)),
        ("region_data", config.region_data.as_ref().map_or(Value::Array(Vec::new()), region_data)),
        ("audit", audit(&config.audit)),
        ("regions", named(policy.regions.iter().map(|draft| (&draft.name, region(draft))))),
        ("sites", named(policy.sites.iter().map(|draft| (&draft.name, site(draft))))),
        ("fences", named(policy.fences.iter().map(|draft| (&draft.name, fence(draft))))),
        ("tenants", named(tenants.map(|(draft, own)| (&draft.name, tenant(draft, own))))),
        ("nat64", table([("prefixes", located_list(&policy.nat64))])),
        ("selection", selection(&policy.selection)),
        ("invariants", Value::Array(policy.invariants.iter().map(invariant).collect())),
    ];
    // An empty list, or what is not there, would stand under the header before it, and belong to
    // that.
    let empty = |section: &Value| section.as_array().is_some_and(Vec::is_empty);
    let mut document = String::new();
    for (name, section) in sections.into_iter().filter(|(_, section)| !empty(section)) {
        let one = Table::from_iter([(name.to_owned(), section)]);
        // A tree of strings, numbers, lists and tables is always TOML.
        document.push_str(&toml::to_string_pretty(&one).unwrap_or_default());
        document.push('\n');
    }
    document
}

fn node(node: &Node, enclave: Option<&Located<String>>) -> Value {
    let workers = match node.workers {
        Workers::PerCpu => 0,
        Workers::Count(count) => i64::from(count.get()),
    };
    let mut result = Table::new();
    result.insert("site".to_owned(), text(&node.site));
    insert_option(&mut result, "enclave", enclave);
    result.insert("workers".to_owned(), workers.into());
    result.insert("pin".to_owned(), node.pin.into());
    result.insert("drain_s".to_owned(), seconds(node.drain).into());
    Value::Table(result)
}

/// What the file has is whole and far below its end.
fn seconds(time: Duration) -> i64 {
    i64::from(u32::try_from(time.as_secs()).unwrap_or(u32::MAX))
}

fn listen(listen: &Listen) -> Value {
    let ports = format!("{}-{}", listen.relay_ports.start(), listen.relay_ports.end());
    table([
        ("media", list(&listen.media)),
        ("turn_tcp", list(&listen.turn_tcp)),
        ("turn_tls", list(&listen.turn_tls)),
        ("relay_addresses", list(&listen.relay_addresses)),
        ("relay_ports", ports.into()),
    ])
}

fn control(control: &Control) -> Value {
    let mut result = Table::new();
    result.insert("socket".to_owned(), text(control.socket.display()));
    if let Some(http) = control.http {
        result.insert("http".to_owned(), text(http));
    }
    if control.token.is_some() {
        result.insert("token".to_owned(), text(MASK));
    }
    Value::Table(result)
}

fn turn(turn: &Turn) -> Value {
    let mut result = Table::new();
    result.insert("realm".to_owned(), text(&turn.realm));
    if let Some(tls) = &turn.tls {
        result.insert("certificate".to_owned(), text(tls.certificate.display()));
        result.insert("private_key".to_owned(), text(tls.private_key.display()));
    }
    result.insert("alternate_servers".to_owned(), list(&turn.alternate_servers));
    let legacy_channels = turn.channel_numbers == ChannelNumbers::Rfc5766;
    result.insert("legacy_channels".to_owned(), legacy_channels.into());
    Value::Table(result)
}

fn limits(limits: &Limits) -> Value {
    let consent_ms = u32::try_from(limits.consent_timeout.as_millis()).unwrap_or(u32::MAX);
    table([
        ("room_participants_max", i64::from(limits.room_participants_max).into()),
        ("rooms_max", i64::from(limits.rooms_max).into()),
        ("participants_max", i64::from(limits.participants_max).into()),
        ("participant_kbps_max", i64::from(limits.participant_kbps_max).into()),
        ("ssrcs_per_participant_max", i64::from(limits.ssrcs_per_participant_max).into()),
        ("consent_timeout_ms", i64::from(consent_ms).into()),
        ("participant_ttl_s_max", seconds(limits.participant_ttl_max).into()),
        ("permissions_per_allocation_max", i64::from(limits.permissions_per_allocation_max).into()),
        ("channels_per_allocation_max", i64::from(limits.channels_per_allocation_max).into()),
        ("streams_max", i64::from(limits.streams_max).into()),
        ("streams_per_source_max", i64::from(limits.streams_per_source_max).into()),
        ("allocation_lifetime_s_max", seconds(limits.allocation_lifetime_max).into()),
    ])
}

fn tuning(tuning: &Tuning) -> Value {
    // At most a millisecond, each of them.
    let micros = |time: Duration| i64::from(u32::try_from(time.as_micros()).unwrap_or(u32::MAX));
    table([
        ("coalesce_us", micros(tuning.coalesce).into()),
        ("busy_poll_us", micros(tuning.busy_poll).into()),
        ("kernel_busy_poll_us", micros(tuning.kernel_busy_poll).into()),
        ("offload", spelled(&tuning.offload)),
    ])
}

fn log(log: Log) -> Value {
    table([("format", spelled(&log.format)), ("level", spelled(&log.level))])
}

fn guard(guard: Guard) -> Value {
    table([("widening", spelled(&guard.widening))])
}

fn region_data(data: &RegionData) -> Value {
    table([
        ("file", text(data.file.display())),
        ("max_age_days", i64::from(data.max_age_days).into()),
    ])
}

fn region(draft: &RegionDraft) -> Value {
    let mut result = Table::new();
    result.insert("cidrs".to_owned(), located_list(&draft.cidrs));
    if !draft.labels.is_empty() {
        result.insert("labels".to_owned(), located_list(&draft.labels));
    }
    insert_option(&mut result, "within", draft.within.as_ref());
    result.insert("near".to_owned(), located_list(&draft.near));
    Value::Table(result)
}

fn site(draft: &SiteDraft) -> Value {
    let mut result = Table::new();
    result.insert("region".to_owned(), text(&draft.region.value));
    result.insert("addresses".to_owned(), located_list(&draft.addresses));
    insert_option(&mut result, "enclave", draft.enclave.as_ref());
    Value::Table(result)
}

fn fence(draft: &FenceDraft) -> Value {
    table([
        ("clients", located_list(&draft.clients.value)),
        ("peers", located_list(&draft.peers.value)),
        ("transit", located_list(&draft.transit.value)),
        ("require_encryption", draft.require_encryption.into()),
    ])
}

fn tenant(draft: &TenantDraft, own: &Tenant) -> Value {
    let masks = vec![Value::from(MASK); own.secrets.len()];
    let mut result = Table::new();
    result.insert("home".to_owned(), text(&draft.home.value));
    result.insert("fences".to_owned(), located_list(&draft.fences));
    result.insert("secrets".to_owned(), Value::Array(masks));
    result.insert("max_rooms".to_owned(), i64::from(own.max_rooms).into());
    result.insert("max_allocations".to_owned(), i64::from(own.max_allocations).into());
    let per_party = i64::from(own.max_allocations_per_party);
    result.insert("max_allocations_per_party".to_owned(), per_party.into());
    result.insert("max_participants".to_owned(), i64::from(own.max_participants).into());
    insert_option(&mut result, "enclave", draft.enclave.as_ref());
    let plan = if draft.locked_to_home { Plan::Free } else { Plan::Standard };
    result.insert("plan".to_owned(), spelled(&plan));
    insert_choice(&mut result, &draft.choice);
    if !draft.groups.is_empty() {
        let group = |choice| {
            let mut group = Table::new();
            insert_choice(&mut group, choice);
            Value::Table(group)
        };
        let groups = draft.groups.iter().map(|draft| (&draft.name, group(&draft.choice)));
        result.insert("groups".to_owned(), named(groups));
    }
    if !own.users.is_empty() {
        result.insert("users".to_owned(), Value::Array(own.users.iter().map(user).collect()));
    }
    Value::Table(result)
}

fn insert_choice(table: &mut Table, choice: &ChoiceDraft) {
    if let Some(require) = &choice.require {
        table.insert("require".to_owned(), located_list(&require.value));
    }
    table.insert("prefer".to_owned(), located_list(&choice.prefer));
}

fn user(user: &User) -> Value {
    let mut result = Table::new();
    result.insert("name".to_owned(), text(&user.name));
    result.insert("password".to_owned(), text(MASK));
    if let Some(fence) = &user.fence {
        result.insert("fence".to_owned(), text(fence));
    }
    Value::Table(result)
}

fn audit(audit: &Audit) -> Value {
    let milliseconds = u32::try_from(audit.fsync_interval.as_millis()).unwrap_or(u32::MAX);
    let rotate_bytes = i64::try_from(audit.rotate_bytes).unwrap_or(i64::MAX);
    let mut result = Table::new();
    if let Some(path) = &audit.path {
        result.insert("path".to_owned(), text(path.display()));
    }
    result.insert("rotate_bytes".to_owned(), rotate_bytes.into());
    result.insert("keep".to_owned(), i64::from(audit.keep).into());
    result.insert("fsync_interval_ms".to_owned(), i64::from(milliseconds).into());
    if audit.signing_key.is_some() {
        result.insert("signing_key".to_owned(), text(MASK));
    }
    result.insert("anchor_interval_s".to_owned(), seconds(audit.anchor_interval).into());
    Value::Table(result)
}

fn selection(selection: &SelectionDraft) -> Value {
    table([
        ("primaries", i64::from(selection.primaries).into()),
        ("spares", i64::from(selection.spares).into()),
        ("spare_sites", located_list(&selection.spare_sites)),
    ])
}

fn invariant(invariant: &InvariantDraft) -> Value {
    table([
        ("name", text(&invariant.name.value)),
        ("clients", located_list(&invariant.clients)),
        ("peers", located_list(&invariant.peers)),
        ("never_transit", located_list(&invariant.never_transit)),
    ])
}

fn table<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Table(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn named<'a>(entries: impl Iterator<Item = (&'a Located<String>, Value)>) -> Value {
    Value::Table(entries.map(|(name, value)| (name.value.clone(), value)).collect())
}

fn insert_option(table: &mut Table, key: &str, value: Option<&Located<String>>) {
    if let Some(value) = value {
        table.insert(key.to_owned(), text(&value.value));
    }
}

fn located_list<T: Display>(items: &[Located<T>]) -> Value {
    Value::Array(items.iter().map(|item| text(&item.value)).collect())
}

fn list<T: Display>(items: &[T]) -> Value {
    Value::Array(items.iter().map(text).collect())
}

fn text(value: impl Display) -> Value {
    Value::String(value.to_string())
}

/// An enum in the spelling that it is read in.
fn spelled(value: &impl Serialize) -> Value {
    Value::try_from(value).unwrap_or(Value::Boolean(false))
}
