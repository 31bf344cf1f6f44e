//! Java and its machine's other languages.

use super::check::is_code;
use crate::report::Severity::{High, Medium};
use crate::rules::Rule;

pub(super) const RULES: [Rule; 5] = [
    // Reading builds whatever objects the bytes name.
    Rule {
        name: "unsafe-deserialization",
        severity: High,
        pattern: r"\b(new\s+ObjectInputStream\s*\(|XMLDecoder\s*\()",
        accepts: is_code,
    },
    Rule {
        name: "shell-command",
        severity: Medium,
        pattern: r"\b(getRuntime\(\)\s*\.exec)\s*\(",
        accepts: is_code,
    },
    // Any certificate will do.
    Rule {
        name: "tls-verification-off",
        severity: High,
        pattern: r"\b(ALLOW_ALL_HOSTNAME_VERIFIER|NoopHostnameVerifier|TrustAllStrategy|checkServerTrusted\s*\([^)]*\)\s*(?:throws\s+\w+\s*)?\{\s*\})",
        accepts: is_code,
    },
    // A query put together from text.
    Rule {
        name: "sql-from-text",
        severity: High,
        pattern: r#"("\s*<SQL>[^"\n]*"\s*\+\s*\w)"#,
        accepts: is_code,
    },
    // Broken since 2004 and 2017; ECB shows what repeats.
    Rule {
        name: "weak-cryptography",
        severity: Medium,
        pattern: r#"\b(getInstance\s*\(\s*"(?:MD5|SHA-?1|DES|RC4|AES/ECB[^"]*)")"#,
        accepts: is_code,
    },
];
