//! The thread of an agent that blocks.

use tokio::runtime::{Builder, Handle, Runtime};

/// A runtime of one thread, for one agent. It may be dropped anywhere: nobody waits for a handler that still blocks it.
#[derive(Debug)]
pub(crate) struct OwnThread(Option<Runtime>, Handle);

impl OwnThread {
    pub(crate) fn new() -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("blocking-agent")
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        Ok(Self(Some(runtime), handle))
    }

    pub(crate) fn handle(&self) -> Handle {
        self.1.clone()
    }
}

impl Drop for OwnThread {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
