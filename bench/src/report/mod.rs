//! A record as people read it: a table on a terminal, a page in a browser.

mod figures;
mod page;
#[cfg(test)]
mod sample;
mod table;

pub use page::html;
pub use table::table;
