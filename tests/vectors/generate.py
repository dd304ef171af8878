#!/usr/bin/env python3
"""Makes the test vectors, from docs/format.md alone: no code is shared with the library.

    pip install cryptography
    python3 tests/vectors/generate.py           writes the files
    python3 tests/vectors/generate.py --check   compares them with what is there

Keys and nonces are SHA-256 of a label, so that each run gives the same bytes. They are public: never use them.
"""

import hashlib
import hmac
import json
import sys
import zlib
from base64 import urlsafe_b64encode
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305


# Encodings


def u32(number):
    return number.to_bytes(4, "big")


def u64(number):
    return number.to_bytes(8, "big")


def fields(*parts):
    return b"".join(u32(len(part)) + part for part in parts)


def cbor(value):
    """The deterministic CBOR of docs/format.md. A dict is a map in the order of its keys; None is left out."""
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, Raw):
        return value.cbor
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    if isinstance(value, dict):
        order = (lambda key: key.encode()) if all(isinstance(key, str) for key in value) else None
        entries = [(key, value[key]) for key in sorted(value, key=order) if value[key] is not None]
        return head(5, len(entries)) + b"".join(cbor(key) + cbor(item) for key, item in entries)
    raise TypeError(value)


def head(major, number):
    for info, length in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 24:
            return bytes([major << 5 | number])
        if number < 1 << (8 * length):
            return bytes([major << 5 | info]) + number.to_bytes(length, "big")
    raise ValueError(number)


class Raw:
    """CBOR that is there already."""

    def __init__(self, encoded):
        self.cbor = encoded


# Primitives


def mac(key, *pieces):
    return hmac.new(key, b"".join(pieces), hashlib.sha256).digest()


def extract(salt, key):
    return mac(salt or bytes(32), key)


def expand(prk, info, length):
    okm, block = b"", b""
    for counter in range(1, 256):
        block = mac(prk, block, info, bytes([counter]))
        okm += block
        if len(okm) >= length:
            return okm[:length]
    raise ValueError(length)


def aes(key, block):
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return encryptor.update(block) + encryptor.finalize()


def xor(left, right):
    return bytes(a ^ b for a, b in zip(left, right))


def xaes(key, nonce):
    """The AES-256-GCM key and nonce."""
    zero = int.from_bytes(aes(key, bytes(16)), "big")
    k1 = (zero << 1) & ((1 << 128) - 1)
    if zero >> 127:
        k1 ^= 0x87
    k1 = k1.to_bytes(16, "big")
    m1, m2 = b"\x00\x01X\x00" + nonce[:12], b"\x00\x02X\x00" + nonce[:12]
    return aes(key, xor(m1, k1)) + aes(key, xor(m2, k1)), nonce[12:]


def hchacha20(key, nonce):
    """draft-irtf-cfrg-xchacha-03 section 2.2."""
    words = [int.from_bytes(part[at : at + 4], "little") for part in (b"expand 32-byte k", key, nonce) for at in range(0, len(part), 4)]

    def rotate(value, by):
        return (value << by | value >> (32 - by)) & 0xFFFFFFFF

    def quarter(a, b, c, d):
        for x, y, z, by in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            words[x] = (words[x] + words[y]) & 0xFFFFFFFF
            words[z] = rotate(words[z] ^ words[x], by)

    for _ in range(10):
        for column in range(4):
            quarter(column, column + 4, column + 8, column + 12)
        for at in range(4):
            quarter(at, 4 + (at + 1) % 4, 8 + (at + 2) % 4, 12 + (at + 3) % 4)
    return b"".join(words[at].to_bytes(4, "little") for at in (0, 1, 2, 3, 12, 13, 14, 15))


def seal(suite, key, nonce, aad, plain):
    if suite == XAES:
        key, nonce = xaes(key, nonce)
        return AESGCM(key).encrypt(nonce, plain, aad)
    return ChaCha20Poly1305(hchacha20(key, nonce[:16])).encrypt(bytes(4) + nonce[16:], plain, aad)


XAES, XCHACHA = 1, 2


def published_vectors_hold():
    sealed = seal(XAES, b"\x01" * 32, b"ABCDEFGHIJKLMNOPQRSTUVWX", b"", b"XAES-256-GCM")
    assert sealed.hex() == "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"  # C2SP, XAES-256-GCM
    derived = hchacha20(bytes(range(32)), bytes.fromhex("000000090000004a0000000031415927"))
    assert derived.hex() == "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc"  # section 2.2.1


def fixed(label, length=32):
    blocks = (hashlib.sha256(f"strongroom test vector/{label}/{at}".encode()).digest() for at in range(9))
    return b"".join(blocks)[:length]


# Master keys, wraps, keyring

VAULT = fixed("vault", 16)
MASTERS = {version: fixed(f"master key {version}") for version in (1, 2, 3)}
CREATED = 1_772_366_400_123  # 2026-03-01T12:00:00.123Z


def text_of(master):
    return urlsafe_b64encode(master).decode()


def fingerprint(master):
    return expand(extract(None, master), b"strongroom/v1/master-key-fingerprint", 8)


def key_encryption_key(version, purpose):
    label = b"recover" if purpose == "recover" else b"verify"
    return expand(extract(VAULT, MASTERS[version]), b"strongroom/v1/key-encryption-key/" + label, 32)


def data_key(generation, purpose):
    return fixed(f"data key {generation} {purpose}")


def wrap(master, suite, generation, purpose, tag=""):
    """Every value on the way, and the wrap."""
    nonce = fixed(f"wrap nonce {master} {suite} {generation} {purpose} {tag}", 24)
    kek = key_encryption_key(master, purpose)
    okm = expand(kek, b"strongroom/v1/wrap" + nonce, 64)
    aad = fields(b"strongroom/v1/wrap", VAULT, u32(generation), purpose.encode(), u32(master))
    sealed = seal(suite, okm[:32], nonce, aad, data_key(generation, purpose))
    return {
        "master_key": master,
        "suite": suite,
        "generation": generation,
        "purpose": purpose,
        "data_key": data_key(generation, purpose),
        "key_encryption_key": kek,
        "nonce": nonce,
        "wrap_key": okm[:32],
        "commitment": okm[32:],
        "aad": aad,
        "sealed": sealed,
        "cbor": wrap_cbor(master, suite, nonce, sealed, okm[32:]),
    }


def wrap_cbor(master, suite, nonce, sealed, commitment):
    return cbor({0: master, 1: suite, 2: nonce, 3: sealed, 4: commitment})


def row_key(generation):
    return expand(data_key(generation, "verify"), b"strongroom/v1/rows", 32)


def authenticated(label, generation, body, form=b"\x01"):
    row = form + body
    return row + mac(row_key(generation), b"strongroom/v1/row/" + label, b"\x00", row)


class Keyring:
    def __init__(self, name, suite, revision, masters, generations, lookups, exposed=None, policy=None):
        """`masters` are pairs of version and time of retirement, `lookups` pairs of number and rows, `exposed` is said of the first generation."""
        self.name, self.suite, self.revision = name, suite, revision
        self.masters, self.active_master = masters, masters[-1][0]
        self.generations, self.active = generations, generations[-1]
        self.lookups, self.exposed, self.policy = lookups, exposed, policy
        self.wraps = [self.wrap(generation, purpose) for generation in generations for purpose in ("verify", "recover")]
        self.wraps += [self.wrap(number, "lookup") for number, _ in lookups]

    def wrap(self, generation, purpose):
        return wrap(self.active_master, self.suite, generation, purpose)

    def body(self, **changed):
        named = {(made["generation"], made["purpose"]): Raw(made["cbor"]) for made in self.wraps}
        named.update(changed.get("wraps", {}))
        body = {
            0: VAULT,
            1: CREATED,
            2: self.suite,
            3: self.revision,
            4: self.active_master,
            5: [
                {0: version, 1: changed.get("fingerprints", {}).get(version, fingerprint(MASTERS[version])), 2: CREATED + 1000 * version, 3: retired}
                for version, retired in self.masters
            ],
            6: self.active,
            7: [
                {0: number, 1: CREATED + 1000 * number, 2: named[number, "verify"], 3: named[number, "recover"], 4: self.exposed if number == 1 else None}
                for number in changed.get("generations", self.generations)
            ],
            8: [{0: number, 1: named[number, "lookup"], 2: rows} for number, rows in self.lookups],
            9: self.policy,
        }
        body.update(changed.get("fields", {}))
        return cbor(body)

    def row(self, **changed):
        return authenticated(b"keyring", self.active, self.body(**changed) + changed.get("trailing", b""), changed.get("form", b"\x01"))


