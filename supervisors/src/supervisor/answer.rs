//! Answers callers.

use super::Reply;
use super::drive::Guard;
use super::shared::State;
use crate::CommandError;
use crate::engine::{ChildInfo, Effect, Outcome};

/// Sends the answers the engine has ready, and drops all other effects: the supervisor has ended for good.
pub(super) fn flush_replies(state: &mut Guard<'_>) {
    while let Some(effect) = state.engine.next_effect() {
        if let Effect::Reply(reply, outcome) = effect {
            answer(state, reply, outcome);
        }
    }
}

/// Answers a caller. One that no longer waits does not want to know.
pub(super) fn answer(state: &State, reply: Reply, outcome: Outcome) {
    let child = |outcome: Outcome| match outcome {
        Outcome::Started(key) => state
            .slot(key)
            .and_then(|slot| slot.cell.clone())
            .ok_or(CommandError::Closed),
        Outcome::Failed(error) => Err(error),
        _ => Err(CommandError::Closed),
    };
    match (reply, outcome) {
        (Reply::Child(answer), outcome) => {
            let _ = answer.send(child(outcome));
        }
        (Reply::Batch(batch, index), outcome) => batch.put(index, child(outcome)),
        (Reply::Done(answer), outcome) => {
            let _ = answer.send(match outcome {
                Outcome::Failed(error) => Err(error),
                _ => Ok(()),
            });
        }
        (Reply::Children(answer), Outcome::Children(children)) => {
            let with_cell = |info: ChildInfo| ChildInfo {
                cell: state.slot(info.key).and_then(|slot| slot.cell.clone()),
                ..info
            };
            let _ = answer.send(Ok(children.into_iter().map(with_cell).collect()));
        }
        (Reply::Counts(answer), Outcome::Counts(counts)) => {
            let _ = answer.send(Ok(counts));
        }
        // An answer of another kind does not occur; a dropped reply says that the supervisor has ended.
        (Reply::Children(_) | Reply::Counts(_), _) => {}
    }
}
