use std::cell::Cell;

use ractor_agents::prelude::*;

struct Inventory(Cell<u32>);

#[agent]
impl Inventory {
    #[message]
    async fn count(&self) -> u32 {
        self.0.get()
    }
}

fn main() {}
