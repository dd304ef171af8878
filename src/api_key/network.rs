//! Networks an API key may be used from.

use crate::parse_error::ParseError;
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

    /// Whether the two have an address in common: one of them then lies in the other.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.0.contains(&other.0) || other.0.contains(&self.0)
    }
}

impl FromStr for Network {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let network = match text.parse::<IpAddr>() {
            Ok(address) => IpNet::from(address.to_canonical()),
            Err(_) => text.parse::<IpNet>().map_err(|_| malformed(MALFORMED))?,
        };
        let mapped = Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0);
        match network {
            IpNet::V6(v6) if v6.prefix_len() >= 96 && v6.network().segments()[..6] == mapped.segments()[..6] => {
                Err(malformed(MAPPED))
            }
            _ if network.trunc() != network => Err(malformed(HOST_BITS)),
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

fn malformed(expected: &'static str) -> ParseError {
    ParseError::new("network", expected)
}

const MALFORMED: &str = "not an IP address or network such as 10.0.0.0/8 or 2001:db8::/32";
/// An address inside the network was given, which hides a typo.
const HOST_BITS: &str = "the network has bits set behind its prefix length";
const MAPPED: &str = "write an IPv4 network as IPv4, not mapped into IPv6";

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
        let network = |text: &str| text.parse::<Network>().expect(text);
        let wide = network("10.0.0.0/8");
        assert!(wide.overlaps(&network("10.1.0.0/16")) && network("10.1.2.3").overlaps(&wide));
        assert!(!wide.overlaps(&network("11.0.0.0/8")) && !wide.overlaps(&network("::/0")));
    }
}
