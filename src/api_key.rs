//! What a service says of an API key when it issues one, and what verification and listing show of it.

mod life;
mod limit;
mod network;
mod new;
mod past;
mod refusal;
mod reissue;
mod request;
mod revision;
mod scope;
mod shown;
mod status;
mod stored;
mod terms;
mod update;

pub use life::LifeError;
pub use limit::LimitError;
pub(crate) use limit::check_prefix;
pub use network::Network;
pub(crate) use new::Expiry;
pub use new::NewApiKey;
pub(crate) use past::Past;
pub use refusal::Refusal;
pub use reissue::Reissue;
pub use request::Request;
pub use revision::Revision;
pub use shown::ApiKey;
pub use status::Status;
pub(crate) use stored::{Attributes, digest_in, each_committed_field, edited, with_exposure};
pub(crate) use terms::Terms;
pub use update::Update;
