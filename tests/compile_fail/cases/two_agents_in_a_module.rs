use ractor_agents::prelude::*;

struct Inventory(u32);

#[agent]
impl Inventory {
    #[message]
    fn add(&mut self, count: u32) {
        self.0 += count;
    }
}

struct Ledger(u32);

#[agent]
impl Ledger {
    #[message]
    fn add(&mut self, count: u32) {
        self.0 += count;
    }
}

fn main() {}
