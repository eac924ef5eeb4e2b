//! What the picture shows, and what it has no room for, in tables.

use super::super::{Report, Stay};
use super::markup::Markup;
use super::words::{bytes, clock, time};
use crate::audit::{OfferedAs, Traffic};
use crate::timestamp::Moment;

/// One cell: words, a number or a time.
enum Cell {
    Words(String),
    Code(String),
    /// Digests, which may be broken.
    Long(String),
    Number(String),
    Time(String),
    /// Words in place of all cells that would follow.
    Rest(&'static str),
}

pub(super) fn write(page: &mut Markup, report: &Report) {
    sites(page, report);
    regions(page, report);
    stays(page, report);
    refusals(page, report);
    cuts(page, report);
    narrowings(page, report);
    policies(page, report);
    evidence(page, report);
    if !report.notes.is_empty() {
        page.raw("<h2>Notes</h2>\n<ul>\n");
        for note in &report.notes {
            page.raw("<li>").text(note).raw("</li>\n");
        }
        page.raw("</ul>\n");
    }
}

fn sites(page: &mut Markup, report: &Report) {
    let rows = report.sites.iter().map(|site| {
        let offered: Vec<_> = site.offered_as.iter().map(|one| offered(Some(*one))).collect();
        let mut row = vec![
            words(&site.site),
            words(&site.region),
            Cell::Time(time(site.from)),
            Cell::Time(site.to.map(time).unwrap_or_default()),
            words(&offered.join(", ")),
            Cell::Number(site.participants.to_string()),
        ];
        row.extend(traffic(&site.traffic));
        row
    });
    let head = ["Site", "Region", "From", "To", "Offered as", "Participants"];
    table(page, "Sites that carried it", &[&head[..], &TRAFFIC].concat(), rows);
}

fn regions(page: &mut Markup, report: &Report) {
    let rows = report.regions.iter().map(|region| {
        let mut row = vec![words(&region.region), Cell::Number(region.participants.to_string())];
        row.extend(traffic(&region.traffic));
        row
    });
    let head = ["Region", "Participants"];
    table(page, "Regions of the participants", &[&head[..], &TRAFFIC].concat(), rows);
}

fn stays(page: &mut Markup, report: &Report) {
    let short = short(report);
    let rows = report.participants.iter().flat_map(|one| {
        let of = |stay: &Stay| {
            let mut row = vec![
                words(&one.participant),
                Cell::Code(stay.address.clone()),
                words(&stay.region),
                words(&format!("{} ({})", stay.site, stay.site_region)),
                words(offered(stay.offered_as)),
                Cell::Number(stay.epoch.to_string()),
                Cell::Time(short(stay.from)),
                Cell::Time(stay.to.map(short).unwrap_or_default()),
                words(stay.ended.as_deref().unwrap_or_default()),
            ];
            let [received, _, sent, _] = traffic(&stay.traffic);
            row.extend([received, sent]);
            row
        };
        let absent = one
            .stays
            .is_empty()
            .then(|| vec![words(&one.participant), Cell::Rest("never connected")]);
        one.stays.iter().map(of).chain(absent).collect::<Vec<_>>()
    });
    let head =
        ["Participant", "Address", "Region", "Via", "Offered as", "Policy", "From", "To", "Ended"];
    table(page, "Participants", &[&head[..], &["Received", "Sent"]].concat(), rows);
}

fn refusals(page: &mut Markup, report: &Report) {
    let short = short(report);
    let rows = report.refusals.iter().map(|refused| {
        vec![
            words(&refused.participant),
            words(refused.role),
            Cell::Code(refused.address.clone()),
            words(refused.region.as_deref().unwrap_or_default()),
            words(&refused.site),
            Cell::Code(refused.rule.clone()),
            Cell::Code(refused.place.clone().unwrap_or_default()),
            Cell::Number(refused.count.to_string()),
            Cell::Time(short(refused.first)),
            Cell::Time(short(refused.last)),
        ]
    });
    let head = [
        "Participant",
        "As",
        "Address",
        "Region",
        "Site",
        "Rule",
        "Written at",
        "Times",
        "First",
        "Last",
    ];
    table(page, "Attempts that were refused", &head, rows);
}

fn cuts(page: &mut Markup, report: &Report) {
    let rows = report.cuts.iter().map(|cut| {
        vec![
            words(&cut.participant),
            Cell::Code(cut.address.clone()),
            words(&cut.site),
            Cell::Time(time(cut.time)),
            Cell::Code(cut.rule.clone()),
            Cell::Code(cut.place.clone().unwrap_or_default()),
            Cell::Number(cut.epoch.to_string()),
        ]
    });
    let head = ["Participant", "Address", "Site", "When", "Rule", "Written at", "Policy"];
    table(page, "Flows that were cut", &head, rows);
}

fn narrowings(page: &mut Markup, report: &Report) {
    let carried_in = |regions: &Option<Vec<String>>| match regions {
        Some(regions) => words(&regions.join(", ")),
        None => words("all of the fence"),
    };
    let rows = report.narrowings.iter().map(|one| {
        vec![
            words(&one.site),
            Cell::Time(time(one.time)),
            words(&one.refuse.join(", ")),
            carried_in(&one.require),
            Cell::Number(one.cut.to_string()),
        ]
    });
    table(page, "Narrowed to", &["Site", "When", "Refused from", "Carried in", "Cut"], rows);
}

fn policies(page: &mut Markup, report: &Report) {
    let rows = report.policies.iter().map(|policy| {
        let accepted = match (&policy.accepted_by, &policy.accepted_digest) {
            (None, None) => String::new(),
            (by, digest) => [by, digest].map(|one| one.as_deref().unwrap_or("?")).join(": "),
        };
        let widened = match policy.widened {
            Some(true) => "yes",
            Some(false) => "no",
            None => "not recorded",
        };
        vec![
            words(&policy.site),
            Cell::Number(policy.epoch.to_string()),
            Cell::Time(policy.since.map(time).unwrap_or_default()),
            words(widened),
            Cell::Long(policy.digest.clone().unwrap_or_default()),
            Cell::Long(policy.fingerprint.clone().unwrap_or_default()),
            Cell::Long(accepted),
        ]
    });
    let head = ["Site", "Policy", "Since", "Widened", "Plan", "Fingerprint", "Accepted"];
    table(page, "Policies it was under", &head, rows);
}

fn evidence(page: &mut Markup, report: &Report) {
    let rows = report.evidence.iter().map(|verdict| {
        vec![
            Cell::Long(verdict.trail.clone()),
            words(if verdict.whole { "whole" } else { "DAMAGED" }),
            Cell::Number(verdict.lines.to_string()),
            Cell::Number(format!("{} to {}", verdict.first_seq, verdict.last_seq)),
            Cell::Number(verdict.unsealed_lines.to_string()),
            Cell::Number(verdict.signatures.to_string()),
        ]
    });
    let head = ["Audit trail", "State", "Lines", "Seq", "Not sealed yet", "Signatures"];
    table(page, "Evidence", &head, rows);
}

/// Times without the day, where that stands in the header of the page.
fn short(report: &Report) -> fn(Moment) -> String {
    let one_day = time(report.from).get(..10) == time(report.to).get(..10);
    if one_day { clock } else { time }
}

const TRAFFIC: [&str; 4] = ["Received", "Packets", "Sent", "Packets"];

fn traffic(traffic: &Traffic) -> [Cell; 4] {
    [
        Cell::Number(bytes(traffic.bytes_in)),
        Cell::Number(traffic.packets_in.to_string()),
        Cell::Number(bytes(traffic.bytes_out)),
        Cell::Number(traffic.packets_out.to_string()),
    ]
}

fn offered(as_what: Option<OfferedAs>) -> &'static str {
    match as_what {
        Some(OfferedAs::Primary) => "primary",
        Some(OfferedAs::Spare) => "spare",
        Some(OfferedAs::Other) => "not offered",
        None => "",
    }
}

