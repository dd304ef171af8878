//! How long a master key may be active. NIST SP 800-57 part 1, revision 5, table 1: about one year for a symmetric master
//! key, at most two years for the use of a symmetric key that wraps others.

use std::time::Duration;

use super::finding::{Finding, Severity};
use crate::time::Timestamp;
use crate::versions::MasterKeyVersion;

/// How old the active master key may grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AgePolicy {
    /// From this age on it should be rotated.
    pub warn: Duration,
    /// From this age on it must be: the check fails, but no vault stays closed for it.
    pub refuse: Duration,
}

impl Default for AgePolicy {
    /// 365 and 730 days.
    fn default() -> Self {
        Self { warn: 365 * DAY, refuse: 730 * DAY }
    }
}

impl AgePolicy {
    /// To be rotated from the one age on, and to be rotated at last from the other.
    pub fn new(warn: Duration, refuse: Duration) -> Self {
        Self { warn, refuse }
    }

    /// What there is to say of the active master key, which was added at `added_at`.
    pub fn judge(&self, version: MasterKeyVersion, added_at: Timestamp, now: Timestamp) -> Option<Finding> {
        let age = now.since(added_at);
        let severity = match age {
            _ if age >= self.refuse => Severity::Refuse,
            _ if age >= self.warn => Severity::Warn,
            _ => return None,
        };
        let (days, limit) = (age.as_secs() / DAY.as_secs(), self.warn.as_secs() / DAY.as_secs());
        let what = format!("master key {version} has been active for {days} days; the policy is {limit}");
        Some(Finding::new("age", severity, what).remedy(ROTATE))
    }
}

const DAY: Duration = Duration::from_secs(86_400);
const ROTATE: &str = "make a new key with `strongroom master-key generate`, then `strongroom rotate-master-key`";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::versions::version;

    #[test]
    fn a_key_grows_old_after_a_year_and_too_old_after_two() {
        let added: Timestamp = "2025-01-01T00:00:00Z".parse().expect("a time");
        let after = |days: u32, secs: u64| {
            let now = added.saturating_add(days * DAY + Duration::from_secs(secs));
            AgePolicy::default().judge(version(7), added, now).map(|finding| finding.severity)
        };
        assert_eq!(after(364, 86_399), None);
        assert_eq!(after(365, 0), Some(Severity::Warn));
        assert_eq!(after(729, 86_399), Some(Severity::Warn));
        assert_eq!(after(730, 0), Some(Severity::Refuse));
        let early: Timestamp = "2024-01-01T00:00:00Z".parse().expect("a time");
        assert_eq!(AgePolicy::default().judge(version(7), added, early), None);
    }
}
