//! Kinds of content that are told apart by a rule of docs/detection.md, each by several of its kind.
#![cfg(feature = "scan")]

use base64ct::{Base64, Base64Url, Encoding};
use strongroom::MasterKey;
use strongroom::scan::{Hit, Scanner};

fn hits(name: &str, content: &str) -> Vec<Hit> {
    Scanner::generic().scan(name, content.as_bytes()).hits
}

fn random() -> Vec<u8> {
    let key = MasterKey::generate().expect("random");
    Base64Url::decode_vec(key.to_text().expose()).expect("base64")
}

fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}

#[test]
fn a_value_that_the_checks_refuse_is_a_finding_in_a_keys_place() {
    let zeros = Base64Url::encode_string(&[0; 32]);
    let words = Base64::encode_string(b"passwordpasswordpasswordpassword");
    let phrase = Base64::encode_string(b"this is my very secret password!");
    let counter: Vec<u8> = (0..32).collect();
    let list = counter.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    let cases = [
        ("deploy.env", format!("STRONGROOM_MASTER_KEYS=1:{zeros}\n")),
        ("deploy.env", format!("STRONGROOM_MASTER_KEYS=\"1:{words}\"\n")),
        ("settings.py", format!("FERNET_KEY = \"{words}\"\n")),
        ("crypt.py", format!("from cryptography.fernet import Fernet\nbox = Fernet(b\"{phrase}\")\n")),
        ("values.yaml", format!("encryptionKey: {phrase}\n")),
        ("key.go", format!("var masterKey = \"{}\"\n", hex(&counter))),
        ("key.rs", format!("const MASTER_KEY: [u8; 32] = [{list}];\n")),
        ("app.toml", format!("encryption_key = \"{}\"\n", hex(&[0x42; 32]))),
        ("config.js", "const ENCRYPTION_KEY = '12345678901234567890123456789012';\n".to_owned()),
        (
            "docker-compose.yml",
            format!("    environment:\n      MASTER_KEY: \"{}\"\n", Base64::encode_string(&counter)),
        ),
    ];
    for (name, content) in cases {
        let found = hits(name, &content);
        assert!(found.len() == 1 && found[0].weak.is_some(), "{name}: {content}{found:?}");
    }
    let strong = hits("settings.py", &format!("FERNET_KEY = \"{}\"\n", Base64::encode_string(&random())));
    assert_eq!((strong.len(), strong[0].weak), (1, None));
}

#[test]
fn a_weak_value_elsewhere_and_a_name_as_long_as_a_key_are_no_findings() {
    let zeros = Base64Url::encode_string(&[0; 32]);
    let cases = [
        ("lock.py", format!("previous_hash = \"{}\"\n", hex(&[0; 32]))),
        ("page.py", format!("cursor = \"{zeros}\"\n")),
        ("chain.go", format!("var genesisRoot = \"{}\"\n", hex(&[0; 32]))),
        ("tests/test_box.py", format!("FERNET_KEY = \"{zeros}\"\n")),
        (
            "status.json",
            "{\"master_keys\":[{\"at\":\"2026-11-30T00:57:12.485Z\",\"fingerprint\":\"9976f071914c6f15\",\"version\":1}]}".to_owned(),
        ),
        ("key_wrap/tests.rs", format!("const MASTER_KEY: [u8; 32] = {:?};\n", [7; 32])),
        ("vpaes.S", format!("schedule_key:\n{}", "  mov r3, #0 @ mov $0,%ecx\n".repeat(16))),
        ("wrap.rs", format!("let key = [0x00, {}];\n", "0x11, 0x12, 0x13, ".repeat(5))),
        ("paper.txt", format!("The encryption key schedule {}.\n", "takes 2 rounds of 3 words, ".repeat(16))),
        ("box_test.go", format!("masterKey := \"{}\"\n", hex(&[7; 32]))),
        ("Key.java", "this.masterKey = encryptionKeyProviderOfTheApplicationContextFactory;\n".to_owned()),
        ("key.rs", "let master_key = read_encryption_key_from_the_configured_path;\n".to_owned()),
        ("values.yaml", "encryptionKeySecret: my-application-encryption-key-secret\n".to_owned()),
    ];
    for (name, content) in cases {
        assert_eq!(hits(name, &content), [], "{name}: {content}");
    }
}

