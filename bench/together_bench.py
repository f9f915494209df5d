#!/usr/bin/env python3
"""Many people at one model, through HTTP.

  together   total tokens/s of N chats at once   the same chats in turn; llama-server with as many slots
  gap        longest wait between two tokens of a running stream while a prompt of 4,000 tokens comes in
             llama-server
  prefix     time to the first token of a second user whose prompt begins with the same 1,500 public tokens
             the first user
  embed      tokens/s of 100 single requests from 16 clients                   llama.cpp's best batch
  load       from nothing to the first token of a model whose file is cached   llama-server's start to its first

Sides run in turns; figures are medians over --rounds, the ratio the median of the ratios of each round.
"""

import argparse
import concurrent.futures
import json
import os
import random
import threading
import time
from pathlib import Path

from bench_servers import (
    ONE_TOKEN_WORDS, LlamaServer, Server, paired, reference_embed_rate, show, show_head, stream_times,
)

CONTEXT = 8192
CHAT_TOKENS = 64
CHAT_PROMPT = 32
LONG_PROMPT = 4000
PREFIX = 1500
QUESTION = 20
EMBED_TEXTS = 100
EMBED_TOKENS = 256
EMBED_CLIENTS = 16


def words(rng: random.Random, count: int) -> str:
    return " ".join(rng.choices(ONE_TOKEN_WORDS, k=count))


class Moat:
    """The calls of this benchmark, on our server."""

    def __init__(self, server: Server, model: str):
        self.server, self.model = server, model

    def generate(self, prompt: str, tokens: int) -> tuple[list[float], int]:
        response = self.server.post("/api/generate", {
            "model": self.model, "prompt": prompt, "raw": True,
            "options": {"num_predict": tokens, "temperature": 0, "num_ctx": CONTEXT},
        })
        _, times, last = stream_times(response)
        return times, last["eval_count"]


class Llama:
    """The same, on llama-server."""

    def __init__(self, server: LlamaServer):
        self.server = server

    def generate(self, prompt: str, tokens: int) -> tuple[list[float], int]:
        response = self.server.post("/completion", {
            "prompt": prompt, "n_predict": tokens, "temperature": 0, "stream": True, "cache_prompt": True,
        })
        times, last = [], {}
        for line in response:
            if line.startswith(b"data: "):
                times.append(time.monotonic())
                last = json.loads(line[6:])
        return times, last["tokens_predicted"]


def chats_at_once(side, prompts: list[str], at_once: int) -> float:
    """Tokens/s of all of them."""
    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        counts = list(pool.map(lambda prompt: side.generate(prompt, CHAT_TOKENS)[1], prompts))
    return sum(counts) / (time.monotonic() - begin)


def longest_gap(side, rng: random.Random) -> float:
    """Of a stream that runs while a long prompt is read."""
    times: list[float] = []
    stream = threading.Thread(target=lambda: times.extend(side.generate(words(rng, 8), 400)[0]))
    stream.start()
    time.sleep(1)  # it is running
    begin = time.monotonic()
    side.generate(words(rng, LONG_PROMPT), 1)
    end = time.monotonic()
    stream.join()
    during = [b - a for a, b in zip(times, times[1:]) if b > begin and a < end]
    if not during:
        raise SystemExit("the stream ended before the long prompt was read")
    return max(during)


def first_token(side, prompt: str) -> float:
    begin = time.monotonic()
    return side.generate(prompt, 2)[0][0] - begin


def single_embeddings(server: Server, model: str, rng: random.Random) -> float:
    texts = [words(rng, EMBED_TOKENS - 2) for _ in range(EMBED_TEXTS)]
    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(EMBED_CLIENTS) as pool:
        replies = list(pool.map(
            lambda text: json.loads(server.post("/api/embed", {"model": model, "input": text}).read()), texts))
    seconds = time.monotonic() - begin
    return sum(reply["prompt_eval_count"] for reply in replies) / seconds


