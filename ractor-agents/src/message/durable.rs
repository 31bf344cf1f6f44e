//! What of an envelope goes through a durable queue besides the message, and what comes out again.

use std::sync::Arc;
use std::time::Duration;

use super::{Extras, Headers};
use crate::queue::Claim;

/// The W3C trace context, by its own name.
const TRACE: &str = "traceparent";
/// The handler's deadline in milliseconds, where it differs from the agent's.
const DEADLINE: &str = "ractor-agents-deadline-ms";

/// The headers that a message is enqueued with.
pub(super) fn headers(extras: &Extras) -> Headers {
    let mut headers = extras.headers.clone();
    // What does not fit is not worth refusing the message for.
    if let Some(trace) = extras.trace {
        let _ = headers.set(TRACE, &trace.to_string());
    }
    if let Some(deadline) = extras.deadline {
        let _ = headers.set(DEADLINE, &deadline.as_millis().to_string());
    }
    headers
}

/// What travels with a message that was leased.
pub(crate) fn extras(claim: &Arc<Claim>) -> Extras {
    let headers = claim.headers().clone();
    let trace = headers.get(TRACE).and_then(|trace| trace.parse().ok());
    let deadline = headers.get(DEADLINE);
    let deadline = deadline.and_then(|millis| millis.parse().ok());
    Extras {
        trace,
        deadline: deadline.map(Duration::from_millis),
        headers,
        claim: Some(Arc::clone(claim)),
        ..Extras::default()
    }
}
