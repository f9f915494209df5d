"""Models in several files, which the site refuses as a manifest and lists as files."""
import hashlib
import json

import gguf
import numpy
import pytest
from conftest import names, pull_error


@pytest.fixture
def shards(tmp_path):
    """The two files of a split model, as llama-gguf-split names them."""
    out = []
    for number in range(2):
        path = tmp_path / f"tiny-Q4_K_M-0000{number + 1}-of-00002.gguf"
        writer = gguf.GGUFWriter(path, "llama")
        writer.add_uint16("split.no", number)
        writer.add_uint16("split.count", 2)
        if number == 0:
            writer.add_context_length(512)
        writer.add_tensor(f"blk.{number}.w", numpy.arange(32, dtype=numpy.float32) + number)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        out.append(path)
    return out


@pytest.fixture
def hub(registry, shards):
    """Refuses the manifest as the site does, and lists the files in two pages."""
    refusal = {"error": "The specified tag is a sharded GGUF. Ollama does not support this yet."}
    registry.replies["/v2/me/big/manifests/Q4_K_M"] = (400, {}, json.dumps(refusal).encode())
    registry.replies["/v2/me/big/manifests/Q8_0"] = (400, {}, json.dumps(refusal).encode())
    entries = [{"type": "file", "path": "README.md", "size": 10, "oid": "1" * 40}]
    for path in shards:
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        entries.append({
            "type": "file", "path": f"Q4_K_M/{path.name}", "size": len(data), "oid": "2" * 40,
            "lfs": {"oid": digest, "size": len(data), "pointerSize": 134},
        })
        registry.replies[f"/me/big/resolve/main/Q4_K_M/{path.name}"] = (
            302, {"Location": f"/cdn/sha256:{digest}"}, b"")
        registry.blobs["sha256:" + digest] = data
    tree = "/api/models/me/big/tree/main"
    registry.replies[tree + "/next"] = (200, {}, json.dumps(entries[2:]).encode())
    link = {"Link": f'<{registry.url}{tree}/next?cursor=x>; rel="next"'}
    registry.replies[tree] = (200, link, json.dumps(entries[:2]).encode())
    return registry


def test_all_files_of_a_split_model_come_in_order(client, server, hub, shards):
    assert client.pull(hub.name("me/big", "Q4_K_M"), insecure=True).status == "success"
    path = server.data / f"models/manifests/127.0.0.1:{hub.port}/me/big/Q4_K_M"
    manifest = json.loads(path.read_text())
    assert [(layer["mediaType"].rsplit(".", 1)[1], layer["digest"], layer["size"]) for layer in manifest["layers"]] == [
        ("model", "sha256:" + hashlib.sha256(shard.read_bytes()).hexdigest(), shard.stat().st_size)
        for shard in shards
    ]
    config = json.loads((server.data / "models/blobs" / manifest["config"]["digest"].replace(":", "-")).read_text())
    assert config["model_family"] == "llama" and config["model_format"] == "gguf"
    assert names(client) == [f"127.0.0.1:{hub.port}/me/big:Q4_K_M"]


@pytest.fixture
def modelscope(registry, shards):
    """The same model where files are listed and fetched in ModelScope's way -> name of its host."""
    refusal = {"error": "The specified tag is a sharded GGUF."}
    registry.replies["/v2/me/big/manifests/Q4_K_M"] = (400, {}, json.dumps(refusal).encode())
    repository = "/api/v1/models/me/big/repo"
    entries = [{"Type": "tree", "Path": "Q4_K_M", "Size": 0, "Sha256": ""}]
    for path in shards:
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        entries.append({"Type": "blob", "Path": f"Q4_K_M/{path.name}", "Name": path.name, "Size": len(data),
                        "Sha256": digest, "IsLFS": True, "Revision": "1" * 40})
        registry.replies[f"{repository}?Revision=master&FilePath=Q4_K_M%2F{path.name}"] = (
            302, {"Location": f"/cdn/sha256:{digest}"}, b"")
        registry.blobs["sha256:" + digest] = data
    listed = {"Code": 200, "Success": True, "Data": {"Files": entries}}
    registry.replies[f"{repository}/files?Revision=master&Recursive=true"] = (200, {}, json.dumps(listed).encode())
    return f"www.modelscope.localhost:{registry.port}"


def test_modelscopes_names_are_a_registrys_and_its_files_are_listed_in_its_own_way(
        client, server, registry, modelscope, shards):
    assert client.pull(f"http://{modelscope}/me/tiny", insecure=True).status == "success"
    assert client.generate(f"{modelscope}/me/tiny", "Hi", options={"num_predict": 2}).eval_count == 2
    assert client.pull(f"http://{modelscope}/me/big:Q4_K_M", insecure=True).status == "success"
    manifest = json.loads((server.data / f"models/manifests/{modelscope}/me/big/Q4_K_M").read_text())
    assert [layer["digest"] for layer in manifest["layers"]] == [
        "sha256:" + hashlib.sha256(shard.read_bytes()).hexdigest() for shard in shards]
    assert sorted(names(client)) == [f"{modelscope}/me/big:Q4_K_M", f"{modelscope}/me/tiny:latest"]
    assert {headers["Host"] for _, _, headers in registry.log} == {modelscope}


def test_a_tag_that_is_not_there_names_those_that_are(client, hub):
    error = pull_error(client, hub.name("me/big", "Q8_0"))
    assert "no model in several files for the tag Q8_0; it has Q4_K_M/tiny-Q4_K_M" in error


def test_an_incomplete_set_is_refused(client, hub):
    tree = "/api/models/me/big/tree/main/next"
    hub.replies[tree] = (200, {}, b"[]")
    assert "1 of the 2 parts" in pull_error(client, hub.name("me/big", "Q4_K_M"))
    assert names(client) == []
