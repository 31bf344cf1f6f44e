//! Looks at the accounting all the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use ractor_agents::swarm::Swarm;

/// A thread that looks at the accounting of a swarm until it is told to stop.
pub(crate) struct Sampler {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<(u64, Vec<String>)>,
}

impl Sampler {
    pub(crate) fn start(swarm: &Swarm) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (swarm, flag) = (swarm.clone(), Arc::clone(&is_over));
        let thread = std::thread::spawn(move || {
            let mut looks = 0;
            let mut wrong = Vec::new();
            while !flag.load(Ordering::Relaxed) {
                let messages = swarm.status().messages;
                if !messages.balances() {
                    wrong.push(format!("swarm: {messages:?}"));
                }
                for id in swarm.agents() {
                    let Some(status) = swarm.agent_status(id) else {
                        continue;
                    };
                    if !status.messages.balances() {
                        wrong.push(format!("{status:?}"));
                    }
                    looks += 1;
                }
                // Real, since it is a thread of its own: it leaves the locks to the others now and then.
                std::thread::sleep(std::time::Duration::from_micros(200));
            }
            (looks, wrong)
        });
        Self { is_over, thread }
    }

    /// Ends the thread; returns how often it looked at an agent.
    pub(crate) fn stop(self) -> u64 {
        self.is_over.store(true, Ordering::Relaxed);
        let (looks, wrong) = self.thread.join().expect("it does not panic");
        assert!(wrong.is_empty(), "{} times: {}", wrong.len(), wrong[0]);
        looks
    }
}
