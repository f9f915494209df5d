#!/usr/bin/env python3
"""Writes a folder of web files as C++ and assembly, for linking into the program.

    embed.py FOLDER OUTPUT_PREFIX FUNCTION

writes OUTPUT_PREFIX.cc (a table of http::EmbeddedFile, returned by moat::http::FUNCTION()) and
OUTPUT_PREFIX.bin (all bytes, one after the other), which the assembler takes in.
"""
import gzip
import hashlib
import pathlib
import re
import sys

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".map": "application/json; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
COMPRESSED_ALREADY = {".gif", ".jpg", ".png", ".webp", ".woff2"}
# A name like index-BqX3fa_9.js: the bundler puts a hash of the content there.
HASHED = re.compile(r"-[A-Za-z0-9_-]{8,}\.[a-z0-9]+$")

SOURCE = """// Written by scripts/embed.py.
#include <array>
#include <cstddef>

#include "http/static_files.h"

asm(R"(
    .pushsection .rodata
    .balign 16
moat_{function}_bytes:
    .incbin "{binary}"
    .byte 0
    .popsection
)");
extern "C" const char moat_{function}_bytes[];

namespace moat::http {{
namespace {{

std::string_view piece(std::size_t offset, std::size_t size) {{
    return {{moat_{function}_bytes + offset, size}};
}}

}}  // namespace

std::span<const EmbeddedFile> {function}();
std::span<const EmbeddedFile> {function}() {{
    static const std::array<EmbeddedFile, {count}> files = {{{{
{entries}
    }}}};
    return files;
}}

}}  // namespace moat::http
"""

def main() -> int:
    folder, prefix, function = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
    blob = bytearray()

    def add(data: bytes) -> str:
        offset = len(blob)
        blob.extend(data)
        return f"piece({offset}, {len(data)})"

    entries = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        kind = CONTENT_TYPES.get(path.suffix)
        if kind is None:
            print(f"{name}: no content type is known for {path.suffix}", file=sys.stderr)
            return 1
        data = path.read_bytes()
        packed = b"" if path.suffix in COMPRESSED_ALREADY else gzip.compress(data, 9, mtime=0)
        if len(packed) > len(data) * 0.9:
            packed = b""
        etag = hashlib.sha256(data).hexdigest()[:16]
        immutable = "true" if HASHED.search(path.name) else "false"
        entries.append(
            f'        EmbeddedFile{{"{name}", "{kind}", "\\"{etag}\\"", {add(data)}, '
            f"{add(packed)}, {immutable}}},"
        )
    prefix.parent.mkdir(parents=True, exist_ok=True)
    binary = prefix.with_suffix(".bin")
    binary.write_bytes(bytes(blob))
    prefix.with_suffix(".cc").write_text(
        SOURCE.format(
            function=function, binary=binary, count=len(entries), entries="\n".join(entries)
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
