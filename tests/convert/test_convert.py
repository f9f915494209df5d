"""Published models, converted by us and run by llama.cpp, say what the published ones say.

The expected side is reference.py, numpy on the weights as published, over the tokens that the tokenizers' own
libraries make of a text. A wrong name, order, number of the architecture, token or way of cutting a text gives
other probabilities. What is left open is what F16 in llama.cpp's cache of keys and values costs.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import checkpoints
import gguf
import numpy as np
import pytest
from reference import Decoder, Encoder

sys.path.insert(0, str(Path(__file__).parents[1] / "server"))
from harness import Server  # noqa: E402

TOLERANCE = 0.1  # of a logarithm of a probability; where a model is wrong in one place it is off by 0.5 and more


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("convert") / "data")
    yield running
    running.stop()


def convert(folder: Path, target: Path, kind: str) -> subprocess.CompletedProcess:
    return subprocess.run([os.environ["MOAT_CONVERT"], folder, target, kind], capture_output=True, text=True)


def create(server, name: str, source: Path, *options: str) -> subprocess.CompletedProcess:
    modelfile = source.parent / f"{name}.Modelfile"
    modelfile.write_text(f"FROM {source}\n")
    return run_create(server, name, modelfile, *options)


def run_create(server, name: str, modelfile: Path, *options: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "MOAT_HOST": f"http://127.0.0.1:{server.port}"}
    command = [os.environ["MOAT_BINARY"], "create", name, "-f", modelfile, *options]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def install(server, name: str, source: Path, *options: str) -> str:
    """Returns what the command wrote."""
    made = create(server, name, source, *options)
    assert made.returncode == 0, made.stdout + made.stderr
    return made.stdout + made.stderr


def next_tokens(server, model: str, text: str) -> tuple[list[float], int]:
    """The log-probabilities of the likeliest tokens after a text; of how many tokens the text was."""
    body = {"model": model, "prompt": text, "raw": True, "stream": False, "logprobs": True, "top_logprobs": 20,
            "options": {"num_predict": 1, "temperature": 0, "num_ctx": 512}}
    status, answer = server.json("POST", "/api/generate", body)
    assert status == 200, answer
    return [entry["logprob"] for entry in answer["logprobs"][0]["top_logprobs"]], answer["prompt_eval_count"]


def check_probabilities(server, model: str, checkpoint) -> None:
    reference = Decoder(checkpoint)
    for text in checkpoints.TEXTS:
        ids = checkpoint.encode(text)
        expected = np.sort(reference.log_probabilities(ids))[::-1][:20]
        got, tokens = next_tokens(server, model, text)
        assert tokens == len(ids), f"{text!r}: other tokens"
        assert np.allclose(got, expected, atol=TOLERANCE), f"{text!r}: {np.abs(got - expected).max()}"


@pytest.mark.parametrize("name", checkpoints.DECODERS)
def test_a_decoder_gives_each_token_its_published_probability(server, tmp_path, name):
    checkpoint = checkpoints.write_decoder(tmp_path / name, name)
    done = convert(checkpoint.folder, tmp_path / f"{name}.gguf", "f32")
    assert done.returncode == 0, done.stderr
    install(server, name, tmp_path / f"{name}.gguf")
    check_probabilities(server, name, checkpoint)


@pytest.mark.parametrize("write, pooling, more", [
    (checkpoints.write_encoder, "mean", {}),
    (checkpoints.write_encoder, "cls", {"lowercase": False, "prefix": "bert."}),
    (checkpoints.write_encoder, "mean", {"only_text": True}),
    (checkpoints.write_multilingual_encoder, "cls", {}),
    (checkpoints.write_multilingual_encoder, "mean", {"split_words": False, "prefix": "roberta."}),
])
def test_an_encoder_gives_each_text_its_published_embedding(server, tmp_path, write, pooling, more):
    checkpoint = write(tmp_path / "bert", pooling, **more)
    done = convert(checkpoint.folder, tmp_path / "bert.gguf", "f32")
    assert done.returncode == 0, done.stderr
    install(server, "bert", tmp_path / "bert.gguf")
    reference = Encoder(checkpoint, pooling)
    ids = [checkpoint.encode(text) for text in checkpoints.TEXTS]
    status, answer = server.json("POST", "/api/embed", {"model": "bert", "input": checkpoints.TEXTS})
    assert status == 200, answer
    assert answer["prompt_eval_count"] == sum(map(len, ids)), "other tokens"
    got, expected = np.array(answer["embeddings"]), np.array([reference.embed(one) for one in ids])
    assert np.abs(got - expected).max() < 0.01
    # A text is not taken for another: random models put them apart.
    assert np.all((got @ expected.T).argmax(1) == np.arange(len(expected)))


def test_a_reranker_gives_each_pair_its_published_score(server, tmp_path):
    checkpoint, tokenizer = checkpoints.write_reranker(tmp_path / "reranker")
    install(server, "reranker", checkpoint.folder)
    assert server.json("POST", "/api/show", {"model": "reranker"})[1]["capabilities"] == ["rerank"]
    query, documents = "the lazy dog", checkpoints.TEXTS
    reference = Encoder(checkpoint, "cls")
    expected = [reference.score(tokenizer.encode(query, document).ids) for document in documents]
    status, answer = server.json(
        "POST", "/api/rerank", {"model": "reranker", "query": query, "documents": documents, "raw_scores": True})
    assert status == 200, answer
    got = {result["index"]: result["relevance_score"] for result in answer["results"]}
    assert np.abs(np.array([got[i] for i in range(len(documents))]) - expected).max() < 0.03
    assert np.std(expected) > 0.15  # random models put them apart


ATTENTION = {"q_proj", "k_proj", "v_proj", "o_proj"}


@pytest.mark.parametrize("name, targets, more", [
    ("llama", ATTENTION | {"down_proj"}, {}),  # rows of queries and keys change places
    ("qwen2", ATTENTION, {"use_rslora": True, "alpha": 3.0}),
    ("qwen3", {"q_proj", "gate_proj", "up_proj", "lm_head"}, {}),
    ("gemma2", {"q_proj", "v_proj"}, {"rank": 2}),
])
def test_an_adapter_as_peft_writes_it_acts_as_if_it_were_in_the_weights(server, tmp_path, name, targets, more):
    checkpoint = checkpoints.write_decoder(tmp_path / name, name)
    install(server, f"base-{name}", checkpoint.folder)
    merged = checkpoints.write_adapter(tmp_path / "adapter", checkpoint, targets, **more)
    modelfile = tmp_path / "adapted.Modelfile"
    modelfile.write_text(f"FROM base-{name}\nADAPTER ./adapter\n")
    said = run_create(server, "adapted", modelfile)
    assert said.returncode == 0, said.stderr
    assert "converting adapter" in said.stdout + said.stderr
    check_probabilities(server, "adapted", merged)
    # It matters.
    text = checkpoints.TEXTS[0]
    before = np.sort(Decoder(checkpoint).log_probabilities(checkpoint.encode(text)))[::-1][:20]
    assert np.abs(np.array(next_tokens(server, "adapted", text)[0]) - before).max() > 3 * TOLERANCE
    made = next(layer for layer in manifest(server, "adapted")["layers"] if layer["mediaType"].endswith(".adapter"))
    reader = gguf.GGUFReader(server.data / "models/blobs" / made["digest"].replace(":", "-"))
    assert reader.get_field("general.type").contents() == "adapter"


@pytest.mark.parametrize("change, message", [
    ({"use_dora": True}, "an adapter with use_dora cannot be converted"),
    ({"modules_to_save": ["lm_head"]}, "an adapter with modules_to_save cannot be converted"),
    ({"peft_type": "IA3"}, "only adapters of type LORA can be converted, not IA3"),
    ({"lora_alpha": 0}, "lora_alpha must be a number above 0"),
])
def test_what_is_more_than_lora_is_refused(server, tmp_path, change, message):
    checkpoint = checkpoints.write_decoder(tmp_path / "qwen2", "qwen2")
    checkpoints.write_adapter(tmp_path / "adapter", checkpoint, {"q_proj"}, **{"alpha": 8.0})
    path = tmp_path / "adapter/adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    assert message in adapter_error(server, tmp_path, checkpoint.folder)


def test_an_adapter_of_another_model_is_refused(server, tmp_path):
    wide = checkpoints.write_decoder(tmp_path / "mistral", "mistral")  # whose heads are wider
    base = checkpoints.write_decoder(tmp_path / "llama", "llama")
    checkpoints.write_adapter(tmp_path / "adapter", wide, {"q_proj"})
    assert "is for a model of another size: its base_model.model.model.layers.0" in adapter_error(
        server, tmp_path, base.folder)
    (tmp_path / "adapter/adapter_model.safetensors").rename(tmp_path / "adapter/adapter_model.bin")
    assert "convert them to safetensors first" in adapter_error(server, tmp_path, base.folder)


def adapter_error(server, folder: Path, base: Path) -> str:
    modelfile = folder / "refused.Modelfile"
    modelfile.write_text(f"FROM {base}\nADAPTER {folder / 'adapter'}\n")
    done = run_create(server, "refused", modelfile)
    assert done.returncode == 1
    assert server.json("POST", "/api/show", {"model": "refused"})[0] == 404
    return done.stderr


def manifest(server, name: str) -> dict:
    return json.loads((server.data / f"models/manifests/registry.ollama.ai/library/{name}/latest").read_text())


def test_from_a_folder_as_the_readme_says(server, tmp_path):
    """Sharded, with the status lines of Ollama; the same file as the library makes."""
    checkpoint = checkpoints.write_decoder(tmp_path / "folder", "qwen3")
    (checkpoint.folder / "README.md").write_text("not a part of the model")
    (checkpoint.folder / "original").mkdir()
    (checkpoint.folder / "original" / "consolidated.00.pth").write_bytes(b"a pickle")
    said = install(server, "folder", checkpoint.folder)
    assert "converting model" in said and "creating new layer" in said and said.rstrip().endswith("success")
    check_probabilities(server, "folder", checkpoint)
    status, shown = server.json("POST", "/api/show", {"model": "folder"})
    assert status == 200
    assert shown["details"]["family"] == "qwen3"
    assert shown["details"]["quantization_level"] == "F16"
    # What was uploaded has become the model and goes.
    for path in checkpoint.folder.iterdir():
        if path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            assert not (server.data / "models/blobs" / f"sha256-{digest}").exists(), path.name


def test_an_encoder_from_a_folder_embeds_and_does_not_chat(server, tmp_path):
    checkpoint = checkpoints.write_encoder(tmp_path / "encoder", "cls")
    install(server, "encoder", checkpoint.folder)
    reference = Encoder(checkpoint, "cls")
    status, answer = server.json("POST", "/api/embed", {"model": "encoder", "input": "the lazy dog"})
    assert status == 200
    assert np.abs(np.array(answer["embeddings"][0]) - reference.embed(checkpoint.encode("the lazy dog"))).max() < 0.01
    assert server.json("POST", "/api/show", {"model": "encoder"})[1]["capabilities"] == ["embedding"]


@pytest.mark.parametrize("quantize, level", [("f32", "F32"), ("q8_0", "Q8_0")])
def test_a_folder_becomes_the_asked_type(server, tmp_path, quantize, level):
    checkpoint = checkpoints.write_decoder(tmp_path / "typed", "qwen2")
    install(server, "typed", checkpoint.folder, "--quantize", quantize)
    assert server.json("POST", "/api/show", {"model": "typed"})[1]["details"]["quantization_level"] == level


def test_a_folder_that_cannot_be_converted_leaves_nothing(server, tmp_path):
    checkpoint = checkpoints.write_decoder(tmp_path / "odd", "qwen2")
    changed_config(architectures=["MambaForCausalLM"])(checkpoint)
    before = sorted(path.name for path in (server.data / "models/blobs").iterdir())
    made = create(server, "odd", checkpoint.folder)
    assert made.returncode != 0
    assert 'unsupported architecture "MambaForCausalLM"' in made.stdout + made.stderr
    assert sorted(path.name for path in (server.data / "models/blobs").iterdir()) == before


def test_a_folder_of_pickles_is_refused_with_the_way_out(server, tmp_path):
    (tmp_path / "pickles").mkdir()
    (tmp_path / "pickles" / "pytorch_model.bin").write_bytes(b"x")
    made = create(server, "pickles", tmp_path / "pickles")
    assert made.returncode != 0
    assert "has neither model*.safetensors nor a GGUF file" in made.stderr
    assert "convert them to safetensors first" in made.stderr


def tensors_of(path: Path) -> dict:
    return {tensor.name: tensor for tensor in gguf.GGUFReader(path).tensors}


@pytest.mark.parametrize("kind, expected", [
    ("f16", gguf.GGMLQuantizationType.F16), ("bf16", gguf.GGMLQuantizationType.BF16), ("", gguf.GGMLQuantizationType.BF16),
])
def test_matrices_become_the_asked_type_and_vectors_f32(tmp_path, kind, expected):
    """Numbers in between go to the nearest, as numpy and the gguf package have it. Asked for nothing, BF16 stays."""
    checkpoint = checkpoints.write_decoder(tmp_path / "m", "qwen2")
    weights = {name: values * np.float32(1.001) for name, values in checkpoint.weights.items()}
    stored = "float32" if kind else "bfloat16"
    checkpoints.save(checkpoint.folder / "model.safetensors", weights, stored)
    done = convert(checkpoint.folder, tmp_path / "m.gguf", kind)
    assert done.returncode == 0, done.stderr
    tensors = tensors_of(tmp_path / "m.gguf")
    for name, theirs in (("token_embd.weight", "model.embed_tokens.weight"), ("blk.1.ffn_down.weight", "model.layers.1.mlp.down_proj.weight")):
        assert tensors[name].tensor_type == expected
        if kind:
            assert np.array_equal(tensors[name].data, gguf.quants.quantize(weights[theirs], expected))
    for name in ("blk.0.attn_norm.weight", "blk.0.attn_q.bias", "output_norm.weight"):
        assert tensors[name].tensor_type == gguf.GGMLQuantizationType.F32


def test_numbers_beyond_f16_are_refused_and_leave_no_file(tmp_path):
    checkpoint = checkpoints.write_decoder(tmp_path / "m", "qwen2")
    checkpoint.weights["model.layers.1.mlp.up_proj.weight"][3, 4] = 1e6
    checkpoints.save(checkpoint.folder / "model.safetensors", checkpoint.weights, "float32")
    done = convert(checkpoint.folder, tmp_path / "m.gguf", "f16")
    assert done.returncode == 1
    assert "blk.1.ffn_up.weight holds numbers beyond F16: convert the model to BF16 or F32" in done.stderr
    assert not (tmp_path / "m.gguf").exists()


def changed_config(**changes):
    def change(checkpoint):
        checkpoints.write_json(checkpoint.folder / "config.json", {**checkpoint.config, **changes})
    return change


def changed_weights(edit):
    def change(checkpoint):
        edit(checkpoint.weights)
        checkpoints.save(checkpoint.folder / "model.safetensors", checkpoint.weights, "float32")
    return change


def removed(name):
    return lambda checkpoint: (checkpoint.folder / name).unlink()


def changed_tokenizer(edit):
    def change(checkpoint):
        path = checkpoint.folder / "tokenizer.json"
        value = json.loads(path.read_text())
        edit(value)
        path.write_text(json.dumps(value))
    return change


def cut(checkpoint):
    path = checkpoint.folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])


@pytest.mark.parametrize("change, reason", [
    (changed_config(architectures=["MambaForCausalLM"]),
     'unsupported architecture "MambaForCausalLM"; models of these can be converted: LlamaForCausalLM, '),
    (changed_config(hidden_act="relu"), 'activation "relu" cannot be run'),
    (changed_config(rope_scaling={"type": "dynamic", "factor": 2.0}), 'rope scaling "dynamic" cannot be converted'),
    (changed_config(num_hidden_layers=3), "tensor layers.2.input_layernorm.weight is missing"),
    (changed_config(num_hidden_layers=1), "with 1 layers has"),
    (changed_config(hidden_size=None), "hidden_size is missing"),
    (changed_config(num_attention_heads="four"), "num_attention_heads is not a count"),
    (changed_weights(lambda w: w.pop("model.norm.weight")), "tensor norm.weight is missing"),
    (changed_weights(lambda w: w.update({"model.router.weight": w["model.norm.weight"]})), "tensor router.weight is none"),
    (removed("config.json"), "no config.json"),
    (removed("tokenizer.json"), "no tokenizer.json"),
    (removed("model.safetensors"), "no model.safetensors"),
    (changed_tokenizer(lambda t: t.update(pre_tokenizer={"type": "Whitespace"})), "way of cutting texts is not known here"),
    (changed_tokenizer(lambda t: t["model"].update(type="Unigram")), "a Unigram tokenizer cannot be converted"),
    (cut, "is truncated"),
])
def test_what_cannot_be_converted_is_refused_with_its_reason(tmp_path, change, reason):
    checkpoint = checkpoints.write_decoder(tmp_path / "m", "qwen2")
    change(checkpoint)
    done = convert(checkpoint.folder, tmp_path / "m.gguf", "f16")
    assert done.returncode == 1
    assert reason in done.stderr
    assert not (tmp_path / "m.gguf").exists()


def test_a_missing_part_is_named(tmp_path):
    checkpoint = checkpoints.write_decoder(tmp_path / "m", "qwen3")
    (checkpoint.folder / "model-00002-of-00003.safetensors").unlink()
    done = convert(checkpoint.folder, tmp_path / "m.gguf", "f16")
    assert "part model-00002-of-00003.safetensors is missing: give all 3 parts" in done.stderr


def test_special_tokens_and_the_chat_template_are_kept(tmp_path):
    checkpoint = checkpoints.write_decoder(tmp_path / "m", "llama")
    assert convert(checkpoint.folder, tmp_path / "m.gguf", "").returncode == 0
    fields = {key: field.contents() for key, field in gguf.GGUFReader(tmp_path / "m.gguf").fields.items()}
    assert fields["tokenizer.chat_template"] == checkpoints.CHAT_TEMPLATE
    tokens, kinds = fields["tokenizer.ggml.tokens"], fields["tokenizer.ggml.token_type"]
    assert tokens[fields["tokenizer.ggml.bos_token_id"]] == "<|begin|>"
    assert tokens[fields["tokenizer.ggml.eos_token_id"]] == "<|end|>"
    assert tokens[fields["tokenizer.ggml.padding_token_id"]] == "<|pad|>"
    assert fields["tokenizer.ggml.add_bos_token"] is True
    assert kinds[tokens.index("<|end|>")] == gguf.TokenType.CONTROL
    assert kinds[tokens.index("<tool>")] == gguf.TokenType.USER_DEFINED
