//! The outcome as a person reads it.

use std::fmt::Write;

use super::cast::{CAST, Character, FENCE};
use super::outcome::{Outcome, Played, RelaySide};
use super::verdict::Fault;

/// Width of a name or a count in the tables.
const WIDTH: usize = 10;

/// Tables, picture and verdict.
pub(super) fn report(outcome: &Outcome, faults: &[Fault], color: bool) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write_report(&mut text, outcome, faults, color);
    text
}

fn write_report(
    out: &mut String,
    outcome: &Outcome,
    faults: &[Fault],
    color: bool,
) -> std::fmt::Result {
    write_participants(out, outcome)?;
    write_picture(out, outcome, color)?;
    write_latency(out, outcome)?;
    write_verdict(out, faults, color)
}

fn write_participants(out: &mut String, outcome: &Outcome) -> std::fmt::Result {
    writeln!(
        out,
        "\n{:WIDTH$} {:17} {:8} {:>WIDTH$} {:>WIDTH$} {:>WIDTH$} {:>WIDTH$}",
        "who", "from", "region", "sent", "received", "decrypted", "refused"
    )?;
    for (character, played) in CAST.iter().zip(&outcome.players) {
        let Character { name, region, .. } = character;
        let (sent, received) = (played.sent, played.received);
        let (address, decrypted) = (played.address.to_string(), played.decrypted());
        let refused = match character.admitted {
            true => 0,
            false => outcome.relay.not_latched,
        };
        writeln!(
            out,
            "{name:WIDTH$} {address:17} {region:8} {sent:>WIDTH$} {received:>WIDTH$} \
             {decrypted:>WIDTH$} {refused:>WIDTH$}"
        )?;
    }
    let mut cast = CAST.iter().zip(&outcome.players);
    match cast.find(|(character, _)| !character.admitted) {
        Some((character, played)) => write_refusal(out, character, played, &outcome.relay),
        None => Ok(()),
    }
}

fn write_refusal(
    out: &mut String,
    character: &Character,
    played: &Played,
    relay: &RelaySide,
) -> std::fmt::Result {
    let by = relay.refusal.as_ref();
    let (rule, place) = by.map_or(("no rule", "nowhere"), |by| (by.rule.code(), &by.place));
    let refused: u64 = relay.refused.iter().map(|(_, count)| count).sum();
    writeln!(
        out,
        "\n{} was refused by rule {rule} of fence {FENCE}, at {place}: {refused} of {} checks, \
         and\n{} of {} packets as `not_latched`.",
        character.name, played.checks_sent, relay.not_latched, played.sent
    )
}

fn write_picture(out: &mut String, outcome: &Outcome, color: bool) -> std::fmt::Result {
    writeln!(out, "\nWho heard whom, in packets decrypted:\n")?;
    write!(out, "{:WIDTH$}", "")?;
    for speaker in &CAST {
        write!(out, " {:>WIDTH$}", speaker.name)?;
    }
    writeln!(out, "  speaks")?;
    for (listener, played) in CAST.iter().zip(&outcome.players) {
        write!(out, "{:WIDTH$}", listener.name)?;
        for (speaker, heard) in CAST.iter().zip(played.heard) {
            let cell = match heard.decrypted {
                _ if speaker == listener => format!("{:>WIDTH$}", "\\"),
                0 => paint(format!("{:>WIDTH$}", "."), "2", color),
                count => paint(format!("{count:>WIDTH$}"), "32", color),
            };
            write!(out, " {cell}")?;
        }
        writeln!(out)?;
    }
    writeln!(out, "hears")
}

fn write_latency(out: &mut String, outcome: &Outcome) -> std::fmt::Result {
    let latency = &outcome.latency_ns;
    let at = |quantile: f64| milliseconds(latency.value_at_quantile(quantile));
    writeln!(
        out,
        "\nOne-way latency of {} packets, from the intended time of sending:\n\
         p50 {:.3} ms, p99 {:.3} ms, p99.9 {:.3} ms, most {:.3} ms",
        latency.len(),
        at(0.5),
        at(0.99),
        at(0.999),
        milliseconds(latency.max())
    )
}

fn write_verdict(out: &mut String, faults: &[Fault], color: bool) -> std::fmt::Result {
    if faults.is_empty() {
        let right = paint("All of it came out right.".into(), "1;32", color);
        return writeln!(
            out,
            "\n{right} The relay never had a key, and {} heard nothing.",
            CAST.iter().find(|who| !who.admitted).map_or("nobody", |who| who.name)
        );
    }
    let wrong = paint("It did not come out right:".into(), "1;31", color);
    writeln!(out, "\n{wrong}")?;
    faults.iter().try_for_each(|fault| writeln!(out, "  {fault}"))
}

#[expect(clippy::cast_precision_loss, reason = "shown with three decimals")]
pub(super) fn milliseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}

fn paint(text: String, code: &str, color: bool) -> String {
    match color {
        true => format!("\x1b[{code}m{text}\x1b[0m"),
        false => text,
    }
}
