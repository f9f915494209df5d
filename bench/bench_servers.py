"""The servers that benchmarks measure: ours, and llama.cpp's own."""

import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ONE_TOKEN_WORDS = "the of and in to was he is as for on with that it his by at from her she".split()


class RunningServer:
    """A child with a port; stopped by process id."""

    port: int
    process: subprocess.Popen

    def post(self, path: str, body: dict) -> http.client.HTTPResponse:
        return post(self.port, path, body)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)


class Server(RunningServer):
    """`moat serve` on a free port with an empty data folder."""

    def __init__(self, moat: Path):
        self.moat = moat
        self.data = tempfile.TemporaryDirectory(prefix="moat-bench-")
        self.port = free_port()
        self.env = {**os.environ, "MOAT_HOST": f"127.0.0.1:{self.port}", "MOAT_DATA": self.data.name}
        self.process = subprocess.Popen(
            [moat, "serve", "--listen", f"127.0.0.1:{self.port}", "--data", self.data.name],
            env=self.env, stdout=subprocess.DEVNULL,
        )
        wait_until_ready(self.port)

    def create(self, name: str, gguf: Path):
        modelfile = Path(self.data.name) / "Modelfile"
        modelfile.write_text(f"FROM {gguf}\n")
        subprocess.run([self.moat, "create", name, "-f", modelfile], env=self.env, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __exit__(self, *_):
        super().__exit__()
        self.data.cleanup()


class LlamaServer(RunningServer):
    """llama.cpp's own server on the same file, with as many slots."""

    def __init__(self, program: Path, gguf: Path, slots: int, context: int):
        self.port = free_port()
        self.process = subprocess.Popen(
            [program, "-m", gguf, "--host", "127.0.0.1", "--port", str(self.port), "-np", str(slots),
             "-c", str(slots * context), "-t", str(os.cpu_count()), "--no-webui"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        wait_until_ready(self.port, "/health", 120)


def post(port: int, path: str, body: dict) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    if response.status != 200:
        sys.exit(f"{path}: {response.status} {response.read().decode()}")
    return response


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until_ready(port: int, path: str = "/readyz", seconds: float = 30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.01)
    sys.exit(f"a server did not become ready within {seconds} s")


def stream_times(response) -> tuple[float, list[float], dict]:
    """Seconds (monotonic) of the first line's arrival, of all lines, and the last object."""
    times, last = [], {}
    for line in response:
        times.append(time.monotonic())
        last = json.loads(line)
        if "error" in last:
            sys.exit(f"generation failed: {last['error']}")
    return times[0], times, last


def reference_embed_rate(program: Path, gguf: Path, texts: int, tokens: int) -> float:
    """Tokens/s of llama.cpp's best batch (llama_reference.cc)."""
    out = subprocess.run([program, "embed", gguf, str(texts), str(tokens)],
                         check=True, capture_output=True, text=True).stdout
    return json.loads(out)["tokens_per_second"]


def paired(rounds: int, ours, reference) -> list[tuple[float, float]]:
    """Who goes first alternates."""
    pairs = []
    for i in range(rounds):
        if i % 2 == 0:
            mine, theirs = ours(), reference()
        else:
            theirs, mine = reference(), ours()
        pairs.append((mine, theirs))
    return pairs


def show(name: str, pairs: list[tuple[float, float]], wanted: str = ""):
    """One line: the medians of both sides, and the median and range of the ratios of each round, whose two runs
    stood side by side: what else the machine did then weighed on both."""
    mine, theirs = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    ratios = sorted(a / b for a, b in pairs)
    print(f"{name:<44} {mine:10.2f} {theirs:10.2f} {statistics.median(ratios):7.3f} "
          f"({ratios[0]:.2f} to {ratios[-1]:.2f})" + (f"  wanted {wanted}" if wanted else ""), flush=True)


def show_head(title: str, reference: str):
    print(f"{title:<44} {'moat':>10} {reference:>10} {'ratio':>7}")
