//! Asking before what cannot be undone.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::Failure;

/// Goes on if the operator has said so, or says so now.
pub(super) fn confirm(yes: bool, question: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        let text = "this cannot be undone, and there is nobody to ask: say --yes";
        return Err(Failure::Refused(text.into()));
    }
    write!(io::stderr(), "{question} [y/N] ")?;
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::Refused("nothing was done".into())),
    }
}
