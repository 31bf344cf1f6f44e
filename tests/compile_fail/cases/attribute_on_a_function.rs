use ractor_agents::prelude::*;

#[agent]
async fn greeter(name: String) -> String {
    format!("Hello, {name}!")
}

fn main() {
    let _ = Swarm::local().spawn(greeter);
}
