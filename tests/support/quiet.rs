//! Panics that leave no trace in the test's output.

/// Panics without calling the panic hook: the unwinding is real, the message on the terminal is left out.
pub fn panic_quietly(text: &'static str) -> ! {
    std::panic::resume_unwind(Box::new(text))
}
