//! Duplicates.

use super::remembered::Remembered;
use super::*;

fn dedup(desk: &Desk, print: u8, window: u64) -> Dedup {
    Dedup {
        print: Fingerprint([print; 16]),
        until: desk.now + window,
    }
}

#[test]
fn a_fingerprint_is_known_exactly_until_its_window_is_over() {
    let mut desk = Desk::new();
    let known = dedup(&desk, 1, DEDUP_WINDOW);
    let first = desk.put(|message| message.dedup = Some(known));
    desk.wait(DEDUP_WINDOW - 1);
    let mut again = desk.message();
    again.dedup = Some(dedup(&desk, 1, DEDUP_WINDOW));
    assert_eq!(
        desk.enqueue(vec![again.clone()]),
        Ok(vec![Outcome::Duplicate { of: first }])
    );
    desk.wait(1);
    assert_eq!(desk.enqueue(vec![again]), Ok(vec![Outcome::Accepted]));
}

#[test]
fn the_first_is_known_when_it_is_gone_and_after_a_restart() {
    let mut desk = Desk::new();
    let known = dedup(&desk, 1, DEDUP_WINDOW);
    let first = desk.put(|message| message.dedup = Some(known));
    let leased = desk.lease().unwrap();
    desk.ack(leased.token).unwrap();
    for _ in 0..2 {
        let mut again = desk.message();
        again.dedup = Some(known);
        let outcomes = desk.enqueue(vec![again]);
        assert_eq!(outcomes, Ok(vec![Outcome::Duplicate { of: first }]));
        desk.restart();
    }
}

#[test]
fn duplicates_within_a_batch_are_of_the_first_in_it() {
    let mut desk = Desk::new();
    let known = dedup(&desk, 1, 1_000);
    let batch: Vec<NewMessage> = (0..2)
        .map(|_| NewMessage {
            dedup: Some(known),
            ..desk.message()
        })
        .collect();
    let of = batch[0].id;
    let same_name = vec![batch[0].clone(), batch[0].clone()];
    let expected = vec![Outcome::Accepted, Outcome::Duplicate { of }];
    assert_eq!(desk.ledger.judge(&same_name), Ok(expected.clone()));
    assert_eq!(desk.enqueue(batch), Ok(expected));
}

#[test]
fn a_name_that_is_in_the_queue_or_dead_is_a_duplicate_without_a_fingerprint() {
    let mut desk = Desk::new();
    let message = desk.message();
    desk.enqueue(vec![message.clone()]).unwrap();
    let duplicate = Ok(vec![Outcome::Duplicate { of: message.id }]);
    assert_eq!(desk.enqueue(vec![message.clone()]), duplicate);
    desk.kill_next();
    assert_eq!(desk.enqueue(vec![message.clone()]), duplicate);
    desk.ledger
        .discard(&Selection::Ids(vec![message.id]), desk.now, &mut desk.log);
    assert_eq!(desk.enqueue(vec![message]), Ok(vec![Outcome::Accepted]));
}

#[test]
fn memory_is_freed_as_windows_end() {
    let mut table = Remembered::default();
    let entry = |number: u64| Remembrance {
        print: print(number),
        of: Id(number.into()),
        until: number + 1_000,
    };
    for number in 1..20_000_u64 {
        table.advance(number);
        table.insert(number / 700, &entry(number));
        assert!(table.len() <= 1_000);
        let oldest = number.saturating_sub(999).max(1);
        assert_eq!(table.find(print(oldest), number), Some(Id(oldest.into())));
        assert_eq!(table.find(print(oldest - 1), number), None, "{number}");
        assert_eq!(table.oldest_segment(), Some(oldest / 700));
    }
    table.advance(u64::MAX);
    assert_eq!((table.len(), table.next_due()), (0, None));
    assert_eq!(table.oldest_segment(), None);
}

/// Spreads small numbers over all bits, as hashes are.
pub(super) fn print(number: u64) -> Fingerprint {
    let spread = u128::from(number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    Fingerprint(spread.to_be_bytes())
}
