//! Rust.

use super::check::is_code;
use crate::report::Severity::{High, Low, Medium};
use crate::rules::Rule;

pub(super) const RULES: [Rule; 8] = [
    // A block, function, trait or implementation whose promises the compiler cannot check.
    Rule {
        name: "rust-unsafe",
        severity: Low,
        pattern: r"\b(unsafe)\s*(?:\{|(?:fn|impl|trait|extern)\b)",
        accepts: is_code,
    },
    // A value read as another type: undefined behaviour as soon as the layouts differ.
    Rule {
        name: "rust-transmute",
        severity: Medium,
        pattern: r"\b(transmute(?:_copy)?)\s*(?:::\s*<[^\n;]*>)?\s*\(",
        accepts: is_code,
    },
    // Shared by all threads, guarded by none.
    Rule {
        name: "rust-static-mut",
        severity: Medium,
        pattern: r"(?:^|[^'\w])(static\s+mut)\b",
        accepts: is_code,
    },
    // No check of the bounds, or of the encoding.
    Rule {
        name: "rust-unchecked",
        severity: Low,
        pattern: r"\b(get_unchecked(?:_mut)?|from_utf8_unchecked(?:_mut)?|unwrap_unchecked|unreachable_unchecked)\s*\(",
        accepts: is_code,
    },
    // A shell reads the command line again, with all that a user may have put into it.
    Rule {
        name: "shell-command",
        severity: Medium,
        pattern: r#"\b(Command::new)\(\s*"(?:/bin/)?(?:sh|bash|zsh|cmd|powershell)""#,
        accepts: is_code,
    },
    // Any certificate will do.
    Rule {
        name: "tls-verification-off",
        severity: High,
        pattern: r"\b(danger_accept_invalid_(?:certs|hostnames)\s*\(\s*true|SslVerifyMode::NONE)",
        accepts: is_code,
    },
    // A query put together from text.
    Rule {
        name: "sql-from-text",
        severity: High,
        pattern: r#"\b(format!\s*\(\s*r?#?"\s*<SQL>[^"]*\{)"#,
        accepts: is_code,
    },
    // Broken since 2004 and 2017.
    Rule {
        name: "weak-hash",
        severity: Low,
        pattern: r"\b(Md5::(?:new|digest)|md5::compute|Sha1::(?:new|digest))\b",
        accepts: is_code,
    },
];
