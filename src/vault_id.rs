//! The id of a vault.

use crate::secret::{RandomError, hex_id, random_array};

hex_id! {
    /// 16 random bytes that name a vault and are bound into everything it seals; written in hex.
    pub struct VaultId(pub(crate) [u8; 16]);

    "vault id" => "the id of a vault is 32 lower-case hexadecimal characters"
}

impl VaultId {
    pub(crate) fn random() -> Result<Self, RandomError> {
        random_array().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id = VaultId::random().expect("random");
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in [&id.to_string()[1..], "", &format!("{id}0"), "AA1EB8FFA580315602FBBAF5F471EC15", &"g".repeat(32)]
        {
            assert!(wrong.parse::<VaultId>().is_err(), "{wrong}");
        }
    }
}
