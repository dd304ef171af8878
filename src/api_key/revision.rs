//! The revision of an API key: what a caller saw, so that a change can insist on it.

use crate::secret::hex_id;

hex_id! {
    /// Eight bytes, written as 16 hexadecimal digits, that are new whenever the record of an API key is written: by any
    /// change, and by a rotation of the master key. They say nothing else.
    pub struct Revision([u8; 8]);

    "revision" => "a revision is 16 hexadecimal digits, as `show` prints it"
}

impl Revision {
    pub(crate) fn of(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_has_one_spelling() {
        let good = "00ff17a9c3d2e1f0";
        assert_eq!(good.parse::<Revision>().expect(good).to_string(), good);
        for bad in
            ["", "00FF17A9C3D2E1F0", "00ff17a9c3d2e1", "00ff17a9c3d2e1f000", "00ff17a9c3d2e1fg", "00ff17a9c3d2e1f"]
        {
            assert!(bad.parse::<Revision>().is_err(), "{bad}");
        }
    }
}
