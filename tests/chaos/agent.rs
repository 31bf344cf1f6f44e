//! An agent that notes what it was told, sooner or later.

use ractor_agents::prelude::*;
use tests::{Log, ms};

/// Notes what it was told.
#[derive(Clone)]
pub(crate) struct Scribe(pub(crate) Log<u64>);

impl Agent for Scribe {
    type Message = u64;
    type Reply = u64;

    async fn handle(&mut self, id: &u64, _: &Context<Self>) -> Result<u64, Failure> {
        match id % 7 {
            0 => tokio::time::sleep(ms(1)).await,
            1 | 2 => tokio::task::yield_now().await,
            _ => {}
        }
        self.0.push(*id);
        Ok(*id)
    }
}
