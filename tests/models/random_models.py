"""GGUF files with a real shape, a real vocabulary and random weights: true costs, meaningless output.

Everything is drawn from a seed and a tensor's name, so the same call writes the same bytes anywhere.
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import gguf
import numpy as np

F16 = gguf.GGMLQuantizationType.F16
Q8_0 = gguf.GGMLQuantizationType.Q8_0
FILE_TYPES = {F16: gguf.LlamaFileType.MOSTLY_F16, Q8_0: gguf.LlamaFileType.MOSTLY_Q8_0}

# ChatML, as the models of this family are trained on it.
CHATML = (
    "{%- for message in messages -%}"
    "{{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}"
)


@dataclass(frozen=True)
class Shape:
    arch: str  # "qwen2", "qwen2vl" (decoders) or "bert" (an encoder)
    layers: int
    width: int
    heads: int
    kv_heads: int
    inner: int  # width of the feed-forward part
    context: int  # tokens
    eps: float
    classes: int = 0  # of a classifier's head: it ranks texts, and has no embeddings
    sections: tuple[int, ...] = ()  # of the rotary positions of a model that sees: time, height, width, none


TINY_CHAT = Shape("qwen2", layers=2, width=64, heads=4, kv_heads=2, inner=128, context=4096, eps=1e-6)
TINY_VL = replace(TINY_CHAT, arch="qwen2vl", sections=(2, 3, 3, 0))
TINY_EMBED = Shape("bert", layers=2, width=64, heads=4, kv_heads=4, inner=128, context=512, eps=1e-12)
TINY_RERANK = replace(TINY_EMBED, classes=1)
QWEN_05B = Shape("qwen2", layers=24, width=896, heads=14, kv_heads=2, inner=4864, context=32768, eps=1e-6)
QWEN_15B = Shape("qwen2", layers=28, width=1536, heads=12, kv_heads=2, inner=8960, context=32768, eps=1e-6)
MINILM = Shape("bert", layers=6, width=384, heads=12, kv_heads=12, inner=1536, context=512, eps=1e-12)


def decoder_tensors(s: Shape, vocabulary: int):
    """Names and shapes (outputs x inputs) of a qwen2 whose output matrix is its token table."""
    kv = s.width // s.heads * s.kv_heads
    yield "token_embd.weight", (vocabulary, s.width)
    for i in range(s.layers):
        for name, shape in (
            ("attn_norm.weight", (s.width,)),
            ("attn_q.weight", (s.width, s.width)),
            ("attn_q.bias", (s.width,)),
            ("attn_k.weight", (kv, s.width)),
            ("attn_k.bias", (kv,)),
            ("attn_v.weight", (kv, s.width)),
            ("attn_v.bias", (kv,)),
            ("attn_output.weight", (s.width, s.width)),
            ("ffn_norm.weight", (s.width,)),
            ("ffn_gate.weight", (s.inner, s.width)),
            ("ffn_up.weight", (s.inner, s.width)),
            ("ffn_down.weight", (s.width, s.inner)),
        ):
            yield f"blk.{i}.{name}", shape
    yield "output_norm.weight", (s.width,)


def encoder_tensors(s: Shape, vocabulary: int):
    yield "token_embd.weight", (vocabulary, s.width)
    yield "position_embd.weight", (s.context, s.width)
    yield "token_types.weight", (2, s.width)
    yield "token_embd_norm.weight", (s.width,)
    yield "token_embd_norm.bias", (s.width,)
    for i in range(s.layers):
        for name, outputs, inputs in (
            ("attn_q", s.width, s.width),
            ("attn_k", s.width, s.width),
            ("attn_v", s.width, s.width),
            ("attn_output", s.width, s.width),
            ("ffn_up", s.inner, s.width),
            ("ffn_down", s.width, s.inner),
        ):
            yield f"blk.{i}.{name}.weight", (outputs, inputs)
            yield f"blk.{i}.{name}.bias", (outputs,)
        for name in ("attn_output_norm", "layer_output_norm"):
            yield f"blk.{i}.{name}.weight", (s.width,)
            yield f"blk.{i}.{name}.bias", (s.width,)
    if s.classes:
        yield "cls.weight", (s.width, s.width)
        yield "cls.bias", (s.width,)
        yield "cls.output.weight", (s.classes, s.width)
        yield "cls.output.bias", (s.classes,)


def draw(name: str, shape: tuple, seed: int) -> np.ndarray:
    """Weights that keep activations near one through any depth: 1/sqrt(inputs) for matrices."""
    if "norm" in name and name.endswith(".weight"):
        return np.ones(shape, np.float32)
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    values = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16]))).standard_normal(shape, np.float32)
    if len(shape) == 1:
        return values * np.float32(0.02)
    # A small token table leaves the layers, and so the prompt, most of the say over the next token.
    return values * np.float32(0.1 if "embd" in name or "types" in name else shape[1] ** -0.5)


def copy_tokenizer(writer: gguf.GGUFWriter, source: Path, without: tuple[str, ...]) -> int:
    """Copies the tokenizer of another GGUF, except for some keys. Returns its number of tokens."""
    count = 0
    for key, field in gguf.GGUFReader(source).fields.items():
        if not key.startswith("tokenizer.") or key in without:
            continue
        kind, *inner = field.types
        writer.add_key_value(key, field.contents(), kind, sub_type=inner[-1] if inner else None)
        if key == "tokenizer.ggml.tokens":
            count = len(field.data)
    return count


def add_header(writer: gguf.GGUFWriter, name: str, s: Shape, kind: gguf.GGMLQuantizationType) -> None:
    writer.add_name(name)
    writer.add_description("Random weights: for tests and speed only, its output means nothing")
    writer.add_file_type(FILE_TYPES[kind])
    writer.add_block_count(s.layers)
    writer.add_context_length(s.context)
    writer.add_embedding_length(s.width)
    writer.add_feed_forward_length(s.inner)
    writer.add_head_count(s.heads)
    if s.arch != "bert":
        writer.add_head_count_kv(s.kv_heads)
        writer.add_layer_norm_rms_eps(s.eps)
        writer.add_rope_freq_base(1e6)
        writer.add_chat_template(CHATML)
        if s.sections:
            writer.add_rope_dimension_sections(list(s.sections))
    else:
        writer.add_layer_norm_eps(s.eps)
        writer.add_causal_attention(False)
        writer.add_pooling_type(gguf.PoolingType.RANK if s.classes else gguf.PoolingType.MEAN)


def write_random(out: Path, s: Shape, tokenizer: Path, kind=F16, seed: int = 1) -> None:
    writer = gguf.GGUFWriter(out, s.arch)
    add_header(writer, out.stem, s, kind)
    own = ("tokenizer.chat_template", "tokenizer.ggml.eos_token_id") if s.arch != "bert" else ()
    vocabulary = copy_tokenizer(writer, tokenizer, without=own)
    if s.arch != "bert":
        writer.add_eos_token_id(151645)  # a chat model ends its turn with <|im_end|>, not with the end of the text
    tensors = encoder_tensors if s.arch == "bert" else decoder_tensors
    for name, shape in tensors(s, vocabulary):
        values = draw(name, shape, seed)
        if len(shape) == 1 or name.startswith(("position", "token_types")):
            writer.add_tensor(name, values)
        elif kind == Q8_0 and shape[1] % 32 == 0:
            writer.add_tensor(name, gguf.quants.quantize(values, Q8_0), raw_dtype=Q8_0)
        else:
            writer.add_tensor(name, values.astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
