//! Many requests at once, in many processes.

mod gate;
mod starts;
mod stops;

/// As many as one function has processes here.
const MANY: usize = 20;

/// At least so many of them are proven to overlap.
const OVERLAPPING: usize = 8;
