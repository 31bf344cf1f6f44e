//! The engine alone, with children that exist only in the test.
// tidy: long because it is one harness and one list of claims, read side by side with OTP's.

use std::collections::{HashMap, HashSet};

use super::*;
use crate::{CommandError, Kind, Restart, Shutdown};

const SECOND: Duration = Duration::from_secs(1);

/// Carries out effects on imaginary children and writes down what it did.
struct Sim {
    engine: Engine<u32>,
    now: Instant,
    names: HashMap<u32, &'static str>,
    live: HashMap<&'static str, Run>,
    log: Vec<String>,
    events: Vec<Event>,
    replies: Vec<(u32, Outcome)>,
    timers: Vec<(Instant, Run, Timer)>,
    exit: Option<Exit>,
    ready: bool,
    /// How many of a child's next starts fail.
    failing: HashMap<&'static str, u32>,
    /// Children whose start is over only when the test says so.
    slow: HashSet<&'static str>,
    /// Children that ignore a request to stop.
    deaf: HashSet<&'static str>,
    /// Children that ignore a kill.
    stuck: HashSet<&'static str>,
}

impl Sim {
    fn new(flags: Flags) -> Self {
        Self {
            engine: Engine::new(flags, || 1.0),
            now: Instant::now(),
            names: HashMap::new(),
            live: HashMap::new(),
            log: Vec::new(),
            events: Vec::new(),
            replies: Vec::new(),
            timers: Vec::new(),
            exit: None,
            ready: false,
            failing: HashMap::new(),
            slow: HashSet::new(),
            deaf: HashSet::new(),
            stuck: HashSet::new(),
        }
    }

    /// A supervisor of `a`, `b` and `c` with the given restart type.
    fn abc(flags: Flags, restart: Restart) -> Self {
        let mut sim = Self::new(flags);
        for name in ["a", "b", "c"] {
            sim.own(name, policy(restart));
        }
        sim.begin();
        sim
    }

    fn own(&mut self, name: &'static str, policy: Policy) {
        let place = u32::try_from(self.names.len()).unwrap();
        let key = self.engine.add(name.into(), policy, Some(place)).unwrap();
        self.names.insert(key, name);
    }

    fn add(&mut self, name: &'static str, policy: Policy, reply: u32) {
        match self.engine.add(name.into(), policy, None) {
            Ok(key) => {
                self.names.insert(key, name);
                self.engine.start_added(key, reply);
                self.run();
            }
            Err(error) => self.replies.push((reply, Outcome::Failed(error))),
        }
    }

    fn begin(&mut self) {
        self.engine.begin(self.now, |_| false);
        self.run();
    }

    fn run(&mut self) {
        while let Some(effect) = self.engine.next_effect() {
            match effect {
                Effect::Start(run) => self.start(run),
                Effect::Stop(run) => self.stop(run),
                Effect::Kill(run) => self.kill(run),
                Effect::Arm(run, timer, wait) => self.timers.push((self.now + wait, run, timer)),
                Effect::Emit(event) => self.events.push(event),
                Effect::Reply(reply, outcome) => self.replies.push((reply, outcome)),
                Effect::Ready => self.ready = true,
                Effect::Exit(exit) => self.exit = Some(exit),
                Effect::Hurry(run) => self.hurry(run),
                Effect::Abandon { id, .. } => self.log.push(format!("abandon {id}")),
                Effect::Reclaim(_)
                | Effect::Clear { .. }
                | Effect::Remove(_)
                | Effect::Unlist(_) => {}
            }
        }
    }

    fn start(&mut self, run: Run) {
        let facts = self.engine.start_facts(run).unwrap();
        let name = self.names[&run.key];
        assert_eq!(facts.id.name(), Some(name));
        if let Some(left) = self.failing.get_mut(name).filter(|left| **left > 0) {
            *left -= 1;
            self.log.push(format!("!{name}"));
            self.engine
                .start_failed(self.now, run, ExitReason::StartFailed("no".into()));
            return;
        }
        self.log.push(format!("+{name}"));
        self.live.insert(name, run);
        if self.slow.contains(name) {
            self.engine.pending(run);
        } else {
            self.engine.started(self.now, run);
        }
    }

    fn stop(&mut self, run: Run) {
        let name = self.names[&run.key];
        if !self.deaf.contains(name) && self.live.remove(name).is_some() {
            self.log.push(format!("-{name}"));
            self.engine.exited(self.now, run, ExitReason::Shutdown);
        }
    }

