//! For each rule, what it finds and what it lets pass. Tokens are put together here, so that the repository holds none.

use std::collections::BTreeSet;
use std::path::Path;

use super::*;

fn audit_as(name: &str, content: &str) -> Vec<Hit> {
    audit(Language::detect(Path::new(name), content), content)
}

fn rules_in(name: &str, content: &str) -> Vec<Cow<'static, str>> {
    audit_as(name, content)
        .into_iter()
        .map(|hit| hit.rule)
        .collect()
}

/// Letters and digits that look random and are always the same.
fn noise(length: usize) -> String {
    let letters = b"k7Qz2XvB9mT4cRw8YpL3nHs6JdF5gA1e";
    (0..length)
        .map(|at| char::from(letters[(at * 7 + at / 32) % letters.len()]))
        .collect()
}

fn capitals(length: usize) -> String {
    let letters = b"Q7ZX2VB3MT4CRW6YPLNHSJDF5GA";
    (0..length)
        .map(|at| char::from(letters[at * 5 % letters.len()]))
        .collect()
}

#[expect(clippy::too_many_lines, reason = "a table")]
/// Texts with a secret: the rule, the text, and the part that must not be shown.
fn secrets() -> Vec<(&'static str, String, String)> {
    let line = |rule, before: &str, secret: String, behind: &str| {
        (rule, format!("{before}{secret}{behind}"), secret)
    };
    let token = |prefix: &str, length| format!("{prefix}{}", noise(length));
    let begin = |kind: &str| format!("-----BEGIN {kind}-----");
    let jwt = format!("eyJ{}.eyJ{}.{}", noise(20), noise(30), noise(43));
    vec![
        line(
            "private-key",
            &format!("{}\n", begin("RSA PRIVATE KEY")),
            noise(64),
            "\n",
        ),
        line(
            "private-key",
            &format!("key = \"{}\\n", begin("PRIVATE KEY")),
            noise(64),
            "\\n\"",
        ),
        line(
            "private-key",
            &format!("  {}\n  ", begin("OPENSSH PRIVATE KEY")),
            noise(70),
            "\n",
        ),
        line(
            "private-key",
            &format!(
                "{}\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES\n\n",
                begin("EC PRIVATE KEY")
            ),
            noise(64),
            "\n",
        ),
        line(
            "private-key",
            &format!("{}\n\n", begin("PGP PRIVATE KEY BLOCK")),
            noise(64),
            "\n",
        ),
        line(
            "aws-access-key-id",
            "id = ",
            format!("AKIA{}", capitals(16)),
            "\n",
        ),
        line(
            "aws-access-key-id",
            "id: '",
            format!("ASIA{}", capitals(16)),
            "'",
        ),
        line(
            "aws-secret-key",
            "aws_secret_access_key = ",
            noise(40),
            "\n",
        ),
        line("aws-secret-key", "AWS_SECRET_KEY: \"", noise(40), "\""),
        line("github-token", "token ", token("ghp_", 36), ""),
        line("github-token", "x=", token("github_pat_", 60), "\n"),
        line("gitlab-token", "x=", token("glpat-", 20), "\n"),
        line("slack-token", "x=", token("xoxb-", 40), "\n"),
        line(
            "slack-webhook",
            "https://hooks.slack.com/services/",
            format!("T{}/B{}/{}", capitals(9), capitals(9), noise(24)),
            "",
        ),
        line("stripe-key", "x=", token("sk_live_", 24), "\n"),
        line("google-api-key", "x=", token("AIza", 35), "\n"),
        line("google-client-secret", "x=", token("GOCSPX-", 28), "\n"),
        line("model-api-key", "x=", token("sk-ant-", 40), "\n"),
        line(
            "registry-token",
            "//registry/:_authToken=",
            token("npm_", 36),
            "\n",
        ),
        line(
            "sendgrid-key",
            "x=",
            format!("SG.{}.{}", noise(22), noise(43)),
            "\n",
        ),
        line("json-web-token", "Cookie: ", jwt, ""),
        line(
            "password-in-url",
            "postgres://app:",
            "S3cr3tPa55".into(),
            "@db.internal:5432/app\n",
        ),
        line(
            "password-in-url",
            "url = \"mongodb+srv://me:",
            "qwertyuiop".into(),
            "@cluster0.mongodb.net\"",
        ),
        line(
            "authorization-header",
            "Authorization: Basic ",
            format!("{}==", noise(24)),
            "\n",
        ),
        line(
            "authorization-header",
            "-H \"Authorization: Bearer ",
            noise(32),
            "\"",
        ),
        line(
            "secret-assignment",
            "password = \"",
            "tr0ub4dor&3x".into(),
            "\"",
        ),
        line("secret-assignment", "  \"api_key\": \"", noise(20), "\","),
        line(
            "secret-assignment",
            "const clientSecret = '",
            noise(24),
            "';",
        ),
        line(
            "secret-assignment",
            "settings['db_password'] = '",
            "S3cr3t-Pa55!".into(),
            "'",
        ),
        line(
            "secret-in-environment",
            "DB_PASSWORD=",
            "S3cr3t-Pa55!".into(),
            "\n",
        ),
        line(
            "secret-in-environment",
            "export GITHUB_ACCESS_TOKEN=",
            noise(30),
            "",
        ),
        line(
            "azure-account-key",
            "AccountName=x;AccountKey=",
            format!("{}==", noise(86)),
            ";",
        ),
    ]
}

