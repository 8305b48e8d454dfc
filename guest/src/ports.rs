//! PORTS: TCP ports that somebody listens on, from /proc/net/tcp and tcp6 (proc(5)).

use crate::refusal::Refusal;
use hearth_wire::fields::FieldWriter;
use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;

const LISTEN: &str = "0A";

pub fn ports() -> Result<FieldWriter, Refusal> {
    let mut found = BTreeSet::new();
    for path in ["/proc/net/tcp", "/proc/net/tcp6"] {
        match fs::read_to_string(path) {
            // A kernel without IPv6.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            table => found.extend(listening(&table.map_err(|error| Refusal::system(path, &error))?)),
        }
    }
    let mut reply = FieldWriter::new();
    for port in found {
        reply.u64(1, u64::from(port));
    }
    Ok(reply)
}

/// `sl local_address rem_address st …`, addresses as `HEX:PORT`.
fn listening(table: &str) -> impl Iterator<Item = u16> + '_ {
    table.lines().filter_map(|line| {
        let mut columns = line.split_whitespace();
        let (_, port) = columns.nth(1)?.rsplit_once(':')?;
        (columns.nth(1)? == LISTEN).then(|| u16::from_str_radix(port, 16).ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::Numbers;

    const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
   1: 0100007F:1F91 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 2 1
   2: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 0 0 0 0 0 0 0
";

    #[test]
    fn finds_listeners_only() {
        assert_eq!(listening(TABLE).collect::<Vec<_>>(), [8080, 22]);
    }

    #[test]
    fn damaged_tables_never_panic() {
        let mut numbers = Numbers::seeded(10);
        for _ in 0..5_000 {
            let damaged = numbers.damage(TABLE.as_bytes());
            assert!(listening(&String::from_utf8_lossy(&damaged)).count() <= 4);
        }
    }
}
