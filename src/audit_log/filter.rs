//! Which audit entries are wanted.

use std::str::FromStr;

use super::action::Action;
use super::entry::{AuditEntry, Outcome};
use crate::arguments::Maybe;
use crate::parse_error::ParseError;
use crate::time::Timestamp;
use crate::token::ApiKeyId;

/// What entries of the audit log have to be like.
///
/// ```
/// use strongroom::audit::{Action, AuditFilter, Outcome};
/// let refused = AuditFilter::new().actor("alice").action(Action::Recover).outcome(Outcome::Refused);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    actor: Option<String>,
    action: Option<Action>,
    key: Option<ApiKeyId>,
    outcome: Option<Outcome>,
    reason: Option<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl AuditFilter {
    /// Every entry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only those of this actor.
    #[must_use]
    pub fn actor(mut self, actor: impl Maybe<String>) -> Self {
        self.actor = actor.maybe().or(self.actor);
        self
    }

    /// Only this kind of act.
    #[must_use]
    pub fn action(mut self, action: impl Maybe<Action>) -> Self {
        self.action = action.maybe().or(self.action);
        self
    }

    /// Only what was done to this API key.
    #[must_use]
    pub fn key(mut self, key: impl Maybe<ApiKeyId>) -> Self {
        self.key = key.maybe().or(self.key);
        self
    }

    /// Only acts that ended like this.
    #[must_use]
    pub fn outcome(mut self, outcome: impl Maybe<Outcome>) -> Self {
        self.outcome = outcome.maybe().or(self.outcome);
        self
    }

    /// Only acts whose reason contains this text.
    #[must_use]
    pub fn reason_contains(mut self, text: impl Maybe<String>) -> Self {
        self.reason = text.maybe().or(self.reason);
        self
    }

    /// Only entries of this moment and later ones, by the clocks of those who acted.
    #[must_use]
    pub fn since(mut self, at: impl Maybe<Timestamp>) -> Self {
        self.since = at.maybe().or(self.since);
        self
    }

    /// Only entries before this moment.
    #[must_use]
    pub fn until(mut self, at: impl Maybe<Timestamp>) -> Self {
        self.until = at.maybe().or(self.until);
        self
    }

    /// Whether an entry is like that.
    pub fn admits(&self, entry: &AuditEntry) -> bool {
        self.actor.as_ref().is_none_or(|actor| *actor == entry.actor)
            && self.action.is_none_or(|action| action == entry.action)
            && self.key.is_none_or(|key| entry.key == Some(key))
            && self.outcome.is_none_or(|outcome| outcome == entry.outcome)
            && self.reason.as_ref().is_none_or(|text| entry.reason.as_ref().is_some_and(|reason| reason.contains(text)))
            && self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at < until)
    }
}

impl FromStr for Action {
    type Err = ParseError;

    fn from_str(word: &str) -> Result<Self, ParseError> {
        let named = Self::ALL.into_iter().find(|action| action.name() == word);
        named.ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|action| action.name()).collect();
            ParseError::new("action", format!("no such action; there are {}", known.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit_log::act::Act;
    use crate::audit_log::chain::{ChainEnd, Draft};
    use crate::vault_id::VaultId;

    #[test]
    fn an_entry_has_to_be_like_every_part_of_the_filter() {
        let (id, at) = (ApiKeyId::from_bytes([3; 16]), Timestamp::now());
        let act = Act::by("alice").because("ticket 4711");
        let draft = Draft::on(Action::Recover, id).refused("not-found");
        let (line, _) = ChainEnd::start(VaultId([1; 16])).append(&draft, &[5; 16], &act, at);
        let entry: AuditEntry = serde_json::from_slice(&line).expect("an entry");
        let later = at.saturating_add(std::time::Duration::from_millis(1));
        let all = AuditFilter::new().actor("alice").action(Action::Recover).key(id).outcome(Outcome::Refused);
        let all = all.reason_contains("471").since(at).until(later);
        assert!(AuditFilter::new().admits(&entry) && all.admits(&entry));
        let others = [
            all.clone().actor("alic"),
            all.clone().action(Action::Revoke),
            all.clone().key(ApiKeyId::from_bytes([4; 16])),
            all.clone().outcome(Outcome::Done),
            all.clone().reason_contains("4712"),
            all.clone().since(later),
            all.until(at),
        ];
        for other in others {
            assert!(!other.admits(&entry), "{other:?}");
        }
    }

    #[test]
    fn an_action_is_read_as_it_is_written() {
        for action in Action::ALL {
            assert_eq!(action.name().parse(), Ok(action));
        }
        let read = serde_json::from_str::<Action>("\"borrow\"").expect_err("no action").to_string();
        let named: Vec<_> = Action::ALL.iter().map(|action| format!("`{}`", action.name())).collect();
        assert!(read.contains(&format!("expected one of {} at", named.join(", "))), "every action is listed: {read}");
        let error = "borrow".parse::<Action>().expect_err("no action").to_string();
        assert!(!error.contains("borrow") && error.contains("abandon, ") && error.contains("verifier-key"), "{error}");
    }
}
