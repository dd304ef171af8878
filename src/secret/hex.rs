//! Bytes as lower-case hexadecimal, and the ids that have no other spelling.

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}

/// Whether a text is so many digits of it.
pub(crate) fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// An id of some bytes, printed and parsed in its one spelling. Behind it stand what it is and how it is written.
macro_rules! hex_id {
    (
        $(#[$id_about:meta])*
        pub struct $id:ident($reach:vis [u8; $len:literal]);

        $what:literal => $expected:literal
    ) => {
        $(#[$id_about])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $id($reach [u8; Self::LEN]);

        impl $id {
            pub(crate) const LEN: usize = $len;
        }

        impl std::fmt::Display for $id {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str(&$crate::secret::hex(&self.0))
            }
        }

        $crate::written::written_as_text!($id);

        impl std::fmt::Debug for $id {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, out)
            }
        }

        impl std::str::FromStr for $id {
            type Err = $crate::parse_error::ParseError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let mut bytes = [0; Self::LEN];
                match base16ct::lower::decode(text, &mut bytes) {
                    Ok(decoded) if decoded.len() == Self::LEN => Ok(Self(bytes)),
                    _ => Err($crate::parse_error::ParseError::new($what, $expected)),
                }
            }
        }
    };
}

pub(crate) use hex_id;
