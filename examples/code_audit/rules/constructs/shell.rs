//! Shells, and files that hold their commands.

use super::check::is_no_comment;
use crate::report::Severity::{High, Medium};
use crate::rules::Rule;

pub(super) const RULES: [Rule; 6] = [
    // What the network sends is run, unseen.
    Rule {
        name: "pipe-to-shell",
        severity: High,
        pattern: r"\b((?:curl|wget)\b[^\n|;]*\|\s*(?:sudo\s+(?:-\w+\s+)*)?(?:ba|z|da|k)?sh\b)",
        accepts: is_no_comment,
    },
    // Everybody may write.
    Rule {
        name: "world-writable",
        severity: Medium,
        pattern: r"\b(chmod\s+(?:-\w+\s+)*(?:0?777|a\+rwx|ugo\+rwx|o\+w)\b)",
        accepts: is_no_comment,
    },
    // The text of a variable becomes a program.
    Rule {
        name: "eval",
        severity: Medium,
        pattern: r#"(?:^|[\s;&|(])(eval\s+["']?\$)"#,
        accepts: is_no_comment,
    },
    // An empty variable makes it the root folder.
    Rule {
        name: "delete-by-variable",
        severity: Medium,
        pattern: r#"\b(rm\s+-\w*r\w*\s+(?:-\w+\s+)*["']?\$\{?\w+\}?["']?/)"#,
        accepts: is_no_comment,
    },
    // Any certificate will do.
    Rule {
        name: "tls-verification-off",
        severity: High,
        pattern: r"\b((?:curl\s[^\n|;]*(?:\s-k\b|--insecure\b)|wget\s[^\n|;]*--no-check-certificate\b|GIT_SSL_NO_VERIFY=(?:1|true)|git\s[^\n|;]*http\.sslVerify[= ]false))",
        accepts: is_no_comment,
    },
    // Whoever may log in is root.
    Rule {
        name: "sudo-without-password",
        severity: Medium,
        pattern: r"(NOPASSWD:\s*ALL)\b",
        accepts: is_no_comment,
    },
];
