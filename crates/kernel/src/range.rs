//! Ranges of network addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Addresses with the same first bits: `10.0.0.0/8`. An IPv6 range of mapped IPv4 addresses is a
/// range of IPv4 ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange {
    network: IpAddr,
    bits: u8,
}

impl AddressRange {
    pub(crate) const fn v4(a: u8, b: u8, c: u8, bits: u8) -> Self {
        Self { network: IpAddr::V4(Ipv4Addr::new(a, b, c, 0)), bits }
    }

    pub(crate) const fn v6(first: u16, second: u16, bits: u8) -> Self {
        Self { network: IpAddr::V6(Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0)), bits }
    }

    /// Whether an address is in it; a mapped IPv4 address counts as that.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }
}

/// The text is neither an address nor a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRange;

impl FromStr for AddressRange {
    type Err = NoRange;

    /// Reads an address, or one and a number of bits that fits it.
    fn from_str(text: &str) -> Result<Self, NoRange> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| NoRange)?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NoRange)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        if bits > most {
            return Err(NoRange);
        }
        match address.to_canonical() {
            network @ IpAddr::V4(_) if address.is_ipv6() => {
                // Half of a shorter one is IPv4, and would never match.
                Ok(Self { network, bits: bits.checked_sub(96).ok_or(NoRange)? })
            }
            network => Ok(Self { network, bits }),
        }
    }
}

#[cfg(test)]
#[path = "range_tests.rs"]
mod tests;
