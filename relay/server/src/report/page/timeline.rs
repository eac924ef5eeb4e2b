//! The picture: a lane for each participant, coloured by the region it was in, with marks for moves,
//! refusals, cuts and changes of the policy.

use super::super::{Participant, PolicyUse, Report, Stay};
use super::markup::Markup;
use super::scale::Scale;
use super::words::{clock, some, time};
use crate::audit::OfferedAs;

const WIDTH: f64 = 1_000.0;
const LEFT: f64 = 150.0;
const RIGHT: f64 = 14.0;
const LANE: f64 = 36.0;
const BAR: f64 = 22.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 30.0;

/// Width of a letter inside a bar, so that text is left out where it would not fit.
const LETTER: f64 = 6.4;

/// A picture of more is a carpet; the tables have them all.
const LANES_MAX: usize = 200;

/// Letters of a name beside its lane.
const NAME_CHARS_MAX: usize = 20;

/// One for each region, in their order; beyond them they begin again.
const COLOURS: [&str; 8] = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7"];

pub(super) fn draw(page: &mut Markup, report: &Report) {
    let lanes = &report.participants[..report.participants.len().min(LANES_MAX)];
    let scale = Scale::new(report.from, report.to, LEFT, WIDTH - LEFT - RIGHT);
    let bottom = TOP + LANE * lanes.len() as f64;
    page.raw("<h2>Timeline</h2>\n<figure>\n<svg viewBox=\"0 0 ").number(WIDTH);
    page.raw(" ").number(bottom + BOTTOM);
    page.raw("\" role=\"img\" aria-labelledby=\"picture-title picture-text\">\n");
    describe(page, report);
    page.raw(
        "<defs><pattern id=\"spare\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\" \
         patternTransform=\"rotate(45)\"><line class=\"hatch\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"8\"/>\
         </pattern></defs>\n",
    );
    axis(page, &scale, bottom);
    for (number, participant) in lanes.iter().enumerate() {
        lane(page, report, participant, &scale, TOP + LANE * number as f64);
    }
    epochs(page, report, &scale, bottom);
    page.raw("</svg>\n");
    legend(page, report);
    if report.participants.len() > lanes.len() {
        page.raw("<p class=\"faint\">and ");
        page.text(&some(report.participants.len() - lanes.len(), "more participant"));
        page.raw(" in the table below</p>\n");
    }
    page.raw("</figure>\n");
}

/// For whoever does not see it.
fn describe(page: &mut Markup, report: &Report) {
    page.raw("<title id=\"picture-title\">Where ").text(&report.room).raw(" went</title>\n");
    page.raw("<desc id=\"picture-text\">A lane for each participant from ");
    page.text(&time(report.from)).raw(" to ").text(&time(report.to)).raw(" UTC. ");
    for one in report.participants.iter().take(LANES_MAX) {
        page.text(&one.participant).raw(": ");
        for stay in &one.stays {
            page.text(&in_words(stay)).raw("; ");
        }
        if one.stays.is_empty() {
            page.raw("never connected; ");
        }
    }
    page.text(&some(report.refusals.len(), "kind")).raw(" of refusals, ");
    page.text(&some(report.cuts.len(), "cut")).raw(".</desc>\n");
}

fn axis(page: &mut Markup, scale: &Scale, bottom: f64) {
    for tick in scale.ticks() {
        let x = scale.place(tick);
        let name = if scale.spans_days() { time(tick) } else { clock(tick) };
        let name = if scale.spans_days() { name.get(5..16).unwrap_or_default() } else { &name };
        line(page, "<line class=\"tick\"", (x, TOP - 4.0), (x, bottom + 4.0));
        page.raw("/>\n<text class=\"faint\" text-anchor=\"middle\" x=\"").number(x);
        page.raw("\" y=\"").number(bottom + 20.0).raw("\">").text(name).raw("</text>\n");
    }
}

