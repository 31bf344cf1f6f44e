//! The broker without a server: a folder per queue.
//!
//! ```text
//! callers ──▶ Calls ──▶ writer thread: Journal = Ledger (the state, in memory) + Log (its records, on disk)
//!                          take all that wait, decide, append, fdatasync once, answer all
//! ```
//!
//! One queue is one folder, one log in it and one thread, so a commit is shared by whoever called while the one before was on its way. What was answered is on
//! disk; what is in memory may be ahead of it, and is thrown away if the disk fails: the queue is then opened anew.

mod backend;
#[cfg(unix)]
mod control;
mod journal;
mod ledger;
pub(crate) mod log;
#[cfg(unix)]
mod operators;
#[cfg(test)]
mod tests;
mod thread;
mod writer;

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Backend, Broker, Error, Name, Options};
use backend::Embedded as EmbeddedQueue;

/// Queues in folders of this machine: no server, no set-up. Each belongs to one process at a time.
///
/// # Examples
/// ```
/// use ractor_agents::prelude::*;
/// use ractor_agents::queue::Embedded;
///
/// # #[tokio::main]
/// # async fn main() -> Result<()> {
/// # let folder = tempfile::tempdir()?;
/// let swarm = Swarm::builder().broker(Embedded::in_folder(folder.path())).build()?;
/// let invoices = swarm.queue::<String>("invoices").await?;
/// invoices.enqueue(&"No. 17".to_owned()).key("17").await?;
///
/// let delivery = invoices.lease().await?.ok_or("nothing came")?;
/// assert_eq!(delivery.message(), "No. 17");
/// delivery.ack().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Embedded {
    folder: PathBuf,
    log: log::Options,
}

impl Embedded {
    /// Each queue in a folder of its own below this one, `namespace/name`, made when it is first opened.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            log: log::Options::default(),
        }
    }

    /// How large the files of a queue are, 16 KiB to 1 GiB; others become the nearest. A queue has a few of them even when it is empty, one open for every
    /// so many bytes in it, and takes no message longer than one. Default: 16 MiB.
    pub fn segment_bytes(mut self, bytes: u32) -> Self {
        self.log.segment_bytes = bytes;
        self
    }

    /// A queue for operators, who look at it and put it in order: itself if nobody has it, otherwise through the process that has it, by a
    /// socket in the queue's folder. Then messages are neither taken in nor given out.
    ///
    /// A queue that is not there is not made: opening it gives [`Error::NoSuchQueue`].
    #[cfg(unix)]
    pub fn operate(&self, name: &Name) -> Box<dyn Backend> {
        // What is there is no matter of bounds.
        let options = Options {
            count_max: usize::MAX,
            bytes_max: u64::MAX,
            ..Options::default()
        };
        let itself = self.backend(name, &options, Duration::ZERO);
        Box::new(operators::Operators::new(
            name.clone(),
            self.folder_of(name),
            itself,
        ))
    }

    /// The queues that there are, sorted.
    ///
    /// # Errors
    /// The file system's.
    pub fn queues(&self) -> std::io::Result<Vec<Name>> {
        let folders = |path: &Path| -> std::io::Result<Vec<String>> {
            let entries = std::fs::read_dir(path)?;
            let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
            Ok(names.collect())
        };
        let mut found = Vec::new();
        for namespace in folders(&self.folder)? {
            let path = self.folder.join(&namespace);
            // Files, and what is not for us to see, are no namespaces.
            let names = folders(&path).unwrap_or_default();
            let names = names
                .iter()
                .filter(|name| path.join(name).join("lock").is_file());
            found.extend(names.filter_map(|name| format!("{namespace}/{name}").parse().ok()));
        }
        found.sort();
        Ok(found)
    }

    fn backend(&self, name: &Name, options: &Options, patience: Duration) -> EmbeddedQueue {
        EmbeddedQueue::new(self.folder_of(name), self.log, options, patience)
    }

    /// The folder of a queue.
    pub fn folder_of(&self, name: &Name) -> PathBuf {
        self.folder.join(name.namespace()).join(name.name())
    }

    /// The folder that the queues are in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Broker for Embedded {
    fn name(&self) -> &'static str {
        "embedded"
    }

    fn address(&self) -> String {
        let absolute = std::path::absolute(&self.folder);
        let folder = absolute.as_deref().unwrap_or(&self.folder);
        folder.to_string_lossy().into_owned()
    }

    fn queue(&self, name: &Name, options: &Options) -> Result<Box<dyn Backend>, Error> {
        Ok(Box::new(self.backend(name, options, thread::LEAVING)))
    }
}
