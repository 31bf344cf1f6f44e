use std::rc::Rc;

use ractor_agents::prelude::*;

struct Inventory(u32);

#[agent]
impl Inventory {
    #[message]
    async fn count(&mut self) -> u32 {
        let count = Rc::new(self.0);
        tokio::task::yield_now().await;
        *count
    }
}

fn main() {}
