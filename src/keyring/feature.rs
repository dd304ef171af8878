//! What a reader has to know beyond the first version of the format, by its names in the keyring (docs/format.md, Features).

/// Something that this version writes and reads. Who does not know it stops at the keyring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Feature {
    /// API keys with networks from which they may not be used: who passed over them would let those in.
    DenyLists,
}

impl Feature {
    /// Changing one turns every vault away that has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::DenyLists => "deny-lists",
        }
    }

    pub(super) fn is_known(name: &str) -> bool {
        ALL.into_iter().any(|feature| feature.name() == name)
    }
}

const ALL: [Feature; 1] = [Feature::DenyLists];
