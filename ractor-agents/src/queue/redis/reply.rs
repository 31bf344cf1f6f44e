//! What scripts answer.

use std::time::SystemTime;

use redis::Value;

use super::args::FAR;
use crate::message::Priority;
use crate::queue::broker::Leased;
use crate::queue::{
    BrokerError, Cause, Cursor, DeadLetter, Death, Error, Failure, History, LaneStats, MessageId,
    Payload, Peeked, Position, Reason, Stale, Stats, Token, time,
};

/// What an answer is made of, one after another.
pub(super) struct Reply(std::vec::IntoIter<Value>);

/// An answer that no script of this version gives.
pub(super) fn unexpected() -> Error {
    Error::Corrupted(BrokerError::new("what the server answers makes no sense"))
}

impl Reply {
    pub(super) fn of(value: Value) -> Result<Self, Error> {
        match value {
            Value::Array(values) => Ok(Self(values.into_iter())),
            _ => Err(unexpected()),
        }
    }

    fn next(&mut self) -> Result<Value, Error> {
        self.0.next().ok_or_else(unexpected)
    }

    pub(super) fn signed(&mut self) -> Result<i64, Error> {
        match self.next()? {
            Value::Int(number) => Ok(number),
            _ => Err(unexpected()),
        }
    }

    pub(super) fn number<T: TryFrom<i64>>(&mut self) -> Result<T, Error> {
        T::try_from(self.signed()?).map_err(|_| unexpected())
    }

    fn bytes(&mut self) -> Result<Vec<u8>, Error> {
        match self.next()? {
            Value::BulkString(bytes) => Ok(bytes),
            _ => Err(unexpected()),
        }
    }

    fn text(&mut self) -> Result<Box<str>, Error> {
        Ok(String::from_utf8_lossy(&self.bytes()?).into())
    }

    fn id(&mut self) -> Result<MessageId, Error> {
        id(&self.bytes()?)
    }

    fn list(&mut self) -> Result<Self, Error> {
        Self::of(self.next()?)
    }

    /// None where the script says `false`.
    fn optional(&mut self) -> Result<Option<Value>, Error> {
        Ok(match self.next()? {
            Value::Nil => None,
            value => Some(value),
        })
    }

    fn group(&mut self) -> Result<Option<Box<str>>, Error> {
        match self.optional()? {
            None => Ok(None),
            Some(Value::BulkString(bytes)) => Ok(Some(String::from_utf8_lossy(&bytes).into())),
            Some(_) => Err(unexpected()),
        }
    }

    fn at(&mut self) -> Result<SystemTime, Error> {
        Ok(time::at(self.number()?))
    }

    fn expires(&mut self) -> Result<Option<SystemTime>, Error> {
        let at: u64 = self.number()?;
        Ok((at < FAR).then(|| time::at(at)))
    }

    fn priority(&mut self) -> Result<Priority, Error> {
        let lane: usize = self.number()?;
        let lane = lane.checked_sub(1).and_then(|lane| Priority::ALL.get(lane));
        lane.copied().ok_or_else(unexpected)
    }

    fn payload(&mut self) -> Result<Payload, Error> {
        Ok(Payload::from_bytes(self.bytes()?))
    }

    /// Each of what is left.
    pub(super) fn each<T>(
        self,
        read: impl Fn(&mut Self) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.0
            .map(|value| read(&mut Self::of(value)?))
            .collect::<Result<_, _>>()
    }

    /// What became of each message of a batch: its own name, or that of the message it is the same as.
    pub(super) fn known(&mut self) -> Result<Option<MessageId>, Error> {
        match self.next()? {
            Value::Int(0) => Ok(None),
            Value::BulkString(bytes) => id(&bytes).map(Some),
            _ => Err(unexpected()),
        }
    }

    pub(super) fn leased(&mut self) -> Result<Leased, Error> {
        let id = self.id()?;
        let token = Token {
            epoch: self.number()?,
            number: self.number()?,
            id,
        };
        Ok(Leased {
            token,
            attempts: self.number()?,
            attempts_max: self.number()?,
            priority: self.priority()?,
            group: self.group()?,
            enqueued_at: self.at()?,
            expires_at: self.expires()?,
            payload: self.payload()?,
        })
    }

