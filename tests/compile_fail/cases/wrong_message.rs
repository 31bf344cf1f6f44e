use ractor_agents::prelude::*;

#[derive(Clone)]
struct Inventory(u32);

#[agent]
impl Inventory {
    #[message]
    fn count(&self) -> u32 {
        self.0
    }
}

#[derive(Clone)]
struct Ledger(u32);

#[agent]
impl Ledger {
    #[message]
    fn sum(&self) -> u32 {
        self.0
    }
}

async fn run() -> Result<()> {
    let inventory = Swarm::local().spawn(Inventory(0)).await?;
    inventory.tell("seven").await?;
    inventory.ask(Sum).await?;
    let _: String = inventory.ask(Count).await?;
    Ok(())
}

fn main() {
    let _ = run();
}
