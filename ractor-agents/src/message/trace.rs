//! W3C trace context.

use std::fmt;
use std::str::FromStr;

/// Where a message belongs in a distributed trace: the `traceparent` of the W3C Trace Context recommendation.
///
/// An `ask` is a child of its asker's span, since the asker waits for it. A `tell` starts a trace of its own and keeps a
/// link to the sender, so that a swarm which never rests does not grow one endless trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace: u128,
    span: u64,
    flags: u8,
}

/// A text that is no `traceparent` of version `00`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "traceparent must look like 00-<32 hex digits>-<16 hex digits>-<2 hex digits>, ids not all zero"
)]
pub struct InvalidTraceParent(());

impl TraceContext {
    /// Starts a new sampled trace.
    pub fn root() -> Self {
        Self {
            trace: nonzero(rand::random::<u128>),
            span: nonzero(rand::random::<u64>),
            flags: 1,
        }
    }

    /// A new span in the same trace.
    pub fn child(self) -> Self {
        Self {
            span: nonzero(rand::random::<u64>),
            ..self
        }
    }

    /// The trace's id; never zero.
    pub fn trace_id(self) -> u128 {
        self.trace
    }

    /// The span's id; never zero.
    pub fn span_id(self) -> u64 {
        self.span
    }

    /// Whether the trace is recorded.
    pub fn is_sampled(self) -> bool {
        self.flags & 1 == 1
    }
}

fn nonzero<T: Default + PartialEq>(next: impl Fn() -> T) -> T {
    loop {
        let id = next();
        if id != T::default() {
            return id;
        }
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "00-{:032x}-{:016x}-{:02x}",
            self.trace, self.span, self.flags
        )
    }
}

impl fmt::Debug for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for TraceContext {
    type Err = InvalidTraceParent;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut fields = text.split('-');
        let mut field = |digits: usize| {
            let field = fields.next().filter(|field| field.len() == digits)?;
            let lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            field.bytes().all(lower_hex).then_some(field)
        };
        let parsed = (|| {
            field(2).filter(|version| *version == "00")?;
            let trace = u128::from_str_radix(field(32)?, 16).ok()?;
            let span = u64::from_str_radix(field(16)?, 16).ok()?;
            let flags = u8::from_str_radix(field(2)?, 16).ok()?;
            (trace != 0 && span != 0).then_some(Self { trace, span, flags })
        })();
        parsed
            .filter(|_| fields.next().is_none())
            .ok_or(InvalidTraceParent(()))
    }
}

#[cfg(test)]
mod tests {
    use super::TraceContext;

    #[test]
    fn text_and_value_agree() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let context: TraceContext = text.parse().expect("the example of the recommendation");
        assert_eq!(context.to_string(), text);
        assert!(context.is_sampled());
        assert_eq!(context.child().trace_id(), context.trace_id());
        assert_ne!(context.child().span_id(), context.span_id());
    }

    #[test]
    fn what_the_recommendation_forbids_is_refused() {
        for text in [
            "",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert!(text.parse::<TraceContext>().is_err(), "{text}");
        }
    }
}
