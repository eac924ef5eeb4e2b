//! Small worlds in which the algebra of fences can be worked out by looking at every address.
//!
//! `drafts` makes policies at random, `world` works out the slow way what each of them lets
//! happen, [`case`] holds that against `plan`, `prove` and `select`. Nothing here shares code with the
//! crate that it checks.

pub mod case;
mod drafts;
mod expected_decision;
mod expected_plan;
mod expected_proof;
mod expected_selection;
mod universe;
mod world;
