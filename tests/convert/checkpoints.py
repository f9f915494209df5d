"""Small random models as their publishers lay them out: safetensors, config.json, a tokenizer.

Weights are drawn so that they are exact in F16 (and, where asked, in BF16): a conversion loses nothing, and
what the converted model answers can be computed from what is written here. Tokenizers are trained on a few
lines, by the libraries that made the published ones.
"""

import functools
import io
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import safetensors
import sentencepiece
from tokenizers import (
    AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers,
)

LINES = [
    "The quick brown fox jumps over the lazy dog, and the dog does not care at all.",
    "In 1984 there were 1234567 reasons; by 2026 there are 3.14159 times as many.",
    "混合检索让人们在自己的文档里找到答案。这是一个测试,这是另一个测试。",
    "def main():\n    return {'a': [1, 2, 3]}\n\n\tprint(\"done\")",
    "Employees may carry over at most five unused vacation days into the next calendar year.",
    "Über naïve Cafés schrieb sie: «c'est la vie», it's what we've said they'll do.",
] * 20

# What models are asked: blanks, line feeds, digits, scripts, emoji, and what looks like a special token.
TEXTS = [
    "Hello",
    " The dog",
    "the lazy  dog   does\n\nnot care\n",
    "in 1984, 1234567 times 3.14",
    "混合检索让人们找到答案",
    "naïve café — it's THEY'LL we've",
    "emoji 🙂👍🏽 and 🇨🇳 flags",
    "tabs\tand {'a': [1, 2]}\r\n  return",
    "<|end|> is text here and <tool> is one token",
    "vacation days " * 8,
]

QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LLAMA3 = QWEN2.replace(r"\p{N}|", r"\p{N}{1,3}|")
TEKKEN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CHAT_TEMPLATE = "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>{% endfor %}"


def write_json(path: Path, value) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False))


# Tokenizers.


def split(expression: str):
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(expression), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])


def write_byte_level(folder: Path, pre_tokenizer, ignore_merges=False, bos=True, closes=False) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(LINES, trainers.BpeTrainer(vocab_size=500, initial_alphabet=alphabet, show_progress=False))
    tokenizer.add_special_tokens(["<|begin|>", "<|end|>", "<|pad|>"])
    tokenizer.add_tokens([AddedToken("<tool>", normalized=False)])
    if bos or closes:
        template = ["<|begin|>"] * bos + ["$A"] + ["<|pad|>"] * closes
        ids = [(name, tokenizer.token_to_id(name)) for name in ("<|begin|>", "<|pad|>")]
        tokenizer.post_processor = processors.Sequence([
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(single=" ".join(template), special_tokens=ids),
        ])
    tokenizer.save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<|begin|>" if bos else None,
        "eos_token": {"__type": "AddedToken", "content": "<|end|>", "special": True},
        "pad_token": "<|pad|>",
        "chat_template": CHAT_TEMPLATE,
    })
    return tokenizer


@dataclass
class Pieces:
    """A tokenizer.model with what the other files say about it."""
    processor: sentencepiece.SentencePieceProcessor
    begin: list = field(default_factory=list)

    def encode(self, text: str) -> list[int]:
        return self.begin + self.processor.encode(text)


@functools.cache
def train_pieces(prefix: bool) -> bytes:
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES), model_writer=out, model_type="bpe", vocab_size=700,
        byte_fallback=True, character_coverage=1.0, normalization_rule_name="identity",
        remove_extra_whitespaces=False, split_digits=True, add_dummy_prefix=prefix,
        allow_whitespace_only_pieces=True, pad_id=-1, minloglevel=2,
        # Where a text begins with a blank of its own, llama.cpp puts another after a token like this one.
        user_defined_symbols=[] if prefix else ["<tool>"],
    )
    return out.getvalue()


def write_pieces(folder: Path, prefix: bool) -> Pieces:
    data = train_pieces(prefix)
    (folder / "tokenizer.model").write_bytes(data)
    processor = sentencepiece.SentencePieceProcessor(model_proto=data)
    write_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "LlamaTokenizer", "add_bos_token": True, "add_eos_token": False,
        "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>",
        "added_tokens_decoder": {
            str(i): {"content": text, "special": True} for i, text in enumerate(["<unk>", "<s>", "</s>"])
        },
    })
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE)
    return Pieces(processor, [processor.bos_id()])


