//! What descriptors are known by in the event loop.

/// What a descriptor belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The stream to the host.
    Link,
    /// Signals.
    Signals,
    /// The console that output is copied to.
    Console,
    /// An exec, by its id.
    Exec(ExecPart, u32),
    /// What one stream of the session waits for, by its number.
    Stream(u32),
    /// The output of the hook that runs.
    Hook,
}

/// A channel of an exec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecPart {
    Input,
    Output,
    Errors,
    Terminal,
}

const PARTS: [ExecPart; 4] = [ExecPart::Input, ExecPart::Output, ExecPart::Errors, ExecPart::Terminal];
const FIRST_PART: u64 = 16;

impl Owner {
    pub fn token(self) -> u64 {
        let (kind, id) = match self {
            Owner::Link => (0, 0),
            Owner::Signals => (1, 0),
            Owner::Console => (2, 0),
            Owner::Stream(stream) => (3, stream),
            Owner::Hook => (4, 0),
            Owner::Exec(part, id) => (FIRST_PART + part as u64, id),
        };
        kind << 32 | u64::from(id)
    }

    pub fn of(token: u64) -> Option<Self> {
        let id = token as u32;
        match token >> 32 {
            0 => Some(Owner::Link),
            1 => Some(Owner::Signals),
            2 => Some(Owner::Console),
            3 => Some(Owner::Stream(id)),
            4 => Some(Owner::Hook),
            kind => Some(Owner::Exec(*PARTS.get(kind.checked_sub(FIRST_PART)? as usize)?, id)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_owner_survives_the_way_through_epoll() {
        for owner in [Owner::Link, Owner::Signals, Owner::Console, Owner::Stream(u32::MAX), Owner::Hook] {
            assert_eq!(Owner::of(owner.token()), Some(owner));
        }
        for part in PARTS {
            assert_eq!(Owner::of(Owner::Exec(part, 7).token()), Some(Owner::Exec(part, 7)));
        }
        assert_eq!(Owner::of(9 << 32), None);
    }
}
