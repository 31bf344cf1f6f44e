//! What goes on while a queue is open: it asks the server on behalf of those who wait, gives back what nobody needs, does what is due, and looks after
//! connections and settings.

use std::future::pending;
use std::time::Duration;

use redis::Value;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use super::backend::Redis;
use super::line::Wanted;
use super::link::Live;
use super::reply::{Reply, unexpected};
use super::script::Script;
use crate::queue::broker::Leased;
use crate::queue::{Aging, BrokerError, Error, time};

/// How often those who wait are asked for although nobody said that something has come: a word of the server may get lost with a connection. Source: a guess;
/// an idle queue costs the server 10 µs a second.
const FALLBACK: Duration = Duration::from_secs(1);

/// How often what is due is done where nobody calls. Source: a guess.
const TICK: Duration = Duration::from_secs(1);

/// Messages and bytes that one script leases at most. Source: guesses; 10 ms of the server's time.
const LEASED_MAX: usize = 1_000;
const LEASED_BYTES: u64 = 16 << 20;

/// Leases that one script gives back at most. Source: a guess; 2 ms of the server's time.
const RELEASED_MAX: usize = 256;

/// The pause before something is tried again that the server has refused. Source: a guess.
const AGAIN: Duration = Duration::from_millis(100);

impl Redis {
    /// Ends when the queue is closed, or with what it was lost by.
    pub(super) async fn serve(&self) -> Result<(), Error> {
        if self.closing.is_cancelled() {
            self.link
                .disconnect(BrokerError::new("the queue is closed"));
            return Ok(());
        }
        let live = self.link.live()?;
        let _served = self.line.serve();
        let lost = async {
            live.lost().await;
            Err(Error::Disconnected(self.link.away()))
        };
        tokio::select! {
            () = self.closing.cancelled() => {
                // What is left runs out.
                let _ = self.release().await;
                self.link.disconnect(BrokerError::new("the queue is closed"));
                Ok(())
            }
            ended = lost => ended,
            ended = self.look_after(&live) => ended,
            never = self.lease_for_all(&live) => never,
            never = self.give_back() => never,
            never = self.tick() => never,
        }
    }

    /// Asks for messages while anybody waits for some.
    async fn lease_for_all(&self, live: &Live) -> Result<(), Error> {
        let mut due = None;
        loop {
            if let Some(wanted) = self.line.wanted() {
                match self.lease_some(wanted).await {
                    // There may be more, and others who wait.
                    Ok((next, true)) => {
                        due = next;
                        continue;
                    }
                    Ok((next, false)) => due = next,
                    Err(error) => {
                        tracing::debug!(%error, "cannot lease");
                        sleep(AGAIN).await;
                        continue;
                    }
                }
            }
            let until = self.line.until();
            let fallback = until.map(|_| Instant::now() + FALLBACK);
            let due = due.filter(|_| until.is_some());
            let rest = [until, fallback, due].into_iter().flatten().min();
            let rest = async {
                match rest {
                    Some(rest) => sleep_until(rest).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                () = self.line.came.notified() => {}
                () = live.woken.notified() => {}
                () = rest => {}
            }
        }
    }

    /// When something is due, and whether there was anything.
    async fn lease_some(&self, wanted: Wanted) -> Result<(Option<Instant>, bool), Error> {
        let args = self.link.args().count(wanted.count.min(LEASED_MAX));
        let args = args
            .number(time::as_millis(self.options.lease))
            .flag(self.options.aging == Aging::Fair)
            .number(LEASED_BYTES)
            .flag(wanted.waits);
        let (due, leased) = read(self.link.call(Script::Lease, args).await?)?;
        let is_any = !leased.is_empty();
        let served = self.line.hand_out(leased);
        if !is_any {
            self.line.let_go(wanted.places.saturating_sub(served));
        }
        Ok((due, is_any))
    }

    /// Gives back what nobody needs any more.
    async fn give_back(&self) -> Result<(), Error> {
        loop {
            match self.release().await {
                Ok(true) => {}
                Ok(false) => self.line.left.notified().await,
                // Those run out.
                Err(error) => tracing::debug!(%error, "cannot give leases back"),
            }
        }
    }

    /// Some of it; whether there was any.
    async fn release(&self) -> Result<bool, Error> {
        let tokens = self.line.needless(RELEASED_MAX);
        if tokens.is_empty() {
            return Ok(false);
        }
        let args = tokens
            .iter()
            .fold(self.link.args(), |args, token| args.token(*token));
        self.link.call(Script::Release, args).await?;
        Ok(true)
    }

    /// Does what is due, whoever calls or not.
    async fn tick(&self) -> Result<(), Error> {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            // What the server refuses now it may do in a second.
            if let Err(error) = self.do_what_is_due().await {
                tracing::debug!(%error, "cannot do what is due");
            }
        }
    }

    /// All that is due now.
    pub(super) async fn do_what_is_due(&self) -> Result<(), Error> {
        while let Value::Int(1) = self.link.call(Script::Tick, self.link.args()).await? {}
        Ok(())
    }

    /// Looks at connections and settings every now and then. Ends with what is wrong.
    async fn look_after(&self, live: &Live) -> Result<(), Error> {
        loop {
            tokio::select! {
                () = sleep(self.checked_every) => {}
                () = self.changed.notified() => {}
            }
            self.link.ping(live).await?;
            let safety = self.look().await?;
            if self.safety.lock().is_some_and(|known| known != safety) {
                let text = "what its settings say of the safety of messages has changed";
                return Err(Error::Broker(BrokerError::new(text)));
            }
        }
    }
}

/// When something is due, and messages.
fn read(value: Value) -> Result<(Option<Instant>, Vec<Leased>), Error> {
    let mut reply = Reply::of(value)?;
    let due = reply.signed()?;
    let due = u64::try_from(due).ok().map(Duration::from_millis);
    // The server's clock has shown that millisecond when it is over.
    let due = due.and_then(|due| Instant::now().checked_add(due + Duration::from_millis(1)));
    let leased = reply.each(Reply::leased);
    Ok((due, leased.map_err(|_| unexpected())?))
}