fn lane(page: &mut Markup, report: &Report, one: &Participant, scale: &Scale, top: f64) {
    let middle = top + LANE / 2.0;
    page.raw("<g>\n<text text-anchor=\"end\" x=\"").number(LEFT - 12.0).raw("\" y=\"");
    page.number(middle + 4.0).raw("\">").text(&shortened(&one.participant)).raw("<title>");
    page.text(&one.participant).raw("</title></text>\n<rect class=\"lane\" rx=\"4\" x=\"");
    page.number(LEFT).raw("\" y=\"").number(middle - BAR / 2.0).raw("\" width=\"");
    page.number(WIDTH - LEFT - RIGHT).raw("\" height=\"").number(BAR).raw("\"/>\n");
    for stay in &one.stays {
        bar(page, report, stay, scale, middle);
    }
    let moves = one.stays.windows(2).filter(|pair| pair[0].ended.as_deref() == Some("moved"));
    for pair in moves {
        moved(page, &pair[0], &pair[1], (scale.place(pair[1].from), middle));
    }
    for refused in report.refusals.iter().filter(|refused| refused.participant == one.participant) {
        let what = format!(
            "refused as {} {} times: {} ({})",
            refused.role,
            refused.count,
            refused.rule,
            refused.place.as_deref().unwrap_or("by its form")
        );
        cross(page, &what, (scale.place(refused.first), middle));
        if refused.count > 1 {
            cross(page, &what, (scale.place(refused.last), middle));
        }
    }
    for cut in report.cuts.iter().filter(|cut| cut.participant == one.participant) {
        let what = format!("cut at {}: {} under policy {}", time(cut.time), cut.rule, cut.epoch);
        square(page, &what, (scale.place(cut.time), middle));
    }
    page.raw("</g>\n");
}

fn bar(page: &mut Markup, report: &Report, stay: &Stay, scale: &Scale, middle: f64) {
    let (left, right) = (scale.place(stay.from), scale.place(stay.to.unwrap_or(report.to)));
    // A stay too short to see is still there.
    let width = (right - left).max(3.0);
    let mut block = |class: &'static str, fill: &'static str| {
        page.raw("<rect rx=\"4\" ").raw(class).raw(fill).raw("\" x=\"").number(left);
        page.raw("\" y=\"").number(middle - BAR / 2.0).raw("\" width=\"").number(width);
        page.raw("\" height=\"").number(BAR).raw("\"><title>").text(&in_words(stay));
        page.raw("</title></rect>\n");
    };
    block("class=\"", colour(report, &stay.region));
    if stay.offered_as == Some(OfferedAs::Spare) {
        block("fill=\"", "url(#spare)");
    }
    let via = format!("{} via {}", stay.region, stay.site);
    let texts = [via.as_str(), stay.region.as_str()];
    if let Some(text) = texts.iter().find(|text| letters(text) * LETTER < width - 14.0) {
        page.raw("<text class=\"on\" x=\"").number(left + 8.0).raw("\" y=\"");
        page.number(middle + 4.0).raw("\">").text(text).raw("</text>\n");
    }
}

fn moved(page: &mut Markup, from: &Stay, to: &Stay, (x, y): (f64, f64)) {
    page.raw("<path class=\"move\" d=\"M").number(x - 5.0).raw(" ").number(y);
    page.raw("l5 -5l5 5l-5 5z\"><title>moved at ").text(&time(to.from)).raw(": from ");
    page.text(&from.region).raw(" to ").text(&to.region).raw("</title></path>\n");
}

fn cross(page: &mut Markup, what: &str, (x, y): (f64, f64)) {
    page.raw("<path class=\"cross\" d=\"M").number(x - 4.5).raw(" ").number(y - 4.5);
    page.raw("l9 9m-9 0l9 -9\"><title>").text(what).raw("</title></path>\n");
}

fn square(page: &mut Markup, what: &str, (x, y): (f64, f64)) {
    page.raw("<rect class=\"cut\" width=\"9\" height=\"26\" x=\"").number(x - 4.5);
    page.raw("\" y=\"").number(y - 13.0).raw("\"><title>").text(what);
    page.raw("</title></rect>\n");
}

