//! A broker that goes away and comes back, and what waits for it on disk.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ractor_agents::queue::broker::{Answer, Entry, Leased, Settled, Settlement};
use ractor_agents::queue::{
    Backend, Broker, BrokerError, Cursor, DeadLetter, Embedded, Error, Filter, Guarantees, Name,
    Options, Peeked, Queue, Receipt, Selection, Spooled, Stats, Token, Unmet,
};
use ractor_agents::swarm::Swarm;
use tests::{ms, secs};
use tokio::sync::Notify;

use crate::Result;

/// A broker that can be taken away.
#[derive(Clone)]
struct Remote {
    broker: Embedded,
    switch: Arc<Switch>,
}

#[derive(Default)]
struct Switch {
    is_away: AtomicBool,
    /// It does what it is asked to, and does not say so.
    is_mute: AtomicBool,
    left: Notify,
}

struct Far {
    queue: Box<dyn Backend>,
    switch: Arc<Switch>,
}

impl Switch {
    fn set_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::SeqCst);
        self.left.notify_waiters();
    }

    fn check(&self) -> std::result::Result<(), Error> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(Error::Disconnected(BrokerError::new("taken away")));
        }
        Ok(())
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.broker.fmt(f)
    }
}

impl Broker for Remote {
    fn name(&self) -> &'static str {
        "remote"
    }

    fn address(&self) -> String {
        self.broker.address()
    }

    fn queue(
        &self,
        name: &Name,
        options: &Options,
    ) -> std::result::Result<Box<dyn Backend>, Error> {
        Ok(Box::new(Far {
            queue: self.broker.queue(name, options)?,
            switch: Arc::clone(&self.switch),
        }))
    }
}

macro_rules! through {
    ($($name:ident($($arg:ident: $type:ty),*) -> $answer:ty;)*) => {$(
        fn $name(&self, $($arg: $type),*) -> Answer<'_, $answer> {
            Box::pin(async move {
                self.switch.check()?;
                self.queue.$name($($arg),*).await
            })
        }
    )*};
}

impl Backend for Far {
    through! {
        open() -> ();
        guarantees() -> Guarantees;
        lease(count_max: usize, wait: Duration) -> Vec<Leased>;
        settle(token: Token, settlement: Settlement) -> Settled;
        peek(count_max: usize) -> Vec<Peeked>;
        purge() -> usize;
        set_paused(is_paused: bool) -> ();
        stats() -> Stats;
        dead_letters(filter: Filter, after: Option<Cursor>, count_max: usize) -> Vec<DeadLetter>;
        redrive(selection: Selection) -> usize;
        discard(selection: Selection) -> usize;
    }

    fn enqueue(&self, batch: Vec<Entry>) -> Answer<'_, Vec<Receipt>> {
        Box::pin(async move {
            self.switch.check()?;
            let receipts = self.queue.enqueue(batch).await;
            if self.switch.is_mute.load(Ordering::SeqCst) {
                return Err(Error::Unknown(BrokerError::new("no answer")));
            }
            receipts
        })
    }

    fn run(&self) -> Answer<'_, ()> {
        Box::pin(async {
            let left = async {
                loop {
                    let left = self.switch.left.notified();
                    self.switch.check()?;
                    left.await;
                }
            };
            tokio::select! {
                ended = self.queue.run() => ended,
                lost = left => lost,
            }
        })
    }

    fn close(&self) {
        self.queue.close();
    }

    fn advice(&self, unmet: &Unmet) -> &'static str {
        self.queue.advice(unmet)
    }
}

struct Stage {
    swarm: Swarm,
    switch: Arc<Switch>,
    folder: tempfile::TempDir,
}

