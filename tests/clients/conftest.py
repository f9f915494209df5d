"""One real server for all tests of this folder, with the tiny models of the tests installed."""
import hashlib
import os
import pathlib
import re
import sys

import anthropic
import ollama
import openai
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "server"))
from harness import Server  # noqa: E402  (the path comes first)

MODELS = pathlib.Path(os.environ["MOAT_TEST_MODELS"])


def upload(client, path):
    digest = "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
    assert client.create_blob(path) == digest
    return digest


def install(client, name, path, **more):
    answer = client.create(model=name, files={path.name: upload(client, path)}, **more)
    assert answer.status == "success"


# ChatML, with functions told in the system message and called in JSON.
TOOLS_TEMPLATE = (
    "{{ if .Tools }}<|im_start|>system\nFunctions: {{ range .Tools }}{{ json .Function }}\n{{ end }}<|im_end|>\n{{ end }}"
    "{{ range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}"
    "{{ range .ToolCalls }}{\"name\": \"{{ .Function.Name }}\", \"arguments\": {{ json .Function.Arguments }}}{{ end }}"
    "<|im_end|>\n{{ end }}<|im_start|>assistant\n"
)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("clients") / "moat") as running:
        running.url = f"http://127.0.0.1:{running.port}"
        client = ollama.Client(host=running.url)
        install(client, "tiny", MODELS / "tiny-chat.gguf", parameters={"num_ctx": 2048})
        client.create(model="tools", from_="tiny", template=TOOLS_TEMPLATE)
        install(client, "encoder", MODELS / "tiny-embed.gguf")
        install(client, "ranker", MODELS / "tiny-rerank.gguf")
        yield running
        assert running.alive(), running.log()


@pytest.fixture(scope="session")
def client(server):
    return ollama.Client(host=server.url, timeout=120)


@pytest.fixture(scope="session")
def openai_client(server):
    return openai.OpenAI(base_url=server.url + "/v1", api_key="unused", timeout=120, max_retries=0)


@pytest.fixture(scope="session")
def anthropic_client(server):
    return anthropic.Anthropic(base_url=server.url, api_key="unused", timeout=120, max_retries=0)


# Always the same answer, and a short one.
GREEDY = {"temperature": 0, "seed": 1, "num_predict": 24}


def settled(call):
    """What `call` returns the second time: the prompt is in the runner's cache by then, and stays there.

    The weights are random, so the best tokens are nearly as good as the next: the rounding of a batch
    of another size may choose another, and with it another text.
    """
    call()
    return call()


def stop_within(text):
    """Three letters from the middle of `text`, or later: of its words, not of bytes that are no text."""
    middle = len(text) // 2
    words = re.search(r"[A-Za-z]{3}", text[middle:]) or re.search(r"[A-Za-z]{3}", text)
    assert words, f"no words in {text!r}"
    return words.group()
