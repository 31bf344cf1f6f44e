use ractor_agents::prelude::*;

struct Inventory(u32);

#[agent]
impl Inventory {
    pub fn count(&self) -> u32 {
        self.0
    }
}

fn main() {}
