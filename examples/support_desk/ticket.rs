//! Tickets, and the file they are in.

use std::fs;
use std::path::Path;
use std::str::FromStr;

use ractor_agents::prelude::Priority;

/// The tickets that come with the example.
const BUNDLED: &str = include_str!("tickets.tsv");

/// What a customer wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) id: String,
    pub(crate) category: String,
    pub(crate) priority: Priority,
    /// 1 to 5.
    pub(crate) effort: u8,
}

/// Why there are no tickets.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TicketError {
    #[error("cannot read {file}: {source}")]
    Unreadable {
        file: String,
        source: std::io::Error,
    },
    #[error(
        "line {line}: {what}; a ticket is id, category, priority, effort, customer and subject, separated by tabs"
    )]
    Line { line: usize, what: &'static str },
    #[error("there are no tickets in it")]
    Empty,
}

/// The tickets of `file`, or those that come with the example.
pub(crate) fn read(file: Option<&Path>) -> Result<Vec<Ticket>, TicketError> {
    let Some(path) = file else {
        return parse(BUNDLED);
    };
    let text = fs::read_to_string(path).map_err(|source| TicketError::Unreadable {
        file: path.display().to_string(),
        source,
    })?;
    parse(&text)
}

fn parse(text: &str) -> Result<Vec<Ticket>, TicketError> {
    let lines = (1..).zip(text.lines());
    let tickets = lines.filter(|(_, text)| !text.is_empty() && !text.starts_with('#'));
    let tickets: Result<Vec<Ticket>, TicketError> = tickets
        .map(|(line, text)| {
            text.parse()
                .map_err(|what| TicketError::Line { line, what })
        })
        .collect();
    let tickets = tickets?;
    if tickets.is_empty() {
        return Err(TicketError::Empty);
    }
    Ok(tickets)
}

impl FromStr for Ticket {
    type Err = &'static str;

    fn from_str(line: &str) -> Result<Self, &'static str> {
        let mut fields = line.split('\t').map(str::trim);
        let mut field = |what| fields.next().filter(|field| !field.is_empty()).ok_or(what);
        let (id, category) = (field("no id")?, field("no category")?);
        let priority = match field("no priority")? {
            "critical" => Priority::Critical,
            "urgent" => Priority::Urgent,
            "high" => Priority::High,
            "normal" => Priority::Normal,
            "low" => Priority::Low,
            _ => return Err("the priority is none of critical, urgent, high, normal, low"),
        };
        let effort = field("no effort")?.parse().ok();
        let effort = effort.filter(|effort| (1..=5).contains(effort));
        Ok(Self {
            id: id.to_owned(),
            category: category.to_owned(),
            priority,
            effort: effort.ok_or("the effort is not a number from 1 to 5")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Priority, Ticket, TicketError, parse, read};

    #[test]
    fn the_bundled_tickets_are_many_and_all_different() {
        let tickets = read(None).unwrap();
        assert!(tickets.len() >= 500);
        let ids: std::collections::HashSet<_> = tickets.iter().map(|ticket| &ticket.id).collect();
        assert_eq!(ids.len(), tickets.len());
    }

    #[test]
    fn a_line_is_a_ticket() {
        let ticket: Ticket = "T-1\tbilling\thigh\t3\tNora\trefund".parse().unwrap();
        assert_eq!(ticket.category, "billing");
        assert_eq!((ticket.priority, ticket.effort), (Priority::High, 3));
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        for (text, wrong) in [
            ("# one\nT-1\tbilling\thigh", 2),
            ("T-1\tbilling\tnow\t3\tNora\trefund", 1),
            ("T-1\tbilling\thigh\t9\tNora\trefund", 1),
            ("\n\n\tbilling\thigh\t1\tNora\trefund", 3),
        ] {
            assert!(
                matches!(parse(text), Err(TicketError::Line { line, .. }) if line == wrong),
                "{text}"
            );
        }
        assert!(matches!(parse("# nothing\n"), Err(TicketError::Empty)));
        let missing = read(Some("no such file".as_ref()));
        assert!(matches!(missing, Err(TicketError::Unreadable { .. })));
    }
}
