//! Go.

use super::check::is_code;
use crate::report::Severity::{High, Low, Medium};
use crate::rules::Rule;

pub(super) const RULES: [Rule; 5] = [
    // Any certificate will do.
    Rule {
        name: "tls-verification-off",
        severity: High,
        pattern: r"\b(InsecureSkipVerify\s*[:=]\s*true)\b",
        accepts: is_code,
    },
    Rule {
        name: "shell-command",
        severity: Medium,
        pattern: r#"\b(exec\.Command(?:Context)?\s*\([^"\n)]*"(?:/bin/)?(?:sh|bash|zsh|cmd)")"#,
        accepts: is_code,
    },
    // Text becomes part of the page, unescaped.
    Rule {
        name: "html-injection",
        severity: Medium,
        pattern: r"\b(template\.(?:HTML|JS|URL)\s*\(\s*[A-Za-z_])",
        accepts: is_code,
    },
    // Memory without the compiler's checks.
    Rule {
        name: "unsafe-pointer",
        severity: Low,
        pattern: r"\b(unsafe\.Pointer)\s*\(",
        accepts: is_code,
    },
    // A query put together from text.
    Rule {
        name: "sql-from-text",
        severity: High,
        pattern: r#"(["`]\s*<SQL>[^"`\n]*["`]\s*\+\s*\w|\bSprintf\(\s*["`]\s*<SQL>[^"`]*%[sv])"#,
        accepts: is_code,
    },
];
