//! One child after another over one folder, each killed at some moment, and the queue looked at in between.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use ractor_agents::queue::{Error, Filter, MessageId, Position, Queue, Selection, Stats};
use tests::{Random, ms, secs};

use crate::child::{self, COUNT_MAX, Message, body};
use crate::known::{Figures, Found, Known};
use crate::line::Line;
use crate::{FOLDER, Result, SEED};

/// Rounds over one folder. What must be remembered of keys grows with each, and so does the time to open.
const ROUNDS_MAX: usize = 50;

/// Kills `kills` children; what there was to go wrong.
pub fn run(kills: usize, seed: u64) -> Result<Figures> {
    let mut random = Random::new(seed);
    let mut all = Figures::default();
    let mut left = kills;
    while left > 0 {
        let rounds = left.min(ROUNDS_MAX);
        let mut series = Series::new()?;
        if let Err(error) = series.run(rounds, &mut random) {
            let folder = series.folder.keep();
            return Err(format!(
                "with {SEED}={seed}, {left} kills left, in {}: {error}",
                folder.display()
            )
            .into());
        }
        all.add(&series.known.figures);
        left -= rounds;
    }
    Ok(all)
}

struct Series {
    folder: tempfile::TempDir,
    known: Known,
    /// Children so far.
    children: u64,
}

impl Series {
    fn new() -> Result<Self> {
        Ok(Self {
            folder: tempfile::tempdir()?,
            known: Known::default(),
            children: 0,
        })
    }

    fn run(&mut self, rounds: usize, random: &mut Random) -> Result {
        let queues = self.folder.path().join("queues");
        for round in 0..rounds {
            self.life(&queues, random)
                .map_err(|error| format!("round {round}: {error}"))?;
            // Otherwise the next child opens what this one left, and may be killed while it does.
            if !random.once_in(3) || round + 1 == rounds {
                let is_last = round + 1 == rounds;
                block_on(self.look(&queues, random, is_last))
                    .map_err(|error| format!("after round {round}: {error}"))?;
            }
        }
        if rounds >= 20 {
            let segments = fs::read_dir(queues.join("default").join("work"))?;
            let segments = segments.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
            let first = format!("{:016x}.log", 1);
            if segments.into_iter().any(|name| name == first) {
                return Err("the first segment was never retired".into());
            }
        }
        Ok(())
    }

    /// A child comes, works, is killed, and what it said is learned.
    fn life(&mut self, queues: &Path, random: &mut Random) -> Result {
        self.children += 1;
        let tale = self.folder.path().join(format!("{}.tale", self.children));
        File::create(&tale)?;
        let mut child = Killed(start(queues, &tale, self.children)?);
        let stdout = child.0.stdout.take().ok_or("no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let (sign, longest) = if random.once_in(4) {
            ("opening", 20_000)
        } else {
            ("opened", 150_000)
        };
        // The harness of the tests may have begun the line.
        while !lines
            .next()
            .ok_or("the child ended before it was to be killed")??
            .ends_with(sign)
        {}
        // That it is killed at any moment is what this is about.
        let shortest = if sign == "opened" { 5_000 } else { 0 };
        sleep(Duration::from_micros(
            shortest + random.below(longest - shortest),
        ));
        child.0.kill()?;
        let status = child.0.wait()?;
        if status.code().is_some() {
            return Err(format!("the child ended by itself: {status}").into());
        }
        for line in fs::read_to_string(&tale)?.lines() {
            // Whoever was killed while it told of a call has not made it, or has not learned of the answer.
            if let Ok(line) = line.parse::<Line>() {
                let text = line.to_string();
                let learned = self.known.learn(line);
                learned.map_err(|error| format!("{error}; {}: {text}", tale.display()))?;
            }
        }
        Ok(())
    }

    /// Opens the queue, compares it with what is known of it, and empties it in the end.
    async fn look(&mut self, queues: &Path, random: &mut Random, is_last: bool) -> Result {
        let swarm = child::swarm(queues)?;
        let queue = child::open(&swarm).await?;
        let found = all(&queue).await?;
        self.known.check(&found)?;
        self.knock(&queue, random).await?;
        if is_last || random.once_in(10) {
            drain(&queue, &found).await?;
            self.known.drained();
            self.known.check(&[])?;
        }
        swarm.shutdown(secs(5)).await;
        Ok(())
    }

