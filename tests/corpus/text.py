"""CSV and NDJSON: encodings, shapes, types that change, depth, packing."""

from __future__ import annotations

import gzip
import json
import zlib
from functools import partial

import pyarrow as pa

from corpus.model import FRAME, add

CSV = FRAME.write_csv().encode()
NDJSON = FRAME.write_ndjson().encode()
TEXTS = {"csv": CSV, "ndjson": NDJSON}
_LINE = b'{"a":1.5,"b":2,"t":"x"}\n'


def zst(data: bytes) -> bytes:
    packed: bytes = pa.compress(data, codec="zstd", asbytes=True)
    return packed


def lines(*odd: bytes, before: int = 3, after: int = 3) -> bytes:
    """NDJSON with odd lines among sound ones."""
    return _LINE * before + b"".join(line + b"\n" for line in odd) + _LINE * after


# --- every kind of text ---------------------------------------------------------------------

for _kind, _sound in TEXTS.items():
    _file = f"t.{_kind}"
    _named = rf"t\.{_kind}"

    def _add(name, content, code, told="", *, file=_file, kind=_kind, **rest):
        add(f"{kind}: {name}", {file: content}, code, told, **rest)

    _add("nothing", b"", 3, f"{_named}: is empty")
    _add("blank lines", b"\n\n\n", 3, f"{_named}: is empty")
    _add("one NUL", b"\0", 3, _named)
    _add("a thousand NULs", bytes(1000), 3, _named)
    _add("UTF-16 with a mark", _sound.decode().encode("utf-16"), 3, f"{_named}.*UTF-16")
    _add("UTF-16 without a mark", _sound.decode().encode("utf-16-le"), 3, f"{_named}.*UTF-16")
    _add(
        "UTF-16, big end first",
        b"\xfe\xff" + _sound.decode().encode("utf-16-be"),
        3,
        f"{_named}.*UTF-16",
    )
    _add("UTF-32", _sound.decode().encode("utf-32"), 3, f"{_named}.*UTF-32")
    _add("UTF-16, named", _sound.decode().encode("utf-16"), 0, options=("--encoding", "utf-16"))
    _add("a mark before UTF-8", b"\xef\xbb\xbf" + _sound, 0)
    _add("Latin-1", _sound.replace(b"word 1", b"w\xf6rd 1"), 3, f"{_named}.*UTF-8")
    _add(
        "Latin-1, named",
        _sound.replace(b"word 1", b"w\xf6rd 1"),
        0,
        options=("--encoding", "latin-1"),
    )
    _add("ends of lines of DOS", _sound.replace(b"\n", b"\r\n"), 0)
    _add("no end of the last line", _sound.rstrip(b"\n"), 0)
    _add("one row", b"".join(_sound.splitlines(keepends=True)[: 2 if _kind == "csv" else 1]), 0)
    _add("binary noise", bytes(range(256)) * 40, 3, _named)
    for _suffix, _pack in {".gz": gzip.compress, ".zst": zst}.items():
        _packed = _pack(_sound)
        _add(f"packed{_suffix}", _packed, 0, file=_file + _suffix)
        _add(
            f"two members{_suffix}",
            _pack(_sound[:500]) + _pack(_sound[500:]),
            0,
            file=_file + _suffix,
        )
        for _share in (0.2, 0.6, 0.95):
            _cut = _packed[: int(len(_packed) * _share)]
            _add(f"cut at {_share}{_suffix}", _cut, 3, rf"{_named}\{_suffix}", file=_file + _suffix)
        _add(
            f"the end missing{_suffix}", _packed[:-3], 3, "cut short|damaged", file=_file + _suffix
        )
        _add(f"only magic{_suffix}", _packed[:4], 3, _named, file=_file + _suffix)
        _add(f"not packed{_suffix}", _sound, 0, file=_file + _suffix)
        _add(f"packed, without{_suffix}", _packed, 0)
        _add(
            f"a second member cut{_suffix}",
            _packed + _packed[:-9],
            3,
            "cut short|damaged",
            file=_file + _suffix,
        )
        _add(
            f"noise after the end{_suffix}", _packed + b"noise" * 9, 3, _named, file=_file + _suffix
        )
        _add(f"packed twice{_suffix}", _pack(_packed), 3, _named, file=_file + _suffix)
        _add(f"nothing, packed{_suffix}", _pack(b""), 3, "is empty", file=_file + _suffix)
    _wrong = bytearray(gzip.compress(_sound))
    _wrong[-8] ^= 1
    _add("a wrong checksum.gz", bytes(_wrong), 3, "damaged", file=_file + ".gz")
    _add("zlib, called .gz", zlib.compress(_sound), 3, _named, file=_file + ".gz")


# --- CSV ------------------------------------------------------------------------------------


def _csv(name, content, code, told="", **rest):
    add(f"csv: {name}", {"t.csv": content}, code, told, **rest)


