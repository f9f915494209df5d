"""LangChain's and LlamaIndex's classes for Ollama, each doing what its documentation shows."""
import asyncio
import json
import math

import pytest
from langchain_ollama import ChatOllama, OllamaEmbeddings, OllamaLLM
from llama_index.core.llms import ChatMessage
from llama_index.embeddings.ollama import OllamaEmbedding
from llama_index.llms.ollama import Ollama
from pydantic import BaseModel
from tools import CALL, check_arguments

SHORT = {"temperature": 0, "seed": 1, "num_predict": 6}


class Yes(BaseModel):
    ok: bool


def sky(day: bool) -> str:
    """The colour of the sky."""
    return "blue" if day else "black"


@pytest.fixture(scope="module")
def chat(server):
    return ChatOllama(model="tiny", base_url=server.url, **SHORT)


def test_langchain_chats_whole_in_pieces_and_at_once(chat):
    messages = [("system", "You translate English to French."), ("human", "I love programming.")]
    chat.invoke(messages)
    whole = chat.invoke(messages)
    assert whole.content and whole.response_metadata["done_reason"] == "length"
    assert whole.usage_metadata["output_tokens"] == 6
    assert "".join(chunk.content for chunk in chat.stream(messages)) == whole.content

    async def collect():
        return "".join([chunk.content async for chunk in chat.astream(messages)])

    assert asyncio.run(collect()) == whole.content
    assert len(chat.batch([messages, messages, messages])) == 3


def test_langchain_keeps_a_schema(server):
    model = ChatOllama(model="tiny", base_url=server.url, temperature=0, num_predict=60)
    answer = model.with_structured_output(Yes, method="json_schema").invoke("Yes?")
    assert isinstance(answer, Yes)


def test_langchain_binds_tools(server):
    model = ChatOllama(model="tools", base_url=server.url, temperature=0, num_predict=100, format=CALL)
    answer = model.bind_tools([sky]).invoke("What colour is the sky?")
    (call,) = answer.tool_calls
    assert call["name"] == "sky" and call["id"]
    check_arguments(call["args"])


def test_langchain_completes(server):
    llm = OllamaLLM(model="tiny", base_url=server.url, num_ctx=2048, **SHORT)
    llm.invoke("The first man on the moon was")
    whole = llm.invoke("The first man on the moon was")
    assert whole
    assert "".join(llm.stream("The first man on the moon was")) == whole


def test_langchain_embeds(server):
    embeddings = OllamaEmbeddings(model="encoder", base_url=server.url)
    one = embeddings.embed_query("The meaning of life is 42")
    many = embeddings.embed_documents(["The meaning of life is 42", "Another text"])
    assert len(many) == 2 and many[0] == pytest.approx(one, abs=1e-5)
    assert math.sqrt(sum(x * x for x in one)) == pytest.approx(1, abs=1e-4)
    assert asyncio.run(embeddings.aembed_query("Another text")) == pytest.approx(many[1], abs=1e-5)


@pytest.fixture(scope="module")
def llama_index(server):
    return Ollama(
        model="tiny", base_url=server.url, request_timeout=120, context_window=2048,
        additional_kwargs={"num_predict": 6, "seed": 1}, temperature=0,
    )


def test_llama_index_completes_and_chats(llama_index):
    llama_index.complete("Who is Paul Graham?")
    whole = llama_index.complete("Who is Paul Graham?")
    assert whole.text
    assert [piece.text for piece in llama_index.stream_complete("Who is Paul Graham?")][-1] == whole.text
    messages = [ChatMessage(role="system", content="You are a pirate."), ChatMessage(role="user", content="Your name?")]
    llama_index.chat(messages)
    answer = llama_index.chat(messages)
    assert answer.message.role == "assistant" and answer.message.content
    streamed = "".join(piece.delta for piece in llama_index.stream_chat(messages))
    assert streamed == answer.message.content
    assert asyncio.run(llama_index.achat(messages)).message.content == answer.message.content


def test_llama_index_asks_for_json(server):
    model = Ollama(
        model="tiny", base_url=server.url, request_timeout=120, context_window=2048, temperature=0,
        additional_kwargs={"num_predict": 60, "format": Yes.model_json_schema()},
    )
    answer = model.chat([ChatMessage(role="user", content="Yes?")])
    text = answer.message.content
    assert text  # the request's options are Ollama's own names
    model = Ollama(model="tiny", base_url=server.url, request_timeout=120, context_window=2048, temperature=0)
    parsed = model.as_structured_llm(Yes).complete("Yes?")
    assert isinstance(Yes.model_validate(json.loads(parsed.text)).ok, bool)


def test_llama_index_embeds(server):
    model = OllamaEmbedding(model_name="encoder", base_url=server.url)
    one = model.get_text_embedding("Some text")
    many = model.get_text_embedding_batch(["Some text", "Another"])
    assert len(one) == 64 and many[0] == pytest.approx(one, abs=1e-5)
    assert len(model.get_query_embedding("Where is blue?")) == 64
