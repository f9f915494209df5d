"""What a published model computes, in numpy and in its own words (config.json, its tensors' names): the second
implementation that a converted model's answers are compared with. In double precision, one text at a time.
"""

import math

import numpy as np

ERF = np.vectorize(math.erf)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def gelu(x):
    return 0.5 * x * (1 + ERF(x / math.sqrt(2)))


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def silu(x):
    return x / (1 + np.exp(-x))


def frequencies(config, width, base, stretched=True):
    f = base ** -(np.arange(0, width, 2) / width)
    scaling = config.get("rope_scaling") if stretched else None
    if not scaling:
        return f
    if scaling["rope_type"] == "linear":
        return f / scaling["factor"]
    assert scaling["rope_type"] == "llama3"
    length, original = 2 * math.pi / f, scaling["original_max_position_embeddings"]
    low, high = original / scaling["low_freq_factor"], original / scaling["high_freq_factor"]
    smooth = (original / length - scaling["low_freq_factor"]) / (scaling["high_freq_factor"] - scaling["low_freq_factor"])
    between = (1 - smooth) * f / scaling["factor"] + smooth * f
    return np.where(length > low, f / scaling["factor"], np.where(length < high, f, between))


def rotate(x, f):
    """x: heads x positions x width; the first half of a head turns with its second half."""
    angles = np.outer(np.arange(x.shape[1]), f)
    cos, sin = np.cos(angles), np.sin(angles)
    a, b = np.split(x, 2, -1)
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], -1)


class Decoder:
    def __init__(self, checkpoint):
        self.config = checkpoint.config
        self.w = {name: values.astype(np.float64) for name, values in checkpoint.weights.items()}
        self.p = checkpoint.prefix
        self.family = self.config["model_type"]
        self.gemma = self.family.startswith("gemma")
        self.heads = self.config["num_attention_heads"]
        self.width = self.config.get("head_dim") or self.config["hidden_size"] // self.heads

    def norm(self, x, name):
        scaled = x / np.sqrt((x**2).mean(-1, keepdims=True) + self.config["rms_norm_eps"])
        return scaled * (self.w[name + ".weight"] + (1 if self.gemma else 0))

    def linear(self, x, name):
        return x @ self.w[name + ".weight"].T + self.w.get(name + ".bias", 0)

    def sees_window(self, i):
        if self.family == "gemma2":
            return i % 2 == 0
        return self.family.startswith("gemma3") and (i + 1) % 6 != 0

    def attention(self, x, i):
        c, layer = self.config, f"{self.p}layers.{i}.self_attn."
        n = len(x)

        def heads(part, count):
            return self.linear(x, f"{layer}{part}_proj").reshape(n, count, self.width).transpose(1, 0, 2)

        q, k, v = heads("q", self.heads), heads("k", c["num_key_value_heads"]), heads("v", c["num_key_value_heads"])
        if layer + "q_norm.weight" in self.w:
            q, k = self.norm(q, layer + "q_norm"), self.norm(k, layer + "k_norm")
        local = self.family.startswith("gemma3") and self.sees_window(i)
        base = c["rope_local_base_freq"] if local else c.get("rope_theta", 10000.0)
        f = frequencies(c, self.width, base, stretched=not local)
        q, k = rotate(q, f), rotate(k, f)
        k, v = (np.repeat(m, self.heads // len(m), 0) for m in (k, v))
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(c.get("query_pre_attn_scalar") or self.width)
        if cap := c.get("attn_logit_softcapping"):
            scores = cap * np.tanh(scores / cap)
        distance = np.arange(n)[:, None] - np.arange(n)[None, :]
        hidden = distance < 0
        if self.sees_window(i):
            hidden |= distance >= c["sliding_window"]
        mixed = softmax(np.where(hidden, -np.inf, scores)) @ v
        return self.linear(mixed.transpose(1, 0, 2).reshape(n, -1), layer + "o_proj")

    def feed_forward(self, x, i):
        layer = f"{self.p}layers.{i}.mlp."
        act = gelu_tanh if self.gemma else silu
        return self.linear(act(self.linear(x, layer + "gate_proj")) * self.linear(x, layer + "up_proj"), layer + "down_proj")

    def log_probabilities(self, ids):
        """Of each token to come after these."""
        c = self.config
        x = self.w[f"{self.p}embed_tokens.weight"][ids]
        if self.gemma:
            x = x * math.sqrt(c["hidden_size"])
        for i in range(c["num_hidden_layers"]):
            layer = f"{self.p}layers.{i}."
            attended = self.attention(self.norm(x, layer + "input_layernorm"), i)
            if self.family in ("gemma2", "gemma3_text"):
                x = x + self.norm(attended, layer + "post_attention_layernorm")
                inner = self.feed_forward(self.norm(x, layer + "pre_feedforward_layernorm"), i)
                x = x + self.norm(inner, layer + "post_feedforward_layernorm")
            else:
                x = x + attended
                x = x + self.feed_forward(self.norm(x, layer + "post_attention_layernorm"), i)
        x = self.norm(x[-1], f"{self.p}norm")
        logits = self.w.get("lm_head.weight", self.w[f"{self.p}embed_tokens.weight"]) @ x
        if cap := c.get("final_logit_softcapping"):
            logits = cap * np.tanh(logits / cap)
        return logits - logits.max() - np.log(np.exp(logits - logits.max()).sum())


class Encoder:
    def __init__(self, checkpoint, pooling):
        self.config = checkpoint.config
        self.w = {name: values.astype(np.float64) for name, values in checkpoint.weights.items()}
        self.p = checkpoint.prefix
        self.pooling = pooling

    def linear(self, x, name):
        return x @ self.w[f"{self.p}{name}.weight"].T + self.w[f"{self.p}{name}.bias"]

    def norm(self, x, name):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + self.config["layer_norm_eps"])
        return scaled * self.w[f"{self.p}{name}.weight"] + self.w[f"{self.p}{name}.bias"]

    def states(self, ids):
        heads = self.config["num_attention_heads"]
        words, positions, kinds = (
            self.w[f"{self.p}embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type"))
        # XLM-RoBERTa counts from the row after the padding's.
        first = self.config["pad_token_id"] + 1 if self.config["model_type"] == "xlm-roberta" else 0
        x = self.norm(words[ids] + positions[first : first + len(ids)] + kinds[0], "embeddings.LayerNorm")
        for i in range(self.config["num_hidden_layers"]):
            layer = f"encoder.layer.{i}."
            q, k, v = (
                self.linear(x, f"{layer}attention.self.{part}").reshape(len(ids), heads, -1).transpose(1, 0, 2)
                for part in ("query", "key", "value"))
            mixed = softmax(q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1])) @ v
            mixed = self.linear(mixed.transpose(1, 0, 2).reshape(len(ids), -1), layer + "attention.output.dense")
            x = self.norm(x + mixed, layer + "attention.output.LayerNorm")
            inner = self.linear(gelu(self.linear(x, layer + "intermediate.dense")), layer + "output.dense")
            x = self.norm(x + inner, layer + "output.LayerNorm")
        return x

    def score(self, ids):
        """Of a query and a document as one text."""
        inner, outer = ((self.w[f"classifier.{name}.weight"], self.w[f"classifier.{name}.bias"])
                        for name in ("dense", "out_proj"))
        return float((np.tanh(self.states(ids)[0] @ inner[0].T + inner[1]) @ outer[0].T + outer[1])[0])

    def embed(self, ids):
        x = self.states(ids)
        out = x[0] if self.pooling == "cls" else x.mean(0)
        return out / np.linalg.norm(out)
