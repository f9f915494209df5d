#!/usr/bin/env python3
"""One stream through the real server, against llama.cpp on the same file in the same run.

  decode    tokens/s of /api/generate between the first and the last token     llama-bench -n
  prefill   prompt tokens/s of /api/generate, request sent to first token      llama-bench -p
  embed     texts/s of /api/embed, 100 texts of 256 tokens in one request      moat_llama_reference

Both sides run in turns, so that a noisy minute hits both; the figures are medians over --rounds, and the ratio
the median of the ratios of each round, with their range.
`make bench` gives it what it needs through the environment (MOAT_BINARY, MOAT_LLAMA_BIN, ...).
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

from bench_servers import ONE_TOKEN_WORDS, Server, paired, reference_embed_rate, show, show_head, stream_times

PROMPT_TOKENS = 512
DECODE_TOKENS = 128
EMBED_TEXTS = 100
EMBED_TOKENS = 256


def prefill_rate(server: Server, model: str, rng: random.Random) -> float:
    # A new prompt each time, from the first word on: a cached prefix would not be prefill.
    prompt = " ".join(rng.choices(ONE_TOKEN_WORDS, k=PROMPT_TOKENS))
    begin = time.monotonic()
    response = server.post("/api/generate", {
        "model": model, "prompt": prompt, "raw": True,
        "options": {"num_predict": 1, "temperature": 0, "num_ctx": 2048, "num_batch": 512},
    })
    first, _, last = stream_times(response)
    if last["prompt_eval_count"] != PROMPT_TOKENS:
        sys.exit(f"the prompt has {last['prompt_eval_count']} tokens, not {PROMPT_TOKENS}: not the same work")
    return last["prompt_eval_count"] / (first - begin)


def decode_rate(server: Server, model: str) -> float:
    response = server.post("/api/generate", {
        "model": model, "prompt": "The", "raw": True,
        "options": {"num_predict": DECODE_TOKENS, "temperature": 0, "num_ctx": 2048},
    })
    first, times, last = stream_times(response)
    # The final line carries no token; it comes with the last one.
    return (last["eval_count"] - 1) / (times[-1] - first)


def llama_bench_rate(program: Path, gguf: Path, prompt: int, generate: int) -> float:
    out = subprocess.run(
        [program, "-m", gguf, "-p", str(prompt), "-n", str(generate), "-r", "1", "-o", "json",
         "-t", str(os.cpu_count())],
        check=True, capture_output=True, text=True,
    ).stdout
    return json.loads(out)[0]["avg_ts"]


def embed_rate(server: Server, model: str, rng: random.Random) -> float:
    # Each word is one token of the vocabulary; two more mark the ends.
    texts = [" ".join(rng.choices(ONE_TOKEN_WORDS, k=EMBED_TOKENS - 2)) for _ in range(EMBED_TEXTS)]
    begin = time.monotonic()
    body = json.loads(server.post("/api/embed", {"model": model, "input": texts}).read())
    seconds = time.monotonic() - begin
    if len(body["embeddings"]) != EMBED_TEXTS or body["prompt_eval_count"] != EMBED_TEXTS * EMBED_TOKENS:
        sys.exit("not every text came back with the tokens it should have")
    return body["prompt_eval_count"] / seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="only models whose name contains this")
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    moat = Path(os.environ["MOAT_BINARY"]).resolve()
    llama_bench = Path(os.environ["MOAT_LLAMA_BIN"]) / "llama-bench"
    reference = moat.parent / "moat_llama_reference"
    models = Path(os.environ["MOAT_BENCH_MODELS"])
    rng = random.Random(7)

    show_head("tokens/s, one stream through HTTP", "llama.cpp")
    with Server(moat) as server:
        for gguf in sorted(g for g in models.glob("bench-chat-*q*.gguf") if args.only in g.name):
            model = gguf.stem
            server.create(model, gguf.resolve())
            decode_rate(server, model)  # loads it
            show(f"{model} decode {DECODE_TOKENS}", paired(
                args.rounds, lambda: decode_rate(server, model),
                lambda: llama_bench_rate(llama_bench, gguf, 0, DECODE_TOKENS)))
            show(f"{model} prefill {PROMPT_TOKENS}", paired(
                args.rounds, lambda: prefill_rate(server, model, rng),
                lambda: llama_bench_rate(llama_bench, gguf, PROMPT_TOKENS, 0)))
            server.post("/api/generate", {"model": model, "keep_alive": 0}).read()
        embed = models / "bench-embed.gguf"
        if reference.exists() and args.only in embed.stem:
            server.create("bench-embed", embed.resolve())
            embed_rate(server, "bench-embed", rng)
            show(f"embed {EMBED_TEXTS} x {EMBED_TOKENS}", paired(
                args.rounds, lambda: embed_rate(server, "bench-embed", rng),
                lambda: reference_embed_rate(reference, embed, EMBED_TEXTS, EMBED_TOKENS)))


if __name__ == "__main__":
    main()
