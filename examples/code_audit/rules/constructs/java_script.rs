//! JavaScript, its dialects, and pages that hold it.

use super::check::{is_call, is_code};
use crate::report::Severity::{High, Low, Medium};
use crate::rules::Rule;

pub(super) const RULES: [Rule; 8] = [
    // Text becomes a program.
    Rule {
        name: "eval",
        severity: High,
        pattern: r"(?:^|[^\w.$])(eval\s*\(|new\s+Function\s*\()",
        accepts: is_call,
    },
    // Text becomes part of the page, scripts included.
    Rule {
        name: "html-injection",
        severity: Medium,
        pattern: r"(\.(?:inner|outer)HTML\s*\+?=(?:[^=]|$)|\binsertAdjacentHTML\s*\(|\bdangerouslySetInnerHTML\b|\bv-html\s*=)",
        accepts: is_code,
    },
    Rule {
        name: "document-write",
        severity: Medium,
        pattern: r"\b(document\.write(?:ln)?)\s*\(",
        accepts: is_code,
    },
    // A shell reads the command line again.
    Rule {
        name: "shell-command",
        severity: High,
        pattern: r#"(?:^|[^\w.$]|child_process\.|cp\.)(exec(?:Sync)?)\s*\(\s*(?:`[^`\n]*\$\{|["'][^"'\n]*["']\s*\+)"#,
        accepts: is_call,
    },
    // Any certificate will do.
    Rule {
        name: "tls-verification-off",
        severity: High,
        pattern: r#"\b(rejectUnauthorized\s*:\s*false|NODE_TLS_REJECT_UNAUTHORIZED['"\]]*\s*=\s*["']?0)"#,
        accepts: is_code,
    },
    // A query put together from text.
    Rule {
        name: "sql-from-text",
        severity: High,
        pattern: r#"(["']\s*<SQL>[^"\n]*["']\s*\+\s*[\w(]|`\s*<SQL>[^`]*\$\{)"#,
        accepts: is_code,
    },
    // Any page may read the messages.
    Rule {
        name: "message-to-any-origin",
        severity: Medium,
        pattern: r#"\b(postMessage\s*\([^;\n]*,\s*["']\*["'])"#,
        accepts: is_code,
    },
    // Broken since 2004 and 2017.
    Rule {
        name: "weak-hash",
        severity: Low,
        pattern: r#"\b(createHash\s*\(\s*["'](?:md5|sha1)["'])"#,
        accepts: is_code,
    },
];
