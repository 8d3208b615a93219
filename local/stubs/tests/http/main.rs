//! The stubs over HTTP, each test against its own server and data file.

#[cfg(test)]
mod admin;
#[cfg(test)]
mod banks;
#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod durability;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod money;
#[cfg(test)]
mod process;
