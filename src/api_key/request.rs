//! From where, and for what, a token is presented.

use std::borrow::Cow;
use std::net::IpAddr;

use super::scope::grants;
use crate::arguments::Maybe;

/// From where, and for what, a token is presented.
///
/// ```
/// use strongroom::Request;
/// let request = Request::new().all_of(["invoices:read", "invoices:export"]).any_of(["eu", "us"]);
/// ```
///
/// What is demanded adds up: no call takes back what an earlier one demanded. Scopes are compared byte for byte: `invoices:*` is a scope
/// of that name, and stands for others only in an API key that says so ([`NewApiKey::wildcard_scopes`](crate::NewApiKey::wildcard_scopes)).
#[derive(Clone, Debug, Default)]
pub struct Request<'a> {
    pub(crate) address: Option<IpAddr>,
    pub(crate) endpoint: Option<Cow<'a, str>>,
    scopes: Scopes<'a>,
    choices: Vec<Vec<Cow<'a, str>>>,
}

impl<'a> Request<'a> {
    /// Nothing known: an API key that is bound to networks, or kept from some, is refused.
    pub fn new() -> Self {
        Self::default()
    }

    /// The caller's address.
    #[must_use]
    pub fn address(mut self, address: impl Maybe<IpAddr>) -> Self {
        self.address = address.maybe().or(self.address);
        self
    }

    /// A scope the API key must have, beside those that are demanded already.
    #[must_use]
    pub fn scope(self, scope: impl Into<Cow<'a, str>>) -> Self {
        self.all_of([scope])
    }

    /// Scopes the API key must have, every one. None of them demands nothing.
    #[must_use]
    pub fn all_of(mut self, scopes: impl IntoIterator<Item = impl Into<Cow<'a, str>>>) -> Self {
        scopes.into_iter().for_each(|scope| self.scopes.add(scope.into()));
        self
    }

    /// Scopes of which the API key must have at least one. Called again, it must have one of those as well. Of none it can have
    /// none: every API key is refused then.
    #[must_use]
    pub fn any_of(mut self, scopes: impl IntoIterator<Item = impl Into<Cow<'a, str>>>) -> Self {
        self.choices.push(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// What the token is presented for, such as `/v1/invoices`: to be counted with the API key's uses, and nothing else. Give
    /// the route and not what varies within it: an API key keeps counts of 1,000 endpoints, of 500 bytes each.
    #[must_use]
    pub fn endpoint(mut self, endpoint: impl Maybe<Cow<'a, str>>) -> Self {
        self.endpoint = endpoint.maybe().or(self.endpoint);
        self
    }

    /// The same request, which borrows nothing and can be sent to another thread.
    pub fn into_owned(self) -> Request<'static> {
        let owned = |text: Cow<'a, str>| Cow::Owned(text.into_owned());
        let all = |texts: Vec<Cow<'a, str>>| texts.into_iter().map(owned).collect();
        Request {
            address: self.address,
            endpoint: self.endpoint.map(owned),
            scopes: Scopes { first: self.scopes.first.map(owned), others: all(self.scopes.others) },
            choices: self.choices.into_iter().map(all).collect(),
        }
    }

    /// Whether an API key that has these scopes, with wildcards among them or not, has those that are demanded.
    pub(crate) fn is_met_by(&self, scopes: &[String], wildcards: bool) -> bool {
        let has = |wanted: &Cow<'_, str>| scopes.iter().any(|scope| grants(scope, wanted, wildcards));
        self.scopes.iter().all(has) && self.choices.iter().all(|choice| choice.iter().any(has))
    }
}

/// Scopes, of which the first needs no memory of its own: mostly there is one, and it is asked for with every verification.
#[derive(Clone, Debug, Default)]
struct Scopes<'a> {
    first: Option<Cow<'a, str>>,
    others: Vec<Cow<'a, str>>,
}

impl<'a> Scopes<'a> {
    fn add(&mut self, scope: Cow<'a, str>) {
        if self.first.is_none() {
            self.first = Some(scope);
        } else {
            self.others.push(scope);
        }
    }

    fn iter(&self) -> impl Iterator<Item = &Cow<'a, str>> {
        self.first.iter().chain(&self.others)
    }
}
