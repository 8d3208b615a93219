//! Without this a new migration would silently not be embedded.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations/rental");
}
