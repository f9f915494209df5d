"""moat pull, push, run and verify, as a person types them."""
import os
import pty
import subprocess

import ollama
import pytest
from conftest import start
from harness import BINARY


def moat(server, *words, language="C", **more):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("OLLAMA_", "MOAT_", "LC_"))}
    env.update(MOAT_HOST=server.url, LANG=language, **more)
    return subprocess.run(
        [BINARY, *words], capture_output=True, text=True, timeout=120, env=env, check=False,
        stdin=subprocess.DEVNULL)


def test_pull_writes_lines_into_a_file(server, registry):
    done = moat(server, "pull", "--insecure", registry.name("me/tiny"))
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    lines = done.stderr.splitlines()
    assert lines[0] == "pulling manifest" and lines[-1] == "success"
    size = f"{len(registry.layers[0][1]) // 1_000_000} MB"
    assert f"pulling {registry.weights[7:19]} 100% ({size})" in lines


def test_pull_draws_bars_on_a_terminal(server, registry):
    outside, inside = pty.openpty()
    env = {**os.environ, "MOAT_HOST": server.url, "LANG": "zh_CN.UTF-8", "LC_ALL": ""}
    process = subprocess.Popen(
        [BINARY, "pull", "--insecure", registry.name("me/tiny")], stdout=inside, stderr=inside,
        stdin=inside, env=env)
    os.close(inside)
    seen = b""
    while True:
        try:
            piece = os.read(outside, 65536)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    os.close(outside)
    assert process.wait(60) == 0
    text = seen.decode()
    assert "正在获取清单" in text and "完成" in text
    assert f"下载 {registry.weights[7:19]}: 100% ▕" in text


def test_what_goes_wrong_ends_with_one(server, registry):
    done = moat(server, "pull", "--insecure", registry.name("me/none"))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "Error: pull model manifest: file does not exist"
    assert moat(server, "pull", registry.name("me/tiny")).stderr.endswith("Error: insecure protocol http\n")
    assert moat(server, "push", "--insecure", registry.name("me/none")).returncode == 1


def test_run_brings_a_model_that_is_missing(server, registry):
    done = moat(server, "run", "--insecure", registry.name("me/tiny"), "Hi", "--verbose")
    assert done.returncode == 0, done.stderr
    assert "pulling manifest" in done.stderr and "eval count:" in done.stderr
    again = moat(server, "run", registry.name("me/tiny"), "Hi")
    assert again.returncode == 0 and "pulling" not in again.stderr


def test_push_and_pull_meet(server, registry):
    name = f"127.0.0.1:{registry.port}/me/tiny"
    assert moat(server, "pull", "--insecure", "http://" + name).returncode == 0
    registry.blobs.clear()
    done = moat(server, "push", "--insecure", "http://" + name)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[0] == "retrieving manifest"
    assert registry.weights in registry.blobs


@pytest.fixture
def flipped(tmp_path, registry):
    """A server whose model has one wrong bit, as a disk leaves it."""
    with start(tmp_path / "moat") as server:
        client = ollama.Client(host=server.url)
        client.pull(registry.name("me/tiny"), insecure=True)
        path = server.data / "models/blobs" / registry.weights.replace(":", "-")
        with open(path, "r+b") as file:
            file.seek(path.stat().st_size - 1000)
            byte = file.read(1)[0]
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte ^ 4]))
        yield server


def test_verify_finds_a_wrong_bit_and_the_model_is_refused(flipped, registry):
    name = f"127.0.0.1:{registry.port}/me/tiny"
    done = moat(flipped, "verify", name)
    assert done.returncode == 1
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows[0] == ["MODEL", "PART", "DIGEST", "SIZE", "STATE"]
    states = {row[1]: row[-1] for row in rows[1:]}
    assert states == {"model": "DAMAGED", "system": "good", "params": "good", "config": "good"}
    refused = moat(flipped, "run", name, "Hi")
    assert refused.returncode == 1 and "is damaged: it does not have its digest" in refused.stderr
    flipped.stop()
    with start(flipped.data) as again:
        assert "is damaged" in moat(again, "run", name, "Hi").stderr
        # Pulling mends it.
        assert moat(again, "pull", "--insecure", "http://" + name).returncode == 0
        assert moat(again, "verify").returncode == 0
        assert moat(again, "run", name, "Hi").returncode == 0


def test_a_file_of_another_length_is_refused_at_load(server, registry):
    name = f"127.0.0.1:{registry.port}/me/tiny"
    assert moat(server, "pull", "--insecure", "http://" + name).returncode == 0
    path = server.data / "models/blobs" / registry.weights.replace(":", "-")
    os.truncate(path, path.stat().st_size - 1)
    refused = moat(server, "run", name, "Hi")
    assert refused.returncode == 1
    assert f"has {path.stat().st_size} bytes instead of {path.stat().st_size + 1}" in refused.stderr
    path.unlink()
    assert "is missing" in moat(server, "run", name, "Hi").stderr
    done = moat(server, "verify", name, language="zh_CN.UTF-8")
    assert done.returncode == 1 and "缺失" in done.stdout


def test_verify_of_what_is_not_there(server):
    assert moat(server, "verify", "none").stderr == "Error: model 'none' not found\n"
    done = moat(server, "verify")
    assert (done.returncode, done.stdout) == (0, "")


def test_a_model_nobody_checked_is_said_so_once(tmp_path, registry):
    with start(tmp_path / "moat") as server:
        ollama.Client(host=server.url).pull(registry.name("me/tiny"), insecure=True)
        server.stop()
        (server.data / "models/checked.json").unlink()
    with start(tmp_path / "moat") as server:
        name = f"127.0.0.1:{registry.port}/me/tiny"
        for _ in range(2):
            assert moat(server, "show", name).returncode == 0
        assert server.log().count("was never checked on this machine") == 1
        assert moat(server, "verify").returncode == 0