    fn kill(&mut self, run: Run) {
        let name = self.names[&run.key];
        if !self.stuck.contains(name) && self.live.remove(name).is_some() {
            self.log.push(format!("x{name}"));
            self.engine.exited(self.now, run, ExitReason::Killed);
        }
    }

    /// A supervisor below is allowed a second to kill what it has and end.
    fn hurry(&mut self, run: Run) {
        let name = self.names[&run.key];
        self.log.push(format!("hurry {name}"));
        self.timers.push((self.now + SECOND, run, Timer::Hurry));
        if !self.stuck.contains(name) && self.live.remove(name).is_some() {
            self.engine.exited(self.now, run, ExitReason::Shutdown);
        }
    }

    /// The child ends by itself.
    fn end(&mut self, name: &'static str, reason: ExitReason) {
        let run = self.live.remove(name).unwrap();
        self.engine.exited(self.now, run, reason);
        self.run();
    }

    fn fail(&mut self, name: &'static str) {
        self.end(name, ExitReason::Failed("test".into()));
    }

    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(next) = self
            .timers
            .iter()
            .map(|timer| timer.0)
            .min()
            .filter(|next| *next <= until)
        {
            self.now = next;
            let due = self
                .timers
                .iter()
                .position(|timer| timer.0 == next)
                .unwrap();
            let (_, run, timer) = self.timers.remove(due);
            self.engine.timer(self.now, run, timer);
            self.run();
        }
        self.now = until;
    }

    fn command(&mut self, command: Command, reply: u32) {
        self.engine.command(self.now, command, reply);
        self.run();
    }

    fn shut_down(&mut self) {
        self.engine.shut_down(self.now, Exit::Shutdown);
        self.run();
    }

    fn log(&mut self) -> String {
        std::mem::take(&mut self.log).join(" ")
    }

    fn reply(&self, reply: u32) -> Option<String> {
        let outcome = &self.replies.iter().find(|(number, _)| *number == reply)?.1;
        Some(match outcome {
            Outcome::Done => "done".into(),
            Outcome::Started(_) => "started".into(),
            Outcome::Failed(error) => error.to_string(),
            other => format!("{other:?}"),
        })
    }

    fn states(&mut self) -> Vec<ChildState> {
        self.command(Command::Which, 999);
        match self.replies.pop() {
            Some((999, Outcome::Children(children))) => {
                children.into_iter().map(|child| child.state).collect()
            }
            other => panic!("not a list of children: {other:?}"),
        }
    }
}

fn policy(restart: Restart) -> Policy {
    Policy {
        restart,
        significant: false,
        kind: Kind::Worker,
        shutdown: Shutdown::WORKER,
        root: false,
        tuning: None,
    }
}

fn significant(restart: Restart) -> Policy {
    Policy {
        significant: true,
        ..policy(restart)
    }
}

fn flags(strategy: Strategy) -> Flags {
    Flags {
        strategy,
        intensity: Intensity::new(100, SECOND),
        backoff: Backoff::NONE,
        ..Flags::default()
    }
}

fn dynamic() -> Flags {
    Flags {
        dynamic: true,
        counting: Counting::PerChild,
        ..flags(Strategy::OneForOne)
    }
}

/// Restart types x ways to end x strategies: what the middle one of three does to all.
#[test]
fn restart_type_exit_and_strategy_decide_who_is_restarted() {
    use Restart::{Permanent, Temporary, Transient};
    use Strategy::{OneForAll, OneForOne, RestForOne};
    let failures = [
        ExitReason::Failed("test".into()),
        ExitReason::Panicked("test".into()),
        ExitReason::Killed,
        ExitReason::Deadline,
        ExitReason::Escalated("test".into()),
    ];
    let ends = [ExitReason::Normal, ExitReason::Shutdown];
    let group = |strategy| match strategy {
        OneForOne => "+b",
        OneForAll => "-c -a +a +b +c",
        RestForOne => "-c +b +c",
    };
    for strategy in [OneForOne, OneForAll, RestForOne] {
        for (restart, reasons, expected) in [
            (Permanent, &failures[..], group(strategy)),
            (Permanent, &ends[..], group(strategy)),
            (Transient, &failures[..], group(strategy)),
            (Transient, &ends[..], ""),
            (Temporary, &failures[..], ""),
            (Temporary, &ends[..], ""),
        ] {
            for reason in reasons {
                let mut sim = Sim::abc(flags(strategy), restart);
                assert_eq!(sim.log(), "+a +b +c");
                sim.end("b", reason.clone());
                assert_eq!(sim.log(), expected, "{strategy:?} {restart:?} {reason:?}");
                assert_eq!(sim.exit, None);
                let left = if restart == Temporary { 2 } else { 3 };
                assert_eq!(
                    sim.states().len(),
                    left,
                    "only temporary children are forgotten"
                );
            }
        }
    }
}