NEW = Keyring("new", XAES, 1, [(1, None)], [1], [(1, None)])
SUITE_2 = Keyring("suite-2", XCHACHA, 1, [(1, None)], [1], [(1, None)])
ROTATING = Keyring("rotating", XAES, 2, [(1, CREATED + 2000), (2, None)], [1, 2], [(1, None), (2, None)])
ROTATED = Keyring("rotated", XAES, 3, [(1, CREATED + 2000), (2, None)], [2], [(1, 3), (2, None)])
REWRAPPED = Keyring("rewrapped", XAES, 4, [(1, CREATED + 2000), (2, CREATED + 3000), (3, None)], [2], [(1, 3), (2, None)])
LEAKED = Keyring("leaked", XAES, 2, [(1, CREATED + 2000), (2, None)], [1, 2], [(1, None), (2, None)], exposed=CREATED + 2000)
SCRUBBING = Keyring("scrubbing", XAES, 3, [(1, CREATED + 2000), (2, None)], [2], [(2, None)])
DAY = 86_400_000
RULES = {0: 90 * DAY, 1: 180 * DAY, 2: 360 * DAY, 3: True, 4: True, 5: "^(OPS|SEC)-[0-9]+", 6: DAY}
RULED = Keyring("ruled", XAES, 2, [(1, None)], [1], [(1, None)], policy=RULES)
RULED_LATER = Keyring("ruled-later", XAES, 4, [(1, CREATED + 2000), (2, None)], [2], [(2, None)], policy={4: True, 7: ["a", "later", "rule"]})
KEYRINGS = [NEW, SUITE_2, ROTATING, ROTATED, REWRAPPED, LEAKED, SCRUBBING, RULED, RULED_LATER]


def keyring_vectors():
    good = [
        {
            "name": ring.name,
            "configured": [ring.active_master],
            "row": ring.row(),
            "active_master_key": ring.active_master,
            "active_generation": ring.active,
            "generations": ring.generations,
            "exposed_at": ring.exposed,
            "lookup_keys": [number for number, _ in ring.lookups],
            "policy": ring.policy and policy_vector(ring.policy),
            "wraps": ring.wraps,
            "row_mac_key": row_key(ring.active),
        }
        for ring in KEYRINGS
    ]
    first = NEW.wraps[0]
    flipped = bytes([first["commitment"][0] ^ 1]) + first["commitment"][1:]
    wrong_commitment = wrap_cbor(1, XAES, first["nonce"], first["sealed"], flipped)
    other_tag = first["sealed"][:-1] + bytes([first["sealed"][-1] ^ 1])
    wrong_tag = wrap_cbor(1, XAES, first["nonce"], other_tag, first["commitment"])
    right, recover = NEW.row(), Raw(NEW.wraps[1]["cbor"])
    bad = [
        ("the commitment of a wrap", [1], NEW.row(wraps={(1, "verify"): Raw(wrong_commitment)}), "unwrap"),
        ("the tag of a wrap", [1], NEW.row(wraps={(1, "verify"): Raw(wrong_tag)}), "unwrap"),
        ("the wrap of another purpose", [1], NEW.row(wraps={(1, "verify"): recover}), "unwrap"),
        ("the wrap of another generation", [2], ROTATING.row(wraps={(1, "verify"): Raw(ROTATING.wraps[2]["cbor"])}), "unwrap"),
        ("a wrap under a retired master key", [1, 2], ROTATING.row(wraps={(1, "verify"): Raw(first["cbor"])}), "malformed"),
        ("the MAC", [1], right[:-1] + bytes([right[-1] ^ 1]), "unauthentic"),
        ("the label of the MAC", [1], authenticated(b"head", 1, NEW.body()), "unauthentic"),
        ("the format", [1], NEW.row(form=b"\x02"), "newer"),
        ("a byte behind the body", [1], NEW.row(trailing=b"\x00"), "malformed"),
        ("a third generation", [2], authenticated(b"keyring", 2, three_generations()), "malformed"),
        ("an unknown suite", [1], NEW.row(fields={2: 3}), "malformed"),
        ("a field missing", [1], NEW.row(fields={6: None}), "malformed"),
        ("no lookup key for the active generation", [1], NEW.row(fields={8: []}), "malformed"),
        ("generation 0", [1], NEW.row(fields={7: [{0: 0, 1: CREATED, 2: Raw(first["cbor"]), 3: recover}]}), "malformed"),
        ("the fingerprint of a retired version", [1, 2], ROTATING.row(fingerprints={1: fingerprint(MASTERS[3])}), "wrong-master-key"),
        ("the master key that is missing", [1], ROTATING.row(), "missing-master-key"),
        ("a policy that is no map", [1], NEW.row(fields={9: [1]}), "malformed"),
        ("a rule of another type", [1], NEW.row(fields={9: {4: 1}}), "malformed"),
        ("the policy changed, and not the MAC", [1], NEW.row(fields={9: {4: True}})[:-32] + right[-32:], "unauthentic"),
        ("the row cut", [1], right[:30], "malformed"),
        ("the row empty", [1], b"", "malformed"),
    ]
    return {"good": good, "bad": [dict(zip(("broken", "configured", "row", "error"), case)) for case in bad]}


def policy_vector(rules):
    names = ("max_key_age", "master_key_age", "master_key_refused", "require_expiry", "require_owner", "reason", "reissue_grace")
    known = {name: rules.get(key) for key, name in enumerate(names)}
    return {"cbor": cbor(rules)} | known | {"newer": any(key >= len(names) for key in rules)}


def three_generations():
    ring = Keyring("three", XAES, 2, [(1, CREATED + 2000), (2, None)], [3, 1, 2], [(1, None), (2, None)])
    return ring.body()


def master_key_vectors():
    good = [
        {
            "version": version,
            "text": text_of(master),
            "fingerprint": fingerprint(master),
            "vault": VAULT,
            "key_encryption_key_verify": key_encryption_key(version, "verify"),
            "key_encryption_key_recover": key_encryption_key(version, "recover"),
        }
        for version, master in MASTERS.items()
    ]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    text = text_of(MASTERS[1])
    last = alphabet[alphabet.index(text[-2]) + 1]
    other = next(text_of(fixed(f"alphabet {at}")) for at in range(99) if "_" in text_of(fixed(f"alphabet {at}")))
    bad = [
        ("the last character is not canonical", text[:-2] + last + "="),
        ("no padding", text[:-1]),
        ("the standard alphabet", other.replace("-", "+").replace("_", "/")),
        ("a line end", text + "\n"),
        ("a space in front", " " + text),
        ("31 bytes", urlsafe_b64encode(MASTERS[1][:31]).decode()),
        ("33 bytes", urlsafe_b64encode(MASTERS[1] + b"\x01").decode()),
        ("hexadecimal", MASTERS[1].hex()),
        ("all bytes the same", text_of(b"\xa7" * 32)),
    ]
    return {"good": good, "bad": [{"broken": what, "text": wrong} for what, wrong in bad]}


def verifier_key_bytes(vault, print_, key):
    body = vault + print_ + key
    return body + u32(zlib.crc32(b"srv1-" + body))


def verifier_key_text(encoded):
    return "srv1-" + urlsafe_b64encode(encoded).decode().rstrip("=")


def verifier_key_vectors():
    def whole(version):
        return verifier_key_bytes(VAULT, fingerprint(MASTERS[version]), key_encryption_key(version, "verify"))

    good = [
        {
            "version": version,
            "master_key": text_of(master),
            "vault": VAULT,
            "fingerprint": fingerprint(master),
            "key": key_encryption_key(version, "verify"),
            "text": verifier_key_text(whole(version)),
        }
        for version, master in MASTERS.items()
    ]
    one, text = whole(1), good[0]["text"]
    standard = next(made for made in (verifier_key_text(whole(version)) for version in MASTERS) if set("-_") & set(made[5:]))
    swapped = one[16:24] + one[:16] + one[24:]
    bad = [
        ("a bit of the key", verifier_key_text(one[:40] + bytes([one[40] ^ 1]) + one[41:]), "check"),
        ("a bit of the vault id", verifier_key_text(bytes([one[0] ^ 1]) + one[1:]), "check"),
        ("a bit of the fingerprint", verifier_key_text(one[:16] + bytes([one[16] ^ 1]) + one[17:]), "check"),
        ("a bit of the check", verifier_key_text(one[:-1] + bytes([one[-1] ^ 1])), "check"),
        ("the fields in another order", verifier_key_text(swapped), "check"),
        ("a check without the prefix in it", verifier_key_text(one[:-4] + u32(zlib.crc32(one[:-4]))), "check"),
        ("one character short", text[:-1], "length"),
        ("one character long", text + "A", "length"),
        ("padding", text + "=", "length"),
        ("a line end", text + "\n", "length"),
        ("a space in front", " " + text, "prefix"),
        ("another prefix", "srv2-" + text[5:], "prefix"),
        ("the prefix in upper case", "SRV1-" + text[5:], "prefix"),
        ("no prefix", text[5:], "prefix"),
        ("the standard alphabet", "srv1-" + standard[5:].replace("-", "+").replace("_", "/"), "alphabet"),
        ("a character of no alphabet", text[:20] + "!" + text[21:], "alphabet"),
        ("a master key", text_of(MASTERS[1]), "master-key"),
        ("nothing at all", "", "prefix"),
    ]
    return {"good": good, "bad": [dict(zip(("broken", "text", "error"), case)) for case in bad]}


