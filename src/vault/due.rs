//! What is due: API keys that somebody should look after, a page at a time.

use std::time::Duration;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::api_key::{ApiKey, Status};
use crate::arguments::Maybe;
use crate::error::Error;
use crate::keyring::Keyring;
use crate::page::Cursor;
use crate::record::RecordError;
use crate::time::Timestamp;
use crate::token::ApiKeyId;
use crate::uses::UsageError;
use crate::vault::handle::Verifier;
use crate::vault::list::{Query, Written};
use crate::vault::usage::UsageRows;

/// What counts as due, beside the policy of the vault.
#[derive(Clone, Debug)]
pub struct DueRules {
    within: Duration,
    ending: Duration,
    suspended: Duration,
    expired: Option<Duration>,
    unused: Option<Duration>,
    among: Query,
}

impl Default for DueRules {
    fn default() -> Self {
        Self {
            within: 14 * DAY,
            ending: 3 * DAY,
            suspended: 30 * DAY,
            expired: None,
            unused: None,
            among: Query::new(),
        }
    }
}

impl DueRules {
    /// What expires or grows too old within 14 days, what is to be revoked within 3, and what has been suspended for 30.
    pub fn new() -> Self {
        Self::default()
    }

    /// What expires, or reaches the maximum age of the policy, within so long.
    #[must_use]
    pub fn within(mut self, span: impl Maybe<Duration>) -> Self {
        self.within = span.maybe().unwrap_or(self.within);
        self
    }

    /// What is to be revoked within so long, as the old API key is at the end of the grace of a reissue.
    #[must_use]
    pub fn ending_within(mut self, span: impl Maybe<Duration>) -> Self {
        self.ending = span.maybe().unwrap_or(self.ending);
        self
    }

    /// What has been suspended for so long, neither resumed nor revoked.
    #[must_use]
    pub fn suspended_for(mut self, span: impl Maybe<Duration>) -> Self {
        self.suspended = span.maybe().unwrap_or(self.suspended);
        self
    }

    /// What has been expired for so long, and was not revoked: it can still be given another expiry.
    #[must_use]
    pub fn expired_for(mut self, span: impl Maybe<Duration>) -> Self {
        self.expired = span.maybe().or(self.expired);
        self
    }

    /// What could have been used for so long and was not, by the counts of its uses ([`Verifier::usage`]). Nothing is counted before
    /// the vault is made, so an older API key that was imported has its time from then on.
    #[must_use]
    pub fn unused(mut self, span: impl Maybe<Duration>) -> Self {
        self.unused = span.maybe().or(self.unused);
        self
    }

    /// Only what this query finds; its cursor and limit mean nothing here.
    #[must_use]
    pub fn among(mut self, query: impl Maybe<Query>) -> Self {
        self.among = query.maybe().unwrap_or(self.among);
        self
    }

    /// Why an API key is due, the most urgent first.
    fn judge(&self, keyring: &Keyring, key: &ApiKey, now: Timestamp, unused: Option<DueCause>) -> Vec<DueCause> {
        let policy = keyring.policy();
        let status = key.status(now);
        let over = |since: Option<Timestamp>, span: Duration| since.filter(|since| now.since(*since) >= span);
        match status {
            Status::Revoked => return vec![],
            Status::Expired => {
                let since = self.expired.and_then(|span| over(key.expires_at, span));
                return since.map(|since| DueCause::Expired { since }).into_iter().collect();
            }
            _ => {}
        }
        let within = |span: Duration| move |at: &Timestamp| *at <= now.saturating_add(span);
        let soon = within(self.within);
        let suspended = over(key.suspended_at, self.suspended).map(|since| DueCause::Suspended { since });
        // Whose end is set has been looked after, or will be: what is left is that its client has to have switched.
        if let Some(at) = key.revoke_at {
            let ending = Some(at).filter(within(self.ending)).map(|at| DueCause::Ending { at, by: key.replaced_by });
            return ending.into_iter().chain(suspended).collect();
        }
        let oldest = policy.max_key_age.map(|max| key.created_at.saturating_add(max));
        let causes = [
            key.exposed_at.map(|since| DueCause::Exposed { since }),
            oldest.filter(|at| *at <= now).map(|since| DueCause::Old { since }),
            key.expires_at.filter(soon).map(|at| DueCause::Expiring { at }),
            oldest.filter(|at| *at > now && soon(at)).map(|at| DueCause::Aging { at }),
            suspended,
            unused,
            (policy.require_owner && key.owner.is_none()).then_some(DueCause::NoOwner),
            (policy.require_expiry && key.expires_at.is_none()).then_some(DueCause::NoExpiry),
            key.expires_at.filter(|at| oldest.is_some_and(|oldest| *at > oldest)).map(|at| DueCause::LateExpiry { at }),
        ];
        causes.into_iter().flatten().collect()
    }

    /// Since when it could have been used, when that is long enough to ask whether it was.
    fn idle_since(&self, keyring: &Keyring, key: &ApiKey, now: Timestamp) -> Option<(Timestamp, Duration)> {
        let span = self.unused.filter(|_| key.status(now) == Status::Active && key.revoke_at.is_none())?;
        let since = key.created_at.max(keyring.created_at());
        let since = key.not_before.map_or(since, |first| first.max(since));
        (now.since(since) >= span).then_some((since, span))
    }
}

/// An API key that is due, or a record that does not open.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Due {
    /// Where the record stands.
    pub id: ApiKeyId,
    /// What it says, or why it does not open.
    pub key: Result<ApiKey, RecordError>,
    /// Why it is due, the most urgent first; none for a record that does not open.
    pub causes: Vec<DueCause>,
}

