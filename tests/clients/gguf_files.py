"""GGUF files for tests, made of others."""
import struct

import gguf
import numpy as np


# Bytes of a value of each type of the format; 8 is text, 9 a list.
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
ALIGNMENT = 32
F32 = 0


class Head:
    """What a file says before its weights. The package's reader takes seconds for a real vocabulary."""

    def __init__(self, path):
        self.bytes = path.read_bytes()
        magic, version, tensors, self.entries = struct.unpack_from("<4sIQQ", self.bytes)
        assert (magic, version) == (b"GGUF", 3)
        self.at = begin = 24
        for _ in range(self.entries):
            self._skip_text()
            self._skip_value(self._number("<I"))
        self.metadata = self.bytes[begin:self.at]
        found = []
        for _ in range(tensors):
            name = self._text()
            shape = [self._number("<Q") for _ in range(self._number("<I"))]
            found.append((name, shape, self._number("<I"), self._number("<Q")))
        start = -(-self.at // ALIGNMENT) * ALIGNMENT
        ends = sorted(offset for *_, offset in found)[1:] + [len(self.bytes) - start]
        end_of = dict(zip(sorted(offset for *_, offset in found), ends))
        # (name, shape with the fastest dimension first, type, bytes with what fills them up)
        self.tensors = [
            (name, shape, kind, self.bytes[start + at:start + end_of[at]]) for name, shape, kind, at in found
        ]

    def _number(self, form):
        value, = struct.unpack_from(form, self.bytes, self.at)
        self.at += struct.calcsize(form)
        return value

    def _text(self):
        length = self._number("<Q")
        self.at += length
        return self.bytes[self.at - length:self.at].decode()

    def _skip_text(self):
        length = self._number("<Q")
        self.at += length

    def _skip_value(self, kind):
        if kind == 8:
            self._skip_text()
        elif kind == 9:
            inner, count = self._number("<I"), self._number("<Q")
            if inner in SIZES:
                self.at += SIZES[inner] * count
            else:
                for _ in range(count):
                    self._skip_value(inner)
        else:
            self.at += SIZES[kind]


def text(value):
    return struct.pack("<Q", len(value)) + value.encode()


def write(path, entries, metadata, tensors):
    table, data = b"", b""
    for name, shape, kind, values in tensors:
        table += text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, len(data))
        data += values + bytes(-len(values) % ALIGNMENT)
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), entries) + metadata + table
    path.write_bytes(head + bytes(-len(head) % ALIGNMENT) + data)


def write_with_template(source, path, template):
    """`source` with another Jinja template of its own."""
    head = Head(source)
    key = text("tokenizer.chat_template") + struct.pack("<I", 8)
    before, _, rest = head.metadata.partition(key)
    length, = struct.unpack_from("<Q", rest)
    write(path, head.entries, before + key + text(template) + rest[8 + length:], head.tensors)


def split(source, folder, count):
    """Shards as llama-gguf-split names and marks them; -> their paths in order."""
    head = Head(source)
    paths = []
    for number in range(count):
        path = folder / f"{source.stem}-{number + 1:05}-of-{count:05}.gguf"
        own = text("split.no") + struct.pack("<IH", 2, number) + text("split.count") + struct.pack("<IH", 2, count)
        own += text("split.tensors.count") + struct.pack("<Ii", 5, len(head.tensors))
        entries, metadata = (head.entries, head.metadata) if number == 0 else (0, b"")
        write(path, entries + 3, metadata + own, head.tensors[number::count])
        paths.append(path)
    return paths


def write_lora(base, path, targets, rank, alpha, seed):
    """An adapter for the matrices `targets` of `base`; -> {name: what it adds}."""
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    draw = np.random.default_rng(seed)
    added = {}
    for name, shape, _, _ in Head(base).tensors:
        if name not in targets:
            continue
        inputs, outputs = shape
        a = draw.standard_normal((rank, inputs), np.float32) / np.float32(inputs**0.5)
        b = draw.standard_normal((outputs, rank), np.float32)
        writer.add_tensor(name + ".lora_a", a)
        writer.add_tensor(name + ".lora_b", b)
        added[name] = np.float32(alpha / rank) * (b @ a)
    assert set(added) == set(targets)
    close(writer)
    return added


def write_merged(base, path, added):
    """`base` with what an adapter adds in its weights themselves, those in 32 bits."""
    head = Head(base)
    tensors = []
    for name, shape, kind, values in head.tensors:
        if name in added:
            whole = np.frombuffer(values, np.float16)[:added[name].size].reshape(added[name].shape)
            kind, values = F32, (whole.astype(np.float32) + added[name]).tobytes()
        tensors.append((name, shape, kind, values))
    write(path, head.entries, head.metadata, tensors)


def close(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_small_llama(path, width=256, vocabulary=64, seed=1):
    """One layer wide enough for every block of weights; no vocabulary: for quantizing, not for running."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_block_count(1)
    writer.add_context_length(256)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(2 * width)
    writer.add_head_count(4)
    writer.add_head_count_kv(4)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(width // 4)
    writer.add_vocab_size(vocabulary)
    draw = np.random.default_rng(seed)
    shapes = {"token_embd.weight": (vocabulary, width), "output.weight": (vocabulary, width)}
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        shapes[f"blk.0.{name}.weight"] = (width, width)
    shapes["blk.0.ffn_gate.weight"] = shapes["blk.0.ffn_up.weight"] = (2 * width, width)
    shapes["blk.0.ffn_down.weight"] = (width, 2 * width)
    for name, shape in shapes.items():
        writer.add_tensor(name, (draw.standard_normal(shape, np.float32) / 16).astype(np.float16))
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(name + ".weight", np.ones(width, np.float32))
    close(writer)


def write_importance_matrix(base, path, counts=True, seed=3):
    """As llama-imatrix lays it out: for each weight matrix the sums of its inputs' squares, and over how many tokens."""
    rng = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, "")
    writer.add_type("imatrix")
    writer.add_array("imatrix.datasets", ["made-up.txt"])
    writer.add_uint32("imatrix.chunk_count", 3)
    writer.add_uint32("imatrix.chunk_size", 512)
    for tensor in gguf.GGUFReader(base).tensors:
        if len(tensor.shape) == 2:
            writer.add_tensor(f"{tensor.name}.in_sum2", rng.gamma(1.0, 700.0, int(tensor.shape[0])).astype(np.float32))
            if counts:
                writer.add_tensor(f"{tensor.name}.counts", np.array([3 * 512], np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
