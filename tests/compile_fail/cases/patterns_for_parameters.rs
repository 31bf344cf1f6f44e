use ractor_agents::prelude::*;

struct Inventory(u32);

#[agent]
impl Inventory {
    #[message]
    fn add(&mut self, (count, _): (u32, u32)) {
        self.0 += count;
    }

    #[message]
    fn remove(&mut self, _: u32) {}
}

fn main() {}