#[test]
fn temporary_sibling_is_stopped_and_not_restarted_with_its_group() {
    let mut sim = Sim::new(flags(Strategy::OneForAll));
    sim.own("a", policy(Restart::Permanent));
    sim.own("b", policy(Restart::Temporary));
    sim.begin();
    sim.log();
    sim.fail("a");
    assert_eq!(sim.log(), "-b +a");
    assert_eq!(sim.states(), [ChildState::Running]);
}

#[test]
fn intensity_exactly_at_the_limit_restarts_and_past_it_escalates() {
    let mut sim = Sim::abc(
        Flags {
            intensity: Intensity::new(2, SECOND),
            ..flags(Strategy::OneForOne)
        },
        Restart::Permanent,
    );
    sim.log();
    sim.fail("a");
    sim.fail("b");
    assert_eq!(sim.log(), "+a +b");
    sim.fail("c");
    assert_eq!(sim.log(), "-b -a");
    let text = "child c: failed: test".to_owned();
    assert_eq!(sim.exit, Some(Exit::Failed(ExitReason::Escalated(text))));
    assert!(
        sim.events
            .iter()
            .any(|event| matches!(event, Event::Escalated { id, .. } if id.name() == Some("c")))
    );
}

#[test]
fn restarts_older_than_the_period_do_not_count() {
    let mut sim = Sim::abc(
        Flags {
            intensity: Intensity::new(1, SECOND),
            ..flags(Strategy::OneForOne)
        },
        Restart::Permanent,
    );
    for _ in 0..5 {
        sim.fail("a");
        sim.pass(SECOND + Duration::from_nanos(1));
    }
    assert_eq!(sim.exit, None);
    assert_eq!(sim.log(), "+a +b +c +a +a +a +a +a");
}

#[test]
fn first_child_that_does_not_start_keeps_the_supervisor_from_starting() {
    let mut sim = Sim::new(flags(Strategy::OneForOne));
    for name in ["a", "b", "c"] {
        sim.own(name, policy(Restart::Temporary));
    }
    sim.failing.insert("c", 1);
    sim.begin();
    assert_eq!(sim.log(), "+a +b !c -b -a");
    assert!(matches!(
        sim.exit,
        Some(Exit::Failed(ExitReason::StartFailed(_)))
    ));
    assert!(!sim.ready);
}

#[test]
fn failed_restart_is_tried_again_and_charged_each_time() {
    let mut sim = Sim::abc(
        Flags {
            intensity: Intensity::new(3, SECOND),
            ..flags(Strategy::OneForOne)
        },
        Restart::Transient,
    );
    sim.log();
    sim.failing.insert("a", 2);
    sim.fail("a");
    assert_eq!(sim.log(), "!a !a +a");
    sim.failing.insert("a", 9);
    sim.fail("a");
    assert_eq!(
        sim.log(),
        "-c -b",
        "the fourth restart within the period is one too many"
    );
    assert!(sim.exit.is_some());
}

#[test]
fn group_start_that_fails_in_the_middle_is_tried_again_from_there() {
    let mut sim = Sim::abc(flags(Strategy::RestForOne), Restart::Permanent);
    sim.log();
    sim.failing.insert("b", 1);
    sim.fail("a");
    assert_eq!(sim.log(), "-c -b +a !b +b +c");
    let mut sim = Sim::abc(flags(Strategy::OneForAll), Restart::Permanent);
    sim.log();
    sim.failing.insert("b", 1);
    sim.fail("a");
    assert_eq!(sim.log(), "-c -b +a !b -a +a +b +c");
    assert_eq!(sim.states(), [ChildState::Running; 3]);
}

