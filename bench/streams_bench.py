#!/usr/bin/env python3
"""Many open streams on a tiny model for ten minutes: does every request end well, and does memory stay flat?

    MOAT_BINARY=build/release/bin/moat MOAT_BENCH_MODELS=... bench/streams_bench.py [--streams 256] [--minutes 10]

Each of the streams asks again as soon as its answer has ended, with another prompt. Memory is what the server and its
children have resident, looked at every five seconds; the first minute, in which pools fill, does not count. What is kept
of earlier prompts is limited to 16 MB: by default it grows to 1 GB, as it should.
Goals: no failed request; largest over smallest at most 1.05.
"""

import argparse
import http.client
import json
import os
import random
import re
import statistics
import threading
import time
from pathlib import Path

from bench_servers import ONE_TOKEN_WORDS, Server

WARM_UP_SECONDS = 60
LOOK_EVERY_SECONDS = 5


class Streams:
    """Threads that ask until told to stop."""

    def __init__(self, port: int, model: str, count: int):
        self.port, self.model = port, model
        self.ended, self.tokens = 0, 0
        self.failures: list[str] = []
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.ask_on, args=(random.Random(i),)) for i in range(count)]

    def ask_on(self, rng: random.Random):
        while not self.stopping.is_set():
            try:
                tokens = self.ask(rng)
                with self.lock:
                    self.ended += 1
                    self.tokens += tokens
            except Exception as error:  # whatever it was, the goal is that there is none
                with self.lock:
                    self.failures.append(repr(error))
                time.sleep(1)

    def ask(self, rng: random.Random) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        prompt = " ".join(rng.choices(ONE_TOKEN_WORDS, k=rng.randint(4, 60)))
        connection.request("POST", "/api/generate", json.dumps({
            "model": self.model, "prompt": prompt, "raw": True, "keep_alive": -1,
            "options": {"num_predict": rng.randint(20, 200)},
        }), {"Content-Type": "application/json"})
        response = connection.getresponse()
        if response.status != 200:
            raise RuntimeError(f"{response.status} {response.read().decode()}")
        last = {}
        for line in response:
            last = json.loads(line)
            if "error" in last:
                raise RuntimeError(last["error"])
        if not last.get("done"):
            raise RuntimeError("the stream ended before its answer")
        connection.close()
        return last["eval_count"]


def family(pid: int) -> list[int]:
    """The process and all below it."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            pass  # it has ended
    found = [pid]
    for one in found:
        found.extend(child for child, parent in parents.items() if parent == one)
    return found


def resident_mb(pid: int) -> float:
    total = 0
    for one in family(pid):
        try:
            total += int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{one}/status").read_text()).group(1))
        except (OSError, AttributeError):
            pass  # it has ended
    return total / 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=256)
    parser.add_argument("--minutes", type=float, default=10)
    args = parser.parse_args()
    models = Path(os.environ["MOAT_BENCH_MODELS"])
    os.environ["MOAT_PROMPT_CACHE_MB"] = "16"

    with Server(Path(os.environ["MOAT_BINARY"]).resolve()) as server:
        server.create("tiny", (models / "stories260k.gguf").resolve())
        streams = Streams(server.port, "tiny", args.streams)
        begin = time.monotonic()
        for thread in streams.threads:
            thread.start()
        resident = []
        while time.monotonic() - begin < args.minutes * 60:
            time.sleep(LOOK_EVERY_SECONDS)
            if time.monotonic() - begin > WARM_UP_SECONDS:
                resident.append(resident_mb(server.process.pid))
        seconds = time.monotonic() - begin
        streams.stopping.set()
        for thread in streams.threads:
            thread.join()

    print(f"{args.streams} streams for {seconds / 60:.1f} minutes: {streams.ended} answers, "
          f"{streams.tokens / seconds:.0f} tokens/s, {len(streams.failures)} failed (wanted 0)")
    for failure in streams.failures[:5]:
        print(f"  {failure}")
    flat = max(resident) / min(resident)
    print(f"resident: {min(resident):.1f} to {max(resident):.1f} MB, median {statistics.median(resident):.1f}, "
          f"first {resident[0]:.1f}, last {resident[-1]:.1f}; {flat:.3f} (wanted at most 1.05)")
    return 1 if streams.failures or flat > 1.05 else 0


if __name__ == "__main__":
    raise SystemExit(main())
