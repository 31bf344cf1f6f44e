use ractor_agents::prelude::*;

struct Inventory(u32);

#[agent]
impl Inventory {
    #[message]
    fn add<T: Into<u32>>(&mut self, count: T) {
        self.0 += count.into();
    }

    #[message]
    fn remove(&mut self, count: impl Into<u32>) {
        self.0 -= count.into();
    }

    #[message]
    fn all(&self) -> impl Iterator<Item = u32> {
        0..self.0
    }

    #[message]
    unsafe fn risky(&self) {}
}

fn main() {}
