//! The rules, what breaks each, and how a pattern of reasons is read.

use std::time::Duration;

use regex_lite::{Regex, RegexBuilder};
use serde::{Serialize, Serializer};

use crate::arguments::Maybe;
use crate::master_key::AgePolicy;
use crate::time::Timestamp;

/// The rules of a vault. They hold for every process that changes it, from the moment they are set, and never turn an
/// API key away that is there: what no longer keeps them is listed as due.
///
/// ```
/// use std::time::Duration;
/// use strongroom::policy::{Policy, ReasonPattern};
///
/// let policy = Policy::new()
///     .max_key_age(Duration::from_secs(90 * 86_400))
///     .require_owner(true)
///     .reason(ReasonPattern::new("^(OPS|SEC)-[0-9]+")?);
/// # Ok::<(), strongroom::policy::PolicyError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// How old an API key may grow: from then on it is due, and no later expiry can be given. One without an expiry keeps
    /// this rule, unless [`require_expiry`](Self::require_expiry) is set.
    pub max_key_age: Option<Duration>,
    /// How old a master key may grow; [`AgePolicy::default`] unless set.
    pub master_key_age: Option<AgePolicy>,
    /// Every API key must have an expiry.
    pub require_expiry: bool,
    /// Every API key must have an owner.
    pub require_owner: bool,
    /// Every act must give a reason in which this is found.
    pub reason: Option<ReasonPattern>,
    /// An API key is recovered only together with its reissue, the old token valid for this long at most.
    pub reissue_on_recovery: Option<Duration>,
    /// A token is imported only if it is estimated to take so many bits to guess, or more: 1 to 256. 80 unless set, and then each import
    /// may say that it takes [less](crate::api_keys::ImportedKey::allow_weak); this rule has no exception.
    pub min_import_bits: Option<u32>,
    /// A rule is stored that this version cannot read.
    pub(super) newer: bool,
}

/// The rules before and after a change of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PolicyChange {
    /// Those there were.
    pub before: Policy,
    /// Those there are now.
    pub after: Policy,
}

impl Policy {
    /// No rule at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`max_key_age`](Self#structfield.max_key_age).
    #[must_use]
    pub fn max_key_age(mut self, age: impl Maybe<Duration>) -> Self {
        self.max_key_age = age.maybe().or(self.max_key_age);
        self
    }

    /// Sets [`master_key_age`](Self#structfield.master_key_age).
    #[must_use]
    pub fn master_key_age(mut self, age: impl Maybe<AgePolicy>) -> Self {
        self.master_key_age = age.maybe().or(self.master_key_age);
        self
    }

    /// Sets [`require_expiry`](Self#structfield.require_expiry).
    #[must_use]
    pub fn require_expiry(mut self, required: bool) -> Self {
        self.require_expiry = required;
        self
    }

    /// Sets [`require_owner`](Self#structfield.require_owner).
    #[must_use]
    pub fn require_owner(mut self, required: bool) -> Self {
        self.require_owner = required;
        self
    }

    /// Sets [`reason`](Self#structfield.reason).
    #[must_use]
    pub fn reason(mut self, pattern: impl Maybe<ReasonPattern>) -> Self {
        self.reason = pattern.maybe().or(self.reason);
        self
    }

    /// Sets [`reissue_on_recovery`](Self#structfield.reissue_on_recovery).
    #[must_use]
    pub fn reissue_on_recovery(mut self, grace: impl Maybe<Duration>) -> Self {
        self.reissue_on_recovery = grace.maybe().or(self.reissue_on_recovery);
        self
    }

    /// Sets [`min_import_bits`](Self#structfield.min_import_bits).
    #[must_use]
    pub fn min_import_bits(mut self, bits: impl Maybe<u32>) -> Self {
        self.min_import_bits = bits.maybe().or(self.min_import_bits);
        self
    }

    /// How old a master key may grow: as the rule says, or the default.
    pub fn master_key_age_or_default(&self) -> AgePolicy {
        self.master_key_age.unwrap_or_default()
    }

