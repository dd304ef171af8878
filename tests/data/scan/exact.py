#!/usr/bin/env python3
"""Writes exact.jsonl: every way of writing a key that the scanner must find, with the encoders of Python.

Each line: name, content (base64) with key A, other (base64): the same with key B.
The keys are random, made for this file: key A is on the first line. Run again, it writes new keys.

With keys as arguments, or one a line where the only argument is `-`, it prints for each of them a line with the key, and
its writings: name and content.
"""
import base64, binascii, codecs, csv, gzip, html, io, json, os, pathlib, plistlib, quopri, subprocess, sys, tarfile, urllib.parse, zipfile, zlib

PADDING = "line one\n# nothing here: 1, 2, 3\n"


def usable(key):
    text = base64.urlsafe_b64encode(key).decode()
    printable = sum(32 <= b < 127 for b in key)
    return "-" in text and "_" in text[:-2] and b" " in key and 8 < printable < 16


def new_key():
    while True:
        key = os.urandom(32)
        if usable(key):
            return key


def wrap(text, width, end="\n"):
    return end.join(text[i : i + width] for i in range(0, len(text), width))


def parts(text, *at):
    ends = [0, *at, len(text)]
    return [text[a:b] for a, b in zip(ends, ends[1:])]


def words(key, width, order):
    return [int.from_bytes(key[i : i + width], order) for i in range(0, 32, width)]


def signed(b):
    return b - 256 if b > 127 else b


def ascii_escape(key, form):
    return "".join(chr(b) if 32 <= b < 127 and b not in b"\"\\'$`#" else form(b) for b in key)


def c_string(key):
    out, after_hex = "", False
    for b in key:
        c = chr(b)
        if 32 <= b < 127 and c not in "\"\\?" and not (after_hex and c in "0123456789abcdefABCDEF"):
            out, after_hex = out + c, False
        else:
            out, after_hex = out + f"\\x{b:02x}", True
    return out


def rows(items, per, indent="    ", sep=", ", end=",\n"):
    return end.join(indent + sep.join(items[i : i + per]) for i in range(0, len(items), per))


def xxd(key, start=0, group=2):
    out = []
    for i in range(0, len(key), 16):
        chunk = key[i : i + 16]
        hexed = wrap(chunk.hex(), group * 2, " ")
        text = "".join(chr(b) if 32 <= b < 127 else "." for b in chunk)
        out.append(f"{start + i:08x}: {hexed:<39}  {text}")
    return "\n".join(out)


def hexdump_c(data):
    out = []
    for i in range(0, len(data), 16):
        chunk = data[i : i + 16]
        left, right = chunk[:8].hex(" "), chunk[8:].hex(" ")
        text = "".join(chr(b) if 32 <= b < 127 else "." for b in chunk)
        out.append(f"{i:08x}  {left:<23}  {right:<23}  |{text}|")
    return "\n".join(out)


def hexdump_plain(key):
    out = []
    for i in range(0, len(key), 16):
        chunk = key[i : i + 16]
        out.append(f"{i:07x} " + " ".join(f"{chunk[j + 1]:02x}{chunk[j]:02x}" for j in range(0, 16, 2)))
    return "\n".join(out)