#[test]
fn backoff_waits_and_commands_get_through_meanwhile() {
    let backoff = Backoff::new(Duration::from_millis(10), SECOND);
    let mut sim = Sim::abc(
        Flags {
            backoff,
            ..flags(Strategy::OneForOne)
        },
        Restart::Permanent,
    );
    sim.fail("a");
    sim.log();
    sim.fail("a");
    assert_eq!(sim.log(), "", "the second restart waits");
    assert_eq!(sim.states()[0], ChildState::Restarting);
    sim.command(Command::Restart("a".into()), 1);
    assert_eq!(sim.reply(1).unwrap(), "child a is being restarted");
    sim.command(Command::Delete("a".into()), 2);
    assert_eq!(sim.reply(2).unwrap(), "child a is being restarted");
    sim.add("d", policy(Restart::Permanent), 3);
    assert_eq!(sim.reply(3).unwrap(), "started");
    assert_eq!(sim.log(), "+d");
    sim.pass(Duration::from_millis(10));
    assert_eq!(sim.log(), "+a");
}

#[test]
fn backoff_starts_over_after_a_quiet_period() {
    let backoff = Backoff::new(Duration::from_millis(10), SECOND);
    let mut sim = Sim::abc(
        Flags {
            backoff,
            ..flags(Strategy::OneForOne)
        },
        Restart::Permanent,
    );
    sim.fail("a");
    sim.pass(SECOND + Duration::from_millis(1));
    sim.log();
    sim.fail("a");
    assert_eq!(sim.log(), "+a", "immediate again");
}

#[test]
fn child_terminated_while_it_waits_for_its_restart_stays_down() {
    let backoff = Backoff::new(Duration::from_millis(10), SECOND);
    let mut sim = Sim::abc(
        Flags {
            backoff,
            ..flags(Strategy::OneForOne)
        },
        Restart::Permanent,
    );
    sim.fail("a");
    sim.fail("a");
    sim.command(Command::Terminate("a".into()), 1);
    assert_eq!(sim.reply(1).unwrap(), "done");
    sim.log();
    sim.pass(SECOND);
    assert_eq!(sim.log(), "");
    sim.command(Command::Restart("a".into()), 2);
    assert_eq!(sim.reply(2).unwrap(), "started");
}

#[test]
fn group_that_waits_for_its_restart_is_down_but_the_supervisor_listens() {
    let backoff = Backoff::new(Duration::from_millis(10), SECOND);
    let mut sim = Sim::abc(
        Flags {
            backoff,
            ..flags(Strategy::RestForOne)
        },
        Restart::Permanent,
    );
    sim.fail("b");
    sim.log();
    sim.fail("b");
    assert_eq!(
        sim.log(),
        "-c",
        "nobody runs without the child it was started after"
    );
    assert_eq!(
        sim.states(),
        [
            ChildState::Running,
            ChildState::Restarting,
            ChildState::Restarting
        ]
    );
    sim.command(Command::Terminate("c".into()), 1);
    assert_eq!(sim.reply(1).unwrap(), "done");
    sim.pass(SECOND);
    assert_eq!(sim.log(), "+b");
}

#[test]
fn shutdown_gets_through_a_backoff() {
    let backoff = Backoff::new(SECOND, SECOND);
    for strategy in [Strategy::OneForOne, Strategy::OneForAll] {
        let mut sim = Sim::abc(
            Flags {
                backoff,
                ..flags(strategy)
            },
            Restart::Permanent,
        );
        sim.fail("a");
        sim.fail("a");
        sim.shut_down();
        assert_eq!(sim.exit, Some(Exit::Shutdown));
        sim.log();
        sim.pass(10 * SECOND);
        assert_eq!(sim.log(), "", "no timer brings anybody back");
    }
}

#[test]
fn shutdown_during_a_group_restart_stops_what_has_started() {
    let mut sim = Sim::abc(flags(Strategy::OneForAll), Restart::Permanent);
    sim.slow.insert("b");
    sim.fail("c");
    sim.log();
    sim.shut_down();
    assert_eq!(
        sim.log(),
        "xb -a",
        "b is killed in its start, c was never started"
    );
    assert_eq!(sim.exit, Some(Exit::Shutdown));
}

#[test]
fn commands_wait_for_a_group_restart() {
    let mut sim = Sim::abc(flags(Strategy::OneForAll), Restart::Permanent);
    sim.slow.insert("b");
    sim.fail("c");
    sim.command(Command::Terminate("a".into()), 1);
    sim.add("d", policy(Restart::Permanent), 2);
    assert_eq!(sim.reply(1), None);
    sim.log();
    let run = sim.live["b"];
    sim.engine.started(sim.now, run);
    sim.run();
    assert_eq!(sim.log(), "+c -a +d");
    assert_eq!(sim.reply(1).unwrap(), "done");
    assert_eq!(sim.reply(2).unwrap(), "started");
}

