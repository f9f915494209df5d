"""What people who wrote about Ollama tell their readers to run, run against our server.

The documents are shared data, read when the test runs; a block of theirs is found by its first and last words.
Where one names a model that would be downloaded, there is a model of that name here; addresses are ours; what lost
its indentation gets it back. Blocks about a package that has moved since use its successor.
"""
import asyncio
import contextlib
import io
import json
import os
import pathlib
import re
import subprocess
import time

import ollama
import pytest

SEEDS = pathlib.Path(os.environ.get("MOAT_SHARED", "nowhere")) / "seeds"
pytestmark = pytest.mark.skipif(not SEEDS.is_dir(), reason="no shared documents (MOAT_SHARED)")
ADDRESS = "http://localhost:11434"
CHAT_MODELS = ("llama3.2:latest", "codeqwen:7b", "deepseek:7b-q4_k_m")


@pytest.fixture(scope="module")
def address(server):
    client = ollama.Client(host=server.url)
    for name in CHAT_MODELS:
        client.create(model=name, from_="tiny", parameters={"num_predict": 4, "num_ctx": 512})
    client.copy("encoder", "nomic-embed-text")
    return server.url


def documents():
    return [path.read_text(encoding="utf-8") for path in sorted(SEEDS.glob("*.txt"))]


def block(first, last):
    """The lines from the first that contains `first` to the next that contains `last`, of any document."""
    for text in documents():
        lines = text.splitlines()
        for begin, line in enumerate(lines):
            if first not in line:
                continue
            for end in range(begin, len(lines)):
                if last in lines[end]:
                    return lines[begin : end + 1]
    raise AssertionError(f"no document has a block from {first!r} to {last!r}")


def curl_commands():
    """Every curl command for an Ollama, with the lines its quotes or backslashes continue on."""
    found = []
    for text in documents():
        lines = text.splitlines()
        for i, line in enumerate(lines):
            at = line.find("curl ")
            if at < 0 or ADDRESS not in "".join(lines[i : i + 1]):
                continue
            command, rest = line[at:], i + 1
            while command.count("'") % 2 == 1 or command.endswith("\\"):
                command += "\n" + lines[rest]
                rest += 1
            found.append(command)
    return found


def run(command, address):
    # What follows in the same line is the document's own script around it.
    command = re.split(r"[;|>]", command)[0] if "'" not in command else command
    command = command.replace(ADDRESS, address).replace("curl ", "curl -sS --max-time 120 ", 1)
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_curl_command_is_answered(address):
    commands = curl_commands()
    assert len(commands) >= 6
    asked = set()
    for command in commands:
        answer = run(command, address)
        path = re.search(re.escape(ADDRESS) + r"(\S*)", command).group(1)
        asked.add(path)
        if path == "/api/version":
            assert re.match(r"\d+\.\d+", json.loads(answer)["version"])
        elif "-d" not in command:  # a health check that sends nothing
            assert answer.startswith("405")
        else:
            parts = [json.loads(line) for line in answer.splitlines()]
            assert parts[-1]["done"] and parts[-1]["eval_count"] == 4
            assert (len(parts) == 1) == ('"stream": false' in command)
            text = "response" if path == "/api/generate" else "message"
            assert all(text in part for part in parts)
    assert asked >= {"/api/version", "/api/generate", "/api/chat"}


def indented(lines, levels):
    return "\n".join("    " * level + line for line, level in zip(lines, levels, strict=True))


def test_the_function_with_retries(address):
    lines = block("import requests", "All retry attempts failed")
    levels = [0, 0, 0, 0, 1, 2, 3, 4, 4, 5, 5, 5, 4, 4, 3, 3, 3, 2, 3, 2, 3, 2, 3, 1]
    names = {}
    exec(indented(lines, levels).replace(ADDRESS, address), names)  # noqa: S102  (that is the test)
    assert isinstance(names["ollama_chat"]("Hello"), str)
    time_of = time.monotonic()
    with pytest.raises(Exception, match="All retry attempts failed"):
        names["ollama_chat"]("Hello", model="none", max_retries=1)
    assert time.monotonic() - time_of < 30


def test_langchain_invokes_streams_and_embeds(address):
    lines = block("from langchain_community.llms import Ollama", "向量维度")
    code = "\n".join(
        ("    " if above.endswith(":") else "") + line for above, line in zip(["", *lines], lines, strict=False)
    )
    code = code.replace("langchain_community.llms import Ollama", "langchain_ollama import OllamaLLM as Ollama")
    code = code.replace("langchain_community.embeddings", "langchain_ollama").replace(ADDRESS, address)
    code = code.replace("num_ctx=4096", "num_ctx=512")
    body = "\n".join("    " + line for line in code.splitlines())
    names, printed = {}, io.StringIO()
    exec(f"async def main():\n{body}\n    return response, vector\n", names)  # noqa: S102  (that is the test)
    with contextlib.redirect_stdout(printed):
        response, vector = asyncio.run(names["main"]())
    assert response in printed.getvalue() and len(vector) == 64
    assert f": {len(vector)}" in printed.getvalue()


def test_documents_are_embedded_in_batches(address):
    """The import and the engine of the third document, without its data base: that part is ours to do."""
    lines = block("class RAGEngine", "yield chunk")
    prompt = re.search(r'template="""(.*?)"""', "\n".join(lines), re.DOTALL).group(1)
    from langchain_core.prompts import PromptTemplate
    from langchain_ollama import OllamaEmbeddings, OllamaLLM

    embeddings = OllamaEmbeddings(model="nomic-embed-text", base_url=address)
    assert len(embeddings.embed_documents(["one", "two", "three"])) == 3
    template = PromptTemplate(template=prompt, input_variables=["context", "question"])
    llm = OllamaLLM(model="llama3.2:latest", base_url=address, temperature=0.7)
    assert llm.invoke(template.format(context="A", question="B?"))


def test_a_gateway_passes_requests_on(address):
    """The Flask gateway's request to Ollama: what it forwards, and what it reads of the answer."""
    import requests

    lines = block("def proxy_generate", "return response.json()")
    url = next(line for line in lines if ADDRESS in line).strip().strip('",').replace(ADDRESS, address)
    answer = requests.post(url, json={"model": "codeqwen:7b", "prompt": "Hi", "stream": False}, timeout=120)
    assert answer.json()["done"] is True


def test_a_chat_object_of_the_python_package(address):
    """`Chat` was never in the package; what its users do with the answer is OpenAI's form, which /v1 has."""
    text = "".join(documents())
    model = re.search(r'Chat\(model="([^"]+)"\)', text).group(1)
    import openai

    client = openai.OpenAI(base_url=address + "/v1", api_key="unused", timeout=120)
    answer = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "Hi"}], max_tokens=4
    ).model_dump()
    assert isinstance(answer["choices"][0]["message"]["content"], str)
