//! C#.

use super::check::is_code;
use crate::report::Severity::{High, Low};
use crate::rules::Rule;

pub(super) const RULES: [Rule; 4] = [
    // Reading builds whatever objects the bytes name.
    Rule {
        name: "unsafe-deserialization",
        severity: High,
        pattern: r"\bnew\s+(BinaryFormatter|NetDataContractSerializer|LosFormatter|SoapFormatter)\s*\(",
        accepts: is_code,
    },
    // Any certificate will do.
    Rule {
        name: "tls-verification-off",
        severity: High,
        pattern: r"\b(Server(?:Certificate(?:Custom)?)ValidationCallback\s*\+?=[^;\n]*(?:=>\s*true|return\s+true)|DangerousAcceptAnyServerCertificateValidator)",
        accepts: is_code,
    },
    // A query put together from text.
    Rule {
        name: "sql-from-text",
        severity: High,
        pattern: r#"("\s*<SQL>[^"\n]*"\s*\+\s*\w|\$@?"\s*<SQL>[^"\n]*\{)"#,
        accepts: is_code,
    },
    // Memory without the runtime's checks.
    Rule {
        name: "unsafe-block",
        severity: Low,
        pattern: r"\b(unsafe)\s*(?:\{|\w+\s+\w)",
        accepts: is_code,
    },
];
