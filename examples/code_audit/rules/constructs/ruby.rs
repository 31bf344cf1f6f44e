//! Ruby.

use super::check::{is_call, is_code};
use crate::report::Severity::{High, Medium};
use crate::rules::Rule;

pub(super) const RULES: [Rule; 5] = [
    // Text becomes a program.
    Rule {
        name: "eval",
        severity: High,
        pattern: r"(?:^|[^\w.])(eval|instance_eval|class_eval)\s*[( ]\s*[A-Za-z@$]",
        accepts: is_call,
    },
    // Reading builds whatever objects the bytes name.
    Rule {
        name: "unsafe-deserialization",
        severity: High,
        pattern: r"\b(Marshal\.(?:load|restore)|YAML\.(?:load|unsafe_load))\s*\(",
        accepts: is_code,
    },
    Rule {
        name: "shell-command",
        severity: Medium,
        pattern: r#"(?:^|[^\w.])((?:system|exec)\s*\(?\s*"[^"\n]*#\{)"#,
        accepts: is_call,
    },
    // Any certificate will do.
    Rule {
        name: "tls-verification-off",
        severity: High,
        pattern: r"\b(VERIFY_NONE)\b",
        accepts: is_code,
    },
    // A query put together from text.
    Rule {
        name: "sql-from-text",
        severity: High,
        pattern: r#"("\s*<SQL>[^"\n]*(?:#\{|"\s*\+\s*\w))"#,
        accepts: is_code,
    },
];
