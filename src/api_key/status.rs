//! What state an API key is in: one rule for verification, for lists and for what may be done to it.

use crate::written::written_as_word;

/// What state an API key is in. Where several hold, the one that counts is the first of revoked, expired, suspended, not
/// yet valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// Valid.
    Active,
    /// Past its time.
    Expired,
    /// Its time has not come yet.
    NotYetValid,
    /// Revoked by an administrator, for good; also when the time set for that has come.
    Revoked,
    /// Out of use until an administrator resumes it.
    Suspended,
}

impl Status {
    /// Each state there is.
    pub const ALL: &[Self] = &[Self::Active, Self::Expired, Self::NotYetValid, Self::Revoked, Self::Suspended];

    /// The word used on the command line and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::Revoked => "revoked",
            Self::Suspended => "suspended",
        }
    }
}

written_as_word!(Status);

/// The moments that decide, as they are stored or as they are shown.
pub(super) struct Times<T> {
    pub(super) not_before: Option<T>,
    pub(super) expires_at: Option<T>,
    pub(super) suspended_at: Option<T>,
    pub(super) revoke_at: Option<T>,
    pub(super) revoked_at: Option<T>,
}

impl<T: PartialOrd> Times<T> {
    pub(super) fn status(self, now: T) -> Status {
        let come = |at: Option<T>| at.is_some_and(|at| at <= now);
        if self.revoked_at.is_some() || come(self.revoke_at) {
            Status::Revoked
        } else if come(self.expires_at) {
            Status::Expired
        } else if self.suspended_at.is_some() {
            Status::Suspended
        } else if self.not_before.is_some_and(|at| at > now) {
            Status::NotYetValid
        } else {
            Status::Active
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_moment_counts_from_itself_on_and_the_graver_state_outranks() {
        let none =
            || Times { not_before: None, expires_at: None, suspended_at: None, revoke_at: None, revoked_at: None };
        let at = Some(10);
        let cases = [
            (none(), [Status::Active; 3]),
            (Times { not_before: at, ..none() }, [Status::NotYetValid, Status::Active, Status::Active]),
            (Times { expires_at: at, ..none() }, [Status::Active, Status::Expired, Status::Expired]),
            (Times { revoke_at: at, ..none() }, [Status::Active, Status::Revoked, Status::Revoked]),
            (Times { suspended_at: at, not_before: at, ..none() }, [Status::Suspended; 3]),
            (
                Times { suspended_at: at, expires_at: at, ..none() },
                [Status::Suspended, Status::Expired, Status::Expired],
            ),
            (
                Times { expires_at: Some(0), revoke_at: at, ..none() },
                [Status::Expired, Status::Revoked, Status::Revoked],
            ),
            (Times { revoked_at: at, expires_at: at, suspended_at: at, ..none() }, [Status::Revoked; 3]),
        ];
        for (index, (times, expected)) in cases.into_iter().enumerate() {
            let Times { not_before, expires_at, suspended_at, revoke_at, revoked_at } = times;
            for (now, expected) in [9, 10, 11].into_iter().zip(expected) {
                let times = Times { not_before, expires_at, suspended_at, revoke_at, revoked_at };
                assert_eq!(times.status(now), expected, "case {index} at {now}");
            }
        }
    }
}
