use std::convert::Infallible;

use base64ct::{Base64, Encoding};
use proptest::prelude::*;

use super::checkpoint::CheckpointError;
use super::proof::ProofTextError;
use super::signed::{MAX_LEN, NoteError};
use super::*;
use crate::authority::SigningKey;
use crate::secret::SecretBytes;

#[test]
fn a_note_of_the_go_project_is_read_and_written_the_same() {
    let note = Note::parse(PETER).expect("a good note");
    let seed = "810a1402d5146c8d84f2443330f54080ebf98ee17d9c74f6252fc5d5c7283173";
    let seed: [u8; 32] = base16ct::lower::decode_vec(seed).expect("hexadecimal").try_into().expect("32 bytes");
    let key = key(seed);
    assert_eq!(key.public().to_string(), "1a5cd907143c384c41e830c5bce12aa8817ec5649aaabf2c31388b35b2d744d6");
    assert_eq!(key_id("PeterNeumann", &key.public()), [0xc7, 0x4f, 0x20, 0xa3]);
    assert!(note.is_signed_by("PeterNeumann", &key.public()));
    let mut made = Note::new(note.text().to_owned()).expect("a good text");
    made.sign("PeterNeumann", &key).expect("a good name");
    assert_eq!((made.to_string().as_str(), &made), (PETER, &note));
}

#[test]
fn the_key_of_the_go_checksum_database_has_its_id() {
    let key = "ce3372d75ad1ee5ecdaf8727293d4b111d87eb37531d7c86d4d3003f0eb809fc".parse().expect("a public key");
    assert_eq!(key_id("sum.golang.org", &key), [0x03, 0x3d, 0xe0, 0xae]);
}

