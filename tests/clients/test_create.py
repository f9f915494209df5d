"""Models made of shards, adapters and quantized weights, compared with what others make of the same files."""
import json
import math
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

import gguf
import numpy as np
import ollama
import pytest
from conftest import GREEDY, MODELS, install, upload
from gguf_files import Head, split, write_importance_matrix, write_lora, write_merged, write_small_llama

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "server"))
from harness import BINARY, Server  # noqa: E402  (the path comes first)

TOOLS = pathlib.Path(os.environ.get("MOAT_LLAMA", "/nowhere")) / "bin"
# Their blocks want to know which weights matter most, which only an importance matrix tells.
NEEDS_MATRIX = {"IQ3_XXS", "IQ3_XS", "Q2_K_S", "IQ2_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ1_M", "IQ1_S"}
TYPES = """F32 F16 BF16 Q8_0 Q6_K Q5_K_M Q5_K_S Q5_1 Q5_0 Q4_K_M Q4_K_S Q4_1 Q4_0 IQ4_NL IQ4_XS Q3_K_L Q3_K_M
           Q3_K_S IQ3_M IQ3_S IQ3_XS IQ3_XXS Q2_K Q2_K_S IQ2_M IQ2_S IQ2_XS IQ2_XXS IQ1_M IQ1_S TQ2_0 TQ1_0
           MXFP4_MOE Q2_0 Q1_0""".split()
ALIASES = {"Q3_K", "Q4_K", "Q5_K"}  # of the medium mixes


def layers(server, name, kind="model", tag="latest"):
    """The blobs of a model, from its manifest on disk."""
    root = server.data / "models"
    manifest = json.loads((root / f"manifests/registry.ollama.ai/library/{name}/{tag}").read_text())
    return [
        root / "blobs" / layer["digest"].replace(":", "-")
        for layer in manifest["layers"] if layer["mediaType"] == f"application/vnd.ollama.image.{kind}"
    ]


def first_logprobs(client, name):
    reply = client.generate(name, "The sea is", options={"num_predict": 1, "temperature": 0}, logprobs=True,
                            top_logprobs=20)
    return {entry.token: entry.logprob for entry in reply.logprobs[0].top_logprobs}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("small") / "small.gguf"
    write_small_llama(path)
    return path


def test_shards_are_one_model_and_answer_as_the_whole(client, server, tmp_path):
    paths = split(MODELS / "tiny-chat.gguf", tmp_path, 3)
    backwards = {path.name: upload(client, path) for path in reversed(paths)}
    client.create("sharded", files=backwards, parameters={"num_ctx": 2048})
    assert [blob.stat().st_size for blob in layers(server, "sharded")] == [p.stat().st_size for p in paths]
    assert first_logprobs(client, "sharded") == first_logprobs(client, "tiny")

    shown, whole = client.show("sharded"), client.show("tiny")
    assert shown.modelinfo["general.parameter_count"] == whole.modelinfo["general.parameter_count"]
    assert shown.details.parameter_size == whole.details.parameter_size
    assert shown.modelfile.count("\nFROM ") == 3
    status, raw = server.json("POST", "/api/show", {"model": "sharded"})
    assert status == 200 and len(raw["tensors"]) == len(Head(MODELS / "tiny-chat.gguf").tensors)
    client.delete("sharded")
    assert all(not (server.data / "models/blobs" / d.replace(":", "-")).exists() for d in backwards.values())


def test_a_missing_shard_is_named(client, tmp_path):
    first = split(MODELS / "tiny-embed.gguf", tmp_path, 2)[0]
    with pytest.raises(ollama.ResponseError, match=r"is one of 2 parts of a model; missing: 2\. Give all of them"):
        client.create("cut", files={first.name: upload(client, first)})


