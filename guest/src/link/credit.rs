//! How much may be sent on one channel of one stream.

/// What every channel starts with.
pub const START_BYTES: u64 = 262_144;

/// Credit is returned once this much was taken.
const RETURNED_BYTES: u64 = 65_536;

/// What this side may still send.
#[derive(Debug)]
pub struct SendWindow {
    credit: u64,
}

impl SendWindow {
    pub fn new() -> Self {
        Self { credit: START_BYTES }
    }

    /// Bytes that may be sent.
    pub fn credit(&self) -> u64 {
        self.credit
    }

    /// Bytes were sent.
    pub fn sent(&mut self, bytes: u64) {
        self.credit -= bytes;
    }

    /// Bytes that were sent and not returned: the other side may not have taken them.
    pub fn unreturned(&self) -> u64 {
        START_BYTES - self.credit
    }

    /// The other side returned credit; false when it returned more than was sent.
    #[must_use]
    pub fn returned(&mut self, bytes: u32) -> bool {
        let fits = u64::from(bytes) <= self.unreturned();
        if fits {
            self.credit += u64::from(bytes);
        }
        fits
    }
}

/// What the other side may still send, and what it is owed.
#[derive(Debug)]
pub struct ReceiveWindow {
    left: u64,
    owed: u64,
}

impl ReceiveWindow {
    pub fn new() -> Self {
        Self { left: START_BYTES, owed: 0 }
    }

    /// Bytes arrived; false when they are more than was allowed.
    #[must_use]
    pub fn arrived(&mut self, bytes: usize) -> bool {
        let fits = bytes as u64 <= self.left;
        if fits {
            self.left -= bytes as u64;
        }
        fits
    }

    /// Bytes were taken out of our hands. Returns the credit to send, when there is enough of it.
    pub fn taken(&mut self, bytes: usize) -> Option<u32> {
        self.owed += bytes as u64;
        (self.owed >= RETURNED_BYTES).then(|| {
            let credit = std::mem::take(&mut self.owed);
            self.left += credit;
            credit as u32
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credit_that_was_never_used_cannot_be_returned() {
        let mut window = SendWindow::new();
        assert!(!window.returned(1));
        window.sent(100);
        assert!(window.returned(60));
        assert_eq!(window.unreturned(), 40);
        assert!(!window.returned(41));
        assert_eq!(window.credit(), START_BYTES - 40);
    }

    #[test]
    fn the_other_side_is_held_to_its_credit() {
        let mut window = ReceiveWindow::new();
        assert!(window.arrived(262_144));
        assert!(!window.arrived(1));
        assert_eq!(window.taken(65_535), None);
        assert_eq!(window.taken(1), Some(65_536));
        assert!(window.arrived(65_536));
        assert!(!window.arrived(1));
    }
}
