//! Files and directories of the machine.

mod change;
mod list;
mod path;
mod read;
mod remove;
mod stat;
pub mod watch;
pub mod write;

pub use change::{get_xattr, make_directory, move_path, set_xattr};
pub use list::List;
pub use read::Read;
pub use remove::remove;
pub use stat::stat;

/// The event that describes a file.
const EVENT_STAT: u16 = 2;
