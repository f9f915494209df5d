#!/usr/bin/env python3
"""What an idle server costs: time from start to its first answer, and resident memory.

    MOAT_BINARY=build/release/bin/moat bench/server_bench.py

Goals: ready in 0.3 s, 80 MB resident, the children of an idle server included.
"""
import os
import pathlib
import re
import select
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

STARTS = 10
SETTLE_SECONDS = 12  # idle worker threads are gone after 10


def start(data):
    begun = time.monotonic()
    process = subprocess.Popen(
        [os.environ["MOAT_BINARY"], "serve", "--data", data, "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    select.select([process.stdout], [], [], 30)
    port = int(re.search(rb":(\d+)$", process.stdout.readline().rstrip()).group(1))
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=30) as response:
        response.read()
    return process, time.monotonic() - begun


def stop(process):
    process.terminate()
    process.wait(60)
    process.stdout.close()


def children(pid):
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            yield int(path.parent.name)


def memory(pid, field):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+)", text).group(1)) * 1024 / 1e6


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "moat")
        process, first = start(data)
        stop(process)
        again = []
        for _ in range(STARTS):
            process, seconds = start(data)
            again.append(seconds)
            stop(process)
        process, _ = start(data)
        time.sleep(SETTLE_SECONDS)
        family = [process.pid, *children(process.pid)]
        resident = sum(memory(pid, "VmRSS") for pid in family)
        private = sum(memory(pid, "RssAnon") for pid in family)
        stop(process)
    print(f"first start, empty folder   {first * 1000:7.0f} ms")
    print(f"start to ready, median      {statistics.median(again) * 1000:7.0f} ms   goal 300")
    print(f"start to ready, worst of {STARTS} {max(again) * 1000:7.0f} ms")
    print(f"idle, resident              {resident:7.1f} MB   goal 80")
    print(f"idle, of that not shared    {private:7.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
