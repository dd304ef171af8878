//! How each thing is shown: as rows for people, and as documents for programs.

pub(crate) mod api_key;
pub(crate) mod backup;
pub(crate) mod finding;
pub(crate) mod master_key;
pub(crate) mod page;
pub(crate) mod policy;
pub(crate) mod rotation;
pub(crate) mod usage;
