#!/usr/bin/env python3
"""Documents per second from upload to searchable, over HTTP, by keywords only: every file of the shared
documents that can be read, and those beside the big table (41,352 rows), which is a document of its own
kind. Goal: 20 documents/s.

The reference in the same run: storing the same bytes durably, one file each, with fsync: what the disk
alone would take.
"""
import concurrent.futures
import http.client
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse

READABLE = {".md", ".txt", ".html", ".pdf", ".docx", ".csv"}
BIG_TABLE = "zh-streets-41k-rows.csv"
GOAL = 20


class Server:
    def __init__(self, binary, data):
        self.process = subprocess.Popen(
            [binary, "serve", "--data", data, "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        self.port = int(re.search(r":(\d+)\s*$", line).group(1))

    def request(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        connection.request(method, path, body)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        if response.status >= 300:
            sys.exit(f"{method} {path}: {response.status} {text[:300]}")
        return json.loads(text) if text else None

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


def ingest(server, base, files):
    """-> (seconds, documents ready, documents failed, chunks)"""
    server.request("POST", "/api/kb", json.dumps({"name": base}))
    begun = time.monotonic()

    def upload(file):
        name = urllib.parse.quote(file.name)
        server.request("POST", f"/api/kb/{base}/documents?name={name}", file.read_bytes())

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(upload, files))
    while True:
        documents = server.request("GET", f"/api/kb/{base}/documents")["documents"]
        if all(d["stage"] in ("ready", "failed") for d in documents):
            break
        time.sleep(0.02)
    seconds = time.monotonic() - begun
    ready = [d for d in documents if d["stage"] == "ready"]
    return seconds, len(ready), len(documents) - len(ready), sum(d["chunks"] for d in ready)


def store(files, folder):
    """Seconds to write the same bytes durably."""
    begun = time.monotonic()
    for number, file in enumerate(files):
        with open(pathlib.Path(folder) / str(number), "wb") as copy:
            copy.write(file.read_bytes())
            copy.flush()
            os.fsync(copy.fileno())
    return time.monotonic() - begun


def report(title, result, reference):
    seconds, ready, failed, chunks = result
    rate = (ready + failed) / seconds
    print(f"{title:28} {ready + failed:4} documents ({failed} refused) {chunks:6} chunks "
          f"{seconds:6.2f} s {rate:7.1f} documents/s  goal {GOAL}  fsync alone {reference:.2f} s")


def main():
    shared = os.environ.get("MOAT_SHARED")
    if not shared:
        print("skipped: MOAT_SHARED is not set (the documents to read are not here)")
        return
    folder = pathlib.Path(shared) / "data/documents"
    files = sorted(p for p in folder.rglob("*")
                   if p.suffix in READABLE and "expected" not in p.parts and p.is_file())
    small = [p for p in files if p.name != BIG_TABLE]
    with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as plain:
        server = Server(os.environ["MOAT_BINARY"], data)
        try:
            report("all, cold", ingest(server, "cold", files), store(files, plain))
            report("all but the big table", ingest(server, "warm", small), store(small, plain))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
