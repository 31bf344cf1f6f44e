//! PHP.

use super::check::{is_call, is_code};
use crate::report::Severity::{High, Medium};
use crate::rules::Rule;

pub(super) const RULES: [Rule; 6] = [
    // Text becomes a program.
    Rule {
        name: "eval",
        severity: High,
        pattern: r"(?:^|[^\w>:$])(eval|create_function)\s*\(",
        accepts: is_call,
    },
    // A shell reads the command line again.
    Rule {
        name: "shell-command",
        severity: Medium,
        pattern: r"(?:^|[^\w>:$])(shell_exec|passthru|system|exec|popen|proc_open)\s*\(",
        accepts: is_call,
    },
    // Reading builds whatever objects the text names.
    Rule {
        name: "unsafe-deserialization",
        severity: High,
        pattern: r"(?:^|[^\w>:$])(unserialize)\s*\(\s*\$",
        accepts: is_call,
    },
    // A file that the request names.
    Rule {
        name: "include-from-request",
        severity: High,
        pattern: r"\b((?:include|require)(?:_once)?\s*\(?\s*\$_(?:GET|POST|REQUEST|COOKIE))",
        accepts: is_code,
    },
    // Text of the request becomes part of the page.
    Rule {
        name: "html-injection",
        severity: High,
        pattern: r"\b(echo\s+\$_(?:GET|POST|REQUEST|COOKIE))\b",
        accepts: is_code,
    },
    // A query put together from text.
    Rule {
        name: "sql-from-text",
        severity: High,
        pattern: r#"("\s*<SQL>[^"\n]*(?:\$\w|"\s*\.\s*\$))"#,
        accepts: is_code,
    },
];
