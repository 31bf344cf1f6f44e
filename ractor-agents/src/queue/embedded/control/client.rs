//! The operators' side.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::sync::watch;

use super::wire::{receive, send};
use super::{Request, Response, SOCKET};
use crate::queue::broker::{Answer, Entry, Leased, Settled, Settlement};
use crate::queue::{
    Backend, BrokerError, Cursor, DeadLetter, Error, Filter, Guarantees, Peeked, Receipt,
    Selection, Stats, Token, Unmet,
};

/// A queue that another process has. Messages are neither taken in nor given out by it.
pub(in super::super) struct Client {
    path: PathBuf,
    is_closed: watch::Sender<bool>,
}

impl Client {
    /// For the queue in this folder.
    pub(in super::super) fn new(folder: &Path) -> Self {
        Self {
            path: folder.join(SOCKET),
            is_closed: watch::Sender::new(false),
        }
    }

    async fn ask(&self, request: Request) -> Result<Response, Error> {
        let asked = async {
            let mut stream = UnixStream::connect(&self.path).await?;
            send(&mut stream, &request).await?;
            receive(&mut stream).await
        };
        match asked.await {
            Ok(Response::Refused { why }) => Err(Error::Broker(BrokerError::new(why))),
            Ok(response) => Ok(response),
            Err(error) => Err(Error::Disconnected(BrokerError::new(error))),
        }
    }

    /// Asks, and takes what it wants out of the answer.
    fn get<T: Send + 'static>(
        &self,
        request: Request,
        wanted: fn(Response) -> Option<T>,
    ) -> Answer<'_, T> {
        Box::pin(async move {
            let other = || Error::Broker(BrokerError::new("it answered something else"));
            wanted(self.ask(request).await?).ok_or_else(other)
        })
    }

    fn count(&self, request: Request) -> Answer<'_, usize> {
        self.get(request, |response| match response {
            Response::Count(count) => usize::try_from(count).ok(),
            _ => None,
        })
    }
}

fn unsupported<'a, T: Send + 'a>(operation: &'static str) -> Answer<'a, T> {
    let broker = "an operator's connection";
    Box::pin(async move { Err(Error::Unsupported { broker, operation }) })
}

/// More are never shown.
fn as_u32(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl Backend for Client {
    fn open(&self) -> Answer<'_, ()> {
        self.get(Request::Guarantees, |_| Some(()))
    }

    fn run(&self) -> Answer<'_, ()> {
        Box::pin(async {
            let mut is_closed = self.is_closed.subscribe();
            // Its sender is here.
            let _ = is_closed.wait_for(|is_closed| *is_closed).await;
            Ok(())
        })
    }

    fn close(&self) {
        self.is_closed.send_replace(true);
    }

    fn guarantees(&self) -> Answer<'_, Guarantees> {
        self.get(Request::Guarantees, |response| match response {
            Response::Guarantees(guarantees) => Some(guarantees),
            _ => None,
        })
    }

    fn advice(&self, _: &Unmet) -> &'static str {
        "open the queue itself"
    }

    fn enqueue(&self, _: Vec<Entry>) -> Answer<'_, Vec<Receipt>> {
        unsupported("take messages in")
    }

    fn lease(&self, _: usize, _: Duration) -> Answer<'_, Vec<Leased>> {
        unsupported("give messages out")
    }

    fn settle(&self, _: Token, _: Settlement) -> Answer<'_, Settled> {
        unsupported("settle messages")
    }

    fn peek(&self, count_max: usize) -> Answer<'_, Vec<Peeked>> {
        let count_max = as_u32(count_max);
        self.get(Request::Peek { count_max }, |response| match response {
            Response::Peeked(peeked) => Some(peeked),
            _ => None,
        })
    }

    fn purge(&self) -> Answer<'_, usize> {
        self.count(Request::Purge)
    }

    fn set_paused(&self, is_paused: bool) -> Answer<'_, ()> {
        self.get(Request::SetPaused { is_paused }, |response| {
            matches!(response, Response::Done).then_some(())
        })
    }

    fn stats(&self) -> Answer<'_, Stats> {
        self.get(Request::Stats, |response| match response {
            Response::Stats(stats) => Some(*stats),
            _ => None,
        })
    }

    fn dead_letters(
        &self,
        filter: Filter,
        after: Option<Cursor>,
        count_max: usize,
    ) -> Answer<'_, Vec<DeadLetter>> {
        let request = Request::DeadLetters {
            filter,
            after,
            count_max: as_u32(count_max),
        };
        self.get(request, |response| match response {
            Response::DeadLetters(letters) => Some(letters),
            _ => None,
        })
    }

    fn redrive(&self, selection: Selection) -> Answer<'_, usize> {
        self.count(Request::Redrive { selection })
    }

    fn discard(&self, selection: Selection) -> Answer<'_, usize> {
        self.count(Request::Discard { selection })
    }
}
