//! Brings up `lo` in the network namespace of the caller (netdevice(7)). Safe after fork: no allocation, no locks.

/// The errno, when it cannot be done.
pub fn bring_up() -> Result<(), i32> {
    let errno = || unsafe { *libc::__errno_location() };
    unsafe {
        let socket = libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0);
        if socket < 0 {
            return Err(errno());
        }
        let mut request: libc::ifreq = std::mem::zeroed();
        request.ifr_name[0] = b'l' as libc::c_char;
        request.ifr_name[1] = b'o' as libc::c_char;
        request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
        let result = libc::ioctl(socket, libc::SIOCSIFFLAGS as _, &request);
        let failed = errno();
        libc::close(socket);
        if result < 0 {
            Err(failed)
        } else {
            Ok(())
        }
    }
}
