"""The demo's questions, asked of the real server without a chat model: it must quote the right document,
and say so where the documents do not answer. Once with the embedding model of the demo, once by
keywords alone."""

import json
import os
import pathlib
import re
import signal
import subprocess
import urllib.request

import pytest

BINARY = os.environ["MOAT_BINARY"]
EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
# What a person would accept. Below it the demo embarrasses us.
RIGHT_DOCUMENT = 0.95
RIGHT_WORDS = 0.85


class Server:
    def __init__(self, data):
        self.process = subprocess.Popen(
            [BINARY, "serve", "--data", str(data), "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, text=True,
        )
        line = self.process.stdout.readline()
        self.url = re.search(r"ready on (http://\S+)", line).group(1)

    def run(self, *words):
        environment = os.environ | {"MOAT_HOST": self.url}
        subprocess.run(
            [BINARY, *words], env=environment, check=True, capture_output=True, timeout=300
        )

    def ask(self, question):
        request = urllib.request.Request(
            f"{self.url}/api/kb/demo/ask",
            data=json.dumps({"question": question, "stream": False}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=120) as response:
            return json.load(response)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


@pytest.fixture(params=["keywords", "vectors"])
def server(request, tmp_path):
    minilm = os.environ.get("MOAT_MINILM")
    if request.param == "vectors" and not minilm:
        pytest.skip("the embedding model of the demo cannot be had here")
    started = Server(tmp_path / "data")
    try:
        if request.param == "vectors":
            started.run("create", "all-minilm", "-f", f"{minilm}/Modelfile")
        started.run("kb", "add", "demo", str(EXAMPLES / "documents"))
        yield started
    finally:
        started.stop()


def questions():
    lines = (EXAMPLES / "questions.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return [line.split("\t") for line in lines]


def test_the_documents_answer_what_they_can(server):
    answerable = [row for row in questions() if row[1] != "-"]
    documents, words, missed = 0, 0, []
    for question, document, expected in answerable:
        answer = server.ask(question)
        cited = [s["document"] for s in answer["sources"] if s["index"] in answer["citations"]]
        right = document in cited
        said = expected in re.sub(r"\s+", " ", answer["answer"])
        documents += right
        words += right and said
        if not (right and said):
            missed.append(f"{question} -> {answer['mode']} {cited}: {answer['answer'][:200]}")
    print("\n".join(missed))
    assert documents >= RIGHT_DOCUMENT * len(answerable)
    assert words >= RIGHT_WORDS * len(answerable)


def test_what_the_documents_do_not_say_is_not_made_up(server):
    for question, document, _ in questions():
        if document == "-":
            answer = server.ask(question)
            assert answer["mode"] == "nothing_found", f"{question}: {answer['answer']}"
            assert answer["sources"] == []
