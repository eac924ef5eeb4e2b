//! Two TURN servers at the same work: what a forwarded packet costs them, and how many they forward
//! without loss.

mod case;
mod compare;
mod cost;
mod flows;
mod lossless;
mod pace;
mod report;
mod sides;
mod tally;
mod trial;

pub use case::{Case, Pattern, Target};
pub use compare::{CostRound, Effort, RateRound, costs, rates};
pub use report::{Row, table};
pub use sides::{Make, Side, Sides};
