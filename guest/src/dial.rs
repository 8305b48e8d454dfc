//! DIAL: a stream to a TCP port on the machine's own loopback.

use crate::link::credit::{ReceiveWindow, SendWindow};
use crate::link::frames::MAX_DATA_BYTES;
use crate::link::outbox::Outbox;
use crate::refusal::{Code, Refusal};
use crate::streams::{Obeyed, Step, Work};
use crate::sys::io::{self, Moved};
use crate::sys::poll::{Poll, Ready};
use crate::sys::socket;
use crate::token::Owner;
use hearth_wire::fields::{FieldWriter, Fields};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, TcpStream};
use std::os::unix::io::AsRawFd;
use std::rc::Rc;

const EVENT_CONNECTED: u16 = 6;
const TO_HOST: u8 = 1;
const TURN_BYTES: usize = 65_536;

/// A conversation with a port.
pub struct Dial {
    poll: Rc<Poll>,
    port: u16,
    socket: TcpStream,
    /// Tried when the socket's address refuses.
    other: Option<IpAddr>,
    connected: bool,
    readable: bool,
    writable: bool,
    queue: Vec<u8>,
    host_ended: bool,
    shut_down: bool,
    port_ended: bool,
    send: SendWindow,
    receive: ReceiveWindow,
}

impl Dial {
    pub fn start(stream: u32, fields: &Fields<'_>, poll: &Rc<Poll>) -> Result<Self, Refusal> {
        let port = match fields.u64(1)? {
            port @ 1..=65_535 => port as u16,
            port => return Err(Refusal::invalid(format!("field 1 (port) is {port}, allowed are 1 to 65535"))),
        };
        let first = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let socket = connect(first, port, stream, poll).map_err(|error| refusal(port, &error))?;
        Ok(Self {
            poll: poll.clone(),
            port,
            socket,
            other: Some(IpAddr::V6(Ipv6Addr::LOCALHOST)),
            connected: false,
            readable: false,
            writable: false,
            queue: Vec::new(),
            host_ended: false,
            shut_down: false,
            port_ended: false,
            send: SendWindow::new(),
            receive: ReceiveWindow::new(),
        })
    }

    /// Finds out whether the connection is made; tries the other address when it was refused.
    fn check_connected(&mut self, stream: u32, out: &mut Outbox) -> Result<(), Refusal> {
        let error = match self.socket.take_error() {
            Ok(None) => {
                self.connected = true;
                out.event(stream, EVENT_CONNECTED, &FieldWriter::new());
                return Ok(());
            }
            Ok(Some(error)) | Err(error) => error,
        };
        let other = self.other.take().ok_or_else(|| refusal(self.port, &error))?;
        // The first address's reason is the one people understand: machines without IPv6 have another for the second.
        self.socket = connect(other, self.port, stream, &self.poll).map_err(|_| refusal(self.port, &error))?;
        (self.readable, self.writable) = (false, false);
        Ok(())
    }

    /// From the port to the host; true when there is more.
    fn bring(&mut self, stream: u32, out: &mut Outbox) -> Result<bool, Refusal> {
        let most = self.send.credit().min(MAX_DATA_BYTES as u64) as usize;
        if !self.readable || self.port_ended || most == 0 {
            return Ok(false);
        }
        let fd = self.socket.as_raw_fd();
        match out.data_from(stream, TO_HOST, most, |buffer| io::read(fd, buffer)) {
            Ok(Moved::Bytes(count)) => self.send.sent(count as u64),
            Ok(Moved::Later) => self.readable = false,
            Ok(Moved::End) => {
                self.port_ended = true;
                out.end(stream, TO_HOST);
            }
            Err(error) => return Err(Refusal::system(format!("port {}", self.port), &error)),
        }
        Ok(self.readable && !self.port_ended)
    }

    /// From the host to the port; true when there is more.
    fn take(&mut self, stream: u32, out: &mut Outbox) -> Result<bool, Refusal> {
        let most = self.queue.len().min(TURN_BYTES);
        let mut written = 0;
        while self.writable && written < most {
            match io::write(self.socket.as_raw_fd(), &self.queue[written..most]) {
                Ok(Moved::Bytes(count)) => written += count,
                Ok(Moved::Later) => self.writable = false,
                Ok(Moved::End) => return Err(Refusal::new(Code::Io, format!("port {} hung up", self.port))),
                Err(error) => return Err(Refusal::system(format!("port {}", self.port), &error)),
            }
        }
        self.queue.drain(..written);
        if let Some(credit) = self.receive.taken(written) {
            out.credit(stream, 0, credit);
        }
        if self.host_ended && self.queue.is_empty() && !self.shut_down {
            self.shut_down = true;
            // A port that hung up already cannot be told.
            drop(self.socket.shutdown(Shutdown::Write));
        }
        Ok(self.writable && !self.queue.is_empty())
    }
}

impl Work for Dial {
    fn turn(&mut self, stream: u32, out: &mut Outbox) -> Step {
        if !self.connected && (self.readable || self.writable) {
            if let Err(refusal) = self.check_connected(stream, out) {
                return Step::Failed(refusal);
            }
        }
        if !self.connected {
            return Step::Idle;
        }
        let moved = self.bring(stream, out).and_then(|more| Ok(self.take(stream, out)? || more));
        match moved {
            Err(refusal) => Step::Failed(refusal),
            Ok(_) if self.port_ended && self.shut_down => Step::Done(FieldWriter::new()),
            Ok(true) => Step::Again,
            Ok(false) => Step::Idle,
        }
    }

    fn data(&mut self, channel: u8, bytes: &[u8]) -> Obeyed {
        if channel != 0 || !self.receive.arrived(bytes.len()) {
            return Err("DATA beyond the credit");
        }
        if self.host_ended {
            return Err("DATA behind the END of its channel");
        }
        self.queue.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self, _channel: u8) -> Obeyed {
        self.host_ended = true;
        Ok(())
    }

    fn credit(&mut self, channel: u8, bytes: u32) -> Obeyed {
        let fits = channel == TO_HOST && self.send.returned(bytes);
        fits.then_some(()).ok_or("CREDIT for more than was sent")
    }

    fn ready(&mut self, ready: Ready) {
        self.readable |= ready.read;
        self.writable |= ready.write;
    }
}

fn connect(address: IpAddr, port: u16, stream: u32, poll: &Poll) -> std::io::Result<TcpStream> {
    let socket = socket::start_connecting((address, port).into())?;
    poll.add(socket.as_raw_fd(), Owner::Stream(stream).token())?;
    Ok(socket)
}

fn refusal(port: u16, error: &std::io::Error) -> Refusal {
    Refusal::system(format!("port {port}"), error)
}