#[test]
fn a_key_that_code_derives_from_a_constant_is_a_finding() {
    let cases = [
        ("a.py", "MASTER_KEY = hashlib.sha256(b\"changeme\").digest()\n"),
        ("b.py", "box = Fernet(base64.urlsafe_b64encode(hashlib.sha256(b'changeme').digest()))\n"),
        ("c.py", "key = hashlib.sha256('secret'.encode('utf-8')).digest()\ncipher = AESGCM(key)\n"),
        ("d.py", "FERNET_KEY = base64.urlsafe_b64encode(b\"0123456789 my little secret 4567\")\n"),
        ("e.py", "FERNET_KEY = base64.b64encode(b\"x\" * 32)\n"),
        ("f.py", "encryption_key = hashlib.pbkdf2_hmac('sha256', b'hunter2', b'salt', 100000)\n"),
        ("g.js", "const encryptionKey = crypto.createHash('sha256').update('changeme').digest();\n"),
        ("h.js", "const masterKey = crypto.scryptSync('password', 'salt', 32);\n"),
        ("i.go", "var encryptionKey = sha256.Sum256([]byte(\"changeme\"))\n"),
        ("j.rs", "let master_key = Sha256::digest(b\"changeme\");\n"),
        ("k.rb", "ENCRYPTION_KEY = Digest::SHA256.digest(\"changeme\")\n"),
        ("l.php", "$encryptionKey = hash('sha256', 'changeme', true);\n"),
        ("M.java", "byte[] masterKey = MessageDigest.getInstance(\"SHA-256\").digest(\"changeme\".getBytes());\n"),
        ("N.cs", "var encryptionKey = SHA256.HashData(Encoding.UTF8.GetBytes(\"changeme\"));\n"),
        ("o.sh", "export MASTER_KEY=$(echo -n changeme | sha256sum | cut -d' ' -f1)\n"),
        ("p.py", "MASTER_KEY = bytes(range(32))\n"),
        ("q.js", "const masterKey = 'k'.repeat(32);\n"),
        ("r.rs", "let encryption_key = hmac_sha256(b\"changeme\", b\"1\");\n"),
    ];
    for (name, content) in cases {
        let found = hits(name, content);
        assert!(found.len() == 1 && found[0].weak == Some("derived-in-code"), "{name}: {content}{found:?}");
    }
}

#[test]
fn a_key_that_was_drawn_at_random_is_none_that_is_derived_whatever_it_is_passed_to() {
    let digits = hex(&random());
    for (name, content) in [
        ("a.js", format!("const encryptionKey = Buffer.from('{digits}', 'hex');\n")),
        ("b.py", format!("encryption_key = hashlib.sha256('{digits}').digest()\n")),
    ] {
        let found = hits(name, &content);
        assert!(found.len() == 1 && found[0].weak.is_none(), "{content}{found:?}");
    }
    // The fingerprint is that of the key only where the key is known.
    let print = |content: &str| hits("a.py", content)[0].fingerprint;
    assert!(print("MASTER_KEY = hashlib.sha256(b\"changeme\").digest()\n").is_some());
    assert_eq!(print("MASTER_KEY = hmac_sha256(b\"changeme\", b\"1\")\n"), None);
}

#[test]
fn a_derivation_of_what_is_not_there_or_of_no_key_is_no_finding() {
    let cases = [
        ("a.py", "MASTER_KEY = hashlib.sha256(password).digest()\n"),
        ("b.py", "encryption_key = hashlib.pbkdf2_hmac('sha256', password, b'salt', 100000)\n"),
        ("c.py", "cache_key = hashlib.sha256(b\"prefix\").hexdigest()\n"),
        ("d.js", "const etag = crypto.createHash('sha256').update('body').digest('hex');\n"),
        ("e.go", "var encryptionKey = sha256.Sum256([]byte(os.Getenv(\"PASSPHRASE\")))\n"),
        ("f.rs", "let master_key = Sha256::digest(secret.as_bytes());\n"),
        ("g.sh", "export MASTER_KEY=$(echo -n $PASSPHRASE | sha256sum)\n"),
        ("h.py", "ENCRYPTION_KEY = hashlib.sha256(f\"{secret}\".encode()).digest()\n"),
        ("i.py", "digest = hashlib.sha256(b\"changeme\").digest()\n"),
        ("j.py", "print('=' * 32)\nrandom_bytes = os.urandom(32)\n"),
        ("k.md", "The master key is never stored (see above).\n"),
    ];
    for (name, content) in cases {
        assert_eq!(hits(name, content), [], "{name}: {content}");
    }
}

#[test]
fn what_another_key_has_encrypted_and_a_hash_of_a_password_are_no_keys() {
    let text = Base64::encode_string(&random());
    let cases = [
        ("envelope.json", format!("{{\"encrypted_dek\": \"{text}\", \"version\": 1}}\n")),
        ("wrap.json", format!("{{\"wrapped_key\": \"{text}\"}}\n")),
        ("data.yaml", format!("encrypted_data_key: {text}\n")),
        ("vault.yaml", format!("master_key: vault:v1:{text}\n")),
        ("users.ldif", format!("userPassword: {{CRYPT}}$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ${}\n", &text[..43])),
    ];
    for (name, content) in cases {
        assert_eq!(hits(name, &content), [], "{name}: {content}");
    }
    assert_eq!(hits("a.yaml", &format!("encrypted_database_key: {text}\n")).len(), 1, "the key of what is encrypted");
}

