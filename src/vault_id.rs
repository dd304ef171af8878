//! The id of a vault.

use std::fmt;
use std::str::FromStr;

use crate::secret::{RandomError, hex, random_array};

/// 16 random bytes that name a vault and are bound into everything it seals; written in hex.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct VaultId(pub(crate) [u8; Self::LEN]);

impl VaultId {
    pub(crate) const LEN: usize = 16;

    pub(crate) fn random() -> Result<Self, RandomError> {
        random_array().map(Self)
    }
}

impl fmt::Display for VaultId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for VaultId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for VaultId {
    type Err = VaultIdError;

    fn from_str(text: &str) -> Result<Self, VaultIdError> {
        let mut bytes = [0; Self::LEN];
        match base16ct::lower::decode(text, &mut bytes) {
            Ok(decoded) if decoded.len() == Self::LEN => Ok(Self(bytes)),
            _ => Err(VaultIdError),
        }
    }
}

/// The text is not 32 lower-case hexadecimal characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the id of a vault is 32 lower-case hexadecimal characters")]
pub struct VaultIdError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id = VaultId::random().expect("random");
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in [&id.to_string()[1..], "", &format!("{id}0"), "AA1EB8FFA580315602FBBAF5F471EC15", &"g".repeat(32)]
        {
            assert_eq!(wrong.parse::<VaultId>(), Err(VaultIdError), "{wrong}");
        }
    }
}
