"""Projectors with random weights: GGUF files that turn images or sound into rows a text model reads.

tiny-vl-mmproj    as Qwen2-VL has it: images of any size, positions in two dimensions
tiny-omni-mmproj  as Gemma 3 has it (images of one size, whose rows see each other) and, for sound, as Ultravox has it
"""

from pathlib import Path

import gguf
import numpy as np

import random_models as models

WIDTH, HEADS, INNER, LAYERS = 32, 2, 64, 2  # of the encoders
PATCH = 14  # pixels
OMNI_SIDE, OMNI_MERGE = 112, 2  # pixels; patches that become one row, in each direction
MEL_BINS, FRAMES, STACK = 80, 1500, 20  # of 30 seconds of sound; STACK frames become one row


def layer_tensors(prefix: str, key_bias: bool):
    """Names and shapes (outputs x inputs) of the layers of a vision transformer."""
    for i in range(LAYERS):
        for name in ("ln1", "ln2"):
            yield f"{prefix}.blk.{i}.{name}.weight", (WIDTH,)
            yield f"{prefix}.blk.{i}.{name}.bias", (WIDTH,)
        for name, outputs, inputs in (
            ("attn_q", WIDTH, WIDTH),
            ("attn_k", WIDTH, WIDTH),
            ("attn_v", WIDTH, WIDTH),
            ("attn_out", WIDTH, WIDTH),
            ("ffn_up", INNER, WIDTH),
            ("ffn_down", WIDTH, INNER),
        ):
            yield f"{prefix}.blk.{i}.{name}.weight", (outputs, inputs)
            if key_bias or name != "attn_k":
                yield f"{prefix}.blk.{i}.{name}.bias", (outputs,)


def vl_tensors(text_width: int):
    for name in ("v.patch_embd.weight", "v.patch_embd.weight.1"):  # a still image stands for two frames
        yield name, (WIDTH, 3, PATCH, PATCH)
    yield from layer_tensors("v", key_bias=True)
    yield "v.post_ln.weight", (WIDTH,)
    yield "v.post_ln.bias", (WIDTH,)
    yield "mm.0.weight", (4 * WIDTH, 4 * WIDTH)
    yield "mm.0.bias", (4 * WIDTH,)
    yield "mm.2.weight", (text_width, 4 * WIDTH)
    yield "mm.2.bias", (text_width,)


def omni_tensors(text_width: int):
    yield "v.patch_embd.weight", (WIDTH, 3, PATCH, PATCH)
    yield "v.patch_embd.bias", (WIDTH,)
    yield "v.position_embd.weight", ((OMNI_SIDE // PATCH) ** 2, WIDTH)
    yield from layer_tensors("v", key_bias=True)
    yield "v.post_ln.weight", (WIDTH,)
    yield "v.post_ln.bias", (WIDTH,)
    yield "mm.soft_emb_norm.weight", (WIDTH,)
    yield "mm.input_projection.weight", (WIDTH, text_width)  # the other way round, as Gemma's files have it
    yield "a.conv1d.1.weight", (WIDTH, MEL_BINS, 3)
    yield "a.conv1d.1.bias", (WIDTH, 1)
    yield "a.conv1d.2.weight", (WIDTH, WIDTH, 3)
    yield "a.conv1d.2.bias", (WIDTH, 1)
    yield "a.position_embd.weight", (FRAMES, WIDTH)
    yield from layer_tensors("a", key_bias=False)
    yield "a.post_ln.weight", (WIDTH,)
    yield "a.post_ln.bias", (WIDTH,)
    yield "mm.a.norm_pre.weight", (STACK * WIDTH,)
    yield "mm.a.mlp.1.weight", (2 * INNER, STACK * WIDTH)
    yield "mm.a.norm_mid.weight", (INNER,)
    yield "mm.a.mlp.2.weight", (text_width, INNER)


def draw(name: str, shape: tuple, seed: int) -> np.ndarray:
    """Rows large enough that an image has a say over the next token; see random_models.draw."""
    if len(shape) == 1 or name.endswith(".bias"):
        is_norm = name.endswith(".weight")
        return np.ones(shape, np.float32) if is_norm else models.draw(name, shape, seed).astype(np.float32) * 0
    return models.draw(name, (shape[0], int(np.prod(shape[1:]))), seed).reshape(shape)


def add_encoder(writer: gguf.GGUFWriter, kind: str, projector: str, text_width: int) -> None:
    writer.add_bool(f"clip.has_{kind}_encoder", True)
    writer.add_string(f"clip.{kind}.projector_type", projector)
    for key, value in (
        ("embedding_length", WIDTH),
        ("attention.head_count", HEADS),
        ("feed_forward_length", INNER),
        ("block_count", LAYERS),
        ("projection_dim", text_width),
    ):
        writer.add_uint32(f"clip.{kind}.{key}", value)
    writer.add_float32(f"clip.{kind}.attention.layer_norm_epsilon", 1e-6)


def add_vision(writer: gguf.GGUFWriter, projector: str, side: int, text_width: int) -> None:
    add_encoder(writer, "vision", projector, text_width)
    writer.add_uint32("clip.vision.image_size", side)
    writer.add_uint32("clip.vision.patch_size", PATCH)
    writer.add_array("clip.vision.image_mean", [0.5, 0.5, 0.5])
    writer.add_array("clip.vision.image_std", [0.5, 0.5, 0.5])


def write_projector(out: Path, omni: bool, text_width: int, seed: int = 1) -> None:
    writer = gguf.GGUFWriter(out, "clip")
    writer.add_type("mmproj")
    writer.add_name(out.stem)
    writer.add_description("Random weights: for tests only, what it sees means nothing")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_bool("clip.use_gelu", True)
    if omni:
        add_vision(writer, "gemma3", OMNI_SIDE, text_width)
        writer.add_uint32("clip.vision.projector.scale_factor", OMNI_MERGE)
        add_encoder(writer, "audio", "ultravox", text_width)
        writer.add_uint32("clip.audio.num_mel_bins", MEL_BINS)
        writer.add_uint32("clip.audio.projector.stack_factor", STACK)
    else:
        add_vision(writer, "qwen2vl_merger", 8 * PATCH, text_width)
    for name, shape in (omni_tensors if omni else vl_tensors)(text_width):
        values = draw(name, shape, seed)
        whole = len(shape) == 1 or name.endswith(".bias") or "position_embd" in name
        writer.add_tensor(name, values.astype(np.float32 if whole else np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
