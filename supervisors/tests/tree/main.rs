//! Supervision trees of real ractor actors.
//!
//! What OTP's `supervisor` promises (its documentation and the cases of its test suite), and where it is shown here. The pure cases
//! are in the library's `engine/tests.rs`, in imaginary time and without actors; those below need real actors.
//!
//! | promise | shown in |
//! |---|---|
//! | children start in order, stop in reverse order | `basics`, `engine` |
//! | permanent, transient, temporary x normal, shutdown, failure, kill x strategies | `engine`: one table |
//! | a child specification is checked before anything starts | `specs` |
//! | a child that fails in its init keeps the supervisor from starting, the others are stopped again | `starts`, `engine` |
//! | a child that fails in its init by `start_child` is not kept | `starts`, `engine` |
//! | `ignore` is not a failure | `starts` |
//! | more than `intensity` restarts within `period` end the supervisor; exactly as many do not | `engine`, `nesting` |
//! | a failed restart is tried again, charged each time, without keeping commands or a shutdown out | `engine`, `starts` |
//! | `rest_for_one` touches only those started later; temporary siblings are not restarted | `engine`, `nesting` |
//! | `brutal_kill`, a timeout, `infinity`; a child that ignores its shutdown is killed | `stops`, `engine` |
//! | significant children, `any_significant`, `all_significant`; not by `terminate_child`, not by a sibling's restart | `engine`, `nesting` |
//! | `terminate_child`, `restart_child`, `delete_child`, `which_children`, `count_children` and their errors | `engine`, `basics`, `nesting` |
//! | a supervisor below another escalates to it, and a restarted one starts its children anew | `nesting` |
//! | many dynamic children stop concurrently | `stops`, `scale`, `errands` |
//!
//! Beyond OTP: a killed supervisor brings its children back (`survival`), deadlines and abandoned children (`deadlines`, `spinning`), a
//! limit for the shutdown of a whole tree (`hurry`), a view of a whole tree (`whole`).
#![allow(missing_docs, reason = "a test binary")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]
#![allow(
    unreachable_pub,
    missing_debug_implementations,
    reason = "modules of one test binary"
)]

mod basics;
mod deadlines;
mod errands;
mod hurry;
mod nesting;
mod scale;
mod specs;
mod spinning;
mod starts;
mod stops;
mod support;
mod survival;
mod whole;
