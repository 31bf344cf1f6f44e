//! What there is to see at the moment at which a future is woken.

use std::iter;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};

use ractor_agents::dead_letter::{DeadLetter, DeadLetters, Reason};
use ractor_agents::swarm::Swarm;
use tokio::sync::broadcast::Receiver;

use crate::Log;

/// What the dead letters looked like when somebody was woken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// How many there were.
    pub total: u64,
    /// Why the newest of those kept was written.
    pub kept: Option<Reason>,
    /// Why the newest was written that a subscriber had heard of since the last time.
    pub heard: Option<Reason>,
}

/// A waker that looks at the dead letters, on the thread that wakes, before it passes the call on.
struct Witness {
    letters: DeadLetters,
    news: Mutex<Receiver<Arc<DeadLetter>>>,
    seen: Log<Seen>,
    /// Who polled last.
    poller: Mutex<Waker>,
}

impl Wake for Witness {
    fn wake(self: Arc<Self>) {
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        let reason = |letter: &Arc<DeadLetter>| letter.reason.clone();
        self.seen.push(Seen {
            total: self.letters.total(),
            kept: self.letters.list().last().map(reason),
            heard: iter::from_fn(|| news.try_recv().ok())
                .last()
                .as_ref()
                .map(reason),
        });
        drop(news);
        let poller = self.poller.lock().unwrap_or_else(PoisonError::into_inner);
        poller.wake_by_ref();
    }
}

/// Waits for `work`; tells its output and what the dead letters of `swarm` looked like each time it was woken.
pub async fn witness<F: Future>(swarm: &Swarm, work: F) -> (F::Output, Vec<Seen>) {
    let letters = swarm.dead_letters();
    let witness = Arc::new(Witness {
        letters: letters.clone(),
        news: Mutex::new(letters.subscribe()),
        seen: Log::default(),
        poller: Mutex::new(Waker::noop().clone()),
    });
    let waker = Waker::from(Arc::clone(&witness));
    let mut work = pin!(work);
    let output = std::future::poll_fn(|cx| {
        let mut poller = witness
            .poller
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        poller.clone_from(cx.waker());
        drop(poller);
        work.as_mut().poll(&mut Context::from_waker(&waker))
    })
    .await;
    (output, witness.seen.all())
}
