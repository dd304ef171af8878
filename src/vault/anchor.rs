//! The anchor of the machine: made, held to, and told of.

use std::sync::Arc;

use crate::anchor::{Anchor, AnchorActKind, AnchorStatement};
use crate::audit_log::Act;
use crate::error::Error;
use crate::ledger::Anchored;
use crate::vault::handle::Verifier;

/// # Anchor
impl Verifier {
    /// Makes an anchor that holds the vault as it stands: on the first day, or where one was lost. A reason is required, and is kept in the
    /// anchor. From then on, whoever opens the vault with it ([`VaultOptions::anchor`](crate::VaultOptions::anchor)) is refused an older
    /// one. Refused where there is one already.
    pub fn init_anchor(&self, anchor: impl Anchor + 'static, act: &Act) -> Result<AnchorStatement, Error> {
        act.check_with_reason()?;
        self.ledger.put_anchor(&Anchored::new(Arc::new(anchor), true), AnchorActKind::Init, act)
    }

    /// Has an anchor hold this vault, whatever it held before: after a restore, and after a database lost acknowledged acts. A reason is
    /// required, and is kept in the anchor with the place that it held. The vault must have been opened without it.
    ///
    /// What was seen and is not in this vault is given up with this. Find out first which of the two causes it has.
    pub fn accept_anchor(&self, anchor: impl Anchor + 'static, act: &Act) -> Result<AnchorStatement, Error> {
        act.check_with_reason()?;
        self.ledger.put_anchor(&Anchored::new(Arc::new(anchor), true), AnchorActKind::Accept, act)
    }

    /// Holds the store to the anchor that the vault was opened with, as every opening and every look does. Without one there is nothing
    /// to be said.
    pub fn check_anchor(&self) -> Result<(), Error> {
        self.ledger.check_anchor().map(drop)
    }

    /// Why the anchor is behind what was committed, where it could not be written: the next change waits until it has caught up.
    pub fn anchor_behind(&self) -> Option<String> {
        let anchored = self.ledger.anchored()?;
        anchored.owed().map(|problem| format!("the anchor at {} could not be written: {problem}", anchored.place()))
    }
}
