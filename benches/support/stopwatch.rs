//! What criterion's batches are timed with.

use std::{
    env,
    sync::OnceLock,
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};

/// Measures a stretch of a bench, by the clock that this run was asked for.
#[derive(Debug)]
pub enum Stopwatch {
    /// Wall time, unless something else is asked for.
    Wall(Instant),
    /// Processor time of the whole process: `BENCH_CLOCK=cpu`. Steadier while other programs keep the machine busy.
    Cpu(Duration),
}

impl Stopwatch {
    /// Begins to measure.
    pub fn start() -> Self {
        if by_cpu() {
            Self::Cpu(process_time())
        } else {
            Self::Wall(Instant::now())
        }
    }

    /// The time since it began.
    pub fn elapsed(&self) -> Duration {
        match self {
            Self::Wall(began) => began.elapsed(),
            Self::Cpu(began) => process_time().saturating_sub(*began),
        }
    }
}

/// What a group is called in this run: figures by processor time are kept apart from those by wall time.
pub fn group_name(name: &str) -> String {
    if by_cpu() {
        format!("{name}_cpu")
    } else {
        name.to_owned()
    }
}

fn by_cpu() -> bool {
    static BY_CPU: OnceLock<bool> = OnceLock::new();
    *BY_CPU.get_or_init(|| env::var_os("BENCH_CLOCK").is_some_and(|clock| clock == "cpu"))
}

/// Processor time of this process so far.
pub fn process_time() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime)
        .try_into()
        .expect("processor time is not negative")
}