# Shares of master keys


def times(left, right):
    """In GF(2^8) modulo x^8 + x^4 + x^3 + x + 1."""
    product = 0
    while right:
        product ^= left if right & 1 else 0
        left = left << 1 ^ (0x11B if left & 0x80 else 0)
        right >>= 1
    return product


def inverse(element):
    return next(other for other in range(1, 256) if times(element, other) == 1)


def polynomial_at(coefficients, x):
    value = 0
    for coefficient in reversed(coefficients):
        value = times(value, x) ^ coefficient
    return value


def recombined(points):
    """What the polynomial through these points, pairs of index and value, is at 0, byte by byte."""
    key = bytearray(32)
    for x, values in points:
        weight = 1
        for other, _ in points:
            weight = weight if other == x else times(weight, times(other, inverse(other ^ x)))
        for at, value in enumerate(values):
            key[at] ^= times(weight, value)
    return bytes(key)


def share_bytes(version, threshold, number, index, values, vault=VAULT, set_id=None, print_=None, known=None, form=1, check=None):
    set_id = set_id or fixed(f"share set {version} {threshold} {number}", 8)
    known = (vault is not None) if known is None else known
    body = bytes([form, known]) + (vault or bytes(16)) + u32(version) + (print_ or fingerprint(MASTERS[version])) + set_id
    body += bytes([threshold, number, index]) + values
    return body + (check or u32(zlib.crc32(b"srs1-" + body)))


def share_text(encoded):
    return "srs1-" + urlsafe_b64encode(encoded).decode().rstrip("=")


def word_list():
    """The English list of BIP-39, as its reference implementation has it (SHA-256 2f5eed53...)."""
    text = (Path(__file__).parent.parent.parent / "src/key_share/words.txt").read_bytes()
    assert hashlib.sha256(text).hexdigest() == "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"
    return text.decode().split()


def share_words(encoded):
    number, words = int.from_bytes(encoded, "big"), word_list()
    return " ".join(words[number >> 11 * at & 2047] for at in reversed(range(56)))


def values_of(version, threshold, index, label=""):
    master = MASTERS[version]
    drawn = [fixed(f"coefficient {at} of master key {version} {threshold} {label}") for at in range(1, threshold)]
    return bytes(polynomial_at([master[at]] + [coefficients[at] for coefficients in drawn], index) for at in range(32))


def share_set(name, version, threshold, number, indices=None, vault=VAULT, **more):
    shares = []
    for index in indices or range(1, number + 1):
        values = values_of(version, threshold, index)
        encoded = share_bytes(version, threshold, number, index, values, vault=vault, **more)
        shares.append({"index": index, "values": values, "bytes": encoded, "text": share_text(encoded), "words": share_words(encoded)})
    points = [(share["index"], share["values"]) for share in shares]
    assert recombined(points[:threshold]) == recombined(points[-threshold:]) == MASTERS[version]
    assert recombined(points[: threshold - 1]) != MASTERS[version]
    return {
        "name": name, "version": version, "master_key": text_of(MASTERS[version]), "fingerprint": fingerprint(MASTERS[version]),
        "vault": vault, "set": shares[0]["bytes"][30:38], "threshold": threshold, "number": number, "shares": shares,
    }


def key_share_vectors():
    assert times(0x57, 0x83) == 0xC1 and times(0x53, 0xCA) == 1  # FIPS 197 section 4.2, and an inverse
    sets = [
        share_set("three of five", 1, 3, 5),
        share_set("two of two, of no vault", 2, 2, 2, vault=None),
        share_set("the last of 255, all of them needed but one", 3, 4, 255, indices=[1, 2, 127, 128, 254, 255]),
    ]
    one = sets[0]["shares"][0]
    whole, text, words, values = one["bytes"], one["text"], one["words"].split(), one["values"]
    made = lambda **changed: share_text(share_bytes(**({"version": 1, "threshold": 3, "number": 5, "index": 1, "values": values} | changed)))
    standard = next(share["text"] for share in sets[0]["shares"] if set("-_") & set(share["text"][5:]))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    cut = next(at for at, word in enumerate(words) if len(word) > 4 and word[:4] not in word_list())
    swapped = words[:30] + [words[31], words[30]] + words[32:]
    bad = [
        ("a bit of a value", share_text(whole[:50] + bytes([whole[50] ^ 1]) + whole[51:]), "check"),
        ("a bit of the index", share_text(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:]), "check"),
        ("a bit of the check", share_text(whole[:-1] + bytes([whole[-1] ^ 1])), "check"),
        ("a check without the prefix in it", made(check=u32(zlib.crc32(whole[:-4]))), "check"),
        ("two words swapped", " ".join(swapped), "check"),
        ("another word of the list", " ".join(words[:-1] + ["zoo" if words[-1] != "zoo" else "zone"]), "check"),
        ("format 2", made(form=2), "format"),
        ("format 0", made(form=0), "format"),
        ("a vault id, and no vault", made(known=False), "malformed"),
        ("neither a vault nor none", made(known=2), "malformed"),
        ("version 0", made(version=0, print_=fingerprint(MASTERS[1])), "malformed"),
        ("a threshold of 1", made(threshold=1), "malformed"),
        ("a threshold above the number", made(threshold=6), "malformed"),
        ("index 0", made(index=0), "malformed"),
        ("an index above the number", made(index=6), "malformed"),
        ("one character short", text[:-1], "length"),
        ("one character long", text + "A", "length"),
        ("padding", text + "=", "length"),
        ("the last character is not canonical", text[:-1] + alphabet[alphabet.index(text[-1]) + 1], "alphabet"),
        ("the standard alphabet", "srs1-" + standard[5:].replace("-", "+").replace("_", "/"), "alphabet"),
        ("a character of no alphabet", text[:20] + "!" + text[21:], "alphabet"),
        ("another prefix", "srs2-" + text[5:], "prefix"),
        ("the prefix in upper case", "SRS1-" + text[5:], "prefix"),
        ("a verifier key", verifier_key_text(verifier_key_bytes(VAULT, fingerprint(MASTERS[1]), values)), "prefix"),
        ("another share behind it", text + "\n" + sets[0]["shares"][1]["text"], "several"),
        ("a word too few", " ".join(words[:-1]), "words"),
        ("a word too many", " ".join(words + ["abandon"]), "words"),
        ("a word that is not of the list", " ".join(words[:7] + ["strongroom"] + words[8:]), "word"),
        ("a word in upper case", " ".join([words[0].upper()] + words[1:]), "word"),
        ("a word by its first four letters", " ".join(words[:cut] + [words[cut][:4]] + words[cut + 1 :]), "word"),
        ("remarks alone", "# a share\n\n", "empty"),
        ("nothing at all", "", "empty"),
    ]
    # As people keep them.
    spellings = [
        ("remarks and empty lines", f"# share 1 of 5\n\n{text}\n", 0),
        ("a line end of another system", f"  {text}\r\n", 0),
        ("seven words on a line", "".join(" ".join(words[at : at + 7]) + "\n" for at in range(0, 56, 7)), 0),
        ("words with tabs between, and a remark", "# words\n" + "\t".join(words), 0),
    ]
    texts = [share["text"] for share in sets[0]["shares"]]
    other = share_text(share_bytes(1, 3, 5, 2, values_of(1, 3, 2, "another set"), set_id=fixed("another set", 8)))
    forged = share_text(share_bytes(1, 3, 5, 2, values_of(1, 3, 2, "forged")))
    lied = share_text(share_bytes(1, 2, 5, 2, values_of(1, 3, 2), set_id=whole[30:38]))
    together = [
        ("three of them", texts[:3], [], None),
        ("three others, in another order", [texts[4], texts[0], texts[2]], [], None),
        ("all of them", texts, [], None),
        ("one twice", [texts[0], texts[1], texts[0], texts[2]], [], None),
        ("a forged one among four", [texts[0], forged, texts[2], texts[3], texts[4]], [1], None),
        ("two of them", texts[:2], [], "too-few"),
        ("one three times", [texts[0]] * 3, [], "too-few"),
        ("one of another set", [texts[0], other, texts[2]], [], "other-set"),
        ("one that says that two are enough", [texts[0], lied, texts[2]], [], "other-set"),
        ("a forged one", [texts[0], forged, texts[2]], [], "unproven"),
    ]
    return {
        "sets": sets,
        "spellings": [dict(zip(("what", "text", "share"), case)) for case in spellings],
        "bad": [dict(zip(("broken", "text", "error"), case)) for case in bad],
        "together": [dict(zip(("what", "texts", "wrong", "error"), case)) for case in together],
    }


