//! The accident of 2020 in both its forms (docs/accident-of-2020.md), against the program itself: two
//! sites in china are added in a hurry as near to europe and as spares; then the fence is widened.

mod form_a;
mod form_b;
mod relay;
mod world;
