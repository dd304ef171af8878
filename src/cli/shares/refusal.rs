//! What is wrong with shares, with the names of their files.

use strongroom::Error;
use strongroom::escrow::{CombineError, KeyShare, KeyShareError};
use strongroom::master::MasterKeyError;

use crate::failure::Failure;
use crate::text::counted;
use crate::told::{Told, weak_hint};

/// Why these files give no key, and which of them are to blame.
pub(super) fn uncombined(
    error: CombineError,
    shares: &[KeyShare],
    names: &[String],
    broken: &[(String, KeyShareError)],
) -> Failure {
    let faults: Vec<_> = broken.iter().map(|(name, error)| format!("{name}: {error}")).collect();
    let (message, hint) = match &error {
        CombineError::OtherSet { places } => {
            let mut causes = faults;
            causes.extend(names.iter().zip(shares).map(|(name, share)| {
                let of = format!("{} of {} of set {}", share.index(), share.number(), share.set());
                format!("{name}: share {of}, for master key {} ({})", share.version(), share.fingerprint())
            }));
            let strangers: Vec<_> = places.iter().map(|at| names[*at].as_str()).collect();
            let message = format!("not of the same set as {}: {}", names[0], strangers.join(", "));
            return told(error, message, causes, "give shares of one set alone; each file says of which it is");
        }
        CombineError::TooFew { found, threshold, repeated } => {
            let again: Vec<_> = repeated.iter().map(|at| format!("{}: repeats another share", names[*at])).collect();
            let message = format!("{threshold} different shares are needed, and there {}", are(*found));
            let missing = counted((threshold - found) as u64, "share");
            let hint = format!("add {missing} of set {}", shares.first().map(KeyShare::set).unwrap_or_default());
            return told(error, message, [faults, again].concat(), &hint);
        }
        CombineError::None => ("none of the files holds a share".to_owned(), FILES.to_owned()),
        CombineError::Key(MasterKeyError::Weak { fingerprint, findings }) => {
            (error.to_string(), weak_hint(findings, *fingerprint))
        }
        CombineError::Unproven { .. } => {
            (error.to_string(), "add one share more than is needed: with it the wrong one is found".into())
        }
        _ => (error.to_string(), "give fewer shares at a time, each time others".into()),
    };
    told(error, message, faults, &hint)
}

fn told(error: CombineError, message: String, causes: Vec<String>, hint: &str) -> Failure {
    let error = Error::from(error);
    let mut told = Told::new(error.kind().into(), error.code(), message).hint(hint);
    told.causes = causes;
    told.into()
}

fn are(found: usize) -> String {
    if found == 1 { "is 1".into() } else { format!("are {found}") }
}

const FILES: &str =
    "name the files that `strongroom master-key split` wrote, or words typed into one file for each share";