def suite_vectors():
    prefix = fixed("shared nonce prefix", 12)
    cases = []
    for suite in (XAES, XCHACHA):
        for number, (aad, plain) in enumerate([(b"", b""), (b"aad", b"plain"), (fixed("aad", 119), fixed("plain", 200))]):
            key, nonce = fixed(f"suite key {suite}"), prefix + fixed(f"nonce {number}", 12)
            cases.append({"suite": suite, "key": key, "nonce": nonce, "aad": aad, "plain": plain, "sealed": seal(suite, key, nonce, aad, plain)})
    return cases


# Records

SENTINEL = b"\xff" * 16
CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def digits(number, alphabet, length):
    text = ""
    for _ in range(length):
        number, digit = divmod(number, len(alphabet))
        text = alphabet[digit] + text
    return text


def id_of(label, millis=CREATED):
    return millis.to_bytes(6, "big") + fixed(f"id {label}", 10)


def id_text(key_id):
    return digits(int.from_bytes(key_id, "big"), CROCKFORD, 26)


def secret_of(label):
    return "".join(BASE62[byte % 62] for byte in fixed(f"secret {label}", 43))


def token_of(prefix, key_id, secret):
    body = f"{prefix}_{id_text(key_id)}{secret}"
    return body + digits(zlib.crc32(body.encode()), BASE62, 6)


def part_key(generation, purpose, suite):
    info = b"strongroom/v1/part-key/" + purpose.encode() + b"\x00" + bytes([suite])
    return expand(data_key(generation, purpose), info, 32)


def header(suite, flags, generation, verify_len, key_id, form=1, reserved=0, vault=VAULT):
    return bytes([form, suite, flags, reserved]) + u32(generation) + u32(verify_len) + vault[:4] + key_id


def part_aad(part, key_id, head_bytes, vault=VAULT):
    return fields(b"strongroom/v1/record", vault, b"keys", part.encode(), key_id, head_bytes)


class Record:
    def __init__(self, name, generation, key_id, attributes, secret=None, suite=XAES, imported=False, round=0, trailing=b"", **header_fields):
        self.name, self.generation, self.id, self.secret, self.suite = name, generation, key_id, secret, suite
        self.imported, self.attributes, self.plain = imported, attributes, cbor(attributes) + trailing
        flags = (1 if secret is not None else 0) | (2 if imported else 0)
        self.header = header(suite, flags, generation, 40 + len(self.plain), key_id, **header_fields)
        nonce = lambda part: fixed(f"record nonce {name} {generation} {part} {round}", 24)
        self.verify = self.part("verify", nonce("verify"), self.plain)
        self.recover = b"" if secret is None else self.part("recover", nonce("recover"), secret.encode())
        self.bytes = self.header + self.verify + self.recover

    def part(self, part, nonce, plain):
        return nonce + seal(self.suite, part_key(self.generation, part, self.suite), nonce, part_aad(part, self.id, self.header), plain)

    def identity(self):
        ends = lambda part: part[:24] + part[-16:] if part else b""
        return self.header + ends(self.verify) + ends(self.recover)

    def vector(self, keyring):
        made = {
            "name": self.name,
            "keyring": keyring.name,
            "id": self.id,
            "record": self.bytes,
            "header": self.header,
            "suite": self.suite,
            "generation": self.generation,
            "imported": self.imported,
            "verify_key": part_key(self.generation, "verify", self.suite),
            "verify_aad": part_aad("verify", self.id, self.header),
            "attributes": self.plain,
            "secret": self.secret,
            "identity": self.identity(),
        }
        if self.secret is not None:
            made["recover_key"] = part_key(self.generation, "recover", self.suite)
            made["recover_aad"] = part_aad("recover", self.id, self.header)
        return made


def attributes(secret, name, **more):
    """Field numbers as in docs/format.md, Attributes."""
    numbers = {"owner": 3, "expires": 4, "revoked": 5, "scopes": 6, "networks": 7, "labels": 8, "exposed": 10}
    numbers |= {"not_before": 11, "suspended": 12, "revoke_at": 13, "replaces": 14, "replaced_by": 15}
    made = {0: hashlib.sha256(secret.encode()).digest(), 1: CREATED, 2: name, 9: more.pop("prefix", "sr")}
    made.update({numbers[key]: value for key, value in more.items()})
    return made


FULL = dict(
    owner="acme",
    expires=253_402_207_200_000,
    scopes=["invoices:read", "a"],
    networks=["10.0.0.0/8", "2001:db8::/32"],
    labels={"z": "1", "plan": "gold", "ä": "", "aa": "längste"},
)
PLAIN_ID, FULL_ID, IMPORTED_ID, REVOKED_ID, LATE_ID = (id_of(at) for at in ("plain", "full", "imported", "revoked", "late"))
OLD_ID, NEW_ID = id_of("old"), id_of("new")
IMPORTED_TOKEN = "tok_live_von früher"


def sentinel(generation, suite=XAES, **said):
    held = {0: fixed("sentinel digest"), 1: CREATED, 2: "sentinel", 5: CREATED, 9: "sr"}
    held |= {10: said["exposed"]} if said else {}
    return Record("sentinel", generation, SENTINEL, held, suite=suite)


def plain(generation, suite=XAES, trailing=b"", **said):
    held = attributes(secret_of("plain"), "billing worker", **said)
    return Record("plain", generation, PLAIN_ID, held, secret_of("plain"), suite, trailing=trailing)


def full(generation, suite=XAES, **said):
    held = attributes(secret_of("full"), "Ärzte-Portal", prefix="my_app", **FULL, **said)
    return Record("full", generation, FULL_ID, held, secret_of("full"), suite)


def imported(generation, suite=XAES, **said):
    held = attributes(IMPORTED_TOKEN, "from elsewhere", prefix="", scopes=["read"], **said)
    return Record("imported", generation, IMPORTED_ID, held, IMPORTED_TOKEN, suite, imported=True)


def revoked(generation, suite=XAES, **said):
    held = attributes(secret_of("revoked"), "n", revoked=CREATED + 500, **said)
    return Record("revoked, unrecoverable", generation, REVOKED_ID, held, None, suite)


def late(generation):
    return Record("late", generation, LATE_ID, attributes(secret_of("late"), "issued during a rotation"), secret_of("late"))


def all_records(generation, suite=XAES, **said):
    return [make(generation, suite, **said) for make in (plain, full, imported, revoked, sentinel)]


def exposed_records():
    """Those of a rotation that began because the master key had leaked, moved."""
    return all_records(2, exposed=LEAKED.exposed)


def reissued_records(generation):
    """An API key that gives way to another: suspended, and to be revoked an hour after that."""
    said = dict(not_before=CREATED + 1, suspended=CREATED + 600)
    old = attributes(secret_of("old"), "n", revoke_at=CREATED + 3_601_000, replaced_by=NEW_ID, **said)
    new = attributes(secret_of("new"), "n", replaces=OLD_ID, **said) | {1: CREATED + 1_000}
    yield Record("reissued", generation, OLD_ID, old, secret_of("old"))
    yield Record("issued in its place", generation, NEW_ID, new, secret_of("new"))


def state(held, now):
    """docs/format.md, Attributes."""
    come = lambda field: field in held and held[field] <= now
    if 5 in held or come(13):
        return "revoked"
    if come(4):
        return "expired"
    if 12 in held:
        return "suspended"
    return "not-yet-valid" if 11 in held and held[11] > now else "active"


def state_vectors():
    """Every set of the fields that decide, each at one of two moments, seen before, at and after both."""
    first, second = CREATED + 10, CREATED + 20
    moments = (None, first, second)
    for begin in (None, first):
        for expires in moments:
            for revoke in moments:
                for marks in ({}, {12: first}, {5: first}):
                    fields = {11: begin, 4: expires, 13: revoke}
                    if begin is not None and expires == begin:
                        continue
                    held = attributes(secret_of("plain"), "n") | marks
                    held |= {field: at for field, at in fields.items() if at is not None}
                    at = [first - 1, first, second - 1, second]
                    yield {"attributes": cbor(held).hex(), "at": at, "states": [state(held, now) for now in at]}


