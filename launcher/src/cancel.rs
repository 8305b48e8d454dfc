//! A flag that long work looks at between two pieces.

use crate::failure::{Failure, Outcome};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

#[derive(Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Fails with ECANCELED once nobody wants the result any more.
    pub fn check(&self) -> Outcome<()> {
        if self.0.load(Ordering::Relaxed) {
            return Err(Failure::new(libc::ECANCELED, "it was cancelled"));
        }
        Ok(())
    }
}
