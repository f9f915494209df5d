"""POST /api/generate through the official Python client."""
import base64
import json

import ollama
import pytest
from conftest import GREEDY, settled, stop_within


def test_answers_whole_and_in_pieces_with_the_same_text(client):
    whole = settled(lambda: client.generate(model="tiny", prompt="Why is the sky blue?", options=GREEDY))
    assert whole.done and whole.done_reason == "length"
    assert whole.eval_count == 24
    assert whole.prompt_eval_count > 0
    assert whole.total_duration >= whole.eval_duration > 0
    assert whole.response

    pieces = list(client.generate(model="tiny", prompt="Why is the sky blue?", options=GREEDY, stream=True))
    assert len(pieces) > 1
    assert [piece.done for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert "".join(piece.response for piece in pieces) == whole.response
    assert pieces[-1].eval_count == 24


def test_context_carries_an_answer_on(client):
    first = client.generate(model="tiny", prompt="One", options=GREEDY)
    assert len(first.context) == first.prompt_eval_count + first.eval_count
    second = client.generate(model="tiny", prompt="Two", context=first.context, options=GREEDY)
    assert second.prompt_eval_count > first.prompt_eval_count + first.eval_count
    assert list(second.context[: len(first.context)]) == list(first.context)


def test_raw_prompts_are_not_rendered(client):
    raw = client.generate(model="tiny", prompt="One two three", raw=True, options=GREEDY)
    assert raw.prompt_eval_count == 3
    assert raw.context is None
    with pytest.raises(ollama.ResponseError, match="raw mode does not support template, system, or context") as error:
        client.generate(model="tiny", prompt="x", raw=True, system="y")
    assert error.value.status_code == 400


def test_a_stop_string_ends_the_answer_before_it(client):
    text = settled(lambda: client.generate(model="tiny", prompt="Tell me", options=GREEDY)).response
    stop = stop_within(text)
    stopped = client.generate(model="tiny", prompt="Tell me", options=GREEDY | {"stop": [stop]})
    assert stopped.done_reason == "stop"
    assert stopped.response == text[: text.index(stop)]


def test_the_same_seed_gives_the_same_answer(client):
    def answer(seed):
        options = {"temperature": 1.5, "seed": seed, "num_predict": 16}
        return client.generate(model="tiny", prompt="Say something", options=options).response

    assert settled(lambda: answer(7)) == answer(7)
    assert len({answer(seed) for seed in range(1, 6)}) > 1


def test_a_format_is_kept(client):
    schema = {
        "type": "object",
        "properties": {"answer": {"type": "boolean"}, "kind": {"enum": ["a", "b"]}},
        "required": ["answer", "kind"],
    }
    options = {"temperature": 0, "num_predict": 200}
    answer = client.generate(model="tiny", prompt="Yes?", format=schema, options=options)
    value = json.loads(answer.response)
    assert isinstance(value["answer"], bool) and value["kind"] in ("a", "b")
    assert answer.done_reason == "stop"


def test_logprobs_come_with_every_token(client, server):
    answer = client.generate(model="tiny", prompt="Hi", logprobs=True, top_logprobs=3, options=GREEDY)
    assert len(answer.logprobs) == answer.eval_count
    for entry in answer.logprobs:
        assert entry.logprob <= 0
        assert len(entry.top_logprobs) == 3
        assert entry.top_logprobs[0].logprob == max(top.logprob for top in entry.top_logprobs)

    # The bytes, which the client leaves out, are those of the answer.
    asked = {"model": "tiny", "prompt": "Hi", "logprobs": True, "stream": False, "options": GREEDY}
    _, answer = server.json("POST", "/api/generate", asked)
    joined = b"".join(bytes(entry["bytes"]) for entry in answer["logprobs"])
    assert joined.decode(errors="ignore") in (answer["response"], answer["response"].rstrip("\N{REPLACEMENT CHARACTER}"))


def test_an_empty_prompt_loads_and_keep_alive_zero_unloads(client):
    loaded = client.generate(model="tiny")
    assert loaded.done_reason == "load" and loaded.response == ""
    running = client.ps().models
    assert "tiny:latest" in [model.name for model in running]
    gone = client.generate(model="tiny", keep_alive=0)
    assert gone.done_reason == "unload"
    assert "tiny:latest" not in [model.name for model in client.ps().models]
    assert client.generate(model="tiny", keep_alive=0).done_reason == "unload"


def test_images_are_refused_by_a_text_model(client):
    pixel = base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
    with pytest.raises(ollama.ResponseError, match="does not support vision") as error:
        client.generate(model="tiny", prompt="What is this?", images=[pixel])
    assert error.value.status_code == 400


def test_a_template_and_a_system_text_shape_the_prompt(client, server):
    _, answer = server.json(
        "POST", "/api/generate",
        {"model": "tiny", "prompt": "Hi", "system": "Be kind.", "_debug_render_only": True},
    )
    rendered = answer["_debug_info"]["rendered_template"]
    assert rendered == (
        "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    )
    _, answer = server.json(
        "POST", "/api/generate",
        {"model": "tiny", "prompt": "Hi", "system": "S", "template": "{{ .System }}|{{ .Prompt }}|",
         "_debug_render_only": True},
    )
    assert answer["_debug_info"]["rendered_template"] == "S|Hi|"
