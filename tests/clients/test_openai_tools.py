"""Tools, structured output and several answers through the official OpenAI client."""
import json
import pathlib
import re
from typing import Literal

import openai
import pydantic
import pytest
from conftest import MODELS, install
from gguf_files import write_with_template
from tools import ASK, CALL, SKY, check_arguments

FORMAT = {"type": "json_schema", "json_schema": {"name": "call", "schema": CALL}}
SHORT = {"temperature": 0, "seed": 1, "max_tokens": 6}


def test_a_named_tool_is_called_and_its_result_goes_back(openai_client):
    choice = {"type": "function", "function": {"name": "sky"}}
    other = {"type": "function", "function": {"name": "other", "parameters": {"type": "object", "properties": {}}}}
    tools = [other, SKY]
    answer = openai_client.chat.completions.create(
        model="tools", messages=ASK, tools=tools, tool_choice=choice, temperature=0, max_tokens=100,
        parallel_tool_calls=False, response_format=FORMAT,
    )
    choice = answer.choices[0]
    assert choice.finish_reason == "tool_calls"
    (call,) = choice.message.tool_calls
    assert call.type == "function" and call.function.name == "sky" and call.id
    check_arguments(json.loads(call.function.arguments))

    messages = [*ASK, choice.message, {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    second = openai_client.chat.completions.create(model="tools", messages=messages, tools=[SKY], **SHORT)
    assert second.usage.prompt_tokens > answer.usage.prompt_tokens


def test_calls_stream_as_deltas(openai_client):
    stream = openai_client.chat.completions.create(
        model="tools", messages=ASK, tools=[SKY], tool_choice="required", temperature=0, max_tokens=100,
        parallel_tool_calls=False, response_format=FORMAT, stream=True,
    )
    name, arguments, ids, reasons = "", "", [], []
    for chunk in stream:
        choice = chunk.choices[0]
        reasons.append(choice.finish_reason)
        for call in choice.delta.tool_calls or []:
            assert call.index == 0
            ids += [call.id] if call.id else []
            name += call.function.name or ""
            arguments += call.function.arguments or ""
    assert name == "sky" and len(ids) == 1 and reasons[-1] == "tool_calls"
    check_arguments(json.loads(arguments))


@pytest.fixture(scope="session")
def jinja_model(client, tmp_path_factory):
    """A model without a Go template, whose own Jinja template knows tools: Qwen2.5's."""
    formats = pathlib.Path(__file__).parent.parent / "models/chat_formats/qwen2.5.txt"
    template = re.search(r"^--- jinja\n(.*?)^--- ", formats.read_text(), re.M | re.S).group(1).rstrip("\n")
    path = tmp_path_factory.mktemp("jinja") / "jinja.gguf"
    write_with_template(MODELS / "tiny-chat.gguf", path, template)
    install(client, "jinja", path, template="", parameters={"num_ctx": 2048})
    assert "tools" in client.show("jinja").capabilities
    return "jinja"


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "sky"}}])
def test_a_jinja_template_calls_the_tool_that_must_be_called(openai_client, jinja_model, choice):
    answer = openai_client.chat.completions.create(
        model=jinja_model, messages=ASK, tools=[SKY], tool_choice=choice, temperature=0, max_tokens=200,
        parallel_tool_calls=False,
    )
    (call,) = answer.choices[0].message.tool_calls
    assert answer.choices[0].finish_reason == "tool_calls" and call.function.name == "sky"
    check_arguments(json.loads(call.function.arguments))


