//! A queue for operators: itself, or through the process that has it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::backend::Embedded;
use super::control::Client;
use crate::queue::broker::{Answer, Entry, Leased, Settled, Settlement};
use crate::queue::{
    Backend, Cursor, DeadLetter, Error, Filter, Guarantees, Name, Peeked, Receipt, Selection,
    Stats, Token, Unmet,
};

/// A queue that is looked at and put in order by somebody who does not work on it.
pub(super) struct Operators {
    name: Name,
    folder: PathBuf,
    itself: Embedded,
    client: Client,
    /// Whether another process has it.
    is_elsewhere: AtomicBool,
}

impl Operators {
    pub(super) fn new(name: Name, folder: PathBuf, itself: Embedded) -> Self {
        Self {
            name,
            client: Client::new(&folder),
            folder,
            itself,
            is_elsewhere: AtomicBool::new(false),
        }
    }

    fn queue(&self) -> &dyn Backend {
        if self.is_elsewhere.load(Ordering::Acquire) {
            &self.client
        } else {
            &self.itself
        }
    }
}

impl Backend for Operators {
    fn open(&self) -> Answer<'_, ()> {
        Box::pin(async {
            if !self.folder.is_dir() {
                return Err(Error::NoSuchQueue(self.name.clone()));
            }
            let in_use = match self.itself.open().await {
                Err(in_use @ Error::InUse { .. }) => in_use,
                opened => return opened,
            };
            // The process that has it may not serve operators: then that it has it is what there is to say.
            self.client.open().await.map_err(|_| in_use)?;
            self.is_elsewhere.store(true, Ordering::Release);
            Ok(())
        })
    }

    fn run(&self) -> Answer<'_, ()> {
        self.queue().run()
    }

    fn close(&self) {
        self.itself.close();
        self.client.close();
    }

    fn guarantees(&self) -> Answer<'_, Guarantees> {
        self.queue().guarantees()
    }

    fn advice(&self, unmet: &Unmet) -> &'static str {
        self.queue().advice(unmet)
    }

    fn enqueue(&self, batch: Vec<Entry>) -> Answer<'_, Vec<Receipt>> {
        self.queue().enqueue(batch)
    }

    fn lease(&self, count_max: usize, wait: Duration) -> Answer<'_, Vec<Leased>> {
        self.queue().lease(count_max, wait)
    }

    fn settle(&self, token: Token, settlement: Settlement) -> Answer<'_, Settled> {
        self.queue().settle(token, settlement)
    }

    fn peek(&self, count_max: usize) -> Answer<'_, Vec<Peeked>> {
        self.queue().peek(count_max)
    }

    fn purge(&self) -> Answer<'_, usize> {
        self.queue().purge()
    }

    fn set_paused(&self, is_paused: bool) -> Answer<'_, ()> {
        self.queue().set_paused(is_paused)
    }

    fn stats(&self) -> Answer<'_, Stats> {
        self.queue().stats()
    }

    fn dead_letters(
        &self,
        filter: Filter,
        after: Option<Cursor>,
        count_max: usize,
    ) -> Answer<'_, Vec<DeadLetter>> {
        self.queue().dead_letters(filter, after, count_max)
    }

    fn redrive(&self, selection: Selection) -> Answer<'_, usize> {
        self.queue().redrive(selection)
    }

    fn discard(&self, selection: Selection) -> Answer<'_, usize> {
        self.queue().discard(selection)
    }
}
