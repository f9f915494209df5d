"""Names that stand for models, versions, and files used where they lie, on the real server."""
import os
import struct
import subprocess
import threading

import ollama
import pytest
from conftest import MODELS, install
from gguf_files import Head, text, write
from harness import BINARY, Server

ENCODER = MODELS / "tiny-embed.gguf"


def moat(server, *arguments):
    return subprocess.run(
        [BINARY, *arguments], env={**os.environ, "MOAT_HOST": server.url, "LC_ALL": "C"}, capture_output=True,
        text=True, timeout=120, check=False,
    )


def test_fifty_switches_under_traffic_fail_no_request(client, server):
    install(client, "ranker:1.0.0", ENCODER, system="one")
    install(client, "ranker:1.1.0", ENCODER, system="two")
    assert server.json("POST", "/api/alias", {"name": "ranked", "target": "ranker:1.0"})[1]["target"] == "ranker:1.0.0"
    # Both are loaded before: what is measured is the switch.
    for name in ("ranker:1.0.0", "ranker:1.1.0", "ranked"):
        client.embed(name, "text")
    wrong, served, end = [], [0], threading.Event()

    def ask():
        own = ollama.Client(host=server.url, timeout=120)
        while not end.is_set():
            try:
                assert len(own.embed("ranked", "text").embeddings[0]) == 64
                assert own.show("ranked").modelfile
                served[0] += 1
            except Exception as error:  # noqa: BLE001 (any failure is one too many)
                wrong.append(error)

    workers = [threading.Thread(target=ask) for _ in range(3)]
    for worker in workers:
        worker.start()
    for i in range(50):
        if i % 5 == 4:
            body = {"name": "ranked", "rollback": True}
        else:
            body = {"name": "ranked", "target": "ranker:1.1.0" if i % 2 == 0 else "ranker:1.0.0"}
        status, answer = server.json("POST", "/api/alias", body)
        assert status == 200, answer
    end.set()
    for worker in workers:
        worker.join(120)
    assert not wrong, wrong[0]
    assert served[0] > 0
    # A loaded model is the same under either name: nothing was loaded for the alias.
    assert {model.model for model in client.ps().models if "rank" in model.model} <= {"ranker:1.0.0", "ranker:1.1.0"}

    status, answer = server.json("GET", "/api/alias")
    assert [alias["name"] for alias in answer["aliases"]] == ["ranked:latest"]
    assert len(answer["aliases"][0]["history"]) > 2
    assert server.json("DELETE", "/api/alias", {"name": "ranked"})[0] == 204
    for tag in ("1.0.0", "1.1.0"):
        client.delete(f"ranker:{tag}")


def test_aliases_and_versions_by_hand(client, server):
    for tag in ("1.2.9", "1.2.10", "1.3.0-rc1"):
        client.copy("encoder", f"versioned:{tag}")
    assert client.show("versioned:1.2").modelfile.count("versioned:1.2.10")
    listed = moat(server, "list", "versioned").stdout.splitlines()
    assert [line.split()[0] for line in listed[1:]] == ["versioned:1.3.0-rc1", "versioned:1.2.10", "versioned:1.2.9"]

    assert moat(server, "alias", "prod", "versioned:1.2.9").stdout == "prod:latest -> versioned:1.2.9\n"
    assert moat(server, "alias", "prod", "versioned:1").stdout == "prod:latest -> versioned:1.2.10\n"
    header, row = moat(server, "alias").stdout.splitlines()
    assert header.split() == ["ALIAS", "MODEL", "SINCE", "BEFORE"]
    assert row.split()[:2] == ["prod:latest", "versioned:1.2.10"] and row.split()[-1] == "versioned:1.2.9"
    status, tags = server.json("GET", "/api/tags")
    assert next(m for m in tags["models"] if m["name"] == "prod:latest")["alias_of"] == "versioned:1.2.10"

    refused = moat(server, "rm", "versioned:1.2.10")
    assert refused.returncode == 1 and "is what alias \"prod:latest\" stands for" in refused.stderr
    assert moat(server, "rm", "prod").returncode == 1
    assert moat(server, "alias", "--rollback", "prod").stdout == "prod:latest -> versioned:1.2.9\n"
    assert "has had no other model before" in moat(server, "alias", "prod", "--rollback").stderr
    assert moat(server, "alias", "--remove", "prod").returncode == 0
    for tag in ("1.2.9", "1.2.10", "1.3.0-rc1"):
        client.delete(f"versioned:{tag}")


def test_a_knowledge_base_gets_the_model_its_alias_means(tmp_path):
    with Server(tmp_path / "moat", environment={"MOAT_EMBEDDING_MODEL": "prod"}) as server:
        client = ollama.Client(host=f"http://127.0.0.1:{server.port}")
        install(client, "ranker:1.0.0", ENCODER)
        install(client, "newer", ENCODER)
        assert server.json("POST", "/api/alias", {"name": "prod", "target": "ranker:1"})[0] == 200
        # Its vectors are of that model, whatever the alias means later.
        assert server.json("GET", "/api/status")[1]["embedding_model"] == "ranker:1.0.0"


@pytest.mark.parametrize("body", [{}, {"name": "x"}, {"target": "y"}, {"name": "x", "target": "y", "rollback": True}])
def test_a_wrong_change_of_an_alias_is_refused(server, body):
    status, answer = server.json("POST", "/api/alias", body)
    assert status == 400 and answer["error"]["message"].startswith("the body must be")


def test_a_linked_file_serves_until_it_changes(client, server, tmp_path):
    mine = tmp_path / "mine.gguf"
    head = Head(ENCODER)  # not the very file of another model, of which the server has a copy
    note = text("general.note") + struct.pack("<I", 8) + text("mine")
    write(mine, head.entries + 1, head.metadata + note, head.tensors)
    (tmp_path / "Modelfile").write_text("FROM ./mine.gguf\n")
    done = moat(server, "create", "linked", "-f", str(tmp_path / "Modelfile"), "--link")
    assert done.returncode == 0, done.stderr
    assert "linking mine.gguf" in done.stderr
    assert client.embed("linked", "text").embeddings == client.embed("encoder", "text").embeddings
    assert f"FROM {mine}\n" in client.show("linked").modelfile

    os.utime(mine, (1, 1))
    with pytest.raises(ollama.ResponseError, match="mine.gguf this model is linked to has changed since"):
        client.embed("linked", "text")
    assert "linked:latest" in [model.model for model in client.list().models]
    client.delete("linked")
    assert mine.exists()


def test_a_link_to_nothing_is_refused(server):
    status, answer = server.json(
        "POST", "/api/create", {"model": "x", "links": {"m.gguf": "/nowhere/m.gguf"}, "stream": False})
    assert status == 404 and "is not on the server" in answer["error"]
