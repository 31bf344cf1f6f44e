//! Chance that can be repeated.

/// Draws numbers from a seed. Source: `SplitMix64`, Steele, Lea and Flood, 2014.
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Evenly from 0 to `max`, both included.
    pub(super) fn draw(&mut self, max: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^= bits >> 31;
        let scaled = (u128::from(bits) * (u128::from(max) + 1)) >> 64;
        u64::try_from(scaled).unwrap_or(max)
    }
}

/// Full jitter: evenly from 0 to `base` doubled with each attempt after the first, at most `cap`. Source: "Exponential
/// Backoff And Jitter", AWS Architecture Blog, 2015.
pub(super) fn backoff(base: u64, cap: u64, attempts: u32, dice: &mut Dice) -> u64 {
    let doublings = attempts.saturating_sub(1).min(63);
    let bound = base.saturating_mul(1 << doublings).min(cap);
    dice.draw(bound)
}

#[cfg(test)]
mod tests {
    use super::{Dice, backoff};

    #[test]
    fn draws_are_even_and_within_bounds() {
        let mut dice = Dice::new(7);
        let draws: Vec<u64> = (0..10_000)
            .map(|_| backoff(1_000, 300_000, 4, &mut dice))
            .collect();
        assert!(draws.iter().all(|delay| *delay <= 8_000));
        let mean = draws.iter().sum::<u64>() / 10_000;
        assert!((3_800..=4_200).contains(&mean), "mean {mean} ms");
        // Source of the bound: three times an even spread over buckets of 100 ms.
        for bucket in 0..80 {
            let count = draws.iter().filter(|delay| **delay / 100 == bucket).count();
            assert!(count <= 3 * 125, "bucket {bucket}: {count}");
        }
    }

    #[test]
    fn bounds_double_up_to_the_cap() {
        for (attempts, bound) in [(1, 1_000), (2, 2_000), (9, 256_000), (10, 300_000)] {
            let largest =
                (0..2_000).map(|seed| backoff(1_000, 300_000, attempts, &mut Dice::new(seed)));
            let largest = largest.max().unwrap();
            assert!(
                largest <= bound && largest > bound - bound / 50,
                "{largest}"
            );
        }
        assert!(backoff(1_000, 300_000, u32::MAX, &mut Dice::new(1)) <= 300_000);
        assert_eq!(backoff(0, 300_000, 3, &mut Dice::new(1)), 0);
    }
}