#[test]
fn exit_during_a_group_restart_is_dealt_with_after_it() {
    let mut sim = Sim::abc(flags(Strategy::RestForOne), Restart::Permanent);
    sim.slow.insert("c");
    sim.fail("b");
    assert_eq!(sim.log(), "+a +b +c -c +b +c");
    sim.fail("a");
    assert_eq!(sim.log(), "");
    sim.slow.clear();
    let run = sim.live["c"];
    sim.engine.started(sim.now, run);
    sim.run();
    assert_eq!(sim.log(), "-c -b +a +b +c");
}

#[test]
fn children_stop_one_after_the_other_each_within_its_limit() {
    let mut sim = Sim::abc(flags(Strategy::OneForOne), Restart::Permanent);
    sim.log();
    sim.deaf.insert("c");
    sim.shut_down();
    assert_eq!(sim.log(), "");
    sim.pass(Duration::from_nanos(4_999_999_999));
    assert_eq!(sim.log(), "", "b is not asked before c is gone");
    sim.pass(Duration::from_nanos(1));
    assert_eq!(sim.log(), "xc -b -a");
    assert_eq!(sim.exit, Some(Exit::Shutdown));
}

#[test]
fn child_that_ignores_even_its_kill_is_abandoned() {
    let mut sim = Sim::abc(flags(Strategy::OneForOne), Restart::Permanent);
    sim.log();
    sim.deaf.insert("c");
    sim.stuck.insert("c");
    sim.shut_down();
    sim.pass(5 * SECOND + Duration::from_millis(50));
    assert_eq!(sim.log(), "abandon c -b -a");
    assert_eq!(sim.exit, Some(Exit::Shutdown));
}

#[test]
fn brutal_kill_does_not_ask() {
    let mut sim = Sim::new(flags(Strategy::OneForOne));
    sim.own(
        "a",
        Policy {
            shutdown: Shutdown::BrutalKill,
            ..policy(Restart::Permanent)
        },
    );
    sim.begin();
    sim.command(Command::Terminate("a".into()), 1);
    assert_eq!(sim.log(), "+a xa");
}

#[test]
fn infinity_waits_for_ever_and_hurry_ends_it() {
    let mut sim = Sim::new(flags(Strategy::OneForOne));
    sim.own(
        "a",
        Policy {
            shutdown: Shutdown::Infinity,
            ..policy(Restart::Permanent)
        },
    );
    sim.own(
        "b",
        Policy {
            shutdown: Shutdown::Infinity,
            ..policy(Restart::Permanent)
        },
    );
    sim.deaf.extend(["a", "b"]);
    sim.begin();
    sim.log();
    sim.shut_down();
    sim.pass(100_000 * SECOND);
    assert_eq!(sim.exit, None);
    sim.engine.hurry(sim.now);
    sim.run();
    assert_eq!(sim.log(), "xa xb");
    assert_eq!(sim.exit, Some(Exit::Shutdown));
}

#[test]
fn hurry_kills_workers_and_is_passed_on_to_supervisors() {
    let mut sim = Sim::new(flags(Strategy::OneForOne));
    let supervisor = Policy {
        kind: Kind::Supervisor,
        shutdown: Shutdown::SUPERVISOR,
        ..policy(Restart::Permanent)
    };
    sim.own("a", supervisor.clone());
    sim.own("b", policy(Restart::Permanent));
    sim.own("c", supervisor);
    sim.deaf.extend(["a", "b", "c"]);
    sim.begin();
    sim.log();
    sim.shut_down();
    assert_eq!(sim.log(), "", "c is asked and takes its time");
    sim.engine.hurry(sim.now);
    sim.engine.hurry(sim.now);
    sim.run();
    assert_eq!(sim.log(), "xb hurry a hurry c");
    assert_eq!(sim.exit, Some(Exit::Shutdown));
}

