//! `ringfence top`: what a relay is doing, second by second.
//!
//! `history` keeps what the relay said, `grids` makes tables of it, `screen` draws both: a pure function
//! of a history. `terminal` is all that touches one.

mod amounts;
mod grids;
mod growth;
mod history;
mod screen;
mod terminal;

pub use self::grids::{Grid, grids};
pub use self::growth::Growth;
pub use self::history::History;
pub use self::screen::draw;
pub use self::terminal::watch;
