#!/usr/bin/env python3
"""Makes tests/data/weak_keys.json: weak 32-byte keys by family, from generators that share nothing with the checker.

Python's own random, hashlib and struct; Node, Java, Perl, a C compiler and NumPy where they are installed. Everything is
determined by the fixed seed below and by --now, so that the file can be made again.
"""

import base64
import hashlib
import hmac
import itertools
import json
import math
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile

NOW = 1_795_500_000  # 2026-11-24
chance = random.Random(20261124)
families = {}


def add(family, *keys):
    for key in keys:
        key = bytes(key)
        assert len(key) == 32, (family, len(key))
        families.setdefault(family, []).append(base64.urlsafe_b64encode(key).decode())


def rnd(n):
    return chance.randbytes(n)


def words(fmt, values):
    size = struct.calcsize(fmt)
    mask = (1 << 8 * size) - 1
    return b"".join(struct.pack(fmt, value & mask) for value in values)


# Patterns
for byte in (0, 1, 0x20, 0x41, 0x7F, 0x80, 0xAA, 0xFF):
    add("one byte", bytes([byte]) * 32)
for size in (2, 3, 4, 5, 7, 8, 10, 12, 16, 20, 21, 24, 25):
    for _ in range(4):
        add("repeated block", (rnd(size) * 32)[:32])
for step in (1, 2, 3, 5, 7, 8, 11, 16, 17, 31, 64, 85, 127, 128, 200, 251, 255):
    start = chance.randrange(256)
    add("byte steps", bytes((start + step * n) % 256 for n in range(32)))
for fmt, count in ((">H", 16), ("<H", 16), (">I", 8), ("<I", 8), (">Q", 4), ("<Q", 4)):
    for _ in range(4):
        start, step = chance.getrandbits(64), chance.choice([1, 2, 10, 256, 1000, chance.getrandbits(60)])
        add("word counters", words(fmt, (start + step * n for n in range(count))))
        a, c = chance.getrandbits(62) * 4 + 1, chance.getrandbits(63) * 2 + 1
        values, state = [], start
        for _ in range(count):
            values.append(state)
            state = (a * state + c) % (1 << 8 * struct.calcsize(fmt))
        add("congruential words", words(fmt, values))
        add("polynomial words", words(fmt, ((start + step * n + 7 * n * n) for n in range(count))))
for a, b in ((1, 1), (1, 2), (3, 1), (255, 7), (5, 9)):
    x, y, out = chance.randrange(1, 256), chance.randrange(256), []
    for _ in range(32):
        out.append(x)
        x, y = y, (a * y + b * x) % 256
    add("byte recurrence", out)
fib, triple = [1, 1], [0, 0, 1]
while len(fib) < 200:
    fib.append(fib[-1] + fib[-2])
    triple.append(sum(triple[-3:]))