def write_pieces_as_json(folder: Path) -> Tokenizer:
    """The same in tokenizer.json's words: every way to make a piece of two others, the likeliest piece first."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=train_pieces(True))
    vocab = {processor.id_to_piece(i): i for i in range(processor.vocab_size())}
    scores = {processor.id_to_piece(i): processor.get_score(i) for i in range(processor.vocab_size())}
    merges = [
        (piece[:cut], piece[cut:])
        for piece in sorted((p for p in vocab if not processor.is_byte(vocab[p])), key=lambda p: -scores[p])
        for cut in range(1, len(piece))
        if piece[:cut] in vocab and piece[cut:] in vocab and not piece.startswith("<")
    ]
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges, byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    tokenizer.add_tokens([AddedToken("<tool>", normalized=False)])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    tokenizer.save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "LlamaTokenizerFast", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>",
    })
    return tokenizer


def write_word_pieces(folder: Path, lowercase: bool, only_text: bool = False) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(
        LINES, trainers.WordPieceTrainer(vocab_size=400, special_tokens=special, show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    if only_text:
        pieces = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
        (folder / "vocab.txt").write_text("".join(piece + "\n" for piece, _ in pieces))
    else:
        tokenizer.save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "BertTokenizer", "do_lower_case": lowercase, "cls_token": "[CLS]",
        "sep_token": "[SEP]", "unk_token": "[UNK]", "pad_token": "[PAD]", "mask_token": "[MASK]",
    })
    return tokenizer


def proto_fields(data: bytes):
    """(number, value) of a protobuf message; a value is a number or bytes."""
    at = 0

    def varint():
        nonlocal at
        number = shift = 0
        while True:
            byte = data[at]
            at += 1
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return number

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
            continue
        size = {1: 8, 5: 4}.get(key & 7) or varint()
        yield key >> 3, data[at:at + size]
        at += size


def write_unigram(folder: Path, split_words: bool) -> Tokenizer:
    """As XLM-RoBERTa's: SentencePiece's pieces behind four tokens of its own, and one after them."""
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES), model_writer=out, model_type="unigram", vocab_size=600, hard_vocab_limit=False,
        character_coverage=1.0, normalization_rule_name="nmt_nfkc", minloglevel=2,
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=out.getvalue())
    normalizer = dict(proto_fields(dict(proto_fields(out.getvalue()))[3]))
    vocab = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    vocab += [(processor.id_to_piece(i), processor.get_score(i)) for i in range(3, processor.vocab_size())]
    vocab.append(("<mask>", 0.0))
    tokenizer = Tokenizer(models.Unigram(vocab, unk_id=3, byte_fallback=False))
    metaspace = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    precompiled = normalizers.Precompiled(normalizer[2])
    if split_words:
        tokenizer.normalizer = precompiled
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), metaspace])
    else:
        tokenizer.normalizer = normalizers.Sequence(
            [precompiled, normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "▁")])
        tokenizer.pre_tokenizer = metaspace
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", AddedToken("<mask>", lstrip=True, normalized=False)])
    tokenizer.save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "XLMRobertaTokenizer", "bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>",
        "sep_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>", "mask_token": "<mask>",
    })
    return tokenizer


# Weights.


def exact(values: np.ndarray, bf16: bool) -> np.ndarray:
    """The nearest numbers that F16 (with bf16: that BF16 and F16) can hold."""
    if bf16:
        bits = values.astype("<f4").view("<u4")
        values = ((bits + 0x8000) & 0xFFFF0000).view("<f4")
        return np.where(np.abs(values) < 2**-14, 0, values).astype("<f4")
    return values.astype(np.float16).astype("<f4")


class Weights(dict):
    def __init__(self, seed: int, bf16: bool = False):
        super().__init__()
        self.random = np.random.default_rng(seed)
        self.bf16 = bf16

    def matrix(self, name: str, rows: int, columns: int, scale: float = 1.0) -> None:
        values = self.random.standard_normal((rows, columns)) * scale / columns**0.5
        self[name] = exact(values, self.bf16)

    def vector(self, name: str, length: int, around: float = 0.0, spread: float = 0.3) -> None:
        self[name] = exact(around + spread * self.random.standard_normal(length), self.bf16)


def save(path: Path, tensors: dict[str, np.ndarray], kind: str) -> None:
    def stored(values: np.ndarray) -> np.ndarray:
        if kind == "bfloat16":  # which numpy does not have: its upper half
            return np.ascontiguousarray(values.astype("<f4").view("<u4") >> 16, dtype="<u2")
        return np.ascontiguousarray(values.astype(kind))

    kept = {name: stored(values) for name, values in tensors.items()}
    path.write_bytes(safetensors.serialize({
        name: safetensors.TensorSpec(dtype=kind, shape=values.shape, data_ptr=values.ctypes.data, data_len=values.nbytes)
        for name, values in kept.items()
    }))


def write_weights(folder: Path, weights: Weights, kind: str, parts: int) -> None:
    if parts == 1:
        return save(folder / "model.safetensors", weights, kind)
    names = sorted(weights)
    places = {}
    for part in range(parts):
        file = f"model-{part + 1:05}-of-{parts:05}.safetensors"
        mine = names[part::parts]
        save(folder / file, {name: weights[name] for name in mine}, kind)
        places.update({name: file for name in mine})
    write_json(folder / "model.safetensors.index.json", {"metadata": {}, "weight_map": places})


def decoder_weights(config: dict, tokens: int, seed: int, prefix: str, bf16: bool) -> Weights:
    family = config["model_type"]
    gemma = family.startswith("gemma")
    width, inner, heads = config["hidden_size"], config["intermediate_size"], config["num_attention_heads"]
    head = config.get("head_dim") or width // heads
    norm = 0.0 if gemma else 1.0  # Gemma's are differences from one
    w = Weights(seed, bf16)
    w.matrix(f"{prefix}embed_tokens.weight", tokens, width, scale=3.0)
    for i in range(config["num_hidden_layers"]):
        layer = f"{prefix}layers.{i}."
        w.vector(layer + "input_layernorm.weight", width, norm)
        for part, count in (("q", heads), ("k", config["num_key_value_heads"]), ("v", config["num_key_value_heads"])):
            w.matrix(f"{layer}self_attn.{part}_proj.weight", count * head, width, scale=1.6)
            if family == "qwen2":
                w.vector(f"{layer}self_attn.{part}_proj.bias", count * head)
        w.matrix(layer + "self_attn.o_proj.weight", width, heads * head)
        if family in ("qwen3", "gemma3", "gemma3_text"):
            w.vector(layer + "self_attn.q_norm.weight", head, norm)
            w.vector(layer + "self_attn.k_norm.weight", head, norm)
        w.vector(layer + "post_attention_layernorm.weight", width, norm)
        if family in ("gemma2", "gemma3", "gemma3_text"):
            w.vector(layer + "pre_feedforward_layernorm.weight", width, norm)
            w.vector(layer + "post_feedforward_layernorm.weight", width, norm)
        w.matrix(layer + "mlp.gate_proj.weight", inner, width)
        w.matrix(layer + "mlp.up_proj.weight", inner, width)
        w.matrix(layer + "mlp.down_proj.weight", width, inner)
    w.vector(f"{prefix}norm.weight", width, norm)
    if not gemma and not config.get("tie_word_embeddings"):
        w.matrix("lm_head.weight", tokens, width, scale=3.0)
    return w


@dataclass
class Checkpoint:
    folder: Path
    config: dict
    weights: Weights
    encode: object  # text -> token ids, by the library that made the tokenizer
    prefix: str = "model."


BASE = {
    "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 512, "rms_norm_eps": 1e-5,
}

GEMMA = {
    **BASE, "head_dim": 32, "rms_norm_eps": 1e-6, "hidden_act": "gelu_pytorch_tanh",
    "hidden_activation": "gelu_pytorch_tanh",
}

# name -> (config, tokenizer, further arguments of write_decoder)
DECODERS = {
    "llama": (
        {**BASE, "architectures": ["LlamaForCausalLM"], "model_type": "llama", "rope_theta": 500000.0,
         "max_position_embeddings": 1024, "tie_word_embeddings": False,
         "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                          "original_max_position_embeddings": 64}},
        lambda folder: write_byte_level(folder, split(LLAMA3), ignore_merges=True), {"bf16": True}),
    "llama-json": (
        {**BASE, "architectures": ["LlamaForCausalLM"], "model_type": "llama", "num_key_value_heads": 4},
        write_pieces_as_json, {}),
    "smollm": (
        {**BASE, "architectures": ["LlamaForCausalLM"], "model_type": "llama", "tie_word_embeddings": True,
         "attention_bias": False},
        lambda folder: write_byte_level(folder, pre_tokenizers.Sequence([
            pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]), bos=False), {}),
    "mistral": (
        {**BASE, "architectures": ["MistralForCausalLM"], "model_type": "mistral", "head_dim": 32,
         "rope_theta": 1000000.0, "tie_word_embeddings": False, "sliding_window": None},
        lambda folder: write_pieces(folder, True), {}),
    "mistral-nemo": (
        {**BASE, "architectures": ["MistralForCausalLM"], "model_type": "mistral", "head_dim": 32},
        lambda folder: write_byte_level(folder, split(TEKKEN), ignore_merges=True), {}),
    "qwen2": (
        {**BASE, "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "rope_theta": 1000000.0,
         "tie_word_embeddings": True, "rms_norm_eps": 1e-6},
        lambda folder: write_byte_level(folder, split(QWEN2), bos=False), {"kind": "float16"}),
    "qwen3": (
        {**BASE, "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "head_dim": 32,
         "rope_theta": 1000000.0, "tie_word_embeddings": False},
        lambda folder: write_byte_level(folder, split(QWEN2), bos=False), {"parts": 3, "spare": 7}),
    "gemma": (
        {**GEMMA, "architectures": ["GemmaForCausalLM"], "model_type": "gemma", "num_key_value_heads": 1},
        lambda folder: write_pieces(folder, False), {}),
    "gemma2": (
        {**GEMMA, "architectures": ["Gemma2ForCausalLM"], "model_type": "gemma2", "query_pre_attn_scalar": 32,
         "attn_logit_softcapping": 5.0, "final_logit_softcapping": 10.0, "sliding_window": 8},
        lambda folder: write_pieces(folder, False), {}),
    "gemma3": (
        {**GEMMA, "architectures": ["Gemma3ForCausalLM"], "model_type": "gemma3_text", "num_hidden_layers": 7,
         "query_pre_attn_scalar": 32, "sliding_window": 8, "rope_theta": 1000000.0, "rope_local_base_freq": 10000.0,
         "rope_scaling": {"rope_type": "linear", "factor": 8.0}},
        lambda folder: write_pieces(folder, False), {"bf16": True, "spare": 5}),
}


def write_decoder(folder: Path, name: str) -> Checkpoint:
    """`spare`: rows of the token table beyond the tokenizer's tokens, as many published models have."""
    config, tokenizer_of, more = DECODERS[name]
    folder.mkdir(parents=True)
    tokenizer = tokenizer_of(folder)
    pieces = isinstance(tokenizer, Pieces)
    tokens = (tokenizer.processor.vocab_size() if pieces else tokenizer.get_vocab_size()) + more.get("spare", 0)
    config = {"hidden_act": "silu", "vocab_size": tokens, "bos_token_id": 1, "eos_token_id": 2, **config}
    if not pieces and "<|end|>" in tokenizer.get_vocab():
        config["bos_token_id"] = tokenizer.token_to_id("<|begin|>")
        config["eos_token_id"] = tokenizer.token_to_id("<|end|>")
    bf16 = more.get("bf16", False)
    weights = decoder_weights(config, tokens, sum(name.encode()), "model.", bf16)
    write_weights(folder, weights, "bfloat16" if bf16 else more.get("kind", "float32"), more.get("parts", 1))
    write_json(folder / "config.json", config)
    encode = tokenizer.encode if pieces else lambda text: tokenizer.encode(text).ids
    return Checkpoint(folder, config, weights, encode)


