//! The page: nothing from elsewhere, nothing that was not meant as markup, and all that matters.

use ringfence::audit::{OfferedAs, Record};
use ringfence::report::html;

use crate::meeting::{Archive, latched, opened, two_sites};

#[test]
fn the_page_needs_nothing_else() {
    let page = html(&two_sites().report());
    for from_elsewhere in ["http://", "https://", "<script", "<link", "<img", "@import", "src="] {
        assert!(!page.contains(from_elsewhere), "{from_elsewhere}");
    }
    // What `url(` there is points into the page.
    assert_eq!(page.matches("url(").count(), page.matches("url(#spare)").count());
    assert!(page.contains("default-src 'none'") && page.contains("prefers-color-scheme: dark"));
}

#[test]
fn the_picture_has_a_lane_for_each_and_every_mark() {
    let page = html(&two_sites().report());
    let (_, picture) = page.split_once("<svg").unwrap();
    let (picture, _) = picture.split_once("</svg>").unwrap();
    for (mark, count) in [
        ("class=\"lane\"", 5),
        ("class=\"r0\"", 3),
        ("class=\"r1\"", 2),
        ("class=\"move\"", 1),
        ("class=\"cross\"", 3),
        ("class=\"cut\"", 1),
        ("url(#spare)", 2),
        ("<line class=\"epoch\"", 1),
    ] {
        assert_eq!(picture.matches(mark).count(), count, "{mark}");
    }
    assert!(picture.contains("role=\"img\" aria-labelledby=\"picture-title picture-text\""));
    assert!(picture.contains("<title id=\"picture-title\">") && picture.contains("<desc id="));
}

#[test]
fn every_element_is_closed() {
    let page = html(&two_sites().report());
    for name in
        ["svg", "g", "text", "title", "table", "tr", "td", "figure", "ul", "li", "dl", "div"]
    {
        let opened =
            page.matches(&format!("<{name}>")).count() + page.matches(&format!("<{name} ")).count();
        assert_eq!(opened, page.matches(&format!("</{name}>")).count(), "{name}");
    }
}

#[test]
fn hostile_names_stay_text() {
    const HOSTILE: &str = "\"><script>alert(1)</script><x y='";
    let mut report = two_sites().report();
    report.room = HOSTILE.to_owned();
    report.tenant = Some(HOSTILE.to_owned());
    report.notes.push(HOSTILE.to_owned());
    for one in &mut report.participants {
        one.participant = HOSTILE.to_owned();
        for stay in &mut one.stays {
            for text in [&mut stay.site, &mut stay.region, &mut stay.site_region, &mut stay.address]
            {
                *text = HOSTILE.to_owned();
            }
            stay.ended = stay.ended.as_ref().map(|_| HOSTILE.to_owned());
        }
    }
    for one in &mut report.sites {
        (one.site, one.region) = (HOSTILE.to_owned(), HOSTILE.to_owned());
    }
    report.regions[0].region = HOSTILE.to_owned();
    for one in &mut report.refusals {
        one.participant = HOSTILE.to_owned();
        one.rule = HOSTILE.to_owned();
        one.place = Some(HOSTILE.to_owned());
        one.region = Some(HOSTILE.to_owned());
    }
    for one in &mut report.cuts {
        (one.participant, one.rule) = (HOSTILE.to_owned(), HOSTILE.to_owned());
    }
    for one in &mut report.policies {
        one.site = HOSTILE.to_owned();
        one.accepted_by = Some(HOSTILE.to_owned());
        one.digest = Some(HOSTILE.to_owned());
    }
    report.evidence[0].trail = HOSTILE.to_owned();
    let page = html(&report);
    assert!(!page.contains("<script") && !page.contains("<x y"), "{page}");
    assert!(page.contains("&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;x y=&#39;"));
}

#[test]
fn damage_is_the_first_thing_the_page_says() {
    let archive = two_sites();
    assert!(html(&archive.report()).contains("The evidence is whole."));
    archive.tamper("fra1");
    let page = html(&archive.report());
    let (alarm, picture) = (page.find("The evidence is DAMAGED"), page.find("<svg"));
    assert!(alarm.is_some() && alarm < picture);
    assert!(page.contains("edited") && !page.contains("The evidence is whole"));
}

#[test]
fn a_meeting_of_hundreds_and_one_of_a_moment_are_drawn() {
    let archive = Archive::new();
    let mut records = vec![(0, opened())];
    for number in 0..400 {
        let address = format!("203.0.113.7:{}", 1_000 + number);
        records.push((0, latched(&format!("p{number}"), &address, "europe", OfferedAs::Primary)));
    }
    archive.write("fra1", records);
    let page = html(&archive.report());
    assert_eq!(page.matches("class=\"lane\"").count(), 200);
    assert!(page.contains("and 200 more participants in the table below"));
    assert!(!page.contains("NaN") && !page.contains("inf"));
    let nobody = Archive::new();
    nobody.write("fra1", vec![(0, Record::RoomClosed { room: "standup".into(), tenant: None })]);
    assert!(html(&nobody.report()).contains("nobody"));
}
