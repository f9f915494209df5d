#!/usr/bin/env python3
"""Checks that the includes of src/ follow the house rules (house.py). Prints each breach; exit 1.

    check_includes.py [SRC]                 the arrows and the third parties
    check_includes.py --standalone BUILD    that every header compiles alone, with the flags that
                                            BUILD/compile_commands.json gives its folder (slow).
                                            The build itself has shown it of those that a source
                                            includes before anything else: they are left out
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

import house

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
TEST_FILE = re.compile(r"(_test|_bench|_fixture|_test_main)\.(cc|h)$|^(fake|test)_[a-z0-9_]+\.(cc|h)$")


def source_files(src):
    return sorted(p for p in src.rglob("*") if p.suffix in {".h", ".cc"} and p.is_file())


def part_of(path):
    """('adapters', 'rocksdb') of adapters/rocksdb/store.h, ('base', None) of base/result.h."""
    folder = path.parts[0]
    inner = path.parts[1] if folder in house.SEPARATE_PARTS and len(path.parts) > 2 else None
    return folder, inner


def longest_match(header, table):
    prefixes = [prefix for prefix in table if header == prefix or header.startswith(prefix)]
    return max(prefixes, key=len, default=None)


def check_own(path, header, src):
    """A "quoted" include: must exist below src/ and lie where the table lets `path` look."""
    target = pathlib.PurePosixPath(header)
    if ".." in target.parts or len(target.parts) < 2:
        return f'"{header}" must be written from src/, as "folder/file.h"'
    if not (src / header).is_file():
        return f'"{header}" is not a file of src/'
    folder, inner = part_of(path)
    other, other_inner = part_of(target)
    is_test = TEST_FILE.search(path.name) is not None
    if folder == other:
        shared = other_inner is None or f"{other}/{other_inner}" in house.SHARED_PARTS
        if inner != other_inner and not shared:
            return f"{folder}/{inner or ''} may not see {other}/{other_inner}"
        return None
    if other in house.MAY_USE[folder] or (is_test and other in house.TESTS_MAY_ALSO_USE):
        return None
    return f"{folder} may not see {other} (arrows point down only)"


def check_foreign(path, header):
    """An <angle> include: standard, of the system, or a third party in its own place."""
    if header in house.STANDARD:
        return None
    is_test = TEST_FILE.search(path.name) is not None
    if longest_match(header, house.TEST_ONLY):
        return None if is_test else f"<{header}> is for tests only"
    prefix = longest_match(header, house.THIRD_PARTIES)
    if prefix is None:
        if longest_match(header, house.SYSTEM):
            return None
        return f"<{header}> is in no table: decide where it may be used, in house.py"
    allowed = house.THIRD_PARTIES[prefix]
    folder, inner = part_of(path)
    places = {"*", folder, f"{folder}/{inner}"}
    if places & allowed:
        return None
    return f"<{header}> may be named only in {', '.join(sorted(allowed))}"


def check_file(path, src):
    text = (src / path).read_text(encoding="utf-8")
    folder = path.parts[0]
    if folder not in house.MAY_USE:
        yield f"folder {folder} is in no table: decide what it may see, in house.py"
        return
    if path.suffix == ".h" and "#pragma once" not in text:
        yield "a header needs #pragma once"
    for kind, header in INCLUDE.findall(COMMENT.sub("", text)):
        breach = check_own(path, header, src) if kind == '"' else check_foreign(path, header)
        if breach:
            yield breach


def check_tree(src):
    for file in source_files(src):
        path = file.relative_to(src)
        for breach in check_file(path, src):
            yield f"src/{path}: {breach}"


def compiled_sources(build, src):
    """(file, its entry of compile_commands.json)."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        file = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if src in file.parents and file.suffix == ".cc":
            yield file, entry


def first_includes(build, src):
    for file, _ in compiled_sources(build, src):
        first = INCLUDE.search(COMMENT.sub("", file.read_text(encoding="utf-8")))
        if first and first[1] == '"':
            yield src / first[2]


def flags_by_folder(build, src):
    """Compile flags of one source of every folder, without its own input and output."""
    flags = {}
    for file, entry in compiled_sources(build, src):
        if file.parent in flags:
            continue
        words = shlex.split(entry["command"])
        compiler = next(i for i, word in enumerate(words) if "clang" in os.path.basename(word))
        kept = []
        skip = False
        for word in words[compiler:]:
            if skip:
                skip = False
            elif word in {"-o", "-c"}:
                skip = word == "-o"
            elif pathlib.Path(entry["directory"], word).resolve() != file:
                kept.append(word)
        flags[file.parent] = kept
    return flags


def compile_header(job):
    header, flags = job
    source = f'#include "{header}"\n'
    done = subprocess.run(
        [*flags, "-fsyntax-only", "-x", "c++", "-"], input=source, capture_output=True, text=True
    )
    return header, done.returncode, done.stderr


def check_standalone(src, build):
    flags = flags_by_folder(build, src)
    shown = set(first_includes(build, src))
    headers = [p for p in source_files(src) if p.suffix == ".h" and p not in shown]
    jobs = [(str(h), flags[h.parent]) for h in headers if h.parent in flags]
    missing = [h for h in headers if h.parent not in flags]
    for header in missing:
        print(f"not built here, left out: {header.relative_to(src)}")
    if not jobs:
        yield f"{build} compiles nothing of {src}"
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for header, status, errors in pool.map(compile_header, jobs):
            if status:
                yield f"src/{pathlib.Path(header).relative_to(src)}: does not compile alone\n{errors}"


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser()
    parser.add_argument("src", nargs="?", type=pathlib.Path, default=root / "src")
    parser.add_argument("--standalone", type=pathlib.Path, metavar="BUILD")
    options = parser.parse_args()
    src = options.src.resolve()
    if options.standalone:
        breaches = list(check_standalone(src, options.standalone.resolve()))
    else:
        breaches = list(check_tree(src))
    for breach in breaches:
        print(breach)
    print(f"{len(source_files(src))} files, {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
