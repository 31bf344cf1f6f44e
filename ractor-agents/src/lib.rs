//! Swarms of supervised, cooperating agents on the [`ractor`] actor crate.
