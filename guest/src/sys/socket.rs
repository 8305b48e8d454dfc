//! Connecting without waiting for it.

use super::check;
use super::io::own;
use std::io::{Error, Result};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::io::{AsRawFd, OwnedFd};

/// Starts to connect; writable tells that it is done, `take_error` whether it worked.
pub fn start_connecting(address: SocketAddr) -> Result<TcpStream> {
    let family = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: no memory is involved.
    let socket: OwnedFd = own(check(unsafe { libc::socket(family, kind, 0) })?);
    let port = address.port().to_be();
    let returned = match address {
        SocketAddr::V4(v4) => {
            // SAFETY: all zero is a valid sockaddr_in.
            let mut name: libc::sockaddr_in = unsafe { std::mem::zeroed() };
            name.sin_family = family as u16;
            name.sin_port = port;
            name.sin_addr.s_addr = u32::from(*v4.ip()).to_be();
            connect(&socket, &name)
        }
        SocketAddr::V6(v6) => {
            // SAFETY: all zero is a valid sockaddr_in6.
            let mut name: libc::sockaddr_in6 = unsafe { std::mem::zeroed() };
            name.sin6_family = family as u16;
            name.sin6_port = port;
            name.sin6_addr.s6_addr = v6.ip().octets();
            connect(&socket, &name)
        }
    };
    match returned {
        // Even when refused at once: whoever asked looks at `take_error` when told.
        Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error),
        _ => Ok(socket.into()),
    }
}

fn connect<Name>(socket: &OwnedFd, name: &Name) -> std::result::Result<(), Error> {
    let size = std::mem::size_of::<Name>() as libc::socklen_t;
    // SAFETY: callers pass a socket address; it is readable for its size.
    check(unsafe { libc::connect(socket.as_raw_fd(), (name as *const Name).cast(), size) }).map(drop)
}
