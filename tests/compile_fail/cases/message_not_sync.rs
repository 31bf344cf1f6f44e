use std::cell::Cell;

use ractor_agents::prelude::*;

struct Counter;

impl Agent for Counter {
    type Message = Cell<u32>;
    type Reply = u32;

    async fn handle(&mut self, message: &Cell<u32>, _ctx: &Context<Self>) -> Result<u32, Failure> {
        Ok(message.get())
    }
}

fn main() {}
