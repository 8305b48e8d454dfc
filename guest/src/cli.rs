//! The command line.

use std::os::unix::io::RawFd;
use std::path::PathBuf;

pub const USAGE: &str = "usage:
  hearth-guest init                     PID 1 of a machine; also without arguments as /init
  hearth-guest serve --device PATH      a service that talks through a virtio port
  hearth-guest serve --fd N             a service that talks through an inherited stream socket
      --root DIR    the files that make up the identity (etc, run, var) are below DIR; nothing else is changed
      --system      with --root: change host name, clock, entropy and network of the running kernel all the same
      --cgroup DIR  the cgroup v2 directory that user processes are put into
";

/// What the program shall do.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    Init,
    Serve(Service),
}

/// How a service is reached and what it may change.
#[derive(Debug, PartialEq, Eq)]
pub struct Service {
    pub reach: Reach,
    pub root: PathBuf,
    pub kernel: bool,
    pub cgroup: Option<String>,
}

/// What carries the bytes.
#[derive(Debug, PartialEq, Eq)]
pub enum Reach {
    Device(PathBuf),
    Inherited(RawFd),
}

/// Reads the arguments behind the program's name. `Err` says what is wrong.
pub fn parse(is_pid_1: bool, args: &[String]) -> Result<Command, String> {
    match args.first().map(String::as_str) {
        None if is_pid_1 => Ok(Command::Init),
        Some("init") => Ok(Command::Init),
        Some("serve") => parse_service(&args[1..]).map(Command::Serve),
        // The kernel hands words of its command line that it does not know to PID 1.
        Some(_) if is_pid_1 => Ok(Command::Init),
        Some(other) => Err(format!("unknown command {other:?}")),
        None => Err("a command is missing".into()),
    }
}

fn parse_service(args: &[String]) -> Result<Service, String> {
    let (mut reach, mut root, mut system, mut cgroup) = (None, None, false, None);
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let mut value = || rest.next().cloned().ok_or_else(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--device" => reach = Some(Reach::Device(value()?.into())),
            "--fd" => {
                let number = value()?;
                let fd = number.parse().ok().filter(|fd| *fd >= 3);
                reach =
                    Some(Reach::Inherited(fd.ok_or_else(|| format!("--fd is {number:?}, allowed are 3 and more"))?));
            }
            "--root" => root = Some(PathBuf::from(value()?)),
            "--system" => system = true,
            "--cgroup" => cgroup = Some(value()?),
            _ => return Err(format!("unknown option {arg:?}")),
        }
    }
    let kernel = system || root.is_none();
    let reach = reach.ok_or("one of --device and --fd is needed")?;
    Ok(Service { reach, root: root.unwrap_or_else(|| "/".into()), kernel, cgroup })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(is_pid_1: bool, line: &str) -> Result<Command, String> {
        let args: Vec<String> = line.split_whitespace().map(Into::into).collect();
        parse(is_pid_1, &args)
    }

    #[test]
    fn init_needs_no_word_and_takes_any_as_pid_1() {
        assert_eq!(read(true, ""), Ok(Command::Init));
        assert_eq!(read(true, "splash"), Ok(Command::Init));
        assert_eq!(read(false, "init"), Ok(Command::Init));
        assert!(read(false, "").is_err());
    }

    #[test]
    fn a_service_with_a_root_leaves_the_kernel_alone() {
        let service = |line: &str| match read(false, line) {
            Ok(Command::Serve(service)) => (service.reach, service.root, service.kernel),
            other => panic!("{other:?}"),
        };
        assert_eq!(service("serve --fd 3"), (Reach::Inherited(3), "/".into(), true));
        assert_eq!(service("serve --fd 3 --root /x"), (Reach::Inherited(3), "/x".into(), false));
        assert_eq!(service("serve --device /d --root /x --system"), (Reach::Device("/d".into()), "/x".into(), true));
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(read(false, "serve"), Err("one of --device and --fd is needed".into()));
        assert_eq!(read(false, "serve --fd 1"), Err("--fd is \"1\", allowed are 3 and more".into()));
        assert_eq!(read(false, "serve --fd"), Err("--fd needs a value".into()));
        assert_eq!(read(false, "serve --what"), Err("unknown option \"--what\"".into()));
    }
}
