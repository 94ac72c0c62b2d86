"""Texts that are JSON or nearly so."""

import random

TEXTS = [
    "", " ", "\t\r\n{}", "{}", " {} ", "{}x", "{}{}", "[]", "[,]", "[1,]", "[1,,2]", "[1 2]", "1, 2", "1], [2",
    '1},{"":2', '{"a": 1}, {"b": 2}', "0", "-0", "-0.0", "00", "01", "1.", ".5", "1.5", "+1", "--1", "-", "- 1", "1-1",
    "0x1", "1_000", "1e5", "1E+5", "1e", "1.e5", "1.5e+", "1e5e5", "e5", "true", "tru", "truee", "null", "NaN",
    "Infinity", "[1e5,2E-7]", '"a"', '"a', "'a'", '""', '"" ""', '"a""b"', '{"":""}', '{"a": 1, "a": 2}', '{"a": 1,}',
    "{'a': 1}", "{a: 1}", "{1: 2}", '{"a" 1}', '{"a"}', '{"a": "b"c"}', "[[]", "[]]", "/* */ 1", "[1]//", "\ufeff{}",
    "\u00a0{}", "\x0b{}",
    r'{"a": "\u0000"}', r'{"a": "\\u0000"}', r'"\u0000"', r'"\\\u0000"', r'{"\u0000": 1}', r'"\ud800"', r'"\udc00"',
    r'"\ud83d\ude00"', r'"\ud83d\u0041"', r'"\ud83dx"', r'"\x41"', r'"\u12"', r'"\uABCD"', r'"\/"', '"\\', '"\\"',
    '"a\tb"', '"a\nb"', '"a\x7fb"', '"é"', '"👩"', '{"é": "ß"}', r'{"broken": "\\u0000"',
    "1e400", "1e999999", "1e131071", "1e131072", "0.1e131072", "10e131071", "1e-16383", "1e-16384", "1.5e-16382",
    "1.5e-16383", "0e999999", "0e-16384", "1e2147483648", "1e99999999999", "1e1073741824", "1e00000000000000000005",
    "9" * 1001, "9" * 131072, "9" * 131073, "0." + "9" * 16383, "0." + "9" * 16384, "-" + "9" * 2000,
    "[" * 500, "[" * 500 + "]" * 500, "[" * 501 + "]" * 501, "[" * 1200 + "]" * 1200, '{"a":' * 400 + "1" + "}" * 400,
    "[" + ",".join(["{}"] * 6000) + "]", '["' + "[" * 2000 + '"]', '"' + "x" * 5000 + '"', '"' + "\\n" * 5000 + '"',
]  # fmt: skip
PIECES = ['"', "\\", "u", "0", "d", "8", "{", "}", "[", "]", ",", ":", "1", "e", "-", ".", " ", "true", "null", '"a"']
PIECES += [r"\u0041", r"\ud83d", r"\ude00"]
WHOLE = [r'{"a": [1, 2.5e3, "x\n", null], "b": {"c": true}}', r'["\ud83d\ude00", "\\u0000"]']


def texts(number: int, seed: int) -> list[str]:
    """Return the texts above and others made at random: pieces put together, and JSON with two of them put in."""
    chosen = random.Random(seed)
    made = ["".join(chosen.choices(PIECES, k=chosen.randint(1, 12))) for _ in range(number)]
    for _ in range(number):
        text = chosen.choice(WHOLE)
        for _ in range(2):
            place = chosen.randint(0, len(text))
            text = text[:place] + chosen.choice(PIECES) + text[place + chosen.randint(0, 2) :]
        made.append(text)
    return TEXTS + made