#[test]
fn hurried_supervisor_that_does_not_end_is_killed_in_the_end() {
    let mut sim = Sim::new(flags(Strategy::OneForOne));
    let supervisor = Policy {
        kind: Kind::Supervisor,
        shutdown: Shutdown::SUPERVISOR,
        ..policy(Restart::Permanent)
    };
    sim.own("a", supervisor.clone());
    sim.own("b", supervisor);
    sim.deaf.extend(["a", "b"]);
    sim.stuck.insert("b");
    sim.begin();
    sim.log();
    sim.shut_down();
    sim.engine.hurry(sim.now);
    sim.run();
    assert_eq!(sim.log(), "hurry a hurry b");
    sim.pass(SECOND + Duration::from_nanos(49_999_999));
    assert_eq!(sim.log(), "");
    assert_eq!(sim.exit, None);
    sim.pass(Duration::from_nanos(1));
    assert_eq!(sim.log(), "abandon b");
    assert_eq!(sim.exit, Some(Exit::Shutdown));
}

#[test]
fn any_significant_end_shuts_the_supervisor_down() {
    for (restart, reason) in [
        (Restart::Transient, ExitReason::Normal),
        (Restart::Temporary, ExitReason::Normal),
        (Restart::Temporary, ExitReason::Killed),
    ] {
        let mut sim = Sim::new(Flags {
            auto_shutdown: AutoShutdown::AnySignificant,
            ..flags(Strategy::OneForOne)
        });
        sim.own("a", significant(restart));
        sim.own("b", significant(restart));
        sim.begin();
        sim.log();
        sim.end("a", reason);
        assert_eq!(sim.log(), "-b");
        assert_eq!(sim.exit, Some(Exit::Shutdown));
    }
}

#[test]
fn significant_child_that_is_restarted_shuts_nothing_down() {
    let mut sim = Sim::new(Flags {
        auto_shutdown: AutoShutdown::AnySignificant,
        ..flags(Strategy::OneForOne)
    });
    sim.own("a", significant(Restart::Transient));
    sim.begin();
    sim.fail("a");
    assert_eq!(sim.log(), "+a +a");
    assert_eq!(sim.exit, None);
}

#[test]
fn all_significant_waits_for_the_last_one() {
    let mut sim = Sim::new(Flags {
        auto_shutdown: AutoShutdown::AllSignificant,
        ..flags(Strategy::OneForOne)
    });
    sim.own("a", significant(Restart::Transient));
    sim.own("b", significant(Restart::Temporary));
    sim.own("c", policy(Restart::Permanent));
    sim.begin();
    sim.log();
    sim.end("a", ExitReason::Normal);
    assert_eq!(sim.exit, None);
    sim.end("b", ExitReason::Killed);
    assert_eq!(sim.log(), "-c");
    assert_eq!(sim.exit, Some(Exit::Shutdown));
}

#[test]
fn terminating_a_significant_child_shuts_nothing_down() {
    let mut sim = Sim::new(Flags {
        auto_shutdown: AutoShutdown::AnySignificant,
        ..flags(Strategy::OneForOne)
    });
    sim.own("a", significant(Restart::Temporary));
    sim.own("b", significant(Restart::Temporary));
    sim.begin();
    sim.command(Command::Terminate("a".into()), 1);
    assert_eq!(sim.exit, None);
    assert_eq!(sim.states(), [ChildState::Running]);
}

#[test]
fn commands_answer_as_otp_does() {
    let mut sim = Sim::abc(flags(Strategy::OneForOne), Restart::Permanent);
    sim.command(Command::Restart("a".into()), 1);
    assert_eq!(sim.reply(1).unwrap(), "child a is running");
    sim.command(Command::Delete("a".into()), 2);
    assert_eq!(sim.reply(2).unwrap(), "child a is running");
    sim.command(Command::Terminate("z".into()), 3);
    assert_eq!(sim.reply(3).unwrap(), "no child z");
    sim.add("a", policy(Restart::Permanent), 4);
    assert_eq!(sim.reply(4).unwrap(), "child a runs already");
    sim.command(Command::Terminate("a".into()), 5);
    sim.command(Command::Terminate("a".into()), 6);
    assert_eq!(
        (sim.reply(5).unwrap(), sim.reply(6).unwrap()),
        ("done".into(), "done".into())
    );
    sim.add("a", policy(Restart::Permanent), 7);
    assert_eq!(
        sim.reply(7).unwrap(),
        "child a is known already, not running"
    );
    sim.command(Command::Delete("a".into()), 8);
    assert_eq!(sim.reply(8).unwrap(), "done");
    sim.command(Command::Restart("a".into()), 9);
    assert_eq!(sim.reply(9).unwrap(), "no child a");
}

