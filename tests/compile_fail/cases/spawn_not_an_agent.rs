use ractor_agents::prelude::*;

async fn two(first: u32, second: u32) -> u32 {
    first + second
}

fn plain(number: u32) -> u32 {
    number
}

fn main() {
    let swarm = Swarm::local();
    let _ = swarm.spawn(5);
    let _ = swarm.spawn(two);
    let _ = swarm.spawn(plain);
}
