//! Hardware address, address, gateway, name server and link of the one network interface.

use super::place;
use super::receipt::{at, Proof, Proven, NOT_ASKED};
use crate::refusal::Refusal;
use crate::sys::netif::Interface;
use crate::system::System;
use hearth_wire::fields::Fields;
use std::net::Ipv4Addr;

/// The interface that is personalised.
pub const INTERFACE: &str = "eth0";

const NO_INTERFACE: Proven = Ok(Proof::Lacking("there is no eth0 that may be changed"));

/// What IDENTIFY says of the network.
#[derive(Debug, PartialEq, Eq)]
pub struct Network {
    mac: Option<[u8; 6]>,
    address: Option<(Ipv4Addr, u8)>,
    gateway: Option<Ipv4Addr>,
    dns: Option<Ipv4Addr>,
}

impl Network {
    /// Reads fields 6 to 9 of IDENTIFY.
    pub fn parse(fields: &Fields<'_>) -> Result<Self, Refusal> {
        let mac = fields.optional_bytes(6)?.map(|mac| {
            let mac: [u8; 6] = mac.try_into().map_err(|_| invalid(6, "mac", "6 bytes"))?;
            // Bit 0 of the first byte: a group, which nobody can be.
            if mac[0] & 1 == 0 {
                Ok(mac)
            } else {
                Err(invalid(6, "mac", "the address of one interface"))
            }
        });
        let address =
            fields.optional_text(7)?.map(|text| with_prefix(text).ok_or_else(|| invalid(7, "address", "a.b.c.d/n")));
        let plain = |tag, name| {
            let text = fields.optional_text(tag)?;
            text.map(|text| text.parse().map_err(|_| invalid(tag, name, "a.b.c.d"))).transpose()
        };
        Ok(Self {
            mac: mac.transpose()?,
            address: address.transpose()?,
            gateway: plain(8, "gateway")?,
            dns: plain(9, "dns")?,
        })
    }

    /// The way to everywhere, which is lost when the link goes down.
    pub fn gateway(&self) -> Option<Ipv4Addr> {
        self.gateway
    }

    /// Evidence: the hardware address as the kernel says.
    pub fn apply_mac(&self, system: &System) -> Proven {
        let (mac, interface) = match (self.mac, open(system)) {
            (None, _) => return NOT_ASKED,
            (_, None) => return NO_INTERFACE,
            (Some(mac), Some(interface)) => (mac, interface),
        };
        at("set the MAC", interface.set_mac(mac))?;
        let read = at("read the MAC", interface.mac())?;
        Ok(Proof::Done(read.map(|byte| format!("{byte:02x}")).join(":")))
    }

    /// Evidence: address and prefix as the kernel says.
    pub fn apply_address(&self, system: &System) -> Proven {
        let ((address, prefix), interface) = match (self.address, open(system)) {
            (None, _) => return NOT_ASKED,
            (_, None) => return NO_INTERFACE,
            (Some(address), Some(interface)) => (address, interface),
        };
        at("set the link up", interface.set_up(true))?;
        at("set the address", interface.set_address(address, prefix))?;
        if let Some(gateway) = self.gateway {
            at("set the gateway", interface.set_gateway(gateway))?;
        }
        if let Some(dns) = self.dns {
            let path = system.path("/etc/resolv.conf");
            at("/etc", place::directories(&system.path("/etc")))?;
            at("/etc/resolv.conf", place::write(&path, format!("nameserver {dns}\n").as_bytes(), 0o644))?;
        }
        let (address, prefix) = at("read the address", interface.address())?;
        Ok(Proof::Done(format!("{address}/{prefix}")))
    }
}

/// Sets the link up or down. Evidence: which it is.
pub fn apply_link(up: bool, gateway: Option<Ipv4Addr>, system: &System) -> Proven {
    let interface = match open(system) {
        None => return NO_INTERFACE,
        Some(interface) => interface,
    };
    let before = at("read the link", interface.is_up())?;
    if before != up {
        at("set the link", interface.set_up(up))?;
        if let (true, Some(gateway)) = (up, gateway) {
            at("set the gateway", interface.set_gateway(gateway))?;
        }
    }
    let up = at("read the link", interface.is_up())?;
    Ok(Proof::Done(if up { "up" } else { "down" }.into()))
}

fn open(system: &System) -> Option<Interface> {
    Interface::open(INTERFACE).ok().filter(|_| system.kernel)
}

fn with_prefix(text: &str) -> Option<(Ipv4Addr, u8)> {
    let (address, prefix) = text.split_once('/')?;
    let number = prefix.parse().ok().filter(|number: &u8| (1..=32).contains(number) && prefix == number.to_string())?;
    Some((address.parse().ok()?, number))
}

fn invalid(tag: u8, name: &str, allowed: &str) -> Refusal {
    Refusal::invalid(format!("field {tag} ({name}) has a wrong value, allowed is {allowed}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hearth_wire::fields::FieldWriter;

    fn parse(fill: impl FnOnce(&mut FieldWriter)) -> Result<Network, Refusal> {
        let mut fields = FieldWriter::new();
        fill(&mut fields);
        Network::parse(&Fields::parse(fields.as_bytes()).unwrap())
    }

    #[test]
    fn reads_what_is_there() {
        let network = parse(|w| {
            w.bytes(6, &[2, 0, 0, 0, 0, 1]).text(7, "10.77.3.15/24").text(8, "10.77.3.2").text(9, "10.77.3.3");
        });
        let expected = Network {
            mac: Some([2, 0, 0, 0, 0, 1]),
            address: Some((Ipv4Addr::new(10, 77, 3, 15), 24)),
            gateway: Some(Ipv4Addr::new(10, 77, 3, 2)),
            dns: Some(Ipv4Addr::new(10, 77, 3, 3)),
        };
        assert_eq!(network, Ok(expected));
        assert_eq!(parse(|_| ()), Ok(Network { mac: None, address: None, gateway: None, dns: None }));
    }

    #[test]
    fn refuses_what_is_no_address() {
        for address in ["10.0.0.1", "10.0.0.1/0", "10.0.0.1/33", "10.0.0.1/+8", "10.0.0/8", "::1/64", "10.0.0.1/08"] {
            assert!(
                parse(|w| {
                    w.text(7, address);
                })
                .is_err(),
                "{address}"
            );
        }
        for mac in [&b"\x01\0\0\0\0\0"[..], b"\x02\0\0\0\0"] {
            assert!(parse(|w| {
                w.bytes(6, mac);
            })
            .is_err());
        }
    }

    #[test]
    fn a_service_that_leaves_the_kernel_alone_says_so() {
        let system = System::of_service("/nowhere".into(), false);
        assert_eq!(apply_link(true, None, &system), NO_INTERFACE);
        let network = parse(|w| {
            w.bytes(6, &[2, 0, 0, 0, 0, 1]);
        })
        .unwrap();
        assert_eq!(network.apply_mac(&system), NO_INTERFACE);
        assert_eq!(network.apply_address(&system), NOT_ASKED);
    }
}
