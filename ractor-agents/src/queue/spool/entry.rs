//! A message as it waits in the spool.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::codec::{CodecError, decode_bare, encode_bare};
use crate::message::Priority;
use crate::queue::broker::Entry;
use crate::queue::{Backoff, Dedup, Fingerprint, MessageId, Options, Payload, time};

/// All of an [`Entry`], with its times made absolute.
///
/// On disk: fields are only ever added at the end.
#[derive(Serialize, Deserialize)]
struct Kept {
    id: MessageId,
    priority: Priority,
    group: Option<Box<str>>,
    due: u64,
    expires: Option<u64>,
    attempts_max: u32,
    print: Option<Fingerprint>,
    payload: Payload,
}

/// What a spool is opened with: the bounds of its queue, and no end to its patience.
pub(super) fn options(of: &Options) -> Options {
    Options {
        attempts: u32::MAX,
        backoff: Backoff::default(),
        dedup: Dedup {
            by_content: false,
            ..of.dedup
        },
        ..*of
    }
}

/// An entry of the spool that has that entry in it.
pub(super) fn wrap(entry: &Entry) -> Result<Entry, CodecError> {
    let now = time::millis(SystemTime::now());
    let after = |wait: Duration| now.saturating_add(time::as_millis(wait));
    let kept = Kept {
        id: entry.id,
        priority: entry.priority,
        group: entry.group.clone(),
        due: after(entry.delay),
        expires: entry.ttl.map(after),
        attempts_max: entry.attempts_max,
        print: entry.print,
        payload: entry.payload.clone(),
    };
    let mut bytes = Vec::with_capacity(entry.payload.as_bytes().len() + 128);
    encode_bare(&kept, &mut bytes)?;
    Ok(Entry {
        id: entry.id,
        // One line for all of them: they go over in the order in which they came.
        priority: Priority::Normal,
        group: None,
        delay: Duration::ZERO,
        ttl: None,
        attempts_max: u32::MAX,
        print: entry.print,
        payload: Payload::from_bytes(bytes),
    })
}

/// The entry in an entry of the spool. If the broker tells duplicates it has a fingerprint in any case, so that it is known again.
pub(super) fn unwrap(payload: &Payload, has_dedup: bool) -> Result<Entry, CodecError> {
    let kept: Kept = decode_bare(payload.as_bytes())?;
    let now = time::millis(SystemTime::now());
    let left = |until: u64| Duration::from_millis(until.saturating_sub(now));
    let own = || has_dedup.then(|| Fingerprint::of_key(&kept.id.to_string()));
    let print = kept.print.or_else(own);
    Ok(Entry {
        id: kept.id,
        priority: kept.priority,
        group: kept.group,
        delay: left(kept.due),
        ttl: kept.expires.map(left),
        attempts_max: kept.attempts_max,
        print,
        payload: kept.payload,
    })
}
