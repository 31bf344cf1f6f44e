//! One cell of the table: work, a fault, and what comes of it.

use std::time::Duration;

use tests::{ms, secs};
use tokio::task::block_in_place;
use tokio::time::{Instant, sleep};

use crate::Result;
use crate::books::Books;
use crate::child::Process;
use crate::crew::{Crew, Left, Roles};
use crate::meter::Meter;
use crate::place::Place;

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The server is killed and started again; the process, where there is no server.
    Restarted,
    /// Connections are ended again and again.
    Cut,
    /// Far more call at once than there is room for.
    Crowd,
    /// Agents are killed at work again and again, and a process that helps them.
    Workers,
    /// Five times what happens in the first.
    Repeated,
}

/// Who asks all at once: as many send, and as many lease.
const CROWD: usize = 5_000;

/// Between two kills.
const BETWEEN: Duration = ms(20);

/// The bar, and what must be reached by anybody on the busiest of machines, and within which time.
const BAR: f64 = 0.95;
const BAR_MIN: f64 = 0.5;
const WITHIN: Duration = secs(30);

/// What was measured.
#[derive(Debug)]
pub struct Figures {
    before: f64,
    /// How many connections, actors, agents or servers were hit, or who came; and how long that took.
    hits: usize,
    fault: Duration,
    /// From its end until the first window that reached the bar began.
    reached: Option<Duration>,
    /// Of the rate before: the best window after, and the mean of all from where the bar was reached.
    best: f64,
    mean: f64,
    sent: usize,
    lost: usize,
    back: usize,
    again: usize,
    troubles: usize,
    left: Left,
    /// Agents that have handled nothing since.
    idle: usize,
}

/// Where the work is done.
enum Host {
    Here(Box<Crew>),
    There(Process),
}

impl Host {
    /// What each agent has handled, where that can be seen.
    fn shares(&self) -> Vec<u64> {
        match self {
            Self::Here(crew) => crew.shares(),
            Self::There(_) => Vec::new(),
        }
    }

    /// How many agents have handled nothing since.
    fn idle(&self, before: &[u64]) -> usize {
        let now = self.shares();
        now.iter()
            .zip(before)
            .filter(|(now, before)| now == before)
            .count()
    }
}

pub async fn run(place: &mut Place, fault: Fault) -> Result<Figures> {
    let all = std::env::var("QUEUE_CHAOS_SECONDS").map_or(Ok(3), |seconds| seconds.parse())?;
    let all = secs(all);
    let window = (all / 6).min(secs(1));
    let (address, name) = (place.address(), format!("{fault:?}/work").to_lowercase());
    let books = Books::kept();
    let roles = match fault {
        Fault::Workers => Roles::AGENTS,
        _ => Roles::ALL,
    };
    // Where there is no server, it is the process that is killed.
    let mut host = match fault {
        Fault::Restarted | Fault::Repeated if !place.is_server() => {
            Host::There(block_in_place(|| {
                Process::start(&address, &name, roles, &books)
            })?)
        }
        _ => Host::Here(Box::new(Crew::start(&address, &name, roles, &books).await?)),
    };
    let mut warm_up = Meter::start(&books);
    warm_up.run(&books, ms(500)).await;
    let mut before = Meter::start(&books);
    before.run(&books, all / 3).await;
    let before = before.mean(Duration::ZERO);

    let begun = Instant::now();
    let mut hits = fault.times();
    let again = || block_in_place(|| Process::start(&address, &name, roles, &books));
    match (fault, host) {
        (Fault::Restarted | Fault::Repeated, Host::There(mut process)) => {
            for _ in 0..fault.times() {
                block_in_place(|| process.kill())?;
                process = again()?;
                if fault == Fault::Repeated {
                    sleep(all / 25).await;
                }
            }
            host = Host::There(process);
        }
        (_, Host::Here(crew)) => {
            hits = strike(place, fault, &crew, &books, all / 5).await?;
            host = Host::Here(crew);
        }
        (_, there) => host = there,
    }
    let fault_lasted = begun.elapsed();

    let shares = host.shares();
    let mut after = Meter::start(&books);
    after.run(&books, all / 2).await;
    while (after.reached(before * BAR, window).is_none() || host.idle(&shares) > 0)
        && after.lasted() < WITHIN
    {
        after.step(&books).await;
    }
    let idle = host.idle(&shares);
    let reached = after.reached(before * BAR, window);
    let crew = match host {
        Host::Here(crew) => *crew,
        Host::There(process) => {
            block_in_place(|| process.kill())?;
            Crew::start(&address, &name, Roles::HANDLERS, &books).await?
        }
    };
    let left = crew.finish().await?;
    Ok(books.look(|known| {
        if !known.troubles.is_empty() {
            println!("{fault:?}: {:?}", known.troubles);
        }
        Figures {
            before,
            hits,
            fault: fault_lasted,
            reached,
            best: after.best(window) / before,
            mean: after.mean(reached.unwrap_or_default()) / before,
            sent: known.sent(),
            lost: known.lost(),
            back: known.back.len(),
            again: known.again,
            troubles: known.troubles.values().sum(),
            left,
            idle,
        }
    }))
}

