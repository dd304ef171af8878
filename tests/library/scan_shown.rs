//! What is a key is not repeated in a path or a message, and what is only as long as one is.
#![cfg(feature = "scan")]

use std::fs;
use std::path::{Path, PathBuf};

use strongroom::MasterKey;
use strongroom::scan::{Scan, ScanEvent, Scanner, secrets_in};

fn redacted(text: &str) -> String {
    let mut safe = text.to_owned();
    secrets_in(text.as_bytes()).into_iter().rev().for_each(|secret| safe.replace_range(secret, "[REDACTED]"));
    safe
}

#[test]
fn what_may_be_a_secret_goes_and_the_rest_stays() {
    let (url, std) = ("k3Wq9_zT1bYx-7Lm2Np4Rs6Uv8Wx0Yz1Ab3Cd5Ef7Gh=", "k3Wq9/zT1bYx+7Lm2Np4Rs6/Uv8Wx0Yz1Ab3Cd5Ef7G=");
    let token = "sr_01jdkx3qv8e5m7n9p2r4s6t8wzq3Wq9zT1bYx7Lm2Np4Rs6Uv8Wx0Yz1Ab3Cd5Ef7GhIj9KlMn0";
    let hex = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    for secret in [url, std, token, hex] {
        for around in ["{}", "no store at /x/{}", "`--store sqlite:/x/{}` and {}.", "1:{},2:{}"] {
            let told = redacted(&around.replace("{}", secret));
            assert_eq!(told, around.replace("{}", "[REDACTED]"), "{secret}");
        }
    }
}

#[test]
fn what_messages_name_stays() {
    for text in [
        "no store at /home/operator/services/billing-production/eu-west-1/strongroom.db",
        "record 01jdkx3qv8e5m7n9p2r4s6t8wz failed authentication",
        "master key 3 (4f0c2a9be8d17733) of vault aa1eb8ffa580315602fbbaf5f471ec15",
        "run `strongroom rotate-master-key --accept-record-set` at /tmp/.tmpAb3Cd5/Ef7Gh9",
        "Grüße: ünïcödé, \u{202e}",
        "docs/content/integration/kubernetes/secrets.md",
        "vendor/libfoo-1.2.3-cp311-cp311-manylinux_2_28_aarch64.whl: not read",
        "src/main/java/com/example/V2/AbstractSecurityConfigurerAdapter2Test.java",
        "certs/TUBITAK_Kamu_SM_SSL_Kok_Sertifikasi_-_Surum_1.crt",
        "blobs/sha256/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ] {
        assert_eq!(redacted(text), text);
    }
}

#[test]
fn findings_and_faults_in_ordinary_folders_are_told_with_their_whole_paths() {
    let folder = tempfile::tempdir().expect("folder");
    let key = MasterKey::generate().expect("random");
    let names = [
        "docs/content/integration/kubernetes/secrets.md",
        "crates/RustCrypto-AEADs/xchacha20poly1305/tests/V1",
        "charts/Templates-2024/Production/EU-West-1/values.yaml",
        "node_modules/@typescript-eslint/eslint-plugin/Rules/no-var",
    ];
    for name in names {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folder");
        fs::write(path, format!("MASTER_KEY: {}\n", key.to_text().expose())).expect("written");
    }
    let scan = Scan::new(Scanner::generic());
    let mut told = vec![];
    scan.tree(&[folder.path().to_owned()], |event| {
        if let ScanEvent::Found(found) = event {
            told.push(found.path);
        }
    });
    told.sort();
    let mut wanted = names.map(|name| folder.path().join(name));
    wanted.sort();
    assert_eq!(told, wanted);
}

#[test]
fn no_path_of_the_sources_that_cargo_keeps_holds_a_secret() {
    let registry = std::env::home_dir().map(|home| home.join(".cargo/registry/src")).filter(|folder| folder.exists());
    let Some(registry) = registry else { return };
    let (mut paths, mut folders): (Vec<PathBuf>, _) = (vec![], vec![registry]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            }
            paths.push(entry.path());
        }
    }
    let hidden: Vec<_> = paths.iter().filter(|path| !secrets_in(bytes(path)).is_empty()).collect();
    assert!(hidden.is_empty(), "{} of {}: {hidden:?}", hidden.len(), paths.len());
}

fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}
