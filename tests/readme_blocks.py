"""Markdown -> its code blocks, and the commands in them, to run as tests."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

_FENCED = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, the name of the file that it is, and its text."""

    language: str
    file: str
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a block, and what it must write; None where the page does not show that."""

    words: tuple[str, ...]
    output: str | None


def blocks(page: str) -> list[Block]:
    """Return the fenced blocks of a page: ```language file."""
    found: list[Block] = []
    for heading, text in _FENCED.findall(page):
        language, _, file = heading.strip().partition(" ")
        found.append(Block(language, file, text))
    return found


def session(block: Block) -> list[Command]:
    """Return the commands of a console block, each with the output below it."""
    parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    if parts[0].strip():
        raise ValueError("a console block begins with `$ command`")
    found: list[Command] = []
    for part in parts[1:]:
        line, _, output = part.partition("\n")
        found.append(Command(tuple(shlex.split(line)), output.rstrip("\n") + "\n"))
    return found


def indented_commands(page: str) -> list[Command]:
    """Return the `gatewright ...` lines of indented blocks."""
    lines = re.findall(r"^    (gatewright .*)$", page, flags=re.MULTILINE)
    return [Command(tuple(shlex.split(line, comments=True)), None) for line in lines]