/// The fault, for about so long. How many it hit.
async fn strike(
    place: &mut Place,
    fault: Fault,
    crew: &Crew,
    books: &Books,
    lasts: Duration,
) -> Result<usize> {
    let begun = Instant::now();
    let mut hits = 0;
    match fault {
        Fault::Restarted | Fault::Repeated => {
            while hits < fault.times() {
                block_in_place(|| place.restart());
                hits += 1;
                // Work goes on meanwhile.
                if fault == Fault::Repeated {
                    sleep(lasts / 5).await;
                }
            }
        }
        Fault::Cut => {
            while begun.elapsed() < lasts {
                hits += block_in_place(|| place.cut(crew));
                sleep(BETWEEN).await;
            }
        }
        Fault::Crowd => {
            crew.crowd(CROWD).await?;
            hits = 2 * CROWD;
        }
        Fault::Workers => {
            let (address, name) = (place.address(), crew.queue.name().to_string());
            let start = || Process::start(&address, &name, Roles::HANDLERS, books);
            let helper = place
                .is_server()
                .then(|| block_in_place(start))
                .transpose()?;
            for at in 0.. {
                if begun.elapsed() > lasts {
                    break;
                }
                let agent = &crew.agents[at % crew.agents.len()];
                hits += usize::from(crew.swarm.kill(agent.id()));
                sleep(BETWEEN).await;
            }
            if let Some(helper) = helper {
                block_in_place(|| helper.kill())?;
                hits += 1;
            }
        }
    }
    Ok(hits)
}

impl Fault {
    fn times(self) -> usize {
        match self {
            Self::Repeated => 5,
            _ => 1,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Restarted => "server restarted",
            Self::Cut => "connections killed",
            Self::Crowd => "pool exhausted",
            Self::Workers => "workers killed",
            Self::Repeated => "repeated kills",
        }
    }

    fn kills_servers(self) -> bool {
        matches!(self, Self::Restarted | Self::Repeated)
    }
}

impl Figures {
    /// Of the table in `docs/chaos.md`.
    pub fn row(&self, broker: &str, fault: Fault) -> String {
        let Self {
            before,
            hits,
            fault: lasted,
            reached,
            best,
            mean,
            sent,
            lost,
            back,
            again,
            troubles,
            left,
            idle: _,
        } = self;
        let reached = reached.map_or("never".into(), |after| {
            format!("{:.2} s", after.as_secs_f64())
        });
        format!(
            "| {broker} | {} | {before:.0}/s | {hits} | {:.2} s | {reached} | {:.0} % | {:.0} % | {sent} | {lost} | {back} | {} | {again} | {} | {troubles} |",
            fault.title(),
            lasted.as_secs_f64(),
            best * 100.0,
            mean * 100.0,
            left.stuck,
            left.dead,
        )
    }

    pub fn check(&self, broker: &str, fault: Fault) -> Result {
        assert!(self.before > 0.0, "nothing was done: {self:?}");
        assert_eq!(
            (self.lost, self.left.stuck),
            (0, 0),
            "lost or stuck: {self:?}"
        );
        // It answers when it has read an acknowledgement, and may not have written it when it is killed.
        if !(broker == "RabbitMQ" && fault.kills_servers()) {
            assert_eq!(self.back, 0, "acknowledged, and came back: {self:?}");
        }
        assert!(self.hits > 0, "nothing happened: {self:?}");
        assert_eq!(self.idle, 0, "agents without work: {self:?}");
        assert!(self.best >= BAR_MIN, "it does not recover: {self:?}");
        Ok(())
    }
}
