//! Sending and writing down that it was sent, indivisibly.

use std::collections::HashSet;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, ready};

use parking_lot::Mutex;
use ractor_agents::agent::{Agent, Tell, TellError};

use crate::fold::Subject;

/// Sends `tell` and notes it in `record`, if it `is_due` at that moment.
///
/// # Cancel safety
/// Dropped at any time, the message is sent and noted, or neither: both happen within one poll.
pub async fn tell_once<Record, A: Agent>(
    record: &Mutex<Record>,
    is_due: impl Fn(&Record) -> bool,
    mut tell: Tell<'_, A>,
    note: impl Fn(&mut Record),
) -> Result<(), TellError<A::Message>> {
    poll_fn(|cx| {
        let mut record = record.lock();
        if !is_due(&record) {
            return Poll::Ready(Ok(()));
        }
        ready!(Pin::new(&mut tell).poll(cx))?;
        note(&mut record);
        Poll::Ready(Ok(()))
    })
    .await
}

/// The subjects whose analysis has been sent, by anyone of a pool. A handle, cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Told(Arc<Mutex<HashSet<Subject>>>);

impl Told {
    /// Whether the analysis of `subject` has been sent.
    pub fn contains(&self, subject: Subject) -> bool {
        self.0.lock().contains(&subject)
    }

    /// Sends the analysis of `subject`, if nobody has yet.
    ///
    /// # Cancel safety
    /// As [`tell_once`].
    pub async fn tell<A: Agent>(
        &self,
        subject: Subject,
        analysis: Tell<'_, A>,
    ) -> Result<(), TellError<A::Message>> {
        let is_due = |told: &HashSet<_>| !told.contains(&subject);
        let note = |told: &mut HashSet<_>| {
            told.insert(subject);
        };
        tell_once(&self.0, is_due, analysis, note).await
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use ractor_agents::prelude::*;

    use super::*;

    async fn deaf(_: u32) {
        std::future::pending::<()>().await;
    }

    /// There is room for one in line and one in hand. Then senders wait, and each is dropped at one point or another.
    #[tokio::test]
    async fn a_sender_that_is_dropped_has_sent_and_noted_or_neither() -> Result<()> {
        let swarm = Swarm::local();
        let deaf = swarm.spawn(deaf).depth(1).await?;
        let record = Mutex::new(HashSet::new());
        let mut cx = Context::from_waker(Waker::noop());
        for key in 0..100_u32 {
            let is_due = |record: &HashSet<u32>| !record.contains(&key);
            let note = |record: &mut HashSet<u32>| assert!(record.insert(key));
            let mut sending = pin!(tell_once(&record, is_due, deaf.tell(key), note));
            if sending.as_mut().poll(&mut cx).is_pending() {
                tokio::task::yield_now().await;
                let _ = sending.as_mut().poll(&mut cx);
            }
            assert_eq!(deaf.accounting().accepted, record.lock().len() as u64);
        }
        assert!((1..100).contains(&record.lock().len()));
        Ok(())
    }

    #[tokio::test]
    async fn what_is_noted_is_not_sent_again() -> Result<()> {
        let swarm = Swarm::local();
        let count = async |_: u32| {};
        let counter = swarm.spawn(count).await?;
        let told = Told::default();
        let subject = Subject {
            blake3: blake3::hash(b""),
            language: None,
        };
        for _ in 0..3 {
            told.tell(subject, counter.tell(1_u32)).await?;
        }
        assert!(told.contains(subject));
        assert_eq!(counter.accounting().accepted, 1);
        Ok(())
    }
}
