//! Where keys belong.

use std::hash::BuildHasher;

use foldhash::quality::FixedState;

use super::table::Table;

/// How many points the ring has in all, at the least, so that everybody's share of the keys is nearly the same: with 64 points
/// each, shares differ by an eighth (one standard deviation).
const POINTS_EACH: u32 = 64;

/// How many points a ring has at most, so that one of 100,000 candidates is made in tens of milliseconds. Each has at least one.
const POINTS_MAX: usize = 1 << 20;

/// A ring of points, each a candidate's; a key belongs to the next point. Who comes or goes moves its own share of the keys only.
///
/// Source: Karger and others, "Consistent hashing and random trees" (1997).
#[derive(Debug)]
pub(super) struct Ring {
    /// Hash and place, ascending.
    points: Vec<(u64, u32)>,
}

impl Ring {
    pub(super) fn of(table: &Table) -> Self {
        let each = POINTS_MAX
            .checked_div(table.len())
            .map_or(1, |most| u32::try_from(most).unwrap_or(u32::MAX));
        let each = POINTS_EACH.min(each).max(1);
        let hasher = hasher();
        let mut points = Vec::new();
        for (place, candidate) in (0u32..).zip(table.iter()) {
            let number = candidate.id().number();
            points.extend((0..each).map(|point| (hasher.hash_one((number, point)), place)));
        }
        points.sort_unstable();
        Self { points }
    }

    /// Places in the order in which `key` belongs to them. Some come more than once.
    pub(super) fn places(&self, key: &str) -> impl Iterator<Item = usize> + '_ {
        let hash = hasher().hash_one(key);
        let start = self.points.partition_point(|(point, _)| *point < hash);
        let (before, after) = self.points.split_at(start);
        let round = after.iter().chain(before);
        round.map(|(_, place)| *place as usize)
    }
}

/// The same for all rings, so that routers over the same agents agree.
fn hasher() -> FixedState {
    FixedState::with_seed(0x7261_6374_6f72)
}
