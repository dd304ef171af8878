//! Networks an API key may be used from.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use ipnet::IpNet;

use crate::written::written_as_text;

/// An IPv4 or IPv6 network such as `10.0.0.0/8`; a single address is a network of one.
///
/// ```
/// use strongroom::Network;
/// let network: Network = "10.1.0.0/16".parse()?;
/// assert!(network.contains("10.1.2.3".parse()?));
/// assert!(network.contains("::ffff:10.1.2.3".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpNet);

impl Network {
    /// Whether an address lies in the network. An IPv4 address mapped into IPv6 counts as the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let network = match text.parse::<IpAddr>() {
            Ok(address) => IpNet::from(address.to_canonical()),
            Err(_) => text.parse::<IpNet>().map_err(|_| NetworkError::Malformed)?,
        };
        let mapped = Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0);
        match network {
            IpNet::V6(v6) if v6.prefix_len() >= 96 && v6.network().segments()[..6] == mapped.segments()[..6] => {
                Err(NetworkError::Mapped)
            }
            _ if network.trunc() != network => Err(NetworkError::HostBits),
            _ => Ok(Self(network)),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, out)
    }
}

written_as_text!(Network);

/// Why a text is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// An address inside the network was given, which hides a typo.
    #[error("the network has bits set behind its prefix length")]
    HostBits,
    /// Neither an address nor a network.
    #[error("not an IP address or network such as 10.0.0.0/8 or 2001:db8::/32")]
    Malformed,
    /// IPv4 written inside IPv6.
    #[error("write an IPv4 network as IPv4, not mapped into IPv6")]
    Mapped,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_have_one_spelling() {
        for good in ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "0.0.0.0/0", "::/0"] {
            assert_eq!(good.parse::<Network>().expect(good).to_string(), good);
        }
        assert_eq!("192.0.2.7".parse::<Network>().expect("address").to_string(), "192.0.2.7/32");
        for bad in ["", "10.0.0.1/8", "10.0.0.0/33", "10.0.0", "::ffff:10.0.0.0/104", "localhost"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }
}