/// Texts that look like secrets and are none.
fn no_secrets() -> Vec<String> {
    [
        "-----BEGIN PRIVATE KEY-----\n",
        "const HEADER: &str = \"-----BEGIN RSA PRIVATE KEY-----\";\n",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu1SU1LfVLPHCozMxH2Mo\n",
        "password = \"changeme\"",
        "password = \"${DB_PASSWORD_1}\"",
        "password: \"{{ vault.db1.password }}\"",
        "password = os.environ[\"DB_PASSWORD\"]",
        "let password = \"\";",
        "\"password\": \"form.password.label\"",
        "password = \"correct horse battery staple\"",
        "api_key = \"your-api-key-here-123\"",
        "api_key: \"xxxxxxxxxxxxxxxxxxxx\"",
        "API_KEY=${API_KEY}",
        "API_KEY=changeme1234",
        "PASSWORD_HASH_ROUNDS=12",
        "SECRET_KEY=",
        "the Password: see the chapter on it",
        "secret_name = \"db_password_v2\"",
        "token = get_token(\"abc\")",
        "postgres://user:password@localhost/db",
        "postgres://postgres:postgres@localhost:5432",
        "https://user:pass@example.com/x",
        "https://example.org:8080/@scope/package",
        "http://localhost:3000/users/@me",
        "redis://:${REDIS_PASSWORD}@cache:6379",
        "amqp://guest:guest@localhost:5672",
        "mail to someone@example.org: now",
        "Authorization: Bearer <token>",
        "Authorization: Bearer your-token-goes-here-1",
        "authorization = basic configuration of the server",
        "id = AKIAIOSFODNN7EXAMPLE",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "sk_live_xxxxxxxxxxxxxxxxxxxxxxxx",
        "xoxb-your-token-goes-here-please",
        "AIzaXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
        "eyJhbGciOi",
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "checksum = \"d2d7f4a9c1e5a8f1c3b6b7e9d0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3\"",
    ]
    .map(str::to_owned)
    .into()
}

#[test]
fn every_secret_rule_finds_its_secrets_and_shows_none_whole() {
    for (rule, content, secret) in secrets() {
        let hits = audit(None, &content);
        assert!(
            hits.iter().any(|hit| hit.rule == rule),
            "{rule} misses {content:?}: {hits:?}"
        );
        for hit in hits {
            let hidden: String = secret.chars().skip(4).take(5).collect();
            assert!(
                !hit.excerpt.contains(&hidden),
                "{rule} shows {secret:?}: {}",
                hit.excerpt
            );
            assert!(hit.excerpt.chars().count() <= 120, "{}", hit.excerpt);
        }
    }
    let tested: BTreeSet<_> = secrets().into_iter().map(|(rule, ..)| rule).collect();
    let all: BTreeSet<_> = secrets::RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(tested, all);
}