#[test]
fn names_in_other_languages_and_above_a_value_name_it() {
    let text = Base64::encode_string(&random());
    let secret = |name: &str| {
        format!(
            "kind: Secret\nmetadata:\n  name: {name}\ntype: Opaque\ndata:\n  value: {}\n",
            Base64::encode_string(text.as_bytes())
        )
    };
    let cases = [
        ("fr.py", format!("CLE_DE_CHIFFREMENT = \"{text}\"\n")),
        ("de.py", format!("hauptschluessel = \"{text}\"\n")),
        ("es.py", format!("clave_maestra = \"{text}\"\n")),
        ("pt.py", format!("chave_mestra = \"{text}\"\n")),
        ("secret.yaml", secret("encryption-key")),
        ("key.pem", format!("-----BEGIN MASTER KEY-----\n{text}\n-----END MASTER KEY-----\n")),
        ("box.json", format!("{{\"tag\": \"latest\", \"iv_length\": 12, \"encryption_key\": \"{text}\"}}\n")),
        ("b32.env", "MASTER_KEY=IZKX6S6BQ2J5PDOGWL3MT7NAYUVR4CEH27QSBJK5XGPDFM3WIOTA====\n".to_owned()),
    ];
    for (name, content) in cases {
        assert_eq!(hits(name, &content).len(), 1, "{name}: {content}");
    }
    assert_eq!(hits("secret.yaml", &secret("tls-certificate")), []);
}

#[test]
fn pieces_are_joined_only_by_the_rule() {
    let text = Base64::encode_string(&random());
    let bare = text.trim_end_matches('=');
    let joined = [
        ("a.pem", format!("master key:\n{}\n{}\n{}\n", &bare[..20], &bare[20..40], &bare[40..])),
        ("b.py", format!("MASTER_KEY = (\"{}\"\n    \"{}\")\n", &bare[..22], &bare[22..])),
        ("c.js", format!("const masterKey = '{}' + '{}';\n", &bare[..13], &bare[13..])),
        ("d.yaml", format!("master_key: |\n  {}\n  {}\n", &text[..24], &text[24..])),
    ];
    for (name, content) in joined {
        assert_eq!(hits(name, &content).len(), 1, "{name}: {content}");
    }
    let digest = hex(&random());
    let word = "authorities";
    let apart = [
        ("a.txt", format!("master key of commit\n{}\nfoo\n", &digest[..40])),
        ("b.xml", format!("<user name='a' secret_key password='{}' {word}='x'/>\n", &digest[..32])),
        ("c.txt", format!("encryption key\n{}\n{word}\n", &digest[..32])),
        ("d.txt", format!("encryption key\n{}\n{}\n", &digest[..24], &digest[24..43])),
        ("e.txt", format!("the encryption key is in {} \n{}\n", &bare[..26], &bare[26..])),
        ("f.txt", format!("master_key\n{}\n{}: x\n", &bare[..30], &bare[30..])),
        ("g.html", format!("<a key=\"{}\" {}>master key</a>\n", &bare[..30], &bare[30..])),
        ("h.txt", format!("master key\n{}\n{}\n{}\n", &bare[..10], &bare[10..35], &bare[35..])),
    ];
    for (name, content) in apart {
        assert_eq!(hits(name, &content), [], "{name}: {content}");
    }
}

#[test]
fn names_of_files_are_no_keys() {
    let cases = [
        ("a.txt", "secret key: numpy-2.1.0-cp311-cp311-manylinux_2_28_aarch64.whl\n"),
        ("b.toml", "encryption_key_file = \"cryptography-43.0.1-cp39-abi3-manylinux_2_28_x86_64.whl\"\n"),
        ("c.json", "{\"master_key\": \"pydantic_core-2.23.4-cp313-cp313-macosx_11_0_arm64.whl\"}\n"),
        ("d.txt", "vault key libsqlite3-sys-0.39.1-x86-64-unknown-linux-Gnu2024.crate\n"),
        ("e.yml", "  encryption_key: org.apache.Hadoop.hdfsClientNative3ShadedForTheWorld2024Release.jar\n"),
    ];
    for (name, content) in cases {
        assert_eq!(hits(name, content), [], "{name}: {content}");
    }
    // Every length of a run between two dots of a wheel's name, where a key would stand.
    for len in 28..48 {
        for seed in 0..40 {
            let part = format!("{seed}Aa-cp3{seed}-cp311-manyLinux_2_28_aarch64_Musl2_{}", "x9Q-R7".repeat(4));
            let content = format!("ENCRYPTION_KEY=lib-1.{}.whl\n", &part[..len]);
            assert_eq!(hits("wheels.txt", &content), [], "{content}");
        }
    }
    let text = Base64::encode_string(&random());
    assert_eq!(hits("a.py", &format!("master_key = \"{text}\".encode()\n")).len(), 1);
    assert_eq!(hits("a.md", &format!("The master key is {text}. Keep it.\n")).len(), 1);
    assert_eq!(hits("a.env", &format!("FIELD_ENCRYPTION_KEY=k1.aesgcm256.{text}\n")).len(), 1);
}
