//! Secrets that have no place in a source tree, in whatever language.
//!
//! Each pattern's first group is the secret itself, which no report shows whole. The shapes are those that the issuers
//! document; where a shape alone would find too much, a check of how random the value looks decides.

use super::{Place, Rule};
use crate::report::Severity::{Critical, High, Medium};

/// All of them.
pub(super) const RULES: [Rule; 19] = [
    // A PEM block of a private key with a body: the header alone stands in many a parser.
    Rule {
        name: "private-key",
        severity: Critical,
        pattern: r#"-----BEGIN (?:(?:RSA|EC|DSA|OPENSSH|ENCRYPTED|PGP|SSH2 ENCRYPTED) )?PRIVATE KEY(?: BLOCK)?-----(?:[\s"'+,#*/\\]|\\[nr])*(?:[A-Z][A-Za-z-]+: [^\n]*\n\s*)*([A-Za-z0-9+/=]{40,}[A-Za-z0-9+/=\s\\"',]*)"#,
        accepts: |place| is_random(place.text, 3.0),
    },
    // An AWS access key id, long-lived (AKIA) or temporary (ASIA). AWS's own documentation uses ids that end in EXAMPLE.
    Rule {
        name: "aws-access-key-id",
        severity: High,
        pattern: r"\b((?:AKIA|ASIA)[A-Z2-7]{16})\b",
        accepts: |place| !is_placeholder(place.text) && entropy(place.text) >= 3.0,
    },
    // An AWS secret key beside its usual name: 40 characters of Base64.
    Rule {
        name: "aws-secret-key",
        severity: Critical,
        pattern: r#"(?i)\baws.{0,20}secret.{0,20}[=:]\s*["']?([A-Za-z0-9/+=]{40})(?:["'\s,;]|$)"#,
        accepts: |place| !is_placeholder(place.text) && is_random(place.text, 3.5),
    },
    // GitHub's tokens: classic, OAuth, app, refresh, and fine-grained.
    Rule {
        name: "github-token",
        severity: Critical,
        pattern: r"\b((?:gh[pousr]_[A-Za-z0-9]{36,})|(?:github_pat_\w{22,}))\b",
        accepts: |place| is_token(place.text),
    },
    // GitLab's personal, deploy, runner and trigger tokens.
    Rule {
        name: "gitlab-token",
        severity: Critical,
        pattern: r"\b(gl(?:pat|dt|rt|ptt|cbt)-[\w-]{20,})",
        accepts: |place| is_token(place.text),
    },
    // Slack's bot, user, app and refresh tokens.
    Rule {
        name: "slack-token",
        severity: Critical,
        pattern: r"\b(xox[abeoprs]-[A-Za-z0-9-]{20,})",
        accepts: |place| is_token(place.text),
    },
    // Slack's incoming webhooks: whoever knows the address may post.
    Rule {
        name: "slack-webhook",
        severity: High,
        pattern: r"https://hooks\.slack\.com/services/(T\w{8,}/B\w{8,}/\w{20,})",
        accepts: |place| is_token(place.text),
    },
    // Stripe's secret and restricted keys for real money; test keys (`sk_test_`) are none.
    Rule {
        name: "stripe-key",
        severity: Critical,
        pattern: r"\b([sr]k_live_[A-Za-z0-9]{16,})\b",
        accepts: |place| is_token(place.text),
    },
    // Google's API keys.
    Rule {
        name: "google-api-key",
        severity: High,
        pattern: r"\b(AIza[\w-]{35})(?:[^\w-]|$)",
        accepts: |place| is_token(place.text),
    },
    // Google's OAuth client secrets.
    Rule {
        name: "google-client-secret",
        severity: Critical,
        pattern: r"\b(GOCSPX-[\w-]{28})",
        accepts: |place| is_token(place.text),
    },
    // Keys of model providers.
    Rule {
        name: "model-api-key",
        severity: Critical,
        pattern: r"\b(sk-(?:ant|proj|svcacct)-[\w-]{24,}|hf_[A-Za-z]{34})\b",
        accepts: |place| is_token(place.text),
    },
    // Tokens that publish packages.
    Rule {
        name: "registry-token",
        severity: Critical,
        pattern: r"\b(npm_[A-Za-z0-9]{36}|pypi-AgE[\w-]{50,}|cio[A-Za-z0-9]{32}|rubygems_[0-9a-f]{48})\b",
        accepts: |place| is_token(place.text),
    },
    // SendGrid's API keys.
    Rule {
        name: "sendgrid-key",
        severity: Critical,
        pattern: r"\b(SG\.[\w-]{22}\.[\w-]{43})",
        accepts: |place| is_token(place.text),
    },
    // A signed JSON web token: whoever holds it is its subject until it expires.
    Rule {
        name: "json-web-token",
        severity: High,
        pattern: r"\b(eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,})",
        accepts: |place| is_random(place.text, 3.5),
    },
    // A password inside an address, as in a database's connection string.
    Rule {
        name: "password-in-url",
        severity: High,
        pattern: r#"\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s:/@"'`<>(){}$]*:([^\s/@"'`<>]{3,})@([^\s/"'`<>]+)"#,
        accepts: |place| is_password_in_url(place),
    },
    // An `Authorization` header with the credentials written out.
    Rule {
        name: "authorization-header",
        severity: High,
        pattern: r#"(?i)\bauthorization["']?\s*[:=,]\s*["'(]*(?:basic|bearer|token)\s+([\w.~+/=-]{16,})"#,
        accepts: |place| !is_placeholder(place.text) && is_random(place.text, 3.3),
    },
    // A quoted value given to something named like a secret, if it looks random.
    Rule {
        name: "secret-assignment",
        severity: Medium,
        pattern: r#"(?i)(?:passw(?:or)?d|passphrase|pwd|secret|api_?-?key|access_?-?key|auth_?-?token|access_?-?token|client_?-?secret|encryption_?-?key|credentials?)\w{0,20}["'\]]{0,2}\s{0,4}(?::=|=>|:|=)\s{0,4}(?:String::from\()?["']([^"'\s]{8,200})["']"#,
        accepts: |place| is_secret_value(place.text),
    },
    // The same in a shell's or a properties file's way, without quotes. The name is in capitals, or this would be prose.
    Rule {
        name: "secret-in-environment",
        severity: Medium,
        pattern: r#"^\s*(?:export\s+|ENV\s+|-\s+)?[A-Z0-9_]*(?:PASSWORD|PASSWD|SECRET|API_KEY|ACCESS_KEY|AUTH_TOKEN|ACCESS_TOKEN|PRIVATE_KEY)[A-Z0-9_]*(?:=|:\s+)([^\s"'#$<{(\[]{8,200})\s*$"#,
        accepts: |place| is_secret_value(place.text),
    },
    // An Azure storage account's key in its connection string.
    Rule {
        name: "azure-account-key",
        severity: Critical,
        pattern: r"AccountKey=([A-Za-z0-9+/]{86}==)",
        accepts: |place| is_random(place.text, 4.0),
    },
];