#[test]
fn placeholders_labels_and_hashes_are_no_secrets() {
    for content in no_secrets() {
        assert_eq!(audit(None, &content), [], "{content:?}");
    }
}

/// Files, by name: the rule, a line where it applies, and a line where it does not.
const CONSTRUCTS: &[(&str, &str, &str, &str)] = &[
    (
        "a.rs",
        "rust-unsafe",
        "let x = unsafe { *p };",
        "// unsafe { *p }",
    ),
    (
        "a.rs",
        "rust-unsafe",
        "pub unsafe fn f() {}",
        "let s = \"unsafe fn f() {}\";",
    ),
    (
        "a.rs",
        "rust-unsafe",
        "unsafe impl Send for X {}",
        "#![forbid(unsafe_code)]",
    ),
    (
        "a.rs",
        "rust-transmute",
        "let y = mem::transmute::<u32, f32>(x);",
        "use std::mem::transmute;",
    ),
    (
        "a.rs",
        "rust-static-mut",
        "static mut COUNT: u32 = 0;",
        "fn f(x: &'static mut u32) {}",
    ),
    ("a.rs", "rust-unchecked", "v.get_unchecked(i)", "v.get(i)"),
    (
        "a.rs",
        "shell-command",
        "Command::new(\"sh\").arg(\"-c\")",
        "Command::new(\"git\")",
    ),
    (
        "a.rs",
        "tls-verification-off",
        "b.danger_accept_invalid_certs(true)",
        "b.danger_accept_invalid_certs(false)",
    ),
    (
        "a.rs",
        "sql-from-text",
        "format!(\"SELECT a FROM t WHERE b = '{b}'\")",
        "format!(\"select {b} from the list\")",
    ),
    (
        "a.rs",
        "weak-hash",
        "let h = Md5::new();",
        "let h = Sha256::new();",
    ),
    ("a.c", "c-gets", "gets(line);", "fgets(line, 10, file);"),
    (
        "a.c",
        "c-gets",
        "  x = gets (line);",
        "char *gets(char *s);",
    ),
    (
        "a.c",
        "c-unbounded-copy",
        "strcpy(to, from);",
        "strncpy(to, from, n); /* strcpy(a, b) */",
    ),
    (
        "a.c",
        "c-unbounded-copy",
        "sprintf(to, \"%s\", x);",
        "snprintf(to, n, \"sprintf(x)\");",
    ),
    (
        "a.c",
        "c-scanf-string",
        "scanf(\"%s\", name);",
        "scanf(\"%10s\", name);",
    ),
    (
        "a.cpp",
        "shell-command",
        "system(line);",
        "file.system(line); std::filesystem::x();",
    ),
    (
        "a.c",
        "c-format-string",
        "printf(message);",
        "printf(\"%d\", x);",
    ),
    (
        "a.c",
        "predictable-temporary-file",
        "name = tmpnam(NULL);",
        "mkstemp(name);",
    ),
    (
        "a.c",
        "tls-verification-off",
        "curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);",
        "setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);",
    ),
    ("a.c", "weak-hash", "MD5_Init(&c);", "SHA256_Init(&c);"),
    (
        "a.py",
        "eval",
        "x = eval(text)",
        "x = ast.literal_eval(text)",
    ),
    ("a.py", "eval", "exec(code)", "cursor.exec(code)  # eval(x)"),
    ("a.py", "eval", "eval (x)", "def eval(self):"),
    (
        "a.py",
        "unsafe-deserialization",
        "pickle.loads(data)",
        "pickle.dumps(data)",
    ),
    (
        "a.py",
        "unsafe-yaml",
        "yaml.load(text)",
        "yaml.load(text, Loader=yaml.SafeLoader)",
    ),
    (
        "a.py",
        "unsafe-yaml",
        "yaml.load(text, Loader=yaml.Loader)",
        "yaml.safe_load(text)",
    ),
    (
        "a.py",
        "shell-command",
        "subprocess.run(line, shell=True)",
        "subprocess.run([\"ls\"], shell=False)",
    ),
    ("a.py", "os-system", "os.system(line)", "os.path.join(line)"),
    (
        "a.py",
        "tls-verification-off",
        "requests.get(url, verify=False)",
        "requests.get(url, verify=True)",
    ),
    (
        "a.py",
        "sql-from-text",
        "c.execute(\"SELECT a FROM t WHERE b = '%s'\" % b)",
        "c.execute(\"SELECT a FROM t WHERE b = %s\", (b,))",
    ),
    (
        "a.py",
        "sql-from-text",
        "c.execute(f\"DELETE FROM t WHERE b = {b}\")",
        "print(f\"delete {b} now\")",
    ),
    (
        "a.py",
        "sql-from-text",
        "q = \"INSERT INTO t VALUES (\" + v",
        "q = \"INSERT INTO t VALUES (?)\"",
    ),
    (
        "a.py",
        "predictable-temporary-file",
        "tempfile.mktemp()",
        "tempfile.mkstemp()",
    ),
    (
        "a.py",
        "debug-server",
        "app.run(host, debug=True)",
        "app.run(debug=False)",
    ),
    ("a.py", "weak-hash", "hashlib.md5(x)", "hashlib.sha256(x)"),
    ("a.js", "eval", "eval(text)", "retrieval(text); // eval(x)"),
    (
        "a.ts",
        "eval",
        "const f = new Function(text)",
        "const f: Function = g",
    ),
    (
        "a.js",
        "html-injection",
        "e.innerHTML = text;",
        "if (e.innerHTML == text) {}",
    ),
    (
        "a.jsx",
        "html-injection",
        "<p dangerouslySetInnerHTML={x}/>",
        "e.textContent = text;",
    ),
    (
        "a.html",
        "document-write",
        "<script>document.write(x)</script>",
        "<p>documents write</p>",
    ),
    (
        "a.js",
        "shell-command",
        "exec(`ls ${folder}`)",
        "/x/.exec(`a${b}`)",
    ),
    (
        "a.js",
        "shell-command",
        "child_process.execSync('ls ' + folder)",
        "execFile('ls', [folder])",
    ),
    (
        "a.js",
        "tls-verification-off",
        "{ rejectUnauthorized: false }",
        "{ rejectUnauthorized: true }",
    ),
    (
        "a.js",
        "sql-from-text",
        "db.query(`SELECT a FROM t WHERE b = ${b}`)",
        "db.query('SELECT a FROM t WHERE b = ?', [b])",
    ),
    (
        "a.js",
        "message-to-any-origin",
        "w.postMessage(data, '*')",
        "w.postMessage(data, origin)",
    ),
    (
        "a.js",
        "weak-hash",
        "createHash('md5')",
        "createHash('sha256')",
    ),
    (
        "a.sh",
        "pipe-to-shell",
        "curl -fsSL https://x.test/i | sudo bash",
        "# curl https://x.test/i | sh",
    ),
    (
        "Dockerfile",
        "pipe-to-shell",
        "RUN wget -qO- https://x.test/i | sh",
        "RUN wget https://x.test/i | tar x",
    ),
    (
        "a.sh",
        "world-writable",
        "chmod -R 777 /srv",
        "chmod 755 /srv",
    ),
    ("a.sh", "eval", "eval \"$line\"", "evaluate \"$line\""),
    (
        "a.sh",
        "delete-by-variable",
        "rm -rf \"$FOLDER/\"*",
        "rm -rf \"$FOLDER\"",
    ),
    (
        "a.sh",
        "tls-verification-off",
        "curl --insecure https://x.test",
        "curl https://x.test",
    ),
    (
        "a.sh",
        "sudo-without-password",
        "echo 'ci ALL=(ALL) NOPASSWD: ALL'",
        "echo PASSWD: ALL",
    ),
    ("a.php", "eval", "<?php eval($x);", "<?php $o->eval($x);"),
    (
        "a.php",
        "shell-command",
        "<?php shell_exec($x);",
        "<?php $o->exec($x);",
    ),
    (
        "a.php",
        "unsafe-deserialization",
        "<?php unserialize($x);",
        "<?php unserialize('a:0:{}');",
    ),
    (
        "a.php",
        "include-from-request",
        "<?php include $_GET['p'];",
        "<?php include 'p.php';",
    ),
    (
        "a.php",
        "html-injection",
        "<?php echo $_GET['q'];",
        "<?php echo escape($_GET['q']);",
    ),
    (
        "a.php",
        "sql-from-text",
        "<?php q(\"SELECT a FROM t WHERE b = $b\");",
        "<?php q(\"SELECT a FROM t WHERE b = ?\");",
    ),
    (
        "A.java",
        "unsafe-deserialization",
        "x = new ObjectInputStream(in);",
        "x = new ObjectOutputStream(out);",
    ),
    (
        "A.java",
        "shell-command",
        "Runtime.getRuntime().exec(line);",
        "Runtime.getRuntime().gc();",
    ),
    (
        "A.java",
        "tls-verification-off",
        "b.setVerifier(NoopHostnameVerifier.INSTANCE);",
        " * NoopHostnameVerifier is bad",
    ),
    (
        "A.java",
        "sql-from-text",
        "s.execute(\"SELECT a FROM t WHERE b = \" + b);",
        "s.prepare(\"SELECT a FROM t WHERE b = ?\");",
    ),
    (
        "A.java",
        "weak-cryptography",
        "MessageDigest.getInstance(\"MD5\");",
        "MessageDigest.getInstance(\"SHA-256\");",
    ),
    (
        "a.cs",
        "unsafe-deserialization",
        "var f = new BinaryFormatter();",
        "var f = new JsonFormatter();",
    ),
    (
        "a.cs",
        "tls-verification-off",
        "h.ServerCertificateCustomValidationCallback = (a, b, c, d) => true;",
        "h.X = (a) => true;",
    ),
    (
        "a.cs",
        "sql-from-text",
        "Run($\"SELECT a FROM t WHERE b = {b}\");",
        "Run(\"SELECT a FROM t WHERE b = @b\");",
    ),
    (
        "a.cs",
        "unsafe-block",
        "unsafe { *p = 1; }",
        "// unsafe { }",
    ),
    (
        "a.go",
        "tls-verification-off",
        "&tls.Config{InsecureSkipVerify: true}",
        "&tls.Config{InsecureSkipVerify: false}",
    ),
    (
        "a.go",
        "shell-command",
        "exec.Command(\"sh\", \"-c\", line)",
        "exec.Command(\"git\", \"log\")",
    ),
    (
        "a.go",
        "html-injection",
        "template.HTML(text)",
        "template.HTML(`<b>`)",
    ),
    (
        "a.go",
        "unsafe-pointer",
        "p := unsafe.Pointer(&x)",
        "// unsafe.Pointer(&x)",
    ),
    (
        "a.go",
        "sql-from-text",
        "q := fmt.Sprintf(\"SELECT a FROM t WHERE b = %s\", b)",
        "db.Query(\"SELECT a FROM t WHERE b = $1\", b)",
    ),
    ("a.rb", "eval", "eval(text)", "x.retrieval(text)"),
    (
        "a.rb",
        "unsafe-deserialization",
        "Marshal.load(data)",
        "Marshal.dump(data)",
    ),
    (
        "a.rb",
        "shell-command",
        "system(\"ls #{folder}\")",
        "system(\"ls\", folder)",
    ),
    (
        "a.rb",
        "tls-verification-off",
        "h.verify_mode = OpenSSL::SSL::VERIFY_NONE",
        "# VERIFY_NONE",
    ),
    (
        "a.rb",
        "sql-from-text",
        "q(\"SELECT a FROM t WHERE b = #{b}\")",
        "q(\"SELECT a FROM t WHERE b = ?\", b)",
    ),
];