impl Stage {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (swarm, switch) = Self::swarm(&folder)?;
        Ok(Self {
            swarm,
            switch,
            folder,
        })
    }

    fn swarm(folder: &tempfile::TempDir) -> Result<(Swarm, Arc<Switch>)> {
        let embedded = |name| Embedded::in_folder(folder.path().join(name)).segment_bytes(64 << 10);
        let switch = Arc::new(Switch::default());
        let remote = Remote {
            broker: embedded("remote"),
            switch: Arc::clone(&switch),
        };
        let broker = Spooled::new(remote, embedded("spool"));
        let swarm = Swarm::builder().test().broker(broker).build()?;
        Ok((swarm, switch))
    }

    async fn queue(&self) -> Result<Queue<u32>> {
        Ok(self.swarm.queue("work").await?)
    }
}

/// Leases and acknowledges so many, in the order in which they come.
async fn take(queue: &Queue<u32>, count: usize) -> Result<Vec<u32>> {
    let mut taken = Vec::new();
    while taken.len() < count {
        match queue.lease().wait(secs(20)).await {
            Ok(Some(delivery)) => {
                taken.push(*delivery.message());
                delivery.ack().await?;
            }
            Ok(None) => return Err(format!("only {taken:?} came").into()),
            // Time is real here, as the disks are.
            Err(Error::Disconnected(_)) => tokio::time::sleep(ms(20)).await,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(taken)
}

#[tokio::test]
async fn what_is_sent_while_the_broker_is_away_comes_in_order_when_it_is_back() -> Result {
    let stage = Stage::new()?;
    let queue = stage.queue().await?;
    for number in 0..5 {
        queue.enqueue(&number).await?;
    }
    stage.switch.set_away(true);
    for number in 5..50 {
        queue.enqueue(&number).wait(Duration::ZERO).await?;
    }
    let refused = queue.stats().await;
    assert!(
        matches!(refused, Err(Error::Disconnected(_))),
        "{refused:?}"
    );
    stage.switch.set_away(false);
    for number in 50..55 {
        queue.enqueue(&number).await?;
    }
    let expected: Vec<u32> = (0..55).collect();
    assert_eq!(take(&queue, 55).await?, expected);
    Ok(())
}

#[tokio::test]
async fn what_waits_in_the_spool_survives_the_process() -> Result {
    let stage = Stage::new()?;
    let queue = stage.queue().await?;
    queue.enqueue(&1).await?;
    assert_eq!(take(&queue, 1).await?, [1]);
    stage.switch.set_away(true);
    let receipt = queue.enqueue(&2).key("two").await?;
    let again = queue.enqueue(&2).key("two").await?;
    assert_eq!((again.id, again.is_duplicate), (receipt.id, true));
    stage.swarm.shutdown(secs(5)).await;

    let (swarm, _) = Stage::swarm(&stage.folder)?;
    let queue = swarm.queue::<u32>("work").await?;
    assert_eq!(take(&queue, 1).await?, [2]);
    Ok(())
}

#[tokio::test]
async fn what_the_broker_has_taken_without_a_word_is_sent_again_and_is_one() -> Result {
    let stage = Stage::new()?;
    let queue = stage.queue().await?;
    queue.enqueue(&0).await?;
    assert_eq!(take(&queue, 1).await?, [0]);
    // Until messages go to it directly.
    tokio::time::sleep(ms(300)).await;
    stage.switch.is_mute.store(true, Ordering::SeqCst);
    for number in 1..=20 {
        queue.enqueue(&number).key(&number.to_string()).await?;
    }
    stage.switch.is_mute.store(false, Ordering::SeqCst);
    let mut taken = take(&queue, 20).await?;
    taken.sort_unstable();
    assert_eq!(taken, (1..=20).collect::<Vec<u32>>());
    assert!(
        queue.lease().wait(ms(300)).await?.is_none(),
        "one came twice"
    );
    Ok(())
}

#[tokio::test]
async fn a_queue_is_not_begun_while_nobody_knows_what_its_broker_gives() -> Result {
    let stage = Stage::new()?;
    stage.switch.set_away(true);
    let refused = stage.queue().await;
    assert!(refused.is_err(), "{refused:?}");
    stage.switch.set_away(false);
    stage.queue().await?.enqueue(&1).await?;
    Ok(())
}
