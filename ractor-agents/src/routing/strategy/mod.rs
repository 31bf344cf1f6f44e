//! Whom a router chooses.

mod least_connections;
mod least_response_time;
mod power_of_two;
mod resource_based;
mod round_robin;
mod sample;
mod weighted;

use std::fmt;
use std::sync::Arc;

pub use least_connections::LeastConnections;
pub use least_response_time::LeastResponseTime;
pub use power_of_two::PowerOfTwo;
pub use resource_based::ResourceBased;
pub use round_robin::RoundRobin;
pub(super) use sample::random_place;
pub use weighted::WeightedRoundRobin;

use super::Candidate;
use super::candidate::Fitness;
use super::table::Table;

/// Whom a router chooses. Any router takes any strategy, and another one [while it is at work](super::Router::set_strategy).
///
/// What a strategy remembers is its own, behind its own lock; it is asked by many at a time.
pub trait Strategy: Send + Sync + 'static {
    /// The name, as in explanations.
    fn name(&self) -> &'static str;

    /// Chooses one of those that are [fit](Candidates::fit), by its place. `None` if there is none.
    fn choose(&self, candidates: &Candidates<'_>) -> Option<usize>;

    /// Whom [`choose`](Self::choose) would choose now, for [explanations](super::Router::explain): nobody's turn is taken by that. Where chance
    /// decides, it may decide otherwise the next time. Default: `choose`, for strategies that remember nothing.
    fn foresee(&self, candidates: &Candidates<'_>) -> Option<usize> {
        self.choose(candidates)
    }

    /// How good a choice `candidate` would be: the lower the better. For explanations; what [`choose`](Self::choose) goes by
    /// where it looks at several.
    fn score(&self, candidate: &Candidate) -> f64;
}

/// Those among whom a [`Strategy`] chooses, by their places: from 0 to [`len`](Self::len).
pub struct Candidates<'a> {
    table: &'a Table,
    /// The numbers of those that are not to be asked again.
    except: &'a [u64],
    takes_last_resort: bool,
}

impl<'a> Candidates<'a> {
    pub(super) fn new(table: &'a Table, except: &'a [u64]) -> Self {
        Self {
            table,
            except,
            takes_last_resort: false,
        }
    }

    /// The same, with those whom nobody chooses while others are left.
    pub(super) fn with_last_resort(self) -> Self {
        Self {
            takes_last_resort: true,
            ..self
        }
    }

    /// How many places there are, taken by fit ones or not.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Differs whenever somebody came or went, so that what is remembered by place is void.
    pub fn version(&self) -> u64 {
        self.table.version()
    }

    /// Who has this place, fit or not.
    pub fn get(&self, place: usize) -> Option<&'a Candidate> {
        self.table.get(place).map(Arc::as_ref)
    }

    /// Who has this place, if it can be given work now.
    pub fn fit(&self, place: usize) -> Option<&'a Candidate> {
        let candidate = self.get(place)?;
        let is_fit = match candidate.fitness() {
            Fitness::Fit => true,
            Fitness::LastResort(_) => self.takes_last_resort,
            Fitness::Unfit(_) => false,
        };
        (is_fit && !self.except.contains(&candidate.id().number())).then_some(candidate)
    }

    /// The first fit one from `place` on, round to those before it.
    pub fn first_fit_from(&self, place: usize) -> Option<usize> {
        let len = self.len();
        (place..len)
            .chain(0..place.min(len))
            .find(|place| self.fit(*place).is_some())
    }
}

impl fmt::Debug for Candidates<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidates")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// The load, as a score. Exact up to 2^53 messages.
#[expect(
    clippy::cast_precision_loss,
    reason = "nobody has as many messages in line"
)]
fn as_score(load: u64) -> f64 {
    load as f64
}
