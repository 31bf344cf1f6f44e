//! A queue at a server.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use redis::Value;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::args::{Args, FAR};
use super::fault::known;
use super::line::Line;
use super::link::Link;
use super::reply::{Reply, View, stale, unexpected};
use super::script::Script;
use super::settings::{self, Safety};
use super::{PREFIX, Server};
use crate::queue::broker::{Answer, Entry, Leased, Settled, Settlement};
use crate::queue::{
    Abilities, Ability, Aging, Backend, Bound, Cause, Cursor, DeadLetter, Error, Filter,
    Guarantees, Name, Options, Peeked, Reason, ReasonKind, Receipt, Selection, Stats, Token, Unmet,
    time,
};

/// One queue at a server.
pub(super) struct Redis {
    pub(super) link: Link,
    pub(super) line: Arc<Line>,
    pub(super) options: Options,
    pub(super) checked_every: Duration,
    pub(super) closing: CancellationToken,
    /// What the queue was opened with.
    pub(super) safety: Mutex<Option<Safety>>,
    /// Notified when it is found to be otherwise.
    pub(super) changed: Notify,
    /// As it was when it was last looked at.
    seen: Mutex<Option<Safety>>,
}

/// Bytes after which a page that is shown ends, to be continued by another call. Source: a guess.
const SHOWN_BYTES: u64 = 16 << 20;

/// Bytes of a batch that the server takes at a time. Source: a quarter of its limit of 1 GiB for what a client has sent and it has not done yet.
const BATCH_BYTES: usize = 256 << 20;

impl Redis {
    pub(super) fn new(server: Server, name: &Name, options: &Options) -> Self {
        let checked_every = server.checked_every;
        let key = format!("{PREFIX}{{{name}}}");
        Self {
            link: Link::new(server, key, options),
            line: Line::new(),
            options: *options,
            checked_every,
            closing: CancellationToken::new(),
            safety: Mutex::default(),
            changed: Notify::new(),
            seen: Mutex::default(),
        }
    }

    /// Looks at the server's settings.
    pub(super) async fn look(&self) -> Result<Safety, Error> {
        let safety = settings::look(&self.link).await?;
        *self.seen.lock() = Some(safety);
        Ok(safety)
    }

    /// Has something done that cannot be done in part, waiting for the server if it is away.
    async fn change(&self, script: Script, args: Args) -> Result<Value, Error> {
        self.wait().await?;
        self.link.call(script, args).await
    }

    /// The same where nothing changes that anybody would miss.
    async fn see(&self, script: Script, args: Args) -> Result<Value, Error> {
        self.change(script, args).await.map_err(known)
    }

    /// Waits for the server, half as long as the queue has patience: then it is certain that nothing was done.
    async fn wait(&self) -> Result<(), Error> {
        if self.link.live().is_ok() && !self.closing.is_cancelled() {
            return Ok(());
        }
        let limit = Instant::now().checked_add(self.options.patience / 2);
        let late = self.line.timer(limit.unwrap_or_else(Instant::now));
        tokio::select! {
            biased;
            () = self.closing.cancelled() => Err(Error::Closed),
            () = self.link.up() => Ok(()),
            () = late => Err(Error::Disconnected(self.link.away())),
        }
    }

    /// Waits for the server, and has it do all that is due.
    async fn catch_up(&self) -> Result<(), Error> {
        self.wait().await?;
        self.do_what_is_due().await.map_err(known)
    }

    async fn enqueue_all(&self, batch: Vec<Entry>) -> Result<Vec<Receipt>, Error> {
        let options = &self.options;
        let args = self.link.args();
        let mut args = args
            .count(options.count_max)
            .number(options.bytes_max)
            .count(options.dedup.remembered_max)
            .number(time::as_millis(options.dedup.window));
        let ids: Vec<_> = batch.iter().map(|entry| entry.id).collect();
        let mut length = 0;
        for entry in batch {
            length += entry.payload.as_bytes().len();
            args = entered(args, entry);
        }
        if length > BATCH_BYTES {
            let length_max = BATCH_BYTES;
            return Err(Error::TooLong { length, length_max });
        }
        if self.closing.is_cancelled() {
            return Err(Error::Closed);
        }
        let mut reply = Reply::of(self.link.call(Script::Enqueue, args).await?)?;
        self.refused(&mut reply)?;
        let receipt = |id| {
            let known = reply.known()?;
            Ok(Receipt {
                id: known.unwrap_or(id),
                is_duplicate: known.is_some(),
            })
        };
        ids.into_iter().map(receipt).collect()
    }

