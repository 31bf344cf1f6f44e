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
mod journal;
mod ledger;
pub(crate) mod log;
#[cfg(test)]
mod tests;
mod thread;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

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
        let folder = self.folder_of(name);
        let disk = move || -> std::io::Result<Arc<dyn log::Disk>> {
            Ok(Arc::new(log::Folder::new(&folder)?))
        };
        Ok(Box::new(EmbeddedQueue::new(disk, self.log, options)))
    }
}
