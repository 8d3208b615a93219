//! A stand-in for cargo, put before it for `cargo lambda watch`.
//!
//! For every new process of a function `cargo lambda watch` calls `cargo run`.
//! That would compile after each edit while a request waits, block while any
//! other cargo builds, and take a second of processor time even so. The
//! stand-in starts what was built, and leaves everything else to cargo.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};

/// Writes the stand-in into `folder` and gives back the search path on which
/// it comes first.
pub(super) fn write(folder: &Path, built: &Path) -> Result<String> {
    let cargo = which::which("cargo").context("cargo was not found: install Rust")?;
    let shim = folder.join("cargo");
    let written = fs::create_dir_all(folder)
        .and_then(|()| fs::write(&shim, script(&cargo, built)))
        .and_then(|()| fs::set_permissions(&shim, Permissions::from_mode(0o755)));
    written.with_context(|| format!("{} cannot be written", shim.display()))?;
    let behind: String = runtime::env::Env::of_process()
        .read("PATH")?
        .unwrap_or_default();
    Ok(format!("{}:{behind}", folder.display()))
}

fn script(cargo: &Path, built: &Path) -> String {
    let (cargo, built) = (quoted(cargo), quoted(built));
    format!(
        r#"#!/bin/sh
# Written by `dev run` for `cargo lambda watch`: a function is started as it was built.
if [ "$1" = run ]; then
  for argument in "$@"; do
    if [ "$previous" = --bin ]; then exec {built}/"$argument"; fi
    previous=$argument
  done
fi
exec {cargo} "$@"
"#
    )
}

/// A path as one word of a shell script.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::write;

    #[test]
    fn a_function_is_started_as_built_and_the_rest_is_left_to_cargo() {
        let folder = tempfile::tempdir().unwrap();
        let path = write(&folder.path().join("it's a shim"), Path::new("/bin")).unwrap();
        let shim = folder.path().join("it's a shim/cargo");
        assert!(path.starts_with(shim.parent().unwrap().to_str().unwrap()));
        let said = |arguments: &[&str]| {
            let output = Command::new(&shim).args(arguments).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        assert_eq!(said(&["run", "--quiet", "--bin", "pwd"]).lines().count(), 1);
        assert!(said(&["--version"]).starts_with("cargo "));
    }
}
