"""Reranking against a second implementation: numpy on the model's own weights; tokens there and back."""
import json
import os
import pathlib
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/models"))
from rerank_reference import Reference  # noqa: E402  (the path comes first)

QUERY = "how many vacation days may be carried over"
DOCUMENTS = [
    "Employees may carry over at most five unused vacation days.",
    "The cafeteria opens at eight.",
    "Blue.",
    "",
    "A dog runs through the wet grass, " * 20,
    {"text": "Five days.", "page": 3},
]


def text_of(document):
    return document if isinstance(document, str) else document["text"]


def tokens_of(server, text):
    status, answer = server.json("POST", "/api/tokenize", {"model": "ranker", "text": text, "add_special": False})
    assert status == 200
    return answer["tokens"]


@pytest.fixture(scope="module")
def expected(server):
    reference = Reference(pathlib.Path(os.environ["MOAT_TEST_MODELS"]) / "tiny-rerank.gguf")
    query = tokens_of(server, QUERY)
    return [reference.score(query, tokens_of(server, text_of(one))) for one in DOCUMENTS]


@pytest.mark.parametrize("path", ["/v1/rerank", "/api/rerank"])
def test_scores_are_those_of_the_model(server, expected, path):
    request = {"model": "ranker", "query": QUERY, "documents": DOCUMENTS, "raw_scores": True}
    status, answer = server.json("POST", path, request)
    assert status == 200, answer
    scores = {one["index"]: one["relevance_score"] for one in answer["results"]}
    assert [scores[i] for i in range(len(DOCUMENTS))] == pytest.approx(expected, abs=5e-3)
    order = [one["index"] for one in answer["results"]]
    assert [scores[i] for i in order] == sorted(scores.values(), reverse=True)
    assert max(expected) - min(expected) > 0.1  # the model tells them apart, so that the test can fail


def test_the_best_with_their_documents(server, expected):
    status, answer = server.json("POST", "/v1/rerank", {
        "model": "ranker", "query": QUERY, "documents": DOCUMENTS, "top_n": 2, "return_documents": True,
    })
    assert status == 200 and len(answer["results"]) == 2
    best = answer["results"][0]
    assert expected[best["index"]] == pytest.approx(max(expected), abs=5e-3)
    given = DOCUMENTS[best["index"]]
    assert best["document"] == (given if isinstance(given, dict) else {"text": given})
    assert 0 < best["relevance_score"] < 1
    assert answer["usage"]["total_tokens"] > 0


def test_many_documents_are_batches(server, expected):
    documents = [text_of(DOCUMENTS[i % len(DOCUMENTS)]) for i in range(200)]
    request = {"model": "ranker", "query": QUERY, "documents": documents, "raw_scores": True}
    status, answer = server.json("POST", "/v1/rerank", request)
    assert status == 200
    scores = {one["index"]: one["relevance_score"] for one in answer["results"]}
    assert [scores[i] for i in range(200)] == pytest.approx([expected[i % len(DOCUMENTS)] for i in range(200)], abs=5e-3)


def test_too_long_a_document_is_cut_or_refused(server):
    request = {"model": "ranker", "query": "x", "documents": ["word " * 2000]}
    assert server.json("POST", "/v1/rerank", request)[0] == 200
    status, answer = server.json("POST", "/v1/rerank", {**request, "truncate": False})
    assert status == 400 and "exceeds the context length" in answer["error"]["message"]


def test_each_model_does_what_it_can(server):
    status, answer = server.json("POST", "/v1/rerank", {"model": "encoder", "query": "x", "documents": ["y"]})
    assert status == 400 and answer["error"]["message"] == '"encoder" does not support rerank'
    status, answer = server.json("POST", "/api/embed", {"model": "ranker", "input": "x"})
    assert status == 400 and answer["error"] == '"ranker" does not support embeddings'
    status, answer = server.json("POST", "/api/show", {"model": "ranker"})
    assert answer["capabilities"] == ["rerank"]


@pytest.mark.parametrize("model", ["tiny", "encoder"])
def test_tokens_there_and_back(server, model):
    text = "混合检索 and words, ünïcode 🙂"
    status, answer = server.json("POST", "/v1/tokenize", {"model": "tiny", "prompt": text, "add_special": False})
    assert status == 200 and answer["count"] == len(answer["tokens"])
    status, back = server.json("POST", "/v1/detokenize", {"model": "tiny", "tokens": answer["tokens"]})
    assert status == 200 and back["text"] == text
    status, answer = server.json("POST", "/api/detokenize", {"model": model, "tokens": [99999999]})
    assert status == 400 and "unknown" in json.dumps(answer)


def test_what_is_described_is_there(server):
    """docs/openapi-models.yaml against the server itself; another test compares /v1 route by route."""
    paths = yaml.safe_load((ROOT / "docs/openapi-models.yaml").read_text(encoding="utf-8"))["paths"]
    assert len(paths) > 25
    for path, operations in paths.items():
        path = path.replace("{digest}", "sha256:0").replace("{model...}", "tiny")
        for method in set(operations) - {"parameters"}:
            status, _, body = server.request(method.upper(), path, "{}" if method in ("post", "delete") else None)
            assert status != 405 and not body.startswith(b"404 page not found"), f"{method} {path}"


def test_the_vendors_account_is_nobodys(server):
    assert server.json("POST", "/api/me")[0] == 403
    assert server.request("POST", "/api/signout")[0] == 200
    assert server.json("GET", "/api/status")[1]["cloud"] == {"disabled": True, "source": "config"}
    assert server.request("POST", "/api/experimental/web_search", "{}")[0] == 403
