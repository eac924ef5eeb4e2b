//! A report as one HTML page that needs nothing else: no script, no font, no picture from elsewhere.

mod markup;
mod scale;
mod tables;
mod timeline;
mod words;

use self::markup::Markup;
use super::{Report, SpareUse};
use crate::audit::Verdict;

const STYLE: &str = concat!(include_str!("../../house.css"), include_str!("style.css"));

/// The page.
pub fn html(report: &Report) -> String {
    let mut page = Markup::default();
    page.raw(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
    );
    page.text(&report.room).raw(": where it went</title>\n<style>\n").raw(STYLE);
    page.raw("</style>\n</head>\n<body>\n");
    header(&mut page, report);
    evidence_banner(&mut page, report);
    facts(&mut page, report);
    timeline::draw(&mut page, report);
    tables::write(&mut page, report);
    page.raw("</body>\n</html>\n");
    page.finish()
}

fn header(page: &mut Markup, report: &Report) {
    page.raw("<header>\n<p class=\"faint\">Transit report</p>\n<h1>").text(&report.room);
    page.raw("</h1>\n<p class=\"faint\">");
    if let Some(tenant) = &report.tenant {
        page.raw("of ").text(tenant).raw(", ");
    }
    page.text(&words::time(report.from)).raw(" to ").text(&words::time(report.to));
    page.raw(" UTC, ").text(&words::duration(report.from, report.to)).raw("</p>\n</header>\n");
}

/// The first thing to know of evidence is whether it is any.
fn evidence_banner(page: &mut Markup, report: &Report) {
    let lines: u64 = report.evidence.iter().map(|verdict| verdict.lines).sum();
    let trails = words::some(report.evidence.len(), "audit trail");
    if !report.damaged {
        page.raw("<div class=\"banner whole\"><strong>The evidence is whole.</strong> ");
        page.count(lines).raw(" lines in ").text(&trails);
        page.raw(": each holds the digest of the one before it, up to the end.</div>\n");
        return;
    }
    page.raw(
        "<div class=\"banner damaged\" role=\"alert\"><strong>The evidence is DAMAGED.</strong>\n\
         <p>Lines were changed, moved or taken away after they were written. This report shows what \
         is left of them and proves nothing.</p>\n<ul>\n",
    );
    for finding in report.evidence.iter().flat_map(|verdict| &verdict.findings) {
        page.raw("<li>").text(&finding.to_string()).raw("</li>\n");
    }
    match report.evidence.iter().map(|verdict: &Verdict| verdict.findings_more).sum() {
        0 => page.raw(""),
        more => page.raw("<li>and ").count(more).raw(" more</li>\n"),
    };
    page.raw("</ul></div>\n");
}

fn facts(page: &mut Markup, report: &Report) {
    let sites: Vec<String> =
        report.sites.iter().map(|site| format!("{} ({})", site.site, site.region)).collect();
    let regions: Vec<&str> = report.regions.iter().map(|region| region.region.as_str()).collect();
    let carried = report.participants.iter().map(|one| one.traffic.bytes_in).sum();
    let refusals: u64 = report.refusals.iter().map(|refused| refused.count).sum();
    page.raw("<dl class=\"facts\">\n");
    fact(page, "Carried by", &or_nobody(&sites.join(", ")), false);
    fact(page, "Participants in", &or_nobody(&regions.join(", ")), false);
    fact(page, "Spare used", report.spare_used.words(), report.spare_used == SpareUse::Yes);
    fact(page, "Participants", &report.participants.len().to_string(), false);
    fact(page, "Received from them", &words::bytes(carried), false);
    fact(page, "Refused attempts", &refusals.to_string(), false);
    fact(page, "Flows cut", &report.cuts.len().to_string(), !report.cuts.is_empty());
    page.raw("</dl>\n");
}

fn fact(page: &mut Markup, name: &'static str, value: &str, alarm: bool) {
    page.raw(if alarm { "<div class=\"alarm\"><dt>" } else { "<div><dt>" });
    page.raw(name).raw("</dt><dd>").text(value).raw("</dd></div>\n");
}

fn or_nobody(text: &str) -> String {
    if text.is_empty() { "nobody".to_owned() } else { text.to_owned() }
}