/// Changes of the policy in the course of the meeting; names that would overlap are left to their
/// titles.
fn epochs(page: &mut Markup, report: &Report, scale: &Scale, bottom: f64) {
    let mut free_from = 0.0;
    for (policy, since) in changes(report) {
        let x = scale.place(since);
        let name = format!("policy {} at {}", policy.epoch, policy.site);
        line(page, "<line class=\"epoch\"", (x, TOP - 14.0), (x, bottom));
        page.raw("><title>").text(&name).raw(" since ").text(&time(since)).raw("</title></line>\n");
        let width = letters(&name) * LETTER;
        let at = x.min(WIDTH - RIGHT - width);
        if at >= free_from {
            page.raw("<text class=\"epoch-name\" x=\"").number(at).raw("\" y=\"");
            page.number(TOP - 19.0).raw("\">").text(&name).raw("</text>\n");
            free_from = at + width + LETTER;
        }
    }
}

fn changes(report: &Report) -> impl Iterator<Item = (&PolicyUse, crate::timestamp::Moment)> {
    let dated = report.policies.iter().filter_map(|policy| Some((policy, policy.since?)));
    dated.filter(|(_, since)| report.from < *since && *since <= report.to)
}

fn legend(page: &mut Markup, report: &Report) {
    page.raw("<ul class=\"legend\">\n");
    for region in &report.regions {
        page.raw("<li><svg viewBox=\"0 0 18 18\" aria-hidden=\"true\"><rect rx=\"3\" class=\"");
        page.raw(colour(report, &region.region));
        page.raw("\" x=\"1\" y=\"3\" width=\"16\" height=\"12\"/></svg>");
        page.text(&region.region).raw("</li>\n");
    }
    for (mark, name) in MARKS {
        page.raw("<li><svg viewBox=\"0 0 18 18\" aria-hidden=\"true\">").raw(mark);
        page.raw("</svg>").raw(name).raw("</li>\n");
    }
    page.raw("</ul>\n");
}

const MARKS: [(&str, &str); 5] = [
    (
        "<rect rx=\"3\" class=\"r7\" x=\"1\" y=\"3\" width=\"16\" height=\"12\"/>\
         <rect rx=\"3\" fill=\"url(#spare)\" x=\"1\" y=\"3\" width=\"16\" height=\"12\"/>",
        "carried by a spare",
    ),
    ("<path class=\"move\" d=\"M4 9l5 -5l5 5l-5 5z\"/>", "moved to another address"),
    ("<path class=\"cross\" d=\"M4.5 4.5l9 9m-9 0l9 -9\"/>", "refused"),
    ("<rect class=\"cut\" x=\"5\" y=\"1\" width=\"8\" height=\"16\"/>", "cut"),
    ("<line class=\"epoch\" x1=\"9\" y1=\"0\" x2=\"9\" y2=\"18\"/>", "policy changed"),
];

fn line(page: &mut Markup, start: &'static str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
    page.raw(start).raw(" x1=\"").number(x1).raw("\" y1=\"").number(y1);
    page.raw("\" x2=\"").number(x2).raw("\" y2=\"").number(y2).raw("\"");
}

fn in_words(stay: &Stay) -> String {
    let until = stay.to.map_or("now".to_owned(), clock);
    let how = stay.ended.as_deref().map(|how| format!(", {how}")).unwrap_or_default();
    let Stay { region, address, site, site_region, .. } = stay;
    let spare = if stay.offered_as == Some(OfferedAs::Spare) { ", a spare" } else { "" };
    let from = clock(stay.from);
    format!("in {region} ({address}) via {site} in {site_region}{spare}, {from} to {until}{how}")
}

fn colour(report: &Report, region: &str) -> &'static str {
    let number = report.regions.iter().position(|one| one.region == region).unwrap_or_default();
    COLOURS[number % COLOURS.len()]
}

fn shortened(name: &str) -> String {
    match name.chars().count() > NAME_CHARS_MAX {
        true => name.chars().take(NAME_CHARS_MAX - 1).chain(['…']).collect(),
        false => name.to_owned(),
    }
}

fn letters(text: &str) -> f64 {
    text.chars().count() as f64
}
