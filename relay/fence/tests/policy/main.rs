//! Policies as written, and what they decide.

mod compile_errors;
mod decisions;
mod drafts;
