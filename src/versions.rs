//! The numbers of master keys and of generations of data keys, which are no numbers of anything else.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::parse_error::ParseError;

/// A number from 1 as a type of its own. Behind it stand what it is and how it is written.
macro_rules! version {
    ($(#[$about:meta])* pub struct $name:ident; $what:literal => $expected:literal) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
        #[cbor(transparent)]
        #[serde(transparent)]
        pub struct $name(#[n(0)] NonZeroU32);

        impl $name {
            /// The first there is: 1.
            pub const FIRST: Self = Self(NonZeroU32::MIN);

            /// The number.
            pub const fn get(self) -> u32 {
                self.0.get()
            }

            /// The one after; `None` after the last there can be.
            #[must_use]
            pub fn next(self) -> Option<Self> {
                self.0.checked_add(1).map(Self)
            }

            pub(crate) fn to_be_bytes(self) -> [u8; 4] {
                self.get().to_be_bytes()
            }

            fn malformed() -> ParseError {
                ParseError::new($what, $expected)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, out)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, out)
            }
        }

        /// Decimal, and in one spelling: without a sign, and without zeros in front.
        impl FromStr for $name {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                let one_spelling = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
                text.parse().ok().filter(|_| one_spelling).map(Self).ok_or_else(Self::malformed)
            }
        }

        /// 0 is none.
        impl TryFrom<u32> for $name {
            type Error = ParseError;

            fn try_from(number: u32) -> Result<Self, ParseError> {
                NonZeroU32::new(number).map(Self).ok_or_else(Self::malformed)
            }
        }

        impl From<NonZeroU32> for $name {
            fn from(number: NonZeroU32) -> Self {
                Self(number)
            }
        }

        impl From<$name> for u32 {
            fn from(number: $name) -> Self {
                number.get()
            }
        }

        impl From<$name> for u64 {
            fn from(number: $name) -> Self {
                number.get().into()
            }
        }
    };
}

version! {
    /// The version of a master key, from 1. The vault goes from one to a higher one, and never back.
    ///
    /// ```
    /// use strongroom::MasterKeyVersion;
    ///
    /// let version = MasterKeyVersion::try_from(2)?;
    /// assert_eq!("2".parse(), Ok(version));
    /// assert!(version > MasterKeyVersion::FIRST);
    /// assert!(MasterKeyVersion::try_from(0).is_err());
    /// # Ok::<(), strongroom::ParseError>(())
    /// ```
    pub struct MasterKeyVersion;

    "master key version" => "the version of a master key is a number from 1 to 4294967295"
}

version! {
    /// The number of a generation of data keys, from 1. A vault begins with the first, and each rotation that moves the
    /// records adds one. It says nothing of the version of the master key above it.
    pub struct Generation;

    "generation" => "a generation is a number from 1 to 4294967295"
}

impl Generation {
    pub(crate) fn from_be_bytes(bytes: [u8; 4]) -> Option<Self> {
        NonZeroU32::new(u32::from_be_bytes(bytes)).map(Self)
    }
}

#[cfg(test)]
pub(crate) fn version(number: u32) -> MasterKeyVersion {
    number.try_into().expect("not zero")
}

#[cfg(test)]
pub(crate) fn generation(number: u32) -> Generation {
    number.try_into().expect("not zero")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_one_spelling() {
        for good in [1, 2, 10, u32::MAX] {
            let version = MasterKeyVersion::try_from(good).expect("not zero");
            assert_eq!((version.get(), version.to_string().parse()), (good, Ok(version)));
            assert_eq!(format!("{version:?} {version:>12}"), format!("{good} {good:>12}"));
        }
        for bad in ["", "0", "00", "01", "+1", "-1", " 1", "1 ", "1.0", "0x1", "4294967296", "\u{661}"] {
            let error = bad.parse::<MasterKeyVersion>().expect_err(bad);
            assert_eq!(error.what(), "master key version", "{bad}");
        }
        assert!(MasterKeyVersion::try_from(0).is_err());
    }

    #[test]
    fn they_are_written_as_numbers_and_zero_is_not_read() {
        let seven = Generation::try_from(7).expect("not zero");
        assert_eq!(serde_json::to_string(&seven).ok().as_deref(), Some("7"));
        assert_eq!(serde_json::from_str("7").ok(), Some(seven));
        assert!(serde_json::from_str::<Generation>("0").is_err());
        assert_eq!(minicbor::to_vec(seven).expect("memory"), [7]);
        assert_eq!(minicbor::decode(&[7]).ok(), Some(seven));
        assert!(minicbor::decode::<Generation>(&[0]).is_err());
    }
}
