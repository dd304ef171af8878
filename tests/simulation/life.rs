//! What API keys are, in the plainest words: the model that the vault is held to.

use std::collections::BTreeMap;

use strongroom::{ApiKey, ApiKeyId, Refusal};

/// One API key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact by itself")]
pub(crate) struct Key {
    /// Not known where the process that made it never learned it.
    pub(crate) token: Option<String>,
    pub(crate) recoverable: bool,
    pub(crate) imported: bool,
    pub(crate) revoked: bool,
    pub(crate) revoke_at: Option<i64>,
    pub(crate) expires_at: Option<i64>,
    pub(crate) suspended: bool,
    pub(crate) label: Option<String>,
    pub(crate) replaced: bool,
}

pub(crate) type Keys = BTreeMap<ApiKeyId, Key>;

/// One act, with all that was chosen for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    FlushUsage,
    Import { token: String, recoverable: bool, revoked: bool },
    Issue { recoverable: bool, expires_at: Option<i64> },
    Recover(ApiKeyId),
    Reissue { id: ApiKeyId, grace: i64 },
    Resume(ApiKeyId),
    Revoke(ApiKeyId),
    RevokeAt { id: ApiKeyId, at: i64 },
    Rotate,
    Suspend(ApiKeyId),
    Update { id: ApiKeyId, label: String },
    Verify(ApiKeyId),
}

/// What is answered to an act on an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Done,
    Idle,
    Refused,
}

impl Key {
    fn new(recoverable: bool) -> Self {
        Self {
            token: None,
            recoverable,
            imported: false,
            revoked: false,
            revoke_at: None,
            expires_at: None,
            suspended: false,
            label: None,
            replaced: false,
        }
    }

    /// What verification says at this moment.
    pub(crate) fn refusal(&self, now: i64) -> Option<Refusal> {
        let come = |at: Option<i64>| at.is_some_and(|at| at <= now);
        match self {
            key if key.revoked || come(key.revoke_at) => Some(Refusal::Revoked),
            key if come(key.expires_at) => Some(Refusal::Expired),
            key if key.suspended => Some(Refusal::Suspended),
            _ => None,
        }
    }

    /// What is answered to this act.
    pub(crate) fn told(&self, deed: &Deed, now: i64) -> Told {
        let done_unless = |idle| if idle { Told::Idle } else { Told::Done };
        let gone = self.refusal(now) == Some(Refusal::Revoked);
        match deed {
            Deed::Revoke(_) => done_unless(self.revoked),
            Deed::Recover(_) if self.recoverable => Told::Done,
            Deed::Recover(_) => Told::Refused,
            _ if gone => Told::Refused,
            Deed::RevokeAt { at, .. } if *at <= now || self.revoke_at.is_some_and(|set| set < *at) => Told::Refused,
            Deed::RevokeAt { at, .. } => done_unless(self.revoke_at == Some(*at)),
            Deed::Suspend(_) => done_unless(self.suspended),
            Deed::Resume(_) => done_unless(!self.suspended),
            Deed::Reissue { .. } if self.replaced || self.expires_at.is_some_and(|at| at <= now) => Told::Refused,
            _ => Told::Done,
        }
    }

    /// Whether the vault shows it like this.
    pub(crate) fn is_shown_as(&self, shown: &ApiKey) -> bool {
        let millis = |at: Option<strongroom::Timestamp>| at.map(strongroom::Timestamp::unix_millis);
        (self.recoverable, self.imported, self.revoked, self.suspended, self.replaced)
            == (
                shown.recoverable,
                shown.imported,
                shown.revoked_at.is_some(),
                shown.suspended_at.is_some(),
                shown.replaced_by.is_some(),
            )
            && (self.revoke_at, self.expires_at) == (millis(shown.revoke_at), millis(shown.expires_at))
            && self.label.as_ref() == shown.attributes.get("label")
    }
}

impl Deed {
    /// The API key that is there already.
    pub(crate) fn of(&self) -> Option<ApiKeyId> {
        match self {
            Self::Recover(id)
            | Self::Resume(id)
            | Self::Revoke(id)
            | Self::Suspend(id)
            | Self::Verify(id)
            | Self::Reissue { id, .. }
            | Self::RevokeAt { id, .. }
            | Self::Update { id, .. } => Some(*id),
            Self::FlushUsage | Self::Import { .. } | Self::Issue { .. } | Self::Rotate => None,
        }
    }

    /// Does it to the model. `made` is the API key that is new, where there is one.
    pub(crate) fn apply(&self, keys: &mut Keys, made: Option<ApiKeyId>, now: i64) -> Result<(), String> {
        let new = match self {
            Self::Issue { recoverable, expires_at } => Some(Key { expires_at: *expires_at, ..Key::new(*recoverable) }),
            Self::Import { token, recoverable, revoked } => {
                let token = Some(token.clone());
                Some(Key { token, imported: true, revoked: *revoked, ..Key::new(*recoverable) })
            }
            _ => None,
        };
        if let Some(new) = new {
            let id = made.ok_or("nothing was made")?;
            keys.insert(id, new);
            return Ok(());
        }
        let old = self.of().and_then(|id| keys.get_mut(&id)).ok_or("an API key that is not there was changed")?;
        // A revocation that is there already may be written once more, where the log was not seen to bear it out.
        let again = matches!(self, Self::Revoke(_)) && old.revoked;
        if old.told(self, now) != Told::Done && !again {
            return Err(format!("{self:?} at {now} was committed to {old:?}"));
        }
        match self {
            Self::Resume(_) => old.suspended = false,
            Self::Revoke(_) => old.revoked = true,
            Self::RevokeAt { at, .. } => old.revoke_at = Some(*at),
            Self::Suspend(_) => old.suspended = true,
            Self::Update { label, .. } => old.label = Some(label.clone()),
            Self::Reissue { grace, .. } => {
                let new = Key { token: None, imported: false, replaced: false, ..old.clone() };
                let until = [old.revoke_at, old.expires_at].into_iter().flatten().fold(now + grace, i64::min).max(now);
                (old.revoke_at, old.replaced, old.revoked) = (Some(until), true, old.revoked || until == now);
                keys.insert(made.ok_or("nothing was made")?, new);
            }
            deed => return Err(format!("{deed:?} wrote a record")),
        }
        Ok(())
    }
}
