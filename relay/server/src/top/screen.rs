//! Draws a history: no clock, no terminal, no state.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Style, Stylize};
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders, Paragraph, Row, Sparkline, Table, Widget};

use super::amounts::{bits, count, rate, time};
use super::growth::{copied_bytes, copies, dropped, received};
use super::{Grid, Growth, History, grids};
use crate::status::Status;

/// A title and three lines of curve.
const CURVE_LINES: u16 = 4;

/// What a table has beside its rows: a title and a header.
const GRID_LINES: usize = 2;

/// Between two columns, and between two tables.
const SPACING: u16 = 2;

/// Draws all that there is room for.
pub fn draw(history: &History, area: Rect, buffer: &mut Buffer) {
    let Some(now) = history.latest() else {
        return Paragraph::new("asking the relay").render(area, buffer);
    };
    let growth = history.growth();
    let heading = heading(now, growth, history.silence());
    let [shards, regions, refusals, drops] = grids(now, growth);
    let [head, curves, upper, lower] = Layout::vertical([
        Constraint::Length(lines(heading.len())),
        Constraint::Length(CURVE_LINES),
        Constraint::Length(lines(shards.rows.len() + GRID_LINES)),
        Constraint::Min(0),
    ])
    .areas(area);
    Paragraph::new(heading).render(head, buffer);
    draw_curves(history, curves, buffer);
    draw_grid(&shards, upper, buffer);
    let areas = lower_areas(lower, &regions, &refusals, &drops);
    for (grid, area) in [regions, refusals, drops].iter().zip(areas) {
        draw_grid(grid, area, buffer);
    }
}

/// Drops below refusals, and both right of regions if there is room, else below them.
fn lower_areas(area: Rect, regions: &Grid, refusals: &Grid, drops: &Grid) -> [Rect; 3] {
    let height = |grid: &Grid| Constraint::Length(lines(grid.rows.len() + GRID_LINES));
    let width = |grid: &Grid| lines(grid.width(usize::from(SPACING)));
    let (left, right) = (width(regions), width(refusals).max(width(drops)));
    if left.saturating_add(right).saturating_add(SPACING) > area.width {
        return Layout::vertical([height(regions), height(refusals), Constraint::Min(0)])
            .areas(area);
    }
    let beside =
        Layout::horizontal([Constraint::Min(left), Constraint::Length(right.max(area.width / 2))]);
    let [left, right] = beside.spacing(SPACING).areas(area);
    let [above, below] = Layout::vertical([height(refusals), Constraint::Min(0)]).areas(right);
    [left, above, below]
}

fn heading(now: &Status, growth: Option<Growth<'_>>, silence: Option<&str>) -> Vec<Line<'static>> {
    let Status { site, region, version, policy_epoch, .. } = now;
    let stale = if now.policy_stale { " (stale)" } else { "" };
    let up = time(now.uptime_s);
    let mut lines = vec![
        Line::from(format!(
            "{site} in {region}   ringfence {version}   up {up}   policy {policy_epoch}{stale}   q quits"
        ))
        .bold(),
        Line::from(sums(now)),
        Line::from(format!("sent {}", bits(growth.map(|growth| growth.each_second(copied_bytes))))),
    ];
    let full = now.full.then_some("full: it takes no more rooms, participants or allocations");
    let problems = now.problems.iter().map(String::as_str).chain(full).chain(silence);
    lines.extend(problems.map(|problem| Line::from(problem.replace('\n', " ")).red().bold()));
    lines
}

fn sums(now: &Status) -> String {
    let [rooms, participants, latched, allocations, free] =
        [now.rooms, now.participants, now.latched, now.allocations, now.ports_free]
            .map(|number| count(number as u64));
    format!(
        "{rooms} rooms   {latched} of {participants} participants connected   \
         {allocations} allocations   {free} ports free"
    )
}

fn draw_curves(history: &History, area: Rect, buffer: &mut Buffer) {
    type Read = fn(&Status) -> f64;
    let curves: [(&str, Read); 3] =
        [("Packets in/s", received), ("Packets out/s", copies), ("Dropped/s", dropped)];
    let thirds: [Rect; 3] =
        Layout::horizontal([Constraint::Fill(1); 3]).spacing(SPACING).areas(area);
    let growth = history.growth();
    for ((title, read), third) in curves.into_iter().zip(thirds) {
        let now = rate(growth.map(|growth| growth.each_second(read)));
        let curve = history.curve(usize::from(third.width), read);
        Sparkline::default()
            .data(&curve)
            .style(Style::new().cyan())
            .block(titled(&format!("{title}  {now}")))
            .render(third, buffer);
    }
}

fn draw_grid(grid: &Grid, area: Rect, buffer: &mut Buffer) {
    let row = |cells: &Vec<String>| {
        let cells = cells.iter().enumerate().map(|(column, text)| match column < grid.words {
            true => Line::from(text.clone()),
            false => Line::from(text.clone()).right_aligned(),
        });
        Row::new(cells.collect::<Vec<_>>())
    };
    let widths = grid.widths().into_iter().map(|width| Constraint::Length(lines(width)));
    Table::new(grid.rows.iter().map(row), widths)
        .header(row(&grid.header).dim())
        .column_spacing(SPACING)
        .block(titled(grid.title))
        .render(area, buffer);
}

fn titled(title: &str) -> Block<'static> {
    Block::new().borders(Borders::TOP).title(Line::from(format!("{title} ")).bold())
}

