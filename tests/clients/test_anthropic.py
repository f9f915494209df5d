"""/v1/messages through the official Anthropic client."""
import json

import anthropic
import pytest
from conftest import settled, stop_within
from tools import ASK, CALL, PARAMETERS, check_arguments

QUESTION = [{"role": "user", "content": "Why is the sky blue?"}]
TOOL = {"name": "sky", "description": "The sky", "input_schema": PARAMETERS}
FORMAT = {"format": {"type": "json_schema", "schema": CALL}}
GREEDY = {"extra_body": {"temperature": 0}}


def test_a_message_whole_and_in_pieces(anthropic_client):
    ask = {"model": "tiny", "max_tokens": 6, "system": "Be short.", "messages": QUESTION, **GREEDY}
    whole = settled(lambda: anthropic_client.messages.create(**ask))
    assert whole.type == "message" and whole.role == "assistant" and whole.model == "tiny"
    assert whole.stop_reason == "max_tokens" and whole.usage.output_tokens == 6
    counted = anthropic_client.messages.count_tokens(model="tiny", system="Be short.", messages=QUESTION)
    assert whole.usage.input_tokens + whole.usage.cache_read_input_tokens == counted.input_tokens

    with anthropic_client.messages.stream(**ask) as stream:
        events = [event for event in stream]
        final = stream.get_final_message()
    assert final.content[0].text == whole.content[0].text
    assert final.stop_reason == "max_tokens" and final.usage.output_tokens == 6
    assert events[0].type == "message_start"
    assert events[-1].type == "message_stop"


def test_the_bare_events_are_anthropics(anthropic_client):
    events = list(anthropic_client.messages.create(
        model="tiny", max_tokens=4, messages=QUESTION, stream=True, **GREEDY
    ))
    kinds = [event.type for event in events]
    deltas = kinds.count("content_block_delta")
    assert kinds == [
        "message_start", "content_block_start", *["content_block_delta"] * deltas, "content_block_stop",
        "message_delta", "message_stop",
    ]
    counted = anthropic_client.messages.count_tokens(model="tiny", messages=QUESTION)
    assert events[0].message.usage.input_tokens == counted.input_tokens
    assert events[-2].usage.output_tokens == 4


def test_stop_sequences_are_told_apart(anthropic_client):
    ask = {"model": "tiny", "max_tokens": 24, "messages": QUESTION, **GREEDY}
    text = settled(lambda: anthropic_client.messages.create(**ask)).content[0].text
    stop = stop_within(text)
    answer = anthropic_client.messages.create(stop_sequences=[stop], **ask)
    assert answer.stop_reason == "stop_sequence" and answer.stop_sequence == stop
    assert answer.content[0].text == text[: text.index(stop)]


def test_a_tool_is_used_and_its_result_goes_back(anthropic_client):
    choice = {"type": "tool", "name": "sky"}
    ask = {"model": "tools", "max_tokens": 100, "messages": ASK, "tools": [TOOL], **GREEDY}
    answer = anthropic_client.messages.create(tool_choice={**choice, "disable_parallel_tool_use": True}, output_config=FORMAT, **ask)
    assert answer.stop_reason == "tool_use"
    (use,) = [block for block in answer.content if block.type == "tool_use"]
    assert use.name == "sky"
    check_arguments(use.input)
    result = {"type": "tool_result", "tool_use_id": use.id, "content": "sunny"}
    messages = [*ASK, {"role": "assistant", "content": answer.content}, {"role": "user", "content": [result]}]
    before = anthropic_client.messages.count_tokens(model="tools", messages=ASK, tools=[TOOL]).input_tokens
    after = anthropic_client.messages.count_tokens(model="tools", messages=messages, tools=[TOOL]).input_tokens
    assert after > before


def test_tool_use_streams_as_json(anthropic_client):
    with anthropic_client.messages.stream(
        model="tools", max_tokens=100, messages=ASK, tools=[TOOL], output_config=FORMAT,
        tool_choice={"type": "any", "disable_parallel_tool_use": True}, **GREEDY,
    ) as stream:
        parts = [event.partial_json for event in stream if event.type == "input_json"]
        final = stream.get_final_message()
    check_arguments(json.loads("".join(parts)))
    check_arguments(final.content[-1].input)


def test_errors_are_anthropics(anthropic_client, server):
    with pytest.raises(anthropic.NotFoundError) as error:
        anthropic_client.messages.create(model="none", max_tokens=1, messages=QUESTION)
    body = error.value.body
    assert body["type"] == "error" and body["error"]["type"] == "not_found_error"
    assert body["request_id"] == error.value.response.headers["x-request-id"]
    with pytest.raises(anthropic.BadRequestError, match="messages is required"):
        anthropic_client.messages.create(model="tiny", max_tokens=1, messages=[])
    status, answer = server.json("POST", "/v1/messages", {"model": "tiny", "messages": QUESTION})
    assert status == 400
    assert answer["error"]["message"] == "max_tokens is required and must be positive"
