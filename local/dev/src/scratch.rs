//! Folders for what is thrown away: in memory where there is room, because databases and tests
//! write much there, and wait for the disk.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::sys::statvfs::statvfs;
use tempfile::TempDir;

/// Where Linux keeps files in memory. A container often has 64 MiB there, which is too little.
const IN_MEMORY: &str = "/dev/shm";
const ENOUGH_BYTES: u128 = 4 << 30;

/// An empty folder of one's own that others may look into; gone when it is dropped.
///
/// # Errors
/// When there can be none.
pub fn folder(prefix: &str) -> Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder
        .prefix(prefix)
        .permissions(Permissions::from_mode(0o755));
    let made = match in_memory() {
        Some(memory) => builder.tempdir_in(memory).or_else(|_| builder.tempdir()),
        None => builder.tempdir(),
    };
    made.context("no temporary folder")
}

fn in_memory() -> Option<PathBuf> {
    let path = Path::new(IN_MEMORY);
    let room = statvfs(path).ok()?;
    let blocks = u128::from(room.blocks_available());
    let free = blocks.saturating_mul(room.fragment_size().into());
    (free >= ENOUGH_BYTES).then(|| path.to_owned())
}
