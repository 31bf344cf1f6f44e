use ractor_agents::prelude::*;

struct Inventory(u32);

#[agent]
impl Inventory {
    #[on_start]
    fn open(&mut self, count: u32) {
        self.0 = count;
    }

    #[on_restart]
    fn reopen(&mut self) -> Result<u32, Failure> {
        Ok(self.0)
    }

    #[on_stop]
    fn close(self) -> Result<(), Failure> {
        Ok(())
    }

    #[message]
    fn count(&self) -> u32 {
        self.0
    }
}

fn main() {}
