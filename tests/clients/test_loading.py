"""What is told while a model loads, and several runners of one model: a server of its own."""
import json
import threading
import time

import ollama
import pytest
from conftest import GREEDY, MODELS, install
from harness import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    settings = {"MOAT_REPLICAS": "2", "OLLAMA_NUM_PARALLEL": "1", "OLLAMA_MAX_QUEUE": "8",
                "OLLAMA_SCHED_SPREAD": "1", "OLLAMA_GPU_OVERHEAD": "1073741824"}
    with Server(tmp_path_factory.mktemp("loading") / "moat", environment=settings) as running:
        running.url = f"http://127.0.0.1:{running.port}"
        install(ollama.Client(host=running.url), "tiny", MODELS / "tiny-chat.gguf", parameters={"num_ctx": 2048})
        yield running
        assert running.alive(), running.log()
        assert "OLLAMA_" not in running.log()  # none of these variables is without effect


@pytest.fixture(scope="module")
def client(server):
    return ollama.Client(host=server.url, timeout=120)


def lines_of(server, path, body):
    status, headers, text = server.request("POST", path, body, timeout=120)
    assert (status, headers["Content-Type"]) == (200, "application/x-ndjson")
    return [json.loads(line) for line in text.splitlines()]


CHAT = {"model": "tiny", "messages": [{"role": "user", "content": "hi"}], "options": GREEDY}
GENERATE = {"model": "tiny", "prompt": "hi", "options": GREEDY}


@pytest.mark.parametrize("path, body", [
    ("/api/chat", CHAT), ("/api/generate", GENERATE), ("/api/generate", {"model": "tiny"})])
def test_the_stream_tells_how_far_the_load_is(server, client, path, body):
    client.generate(model="tiny", keep_alive=0)
    lines = lines_of(server, path, {**body, "load_progress": True})
    told = [line for line in lines if "status" in line]
    assert told and lines[:len(told)] == told
    total = (MODELS / "tiny-chat.gguf").stat().st_size
    assert {(line["status"], line["total"], line["done"]) for line in told} == {("loading model", total, False)}
    completed = [line["completed"] for line in told]
    assert completed == sorted(completed) and completed[0] == 0 and completed[-1] <= total
    assert lines[-1]["done"] and len(lines) > len(told)
    # Loaded, there is nothing more to tell.
    if "load" != lines[-1]["done_reason"]:
        again = lines_of(server, path, {**body, "load_progress": True})
        assert not [line for line in again if "status" in line]


def test_clients_that_do_not_ask_are_told_nothing(server, client):
    client.generate(model="tiny", keep_alive=0)
    assert not [line for line in lines_of(server, "/api/chat", CHAT) if "status" in line]


def test_an_official_client_is_not_disturbed_by_it(server, client):
    client.generate(model="tiny", keep_alive=0)
    pieces = [ollama.ChatResponse(**line) for line in lines_of(server, "/api/chat", {**CHAT, "load_progress": True})]
    assert pieces[0].message.content == "" and pieces[-1].done


def eventually(holds, seconds=60):
    deadline = time.monotonic() + seconds
    while not (value := holds()):
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.02)
    return value


class Talking:
    """A stream that goes on until `leave`, which all of a test share: one may wait for another's end."""

    def __init__(self, url, leave):
        self.begun = threading.Event()
        self.leave = leave
        self.thread = threading.Thread(target=self.run, args=[ollama.Client(host=url, timeout=120)])
        self.thread.start()

    def run(self, client):
        for _ in client.generate(model="tiny", prompt="x", stream=True, options={"num_predict": 100_000}):
            self.begun.set()
            if self.leave.is_set():
                return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.leave.set()
        self.thread.join()


def replicas(server):
    models = server.json("GET", "/api/ps")[1]["models"]
    return models[0]["replicas"] if models else []


def test_where_requests_wait_another_runner_takes_the_next(server, client):
    client.generate(model="tiny", keep_alive="5m")
    assert replicas(server) == [{"gpus": [], "busy": 0, "queued": 0}]
    leave = threading.Event()
    with Talking(server.url, leave) as first:
        assert first.begun.wait(60)
        with Talking(server.url, leave):  # waits for the first: this is what a second runner is started for
            eventually(lambda: len(replicas(server)) == 2)
            with Talking(server.url, leave) as third:
                assert third.begun.wait(60)
                assert [one["busy"] for one in replicas(server)] == [1, 1]
                assert [one["queued"] for one in replicas(server)] == [1, 0]
                assert server.json("GET", "/api/ps")[1]["models"][0]["slots"] == 2
    eventually(lambda: all(one["busy"] + one["queued"] == 0 for one in replicas(server)))
    client.generate(model="tiny", keep_alive=0)
    eventually(lambda: not replicas(server))
