//! Agents through the public API: talking to them, failing, restarting, stopping.

mod smoke;