_csv("only a header", b"a,b,t\n", 0, "no row|rows")
_csv("only one name and no line end", b"a", 0, "no row|rows")
_csv("a row of more fields", CSV + b"1,2,x,4\n", 3, r"t\.csv, row 61: has 4 fields")
_csv("a row of fewer fields", CSV + b"1\n2,3,x\n", 0)
_csv(
    "every row of another length",
    b"a,b,t\n1,2,x\n1,2,x,3,4\n1\n",
    3,
    r"t\.csv, row 2: has 5 fields",
)
_csv("a header shorter than its rows", b"a,b\n1,2,3\n4,5,6\n", 3, "has 3 fields")
_csv("a column twice", b"a,a\n1,2\n", 3, r"t\.csv: two columns have the same name.*'a'")
_csv("two names that are empty", b"a,,\n1,2,3\n", 3, "same name")
_csv("a name that is empty", b"a,,t\n1,2,x\n3,4,y\n", 0)
_csv("a word among numbers", CSV + b"many,2,x\n", 3, r"t\.csv, row 61: column 'a' holds 'many'")
_csv(
    "words in two columns",
    CSV + b"many,2,x\n1,few,x\n",
    3,
    "2 columns hold what is no number|'a' holds 'many'",
)
_csv("an infinity", CSV + b"inf,2,x\n", 3, r"t\.csv, row 61: column 'a'.*inf", shift=0)
_csv("a NUL in a number", CSV + b"1\0002,2,x\n", 3, r"row 61: column 'a'")
_csv("a NUL in a word", CSV + b"1.5,2,a\0b\n", 0)
_csv("a quote never closed", CSV + b'1,2,"x\n', 3, "quote")
_csv("a quote within a cell", b'a,b,t\n1,2,x"y\n3,4,z\n', 3, "quote")
_csv("no numbers", b"t,u\nx,y\nz,w\n", 3, "no numeric column|lacks", shift=0)
_csv("old ends of lines", CSV.replace(b"\n", b"\r"), 3, "carriage returns")
_csv("another separator", CSV.replace(b",", b";"), 3, r"no numeric column|lacks", shift=0)
_csv("a name of a megabyte", b"a," + b"n" * 2**20 + b"\n1,2\n3,5\n", 0)
_csv("a cell of 8 MB", b"a,t\n1," + b"x" * 2**23 + b"\n2,y\n", 0)
_csv(
    "5,000 columns",
    b",".join(b"c%d" % at for at in range(5000))
    + b"\n"
    + b"\n".join(b",".join(b"%d" % (at + row) for at in range(5000)) for row in range(3))
    + b"\n",
    0,
    transform=3,
)
_csv("a date that is none", b"a,d\n1,2024-02-30\n2,2024-13-01\n3,x\n", 0)
_csv("integers beyond 64 bits", CSV + b"1,99999999999999999999,x\n", 0)
_csv("an exponent beyond a float", CSV + b"1e999,2,x\n", 3, r"row 61: column 'a'", shift=0)
_csv("all missing", b"a,b,t\n,,\n,,\n", 0, "no value|missing")
_csv(
    "a type that changes after the sample",
    b"a\n" + b"1\n" * 9000 + b"word\n",
    3,
    r"row 9001: column 'a' holds 'word'",
)
_csv("a fraction after the sample", b"a\n" + b"1\n" * 9000 + b"1.5\n", 0)
_csv("a name that begins like zlib's data", b"x^2,a\n1,2\n3,5\n", 0)
_csv("blank lines among rows", b"a,b\n1,2\n\n\n3,4\n", 0)
_csv("ANSI escapes in a name", b"a,\x1b[31mred\x1b[0m\n1,2\n3,5\n", 0)
_csv("a comment", b"# made by hand\na,b\n1,2\n3,4\n", 3, "has 2 fields where there is 1|fields")
add(
    "csv: a column that changes its type between files",
    {"a.csv": b"a,b\n1,2\n3,4\n", "b.csv": b"a,b\nx,2\ny,4\nz,1\n"},
    3,
    r"b\.csv, row 1: column 'a' holds 'x'",
)
add(
    "csv: a column that a later file lacks",
    {"a.csv": b"a,b\n1,2\n", "b.csv": b"a\n1\n"},
    3,
    r"'b\.csv' lacks 1 column",
)


# --- NDJSON ---------------------------------------------------------------------------------


def _json(name, content, code, told="", **rest):
    add(f"ndjson: {name}", {"t.ndjson": content}, code, told, **rest)