def reissue_vectors():
    """What a reissue makes of attributes, one field of a later version among them."""
    hour = 3_600_000
    cases = [
        ("plain", {}, hour),
        ("the grace would pass the expiry", {4: CREATED + 2_000}, hour),
        ("a revocation was set before the grace ends", {13: CREATED + 1_500, 4: CREATED + 9 * hour}, hour),
        ("no grace", {}, 0),
        ("suspended, exposed and not yet valid", {10: CREATED, 11: CREATED + hour, 12: CREATED}, hour),
        ("imported", {9: ""}, hour),
        ("reissued before itself", {14: FULL_ID}, hour),
    ]
    for what, more, grace in cases:
        before = attributes(secret_of("old"), "n", owner="o") | {200: "from a later version"} | more
        at = CREATED + 1_000
        ends = [at + grace] + [before[field] for field in (4, 13) if field in before]
        end = max(at, min(ends))
        old = before | {13: end, 15: NEW_ID} | ({5: at} if end == at else {})
        new = {key: value for key, value in before.items() if key not in (5, 10, 15)}
        new |= {0: hashlib.sha256(secret_of("new").encode()).digest(), 1: at, 14: OLD_ID, 9: before[9] or "sr"}
        yield {
            "what": what,
            "old_id": OLD_ID.hex(),
            "new_id": NEW_ID.hex(),
            "at": at,
            "grace": grace,
            "new_secret": secret_of("new"),
            "before": cbor(before).hex(),
            "old": cbor(old).hex(),
            "new": cbor(new).hex(),
        }


def record_vectors():
    good = [record.vector(NEW) for record in all_records(1)]
    good += [record.vector(NEW) for record in reissued_records(1)]
    good += [record.vector(SUITE_2) for record in all_records(1, XCHACHA)]
    good += [record.vector(ROTATING) for record in all_records(2)]
    good += [record.vector(LEAKED) for record in exposed_records()]
    one, other, young = plain(1), full(1), plain(2)
    flip = lambda bytes_, at, bit=1: bytes_[:at] + bytes([bytes_[at] ^ bit]) + bytes_[at + 1 :]
    # The same plaintext, so that lengths and headers agree.
    again = Record("plain", 1, PLAIN_ID, attributes(secret_of("plain"), "billing worker"), secret_of("other"), round=1)
    extended = dict(one.attributes)
    extended[200] = "from a later version"
    bad = [
        ("verify part and recover part swapped", PLAIN_ID, one.header + one.recover + one.verify, "corrupt verify"),
        ("the recover part of another record", PLAIN_ID, one.header + one.verify + other.recover, "corrupt recover"),
        ("the recover part of another generation", PLAIN_ID, one.header + one.verify + young.recover, "corrupt recover"),
        ("the verify part of another generation", PLAIN_ID, one.header + young.verify + one.recover, "corrupt verify"),
        ("the flag of an imported token set", PLAIN_ID, flip(one.bytes, 2, 2), "corrupt verify"),
        ("the flag of the recover part taken away", PLAIN_ID, flip(one.bytes, 2, 1), "malformed"),
        ("the flag and the recover part taken away", PLAIN_ID, flip(one.header, 2, 1) + one.verify, "corrupt verify"),
        ("an unknown flag", PLAIN_ID, flip(one.bytes, 2, 4), "malformed"),
        ("the reserved byte", PLAIN_ID, flip(one.bytes, 3), "malformed"),
        ("the format", PLAIN_ID, flip(one.bytes, 0, 3), "newer"),
        ("the other suite", PLAIN_ID, flip(one.bytes, 1, 3), "corrupt verify"),
        ("an unknown suite", PLAIN_ID, flip(one.bytes, 1, 8), "malformed"),
        ("the other generation", PLAIN_ID, flip(one.bytes, 7, 3), "corrupt verify"),
        ("a generation that is not there", PLAIN_ID, flip(one.bytes, 7, 8), "missing-generation"),
        ("the length of the verify part", PLAIN_ID, flip(one.bytes, 11, 1), "corrupt verify"),
        ("a length beyond the record", PLAIN_ID, flip(one.bytes, 8, 128), "malformed"),
        ("the vault tag", PLAIN_ID, flip(one.bytes, 12), "foreign"),
        ("the place", FULL_ID, one.bytes, "moved"),
        ("the id in the header, and the place", FULL_ID, one.header[:16] + FULL_ID + one.bytes[32:], "corrupt verify"),
        ("a nonce", PLAIN_ID, flip(one.bytes, 32), "corrupt verify"),
        ("a byte of ciphertext", PLAIN_ID, flip(one.bytes, 60), "corrupt verify"),
        ("the last tag", PLAIN_ID, flip(one.bytes, len(one.bytes) - 1), "corrupt recover"),
        ("a byte behind the record", PLAIN_ID, one.bytes + b"\x00", "corrupt recover"),
        ("the last byte", PLAIN_ID, one.bytes[:-1], "corrupt recover"),
        ("everything behind the header", PLAIN_ID, one.header, "malformed"),
        ("a byte of the header", PLAIN_ID, one.bytes[:31], "malformed"),
        ("a byte behind the attributes", PLAIN_ID, plain(1, trailing=b"\x00").bytes, "attributes"),
        ("no digest", PLAIN_ID, Record("no digest", 1, PLAIN_ID, {1: CREATED, 2: "n", 9: "sr"}).bytes, "attributes"),
    ]
    fine = [
        ("a field of a later version", Record("later", 1, PLAIN_ID, extended, secret_of("plain")).bytes),
        ("sealed a second time", again.bytes),
    ]
    return {
        "good": good,
        "bad": [dict(zip(("broken", "id", "record", "error"), case)) | {"keyring": ROTATING.name} for case in bad],
        "unusual": [{"what": what, "id": PLAIN_ID, "record": record, "keyring": ROTATING.name} for what, record in fine],
        "states": list(state_vectors()),
        "reissues": list(reissue_vectors()),
    }


# Lookup rows, record sets, head, rotation


def lookup_index(number, token):
    return mac(data_key(number, "lookup"), b"strongroom/v1/lookup/index\x00", token.encode())


def lookup_value(number, index, key_id):
    value = b"\x01" + u32(number) + key_id
    return value + mac(data_key(number, "lookup"), b"strongroom/v1/lookup/row\x00", index, value)[:16]


def lookup_row(number, token, key_id):
    index = SENTINEL * 2 if token is None else lookup_index(number, token)
    return index, lookup_value(number, index, key_id)


def lookup_vectors():
    good = []
    for number in (1, 2):
        for token, key_id in ((IMPORTED_TOKEN, IMPORTED_ID), (None, SENTINEL)):
            index, value = lookup_row(number, token, key_id)
            good.append({"lookup_key": number, "token": token, "id": key_id, "index": index, "value": value})
    index, value = lookup_row(1, IMPORTED_TOKEN, IMPORTED_ID)
    other_index = lookup_index(1, "another token")
    bad = [
        ("the id", index, value[:5] + PLAIN_ID + value[21:]),
        ("the number of the lookup key", index, value[:4] + b"\x02" + value[5:]),
        ("a lookup key that is not there", index, lookup_value(3, index, IMPORTED_ID)),
        ("the place", other_index, value),
        ("the tag", index, value[:-1] + bytes([value[-1] ^ 1])),
        ("the format", index, b"\x02" + value[1:]),
        ("a byte behind the value", index, value + b"\x00"),
        ("the last byte", index, value[:-1]),
    ]
    return {
        "keyring": ROTATING.name,
        "good": good,
        "bad": [dict(zip(("broken", "index", "value"), case)) for case in bad],
    }


# Usage rows

USED = {
    "used": {0: 41, 1: CREATED + 5000, 2: bytes([10, 1, 2, 3]), 3: {"expired": 2, "scope": 300}, 4: {"/v1/b": 1, "/v1/bb": 24, "/v1/é": 7, "GET /v1/a": 9}, 5: 70_000},
    "once": {0: 1, 1: CREATED + 6000, 2: bytes.fromhex("20010db8000000000000000000000001")},
    "refused alone": {0: 0, 3: {"revoked": 1}},
    "none": {0: 3, 3: {"damaged": 12, "unknown": 2**40}},
}


def usage_row(generation, suite, key_id, used, form=b"\x01", reserved=b"\x00\x00", trailing=b""):
    key = expand(data_key(generation, "verify"), b"strongroom/v1/part-key/usage\x00" + bytes([suite]), 32)
    header = form + bytes([suite]) + reserved + u32(generation)
    nonce = fixed(f"usage nonce {generation} {suite} {key_id.hex()} {used}", 24)
    aad = fields(b"strongroom/v1/usage", VAULT, b"usage", key_id, header)
    plain = (cbor(USED[used]) if isinstance(used, str) else cbor(used)) + trailing
    return header + nonce + seal(suite, key, nonce, aad, plain)


