//! Records on disk.

use bincode::config::{Configuration, Fixint, Limit, LittleEndian};
use bincode::serde::{decode_from_slice, encode_to_vec};

use super::*;

const CODEC: Configuration<LittleEndian, Fixint, Limit<65_536>> = bincode::config::standard()
    .with_fixed_int_encoding()
    .with_limit();

fn bytes(record: &Record) -> Vec<u8> {
    encode_to_vec(record, CODEC).unwrap()
}

/// One of each kind, with every field that may be empty filled.
fn all() -> Vec<Record> {
    let (id, at, attempts) = (Id(1), 2, 3);
    let print = Fingerprint([7; 16]);
    let message = NewMessage {
        priority: Priority::Low,
        group: Some("a".into()),
        due: Some(8),
        expires: Some(9),
        dedup: Some(Dedup { print, until: 10 }),
        ..NewMessage::new(id, PLACE)
    };
    let cause = Cause::failed("no luck");
    let reason = Reason::rejected("no such customer");
    vec![
        Record::Opened { epoch: 1, at },
        Record::Enqueued {
            at,
            first: 11,
            messages: vec![message],
        },
        Record::Started { id, attempts },
        Record::Acked { id },
        Record::Retried {
            id,
            at,
            attempts,
            due: 12,
            cause: cause.clone(),
        },
        Record::Buried {
            id,
            at,
            attempts,
            reason,
            cause: Some(cause),
        },
        Record::Redriven { id, order: 14 },
        Record::Discarded { id },
        Record::Purged { except: vec![id] },
        Record::Paused { paused: true },
        Record::Carried {
            message: Box::new(saved(id)),
        },
        Record::Remembered {
            segment: 4,
            entries: vec![Remembrance {
                print,
                of: id,
                until: 10,
            }],
        },
        Record::Header {
            epoch: 1,
            at,
            next_order: 15,
            paused: false,
        },
    ]
}

const PLACE: Place = Place {
    segment: 4,
    offset: 5,
    length: 6,
};

fn saved(id: Id) -> Saved {
    let causes = [
        Cause::failed("no luck"),
        Cause::LeaseExpired,
        Cause::ProcessEnded,
    ];
    let failure = |cause| Failure {
        at: time::at(2),
        attempt: 1,
        cause,
    };
    let death = |reason| Death {
        at: time::at(2),
        attempts: 3,
        reason,
    };
    Saved {
        id,
        place: PLACE,
        size: 6,
        priority: Priority::Critical,
        group: Some("a".into()),
        order: 11,
        enqueued_at: 2,
        due: 12,
        expires: Some(13),
        attempts: 3,
        attempts_max: 20,
        is_running: true,
        history: History {
            failures: causes.map(failure).into(),
            deaths: [Reason::Exhausted, Reason::Expired].map(death).into(),
            dead: Some(death(Reason::rejected("no such customer"))),
        },
    }
}

#[test]
fn every_record_survives_the_codec_and_has_its_number() {
    for (number, record) in (0_u32..).zip(all()) {
        let encoded = bytes(&record);
        assert_eq!(encoded[..4], number.to_le_bytes(), "{record:?}");
        let (decoded, read): (Record, usize) = decode_from_slice(&encoded, CODEC).unwrap();
        assert_eq!((decoded, read), (record, encoded.len()));
    }
}

#[test]
fn a_priority_that_there_is_not_is_refused() {
    let [_, enqueued, ..] = &all()[..] else {
        panic!("thirteen of them");
    };
    let encoded = bytes(enqueued);
    let found = (0..encoded.len()).filter(|at| {
        let mut broken = encoded.clone();
        broken[*at] = 5;
        let decoded = decode_from_slice::<Record, _>(&broken, CODEC);
        decoded.is_err_and(|error| error.to_string().contains("priority 5 of 0 to 4"))
    });
    assert_eq!(found.count(), 1);
}

/// What a message costs on disk besides its payload and what frames a record.
#[test]
fn records_are_small() {
    let mut desk = Desk::new();
    desk.log.clear();
    let id = desk.put(|_| {});
    let leased = desk.lease().unwrap();
    desk.start(leased.token).unwrap();
    desk.ack(leased.token).unwrap();
    let sizes: Vec<usize> = desk.log.iter().map(|record| bytes(record).len()).collect();
    assert_eq!(sizes, [28 + 45, 24, 20], "{id}");
}
