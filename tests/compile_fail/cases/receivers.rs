use ractor_agents::prelude::*;

struct Inventory(u32);

#[agent]
impl Inventory {
    #[message]
    fn new(count: u32) -> u32 {
        count
    }

    #[message]
    fn into_count(self) -> u32 {
        self.0
    }

    #[message]
    fn boxed(self: Box<Self>) -> u32 {
        self.0
    }
}

fn main() {}
