//! `master-key`: made, checked, split, put together, and turned into verifier keys.

mod check;
mod combine;
mod generate;
mod split;
mod verifier;

pub(crate) use check::check;
pub(crate) use combine::combine;
pub(crate) use generate::generate;
pub(crate) use split::split;
pub(crate) use verifier::verifier;