def test_no_tools_are_called_when_none_may_be(openai_client):
    answer = openai_client.chat.completions.create(
        model="tools", messages=ASK, tools=[SKY], tool_choice="none", **SHORT
    )
    assert answer.choices[0].message.tool_calls is None
    assert answer.choices[0].finish_reason == "length"


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"tool_choice": "perhaps", "tools": [SKY]}, "'tool_choice' must be"),
        ({"tool_choice": "required"}, "there are no 'tools'"),
        ({"tool_choice": {"type": "function", "function": {"name": "x"}}, "tools": [SKY]}, "not in 'tools'"),
        ({"n": 0}, "'n' must be between"),
        ({"logit_bias": [1]}, "'logit_bias' must be"),
        ({"reasoning_effort": "much"}, "invalid reasoning value: 'much'"),
    ],
)
def test_what_is_wrong_is_named(openai_client, wrong, message):
    with pytest.raises(openai.BadRequestError, match=message):
        openai_client.chat.completions.create(model="tools", messages=ASK, **wrong)


class Answer(pydantic.BaseModel):
    colour: Literal["red", "blue"]
    sure: bool


def test_structured_output_is_parsed(openai_client):
    answer = openai_client.chat.completions.parse(
        model="tiny", messages=ASK, response_format=Answer, temperature=0, max_tokens=100
    )
    parsed = answer.choices[0].message.parsed
    assert isinstance(parsed, Answer) and parsed.colour in ("red", "blue")


def test_several_answers_whole_and_in_pieces(openai_client):
    request = {"model": "tiny", "messages": ASK, "n": 3, "temperature": 1.5, "seed": 7, "max_tokens": 6}
    whole = openai_client.chat.completions.create(**request)
    assert [choice.index for choice in whole.choices] == [0, 1, 2]
    texts = [choice.message.content for choice in whole.choices]
    assert len(set(texts)) == 3  # the seed is of the request, not of each answer
    assert whole.usage.completion_tokens == 18
    texts, roles = ["", "", ""], [0, 0, 0]
    for chunk in openai_client.chat.completions.create(stream=True, **request):
        choice = chunk.choices[0]
        texts[choice.index] += choice.delta.content or ""
        roles[choice.index] += choice.delta.role is not None
    assert roles == [1, 1, 1] and all(texts)


def test_completions_of_several_prompts(openai_client):
    answer = openai_client.completions.create(
        model="tiny", prompt=["Once upon", "The end"], n=2, echo=True, temperature=0, max_tokens=4, logprobs=2
    )
    assert [choice.index for choice in answer.choices] == [0, 1, 2, 3]
    assert [choice.text[:9] for choice in answer.choices] == ["Once upon"] * 2 + ["The end" + c.text[7:9] for c in answer.choices[2:]]
    assert answer.usage.completion_tokens == 16
    logprobs = answer.choices[0].logprobs
    assert len(logprobs.tokens) == len(logprobs.token_logprobs) == len(logprobs.text_offset) == 4
    assert logprobs.text_offset[0] == len("Once upon")
    assert all(len(top) == 2 for top in logprobs.top_logprobs)
    assert logprobs.token_logprobs[0] == pytest.approx(max(logprobs.top_logprobs[0].values()), abs=1e-4)


def test_options_beyond_the_standard_are_heard(openai_client):
    ask = lambda **more: openai_client.chat.completions.create(  # noqa: E731
        model="tiny", messages=ASK, temperature=2, seed=3, max_tokens=6, extra_body=more
    ).choices[0].message.content
    # Of one candidate the same is taken at any temperature.
    assert ask(top_k=1) == ask(options={"top_k": 1}) == ask(top_k=1, seed=9)
    assert ask(top_k=1) != ask()
    with pytest.raises(openai.BadRequestError, match='option "top_k" must be of type integer'):
        ask(top_k="one")


def test_cached_tokens_are_reported(openai_client):
    messages = [{"role": "user", "content": "Tell me of the sea. " * 20}]
    first = openai_client.chat.completions.create(model="tiny", messages=messages, **SHORT)
    again = openai_client.chat.completions.create(model="tiny", messages=messages, **SHORT)
    assert first.usage.prompt_tokens == again.usage.prompt_tokens
    assert 0 < again.usage.prompt_tokens_details.cached_tokens < again.usage.prompt_tokens
