//! Policies as written, and what they decide.

mod compile_errors;
mod decisions;
mod drafts;
mod levels;
mod plans;
mod proofs;
mod region_data;
mod selection;
mod traces;
