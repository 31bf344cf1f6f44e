//! The way to the server: connections of one queue.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, PushInfo, PushKind, RedisResult, Value, cmd};
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::{Timeout, timeout};
use tokio_util::sync::CancellationToken;

use super::args::{Args, Habits};
use super::fault::{self, Fault};
use super::script::Script;
use super::{PREFIX, Server};
use crate::queue::{BrokerError, Error, Name, Options};

/// How many calls may be on their way at a time; more wait. Source: a guess, four times the callers that the largest benchmark has.
const CALLS_MAX: usize = 4_096;

/// How many of them a connection's task may have taken in without having sent them. Source: a guess; one write for all of them.
const BUFFERED: usize = 512;

/// The oldest server whose scripts can say that they need no memory.
const MAJOR_MIN: u32 = 7;

/// What leads to the server, while it does.
pub(super) struct Link {
    server: Server,
    key: String,
    habits: Habits,
    live: watch::Sender<Option<Arc<Live>>>,
    /// Why there is none.
    away: Mutex<BrokerError>,
    room: Semaphore,
}

/// Connections that are up, as far as is known.
pub(super) struct Live {
    calls: Vec<MultiplexedConnection>,
    /// Only listens. Apart from the others: the server limits what it has to say to listeners much more.
    ear: MultiplexedConnection,
    next: AtomicUsize,
    hashes: Vec<String>,
    /// Notified when there may be something to lease.
    pub(super) woken: Arc<Notify>,
    lost: CancellationToken,
    timers: Handle,
    response_timeout: Duration,
}

/// How many keys the server looks at before it answers. Source: a guess, a millisecond.
const SCANNED: usize = 1_000;

/// Which queues there are, by their keys.
pub(super) async fn queues(server: &Server) -> Result<Vec<Name>, Error> {
    let client = server.client().map_err(fault::of_look)?;
    let looking = async {
        let mut connection = client.get_multiplexed_async_connection().await?;
        let mut found = Vec::new();
        let mut cursor = 0_u64;
        loop {
            let mut scan = cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(format!("{PREFIX}{{*}}"));
            scan.arg("COUNT").arg(SCANNED).arg("TYPE").arg("string");
            let (next, keys): (u64, Vec<String>) = scan.query_async(&mut connection).await?;
            found.extend(keys.iter().filter_map(|key| name_in(key)));
            cursor = next;
            if cursor == 0 {
                return Ok(found);
            }
        }
    };
    let looked = timeout(server.response_timeout, looking).await;
    let looked = looked.unwrap_or_else(|_| Err(too_late()));
    let mut found = looked.map_err(fault::of_look)?;
    found.sort();
    found.dedup();
    Ok(found)
}

fn name_in(key: &str) -> Option<Name> {
    let name = key.strip_prefix(PREFIX)?.strip_prefix('{')?;
    name.strip_suffix('}')?.parse().ok()
}

impl Link {
    pub(super) fn new(server: Server, key: String, options: &Options) -> Self {
        Self {
            server,
            key,
            habits: Habits::of(options),
            live: watch::Sender::new(None),
            away: Mutex::new(BrokerError::new("it was not connected yet")),
            room: Semaphore::new(CALLS_MAX),
        }
    }

    /// What every script is told, for more to be added.
    pub(super) fn args(&self) -> Args {
        Args::of(&self.habits)
    }

    /// What is up, or why nothing is.
    pub(super) fn live(&self) -> Result<Arc<Live>, Error> {
        let live = self.live.borrow().clone();
        match live {
            Some(live) if !live.lost.is_cancelled() => Ok(live),
            _ => Err(Error::Disconnected(self.away())),
        }
    }

    /// The same, waiting for it.
    pub(super) async fn up(&self) {
        let mut changes = self.live.subscribe();
        while self.live().is_err() {
            // The sender is here.
            let _ = changes.changed().await;
        }
    }

    /// Why nothing is up.
    pub(super) fn away(&self) -> BrokerError {
        self.away.lock().clone()
    }

