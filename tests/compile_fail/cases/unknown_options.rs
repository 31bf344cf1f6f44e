use ractor_agents::prelude::*;

struct Inventory(u32);

#[agent(mailbox = 5)]
impl Inventory {
    #[message]
    fn count(&self) -> u32 {
        self.0
    }
}

struct Ledger(u32);

#[agent]
impl Ledger {
    #[message("Sum")]
    fn sum(&self) -> u32 {
        self.0
    }

    #[on_stop(now)]
    fn close(&self) {}
}

fn main() {}
