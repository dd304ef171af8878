//! Master keys that specifications, documentation, samples and upstream tests have published.
//!
//! Kept as the first 8 bytes of the SHA-256 of the key, so that neither the source nor the program contains a key.

use sha2::{Digest, Sha256};

/// Whether `key` is one of the published keys.
pub(super) fn is_published(key: &[u8; 32]) -> bool {
    let digest = Sha256::digest(key);
    PUBLISHED.iter().any(|known| digest[..8] == known.to_be_bytes())
}

/// Sorted; the source of each key stands beside it.
const PUBLISHED: &[u64] = &[
    0x04bc_9595_8d8a_80d1, // RustCrypto aes-gcm / chacha20poly1305 crate docs (older versions)
    0x0a53_c099_2eda_e8ce, // supabase docker/.env.example VAULT_ENC_KEY
    0x155f_876e_f994_2116, // LibreChat .env.example CREDS_KEY
    0x38b9_b65d_eb72_8d7f, // fernet/fernet-rb spec/fernet_spec.rb
    0x3d2d_9682_cdba_5296, // RFC 8032 Ed25519 test 2 seed
    0x48f3_761b_7422_67b5, // RFC 3686 test vector 8
    0x50d6_4035_8b41_2247, // Go crypto/cipher NewGCM example
    0x544e_62ce_e803_3709, // RustCrypto aes-gcm crate docs: &[42; 32]
    0x5989_1c96_881d_fbcf, // Hardhat/Anvil development account #0 (from memory; not confirmed here)
    0x5ca2_7833_0d08_b9ce, // puckel/docker-airflow docker-compose-CeleryExecutor.yml
    0x6275_07f0_4b33_fb43, // supabase docker/.env.example PG_META_CRYPTO_KEY
    0x630d_cd29_66c4_3366, // FIPS-197 C.3; RFC 8439; counter 00..1f
    0x644d_50ab_6486_4c20, // RFC 8032 Ed25519 test 1 seed
    0x6668_7aad_f862_bd77, // OpenStack keystone NULL_KEY; AES-GCM spec test case 13/14; Langfuse .env.dev.example
    0x6757_40eb_f561_470b, // RFC 3686 test vector 9
    0x7f70_dfd8_19c3_c582, // GCM specification test cases 15-18
    0x82d8_6408_530b_765e, // RFC 8439 2.8.2 AEAD
    0x87fa_89aa_deb6_c8a9, // RFC 3686 test vector 7
    0x8b0f_9300_faa9_99ad, // RFC 8439 2.5.2 Poly1305 key
    0x8fe7_0170_433b_e064, // drf-simple-apikey tests/conftest.py ROTATION_FERNET_SECRET
    0xaab0_127e_44f7_ad7d, // Infisical .env.example ENCRYPTION_KEY (as 32 ASCII bytes)
    0xb2fc_17bf_5e95_289c, // RFC 8439 A.5
    0xb93c_72b7_4bc8_487d, // NIST SP 800-38A AES-256
    0xc038_b41a_4668_6af6, // orchestral/testbench-core laravel/.env.example APP_KEY
    0xc043_1c84_fb31_b1f0, // Monica .env.example APP_KEY
    0xc5b4_59ee_0c3b_39df, // drf-simple-apikey docs/getting_started.rst FERNET_SECRET (the peer's own documented example)
    0xcbeb_362f_1fa6_9a66, // fernet/spec generate.json, verify.json; repeated in most Fernet ports' tests
    0xd1af_bc35_6b23_799d, // fernet/fernet-rb spec/fernet_spec.rb (bad_secret)
    0xd8ec_a0cc_a720_d33b, // RFC 8032 Ed25519 test 3 seed
    0xdc2f_7f8e_7891_acfb, // Firefly III .env.example APP_KEY
    0xf6d5_27e6_d018_6548, // kubernetes.io 'Encrypting Confidential Data at Rest' secretbox example
    0xfb4d_0cf7_9fc4_7e2b, // PHP manual mcrypt_encrypt example (from memory; not confirmed here)
];