    /// What the script says first, where it may have found no room.
    fn refused(&self, reply: &mut Reply) -> Result<(), Error> {
        let refusal = reply.signed()?;
        if refusal == 0 {
            return Ok(());
        }
        let options = &self.options;
        let bound = match reply.signed()? {
            1 => Bound::Count {
                max: options.count_max,
            },
            2 => Bound::Bytes {
                max: options.bytes_max,
            },
            _ => Bound::Remembered {
                max: options.dedup.remembered_max,
            },
        };
        Err(if refusal == 1 {
            Error::Full(bound)
        } else {
            Error::NeverFits(bound)
        })
    }

    async fn say(&self, token: Token, settlement: Settlement) -> Result<Settled, Error> {
        let args = self.link.args().token(token);
        let (args, settled) = match settlement {
            Settlement::Start => (args.word("start"), Settled::Started(0)),
            Settlement::Extend => {
                let length = time::as_millis(self.options.lease);
                (args.word("extend").number(length), Settled::Extended)
            }
            Settlement::Ack => (args.word("ack"), Settled::Done),
            Settlement::Nack { delay, error } => {
                let args = args.word("nack");
                let args = match delay {
                    Some(delay) => args.number(time::as_millis(delay)),
                    None => args.word(""),
                };
                let Cause::Failed { error } = Cause::failed(&error) else {
                    return Err(unexpected());
                };
                (args.bytes(String::from(error)), Settled::Returned)
            }
            Settlement::Release => (args.word("release"), Settled::Returned),
            Settlement::DeadLetter { why } => {
                let Reason::Rejected { why } = Reason::rejected(&why) else {
                    return Err(unexpected());
                };
                let args = args.word("bury").word("");
                (args.bytes(String::from(why)), Settled::Dead)
            }
        };
        let mut reply = Reply::of(self.change(Script::Settle, args).await?)?;
        match (reply.signed()?, settled) {
            (0, _) => Err(Error::Stale(stale(reply.signed()?)?)),
            (1, Settled::Started(_)) => Ok(Settled::Started(reply.number()?)),
            (1, Settled::Returned) if reply.signed()? == 1 => Ok(Settled::Dead),
            (1, settled) => Ok(settled),
            _ => Err(Error::Started),
        }
    }

    async fn peek_all(&self, count_max: usize) -> Result<Vec<Peeked>, Error> {
        self.catch_up().await?;
        let mut views: Vec<View> = Vec::new();
        while views.len() < count_max {
            let args = self.link.args().count(views.len());
            let args = args.count(count_max - views.len()).number(SHOWN_BYTES);
            let some = Reply::of(self.see(Script::Peek, args).await?)?;
            let some = some.each(Reply::view)?;
            if some.is_empty() {
                break;
            }
            views.extend(some);
        }
        Ok(views.into_iter().map(Peeked::from).collect())
    }

    async fn letters(
        &self,
        filter: Filter,
        mut after: Option<Cursor>,
        count_max: usize,
    ) -> Result<Vec<DeadLetter>, Error> {
        self.catch_up().await?;
        let mut letters: Vec<DeadLetter> = Vec::new();
        while letters.len() < count_max {
            let args = self.dead("show").word("filter");
            let args = filtered(args, &filter, after, count_max - letters.len());
            let some = Reply::of(self.see(Script::Dead, args).await?)?;
            let some = some.each(Reply::view)?;
            if some.is_empty() {
                break;
            }
            letters.extend(some.into_iter().map(DeadLetter::from));
            after = letters.last().map(|letter| letter.cursor);
        }
        Ok(letters)
    }

    fn dead(&self, doing: &'static str) -> Args {
        let args = self.link.args().word(doing);
        args.count(self.options.count_max)
            .number(self.options.bytes_max)
            .number(SHOWN_BYTES)
    }

    async fn with_dead(
        &self,
        script: Script,
        doing: &'static str,
        selection: Selection,
    ) -> Result<usize, Error> {
        self.catch_up().await?;
        let args = self.dead(doing);
        let args = match selection {
            Selection::Ids(ids) => ids.into_iter().fold(args.word("ids"), Args::id),
            Selection::Oldest { filter, count_max } => {
                filtered(args.word("filter"), &filter, None, count_max)
            }
        };
        let mut reply = Reply::of(self.change(script, args).await?)?;
        self.refused(&mut reply)?;
        reply.number()
    }
}

