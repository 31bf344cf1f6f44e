//! Python.

use super::check::{is_call, is_code};
use crate::report::Severity::{High, Low, Medium};
use crate::rules::Rule;

pub(super) const RULES: [Rule; 10] = [
    // Text becomes a program.
    Rule {
        name: "eval",
        severity: High,
        pattern: r"(?:^|[^\w.])(eval|exec)\s*\(",
        accepts: is_call,
    },
    // Reading runs whatever the bytes say.
    Rule {
        name: "unsafe-deserialization",
        severity: High,
        pattern: r"\b((?:c?[Pp]ickle|dill|cloudpickle|marshal|jsonpickle)\.(?:loads?|decode)|shelve\.open|joblib\.load)\s*\(",
        accepts: is_code,
    },
    // The full loader constructs any object; `SafeLoader` and `safe_load` do not.
    Rule {
        name: "unsafe-yaml",
        severity: High,
        pattern: r"\b(yaml\.(?:load|load_all|unsafe_load|full_load))\s*\(",
        accepts: |place| is_code(place) && !place.line_from_match().contains("SafeLoader"),
    },
    // A shell reads the command line again.
    Rule {
        name: "shell-command",
        severity: High,
        pattern: r"\b((?:subprocess\.)?(?:run|call|Popen|check_call|check_output|getoutput)\s*\([^\n]*\bshell\s*=\s*True)",
        accepts: is_code,
    },
    Rule {
        name: "os-system",
        severity: Medium,
        pattern: r"\b(os\.(?:system|popen)|commands\.getoutput)\s*\(",
        accepts: is_code,
    },
    // Any certificate will do.
    Rule {
        name: "tls-verification-off",
        severity: High,
        pattern: r"\b(verify\s*=\s*False|_create_unverified_context|CERT_NONE|check_hostname\s*=\s*False)\b",
        accepts: is_code,
    },
    // A query put together from text.
    Rule {
        name: "sql-from-text",
        severity: High,
        pattern: r#"(["']\s*<SQL>[^"\n]*["']\s*(?:%\s*[\w(]|\+\s*[\w(]|\.format\()|\bf["']{1,3}\s*<SQL>[^"\n]*\{)"#,
        accepts: is_code,
    },
    // Between the name and the file, another may take its place.
    Rule {
        name: "predictable-temporary-file",
        severity: Medium,
        pattern: r"\b(tempfile\.mktemp|os\.tempnam)\s*\(",
        accepts: is_code,
    },
    // Its error page runs Python for whoever sees it.
    Rule {
        name: "debug-server",
        severity: Medium,
        pattern: r"\.(run\s*\([^)\n]*\bdebug\s*=\s*True)",
        accepts: is_code,
    },
    // Broken since 2004 and 2017.
    Rule {
        name: "weak-hash",
        severity: Low,
        pattern: r"\b(hashlib\.(?:md5|sha1))\s*\(",
        accepts: is_code,
    },
];
