//! The `#[agent]` attribute of `ractor-agents`.