    /// Whether a later version has set a rule that this version does not know. Reading goes on; what the rule could be
    /// about is refused.
    pub fn is_newer(&self) -> bool {
        self.newer
    }

    /// Whether an API key may have this owner, or none.
    pub(crate) fn check_owner(&self, owner: Option<&str>) -> Result<(), PolicyError> {
        self.check_known()?;
        if self.require_owner && owner.is_none() { Err(PolicyError::Owner) } else { Ok(()) }
    }

    /// Whether an API key that was issued then may expire then, or never.
    pub(crate) fn check_expiry(&self, created_at: Timestamp, expires_at: Option<Timestamp>) -> Result<(), PolicyError> {
        self.check_known()?;
        match (self.max_key_age, expires_at) {
            (_, None) if self.require_expiry => Err(PolicyError::Expiry),
            (Some(max), Some(at)) if at > created_at.saturating_add(max) => Err(PolicyError::Age { max }),
            _ => Ok(()),
        }
    }

    /// Whether a token of this strength may be imported.
    pub(crate) fn check_import_strength(&self, bits: u32) -> Result<(), PolicyError> {
        match self.min_import_bits {
            Some(least) if bits < least => Err(PolicyError::Strength { bits, least }),
            _ => Ok(()),
        }
    }

    /// Whether an act with this reason keeps the rules.
    pub(crate) fn check_reason(&self, reason: Option<&str>) -> Result<(), PolicyError> {
        match &self.reason {
            Some(pattern) if !reason.is_some_and(|reason| pattern.is_in(reason)) => {
                Err(PolicyError::Reason { pattern: pattern.text.clone() })
            }
            _ => Ok(()),
        }
    }

    /// Whether a token may be recovered on its own, or together with a reissue with this grace.
    pub(crate) fn check_recovery(&self, grace: Option<Duration>) -> Result<(), PolicyError> {
        self.check_known()?;
        match (self.reissue_on_recovery, grace) {
            (Some(_), None) => Err(PolicyError::Reissue),
            (Some(max), Some(grace)) if grace > max => Err(PolicyError::Grace { max }),
            _ => Ok(()),
        }
    }

    /// Whether every rule is known here.
    pub(crate) fn check_known(&self) -> Result<(), PolicyError> {
        if self.newer { Err(PolicyError::Newer) } else { Ok(()) }
    }

    /// Whether these rules can be set.
    pub(crate) fn check(&self) -> Result<(), PolicyError> {
        self.check_known()?;
        let ages = self.master_key_age.map(|age| (age.warn, age.refuse));
        let spans = [
            ("maximum age of API keys", self.max_key_age),
            ("maximum age of master keys", ages.map(|(warn, _)| warn)),
            ("age from which master keys are refused", ages.map(|(_, refuse)| refuse)),
            ("grace of a forced reissue", self.reissue_on_recovery),
        ];
        let bad = spans.iter().find(|(_, span)| span.is_some_and(|span| !(MIN_SPAN..=MAX_SPAN).contains(&span)));
        match bad {
            Some((rule, _)) => Err(PolicyError::Span { rule }),
            None if ages.is_some_and(|(warn, refuse)| refuse < warn) => Err(PolicyError::Refusal),
            None if self.min_import_bits.is_some_and(|bits| !MIN_BITS.contains(&bits)) => Err(PolicyError::Bits),
            None => Ok(()),
        }
    }
}

/// Spans in seconds; null where there is no rule.
impl Serialize for Policy {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let seconds = |span: Option<Duration>| span.map(|span| span.as_secs());
        Written {
            max_key_age_seconds: seconds(self.max_key_age),
            max_master_key_age_seconds: seconds(self.master_key_age.map(|age| age.warn)),
            refuse_master_key_age_seconds: seconds(self.master_key_age.map(|age| age.refuse)),
            require_expiry: self.require_expiry,
            require_owner: self.require_owner,
            reason_pattern: self.reason.as_ref().map(ReasonPattern::as_str),
            reissue_on_recovery_seconds: seconds(self.reissue_on_recovery),
            min_import_bits: self.min_import_bits,
            newer: self.newer,
        }
        .serialize(to)
    }
}

