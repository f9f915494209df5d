"""Models made, listed, shown, copied and deleted through the official Python client."""
import hashlib

import ollama
import pytest
from conftest import GREEDY, MODELS, install, upload


def names(client):
    return [model.model for model in client.list().models]


def test_the_version_looks_like_ollamas(server):
    status, answer = server.json("GET", "/api/version")
    assert status == 200
    major, minor, patch = answer["version"].split(".")
    assert (int(major), int(minor)) >= (0, 30) and patch.isdigit()


def test_a_model_is_made_listed_shown_and_removed(client):
    progress = list(
        client.create(
            model="Made:1",
            files={"tiny-chat.gguf": upload(client, MODELS / "tiny-chat.gguf")},
            template="{{ .System }}{{ .Prompt }}",
            system="Be kind.",
            license=["First licence", "Second licence"],
            parameters={"temperature": 0.25, "stop": ["END", "STOP"], "num_ctx": 1024},
            messages=[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}],
            stream=True,
        )
    )
    assert progress[0].status == "parsing GGUF" and progress[-1].status == "success"

    listed = next(model for model in client.list().models if model.model == "Made:1")
    assert listed.size > 10_000_000
    assert listed.details.format == "gguf" and listed.details.family == "qwen2"
    assert listed.details.quantization_level
    assert len(listed.digest) == 64

    shown = client.show("made:1")
    assert shown.template == "{{ .System }}{{ .Prompt }}"
    assert 'stop                           "END"' in shown.parameters
    assert "temperature                    0.25" in shown.parameters
    assert shown.license == "First licence\nSecond licence"
    assert shown.modelinfo["general.architecture"] == "qwen2"
    assert shown.modelinfo["qwen2.context_length"] == 4096
    assert "completion" in shown.capabilities
    assert "SYSTEM Be kind." in shown.modelfile

    assert client.delete("made:1").status == "success"
    assert "Made:1" not in names(client)


def test_a_model_builds_on_another_and_runs(client):
    client.create(model="derived", from_="tiny", system="Answer briefly.", parameters={"num_predict": 5})
    answer = client.chat(model="derived", messages=[{"role": "user", "content": "Hi"}], options={"temperature": 0})
    assert answer.eval_count == 5
    assert client.show("derived").details.parent_model == "tiny:latest"
    client.delete("derived")
    assert client.generate(model="tiny", prompt="x", options=GREEDY).done


def test_copies_stand_on_their_own(client):
    client.copy("tiny", "me/copied:v2")
    assert "me/copied:v2" in names(client)
    client.delete("me/copied:v2")
    assert "tiny:latest" in names(client) and "me/copied:v2" not in names(client)


def test_what_is_missing_is_said(client):
    for call, status, text in [
        (lambda: client.show("none"), 404, "model 'none' not found"),
        (lambda: client.generate("none", "x"), 404, "model 'none' not found"),
        (lambda: client.chat("none", [{"role": "user", "content": "x"}]), 404, "model 'none' not found"),
        (lambda: client.copy("none", "x"), 404, 'model "none" not found'),
        (lambda: client.generate("not a name", "x"), 400, "invalid model name"),
    ]:
        with pytest.raises(ollama.ResponseError) as error:
            call()
        assert (error.value.status_code, error.value.error) == (status, text)
    assert client.delete  # deleting what is not there is an error as well
    with pytest.raises(ollama.ResponseError) as error:
        client.delete("none")
    assert error.value.status_code == 404


def test_a_truncated_model_is_refused_and_leaves_nothing(client, server, tmp_path):
    whole = (MODELS / "tiny-embed.gguf").read_bytes()
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(whole[: len(whole) // 2])
    digest = upload(client, cut)
    status, answer = server.json(
        "POST", "/api/create", {"model": "cut", "files": {"cut.gguf": digest}, "stream": False}
    )
    assert status == 400
    assert answer["error"].startswith("cut.gguf is truncated: tensor ")
    with pytest.raises(ollama.ResponseError, match="cut.gguf is truncated"):
        client.create(model="cut", files={"cut.gguf": upload(client, cut)})
    assert server.request("HEAD", f"/api/blobs/{digest}")[0] == 404
    assert "cut:latest" not in names(client)


def test_a_foreign_file_is_refused(client, tmp_path):
    other = tmp_path / "notes.gguf"
    other.write_text("these are notes, not weights")
    with pytest.raises(ollama.ResponseError, match="supplied file was not in GGUF format: notes.gguf"):
        client.create(model="notes", files={"notes.gguf": upload(client, other)})


def test_a_blob_must_match_its_digest(server):
    digest = "sha256:" + hashlib.sha256(b"other").hexdigest()
    status, _, body = server.request("POST", f"/api/blobs/{digest}", b"something")
    assert status == 400 and b"digest mismatch, expected" in body
    assert server.request("HEAD", f"/api/blobs/{digest}")[0] == 404


def test_the_store_has_ollamas_layout(client, server):
    install(client, "layout", MODELS / "tiny-embed.gguf")
    root = server.data / "models"
    manifest = root / "manifests/registry.ollama.ai/library/layout/latest"
    listed = next(model for model in client.list().models if model.model == "layout:latest")
    assert hashlib.sha256(manifest.read_bytes()).hexdigest() == listed.digest
    for blob in (root / "blobs").iterdir():
        assert blob.name == "sha256-" + hashlib.sha256(blob.read_bytes()).hexdigest()
    client.delete("layout")
    assert not manifest.parent.exists()
