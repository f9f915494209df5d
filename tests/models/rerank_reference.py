"""A BERT with a classifier's head, computed by numpy from its GGUF: what our rerank scores are compared with.

Source: Devlin et al., BERT (2018), section 3; the head is that of its sentence-pair classification: a dense
layer with tanh over the first position, then one number for each class.
"""

from pathlib import Path

import gguf
import numpy as np


def layer_norm(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, eps: float) -> np.ndarray:
    mean = x.mean(-1, keepdims=True)
    return (x - mean) / np.sqrt(x.var(-1, keepdims=True) + eps) * weight + bias


def gelu(x: np.ndarray) -> np.ndarray:
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


class Reference:
    def __init__(self, path: Path):
        reader = gguf.GGUFReader(path)
        self.weights = {t.name: np.asarray(t.data, np.float32) for t in reader.tensors}
        number = lambda key: reader.fields[key].contents()  # noqa: E731
        self.layers = number("bert.block_count")
        self.heads = number("bert.attention.head_count")
        self.eps = number("bert.attention.layer_norm_epsilon")
        self.cls = number("tokenizer.ggml.cls_token_id")
        self.sep = number("tokenizer.ggml.seperator_token_id")

    def dense(self, name: str, x: np.ndarray) -> np.ndarray:
        return x @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]

    def norm(self, name: str, x: np.ndarray) -> np.ndarray:
        return layer_norm(x, self.weights[name + ".weight"], self.weights[name + ".bias"], self.eps)

    def attention(self, layer: str, x: np.ndarray) -> np.ndarray:
        def split(name: str) -> np.ndarray:
            y = self.dense(layer + name, x)
            return y.reshape(len(x), self.heads, -1).transpose(1, 0, 2)

        q, k, v = split("attn_q"), split("attn_k"), split("attn_v")
        weights = softmax(q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1]))
        return self.dense(layer + "attn_output", (weights @ v).transpose(1, 0, 2).reshape(len(x), -1))

    def score(self, query: list[int], document: list[int]) -> float:
        """The head's number for [CLS] query [SEP] document [SEP]."""
        tokens = [self.cls, *query, self.sep, *document, self.sep]
        x = self.weights["token_embd.weight"][tokens] + self.weights["token_types.weight"][0]
        x = self.norm("token_embd_norm", x + self.weights["position_embd.weight"][: len(tokens)])
        for i in range(self.layers):
            layer = f"blk.{i}."
            x = self.norm(layer + "attn_output_norm", x + self.attention(layer, x))
            x = self.norm(layer + "layer_output_norm", x + self.dense(layer + "ffn_down", gelu(self.dense(layer + "ffn_up", x))))
        return float(self.dense("cls.output", np.tanh(self.dense("cls", x[0])))[0])
