//! Which line is next.

use crate::message::Priority;
use crate::queue::Aging;

/// Takes turns between the lines.
#[derive(Debug)]
pub(super) struct Turns {
    aging: Aging,
    /// How many times each was passed over while it had something.
    passed: [u8; Priority::COUNT],
}

/// A line that was passed over so many times in a row has its turn. Source: all four lower lines may be due at once, so each of them gets one lease in 28 + 1 + 3 at
/// least: 3.1 %.
const PASSED_MAX: u8 = 28;

impl Turns {
    pub(super) fn new(aging: Aging) -> Self {
        Self {
            aging,
            passed: [0; Priority::COUNT],
        }
    }

    /// The next of lines with so many messages, one of which is taken from its number.
    pub(super) fn take(&mut self, ready: &mut [u32; Priority::COUNT]) -> Option<Priority> {
        let waiting =
            |priority: &Priority| ready.get(priority.index()).is_some_and(|count| *count > 0);
        let is_due = |priority: &Priority| {
            self.passed
                .get(priority.index())
                .is_some_and(|passed| *passed >= PASSED_MAX)
        };
        let mut lines = Priority::ALL.into_iter().filter(waiting);
        let highest = lines.clone().next()?;
        let aged = lines.find(|priority| self.aging == Aging::Fair && is_due(priority));
        let next = aged.unwrap_or(highest);
        for (priority, (passed, count)) in
            Priority::ALL.iter().zip(self.passed.iter_mut().zip(ready))
        {
            if *priority == next {
                *count -= 1;
                *passed = 0;
            } else if *count > 0 {
                *passed = passed.saturating_add(1);
            }
        }
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_is_first_and_an_empty_one_is_none() {
        let mut turns = Turns::new(Aging::Fair);
        let mut ready = [0, 1, 0, 2, 0];
        let order: Vec<_> = std::iter::from_fn(|| turns.take(&mut ready)).collect();
        assert_eq!(
            order,
            [Priority::Urgent, Priority::Normal, Priority::Normal]
        );
    }

    #[test]
    fn each_line_gets_one_in_thirty_two_unless_told_otherwise() {
        for (aging, least) in [(Aging::Fair, 100), (Aging::Strict, 0)] {
            let mut turns = Turns::new(aging);
            let mut counts = [0; Priority::COUNT];
            for _ in 0..3_200 {
                let next = turns
                    .take(&mut [9; Priority::COUNT])
                    .expect("something waits");
                counts[next.index()] += 1;
            }
            let lowest = counts[Priority::Low.index()];
            assert!(
                lowest >= least && (least > 0 || lowest == 0),
                "{aging:?}: {counts:?}"
            );
        }
    }
}
