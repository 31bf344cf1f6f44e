use std::rc::Rc;

use ractor_agents::prelude::*;

struct Inventory(u32);

#[agent]
impl Inventory {
    #[message]
    fn count(&self) -> Rc<u32> {
        Rc::new(self.0)
    }
}

fn main() {}
