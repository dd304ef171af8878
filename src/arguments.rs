//! What calls take in more than one shape.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::SystemTime;

use crate::time::Timestamp;

/// A value, or an option of one: what setters take, so that whoever has an option need not ask whether there is anything in it.
/// `None` says nothing: it is as if the setter had not been called.
///
/// ```
/// use strongroom::Query;
/// let owner: Option<String> = None;
/// let query = Query::new().name_contains("billing").owner(owner).limit(10);
/// ```
pub trait Maybe<T> {
    /// The value, if there is one.
    fn maybe(self) -> Option<T>;
}

impl<T> Maybe<T> for T {
    fn maybe(self) -> Option<T> {
        Some(self)
    }
}

impl<T> Maybe<T> for Option<T> {
    fn maybe(self) -> Option<T> {
        self
    }
}

/// What is turned into a value, alone or in an option.
macro_rules! also {
    ($target:ty: $($source:ty),+) => {$(
        impl<'a> Maybe<$target> for $source {
            fn maybe(self) -> Option<$target> {
                Some(self.into())
            }
        }

        impl<'a> Maybe<$target> for Option<$source> {
            fn maybe(self) -> Option<$target> {
                self.map(Into::into)
            }
        }
    )+};
}

also!(String: &'a str, &'a String, Cow<'a, str>, Box<str>);
also!(Cow<'a, str>: &'a str, &'a String, String);
also!(IpAddr: Ipv4Addr, Ipv6Addr, [u8; 4]);
also!(Timestamp: SystemTime);