#[test]
fn child_that_does_not_start_is_not_kept() {
    let mut sim = Sim::abc(flags(Strategy::OneForOne), Restart::Permanent);
    sim.failing.insert("d", 1);
    sim.add("d", policy(Restart::Permanent), 1);
    assert_eq!(
        sim.reply(1).unwrap(),
        "child d did not start: start failed: no"
    );
    assert_eq!(sim.states().len(), 3);
    assert_eq!(sim.exit, None);
}

#[test]
fn restart_by_command_that_fails_leaves_the_child_down() {
    let mut sim = Sim::abc(flags(Strategy::OneForOne), Restart::Permanent);
    sim.command(Command::Terminate("a".into()), 1);
    sim.failing.insert("a", 1);
    sim.command(Command::Restart("a".into()), 2);
    assert_eq!(
        sim.reply(2).unwrap(),
        "child a did not start: start failed: no"
    );
    assert_eq!(sim.states()[0], ChildState::Down);
}

#[test]
fn late_start_failure_of_a_new_child_removes_it() {
    let mut sim = Sim::new(dynamic());
    sim.begin();
    sim.add("a", policy(Restart::Permanent), 1);
    sim.end("a", ExitReason::StartFailed("late".into()));
    assert_eq!(sim.states(), []);
    sim.add("a", policy(Restart::Permanent), 2);
    sim.fail("a");
    sim.end("a", ExitReason::StartFailed("late".into()));
    assert_eq!(sim.log(), "+a +a +a +a", "later it is a failed restart");
}

#[test]
fn child_past_its_own_intensity_is_given_up_and_the_supervisor_lives_on() {
    let mut sim = Sim::new(Flags {
        intensity: Intensity::new(2, SECOND),
        ..dynamic()
    });
    sim.begin();
    sim.add("a", policy(Restart::Permanent), 1);
    sim.add("b", policy(Restart::Permanent), 2);
    for _ in 0..3 {
        sim.fail("a");
    }
    assert_eq!(sim.log(), "+a +b +a +a");
    assert_eq!(sim.states(), [ChildState::GivenUp, ChildState::Running]);
    assert!(
        sim.events
            .iter()
            .any(|event| matches!(event, Event::GaveUp { .. }))
    );
    assert_eq!(sim.exit, None);
    sim.command(Command::Restart("a".into()), 3);
    assert_eq!(sim.reply(3).unwrap(), "started");
    sim.fail("a");
    assert_eq!(sim.log(), "+a +a", "its record is clean again");
}

#[test]
fn overdue_child_is_killed_and_restarted_for_its_own_reason() {
    for charged in [true, false] {
        let mut sim = Sim::new(Flags {
            intensity: Intensity::new(0, SECOND),
            ..dynamic()
        });
        sim.begin();
        sim.add("a", policy(Restart::Transient), 1);
        let run = sim.live["a"];
        sim.engine.overdue(run, charged, ExitReason::Deadline);
        sim.run();
        if charged {
            assert_eq!(sim.log(), "+a xa");
            assert_eq!(sim.states(), [ChildState::GivenUp]);
        } else {
            assert_eq!(sim.log(), "+a xa +a");
            let restarted = Event::Restarted {
                id: "a".into(),
                reason: ExitReason::Deadline,
                count: 1,
            };
            assert!(sim.events.contains(&restarted));
        }
    }
}

#[test]
fn overdue_report_on_an_earlier_start_is_stale() {
    let mut sim = Sim::new(dynamic());
    sim.begin();
    sim.add("a", policy(Restart::Permanent), 1);
    let old = sim.live["a"];
    sim.fail("a");
    sim.log();
    sim.engine.overdue(old, true, ExitReason::Deadline);
    sim.run();
    assert_eq!(sim.log(), "");
}

#[test]
fn too_many_abandoned_children_escalate() {
    let mut sim = Sim::new(Flags {
        abandoned_max: 1,
        ..dynamic()
    });
    sim.begin();
    sim.stuck.extend(["a", "b"]);
    for (name, reply) in [("a", 1), ("b", 2), ("c", 3)] {
        sim.add(name, policy(Restart::Permanent), reply);
    }
    for name in ["a", "b"] {
        let run = sim.live[name];
        sim.engine.overdue(run, false, ExitReason::Deadline);
        sim.run();
        sim.pass(Duration::from_millis(50));
    }
    assert_eq!(sim.log(), "+a +b +c abandon a +a abandon b -c -a");
    assert!(matches!(sim.exit, Some(Exit::Failed(_))));
}

