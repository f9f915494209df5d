"""/v1/responses through the official OpenAI client."""
import json

import openai
import pytest
import zstandard
from conftest import settled
from tools import ASK, CALL, PARAMETERS, check_arguments

TOOL = {"type": "function", "name": "sky", "parameters": PARAMETERS, "strict": True}
FORMAT = {"format": {"type": "json_schema", "name": "call", "schema": CALL}}
YES = {
    "format": {
        "type": "json_schema",
        "name": "answer",
        "schema": {
            "type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"],
            "additionalProperties": False,
        },
    }
}
SHORT = {"temperature": 0, "max_output_tokens": 6}


def test_an_answer_whole_and_in_pieces(openai_client):
    ask = {"model": "tiny", "instructions": "Be short.", "input": "Why is the sky blue?", **SHORT}
    whole = settled(lambda: openai_client.responses.create(**ask))
    assert whole.object == "response" and whole.model == "tiny" and whole.output_text
    assert whole.status == "incomplete" and whole.incomplete_details.reason == "max_output_tokens"
    assert whole.usage.output_tokens == 6
    assert whole.usage.total_tokens == whole.usage.input_tokens + 6
    assert whole.usage.input_tokens_details.cached_tokens > 0

    events = list(openai_client.responses.create(stream=True, **ask))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [event.type for event in events]
    deltas = kinds.count("response.output_text.delta")
    assert kinds == [
        "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
        *["response.output_text.delta"] * deltas,
        "response.output_text.done", "response.content_part.done", "response.output_item.done",
        "response.incomplete",
    ]
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == whole.output_text == events[-1].response.output_text


def test_the_streaming_helper_follows(openai_client):
    with openai_client.responses.stream(model="tiny", input="Yes?", text=YES, temperature=0) as stream:
        for _ in stream:
            pass
        final = stream.get_final_response()
    assert final.output[0].type == "message"
    assert isinstance(json.loads(final.output_text)["ok"], bool)


def test_a_function_is_called_and_its_output_goes_back(openai_client):
    answer = openai_client.responses.create(
        model="tools", input=ASK, tools=[TOOL], tool_choice="required", parallel_tool_calls=False,
        temperature=0, max_output_tokens=100, text=FORMAT,
    )
    assert answer.status == "completed"
    (call,) = [item for item in answer.output if item.type == "function_call"]
    assert call.name == "sky" and call.call_id
    check_arguments(json.loads(call.arguments))
    items = [*ASK, *answer.output, {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}]
    second = openai_client.responses.create(model="tools", input=items, tools=[TOOL], **SHORT)
    assert second.usage.input_tokens > answer.usage.input_tokens


def test_calls_stream_with_their_events(openai_client):
    events = list(openai_client.responses.create(
        model="tools", input=ASK, tools=[TOOL], tool_choice={"type": "function", "name": "sky"},
        parallel_tool_calls=False, temperature=0, max_output_tokens=100, text=FORMAT, stream=True,
    ))
    done = {event.type: event for event in events}
    assert events[-1].type == "response.completed"
    arguments = done["response.function_call_arguments.done"]
    assert arguments.arguments == done["response.function_call_arguments.delta"].delta
    check_arguments(json.loads(arguments.arguments))
    item = done["response.output_item.done"].item
    assert item.type == "function_call" and item.arguments == arguments.arguments


def test_a_format_is_kept(openai_client):
    answer = openai_client.responses.create(
        model="tiny", input="Yes?", temperature=0, max_output_tokens=200, text=YES
    )
    assert answer.status == "completed"
    assert isinstance(json.loads(answer.output_text)["ok"], bool)


def test_a_packed_body_is_read(server):
    body = json.dumps({"model": "tiny", "input": "Hi", **SHORT}).encode()
    packed = zstandard.compress(body)
    status, _, answer = server.request("POST", "/v1/responses", packed, {"Content-Encoding": "zstd"})
    assert status == 200, answer
    assert json.loads(answer)["object"] == "response"
    status, _, answer = server.request("POST", "/v1/responses", packed[:-3], {"Content-Encoding": "zstd"})
    assert status == 400 and b"no valid zstd data" in answer


def test_nothing_is_stored_and_that_is_said(openai_client):
    with pytest.raises(openai.BadRequestError, match="previous_response_id"):
        openai_client.responses.create(model="tiny", input="Hi", previous_response_id="resp_1")
    with pytest.raises(openai.NotFoundError):
        openai_client.responses.create(model="none", input="Hi")
