//! What a child tells: one line before each thing it asks of the queue, and one when it was answered.

use std::fmt::{self, Display};
use std::str::FromStr;

/// A message's name, as a number.
pub type Id = u128;

/// A lease: the message and the fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Held {
    pub fence: (u64, u64),
    pub id: Id,
}

/// A message on its way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub id: Id,
    pub serial: u64,
    /// Keys that begin with `s` are shared: another message may have it too.
    pub key: Option<String>,
}

/// What is said of a message on lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Word {
    Start,
    Ack,
    Nack,
    Bury,
    Release,
}

/// What is done to dead letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Redrive,
    Discard,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// These are about to be enqueued, all or none.
    Enqueue { call: u64, batch: Vec<Sent> },
    /// They were: the receipts, each with whether it is of a duplicate.
    Enqueued {
        call: u64,
        receipts: Vec<(Id, bool)>,
    },
    /// This was given, after so many attempts.
    Leased {
        held: Held,
        serial: u64,
        attempts: u32,
    },
    /// This is about to be said of it.
    Settle { held: Held, word: Word },
    /// It was taken; the number of the attempt, where it is a start. `None` where the lease was stale.
    Settled {
        held: Held,
        word: Word,
        taken: Option<u32>,
    },
    /// This is about to be done to dead letters.
    Do { call: u64, deed: Deed, ids: Vec<Id> },
    /// It was done to so many.
    Done { call: u64, count: usize },
}

impl Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enqueue { call, batch } => {
                write!(f, "enqueue {call}")?;
                for Sent { id, serial, key } in batch {
                    write!(f, " {id} {serial} {}", key.as_deref().unwrap_or("-"))?;
                }
            }
            Self::Enqueued { call, receipts } => {
                write!(f, "enqueued {call}")?;
                for (id, is_duplicate) in receipts {
                    write!(f, " {id} {is_duplicate}")?;
                }
            }
            Self::Leased {
                held,
                serial,
                attempts,
            } => write!(f, "leased {held} {serial} {attempts}")?,
            Self::Settle { held, word } => write!(f, "settle {held} {word:?}")?,
            Self::Settled { held, word, taken } => {
                let taken = taken.map_or("-".into(), |attempt| attempt.to_string());
                write!(f, "settled {held} {word:?} {taken}")?;
            }
            Self::Do { call, deed, ids } => {
                write!(f, "do {call} {deed:?}")?;
                for id in ids {
                    write!(f, " {id}")?;
                }
            }
            Self::Done { call, count } => write!(f, "done {call} {count}")?,
        }
        // A line that was cut short does not end like this.
        f.write_str(" .")
    }
}

impl Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.fence.0, self.fence.1, self.id)
    }
}

/// A line that is none, such as the last of a child that was killed while it wrote.
#[derive(Debug, PartialEq, Eq)]
pub struct Torn;

impl FromStr for Line {
    type Err = Torn;

    fn from_str(text: &str) -> Result<Self, Torn> {
        let text = text.strip_suffix(" .").ok_or(Torn)?;
        let mut words = Words(text.split(' '));
        let line = match words.next()? {
            "enqueue" => Self::Enqueue {
                call: words.number()?,
                batch: words.rest(|words| {
                    Ok(Sent {
                        id: words.number()?,
                        serial: words.number()?,
                        key: Some(words.next()?)
                            .filter(|key| *key != "-")
                            .map(Into::into),
                    })
                })?,
            },
            "enqueued" => Self::Enqueued {
                call: words.number()?,
                receipts: words.rest(|words| Ok((words.number()?, words.number()?)))?,
            },
            "leased" => Self::Leased {
                held: words.held()?,
                serial: words.number()?,
                attempts: words.number()?,
            },
            "settle" => Self::Settle {
                held: words.held()?,
                word: words.word()?,
            },
            "settled" => Self::Settled {
                held: words.held()?,
                word: words.word()?,
                taken: match words.next()? {
                    "-" => None,
                    attempt => Some(attempt.parse().map_err(|_| Torn)?),
                },
            },
            "do" => Self::Do {
                call: words.number()?,
                deed: match words.next()? {
                    "Redrive" => Deed::Redrive,
                    "Discard" => Deed::Discard,
                    _ => return Err(Torn),
                },
                ids: words.rest(Words::number)?,
            },
            "done" => Self::Done {
                call: words.number()?,
                count: words.number()?,
            },
            _ => return Err(Torn),
        };
        words.next().map_or(Ok(line), |_| Err(Torn))
    }
}

struct Words<'a>(std::str::Split<'a, char>);

impl<'a> Words<'a> {
    fn next(&mut self) -> Result<&'a str, Torn> {
        self.0.next().ok_or(Torn)
    }

    fn number<T: FromStr>(&mut self) -> Result<T, Torn> {
        self.next()?.parse().map_err(|_| Torn)
    }

    fn held(&mut self) -> Result<Held, Torn> {
        Ok(Held {
            fence: (self.number()?, self.number()?),
            id: self.number()?,
        })
    }

    fn word(&mut self) -> Result<Word, Torn> {
        Ok(match self.next()? {
            "Start" => Word::Start,
            "Ack" => Word::Ack,
            "Nack" => Word::Nack,
            "Bury" => Word::Bury,
            "Release" => Word::Release,
            _ => return Err(Torn),
        })
    }

    fn rest<T>(&mut self, each: impl Fn(&mut Self) -> Result<T, Torn>) -> Result<Vec<T>, Torn> {
        let mut all = Vec::new();
        while self.0.clone().next().is_some() {
            all.push(each(self)?);
        }
        Ok(all)
    }
}

#[test]
fn a_line_is_read_as_it_is_written_and_not_when_it_is_cut_short() {
    let held = Held {
        fence: (3, 77),
        id: 1 << 100,
    };
    let sent = |serial, key: Option<&str>| Sent {
        id: u128::from(serial) << 90,
        serial,
        key: key.map(Into::into),
    };
    let word = Word::Bury;
    for line in [
        Line::Enqueue {
            call: 1,
            batch: vec![sent(5, None), sent(6, Some("s3"))],
        },
        Line::Enqueued {
            call: 1,
            receipts: vec![(1 << 99, false), (7, true)],
        },
        Line::Leased {
            held,
            serial: 5,
            attempts: 2,
        },
        Line::Settle { held, word },
        Line::Settled {
            held,
            word,
            taken: Some(2),
        },
        Line::Settled {
            held,
            word,
            taken: None,
        },
        Line::Do {
            call: 9,
            deed: Deed::Discard,
            ids: vec![1, 2],
        },
        Line::Done { call: 9, count: 2 },
    ] {
        let text = line.to_string();
        assert_eq!(text.parse(), Ok(line), "{text}");
        for end in 0..text.len() {
            assert_eq!(text[..end].parse::<Line>(), Err(Torn), "{}", &text[..end]);
        }
    }
}
