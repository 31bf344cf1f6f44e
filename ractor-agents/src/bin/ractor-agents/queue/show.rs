//! Tables for people, JSON for scripts.

use std::fmt::Write as _;
use std::io::Write;
use std::time::{Duration, SystemTime};

use comfy_table::{CellAlignment, Table, presets};
use ractor_agents::codec::Encoding;
use ractor_agents::message::Priority;
use ractor_agents::queue::{DeadLetter, Name, Payload, Peeked, Position, Stats};
use serde_json::{Value, json};

use crate::Failure;

/// Writes what was found.
pub(super) struct Show<'a> {
    json: bool,
    out: &'a mut dyn Write,
}

/// Bytes of a binary message that are shown. Source: a guess, four lines of a terminal.
const BYTES_SHOWN: usize = 128;

impl<'a> Show<'a> {
    pub(super) fn new(json: bool, out: &'a mut dyn Write) -> Self {
        Self { json, out }
    }

    pub(super) fn names(self, names: &[Name]) -> Result<(), Failure> {
        if self.json {
            let names: Vec<String> = names.iter().map(Name::to_string).collect();
            return self.value(&json!(names));
        }
        for name in names {
            writeln!(self.out, "{name}")?;
        }
        Ok(())
    }

    pub(super) fn stats(self, name: &Name, stats: &Stats) -> Result<(), Failure> {
        let lanes = || Priority::ALL.into_iter().zip(&stats.lanes);
        if self.json {
            let by_priority: Vec<Value> = lanes()
                .map(|(priority, lane)| {
                    json!({
                        "priority": priority.as_str(),
                        "ready": lane.ready, "delayed": lane.delayed, "leased": lane.leased,
                    })
                })
                .collect();
            return self.value(&json!({
                "queue": name.to_string(),
                "messages": stats.count(), "bytes": stats.bytes,
                "ready": stats.ready(), "delayed": stats.delayed(), "leased": stats.leased(),
                "dead": stats.dead, "dead_bytes": stats.dead_bytes,
                "remembered": stats.remembered,
                "oldest_at": stats.oldest_at.map(time),
                "paused": stats.is_paused,
                "by_priority": by_priority,
            }));
        }
        let mut table = table(&["", "ready", "delayed", "leased"]);
        for (priority, lane) in lanes() {
            table.add_row([
                priority.to_string(),
                lane.ready.to_string(),
                lane.delayed.to_string(),
                lane.leased.to_string(),
            ]);
        }
        table.add_row([
            "all".to_owned(),
            stats.ready().to_string(),
            stats.delayed().to_string(),
            stats.leased().to_string(),
        ]);
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let paused = if stats.is_paused { ", PAUSED" } else { "" };
        let oldest = stats.oldest_at.map_or_else(
            || "nothing waits".into(),
            |at| format!("the oldest waits for {}", ago(at)),
        );
        writeln!(
            self.out,
            "{name}: {} messages, {} bytes{paused}; {oldest}",
            stats.count(),
            stats.bytes
        )?;
        writeln!(self.out, "{table}")?;
        writeln!(
            self.out,
            "{} dead letters, {} bytes; {} keys and contents remembered",
            stats.dead, stats.dead_bytes, stats.remembered
        )?;
        Ok(())
    }

    pub(super) fn peeked(self, messages: &[Peeked], payload: bool) -> Result<(), Failure> {
        if self.json {
            let messages: Vec<Value> = messages
                .iter()
                .map(|message| {
                    json!({
                        "id": message.id.to_string(),
                        "priority": message.priority.as_str(),
                        "group": message.group,
                        "position": message.position.to_string(),
                        "due": due(message).map(time),
                        "enqueued_at": time(message.enqueued_at),
                        "expires_at": message.expires_at.map(time),
                        "attempts": message.attempts, "attempts_max": message.attempts_max,
                        "last_failure": message.failure.as_ref().map(|failure| failure.cause.to_string()),
                        "bytes": message.size,
                        "payload": payload.then(|| value_of(&message.payload)),
                    })
                })
                .collect();
            return self.value(&json!(messages));
        }
        let mut table = table(&[
            "id",
            "priority",
            "group",
            "position",
            "enqueued",
            "attempts",
            "last failure",
            "bytes",
        ]);
        for message in messages {
            table.add_row([
                message.id.to_string(),
                message.priority.to_string(),
                message.group.as_deref().unwrap_or("").to_owned(),
                message.position.to_string(),
                time(message.enqueued_at),
                format!("{}/{}", message.attempts, message.attempts_max),
                message
                    .failure
                    .as_ref()
                    .map(|failure| failure.cause.to_string())
                    .unwrap_or_default(),
                message.size.to_string(),
            ]);
            if payload {
                table.add_row([text_of(&message.payload)]);
            }
        }
        self.rows(&table, messages.len())
    }

