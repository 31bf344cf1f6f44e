use ractor_agents::prelude::*;

trait Shelf {
    fn count(&self) -> u32;
}

struct Inventory(u32);

#[agent]
impl Shelf for Inventory {
    #[message]
    fn count(&self) -> u32 {
        self.0
    }
}

fn main() {}
