//! What an agent is to those who look for one.

use std::sync::Arc;

use super::{Breaker, Capability};

/// What an agent is to those who look for one: chosen at its spawn, the same for its whole life.
#[derive(Clone, Debug)]
pub(crate) struct Traits {
    pub(crate) capabilities: Vec<Capability>,
    pub(crate) tags: Vec<Arc<str>>,
    pub(crate) weight: u32,
    /// How many messages it works on at a time, in hand and in line.
    pub(crate) capacity: Option<u64>,
    pub(crate) breaker: Breaker,
}

impl Default for Traits {
    fn default() -> Self {
        Self {
            capabilities: Vec::new(),
            tags: Vec::new(),
            weight: 1,
            capacity: None,
            breaker: Breaker::default(),
        }
    }
}