def usage_vectors():
    good = []
    for ring, generation, suite in ((NEW, 1, XAES), (SUITE_2, 1, XCHACHA), (ROTATING, 1, XAES), (ROTATING, 2, XAES)):
        for used, key_id in (("used", PLAIN_ID), ("once", FULL_ID), ("refused alone", REVOKED_ID), ("none", SENTINEL)):
            row, counts = usage_row(generation, suite, key_id, used), USED[used]
            good.append(
                {
                    "keyring": ring.name,
                    "generation": generation,
                    "id": key_id,
                    "row": row,
                    "plain": cbor(counts),
                    "verifications": counts[0],
                    "last_used_at": counts.get(1),
                    "last_address": counts.get(2),
                    "refusals": counts.get(3, {}),
                    "endpoints": counts.get(4, {}),
                    "other_endpoints": counts.get(5, 0),
                }
            )
    row = usage_row(2, XAES, PLAIN_ID, "used")
    bad = [
        ("the id", FULL_ID, row, "corrupt"),
        ("the generation", PLAIN_ID, row[:7] + b"\x01" + row[8:], "corrupt"),
        ("the suite", PLAIN_ID, row[:1] + b"\x02" + row[2:], "corrupt"),
        ("a generation that is not there", PLAIN_ID, usage_row(3, XAES, PLAIN_ID, "used"), "missing-generation"),
        ("the nonce", PLAIN_ID, row[:8] + bytes([row[8] ^ 1]) + row[9:], "corrupt"),
        ("the ciphertext", PLAIN_ID, row[:32] + bytes([row[32] ^ 1]) + row[33:], "corrupt"),
        ("the tag", PLAIN_ID, row[:-1] + bytes([row[-1] ^ 1]), "corrupt"),
        ("the last byte", PLAIN_ID, row[:-1], "corrupt"),
        ("the format", PLAIN_ID, usage_row(2, XAES, PLAIN_ID, "used", form=b"\x02"), "newer"),
        ("the reserved bytes", PLAIN_ID, usage_row(2, XAES, PLAIN_ID, "used", reserved=b"\x00\x01"), "malformed"),
        ("an unknown suite", PLAIN_ID, row[:1] + b"\x03" + row[2:], "malformed"),
        ("a byte behind the map", PLAIN_ID, usage_row(2, XAES, PLAIN_ID, "used", trailing=b"\x00"), "malformed"),
        ("the count of verifications missing", PLAIN_ID, usage_row(2, XAES, PLAIN_ID, {1: CREATED}), "malformed"),
        ("an address of five bytes", PLAIN_ID, usage_row(2, XAES, PLAIN_ID, {0: 1, 2: bytes(5)}), "malformed"),
        ("the row cut", PLAIN_ID, row[:47], "malformed"),
        ("the row empty", PLAIN_ID, b"", "malformed"),
    ]
    return {"keyring": ROTATING.name, "good": good, "bad": [dict(zip(("broken", "id", "row", "error"), case)) for case in bad]}


def record_set_key(generation):
    return expand(data_key(generation, "verify"), b"strongroom/v1/record-set", 32)


def element(record):
    return int.from_bytes(mac(record_set_key(record.generation), b"\x01", record.identity()), "little")


class RecordSet:
    """Records counted in, and records counted out."""

    def __init__(self, generation, joined, left=()):
        self.generation, self.joined, self.left = generation, list(joined), list(left)
        self.count = (len(self.joined) - len(self.left)) % 2**64
        self.sum = (sum(map(element, self.joined)) - sum(map(element, self.left))) % 2**256
        self.nonce = fixed(f"record set {generation} {self.count} {self.sum}", 16)
        self.mask = int.from_bytes(mac(record_set_key(generation), b"\x00", self.nonce), "little")
        stored = (self.sum + self.mask) % 2**256
        self.stored = {0: generation, 1: self.count, 2: self.nonce, 3: stored.to_bytes(32, "little")}

    def vector(self):
        return {
            "generation": self.generation,
            "record_set_key": record_set_key(self.generation),
            "joined": [record.bytes for record in self.joined],
            "left": [record.bytes for record in self.left],
            "elements": [element(record).to_bytes(32, "little") for record in self.joined],
            "count": self.count,
            "sum": self.sum.to_bytes(32, "little"),
            "nonce": self.nonce,
            "mask": self.mask.to_bytes(32, "little"),
            "cbor": cbor(self.stored),
        }


def head_row(generation, chain, sets, trailing=b""):
    body = cbor({0: chain[-1]["seq"], 1: chain[-1]["hash"], 2: [made.stored for made in sets]})
    return authenticated(b"head", generation, body + trailing)


ROTATION_SETS = [RecordSet(1, [], all_records(1)[:3]), RecordSet(2, all_records(2)[:3])]
ROTATION = {0: 1, 1: 1, 2: 2, 3: 1, 4: 2, 5: None, 6: CREATED + 2000, 7: 3, 8: None, 9: [made.stored for made in ROTATION_SETS]}
LEASE = {0: fixed("owner", 16), 1: CREATED + 4000, 2: True}


FINISHED_SET = RecordSet(2, exposed_records() + [late(2)])


def scrub_row(**changed):
    """The row of a rotation of which only scrubbing is left."""
    finish = {0: finished_chain()[-1]["seq"], 1: FINISHED_SET.stored}
    return rotation_row(**({"_0": 3, "_7": 4, "_9": [], "_10": finish} | changed))


def rotation_row(label=b"rotation", generation=2, trailing=b"", **changed):
    body = dict(ROTATION)
    body.update({int(key[1:]): value for key, value in changed.items()})
    return authenticated(label, generation, cbor(body) + trailing)


def row_vectors():
    chain = audit_chain()
    heads = [(NEW, [RecordSet(1, all_records(1))]), (SUITE_2, [RecordSet(1, all_records(1, XCHACHA))]), (NEW, [])]
    good_heads = [
        {"keyring": ring.name, "row": head_row(ring.active, chain, sets), "seq": chain[-1]["seq"], "hash": chain[-1]["hash"], "sets": [made.vector() for made in sets]}
        for ring, sets in heads
    ]
    right = head_row(1, chain, heads[0][1])
    bad_heads = [
        ("the MAC", right[:-1] + bytes([right[-1] ^ 1]), "unauthentic"),
        ("a byte of the body", right[:2] + bytes([right[2] ^ 1]) + right[3:], "unauthentic"),
        ("the row of another generation", head_row(2, chain, heads[0][1]), "unauthentic"),
        ("a byte behind the body", head_row(1, chain, heads[0][1], b"\x00"), "malformed"),
        ("a set of a generation that is not there", head_row(1, chain, [RecordSet(2, all_records(2))]), "malformed"),
        ("the format", b"\x02" + right[1:], "newer"),
        ("the row cut", right[:32], "malformed"),
    ]
    cursor = REVOKED_ID
    good_rotations = [
        {"row": rotation_row(), "phase": "sweep", "cursor": None, "moved": 3, "owner": None},
        {"row": rotation_row(_5=cursor, _8=LEASE), "phase": "sweep", "cursor": cursor, "moved": 3, "owner": LEASE[0]},
        {"row": rotation_row(_0=2, _7=2**40), "phase": "verify", "cursor": None, "moved": 2**40, "owner": None},
        {"row": rotation_row(_0=2, _11=300), "phase": "verify", "cursor": None, "moved": 3, "owner": None, "usage_dropped": 300},
    ]
    scrubbing = {"row": scrub_row(), "phase": "scrub", "cursor": None, "moved": 4, "owner": None, "finish": finished_chain()[-1]["seq"]}
    right = rotation_row()
    bad_rotations = [
        ("the MAC", right[:-1] + bytes([right[-1] ^ 1]), "unauthentic"),
        ("the row of the generation that retires", rotation_row(generation=1), "unauthentic"),
        ("the label of another row", rotation_row(label=b"head"), "unauthentic"),
        ("a phase that has no row", rotation_row(_0=4), "malformed"),
        ("the scrub phase beside the generation that retires", scrub_row(), "malformed"),
        ("the scrub phase without a finish", rotation_row(_0=3), "malformed"),
        ("a finish in another phase", rotation_row(_10={0: 9, 1: FINISHED_SET.stored}), "malformed"),
        ("another master key", rotation_row(_2=3), "malformed"),
        ("the generations swapped", rotation_row(_3=2, _4=1), "malformed"),
        ("a byte behind the body", rotation_row(trailing=b"\x00"), "malformed"),
        ("no time of start", rotation_row(_6=None), "malformed"),
        ("a start after the year 9999", rotation_row(_6=253_402_207_200_001), "malformed"),
        ("the format", b"\x00" + right[1:], "newer"),
    ]
    named = lambda cases: [dict(zip(("broken", "row", "error"), case)) for case in cases]
    return {
        "heads": {"good": good_heads, "bad": named(bad_heads), "bad_keyring": NEW.name},
        "rotations": {"keyring": ROTATING.name, "good": good_rotations, "bad": named(bad_rotations), "sets": [made.vector() for made in ROTATION_SETS]},
        "scrub": {"keyring": SCRUBBING.name, "good": scrubbing, "set": FINISHED_SET.vector()},
    }


