//! Who PostgreSQL runs as. It refuses to run as root, so root lends it an
//! account without rights, and folders that this account can reach.

use std::fs::{self, Metadata, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use nix::unistd::{Gid, Uid, User, chown, geteuid};
use tokio::process::Command;

/// Where data and tools go that the account could not reach in the project.
const ELSEWHERE: &str = "/var/lib/power-bank-dev";

/// The account without rights that PostgreSQL runs as.
#[derive(Clone, Debug)]
pub struct Account {
    name: String,
    uid: Uid,
    gid: Gid,
}

impl Account {
    /// None when the caller is not root: then it runs as the caller.
    ///
    /// # Errors
    /// When root has no such account to lend.
    pub fn for_postgres() -> Result<Option<Self>> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        for name in ["postgres", "nobody"] {
            let user = User::from_name(name).context("the list of users cannot be read")?;
            if let Some(user) = user {
                return Ok(Some(Self {
                    name: user.name,
                    uid: user.uid,
                    gid: user.gid,
                }));
            }
        }
        bail!(
            "PostgreSQL must not run as root, and there is neither a user `postgres` nor `nobody`: \
             create one, or run this as another user"
        )
    }

    /// Makes a command run as this account.
    pub fn lend_to(&self, command: &mut Command) {
        command.uid(self.uid.as_raw()).gid(self.gid.as_raw());
    }

    /// Gives a folder to this account.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn give(&self, folder: &Path) -> Result<()> {
        chown(folder, Some(self.uid), Some(self.gid))
            .with_context(|| format!("{} cannot be given to user {}", folder.display(), self.name))
    }

    /// Whether this account can reach what lies in `folder`; a folder that is
    /// not there yet counts as reachable.
    pub fn can_reach(&self, folder: &Path) -> bool {
        folder.ancestors().all(|ancestor| {
            fs::metadata(ancestor).map_or(true, |metadata| self.may_enter(&metadata))
        })
    }

    fn may_enter(&self, folder: &Metadata) -> bool {
        let bit = if folder.uid() == self.uid.as_raw() {
            0o100
        } else if folder.gid() == self.gid.as_raw() {
            0o010
        } else {
            0o001
        };
        folder.mode() & bit != 0
    }
}

/// `wanted` itself where `account` can reach it, else a folder that stands
/// for it elsewhere.
pub(crate) fn reachable(account: Option<&Account>, wanted: &Path) -> PathBuf {
    match account {
        Some(account) if !account.can_reach(wanted) => {
            let name = wanted.to_string_lossy().replace('/', "-");
            Path::new(ELSEWHERE).join(name.trim_start_matches('-'))
        }
        _ => wanted.to_path_buf(),
    }
}

/// Creates a folder that every account may enter.
pub(crate) fn create_open_folder(folder: &Path) -> Result<()> {
    let there = folder.is_dir();
    fs::create_dir_all(folder)
        .and_then(|()| match there {
            true => Ok(()),
            false => fs::set_permissions(folder, Permissions::from_mode(0o755)),
        })
        .with_context(|| format!("{} cannot be created", folder.display()))
}
