"""/v1 through the official OpenAI client."""
import json
import math

import openai
import pytest
from conftest import settled, stop_within

QUESTION = [{"role": "user", "content": "Why is the sky blue?"}]
SHORT = {"temperature": 0, "seed": 1, "max_tokens": 24}


def test_chat_whole_and_in_pieces(openai_client):
    whole = settled(
        lambda: openai_client.chat.completions.create(model="tiny", messages=QUESTION, **SHORT)
    )
    assert whole.object == "chat.completion"
    choice = whole.choices[0]
    assert choice.message.role == "assistant" and choice.message.content
    assert choice.finish_reason == "length"
    assert whole.usage.completion_tokens == 24
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + 24

    chunks = list(
        openai_client.chat.completions.create(
            model="tiny", messages=QUESTION, stream=True, stream_options={"include_usage": True}, **SHORT
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == choice.message.content
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens == 24
    reasons = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices]
    assert reasons[-1] == "length" and not any(reasons[:-1])


def test_content_parts_and_stop(openai_client):
    parts = [{"role": "user", "content": [{"type": "text", "text": "Why is"}, {"type": "text", "text": "it so?"}]}]
    whole = settled(lambda: openai_client.chat.completions.create(model="tiny", messages=parts, **SHORT))
    text = whole.choices[0].message.content
    stop = stop_within(text)
    stopped = openai_client.chat.completions.create(model="tiny", messages=parts, stop=stop, **SHORT)
    assert stopped.choices[0].finish_reason == "stop"
    assert stopped.choices[0].message.content == text[: text.index(stop)]


def test_a_json_schema_is_kept(openai_client):
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
    answer = openai_client.chat.completions.create(
        model="tiny", messages=QUESTION, temperature=0, max_tokens=200,
        response_format={"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}},
    )
    assert isinstance(json.loads(answer.choices[0].message.content)["ok"], bool)


def test_completions(openai_client):
    whole = settled(
        lambda: openai_client.completions.create(model="tiny", prompt="Once upon", **SHORT)
    )
    assert whole.object == "text_completion" and whole.choices[0].text
    pieces = openai_client.completions.create(model="tiny", prompt="Once upon", stream=True, **SHORT)
    assert "".join(piece.choices[0].text for piece in pieces if piece.choices) == whole.choices[0].text


def test_embeddings_as_base64_and_as_numbers(openai_client):
    texts = ["The sky is blue.", "Grass is green."]
    packed = openai_client.embeddings.create(model="encoder", input=texts)  # the client asks for base64
    plain = openai_client.embeddings.create(model="encoder", input=texts, encoding_format="float")
    assert [item.index for item in packed.data] == [0, 1]
    for one, other in zip(packed.data, plain.data):
        assert len(one.embedding) == 64
        assert one.embedding == pytest.approx(other.embedding, abs=1e-6)
        assert math.sqrt(sum(x * x for x in one.embedding)) == pytest.approx(1, abs=1e-4)
    assert packed.usage.prompt_tokens > 0
    cut = openai_client.embeddings.create(model="encoder", input="x", dimensions=8)
    assert len(cut.data[0].embedding) == 8


def test_models(openai_client):
    listed = {model.id: model for model in openai_client.models.list()}
    assert listed["tiny:latest"].owned_by == "library"
    assert openai_client.models.retrieve("tiny").object == "model"
    with pytest.raises(openai.NotFoundError):
        openai_client.models.retrieve("none")


def test_errors_have_the_envelope(openai_client, server):
    with pytest.raises(openai.NotFoundError) as error:
        openai_client.chat.completions.create(model="none", messages=QUESTION)
    assert error.value.body["type"] == "not_found_error"
    assert "none" in error.value.body["message"]
    with pytest.raises(openai.BadRequestError) as error:
        openai_client.chat.completions.create(model="tiny", messages=[])
    assert error.value.body["message"] == "[] is too short - 'messages'"
    assert error.value.body["type"] == "invalid_request_error"
    status, answer = server.json("POST", "/v1/chat/completions", "{")
    assert status == 400 and answer["error"]["type"] == "invalid_request_error"