/// What the script is told of a message.
fn entered(args: Args, entry: Entry) -> Args {
    let group = entry.group.map(|group| format!("={group}"));
    let print = entry.print.map(|print| print.as_bytes().to_vec());
    let args = args
        .id(entry.id)
        .count(entry.priority.index() + 1)
        .bytes(group.unwrap_or_default())
        .number(time::as_millis(entry.delay));
    let args = match entry.ttl {
        Some(ttl) => args.number(time::as_millis(ttl)),
        None => args.word("-1"),
    };
    args.number(entry.attempts_max.max(1).into())
        .bytes(print.unwrap_or_default())
        .bytes(entry.payload.into_bytes())
}

fn filtered(args: Args, filter: &Filter, after: Option<Cursor>, count_max: usize) -> Args {
    let reason = match filter.reason {
        None => 0,
        Some(ReasonKind::Exhausted) => 1,
        Some(ReasonKind::Expired) => 2,
        Some(ReasonKind::Rejected) => 3,
    };
    args.count(reason)
        .number(filter.since.map_or(0, time::millis))
        .number(filter.before.map_or(FAR, time::millis))
        .number(after.map_or(0, |after| after.order()))
        .count(count_max)
}

impl Backend for Redis {
    fn open(&self) -> Answer<'_, ()> {
        Box::pin(async {
            // Nobody is there to be connected for: it only has to come to its end.
            if self.closing.is_cancelled() {
                return Ok(());
            }
            self.line.open();
            *self.safety.lock() = None;
            self.link.connect().await
        })
    }

    fn run(&self) -> Answer<'_, ()> {
        Box::pin(self.serve())
    }

    fn close(&self) {
        self.closing.cancel();
        self.line.close();
    }

    fn guarantees(&self) -> Answer<'_, Guarantees> {
        Box::pin(async {
            let safety = if self.closing.is_cancelled() {
                // Whatever is asked for: nothing is done any more, and nothing should keep it from its end.
                Safety::Synced
            } else {
                self.look().await?
            };
            let was = *self.safety.lock().get_or_insert(safety);
            if was != safety {
                self.changed.notify_one();
            }
            Ok(Guarantees {
                durability: safety.durability(),
                abilities: match self.options.aging {
                    Aging::Fair => Abilities::all(),
                    Aging::Strict => Abilities::all().without(Ability::FairPriorities),
                },
            })
        })
    }

    fn advice(&self, unmet: &Unmet) -> &'static str {
        match unmet {
            Unmet::Durability { .. } => self.seen.lock().map_or("", Safety::advice),
            Unmet::Ability(_) => "choose `Aging::Fair` for the queue",
        }
    }

    fn enqueue(&self, batch: Vec<Entry>) -> Answer<'_, Vec<Receipt>> {
        Box::pin(self.enqueue_all(batch))
    }

    fn lease(&self, count_max: usize, wait: Duration) -> Answer<'_, Vec<Leased>> {
        Box::pin(self.line.lease(count_max, wait, || self.link.away()))
    }

    fn settle(&self, token: Token, settlement: Settlement) -> Answer<'_, Settled> {
        Box::pin(self.say(token, settlement))
    }

    fn abandon(&self, token: Token) {
        self.line.give_back(token);
    }

    fn peek(&self, count_max: usize) -> Answer<'_, Vec<Peeked>> {
        Box::pin(self.peek_all(count_max))
    }

    fn purge(&self) -> Answer<'_, usize> {
        Box::pin(async {
            let purged = self.change(Script::Purge, self.link.args()).await?;
            match purged {
                Value::Int(purged) => usize::try_from(purged).map_err(|_| unexpected()),
                _ => Err(unexpected()),
            }
        })
    }

    fn set_paused(&self, is_paused: bool) -> Answer<'_, ()> {
        Box::pin(async move {
            let args = self.link.args().flag(is_paused);
            self.change(Script::Pause, args).await.map(drop)
        })
    }

    fn stats(&self) -> Answer<'_, Stats> {
        Box::pin(async {
            self.catch_up().await?;
            Reply::of(self.see(Script::Stats, self.link.args()).await?)?.stats()
        })
    }

    fn dead_letters(
        &self,
        filter: Filter,
        after: Option<Cursor>,
        count_max: usize,
    ) -> Answer<'_, Vec<DeadLetter>> {
        Box::pin(self.letters(filter, after, count_max))
    }

    fn redrive(&self, selection: Selection) -> Answer<'_, usize> {
        Box::pin(self.with_dead(Script::Redrive, "redrive", selection))
    }

    fn discard(&self, selection: Selection) -> Answer<'_, usize> {
        Box::pin(self.with_dead(Script::Dead, "discard", selection))
    }
}