def _nested(depth: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    return b'{"a":1.5,"n":' + opening * depth + closing * depth + b"}"


_ROW4 = r"t\.ndjson, row 4"
_json("null first", b"null\n" + _LINE * 3, 3, r"t\.ndjson, row 1: is no JSON object")
for _name, _odd in {
    "null": b"null",
    "a number": b"5",
    "a list": b"[1, 2]",
    "a word": b'"x"',
    "half an object": b'{"a": 1',
    "two objects in a line": b'{"a": 1} {"a": 2}',
    "a trailing comma": b'{"a": 1,}',
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "single quotes": b"{'a': 1}",
    "a bad escape": b'{"a": 1, "t": "\\x41"}',
    "bytes that are no UTF-8": b'{"a": 1, "t": "\xff\xfe"}',
}.items():
    _json(f"{_name} among objects", lines(_odd), 3, _ROW4)
    _json(f"{_name} on the first line", lines(_odd, before=0), 3, r"t\.ndjson, row 1")
_json("a raw NUL among objects", lines(b'{"a": 1, "t": "x\0y"}'), 3, _ROW4)
_json("a raw NUL on the first line", lines(b'{"a": 1, "t": "x\0y"}', before=0), 3, "NUL")
_json("a number that overflows", lines(b'{"a": 1e999}'), 3, _ROW4)
_json("half a surrogate", lines(b'{"a": 1, "t": "\\ud800"}'), 0)
_json("a key twice", lines(b'{"a": 1, "a": 2}'), 0)
_json(
    "a word among numbers", lines(b'{"a": "many", "b": 1}'), 3, rf"{_ROW4}: column 'a' holds 'many'"
)
_json("an object among numbers", lines(b'{"a": {"x": 1}, "b": 1}'), 3, _ROW4)
_json("numbers among objects", b'{"a":1,"n":{"x":1}}\n{"a":2,"n":5}\n', 3, r"row 2")
_json(
    "lists among numbers, after the sample",
    _LINE * 5000 + b'{"a":[1],"b":1,"t":"x"}\n',
    3,
    r"row 5001",
)
_json(
    "an array instead of lines",
    json.dumps(FRAME.to_dicts()).encode(),
    3,
    r"t\.ndjson, row 1: is no JSON object: a list",
)
_json(
    "an array over many lines",
    json.dumps(FRAME.to_dicts(), indent=1).encode(),
    3,
    r"t\.ndjson, row 1",
)
_json("one object over many lines", json.dumps({"a": 1}, indent=1).encode(), 3, r"t\.ndjson, row 1")
_json("empty objects", b"{}\n{}\n", 3, r"has no columns|no numeric|lacks", shift=0)
_json("no line end but commas", b",".join([_LINE.strip()] * 3), 3, r"row 1")
for _depth in (500, 5_000, 50_000, 2_000_000):
    _json(f"lists {_depth} deep", lines(_nested(_depth)), 3, rf"{_ROW4}: .*nested")
    _json(f"lists {_depth} deep, first", lines(_nested(_depth), before=0), 3, r"row 1: .*nested")
_json(
    "objects 50,000 deep",
    lines(b'{"a":1.5,"n":' + b'{"x":' * 50_000 + b"1" + b"}" * 50_001),
    3,
    rf"{_ROW4}: .*nested",
)
_json("lists 50,000 deep and open", lines(b'{"a":1.5,"n":' + b"[" * 50_000), 3, _ROW4)
_json(
    "lists 50,000 deep after the sample",
    _LINE * 5000 + _nested(50_000) + b"\n",
    3,
    r"row 5001: .*nested",
)
_json("brackets in a word are no depth", lines(b'{"a":1.5,"b":2,"t":"' + b"[" * 50_000 + b'"}'), 0)
_json("50 lists deep", lines(_nested(50)), 0)
_json("a name of a megabyte", b'{"a":1,"' + b"n" * 2**20 + b'":2}\n', 0)
_json("a number of a megabyte of digits", lines(b'{"a":' + b"1" * 2**20 + b"}"), 3, _ROW4)
_json(
    "5,000 keys",
    (json.dumps({f"c{at}": at for at in range(5000)}) + "\n").encode() * 3,
    0,
    transform=3,
)
_json("keys of the sample's last line", _LINE * 3000 + b'{"a":1,"z":5}\n', 0)
_json("a key after the sample", _LINE * 5000 + b'{"a":1,"z":5}\n', 0)
add(
    "ndjson: deep, packed",
    {"t.ndjson.gz": partial(gzip.compress, lines(_nested(50_000)))},
    3,
    r"row 4: .*nested",
)
add(
    "ndjson: deep, packed.zst",
    {"t.ndjson.zst": partial(zst, lines(_nested(50_000)))},
    3,
    r"row 4: .*nested",
)
add(
    "ndjson: deep in a second file",
    {"a.ndjson": _LINE * 3, "b.ndjson": lines(_nested(50_000))},
    3,
    r"b\.ndjson, row 4: .*nested",
)


# --- bombs ----------------------------------------------------------------------------------


add(
    "csv: a bomb of one line",
    {"t.csv.gz": lambda: packed_lines(b"a,b\n1,", b"0", 270)},
    3,
    r"t\.csv\.gz",
)
add(
    "ndjson: a bomb of one line",
    {"t.ndjson.gz": lambda: packed_lines(b'{"a":1,"t":"', b"x", 270)},
    3,
    r"t\.ndjson\.gz",
)
add("csv: a bomb of blanks", {"t.csv.gz": lambda: packed_lines(b"a,b\n1,2\n3,4\n", b"\n", 5)}, 0)


def packed_lines(head: bytes, filling: bytes, megabytes: int) -> bytes:
    packer = zlib.compressobj(1, wbits=31)
    block = filling * 2**20
    return b"".join(
        [packer.compress(head), *(packer.compress(block) for _ in range(megabytes)), packer.flush()]
    )
