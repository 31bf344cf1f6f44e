//! C and what came of it.

use super::check::{is_call, is_code};
use crate::report::Severity::{High, Low, Medium};
use crate::rules::Rule;

pub(super) const RULES: [Rule; 8] = [
    // No bound at all: the line decides how much is written.
    Rule {
        name: "c-gets",
        severity: High,
        pattern: r"(?:^|[^\w.>:])(gets)\s*\(",
        accepts: is_call,
    },
    // No bound on what is written.
    Rule {
        name: "c-unbounded-copy",
        severity: Medium,
        pattern: r"(?:^|[^\w.>])(strcpy|strcat|stpcpy|wcscpy|wcscat|sprintf|vsprintf)\s*\(",
        accepts: is_call,
    },
    // `%s` without a width has no bound either.
    Rule {
        name: "c-scanf-string",
        severity: Medium,
        pattern: r#"\b([fs]?scanf)\s*\([^;\n"]*"[^"\n]*%s"#,
        accepts: is_code,
    },
    // A shell reads the command line again.
    Rule {
        name: "shell-command",
        severity: Medium,
        pattern: r"(?:^|[^\w.>:])(system|popen)\s*\(",
        accepts: is_call,
    },
    // A format that is no literal can write to memory.
    Rule {
        name: "c-format-string",
        severity: Medium,
        pattern: r"(?:^|[^\w.>])(printf\s*\(\s*[A-Za-z_]\w*\s*\)|fprintf\s*\(\s*\w+\s*,\s*[A-Za-z_]\w*\s*\)|syslog\s*\(\s*\w+\s*,\s*[A-Za-z_]\w*\s*\))",
        accepts: is_call,
    },
    // Between the name and the file, another may take its place.
    Rule {
        name: "predictable-temporary-file",
        severity: Medium,
        pattern: r"(?:^|[^\w.>])(mktemp|tmpnam|tempnam)\s*\(",
        accepts: is_call,
    },
    // Any certificate will do.
    Rule {
        name: "tls-verification-off",
        severity: High,
        pattern: r"\b(SSL_CTX_set_verify\s*\([^,\n]*,\s*SSL_VERIFY_NONE|CURLOPT_SSL_VERIFY(?:PEER|HOST)\s*,\s*(?:0L?|false)\b)",
        accepts: is_code,
    },
    // Broken since 2004 and 2017.
    Rule {
        name: "weak-hash",
        severity: Low,
        pattern: r"\b(MD5_Init|EVP_md5|SHA1_Init|EVP_sha1)\s*\(",
        accepts: is_code,
    },
];
