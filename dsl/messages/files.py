"""Texts about files, encodings and data documents (GW08xx)."""

from __future__ import annotations

from gatewright.dsl.diagnostics import NOT_UTF8
from gatewright.dsl.messages.catalog import Finding, message
from gatewright.dsl.source import Span


@message(NOT_UTF8, "not UTF-8")
def not_utf8(span: Span, offset: int) -> Finding:
    if span.source.text.startswith("gatewright bundle "):
        return Finding(
            span,
            "this is a bundle, not a policy file",
            help="give the sources that it was built from; `gatewright verify` checks a bundle",
        )
    return Finding(
        span,
        f"byte {offset} of the file is not UTF-8",
        help="save the file in the encoding UTF-8",
    )


@message("GW0802", "data that cannot be read")
def bad_document(span: Span, why: str) -> Finding:
    return Finding(span, why)


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