#[derive(Serialize)]
struct Written<'a> {
    max_key_age_seconds: Option<u64>,
    max_master_key_age_seconds: Option<u64>,
    refuse_master_key_age_seconds: Option<u64>,
    require_expiry: bool,
    require_owner: bool,
    reason_pattern: Option<&'a str>,
    reissue_on_recovery_seconds: Option<u64>,
    min_import_bits: Option<u32>,
    pub(super) newer: bool,
}

/// A regular expression that a reason must hold: 1 to 256 bytes, in the syntax of the crate `regex-lite`.
///
/// It is looked for anywhere in the reason: `^` and `$` tie it to the beginning and the end. The time it takes grows
/// linearly with the reason, whatever the expression.
#[derive(Clone, Debug)]
pub struct ReasonPattern {
    text: String,
    regex: Regex,
}

impl ReasonPattern {
    /// Reads a regular expression.
    pub fn new(text: impl Into<String>) -> Result<Self, PolicyError> {
        let text = text.into();
        if text.is_empty() || text.len() > MAX_PATTERN_LEN {
            return Err(PolicyError::PatternLength { len: text.len() });
        }
        let regex = RegexBuilder::new(&text).size_limit(MAX_PATTERN_SIZE).nest_limit(MAX_PATTERN_NESTING).build();
        let regex = regex.map_err(|error| PolicyError::Pattern { problem: error.to_string() })?;
        Ok(Self { text, regex })
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is found in this reason.
    pub fn is_in(&self, reason: &str) -> bool {
        self.regex.is_match(reason)
    }
}

impl PartialEq for ReasonPattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for ReasonPattern {}

/// Why an act does not keep the policy, or a policy cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The API key would live too long.
    #[error("the policy lets an API key live for {}, and this one would expire later", span_text(*.max))]
    Age {
        /// How long it may live.
        max: Duration,
    },
    /// No token has this strength.
    #[error("the least strength of imported tokens is 1 to 256 bits")]
    Bits,
    /// The API key has no expiry.
    #[error("the policy demands that every API key has an expiry")]
    Expiry,
    /// The old token would stay valid for too long beside its replacement.
    #[error("the policy lets a recovered token stay valid for {} beside its replacement, and this is longer", span_text(*.max))]
    Grace {
        /// How long it may.
        max: Duration,
    },
    /// A later version has set a rule that could forbid the act.
    #[error("the policy has a rule that this version of strongroom does not know")]
    Newer,
    /// The API key has no owner.
    #[error("the policy demands that every API key has an owner")]
    Owner,
    /// The text is no regular expression.
    #[error("the pattern of reasons is no regular expression: {problem}")]
    Pattern {
        /// What is wrong with it.
        problem: String,
    },
    /// The regular expression is too long.
    #[error("the pattern of reasons has {len} bytes: 1 to {MAX_PATTERN_LEN} can be taken")]
    PatternLength {
        /// Its length.
        len: usize,
    },
    /// The act has no reason, or another one.
    #[error("the policy demands a reason in which `{pattern}` is found")]
    Reason {
        /// What has to be found in it.
        pattern: String,
    },
    /// Master keys would be refused before they are old.
    #[error("master keys cannot be refused before the age at which they are due")]
    Refusal,
    /// A token was to be recovered on its own.
    #[error("the policy demands that an API key is reissued when it is recovered")]
    Reissue,
    /// A time span is out of bounds.
    #[error("the {rule} is 1 s to 365000 days")]
    Span {
        /// Of which rule.
        rule: &'static str,
    },
    /// An imported token is too weak.
    #[error(
        "the policy takes imported tokens of {least} bits of strength or more, and this one has {bits} at the most"
    )]
    Strength {
        /// The estimate.
        bits: u32,
        /// What the policy demands.
        least: u32,
    },
}