def test_eight_bits_are_what_the_formats_own_package_makes(client, server, small):
    lines = list(client.create("q8", files={small.name: upload(client, small)}, quantize="q8_0", stream=True))
    assert [line.status for line in lines][:2] == ["parsing GGUF", "quantizing F16 model to Q8_0"]
    totals = [line for line in lines if line.status == "quantizing F16 model to Q8_0"]
    assert all(line.total == small.stat().st_size for line in totals) and len(totals) > 5
    assert lines[-1].status == "success"

    made = {t.name: t for t in gguf.GGUFReader(layers(server, "q8")[0]).tensors}
    for tensor in gguf.GGUFReader(small).tensors:
        if tensor.tensor_type != gguf.GGMLQuantizationType.F16:
            assert np.array_equal(made[tensor.name].data, tensor.data)
            continue
        expected = gguf.quants.quantize(tensor.data.astype(np.float32), gguf.GGMLQuantizationType.Q8_0)
        assert made[tensor.name].tensor_type == gguf.GGMLQuantizationType.Q8_0
        assert np.array_equal(made[tensor.name].data, expected), tensor.name
    assert client.show("q8").details.quantization_level == "Q8_0"
    assert len(layers(server, "q8")) == 1
    client.delete("q8")



@pytest.fixture(scope="module")
def tool():
    """llama-quantize, what our results are compared with."""
    path = TOOLS / "llama-quantize"
    if not path.exists():
        pytest.skip("llama-quantize is not built (scripts/llama.sh tools)")
    return path


def test_every_type_that_llama_quantize_offers_is_known(client, tool):
    offered = set(re.findall(r"^ +\d* +(?:or +)?(\w+) +: ", subprocess.run(
        [tool, "--help"], capture_output=True, text=True, check=False).stdout, re.MULTILINE))
    assert offered >= {"Q4_K_M", "F32", "COPY", "Q4_K"}
    with pytest.raises(ollama.ResponseError) as error:
        client.create("x", from_="tiny", quantize="Q9")
    known = error.value.error.partition(" - supported types are ")[2].split(", ")
    assert set(known) | ALIASES == offered
    assert set(TYPES) | {"COPY"} == set(known)


def test_every_type_is_byte_for_byte_llama_quantizes(client, server, small, tool, tmp_path):
    digest = upload(client, small)
    install(client, "keep-small", small)  # so that the source stays for the next type
    failed = set()
    for kind in TYPES:
        made = True
        try:
            client.create("quantized", files={small.name: digest}, quantize=kind)
        except ollama.ResponseError as error:
            assert "this type needs an importance matrix" in error.error and "--imatrix FILE" in error.error
            failed.add(kind)
            made = False
        if kind != "F16":
            theirs = tmp_path / f"{kind}.gguf"
            done = subprocess.run([tool, small, theirs, kind], capture_output=True, text=True, check=False)
            assert (done.returncode == 0) == made, done.stdout[-500:]
            assert not made or layers(server, "quantized")[0].read_bytes() == theirs.read_bytes(), kind
    assert failed == NEEDS_MATRIX
    client.delete("quantized")
    client.delete("keep-small")


@pytest.fixture(scope="module")
def matrix(small):
    path = small.parent / "matrix.gguf"
    write_importance_matrix(small, path)
    return path


def test_a_type_that_needs_an_importance_matrix_is_made_with_one(client, server, small, matrix, tool, tmp_path):
    files, imatrix = {small.name: upload(client, small)}, {matrix.name: upload(client, matrix)}
    install(client, "keep-small", small)
    # IQ1_* and IQ2_S take up to ten seconds each, most of them for tables; the last two use a matrix when they have one.
    for kind in ("IQ2_XXS", "IQ3_XS", "Q2_K_S", "Q4_K_M", "IQ4_XS"):
        upload(client, matrix)
        status, _, said = server.request("POST", "/api/create", {
            "model": "important", "files": files, "quantize": kind, "imatrix": imatrix, "stream": False}, timeout=120)
        assert (status, json.loads(said)) == (200, {"status": "success"}), (kind, said)
        theirs = tmp_path / f"{kind}.gguf"
        # The file names the matrix as it was given.
        done = subprocess.run([tool, "--imatrix", matrix.name, small, theirs, kind], cwd=matrix.parent,
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-500:]
        assert layers(server, "important")[0].read_bytes() == theirs.read_bytes(), kind
    # The matrix is no part of the model.
    assert not (server.data / "models/blobs" / imatrix[matrix.name].replace(":", "-")).exists()
    client.delete("important")
    client.delete("keep-small")


