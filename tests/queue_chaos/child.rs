//! A process of ours that works on a queue, and is killed.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use tests::secs;

use crate::Result;
use crate::books::Books;
use crate::crew::{Crew, Roles};

/// Where its queue is; only a child has these variables.
const ADDRESS: &str = "QUEUE_CHAOS_ADDRESS";
const NAME: &str = "QUEUE_CHAOS_NAME";
const ROLES: &str = "QUEUE_CHAOS_ROLES";

/// What it says when it is at work.
const READY: &str = "ready";

/// Works until it is killed. Says on the standard output what it sees.
pub async fn live() -> Result {
    let variables = (
        std::env::var(ADDRESS),
        std::env::var(NAME),
        std::env::var(ROLES),
    );
    let (Ok(address), Ok(name), Ok(roles)) = variables else {
        return Ok(());
    };
    let counts: Vec<u32> = roles
        .split(' ')
        .map(str::parse)
        .collect::<std::result::Result<_, _>>()?;
    let [producers, consumers, auditors, agents] = counts[..] else {
        return Err("not four numbers".into());
    };
    let roles = Roles {
        producers,
        consumers,
        auditors,
        agents,
    };
    let crew = Crew::start(&address, &name, roles, &Books::Told).await?;
    // The harness of the tests has begun the line.
    println!("\n{READY}");
    // If nobody is left to kill it, it ends by itself.
    tokio::time::timeout(secs(600), crew.work()).await?
}

/// One of them, and who listens to it.
pub struct Process {
    child: Child,
    listener: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts one, and waits until it works.
    pub fn start(address: &str, name: &str, roles: Roles, books: &Books) -> Result<Self> {
        let Roles {
            producers,
            consumers,
            auditors,
            agents,
        } = roles;
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--exact", "child", "--ignored", "--nocapture"])
            .env(ADDRESS, address)
            .env(NAME, name)
            .env(
                ROLES,
                format!("{producers} {consumers} {auditors} {agents}"),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or("no standard output")?;
        let mut process = Self {
            child,
            listener: None,
        };
        let mut lines = BufReader::new(output).lines();
        loop {
            let line = lines.next().ok_or("the child ended before it worked")??;
            if line == READY {
                break;
            }
            // Some begin before it is ready.
            books.hear(&line);
        }
        let books = books.clone();
        process.listener = Some(std::thread::spawn(move || {
            for line in lines.map_while(std::result::Result::ok) {
                books.hear(&line);
            }
        }));
        Ok(process)
    }

    /// Ends it by SIGKILL. All that it said is known then.
    pub fn kill(mut self) -> Result {
        self.child.kill()?;
        let status = self.child.wait()?;
        if let Some(listener) = self.listener.take() {
            listener.join().map_err(|_| "nobody listened")?;
        }
        if status.code().is_some() {
            return Err(format!("the child ended by itself: {status}").into());
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