    pub(super) fn stats(&mut self) -> Result<Stats, Error> {
        let mut stats = Stats::default();
        let mut counts = self.list()?;
        let count_of: [fn(&mut LaneStats) -> &mut usize; 3] = [
            |lane| &mut lane.ready,
            |lane| &mut lane.delayed,
            |lane| &mut lane.leased,
        ];
        for count in count_of {
            for lane in &mut stats.lanes {
                *count(lane) = counts.number()?;
            }
        }
        stats.bytes = self.number()?;
        stats.dead = self.number()?;
        stats.dead_bytes = self.number()?;
        stats.remembered = self.number()?;
        let oldest = self.signed()?;
        stats.oldest_at = u64::try_from(oldest).ok().map(time::at);
        stats.is_paused = self.signed()? == 1;
        Ok(stats)
    }

    pub(super) fn view(&mut self) -> Result<View, Error> {
        Ok(View {
            id: self.id()?,
            enqueued_at: self.at()?,
            expires_at: self.expires()?,
            attempts: self.number()?,
            attempts_max: self.number()?,
            priority: self.priority()?,
            group: self.group()?,
            size: self.number()?,
            stage: self.number()?,
            due: self.number()?,
            until: self.number()?,
            is_running: self.signed()? == 1,
            died_at: self.number()?,
            death: self.number()?,
            history: match self.optional()? {
                None => History::default(),
                Some(history) => Self::of(history)?.history()?,
            },
            payload: self.payload()?,
        })
    }

    fn history(&mut self) -> Result<History, Error> {
        Ok(History {
            failures: self.list()?.each(Self::failure)?,
            deaths: self.list()?.each(Self::death)?,
            dead: match self.optional()? {
                None => None,
                Some(dead) => Some(Self::of(dead)?.death()?),
            },
        })
    }

    fn failure(&mut self) -> Result<Failure, Error> {
        Ok(Failure {
            at: self.at()?,
            attempt: self.number()?,
            cause: match self.signed()? {
                1 => Cause::Failed {
                    error: self.text()?,
                },
                2 => Cause::LeaseExpired,
                _ => return Err(unexpected()),
            },
        })
    }

    fn death(&mut self) -> Result<Death, Error> {
        Ok(Death {
            at: self.at()?,
            attempts: self.number()?,
            reason: match self.signed()? {
                1 => Reason::Exhausted,
                2 => Reason::Expired,
                3 => Reason::Rejected { why: self.text()? },
                _ => return Err(unexpected()),
            },
        })
    }
}

/// Why a lease is not good, by the script's number.
pub(super) fn stale(number: i64) -> Result<Stale, Error> {
    Ok(match number {
        1 => Stale::Restarted,
        2 => Stale::Unknown,
        3 => Stale::Gone,
        4 => Stale::Dead,
        5 => Stale::Replaced,
        6 => Stale::Expired,
        7 => Stale::GivenBack,
        _ => return Err(unexpected()),
    })
}

fn id(bytes: &[u8]) -> Result<MessageId, Error> {
    let bytes = <[u8; 16]>::try_from(bytes).map_err(|_| unexpected())?;
    Ok(MessageId::from_u128(u128::from_be_bytes(bytes)))
}

/// A message or dead letter as it is.
pub(super) struct View {
    id: MessageId,
    enqueued_at: SystemTime,
    expires_at: Option<SystemTime>,
    attempts: u32,
    attempts_max: u32,
    priority: Priority,
    group: Option<Box<str>>,
    size: u32,
    stage: u8,
    due: u64,
    until: u64,
    is_running: bool,
    died_at: u64,
    death: u64,
    history: History,
    payload: Payload,
}

impl From<View> for Peeked {
    fn from(view: View) -> Self {
        Self {
            id: view.id,
            size: view.size,
            priority: view.priority,
            group: view.group,
            enqueued_at: view.enqueued_at,
            expires_at: view.expires_at,
            attempts: view.attempts,
            attempts_max: view.attempts_max,
            failure: view.history.failures.last().cloned(),
            position: match view.stage {
                1 => Position::Ready,
                2 => Position::Delayed {
                    due: time::at(view.due),
                },
                3 => Position::Leased {
                    until: time::at(view.until),
                    is_running: view.is_running,
                },
                _ => Position::Dead,
            },
            payload: view.payload,
        }
    }
}

impl From<View> for DeadLetter {
    fn from(view: View) -> Self {
        Self {
            id: view.id,
            size: view.size,
            priority: view.priority,
            group: view.group,
            enqueued_at: view.enqueued_at,
            history: view.history,
            cursor: Cursor::new(time::at(view.died_at), view.death),
            payload: view.payload,
        }
    }
}
