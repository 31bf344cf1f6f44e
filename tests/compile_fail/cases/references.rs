use ractor_agents::prelude::*;

struct Inventory(String);

#[agent]
impl Inventory {
    #[message]
    fn fill(&self, basket: &mut Vec<String>) {
        basket.push(self.0.clone());
    }

    #[message]
    fn find(&self, name: Option<&str>) -> bool {
        name == Some(&self.0)
    }

    #[message]
    fn name(&self) -> &str {
        &self.0
    }

    #[message]
    fn stop(&self, ctx: &mut Context<Self>) {
        ctx.agent().stop();
    }

    #[message]
    fn kill(&self, ctx: Context<Self>) {
        ctx.agent().kill();
    }
}

fn main() {}