/// Why an API key is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DueCause {
    /// It reaches the maximum age of the policy soon.
    Aging {
        /// When.
        at: Timestamp,
    },
    /// Its revocation is set, and near.
    Ending {
        /// When.
        at: Timestamp,
        /// What was issued in its place: its client has to use that by then.
        by: Option<ApiKeyId>,
    },
    /// It has been expired for long, and was not revoked.
    Expired {
        /// Since when.
        since: Timestamp,
    },
    /// It expires soon.
    Expiring {
        /// When.
        at: Timestamp,
    },
    /// It is exposed by a master key that had leaked.
    Exposed {
        /// Since when.
        since: Timestamp,
    },
    /// It expires later than the policy lets it.
    LateExpiry {
        /// When.
        at: Timestamp,
    },
    /// It has no expiry, and the policy demands one.
    NoExpiry,
    /// It has no owner, and the policy demands one.
    NoOwner,
    /// It is past the maximum age of the policy.
    Old {
        /// Since when.
        since: Timestamp,
    },
    /// It has been suspended for long.
    Suspended {
        /// Since when.
        since: Timestamp,
    },
    /// It has not been used for long.
    Unused {
        /// When it was last used, or could first have been.
        since: Timestamp,
        /// Whether it ever was.
        used: bool,
    },
}

impl DueCause {
    /// The word used on the command line and in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Aging { .. } => "aging",
            Self::Ending { .. } => "ending",
            Self::Expired { .. } => "expired",
            Self::Expiring { .. } => "expiring",
            Self::Exposed { .. } => "exposed",
            Self::LateExpiry { .. } => "late-expiry",
            Self::NoExpiry => "no-expiry",
            Self::NoOwner => "no-owner",
            Self::Old { .. } => "old",
            Self::Suspended { .. } => "suspended",
            Self::Unused { .. } => "unused",
        }
    }

    /// Since when, or at what time to come.
    pub fn at(&self) -> Option<Timestamp> {
        match *self {
            Self::Aging { at } | Self::Ending { at, .. } | Self::Expiring { at } | Self::LateExpiry { at } => Some(at),
            Self::Expired { since }
            | Self::Exposed { since }
            | Self::Old { since }
            | Self::Suspended { since }
            | Self::Unused { since, .. } => Some(since),
            Self::NoExpiry | Self::NoOwner => None,
        }
    }

    /// Whether a new API key in its place mends it.
    pub fn calls_for_reissue(&self) -> bool {
        matches!(self, Self::Aging { .. } | Self::Expiring { .. } | Self::Exposed { .. } | Self::Old { .. })
    }
}

/// As the API key is written, or what does not open, with the causes.
impl Serialize for Due {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct WithCauses<'a> {
            #[serde(flatten)]
            key: Written<'a>,
            causes: &'a [DueCause],
        }
        WithCauses { key: Written::of(self.id, &self.key), causes: &self.causes }.serialize(to)
    }
}

/// Its word, and the moment it speaks of.
impl Serialize for DueCause {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut fields = to.serialize_struct("DueCause", 2)?;
        fields.serialize_field("cause", self.name())?;
        fields.serialize_field("at", &self.at())?;
        fields.end()
    }
}

/// A [`Page`](crate::Page) of what is due, and what was seen on the way to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DuePage {
    /// What is due among those that were looked at.
    pub items: Vec<Due>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<Cursor>,
    /// How many API keys were looked at.
    pub examined: u64,
    /// Of how many it is not known whether they are used, because their counts do not open ([`DueRules::unused`]).
    pub usage_damaged: u64,
}

/// # What is due
impl Verifier {
    /// What is due among the API keys behind a cursor, or from the first on: a page of a few hundred looked at, of which none
    /// or all may be due. Records that do not open are listed. Nothing is written.
    pub fn due(&self, rules: &DueRules, after: Option<Cursor>) -> Result<DuePage, Error> {
        let (keyring, now) = (self.ledger.recent_keyring()?, self.ledger.now());
        let rows = self.key_page(after, PAGE)?;
        let mut page = DuePage { items: vec![], next: rows.next, examined: rows.items.len() as u64, usage_damaged: 0 };
        let mut uses = self.usage_rows();
        for (id, bytes) in rows.items {
            let key = self.open_view(&keyring, id, &bytes)?;
            let causes = match &key {
                Ok(key) if rules.among.accepts(key, now) => {
                    let unused = self.unused(rules, &keyring, &mut uses, key, now)?;
                    page.usage_damaged += u64::from(unused.is_err());
                    rules.judge(&keyring, key, now, unused.unwrap_or_default())
                }
                _ => vec![],
            };
            if key.is_err() || !causes.is_empty() {
                page.items.push(Due { id, key, causes });
            }
        }
        Ok(page)
    }

    fn unused(
        &self,
        rules: &DueRules,
        keyring: &Keyring,
        uses: &mut UsageRows<'_>,
        key: &ApiKey,
        now: Timestamp,
    ) -> Result<Result<Option<DueCause>, UsageError>, Error> {
        let Some((idle, span)) = rules.idle_since(keyring, key, now) else { return Ok(Ok(None)) };
        let usage = self.usage_among(uses, key.id)?;
        Ok(usage.map(|usage| {
            let last = usage.and_then(|usage| usage.last_used_at);
            let since = last.map_or(idle, |last| last.max(idle));
            (now.since(since) >= span).then_some(DueCause::Unused { since, used: last.is_some() })
        }))
    }
}

const DAY: Duration = Duration::from_secs(86_400);
const PAGE: usize = 500;
