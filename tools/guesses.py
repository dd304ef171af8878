#!/usr/bin/env python3
"""Prints what a cracker tries first: john's password list under hashcat's rules, rule by rule, without repetitions.

    apt-get install john-data hashcat-data
    tools/guesses.py 1000000 > guesses.txt
    STRONGROOM_GUESSES=guesses.txt cargo test --release --lib --features strength -- --ignored --nocapture what_a_cracker

First best64.rule, then the rules of rockyou-30000.rule and d3ad0ne.rule in their order.
"""

import pathlib
import sys

WORDS = pathlib.Path("/usr/share/john/password.lst")
RULES = pathlib.Path("/usr/share/hashcat/rules")
FILES = ["best64.rule", "rockyou-30000.rule", "d3ad0ne.rule"]
# How many arguments a function takes; those that are not here are not used by these files.
ARGUMENTS = {
    ":": "", "l": "", "u": "", "c": "", "C": "", "t": "", "r": "", "d": "", "f": "", "{": "", "}": "", "[": "", "]": "", "q": "",
    "k": "", "K": "", "E": "", "T": "n", "p": "n", "D": "n", "'": "n", "z": "n", "Z": "n", "L": "n", "R": "n", "+": "n", "-": "n",
    ".": "n", ",": "n", "y": "n", "Y": "n", "$": "c", "^": "c", "@": "c", "e": "c", "x": "nn", "O": "nn", "*": "nn", "i": "nc",
    "o": "nc", "s": "cc",
}


def position(text):
    return int(text) if text.isdigit() else ord(text) - ord("A") + 10


def parse(line):
    """The functions of a rule, or nothing where one is unknown."""
    at, found = 0, []
    while at < len(line):
        name = line[at]
        at += 1
        if name == " ":
            continue
        if name not in ARGUMENTS:
            return None
        arguments = []
        for kind in ARGUMENTS[name]:
            if at >= len(line):
                return None
            arguments.append(position(line[at]) if kind == "n" else line[at])
            at += 1
        found.append((name, arguments))
    return found


def shifted(text, at, by):
    return text[:at] + chr((ord(text[at]) + by) % 256) + text[at + 1:] if at < len(text) else text


def apply(rule, text):
    for name, arguments in rule:
        n = arguments[0] if arguments else None
        size = len(text)
        if name == "l":
            text = text.lower()
        elif name == "u":
            text = text.upper()
        elif name == "c":
            text = text[:1].upper() + text[1:].lower()
        elif name == "C":
            text = text[:1].lower() + text[1:].upper()
        elif name == "t":
            text = text.swapcase()
        elif name == "T":
            text = text[:n] + text[n:n + 1].swapcase() + text[n + 1:]
        elif name == "r":
            text = text[::-1]
        elif name == "d":
            text = text + text
        elif name == "p":
            text = text * (n + 1)
        elif name == "f":
            text = text + text[::-1]
        elif name == "{":
            text = text[1:] + text[:1]
        elif name == "}":
            text = text[-1:] + text[:-1]
        elif name == "$":
            text = text + n
        elif name == "^":
            text = n + text
        elif name == "[":
            text = text[1:]
        elif name == "]":
            text = text[:-1]
        elif name == "D":
            text = text[:n] + text[n + 1:]
        elif name == "x":
            if n + arguments[1] <= size:
                text = text[n:n + arguments[1]]
        elif name == "O":
            if n + arguments[1] <= size:
                text = text[:n] + text[n + arguments[1]:]
        elif name == "i":
            if n <= size:
                text = text[:n] + arguments[1] + text[n:]
        elif name == "o":
            if n < size:
                text = text[:n] + arguments[1] + text[n + 1:]
        elif name == "'":
            text = text[:n]
        elif name == "s":
            text = text.replace(*arguments)
        elif name == "@":
            text = text.replace(n, "")
        elif name == "z":
            text = text[:1] * n + text
        elif name == "Z":
            text = text + text[-1:] * n
        elif name == "q":
            text = "".join(c + c for c in text)
        elif name == "k":
            text = text[1:2] + text[:1] + text[2:]
        elif name == "K":
            text = text[:-2] + text[-1:] + text[-2:-1]
        elif name == "*":
            a, b = sorted(arguments)
            if b < size and a != b:
                text = text[:a] + text[b] + text[a + 1:b] + text[a] + text[b + 1:]
        elif name == "L":
            text = text[:n] + chr(ord(text[n]) << 1 & 255) + text[n + 1:] if n < size else text
        elif name == "R":
            text = text[:n] + chr(ord(text[n]) >> 1) + text[n + 1:] if n < size else text
        elif name in "+-":
            text = shifted(text, n, 1 if name == "+" else -1)
        elif name in ".,":
            other = n + (1 if name == "." else -1)
            if n < size and 0 <= other < size:
                text = text[:n] + text[other] + text[n + 1:]
        elif name == "y":
            text = text[:n] + text if n <= size else text
        elif name == "Y":
            text = text + text[size - n:] if 0 < n <= size else text
        elif name == "E":
            text = " ".join(word[:1].upper() + word[1:] for word in text.lower().split(" "))
        elif name == "e":
            text = n.join(word[:1].upper() + word[1:] for word in text.lower().split(n))
    return text


def rules():
    for name in FILES:
        for line in (RULES / name).read_text("latin1").splitlines():
            if line and not line.startswith("#"):
                rule = parse(line)
                if rule is not None:
                    yield rule


def main():
    limit = int(sys.argv[1])
    words = [line for line in WORDS.read_text("latin1").splitlines() if line and not line.startswith("#!comment")]
    seen = set()
    for rule in rules():
        for word in words:
            guess = apply(rule, word)
            if guess and guess not in seen and "\n" not in guess:
                seen.add(guess)
                sys.stdout.buffer.write(guess.encode("latin1") + b"\n")
                if len(seen) == limit:
                    return


main()
