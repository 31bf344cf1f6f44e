use ractor_agents::prelude::*;

struct Inventory(u32);

#[agent]
impl Inventory {
    #[message]
    const SIZE: u32 = 5;

    #[message]
    #[on_start]
    fn open(&self) {}

    #[on_stop]
    fn close(&self) {}

    #[on_stop]
    fn close_again(&self) {}

    #[message]
    fn count(&self) -> u32 {
        self.0 + Self::SIZE
    }
}

fn main() {}