/// Lines or columns of a terminal.
fn lines(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::status::{DropCount, FlowsBetween, RefusalCount, RegionLoad, ShardLoad};

    fn sample(uptime_s: f64, received: u64) -> Status {
        let shard = ShardLoad { running: true, load: 0.5, received, ..ShardLoad::default() };
        Status {
            site: "fra1".into(),
            region: "europe".into(),
            version: "1.2.3".into(),
            uptime_s,
            rooms: 1_234,
            participants: 8,
            latched: 7,
            shards: vec![shard.clone(), ShardLoad { running: false, ..shard }],
            regions: vec![RegionLoad { region: "europe".into(), participants: 7, allocations: 5 }],
            flows: vec![FlowsBetween { from: "europe".into(), to: "europe".into(), flows: 42 }],
            refusals: vec![RefusalCount { rule: "unknown_address".into(), count: 3 }],
            drops: vec![DropCount {
                fault: "sender".into(),
                reason: "not_latched".into(),
                count: 9,
            }],
            ..Status::default()
        }
    }

    fn drawn(history: &History, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(history, frame.area(), frame.buffer_mut())).unwrap();
        terminal.backend().to_string()
    }

    fn history(received: &[u64]) -> History {
        let mut history = History::default();
        for (second, received) in received.iter().enumerate() {
            history.answered(sample(100.0 + second as f64, *received));
        }
        history
    }

    #[test]
    fn all_of_it_is_on_an_ordinary_terminal() {
        let screen = drawn(&history(&[0, 100, 700]), 80, 24);
        for shown in [
            "fra1 in europe",
            "ringfence 1.2.3",
            "up 1 min 42 s",
            "1,234 rooms",
            "7 of 8 participants",
            "Packets in/s  1200",
            "50 %",
            "stopped",
            "→ europe",
            "42",
            "unknown_address",
            "not_latched",
        ] {
            assert!(screen.contains(shown), "{shown} is not in\n{screen}");
        }
    }

    #[test]
    fn tables_are_beside_each_other_only_where_there_is_room() {
        for (width, beside) in [(60, false), (140, true)] {
            let screen = drawn(&history(&[0, 100]), width, 24);
            let line = |title| screen.lines().position(|line| line.contains(title)).unwrap();
            assert_eq!(line("Flows between") == line("Refused by"), beside, "{screen}");
        }
    }

    #[test]
    fn curves_rise_with_the_traffic() {
        let blocks = |screen: &str| screen.chars().filter(|c| ('▁'..='█').contains(c)).count();
        let idle = blocks(&drawn(&history(&[0, 0, 0, 0]), 100, 24));
        let busy = blocks(&drawn(&history(&[0, 10, 300, 900]), 100, 24));
        assert!(idle == 0 && busy > 3, "{idle} and {busy}");
    }

    #[test]
    fn what_is_wrong_is_on_top() {
        let mut history = history(&[0, 1]);
        history.silent("no relay answers\nIs it running?".into());
        let screen = drawn(&history, 100, 24);
        let place = |text: &str| screen.find(text).unwrap_or_else(|| panic!("{text}: {screen}"));
        assert!(place("no relay answers Is it running?") < place("Packets in/s"));
        let mut wrong = sample(105.0, 1);
        wrong.problems = vec!["shard 1 has stopped".into()];
        wrong.full = true;
        history.answered(wrong);
        let screen = drawn(&history, 100, 24);
        assert!(
            screen.contains("shard 1 has stopped") && screen.contains("full: it takes no more")
        );
        assert!(!screen.contains("no relay answers"));
    }

    #[test]
    fn before_the_first_answer_it_says_so() {
        assert!(drawn(&History::default(), 40, 5).contains("asking the relay"));
    }

    #[test]
    fn a_terminal_of_any_size_will_do() {
        let history = history(&[0, 100, 700]);
        for width in (0..120).step_by(7) {
            for height in 0..30 {
                let area = Rect::new(0, 0, width, height);
                draw(&history, area, &mut Buffer::empty(area));
            }
        }
    }
}
