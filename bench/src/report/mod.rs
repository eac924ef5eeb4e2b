//! A record as people read it: a table on a terminal, a page in a browser.

mod figures;
mod page;
#[cfg(test)]
mod sample;
mod soak_table;
mod table;

pub use page::{html, soak_page};
pub use soak_table::soak_table;
pub use table::table;
