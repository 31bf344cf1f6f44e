//! Handlers that compute without awaiting.
//!
//! A tokio worker that runs one is gone until it ends, so everything here needs threads and real time: the agents' runtime
//! has two workers, and the test itself is on a third thread. Spinning handlers end when their test does.

mod blocking;
mod fenced;
mod saturated;
mod spinner;
mod stage;
