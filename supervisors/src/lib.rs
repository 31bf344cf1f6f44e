//! OTP supervision for any [`ractor`] actor.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod backoff;
mod dynamic;
mod engine;
mod error;
mod event;
mod exit;
mod id;
mod intensity;
mod report;
mod shutdown;
mod spawn;
mod spec;
mod start;
mod strategy;
mod supervised;
mod supervisor;
mod system;
mod watch;

pub use backoff::Backoff;
pub use dynamic::DynamicSupervisor;
pub use engine::{ChildInfo, ChildState, Counting, Counts};
pub use error::{CommandError, SpecError, StartError};
pub use event::{EVENTS_MAX, Event, Events, Missed};
pub use exit::{ExitReason, Panicked, SHUTDOWN, StartFailed, panic_text};
pub use id::ChildId;
pub use intensity::Intensity;
pub use report::Report;
pub use shutdown::{ABANDONED_MAX, KILL_GRACE, START_DEADLINE, Shutdown};
pub use spawn::{spawn_later, spawn_now};
pub use spec::{ChildSpec, Stop, validate_specs};
pub use start::{Start, StartContext, StartReport};
pub use strategy::{AutoShutdown, Kind, Restart, Strategy};
pub use supervisor::{Supervisor, SupervisorRef};
pub use system::System;
pub use watch::{Alarm, Look, Watch};
