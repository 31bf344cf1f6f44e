//! A message as it is at the server: our head in the headers, the payload in the body.

use lapin::BasicProperties;
use lapin::message::BasicGetMessage;
use lapin::types::{AMQPValue, ByteArray, FieldTable};

use super::names::RUNG;
use crate::codec::{decode_bare, encode_bare};
use crate::message::Priority;
use crate::queue::broker::Entry;
use crate::queue::{Error, History, MessageId};

/// What is known of a message besides its payload. Times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) id: MessageId,
    pub(super) priority: Priority,
    pub(super) enqueued_at: u64,
    pub(super) expires: Option<u64>,
    pub(super) due: Option<u64>,
    /// Attempts before this copy was made.
    pub(super) attempts: u32,
    pub(super) attempts_max: u32,
    /// Leases that were given before this copy was made.
    pub(super) leases: u64,
    pub(super) history: History,
    /// How long it waits where it is put, in milliseconds.
    pub(super) rung: Option<u64>,
}

/// A head with what the server adds.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) head: Head,
    /// How many times this copy was delivered before.
    pub(super) deliveries: u32,
}

/// On disk, as ordered. Source: AMQP 0-9-1.
const PERSISTENT: u8 = 2;

const ENQUEUED_AT: &str = "enqueued-at";
const EXPIRES: &str = "expires";
const DUE: &str = "due";
const PRIORITY: &str = "line";
const ATTEMPTS: &str = "attempts";
const ATTEMPTS_MAX: &str = "attempts-max";
const LEASES: &str = "leases";
const HISTORY: &str = "history";
/// The server's: how many times a quorum queue has delivered the message and got it back.
const DELIVERIES: &str = "x-delivery-count";

impl Head {
    pub(super) fn new(entry: &Entry, now: u64) -> Self {
        use crate::queue::time::as_millis;
        let from_now = |duration| now.saturating_add(as_millis(duration));
        Self {
            id: entry.id,
            priority: entry.priority,
            enqueued_at: now,
            expires: entry.ttl.map(from_now),
            due: (!entry.delay.is_zero()).then(|| from_now(entry.delay)),
            attempts: 0,
            attempts_max: entry.attempts_max,
            leases: 0,
            history: History::default(),
            rung: None,
        }
    }

    /// For the server to keep.
    pub(super) fn properties(&self) -> Result<BasicProperties, Error> {
        let mut headers = FieldTable::default();
        let mut put = |name: &str, number: u64| {
            let number = i64::try_from(number).unwrap_or(i64::MAX);
            headers.insert(name.into(), AMQPValue::LongLongInt(number));
        };
        put(ENQUEUED_AT, self.enqueued_at);
        put(PRIORITY, self.priority.index() as u64);
        put(ATTEMPTS, self.attempts.into());
        put(ATTEMPTS_MAX, self.attempts_max.into());
        put(LEASES, self.leases);
        for (name, number) in [(EXPIRES, self.expires), (DUE, self.due), (RUNG, self.rung)] {
            if let Some(number) = number {
                put(name, number);
            }
        }
        if self.history != History::default() {
            let mut bytes = Vec::new();
            encode_bare(&self.history, &mut bytes)?;
            headers.insert(HISTORY.into(), AMQPValue::ByteArray(ByteArray::from(bytes)));
        }
        Ok(BasicProperties::default()
            .with_delivery_mode(PERSISTENT)
            .with_message_id(self.id.to_string().into())
            .with_headers(headers))
    }
}

impl Received {
    /// `None` if it is no message of ours.
    pub(super) fn read(message: &BasicGetMessage) -> Option<Self> {
        let headers = message.properties.headers().as_ref()?;
        let number = |name| headers.inner().get(name).and_then(whole);
        let small = |name| number(name).and_then(|number| u32::try_from(number).ok());
        let line = usize::try_from(number(PRIORITY)?).ok()?;
        let history = match headers.inner().get(HISTORY) {
            None => History::default(),
            Some(AMQPValue::ByteArray(bytes)) => decode_bare(bytes.as_slice()).ok()?,
            Some(_) => return None,
        };
        let id = message.properties.message_id().as_ref()?;
        Some(Self {
            head: Head {
                id: id.as_str().parse().ok()?,
                priority: Priority::ALL.get(line).copied()?,
                enqueued_at: number(ENQUEUED_AT)?,
                expires: number(EXPIRES),
                due: number(DUE),
                attempts: small(ATTEMPTS)?,
                attempts_max: small(ATTEMPTS_MAX)?,
                leases: number(LEASES)?,
                history,
                rung: None,
            },
            deliveries: small(DELIVERIES).unwrap_or(0),
        })
    }

    /// Handlers that may have started on it: each delivery that came to nothing without a word counts, since nobody knows better.
    pub(super) fn attempts(&self) -> u32 {
        self.head.attempts.saturating_add(self.deliveries)
    }
}

/// A whole number, whatever its length.
fn whole(value: &AMQPValue) -> Option<u64> {
    let number = match value {
        AMQPValue::ShortShortInt(number) => (*number).into(),
        AMQPValue::ShortShortUInt(number) => (*number).into(),
        AMQPValue::ShortInt(number) => (*number).into(),
        AMQPValue::ShortUInt(number) => (*number).into(),
        AMQPValue::LongInt(number) => (*number).into(),
        AMQPValue::LongUInt(number) => (*number).into(),
        AMQPValue::LongLongInt(number) => *number,
        _ => return None,
    };
    u64::try_from(number).ok()
}
