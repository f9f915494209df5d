"""Converts a model of the llama2.c project (its first checkpoint format and its tokenizer.bin) to GGUF, in f32.

Format of the checkpoint: seven little-endian int32 (width, inner width, layers, heads, KV heads, vocabulary,
context), then f32 arrays: token table, attention norms, wq, wk, wv, wo, feed-forward norms, w1, w2, w3 (each
for all layers in turn), final norm, two tables of rotations, and, if the vocabulary is negative, the output
matrix. Format of the tokenizer: int32 longest piece, then f32 score, int32 length, bytes, for each piece.
"""

import struct
from pathlib import Path

import gguf
import numpy as np


class Checkpoint:
    def __init__(self, data: bytes):
        self.width, self.inner, self.layers, self.heads, self.kv_heads, vocabulary, self.context = struct.unpack_from("<7i", data)
        self.tied, self.vocabulary = vocabulary > 0, abs(vocabulary)
        self.data, self.offset = data, 28

    def take(self, *shape: int) -> np.ndarray:
        values = np.frombuffer(self.data, "<f4", int(np.prod(shape)), self.offset).reshape(shape)
        self.offset += values.nbytes
        return values

    def tensors(self):
        """(GGUF name, values) in the order of the file."""
        n, head = self.layers, self.width // self.heads
        kv = head * self.kv_heads
        yield "token_embd.weight", self.take(self.vocabulary, self.width)
        for name, *shape in (
            ("attn_norm", self.width),
            ("attn_q", self.width, self.width),
            ("attn_k", kv, self.width),
            ("attn_v", kv, self.width),
            ("attn_output", self.width, self.width),
            ("ffn_norm", self.width),
            ("ffn_gate", self.inner, self.width),
            ("ffn_down", self.width, self.inner),
            ("ffn_up", self.inner, self.width),
        ):
            for i, values in enumerate(self.take(n, *shape)):
                yield f"blk.{i}.{name}.weight", values
        yield "output_norm.weight", self.take(self.width)
        self.take(2, self.context, head // 2)
        if not self.tied:
            yield "output.weight", self.take(self.vocabulary, self.width)
        if self.offset != len(self.data):
            raise ValueError(f"{len(self.data) - self.offset} bytes left over")


def read_tokenizer(data: bytes, count: int):
    """Pieces, scores and kinds, in SentencePiece's spelling: U+2581 for a space, <0x0A> for a byte."""
    pieces, scores, kinds, offset = [], [], [], 4
    for i in range(count):
        score, length = struct.unpack_from("<fi", data, offset)
        piece = data[offset + 8 : offset + 8 + length].decode()
        offset += 8 + length
        if i < 3:
            pieces.append(("<unk>", "<s>", "</s>")[i])
            kinds.append(gguf.TokenType.UNKNOWN if i == 0 else gguf.TokenType.CONTROL)
        else:
            pieces.append(piece.replace(" ", "\u2581"))
            kinds.append(gguf.TokenType.BYTE if i < 259 else gguf.TokenType.NORMAL)
        scores.append(score)
    return pieces, scores, kinds


def convert(checkpoint: Path, tokenizer: Path, out: Path) -> None:
    model = Checkpoint(checkpoint.read_bytes())
    writer = gguf.GGUFWriter(out, "llama")
    writer.add_name(out.stem)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_block_count(model.layers)
    writer.add_context_length(model.context)
    writer.add_embedding_length(model.width)
    writer.add_feed_forward_length(model.inner)
    writer.add_head_count(model.heads)
    writer.add_head_count_kv(model.kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(model.width // model.heads)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(model.vocabulary)

    pieces, scores, kinds = read_tokenizer(tokenizer.read_bytes(), model.vocabulary)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(pieces)
    writer.add_token_scores(scores)
    writer.add_token_types(kinds)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(True)
    for name, values in model.tensors():
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