def test_what_is_no_importance_matrix_is_refused(client, server, small, matrix, tmp_path):
    half = tmp_path / "half.gguf"
    write_importance_matrix(small, half, counts=False)
    wrong = tmp_path / "wrong.dat"
    wrong.write_bytes(b"\x01\x00\x00\x00old format")

    def error(path, **more):
        files = {small.name: upload(client, small)}
        body = {"model": "x", "files": files, "imatrix": {path.name: upload(client, path)}, "stream": False, **more}
        return server.json("POST", "/api/create", body)[1]["error"]

    assert error(matrix).startswith("an importance matrix is for quantizing")
    for path in (small, wrong):
        assert error(path, quantize="IQ2_S").startswith(f"{path.name} is not an importance matrix in GGUF format")
    assert "half.gguf is not a whole importance matrix" in error(half, quantize="IQ2_S")
    assert server.alive() and not [m for m in client.list().models if m.model.startswith("x:")]


def test_create_takes_an_importance_matrix_from_the_command_line(client, server, small, matrix, tmp_path):
    (tmp_path / "Modelfile").write_text(f"FROM {small}\n")
    done = subprocess.run(
        [BINARY, "create", "by-matrix", "-f", tmp_path / "Modelfile", "--quantize", "iq3_xs", "--imatrix", matrix.name],
        env={**os.environ, "MOAT_HOST": server.url, "LC_ALL": "C"}, capture_output=True, text=True, timeout=120,
        check=False, cwd=matrix.parent,
    )
    assert done.returncode == 0, done.stderr
    assert client.show("by-matrix").details.quantization_level == "IQ3_XS"
    client.delete("by-matrix")


def test_shards_are_quantized_into_one_file(client, server, small, tmp_path):
    files = {path.name: upload(client, path) for path in split(small, tmp_path, 2)}
    client.create("from-shards", files=files, quantize="Q4_0")
    client.create("from-whole", files={small.name: upload(client, small)}, quantize="Q4_0")
    ours, whole = (gguf.GGUFReader(layers(server, name)[0]) for name in ("from-shards", "from-whole"))
    whole_tensors = {t.name: t.data for t in whole.tensors}
    assert {t.name for t in ours.tensors} == set(whole_tensors)
    assert all(np.array_equal(t.data, whole_tensors[t.name]) for t in ours.tensors)
    assert "split.count" not in ours.fields
    # COPY only makes one file of them.
    client.create("from-shards", files={path.name: upload(client, path) for path in split(small, tmp_path, 2)},
                  quantize="COPY")
    copied = {t.name: t.data for t in gguf.GGUFReader(layers(server, "from-shards")[0]).tensors}
    sources = gguf.GGUFReader(small).tensors
    assert all(np.array_equal(copied.pop(t.name), t.data) for t in sources) and not copied
    assert client.show("from-shards").details.quantization_level == "F16"
    client.delete("from-shards")
    client.delete("from-whole")


def test_an_installed_model_is_quantized_and_runs(client):
    client.create("tiny-q8", from_="tiny", quantize="Q8_0")
    assert client.show("tiny-q8").details.quantization_level == "Q8_0"
    assert client.generate("tiny-q8", "Once", options=GREEDY).eval_count > 0
    with pytest.raises(ollama.ResponseError, match="quantization is only supported for F16, BF16 and F32 models"):
        client.create("again", from_="tiny-q8", quantize="Q4_0")
    client.delete("tiny-q8")
    with pytest.raises(ollama.ResponseError) as error:
        client.create("x", from_="tiny", quantize="Q9")
    assert error.value.status_code == 400
    assert error.value.error.startswith("unsupported quantization type Q9 - supported types are F32, F16, ")


