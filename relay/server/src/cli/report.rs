//! `ringfence report`.

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;

use super::arguments::ReportArgs;
use super::audit;
use super::exit;
use super::failure::Failure;
use super::output::OutputMode;
use super::table::Table;
use crate::audit::{OfferedAs, Traffic, Trail};
use crate::report::{self, Question, Report};
use crate::timestamp::Moment;

/// Reports where a meeting went. A report from damaged evidence is made, and is a failure.
pub(super) fn run(
    args: &ReportArgs,
    config: Option<&Path>,
    output: OutputMode,
) -> Result<ExitCode, Failure> {
    let paths = audit::trails(&args.audit, config)?;
    let question = Question {
        room: args.room.to_string(),
        tenant: args.tenant.clone(),
        full_addresses: args.full_addresses,
    };
    let readings = Trail::open_all(&paths).map_err(|error| Failure::no_trail(&error))?;
    let report = report::report(&readings, &question);
    let report = report.map_err(|error| Failure::no_report(&error))?;
    if let Some(path) = &args.html {
        let written = std::fs::write(path, report::html(&report));
        written.map_err(|error| Failure::write(&path.display().to_string(), &error))?;
    }
    let shown = output.show(&json!(report), |color| in_words(&report, color));
    Ok(if report.damaged { exit::code(exit::DAMAGED) } else { shown })
}

fn in_words(report: &Report, color: bool) -> String {
    let mut text = standing(report, color);
    let whose = report.tenant.as_ref().map(|tenant| format!(" of {tenant}")).unwrap_or_default();
    text.push_str(&format!("{}{whose}\n", report.room));
    text.push_str(&format!("  from        {}\n", report.from));
    text.push_str(&format!("  to          {}\n", report.to));
    text.push_str(&format!("  spare used  {}\n", report.spare_used.words()));
    let tables = [
        ("Carried by", sites(report)),
        ("Participants in", regions(report)),
        ("Stays", stays(report)),
        ("Refused", refusals(report)),
        ("Cut", cuts(report)),
        ("Narrowed to", narrowings(report)),
        ("Policies", policies(report)),
    ];
    for (title, table) in tables.into_iter().filter(|(_, table)| !table.is_empty()) {
        text.push_str(&format!("\n{title}\n{}", table.render(color)));
    }
    for note in &report.notes {
        text.push_str(&format!("\nnote: {note}"));
    }
    text + if report.notes.is_empty() { "" } else { "\n" }
}