primes = [n for n in range(2, 2000) if all(n % d for d in range(2, int(n ** 0.5) + 1))]
named = {
    "squares": [n * n for n in range(64)], "cubes": [n ** 3 for n in range(64)], "primes": primes, "fibonacci": fib,
    "triangular": [n * (n + 1) // 2 for n in range(64)], "gray": [n ^ n >> 1 for n in range(64)],
    "powers of 3": [3 ** n for n in range(64)], "powers of 2": [1 << n % 8 for n in range(64)], "tribonacci": triple,
    "powers of 5": [5 ** n for n in range(64)], "factorials": list(itertools.accumulate(range(1, 65), lambda a, b: a * b)),
    "powers mod 257": [pow(3, n, 257) % 256 for n in range(64)], "bit reversed": [int(f"{n:08b}"[::-1], 2) for n in range(64)],
}
for name, values in named.items():
    for start in (0, 1, 5):
        add("known sequence", [v % 256 for v in values[start:start + 32]])
    add("known sequence", words(">H", values[:16]), [(v % 256) ^ 0x5C for v in values[1:33]])
    add("known sequence", [v % 256 for v in values[:32]][::-1])
for length in (7, 9, 12, 16, 24, 32, 48, 64, 100):
    for _ in range(2):
        taps = [0] + sorted(chance.sample(range(1, length), min(3, length - 1)))
        bits = [chance.getrandbits(1) for _ in range(length - 1)] + [1]
        while len(bits) < 256:
            bits.append(sum(bits[-length + t] for t in taps) % 2)
        add("shift register", int("".join(map(str, bits[:256])), 2).to_bytes(32, "big"))
for _ in range(6):
    mask, state, out = chance.choice([0x1D, 0x8D, 0xB8, 0xC3]), chance.randrange(1, 256), []
    for _ in range(32):
        out.append(state)
        state = (state >> 1) ^ (mask if state & 1 else 0)
    add("shift register", out)

# Halves and quarters
for _ in range(4):
    half, quarter = rnd(16), rnd(8)
    for other in (half, half[::-1], bytes(255 - b for b in half), bytes(b ^ 0x5A for b in half), bytes((b + 1) % 256 for b in half),
                  (int.from_bytes(half, "big") + 1 & (1 << 128) - 1).to_bytes(16, "big"),
                  (int.from_bytes(half, "little") + 77 & (1 << 128) - 1).to_bytes(16, "little"), half[3:] + half[:3],
                  hashlib.sha256(half).digest()[:16], bytes((b << 4 | b >> 4) & 255 for b in half),
                  bytes(int(f"{b:08b}"[::-1], 2) for b in half)):
        add("related halves", half + other)
    add("related halves", b"".join(bytes([b, b]) for b in half), b"".join(bytes([b, 255 - b]) for b in half))
    add("related halves", half + hashlib.sha512(half).digest()[:16])
    add("related quarters", quarter + rnd(8) + quarter + rnd(8), quarter + rnd(8) + rnd(8) + quarter[::-1],
        rnd(8) + quarter + quarter + rnd(8), quarter + rnd(16) + bytes(255 - b for b in quarter))
    for weak in (bytes(16), b"\xff" * 16, b"my-secret-value!", bytes(range(16)), quarter * 2, b"0123456789abcdef", b"deadbeefdeadbeef",
                 hashlib.md5(rnd(4)).hexdigest().encode()[:16], b"4111111111111111"):
        add("weak half", weak + rnd(16), rnd(16) + weak)

# Padding
for size in (1, 4, 8, 10, 12, 16, 20, 22, 24, 25, 26):
    secret = rnd(size)
    add("zero padding", secret.ljust(32, b"\0"), secret.rjust(32, b"\0"))
    add("other padding", secret.ljust(32, b"\xff"), secret.ljust(32, b" "), secret + bytes([32 - size]) * (32 - size),
        secret.ljust(32, b"="), secret.rjust(32, b"0"))
for text in ("secret", "password123", "my-secret-key", "correct horse battery", "strongroom-master", "Pa$$w0rd!"):
    raw = text.encode()
    add("padded text", raw.ljust(32, b"\0"), raw.ljust(32, b"0"), raw.rjust(32, b"\0"), (raw * 32)[:32],
        raw + bytes([32 - len(raw)]) * (32 - len(raw)), raw.ljust(32, b"x"), raw + bytes(range(32 - len(raw))))

# Text
texts = ["correct horse battery staple 123", "this-is-my-32-character-secret!!", "ChangeMeToSomethingRandomPlease1",
         "ThisIsAVeryLongPassphraseForMe!!", "please change this secret key ok", "abcdefghijklmnopqrstuvwxyz123456",
         "The quick brown fox jumps over 1", "0123456789abcdef0123456789abcdef", "qwertyuiopasdfghjklzxcvbnm123456"]
alphabets = {"digits": "0123456789", "hex": "0123456789abcdef", "HEX": "0123456789ABCDEF", "lower": "abcdefghijklmnopqrstuvwxyz",
             "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "alnum": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
             "printable": "".join(map(chr, range(32, 127))), "base64": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
             "base32": "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"}
for text in texts:
    raw = text.encode()
    assert len(raw) == 32, text
    add("text", raw, raw[::-1], raw.upper())
    add("masked text", bytes(b ^ 0x80 for b in raw), bytes(b ^ 0x37 for b in raw), bytes((b + 13) % 256 for b in raw),
        bytes((b << 1 | b >> 7) & 255 for b in raw), (int.from_bytes(raw, "big") << 1 & (1 << 256) - 1).to_bytes(32, "big"),
        bytes(int(f"{b:08b}"[::-1], 2) for b in raw), bytes(255 - b for b in raw))
for name, alphabet in alphabets.items():
    for _ in range(6):
        add("random text", "".join(chance.choices(alphabet, k=32)).encode())
for text in ("pässwörter-sind-keine-schlüssel", "пароль-секретный!!", "これは秘密の鍵です。!!", "mot de passe très secret é", "ñandú-contraseña-muy-secreta!"):
    raw = text.encode()[:32].decode(errors="ignore").encode()
    add("utf-8 text", raw.ljust(32, b"."))
for text in ("my-secret-key-16", "password12345678", "Geheimes-Wort-12"):
    add("utf-16 text", text.encode("utf-16-le"), text.encode("utf-16-be"))
    add("utf-32 text", text[:8].encode("utf-32-le"))
for _ in range(4):
    ident = "%08x-%04x-4%03x-a%03x-%012x" % tuple(chance.getrandbits(n) for n in (32, 16, 12, 12, 48))
    add("uuid text", ident[:32].encode(), ident.replace("-", "").encode())
    raw = bytes.fromhex(ident.replace("-", ""))
    add("uuid twice", raw + raw)
    stamp = NOW * 1000 + chance.randrange(10 ** 9)
    seven = lambda: stamp.to_bytes(6, "big") + bytes([0x70 | chance.randrange(16)]) + rnd(1) + bytes([0x80 | chance.randrange(64)]) + rnd(7)
    add("time-ordered uuids", seven() + seven())
spelled = ["ThisIsMySuperSecretMasterKeyForTheVaultApp1", "strongroomstrongroomstrongroomstrongroom123",
           "my-super-secret-key-that-nobody-will-guess-", "correcthorsebatterystaplecorrecthorsebatter",
           "PleaseChangeThisSecretKeyBeforeProduction20", "aaaabbbbccccddddeeeeffffgggghhhhiiiijjjjkkk",
           "0123456789012345678901234567890123456789012", "changemechangemechangemechangemechangemecha",
           "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq", "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQ"]
for text in spelled:
    add("spelled in base64", base64.urlsafe_b64decode(text[:42] + {True: "Q", False: "A"}[text[42] in "0123456789"] + "="))

# Alphabets and bits
for values in ([0, 1], [0, 255], [1, 2, 3, 4], list(range(8)), list(range(16)), list(range(0, 256, 16)), list(range(0, 256, 17)),
               [chance.randrange(256) for _ in range(8)], [chance.randrange(256) for _ in range(12)]):
    for _ in range(3):
        add("few values", [chance.choice(values) for _ in range(32)])
for limit in (10, 20, 50, 64, 91, 100, 110, 127, 128):
    add("narrow range", [chance.randrange(limit) for _ in range(32)], [128 + chance.randrange(limit) for _ in range(32)][:32]
        if limit <= 92 else [chance.randrange(limit) for _ in range(32)])
for divisor in (3, 4, 5, 6, 7, 8, 10, 16, 20):
    add("multiples", [chance.randrange(256 // divisor) * divisor for _ in range(32)])
for _ in range(4):
    add("packed decimal", bytes.fromhex("".join(chance.choices("0123456789", k=64))))
    add("high bit set", [chance.randrange(128, 256) for _ in range(32)])
    add("sorted", sorted(rnd(32)), sorted(rnd(32), reverse=True), sorted(rnd(16)) + list(rnd(16)))
    add("few bits", sum(1 << bit for bit in chance.sample(range(256), chance.randrange(1, 60))).to_bytes(32, "big"),
        ((1 << 256) - 1 - sum(1 << bit for bit in chance.sample(range(256), 30))).to_bytes(32, "big"))
    add("nibbles", [chance.choice([0x1, 0x2, 0x5, 0x9, 0xE]) << 4 | chance.randrange(16) for _ in range(32)])
    add("nibble twins", [17 * chance.randrange(16) for _ in range(32)])
    add("every second byte constant", [b for v in rnd(16) for b in (v, 0)], [b for v in rnd(16) for b in (0x7E, v)])
    add("small words", words(">I", (chance.randrange(1000) for _ in range(8))), words("<I", (chance.randrange(65536) for _ in range(8))))
    add("timestamps", words(">Q", (NOW + chance.randrange(10 ** 6) for _ in range(4))), words("<I", (NOW - chance.randrange(10 ** 7) for _ in range(8))),
        struct.pack(">d", NOW + 0.25) * 4, words(">Q", ((NOW * 10 ** 9 + chance.randrange(10 ** 12)) for _ in range(4))))
    add("shuffled counter", chance.sample(range(32), 32), chance.sample(range(1, 33), 32))

# Digests of words
common = ["password", "secret", "changeme", "letmein", "hunter2", "admin", "my-secret-key", "django-insecure", "strongroom", "fernet",
          "airflow", "correct horse battery staple", "123456", "qwerty", "iloveyou", "P@ssw0rd", "Password123!", "Summer2024", "test",
          "supersecret", "MySecretKey", "SECRET_KEY", "secret key", "masterkey", "master-key-2024", "dragon", "monkey1", "trustno1", "",
          "a", "Z", "42", "1337", "99999", "2024-01-01", "19840704", "kx", "abc", "zq7", "hello world", "swordfish", "princess123",
          "Welcome1", "qazwsx", "starwars", "superman!", "production-secret", "dev_secret_key", "keyboard cat", "thisisasecret"]
# Dates, long numbers and rarer compounds are tried with the two commonest digests only.
# With a newline behind it, a compound is tried with the four commonest; so are single letters.
compound = {"Password123!", "Summer2024", "monkey1", "princess123", "Welcome1", "a", "Z", "kx", "P@ssw0rd"}
simple = {"zq7", "2024-01-01", "19840704", "99999", "superman!", "master-key-2024"}
digests = ["md5", "sha1", "sha256", "sha512", "sha224", "sha384", "sha3_256", "sha3_512", "blake2b", "blake2s"]
for word in common:
    for text in (word.encode(), word.encode() + b"\n"):
        newline = text.endswith(b"\n")
        for name in ["md5", "sha256"] if word in simple else digests[:4] if newline and word in compound else digests:
            digest = hashlib.new(name, text).digest()
            if len(digest) == 16:
                add("digest of a word: doubled", digest * 2)
                add("digest of a word: padded", digest + bytes(16))
            elif len(digest) == 20:
                add("digest of a word: padded", digest + bytes(12), (digest * 2)[:32], bytes(12) + digest)
            elif len(digest) == 28:
                add("digest of a word: padded", digest + bytes(4))
            else:
                add("digest of a word", digest[:32])
                if len(digest) > 32:
                    add("digest of a word: end", digest[-32:])
    text = word.encode()
    add("digest of a word: hex", hashlib.md5(text).hexdigest().encode(), hashlib.sha256(text).hexdigest()[:32].encode())
    if word not in simple:
        add("digest of a word: twice", hashlib.sha256(hashlib.sha256(text).digest()).digest(),
            hashlib.sha256(hashlib.sha256(text).hexdigest().encode()).digest(), hashlib.sha256(hashlib.md5(text).hexdigest().encode()).digest(),
            hashlib.sha256(hashlib.sha512(text).digest()).digest() if word not in compound else hashlib.sha256(text).digest())
    first = hashlib.md5(text).digest()
    add("digest of a word: EVP_BytesToKey", first + hashlib.md5(first + text).digest())
    add("digest of a word: backward", hashlib.sha256(text).digest()[::-1])
    if word not in simple | compound:
        add("digest of a word: base64", hashlib.sha256(base64.b64encode(text)).digest())
    if word not in simple:
        add("blake2b with 32 bytes", hashlib.blake2b(text, digest_size=32).digest())
for word in ("password", "secret", "admin", "welcome", "dragon", "football"):
    for ending in ("1", "12", "123", "1234", "!", "2019", "2023", "2026", "1970"):
        if word in ("password", "secret", "admin", "welcome") or not ending.startswith(("19", "20")):
            add("digest of a word: appended", hashlib.sha256((word + ending).encode()).digest())
    add("digest of a word: case", hashlib.sha256(word.upper().encode()).digest(), hashlib.sha256(word.capitalize().encode()).digest())
for number in (0, 7, 100, 1234, 54321, 100000):
    add("digest of a number", hashlib.sha256(str(number).encode()).digest(), hashlib.md5(str(number).encode()).digest() * 2,
        hashlib.sha256(number.to_bytes(4, "big")).digest(), hashlib.sha256(number.to_bytes(8, "little")).digest())
for key, message in (("secret", "key"), ("key", "secret"), ("password", "salt"), ("", "password"), ("strongroom", "master-key")):
    add("hmac of words", hmac.new(key.encode(), message.encode(), "sha256").digest())
    add("salted digest", hashlib.sha256((key + message).encode()).digest())

# Derivation with a fixed salt
for word in ("password", "secret", "my-secret-key", "changeme", "test", "hunter2", "password123"):
    for salt in (b"salt", b"", bytes(16), b"static_salt"):
        for rounds in (1, 1000, 10000, 100000, 390000, 480000, 600000, 1200000):
            if rounds <= 100000 or word in ("password", "secret", "my-secret-key"):
                add("pbkdf2-sha256", hashlib.pbkdf2_hmac("sha256", word.encode(), salt, rounds))
        add("pbkdf2-sha1 and sha512", hashlib.pbkdf2_hmac("sha1", word.encode(), salt, 1000, 32), hashlib.pbkdf2_hmac("sha512", word.encode(), salt, 1000, 32))
        add("scrypt", hashlib.scrypt(word.encode(), salt=salt, n=2 ** 14, r=8, p=1, dklen=32))


def hkdf(secret, salt, info, name="sha256"):
    prk = hmac.new(salt or bytes(hashlib.new(name).digest_size), secret, name).digest()
    return hmac.new(prk, info + b"\1", name).digest()[:32]


for word in ("password", "secret", "my-secret-key", "django-insecure", "strongroom"):
    add("hkdf", hkdf(word.encode(), b"", b""), hkdf(word.encode(), b"salt", b"info"), hkdf(word.encode(), b"", b"handshake data"),
        hkdf(word.encode(), b"django-fernet-fields-hkdf-salt", b"django-fernet-fields"))

# Seeded generators
seeds = [0, 1, 2, 7, 42, 99, 123, 1000, 1234, 1337, 12345, 31337, 54321, 99999, 123456, 20240101, 20251231, 0xDEADBEEF, 1234567890,
         1600000000, 1700000000, NOW, NOW - 5, NOW - 3600, NOW - 86400, NOW - 300000, NOW - 399000]
for seed in seeds + ["password", "secret", "42", "test"]:
    def fresh():
        generator = random.Random()
        generator.seed(seed)
        return generator
    add("python randbytes", fresh().randbytes(32))
    add("python getrandbits", fresh().getrandbits(256).to_bytes(32, "big"), fresh().getrandbits(256).to_bytes(32, "little"))
    g = fresh()
    add("python randint", [g.randint(0, 255) for _ in range(32)])
    g = fresh()
    add("python randrange", [g.randrange(256) for _ in range(32)])
    g = fresh()
    add("python getrandbits(8)", [g.getrandbits(8) for _ in range(32)])
    g = fresh()
    add("python choices", g.choices(range(256), k=32))
    g = fresh()
    add("python random()", [int(g.random() * 256) for _ in range(32)])
    g = fresh()
    add("python choice of text", "".join(g.choice("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") for _ in range(32)).encode())
    add("python sample", fresh().sample(range(256), 32))


def run(command, text=None):
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout.split()


small = [seed for seed in seeds if seed < 2 ** 31]
if shutil.which("gcc"):
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "draw.c")
        source.write_text("""
#include <stdio.h>
#include <stdlib.h>
int main(int n, char **v) {
  for (int i = 1; i < n; i++) for (int way = 0; way < 4; way++) {
    unsigned seed = strtoul(v[i], 0, 10);
    srand(seed); srand48(seed);
    for (int b = 0; b < 32; b++) printf("%02x", (way == 0 ? rand() & 255 : way == 1 ? (int)(rand() / (RAND_MAX + 1.0) * 256)
        : way == 2 ? (int)(drand48() * 256) : (int)(lrand48() & 255)) & 255);
    puts("");
  }
}""")
        binary = str(pathlib.Path(folder, "draw"))
        subprocess.run(["gcc", "-o", binary, str(source)], check=True)
        for line, name in zip(run([binary, *map(str, small)]), itertools.cycle(["c rand() & 255", "c rand() scaled", "c drand48", "c lrand48"])):
            add(name, bytes.fromhex(line))
if shutil.which("java"):
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "Draw.java")
        source.write_text("""
import java.util.Random;
public class Draw { public static void main(String[] v) { for (String s : v) { long seed = Long.parseLong(s); byte[] b = new byte[32];
  new Random(seed).nextBytes(b); show(b);
  Random r = new Random(seed); for (int i = 0; i < 32; i++) b[i] = (byte) r.nextInt(256); show(b);
  r = new Random(seed); for (int i = 0; i < 32; i++) b[i] = (byte) r.nextInt(); show(b);
  r = new Random(seed); for (int i = 0; i < 32; i++) b[i] = (byte) (r.nextDouble() * 256); show(b);
  r = new Random(seed); java.nio.ByteBuffer w = java.nio.ByteBuffer.wrap(b); for (int i = 0; i < 4; i++) w.putLong(r.nextLong()); show(b);
  java.util.SplittableRandom p = new java.util.SplittableRandom(seed); w.clear(); for (int i = 0; i < 4; i++) w.putLong(p.nextLong()); show(b);
} } static void show(byte[] b) { StringBuilder t = new StringBuilder(); for (byte x : b) t.append(String.format("%02x", x)); System.out.println(t); } }""")
        ways = ["java nextBytes", "java nextInt(256)", "java nextInt()", "java nextDouble", "java nextLong", "java SplittableRandom"]
        times = [NOW * 1000 + chance.randrange(10 ** 9) for _ in range(5)] + [chance.getrandbits(48) for _ in range(5)]
        for line, name in zip(run(["java", str(source), *map(str, small + times)]), itertools.cycle(ways)):
            add(name, bytes.fromhex(line))
if shutil.which("node"):
    script = """const hex = draw => Buffer.from(Array.from({length: 32}, draw)).toString('hex');
for (let i = 0; i < 30; i++) console.log(hex(() => Math.floor(Math.random() * 256)));
for (const seed of process.argv.slice(1)) { let a = Number(seed) >>> 0;
  const mulberry = () => { let t = a += 0x6D2B79F5; t = Math.imul(t ^ t >>> 15, t | 1); t ^= t + Math.imul(t ^ t >>> 7, t | 61);
    return ((t ^ t >>> 14) >>> 0) / 4294967296; };
  console.log(hex(() => Math.floor(mulberry() * 256))); }"""
    lines = run(["node", "--random-seed=20261124", "-e", script, "--", *map(str, small)])
    for at, line in enumerate(lines):
        add("javascript Math.random()" if at < 30 else "javascript mulberry32", bytes.fromhex(line))
if shutil.which("perl"):
    script = "for my $s (@ARGV) { srand($s); print join('', map { sprintf '%02x', int(rand(256)) } 1..32), qq(\\n) }"
    for line in run(["perl", "-e", script, *map(str, small)]):
        add("perl rand", bytes.fromhex(line))
try:
    import numpy
    for seed in small:
        add("numpy RandomState", numpy.random.RandomState(seed).bytes(32), numpy.random.RandomState(seed).randint(0, 256, 32).tolist())
        if seed <= 20000:
            add("numpy default_rng", numpy.random.default_rng(seed).bytes(32), numpy.random.default_rng(seed).integers(0, 256, 32).tolist(),
                numpy.random.default_rng(seed).integers(0, 256, 32, dtype=numpy.uint8).tolist(), (numpy.random.default_rng(seed).random(32) * 256).astype(int).tolist())
except ImportError:
    print("without NumPy", file=sys.stderr)


def lcg(a, c, bits, shift, state):
    out = []
    for _ in range(32):
        state = (a * state + c) % (1 << bits)
        out.append(state >> shift & 255)
    return out


for seed in small[:12]:
    add("msvc rand", lcg(214013, 2531011, 32, 16, seed), lcg(214013, 2531011, 31, 23, seed))
    add("ansi c rand", lcg(1103515245, 12345, 31, 16, seed))
    add("musl rand", lcg(6364136223846793005, 1, 64, 33, seed))
    add("numerical recipes", lcg(1664525, 1013904223, 32, 24, seed))
    x, out = seed % (2 ** 31 - 1) or 1, []
    for _ in range(32):
        x = x * 48271 % (2 ** 31 - 1)
        out.append(x & 255)
    add("minimal standard", out)
for _ in range(6):
    x, out = chance.getrandbits(32) | 1, []
    for _ in range(8):
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        out.append(x)
    add("xorshift", words("<I", out))
    x, out = chance.getrandbits(64) | 1, []
    for _ in range(4):
        x ^= x << 13 & (1 << 64) - 1
        x ^= x >> 7
        x ^= x << 17 & (1 << 64) - 1
        out.append(x)
    add("xorshift", words(">Q", out))
    x, out = chance.getrandbits(64), []
    for _ in range(4):
        x = x + 0x9E3779B97F4A7C15 & (1 << 64) - 1
        z = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & (1 << 64) - 1
        z = (z ^ z >> 27) * 0x94D049BB133111EB & (1 << 64) - 1
        out.append(z ^ z >> 31)
    add("splitmix", words("<Q", out))

# What scripts and other languages carry with them
for seed in (0, 1, 42, 1337, 12345):
    state, out = seed, []
    for _ in range(32):
        state = (state * 9301 + 49297) % 233280
        out.append(int(state / 233280 * 256))
    add("script congruence 9301", out)
    add("script sines", [int((math.sin(seed + at) * 10000 - math.floor(math.sin(seed + at) * 10000)) * 256) for at in range(32)])
    x, y, z, w, v, more, out = seed, 0, 0, 0, ~seed & 0xFFFFFFFF, seed << 10 & 0xFFFFFFFF, []
    for _ in range(64 + 8):
        t = x ^ x >> 2
        x, y, z, w, v = y, z, w, v, (t ^ t << 1 ^ v ^ v << 4) & 0xFFFFFFFF
        more = more + 362437 & 0xFFFFFFFF
        out.append(v + more & 0xFFFFFFFF)
    add("kotlin nextBytes", words("<I", out[64:]))
if shutil.which("bash"):
    for seed in (0, 1, 42, 1337, 20260101):
        script = f"RANDOM={seed}; for i in {{1..32}}; do printf '%02x' $((RANDOM % 256)); done"
        add("bash RANDOM", bytes.fromhex(run(["bash", "-c", script])[0]))


def chacha(key, rounds):
    start = struct.unpack("<4I", b"expand 32-byte k") + struct.unpack("<8I", key) + (0, 0, 0, 0)
    state = list(start)

    def quarter(a, b, c, d):
        for to, other, turned, by in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            state[to] = state[to] + state[other] & 0xFFFFFFFF
            mixed = state[turned] ^ state[to]
            state[turned] = (mixed << by | mixed >> 32 - by) & 0xFFFFFFFF
    for _ in range(rounds // 2):
        for at in range(4):
            quarter(at, 4 + at, 8 + at, 12 + at)
        for at in range(4):
            quarter(at, 4 + (at + 1) % 4, 8 + (at + 2) % 4, 12 + (at + 3) % 4)
    return struct.pack("<8I", *[(a + b) & 0xFFFFFFFF for a, b in zip(state, start)][:8])


for seed in (0, 1, 42, 1234):
    state, out = seed, b""
    for _ in range(8):
        state = state * 6364136223846793005 + 11634580027462260723 & (1 << 64) - 1
        mixed, turn = ((state >> 18 ^ state) >> 27) & 0xFFFFFFFF, state >> 59
        out += struct.pack("<I", (mixed >> turn | mixed << (-turn & 31)) & 0xFFFFFFFF)
    for rounds in (8, 12, 20):
        add("rust seed_from_u64", chacha(out, rounds))
for byte in (0, 1, 42, 255):
    add("rust from_seed", chacha(bytes([byte] * 32), 8), chacha(bytes([byte] * 32), 12), chacha(bytes([byte] * 32), 20))
for seed in (0, 1, 42, 123):
    g = random.Random(seed)
    order = list(range(256))
    g.shuffle(order)
    add("python shuffle", order[:32])
    add("python text of random()", hashlib.sha256(str(random.Random(seed).random()).encode()).digest())
    g = random.Random(seed)
    add("python two of 128 bits", g.getrandbits(128).to_bytes(16, "big") + g.getrandbits(128).to_bytes(16, "big"))
    for before in (16, 32):
        g = random.Random(seed)
        g.randbytes(before)
        add("python later draw", g.randbytes(32))
    g = random.Random(seed)
    g.random()
    add("python later draw", [g.randrange(256) for _ in range(32)])

# Other texts
for text in ("contraseña", "пароль", "密码", "비밀번호", "passwort", "motdepasse", "senha", "zxcvbnm,./", "1qaz2wsx3edc", "s3cr3t", "localhost", "192.168.0.10"):
    add("other text", hashlib.sha256(text.encode()).digest(), hashlib.md5(text.encode()).digest() * 2)
for pair in ("admin:admin", "root:toor", "user:password", "password:salt", "test:123456"):
    add("pair", hashlib.sha256(pair.encode()).digest(), hashlib.sha512(pair.encode()).digest()[:32])
for text in ("password", "secret", "changeme", "my-secret-key"):
    add("utf-16 digest", hashlib.sha256(text.encode("utf-16-le")).digest(), hashlib.md5(text.encode("utf-16-le")).digest() * 2)
    add("shake", hashlib.shake_128(text.encode()).digest(32), hashlib.shake_256(text.encode()).digest(32))
    digest = text.encode()
    for times in range(1, 1001):
        digest = hashlib.sha256(digest).digest()
        if times in (100, 1000):
            add("iterated digest", digest)
for text in (bytes(32), bytes(range(32)), bytes(range(256)), b"\xff" * 16):
    add("digest of constant bytes", hashlib.sha256(text).digest(), hashlib.sha512(text).digest()[:32])
for name in ("md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b"):
    half = rnd(16)
    add("half and its digest", half + hashlib.new(name, half).digest()[:16])
for word, salt, rounds in ((b"secret", b"key salt", 1000), (b"password", b"encryption key base", 65536), (b"P@ssw0rd", b"Ivan Medvedev", 1000), (b"test", b"stablesalt", 390000),
                           (b"admin", b"abcd1234", 65536), (b"my great password", b"salt", 480000)):
    add("pbkdf2 of samples", hashlib.pbkdf2_hmac("sha1" if rounds in (1000, 65536) and b" " in salt else "sha256", word, salt, rounds, 32))
for word, salt, cost in ((b"password", b"NaCl", (1024, 8, 16)), (b"pleaseletmein", b"SodiumChloride", (16384, 8, 1)), (b"my great password", b"salt", (16384, 8, 1))):
    add("scrypt of samples", hashlib.scrypt(word, salt=salt, n=cost[0], r=cost[1], p=cost[2], dklen=32))
try:
    import argon2.low_level
    for word, salt in ((b"password", b"somesalt"), (b"secret", b"saltsalt"), (b"hunter2", bytes(16))):
        for cost in ((2, 65536, 1), (3, 65536, 4), (1, 65536, 4)):
            add("argon2id", argon2.low_level.hash_secret_raw(word, salt, *cost, 32, argon2.low_level.Type.ID))
except ImportError:
    print("without argon2", file=sys.stderr)

# Published
for digits in ("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
               "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
               "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0", "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
               "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89", "6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19",
               "428a2f9871374491b5c0fbcfe9b5dba53956c25b59f111f1923f82a4ab1c5ed5", "77076d0a7318a57d3c16c17251b26645df4c2f2ebc0d0f0e1a77076d0a7318a5"[:64],
               "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4", "637c777bf26b6fc53001672bfed7ab76ca82c97dfa5947f0add4a2af9ca472c0"):
    if not digits.startswith("77076d"):
        add("published", bytes.fromhex(digits))
known = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
add("published, changed", known[::-1], known[16:] + known[:16], known[1:] + known[:1], bytes(255 - b for b in known), known[:-1] + bytes([known[-1] + 1]))
for line in (pathlib.Path(__file__).parents[2] / "src/master_key/published_keys.tsv").read_text().splitlines():
    if not line.startswith("#") and not line.startswith("hex:"):
        raw = base64.urlsafe_b64decode(line.split("\t")[0])
        add("published", raw[:32] if len(raw) >= 32 else raw * 2)
        if "\tunconfirmed\t" not in line:
            add("published, digest", hashlib.sha256(line.split("\t")[0].encode()).digest())

out = {"now": NOW, "families": families}
pathlib.Path(__file__).with_name("weak_keys.json").write_text(json.dumps(out, indent=0, ensure_ascii=False) + "\n")
print(sum(map(len, families.values())), "keys in", len(families), "families")