def test_a_file_that_the_engine_cannot_read_costs_only_its_process(client, server, tmp_path):
    path = tmp_path / "odd.gguf"
    writer = gguf.GGUFWriter(path, "no-such-architecture")
    writer.add_tensor("w", np.zeros((4, 32), np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(ollama.ResponseError, match="cannot quantize the model: .*architecture"):
        client.create("odd", files={path.name: upload(client, path)}, quantize="Q8_0")
    assert server.alive()
    assert not list((server.data / "models/blobs").glob("*.tmp"))


def test_an_adapter_acts_as_if_it_were_in_the_weights(client, tmp_path):
    base, lora, merged = MODELS / "tiny-chat.gguf", tmp_path / "lora.gguf", tmp_path / "merged.gguf"
    targets = {"blk.0.attn_q.weight", "blk.1.ffn_down.weight", "blk.1.attn_output.weight"}
    write_merged(base, merged, write_lora(base, lora, targets, rank=4, alpha=8.0, seed=5))
    install(client, "merged", merged)
    client.create("adapted", from_="tiny", adapters={lora.name: upload(client, lora)})
    assert "\nADAPTER " in client.show("adapted").modelfile

    with_adapter, in_weights, without = (first_logprobs(client, n) for n in ("adapted", "merged", "tiny"))
    both = set(with_adapter) & set(in_weights)
    assert len(both) >= 18  # the last of twenty may change places
    assert all(math.isclose(with_adapter[t], in_weights[t], abs_tol=0.02) for t in both)
    assert with_adapter.keys() != without.keys()
    client.delete("adapted")
    client.delete("merged")


def test_what_a_modelfile_may_say_comes_back(client):
    client.create("base", from_="tiny", license="One", system="Old")
    client.create(
        "full", from_="base", license=["Two"], system="New", template="{{ .Prompt }}",
        parameters={"stop": ["a"], "temperature": 0.5}, messages=[{"role": "user", "content": "Hi"}],
    )
    shown = client.show("full")
    assert shown.license == "One\nTwo" and "SYSTEM New" in shown.modelfile
    assert shown.template == "{{ .Prompt }}"
    client.delete("full")
    client.delete("base")


@pytest.mark.parametrize("body, text", [
    ({"model": "x"}, "neither 'from' or 'files' was specified"),
    ({"model": "x", "files": {}}, "no files provided to convert"),
    ({"model": "", "from": "tiny"}, "invalid model name"),
    ({"model": "x", "from": "tiny", "template": "{{ .x"}, "template error: template: :1: unclosed action"),
    ({"model": "x", "files": {"../m": "sha256:00"}}, "file path must be relative"),
    ({"model": "x", "files": {"m": "md5:00"}}, "invalid digest format"),
    ({"model": "x", "from": "tiny", "requires": "new"}, "requires must be a valid semver (e.g. 0.14.0)"),
    ({"model": "x", "from": "tiny", "adapters": {"a": "sha256:" + "0" * 64, "b": "sha256:" + "1" * 64}},
     "only one adapter is currently supported"),
    ({"model": "x", "from": "tiny", "messages": [{"role": "nobody", "content": ""}]},
     'message role must be one of "system", "user", or "assistant"'),
    ({"model": "x", "from": "tiny", "remote_host": "https://far"}, "models on other hosts are not supported"),
])
def test_a_wrong_request_is_answered_in_ollamas_words(server, body, text):
    for stream in (True, False):
        status, answer_ = server.json("POST", "/api/create", {**body, "stream": stream})
        assert (status, answer_["error"]) == (400, text)


def test_killed_while_creating_nothing_half_done_is_seen(tmp_path):
    data = tmp_path / "moat"
    with Server(data, environment={"MOAT_TEST_POINT": "models.before_manifest"}) as server:
        client = ollama.Client(host=f"http://127.0.0.1:{server.port}")
        digest = upload(client, MODELS / "tiny-embed.gguf")
        with pytest.raises(Exception):  # whatever a client makes of a connection that is gone
            client.create("half", files={"m.gguf": digest}, system="Be kind.")
        assert server.process.wait(30) == -signal.SIGKILL
    with Server(data) as server:
        client = ollama.Client(host=f"http://127.0.0.1:{server.port}")
        assert client.list().models == []
        with pytest.raises(ollama.ResponseError, match="not found"):
            client.show("half")
        client.create("half", files={"m.gguf": digest}, system="Be kind.")
        assert len(client.embed("half", "text").embeddings[0]) == 64


def children_of(pid):
    return [int(child) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()]


def runs(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except OSError:
        return False
    return state != "Z"  # one that nobody waited for is gone all the same


def test_killed_while_quantizing_leaves_no_process_and_no_model(tmp_path):
    data = tmp_path / "moat"
    with Server(data) as server:
        client = ollama.Client(host=f"http://127.0.0.1:{server.port}")
        source = MODELS / "tiny-chat.gguf"
        lines = client.create("half", files={source.name: upload(client, source)}, quantize="Q5_K_M", stream=True)
        next(line for line in lines if line.status.startswith("quantizing"))
        workers = children_of(server.process.pid)
        server.stop(signal.SIGKILL)
        deadline = time.monotonic() + 30
        while any(runs(pid) for pid in workers):
            assert time.monotonic() < deadline, "the process that quantizes outlived its server"
            time.sleep(0.05)
    with Server(data) as server:
        assert ollama.Client(host=f"http://127.0.0.1:{server.port}").list().models == []


def test_making_copying_and_removing_at_once_keeps_the_store_whole(client, server):
    wrong, end = [], threading.Event()

    def again_and_again(*steps):
        while not end.is_set():
            for step in steps:
                try:
                    step()
                except ollama.ResponseError as error:
                    if error.status_code != 404:
                        wrong.append(error)
                except Exception as error:  # noqa: BLE001 (told below)
                    wrong.append(error)

    path = MODELS / "tiny-embed.gguf"
    workers = [
        threading.Thread(target=again_and_again, args=steps) for steps in (
            (lambda: install(client, "race-a", path, system="a"), lambda: client.delete("race-a")),
            (lambda: install(client, "race-a", path, system="b"), lambda: client.copy("race-a", "race-b")),
            (lambda: client.copy("encoder", "race-b"), lambda: client.delete("race-b")),
            (lambda: client.list(), lambda: client.embed("encoder", "text")),
        )
    ]
    for worker in workers:
        worker.start()
    threading.Event().wait(2)
    end.set()
    for worker in workers:
        worker.join(60)
    assert not wrong, wrong[0]
    for name in ("race-a", "race-b"):
        try:
            client.delete(name)
        except ollama.ResponseError as error:
            assert error.status_code == 404
    assert client.embed("encoder", "text").embeddings


def test_the_command_line_makes_it_from_a_modelfile(client, server, tmp_path):
    paths = split(MODELS / "tiny-chat.gguf", tmp_path, 2)
    (tmp_path / "Modelfile").write_text(
        f"# two parts\nFROM ./{paths[0].name}\nFROM ./{paths[1].name}\nPARAMETER low_vram 1\nPARSER qwen3\n"
        'REQUIRES 0.14.0\nLICENSE "one"\nLICENSE """two\nlines"""\nMESSAGE user Hi\n'
    )
    done = subprocess.run(
        [BINARY, "create", "by-hand", "-f", tmp_path / "Modelfile", "--quantize", "q8_0"],
        env={**os.environ, "MOAT_HOST": server.url, "LC_ALL": "C"}, capture_output=True, text=True, timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "warning: parameter low_vram is deprecated" in done.stderr
    assert "quantizing F16 model to Q8_0" in done.stderr and done.stderr.rstrip().endswith("success")
    shown = client.show("by-hand")
    assert shown.details.quantization_level == "Q8_0" and shown.license == "one\ntwo\nlines"
    assert "PARSER qwen3" in shown.modelfile and "REQUIRES 0.14.0" in shown.modelfile
    assert len(layers(server, "by-hand")) == 1
    client.delete("by-hand")