#[test]
fn every_construct_is_found_where_it_is_and_only_there() {
    let is_right = |name: &str, rule: &str, bad: &str, good: &str| {
        let rule = Cow::from(rule);
        rules_in(name, bad).contains(&rule) && !rules_in(name, good).contains(&rule)
    };
    let wrong: Vec<_> = CONSTRUCTS
        .iter()
        .filter(|&&(name, rule, bad, good)| !is_right(name, rule, bad, good))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let tested: BTreeSet<_> = CONSTRUCTS.iter().map(|&(_, rule, ..)| rule).collect();
    let all: BTreeSet<_> = constructs::all().map(|rule| rule.name).collect();
    assert_eq!(tested, all);
}

#[test]
fn constructs_are_a_languages_own() {
    let content = "eval(x); unsafe { y }; strcpy(a, b);\n";
    assert_eq!(rules_in("a.rs", content), ["rust-unsafe"]);
    assert_eq!(rules_in("a.js", content), ["eval"]);
    assert_eq!(rules_in("a.c", content), ["c-unbounded-copy"]);
    assert_eq!(rules_in("a.txt", content), [""; 0]);
}

#[test]
fn hits_are_by_line_and_said_once_a_line() {
    let content = "fn a() {}\nunsafe { a(unsafe { b }) }\n\nstatic mut X: u8 = 0; unsafe { c }\n";
    let hits = audit_as("a.rs", content);
    let shown: Vec<_> = hits.iter().map(|hit| (hit.line, &*hit.rule)).collect();
    assert_eq!(
        shown,
        [
            (2, "rust-unsafe"),
            (4, "rust-static-mut"),
            (4, "rust-unsafe")
        ]
    );
    assert_eq!(hits[0].excerpt, "unsafe { a(unsafe { b }) }");
    assert_eq!(hits[0].severity, Severity::Low);
}

