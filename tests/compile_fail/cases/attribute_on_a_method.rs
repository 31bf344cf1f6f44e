use ractor_agents::prelude::*;

struct Inventory(u32);

impl Inventory {
    #[agent]
    fn count(&self) -> u32 {
        self.0
    }
}

fn main() {}
