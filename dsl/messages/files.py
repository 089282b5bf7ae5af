"""Texts about files, encodings and data documents (GW08xx)."""

from __future__ import annotations

from gatewright.dsl.diagnostics import NOT_UTF8
from gatewright.dsl.messages.catalog import Finding, message
from gatewright.dsl.source import Span


@message(NOT_UTF8, "not UTF-8")
def not_utf8(span: Span, offset: int) -> Finding:
    if span.source.text.startswith("gatewright bundle "):
        advice = "give the sources that it was built from; `gatewright verify` checks a bundle"
        if span.source.name.endswith(".gate"):
            advice = (
                "give it another ending, such as `.gwb`: a folder's `.gate` files are its policies"
            )
        return Finding(span, "this is a bundle, not a policy file", help=advice)
    return Finding(
        span,
        f"byte {offset} of the file is not UTF-8",
        help="save the file in the encoding UTF-8",
    )


@message("GW0802", "data that cannot be read")
def bad_document(span: Span, why: str) -> Finding:
    return Finding(span, why, help=_IN_DATA.get(why))


_IN_DATA = {
    "aliases are not allowed in data": "write the value itself in each place",
    "a whole number does not fit into 64 bits": "write it as a text, in quotes",
    "a number is not finite": "leave it out, or write it as a text, in quotes",
    "this is nested too deeply": "put inner parts beside each other, under keys of their own",
    "the root of `data` must be an object with keys": "give what it holds a key, or the file a name"
    " of its own: `data/names.json` stands at `data.names`",
}
"""What to do about some of what is wrong with documents."""


@message("GW0803", "data given twice")
def data_twice(span: Span, name: str, first: str) -> Finding:
    return Finding(
        span,
        f"`data.{name}` is given twice",
        help=f"it is given by `{first}` too; keep one of them",
    )


@message("GW0804", "no policy files")
def no_policies(span: Span) -> Finding:
    return Finding(span, "there is no `.gate` file here", help="give a file or a folder of them")