def z85(key):
    alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
    out = ""
    for i in range(0, 32, 4):
        value = int.from_bytes(key[i : i + 4], "big")
        out += "".join(alphabet[value // 85**p % 85] for p in range(4, -1, -1))
    return out


def base58(key):
    alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    value, out = int.from_bytes(key, "big"), ""
    while value:
        value, digit = divmod(value, 58)
        out = alphabet[digit] + out
    return out


def od(data, *options):
    return subprocess.run(["od", *options], input=data, capture_output=True, check=True).stdout.decode()


def hexdump(data, option):
    return subprocess.run(["hexdump", option], input=data, capture_output=True, check=True).stdout.decode()


def digits(value, alphabet):
    out = ""
    while value:
        value, digit = divmod(value, len(alphabet))
        out = alphabet[digit] + out
    return out


def records(data, form, width=16):
    for at in range(0, len(data), width):
        row = data[at : at + width]
        if form == "intel":
            body = bytes([len(row), at >> 8, at & 255, 0]) + row
            yield ":" + (body + bytes([-sum(body) & 255])).hex().upper()
        else:
            kind, size = {"S1": ("S1", 2), "S2": ("S2", 3), "S3": ("S3", 4)}[form]
            body = bytes([len(row) + size + 1]) + at.to_bytes(size, "big") + row
            yield kind + (body + bytes([~sum(body) & 255])).hex().upper()


def uuencoded(data):
    rows = "".join(binascii.b2a_uu(data[i : i + 45]).decode() for i in range(0, len(data), 45))
    return f"begin 644 key\n{rows}`\nend\n"


def zipped(*members, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, data in members:
            file.writestr(name, data)
    return out.getvalue()


def tarred(name, data):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        entry = tarfile.TarInfo(name)
        entry.size = len(data)
        file.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def base45(key):
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
    values = [key[i] << 8 | key[i + 1] for i in range(0, 32, 2)]
    return "".join(alphabet[v % 45] + alphabet[v // 45 % 45] + alphabet[v // 2025] for v in values)


BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def writings(key):
    url = base64.urlsafe_b64encode(key).decode()
    std = base64.b64encode(key).decode()
    bare, h, H = url.rstrip("="), key.hex(), key.hex().upper()
    dec = [str(b) for b in key]
    hx = [f"0x{b:02x}" for b in key]
    HX = [f"0x{b:02X}" for b in key]
    oc = [f"0o{b:03o}" for b in key]
    sg = [str(signed(b)) for b in key]
    b64 = lambda text: base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()
    mixed = "".join(c.upper() if i % 3 else c for i, c in enumerate(h))
    a, b = parts(url, 17)
    p3 = parts(url, 5, 30)

    # text
    yield "plain.txt", url
    yield "standard.txt", std
    yield "bare.txt", bare + "\n"
    yield "standard-bare.txt", std.rstrip("=") + ";"
    yield "mixed-alphabet.txt", url.replace("_", "/")
    yield "settings.py", f'FERNET_KEY = "{url}"\n'
    yield "bytes.py", f"KEY = b'{url}'\n"
    yield "list.env", f"STRONGROOM_MASTER_KEYS=1:{url},2:other\n"
    yield "compose.yml", f"services:\n  app:\n    environment:\n      - KEY={url}\n"
    yield "main.tf", f'variable "key" {{\n  default = "{std}"\n}}\n'
    yield "app.ini", f"[core]\nfernet_key = {url}\n"
    yield "web.xml", f"<entry key='k'>{std}</entry>\n"
    yield "Dockerfile", f"FROM scratch\nENV KEY {url}\n"
    yield ".bash_history", f"ls\nexport KEY={url}\ncd\n"
    yield "url.txt", f"https://example.com/?key={bare}&x=1\n"
    yield "config.toml", f"key = '{url}'\n"
    yield "data.json", json.dumps({"a": [1, 2], "key": url})
    yield "jwk.json", json.dumps({"kty": "oct", "k": bare})
    yield "values.csv", f"id,key\n1,{url}\n"
    yield "note.md", f"Use `{url}` as the key.\n"
    yield "comment.c", f"/* {std} */\n"

    # hexadecimal
    yield "lower.hex", h
    yield "upper.hex", H
    yield "mixed.hex", mixed
    yield "prefix.hex", "0x" + h
    yield "colons.hex", wrap(H, 2, ":")
    yield "blanks.hex", wrap(h, 2, " ")
    yield "dashes.hex", wrap(h, 2, "-")
    for n in (4, 8, 16):
        yield f"groups{n}.hex", wrap(h, n, " ")
        yield f"groups{n}-mixed.hex", wrap(mixed, n, "_")
    yield "wrapped.hex", wrap(h, 16)
    yield "x.hex", "".join(f"\\x{b:02x}" for b in key)
    yield "0x.hex", " ".join(hx)
    yield "xxd.txt", xxd(key)
    yield "xxd-g1.txt", xxd(b"0123456" + key + b"tail", group=1)
    yield "hexdump-C.txt", hexdump_c(key)
    yield "hexdump-C-odd.txt", hexdump_c(b"abc" + key + b"defgh")
    yield "hexdump.txt", hexdump_plain(key)
    yield "words-swapped.hex", b"".join(key[i : i + 4][::-1] for i in range(0, 32, 4)).hex()
    yield "sql.sql", f"INSERT INTO k VALUES (X'{H}');\n"
    yield "split.hex.py", f"k = '{h[:21]}' + '{h[21:]}'\n"
    yield "fromhex.py", f"bytes.fromhex('{h[:32]}'\n              '{h[32:]}')\n"
    yield "reversed.hex", h[::-1]
    yield "reversed-bytes.hex", key[::-1].hex()

    # byte arrays
    yield "list.py", f"KEY = bytes([{', '.join(dec)}])\n"
    yield "list-hex.py", f"KEY = bytearray([\n{rows(hx, 8)},\n])\n"
    yield "tuple.py", f"KEY = bytes(({','.join(dec)}))\n"
    yield "array.c", "static const uint8_t key[32] = {\n" + rows(hx, 8) + "\n};\n"
    yield "array-upper.cpp", "std::array<std::byte, 32> k{" + ", ".join(f"std::byte{{{x}}}" for x in HX) + "};\n"
    yield "array-comments.c", "key[] = {\n" + "\n".join(f"  {x}, // {i}" for i, x in enumerate(hx)) + "\n};\n"
    yield "array-comments-block.c", "key[] = {" + " ".join(f"/* {i} */ {x}," for i, x in enumerate(dec)) + "};\n"
    yield "array-comments.py", "key = [\n" + "\n".join(f"    {x},  # byte {i}" for i, x in enumerate(dec)) + "\n]\n"
    yield "octal.c", "char k[] = {" + ",".join(f"0{b:o}" for b in key) + "};\n"
    yield "octal.py", f"k = bytes([{','.join(oc)}])\n"
    yield "Key.java", "byte[] k = {" + ", ".join(f"(byte) {x}" for x in hx) + "};\n"
    yield "KeySigned.java", "byte[] k = {" + ", ".join(sg) + "};\n"
    yield "KeyCast.java", "byte[] k = {" + ", ".join(f"(byte){x}" for x in sg) + "};\n"
    yield "KeyMixed.java", "byte[] k = {" + ", ".join(f"(byte)0x{b:X}" if b > 127 else str(b) for b in key) + "};\n"
    yield "key.go", "var key = []byte{" + ", ".join(hx) + "}\n"
    yield "key-decimal.go", "var key = [32]byte{\n\t" + ",\n\t".join(dec) + ",\n}\n"
    yield "key.rs", "const KEY: [u8; 32] = [" + ", ".join(dec) + "];\n"
    yield "key-suffix.rs", "const KEY: [u8; 32] = [" + ", ".join(f"{x}u8" for x in hx) + "];\n"
    yield "key-suffix2.rs", "const KEY: [u8; 32] = [\n" + rows([f"{x}_u8" for x in hx], 6) + "\n];\n"
    yield "key-signed.rs", "const KEY: [i8; 32] = [" + ", ".join(sg) + "];\n"
    yield "key.js", "const k = new Uint8Array([" + ",".join(dec) + "]);\n"
    yield "buffer.ts", "const k: Buffer = Buffer.from([" + ", ".join(hx) + "]);\n"
    yield "object.json", json.dumps({str(i): b for i, b in enumerate(key)})
    yield "buffer.json", json.dumps({"type": "Buffer", "data": list(key)}, indent=8)
    yield "Key.cs", "byte[] k = new byte[] { " + ", ".join(HX) + " };\n"
    yield "key.php", "$k = [" + ", ".join(hx) + "];\n"
    yield "key-index.php", "$k = array(" + ", ".join(f"{i} => {x}" for i, x in enumerate(dec)) + ");\n"
    yield "pack.php", "pack('C*', " + ", ".join(dec) + ");\n"
    yield "key.rb", "KEY = [" + ", ".join(dec) + "].pack('C*')\n"
    yield "key.swift", "let k: [UInt8] = [" + ", ".join(hx) + "]\n"
    yield "Key.kt", "val k = byteArrayOf(" + ", ".join(sg) + ")\n"
    yield "KeyU.kt", "val k = ubyteArrayOf(" + ", ".join(f"{x}u" for x in HX) + ")\n"
    yield "KeyTo.kt", "val k = byteArrayOf(" + ", ".join(f"{x}.toByte()" for x in hx) + ")\n"
    yield "index.c", "".join(f"key[{i}] = {x};\n" for i, x in enumerate(hx))
    yield "push.js", "".join(f"k.push({x});\n" for x in dec)
    yield "list.yaml", "key:\n" + "".join(f"  - {x}\n" for x in dec)
    yield "array.ps1", "$k = @(" + ",".join(dec) + ")\n"
    yield "array.sh", "k=(" + " ".join(dec) + ")\n"
    yield "array.asm", "key: db " + ", ".join(f"0{b:02X}h" for b in key) + "\n"
    yield "array-s.s", ".byte " + ", ".join(hx[:16]) + "\n.byte " + ", ".join(hx[16:]) + "\n"
    yield "binary.c", "k = {" + ",".join(f"0b{b:08b}" for b in key) + "};\n"
    yield "quotes.json", json.dumps([str(b) for b in key])
    yield "lua.lua", "k = {" + ", ".join(dec) + "}\n"
    yield "reversed.go", "k := []byte{" + ", ".join(hx[::-1]) + "}\n"
    yield "codes.js", "String.fromCharCode(" + ",".join(str(ord(c)) for c in url) + ")\n"
    yield "chars.c", "char k[] = {" + ", ".join(f"'{c}'" for c in url) + "};\n"
    yield "chars.py", "k = ''.join([" + ", ".join(f'"{c}"' for c in url) + "])\n"
    yield "chr.php", " . ".join(f"chr({ord(c)})" for c in url)

    # words and integers
    for width, bits in ((2, 16), (4, 32), (8, 64)):
        for order in ("big", "little"):
            w = words(key, width, order)
            yield f"u{bits}-{order}.c", f"uint{bits}_t k[] = {{" + ", ".join(f"0x{x:0{width * 2}x}" for x in w) + "};\n"
            yield f"u{bits}-{order}-dec.rs", f"[u{bits}; {32 // width}] = [" + ", ".join(map(str, w)) + "];\n"
    yield "u32-suffix.cpp", ", ".join(f"0x{x:08X}UL" for x in words(key, 4, "big"))
    yield "i32.java", "int[] k = {" + ", ".join(str(x - 2**32 if x >> 31 else x) for x in words(key, 4, "big")) + "};\n"
    yield "u64-separators.rs", ", ".join(f"0x{wrap(f'{x:016x}', 4, '_')}" for x in words(key, 8, "little"))
    yield "limbs.go", ", ".join(f"0x{x:016x}" for x in words(key, 8, "big")[::-1])
    yield "integer.py", f"k = {int.from_bytes(key, 'big')}\n"
    yield "integer-little.py", f"k = {int.from_bytes(key, 'little')}\n"
    yield "integer-hex.py", f"k = {hex(int.from_bytes(key, 'big'))}\n"
    yield "integer-hex-little.py", f"k = 0x{key[::-1].hex()}\n"
    yield "integer-separators.py", f"k = {int.from_bytes(key, 'big'):_}\n"

    # escapes
    yield "repr.py", f"k = {key!r}\n"
    yield "escaped.c", f'k = "{c_string(key)}";\n'
    yield "escaped-split.c", 'k = "' + "".join(f"\\x{b:02x}" for b in key[:9]) + '"\n    "' + "".join(f"\\x{b:02x}" for b in key[9:]) + '";\n'
    yield "octal-escapes.c", 'k = "' + "".join(f"\\{b:03o}" for b in key) + '";\n'
    yield "octal-mixed.rb", 'k = "' + ascii_escape(key, lambda b: f"\\{b:03o}") + '"\n'
    yield "mixed.rb", 'k = "' + ascii_escape(key, lambda b: f"\\x{b:02X}") + '"\n'
    yield "mixed.go", 'k := "' + ascii_escape(key, lambda b: f"\\x{b:02x}") + '"\n'
    yield "unicode.json", json.dumps(key.decode("latin-1"))
    yield "unicode.js", 'k = "' + "".join(f"\\u{b:04x}" for b in key) + '";\n'
    yield "unicode.rs", 'k = "' + "".join(f"\\u{{{b:x}}}" for b in key) + '";\n'
    yield "decimal.lua", 'k = "' + "".join(f"\\{b}" if b > 99 else f"\\{b:03d}" for b in key) + '"\n'
    yield "dollar.sh", "k=$'" + ascii_escape(key, lambda b: f"\\x{b:02x}") + "'\n"
    yield "dollar-octal.sh", "k=$'" + "".join(f"\\{b:03o}" for b in key) + "'\n"
    yield "repr-plus.py", "k = (" + " +\n  ".join(repr(key[i : i + 8]) for i in range(0, 32, 8)) + ")\n"
    yield "text-x.c", '"' + "".join(f"\\x{ord(c):02x}" for c in url) + '"'
    yield "text-u.js", '"' + "".join(f"\\u{ord(c):04x}" for c in url) + '"'
    yield "text-equals.json", '{"key": "' + url.replace("=", "\\u003d") + '"}'
    yield "text-slash.json", '{"key": "' + std.replace("/", "\\/") + '"}'
    yield "text-plus.json", '{"key": "' + std.replace("/", "\\u002f").replace("+", "\\u002B") + '"}'
    yield "json-in-json.json", json.dumps(json.dumps({"k": std.replace("/", "\\/")}))
    yield "json-in-json-u.json", json.dumps('{"k": "' + std.replace("/", "\\u002f") + '"}')

    # percent, entities, quoted-printable
    yield "percent.txt", "key=" + urllib.parse.quote(std, safe="")
    yield "percent-all.txt", "key=" + "".join(f"%{ord(c):02X}" for c in std)
    yield "percent-bytes.txt", urllib.parse.quote_from_bytes(key)
    yield "percent-twice.txt", urllib.parse.quote(urllib.parse.quote(std, safe=""), safe="")
    yield "entities.html", "<p>" + std.replace("=", "&#61;").replace("+", "&#x2B;").replace("/", "&sol;") + "</p>"
    yield "entities-named.xml", "<k>" + std.replace("=", "&equals;").replace("+", "&plus;").replace("/", "&#47;") + "</k>"
    yield "entities-all.html", "".join(f"&#{ord(c)};" for c in std)
    yield "entities-hex.html", "".join(f"&#x{ord(c):x};" for c in url)
    yield "mail.eml", quopri.encodestring(f"{'x' * 60} the key is {std}, keep it".encode()).decode()

    # lines and pieces
    yield "pem.txt", f"-----BEGIN KEY-----\n{wrap(std, 16)}\n-----END KEY-----\n"
    yield "wrap-64.txt", wrap("key: " + std, 30)
    yield "wrap-crlf.txt", wrap(std, 20, "\r\n")
    yield "folded.yaml", "key: >-\n  " + "\n  ".join(parts(url, 20)) + "\n"
    yield "literal.yaml", "key: |\n    " + "\n    ".join(parts(url, 11, 33)) + "\n"
    yield "continued.sh", f"KEY={a}\\\n{b}\n"
    yield "continued.py", f"key = '{a}\\\n{b}'\n"
    yield "continued.properties", f"key={a}\\\n    {b}\n"
    yield "plus.js", f'const k = "{a}" + "{b}";\n'
    yield "plus-lines.java", f'String k = "{p3[0]}"\n    + "{p3[1]}"\n    + "{p3[2]}";\n'
    yield "adjacent.c", f'char *k = "{a}" "{b}";\n'
    yield "adjacent-lines.py", f"k = ('{p3[0]}'\n     '{p3[1]}'\n     '{p3[2]}')\n"
    yield "dot.php", f"$k = '{a}' . '{b}';\n"
    yield "dots.lua", f'k = "{a}" .. "{b}"\n'
    yield "and.vb", f'k = "{a}" & "{b}"\n'
    yield "and.vbs", f'k = "{a}" & _\n    "{b}"\n'
    yield "pipes.sql", f"SELECT '{a}' || '{b}';\n"
    yield "percent-format.py", f"k = '%s%s' % ('{a}', '{b}')\n"
    yield "join.py", f'k = "".join(["{p3[0]}", "{p3[1]}", "{p3[2]}"])\n'
    yield "join.js", f'[\n  "{p3[0]}",\n  "{p3[1]}",\n  "{p3[2]}",\n].join("")\n'
    yield "template.js", f"const k = `${{'{a}'}}{b}`;\n"
    yield "assigned.py", f'a = "{a}"\nb = "{b}"\nkey = a + b\n'
    yield "assigned-three.go", f'first := "{p3[0]}"\nsecond := "{p3[1]}"\nthird := "{p3[2]}"\n'
    yield "appended.py", f'key = "{p3[0]}"\nkey += "{p3[1]}"\nkey += "{p3[2]}"\n'
    yield "appended.sh", f"K={a}\nK=${{K}}{b}\n"
    yield "parts.env", f"KEY_PART_1={p3[0]}\nKEY_PART_2={p3[1]}\nKEY_PART_3={p3[2]}\n"
    yield "concat.rs", f'concat!("{a}", "{b}")\n'
    yield "concat.sql", f"CONCAT('{p3[0]}', '{p3[1]}', '{p3[2]}')\n"
    yield "append.java", f'new StringBuilder().append("{a}").append("{b}")\n'
    yield "eights.py", "\n".join(f'p{i} = "{url[i : i + 8]}"' for i in range(0, 44, 8)) + "\n"
    yield "fours.js", "[" + ", ".join(f'"{url[i : i + 4]}"' for i in range(0, 44, 4)) + "].join('')"
    yield "twos.js", "[" + ", ".join(f'"{url[i : i + 2]}"' for i in range(0, 44, 2)) + "].join('')"
    yield "threes-lines.txt", wrap(url, 3)
    yield "comment-lines.c", "// " + "\n// ".join(parts(url, 22)) + "\n"
    yield "diff.patch", "+" + "\n+".join(parts(std, 22)) + "\n"
    yield "quoted.eml", "> " + "\n> ".join(parts(std, 13)) + "\n"

    # marks of radixes, and escapes that end where a string does
    yield "basic.vb", "Dim Key() As Byte = {" + ", ".join("&H%02X" % b for b in key) + "}\n"
    yield "lisp.lisp", "#(" + " ".join("#x%02X" % b for b in key) + ")\n"
    yield "erlang.erl", "<<" + ",".join("16#%02X" % b for b in key) + ">>\n"
    yield "ada.adb", "Key : constant Bytes := (" + ", ".join("16#%02X#" % b for b in key) + ");\n"
    yield "string-each.c", '"' + '""'.join("\\x%02x" % b for b in key) + '";\n'
    yield "string-each-spaced.c", " ".join('"\\x%02x"' % b for b in key) + ";\n"
    yield "characters.c", "{" + ", ".join("'\\x%02x'" % b for b in key) + "};\n"
    yield "json-in-json-latin.json", json.dumps(json.dumps({"key": key.decode("latin-1")}))
    yield "percent-raw-twice.txt", urllib.parse.quote(urllib.parse.quote(key))
    yield "percent-raw-sparse.txt", "&k=" + urllib.parse.quote_plus(key) + "&"

    yield "percent-form.txt", "k=" + urllib.parse.quote_plus(key)
    yield "characters-one-escape.json", json.dumps({"key": key.decode("latin-1")}, ensure_ascii=False)

    # encodings of encodings
    yield "utf-16-array.cs", ("{" + ", ".join("0x%02X" % b for b in key) + "}").encode("utf-16")
    yield "utf-16-escapes.ps1", ('"' + "".join("\\x%02x" % b for b in key) + '"').encode("utf-16-le")
    for n in range(3):
        yield f"nested-utf-16-{n}.ps1", "powershell -enc " + b64(("k" * n + url).encode("utf-16-le"))
    yield "nested-utf-16-be.txt", b64(("key=" + std).encode("utf-16-be"))
    yield "hex-of-hex.txt", h.encode().hex()
    for n in range(3):
        yield f"nested{n}.yaml", "data:\n  key: " + b64("x" * n + url) + "\n"
        yield f"nested-standard{n}.yaml", "data: " + b64("k" * n + std + "\n") + "\n"
    yield "nested-entry.yaml", "data: " + b64(f"1:{url}") + "\n"
    yield "nested-env.yaml", "data: " + b64(f"A=1\nKEY={url}\nB=2\n") + "\n"
    yield "nested-wrapped.yaml", "data: |\n  " + wrap(b64(f"KEY={url}\n"), 40, "\n  ") + "\n"
    yield "nested-twice.txt", b64(b64(url))
    yield "nested-twice-prefix.txt", b64("a" + b64("bb" + url))
    yield "nested-hex.txt", b64(h)
    for n in range(3):
        yield f"inside{n}.txt", b64(b"\x00\xff"[:n] + key + b"more bytes")
    yield "base32.txt", base64.b32encode(key).decode()
    yield "base32-bare-lower.txt", base64.b32encode(key).decode().rstrip("=").lower()
    yield "base32-spaced.txt", wrap(base64.b32encode(key).decode().lower(), 4, " ")
    yield "b85.txt", base64.b85encode(key).decode()
    yield "a85.txt", base64.a85encode(key).decode()
    yield "a85-adobe.txt", base64.a85encode(key, adobe=True).decode()
    yield "z85.txt", z85(key)
    yield "base58.txt", base58(key)
    yield "hex-of-text.txt", url.encode().hex()
    yield "utf-16-le.txt", f"key={url}\n".encode("utf-16-le")
    yield "utf-16-be.txt", f"key={url}\n".encode("utf-16-be")
    yield "utf-16-hex.txt", h.encode("utf-16-le")
    yield "utf-32-le.txt", f"key={url}\n".encode("utf-32-le")
    yield "utf-32-be.txt", f"key={url}\n".encode("utf-32-be")
    yield "latin-1.txt", key.decode("latin-1").encode("utf-8")
    yield "reversed.txt", url[::-1]
    yield "reversed-bytes.txt", base64.b64encode(key[::-1]).decode()
    yield "rot13.txt", codecs.encode(url, "rot13")

    yield from dumps(key)
    yield from binary(key)
    yield from alphabets(key)
    yield from containers(key)
    yield from files(key)
    yield from languages(key)
    yield from printed(key)

    # bytes
    yield "raw.bin", key
    yield "raw-inside.bin", bytes(range(256)) + key + bytes(100)
    yield "raw-reversed.bin", key[::-1]
    yield "raw-elf.bin", b"\x7fELF" + bytes(200) + key


def dumps(key):
    """What tools print, at even and at odd places, of the bytes and of a file that holds the text."""
    text = b"A=1\nMASTER_KEY=" + base64.urlsafe_b64encode(key) + b"\nB=2\n"
    forms = ["-b", "-c", "-d", "-o", "-x", "-tu1", "-td1", "-tu2", "-td2", "-tu4", "-td4", "-tu8", "-td8", "-to1", "-to4", "-to8", "-tx1", "-tx4", "-tx8"]
    for form in forms:
        for n in range(2):
            yield f"od{form}-{n}.txt", od(b"abc"[:n] + key + b"end"[n:], form)
    yield "od-plain-3.txt", od(b"abc" + key + b"d")
    for form in ("-b", "-c", "-o", "-tx1", "-td2"):
        yield f"od{form}-text.txt", od(text, form)
    yield "od-decimal-addresses.txt", od(b"ab" + key, "-Ad", "-tu1")
    yield "od-hex-addresses.txt", od(b"ab" + key, "-Ax", "-to2")
    for form in ("-b", "-c", "-d", "-o", "-x"):
        for n in range(2):
            yield f"hexdump{form}-{n}.txt", hexdump(b"x" * n + key, form)
    yield "hexdump-x-text.txt", hexdump(text, "-x")
    yield "hexdump-C-text.txt", hexdump(text, "-C")
    yield "xxd-text.txt", xxd(text)
    yield "xxd-b.txt", "\n".join(f"{i:08x}: " + " ".join(f"{b:08b}" for b in key[i : i + 6]) + "  ......" for i in range(0, 32, 6))
    for n in (0, 5):
        for form in ("intel", "S1", "S2", "S3"):
            yield f"{form}-{n}.hex", "\n".join(records(b"x" * n + key + b"tail", form)) + "\n"
        yield f"intel-32-{n}.hex", "\r\n".join(records(b"x" * n + key + b"tail", "intel", 32)) + "\r\n"
    yield "intel-text.hex", "\n".join(records(text, "intel")) + "\n"
    yield "S1-in-strings.c", "\n".join(f'    "{row}\\n"' for row in records(key, "S1")) + "\n"
    yield "uuencoded.txt", uuencoded(key)
    yield "uuencoded-long.txt", uuencoded(bytes(range(32, 120)) + key + bytes(100))
    yield "uuencoded-text.txt", uuencoded(text)
    yield "quoted-printable.eml", binascii.b2a_qp(key, istext=False).decode()
    yield "quoted-printable-long.eml", binascii.b2a_qp("Grüße, ".encode() * 10 + key + "ä".encode() * 40, istext=False).decode()
    yield "quoted-printable-all.eml", "".join(f"={b:02X}" for b in key)


def binary(key):
    row = "".join(f"{b:08b}" for b in key)
    yield "bits.txt", row
    yield "bits-lines.txt", wrap(row, 64)
    yield "bits-bytes.txt", wrap(row, 8, " ")
    yield "bits-nibbles.txt", wrap(row, 4, " ")
    yield "bits-list.py", "k = [" + ", ".join(row) + "]\n"
    yield "bits-strings.py", "k = [" + ", ".join(f'"{b:08b}"' for b in key) + "]\n"
    yield "bits-lowest-first.py", "k = [" + ", ".join("".join(f"{b:08b}"[::-1] for b in key)) + "]\n"
    yield "bits-lines-each.txt", "\n".join(f"{b:08b}" for b in key) + "\n"
    yield "bits.v", f"parameter [255:0] KEY = 256'b{wrap(row, 8, '_')};\n"
    yield "bits-0b.py", f"k = 0b{row}\n"
    yield "hex.v", f"parameter [255:0] KEY = 256'h{key.hex()};\n"
    yield "hex.vhd", f'constant KEY : std_logic_vector(255 downto 0) := x"{key.hex().upper()}";\n'


def alphabets(key):
    url, value = base64.urlsafe_b64encode(key).decode(), int.from_bytes(key, "big")
    std, bare = base64.b64encode(key).decode(), url.rstrip("=")
    b32, b64 = base64.b32encode(key).decode().rstrip("="), std.rstrip("=")
    swap = lambda text, one, two: text.translate(str.maketrans(one, two))
    for name, alphabet in (
        ("bech32", "qpzry9x8gf2tvdw0s3jn54khce6mua7l"),
        ("crockford", "0123456789ABCDEFGHJKMNPQRSTVWXYZ"),
        ("z-base-32", "ybndrfg8ejkmcpqxot1uwisza345h769"),
        ("base32hex", "0123456789ABCDEFGHIJKLMNOPQRSTUV"),
    ):
        yield f"{name}.txt", "k1" + swap(b32, BASE32, alphabet) + "\n" if name == "bech32" else swap(b32, BASE32, alphabet)
    lower, upper, ten = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
    for name, alphabet in (("crypt", "./" + ten + upper + lower), ("bcrypt", "./" + upper + lower + ten), ("xxencode", "+-" + ten + upper + lower)):
        yield f"{name}.txt", swap(b64, BASE64, alphabet)
    yield "base36.js", f'BigInt("{digits(value, ten + lower)}")'
    yield "base36-upper.txt", digits(value, ten + upper)
    yield "base62.txt", digits(value, ten + upper + lower)
    yield "base62-lower-first.txt", digits(value, ten + lower + upper)
    yield "base45.txt", base45(key)
    yield "integer-octal.py", f"k = 0o{value:o}\n"
    yield "multibase-z.txt", "z" + base58(key)
    yield "multibase-u.txt", "u" + bare
    yield "multibase-f.txt", "f" + key.hex()
    yield "utf-7.txt", "+" + b64 + "-"
    yield "floats.py", "k = [" + ", ".join(f"{b}.0" for b in key) + "]\n"
    yield "floats-two.json", json.dumps([float(b) for b in key], indent=1)
    yield "floats-00.txt", "\n".join(f"{b}.00" for b in key)
    yield "floats-f.java", "{" + ", ".join(f"{b}.0f" for b in key) + "};\n"
    yield "floats-point.m", "k = [" + " ".join(f"{b}." for b in key) + "];\n"
    yield "exponents.txt", " ".join(f"{b:e}" for b in key)
    yield "numpy.txt", "[" + "\n ".join(" ".join(f"{b:.2e}" for b in key[i : i + 8]) for i in range(0, 32, 8)) + "]"
    yield "exponents-short.txt", ",".join(f"{b // 10}e1" if b and b % 10 == 0 else f"{b}e0" for b in key)
    yield "dotted.txt", ".".join(map(str, key))
    yield "addresses.txt", "\n".join(".".join(map(str, key[i : i + 4])) for i in range(0, 32, 4))
    yield "ipv6.txt", "\n".join(":".join(key.hex()[i + j : i + j + 4] for j in range(0, 32, 4)) for i in range(0, 64, 32))
    yield "uuids.txt", "\n".join("-".join((h[:8], h[8:12], h[12:16], h[16:20], h[20:])) for h in (key.hex()[:32], key.hex()[32:])) + "\n"
    yield "braces.cs", "".join(f"{{{b:02x}}}" for b in key)
    yield "powershell-joined.ps1", f"$k = -join @('{url[:11]}','{url[11:22]}','{url[22:33]}','{url[33:]}')\n"
    yield "heredoc.sh", f"cat > key <<EOF\n{url}\nEOF\n"
    yield "printf.sh", "printf '" + "".join(f"\\{b:03o}" for b in key) + "' > key\n"
    yield "echo.sh", "echo -ne '" + "".join(f"\\x{b:02x}" for b in key) + "' > key\n"
    yield "css.css", "".join(f"\\{b:06x}" for b in url.encode())
    yield "postgres.sql", f"'\\x{key.hex()}'::bytea"
    yield "postgres-escape.sql", "E'" + "".join(f"\\\\{b:03o}" for b in key) + "'"
    yield "plist.xml", f"<key>k</key>\n<data>\n\t{std[:20]}\n\t{std[20:]}\n</data>\n"
    yield "registry.reg", '"Key"=hex:' + ",".join(f"{b:02x}" for b in key[:20]) + ",\\\n  " + ",".join(f"{b:02x}" for b in key[20:]) + "\n"
    yield "asn1.txt", "OCTET STRING\n" + "\n".join("    " + " ".join(f"{b:02X}" for b in key[i : i + 12]) for i in range(0, 32, 12))
    yield "openssl.txt", "\n".join("    " + ":".join(f"{b:02x}" for b in key[i : i + 15]) + ":" for i in range(0, 32, 15))
    yield "wireshark.txt", "\n".join(f"{i:04x}   " + " ".join(f"{b:02x}" for b in key[i : i + 16]) + "   ................" for i in range(0, 32, 16))
    yield "gdb.txt", "\n".join(f"0x7ffe1000{i:04x}:\t" + "\t".join(f"0x{b:02x}" for b in key[i : i + 8]) for i in range(0, 32, 8))
    yield "gdb-words.txt", "\n".join(f"0x7ffe1000{i:04x}:\t" + "\t".join(f"0x{int.from_bytes(key[j : j + 4], 'little'):08x}" for j in range(i, i + 16, 4)) for i in (0, 16))


def containers(key):
    url, std = base64.urlsafe_b64encode(key).decode(), base64.b64encode(key).decode()
    b64 = lambda data: base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()
    release = json.dumps({"name": "app", "config": {"masterKey": url}, "manifest": "apiVersion: v1\n" * 40})
    packed = gzip.compress(release.encode())
    bare = lambda data: zlib.compress(data, wbits=-15)
    env = f"A=1\nMASTER_KEY={url}\n".encode()
    yield "helm-release.yaml", "data:\n  release: " + b64(b64(packed)) + "\ntype: helm.sh/release.v1\n"
    yield "gzip-base64.yaml", "data:\n  config.gz: " + b64(packed) + "\n"
    yield "gzip-base64-lines.txt", base64.encodebytes(packed).decode()
    yield "gzip-base64-indented.yaml", "data: |\n    " + wrap(b64(packed), 64, "\n    ") + "\n"
    yield "gzip-base64-prefix.txt", "user-data/" + b64(packed)
    yield "gzip-url.txt", "x=" + base64.urlsafe_b64encode(packed).decode().rstrip("=")
    yield "gzip-hex.txt", packed.hex()
    yield "gzip-hex-lines.txt", wrap(packed.hex(), 60)
    yield "gzip-raw-key.txt", b64(gzip.compress(key + b"more"))
    yield "gzip-inside.bin", b"header" + packed + b"tail"
    yield "gzip-twice.bin", b"h" + gzip.compress(b"x" + packed)
    yield "zlib-base64.txt", b64(zlib.compress(env))
    yield "zlib-fast-base64.txt", b64(zlib.compress(env, 1))
    yield "zlib-inside.bin", b"%PDF-1.4 stream\r\n" + zlib.compress(env) + b"\nendstream"
    yield "deflate-base64.txt", "SAMLRequest=" + urllib.parse.quote(b64(bare(env)), safe="")
    yield "deflate-base64-plain.txt", b64(bare(env * 3))
    yield "zip.bin", zipped(("a.txt", b"nothing"), ("conf/.env", env))
    yield "zip-base64.txt", b64(zipped(("conf/.env", env)))
    yield "zip-stored.bin", zipped(("conf/.env", env), method=zipfile.ZIP_STORED)
    yield "zip-in-zip.bin", zipped(("lib/inner.jar", zipped(("app.properties", env))))
    yield "tar.bin", tarred("conf/.env", env)
    yield "tar-gz-base64.txt", b64(gzip.compress(tarred("conf/.env", env)))
    yield "base64-three.txt", b64(b64(b64(url)))
    yield "base64-four.txt", b64(b64(b64(b64(env))))
    yield "base64-hex.txt", b64(b64(key.hex()))
    yield "hex-of-base64-of-hex.txt", b64(key.hex()).encode().hex()
    yield "hex-of-hex-of-hex.txt", key.hex().encode().hex().encode().hex()
    yield "base64-of-hex-of-base64.txt", b64(b64(url).encode().hex())
    yield "base64-of-array.yaml", "data: " + b64("KEY = [" + ", ".join(map(str, key)) + "]\n")
    yield "base64-of-escapes.txt", b64('{"k": "' + "".join(f"\\u{b:04x}" for b in key) + '"}')
    yield "base64-of-json.txt", b64(json.dumps({"k": std.replace("/", "\\/"), "pad": "x" * 30}))
    yield "base64-of-percent.txt", b64("key=" + urllib.parse.quote_from_bytes(key))
    yield "percent-of-gzip.txt", "state=" + urllib.parse.quote(b64(packed), safe="")
    yield "json-of-gzip.json", json.dumps({"blob": b64(packed)}).replace("/", "\\/")
    yield "json-of-gzip-lines.json", json.dumps({"blob": base64.encodebytes(packed).decode()})
    yield "strings-of-gzip.py", "x = (\n" + "\n".join(f"    '{row}'" for row in wrap(b64(packed), 60).split("\n")) + "\n)\n"
    yield "utf-16-of-gzip.txt", b64(packed).encode("utf-16-le")
    yield "utf-16-of-hex.ps1", b64(key.hex().encode("utf-16-le"))
    yield "base64-quoted.eml", quopri.encodestring(b64(packed).encode()).decode()
    yield "ipynb.json", json.dumps({"outputs": [{"data": {"text/plain": [repr(packed)]}}]})
    yield "cloud-init.yaml", "write_files:\n- encoding: gz+b64\n  content: " + b64(gzip.compress(env)) + "\n  path: /etc/app.env\n"
    yield "data-uri.html", '<a href="data:application/octet-stream;base64,' + b64(packed) + '">'
    yield "basic-auth.http", "Authorization: Basic " + b64("admin:" + url)
    yield "jwt.txt", ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in ('{"alg":"none"}', json.dumps({"key": url, "iat": 1}), "sig"))
    yield "docker-config.json", json.dumps({"auths": {"r": {"auth": b64("user:" + url)}}})


def files(key):
    """Settings, documents and messages."""
    url, std = base64.urlsafe_b64encode(key).decode(), base64.b64encode(key).decode()
    bare, h, dec = url.rstrip("="), key.hex(), [str(b) for b in key]
    latin = key.decode("latin-1")
    b64 = lambda text: base64.b64encode(text.encode()).decode()
    yield "array.toml", "key = [\n" + rows(dec, 8, "  ") + ",\n]\n"
    yield "hex-array.toml", "key = [" + ", ".join(f"0x{b:02x}" for b in key) + "]\n"
    yield "pieces.toml", 'parts = [\n  "' + '",\n  "'.join(parts(url, 15, 30)) + '",\n]\n'
    yield "lines.toml", 'key = """\\\n  ' + "\\\n  ".join(parts(url, 9, 31)) + '\\\n  """\n'
    yield "heredoc.tf", f"key = <<-EOT\n    {url}\n  EOT\n"
    yield "decode.tf", f'key = base64decode("{std}")\n'
    yield "secret.yaml", f"kind: Secret\nstringData:\n  key: {url}\ntype: Opaque\n"
    yield "secret-data.yaml", "kind: Secret\ndata:\n  key: " + b64(url) + "\n  user: YWRtaW4=\n"
    yield "secret-raw.yaml", f"kind: Secret\ndata:\n  key: {std}\n"
    yield "binary.yaml", "key: !!binary |\n  " + wrap(std, 20, "\n  ") + "\n"
    yield "quoted.yaml", f"key: '{url}'\n"
    yield "flow.yaml", f"env: {{name: KEY, value: {url}}}\n"
    yield "compose-map.yml", f'    environment:\n      KEY: "{url}"\n'
    yield "compose-default.yml", f"      KEY: ${{KEY:-{url}}}\n"
    yield "default.sh", f"export KEY=${{KEY:-{bare}}}\n"
    yield "unit.service", f'[Service]\nEnvironment="KEY={url}" "B=1"\n'
    yield "set.bat", f"set KEY={url}\r\n"
    yield "continued.bat", "set KEY=" + "^\r\n".join(parts(url, 20)) + "\r\n"
    yield "continued.ps1", '$k = "' + parts(url, 20)[0] + '" + `\r\n  "' + parts(url, 20)[1] + '"\r\n'
    yield "makefile.mk", f"KEY := {url}\n"
    yield "option.txt", f"app --key={url} --verbose\n"
    yield "option-bare.txt", f"app -k {bare} -v\n"
    yield "version-first.txt", f"1:{url}\n"
    yield "versions.txt", f"2:{bare},1:{bare}\n"
    yield "path.txt", f"https://example.com/k/{bare}/edit\n"
    yield "file-name.txt", f"-rw------- 1 a a 0 Jan  1 00:00 {bare}.key\n"
    yield "prefixed.txt", f"key-{bare}\n"
    yield "prefixed-underscore.txt", f"sk_live_{url}\n"
    yield "suffixed.txt", f"{bare}-old, {bare}_old\n"
    yield "between-dashes.txt", f"--{bare}--\n"
    yield "hex-prefixed.txt", f"key-{h}\n"
    yield "hex-underscore.txt", f"key_{h}_v1\n"
    yield "sentence.txt", f"The key was {url}.\n"
    yield "email.txt", f"<{bare}@example.com>\n"
    yield "header.http", f"POST / HTTP/1.1\r\nX-Key: {url}\r\n\r\n"
    yield "cookie.http", f"Cookie: a=1; key={bare}; b=2\r\n"
    yield "bearer.http", f"Authorization: Bearer {bare}\r\n"
    yield "form.http", "a=1&key=" + urllib.parse.quote(url, safe="") + "&b=2"
    yield "dsn.txt", "postgres://app:" + urllib.parse.quote(std, safe="") + "@db/app\n"
    yield "escapes.properties", "key=" + std.replace("=", "\\=") + "\n"
    yield "unicode.properties", "key=" + std.replace("=", "\\u003D").replace("+", "\\u002B") + "\n"
    yield "colon.properties", f"key\\:name : {url}\n"
    yield "escaped.md", "The key is " + url.replace("_", "\\_").replace("-", "\\-") + "\n"
    yield "escaped.tex", "\\texttt{" + url.replace("_", "\\_") + "}\n"
    yield "cdata.xml", f"<k><![CDATA[{url}]]></k>\n"
    yield "attribute.xml", f'<k v="{html.escape(std)}"/>\n'
    yield "raw-entities.xml", "<k>" + "".join(f"&#{b};" for b in key) + "</k>\n"
    yield "raw-entities-hex.xml", "<k>" + "".join(f"&#x{b:02X};" for b in key) + "</k>\n"
    yield "key.plist", plistlib.dumps({"key": key}).decode()
    yield "key.bplist", plistlib.dumps({"key": key}, fmt=plistlib.FMT_BINARY)
    yield "key.ldif", "key:: " + "\n ".join(parts(std, 20)) + "\n"
    yield "php.serialized", f's:{len(url)}:"{url}";'
    yield "redis.resp", f"*2\r\n$3\r\nGET\r\n$44\r\n{url}\r\n"
    yield "row.csv", f'1;"{url}";2026-01-01\n'
    yield "bytes.csv", ",".join(dec) + "\n"
    yield "hex.csv", "id,key\r\n1,0x" + h.upper() + "\r\n"
    yield "quoted.csv", csv_row(["1", 'say "' + url + '"', "x"])
    yield "notebook.ipynb", json.dumps({"cells": [{"source": ["import os\n", f'key = "{url}"\n', f"key = '{std}'"]}]}, indent=1)
    yield "notebook-bytes.ipynb", json.dumps({"cells": [{"source": [f"key = {key!r}\n"]}]})
    yield "notebook-output.ipynb", json.dumps({"outputs": [{"data": {"text/plain": [repr(url)]}}]})
    yield "log.jsonl", json.dumps({"message": json.dumps({"key": url}), "level": 1}) + "\n"
    yield "json-thrice.json", json.dumps(json.dumps(json.dumps({"k": std.replace("/", "\\/")})))
    yield "json-latin.json", json.dumps({"key": latin, "n": 1}, indent=2)
    yield "json-latin-in-json.json", json.dumps({"body": json.dumps({"key": latin})})
    yield "heredoc.sql", f"INSERT INTO k VALUES (1, $${url}$$);\n"
    yield "mssql.sql", f"INSERT INTO k VALUES (1, 0x{h.upper()});\n"
    yield "unhex.sql", f"SELECT UNHEX('{h}'), 1;\n"
    yield "copy.sql", f"COPY k FROM stdin;\n1\t\\\\x{h}\n\\.\n"
    yield "e-string.sql", f"VALUES (E'\\\\x{h}')\n"
    yield "bom-le.txt", f"key={url}\r\n".encode("utf-16")
    yield "bom-be.txt", b"\xfe\xff" + f"key={url}\r\n".encode("utf-16-be")
    yield "bom-8.txt", f"key={url}\r\n".encode("utf-8-sig")
    yield "standard-le.txt", f"key={std}\r\n".encode("utf-16-le")
    yield "alone-le.txt", url.encode("utf-16-le")
    yield "hex-of-standard.txt", std.encode().hex(" ")
    yield "hex-of-upper-hex.txt", h.upper().encode().hex().upper()
    yield "base64-of-upper-hex.txt", b64(h.upper())
    yield "base64-of-hex-line.txt", b64(f"key={h}\n")
    yield "reversed-hex-line.txt", f"key = '{h[::-1]}'\n"
    yield "zlib.bin", zlib.compress(f"A=1\nKEY={url}\n".encode())
    yield "gzip-member.bin", b"x" + gzip.compress(key)
    yield "pem-64.txt", "-----BEGIN SECRET KEY-----\n" + wrap(b64(f"strongroom\n{url}\nend"), 64) + "\n-----END SECRET KEY-----\n"
    yield "quoted-text.eml", quopri.encodestring(("=" * 40 + url + "\n" + url).encode()).decode()
    yield "quoted-lines.eml", "=\n".join(wrap(quopri.encodestring(url.encode()).decode(), 22).split("\n"))


def csv_row(cells):
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def languages(key):
    """Literals."""
    url, std = base64.urlsafe_b64encode(key).decode(), base64.b64encode(key).decode()
    bare, h, dec = url.rstrip("="), key.hex(), [str(b) for b in key]
    hx, sg = [f"0x{b:02x}" for b in key], [str(signed(b)) for b in key]
    p3 = parts(url, 7, 29)
    yield "0x-run.txt", "".join(hx)
    yield "0x-upper-run.txt", "".join(f"0X{b:02X}" for b in key)
    yield "xxd-i.c", "unsigned char key[] = {\n" + rows(hx, 12, "  ") + "\n};\nunsigned int key_len = 32;\n"
    yield "xxd-p.txt", wrap(h, 60) + "\n"
    yield "chars-hex.c", "char k[] = {" + ", ".join(f"'\\x{b:02X}'" for b in key) + "};\n"
    yield "chars-octal.c", "char k[] = {" + ", ".join(f"'\\{b:03o}'" for b in key) + "};\n"
    yield "short-octal.c", 'char k[] = "' + "".join(f"\\{b:o}" if n + 1 == 32 or key[n + 1] > 7 else f"\\{b:03o}" for n, b in enumerate(key)) + '";\n'
    yield "macro.c", f'#define KEY "{p3[0]}" \\\n            "{p3[1]}" \\\n            "{p3[2]}"\n'
    yield "wide.c", f'wchar_t *k = L"{p3[0]}" L"{p3[1]}{p3[2]}";\n'
    yield "objective.m", f'NSString *k = @"{p3[0]}" @"{p3[1]}" @"{p3[2]}";\n'
    yield "cast.java", "byte[] k = new byte[] {" + ", ".join(f"(byte)0x{b:02x}" for b in key) + "};\n"
    yield "cast-spaced.java", "byte[] k = {\n" + rows([f"(byte) {s}" for s in sg], 8) + "\n};\n"
    yield "text-block.java", '"""\n    ' + "\\\n    ".join(p3) + '\n    """;\n'
    yield "signed-lines.java", "[" + ", ".join(sg) + "]\n"
    yield "trim.kt", 'val k = """\n    |' + "\n    |".join(p3) + '\n""".trimMargin()\n'
    yield "hex.kt", "byteArrayOf(" + ", ".join(f"0x{b:02X}.toByte()" if b > 127 else f"0x{b:02X}" for b in key) + ")\n"
    yield "array.scala", "Array[Byte](" + ", ".join(f"{s}.toByte" for s in sg) + ")\n"
    yield "list.groovy", "byte[] k = [" + ", ".join(sg) + "] as byte[]\n"
    yield "array.clj", "(byte-array [" + " ".join(sg) + "])\n"
    yield "casts.cs", "new[] { " + ", ".join(f"(byte){b}" for b in key) + " };\n"
    yield "verbatim.cs", f'var k = @"{url}";\n'
    yield "span.cs", "ReadOnlySpan<byte> k = [" + ", ".join(f"0x{b:02X}" for b in key) + "];\n"
    yield "bytes.fs", "let k = [| " + "; ".join(f"0x{b:02X}uy" for b in key) + " |]\n"
    yield "string.go", 'const k = "' + '" +\n\t"'.join(p3) + '"\n'
    yield "bytes-of-string.go", f'var k = []byte("{url}")\n'
    yield "quoted.go", "k := []byte(" + go_quote(key) + ")\n"
    yield "printed.go", "[" + " ".join(dec) + "]\n"
    yield "debug.rs", "[\n" + "".join(f"    {b},\n" for b in dec) + "]\n"
    yield "byte-string.rs", 'const KEY: &[u8; 32] = b"' + rust_escape(key) + '";\n'
    yield "continued.rs", 'const KEY: &str = "' + "\\\n     ".join(p3) + '";\n'
    yield "hex-literal.rs", f'hex!("{wrap(h, 8, " ")}")\n'
    yield "data.swift", "let k = Data([" + ", ".join(f"0x{b:02X}" for b in key) + "])\n"
    yield "lines.swift", 'let k = """\n' + "\\\n".join(p3) + '\n"""\n'
    yield "unicode.swift", '"' + "".join(f"\\u{{{b:02X}}}" for b in key) + '"'
    yield "heredoc.php", f"$k = <<<EOT\n{url}\nEOT;\n"
    yield "chr-bytes.php", "$k = " + ".".join(f"chr({b})" for b in key) + ";\n"
    yield "chr-hex.php", "$k = " + " . ".join(f"chr(0x{b:02x})" for b in key) + ";\n"
    yield "hex2bin.php", f"$k = hex2bin('{h[:30]}' . '{h[30:]}');\n"
    yield "escapes.php", '$k = "' + "".join(f"\\x{b:02X}" for b in key) + '";\n'
    yield "percent-w.rb", "%w[" + " ".join(p3) + "].join\n"
    yield "bytes.rb", "KEY = [" + ", ".join(hx) + "].pack('c*')\n"
    yield "shovel.rb", f"k = '{p3[0]}'\nk << '{p3[1]}'\nk << '{p3[2]}'\n"
    yield "backslash.rb", f"k = '{p3[0]}' \\\n    '{p3[1]}' \\\n    '{p3[2]}'\n"
    yield "squiggly.rb", f"k = <<~KEY.chomp\n  {url}\nKEY\n"
    yield "pack.pl", f"my $k = pack('H*', '{h}');\n"
    yield "dots.pl", f"my $k = '{p3[0]}' .\n  \"{p3[1]}\" .\n  q{{{p3[2]}}};\n"
    yield "template-pieces.js", f'const k = `${{"{p3[0]}"}}${{"{p3[1]}"}}${{"{p3[2]}"}}`;\n'
    yield "template-lines.js", "const k = `" + "\\\n".join(p3) + "`;\n"
    yield "of.js", "Uint8Array.of(" + ", ".join(hx) + ")\n"
    yield "object.js", "{" + ", ".join(f"{n}: {b}" for n, b in enumerate(key)) + "}\n"
    yield "atob.js", f"atob('{std}')\n"
    yield "concat.js", f"''.concat('{p3[0]}', '{p3[1]}', '{p3[2]}')\n"
    yield "brace.js", 'k = "' + "".join(f"\\u{{{b:x}}}" for b in key) + '"\n'
    yield "short.py", "KEY = " + ascii(key.decode("latin-1")) + "\n"
    yield "text-bytes.py", f"KEY = {url.encode()!r}\n"
    yield "bytearray.py", f"bytearray({key!r})\n"
    yield "f-string.py", f'key = f"{{\'{p3[0]}\'}}{p3[1]}{p3[2]}"\n'
    yield "parts-of-bytes.py", "KEY = (\n    " + "\n    ".join(repr(key[i : i + 11]) for i in range(0, 32, 11)) + "\n)\n"
    yield "struct.py", "struct.pack('32B', " + ", ".join(dec) + ")\n"
    yield "hex-join.py", "bytes.fromhex(' '.join(['" + "', '".join(f"{b:02x}" for b in key) + "']))\n"
    yield "decimal.hs", 'k = "' + haskell_escape(key) + '"\n'
    yield "decimal.ml", 'let k = "' + "".join(f"\\{b:03d}" for b in key) + '"\n'
    yield "bits.ex", "<<" + ", ".join(dec) + ">>\n"
    yield "raw.jl", "UInt8[" + ", ".join(hx) + "]\n"
    yield "raw.r", "as.raw(c(" + ", ".join(hx) + "))\n"
    yield "list.dart", "Uint8List.fromList([" + ", ".join(dec) + "])\n"
    yield "array.zig", "const k = [_]u8{ " + ", ".join(hx) + " };\n"
    yield "array.nim", "let k = [" + ", ".join(f"{x}'u8" for x in hx) + "]\n"
    yield "array.d", "ubyte[] k = [" + ", ".join(f"cast(ubyte) {x}" for x in hx) + "];\n"
    yield "dollar.pas", "(" + ", ".join(f"${b:02X}" for b in key) + ");\n"
    yield "hash.pas", "k := " + "".join(f"#{b}" for b in key) + ";\n"
    yield "hex.vb", "{" + ", ".join(f"&H{b:X}" for b in key) + "}\n"
    yield "chr.vb", " & ".join(f"Chr({b})" for b in key) + "\n"
    yield "skip.lua", 'k = "' + "\\z\n   ".join(p3) + '"\n'
    yield "bracket.lua", f"k = [[{url}]]\n"
    yield "bytes.lua", "string.char(" + ", ".join(dec) + ")\n"
    yield "array-plus.sh", "K='" + p3[0] + "'\nK+='" + p3[1] + "'\nK+=\"" + p3[2] + '"\n'
    yield "quotes.sh", f"K='{p3[0]}'\"{p3[1]}\"{p3[2]}\n"
    yield "printf-x.sh", "printf '" + "".join(f"\\x{b:02x}" for b in key) + "' | app\n"
    yield "printf-0.sh", "printf '%b' '" + "".join(f"\\0{b:03o}" for b in key) + "'\n"
    yield "echo-pipe.sh", f"echo {std} | base64 -d > key\n"
    yield "xxd-pipe.sh", f"echo {h} | xxd -r -p > key\n"
    yield "prototext.txt", 'key: "' + "".join(chr(b) if 32 <= b < 127 and b not in b"\"'\\" else f"\\{b:03o}" for b in key) + '"\n'
    yield "dc.s", "\tdc.b " + ",".join(f"${b:02x}" for b in key) + "\n"
    yield "word.s", "\t.word " + ", ".join(f"0x{x:08x}" for x in words(key, 4, "little")) + "\n"
    yield "quad.s", "\t.quad " + ", ".join(f"0x{x:016x}" for x in words(key, 8, "little")) + "\n"
    yield "ascii.s", '\t.ascii "' + "".join(f"\\{b:03o}" for b in key) + '"\n'
    yield "short-words.c", "uint32_t k[8] = {" + ", ".join(f"0x{x:x}" for x in words(key, 4, "big")) + "};\n"
    yield "short-bytes.c", "uint8_t k[32] = {" + ",".join(f"0x{b:x}" for b in key) + "};\n"


def go_quote(key):
    named = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}
    return '"' + "".join("\\" + named[b] if b in named else chr(b) if 32 <= b < 127 else f"\\x{b:02x}" for b in key) + '"'


def rust_escape(key):
    named = {0: "0", 9: "t", 10: "n", 13: "r", 34: '"', 39: "'", 92: "\\"}
    return "".join("\\" + named[b] if b in named else chr(b) if 32 <= b < 127 else f"\\x{b:02x}" for b in key)


def haskell_escape(key):
    out = ""
    for n, b in enumerate(key):
        plain = 32 <= b < 127 and chr(b) not in "\"\\"
        after_number = n > 0 and not (32 <= key[n - 1] < 127 and chr(key[n - 1]) not in "\"\\")
        out += ("\\&" if plain and after_number and chr(b).isdigit() else "") + (chr(b) if plain else f"\\{b}")
    return out


def printed(key):
    """What programs show of bytes."""
    h, dec = key.hex(), [str(b) for b in key]
    yield "node.txt", "<Buffer " + key.hex(" ") + ">\n"
    yield "uint8array.txt", "Uint8Array(32) [\n" + rows([f"{b:>3}" for b in key], 12, "  ") + "\n]\n"
    yield "numpy-bytes.txt", "[" + "\n ".join(" ".join(f"{b:3d}" for b in key[i : i + 17]) for i in range(0, 32, 17)) + "]\n"
    yield "r.txt", " [1] " + key[:20].hex(" ") + "\n[21] " + key[20:].hex(" ") + "\n"
    yield "bitconverter.txt", "-".join(f"{b:02X}" for b in key) + "\n"
    yield "certificate.txt", "    " + ":\n    ".join(":".join(f"{b:02x}" for b in key[i : i + 16]) for i in range(0, 32, 16)) + "\n"
    yield "go-v.txt", "key=" + "[" + " ".join(dec) + "]\n"
    yield "go-x.txt", "key=" + " ".join(f"{b:#x}" for b in key) + "\n"
    yield "lldb.txt", "\n".join(f"0x16fdff2{i:02x}: " + " ".join(f"{b:02x}" for b in key[i : i + 16]) + "  " + "." * 16 for i in range(0, 32, 16))
    yield "canonical-star.txt", od(bytes(64) + key + bytes(64), "-Ax", "-tx1z")
    yield "hexdump-offset.txt", hexdump_c(bytes(7) + key + bytes(40))
    yield "xxd-upper.txt", xxd(key).upper()
    yield "xxd-c8.txt", "\n".join(f"{i:08x}: {wrap(key[i : i + 8].hex(), 4, ' ')}  ........" for i in range(0, 32, 8))
    yield "xxd-e.txt", "\n".join(f"{i:08x}: " + " ".join(f"{x:08x}" for x in words(key, 4, "little")[i // 4 : i // 4 + 4]) + "   ................" for i in (0, 16))
    yield "elixir.txt", "<<" + ", ".join(dec) + ">>\n"
    yield "rust-debug.txt", "Key([" + ", ".join(dec) + "])\n"
    yield "rust-hex-debug.txt", "[" + ", ".join(f"{b:02x}" for b in key) + "]\n"
    yield "java.txt", "[" + ", ".join(str(signed(b)) for b in key) + "]\n"
    yield "postgres.txt", f" \\x{h}\n(1 row)\n"
    yield "mysql.txt", f"| 0x{h.upper()} |\n"
    yield "sqlite.txt", f"X'{h}'\n"


def content(written):
    return PADDING.encode() + (written if isinstance(written, bytes) else written.encode())


def main():
    one, two = new_key(), new_key()
    out = pathlib.Path(__file__).with_suffix(".jsonl")
    with out.open("w") as file:
        print(json.dumps({"key": base64.urlsafe_b64encode(one).decode()}), file=file)
        for (name, left), (_, right) in zip(writings(one), writings(two)):
            row = {"name": name, "content": base64.b64encode(content(left)).decode(), "other": base64.b64encode(content(right)).decode()}
            print(json.dumps(row), file=file)


def print_writings(keys):
    for text in keys:
        print(json.dumps({"key": text}))
        for name, written in writings(base64.urlsafe_b64decode(text)):
            print(json.dumps({"name": name, "content": base64.b64encode(content(written)).decode()}))


arguments = sys.argv[1:]
if arguments:
    print_writings(sys.stdin.read().split() if arguments == ["-"] else arguments)
else:
    main()
