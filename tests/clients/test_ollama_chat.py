"""POST /api/chat through the official Python clients, plain and asynchronous."""
import asyncio
import concurrent.futures
import json

import ollama
import pytest
from conftest import GREEDY, settled

QUESTION = [{"role": "user", "content": "Why is the sky blue?"}]


def test_answers_whole_and_in_pieces_with_the_same_text(client):
    whole = settled(lambda: client.chat(model="tiny", messages=QUESTION, options=GREEDY))
    assert whole.message.role == "assistant"
    assert whole.message.content
    assert whole.done_reason == "length" and whole.eval_count == 24

    pieces = list(client.chat(model="tiny", messages=QUESTION, options=GREEDY, stream=True))
    assert all(piece.message.role == "assistant" for piece in pieces)
    assert "".join(piece.message.content for piece in pieces) == whole.message.content
    assert pieces[-1].done and not any(piece.done for piece in pieces[:-1])


def test_the_asynchronous_client_streams_too(server):
    async def collect():
        stream = await ollama.AsyncClient(host=server.url).chat(
            model="tiny", messages=QUESTION, options=GREEDY, stream=True
        )
        return [part async for part in stream]

    parts = asyncio.run(collect())
    assert parts[-1].done and parts[-1].eval_count == 24


def test_a_conversation_goes_on(client):
    first = client.chat(model="tiny", messages=QUESTION, options=GREEDY)
    messages = [*QUESTION, first.message, {"role": "user", "content": "And at night?"}]
    second = client.chat(model="tiny", messages=messages, options=GREEDY)
    assert second.prompt_eval_count > first.prompt_eval_count


def test_a_schema_of_pydantic_fields_is_kept(client):
    schema = {
        "type": "object",
        "properties": {"age": {"type": "integer", "enum": [1, 2]}, "ok": {"type": "boolean"}},
        "required": ["age", "ok"],
    }
    options = {"temperature": 0, "num_predict": 200}
    answer = client.chat(model="tiny", messages=QUESTION, format=schema, options=options)
    value = json.loads(answer.message.content)
    assert value["age"] in (1, 2) and isinstance(value["ok"], bool)


def test_no_messages_load_the_model(client):
    answer = client.chat(model="tiny", messages=[])
    assert answer.done and answer.done_reason == "load"
    assert answer.message.content == ""


def test_what_a_model_cannot_do_is_said(client):
    def add(a: int, b: int) -> int:
        """Add two numbers"""
        return a + b

    with pytest.raises(ollama.ResponseError, match="does not support tools") as error:
        client.chat(model="tiny", messages=QUESTION, tools=[add])
    assert error.value.status_code == 400
    with pytest.raises(ollama.ResponseError, match='"tiny" does not support thinking') as error:
        client.chat(model="tiny", messages=QUESTION, think=True)
    assert error.value.status_code == 400
    with pytest.raises(ollama.ResponseError, match='"encoder" does not support chat') as error:
        client.chat(model="encoder", messages=QUESTION)
    assert error.value.status_code == 400


def test_a_go_template_sees_tools_and_messages(client, server):
    template = (
        "{{ range .Messages }}<{{ .Role }}>{{ .Content }}{{ range .ToolCalls }}"
        "<call>{{ json .Function }}{{ end }}{{ end }}{{ range .Tools }}[{{ .Function.Name }}]{{ end }}<assistant>"
    )
    client.create(model="templated", from_="tiny", template=template, system="Short.")
    tool = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}}
    status, answer = server.json(
        "POST", "/api/chat",
        {"model": "templated", "messages": QUESTION, "tools": [tool], "_debug_render_only": True},
    )
    assert status == 200
    assert answer["_debug_info"]["rendered_template"] == (
        "<system>Short.<user>Why is the sky blue?[get_weather]<assistant>"
    )
    assert "tools" in client.show("templated").capabilities
    answer = client.chat(model="templated", messages=QUESTION, tools=[tool], options=GREEDY)
    assert answer.done


def test_a_long_conversation_loses_its_oldest_turns(client):
    turn = "word " * 60
    messages = [{"role": "user" if i % 2 == 0 else "assistant", "content": turn} for i in range(41)]
    options = GREEDY | {"num_ctx": 512, "num_predict": 4}
    answer = client.chat(model="tiny", messages=messages, options=options)
    assert answer.done and 60 < answer.prompt_eval_count < 512


def test_many_chats_at_once_get_their_own_answers(client):
    alone = [
        client.chat(model="tiny", messages=[{"role": "user", "content": f"Count to {i}"}], options=GREEDY)
        for i in range(6)
    ]

    def ask(i):
        return client.chat(
            model="tiny", messages=[{"role": "user", "content": f"Count to {i}"}], options=GREEDY
        )

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        together = list(pool.map(ask, range(6)))
    for one, other in zip(alone, together):
        assert other.eval_count == one.eval_count
        assert other.prompt_eval_count == one.prompt_eval_count
        assert other.message.content