fn standing(report: &Report, color: bool) -> String {
    let mut text = String::new();
    if report.damaged {
        let (on, off) = if color { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
        text.push_str(&format!(
            "{on}THE EVIDENCE IS DAMAGED: this report shows what is left of it and proves \
             nothing.{off}\n"
        ));
    }
    for verdict in &report.evidence {
        text.push_str(&format!("{verdict}\n"));
        verdict.findings.iter().for_each(|finding| text.push_str(&format!("  {finding}\n")));
    }
    text + "\n"
}

fn sites(report: &Report) -> Table {
    let mut table =
        Table::new(["SITE", "REGION", "FROM", "TO", "OFFERED AS", "PARTICIPANTS", "IN", "OUT"]);
    for site in &report.sites {
        let offered: Vec<_> = site.offered_as.iter().map(|one| offered(Some(*one))).collect();
        let [received, sent] = amounts(&site.traffic);
        table.row([
            site.site.clone(),
            site.region.clone(),
            site.from.to_string(),
            time(site.to),
            offered.join(", "),
            site.participants.to_string(),
            received,
            sent,
        ]);
    }
    table
}

fn regions(report: &Report) -> Table {
    let mut table = Table::new(["REGION", "PARTICIPANTS", "IN", "OUT"]);
    for region in &report.regions {
        let [received, sent] = amounts(&region.traffic);
        table.row([region.region.clone(), region.participants.to_string(), received, sent]);
    }
    table
}

fn stays(report: &Report) -> Table {
    let mut table = Table::new([
        "PARTICIPANT",
        "ADDRESS",
        "REGION",
        "VIA",
        "OFFERED AS",
        "POLICY",
        "FROM",
        "TO",
        "ENDED",
        "IN",
        "OUT",
    ]);
    for (one, stay) in
        report.participants.iter().flat_map(|one| one.stays.iter().map(move |s| (one, s)))
    {
        let [received, sent] = amounts(&stay.traffic);
        table.row([
            one.participant.clone(),
            stay.address.clone(),
            stay.region.clone(),
            format!("{} ({})", stay.site, stay.site_region),
            offered(stay.offered_as).to_owned(),
            stay.epoch.to_string(),
            stay.from.to_string(),
            time(stay.to),
            stay.ended.clone().unwrap_or_default(),
            received,
            sent,
        ]);
    }
    table
}

fn refusals(report: &Report) -> Table {
    let mut table = Table::new([
        "PARTICIPANT",
        "AS",
        "ADDRESS",
        "REGION",
        "SITE",
        "RULE",
        "PLACE",
        "TIMES",
        "LAST",
    ]);
    for refused in &report.refusals {
        table.row([
            refused.participant.clone(),
            refused.role.to_owned(),
            refused.address.clone(),
            refused.region.clone().unwrap_or_default(),
            refused.site.clone(),
            refused.rule.clone(),
            refused.place.clone().unwrap_or_default(),
            refused.count.to_string(),
            refused.last.to_string(),
        ]);
    }
    table
}

fn cuts(report: &Report) -> Table {
    let mut table =
        Table::new(["PARTICIPANT", "ADDRESS", "SITE", "TIME", "RULE", "PLACE", "POLICY"]);
    for cut in &report.cuts {
        table.row([
            cut.participant.clone(),
            cut.address.clone(),
            cut.site.clone(),
            cut.time.to_string(),
            cut.rule.clone(),
            cut.place.clone().unwrap_or_default(),
            cut.epoch.to_string(),
        ]);
    }
    table
}

fn narrowings(report: &Report) -> Table {
    let carried_in = |regions: &Option<Vec<String>>| match regions {
        Some(regions) => regions.join(", "),
        None => "all of the fence".to_owned(),
    };
    let mut table = Table::new(["SITE", "TIME", "REFUSED FROM", "CARRIED IN", "CUT"]);
    for one in &report.narrowings {
        let (refused, carried) = (one.refuse.join(", "), carried_in(&one.require));
        table.row([one.site.clone(), one.time.to_string(), refused, carried, one.cut.to_string()]);
    }
    table
}

fn policies(report: &Report) -> Table {
    let mut table = Table::new(["SITE", "POLICY", "SINCE", "WIDENED", "ACCEPTED BY", "PLAN"]);
    for policy in &report.policies {
        let widened = match policy.widened {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        };
        table.row([
            policy.site.clone(),
            policy.epoch.to_string(),
            time(policy.since),
            widened.to_owned(),
            policy.accepted_by.clone().unwrap_or_default(),
            policy.digest.clone().unwrap_or_default(),
        ]);
    }
    table
}

fn time(moment: Option<Moment>) -> String {
    moment.map(|moment| moment.to_string()).unwrap_or_default()
}

fn offered(as_what: Option<OfferedAs>) -> &'static str {
    match as_what {
        Some(OfferedAs::Primary) => "primary",
        Some(OfferedAs::Spare) => "spare",
        Some(OfferedAs::Other) => "not offered",
        None => "",
    }
}

/// `12 packets, 3456 bytes`, from and to the endpoint.
fn amounts(traffic: &Traffic) -> [String; 2] {
    let amount = |packets: u64, bytes: u64| format!("{packets} packets, {bytes} bytes");
    [amount(traffic.packets_in, traffic.bytes_in), amount(traffic.packets_out, traffic.bytes_out)]
}