# Audit log


def chain_hash(data):
    return hashlib.sha256(b"strongroom/v1/audit\x00" + data).digest()


def audit_chain():
    """Entries of a vault whose records are those of `all_records`."""
    entries = [
        ("2026-03-01T12:00:00.123Z", "deploy", "init", None, None, {"master_key": 1}, "done"),
        ("2026-03-01T12:00:01Z", "alice", "issue", PLAIN_ID, None, {}, "done"),
        ("2026-03-01T12:00:01.1Z", 'bob "the\\builder"', "issue", FULL_ID, "tab\tline\nbell\x07 é 🗝", {}, "done"),
        ("2026-03-01T12:00:01.12Z", "alice", "import", IMPORTED_ID, None, {}, "done"),
        ("2026-03-01T12:00:02Z", "alice", "issue", REVOKED_ID, None, {}, "done"),
        ("2026-03-01T12:00:03Z", "alice", "revoke", REVOKED_ID, "left the company", {}, "done"),
        ("2026-03-01T12:00:04Z", "carol", "recover", REVOKED_ID, "ticket 7", {}, "refused: not-recoverable"),
    ]
    return follow(entries, 0, chain_hash(VAULT))


def follow(entries, seq, previous):
    chain = []
    for at, actor, action, key, reason, counts, outcome in entries:
        seq += 1
        entry = {"seq": seq, "at": at, "actor": actor, "action": action}
        if key is not None:
            entry["key"] = id_text(key)
        if reason is not None:
            entry["reason"] = reason
        if counts:
            entry["counts"] = dict(sorted(counts.items()))
        outcome, _, cause = outcome.partition(": ")
        entry["outcome"] = outcome
        if cause:
            entry["cause"] = cause
        entry["prev"] = previous.hex()
        line = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode()
        made = {"seq": seq, "line": line.decode(), "hash": chain_hash(line)}
        made |= {"at": at, "actor": actor, "action": action, "key": key, "reason": reason, "counts": counts, "outcome": outcome, "cause": cause or None}
        chain.append(made)
        previous = made["hash"]
    return chain


VERSIONS = {"from_master_key": 1, "to_master_key": 2, "from_generation": 1, "to_generation": 2}


def rotation_chain(**notes):
    chain = audit_chain()
    more = [
        ("2026-03-01T12:00:05Z", "oscar", "rotation-started", None, None, VERSIONS | notes, "done"),
        ("2026-03-01T12:00:06Z", "alice", "issue", LATE_ID, None, {}, "done"),
    ]
    return chain + follow(more, chain[-1]["seq"], chain[-1]["hash"])


def finished_chain():
    chain = rotation_chain(compromised=1)
    counts = VERSIONS | {"moved": 4, "verified": 5, "compromised": 1}
    more = [("2026-03-01T12:00:07Z", "oscar", "rotation-finished", None, None, counts, "done")]
    return chain + follow(more, chain[-1]["seq"], chain[-1]["hash"])


def certificate():
    """Of the rotation that `scrub_row` is of."""
    end = finished_chain()[-1]
    count, total = u64(FINISHED_SET.count), FINISHED_SET.sum.to_bytes(32, "little")
    made = {
        "schema": "strongroom.rotation-certificate.v1",
        "vault": VAULT.hex(),
        "from_master_key": 1,
        "from_fingerprint": fingerprint(MASTERS[1]).hex(),
        "to_master_key": 2,
        "to_fingerprint": fingerprint(MASTERS[2]).hex(),
        "from_generation": 1,
        "to_generation": 2,
        "started_at": "2026-03-01T12:00:02.123Z",
        "finished_at": end["at"],
        "records": 5,
        "moved": 4,
        "verified": 5,
        "abandoned": 0,
        "compromised": True,
        "record_set_accepted": False,
        "audit_seq": end["seq"],
        "audit_hash": end["hash"].hex(),
        "record_digest": mac(record_set_key(2), b"\x02", count, total).hex(),
        "mac": "",
    }
    statement = json.dumps(made, separators=(",", ":")).encode()
    return made | {"mac": mac(row_key(2), b"strongroom/v1/certificate\x00", statement).hex()}


def checkpoint():
    """Of the vault that `finished_chain` is of, with nothing open."""
    end = finished_chain()[-1]
    made = {
        "schema": "strongroom.audit-checkpoint.v1",
        "vault": VAULT.hex(),
        "at": "2026-03-01T12:00:09.5Z",
        "seq": end["seq"],
        "hash": end["hash"].hex(),
        "generation": 2,
        "records": 5,
        "record_digest": certificate()["record_digest"],
        "mac": "",
    }
    statement = json.dumps(made, separators=(",", ":")).encode()
    return made | {"mac": mac(row_key(2), b"strongroom/v1/audit-checkpoint\x00", statement).hex()}


def audit_vectors():
    chain = rotation_chain()
    more = [("2026-03-01T12:00:08Z", "dana", "verifier-key", None, "the gateway verifies", {"master_key": 2}, "done")]
    chain += follow(more, chain[-1]["seq"], chain[-1]["hash"])
    line = chain[1]["line"]
    bad = [
        ("a byte of the line", 2, line.replace("alice", "alicf"), "broken at the next"),
        ("the hash of the entry before", 2, line[:-3] + ("0" if line[-3] != "0" else "1") + line[-2:], "broken"),
        ("the sequence number", 2, line.replace('"seq":2', '"seq":3'), "broken"),
        ("the row's key", 3, line, "missing"),
        ("an unknown action", 2, line.replace('"issue"', '"borrow"'), "malformed"),
        ("cut", 2, line[:-1], "malformed"),
    ]
    return {"vault": VAULT, "start": chain_hash(VAULT), "entries": chain, "bad": [dict(zip(("broken", "seq", "line", "error"), case)) for case in bad]}


# Tokens


def token_vectors():
    good = [
        {"prefix": prefix, "id": id_text(key_id), "id_bytes": key_id, "secret": secret, "token": token_of(prefix, key_id, secret), "digest": hashlib.sha256(secret.encode()).digest()}
        for prefix, key_id, secret in (
            ("sr", PLAIN_ID, secret_of("plain")),
            ("my_app", FULL_ID, secret_of("full")),
            ("_", bytes(16), "0" * 43),
            ("12345678901234567890", b"\x7f" + b"\xff" * 15, "z" * 43),
        )
    ]
    token = good[0]["token"]
    body = token[:-6]
    rechecked = lambda text: text + digits(zlib.crc32(text.encode()), BASE62, 6)
    other = "1" if token[-1] != "1" else "2"
    bad = [
        ("the last character of the check", token[:-1] + other, "damaged"),
        ("a character of the secret", token[:40] + ("a" if token[40] != "a" else "b") + token[41:], "damaged"),
        ("the prefix", "sx" + token[2:], "damaged"),
        ("upper case in the id", rechecked(body[:3] + body[3:29].upper() + body[29:]), "foreign"),
        ("an id above 128 bits", rechecked(body[:3] + "8" + body[4:]), "foreign"),
        ("a letter that the id's alphabet lacks", rechecked(body[:4] + "u" + body[5:]), "foreign"),
        ("a secret with another character", rechecked(body[:-1] + "-"), "foreign"),
        ("a prefix of 21 characters", rechecked("x" * 19 + body), "foreign"),
        ("no prefix", rechecked(body[2:]), "foreign"),
        ("upper case in the prefix", rechecked("Sr" + body[2:]), "foreign"),
        ("a space behind", token + " ", "foreign"),
        ("nothing at all", "", "foreign"),
    ]
    return {"good": good, "bad": [dict(zip(("broken", "token", "shape"), case)) for case in bad]}


# Backups


BACKUP_ID = fixed("backup", 16)


def manifest_row(keyring, chain, label=b"manifest", generation=None, trailing=b"", **changed):
    body = {
        0: BACKUP_ID,
        1: VAULT,
        2: CREATED + 5000,
        3: 4,
        4: chain[-1]["seq"],
        5: chain[-1]["hash"],
        6: [{0: keyring.active_master, 1: fingerprint(MASTERS[keyring.active_master])}],
        7: keyring.active,
        8: keyring.generations,
        9: None,
        10: "0.1.0",
    }
    body.update({int(key[1:]): value for key, value in changed.items()})
    return authenticated(label, generation or keyring.active, cbor(body) + trailing)