#[test]
fn start_past_its_deadline_is_a_failed_start() {
    let mut sim = Sim::new(dynamic());
    sim.begin();
    sim.slow.insert("a");
    sim.add("a", policy(Restart::Permanent), 1);
    assert_eq!(sim.reply(1), None);
    sim.pass(30 * SECOND);
    assert_eq!(sim.log(), "+a xa");
    assert_eq!(
        sim.reply(1).unwrap(),
        "child a did not start: start failed: not started within 30s"
    );
    assert_eq!(sim.states(), []);
}

#[test]
fn killed_supervisor_resumes_what_ran_and_leaves_down_what_was_down() {
    let mut sim = Sim::abc(flags(Strategy::OneForOne), Restart::Permanent);
    sim.command(Command::Terminate("b".into()), 1);
    sim.add("d", policy(Restart::Temporary), 2);
    sim.add("e", policy(Restart::Transient), 3);
    sim.log();
    sim.live.clear();
    sim.begin();
    assert_eq!(
        sim.log(),
        "+a +c +e",
        "a temporary child that was added is never started again"
    );
    let running = ChildState::Running;
    assert_eq!(sim.states(), [running, ChildState::Down, running, running]);
    assert!(sim.ready);
}

#[test]
fn supervisor_killed_while_it_ends_brings_back_those_that_had_ended_already() {
    for (flags, ended) in [(flags(Strategy::OneForOne), "-c"), (dynamic(), "-c -a")] {
        let mut sim = Sim::new(flags);
        sim.begin();
        for (name, reply) in [("a", 1), ("b", 2), ("c", 3), ("d", 4)] {
            sim.add(name, policy(Restart::Permanent), reply);
        }
        sim.command(Command::Terminate("d".into()), 5);
        sim.deaf.insert("b");
        sim.log();
        sim.shut_down();
        assert_eq!(sim.log(), ended, "b takes its time");
        sim.live.clear();
        sim.begin();
        let mut log: Vec<String> = sim.log().split(' ').map(str::to_owned).collect();
        log.sort();
        assert_eq!(log, ["+a", "+b", "+c"]);
    }
}

#[test]
fn caller_of_a_start_cut_short_by_a_kill_of_the_supervisor_is_answered() {
    for flags in [flags(Strategy::OneForOne), dynamic()] {
        let mut sim = Sim::new(flags);
        sim.begin();
        sim.slow.insert("a");
        sim.add("a", policy(Restart::Permanent), 1);
        sim.slow.clear();
        sim.live.clear();
        sim.begin();
        assert_eq!(sim.reply(1).unwrap(), "started");
        assert_eq!(sim.states(), [ChildState::Running]);
    }
}

#[test]
fn supervisor_that_ended_in_order_starts_anew_as_otp_does() {
    let mut sim = Sim::abc(flags(Strategy::OneForOne), Restart::Transient);
    sim.command(Command::Terminate("b".into()), 1);
    sim.end("c", ExitReason::Normal);
    sim.add("d", policy(Restart::Permanent), 2);
    sim.shut_down();
    assert_eq!(sim.exit.take(), Some(Exit::Shutdown));
    sim.log();
    sim.begin();
    assert_eq!(sim.log(), "+a +b +c +d");
}

#[test]
fn top_of_a_tree_is_restarted_after_a_kill_and_not_after_it_gave_up() {
    let root = Policy {
        root: true,
        kind: Kind::Supervisor,
        ..policy(Restart::Transient)
    };
    let mut sim = Sim::new(dynamic());
    sim.begin();
    sim.add("top", root, 1);
    sim.end("top", ExitReason::Killed);
    assert_eq!(sim.log(), "+top +top");
    sim.end("top", ExitReason::Escalated("test".into()));
    assert_eq!(sim.log(), "");
    assert_eq!(sim.states(), []);
}

#[test]
fn commands_after_the_shutdown_began_are_refused() {
    let mut sim = Sim::abc(flags(Strategy::OneForOne), Restart::Permanent);
    sim.deaf.insert("c");
    sim.shut_down();
    sim.command(Command::Terminate("a".into()), 1);
    sim.add("d", policy(Restart::Permanent), 2);
    for reply in [1, 2] {
        assert_eq!(sim.reply(reply), Some(CommandError::Closed.to_string()));
    }
}
