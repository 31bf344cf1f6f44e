use ractor_agents::prelude::*;

struct Inventory<'a>(&'a str);

#[agent]
impl<'a> Inventory<'a> {
    #[message]
    fn length(&self) -> usize {
        self.0.len()
    }
}

fn main() {}