def bert_weights(config: dict, tokens: int, seed: int, prefix: str) -> Weights:
    width, inner = config["hidden_size"], config["intermediate_size"]
    w = Weights(seed)

    def linear(name, rows, columns):
        w.matrix(name + ".weight", rows, columns)
        w.vector(name + ".bias", rows)

    def norm(name):
        w.vector(name + ".weight", width, 1.0)
        w.vector(name + ".bias", width)

    w.matrix(prefix + "embeddings.word_embeddings.weight", tokens, width)
    w.matrix(prefix + "embeddings.position_embeddings.weight", config["max_position_embeddings"], width)
    w.matrix(prefix + "embeddings.token_type_embeddings.weight", config["type_vocab_size"], width)
    norm(prefix + "embeddings.LayerNorm")
    for i in range(config["num_hidden_layers"]):
        layer = f"{prefix}encoder.layer.{i}."
        for part in ("query", "key", "value"):
            linear(f"{layer}attention.self.{part}", width, width)
        linear(layer + "attention.output.dense", width, width)
        norm(layer + "attention.output.LayerNorm")
        linear(layer + "intermediate.dense", inner, width)
        linear(layer + "output.dense", width, inner)
        norm(layer + "output.LayerNorm")
    linear(prefix + "pooler.dense", width, width)
    return w


