//! Network interfaces and routes, through the old `ioctl`s (netdevice(7)): no netlink, little code.

use super::check;
use super::io::own;
use std::io::{Error, Result};
use std::net::Ipv4Addr;
use std::os::unix::io::{AsRawFd, OwnedFd};

// linux/sockios.h and linux/route.h; the libc crate has them for other systems only.
const SIOCADDRT: libc::c_ulong = 0x890b;
const SIOCDELRT: libc::c_ulong = 0x890c;
const SIOCGIFFLAGS: libc::c_ulong = 0x8913;
const SIOCSIFFLAGS: libc::c_ulong = 0x8914;
const SIOCGIFADDR: libc::c_ulong = 0x8915;
const SIOCSIFADDR: libc::c_ulong = 0x8916;
const SIOCGIFNETMASK: libc::c_ulong = 0x891b;
const SIOCSIFNETMASK: libc::c_ulong = 0x891c;
const SIOCSIFHWADDR: libc::c_ulong = 0x8924;
const SIOCGIFHWADDR: libc::c_ulong = 0x8927;
const ROUTE_UP: u16 = 0x1;
const ROUTE_GATEWAY: u16 = 0x2;

const ETHERNET: u16 = 1;
const NAME_BYTES: usize = 16;

/// `struct ifreq`: a name, and a value whose meaning the request decides.
#[repr(C, align(8))]
struct Request {
    name: [u8; NAME_BYTES],
    value: [u8; 24],
}

/// One interface, by name.
pub struct Interface {
    socket: OwnedFd,
    name: [u8; NAME_BYTES],
}

impl Interface {
    /// The interface `name`; an error when there is none.
    pub fn open(name: &str) -> Result<Self> {
        // SAFETY: no memory is involved.
        let fd = check(unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) })?;
        let mut interface = Self { socket: own(fd), name: [0; NAME_BYTES] };
        if name.len() >= NAME_BYTES {
            return Err(Error::from_raw_os_error(libc::ENODEV));
        }
        interface.name[..name.len()].copy_from_slice(name.as_bytes());
        interface.flags()?;
        Ok(interface)
    }

    /// Says whether the interface is up.
    pub fn is_up(&self) -> Result<bool> {
        Ok(self.flags()? & libc::IFF_UP as u16 != 0)
    }

    /// Sets the interface up or down.
    pub fn set_up(&self, up: bool) -> Result<()> {
        let flags = self.flags()?;
        let flags = if up { flags | libc::IFF_UP as u16 } else { flags & !(libc::IFF_UP as u16) };
        self.tell(SIOCSIFFLAGS, &flags.to_ne_bytes())
    }

    /// The hardware address.
    pub fn mac(&self) -> Result<[u8; 6]> {
        let value = self.ask(SIOCGIFHWADDR)?;
        Ok([value[2], value[3], value[4], value[5], value[6], value[7]])
    }

    /// Sets the hardware address.
    pub fn set_mac(&self, mac: [u8; 6]) -> Result<()> {
        let mut address = [0; 8];
        address[..2].copy_from_slice(&ETHERNET.to_ne_bytes());
        address[2..].copy_from_slice(&mac);
        self.tell(SIOCSIFHWADDR, &address)
    }

    /// The IPv4 address and its prefix length.
    pub fn address(&self) -> Result<(Ipv4Addr, u8)> {
        let octets = |value: [u8; 24]| Ipv4Addr::new(value[4], value[5], value[6], value[7]);
        let mask = octets(self.ask(SIOCGIFNETMASK)?);
        Ok((octets(self.ask(SIOCGIFADDR)?), u32::from(mask).count_ones() as u8))
    }

    /// Sets the one IPv4 address.
    pub fn set_address(&self, address: Ipv4Addr, prefix: u8) -> Result<()> {
        let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
        self.tell(SIOCSIFADDR, &socket_address(address))?;
        self.tell(SIOCSIFNETMASK, &socket_address(Ipv4Addr::from(mask)))
    }

    /// Makes `gateway` the way to everywhere, instead of whatever was.
    pub fn set_gateway(&self, gateway: Ipv4Addr) -> Result<()> {
        // SAFETY: all zero is a valid rtentry.
        let mut route: libc::rtentry = unsafe { std::mem::zeroed() };
        route.rt_dst = c_socket_address(Ipv4Addr::UNSPECIFIED);
        route.rt_genmask = c_socket_address(Ipv4Addr::UNSPECIFIED);
        route.rt_flags = ROUTE_UP;
        loop {
            // SAFETY: the route is valid for the call.
            match check(unsafe { libc::ioctl(self.socket.as_raw_fd(), SIOCDELRT, &route) }) {
                Ok(_) => continue,
                Err(error) if error.raw_os_error() == Some(libc::ESRCH) => break,
                Err(error) => return Err(error),
            }
        }
        let mut name = self.name;
        route.rt_gateway = c_socket_address(gateway);
        route.rt_flags = ROUTE_UP | ROUTE_GATEWAY;
        route.rt_dev = name.as_mut_ptr().cast();
        // SAFETY: the route and the name it points to are valid for the call.
        check(unsafe { libc::ioctl(self.socket.as_raw_fd(), SIOCADDRT, &route) })?;
        Ok(())
    }

    fn flags(&self) -> Result<u16> {
        let value = self.ask(SIOCGIFFLAGS)?;
        Ok(u16::from_ne_bytes([value[0], value[1]]))
    }

    fn ask(&self, what: libc::c_ulong) -> Result<[u8; 24]> {
        let mut request = Request { name: self.name, value: [0; 24] };
        self.send(what, &mut request)?;
        Ok(request.value)
    }

    fn tell(&self, what: libc::c_ulong, value: &[u8]) -> Result<()> {
        let mut request = Request { name: self.name, value: [0; 24] };
        request.value[..value.len()].copy_from_slice(value);
        self.send(what, &mut request)
    }

    fn send(&self, what: libc::c_ulong, request: &mut Request) -> Result<()> {
        // SAFETY: every request used here reads or writes one ifreq, which `Request` is.
        check(unsafe { libc::ioctl(self.socket.as_raw_fd(), what, request as *mut Request) })?;
        Ok(())
    }
}

/// `struct sockaddr_in`: family, port, address.
fn socket_address(address: Ipv4Addr) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..2].copy_from_slice(&(libc::AF_INET as u16).to_ne_bytes());
    bytes[4..].copy_from_slice(&address.octets());
    bytes
}

fn c_socket_address(address: Ipv4Addr) -> libc::sockaddr {
    let mut data = [0; 14];
    for (to, from) in data[2..6].iter_mut().zip(address.octets()) {
        *to = from as libc::c_char;
    }
    libc::sockaddr { sa_family: libc::AF_INET as u16, sa_data: data }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_loopback_interface() {
        let loopback = Interface::open("lo").unwrap();
        assert_eq!(loopback.mac().unwrap(), [0; 6]);
        if loopback.is_up().unwrap() {
            assert_eq!(loopback.address().unwrap(), (Ipv4Addr::LOCALHOST, 8));
        }
    }

    #[test]
    fn an_interface_that_is_not_there_is_an_error() {
        assert!(Interface::open("nowhere9").is_err());
        assert!(Interface::open("a-name-that-is-far-too-long").is_err());
    }
}
