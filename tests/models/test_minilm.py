"""The embeddings that our server answers with are those of the model as published.

The expected side is minilm_reference.py: numpy on the original weights. 0.999 leaves room for the f16
weights of our file and nothing else: the neighbours' embeddings of these texts are below 0.9.
"""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from minilm_reference import Reference

TEXTS = [
    "Hello",
    "The cat sits on the mat.",
    "What is the refund policy?",
    "Employees may carry over at most five unused vacation days into the next calendar year.",
    "A café in Zürich served naïve customers — at 10:30 a.m., for $4.50!",
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "混合检索 hybrid search",
    "one sentence, again and again. " * 30,
]


@pytest.fixture(scope="module")
def minilm() -> Path:
    if "MOAT_MINILM" not in os.environ:
        pytest.skip("no all-MiniLM-L6-v2 here: run scripts/minilm.sh")
    return Path(os.environ["MOAT_MINILM"])


@pytest.fixture(scope="module")
def expected(minilm) -> np.ndarray:
    reference = Reference(Path(os.environ["MOAT_MINILM_PACKAGE"]))
    return np.array([reference.embed(text) for text in TEXTS])


@pytest.fixture(scope="module")
def server(minilm, tmp_path_factory):
    """The real binary with the model installed the way README says. Yields its address."""
    moat = os.environ["MOAT_BINARY"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    data = tmp_path_factory.mktemp("data")
    with open(data / "server.log", "w") as log:
        process = subprocess.Popen([moat, "serve", "--listen", address, "--data", data], stdout=log, stderr=log)
    try:
        wait_until_ready(process, address, data / "server.log")
        environment = {**os.environ, "MOAT_HOST": f"http://{address}"}
        create = [moat, "create", "all-minilm", "-f", minilm / "Modelfile"]
        made = subprocess.run(create, env=environment, capture_output=True, text=True)
        assert made.returncode == 0, made.stdout + made.stderr
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_until_ready(process, address: str, log: Path) -> None:
    for _ in range(200):
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(f"http://{address}/api/version", timeout=1).close()
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    raise AssertionError(f"not ready after 10 s: {log.read_text()}")


def embed(server: str, texts: list[str]) -> np.ndarray:
    body = json.dumps({"model": "all-minilm", "input": texts}).encode()
    request = urllib.request.Request(f"{server}/api/embed", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return np.array(json.load(answer)["embeddings"])


def test_each_text_alone_has_the_published_embedding(server, expected):
    for text, published in zip(TEXTS, expected):
        assert embed(server, [text])[0] @ published > 0.999, text[:60]


def test_a_batch_gives_every_text_its_own_embedding(server, expected):
    cosines = embed(server, TEXTS) @ expected.T
    assert np.all(np.diag(cosines) > 0.999)
    assert np.all(cosines[~np.eye(len(TEXTS), dtype=bool)] < 0.9)


def test_embeddings_have_length_one(server):
    assert np.allclose(np.linalg.norm(embed(server, TEXTS), axis=1), 1, atol=1e-4)
