//! The whole system, seen from outside: real processes, real databases, real stubs over HTTP.

mod story;
