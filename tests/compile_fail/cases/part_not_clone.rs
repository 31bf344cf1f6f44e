use ractor_agents::prelude::*;

struct Parcel;

struct Inventory(Vec<Parcel>);

#[agent]
impl Inventory {
    #[message]
    fn add(&mut self, parcel: Parcel) {
        self.0.push(parcel);
    }
}

fn main() {}