    pub(super) fn dead_letters(self, letters: &[DeadLetter], payload: bool) -> Result<(), Failure> {
        if self.json {
            let letters: Vec<Value> = letters
                .iter()
                .map(|letter| {
                    let failures: Vec<Value> = letter
                        .history
                        .failures
                        .iter()
                        .map(|failure| {
                            json!({
                                "at": time(failure.at), "attempt": failure.attempt,
                                "cause": failure.cause.to_string(),
                            })
                        })
                        .collect();
                    let death = letter.history.dead.as_ref();
                    json!({
                        "id": letter.id.to_string(),
                        "priority": letter.priority.as_str(),
                        "group": letter.group,
                        "died_at": death.map(|death| time(death.at)),
                        "reason": death.map(|death| death.reason.to_string()),
                        "attempts": death.map(|death| death.attempts),
                        "failures": failures,
                        "earlier_deaths": letter.history.deaths.len(),
                        "enqueued_at": time(letter.enqueued_at),
                        "bytes": letter.size,
                        "payload": payload.then(|| value_of(&letter.payload)),
                    })
                })
                .collect();
            return self.value(&json!(letters));
        }
        let mut table = table(&[
            "id",
            "priority",
            "died",
            "attempts",
            "reason",
            "last failure",
            "bytes",
        ]);
        for letter in letters {
            let death = letter.history.dead.as_ref();
            let last = letter.history.failures.last();
            table.add_row([
                letter.id.to_string(),
                letter.priority.to_string(),
                death.map(|death| time(death.at)).unwrap_or_default(),
                death
                    .map(|death| death.attempts.to_string())
                    .unwrap_or_default(),
                death
                    .map(|death| death.reason.to_string())
                    .unwrap_or_default(),
                last.map(|failure| failure.cause.to_string())
                    .unwrap_or_default(),
                letter.size.to_string(),
            ]);
            if payload {
                table.add_row([text_of(&letter.payload)]);
            }
        }
        self.rows(&table, letters.len())
    }

    pub(super) fn count(self, what: &str, count: usize) -> Result<(), Failure> {
        if self.json {
            return self.value(&json!({ what: count }));
        }
        writeln!(self.out, "{count} {what}")?;
        Ok(())
    }

    pub(super) fn done(self, what: &str) -> Result<(), Failure> {
        if self.json {
            return self.value(&json!({ what: true }));
        }
        writeln!(self.out, "{what}")?;
        Ok(())
    }

    fn rows(self, table: &Table, count: usize) -> Result<(), Failure> {
        if count == 0 {
            writeln!(self.out, "none")?;
        } else {
            writeln!(self.out, "{table}")?;
        }
        Ok(())
    }

    fn value(self, value: &Value) -> Result<(), Failure> {
        writeln!(self.out, "{value:#}")?;
        Ok(())
    }
}

fn table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(head.iter().copied());
    table
}

fn time(at: SystemTime) -> String {
    humantime::format_rfc3339_seconds(at).to_string()
}

fn ago(at: SystemTime) -> String {
    let seconds = at.elapsed().map_or(0, |ago| ago.as_secs());
    humantime::format_duration(Duration::from_secs(seconds)).to_string()
}

fn due(message: &Peeked) -> Option<SystemTime> {
    match message.position {
        Position::Delayed { due } => Some(due),
        Position::Leased { until, .. } => Some(until),
        Position::Ready | Position::Dead => None,
    }
}

/// What is in a message: itself where that is JSON, otherwise its bytes.
fn value_of(payload: &Payload) -> Value {
    let headers: Vec<(String, String)> = payload
        .headers()
        .map(|headers| {
            headers
                .iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect()
        })
        .unwrap_or_default();
    match payload.frame() {
        Err(error) => json!({ "error": error.to_string(), "bytes": hex(payload.as_bytes()) }),
        Ok(frame) if frame.encoding() == Encoding::Json => {
            let message: Value = serde_json::from_slice(frame.payload()).unwrap_or_default();
            json!({ "headers": headers, "schema": frame.schema(), "message": message })
        }
        Ok(frame) => {
            json!({ "headers": headers, "schema": frame.schema(), "bytes": hex(frame.payload()) })
        }
    }
}

fn text_of(payload: &Payload) -> String {
    match payload.frame() {
        Ok(frame) if frame.encoding() == Encoding::Json => {
            String::from_utf8_lossy(frame.payload()).into_owned()
        }
        Ok(frame) => shortened(frame.payload()),
        Err(error) => format!("{error}: {}", shortened(payload.as_bytes())),
    }
}

fn shortened(bytes: &[u8]) -> String {
    let shown = bytes.get(..BYTES_SHOWN).unwrap_or(bytes);
    let more = if shown.len() < bytes.len() { "…" } else { "" };
    format!("{}{more}", hex(shown))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Into a string: it cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
