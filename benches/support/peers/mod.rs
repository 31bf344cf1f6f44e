//! The libraries that are measured, each configured the way its own authors configure it for speed.
//!
//! A further peer is one more module here and one more line in each macro below.

mod actix;
mod kameo;
mod ours;
mod ractor;
mod tokio;

pub use self::{
    actix::Actix,
    kameo::Kameo,
    ours::{RactorAgents, RactorAgentsFull},
    ractor::Ractor,
    tokio::Tokio,
};

/// Calls a function that is generic over a [`Peer`](crate::Peer) once for each of them.
#[macro_export]
macro_rules! each_peer {
    ($function:ident($($argument:expr),*)) => {
        $function::<$crate::peers::RactorAgents>($($argument),*);
        $function::<$crate::peers::RactorAgentsFull>($($argument),*);
        $function::<$crate::peers::Ractor>($($argument),*);
        $function::<$crate::peers::Kameo>($($argument),*);
        $function::<$crate::peers::Actix>($($argument),*);
        $function::<$crate::peers::Tokio>($($argument),*);
    };
}

/// Calls a function that is generic over a peer that [`Restarts`](crate::Restarts) once for each of them.
#[macro_export]
macro_rules! each_restarting_peer {
    ($function:ident($($argument:expr),*)) => {
        $function::<$crate::peers::RactorAgents>($($argument),*);
        $function::<$crate::peers::RactorAgentsFull>($($argument),*);
        $function::<$crate::peers::Ractor>($($argument),*);
        $function::<$crate::peers::Kameo>($($argument),*);
        $function::<$crate::peers::Actix>($($argument),*);
    };
}
