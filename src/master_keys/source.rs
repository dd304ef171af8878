//! What a source of master keys is.

use super::error::MasterKeysError;
use super::held::MasterKeys;
use crate::key_source::{KeyCommand, KeyFile, KeyVariable, Origin, SystemdCredential, TextSource};
use crate::master_key::Waivers;

/// A place that master keys come from. Implement it for a key service of your own, and give it to
/// [`MasterKeys::from_sources`].
///
/// ```
/// use strongroom::error::RandomError;
/// use strongroom::master::{MasterKeysError, MasterKeySource, Origin};
/// use strongroom::{MasterKey, MasterKeyVersion, MasterKeys};
///
/// struct Safe;
///
/// impl MasterKeySource for Safe {
///     fn origin(&self) -> Origin {
///         Origin::Other("the safe".into())
///     }
///
///     fn read(&self) -> Result<Option<MasterKeys>, MasterKeysError> {
///         let failed = |error: RandomError| MasterKeysError::Other { origin: self.origin(), source: Box::new(error) };
///         Ok(Some(MasterKeys::single(MasterKey::generate().map_err(failed)?)))
///     }
/// }
///
/// let keys = MasterKeys::from_sources([&Safe as &dyn MasterKeySource])?;
/// assert_eq!(keys.origin(MasterKeyVersion::FIRST), Some(&Safe.origin()));
/// # Ok::<(), MasterKeysError>(())
/// ```
pub trait MasterKeySource: Send + Sync {
    /// What it is called in messages.
    fn origin(&self) -> Origin;

    /// Reads it; `None` where there is no such source, such as a variable that is not set.
    fn read(&self) -> Result<Option<MasterKeys>, MasterKeysError>;
}

fn read(source: &impl TextSource) -> Result<Option<MasterKeys>, MasterKeysError> {
    source.text()?.as_ref().map(|text| MasterKeys::parse_source(text, &Waivers::none())).transpose()
}

macro_rules! sources {
    ($($source:ty),+) => {
        $(impl MasterKeySource for $source {
            fn origin(&self) -> Origin {
                self.origin()
            }

            fn read(&self) -> Result<Option<MasterKeys>, MasterKeysError> {
                read(self)
            }
        })+
    };
}

sources!(KeyCommand, KeyFile, KeyVariable, SystemdCredential);
