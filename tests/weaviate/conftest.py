"""One real server for all tests of this folder, with the tiny embedding model of the tests installed."""
import hashlib
import json
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "server"))
from harness import Server  # noqa: E402  (the path comes first)

MODELS = pathlib.Path(os.environ["MOAT_TEST_MODELS"])


def install(server, name, path):
    data = path.read_bytes()
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    status, _, _ = server.request("POST", f"/api/blobs/{digest}", data)
    assert status in (200, 201)
    status, _, answer = server.request(
        "POST", "/api/create", json.dumps({"model": name, "files": {path.name: digest}, "stream": False}), timeout=120)
    assert status == 200 and json.loads(answer)["status"] == "success", answer


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("weaviate") / "moat") as running:
        running.url = f"http://127.0.0.1:{running.port}"
        running.grpc = running.grpc_port()
        install(running, "nomic-embed-text", MODELS / "tiny-embed.gguf")
        install(running, "ranker", MODELS / "tiny-rerank.gguf")
        yield running
        assert running.alive(), running.log()