    /// Whoever comes with a key that is taken is told by whom, whatever has become of that message.
    async fn knock(&self, queue: &Queue<Message>, random: &mut Random) -> Result {
        let keys: Vec<(&str, u128)> = self.known.keys().collect();
        for _ in 0..keys.len().min(8) {
            let (key, id) = *random.one_of(&keys);
            let message = (0, String::new(), Vec::new());
            let receipt = queue.enqueue(&message).key(key).wait(ms(0)).await?;
            if (receipt.id.as_u128(), receipt.is_duplicate) != (id, true) {
                return Err(format!("duplicated: {receipt:?} for {key} of {id}").into());
            }
        }
        Ok(())
    }
}

/// All that is in the queue. Nobody has any of it on lease.
async fn all(queue: &Queue<Message>) -> Result<Vec<Found>> {
    let stats = queue.stats().await?;
    let mut found = Vec::new();
    for peeked in queue.peek(1_000).await? {
        if matches!(peeked.position, Position::Leased { .. } | Position::Dead) {
            return Err(format!("nobody can have it: {peeked:?}").into());
        }
        let (serial, key, bytes) = queue.decode(&peeked.payload)?;
        check_body(peeked.id, serial, &key, &bytes)?;
        found.push(Found {
            id: peeked.id.as_u128(),
            serial,
            attempts: peeked.attempts,
            is_dead: false,
        });
    }
    check_count("in line", &stats, stats.count(), found.len())?;
    let in_line = found.len();
    let mut after = None;
    loop {
        let page = queue.dead_letters(Filter::default(), after, 100).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.cursor);
        for letter in page {
            let (serial, key, bytes) = queue.decode(&letter.payload)?;
            check_body(letter.id, serial, &key, &bytes)?;
            let death = letter.history.dead.ok_or("dead without a death")?;
            found.push(Found {
                id: letter.id.as_u128(),
                serial,
                attempts: death.attempts,
                is_dead: true,
            });
        }
    }
    check_count("dead", &stats, stats.dead, found.len() - in_line)?;
    Ok(found)
}

fn check_body(id: MessageId, serial: u64, key: &str, bytes: &[u8]) -> Result {
    if bytes == body(serial) {
        return Ok(());
    }
    Err(format!("{id}, number {serial}, key {key}, is not what was sent").into())
}

fn check_count(what: &str, stats: &Stats, told: usize, found: usize) -> Result {
    if told == found {
        return Ok(());
    }
    Err(format!("{found} messages are {what}, of {stats:?}").into())
}

/// Every message comes out, once.
async fn drain(queue: &Queue<Message>, found: &[Found]) -> Result {
    let mut left: HashSet<u128> = found
        .iter()
        .filter(|found| !found.is_dead)
        .map(|found| found.id)
        .collect();
    let until = Instant::now() + secs(30);
    while queue.stats().await?.count() > 0 {
        if Instant::now() > until {
            let stuck = queue.peek(3).await?;
            return Err(format!("{} are stuck, such as {stuck:?}", left.len()).into());
        }
        for delivery in queue.lease_many(COUNT_MAX).wait(ms(50)).await? {
            match delivery.ack().await {
                Ok(()) => {}
                // The machine was busy for so long: it comes again.
                Err(Error::Stale(_)) => continue,
                Err(error) => return Err(error.into()),
            }
            if !left.remove(&delivery.id().as_u128()) {
                return Err(format!("{} came a second time", delivery.id()).into());
            }
        }
    }
    let dead = found.iter().filter(|found| found.is_dead).count();
    let discarded = queue.discard(Selection::all()).await?;
    if !left.is_empty() || discarded != dead {
        return Err(format!("{left:?} never came; {discarded} of {dead} were dead").into());
    }
    Ok(())
}

fn start(queues: &Path, tale: &Path, seed: u64) -> Result<Child> {
    let this: PathBuf = std::env::current_exe()?;
    Ok(Command::new(this)
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env(FOLDER, queues)
        .env(crate::TALE, tale)
        .env(SEED, seed.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()?)
}

/// A child that does not outlive whoever started it, whatever happens.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn block_on(future: impl Future<Output = Result>) -> Result {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(future)
}