/// A value that an issuer's prefix marks as a token, unless it was blanked out.
fn is_token(text: &str) -> bool {
    !is_placeholder(text) && entropy(text) >= 3.0
}

/// A value that nobody would type as a word: random enough, with letters and digits.
fn is_random(text: &str, entropy_min: f64) -> bool {
    let has = |kind: fn(char) -> bool| text.contains(kind);
    has(|letter| letter.is_ascii_digit())
        && has(|letter| letter.is_ascii_alphabetic())
        && entropy(text) >= entropy_min
}

/// A value given to something named like a secret that is one, rather than a label, a path or a variable.
fn is_secret_value(text: &str) -> bool {
    // Three bits for each character: `hunter22` has 2.75, `S3cr3t-Pass!` has 3.25, a label has no digit.
    let is_reference = text.contains("${")
        || text.contains("{{")
        || text.contains("://")
        || text.contains("()")
        || text.starts_with(['$', '%', '<', '{', '/', '.', '@', '&', ':', '#']);
    // Words in snake, kebab or dotted case, each with at most a number behind it: a name, such as `db_password_v2`.
    let is_name = text.split(['_', '-', '.', '/']).all(|word| {
        let letters = word.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let is_one_case = letters.chars().all(|letter| letter.is_ascii_lowercase())
            || letters.chars().all(|letter| letter.is_ascii_uppercase());
        is_one_case && word.len() - letters.len() <= 2
    });
    !is_reference && !is_name && !is_placeholder(text) && is_random(text, 3.0)
}