ENCODER = {
    "hidden_act": "gelu", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
    "num_attention_heads": 4, "max_position_embeddings": 128, "position_embedding_type": "absolute",
}


def write_encoder(folder: Path, pooling: str, lowercase=True, only_text=False, prefix="") -> Checkpoint:
    folder.mkdir(parents=True)
    config = {**ENCODER, "architectures": ["BertModel"], "model_type": "bert", "layer_norm_eps": 1e-12,
              "type_vocab_size": 2, "pad_token_id": 0}
    return write_any_encoder(folder, config, write_word_pieces(folder, lowercase, only_text), pooling, prefix)


def write_multilingual_encoder(folder: Path, pooling: str, split_words=True, prefix="") -> Checkpoint:
    folder.mkdir(parents=True)
    config = {**ENCODER, "architectures": ["XLMRobertaModel"], "model_type": "xlm-roberta", "layer_norm_eps": 1e-5,
              "type_vocab_size": 1, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
    return write_any_encoder(folder, config, write_unigram(folder, split_words), pooling, prefix)


def write_reranker(folder: Path) -> tuple[Checkpoint, Tokenizer]:
    """As bge-reranker-v2-m3."""
    folder.mkdir(parents=True)
    tokenizer = write_unigram(folder, True)
    config = {**ENCODER, "architectures": ["XLMRobertaForSequenceClassification"], "model_type": "xlm-roberta",
              "layer_norm_eps": 1e-5, "type_vocab_size": 1, "pad_token_id": 1, "id2label": {"0": "LABEL_0"},
              "vocab_size": tokenizer.get_vocab_size()}
    weights = bert_weights(config, tokenizer.get_vocab_size(), 7, "roberta.")
    for name, rows, scale in (("dense", 64, 1.0), ("out_proj", 1, 6.0)):
        weights.matrix(f"classifier.{name}.weight", rows, 64, scale)
        weights.vector(f"classifier.{name}.bias", rows)
    write_weights(folder, weights, "float32", 1)
    write_json(folder / "config.json", config)
    return Checkpoint(folder, config, weights, None, "roberta."), tokenizer


def write_any_encoder(folder: Path, config: dict, tokenizer: Tokenizer, pooling: str, prefix: str) -> Checkpoint:
    config = {**config, "vocab_size": tokenizer.get_vocab_size()}
    weights = bert_weights(config, tokenizer.get_vocab_size(), 7, prefix)
    write_weights(folder, weights, "float32", 1)
    write_json(folder / "config.json", config)
    module = "sentence_transformers.models."
    write_json(folder / "modules.json", [
        {"idx": 0, "name": "0", "path": "", "type": module + "Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": module + "Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": module + "Normalize"},
    ])
    write_json(folder / "1_Pooling/config.json", {
        "word_embedding_dimension": 64, "pooling_mode_cls_token": pooling == "cls",
        "pooling_mode_mean_tokens": pooling == "mean",
    })
    return Checkpoint(folder, config, weights, lambda text: tokenizer.encode(text).ids, prefix)


def write_adapter(folder: Path, checkpoint: Checkpoint, targets, rank=4, alpha=6.0, **config) -> Checkpoint:
    """A LoRA adapter as PEFT writes it -> the model with the adapter in its weights."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(11)
    merged, halves = Weights(0), {}
    merged.update(checkpoint.weights)
    scale = alpha / (rank**0.5 if config.get("use_rslora") else rank)
    for name, whole in checkpoint.weights.items():
        stem = name.removesuffix(".weight")
        if stem.rsplit(".", 1)[-1] not in targets:
            continue
        a = (random.standard_normal((rank, whole.shape[1])) / whole.shape[1]**0.5).astype("<f4")
        b = (random.standard_normal((whole.shape[0], rank)) / rank**0.5).astype("<f4")
        halves[f"base_model.model.{stem}.lora_A.weight"] = a
        halves[f"base_model.model.{stem}.lora_B.weight"] = b
        merged[name] = whole + np.float32(scale) * (b @ a)
    save(folder / "adapter_model.safetensors", halves, "float32")
    write_json(folder / "adapter_config.json", {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": "somebody/model", "r": rank,
        "lora_alpha": alpha, "lora_dropout": 0.05, "bias": "none", "target_modules": sorted(targets),
        "modules_to_save": None, "rank_pattern": {}, "alpha_pattern": {}, "use_rslora": False, "use_dora": False,
        "fan_in_fan_out": False, "inference_mode": True, **config,
    })
    return Checkpoint(folder, checkpoint.config, merged, checkpoint.encode, checkpoint.prefix)
