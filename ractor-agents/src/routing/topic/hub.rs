//! What the handles of topics, their actor and the messages on their way share.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use arc_swap::{ArcSwap, Guard};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::past::Past;
use super::subscriber::{Manner, Offered, Subscriber};
use super::trie::Trie;
use super::{Pattern, Published, Subject, SubscribeError, WhenFull};
use crate::routing::clerk::Keeps;
use crate::swarm::{Inner, Member};

pub(super) type Listener<M> = Arc<dyn Subscriber<M>>;

type Table<M> = Trie<Listener<M>>;

/// What the handles of topics, their actor and the messages on their way share. It outlives the actor.
pub(super) struct Hub<M> {
    pub(super) swarm: Weak<Inner>,
    pub(super) when_full: WhenFull,
    /// Whether messages are kept for those who subscribe later.
    is_past_kept: bool,
    table: ArcSwap<Table<M>>,
    books: Mutex<Books<M>>,
    /// No handle is left: the actor may end.
    is_abandoned: AtomicBool,
    abandoned: Notify,
}

/// What is changed.
struct Books<M> {
    /// As published, and what is being added to it.
    table: Arc<Table<M>>,
    /// Who wants to hear of what, by number.
    patterns: HashMap<u64, HashSet<Pattern>>,
    past: Past<M>,
}

impl<M> Books<M> {
    fn take_out(&mut self, number: u64, pattern: &Pattern) {
        Arc::make_mut(&mut self.table).remove(pattern.as_str(), number);
    }
}

impl<M: Send + Sync + 'static> Hub<M> {
    pub(super) fn new(swarm: &Arc<Inner>, when_full: WhenFull, past: Past<M>) -> Arc<Self> {
        let table = Arc::<Table<M>>::default();
        Arc::new(Self {
            swarm: Arc::downgrade(swarm),
            when_full,
            is_past_kept: past.is_kept(),
            table: ArcSwap::new(Arc::clone(&table)),
            books: Mutex::new(Books {
                table,
                patterns: HashMap::new(),
                past,
            }),
            is_abandoned: AtomicBool::new(false),
            abandoned: Notify::new(),
        })
    }

    /// Returns the last one, to be dropped where nothing is locked: an agent may go with it, and whatever is its own.
    #[must_use]
    fn publish_table(&self, books: &Books<M>) -> Arc<Table<M>> {
        self.table.swap(Arc::clone(&books.table))
    }

    /// Subscribes it, and returns what it is to hear of the past; nothing if it was subscribed already.
    pub(super) fn subscribe(
        &self,
        listener: &Listener<M>,
        pattern: Pattern,
    ) -> Result<Vec<Arc<M>>, SubscribeError> {
        let swarm = self.swarm.upgrade().ok_or(SubscribeError::Ended)?;
        let agent = listener.id();
        let number = agent.number();
        let mut books = self.books.lock();
        // If it ends after this look, the actor hears of it and takes the subscription away.
        if swarm.index.get(number).is_none() {
            return Err(SubscribeError::AgentEnded { agent });
        }
        let table = Arc::make_mut(&mut books.table);
        if !table.insert(pattern.as_str(), number, Arc::clone(listener)) {
            return Ok(Vec::new());
        }
        let past = books.past.matching(&pattern);
        books.patterns.entry(number).or_default().insert(pattern);
        let last = self.publish_table(&books);
        drop(books);
        drop(last);
        Ok(past)
    }

    /// False if it was not subscribed.
    pub(super) fn unsubscribe(&self, number: u64, pattern: &Pattern) -> bool {
        let mut books = self.books.lock();
        let Some(patterns) = books.patterns.get_mut(&number) else {
            return false;
        };
        if !patterns.remove(pattern) {
            return false;
        }
        if patterns.is_empty() {
            books.patterns.remove(&number);
        }
        books.take_out(number, pattern);
        let last = self.publish_table(&books);
        drop(books);
        drop(last);
        true
    }

    /// Takes all subscriptions of these away. Returns how many those were.
    pub(super) fn forget(&self, numbers: &[u64]) -> usize {
        let mut books = self.books.lock();
        let mut count = 0;
        for number in numbers {
            let patterns = books.patterns.remove(number).unwrap_or_default();
            count += patterns.len();
            for pattern in patterns {
                books.take_out(*number, &pattern);
            }
        }
        let last = (count > 0).then(|| self.publish_table(&books));
        drop(books);
        drop(last);
        count
    }

    pub(super) fn unretain(&self, subject: &Subject) -> bool {
        let gone = self.books.lock().past.forget(subject);
        gone.is_some()
    }

    /// How many subscriptions there are, and how many agents have any.
    pub(super) fn counts(&self) -> (usize, usize) {
        let books = self.books.lock();
        let subscriptions = books.patterns.values().map(HashSet::len).sum();
        (subscriptions, books.patterns.len())
    }

    pub(super) fn abandon(&self) {
        self.is_abandoned.store(true, Ordering::Release);
        self.abandoned.notify_one();
    }
}

impl<M: Clone + Send + Sync + 'static> Hub<M> {
    /// Offers a copy to everybody who wants to hear of it. Those who are full but will have room are put to `full`, if that is asked
    /// for; then a copy for them is returned too.
    pub(super) fn offer(
        &self,
        subject: &Subject,
        message: M,
        manner: &Manner,
        full: Option<&mut Vec<Listener<M>>>,
    ) -> (Published, Option<M>) {
        let table = self.table_for(subject, &message);
        let listeners = table.matching(subject.as_str());
        let mut published = Published::default();
        if let Some(full) = full {
            for listener in listeners {
                match listener.offer_copy(&message, manner) {
                    Offered::Full => full.push(Arc::clone(listener)),
                    offered => published.count(offered == Offered::Taken),
                }
            }
            return (published, Some(message));
        }
        // The last one gets the message itself.
        if let Some((last, others)) = listeners.split_last() {
            for listener in others {
                let offered = listener.offer_copy(&message, manner);
                published.count(offered == Offered::Taken);
            }
            published.count(last.offer(message, manner) == Offered::Taken);
        }
        (published, None)
    }

    /// Who is to hear of a message that is published now. Whoever subscribes earlier is among them; whoever subscribes later finds it
    /// in the past.
    fn table_for(&self, subject: &Subject, message: &M) -> Guard<Arc<Table<M>>> {
        if !self.is_past_kept {
            return self.table.load();
        }
        let message = Arc::new(message.clone());
        let mut books = self.books.lock();
        let gone = books.past.push(subject, &message);
        let table = self.table.load();
        drop(books);
        drop(gone);
        table
    }
}

impl<M: Send + Sync + 'static> Keeps for Hub<M> {
    fn swarm(&self) -> &Weak<Inner> {
        &self.swarm
    }

    fn update(&self, _: &[Arc<dyn Member>], left: &[u64]) {
        self.forget(left);
    }

    fn look_round(&self) {
        let Some(swarm) = self.swarm.upgrade() else {
            return;
        };
        let numbers: Vec<u64> = self.books.lock().patterns.keys().copied().collect();
        let is_gone = |number: &u64| swarm.index.get(*number).is_none();
        let left: Vec<u64> = numbers.into_iter().filter(is_gone).collect();
        self.forget(&left);
    }

    fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Acquire)
    }

    fn abandoned(&self) -> &Notify {
        &self.abandoned
    }
}