/// A connection string's password, unless it is one of those that stand in every guide.
fn is_password_in_url(place: &Place<'_>) -> bool {
    let host =
        place.content[place.text_start + place.text.len()..place.end].trim_start_matches('@');
    let host = host
        .split([':', '/', '?', ','])
        .next()
        .unwrap_or(host)
        .to_ascii_lowercase();
    let is_example_host = host.starts_with("example.")
        || host.contains(".example")
        || host.contains("example.")
        || ["host", "hostname", "server", "test", "invalid"].contains(&host.as_str());
    let password = place.text.to_ascii_lowercase();
    let is_stock = [
        "pass", "password", "passwd", "pwd", "secret", "user", "guest", "postgres", "root",
        "admin", "test", "mysql", "redis", "rabbitmq", "mongo", "foo", "bar", "baz", "pw", "token",
        "hunter2", "123", "1234", "12345", "123456",
    ]
    .contains(&password.as_str());
    let is_reference = password.starts_with(['$', '%', '{', '<', '*', '[', '#', '(', ':'])
        || password.contains("${");
    // A port, or a path's part, of which an `@` made a password: `http://host:8080@…`.
    let is_number = password.len() <= 5 && password.bytes().all(|byte| byte.is_ascii_digit());
    !is_example_host && !is_stock && !is_reference && !is_number && !is_placeholder(place.text)
}

/// Text that stands for a secret rather than being one.
fn is_placeholder(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    [
        "example",
        "changeme",
        "change_me",
        "change-me",
        "placeholder",
        "dummy",
        "sample",
        "redacted",
        "your_",
        "your-",
        "yourpass",
        "xxxx",
        "****",
        "....",
        "0000000",
        "insert",
        "replace",
        "notreal",
        "not_real",
        "not-real",
        "fake",
        "mysecret",
        "my_secret",
        "my-secret",
        "password",
        "todo",
        "abcdefgh",
        "12345678",
        "deadbeef",
    ]
    .iter()
    .any(|word| lower.contains(word))
}

/// Shannon's entropy in bits per byte: 0 for one byte over and over, 6 for random Base64.
fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        counts[usize::from(byte)] += 1;
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "a secret is far shorter than 2^52 bytes"
    )]
    let length = text.len() as f64;
    let shares = counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| f64::from(count) / length);
    shares.map(|share| -share * share.log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_is_bits_per_byte() {
        assert!(entropy("aaaa").abs() < 1e-9);
        assert!((entropy("abab") - 1.0).abs() < 1e-9);
        assert!((entropy("abcdefgh") - 3.0).abs() < 1e-9);
        assert!(entropy("").abs() < 1e-9);
    }

    #[test]
    fn values_are_told_from_names_labels_and_placeholders() {
        for value in [
            "Zk9-vQ2m!x7Lp",
            "tr0ub4dor&3x",
            "9f86d081884c7d65",
            "S3cr3t-Pa55!",
        ] {
            assert!(is_secret_value(value), "{value}");
        }
        for value in [
            "changeme123!",
            "form.password2.label",
            "db_password_v2",
            "${DB_PASSWORD_1}",
            "{{ vault.key1 }}",
            "aaaaaaaa1",
            "correcthorse",
            "/run/secrets/key1",
            "https://id.test/1a2b3c",
            "API_KEY_2",
            "<your-key-1>",
        ] {
            assert!(!is_secret_value(value), "{value}");
        }
    }
}
