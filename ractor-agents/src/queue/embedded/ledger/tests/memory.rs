//! What a ledger takes, as far as it can be added up.

use super::dedup::print;
use super::message::{Message, Messages};
use super::remembered::Remembered;
use super::*;

#[test]
fn a_message_is_112_bytes_and_so_is_its_slot() {
    assert_eq!(size_of::<Message>(), 112);
    assert_eq!(Messages::slot_bytes(), 112);
}

/// The log is 38 bytes per entry; the index is doubled at once, so its share depends on how full it is.
#[test]
fn a_remembered_fingerprint_takes_at_most_fifty_bytes() {
    let mut table = Remembered::default();
    for number in 0..300_000_u64 {
        let entry = Remembrance {
            print: print(number),
            of: Id(number.into()),
            until: number + 1_000_000,
        };
        table.insert(1, &entry);
        if number > 20_000 && number % 20_000 == 0 {
            let per_entry = table.memory() as u64 * 10 / number;
            assert!(
                (430..=505).contains(&per_entry),
                "{per_entry} tenths of a byte"
            );
        }
    }
}

/// Bytes per message of a million, all in the same way, by what the process grows.
#[cfg(target_os = "linux")]
fn measured(with: impl Fn(u64, &mut NewMessage)) -> u64 {
    const COUNT: u64 = 1_000_000;
    let mut ledger = Ledger::new(
        Settings {
            count_max: usize::MAX,
            bytes_max: u64::MAX,
            ..Settings::default()
        },
        1,
    );
    let before = resident();
    let mut out = Vec::new();
    for number in 0..COUNT {
        let place = Place {
            segment: number / 100_000,
            offset: 0,
            length: 256,
        };
        let mut message = NewMessage::new(Id(u128::from_le_bytes(print(number).0)), place);
        with(number, &mut message);
        ledger.enqueue(vec![message], 1_000, &mut out).unwrap();
        out.clear();
    }
    (resident() - before) / COUNT
}

#[cfg(target_os = "linux")]
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap();
    let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1_024
}

/// What a kind of message is made into.
#[cfg(target_os = "linux")]
type Kind = (&'static str, fn(u64, &mut NewMessage));

/// Alone, one `CASE` at a time: `cargo test -p ractor-agents --lib what_a_message_takes -- --ignored --nocapture`.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "looks at the memory of the whole process, so it must be alone in it"]
fn what_a_message_takes() {
    // A case leaves memory behind that the next one would use: one is asked for by its name.
    let cases: [Kind; 5] = [
        ("in line", |_, _| {}),
        ("delayed", |_, message| message.due = Some(u64::MAX)),
        ("expiring", |number, message| {
            message.expires = Some(1_000_000 + number);
        }),
        ("remembered", |number, message| {
            message.dedup = Some(Dedup {
                print: print(number),
                until: 1_000_000 + number,
            });
        }),
        ("alone in a group", |number, message| {
            message.group = Some(format!("{number:016x}").into());
        }),
    ];
    let only = std::env::var("CASE").ok();
    for (name, with) in cases {
        if only.as_deref().is_none_or(|only| only == name) {
            println!("{name}: {} bytes", measured(with));
        }
    }
}

/// What a million messages take to come, to be read again from the log, and to go: `--ignored --nocapture`, optimized.
#[test]
#[ignore = "measures, and says nothing of right or wrong"]
fn what_operations_take() {
    const COUNT: u64 = 1_000_000;
    let settings = Settings {
        count_max: usize::MAX,
        bytes_max: u64::MAX,
        ..Settings::default()
    };
    let clock = std::time::Instant::now();
    let mut ledger = Ledger::new(settings, 1);
    let mut log = Vec::new();
    ledger.open(1_000, &mut log);
    for number in 0..COUNT {
        let place = Place {
            segment: number / 100_000,
            offset: 0,
            length: 256,
        };
        let mut message = NewMessage::new(Id(u128::from_le_bytes(print(number).0)), place);
        message.priority = Priority::ALL[usize::try_from(number % 5).unwrap()];
        message.dedup = Some(Dedup {
            print: print(number),
            until: 1_000_000,
        });
        ledger.enqueue(vec![message], 1_000, &mut log).unwrap();
    }
    println!("enqueue: {:?} per message", clock.elapsed() / 1_000_000);
    let clock = std::time::Instant::now();
    let mut replayed = Ledger::replay(settings, &log);
    println!("replay: {:?} for {} records", clock.elapsed(), log.len());
    let clock = std::time::Instant::now();
    for _ in 0..COUNT {
        for leased in replayed.lease(1, 1_000, 1_000, &mut log) {
            // Of the same epoch, though no opening gave it: only the time is of interest.
            replayed.start(leased.token, 1_000, &mut log).unwrap();
            replayed.ack(leased.token, 1_000, &mut log).unwrap();
        }
    }
    println!(
        "lease, start and ack: {:?} per message",
        clock.elapsed() / 1_000_000
    );
}