fn words(text: &str) -> Cell {
    Cell::Words(text.to_owned())
}

/// Nothing where there are no rows.
fn table(
    page: &mut Markup,
    title: &'static str,
    head: &[&'static str],
    rows: impl Iterator<Item = Vec<Cell>>,
) {
    let mut rows = rows.peekable();
    let Some(first) = rows.peek() else { return };
    let numbers: Vec<bool> = first.iter().map(|cell| matches!(cell, Cell::Number(_))).collect();
    page.raw("<h2>").raw(title).raw("</h2>\n<div class=\"scroll\"><table>\n<thead><tr>");
    for (column, name) in head.iter().enumerate() {
        let is_number = numbers.get(column) == Some(&true);
        page.raw("<th scope=\"col\"").raw(if is_number { " class=\"n\">" } else { ">" });
        page.raw(name).raw("</th>");
    }
    page.raw("</tr></thead>\n<tbody>\n");
    for row in rows {
        page.raw("<tr>");
        row.iter().for_each(|cell| write_cell(page, cell));
        page.raw("</tr>\n");
    }
    page.raw("</tbody>\n</table></div>\n");
}

fn write_cell(page: &mut Markup, cell: &Cell) {
    match cell {
        Cell::Words(text) => page.raw("<td>").text(text).raw("</td>"),
        Cell::Code(text) => page.raw("<td><code>").text(text).raw("</code></td>"),
        Cell::Long(text) => page.raw("<td><code class=\"long\">").text(text).raw("</code></td>"),
        Cell::Number(text) => page.raw("<td class=\"n\">").text(text).raw("</td>"),
        Cell::Time(text) => page.raw("<td class=\"t\">").text(text).raw("</td>"),
        Cell::Rest(text) => page.raw("<td class=\"faint\" colspan=\"99\">").raw(text).raw("</td>"),
    };
}
