"""Runs clang-tidy-19 on our sources, several at a time, and remembers which were clean.

usage: tidy.py BUILD_DIR [--all] [FILE...]     default: every source of the build that is no test

A file is looked at again only when it, a header of ours that it includes, its compile command or the
checks change: the cache key is a digest of those. Headers are reported through the sources including them.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ["MOAT_CACHE_DIR"]) / "tidy"
OURS = ("src/", "bench/", "fuzz/", "tests/")


def relative(path: Path) -> str | None:
    """The path below the root when the file is ours, else None."""
    resolved = path.resolve()
    if not resolved.is_relative_to(ROOT):
        return None
    name = str(resolved.relative_to(ROOT))
    return name if name.startswith(OURS) else None


def sources(build: Path) -> dict[str, str]:
    """Our sources in the build and the command that compiles each."""
    commands = json.loads((build / "compile_commands.json").read_text())
    named = {relative(Path(entry["directory"], entry["file"])): entry["command"] for entry in commands}
    return {name: command for name, command in named.items() if name and name.endswith(".cc")}


def headers_of(build: Path) -> dict[str, list[str]]:
    """What ninja noted that each of our sources includes, as far as it is ours. Empty before a build."""
    listed = subprocess.run(["ninja", "-C", build, "-t", "deps"], capture_output=True, text=True)
    found: dict[str, list[str]] = {}
    for block in listed.stdout.split("\n\n"):
        paths = [relative(Path(build, line.strip())) for line in block.splitlines()[1:]]
        ours = [path for path in paths if path]
        if ours:
            found[ours[0]] = ours[1:]
    return found


def digest(name: str, command: str, headers: list[str], common: bytes) -> str:
    state = hashlib.sha256(common + command.replace(str(ROOT), ".").encode())  # any clone may use it
    for path in [name, *sorted(headers)]:
        file = ROOT / path
        state.update(path.encode() + (file.read_bytes() if file.exists() else b""))
    return state.hexdigest()


def check(build: Path, name: str, key: str | None) -> str:
    """Empty when clean, else what clang-tidy said."""
    if key and (CACHE / key).exists():
        return ""
    command = ["clang-tidy-19", "-p", build, "--quiet", ROOT / name]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        return done.stdout or done.stderr
    if key:
        (CACHE / key).touch()
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("files", nargs="*", help="only these")
    parser.add_argument("--all", action="store_true", help="tests as well")
    given = parser.parse_args()

    CACHE.mkdir(parents=True, exist_ok=True)
    known, headers = sources(given.build), headers_of(given.build)
    names = [relative(Path(file)) for file in given.files] or [n for n in known if given.all or not n.endswith("_test.cc")]
    strangers = [str(file) for file, name in zip(given.files, names) if name not in known]
    if strangers:
        sys.exit(f"not in the build: {' '.join(strangers)}")

    version = subprocess.run(["clang-tidy-19", "--version"], capture_output=True).stdout
    configs = [ROOT / ".clang-tidy", *sorted((ROOT / "src").rglob(".clang-tidy"))]
    common = version + b"".join(config.read_bytes() for config in configs)

    def run(name: str) -> tuple[str, str]:
        key = digest(name, known[name], headers[name], common) if name in headers else None
        return name, check(given.build, name, key)

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("MOAT_JOBS", os.cpu_count() or 1))) as pool:
        done = [pool.submit(run, name) for name in sorted(names)]
        for count, future in enumerate(concurrent.futures.as_completed(done), 1):
            name, said = future.result()
            if said:
                failed += 1
                print(f"{said}\n", flush=True)
            if count % 20 == 0 or count == len(names):
                print(f"clang-tidy [{count}/{len(names)}]", file=sys.stderr, flush=True)
    if failed:
        print(f"clang-tidy: {failed} of {len(names)} files have findings", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