    /// Connects, unless it is connected.
    pub(super) async fn connect(&self) -> Result<(), Error> {
        if self.live().is_ok() {
            return Ok(());
        }
        match self.connected().await {
            Ok(live) => {
                *self.away.lock() = BrokerError::new("the connection was lost");
                self.live.send_replace(Some(Arc::new(live)));
                Ok(())
            }
            Err(error) => {
                if let Error::Disconnected(why) = &error {
                    *self.away.lock() = why.clone();
                }
                Err(error)
            }
        }
    }

    /// Lets the connections go.
    pub(super) fn disconnect(&self, why: BrokerError) {
        *self.away.lock() = why;
        self.live.send_replace(None);
    }

    async fn connected(&self) -> Result<Live, Error> {
        let (lost, woken) = (CancellationToken::new(), Arc::new(Notify::new()));
        let client = self.server.client().map_err(fault::of_look)?;
        let mut ear = self.connection(&client, &lost, &woken).await?;
        let mut calls = Vec::new();
        for _ in 0..self.server.connections {
            calls.push(self.connection(&client, &lost, &woken).await?);
        }
        let greet = async {
            let run = run_of(&mut ear).await?;
            let hashes = load(&mut ear).await.map_err(fault::of_look)?;
            if let Some(name) = &self.server.sought {
                let there = cmd("EXISTS").arg(&self.key).query_async(&mut ear).await;
                if !there.map_err(fault::of_look)? {
                    return Err(Error::NoSuchQueue(name.clone()));
                }
            }
            let channel = format!("{}:wake", self.key);
            ear.subscribe(channel).await.map_err(fault::of_look)?;
            Ok::<_, Error>((run, hashes))
        };
        let greeted = timeout(self.server.response_timeout, greet).await;
        let (run, hashes) = greeted.map_err(|_| fault::of_look(too_late()))??;
        let live = Live {
            calls,
            ear,
            next: AtomicUsize::new(0),
            hashes,
            woken,
            lost,
            timers: Handle::current(),
            response_timeout: self.server.response_timeout,
        };
        let open = self.args().bytes(run);
        // Before anybody else is given the connections: later tokens are told from those of another run of the server.
        let opened = live.call(&self.key, Script::Open, open).await;
        opened.map_err(|fault| fault::known(fault.error))?;
        Ok(live)
    }

    async fn connection(
        &self,
        client: &Client,
        lost: &CancellationToken,
        woken: &Arc<Notify>,
    ) -> Result<MultiplexedConnection, Error> {
        let (lost, woken) = (lost.clone(), Arc::clone(woken));
        let hear = move |push: PushInfo| -> Result<(), ()> {
            match push.kind {
                PushKind::Disconnection => lost.cancel(),
                PushKind::Message => woken.notify_one(),
                _ => {}
            }
            Ok(())
        };
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.server.connect_timeout))
            // It would need a runtime around whoever calls: calls are timed here.
            .set_response_timeout(None)
            .set_pipeline_buffer_size(BUFFERED)
            .set_push_sender(hear);
        let connected = client.get_multiplexed_async_connection_with_config(&config);
        // A password that is wrong stays wrong: what is no matter of connections is told as it is.
        connected.await.map_err(fault::of_look)
    }

    /// Has a script done. A connection that is lost by it is not used again.
    pub(super) async fn call(&self, script: Script, args: Args) -> Result<Value, Error> {
        let _place = self.room.acquire().await.map_err(|_| Error::Closed)?;
        let live = self.live()?;
        live.call(&self.key, script, args)
            .await
            .map_err(|fault| self.failed(&live, fault))
    }

    /// Has something else done that changes nothing.
    pub(super) async fn look(&self, command: &Cmd) -> RedisResult<Value> {
        let Ok(live) = self.live() else {
            return Err((redis::ErrorKind::Io, "not connected").into());
        };
        let mut connection = live.connection();
        let answer = live.within(connection.send_packed_command(command));
        answer
            .await
            .unwrap_or_else(|_| Err(too_late()))?
            .extract_error()
    }

    /// Makes sure that every connection answers.
    pub(super) async fn ping(&self, live: &Live) -> Result<(), Error> {
        for connection in live.calls.iter().chain([&live.ear]) {
            let mut connection = connection.clone();
            let ping = cmd("PING");
            let answered = live.within(connection.send_packed_command(&ping)).await;
            let answered = answered.unwrap_or_else(|_| Err(too_late()));
            answered.map_err(|error| self.failed(live, Fault::of_call(error)))?;
        }
        Ok(())
    }

    fn failed(&self, live: &Live, fault: Fault) -> Error {
        if fault.is_lost {
            if let Error::Unknown(why) | Error::Disconnected(why) = &fault.error {
                *self.away.lock() = why.clone();
            }
            live.lost.cancel();
        }
        fault.error
    }
}

