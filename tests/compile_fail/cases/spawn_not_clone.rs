use ractor_agents::prelude::*;

struct Counter(u32);

impl Agent for Counter {
    type Message = u32;
    type Reply = u32;

    async fn handle(&mut self, message: &u32, _ctx: &Context<Self>) -> Result<u32, Failure> {
        self.0 += message;
        Ok(self.0)
    }
}

fn main() {
    let _ = Swarm::local().spawn(Counter(0));
}