def compare_chats(moat: Moat, llama_server: Path, gguf: Path, rounds: int, rng: random.Random):
    def prompts(count: int) -> list[str]:
        return [words(rng, CHAT_PROMPT) for _ in range(count)]

    for count, wanted in ((8, ">= 1.4"), (16, ">= 2.3")):
        pairs = paired(rounds, lambda: chats_at_once(moat, prompts(count), count),
                       lambda: chats_at_once(moat, prompts(count), 1))
        show(f"{gguf.stem} {count} together / in turn, tokens/s", pairs, wanted)
        with LlamaServer(llama_server, gguf, count, CONTEXT) as server:
            llama = Llama(server)
            pairs = paired(rounds, lambda: chats_at_once(moat, prompts(count), count),
                           lambda: chats_at_once(llama, prompts(count), count))
            show(f"{gguf.stem} {count} together / llama-server", pairs, ">= 1.0")
            if count == 8:
                pairs = paired(rounds, lambda: longest_gap(moat, rng), lambda: longest_gap(llama, rng))
                show(f"{gguf.stem} longest gap, s / llama-server", pairs, "<= 0.5")


def compare_prefixes(moat: Moat, gguf: Path, rounds: int, rng: random.Random):
    pairs = []
    for _ in range(rounds):
        prefix = words(rng, PREFIX)
        first = first_token(moat, f"{prefix} {words(rng, QUESTION)}")
        pairs.append((first_token(moat, f"{prefix} {words(rng, QUESTION)}"), first))
    show(f"{gguf.stem} shared prefix, second / first, s", pairs, "<= 0.05")


def cold_start(make) -> float:
    begin = time.monotonic()
    end = make()
    return end - begin


def compare_loads(server: Server, model: str, llama_server: Path, gguf: Path, rounds: int):
    side = Moat(server, model)

    def ours() -> float:
        server.post("/api/generate", {"model": model, "keep_alive": 0}).read()
        time.sleep(0.5)  # the runner has gone
        return cold_start(lambda: side.generate("The", 1)[0][0])

    def reference() -> float:
        def start() -> float:
            with LlamaServer(llama_server, gguf, 4, CONTEXT) as llama:
                return Llama(llama).generate("The", 1)[0][0]
        return cold_start(start)

    show(f"{gguf.stem} load to first token, s", paired(rounds, ours, reference), "<= 1.1")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="only models whose name contains this")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    moat = Path(os.environ["MOAT_BINARY"]).resolve()
    llama_server = Path(os.environ["MOAT_LLAMA_BIN"]) / "llama-server"
    reference = moat.parent / "moat_llama_reference"
    models = Path(os.environ["MOAT_BENCH_MODELS"])
    rng = random.Random(7)

    show_head("many at one model", "reference")
    with Server(moat) as server:
        for gguf in sorted(g for g in models.glob("bench-chat-*q*.gguf") if args.only in g.name):
            server.create(gguf.stem, gguf.resolve())
            side = Moat(server, gguf.stem)
            side.generate("The", 1)  # loads it
            compare_chats(side, llama_server, gguf, args.rounds, rng)
            compare_prefixes(side, gguf, args.rounds, rng)
            compare_loads(server, gguf.stem, llama_server, gguf, args.rounds)
            server.post("/api/generate", {"model": gguf.stem, "keep_alive": 0}).read()
        embed = models / "bench-embed.gguf"
        if reference.exists() and args.only in embed.stem:
            server.create(embed.stem, embed.resolve())
            single_embeddings(server, embed.stem, rng)
            pairs = paired(args.rounds, lambda: single_embeddings(server, embed.stem, rng),
                           lambda: reference_embed_rate(reference, embed, EMBED_TEXTS, EMBED_TOKENS))
            show(f"embed {EMBED_TEXTS} x {EMBED_TOKENS}, {EMBED_CLIENTS} clients, tokens/s", pairs, ">= 0.85")


if __name__ == "__main__":
    main()
