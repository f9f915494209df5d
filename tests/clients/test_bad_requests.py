"""What a careless or hostile client sends costs it an error and the server nothing."""
import json
import os
import pathlib
import signal
import threading
import time

import ollama
import pytest
from conftest import GREEDY

ROUTES = ["/api/generate", "/api/chat", "/api/embed", "/api/embeddings", "/api/show", "/api/create", "/api/copy"]


@pytest.mark.parametrize("path", ROUTES)
def test_malformed_json_is_told_in_gos_words(server, path):
    for body, text in [
        ("", "missing request body"),
        ("{", "unexpected EOF"),
        ("nonsense", "invalid character 'o' in literal null (expecting 'u')"),
        ('{"model" "x"}', "invalid character '\"' after object key"),
    ]:
        status, headers, answer = server.request("POST", path, body)
        assert (status, json.loads(answer)) == (400, {"error": text})
        assert headers["Content-Type"] == "application/json; charset=utf-8"


def test_wrong_types_name_the_field(server):
    for path, body, text in [
        ("/api/generate", {"model": "tiny", "stream": "yes"},
         "json: cannot unmarshal string into Go struct field GenerateRequest.stream of type bool"),
        ("/api/generate", {"model": 5},
         "json: cannot unmarshal number into Go struct field GenerateRequest.model of type string"),
        ("/api/chat", {"model": "tiny", "messages": "hi"},
         "json: cannot unmarshal string into Go struct field ChatRequest.messages of type []api.Message"),
        ("/api/chat", {"model": "tiny", "messages": [{"role": "user", "content": "x"}], "options": {"seed": "x"}},
         'option "seed" must be of type integer'),
        ("/api/generate", [], "json: cannot unmarshal array into Go value of type api.GenerateRequest"),
    ]:
        status = 500 if text.startswith("option") else 400  # Ollama finds that one only at the model
        assert server.json("POST", path, body) == (status, {"error": text})


def test_an_oversized_body_is_refused_before_it_is_sent(server):
    head = (
        "POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: 1000000000\r\n\r\n{"
    )
    answer = server.raw(head.encode())
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"error"' in answer


def test_unknown_routes_and_methods(server):
    assert server.request("GET", "/api/nothing")[0] == 404
    assert server.request("GET", "/api/chat")[0] == 405


def runners(server):
    """Processes of loaded models: children of the server that run `moat runner`."""
    found = []
    for task in pathlib.Path(f"/proc/{server.process.pid}/task").iterdir():
        for pid in (task / "children").read_text().split():
            command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if b"runner" in command:
                found.append(int(pid))
    return found


def test_a_killed_runner_ends_its_request_and_the_next_loads_it_again(client, server):
    client.generate(model="tiny", keep_alive="5m")
    outcome = {}
    started = threading.Event()

    def ask():
        try:
            options = {"temperature": 1, "num_predict": 15000, "num_ctx": 2048}
            for part in client.generate(model="tiny", prompt="Go on", options=options, stream=True):
                started.set()
                outcome["last"] = part
        except ollama.ResponseError as error:
            outcome["error"] = error.error

    asking = threading.Thread(target=ask)
    asking.start()
    assert started.wait(60)
    victims = runners(server)
    assert victims
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    asking.join(60)
    assert "model runner has unexpectedly stopped" in outcome.get("error", "no error"), outcome

    again = client.generate(model="tiny", prompt="Hi", options=GREEDY)
    assert again.done and again.eval_count == 24
    assert server.alive()


def test_a_client_that_leaves_ends_its_generation(client, server):
    options = {"temperature": 1, "num_predict": 15000, "num_ctx": 2048}
    stream = client.generate(model="tiny", prompt="Go on", options=options, stream=True)
    next(stream)
    stream.close()

    # The runner is idle again long before 15,000 tokens could have been made.
    def cpu_ticks():
        ticks = 0
        for pid in runners(server):
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks

    for _ in range(100):
        before = cpu_ticks()
        time.sleep(0.2)
        if cpu_ticks() == before:
            break
    else:
        pytest.fail("the runner goes on for a client that left")
