#!/usr/bin/env python3
"""Checks that the papers name things that exist: every file and folder in backticks or links, and
every function() named after a source file, in that file."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAPERS = ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "README.zh.md", "THIRD_PARTY.md"]
TOP = ("src/", "web/", "tests/", "docs/", "examples/", "scripts/", "bench/", "fuzz/", "cmake/")

TICKED = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
FUNCTION = re.compile(r"^(?:\w+::)*(\w+)\(\)$")


def papers():
    return [ROOT / name for name in PAPERS] + sorted((ROOT / "docs").rglob("*.md"))


def check_links(paper, text):
    for target in LINK.findall(text):
        if not (paper.parent / target).exists():
            yield f"links to {target}, which does not exist"


def is_path(word):
    return word.startswith(TOP) and not re.search(r"[ *<>$]|\b[A-Z]+\b(?!\.md)", word)


def check_names(text):
    """Walks the ticked words in order: a function belongs to the source file named before it."""
    file = None
    for word in TICKED.findall(text):
        if is_path(word):
            if not (ROOT / word).exists():
                yield f"names {word}, which does not exist"
                file = None
            elif word.endswith((".cc", ".h", ".ts", ".tsx")):
                file = ROOT / word
        elif (match := FUNCTION.match(word)) and file is not None:
            name = match.group(1)
            if not re.search(rf"\b{name}\b", file.read_text(encoding="utf-8")):
                yield f"says {word} is in {file.relative_to(ROOT)}, but it is not"


def check_journeys(text):
    journeys = text[text.index("## Journey 1") : text.index("## Adding to it")]
    for i, journey in enumerate(re.split(r"^## ", journeys, flags=re.MULTILINE)[1:], start=1):
        for breach in check_names(journey):
            yield f"journey {i} {breach}"


def main():
    breaches = []
    for paper in papers():
        text = paper.read_text(encoding="utf-8")
        found = [*check_links(paper, text)]
        found += [b for b in check_names(text) if b.startswith("names ")]
        if paper.name == "ARCHITECTURE.md":
            found += check_journeys(text)
        breaches += [f"{paper.relative_to(ROOT)} {breach}" for breach in found]
    for breach in breaches:
        print(breach)
    print(f"{len(papers())} papers, {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
