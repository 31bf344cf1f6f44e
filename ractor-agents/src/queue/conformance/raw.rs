//! A queue without a swarm: nobody renews its leases, and nobody gives them back.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use super::breach::{Breach, Verdict, equal};
use super::stage::{PATIENT, Stage};
use crate::message::Priority;
use crate::queue::broker::{Entry, Leased, Settled, Settlement};
use crate::queue::{Ability, Backend, Error, Filter, History, MessageId, Options, Payload, Token};

/// An open backend, kept open.
pub(super) struct Raw {
    pub(super) backend: Arc<dyn Backend>,
    running: JoinSet<Result<(), Error>>,
}

impl Raw {
    pub(super) async fn open(stage: &Stage, options: &Options) -> Verdict<Self> {
        let backend: Arc<dyn Backend> = stage.backend(options)?.into();
        backend.open().await?;
        let mut running = JoinSet::new();
        let kept = Arc::clone(&backend);
        running.spawn(async move { kept.run().await });
        Ok(Self { backend, running })
    }

    /// Closes it, and waits until it is.
    pub(super) async fn close(mut self) -> Verdict {
        self.backend.close();
        let ended = timeout(PATIENT, self.running.join_next()).await;
        match ended.map_err(|_| Breach::new("it does not end when it is closed"))? {
            Some(outcome) => Ok(outcome??),
            None => Ok(()),
        }
    }

    pub(super) async fn has(&self, ability: Ability) -> Verdict<bool> {
        Ok(self.backend.guarantees().await?.has(ability))
    }

    /// Enqueues a message of these bytes, which no codec has made.
    pub(super) async fn put(&self, text: &str) -> Verdict<MessageId> {
        self.put_for(text, 20).await
    }

    /// The same for so many attempts.
    pub(super) async fn put_for(&self, text: &str, attempts_max: u32) -> Verdict<MessageId> {
        let entry = Entry {
            id: MessageId::random(),
            priority: Priority::Normal,
            group: None,
            delay: Duration::ZERO,
            ttl: None,
            attempts_max,
            print: None,
            payload: Payload::from_bytes(text.as_bytes().to_vec()),
        };
        let id = entry.id;
        let receipts = self.backend.enqueue(vec![entry]).await?;
        let found: Vec<_> = receipts
            .iter()
            .map(|receipt| (receipt.id, receipt.is_duplicate))
            .collect();
        equal(found, vec![(id, false)], "the receipt of a new message")?;
        Ok(id)
    }

    /// Leases the next message, which has to come.
    pub(super) async fn take(&self) -> Verdict<Leased> {
        let came = self.backend.lease(1, PATIENT).await?.pop();
        came.ok_or_else(|| Breach::new("a message that has to come did not"))
    }

    pub(super) async fn settle(
        &self,
        token: Token,
        settlement: Settlement,
    ) -> Result<Settled, Error> {
        self.backend.settle(token, settlement).await
    }

    /// What happened to the only dead letter. None where dead letters cannot be seen: then it is only counted.
    pub(super) async fn dead(&self) -> Verdict<Option<History>> {
        equal(self.backend.stats().await?.dead, 1, "dead letters")?;
        if !self.has(Ability::DeadLetterAccess).await? {
            return Ok(None);
        }
        let letters = self.backend.dead_letters(Filter::default(), None, 9);
        let letter = letters.await?.pop();
        let letter = letter.ok_or_else(|| Breach::new("the dead letter is not listed"))?;
        Ok(Some(letter.history))
    }
}

/// All that can be said of a lease.
pub(super) fn settlements() -> [Settlement; 6] {
    [
        Settlement::Start,
        Settlement::Extend,
        Settlement::Ack,
        Settlement::Nack {
            delay: None,
            error: "no".into(),
        },
        Settlement::Release,
        Settlement::DeadLetter { why: "no".into() },
    ]
}
