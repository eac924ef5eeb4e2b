//! The attacks that concern rooms, one test each, on engines and registry under virtual
//! time. Beside what a test says, the simulation's judge looks at every datagram that leaves.

mod fence;
mod latching;
mod stun;
