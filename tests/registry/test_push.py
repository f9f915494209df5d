"""Models pushed to a registry, and got back."""
import hashlib

import ollama
import pytest
from conftest import MODELS, PART
from registry_server import Registry


def install(client, name, **more):
    digest = client.create_blob(MODELS / "tiny-embed.gguf")
    client.create(model=name, files={"tiny-embed.gguf": digest}, **more)
    return digest


def md5_of_parts(data):
    parts = [data[at : at + PART] for at in range(0, len(data), PART)]
    whole = hashlib.md5(b"".join(hashlib.md5(part).digest() for part in parts)).hexdigest()
    return f"{whole}-{len(parts)}"


@pytest.fixture
def empty(registry):
    registry.blobs.clear()
    registry.manifests.clear()
    return registry


def test_a_model_goes_in_parts_and_comes_back(client, server, empty):
    name = f"127.0.0.1:{empty.port}/me/enc:v2"
    weights = install(client, name, system="Embed.")
    seen = list(client.push("http://" + name, insecure=True, stream=True))
    statuses = [part.status for part in seen]
    assert statuses[0] == "retrieving manifest" and statuses[-2:] == ["pushing manifest", "success"]
    bars = [part for part in seen if part.digest == weights]
    data = (MODELS / "tiny-embed.gguf").read_bytes()
    assert bars[0].status == "pushing " + weights[7:19]
    assert bars[-1].completed == bars[-1].total == len(data)
    path = server.data / f"models/manifests/127.0.0.1:{empty.port}/me/enc/v2"
    assert empty.manifests["me/enc:v2"] == path.read_bytes()
    assert empty.blobs[weights] == data
    assert md5_of_parts(data) in empty.etags

    # What the registry has is not sent again.
    empty.log.clear()
    assert client.push("http://" + name, insecure=True).status == "success"
    assert not empty.requests("PATCH", "")
    client.delete(name)
    assert client.pull("http://" + name, insecure=True).status == "success"
    assert client.embed(model=name, input="x").embeddings


def test_a_registry_that_stores_parts_elsewhere_gets_them_there(client, empty):
    name = f"127.0.0.1:{empty.port}/me/enc:latest"
    weights = install(client, name)
    empty.token = "secret-token"
    with Registry() as store:
        empty.uploads_elsewhere = store
        assert client.push("http://" + name, insecure=True).status == "success"
        assert not any("Authorization" in headers for _, _, headers in store.log)
    assert empty.blobs[weights] == (MODELS / "tiny-embed.gguf").read_bytes()


def test_layers_of_another_repository_are_mounted(client, empty):
    base = f"127.0.0.1:{empty.port}/me/base:latest"
    weights = install(client, base)
    client.push("http://" + base, insecure=True)
    name = f"127.0.0.1:{empty.port}/me/derived:latest"
    client.create(model=name, from_=base, system="More.")
    # A registry that shows a blob only to the repositories that have it.
    empty.replies[f"/v2/me/derived/blobs/{weights}"] = (404, {}, b"")
    empty.log.clear()
    assert client.push("http://" + name, insecure=True).status == "success"
    assert (weights, "me/base") in empty.mounts
    sent = sum(int(headers["Content-Length"]) for _, headers in empty.requests("PATCH", ""))
    assert 0 < sent < 10_000


def test_what_goes_wrong_is_said(client, server, empty):
    assert server.json("POST", "/api/push", {"model": ""}) == (400, {"error": "model is required"})
    with pytest.raises(ollama.ResponseError, match="model '.*' not found"):
        client.push(empty.name("me/none"), insecure=True)
    name = f"127.0.0.1:{empty.port}/me/enc:latest"
    install(client, name)
    with pytest.raises(ollama.ResponseError, match="insecure protocol http"):
        client.push("http://" + name)
    empty.failures["/v2/me/enc/manifests/latest"] = [403]
    with pytest.raises(ollama.ResponseError, match="403: "):
        client.push("http://" + name, insecure=True)
    assert "me/enc:latest" not in empty.manifests


def test_a_failing_part_is_sent_again(client, empty):
    name = f"127.0.0.1:{empty.port}/me/enc:latest"
    weights = install(client, name)
    empty.failures["/v2/uploads/0"] = [500, 503]
    assert client.push("http://" + name, insecure=True).status == "success"
    assert empty.failures["/v2/uploads/0"] == []
    assert empty.blobs[weights] == (MODELS / "tiny-embed.gguf").read_bytes()
