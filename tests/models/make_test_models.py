"""Writes the models that tests and benchmarks run on. Run by scripts/test_models.sh.

tiny-chat.gguf       2 layers, random, the Qwen2 vocabulary, a ChatML template      (20 MB)
tiny-vl.gguf         the same as a model that sees has it: positions in 2 dimensions (20 MB)
tiny-vl-mmproj.gguf, tiny-omni-mmproj.gguf   projectors: images for tiny-vl; images and sound for tiny-chat
tiny-embed.gguf      2 layers, random, BERT's English vocabulary, 64 dimensions     ( 4 MB)
tiny-rerank.gguf     the same with a classifier's head: it ranks texts              ( 4 MB)
stories260k.gguf     a real, very small story teller, where ../shared has it        ( 1 MB)
with --bench also:
bench-chat-q8_0.gguf, bench-chat-q4_k_m.gguf             the shape of Qwen2.5-0.5B, random
bench-chat-1.5b-q8_0.gguf, bench-chat-1.5b-q4_k_m.gguf   the shape of Qwen2.5-1.5B, random
bench-embed.gguf                                         the shape of all-MiniLM-L6-v2, random
"""

import argparse
import hashlib
import subprocess
from pathlib import Path

import random_models as models
import random_projectors as projectors
from llama2c_to_gguf import convert

HERE = Path(__file__).parent


def recipe() -> str:
    """Changes when any of the scripts does, and with it the models."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(HERE.glob("*.py")))).hexdigest()


def make(out: Path, write) -> None:
    """Calls write(path) unless `out` is there and of this recipe; the file appears whole or not at all."""
    stamp = out.with_suffix(".recipe")
    if out.exists() and stamp.exists() and stamp.read_text() == recipe():
        return
    part = out.parent / ".part" / out.name  # models carry the name of their file
    part.parent.mkdir(exist_ok=True)
    write(part)
    part.rename(out)
    stamp.write_text(recipe())
    print(f"{out.name}: {out.stat().st_size / 1e6:.0f} MB")


def make_quantized(out: Path, source: Path, quantize: Path, kind: str) -> None:
    def write(part: Path) -> None:
        command = [quantize, source, part, kind]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise SystemExit(f"llama-quantize failed:\n{done.stdout[-2000:]}")

    make(out, write)


def make_bench(out: Path, vocabularies: Path, quantize: Path) -> None:
    qwen, bert = vocabularies / "ggml-vocab-qwen2.gguf", vocabularies / "ggml-vocab-bert-bge.gguf"
    for name, shape in (("bench-chat", models.QWEN_05B), ("bench-chat-1.5b", models.QWEN_15B)):
        whole = out / f"{name}-f16.gguf"
        make(whole, lambda part: models.write_random(part, shape, qwen))
        for kind in ("q8_0", "q4_k_m"):
            make_quantized(out / f"{name}-{kind}.gguf", whole, quantize, kind)
    make(out / "bench-embed.gguf", lambda part: models.write_random(part, models.MINILM, bert))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="directory to fill")
    parser.add_argument("--llama", type=Path, required=True, help="what scripts/llama.sh prefix prints")
    parser.add_argument("--shared", type=Path, help="the shared data, for stories260k")
    parser.add_argument("--bench", action="store_true", help="also the models of the benchmarks")
    given = parser.parse_args()

    given.out.mkdir(parents=True, exist_ok=True)
    vocabularies = given.llama / "share/vocab"
    qwen, bert = vocabularies / "ggml-vocab-qwen2.gguf", vocabularies / "ggml-vocab-bert-bge.gguf"
    make(given.out / "tiny-chat.gguf", lambda part: models.write_random(part, models.TINY_CHAT, qwen))
    make(given.out / "tiny-vl.gguf", lambda part: models.write_random(part, models.TINY_VL, qwen))
    width = models.TINY_CHAT.width
    make(given.out / "tiny-vl-mmproj.gguf", lambda part: projectors.write_projector(part, False, width))
    make(given.out / "tiny-omni-mmproj.gguf", lambda part: projectors.write_projector(part, True, width))
    make(given.out / "tiny-rerank.gguf", lambda part: models.write_random(part, models.TINY_RERANK, bert))
    make(given.out / "tiny-embed.gguf", lambda part: models.write_random(part, models.TINY_EMBED, bert))
    stories = given.shared / "data/models/stories260k" if given.shared else None
    if stories and stories.is_dir():
        make(given.out / "stories260k.gguf", lambda part: convert(stories / "stories260K.bin", stories / "tok512.bin", part))
    else:
        print("notice: no shared data (MOAT_SHARED or ../shared), so no stories260k.gguf; its tests will skip")
    if given.bench:
        make_bench(given.out, vocabularies, given.llama / "bin/llama-quantize")


if __name__ == "__main__":
    main()
