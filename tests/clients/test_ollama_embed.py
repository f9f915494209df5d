"""POST /api/embed and /api/embeddings through the official Python client."""
import math

import ollama
import pytest

TEXTS = ["The sky is blue.", "Grass is green.", "A much longer sentence about nothing in particular, really."]


def length(vector):
    return math.sqrt(sum(value * value for value in vector))


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b)) / (length(a) * length(b))


def test_many_texts_give_the_vectors_they_give_alone(client):
    together = client.embed(model="encoder", input=TEXTS)
    assert len(together.embeddings) == 3
    assert together.prompt_eval_count > 10
    for text, vector in zip(TEXTS, together.embeddings):
        assert len(vector) == 64
        assert length(vector) == pytest.approx(1, abs=1e-4)
        alone = client.embed(model="encoder", input=text).embeddings[0]
        assert cosine(vector, alone) > 0.9999


def test_dimensions_cut_and_normalise(client):
    whole = client.embed(model="encoder", input=TEXTS[0]).embeddings[0]
    cut = client.embed(model="encoder", input=TEXTS[0], dimensions=16).embeddings[0]
    assert len(cut) == 16 and length(cut) == pytest.approx(1, abs=1e-4)
    assert cosine(cut, whole[:16]) > 0.9999


def test_the_old_route_gives_one_vector(client):
    answer = client.embeddings(model="encoder", prompt=TEXTS[0])
    assert cosine(answer.embedding, client.embed(model="encoder", input=TEXTS[0]).embeddings[0]) > 0.9999


def test_no_input_loads_the_model(client):
    assert client.embed(model="encoder", input="").embeddings == []


def test_long_texts_are_cut_or_refused(client):
    text = "word " * 2000
    assert len(client.embed(model="encoder", input=text).embeddings[0]) == 64
    with pytest.raises(ollama.ResponseError) as error:
        client.embed(model="encoder", input=text, truncate=False)
    assert error.value.status_code == 400
    assert "context length" in error.value.error


def test_mistakes_are_named(client, server):
    with pytest.raises(ollama.ResponseError, match='model "none" not found, try pulling it first') as error:
        client.embed(model="none", input="x")
    assert error.value.status_code == 404
    with pytest.raises(ollama.ResponseError) as error:
        client.embed(model="tiny", input="x")
    assert error.value.status_code == 400
    assert server.json("POST", "/api/embed", {"model": "encoder", "input": 5}) == (400, {"error": "invalid input type"})
