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
import re
import sys
import zlib
from base64 import b64decode, b64encode, urlsafe_b64encode
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
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
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")  # RFC 8032 section 7.1, test 1
    assert public_of(seed).hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    signed = ed25519(seed, b"")
    assert signed.hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")
    assert accepts(public_of(seed), b"", signed) and not accepts(public_of(seed), b"x", signed)


def fixed(label, length=32):
    blocks = (hashlib.sha256(f"strongroom test vector/{label}/{at}".encode()).digest() for at in range(9))
    return b"".join(blocks)[:length]


# Signatures


PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
CURVE_D = -121665 * pow(121666, -1, PRIME) % PRIME
ROOT_OF_MINUS_ONE = pow(2, (PRIME - 1) // 4, PRIME)


def ed25519(seed, message):
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def public_of(seed):
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def malleated(signature):
    """The same R, and the other S that fits the equation."""
    return signature[:32] + (int.from_bytes(signature[32:], "little") + ORDER).to_bytes(32, "little")


class Point:
    """Of the curve of RFC 8032, in its extended coordinates. Only vectors that no honest signer makes need it."""

    def __init__(self, x, y, z=1):
        self.x, self.y, self.z, self.t = x * z % PRIME, y * z % PRIME, z, x * y * z % PRIME

    @staticmethod
    def of(x, y, z, t):
        made = Point(0, 1)
        made.x, made.y, made.z, made.t = x, y, z, t
        return made

    def __add__(self, other):
        a, b = (self.y - self.x) * (other.y - other.x) % PRIME, (self.y + self.x) * (other.y + other.x) % PRIME
        c, d = 2 * self.t * other.t * CURVE_D % PRIME, 2 * self.z * other.z % PRIME
        e, f, g, h = b - a, d - c, d + c, b + a
        return Point.of(e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME)

    def __rmul__(self, times_):
        total, power = Point(0, 1), self
        while times_:
            total = total + power if times_ & 1 else total
            power, times_ = power + power, times_ >> 1
        return total

    def __neg__(self):
        return Point.of(-self.x % PRIME, self.y, self.z, -self.t % PRIME)

    def __eq__(self, other):
        return (self.x * other.z - other.x * self.z) % PRIME == 0 and (self.y * other.z - other.y * self.z) % PRIME == 0

    def bytes(self):
        inverse_ = pow(self.z, -1, PRIME)
        x, y = self.x * inverse_ % PRIME, self.y * inverse_ % PRIME
        return (y | (x & 1) << 255).to_bytes(32, "little")

    @staticmethod
    def parse(encoded):
        """RFC 8032 section 5.1.3. None when there is no such point."""
        y, sign = int.from_bytes(encoded, "little") & (2**255 - 1), encoded[31] >> 7
        if y >= PRIME:
            return None
        square = (y * y - 1) * pow(CURVE_D * y * y + 1, -1, PRIME) % PRIME
        x = pow(square, (PRIME + 3) // 8, PRIME)
        if x * x % PRIME != square:
            x = x * ROOT_OF_MINUS_ONE % PRIME
        if x * x % PRIME != square or (x == 0 and sign):
            return None
        return Point(x if x & 1 == sign else PRIME - x, y)


BASE = Point.parse((4 * pow(5, -1, PRIME) % PRIME).to_bytes(32, "little"))


def torsion_point():
    """One of order 8."""
    for y in range(2, 99):
        point = Point.parse(y.to_bytes(32, "little"))
        if point is not None:
            point = ORDER * point
            if 4 * point != Point(0, 1):
                return point
    raise ValueError


def challenge(r, public, message):
    return int.from_bytes(hashlib.sha512(r + public + message).digest(), "little") % ORDER


def accepts(public, message, signature, small=False, malleable=False, cofactor=1):
    """Whether a reader does, by the rules of docs/format.md, Encodings; the others show what each of them refuses."""
    a, r, s = Point.parse(public), Point.parse(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or (s >= ORDER and not malleable):
        return False
    if not small and Point(0, 1) in (8 * a, 8 * r):
        return False
    return cofactor * (s * BASE) == cofactor * (r + challenge(signature[:32], public, message) * a)


def is_public_key(encoded):
    point = Point.parse(encoded)
    return point is not None and 8 * point != Point(0, 1)


def signature_vectors():
    good = []
    for version in MASTERS:
        for label in (b"strongroom/v1/row/head", b"strongroom/v1/hand-over", b"strongroom/v1/certificate"):
            said = fixed(f"said {version}", 40 + version)
            made = sign(version, label, said)
            Ed25519PublicKey.from_public_bytes(public_key(version)).verify(made, label + b"\x00" + said)
            good.append({"master_key": version, "public_key": public_key(version), "label": label.decode(), "bytes": said, "signature": made})
    one = good[0]
    label, said, public, signature = b"strongroom/v1/row/head", one["bytes"], one["public_key"], one["signature"]
    message = label + b"\x00" + said
    bad = [
        ("a bit of R", public, said, bytes([signature[0] ^ 1]) + signature[1:]),
        ("a bit of S", public, said, signature[:32] + bytes([signature[32] ^ 1]) + signature[33:]),
        ("the order of the group added to S", public, said, malleated(signature)),
        ("another label", public, said, sign(1, b"strongroom/v1/row/keyring", said)),
        ("no zero byte behind the label", public, said, ed25519(authority_seed(1), label + said)),
        ("the public key of another version", public_key(2), said, signature),
        ("one byte more", public, said + b"\x00", signature),
    ]
    assert accepts(public, message, malleated(signature), malleable=True)
    # What only a signer who breaks the rules makes. A secret scalar, and messages under which the equation holds or does not.
    torsion, none = torsion_point(), Point(0, 1)
    scalar, drawn = (int.from_bytes(fixed(f"scalar {at}"), "little") % ORDER for at in "ad")
    messages = [fixed(f"said {at}", 41) for at in range(99)]
    whole = lambda said: label + b"\x00" + said
    encoded = lambda s: (s % ORDER).to_bytes(32, "little")

    def equal(r, public, s_of, holds):
        """The first message for which `holds` is true of the challenge."""
        for said in messages:
            k = challenge(r, public, whole(said))
            if holds(k):
                return said, r + encoded(s_of(k))
        raise ValueError

    honest, mixed = (scalar * BASE).bytes(), (scalar * BASE + torsion).bytes()
    small = torsion.bytes()
    cases = [
        ("a public key of order 1", none.bytes(), equal((drawn * BASE).bytes(), none.bytes(), lambda k: drawn, lambda k: True)),
        ("a public key of order 8", small, equal((drawn * BASE).bytes(), small, lambda k: drawn, lambda k: k % 8 == 0)),
        ("a public key and an R of order 8, and S 0", small, equal((-torsion).bytes(), small, lambda k: 0, lambda k: k % 8 == 1)),
        ("an R of order 1", honest, equal(none.bytes(), honest, lambda k: k * scalar, lambda k: True)),
    ]
    for what, key, (said, made) in cases:
        assert accepts(key, whole(said), made, small=True), what
        bad.append((what, key, said, made))
    cases = [
        ("a public key of mixed order, by the equation with the cofactor", mixed, equal((drawn * BASE).bytes(), mixed, lambda k: drawn + k * scalar, lambda k: k % 8 == 1)),
        ("an R of mixed order, by the equation with the cofactor", honest, equal((drawn * BASE + torsion).bytes(), honest, lambda k: drawn + k * scalar, lambda k: True)),
    ]
    for what, key, (said, made) in cases:
        assert accepts(key, whole(said), made, cofactor=8), what
        bad.append((what, key, said, made))
    # Order 1 in two more spellings, which some decoders take.
    for what, spelling in (("y + p", (PRIME + 1).to_bytes(32, "little")), ("the sign of x", (1 | 1 << 255).to_bytes(32, "little"))):
        said, made = equal((drawn * BASE).bytes(), spelling, lambda k: drawn, lambda k: True)
        bad.append((f"a public key of order 1 with {what}", spelling, said, made))
    for what, key, said, made in bad:
        assert not accepts(key, whole(said), made), what
    bad = [{"broken": what, "public_key": key, "label": label.decode(), "bytes": said, "signature": made} for what, key, said, made in bad]
    for case in good:
        assert accepts(case["public_key"], case["label"].encode() + b"\x00" + case["bytes"], case["signature"])
    return {"good": good, "bad": bad}


# Master keys, wraps, keyring

VAULT, LINE = fixed("vault", 16), fixed("line", 16)
MASTERS = {version: fixed(f"master key {version}") for version in (1, 2, 3)}
CREATED = 1_772_366_400_123  # 2026-03-01T12:00:00.123Z


def text_of(master):
    return urlsafe_b64encode(master).decode()


def fingerprint(master):
    return expand(extract(None, master), b"strongroom/v1/master-key-fingerprint", 8)


def key_encryption_key(version, purpose, vault=VAULT):
    label = b"verify" if purpose == "lookup" else purpose.encode()
    return expand(extract(vault, MASTERS[version]), b"strongroom/v1/key-encryption-key/" + label, 32)


def authority_seed(version, vault=VAULT):
    return expand(key_encryption_key(version, "authority", vault), b"strongroom/v1/authority/signing-key", 32)


def public_key(version, vault=VAULT):
    return public_of(authority_seed(version, vault))


def sign(version, label, data):
    return ed25519(authority_seed(version), label + b"\x00" + data)


def hand_over(before, after, ended, vault=VAULT, signer=None, keys=None):
    keys = keys or (public_key(before), public_key(after))
    said = fields(vault, u32(before), keys[0], u32(after), keys[1], u64(ended))
    return sign(signer or before, b"strongroom/v1/hand-over", said)


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


def authenticated(label, version, body, form=b"\x01"):
    """The row, signed by the authority of a master key version."""
    row = form + body
    return row + sign(version, b"strongroom/v1/row/" + label, row)


def row_hash(label, row):
    return hashlib.sha256(b"strongroom/v1/row-hash\x00strongroom/v1/row/" + label + b"\x00" + row).digest()


def signed_wrongly(row):
    """What can be wrong with the signature of any row, whatever is in it."""
    return [
        ("a bit of R", row[:-64] + bytes([row[-64] ^ 1]) + row[-63:], "unauthentic"),
        ("a bit of S", row[:-32] + bytes([row[-32] ^ 1]) + row[-31:], "unauthentic"),
        ("the order of the group added to S", row[:-64] + malleated(row[-64:]), "unauthentic"),
        ("a signature of zeros", row[:-64] + bytes(64), "unauthentic"),
    ]


class Keyring:
    def __init__(self, name, suite, revision, masters, generations, lookups, exposed=None, policy=None, line=LINE, features=None):
        """`masters` are lists of version, time of retirement and number of entries at its end, and after a leak a fourth that says so.

        `lookups` are pairs of number and rows, `exposed` is said of the first generation.
        """
        self.name, self.suite, self.revision, self.line = name, suite, revision, line
        self.masters, self.active_master = masters, masters[-1][0]
        self.generations, self.active = generations, generations[-1]
        self.lookups, self.exposed, self.policy, self.features = lookups, exposed, policy, features
        self.wraps = [self.wrap(generation, purpose) for generation in generations for purpose in ("verify", "recover", "authority")]
        self.wraps += [self.wrap(number, "lookup") for number, _ in lookups]

    def wrap(self, generation, purpose):
        return wrap(self.active_master, self.suite, generation, purpose)

    def listed(self):
        """The master key versions as they stand in the row, by version."""
        made, before = {}, None
        for version, retired, *rest in self.masters:
            ended, *leaked = rest or [None]
            made[version] = {0: version, 1: fingerprint(MASTERS[version]), 2: CREATED + 1000 * version, 3: retired, 4: public_key(version), 5: ended}
            if before is not None and not before[2]:
                made[version][6] = hand_over(before[0], version, before[1])
            before = (version, ended, bool(leaked))
        return made

    def body(self, **changed):
        """`masters` changes fields of versions; `listed` says which stand there, and in which order."""
        named = {(made["generation"], made["purpose"]): Raw(made["cbor"]) for made in self.wraps}
        named.update(changed.get("wraps", {}))
        listed = self.listed()
        for version, said in changed.get("masters", {}).items():
            listed[version] = listed.get(version, {}) | said
        body = {
            0: VAULT,
            1: CREATED,
            2: self.suite,
            3: self.revision,
            4: self.active_master,
            5: [listed[version] for version in changed.get("listed", list(listed))],
            6: self.active,
            7: [
                {
                    0: number,
                    1: CREATED + 1000 * number,
                    2: named[number, "verify"],
                    3: named[number, "recover"],
                    4: self.exposed if number == 1 else None,
                    5: named[number, "authority"],
                    6: fence(audit_chain(), self.active)[2] if number == 1 and self.exposed else None,
                }
                for number in changed.get("generations", self.generations)
            ],
            8: [{0: number, 1: named[number, "lookup"], 2: rows} for number, rows in self.lookups],
            9: self.policy,
            10: self.line,
            11: self.features,
        }
        body.update(changed.get("fields", {}))
        return cbor(body)

    def row(self, **changed):
        body = self.body(**changed) + changed.get("trailing", b"")
        return authenticated(changed.get("label", b"keyring"), changed.get("signer", self.active_master), body, changed.get("form", b"\x01"))

    def hash(self):
        return row_hash(b"keyring", self.row())


# The log has 7 entries when the second master key version takes over, and 10 or 11 when the third does.
FIRST = (1, CREATED + 2000, 7)
NEW = Keyring("new", XAES, 1, [(1, None)], [1], [(1, None)])
SUITE_2 = Keyring("suite-2", XCHACHA, 1, [(1, None)], [1], [(1, None)])
ROTATING = Keyring("rotating", XAES, 2, [FIRST, (2, None)], [1, 2], [(1, None), (2, None)])
ROTATED = Keyring("rotated", XAES, 3, [FIRST, (2, None)], [2], [(1, 3), (2, None)])
REWRAPPED = Keyring("rewrapped", XAES, 4, [FIRST, (2, CREATED + 3000, 10), (3, None)], [2], [(1, 3), (2, None)])
LEAKED = Keyring("leaked", XAES, 2, [FIRST + (True,), (2, None)], [1, 2], [(1, None), (2, None)], exposed=CREATED + 2000)
SCRUBBING = Keyring("scrubbing", XAES, 3, [FIRST + (True,), (2, None)], [2], [(2, None)])
DAY = 86_400_000
RULES = {0: 90 * DAY, 1: 180 * DAY, 2: 360 * DAY, 3: True, 4: True, 5: "^(OPS|SEC)-[0-9]+", 6: DAY, 7: 100}
RULED = Keyring("ruled", XAES, 2, [(1, None)], [1], [(1, None)], policy=RULES)
RULED_LATER = Keyring("ruled-later", XAES, 4, [FIRST, (2, None)], [2], [(2, None)], policy={4: True, 8: ["a", "later", "rule"]})
HANDED_OVER = Keyring("handed-over", XAES, 4, [FIRST, (2, CREATED + 3000, 10), (3, None)], [2], [(2, None)])
RESTORED = Keyring("restored", XAES, 2, [(1, None)], [1], [(1, None)], line=fixed("line after a restore", 16))
FEATURES = {"deny-lists"}
FEATURED = Keyring("featured", XAES, 2, [(1, None)], [1], [(1, None)], features=["deny-lists"])
KEYRINGS = [NEW, SUITE_2, ROTATING, ROTATED, REWRAPPED, LEAKED, SCRUBBING, RULED, RULED_LATER, HANDED_OVER, RESTORED, FEATURED]


def keyring_vectors():
    good = [
        {
            "name": ring.name,
            "configured": [ring.active_master],
            "row": ring.row(),
            "row_hash": ring.hash(),
            "revision": ring.revision,
            "line": ring.line,
            "active_master_key": ring.active_master,
            "public_key": public_key(ring.active_master),
            "master_keys": [master_vector(listed) for listed in ring.listed().values()],
            "active_generation": ring.active,
            "generations": ring.generations,
            "exposed_at": ring.exposed,
            "lookup_keys": [number for number, _ in ring.lookups],
            "policy": ring.policy and policy_vector(ring.policy),
            "features": ring.features or [],
            "wraps": ring.wraps,
        }
        for ring in KEYRINGS
    ]
    by_purpose = {made["purpose"]: made for made in NEW.wraps}
    first = by_purpose["verify"]
    flipped = bytes([first["commitment"][0] ^ 1]) + first["commitment"][1:]
    wrong_commitment = wrap_cbor(1, XAES, first["nonce"], first["sealed"], flipped)
    other_tag = first["sealed"][:-1] + bytes([first["sealed"][-1] ^ 1])
    wrong_tag = wrap_cbor(1, XAES, first["nonce"], other_tag, first["commitment"])
    right, recover, authority = NEW.row(), Raw(by_purpose["recover"]["cbor"]), Raw(by_purpose["authority"]["cbor"])
    of_two = Raw(next(made["cbor"] for made in ROTATING.wraps if (made["generation"], made["purpose"]) == (2, "verify")))
    authority_of_two = Raw(next(made["cbor"] for made in ROTATING.wraps if (made["generation"], made["purpose"]) == (2, "authority")))
    third = {0: 3, 1: fingerprint(MASTERS[3]), 2: CREATED + 3000, 4: public_key(3)}
    ended = {3: CREATED + 4000, 5: 12}
    bad = [
        ("the commitment of a wrap", [1], NEW.row(wraps={(1, "verify"): Raw(wrong_commitment)}), "unwrap"),
        ("the tag of a wrap", [1], NEW.row(wraps={(1, "verify"): Raw(wrong_tag)}), "unwrap"),
        ("the wrap of another purpose", [1], NEW.row(wraps={(1, "verify"): recover}), "unwrap"),
        ("the wrap of the purpose recover for that of authority", [1], NEW.row(wraps={(1, "authority"): recover}), "unwrap"),
        ("the wrap of the purpose authority for that of recover", [1], NEW.row(wraps={(1, "recover"): authority}), "unwrap"),
        ("the wrap of another generation", [2], ROTATING.row(wraps={(1, "verify"): of_two}), "unwrap"),
        ("the wrap authority of another generation", [2], ROTATING.row(wraps={(1, "authority"): authority_of_two}), "unwrap"),
        ("a wrap under a retired master key", [1, 2], ROTATING.row(wraps={(1, "verify"): Raw(first["cbor"])}), "malformed"),
        ("a wrap authority under a retired master key", [1, 2], ROTATING.row(wraps={(1, "authority"): authority}), "malformed"),
        *[(what, [1], row, error) for what, row, error in signed_wrongly(right)],
        ("the label of the signature", [1], NEW.row(label=b"head"), "unauthentic"),
        ("signed by the authority of the version before", [1, 2], ROTATING.row(signer=1), "unauthentic"),
        ("signed by the authority of a version that is to come", [1], NEW.row(signer=2), "unauthentic"),
        ("signed by the authority of the same master key for another vault", [1], right[:-64] + ed25519(authority_seed(1, fixed("another vault", 16)), b"strongroom/v1/row/keyring\x00" + right[:-64]), "unauthentic"),
        ("signed by somebody whose public key it lists", [1], listed_by_itself(), "wrong-public-key"),
        ("the format", [1], NEW.row(form=b"\x02"), "newer"),
        ("a feature that is not known", [1], NEW.row(fields={11: ["prune"]}), "feature"),
        ("two features that are not known", [1], NEW.row(fields={11: ["moved", "prune"]}), "feature"),
        ("a feature that is not known behind one that is", [1], FEATURED.row(fields={11: ["deny-lists", "prune"]}), "feature"),
        ("a feature that is no text", [1], NEW.row(fields={11: [7]}), "malformed"),
        ("a feature, signed by another authority", [1, 2], ROTATING.row(signer=1, fields={11: ["prune"]}), "unauthentic"),
        ("a byte behind the body", [1], NEW.row(trailing=b"\x00"), "malformed"),
        ("a third generation", [2], authenticated(b"keyring", 2, three_generations()), "malformed"),
        ("an unknown suite", [1], NEW.row(fields={2: 3}), "malformed"),
        ("a field missing", [1], NEW.row(fields={6: None}), "malformed"),
        ("no lookup key for the active generation", [1], NEW.row(fields={8: []}), "malformed"),
        ("generation 0", [1], NEW.row(fields={7: [{0: 0, 1: CREATED, 2: Raw(first["cbor"]), 3: recover, 5: authority}]}), "malformed"),
        ("a generation without a data key authority", [1], NEW.row(fields={7: [{0: 1, 1: CREATED, 2: Raw(first["cbor"]), 3: recover}]}), "malformed"),
        ("no line", [1], NEW.row(fields={10: None}), "malformed"),
        ("a line of 15 bytes", [1], NEW.row(fields={10: LINE[:15]}), "malformed"),
        ("no public key", [1], NEW.row(masters={1: {4: None}}), "malformed"),
        ("a public key of 31 bytes", [1], NEW.row(masters={1: {4: public_key(1)[:31]}}), "malformed"),
        ("a hand-over of 63 bytes", [2], ROTATING.row(masters={2: {6: hand_over(1, 2, 7)[:63]}}), "malformed"),
        ("versions that do not ascend", [3], REWRAPPED.row(listed=[2, 1, 3]), "malformed"),
        ("a version twice", [3], REWRAPPED.row(listed=[1, 2, 2, 3]), "malformed"),
        ("version 0", [2], ROTATING.row(masters={1: {0: 0}}), "malformed"),
        ("a version behind the active one", [2], ROTATED.row(masters={3: third | ended}), "malformed"),
        ("the active version not listed", [2], ROTATED.row(listed=[1]), "malformed"),
        ("the active version ended", [1], NEW.row(masters={1: {5: 7}}), "malformed"),
        ("the active version retired", [1], NEW.row(masters={1: {3: CREATED + 2000}}), "malformed"),
        ("another version that has not ended", [2], ROTATED.row(masters={1: {5: None}}), "malformed"),
        ("another version that was not retired", [2], ROTATED.row(masters={1: {3: None}}), "malformed"),
        ("a version that ended before the one in front of it", [3], REWRAPPED.row(masters={2: {5: 6}, 3: {6: hand_over(2, 3, 6)}}), "malformed"),
        ("the fingerprint of a retired version", [1, 2], ROTATING.row(masters={1: {1: fingerprint(MASTERS[3])}}), "wrong-master-key"),
        ("the public key of the active version", [1], NEW.row(masters={1: {4: public_key(2)}}), "wrong-public-key"),
        ("the public key of a retired version", [1, 2], ROTATING.row(masters={1: {4: public_key(3)}}), "wrong-public-key"),
        ("the master key that is missing", [1], ROTATING.row(), "missing-master-key"),
        ("a policy that is no map", [1], NEW.row(fields={9: [1]}), "malformed"),
        ("a rule of another type", [1], NEW.row(fields={9: {4: 1}}), "malformed"),
        ("the policy changed, and not the signature", [1], NEW.row(fields={9: {4: True}})[:-64] + right[-64:], "unauthentic"),
        ("the row cut", [1], right[:30], "malformed"),
        ("the row empty", [1], b"", "malformed"),
    ]
    return {
        "good": good,
        "bad": [dict(zip(("broken", "configured", "row", "error"), case)) for case in bad],
        "hand_overs": hand_over_vectors(),
        "forward": forward_vectors(),
        "verifiers": keyring_verifier_vectors(),
    }


def master_vector(listed):
    names = ("version", "fingerprint", "added_at", "retired_at", "public_key", "ended", "hand_over")
    return {name: listed.get(key) for key, name in enumerate(names)}


def listed_by_itself():
    """A keyring that an outsider signs, who puts the public key that fits into it."""
    seed = fixed("an outsider")
    body = b"\x01" + NEW.body(masters={1: {4: public_of(seed)}})
    return body + ed25519(seed, b"strongroom/v1/row/keyring\x00" + body)


def hand_over_vectors():
    """From a public key that was pinned to the one of today, without any master key."""
    good = [
        ("the first version, still the active one", 1, NEW),
        ("over one", 1, ROTATING),
        ("over two", 1, REWRAPPED),
        ("over the second of two", 2, REWRAPPED),
        ("over none", 3, REWRAPPED),
        ("the version after one that leaked", 2, LEAKED),
    ]
    good = [
        {"what": what, "pinned": pinned, "public_key": public_key(pinned), "row": ring.row(), "master_key": ring.active_master, "leads_to": public_key(ring.active_master)}
        for what, pinned, ring in good
    ]
    changed = lambda made, ring=ROTATING: ring.row(masters={ring.active_master: {6: made}})
    right, other = hand_over(1, 2, 7), fixed("another vault", 16)
    keys = public_key(1), public_key(2)
    swapped = sign(1, b"strongroom/v1/hand-over", fields(VAULT, u32(2), keys[1], u32(1), keys[0], u64(7)))
    own_keys = lambda vault: (public_key(1, vault), public_key(2, vault))
    elsewhere = ed25519(authority_seed(1, other), b"strongroom/v1/hand-over\x00" + fields(other, u32(1), own_keys(other)[0], u32(2), own_keys(other)[1], u64(7)))
    bad = [
        ("the version before had leaked", 1, LEAKED.row(), "absent"),
        ("the hand-over missing", 1, changed(None), "absent"),
        ("the first of two missing", 1, REWRAPPED.row(masters={2: {6: None}}), "absent"),
        ("a bit of it", 1, changed(bytes([right[0] ^ 1]) + right[1:]), "wrong"),
        ("the order of the group added to its S", 1, changed(malleated(right)), "wrong"),
        ("with another vault in it", 1, changed(hand_over(1, 2, 7, vault=other)), "wrong"),
        ("of the same master keys for another vault", 1, changed(elsewhere), "wrong"),
        ("with another end in it", 1, changed(hand_over(1, 2, 8)), "wrong"),
        ("the end in the list", 1, ROTATING.row(masters={1: {5: 8}}), "wrong"),
        ("signed by the authority after", 1, changed(hand_over(1, 2, 7, signer=2)), "wrong"),
        ("to another public key", 1, changed(hand_over(1, 2, 7, keys=(keys[0], public_key(3)))), "wrong"),
        ("from another public key", 1, changed(hand_over(1, 2, 7, keys=(public_key(3), keys[1]))), "wrong"),
        ("to another version", 1, changed(hand_over(1, 3, 7, keys=keys)), "wrong"),
        ("before and after swapped", 1, changed(swapped), "wrong"),
        ("under the label of a row", 1, changed(sign(1, b"strongroom/v1/row/keyring", fields(VAULT, u32(1), keys[0], u32(2), keys[1], u64(7)))), "wrong"),
        ("from the version before the one before", 1, changed(hand_over(1, 3, 7), REWRAPPED), "wrong"),
        ("the public key of the version pinned exchanged", 1, ROTATING.row(masters={1: {4: public_key(3)}}), "pin"),
        ("the public key of today exchanged", 1, ROTATING.row(masters={2: {4: public_key(3)}}), "wrong"),
        ("the version pinned not listed", 1, REWRAPPED.row(listed=[2, 3]), "pin"),
        ("a version pinned that is to come", 3, ROTATED.row(), "pin"),
        ("the row signed by the version before", 1, ROTATING.row(signer=1), "unauthentic"),
    ]
    return {"good": good, "bad": [{"broken": what, "pinned": pinned, "public_key": public_key(pinned), "row": row, "error": error} for what, pinned, row, error in bad]}


def forward_vectors():
    """What a process makes of a keyring after another one that it has seen."""
    cases = [
        ("the same row", NEW.row(), NEW.row(), None),
        ("a rotation began", NEW.row(), ROTATING.row(), None),
        ("and finished", ROTATING.row(), ROTATED.row(), None),
        ("everything at once", NEW.row(), REWRAPPED.row(), None),
        ("a change under the same master key", NEW.row(), RULED.row(), None),
        ("the one before put back", ROTATED.row(), ROTATING.row(), "lower-revision"),
        ("another one of the same revision", ROTATING.row(), LEAKED.row(), "same-revision"),
        ("the retired master key, and a higher revision", ROTATING.row(), NEW.row(fields={3: 9}), "lower-master-key"),
        ("another line, and a higher revision", NEW.row(), RESTORED.row(), "other-line"),
    ]
    return [dict(zip(("what", "seen", "then", "error"), case)) for case in cases]


def keyring_verifier_vectors():
    """Keyrings and the verifier keys that a process has."""

    def key(version, print_=None, public=None):
        made = verifier_key_bytes(VAULT, print_ or fingerprint(MASTERS[version]), key_encryption_key(version, "verify"), public or public_key(version))
        return verifier_key_text(made)

    cases = [
        ("the active version", NEW.row(), {1: key(1)}, None),
        ("two versions", ROTATING.row(), {1: key(1), 2: key(2)}, None),
        ("a version to come as well", NEW.row(), {1: key(1), 2: key(2)}, None),
        ("a fingerprint that is not the one listed", NEW.row(), {1: key(1, print_=fingerprint(MASTERS[2]))}, "wrong-master-key"),
        ("a public key that is not the one listed", NEW.row(), {1: key(1, public=public_key(2))}, "wrong-public-key"),
        ("a public key of a retired version that is not the one listed", ROTATING.row(), {1: key(1, public=public_key(3)), 2: key(2)}, "wrong-public-key"),
        ("a row signed by somebody whose public key it lists", listed_by_itself(), {1: key(1)}, "wrong-public-key"),
        ("a row signed by the version before", ROTATING.row(signer=1), {1: key(1), 2: key(2)}, "unauthentic"),
        ("the active version missing", ROTATING.row(), {1: key(1)}, "missing-master-key"),
    ]
    return [
        {"what": what, "row": row, "verifier_keys": [{"version": version, "text": text} for version, text in keys.items()], "error": error}
        for what, row, keys, error in cases
    ]


def policy_vector(rules):
    names = ("max_key_age", "master_key_age", "master_key_refused", "require_expiry", "require_owner", "reason", "reissue_grace", "min_import_bits")
    known = {name: rules.get(key) for key, name in enumerate(names)}
    return {"cbor": cbor(rules)} | known | {"newer": any(key >= len(names) for key in rules)}


def three_generations():
    ring = Keyring("three", XAES, 2, [FIRST, (2, None)], [3, 1, 2], [(1, None), (2, None)])
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
            "key_encryption_key_authority": key_encryption_key(version, "authority"),
            "authority_seed": authority_seed(version),
            "public_key": public_key(version),
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


def verifier_key_bytes(vault, print_, key, public):
    body = vault + print_ + key + public
    return body + u32(zlib.crc32(b"srv1-" + body))


def verifier_key_text(encoded):
    return "srv1-" + urlsafe_b64encode(encoded).decode().rstrip("=")


def verifier_key_vectors():
    def whole(version):
        return verifier_key_bytes(VAULT, fingerprint(MASTERS[version]), key_encryption_key(version, "verify"), public_key(version))

    good = [
        {
            "version": version,
            "master_key": text_of(master),
            "vault": VAULT,
            "fingerprint": fingerprint(master),
            "key": key_encryption_key(version, "verify"),
            "public_key": public_key(version),
            "text": verifier_key_text(whole(version)),
        }
        for version, master in MASTERS.items()
    ]
    one, text = whole(1), good[0]["text"]
    standard = next(made for made in (verifier_key_text(whole(version)) for version in MASTERS) if set("-_") & set(made[5:]))
    swapped = one[16:24] + one[:16] + one[24:]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert (len(one), len(text)) == (92, 5 + 123)
    bad = [
        ("a bit of the key", verifier_key_text(one[:40] + bytes([one[40] ^ 1]) + one[41:]), "check"),
        ("a bit of the public key", verifier_key_text(one[:70] + bytes([one[70] ^ 1]) + one[71:]), "check"),
        ("a bit of the vault id", verifier_key_text(bytes([one[0] ^ 1]) + one[1:]), "check"),
        ("a bit of the fingerprint", verifier_key_text(one[:16] + bytes([one[16] ^ 1]) + one[17:]), "check"),
        ("a bit of the check", verifier_key_text(one[:-1] + bytes([one[-1] ^ 1])), "check"),
        ("the fields in another order", verifier_key_text(swapped), "check"),
        ("a check without the prefix in it", verifier_key_text(one[:-4] + u32(zlib.crc32(one[:-4]))), "check"),
        ("without the public key", verifier_key_text(one[:56] + u32(zlib.crc32(b"srv1-" + one[:56]))), "length"),
        ("the last character is not canonical", text[:-1] + alphabet[alphabet.index(text[-1]) + 1], "alphabet"),
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
        ("format 0", made(form=0), "malformed"),
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
        ("a verifier key", verifier_key_text(verifier_key_bytes(VAULT, fingerprint(MASTERS[1]), values, public_key(1))), "prefix"),
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

    def commitment(self):
        """What the audit log says of it."""
        held = {key: value for key, value in self.attributes.items() if key != 10 and value is not None}
        pairs = b"".join(cbor(key) + cbor(held[key]) for key in sorted(held))
        return hashlib.sha256(b"strongroom/v1/commitment\x00" + VAULT + self.id + self.header[2:3] + pairs).digest()

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
            "commitment": self.commitment(),
        }
        if self.secret is not None:
            made["recover_key"] = part_key(self.generation, "recover", self.suite)
            made["recover_aad"] = part_aad("recover", self.id, self.header)
        return made


def salt(secret, change):
    """Of the record with this secret, after this change."""
    return fixed(f"salt {secret} {change}")


def attributes(secret, name, **more):
    """Field numbers as in docs/format.md, Attributes."""
    numbers = {"owner": 3, "expires": 4, "revoked": 5, "scopes": 6, "networks": 7, "labels": 8, "exposed": 10}
    numbers |= {"not_before": 11, "suspended": 12, "revoke_at": 13, "replaces": 14, "replaced_by": 15, "denied": 17, "wildcards": 20}
    made = {0: hashlib.sha256(secret.encode()).digest(), 1: CREATED, 2: name, 9: more.pop("prefix", "sr"), 16: salt(secret, more.pop("change", "made"))}
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
OLD_ID, NEW_ID, LIMITED_ID = id_of("old"), id_of("new"), id_of("limited")
IMPORTED_TOKEN = "tok_live_von früher"


def sentinel(generation, suite=XAES, **said):
    held = {0: fixed("sentinel digest"), 1: CREATED, 2: "sentinel", 5: CREATED, 9: "sr", 16: salt("sentinel", "made")}
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
    held = attributes(secret_of("revoked"), "n", revoked=CREATED + 500, change="revoked", **said)
    return Record("revoked, unrecoverable", generation, REVOKED_ID, held, None, suite)


def not_yet_revoked(generation):
    """What `revoked` was before."""
    return Record("not yet revoked", generation, REVOKED_ID, attributes(secret_of("revoked"), "n"), None)


def late(generation):
    return Record("late", generation, LATE_ID, attributes(secret_of("late"), "issued during a rotation"), secret_of("late"))


def limited(generation):
    """With all that limits where and for what a token may be used."""
    held = attributes(secret_of("limited"), "n", scopes=["invoices:*"], networks=["10.0.0.0/8"], denied=["10.1.0.0/16", "2001:db8::/32"], wildcards=True)
    return Record("limited", generation, LIMITED_ID, held, None)


def all_records(generation, suite=XAES, **said):
    return [make(generation, suite, **said) for make in (plain, full, imported, revoked, sentinel)]


def exposed_records():
    """Those of a rotation that began because the master key had leaked, moved."""
    return all_records(2, exposed=LEAKED.exposed)


def reissued_records(generation):
    """An API key that gives way to another: suspended, and to be revoked an hour after that."""
    said = dict(not_before=CREATED + 1, suspended=CREATED + 600)
    old = attributes(secret_of("old"), "n", revoke_at=CREATED + 3_601_000, replaced_by=NEW_ID, change="reissued", **said)
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
        old = before | {13: end, 15: NEW_ID, 16: salt(secret_of("old"), what)} | ({5: at} if end == at else {})
        new = {key: value for key, value in before.items() if key not in (5, 10, 15)}
        new |= {0: hashlib.sha256(secret_of("new").encode()).digest(), 1: at, 14: OLD_ID, 9: before[9] or "sr", 16: salt(secret_of("new"), what)}
        yield {
            "what": what,
            "old_id": OLD_ID.hex(),
            "new_id": NEW_ID.hex(),
            "at": at,
            "grace": grace,
            "new_secret": secret_of("new"),
            "old_salt": old[16].hex(),
            "new_salt": new[16].hex(),
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
    good += [limited(1).vector(FEATURED)]
    one, other, young = plain(1), full(1), plain(2)
    flip = lambda bytes_, at, bit=1: bytes_[:at] + bytes([bytes_[at] ^ bit]) + bytes_[at + 1 :]
    # The same plaintext, so that lengths and headers agree.
    again = Record("plain", 1, PLAIN_ID, attributes(secret_of("plain"), "billing worker"), secret_of("other"), round=1)
    extended = dict(one.attributes)
    extended[200] = "from a later version"
    without = lambda field, **more: Record(f"without {field} {more}", 1, PLAIN_ID, {key: held for key, held in one.attributes.items() if key != field} | more.get("said", {}))
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
        ("no digest", PLAIN_ID, without(0).bytes, "attributes"),
        ("no salt", PLAIN_ID, without(16).bytes, "attributes"),
        ("a salt of 31 bytes", PLAIN_ID, without(16, said={16: one.attributes[16][:31]}).bytes, "attributes"),
        ("a salt that is a text", PLAIN_ID, without(16, said={16: "s" * 32}).bytes, "attributes"),
    ]
    fine = [
        ("a field of a later version", Record("later", 1, PLAIN_ID, extended, secret_of("plain"))),
        ("sealed a second time", again),
    ]
    return {
        "good": good,
        "bad": [dict(zip(("broken", "id", "record", "error"), case)) | {"keyring": ROTATING.name} for case in bad],
        "unusual": [{"what": what, "id": PLAIN_ID, "record": made.bytes, "keyring": ROTATING.name, "commitment": made.commitment()} for what, made in fine],
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
    return expand(data_key(generation, "authority"), b"strongroom/v1/record-set", 32)


def element(record):
    return int.from_bytes(mac(record_set_key(record.generation), b"\x01", record.bytes), "little")


class RecordSet:
    """Records counted in, and records counted out."""

    def __init__(self, generation, joined, left=(), key=record_set_key, element=element):
        """`key` and `element` are others in sets that are computed by other rules."""
        self.generation, self.joined, self.left = generation, list(joined), list(left)
        self.count = (len(self.joined) - len(self.left)) % 2**64
        self.sum = (sum(map(element, self.joined)) - sum(map(element, self.left))) % 2**256
        self.nonce = fixed(f"record set {generation} {self.count} {self.sum}", 16)
        self.mask = int.from_bytes(mac(key(generation), b"\x00", self.nonce), "little")
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


# The tree of the audit log


def leaf_hash(line):
    return hashlib.sha256(b"\x00" + line).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_root(leaves):
    """RFC 6962 section 2.1, over the hashes of leaves."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = largest_power_below(len(leaves))
    return node_hash(tree_root(leaves[:split]), tree_root(leaves[split:]))


def largest_power_below(number):
    return 1 << (number - 1).bit_length() - 1


def compact_range(leaves):
    subtrees, at = [], 0
    for bit in reversed(range(len(leaves).bit_length())):
        if len(leaves) >> bit & 1:
            subtrees.append(tree_root(leaves[at : at + (1 << bit)]))
            at += 1 << bit
    return subtrees


def folded(subtrees):
    if not subtrees:
        return hashlib.sha256(b"").digest()
    root = subtrees[-1]
    for subtree in reversed(subtrees[:-1]):
        root = node_hash(subtree, root)
    return root


def consistency_proof(old, leaves, whole=True):
    """RFC 6962 section 2.1.2: PROOF and SUBPROOF."""
    if old == len(leaves):
        return [] if whole else [tree_root(leaves)]
    split = largest_power_below(len(leaves))
    if old <= split:
        return consistency_proof(old, leaves[:split], whole) + [tree_root(leaves[split:])]
    return consistency_proof(old - split, leaves[split:], False) + [tree_root(leaves[:split])]


def inclusion_proof(index, leaves):
    """RFC 6962 section 2.1.1: PATH."""
    if len(leaves) == 1:
        return []
    split = largest_power_below(len(leaves))
    if index < split:
        return inclusion_proof(index, leaves[:split]) + [tree_root(leaves[split:])]
    return inclusion_proof(index - split, leaves[split:]) + [tree_root(leaves[:split])]


def included(index, size, leaf, root, proof):
    """RFC 9162 section 2.1.3.2."""
    if index >= size:
        return False
    fn, sn, r = index, size - 1, leaf
    for step in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node_hash(step, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, step)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def consistent(old, new, old_root, new_root, proof):
    """RFC 9162 section 2.1.4.2."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    if not proof:
        return False
    path = list(proof)
    if old & old - 1 == 0:
        path.insert(0, old_root)
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for step in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node_hash(step, fr), node_hash(step, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, step)
        fn, sn = fn >> 1, sn >> 1
    return (fr, sr, sn) == (old_root, new_root, 0)


def tree_vectors():
    """Over lines that are numbered from 0: `line 0`, `line 1` and so on."""
    most = 12_345
    leaves = [leaf_hash(f"line {at}".encode()) for at in range(most)]
    sizes = [*range(41), 63, 64, 65, 100, 127, 128, 255, 256, 257, 1000, 4095, 4096, 4097, 5000, 8191, 8192, 8193, most]
    trees = []
    for size in sizes:
        made = {"size": size, "root": tree_root(leaves[:size]), "range": compact_range(leaves[:size])}
        assert folded(made["range"]) == made["root"] and len(made["range"]) == bin(size).count("1")
        trees.append(made)
    # RFC 6962's own test vectors are of the tree of no leaves and of that of one empty leaf.
    assert trees[0]["root"].hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    roots = {made["size"]: made["root"] for made in trees}
    pairs = [(old, new) for new in range(1, 18) for old in range(1, new + 1)]
    pairs += [(1, 40), (31, 32), (32, 33), (7, 100), (64, 128), (65, 257), (100, 1000), (4096, 4097), (4095, 8192), (4096, 8192), (5000, most), (8192, most), (most, most)]
    good = [{"old": old, "new": new, "proof": consistency_proof(old, leaves[:new])} for old, new in pairs]
    for case in good:
        assert consistent(case["old"], case["new"], roots[case["old"]], roots[case["new"]], case["proof"])
    right = lambda old, new: (old, new, roots[old], roots[new], consistency_proof(old, leaves[:new]))
    flipped = lambda hash_: bytes([hash_[0] ^ 1]) + hash_[1:]

    def changed(what, pair, **said):
        size, length, first, second, proof = right(*pair)
        made = {"old": size, "new": length, "old_root": first, "new_root": second, "proof": proof} | said
        assert not consistent(made["old"], made["new"], made["old_root"], made["new_root"], made["proof"]), what
        return {"broken": what} | made

    bad = []
    for pair in ((6, 8), (4, 8), (3, 7), (7, 13), (100, 1000)):
        (old, new), proof = pair, right(*pair)[4]
        bad += [changed(f"a bit of hash {at}", pair, proof=proof[:at] + [flipped(proof[at])] + proof[at + 1 :]) for at in range(len(proof))]
        bad += [
            changed("the last hash missing", pair, proof=proof[:-1]),
            changed("the first hash missing", pair, proof=proof[1:]),
            changed("a hash too many at the end", pair, proof=proof + [roots[old]]),
            changed("a hash too many in front", pair, proof=[roots[old]] + proof),
            changed("no proof", pair, proof=[]),
            changed("a bit of the old root", pair, old_root=flipped(roots[old])),
            changed("a bit of the new root", pair, new_root=flipped(roots[new])),
            changed("the roots swapped", pair, old_root=roots[new], new_root=roots[old]),
            changed("the old size one lower", pair, old=old - 1),
            changed("the new size doubled", pair, new=2 * new),
            changed("the sizes swapped", pair, old=new, new=old),
        ]
        if len(proof) > 1:
            bad.append(changed("the hashes in the other order", pair, proof=proof[::-1]))
    bad += [
        changed("the same size and another root", (8, 8), new_root=roots[7]),
        changed("the same size, and a proof", (8, 8), proof=[roots[8]]),
        changed("a tree that grew from another", (5, 9), old_root=tree_root(leaves[1:6])),
        changed("a leaf that is a node", (2, 3), old_root=leaf_hash(leaves[0] + leaves[1])),
    ]
    subtrees = [{"number": at, "key": b"subtree/" + u64(at), "node": tree_root(leaves[4096 * at : 4096 * (at + 1)])} for at in range(most // 4096)]
    return {"lines": "line {n}, n from 0", "trees": trees, "consistency": {"good": good, "bad": bad}, "subtrees": {"entries": most, "rows": subtrees}}


# Head, rotation


def tree_of(chain):
    return compact_range([leaf_hash(entry["line"].encode()) for entry in chain])


def root_of(chain):
    return folded(tree_of(chain))


def head_row(keyring, chain, sets, backups=None, label=b"head", signer=None, trailing=b"", **changed):
    """`backups` is the row of this name, when there is one."""
    body = {
        0: chain[-1]["seq"],
        1: chain[-1]["hash"],
        2: [made.stored for made in sets],
        3: keyring.revision,
        4: keyring.hash(),
        5: backups and row_hash(b"backups", backups),
        6: keyring.line,
        7: tree_of(chain),
    }
    body.update({int(key[1:]): value for key, value in changed.items()})
    return authenticated(label, signer or keyring.active_master, cbor(body) + trailing)


ROTATION_SETS = [RecordSet(1, [], all_records(1)[:3]), RecordSet(2, all_records(2)[:3])]
ROTATION = {0: 1, 1: 1, 2: 2, 3: 1, 4: 2, 5: None, 6: CREATED + 2000, 7: 3, 8: None, 9: [made.stored for made in ROTATION_SETS]}
LEASE = {0: fixed("owner", 16), 1: CREATED + 4000, 2: True}


FINISHED_SET = RecordSet(2, exposed_records() + [late(2)])


def scrub_row(**changed):
    """The row of a rotation of which only scrubbing is left."""
    finish = {0: finished_chain()[-1]["seq"], 1: FINISHED_SET.stored}
    return rotation_row(**({"_0": 3, "_7": 4, "_9": [], "_10": finish} | changed))


def rotation_row(label=b"rotation", signer=2, trailing=b"", **changed):
    body = dict(ROTATION)
    body.update({int(key[1:]): value for key, value in changed.items()})
    return authenticated(label, signer, cbor(body) + trailing)


def row_vectors():
    chain = audit_chain()
    lists = backups_row(NEW, [known_backup("monday", 1, True)])
    heads = [
        (NEW, chain, [RecordSet(1, all_records(1))], None),
        (SUITE_2, chain, [RecordSet(1, all_records(1, XCHACHA))], None),
        (NEW, chain, [], None),
        (NEW, chain, [RecordSet(1, all_records(1))], lists),
        (NEW, chain[:1], [RecordSet(1, all_records(1)[-1:])], None),
        (ROTATING, rotation_chain(), [RecordSet(1, all_records(1)), RecordSet(2, [late(2)])], None),
    ]
    good_heads = [
        {
            "keyring": ring.name,
            "row": head_row(ring, followed, sets, backups),
            "row_hash": row_hash(b"head", head_row(ring, followed, sets, backups)),
            "seq": followed[-1]["seq"],
            "hash": followed[-1]["hash"],
            "keyring_revision": ring.revision,
            "keyring_hash": ring.hash(),
            "backups": backups,
            "backups_hash": backups and row_hash(b"backups", backups),
            "line": ring.line,
            "tree": tree_of(followed),
            "root": root_of(followed),
            "sets": [made.vector() for made in sets],
        }
        for ring, followed, sets, backups in heads
    ]
    sets = heads[0][2]
    made = lambda **changed: head_row(NEW, chain, sets, **changed)
    right, tree = made(), tree_of(chain)
    bad_heads = [
        *signed_wrongly(right),
        ("a byte of the body", right[:2] + bytes([right[2] ^ 1]) + right[3:], "unauthentic"),
        ("signed by the authority of another version", made(signer=2), "unauthentic"),
        ("the label of another row", made(label=b"keyring"), "unauthentic"),
        ("a byte behind the body", made(trailing=b"\x00"), "malformed"),
        ("a set of a generation that is not there", head_row(NEW, chain, [RecordSet(2, all_records(2))]), "malformed"),
        *[(f"field {field} missing", made(**{f"_{field}": None}), "malformed") for field in (0, 1, 2, 3, 4, 6, 7)],
        ("a hash of the keyring of 31 bytes", made(_4=NEW.hash()[:31]), "malformed"),
        ("a hash of the row backups of 31 bytes", made(_5=bytes(31)), "malformed"),
        ("a line of 17 bytes", made(_6=LINE + b"\x00"), "malformed"),
        ("a subtree too many", made(_7=tree + tree[:1]), "malformed"),
        ("a subtree too few", made(_7=tree[:-1]), "malformed"),
        ("a subtree of 31 bytes", made(_7=tree[:-1] + [tree[-1][:31]]), "malformed"),
        ("the format", b"\x02" + right[1:], "newer"),
        ("the row cut", right[:64], "malformed"),
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
        *signed_wrongly(right),
        ("signed by the authority of the version before", rotation_row(signer=1), "unauthentic"),
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
        ("format 0", b"\x00" + right[1:], "malformed"),
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


MEETS_A_RECORD = ("export", "recover", "reissue", "resume", "revoke", "schedule-revocation", "suspend", "update")


def entry(at, actor, action, key=None, reason=None, counts=None, record=None, cause=None, joined=False, was=None):
    """`record` is the one after it, and `was` one that it met, where that is not what the log says. `joined` is said of an entry in the commit of the one before."""
    return {"at": at, "actor": actor, "action": action, "key": key, "reason": reason, "counts": counts or {}, "record": record, "cause": cause, "joined": joined, "was": was}


def audit_chain():
    """Entries of a vault whose records are those of `all_records`."""
    entries = [
        entry("2026-03-01T12:00:00.123Z", "deploy", "init", counts={"master_key": 1}, record=sentinel(1)),
        entry("2026-03-01T12:00:01Z", "alice", "issue", PLAIN_ID, record=plain(1)),
        entry("2026-03-01T12:00:01.1Z", 'bob "the\\builder"', "issue", FULL_ID, "tab\tline\nbell\x07 é 🗝", record=full(1)),
        entry("2026-03-01T12:00:01.12Z", "alice", "import", IMPORTED_ID, record=imported(1)),
        entry("2026-03-01T12:00:02Z", "alice", "issue", REVOKED_ID, record=not_yet_revoked(1)),
        entry("2026-03-01T12:00:03Z", "alice", "revoke", REVOKED_ID, "left the company", record=revoked(1)),
        entry("2026-03-01T12:00:04Z", "carol", "recover", REVOKED_ID, "ticket 7", cause="not-recoverable"),
    ]
    return follow(entries, [])


def follow(entries, chain):
    """The chain with these entries behind it."""
    chain = list(chain)
    for said in entries:
        seq, previous = len(chain) + 1, chain[-1]["hash"] if chain else chain_hash(VAULT)
        act = chain[-1]["act"] if said["joined"] else fixed(f"act {seq} {said['action']}", 16)
        key, record, outcome = said["key"], said["record"] and said["record"].commitment(), "refused" if said["cause"] else "done"
        meets = outcome == "done" and said["action"] in MEETS_A_RECORD
        was = said["was"].commitment() if said["was"] else last_commitment(chain, key) if meets else None
        assert (was is not None) == meets
        shown = {"seq": seq, "at": said["at"], "act": act.hex(), "actor": said["actor"], "action": said["action"]}
        shown |= {"key": key and id_text(key), "reason": said["reason"], "counts": dict(sorted(said["counts"].items())) or None}
        shown |= {"outcome": outcome, "cause": said["cause"], "was": was and was.hex(), "record": record and record.hex(), "prev": previous.hex()}
        shown = {name: value for name, value in shown.items() if value is not None}
        line = json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()
        made = {"seq": seq, "line": line.decode(), "hash": chain_hash(line), "leaf": leaf_hash(line)}
        made |= {name: said[name] for name in ("at", "actor", "action", "key", "reason", "counts", "cause")}
        chain.append(made | {"act": act, "outcome": outcome, "was": was, "record": record})
    return chain


def last_commitment(chain, key):
    return next(entry["record"] for entry in reversed(chain) if entry["key"] == key and entry["record"])


def fence(chain, generation):
    """The one row of it, the index, and what the keyring holds: what the log says of each id up to here."""
    key, said = expand(data_key(generation, "verify"), b"strongroom/v1/fence", 32), {}
    for entry in chain:
        if entry["record"]:
            said[entry["key"] or SENTINEL] = entry["record"]
    marks = {at: mac(key, b"strongroom/v1/fence/mark\x00", at, commitment[:16])[:8] for at, commitment in said.items()}
    row = b"".join(at + marks[at] for at in sorted(marks))
    index = bytes(16) + hashlib.sha256(b"strongroom/v1/fence/row\x00" + row).digest()
    return row, index, hashlib.sha256(b"strongroom/v1/fence/index\x00" + index).digest()


VERSIONS = {"from_master_key": 1, "to_master_key": 2, "from_generation": 1, "to_generation": 2}


def rotation_chain(**notes):
    more = [
        entry("2026-03-01T12:00:05Z", "oscar", "rotation-started", counts=VERSIONS | notes),
        entry("2026-03-01T12:00:06Z", "alice", "issue", LATE_ID, record=late(2)),
    ]
    return follow(more, audit_chain())


def finished_chain(**notes):
    notes = notes or {"compromised": 1}
    notes = {name: count for name, count in notes.items() if count}
    counts = VERSIONS | {"moved": 4, "verified": 5} | notes
    return follow([entry("2026-03-01T12:00:07Z", "oscar", "rotation-finished", counts=counts)], rotation_chain(**notes))


def handed_over_chain():
    """A rotation without a leak, and a third master key version over the same generation."""
    more = [
        entry("2026-03-01T12:00:09Z", "oscar", "rewrap", counts={"from_master_key": 2, "to_master_key": 3}),
        entry("2026-03-01T12:00:10Z", "dana", "export", PLAIN_ID, "moving house"),
    ]
    return follow(more, finished_chain(compromised=0))


def audit_vectors():
    old, new = reissued_records(2)
    old_before = Record("old", 2, OLD_ID, attributes(secret_of("old"), "n", not_before=CREATED + 1), secret_of("old"))
    suspended = Record("suspended", 2, OLD_ID, attributes(secret_of("old"), "n", not_before=CREATED + 1, suspended=CREATED + 600, change="suspended"), secret_of("old"))
    more = [
        entry("2026-03-01T12:00:08Z", "dana", "verifier-key", reason="the gateway verifies", counts={"master_key": 2}),
        entry("2026-03-01T12:00:09Z", "alice", "issue", OLD_ID, record=old_before),
        entry("2026-03-01T12:00:10Z", "alice", "suspend", OLD_ID, record=suspended),
        entry("2026-03-01T12:00:11Z", "alice", "reissue", OLD_ID, "lost laptop", {"grace_ms": 3_600_000}, old),
        entry("2026-03-01T12:00:11Z", "alice", "issue", NEW_ID, "lost laptop", record=new, joined=True),
        entry("2026-03-01T12:00:12Z", "cron", "backup", counts={"master_key": 2}),
        entry("2026-03-01T12:00:13.5Z", "cron", "backup-finished", counts={"backup_seq": 15, "keys": 7}),
        entry("2026-03-01T12:00:14Z", "alice", "issue", cause="policy-expiry"),
    ]
    chain = follow(more, rotation_chain())
    line, record, act = chain[1]["line"], chain[1]["record"].hex(), chain[1]["act"].hex()
    field = f',"record":"{record}"'
    assert field in line and chain[13]["act"] == chain[12]["act"]
    bad = [
        ("a byte of the line", 2, line.replace("alice", "alicf"), "broken at the next"),
        ("another commitment", 2, line.replace(record, record[:-1] + ("0" if record[-1] != "0" else "1")), "broken at the next"),
        ("another act", 2, line.replace(act, act[:-1] + ("0" if act[-1] != "0" else "1")), "broken at the next"),
        ("the hash of the entry before", 2, line[:-3] + ("0" if line[-3] != "0" else "1") + line[-2:], "broken"),
        ("the sequence number", 2, line.replace('"seq":2', '"seq":3'), "broken"),
        ("the row's key", 3, line, "missing"),
        ("an unknown action", 2, line.replace('"issue"', '"borrow"'), "malformed"),
        ("cut", 2, line[:-1], "malformed"),
        ("no act", 2, line.replace(f',"act":"{act}"', ""), "malformed"),
        ("an act of 31 characters", 2, line.replace(act, act[:-1]), "malformed"),
        ("an act in upper case", 2, line.replace(act, act.upper()), "malformed"),
        ("no commitment where one is due", 2, line.replace(field, ""), "malformed"),
        ("a commitment where none is due", 2, line.replace('"issue"', '"policy"'), "malformed"),
        ("a commitment to what was met in the place of one to what is left", 2, line.replace('"record"', '"was"').replace('"issue"', '"revoke"'), "malformed"),
        ("no commitment to what was met where one is due", 2, line.replace('"issue"', '"revoke"'), "malformed"),
        ("a commitment to what was met where none is due", 2, line.replace(field, field.replace("record", "was") + field), "malformed"),
        ("a commitment to what was met of 63 characters", 2, line.replace('"issue"', '"revoke"').replace(field, field.replace("record", "was").replace(record, record[:-1]) + field), "malformed"),
        ("no key, and a commitment to what was met", 2, line.replace(f',"key":"{id_text(PLAIN_ID)}"', "").replace('"issue"', '"export"').replace('"record"', '"was"'), "malformed"),
        ("a commitment of an act that was refused", 2, line.replace('"outcome":"done"', '"outcome":"refused","cause":"policy-owner"'), "malformed"),
        ("a commitment of 63 characters", 2, line.replace(record, record[:-1]), "malformed"),
        ("a commitment in upper case", 2, line.replace(record, record.upper()), "malformed"),
    ]
    assert all(wrong != line or seq != 2 for _, seq, wrong, _ in bad)
    for size, made in enumerate(chain, 1):
        made["root"] = root_of(chain[:size])
    return {"vault": VAULT, "line": LINE, "start": chain_hash(VAULT), "entries": chain, "bad": [dict(zip(("broken", "seq", "line", "error"), case)) for case in bad]}


# Certificates and checkpoints


def compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


def record_digest(made):
    return mac(record_set_key(made.generation), b"\x02", u64(made.count), made.sum.to_bytes(32, "little"))


def certificate(keyring, chain, finished, seq=10, compromised=True, signer=2, label=b"strongroom/v1/certificate", **changed):
    """Of the rotation that ended with entry `seq`, under this keyring and with this record set."""
    end = chain[seq - 1]
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
        "compromised": compromised,
        "record_set_accepted": False,
        "searched": 1_048_576,
        "left": 0,
        "audit_seq": end["seq"],
        "audit_hash": end["hash"].hex(),
        "record_digest": record_digest(finished).hex(),
        "line": keyring.line.hex(),
        "keyring_revision": keyring.revision,
        "keyring_hash": keyring.hash().hex(),
        "signature": "",
    } | changed
    return made | {"signature": sign(signer, label, compact(made)).hex()}


def checkpoint_text(ring, log, at, generation_set, keys, **changed):
    said = {
        "origin": f"strongroom/{VAULT.hex()}/{ring.line.hex()}",
        "entries": log[-1]["seq"],
        "root": b64encode(root_of(log)).decode(),
        "at": at,
        "chain": log[-1]["hash"].hex(),
        "keyring": f"{ring.revision} {ring.hash().hex()}",
        "master_key": ring.active_master,
        "records": f"{keys} {generation_set.generation} {record_digest(generation_set).hex()}",
    } | changed
    form = "{origin}\n{entries}\n{root}\nat {at}\nchain {chain}\nkeyring {keyring}\nmaster-key {master_key}\nrecords {records}\n"
    return form.format(**said)


def key_id(name, public):
    return hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]


def signature_line(text, seed, name=None, id_=None):
    name = name or text.split("\n", 1)[0]
    said = (id_ or key_id(name, public_of(seed))) + ed25519(seed, text.encode())
    return f"— {name} {b64encode(said).decode()}\n"


def note(text, *lines, signer=None):
    """The text with the signature of the version it names, and these lines behind it."""
    named = int(text.split("master-key ")[1].split("\n")[0])
    return text + "\n" + signature_line(text, authority_seed(signer or named)) + "".join(lines)


def note_key(name, public):
    return f"{name}+{key_id(name, public).hex()}+{b64encode(bytes([1]) + public).decode()}"


def read_note_key(text):
    """Name and public key, or nothing."""
    form = re.fullmatch("([^\\s+]+)\\+[0-9a-f]{8}\\+([A-Za-z0-9+/]{44})", text)
    said = form and b64decode(form[2])
    if not form or said[0] != 1 or len(said) != 33 or not is_public_key(said[1:]) or note_key(form[1], said[1:]) != text:
        return None
    return form[1], said[1:]


def hash_lines(hashes):
    return "".join(b64encode(one).decode() + "\n" for one in hashes)


def growth_proof(old, hashes, made):
    return f"old {old}\n{hash_lines(hashes)}\n{made}"


def entry_proof(index, line, hashes, made):
    extra = "" if line is None else f"extra {b64encode(line.encode()).decode()}\n"
    return f"c2sp.org/tlog-proof@v1\n{extra}index {index}\n{hash_lines(hashes)}\n{made}"


GROWTH = re.compile("old (0|[1-9][0-9]*)\n((?:[A-Za-z0-9+/]+=*\n)*)\n(.*)", re.DOTALL)
ENTRY = re.compile("c2sp\\.org/tlog-proof@v1\n(?:extra ([A-Za-z0-9+/]*=*)\n)?index (0|[1-9][0-9]*)\n((?:[A-Za-z0-9+/]+=*\n)*)\n(.*)", re.DOTALL)


def read_checkpoint(made):
    """What a checkpoint says and who signed it, or nothing."""
    said = NOTE.fullmatch(made)
    signatures = said and [re.fullmatch("— ([^ +\n]+) (\\S+)", line) for line in said["signatures"].splitlines()]
    if not said or None in signatures:
        return None
    try:
        return said, b64decode(said["root"], validate=True), [(one[1], b64decode(one[2], validate=True)) for one in signatures]
    except ValueError:
        return None


def is_signed_by_one_of(checkpoint, pins):
    said, _, signatures = checkpoint
    name = f"strongroom/{said['vault']}/{said['line']}"
    for pin in pins:
        named = read_note_key(pin)
        if named and named[0].split("/")[1] != said["vault"]:
            continue
        public = named[1] if named else bytes.fromhex(pin)
        own = [made[4:] for by, made in signatures if by == name and made[:4] == key_id(name, public)]
        if own and all(accepts(public, said["text"].encode(), one) for one in own):
            return True
    return False


def proof_error(proof, older, pins):
    """What a reader says of a proof who has no store, by the word of the vectors; nothing where it proves what it says."""
    growth, entry = GROWTH.fullmatch(proof), ENTRY.fullmatch(proof)
    form = growth or entry
    if not form:
        return "malformed"
    try:
        hashes = [b64decode(line, validate=True) for line in form[form.re.groups - 1].splitlines()]
        line = b64decode(entry[1], validate=True) if entry and entry[1] is not None else None
    except ValueError:
        return "malformed"
    made = read_checkpoint(form[form.re.groups])
    if made is None or len(hashes) > 64 or any(len(one) != 32 for one in hashes):
        return "malformed"
    size, root = int(made[0]["entries"]), made[1]
    if growth:
        old = read_checkpoint(older)
        if old[0]["vault"] != made[0]["vault"]:
            return "vault"
        if not is_signed_by_one_of(old, pins) or not is_signed_by_one_of(made, pins):
            return "unsigned"
        begun = int(old[0]["entries"])
        if int(growth[1]) != begun:
            return "start"
        if begun > size:
            return "backwards"
        same_end = begun != size or old[0]["chain"] == made[0]["chain"]
        return None if same_end and consistent(begun, size, old[1], root, hashes) else "growth"
    if not is_signed_by_one_of(made, pins):
        return "unsigned"
    if line is None:
        return "no-line"
    index = int(entry[2])
    if not included(index, size, leaf_hash(line), root, hashes):
        return "entry"
    return None if json.loads(line)["seq"] == index + 1 else "no-entry"


def proof_vectors(chain, today, between, older, other_vault, witnessed):
    """Of the log of the checkpoints: as the older ones, the newer one, and each entry of it see it."""
    leaves = [made["leaf"] for made in chain]
    pins, name = [public_key(version).hex() for version in (1, 2, 3)], f"strongroom/{VAULT.hex()}/{LINE.hex()}"
    size = lambda made: int(made.split("\n")[1])
    growth = lambda old, made: growth_proof(size(old), consistency_proof(size(old), leaves[: size(made)]), made)
    entry = lambda seq, made: entry_proof(seq - 1, chain[seq - 1]["line"], inclusion_proof(seq - 1, leaves[: size(made)]), made)
    good = [
        ("from the first version to today", growth(older, today), older, pins),
        ("from the second version to today", growth(between, today), between, pins[1:]),
        ("from the first version to the second", growth(older, between), older, pins[:2]),
        ("from today to today", growth(today, today), today, pins[2:]),
        ("with the signature of a witness behind it", growth(older, today) + witnessed, older, pins),
        ("by keys that are written as witnesses take them", growth(older, today), older, [note_key(name, public_key(version)) for version in (1, 3)]),
        *((f"entry {seq} in the log of today", entry(seq, today), None, pins[2:]) for seq in (1, 2, 7, 8, 11, 12)),
        ("entry 7 in the log of the first version", entry(7, older), None, pins[:1]),
    ]
    path, two = consistency_proof(7, leaves), inclusion_proof(1, leaves)
    changed = bytes([path[0][0] ^ 1]) + path[0][1:]
    grown, second = growth(older, today), entry(2, today)
    foreign = [note_key(name.replace(VAULT.hex(), other_vault), public_key(version)) for version in (1, 2, 3)]
    line = chain[1]["line"]
    # A log that went another way from entry 8 on, signed by the same keys.
    forked = [*leaves[:7], *(leaf_hash(f"entry {at}".encode()) for at in range(8, 13))]
    forked_text = today.split("\n\n")[0].split("\n")
    forked_text[2] = b64encode(tree_root(forked)).decode()
    forked_today = note("\n".join(forked_text) + "\n")
    # What is in the tree there, and is no entry of that number.
    misplaced = [*leaves[:1], leaves[4], *leaves[2:]]
    misplaced_text = [*forked_text[:2], b64encode(tree_root(misplaced)).decode(), *forked_text[3:]]
    misplaced_today = note("\n".join(misplaced_text) + "\n")
    bad = [
        ("no pin", grown, older, [], "unsigned"),
        ("the pin of the older checkpoint alone", grown, older, pins[:1], "unsigned"),
        ("the pin of the newer checkpoint alone", grown, older, pins[2:], "unsigned"),
        ("pins of another vault", grown, older, foreign, "unsigned"),
        ("the older checkpoint of another vault", grown, note(older.split("\n\n")[0].replace(VAULT.hex(), other_vault, 1) + "\n"), pins, "vault"),
        ("another older checkpoint", grown, between, pins, "start"),
        ("another number of entries to begin with", grown.replace("old 7\n", "old 6\n"), older, pins, "start"),
        ("the two exchanged", growth_proof(12, path, older), today, pins, "backwards"),
        ("a bit of a hash", growth_proof(7, [changed, *path[1:]], today), older, pins, "growth"),
        ("a hash missing", growth_proof(7, path[:-1], today), older, pins, "growth"),
        ("a hash more", growth_proof(7, [*path, path[0]], today), older, pins, "growth"),
        ("two hashes exchanged", growth_proof(7, [path[1], path[0], *path[2:]], today), older, pins, "growth"),
        ("no hashes", growth_proof(7, [], today), older, pins, "growth"),
        ("hashes from today to today", growth_proof(12, path, today), today, pins, "growth"),
        ("a log that took another way", growth_proof(10, consistency_proof(10, forked), forked_today), between, pins, "growth"),
        ("the log as it was and a checkpoint of another", growth_proof(12, [], forked_today), today, pins, "growth"),
        ("another index", second.replace("index 1\n", "index 2\n"), None, pins, "entry"),
        ("an index beyond the log", second.replace("index 1\n", "index 12\n"), None, pins, "entry"),
        ("another line", entry_proof(1, line.replace("alice", "alicf"), two, today), None, pins, "entry"),
        ("a hash of an entry missing", entry_proof(1, line, two[1:], today), None, pins, "entry"),
        ("an entry of a log that took another way", entry_proof(8, chain[8]["line"], inclusion_proof(8, forked), forked_today), None, pins, "entry"),
        ("no line", entry_proof(1, None, two, today), None, pins, "no-line"),
        ("the line of another entry in its place", entry_proof(1, chain[4]["line"], inclusion_proof(1, misplaced), misplaced_today), None, pins, "no-entry"),
        ("an entry by no pin", second, None, [], "unsigned"),
        ("the number to begin with has a zero in front", grown.replace("old 7", "old 07"), older, pins, "malformed"),
        ("no empty line", grown.replace("\n\n", "\n", 1), older, pins, "malformed"),
        ("a hash of 31 bytes", growth_proof(7, [path[0][:31], *path[1:]], today), older, pins, "malformed"),
        ("65 hashes", growth_proof(7, path[:1] * 65, today), older, pins, "malformed"),
        ("another version of the form", second.replace("proof@v1", "proof@v2"), None, pins, "malformed"),
        ("no index", second.replace("index 1\n", ""), None, pins, "malformed"),
        ("the extra data behind the index", entry_proof(1, None, two, today).replace("index 1\n", f"index 1\nextra {b64encode(line.encode()).decode()}\n"), None, pins, "malformed"),
        ("the extra data is no base64", second.replace("extra ", "extra ="), None, pins, "malformed"),
        ("no checkpoint", grown.split("\n\n")[0] + "\n\n", older, pins, "malformed"),
        ("line ends of another system", grown.replace("\n", "\r\n"), older, pins, "malformed"),
    ]
    key = note_key(name, public_key(3))
    base64 = key.rsplit("+", 1)[1] if key.count("+") == 2 else key.split("+", 2)[2]
    wrong_keys = [
        key.replace("+" + key_id(name, public_key(3)).hex(), "+" + key_id(name, public_key(2)).hex()),
        key.replace(name, name + "x"),
        key.replace(base64, b64encode(bytes([2]) + public_key(3)).decode()),
        key.replace(base64, b64encode(bytes([1]) + public_key(3)[:31]).decode()),
        key.replace("+", " ", 1),
        key.upper(),
        key + "\n",
        note_key(name, bytes([1]) + bytes(31)),
    ]
    return {
        "good": [dict(zip(("what", "proof", "older", "pins"), case)) for case in good],
        "bad": [dict(zip(("broken", "proof", "older", "pins", "error"), case)) for case in bad],
        "note_keys": {
            "good": [{"name": name, "public_key": public_key(version), "note_key": note_key(name, public_key(version))} for version in (1, 2, 3)],
            "bad": wrong_keys,
        },
    }


def handed_over_sets():
    return [RecordSet(2, all_records(2) + [late(2)])]


def statement_vectors():
    """Certificates and checkpoints, held against the vaults of vaults.json with these names."""
    ring, chain, sets = HANDED_OVER, handed_over_chain(), handed_over_sets()
    # The certificate and the older checkpoints are of the time when version 2 was the active one.
    before = ROTATED_BEFORE
    calm = lambda **changed: certificate(before, chain, sets[0], compromised=False, **changed)
    right = calm()
    flip = lambda text: text[:-1] + ("0" if text[-1] != "0" else "1")
    signed = bytes.fromhex(right["signature"])
    other_vault = fixed("another vault", 16).hex()
    good_certificates = [
        ("of the last rotation, a rewrap since", "handed-over", right),
        ("of the rotation that has just ended", "scrubbing", certificate(SCRUBBING, finished_chain(), FINISHED_SET)),
    ]
    bad_certificates = [
        ("a bit of the signature", right | {"signature": flip(right["signature"])}, "unauthentic"),
        ("the order of the group added to S", right | {"signature": malleated(signed).hex()}, "unauthentic"),
        ("a count", right | {"moved": 5}, "unauthentic"),
        ("the hash of the keyring", right | {"keyring_hash": flip(right["keyring_hash"])}, "unauthentic"),
        ("signed by the authority of the version before", calm(signer=1), "unauthentic"),
        ("signed by the authority of the version after", calm(signer=3), "unauthentic"),
        ("the label of a row", calm(label=b"strongroom/v1/row/head"), "unauthentic"),
        ("another vault", calm(vault=other_vault), "vault"),
        ("another hash of the entry", calm(audit_hash=chain[8]["hash"].hex()), "entry"),
        ("an entry that is another one", calm(seq=9), "entry"),
        ("another count than in the entry", calm(moved=3), "counts"),
        ("signed beyond the end of the authority that signs", certificate(before, chain, sets[0], seq=11, compromised=False), "beyond-end"),
        ("a field missing", {name: value for name, value in right.items() if name != "line"}, "malformed"),
        ("a field too many", right | {"more": 1}, "malformed"),
        ("the signature cut", right | {"signature": right["signature"][:-2]}, "malformed"),
        ("a MAC for the signature", {("mac" if name == "signature" else name): value for name, value in right.items()}, "malformed"),
    ]
    bad_certificates = [(what, "handed-over", made, error) for what, made, error in bad_certificates]
    bad_certificates += [
        ("an entry that the log does not have", "scrubbing", certificate(SCRUBBING, finished_chain(), FINISHED_SET, audit_seq=11), "entry"),
        ("another record digest, with no entry since", "scrubbing", certificate(SCRUBBING, finished_chain(), FINISHED_SET, record_digest=bytes(32).hex()), "record-digest"),
    ]
    # Checkpoints.
    at = "2026-03-01T12:00:11.5Z"
    made = lambda **changed: checkpoint_text(ring, chain, at, sets[0], 5, **changed)
    text = made()
    name = text.split("\n", 1)[0]
    plain_note = note(text)
    witness = fixed("a witness")
    witnessed = signature_line(text, witness, "witness.example/w")
    # A cosignature of C2SP tlog-cosignature: type 4, a time, and a signature over other bytes.
    cosigned = f"— witness.example/c {b64encode(fixed('cosignature', 4 + 8 + 64)).decode()}\n"
    other_key = signature_line(text, fixed("another key"))
    body, own = plain_note.split("\n\n")
    older = checkpoint_text(NEW, chain[:7], "2026-03-01T12:00:04.5Z", RecordSet(1, all_records(1)), 4)
    between = checkpoint_text(before, chain[:10], "2026-03-01T12:00:08Z", sets[0], 5)
    good_checkpoints = [
        ("of today", plain_note, 0, 3),
        ("with the signature of a witness behind it", note(text, witnessed), 0, 3),
        ("with the signature of a witness in front", body + "\n\n" + witnessed + own, 0, 3),
        ("with a cosignature of another type", note(text, cosigned), 0, 3),
        ("with a signature under its name by a key that is not known", note(text, other_key), 0, 3),
        ("with the signature of the version before as well", note(text, signature_line(text, authority_seed(2))), 0, 3),
        ("of the last entry that the second version vouches for", note(between), 2, 2),
        ("of the last entry that the first version vouches for", note(older), 5, 1),
    ]
    beyond = checkpoint_text(ring, chain, at, sets[0], 5, master_key=2)
    first_beyond = checkpoint_text(NEW, chain[:8], "2026-03-01T12:00:05.5Z", RecordSet(1, all_records(1)), 4)
    wrong_id = signature_line(text, authority_seed(3), id_=bytes(4))
    lines = text.split("\n")
    replaced = lambda at_, line: note("\n".join(lines[:at_] + [line] + lines[at_ + 1 :]))
    edited = lambda old, new: plain_note.replace(old, new, 1)
    last_b64 = own.rstrip("\n").rsplit(" ", 1)[1]
    signature_bytes = signed_note_bytes(own)
    with_bytes = lambda said: body + "\n\n" + f"— {name} {b64encode(said).decode()}\n"
    lesser = made(records=f"4 2 {record_digest(sets[0]).hex()}")
    bad_checkpoints = [
        ("the number of entries edited", edited("\n12\n", "\n11\n"), "unauthentic"),
        ("the time edited", edited(at, "2026-03-01T12:00:12.5Z"), "unauthentic"),
        ("the number of API keys edited", edited("records 5 ", "records 6 "), "unauthentic"),
        ("a bit of the signature", with_bytes(signature_bytes[:-1] + bytes([signature_bytes[-1] ^ 1])), "unauthentic"),
        ("the order of the group added to S", with_bytes(signature_bytes[:4] + malleated(signature_bytes[4:])), "unauthentic"),
        ("the signature of another text", body + "\n\n" + signature_line(between, authority_seed(3), name), "unauthentic"),
        ("the signature of the authority under a label", with_bytes(signature_bytes[:4] + sign(3, b"strongroom/v1/checkpoint", text.encode())), "unauthentic"),
        ("the key id of another key", text + "\n" + wrong_id, "unsigned"),
        ("the key id without the algorithm in it", text + "\n" + signature_line(text, authority_seed(3), id_=hashlib.sha256(name.encode() + b"\n" + public_key(3)).digest()[:4]), "unsigned"),
        ("the name of the key is another", text + "\n" + signature_line(text, authority_seed(3), "strongroom"), "unsigned"),
        ("a witness alone", text + "\n" + witnessed, "unsigned"),
        ("signed by another version than it names", note(text, signer=2), "unsigned"),
        ("a version that is not listed", note(made(master_key=4), signer=3), "unsigned"),
        ("another vault", note(made(origin=f"strongroom/{other_vault}/{LINE.hex()}")), "vault"),
        ("another root", note(made(root=b64encode(root_of(chain[:11])).decode())), "root"),
        ("another hash of the last entry", note(made(chain=chain[10]["hash"].hex())), "chain"),
        ("more entries than the log has", note(made(entries=13)), "entries"),
        ("beyond the end of the second version, all of the log", note(beyond), "beyond-end"),
        ("beyond the end of the first version, by one entry", note(first_beyond), "beyond-end"),
        ("another revision of the keyring, with no entry since", note(made(keyring=f"5 {ring.hash().hex()}")), "keyring"),
        ("another hash of the keyring, with no entry since", note(made(keyring=f"4 {before.hash().hex()}")), "keyring"),
        ("another record digest, with no entry since", note(made(records=f"5 2 {bytes(32).hex()}")), "records"),
        ("another number of API keys, with no entry since", note(lesser), "records"),
        ("another generation, with no entry since", note(made(records=f"5 1 {record_digest(sets[0]).hex()}")), "records"),
        ("no signature", text + "\n", "malformed"),
        ("no empty line", body + "\n" + own, "malformed"),
        ("no line end at the end", plain_note[:-1], "malformed"),
        ("line ends of another system", plain_note.replace("\n", "\r\n"), "malformed"),
        ("a hyphen for the dash", edited("— ", "- "), "malformed"),
        ("the base64 of the signature without its padding" if last_b64.endswith("=") else "the base64 of the signature cut", body + "\n\n" + own.rstrip("\n")[:-1] + "\n", "malformed"),
        ("a number of entries with a zero in front", replaced(1, "012"), "malformed"),
        ("a number of entries with a sign", replaced(1, "+12"), "malformed"),
        ("a root of 31 bytes", replaced(2, b64encode(root_of(chain)[:31]).decode()), "malformed"),
        ("a root in the URL-safe alphabet", url_safe_root(chain, text), "malformed"),
        ("a time without its zone", replaced(3, "at 2026-03-01T12:00:11.5"), "malformed"),
        ("a hash in upper case", replaced(4, lines[4].replace(chain[-1]["hash"].hex(), chain[-1]["hash"].hex().upper())), "malformed"),
        ("the keyring without its revision", replaced(5, f"keyring {ring.hash().hex()}"), "malformed"),
        ("two lines swapped", note("\n".join(lines[:4] + [lines[5], lines[4]] + lines[6:])), "malformed"),
        ("a line missing", note("\n".join(lines[:4] + lines[5:])), "malformed"),
        ("two spaces", replaced(5, lines[5].replace("keyring ", "keyring  ")), "malformed"),
        ("the text empty", "", "malformed"),
    ]
    assert len({wrong for _, wrong, _ in bad_checkpoints}) == len(bad_checkpoints) and plain_note not in {wrong for _, wrong, _ in bad_checkpoints}
    view = {
        "vault": VAULT, "line": LINE, "origin": name, "entries": chain[-1]["seq"], "root": root_of(chain), "at": at, "hash": chain[-1]["hash"],
        "keyring_revision": ring.revision, "keyring_hash": ring.hash(), "master_key": 3, "records": 5, "generation": 2,
        "record_digest": record_digest(sets[0]), "text": text, "key_id": key_id(name, public_key(3)), "signature": signature_bytes[4:], "note": plain_note,
    }
    return {
        "certificates": {
            "good": [dict(zip(("what", "vault", "certificate"), case)) for case in good_certificates],
            "bad": [dict(zip(("broken", "vault", "certificate", "error"), case)) for case in bad_certificates],
        },
        "checkpoints": {
            "vault": ring.name,
            "parts": view,
            "good": [dict(zip(("what", "note", "entries_since", "master_key"), case)) for case in good_checkpoints],
            "bad": [dict(zip(("broken", "note", "error"), case)) for case in bad_checkpoints],
        },
        "proofs": proof_vectors(chain, plain_note, note(between), note(older), other_vault, witnessed),
    }


def signed_note_bytes(line):
    return b64decode(line.rstrip("\n").rsplit(" ", 1)[1])


def url_safe_root(chain, text):
    """The first root of the log with a `+` or a `/` in it, in the other alphabet."""
    root = b64encode(root_of(chain)).decode()
    size = len(chain)
    while not set("+/") & set(root):
        size -= 1
        root = b64encode(root_of(chain[:size])).decode()
    lines = text.split("\n")
    return note("\n".join([lines[0], str(size), root.replace("+", "-").replace("/", "_")] + lines[3:]))


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


def manifest_row(keyring, chain, label=b"manifest", signer=None, trailing=b"", **changed):
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
        11: keyring.revision,
        12: keyring.hash(),
        13: keyring.line,
    }
    body.update({int(key[1:]): value for key, value in changed.items()})
    return authenticated(label, signer or keyring.active_master, cbor(body) + trailing)


def known_backup(label, version, finished, seq=7):
    return {
        0: fixed(label, 16), 1: CREATED + 5000, 2: seq, 3: version, 4: fingerprint(MASTERS[version]),
        5: 4 if finished else 0, 6: f"{label}.db", 7: finished,
    }


def backups_row(keyring, backups, label=b"backups", signer=None, trailing=b""):
    return authenticated(label, signer or keyring.active_master, cbor({0: backups}) + trailing)


def backup_vectors():
    chain, open_rotation = audit_chain(), {0: 1, 1: 1, 2: 2}
    good = [
        {"keyring": ring.name, "row": manifest_row(ring, followed, **more), "records": more.get("_3", 4), "master_key": ring.active_master,
         "fingerprint": fingerprint(MASTERS[ring.active_master]), "audit_entries": followed[-1]["seq"], "audit_hash": followed[-1]["hash"],
         "generations": ring.generations, "rotation": phase, "keyring_revision": ring.revision, "keyring_hash": ring.hash(), "line": ring.line}
        for ring, followed, more, phase in [(NEW, chain, {}, None), (ROTATING, rotation_chain(), {"_3": 5, "_9": open_rotation}, "sweep")]
    ]
    made = lambda **changed: manifest_row(NEW, chain, **changed)
    right = made()
    bad = [
        *signed_wrongly(right),
        ("the count of records", made(_3=5)[:-64] + right[-64:], "unauthentic"),
        ("the label of another row", made(label=b"head"), "unauthentic"),
        ("signed by the authority of another version", made(signer=2), "unauthentic"),
        ("a rotation in no phase", made(_9={0: 4, 1: 1, 2: 2}), "malformed"),
        *[(f"field {field} missing", made(**{f"_{field}": None}), "malformed") for field in (5, 11, 12, 13)],
        ("a hash of the keyring of 31 bytes", made(_12=NEW.hash()[:31]), "malformed"),
        ("a line of 15 bytes", made(_13=LINE[:15]), "malformed"),
        ("a byte behind the body", made(trailing=b"\x00"), "malformed"),
        ("the format", b"\x02" + right[1:], "newer"),
    ]
    # Signed as they should be, and not true of the vault "new".
    untrue = [
        ("another vault", made(_1=fixed("another vault", 16))),
        ("one API key more", made(_3=5)),
        ("one audit entry less", made(_4=6)),
        ("another hash of the last entry", made(_5=chain[5]["hash"])),
        ("another master key", made(_6=[{0: 2, 1: fingerprint(MASTERS[2])}])),
        ("another fingerprint", made(_6=[{0: 1, 1: fingerprint(MASTERS[2])}])),
        ("another active generation", made(_7=2)),
        ("a generation more", made(_8=[1, 2])),
        ("a rotation", made(_9=open_rotation)),
        ("another revision of the keyring", made(_11=2)),
        ("the hash of another keyring", made(_12=SUITE_2.hash())),
        ("another line", made(_13=RESTORED.line)),
    ]
    lists = [[], [known_backup("monday", 1, True), known_backup("tuesday", 2, False)]]
    right = backups_row(ROTATING, lists[1])
    bad_lists = [
        *signed_wrongly(right),
        ("the label of another row", backups_row(ROTATING, lists[1], label=b"manifest"), "unauthentic"),
        ("signed by the authority of the version before", backups_row(ROTATING, lists[1], signer=1), "unauthentic"),
        ("a time after the year 9999", backups_row(ROTATING, [known_backup("monday", 1, True) | {1: 253_402_207_200_001}]), "malformed"),
        ("a byte behind the body", backups_row(ROTATING, lists[1], trailing=b"\x00"), "malformed"),
        ("format 0", b"\x00" + right[1:], "malformed"),
    ]
    named = lambda cases: [dict(zip(("broken", "row", "error"), case)) for case in cases]
    view = lambda one: {"id": one[0], "audit_seq": one[2], "master_key": one[3], "fingerprint": one[4], "records": one[5], "file_name": one[6], "finished": one[7]}
    good_lists = [(backups_row(ROTATING, made), made) for made in lists]
    return {
        "manifests": {
            "id": BACKUP_ID, "vault": VAULT, "good": good, "bad": named(bad), "bad_keyring": NEW.name,
            "untrue": [{"untrue": what, "vault": NEW.name, "row": row} for what, row in untrue],
        },
        "lists": {
            "keyring": ROTATING.name,
            "good": [{"row": row, "row_hash": row_hash(b"backups", row), "backups": [view(one) for one in made]} for row, made in good_lists],
            "bad": named(bad_lists),
        },
    }


# Whole vaults


# The keyring of the vault "handed-over" before its third master key version.
ROTATED_BEFORE = Keyring("rotated-before", XAES, 3, [FIRST, (2, None)], [2], [(2, None)])


def used(*generations, suite=XAES):
    return [(at, usage_row(number, suite, at, name)) for number, at, name in zip(generations, (PLAIN_ID, SENTINEL), ("used", "none"))]


def tables(keyring, chain, head_sets, records, lookups, usage, rotation=None, backups=None):
    vault = {b"keyring": keyring.row(), b"head": head_row(keyring, chain, head_sets, backups)}
    vault |= {b"rotation": rotation} if rotation else {}
    vault |= {b"backups": backups} if backups else {}
    return {
        "vault": sorted(vault.items()),
        "keys": [(record.id, record.bytes) for record in records],
        "lookup": lookups,
        "usage": usage,
        "audit": [(u64(entry["seq"]), entry["line"].encode()) for entry in chain],
    }


def lookups_of(number):
    return [lookup_row(number, IMPORTED_TOKEN, IMPORTED_ID), lookup_row(number, None, SENTINEL)]


def backed_up_chain():
    more = [
        entry("2026-03-01T12:00:05Z", "cron", "backup", counts={"master_key": 1}),
        entry("2026-03-01T12:00:06Z", "cron", "backup-finished", counts={"backup_seq": 8, "keys": 4}),
    ]
    return follow(more, audit_chain())


def restored_chain():
    """Of a vault that the backup of `backed_up_chain` was restored to."""
    return follow([entry("2026-03-01T13:00:00Z", "oscar", "restore", reason="the disk burnt", counts={"backup_seq": 8})], backed_up_chain()[:8])


def vault_vectors():
    """Every row of vaults at rest, and of some whose rotation was interrupted."""
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

    def at_rest(keyring, chain, generation=1, suite=XAES, more=(), sets=None, backups=None):
        records = all_records(generation, suite) + list(more)
        return {
            "name": keyring.name,
            "master_key": keyring.active_master,
            "tables": tables(keyring, chain, sets or [RecordSet(generation, records)], records, lookups_of(generation), used(generation, generation, suite=suite), backups=backups),
            "valid": valid + [{"id": LATE_ID, "token": token("late", key_id=LATE_ID)} for _ in more],
            "refused": refused,
            "open_rotation": False,
            "exposed": [],
        }

    backed_up = at_rest(NEW, backed_up_chain(), backups=backups_row(NEW, [known_backup("monday", 1, True, 8)])) | {"name": "backed-up"}
    restored = at_rest(RESTORED, restored_chain(), backups=backups_row(RESTORED, [known_backup("monday", 1, True, 8)]))
    # Three records have moved, two have not; one was issued meanwhile.
    moved, waiting = all_records(2)[:3], all_records(1)[3:]
    sets = [RecordSet(1, all_records(1)), RecordSet(2, [late(2)])]
    interrupted = {
        "name": "rotating",
        "master_key": 2,
        "tables": tables(ROTATING, rotation_chain(), sets, moved + waiting + [late(2)], lookups_of(2), used(1, 2), rotation_row()),
        "valid": valid + [{"id": LATE_ID, "token": token("late", key_id=LATE_ID)}],
        "refused": refused,
        "open_rotation": True,
        "exposed": [],
        "moves": 4,
    }
    # The same after a leak, with nothing moved yet: what marks the API keys is the keyring.
    old = [PLAIN_ID, FULL_ID, IMPORTED_ID, REVOKED_ID]
    leaked = interrupted | {
        "name": "leaked",
        "tables": tables(LEAKED, rotation_chain(compromised=1), sets, all_records(1) + [late(2)], lookups_of(1), used(1, 1), rotation_row(_7=0, _9=[])),
        "exposed": old,
    }
    row, index, _ = fence(audit_chain(), 2)
    leaked["tables"]["vault"] = sorted(leaked["tables"]["vault"] + [(b"fence", index), (b"fence/" + bytes(4), row)])
    # And with all of it moved and proven.
    scrubbing = leaked | {
        "name": "scrubbing",
        "tables": tables(SCRUBBING, finished_chain(), [FINISHED_SET], exposed_records() + [late(2)], lookups_of(2), used(2, 2), scrub_row()),
        "certificate": certificate(SCRUBBING, finished_chain(), FINISHED_SET, searched=None, left=None),
        "checkpoint": note(checkpoint_text(SCRUBBING, finished_chain(), "2026-03-01T12:00:09.5Z", FINISHED_SET, 5)),
    }
    return [
        at_rest(NEW, audit_chain()),
        at_rest(SUITE_2, audit_chain(), suite=XCHACHA),
        interrupted,
        leaked,
        scrubbing,
        at_rest(HANDED_OVER, handed_over_chain(), 2, more=[late(2)], sets=handed_over_sets()),
        backed_up,
        restored,
    ]


def broken_vault_vectors():
    """Vaults of vaults.json with some rows exchanged. Each differs from the good one in one thing, or in what has to change with it."""
    chain, records = audit_chain(), all_records(1)
    sets = [RecordSet(1, records)]
    one = lambda table, key, value: {table: [(key, value)]}
    head_of = lambda sets_=sets, **changed: one("vault", b"head", head_row(NEW, chain, sets_, **changed))
    lines = {entry["seq"]: entry["line"].encode() for entry in chain}
    backed_up = backed_up_chain()
    later = follow([entry("2026-03-01T12:00:05Z", "mallory", "export", PLAIN_ID)], chain)[-1]
    other_last = follow([entry("2026-03-01T12:00:04Z", "carol", "recover", REVOKED_ID, "ticket 8", cause="not-recoverable")], chain[:6])[-1]
    monday = known_backup("monday", 1, False, 8) | {5: 0}
    unfinished, foreign = backups_row(NEW, [monday]), backups_row(NEW, [monday], signer=2)
    handed, handed_chain = HANDED_OVER, handed_over_chain()
    handed_head = lambda **changed: one("vault", b"head", head_row(handed, handed_chain, handed_over_sets(), **changed))
    malleable = head_row(NEW, chain, sets)
    tree = tree_of(chain)
    # A set by rules that let a verifier key compute it, or that take a tag for what it authenticates.
    by_verify = lambda generation: expand(data_key(generation, "verify"), b"strongroom/v1/record-set", 32)
    ends = lambda part: part[:24] + part[-16:] if part else b""
    by_tags = lambda record: int.from_bytes(mac(record_set_key(record.generation), b"\x01", record.header, ends(record.verify), ends(record.recover)), "little")
    under_verify = lambda record: int.from_bytes(mac(by_verify(record.generation), b"\x01", record.bytes), "little")
    forged, forged_token = same_tag(plain(1))
    earlier = not_yet_revoked(1)
    as_before = [earlier if record.id == REVOKED_ID else record for record in records]
    unknown = Record("unknown to the log", 1, NEW_ID, attributes(secret_of("new"), "n"), secret_of("new"))
    renamed = Record("renamed", 1, REVOKED_ID, attributes(secret_of("revoked"), "m", change="renamed"), None)
    earlier_full = Record("earlier full", 1, FULL_ID, full(1).attributes | {2: "earlier"}, secret_of("full"))
    revoked_full = Record("revoked full", 1, FULL_ID, full(1).attributes | {2: "earlier", 5: CREATED + 9}, secret_of("full"))
    other_plain = Record("other plain", 1, PLAIN_ID, plain(1).attributes | {4: CREATED + 9}, secret_of("plain"))

    def act_on(action, key, was=None, record=None):
        """One entry more, and the record that it leaves, counted."""
        went_on = follow([entry("2026-03-01T12:00:05Z", "alice", action, key, was=was, record=record)], chain)
        left = [record if record and one.id == key else one for one in records]
        rows = {"audit": [(u64(8), went_on[-1]["line"].encode())], "vault": [(b"head", head_row(NEW, went_on, [RecordSet(1, left)]))]}
        return rows | ({"keys": [(key, record.bytes)]} if record else {})

    exposed = Record("a mark of exposure of its own", 1, PLAIN_ID, plain(1).attributes | {10: CREATED}, secret_of("plain"))
    middle = chain[2]["line"].encode().replace(b'"issue"', b'"export"').replace(b'"record"', b'"was"')
    cases = [
        # What a reader sees when it opens the vault.
        ("the head names another keyring", "new", "open", head_of(_4=SUITE_2.hash()), "keyring"),
        ("the head names another revision", "new", "open", head_of(_3=2), "keyring"),
        ("the keyring of before put back", "scrubbing", "open", one("vault", b"keyring", LEAKED.row()), "keyring"),
        ("the keyring of another revision put in", "new", "open", one("vault", b"keyring", RULED.row()), "keyring"),
        ("the head names another line", "new", "open", head_of(_6=RESTORED.line), "line"),
        ("the last entry missing", "new", "open", one("audit", u64(7), None), "missing-entry"),
        ("the last entry is another one", "new", "open", one("audit", u64(7), other_last["line"].encode()), "other-entry"),
        ("an entry behind the head", "new", "open", one("audit", u64(8), later["line"].encode()), "entry-behind"),
        ("an entry far behind the head", "new", "open", one("audit", u64(900), later["line"].encode()), "entry-behind"),
        ("the head of before put back", "handed-over", "open", one("vault", b"head", head_row(handed, handed_chain[:11], handed_over_sets())), "entry-behind"),
        ("the row backups removed", "backed-up", "backups", one("vault", b"backups", None), "backups"),
        ("the row backups of before put back", "backed-up", "backups", one("vault", b"backups", unfinished), "backups"),
        ("a row backups that the head does not name", "new", "backups", one("vault", b"backups", unfinished), "backups"),
        ("the head names no row backups", "backed-up", "backups", one("vault", b"head", head_row(NEW, backed_up, sets)), "backups"),
        ("the head signed by the version before", "handed-over", "open", handed_head(signer=2), "unauthentic"),
        ("the head signed by the first version", "handed-over", "open", handed_head(signer=1), "unauthentic"),
        ("the keyring signed by the version before", "handed-over", "open", one("vault", b"keyring", handed.row(signer=2)), "unauthentic"),
        ("the row backups signed by another version", "backed-up", "backups", {"vault": [(b"backups", foreign), (b"head", head_row(NEW, backed_up, sets, foreign))]}, "unauthentic"),
        ("the head signed as a keyring", "new", "open", head_of(label=b"keyring"), "unauthentic"),
        ("the order of the group added to the S of the head", "new", "open", one("vault", b"head", malleable[:-64] + malleated(malleable[-64:])), "unauthentic"),
        ("the head without its tree", "new", "open", head_of(_7=None), "malformed"),
        ("a subtree of the head missing", "new", "open", head_of(_7=tree[1:]), "malformed"),
        # What it sees when it looks at the fence.
        ("a row of the fence edited", "leaked", "fence", one("vault", b"fence/" + bytes(4), fence(chain[:4], 2)[0]), "unauthentic"),
        ("a row of the fence missing", "leaked", "fence", one("vault", b"fence/" + bytes(4), None), "missing"),
        ("the index of the fence of another log", "leaked", "fence", one("vault", b"fence", fence(chain[:4], 2)[1]), "unauthentic"),
        ("the index of the fence missing", "leaked", "fence", one("vault", b"fence", None), "missing"),
        # What it sees when it opens the rotation.
        ("the rotation row signed by the version before", "rotating", "rotation-row", one("vault", b"rotation", rotation_row(signer=1)), "unauthentic"),
        # What it sees when it follows the log.
        ("a subtree of the head is another one", "new", "audit", head_of(_7=[tree[0], tree[1], bytes(32)]), "tree"),
        ("the subtrees of the head in another order", "new", "audit", head_of(_7=tree[::-1]), "tree"),
        ("an entry in the middle edited", "new", "audit", one("audit", u64(3), middle), "chain"),
        ("an entry in the middle missing", "new", "audit", one("audit", u64(3), None), "chain"),
        # What it sees when it counts the records.
        ("a record set with the tags in the place of the records", "new", "records", head_of([RecordSet(1, records, element=by_tags)]), "record-set"),
        ("a record set under a key that the purpose verify gives", "new", "records", head_of([RecordSet(1, records, key=by_verify, element=under_verify)]), "record-set"),
        ("a record of before put back", "new", "records", one("keys", REVOKED_ID, earlier.bytes), "record-set"),
        ("another plaintext with the same tag", "new", "records", one("keys", PLAIN_ID, forged), "record-set"),
        ("a record removed", "new", "records", one("keys", FULL_ID, None), "record-set"),
        # What it sees when it holds the records against the log. The sets fit, as if the authority had been at it.
        ("a record of before put back, and counted", "new", "commitments", one("keys", REVOKED_ID, earlier.bytes) | head_of([RecordSet(1, as_before)]), "other-commitment"),
        ("a record that the log does not know, and counted", "new", "commitments", one("keys", NEW_ID, unknown.bytes) | head_of([RecordSet(1, records + [unknown])]), "no-commitment"),
        ("an act that went on from a record of before, and is counted", "new", "commitments", act_on("update", REVOKED_ID, was=earlier, record=renamed), "continued"),
        ("an act that took out what was put back", "new", "commitments", act_on("export", PLAIN_ID, was=other_plain), "continued"),
        ("an API key imported where the log knows one", "new", "commitments", act_on("import", PLAIN_ID, record=other_plain), "continued"),
        ("a revocation of what was put back, and counted", "new", "commitments", act_on("revoke", FULL_ID, was=earlier_full, record=revoked_full), None),
        # Field 10 is no part of a commitment.
        ("a mark of exposure, and counted", "new", "commitments", one("keys", PLAIN_ID, exposed.bytes) | head_of([RecordSet(1, [exposed] + records[1:])]), None),
    ]
    made = [dict(zip(("broken", "vault", "noticed_by", "rows", "error"), case)) for case in cases]
    next(case for case in made if case["broken"] == "another plaintext with the same tag")["accepts"] = {"id": PLAIN_ID, "token": forged_token}
    assert lines[7] != other_last["line"].encode()
    return made


def same_tag(record):
    """The record with another digest in it, made by somebody with the part key alone: the tag stays as it is.

    In GCM the tag is linear in the blocks of the ciphertext, so that one block, here in the salt, takes back what others changed.
    """

    def carryless(left, right):
        # GF(2^128) of NIST SP 800-38D section 6.3: the highest bit is the coefficient of 1.
        product = 0
        for at in range(128):
            if right >> (127 - at) & 1:
                product ^= left
            left = left >> 1 ^ (0xE1 << 120 if left & 1 else 0)
        return product

    def power(element_, exponent):
        total = 1 << 127
        while exponent:
            total = carryless(total, element_) if exponent & 1 else total
            element_, exponent = carryless(element_, element_), exponent >> 1
        return total

    nonce, sealed = record.verify[:24], record.verify[24:]
    cipher, tag = sealed[:-16], sealed[-16:]
    key, _ = xaes(part_key(record.generation, "verify", record.suite), nonce)
    h = int.from_bytes(aes(key, bytes(16)), "big")
    digest_at = record.plain.index(record.attributes[0])
    salt_at = record.plain.index(record.attributes[16])
    secret = secret_of("forged")
    digest = hashlib.sha256(secret.encode()).digest()
    blocks = -(-len(cipher) // 16)
    changed = bytearray(cipher)
    for at, byte in enumerate(digest):
        changed[digest_at + at] ^= byte ^ record.plain[digest_at + at]
    free = next(block for block in range(blocks) if 16 * block >= salt_at and 16 * block + 16 <= salt_at + 32)
    # Block `b` is multiplied by H to the power of the blocks from it on, and one for the lengths.
    weight = lambda block: power(h, blocks - block + 1)
    wrong = 0
    for block in range(blocks):
        difference = xor(changed[16 * block : 16 * block + 16], cipher[16 * block : 16 * block + 16]).ljust(16, b"\x00")
        wrong ^= carryless(int.from_bytes(difference, "big"), weight(block))
    back = carryless(wrong, power(weight(free), 2**128 - 2)).to_bytes(16, "big")
    changed[16 * free : 16 * free + 16] = xor(changed[16 * free : 16 * free + 16], back)
    forged = record.header + nonce + bytes(changed) + tag + record.recover
    key, iv = xaes(part_key(record.generation, "verify", record.suite), nonce)
    held = decoded(AESGCM(key).decrypt(iv, bytes(changed) + tag, part_aad("verify", record.id, record.header)))
    assert held[0] == digest and held[16] != record.attributes[16] and len(held[16]) == 32
    return forged, token_of("sr", record.id, secret)


# Readers, by what the page says that a reader MUST do. Each vector is held against them before it is written.


def decoded(encoded):
    """Reads the CBOR that this file writes."""
    value, rest = decode_one(encoded)
    assert rest == b""
    return value


def decode_one(encoded):
    major, info = encoded[0] >> 5, encoded[0] & 31
    length = {24: 1, 25: 2, 26: 4, 27: 8}.get(info, 0)
    number, rest = (int.from_bytes(encoded[1 : 1 + length], "big") if length else info), encoded[1 + length :]
    if major in (2, 3):
        return (rest[:number] if major == 2 else rest[:number].decode()), rest[number:]
    if major == 4:
        items = []
        for _ in range(number):
            item, rest = decode_one(rest)
            items.append(item)
        return items, rest
    if major == 5:
        held = {}
        for _ in range(number):
            key, rest = decode_one(rest)
            held[key], rest = decode_one(rest)
        return held, rest
    return {0: number, 1: -1 - number, 7: info == 21}[major], rest


def authentic(label, row, public):
    return len(row) > 64 and accepts(public, b"strongroom/v1/row/" + label + b"\x00" + row[:-64], row[-64:])


def keyring_error(row, configured):
    """What is wrong with a keyring, but for wraps, by its structure and its signature."""
    try:
        body = decoded(row[1:-64])
    except (AssertionError, IndexError, KeyError, UnicodeDecodeError):
        return "malformed"
    listed = {one.get(0): one for one in body.get(5, [])}
    order, ended = [one.get(0) for one in body[5]], [one.get(5) for one in body[5][:-1]]
    shape = lambda one: len(one.get(4, b"")) == 32 and len(one.get(6, bytes(64))) == 64
    fits = len(body.get(10, b"")) == 16 and all(map(shape, body[5])) and all(5 in one for one in body.get(7, []))
    fits = fits and order == sorted(set(order)) and order[-1] == body.get(4) and 0 not in order
    fits = fits and not {3, 5} & set(body[5][-1]) and all({3, 5} <= set(one) for one in body[5][:-1]) and None not in ended and ended == sorted(ended)
    if not fits or not all(isinstance(name, str) for name in body.get(11, [])):
        return "malformed"
    for version in configured:
        if version in listed and listed[version][1] != fingerprint(MASTERS[version]):
            return "wrong-master-key"
    if body[4] not in configured:
        return "missing-master-key"
    for version in configured:
        if version in listed and listed[version][4] != public_key(version):
            return "wrong-public-key"
    if not authentic(b"keyring", row, public_key(body[4])):
        return "unauthentic"
    return "feature" if set(body.get(11, [])) - FEATURES else None


def led_to(pinned, public, row):
    """The public key of today, or what is wrong on the way to it."""
    body = decoded(row[1:-64])
    listed = {one[0]: one for one in body[5]}
    if pinned not in listed or listed[pinned][4] != public:
        return "pin"
    for before, after in zip(body[5], body[5][1:]):
        if before[0] < pinned:
            continue
        if 6 not in after:
            return "absent"
        said = fields(body[0], u32(before[0]), before[4], u32(after[0]), after[4], u64(before[5]))
        if not accepts(public, b"strongroom/v1/hand-over\x00" + said, after[6]):
            return "wrong"
        public = after[4]
    return public if authentic(b"keyring", row, public) else "unauthentic"


def forward_error(seen, then):
    before, after = decoded(seen[1:-64]), decoded(then[1:-64])
    if before[10] != after[10]:
        return "other-line"
    if after[4] < before[4]:
        return "lower-master-key"
    if after[3] < before[3]:
        return "lower-revision"
    return "same-revision" if after[3] == before[3] and seen != then else None


class Opened:
    """A vault as a reader with all master keys sees it."""

    def __init__(self, tables):
        self.vault, self.keys, self.audit = (dict(tables[name]) for name in ("vault", "keys", "audit"))
        self.keyring = self.vault[b"keyring"]
        self.body, self.head = decoded(self.keyring[1:-64]), decoded(self.vault[b"head"][1:-64])
        self.ended = {one[0]: one.get(5) for one in self.body[5]}

    def public(self):
        return public_key(self.body[4])

    def opening(self):
        if not authentic(b"keyring", self.keyring, self.public()) or not authentic(b"head", self.vault[b"head"], self.public()):
            return "unauthentic"
        head, number = self.head, self.head[0]
        if not {3, 4, 6, 7} <= set(head) or len(head[7]) != bin(number).count("1"):
            return "malformed"
        if (head[3], head[4]) != (self.body[3], row_hash(b"keyring", self.keyring)):
            return "keyring"
        if head[6] != self.body[10]:
            return "line"
        last = self.audit.get(u64(number))
        if last is None:
            return "missing-entry"
        if chain_hash(last) != head[1]:
            return "other-entry"
        if max(self.audit) != u64(number):
            return "entry-behind"
        return None

    def known_backups(self):
        backups = self.vault.get(b"backups")
        if self.head.get(5) != (backups and row_hash(b"backups", backups)):
            return "backups"
        return None if backups is None or authentic(b"backups", backups, self.public()) else "unauthentic"

    def rotation_row(self):
        row = self.vault.get(b"rotation")
        return None if row is None or authentic(b"rotation", row, self.public()) else "unauthentic"

    def following(self):
        previous, leaves = chain_hash(VAULT), []
        for seq in range(1, self.head[0] + 1):
            line = self.audit.get(u64(seq), b"")
            if not line or json.loads(line)["prev"] != previous.hex():
                return "chain"
            previous, leaves = chain_hash(line), leaves + [leaf_hash(line)]
        return None if compact_range(leaves) == self.head[7] else "tree"

    def fenced(self):
        held = next((one[6] for one in self.body[7] if 6 in one), None)
        if held is None:
            return None
        index = self.vault.get(b"fence")
        if index is None:
            return "missing"
        if hashlib.sha256(b"strongroom/v1/fence/index\x00" + index).digest() != held:
            return "unauthentic"
        for at in range(len(index) // 48):
            row = self.vault.get(b"fence/" + at.to_bytes(4, "big"))
            if row is None:
                return "missing"
            if hashlib.sha256(b"strongroom/v1/fence/row\x00" + row).digest() != index[48 * at + 16 : 48 * at + 48]:
                return "unauthentic"
        return None

    def sets(self):
        """Count and plain sum by generation."""
        held = {}
        rotation = decoded(self.vault[b"rotation"][1:-64])[9] if b"rotation" in self.vault else []
        for stored in self.head[2] + rotation:
            mask = int.from_bytes(mac(record_set_key(stored[0]), b"\x00", stored[2]), "little")
            count, total = held.get(stored[0], (0, 0))
            held[stored[0]] = ((count + stored[1]) % 2**64, (total + int.from_bytes(stored[3], "little") - mask) % 2**256)
        return held

    def counting(self):
        there = {}
        for record in self.keys.values():
            generation = int.from_bytes(record[4:8], "big")
            count, total = there.get(generation, (0, 0))
            there[generation] = (count + 1, (total + int.from_bytes(mac(record_set_key(generation), b"\x01", record), "little")) % 2**256)
        zero = (0, 0)
        held = self.sets()
        return None if all(there.get(at, zero) == held.get(at, zero) for at in {*there, *held}) else "record-set"

    def committed(self):
        """What the log says of each id last, and the ids of which an entry met something else."""
        said, continued = {}, set()
        for seq in range(1, self.head[0] + 1):
            entry = json.loads(self.audit[u64(seq)])
            at = entry.get("key", id_text(SENTINEL))
            if entry["action"] == "abandon":
                said.pop(at, None)
                continued.discard(at)
            elif entry["action"] == "revoke" and entry["outcome"] == "done":
                continued.discard(at)
            elif ("record" in entry or "was" in entry) and entry.get("was") != said.get(at):
                continued.add(at)
            if "record" in entry:
                said[at] = entry["record"]
        return said, continued

    def comparing(self):
        said, continued = self.committed()
        for at, record in self.keys.items():
            length = int.from_bytes(record[8:12], "big")
            held = opened(record[1], part_key(int.from_bytes(record[4:8], "big"), "verify", record[1]), record[32:56], part_aad("verify", at, record[:32]), record[56 : 32 + length])
            pairs = b"".join(cbor(key) + cbor(value) for key, value in decoded(held).items() if key != 10)
            made = hashlib.sha256(b"strongroom/v1/commitment\x00" + VAULT + at + record[2:3] + pairs).hexdigest()
            if id_text(at) in continued:
                return "continued"
            if id_text(at) not in said:
                return "no-commitment"
            if said[id_text(at)] != made:
                return "other-commitment"
        return None

    def noticed(self):
        """Who sees it first, and what."""
        looks = {"open": self.opening, "fence": self.fenced, "backups": self.known_backups, "rotation-row": self.rotation_row, "audit": self.following, "records": self.counting, "commitments": self.comparing}
        return next(((name, error) for name, error in ((name, look()) for name, look in looks.items()) if error), None)

    def lines(self, number):
        return [self.audit[u64(seq)] for seq in range(1, number + 1)]

    def digest(self, generation):
        count, total = self.sets().get(generation, (0, 0))
        return mac(record_set_key(generation), b"\x02", u64(count), total.to_bytes(32, "little")).hex()

    def certificate_error(self, said):
        if list(said) != CERTIFICATE_FIELDS or not re.fullmatch("[0-9a-f]{128}", said["signature"]):
            return "malformed"
        if said["vault"] != VAULT.hex():
            return "vault"
        public = next(one[4] for one in self.body[5] if one[0] == said["to_master_key"])
        if not accepts(public, b"strongroom/v1/certificate\x00" + compact(said | {"signature": ""}), bytes.fromhex(said["signature"])):
            return "unauthentic"
        ended = self.ended[said["to_master_key"]]
        if ended is not None and said["audit_seq"] > ended:
            return "beyond-end"
        line = self.audit.get(u64(said["audit_seq"]), b"")
        if chain_hash(line).hex() != said["audit_hash"] or json.loads(line)["action"] != "rotation-finished":
            return "entry"
        counts = json.loads(line)["counts"]
        names = ("from_master_key", "to_master_key", "from_generation", "to_generation", "moved", "verified", "abandoned", "compromised", "record_set_accepted")
        if any(int(said[name]) != counts.get(name, 0) for name in names):
            return "counts"
        return "record-digest" if said["audit_seq"] == self.head[0] and said["record_digest"] != self.digest(said["to_generation"]) else None

    def checkpoint_error(self, text):
        parsed = NOTE.fullmatch(text)
        if parsed is None:
            return "malformed"
        said = parsed.groupdict()
        signatures = [re.fullmatch("— ([^ +]+) ([A-Za-z0-9+/]+={0,2})", line) for line in said["signatures"].split("\n")[:-1]]
        try:
            signatures = [(one[1], b64decode(one[2], validate=True)) for one in signatures]
            root = b64decode(said["root"], validate=True)
        except (TypeError, ValueError):
            return "malformed"
        if len(root) != 32 or any(len(made) < 5 for _, made in signatures):
            return "malformed"
        if said["vault"] != VAULT.hex():
            return "vault"
        version, number, name = int(said["version"]), int(said["entries"]), f"strongroom/{said['vault']}/{said['line']}"
        public = next((one[4] for one in self.body[5] if one[0] == version), None)
        own = [made[4:] for by, made in signatures if public and by == name and made[:4] == key_id(name, public)]
        if not own:
            return "unsigned"
        if not all(accepts(public, said["text"].encode(), made) for made in own):
            return "unauthentic"
        ended = self.ended[version]
        if ended is not None and number > ended:
            return "beyond-end"
        if number > self.head[0]:
            return "entries"
        lines = self.lines(number)
        if folded(compact_range(list(map(leaf_hash, lines)))) != root:
            return "root"
        if chain_hash(lines[-1]).hex() != said["chain"]:
            return "chain"
        if number < self.head[0]:
            return None
        if (int(said["revision"]), said["hash"]) != (self.body[3], row_hash(b"keyring", self.keyring).hex()):
            return "keyring"
        keys = (sum(stored[1] for stored in self.head[2]) - 1) % 2**64
        generation = self.body[6]
        return None if (int(said["keys"]), int(said["generation"]), said["digest"]) == (keys, generation, self.digest(generation)) else "records"


CERTIFICATE_FIELDS = (
    "schema vault from_master_key from_fingerprint to_master_key to_fingerprint from_generation to_generation started_at finished_at records moved "
    "verified abandoned compromised record_set_accepted searched left audit_seq audit_hash record_digest line keyring_revision keyring_hash signature"
).split()
NUMBER, HASH = "(?:0|[1-9][0-9]*)", "[0-9a-f]{64}"
NOTE = re.compile(
    "(?P<text>strongroom/(?P<vault>[0-9a-f]{32})/(?P<line>[0-9a-f]{32})\n"
    f"(?P<entries>{NUMBER})\n"
    "(?P<root>[A-Za-z0-9+/]+=)\n"
    "at [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\\.[0-9]{1,3})?Z\n"
    f"chain (?P<chain>{HASH})\n"
    f"keyring (?P<revision>{NUMBER}) (?P<hash>{HASH})\n"
    f"master-key (?P<version>{NUMBER})\n"
    f"records (?P<keys>{NUMBER}) (?P<generation>{NUMBER}) (?P<digest>{HASH})\n)"
    "\n"
    "(?P<signatures>(?:[^\n]+\n)+)"
)


def opened(suite, key, nonce, aad, sealed):
    if suite == XAES:
        key, nonce = xaes(key, nonce)
        return AESGCM(key).decrypt(nonce, sealed, aad)
    return ChaCha20Poly1305(hchacha20(key, nonce[:16])).decrypt(bytes(4) + nonce[16:], sealed, aad)


def exchanged(tables, rows):
    """The tables with these rows in them; None takes one away."""
    made = {name: dict(held) for name, held in tables.items()}
    for name, changes in rows.items():
        for key, value in changes:
            made[name].pop(key, None) if value is None else made[name].update({key: value})
    return {name: sorted(held.items()) for name, held in made.items()}


def readers_agree():
    keyrings, vaults = keyring_vectors(), {vault["name"]: vault for vault in vault_vectors()}
    for case in keyrings["good"]:
        assert keyring_error(case["row"], case["configured"]) is None, case["name"]
    for case in keyrings["bad"]:
        if case["error"] not in ("unwrap", "newer") and not case["broken"].startswith(BEYOND_THE_READER):
            error = keyring_error(case["row"], case["configured"])
            assert error == case["error"], (case["broken"], error)
    for case in keyrings["hand_overs"]["good"]:
        assert led_to(case["pinned"], case["public_key"], case["row"]) == case["leads_to"], case["what"]
    for case in keyrings["hand_overs"]["bad"]:
        assert led_to(case["pinned"], case["public_key"], case["row"]) == case["error"], case["broken"]
    for case in keyrings["forward"]:
        assert forward_error(case["seen"], case["then"]) == case["error"], case["what"]
    for name, vault in vaults.items():
        assert Opened(vault["tables"]).noticed() is None, (name, Opened(vault["tables"]).noticed())
    for case in broken_vault_vectors():
        expected = None if case["error"] is None else (case["noticed_by"], case["error"])
        noticed = Opened(exchanged(vaults[case["vault"]]["tables"], case["rows"])).noticed()
        assert noticed == expected, (case["broken"], noticed)
    statements = statement_vectors()
    for case in statements["certificates"]["good"] + statements["certificates"]["bad"]:
        error = Opened(vaults[case["vault"]]["tables"]).certificate_error(case["certificate"])
        assert error == case.get("error"), (case, error)
    holder = Opened(vaults[statements["checkpoints"]["vault"]]["tables"])
    for case in statements["checkpoints"]["good"] + statements["checkpoints"]["bad"]:
        error = holder.checkpoint_error(case["note"])
        assert error == case.get("error"), (case, error)
    proofs = statements["proofs"]
    for case in proofs["good"] + proofs["bad"]:
        error = proof_error(case["proof"], case["older"], case["pins"])
        assert error == case.get("error"), (case.get("what") or case["broken"], error)
    for case in proofs["note_keys"]["good"]:
        assert read_note_key(case["note_key"]) == (case["name"], case["public_key"])
    assert not any(map(read_note_key, proofs["note_keys"]["bad"]))
    scrubbing = vaults["scrubbing"]
    assert Opened(scrubbing["tables"]).certificate_error(scrubbing["certificate"]) is None
    assert Opened(scrubbing["tables"]).checkpoint_error(scrubbing["checkpoint"]) is None


# What `keyring_error` does not look at.
BEYOND_THE_READER = ("a wrap", "a third generation", "an unknown suite", "a field missing", "no lookup key", "generation 0", "a policy", "a rule")


# Files


FILES = {
    "audit.json": audit_vectors,
    "backups.json": backup_vectors,
    "broken_vaults.json": broken_vault_vectors,
    "key_shares.json": key_share_vectors,
    "keyrings.json": keyring_vectors,
    "lookups.json": lookup_vectors,
    "master_keys.json": master_key_vectors,
    "records.json": record_vectors,
    "rows.json": row_vectors,
    "signatures.json": signature_vectors,
    "statements.json": statement_vectors,
    "suites.json": suite_vectors,
    "tokens.json": token_vectors,
    "tree.json": tree_vectors,
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
    readers_agree()
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