#[test]
fn lines_are_counted_across_line_ends_of_both_kinds() {
    let lines: Vec<_> = audit_as("a.rs", "\r\n\r\nunsafe {\r\n}\nunsafe {")
        .iter()
        .map(|hit| hit.line)
        .collect();
    assert_eq!(lines, [3, 5]);
}

#[test]
fn every_secret_on_a_line_is_masked_in_every_excerpt_of_it() {
    let (one, other) = (
        format!("ghp_{}", noise(36)),
        format!("ghp_{}{}", noise(20), capitals(20)),
    );
    let content = format!("eval(\"{one}\"); login(\"{other}\", \"{one}\")\n");
    let hits = audit_as("a.js", &content);
    assert_eq!(
        hits.iter().map(|hit| &*hit.rule).collect::<Vec<_>>(),
        ["eval", "github-token"]
    );
    for hit in hits {
        assert_eq!(
            hit.excerpt,
            "eval(\"ghp_****\"); login(\"ghp_****\", \"ghp_****\")"
        );
    }
}

#[test]
fn a_whole_private_key_is_never_shown() {
    let content = format!(
        "-----BEGIN {}-----\n{}\n{}\n",
        "PRIVATE KEY",
        noise(64),
        noise(64)
    );
    let hits = audit(None, &content);
    assert_eq!(hits.len(), 1);
    assert_eq!(
        (hits[0].line, &*hits[0].excerpt),
        (1, format!("-----BEGIN {}-----", "PRIVATE KEY").as_str())
    );
}

