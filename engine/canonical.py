"""Values -> data for JSON -> one text for equal data -> digests.

The canonical text is JSON without spaces, in UTF-8, keys in the order of their code points. What
must not be confused is told apart by its spelling: text has quotes; an integer has digits only;
any other number is a whole number of digits without trailing zeros and an exponent (`1.50` is
`15e-1`, `1.0` is `1e0`, so `1` and `1.0` differ). Money, decimals, instants, durations and bytes
are texts, as they are in the JSON of an action.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from math import isfinite
from typing import cast

from gatewright.dsl.sha256 import sha256
from gatewright.engine.decimals import decimal_text
from gatewright.engine.reading.json_text import Json, JsonNumber
from gatewright.engine.rendering import render
from gatewright.engine.values import Duration, Map, Money, Timestamp, Value


def to_json(value: Value) -> Json:
    """Return a value as data for JSON: exact numbers, money and times become their text.

    A number that came from JSON keeps its spelling. Total: values that no action can hold, such
    as objects of the host, become the text that messages show.
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, float):  # a condition may compute NaN and infinities, which JSON lacks
        return value if isfinite(value) else render(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    if isinstance(value, Map):
        return {_key_text(key): to_json(item) for key, item in value.items()}
    if isinstance(value, bytes):
        # Late, since actions seldom have bytes.
        import base64

        return base64.b64encode(value).decode("ascii")
    if isinstance(value, Decimal):
        return decimal_text(value)
    return value.text if isinstance(value, (Money, Timestamp, Duration)) else render(value)


def _key_text(key: Value) -> str:
    return key if isinstance(key, str) else str(to_json(key)).lower()


def canonical_json(data: object) -> bytes:
    """Return the one text of JSON data, given as dicts, lists, tuples and scalars.

    Raises ValueError for what has no JSON: another type, NaN, an infinity, a lone surrogate.

    >>> canonical_json({"b": [1, 1.0], "a": "x"})
    b'{"a":"x","b":[1,1e0]}'
    """
    pieces: list[str] = []
    _write(data, pieces)
    return "".join(pieces).encode("utf-8")


def digest(data: object) -> str:
    """Return `sha256:` and the hexadecimal SHA-256 of the canonical text."""
    return "sha256:" + sha256(canonical_json(data)).hex()


def exact_json(data: Json) -> str:
    """Return data as JSON text in its own order, every number spelled as it was read."""
    if isinstance(data, dict):
        entries = (f"{_string(key)}: {exact_json(item)}" for key, item in data.items())
        return "{" + ", ".join(entries) + "}"
    if isinstance(data, list):
        return "[" + ", ".join(map(exact_json, data)) + "]"
    return data.text if isinstance(data, JsonNumber) else json.dumps(data, ensure_ascii=False)


def _write(data: object, pieces: list[str]) -> None:
    if data is None or isinstance(data, bool):
        pieces.append({None: "null", True: "true", False: "false"}[data])
    elif isinstance(data, str):
        pieces.append(_string(data))
    elif isinstance(data, int):
        pieces.append(str(int(data)))
    elif isinstance(data, float):
        pieces.append(_number(data))
    elif isinstance(data, Mapping):
        _write_object(cast("Mapping[object, object]", data), pieces)
    elif isinstance(data, (list, tuple)):
        _write_list(cast("list[object]", data), pieces)
    else:
        raise ValueError(f"JSON has no {type(data).__name__}")


def _write_object(data: Mapping[object, object], pieces: list[str]) -> None:
    keys = [key for key in data if isinstance(key, str)]
    if len(keys) < len(data):
        raise ValueError("a key of a JSON object is a text")
    pieces.append("{")
    for position, key in enumerate(sorted(keys)):
        pieces.append("," if position else "")
        pieces.append(_string(key) + ":")
        _write(data[key], pieces)
    pieces.append("}")


def _write_list(items: list[object], pieces: list[str]) -> None:
    pieces.append("[")
    for position, item in enumerate(items):
        pieces.append("," if position else "")
        _write(item, pieces)
    pieces.append("]")


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _number(number: float) -> str:
    exact = number.exact if isinstance(number, JsonNumber) else Decimal(repr(float(number)))
    if not exact.is_finite():
        raise ValueError("JSON has no NaN and no infinity")
    sign, digits, exponent = exact.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    short = text.rstrip("0")
    power = int(exponent) + len(text) - len(short) if short else 0
    return f"{'-' if sign else ''}{short or '0'}e{power}"
