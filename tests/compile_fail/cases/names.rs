use ractor_agents::prelude::*;

struct Inventory(u32);

#[agent]
impl Inventory {
    #[message]
    fn add(&mut self, count: u32) {
        self.0 += count;
    }

    #[message(Add)]
    fn add_one(&mut self) {
        self.0 += 1;
    }

    #[message]
    fn result(&self) -> u32 {
        self.0
    }

    #[message]
    fn inventory(&self) -> u32 {
        self.0
    }

    #[message]
    fn _1(&self) -> u32 {
        self.0
    }
}

fn main() {}
