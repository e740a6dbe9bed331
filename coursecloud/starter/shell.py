"""Shell text of others, cut into its commands: words, where they stand, and where their output goes."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_NEXT = "\x00"
"""Stands for the end of a line within a command."""
_ENDS = frozenset({"&&", "||", ";", "|", "&", "(", ")", ";;", "|&"})


@dataclass(frozen=True)
class Command:
    """One command."""

    words: tuple[str, ...]
    line: int
    shown: bool
    """Whether what it prints comes onto the screen or into the log: no pipe takes it, and no file."""
    lines: tuple[int, ...] = ()
    """The line of each word."""

    @property
    def text(self) -> str:
        """The words with blanks between."""
        return " ".join(self.words)

    def option(self, *names: str) -> str | None:
        """Give the value of an option, `--name value` or `--name=value`."""
        for index, word in enumerate(self.words):
            name, equals, value = word.partition("=")
            if name in names:
                if equals:
                    return value
                return self.words[index + 1] if index + 1 < len(self.words) else ""
        return None

    def line_of(self, text: str) -> int:
        """Give the line of the word that a text is, or ends; of the command itself where it is in none."""
        places = list(zip(self.words, self.lines, strict=False)) if text else []
        for word, line in places:
            if word == text or word.endswith((f"={text}", f":{text}")):
                return line
        return next((line for word, line in places if text in word), self.line)

    def has(self, *wanted: str) -> bool:
        """Say whether words follow each other in it."""
        size = len(wanted)
        return any(self.words[at : at + size] == wanted for at in range(len(self.words) - size + 1))


def commands(text: str, line: int = 1) -> list[Command]:
    """Cut a script into its commands, each with the line in which it begins. What no shell could
    read is cut at blanks.
    """
    found: list[Command] = []
    buffer, start = "", line
    for offset, each in enumerate(text.split("\n")):
        if not buffer:
            start = line + offset
        elif each.lstrip().startswith("#"):
            buffer += f" {_NEXT} "  # a Dockerfile has comments between the lines of an instruction
            continue
        if each.endswith("\\"):
            buffer += f"{each[:-1]} {_NEXT} "
            continue
        found += _of_line(buffer + each, start)
        buffer = ""
    return found + (_of_line(buffer, start) if buffer else [])


def _of_line(text: str, line: int) -> list[Command]:
    text = _EXPRESSION.sub(lambda match: "${{" + re.sub(r"\s+", "", match[1]) + "}}", text.strip())
    if not text or text.startswith("#"):
        return []
    try:
        lexer = shlex.shlex(text, posix=True, punctuation_chars="();<>|&")
        lexer.whitespace_split = True
        lexer.commenters = ""
        tokens = list(lexer)
    except ValueError:
        tokens = text.split()
    found: list[Command] = []
    words: list[str] = []
    lines: list[int] = []
    begins = line
    to_file = False
    skip = False
    for token in tokens:
        if _NEXT in token:
            line += token.count(_NEXT)
            token = token.replace(_NEXT, "").strip()
            if not token:
                continue
        if not words:
            begins = line
        if skip:
            skip = False
        elif token in _ENDS:
            if words:
                shown = not to_file and token not in ("|", "|&", ")")
                found.append(Command(tuple(words), begins, shown, tuple(lines)))
            words, lines, to_file = [], [], False
        elif set(token) <= {"<", ">", "&"} and set(token) & {"<", ">"}:
            to_file = to_file or ">" in token
            skip = True
        else:
            words.append(token)
            lines.append(line)
    if words:
        found.append(Command(tuple(words), begins, not to_file, tuple(lines)))
    return found


_ASSIGNS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*", re.DOTALL)
_BEFORE = frozenset({"sudo", "exec", "time", "nohup", "command", "then", "do", "else", "if", "!", "{"})


def program(words: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out what stands before a program's name: `sudo`, `exec`, `uv run`, variables."""
    while words and (words[0] in _BEFORE or _ASSIGNS.fullmatch(words[0])):
        words = words[1:]
    if words[:2] in (("uv", "run"), ("poetry", "run"), ("pipenv", "run")):
        words = words[2:]
        while words and words[0].startswith("-"):
            takes = words[0] in ("--extra", "--group", "--package", "--with", "--python", "-p", "--env-file")
            words = words[1 + takes :]
        return program(words)
    return words
