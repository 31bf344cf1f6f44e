use ractor_agents::prelude::*;

async fn square(number: u32) -> u32 {
    number * number
}

async fn run() -> Result<()> {
    let square = Swarm::local().spawn(square).await?;
    square.tell("seven").await?;
    Ok(())
}

fn main() {
    let _ = run();
}
