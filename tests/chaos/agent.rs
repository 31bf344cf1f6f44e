//! An agent that notes what it was told, sooner or later.

use ractor_agents::prelude::*;
use tests::{Log, ms};

/// One of so many messages holds its thread up, where threads are held up at all: at 20,000 messages a second about one in a
/// second.
const RARE: u64 = 19_997;

/// Notes what it was told.
#[derive(Clone)]
pub(crate) struct Scribe {
    pub(crate) log: Log<u64>,
    /// Whether it now and then holds its thread up for longer (100 ms) than a kill waits (50 ms), so that it is given up and still there.
    pub(crate) blocks: bool,
}

impl Agent for Scribe {
    type Message = u64;
    type Reply = u64;

    async fn handle(&mut self, id: &u64, _: &Context<Self>) -> Result<u64, Failure> {
        match id % 7 {
            0 => tokio::time::sleep(ms(1)).await,
            1 | 2 => tokio::task::yield_now().await,
            _ => {}
        }
        if self.blocks && id.is_multiple_of(RARE) {
            std::thread::sleep(ms(100));
        }
        self.log.push(*id);
        Ok(*id)
    }
}
