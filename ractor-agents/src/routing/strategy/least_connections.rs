//! Whoever has least to do.

use parking_lot::Mutex;

use super::{Candidates, Strategy, as_score, random_place};
use crate::routing::Candidate;

/// Whoever has the fewest messages in hand and in line; among equals, one at random.
///
/// A choice costs the same however many candidates there are. What everybody has to do is remembered, and corrected where it
/// is looked at: at the chosen one, and at a few others in turn at every choice. So one that has finished work meanwhile
/// is noticed after at most a third as many choices as there are candidates, and the choice is exact as far as the memory is.
#[derive(Debug, Default)]
pub struct LeastConnections {
    known: Mutex<Known>,
}

/// How many others are looked at, at every choice.
const LOOKS: usize = 3;

/// Loads from here on are not told apart: more are overloaded anyway.
const LEVELS: usize = 4_096;

/// The loads as last seen: who is on which level, and where each is on it.
#[derive(Clone, Debug, Default)]
struct Known {
    version: u64,
    levels: Vec<Vec<u32>>,
    /// By place: the level, and the position there.
    spots: Vec<(u32, u32)>,
    /// No level below it has anybody.
    lowest: usize,
    /// Whom to look at next.
    next: usize,
}

impl Known {
    fn start(&mut self, candidates: &Candidates<'_>) {
        *self = Self {
            version: candidates.version(),
            ..Self::default()
        };
        for place in 0..candidates.len() {
            self.spots.push((0, 0));
            self.put(place, level_of(candidates, place));
        }
    }

    fn put(&mut self, place: usize, level: usize) {
        if self.levels.len() <= level {
            self.levels.resize_with(level + 1, Vec::new);
        }
        let (Some(members), Some(spot)) = (self.levels.get_mut(level), self.spots.get_mut(place))
        else {
            return;
        };
        *spot = (as_u32(level), as_u32(members.len()));
        members.push(as_u32(place));
        self.lowest = self.lowest.min(level);
    }

    fn level(&self, place: usize) -> usize {
        self.spots.get(place).map_or(0, |spot| spot.0 as usize)
    }

    fn move_to(&mut self, place: usize, level: usize) {
        let Some((from, position)) = self.spots.get(place).copied() else {
            return;
        };
        if from as usize == level {
            return;
        }
        if let Some(members) = self.levels.get_mut(from as usize) {
            members.swap_remove(position as usize);
            // The last one has taken its position.
            if let Some(moved) = members.get(position as usize).copied()
                && let Some(spot) = self.spots.get_mut(moved as usize)
            {
                spot.1 = position;
            }
        }
        self.put(place, level);
    }

    /// One of the lowest level that has anybody, at random.
    fn least(&mut self) -> Option<usize> {
        while let Some(members) = self.levels.get(self.lowest) {
            if members.is_empty() {
                self.lowest += 1;
                continue;
            }
            let at = random_place(members.len());
            return members.get(at).map(|place| *place as usize);
        }
        None
    }

    fn look_round(&mut self, candidates: &Candidates<'_>) {
        for _ in 0..LOOKS.min(candidates.len()) {
            self.next = if self.next + 1 < candidates.len() {
                self.next + 1
            } else {
                0
            };
            self.move_to(self.next, level_of(candidates, self.next));
        }
    }

    fn choose(&mut self, candidates: &Candidates<'_>) -> Option<usize> {
        if self.version != candidates.version() || self.spots.len() != candidates.len() {
            self.start(candidates);
        }
        self.look_round(candidates);
        // Each wrong guess is corrected, so that at the most everybody is looked at once.
        for _ in 0..=candidates.len() {
            let place = self.least()?;
            let level = level_of(candidates, place);
            if level == LEVELS && self.level(place) == LEVELS {
                // Nobody is left below.
                break;
            }
            if level <= self.level(place) {
                // The message that it is chosen for is counted already.
                self.move_to(place, (level + 1).min(LEVELS - 1));
                return Some(place);
            }
            self.move_to(place, level);
        }
        None
    }
}

/// Of one that is unfit, the highest: it is found again when it is looked at.
fn level_of(candidates: &Candidates<'_>, place: usize) -> usize {
    let load = candidates.fit(place).map(Candidate::load);
    load.map_or(LEVELS, |load| {
        usize::try_from(load).unwrap_or(LEVELS).min(LEVELS - 1)
    })
}

fn as_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl Strategy for LeastConnections {
    fn name(&self) -> &'static str {
        "least connections"
    }

    fn choose(&self, candidates: &Candidates<'_>) -> Option<usize> {
        let chosen = self.known.lock().choose(candidates);
        chosen.or_else(|| candidates.first_fit_from(0))
    }

    fn foresee(&self, candidates: &Candidates<'_>) -> Option<usize> {
        let mut known = self.known.lock().clone();
        let chosen = known.choose(candidates);
        chosen.or_else(|| candidates.first_fit_from(0))
    }

    fn score(&self, candidate: &Candidate) -> f64 {
        as_score(candidate.load())
    }
}
