"""A registry of its own for each test, and a server that pulls in parts of four megabytes."""
import hashlib
import os
import pathlib
import sys

import ollama
import pytest

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "server")]
from harness import Server  # noqa: E402  (the path comes first)
from registry_server import Registry  # noqa: E402

MODELS = pathlib.Path(os.environ["MOAT_TEST_MODELS"])
PART = 4_000_000
SETTINGS = {
    "MOAT_PULL_PART_BYTES": str(PART),
    "MOAT_PULL_CONNECTIONS": "2",
    "MOAT_PULL_RETRY_DELAY": "1ms",
    "MOAT_PULL_STALL_LIMIT": "20s",
    "NO_PROXY": "127.0.0.1,.localhost",
}


def start(data, **more):
    server = Server(data, environment={**SETTINGS, **more})
    server.url = f"http://127.0.0.1:{server.port}"
    return server


@pytest.fixture(scope="session")
def weights():
    return (MODELS / "tiny-chat.gguf").read_bytes()


@pytest.fixture
def registry(weights):
    with Registry() as running:
        running.layers = [("model", weights), ("system", b"Be brief."), ("params", b'{"num_ctx":1024,"num_predict":8}')]
        running.add_model("me/tiny", running.layers)
        running.weights = "sha256:" + hashlib.sha256(weights).hexdigest()
        yield running


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory):
    with start(tmp_path_factory.mktemp("registry") / "moat") as running:
        yield running
        assert running.alive(), running.log()


@pytest.fixture
def server(shared_server):
    """Without models, whatever the test before left."""
    client = ollama.Client(host=shared_server.url)
    for model in client.list().models:
        client.delete(model.model)
    for rest in blobs(shared_server):
        rest.unlink()
    return shared_server


@pytest.fixture
def client(server):
    return ollama.Client(host=server.url, timeout=120)


def blobs(server):
    return sorted((server.data / "models/blobs").iterdir())


def partials(server):
    return [path for path in blobs(server) if "-partial" in path.name]


def names(client):
    return [model.model for model in client.list().models]


def pull_error(client, name, **more):
    """The text of the error that ends the stream."""
    with pytest.raises(ollama.ResponseError) as error:
        for _ in client.pull(name, stream=True, insecure=True, **more):
            pass
    return error.value.error
