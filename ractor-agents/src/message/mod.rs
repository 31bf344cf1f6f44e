//! Messages on their way: priority, envelope, headers and trace context.

mod clock;
pub(crate) mod durable;
mod envelope;
mod headers;
mod id;
mod moment;
mod priority;
mod trace;

pub(crate) use clock::Clock;
pub use envelope::Envelope;
pub(crate) use envelope::{Extras, Payload, Stamp};
pub use headers::{Headers, TooManyHeaders};
pub use id::MessageId;
pub(crate) use moment::Moment;
pub(crate) use priority::PerLane;
pub use priority::Priority;
pub use trace::{InvalidTraceParent, TraceContext};
