use ractor_agents::prelude::*;

#[agent]
#[derive(Clone)]
struct Inventory;

fn main() {
    let _ = Inventory;
}
