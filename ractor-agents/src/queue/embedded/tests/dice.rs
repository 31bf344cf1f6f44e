//! Chance that comes again with its seed.

/// A small generator of its own, so that a seed is all there is to a run.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

/// The seed in the environment, or a new one, which is told.
pub(super) fn seed() -> u64 {
    let seed = std::env::var("QUEUE_SEED").map_or_else(
        |_| rand::random(),
        |seed| seed.parse().expect("a seed is a number"),
    );
    println!("QUEUE_SEED={seed}");
    seed
}

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) const fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(super) const fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}