impl PolicyError {
    /// The error in one stable word.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Age { .. } => "policy-age",
            Self::Expiry => "policy-expiry",
            Self::Newer => "policy-newer",
            Self::Owner => "policy-owner",
            Self::Pattern { .. } | Self::PatternLength { .. } => "policy-pattern",
            Self::Reason { .. } => "policy-reason",
            Self::Refusal | Self::Span { .. } => "policy-span",
            Self::Grace { .. } | Self::Reissue => "policy-reissue",
            Self::Bits | Self::Strength { .. } => "policy-strength",
        }
    }
}

/// In the largest unit that leaves nothing over, as the command line takes it.
fn span_text(span: Duration) -> String {
    let secs = span.as_secs();
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let whole = units.into_iter().find(|(unit, _)| secs > 0 && secs.is_multiple_of(*unit));
    whole.map_or_else(|| format!("{secs}s"), |(unit, name)| format!("{}{name}", secs / unit))
}

/// The longest regular expression, in bytes.
const MAX_PATTERN_LEN: usize = 256;
/// Of the compiled expression, in bytes.
const MAX_PATTERN_SIZE: usize = 64 * 1024;
const MAX_PATTERN_NESTING: u32 = 32;
/// What can be asked of an imported token.
const MIN_BITS: std::ops::RangeInclusive<u32> = 1..=256;
const MIN_SPAN: Duration = Duration::from_secs(1);
const MAX_SPAN: Duration = Duration::from_secs(365_000 * 86_400);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_found_anywhere_unless_it_is_tied() {
        let found = |pattern: &str, reason| ReasonPattern::new(pattern).expect("a pattern").is_in(reason);
        assert!(found("OPS-[0-9]+", "see OPS-17 for more"));
        assert!(!found("^OPS-[0-9]+", "see OPS-17"));
        assert!(found("^OPS-[0-9]+$", "OPS-17"));
        assert!(!found("^OPS-[0-9]+$", "OPS-17\nsee OPS-18"));
    }

    #[test]
    fn patterns_are_bounded() {
        assert_eq!(ReasonPattern::new(""), Err(PolicyError::PatternLength { len: 0 }));
        assert_eq!(ReasonPattern::new("x".repeat(257)), Err(PolicyError::PatternLength { len: 257 }));
        for bad in ["(", "a{1000}{1000}", &"(".repeat(40), "\\p{L}"] {
            assert!(matches!(ReasonPattern::new(bad), Err(PolicyError::Pattern { .. })), "{bad}");
        }
        // What takes exponential time elsewhere.
        assert!(!ReasonPattern::new("^(a+)+$").expect("a pattern").is_in(&format!("{}!", "a".repeat(1_023))));
    }

    #[test]
    fn spans_are_written_as_they_are_given() {
        for (secs, text) in [(86_400 * 90, "90d"), (3_600, "1h"), (5_400, "90m"), (61, "61s"), (0, "0s")] {
            assert_eq!(span_text(Duration::from_secs(secs)), text);
        }
    }

    #[test]
    fn rules_out_of_bounds_are_named() {
        let day = Duration::from_secs(86_400);
        let of = |edit: fn(&mut Policy, Duration)| {
            let mut policy = Policy::default();
            edit(&mut policy, day);
            policy.check()
        };
        assert_eq!(of(|policy, day| policy.max_key_age = Some(day)), Ok(()));
        let span = |rule| Err(PolicyError::Span { rule });
        assert_eq!(of(|policy, _| policy.max_key_age = Some(Duration::ZERO)), span("maximum age of API keys"));
        assert_eq!(
            of(|policy, day| policy.reissue_on_recovery = Some(day * 365_001)),
            span("grace of a forced reissue")
        );
        let ages = |warn, refuse| AgePolicy { warn, refuse };
        let mut policy = Policy { master_key_age: Some(ages(2 * day, day)), ..Policy::default() };
        assert_eq!(policy.check(), Err(PolicyError::Refusal));
        policy.master_key_age = Some(ages(day, day));
        assert_eq!(policy.check(), Ok(()));
        for (bits, checked) in [(0, Err(PolicyError::Bits)), (1, Ok(())), (256, Ok(())), (257, Err(PolicyError::Bits))]
        {
            assert_eq!(Policy::new().min_import_bits(bits).check(), checked);
        }
    }
}
