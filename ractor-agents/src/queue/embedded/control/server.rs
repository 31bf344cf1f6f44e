//! The side of the process that has the queue.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::net::{UnixListener, UnixStream};
use tokio::time::sleep;

use super::wire::{receive, send};
use super::{Request, Response, SOCKET};
use crate::queue::{Backend, Error};

/// A socket that operators can connect to. It is gone when this is dropped.
pub(in super::super) struct Server {
    listener: UnixListener,
    path: PathBuf,
}

/// How many operators are served at a time; more wait. Source: a guess.
const AT_A_TIME: usize = 8;

/// How long nobody is let in after the system has refused to. Source: a guess.
const PAUSE: Duration = Duration::from_millis(100);

impl Server {
    /// Listens in the folder of a queue that this process has locked.
    pub(in super::super) fn bind(folder: &Path) -> io::Result<Self> {
        let path = folder.join(SOCKET);
        // That of a process which is no more: the folder is ours.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        Ok(Self { listener, path })
    }

    /// Serves operators for as long as it is polled.
    pub(in super::super) async fn serve(&self, queue: &dyn Backend) {
        let mut served = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some(()) = served.next(), if !served.is_empty() => {}
                accepted = self.listener.accept(), if served.len() < AT_A_TIME => match accepted {
                    Ok((stream, _)) => served.push(serve_one(stream, queue)),
                    Err(error) => {
                        tracing::warn!(%error, "an operator cannot be let in");
                        sleep(PAUSE).await;
                    }
                },
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The next who has the queue removes what is left.
        let _ = fs::remove_file(&self.path);
    }
}

async fn serve_one(mut stream: UnixStream, queue: &dyn Backend) {
    let served = async {
        let request = receive(&mut stream).await?;
        let response = answer(request, queue).await;
        let response = response.unwrap_or_else(|error| Response::Refused {
            why: error.to_string(),
        });
        send(&mut stream, &response).await
    };
    if let Err(error) = served.await {
        tracing::debug!(%error, "an operator was not served");
    }
}

async fn answer(request: Request, queue: &dyn Backend) -> Result<Response, Error> {
    let count = |count: usize| Response::Count(count as u64);
    Ok(match request {
        Request::Guarantees => Response::Guarantees(queue.guarantees().await?),
        Request::Stats => Response::Stats(Box::new(queue.stats().await?)),
        Request::Peek { count_max } => Response::Peeked(queue.peek(count_max as usize).await?),
        Request::Purge => count(queue.purge().await?),
        Request::SetPaused { is_paused } => {
            queue.set_paused(is_paused).await?;
            Response::Done
        }
        Request::DeadLetters {
            filter,
            after,
            count_max,
        } => {
            let letters = queue.dead_letters(filter, after, count_max as usize);
            Response::DeadLetters(letters.await?)
        }
        Request::Redrive { selection } => count(queue.redrive(selection).await?),
        Request::Discard { selection } => count(queue.discard(selection).await?),
    })
}