#[test]
fn overlapping_ranges_become_one() {
    assert_eq!(
        merged(vec![5..9, 0..3, 2..4, 4..5, 6..7]),
        [0..4, 4..5, 5..9]
    );
}

/// Worst cases for a search that goes back, or that reads the line again for each place: all end in no time.
#[test]
fn long_lines_full_of_places_take_linear_time() {
    let megabytes = 4 << 20;
    let fill = |piece: &str| piece.repeat(megabytes / piece.len());
    for (name, content) in [
        ("a.rs", fill("\"unsafe {\" ")),
        ("a.py", fill("\"eval(\" ")),
        ("a.js", fill("`SELECT a FROM b ")),
        ("a.txt", fill("a://b:c")),
        ("a.txt", fill("password = \"")),
        ("a.txt", fill(&format!("ghp_{} ", noise(36)))),
        ("a.txt", fill(&format!("ghp_{}\n", noise(36)))),
        ("a.txt", fill("-----BEGIN PRIVATE KEY-----\nA: b\n")),
        ("a.c", fill("printf(")),
    ] {
        let started = std::time::Instant::now();
        let hits = audit_as(name, &content);
        // A hundredfold of what it takes, in a debug build on a busy machine; quadratic would be hours.
        assert!(
            started.elapsed().as_secs() < 60,
            "{name} {:?}: {:?}",
            &content[..20],
            started.elapsed()
        );
        assert!(hits.len() <= megabytes / 30);
    }
}