#[test]
fn the_keys_of_the_go_project_are_written_as_it_writes_them() {
    const GO: [&str; 2] = [
        "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ];
    for written in GO {
        let key: NoteKey = written.parse().expect("a good key");
        assert_eq!(key.to_string(), written);
        assert_eq!(NoteKey::new(key.name().to_owned(), key.key()), key);
        for at in 0..written.len() {
            let mut wrong = written.as_bytes().to_vec();
            wrong[at] ^= 1;
            assert!(String::from_utf8(wrong).expect("text").parse::<NoteKey>().is_err(), "{at}");
        }
    }
    for wrong in ["", "+", "++", "name", "name+00000000+", "a b+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"]
    {
        assert!(wrong.parse::<NoteKey>().is_err(), "{wrong}");
    }
}

/// The example of C2SP tlog-witness, and one in the form of C2SP tlog-proof.
#[test]
fn proofs_are_read_and_written_the_same_and_every_fault_has_its_name() {
    let (request, proof) = (format!("{REQUEST}\n{BEHIND_THE_SOFA}"), format!("{INCLUDED}\n{BEHIND_THE_SOFA}"));
    let read = Proof::parse(&request).expect("a request to a witness");
    assert_eq!((read.to_string(), read.hashes.len()), (request.clone(), 4));
    assert_eq!(read.claim, Claim::Consistency { old: 20_852_014 });
    let read = Proof::parse(&proof).expect("a proof");
    assert_eq!((read.to_string(), read.hashes.len()), (proof.clone(), 2));
    assert_eq!(read.claim, Claim::Inclusion { index: 73_894, extra: Some(b"age-v1.2.1".to_vec()) });
    let without = proof.replace("extra YWdlLXYxLjIuMQ==\n", "");
    assert_eq!(Proof::parse(&without).expect("a proof").claim, Claim::Inclusion { index: 73_894, extra: None });
    let faults = [
        (request.replace("old 2", "old 02"), ProofTextError::Kind),
        (request.replace("old", "new"), ProofTextError::Kind),
        (request.replace("old ", "old"), ProofTextError::Kind),
        (format!("\n{request}"), ProofTextError::Kind),
        (String::new(), ProofTextError::Unended),
        (request.replacen("=\n\n", "=\n", 1), ProofTextError::Hash(5)),
        (REQUEST.to_owned(), ProofTextError::Unended),
        (request.replacen("PlRN", "PlR", 1), ProofTextError::Hash(1)),
        (request.replacen("PlRN", "PlRNPlRN", 1), ProofTextError::Hash(1)),
        (request.replacen("5+pK", "5-pK", 1), ProofTextError::Hash(3)),
        (request.replacen('\n', "\r\n", 1), ProofTextError::Kind),
        (
            request.replacen("old 20852014\n", &format!("old 20852014\n{}", HASH.repeat(61)), 1),
            ProofTextError::TooManyHashes,
        ),
        (proof.replace("index 7", "index +7"), ProofTextError::Index),
        (proof.replace("index 73894\n", ""), ProofTextError::Index),
        (proof.replace("YWdl", "YWd"), ProofTextError::Extra),
        (proof.replace("proof@v1", "proof@v2"), ProofTextError::Kind),
        (format!("{request}{}", "x".repeat(2 * MAX_LEN)), ProofTextError::TooLong),
        (request.replace("\u{2014}", "-"), ProofTextError::Note(NoteError::SignatureLine(1))),
    ];
    for (text, fault) in faults {
        assert_eq!(Proof::parse(&text), Err(fault), "{}", &text[..text.len().min(200)]);
    }
}

#[test]
fn a_text_may_have_empty_lines() {
    for text in ["a\n\nb\n", "\n", "a\n\n", "\n\n\n", "a\n\n\u{2014} b AAAAAAA=\n"] {
        let mut note = Note::new(text.to_owned()).expect("a good text");
        note.sign("name", &key([7; 32])).expect("a good name");
        let read = Note::parse(&note.to_string()).expect("a good note");
        assert_eq!(read, note, "{text:?}");
        assert!(read.is_signed_by("name", &key([7; 32]).public()), "{text:?}");
    }
}

#[test]
fn unknown_signatures_are_kept_and_passed_over() {
    let own = key([7; 32]);
    let mut note = Note::new("text\n".to_owned()).expect("a good text");
    note.add("witness", [1, 2, 3, 4], &[5; 73]).expect("a good name");
    note.add("own", [1, 2, 3, 4], &[6; 64]).expect("a good name");
    note.add("other", key_id("own", &own.public()), &[6; 64]).expect("a good name");
    assert!(!note.is_signed_by("own", &own.public()));
    note.sign("own", &own).expect("a good name");
    let read = Note::parse(&note.to_string()).expect("a good note");
    assert_eq!(read.signatures().len(), 4);
    assert!(read.is_signed_by("own", &own.public()));
    assert!(!read.is_signed_by("other", &own.public()));
    assert!(!read.is_signed_by("own", &key([8; 32]).public()));
    assert_eq!(read.signature_of("witness", [1, 2, 3, 4]), Some(&[5; 73][..]));
    assert_eq!(read.signature_of("witness", [1, 2, 3, 5]), None);
    assert_eq!(read.signature_of("witnes", [1, 2, 3, 4]), None);
}

#[test]
fn a_known_key_with_a_wrong_signature_has_not_signed() {
    let own = key([7; 32]);
    let id = key_id("own", &own.public());
    let text = "text\n";
    let good = own.sign_text(text.as_bytes());
    for signatures in [&[&good[..], &[6; 64]][..], &[&[6; 64], &good[..]], &[&[6; 64]], &[&good[..63]], &[&[6; 100]]] {
        let mut note = Note::new(text.to_owned()).expect("a good text");
        for signature in signatures {
            note.add("own", id, signature).expect("a good name");
        }
        assert!(!note.is_signed_by("own", &own.public()), "{signatures:?}");
    }
    let changed = PETER.replace("your problem,", "your problem;");
    let note = Note::parse(&changed).expect("a good note");
    let peter = "1a5cd907143c384c41e830c5bce12aa8817ec5649aaabf2c31388b35b2d744d6".parse().expect("a public key");
    assert!(!note.is_signed_by("PeterNeumann", &peter));
}

#[test]
fn what_is_no_note_is_refused() {
    let line = "\u{2014} name AAAAAAA=\n";
    assert!(Note::parse(&format!("text\n\n{line}")).is_ok());
    for (written, error) in [
        (String::new(), NoteError::Unsigned),
        ("text\n".to_owned(), NoteError::Unsigned),
        ("text\n\n".to_owned(), NoteError::Unsigned),
        (format!("text\n{line}"), NoteError::Unsigned),
        (format!("\n{line}"), NoteError::Unsigned),
        (format!("text\n\n{}", line.trim_end()), NoteError::Unsigned),
        (format!("text\n\n{line}\n"), NoteError::Unsigned),
        (format!("text\n\n{line}\n{line}x\n"), NoteError::SignatureLine(2)),
        ("text\n\n- name AAAAAAA=\n".to_owned(), NoteError::SignatureLine(1)),
        ("text\n\n\u{2014}name AAAAAAA=\n".to_owned(), NoteError::SignatureLine(1)),
        ("text\n\n\u{2014} AAAAAAA=\n".to_owned(), NoteError::SignatureLine(1)),
        ("text\n\n\u{2014}  AAAAAAA=\n".to_owned(), NoteError::SignatureLine(1)),
        ("text\n\n\u{2014} na+me AAAAAAA=\n".to_owned(), NoteError::SignatureLine(1)),
        ("text\n\n\u{2014} na\u{a0}me AAAAAAA=\n".to_owned(), NoteError::SignatureLine(1)),
        ("text\n\n\u{2014} name  AAAAAAA=\n".to_owned(), NoteError::SignatureLine(1)),
        ("text\n\n\u{2014} name AAAAAAA= \n".to_owned(), NoteError::SignatureLine(1)),
        // Four bytes are a key id and no signature. Then base64 in other spellings: unpadded, with bits left over, URL-safe.
        ("text\n\n\u{2014} name AAAAAA==\n".to_owned(), NoteError::SignatureLine(1)),
        ("text\n\n\u{2014} name AAAA\n".to_owned(), NoteError::SignatureLine(1)),
        ("text\n\n\u{2014} name \n".to_owned(), NoteError::SignatureLine(1)),
        ("text\n\n\u{2014} name AAAAAAA\n".to_owned(), NoteError::SignatureLine(1)),
        ("text\n\n\u{2014} name AAAAAAB=\n".to_owned(), NoteError::SignatureLine(1)),
        ("text\n\n\u{2014} name AAAAAA-_\n".to_owned(), NoteError::SignatureLine(1)),
        (format!("te\txt\n\n{line}"), NoteError::ControlCharacter),
        (format!("text\n\n{line}").replace('\n', "\r\n"), NoteError::ControlCharacter),
        (format!("te\0xt\n\n{line}"), NoteError::ControlCharacter),
        (format!("text\n\n{}", line.repeat(17)), NoteError::TooManySignatures),
        (format!("{}\n\n{line}", "x".repeat(MAX_LEN - line.len() - 1)), NoteError::TooLong),
    ] {
        let what = written.get(..60).unwrap_or(&written);
        assert_eq!(Note::parse(&written), Err(error), "{what:?}");
    }
    assert!(Note::parse(&format!("text\n\n{}", line.repeat(16))).is_ok());
    assert!(Note::parse(&format!("{}\n\n{line}", "x".repeat(MAX_LEN - line.len() - 2))).is_ok());
}

#[test]
fn nothing_is_written_that_would_not_be_read() {
    for (text, error) in [
        ("", NoteError::Unended),
        ("text", NoteError::Unended),
        ("te\rxt\n", NoteError::ControlCharacter),
        (&"x\n".repeat(MAX_LEN), NoteError::TooLong),
    ] {
        assert_eq!(Note::new(text.to_owned()), Err(error));
    }
    let mut note = Note::new("text\n".to_owned()).expect("a good text");
    for name in ["", "a b", "a+b", "a\nb", "a\u{2003}b", "a\0"] {
        assert_eq!(note.sign(name, &key([7; 32])), Err(NoteError::Signer), "{name:?}");
    }
    assert_eq!(note.add("name", [0; 4], &[]), Err(NoteError::Signer));
    assert_eq!(note.add("name", [0; 4], &vec![0; MAX_LEN]), Err(NoteError::TooLong));
    for _ in 0..16 {
        note.sign("name", &key([7; 32])).expect("there is room");
    }
    assert_eq!(note.sign("name", &key([7; 32])), Err(NoteError::TooManySignatures));
    assert_eq!(note.signatures().len(), 16);
    assert!(Note::parse(&note.to_string()).is_ok());
    let mut long = Note::new(format!("{}\n", "x".repeat(MAX_LEN - 30))).expect("a good text");
    assert_eq!(long.sign("name", &key([7; 32])), Err(NoteError::TooLong));
}

#[test]
fn a_checkpoint_is_read_and_written_the_same() {
    // The example of the specification, and one as ours are.
    let plain = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    let long = format!("{}at 2026-01-01T00:00:00.000Z\nchain 00ff\n", plain.replace("20852163", "0"));
    let read = Checkpoint::parse(plain).expect("a good checkpoint");
    assert_eq!((read.origin(), read.size()), ("example.com/behind-the-sofa", 20_852_163));
    assert_eq!(Base64::encode_string(read.root()), "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=");
    assert_eq!(read.extensions(), Vec::<String>::new());
    assert_eq!(read.to_string(), plain);
    let read = Checkpoint::parse(&long).expect("a good checkpoint");
    assert_eq!(
        (read.size(), read.extensions()),
        (0, &["at 2026-01-01T00:00:00.000Z".to_owned(), "chain 00ff".to_owned()][..])
    );
    assert_eq!(read.to_string(), long);
    let last = plain.replace("20852163", "18446744073709551615");
    assert_eq!(Checkpoint::parse(&last).map(|read| read.size()), Ok(u64::MAX));
    let note = format!(
        "{plain}\n\u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    );
    assert_eq!(Note::parse(&note).expect("a good note").text(), plain);
}

#[test]
fn what_is_no_checkpoint_is_refused() {
    let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    for (text, error) in [
        (String::new(), CheckpointError::Unended),
        (format!("log\n5\n{root}"), CheckpointError::Unended),
        ("\n".to_owned(), CheckpointError::Size),
        ("log\n".to_owned(), CheckpointError::Size),
        (format!("log\n\n{root}\n"), CheckpointError::Size),
        (format!("log\n05\n{root}\n"), CheckpointError::Size),
        (format!("log\n00\n{root}\n"), CheckpointError::Size),
        (format!("log\n+5\n{root}\n"), CheckpointError::Size),
        (format!("log\n-0\n{root}\n"), CheckpointError::Size),
        (format!("log\n5 \n{root}\n"), CheckpointError::Size),
        (format!("log\n18446744073709551616\n{root}\n"), CheckpointError::Size),
        ("log\n5\n".to_owned(), CheckpointError::Root),
        ("log\n5\n\n".to_owned(), CheckpointError::Root),
        (format!("log\n5\n{}\n", root.trim_end_matches('=')), CheckpointError::Root),
        (format!("log\n5\n{}\n", root.replace("q2I=", "q2J=")), CheckpointError::Root),
        (format!("log\n5\n{}\n", root.replace('/', "_")), CheckpointError::Root),
        ("log\n5\nAAAA\n".to_owned(), CheckpointError::Root),
        (format!("log\n5\nAAAA{root}\n"), CheckpointError::Root),
        (format!("\n5\n{root}\n"), CheckpointError::Origin),
        (format!("log\n5\n{root}\n\n"), CheckpointError::Extension),
        (format!("log\n5\n{root}\n\nmore\n"), CheckpointError::Extension),
        (format!("log\n5\n{root}\nmo\rre\n"), CheckpointError::Extension),
    ] {
        assert_eq!(Checkpoint::parse(&text), Err(error), "{text:?}");
    }
    let made = |origin: &str, line: &str| Checkpoint::new(origin.to_owned(), 5, [7; 32], vec![line.to_owned()]);
    assert!(made("log", "more").is_ok());
    assert_eq!(made("log\nmore", "more"), Err(CheckpointError::Origin));
    assert_eq!(made("log", "more\nmore"), Err(CheckpointError::Extension));
}

proptest! {
    #[test]
    fn any_text_is_written_as_it_was_read(
        text in "(\u{2014} |[a-z]{0,3} ?|\n|\n\n|AAAAAAA=|0|5|=|\\+|\r|\u{a0}){0,12}",
        lines in prop::collection::vec("\u{2014} [a-z]{0,2} (AA|A|[A-Z]{8}|=){1,4}\n", 0..4),
    ) {
        for written in [text.clone(), format!("{text}\n\n{}", lines.concat())] {
            if let Ok(note) = Note::parse(&written) {
                prop_assert_eq!(note.to_string(), written.clone());
            }
            if let Ok(checkpoint) = Checkpoint::parse(&written) {
                prop_assert_eq!(checkpoint.to_string(), written);
            }
        }
    }

    #[test]
    fn what_was_written_is_read(lines in prop::collection::vec("[^\\x00-\\x1f]{0,20}", 1..6), seed: [u8; 32]) {
        let key = key(seed);
        let mut note = Note::new(lines.join("\n") + "\n").expect("no control character");
        note.add("witness", [1; 4], &seed).expect("a good name");
        note.sign("log.example/a", &key).expect("a good name");
        let read = Note::parse(&note.to_string());
        prop_assert_eq!(read.as_ref(), Ok(&note));
        prop_assert!(note.is_signed_by("log.example/a", &key.public()));
    }

    #[test]
    fn any_checkpoint_is_read_as_it_was_written(
        origin in "[^\\x00-\\x1f]{1,20}",
        size: u64,
        root: [u8; 32],
        lines in prop::collection::vec("[^\\x00-\\x1f]{1,20}", 0..4),
    ) {
        let checkpoint = Checkpoint::new(origin, size, root, lines).expect("good lines");
        prop_assert_eq!(Checkpoint::parse(&checkpoint.to_string()), Ok(checkpoint));
    }
}

fn key(seed: [u8; 32]) -> SigningKey {
    let Ok(seed) = SecretBytes::fill_with(|bytes| -> Result<(), Infallible> {
        *bytes = seed;
        Ok(())
    });
    SigningKey::from_seed(seed)
}

/// From the documentation of golang.org/x/mod/sumdb/note.
const PETER: &str = "\
If you think cryptography is the answer to your problem,
then you don't know what your problem is.

\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
";

const HASH: &str = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n";

const REQUEST: &str = "old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=
";

const INCLUDED: &str = "c2sp.org/tlog-proof@v1
extra YWdlLXYxLjIuMQ==
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
";

const BEHIND_THE_SOFA: &str = "example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
";