def known_backup(label, version, finished):
    return {
        0: fixed(label, 16), 1: CREATED + 5000, 2: 7, 3: version, 4: fingerprint(MASTERS[version]),
        5: 4 if finished else 0, 6: f"{label}.db", 7: finished,
    }


def backups_row(keyring, backups, label=b"backups", generation=None, trailing=b""):
    return authenticated(label, generation or keyring.active, cbor({0: backups}) + trailing)


def backup_vectors():
    chain, open_rotation = audit_chain(), {0: 1, 1: 1, 2: 2}
    good = [
        {"keyring": ring.name, "row": manifest_row(ring, followed, **more), "master_key": ring.active_master,
         "fingerprint": fingerprint(MASTERS[ring.active_master]), "audit_entries": followed[-1]["seq"], "audit_hash": followed[-1]["hash"],
         "generations": ring.generations, "rotation": phase}
        for ring, followed, more, phase in [(NEW, chain, {}, None), (ROTATING, rotation_chain(), {"_9": open_rotation}, "sweep")]
    ]
    right = manifest_row(NEW, chain)
    bad = [
        ("the MAC", right[:-1] + bytes([right[-1] ^ 1]), "unauthentic"),
        ("the count of records", manifest_row(NEW, chain, _3=5)[:-32] + right[-32:], "unauthentic"),
        ("the label of another row", manifest_row(NEW, chain, label=b"head"), "unauthentic"),
        ("the row of another generation", manifest_row(NEW, chain, generation=2), "unauthentic"),
        ("a rotation in no phase", manifest_row(NEW, chain, _9={0: 4, 1: 1, 2: 2}), "malformed"),
        ("no hash", manifest_row(NEW, chain, _5=None), "malformed"),
        ("a byte behind the body", manifest_row(NEW, chain, trailing=b"\x00"), "malformed"),
        ("the format", b"\x02" + right[1:], "newer"),
    ]
    lists = [[], [known_backup("monday", 1, True), known_backup("tuesday", 2, False)]]
    right = backups_row(ROTATING, lists[1])
    bad_lists = [
        ("the MAC", right[:-1] + bytes([right[-1] ^ 1]), "unauthentic"),
        ("the label of another row", backups_row(ROTATING, lists[1], label=b"manifest"), "unauthentic"),
        ("the row of the generation that retires", backups_row(ROTATING, lists[1], generation=1), "unauthentic"),
        ("a time after the year 9999", backups_row(ROTATING, [known_backup("monday", 1, True) | {1: 253_402_207_200_001}]), "malformed"),
        ("a byte behind the body", backups_row(ROTATING, lists[1], trailing=b"\x00"), "malformed"),
        ("the format", b"\x00" + right[1:], "newer"),
    ]
    named = lambda cases: [dict(zip(("broken", "row", "error"), case)) for case in cases]
    view = lambda one: {"id": one[0], "audit_seq": one[2], "master_key": one[3], "fingerprint": one[4], "records": one[5], "file_name": one[6], "finished": one[7]}
    return {
        "manifests": {"id": BACKUP_ID, "vault": VAULT, "records": 4, "good": good, "bad": named(bad), "bad_keyring": NEW.name},
        "lists": {"keyring": ROTATING.name, "good": [{"row": backups_row(ROTATING, made), "backups": [view(one) for one in made]} for made in lists], "bad": named(bad_lists)},
    }


# Whole vaults


def vault_vectors():
    """Every row of a vault at rest, and of one whose rotation was interrupted."""

    def used(*generations, suite=XAES):
        return [(key_id, usage_row(number, suite, key_id, name)) for number, key_id, name in zip(generations, (PLAIN_ID, SENTINEL), ("used", "none"))]

    def rows(keyring, chain, head_sets, records, lookups, usage, rotation=None):
        vault = {b"keyring": keyring.row(), b"head": head_row(keyring.active, chain, head_sets)}
        if rotation is not None:
            vault[b"rotation"] = rotation
        return {
            "vault": sorted(vault.items()),
            "keys": [(record.id, record.bytes) for record in records],
            "lookup": lookups,
            "usage": usage,
            "audit": [(u64(entry["seq"]), entry["line"].encode()) for entry in chain],
        }

    token = lambda name, prefix="sr", key_id=None: token_of(prefix, key_id, secret_of(name))
    valid = [
        {"id": PLAIN_ID, "token": token("plain", key_id=PLAIN_ID)},
        {"id": FULL_ID, "token": token("full", "my_app", FULL_ID), "address": "10.1.2.3"},
        {"id": IMPORTED_ID, "token": IMPORTED_TOKEN},
    ]
    refused = [
        {"token": token("revoked", key_id=REVOKED_ID), "refusal": "revoked"},
        {"token": token("full", "my_app", FULL_ID), "refusal": "address"},
        {"token": token_of("sr", id_of("nobody"), secret_of("nobody")), "refusal": "unknown"},
        {"token": token_of("sr", PLAIN_ID, secret_of("full")), "refusal": "unknown"},
        {"token": token("plain", key_id=PLAIN_ID)[:-1] + "?", "refusal": "unknown"},
        {"token": "nobody's token", "refusal": "unknown"},
    ]

    def at_rest(keyring, suite):
        records = all_records(1, suite)
        lookups = [lookup_row(1, IMPORTED_TOKEN, IMPORTED_ID), lookup_row(1, None, SENTINEL)]
        return {
            "name": keyring.name,
            "master_key": 1,
            "tables": rows(keyring, audit_chain(), [RecordSet(1, records)], records, lookups, used(1, 1, suite=suite)),
            "valid": valid,
            "refused": refused,
            "open_rotation": False,
            "exposed": [],
        }

    # Three records have moved, two have not; one was issued meanwhile.
    moved, waiting = all_records(2)[:3], all_records(1)[3:]
    sets = [RecordSet(1, all_records(1)), RecordSet(2, [late(2)])]
    lookups = [lookup_row(2, IMPORTED_TOKEN, IMPORTED_ID), lookup_row(2, None, SENTINEL)]
    interrupted = {
        "name": "rotating",
        "master_key": 2,
        "tables": rows(ROTATING, rotation_chain(), sets, moved + waiting + [late(2)], lookups, used(1, 2), rotation_row()),
        "valid": valid + [{"id": LATE_ID, "token": token("late", key_id=LATE_ID)}],
        "refused": refused,
        "open_rotation": True,
        "exposed": [],
        "moves": 4,
    }
    # The same after a leak, with nothing moved yet: what marks the API keys is the keyring.
    old = [PLAIN_ID, FULL_ID, IMPORTED_ID, REVOKED_ID]
    sets = [RecordSet(1, all_records(1)), RecordSet(2, [late(2)])]
    lookups = [lookup_row(number, token, key_id) for number in (1, 2) for token, key_id in ((IMPORTED_TOKEN, IMPORTED_ID), (None, SENTINEL))]
    leaked = interrupted | {
        "name": "leaked",
        "tables": rows(LEAKED, rotation_chain(compromised=1), sets, all_records(1) + [late(2)], lookups[:2], used(1, 1), rotation_row(_7=0, _9=[])),
        "exposed": old,
    }
    # And with all of it moved and proven.
    scrubbing = leaked | {
        "name": "scrubbing",
        "tables": rows(SCRUBBING, finished_chain(), [FINISHED_SET], exposed_records() + [late(2)], lookups[2:], used(2, 2), scrub_row()),
        "certificate": certificate(),
        "checkpoint": checkpoint(),
    }
    return [at_rest(NEW, XAES), at_rest(SUITE_2, XCHACHA), interrupted, leaked, scrubbing]


# Files


FILES = {
    "audit.json": audit_vectors,
    "backups.json": backup_vectors,
    "key_shares.json": key_share_vectors,
    "keyrings.json": keyring_vectors,
    "lookups.json": lookup_vectors,
    "master_keys.json": master_key_vectors,
    "records.json": record_vectors,
    "rows.json": row_vectors,
    "suites.json": suite_vectors,
    "tokens.json": token_vectors,
    "usage.json": usage_vectors,
    "vaults.json": vault_vectors,
    "verifier_keys.json": verifier_key_vectors,
}


def as_json(value):
    return json.dumps(hexed(value), indent=1, ensure_ascii=False) + "\n"


def hexed(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key: hexed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [hexed(item) for item in value]
    return value


def main():
    published_vectors_hold()
    folder, stale = Path(__file__).parent, []
    for name, make in FILES.items():
        path, text = folder / name, as_json(make())
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
    if stale:
        sys.exit(f"these differ: {', '.join(stale)}")


if __name__ == "__main__":
    main()