impl Live {
    /// Waits until it is down.
    pub(super) async fn lost(&self) {
        self.lost.cancelled().await;
    }

    fn connection(&self) -> MultiplexedConnection {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.calls.len().max(1);
        self.calls.get(turn).unwrap_or(&self.ear).clone()
    }

    /// Waits for an answer, also where there is no runtime around whoever does.
    fn within<F: Future>(&self, answer: F) -> Timeout<F> {
        let _entered = self.timers.enter();
        timeout(self.response_timeout, answer)
    }

    async fn call(&self, key: &str, script: Script, args: Args) -> Result<Value, Fault> {
        let done = self.within(self.ask(key, script, args)).await;
        done.unwrap_or_else(|_| Err(too_late()))
            .map_err(Fault::of_call)
    }

    async fn ask(&self, key: &str, script: Script, args: Args) -> RedisResult<Value> {
        let mut connection = self.connection();
        let hash = self.hashes.get(script as usize).map_or("", String::as_str);
        let mut command = cmd("EVALSHA");
        command.arg(hash).arg(1).arg(key);
        for arg in args.iter() {
            command.arg(&arg[..]);
        }
        let done = connection.send_packed_command(&command).await;
        match done.and_then(Value::extract_error) {
            // Somebody has flushed the server's scripts.
            Err(error) if fault::is_no_script(&error) => {
                load(&mut connection).await?;
                let again = connection.send_packed_command(&command).await;
                again.and_then(Value::extract_error)
            }
            done => done,
        }
    }
}

/// What a server that does not answer comes to.
fn too_late() -> redis::RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}

/// Loads all scripts; their hashes.
async fn load(connection: &mut MultiplexedConnection) -> RedisResult<Vec<String>> {
    let mut all = redis::pipe();
    for script in Script::ALL {
        all.cmd("SCRIPT").arg("LOAD").arg(script.source());
    }
    all.query_async(connection).await
}

/// Which run of the server this is, where it tells.
async fn run_of(connection: &mut MultiplexedConnection) -> Result<String, Error> {
    let info: RedisResult<String> = cmd("INFO").arg("server").query_async(connection).await;
    let info = match info {
        Ok(info) => info,
        Err(error) if error.is_unrecoverable_error() => return Err(fault::of_look(error)),
        // Not allowed. Each connection is then taken for another run: tokens are told apart all the same.
        Err(_) => String::new(),
    };
    let info = fields(&info);
    let version = info.get("redis_version").copied().unwrap_or("7");
    let major = version
        .split('.')
        .next()
        .and_then(|major| major.parse().ok());
    if major.is_none_or(|major: u32| major < MAJOR_MIN) {
        let text = format!("Redis {MAJOR_MIN}.0 or later is needed, and this is {version}");
        return Err(Error::Broker(BrokerError::new(text)));
    }
    let run = info.get("run_id").map(|run| (*run).to_owned());
    Ok(run.unwrap_or_else(|| format!("{:032x}", rand::random::<u128>())))
}

/// The lines of an `INFO`.
pub(super) fn fields(info: &str) -> HashMap<&str, &str> {
    info.lines()
        .filter_map(|line| line.trim_end().split_once(':'))
        .collect()
}
