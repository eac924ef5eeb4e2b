//! A picture of lines over two axes.

use std::fmt;

use askama::Template;

use super::scale::Scale;

/// Its size; the page scales it to the room there is.
pub(super) const WIDTH_PX: f64 = 460.0;
const HEIGHT_PX: f64 = 270.0;

/// Where the axes are, left, right, above and below.
pub(super) const PLOT_X: (f64, f64) = (58.0, WIDTH_PX - 12.0);
/// From the bottom up.
pub(super) const PLOT_Y: (f64, f64) = (HEIGHT_PX - 44.0, 12.0);

/// Lines, one or more for each server.
#[derive(Template)]
#[template(path = "lines.svg")]
pub(super) struct Lines {
    /// What it shows, for whoever does not see it.
    pub(super) title: String,
    pub(super) below: &'static str,
    pub(super) across: Vec<Tick>,
    pub(super) up: Vec<Tick>,
    /// Dashed lines across: what was asked for.
    pub(super) limits: Vec<Tick>,
    pub(super) series: Vec<Series>,
}

/// A round figure on an axis.
pub(super) struct Tick {
    pub(super) at: Px,
    pub(super) label: String,
}

/// One server's line.
pub(super) struct Series {
    /// Of its colour.
    pub(super) colour: usize,
    /// In the order of x.
    pub(super) line: Vec<(Px, Px)>,
    pub(super) dots: Vec<Dot>,
}

/// One measurement.
pub(super) struct Dot {
    pub(super) x: Px,
    pub(super) y: Px,
    /// Not to be believed.
    pub(super) hollow: bool,
    /// Shown where a pointer rests on it.
    pub(super) title: String,
}

/// A place in a picture, to a tenth.
#[derive(Clone, Copy)]
pub(super) struct Px(pub(super) f64);

impl fmt::Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}", self.0)
    }
}

impl Lines {
    fn width(&self) -> f64 {
        WIDTH_PX
    }

    fn height(&self) -> f64 {
        HEIGHT_PX
    }

    fn left(&self) -> f64 {
        PLOT_X.0
    }

    fn right(&self) -> f64 {
        PLOT_X.1
    }

    fn bottom(&self) -> f64 {
        PLOT_Y.0
    }

    fn top(&self) -> f64 {
        PLOT_Y.1
    }
}

impl Series {
    fn points(&self) -> String {
        let points = self.line.iter().map(|(x, y)| format!("{x},{y}"));
        points.collect::<Vec<_>>().join(" ")
    }
}

/// The ticks of an axis with its figures in words.
pub(super) fn ticks(scale: &Scale, words: impl Fn(f64) -> String) -> Vec<Tick> {
    let tick = |figure| Tick { at: Px(scale.px(figure)), label: words(figure) };
    scale.ticks().into_iter().map(tick).collect()
}
