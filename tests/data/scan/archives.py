"""Archives of every kind, each with one settings file that holds the key, and others that hold none."""

import bz2, gzip, io, lzma, os, random, struct, sys, tarfile, zipfile, zlib
key, out = sys.argv[1], sys.argv[2]
os.makedirs(out)
text = f"# settings\nMASTER_KEY = '{key}'\n".encode()
def tar(members, mode="w"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()
def zip(members, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()
def remark(members, text):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
        archive.comment = text
    return buffer.getvalue()
class Pipe(io.RawIOBase):
    def __init__(self): self.data = b""
    def writable(self): return True
    def write(self, data): self.data += bytes(data); return len(data)
def streamed(members):
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            with archive.open(name, "w") as member: member.write(content)
    return pipe.data
def ar(members):
    out = b"!<arch>\n"
    for name, content in members:
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode() + content + b"\n" * (len(content) % 2)
    return out
def chunk(kind, data): return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
def png(size, *chunks):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0))
    pixels = zlib.compress(b"".join(b"\0" + bytes(3 * size) for _ in range(size)))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
noise = random.Random(7).randbytes(70_000)
others = [("readme.md", b"# nothing\n" * 900), ("app/settings.py", text), ("noise.bin", noise)]
long = "a-long-name/" * 20 + "app/settings.py"
files = {
    "plain.tar": tar(others), "long.tar": tar([(long, text)]), "plain.zip": zip(others), "stored.zip": zip(others, zipfile.ZIP_STORED),
    "bzip2.zip": zip(others, zipfile.ZIP_BZIP2), "streamed.zip": streamed(others), "app-1.0-py3-none-any.whl": zip(others),
    "app.tar.gz": gzip.compress(tar(others)), "app.tar.bz2": bz2.compress(tar(others)), "app.tar.xz": lzma.compress(tar(others)),
    "pax.tar": tar(others, "w:"), "app.war": zip([("WEB-INF/lib/app.jar", zip(others))]),
    "image.tar": tar([("manifest.json", b"[]"), ("blobs/sha256/aa", gzip.compress(tar(others)))]),
    "app.deb": ar([("debian-binary", b"2.0\n"), ("data.tar.xz", lzma.compress(tar(others)))]),
    "deep.tar.gz": gzip.compress(tar([("a.zip", zip([("b.tar.bz2", bz2.compress(tar(others)))]))])),
    "text.png": png(64, chunk(b"zTXt", b"Comment\0\0" + zlib.compress(text))),
    "behind.png": png(64) + zip(others),
    "two.tar": tar(others[:1]) + tar(others[1:]), "text.tar": tar(others[:1]) + text, "text.zip": remark(others[:1], text),
    "behind.zip": zip(others[:1]) + zip(others[1:]),
}
clean = {"large.png": png(4000), "photo.jpg": b"\xff\xd8\xff\xe0" + noise, "noise.bin": noise, "empty.zip": zip([]), "empty.tar": tar([])}
whole = zip(others)
bent = bytearray(whole)
# A block of a type that deflate does not have.
bent[bent.index(b"readme.md") + 9] = 0xFF
bad = {"cut.zip": whole[:60], "cut.tar.gz": gzip.compress(tar(others))[:-70_000], "zstd.bin": b"(\xb5/\xfd" + noise, "cut.png.gz": gzip.compress(png(900))[:40],
       "seven.7z": b"7z\xbc\xaf'\x1c" + noise, "bent.zip": bytes(bent)}
for folder, contents in {"files": files, "clean": clean, "bad": bad}.items():
    os.makedirs(f"{out}/{folder}")
    for name, content in contents.items():
        open(f"{out}/{folder}/{name}", "wb").write(content)
