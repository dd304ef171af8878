//! What to do where an anchor refuses a store, or cannot be used.

use strongroom::anchor::{AnchorFault, FileAnchor};
use strongroom::error::UnsafePath;

use crate::text::quoted;

pub(crate) fn hint(fault: &AnchorFault, store: &str) -> Option<String> {
    Some(match fault {
        AnchorFault::Missing { .. } => {
            format!(
                "look for it, or make one that holds the vault as it stands: `strongroom anchor init{store} --reason TEXT`"
            )
        }
        AnchorFault::Exists { .. } => "`strongroom anchor show` shows what it holds".into(),
        AnchorFault::Malformed { .. } => format!(
            "bring back a copy of it, or have it hold the vault as it stands: `strongroom anchor accept{store} --reason TEXT`"
        ),
        AnchorFault::OtherVault { .. } | AnchorFault::NoVault { .. } => format!(
            "name the vault of the anchor with --store, or the anchor of the vault in {}; `strongroom anchor show` shows whose it is",
            FileAnchor::VARIABLE
        ),
        AnchorFault::OtherLine { .. }
        | AnchorFault::Forked { .. }
        | AnchorFault::RolledBack { .. }
        | AnchorFault::KeyringRolledBack { .. } => format!(
            "find out which it is: `strongroom audit list{store}` shows what the store knows. If this store is to be used, \
             `strongroom anchor accept{store} --reason TEXT` (with `--audit-log FILE`, an exported log, it lists the acts that are lost)"
        ),
        AnchorFault::Unsafe { path, fault: UnsafePath::Link } => {
            format!("name the file itself: `ls -l {}` shows where the link leads", quoted(path))
        }
        AnchorFault::Unsafe { path, fault: UnsafePath::Owner | UnsafePath::Strangers } => {
            format!("give it to root, or to the owner of the anchor: `chown USER {}`", quoted(path))
        }
        AnchorFault::Unsafe { path, .. } => {
            format!("`chmod go-w {}`, once you know that nobody has used it", quoted(path))
        }
        AnchorFault::Where { .. } => {
            format!("`export {}=file:PATH`, or `unset {}`", FileAnchor::VARIABLE, FileAnchor::VARIABLE)
        }
        AnchorFault::Unwritten { place, .. } => {
            format!("make room there, and let this user write the folder: `ls -ld {}`", quoted(place))
        }
        AnchorFault::Unreadable { place, .. } => {
            format!("let this user read it: `ls -ld {}` shows what stands there, and whose it is", quoted(place))
        }
        _ => return None,
    })
}
