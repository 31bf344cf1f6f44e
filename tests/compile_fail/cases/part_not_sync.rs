use std::cell::Cell;

use ractor_agents::prelude::*;

struct Inventory(u32);

#[agent]
impl Inventory {
    #[message]
    fn add(&mut self, count: Cell<u32>) {
        self.0 += count.get();
    }
}

fn main() {}
