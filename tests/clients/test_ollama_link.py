"""A link named `ollama` to the binary is Ollama: its variables, its store, its words."""
import os
import subprocess

import ollama
import pytest
from conftest import MODELS, install
from harness import BINARY, Server


@pytest.fixture
def link(tmp_path):
    path = tmp_path / "bin" / "ollama"
    path.parent.mkdir()
    path.symlink_to(BINARY)
    return path


def serve(link, home, **variables):
    environment = {"HOME": str(home), "OLLAMA_HOST": "127.0.0.1:0", **variables}
    running = Server(home / "data", listen=None, environment=environment, program=str(link))
    running.url = f"http://127.0.0.1:{running.port}"
    return running


def test_it_serves_ollamas_own_store_and_leaves_its_files_alone(link, tmp_path):
    stray = tmp_path / ".ollama/models/blobs" / ("sha256-" + "ab" * 32)
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"a layer that no manifest names, perhaps of a pull that goes on")
    with serve(link, tmp_path) as running:
        install(ollama.Client(host=running.url), "tiny", MODELS / "tiny-chat.gguf", parameters={"num_predict": 4})
    assert (tmp_path / ".ollama/models/manifests/registry.ollama.ai/library/tiny/latest").is_file()
    assert not (tmp_path / "data/models").exists()
    with serve(link, tmp_path) as running:
        env = {**os.environ, "OLLAMA_HOST": running.url, "LC_ALL": "C.UTF-8"}
        listed = subprocess.run([link, "list"], env=env, capture_output=True, text=True, check=True)
        assert listed.stdout.splitlines()[1].startswith("tiny:latest ")
        ran = subprocess.run([link, "run", "tiny", "hello"], env=env, stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, check=True)
        assert ran.stdout.endswith("\n\n")
    assert stray.exists()


def test_the_attention_cache_takes_the_type_it_was_told(link, tmp_path):
    sizes = {}
    for kind in ("f32", "f16", "q8_0"):
        home = tmp_path / kind
        home.mkdir()
        with serve(link, home, OLLAMA_KV_CACHE_TYPE=kind, OLLAMA_FLASH_ATTENTION="1", OLLAMA_NUM_PARALLEL="1",
                   OLLAMA_CONTEXT_LENGTH="4096") as running:
            client = ollama.Client(host=running.url)
            install(client, "tiny", MODELS / "tiny-chat.gguf")
            client.generate(model="tiny", prompt="hello", options={"num_predict": 4})
            (loaded,) = client.ps().models
            sizes[kind] = loaded.size
            # Its heads have 16 values, which no block of 32 fits.
            assert ("does not fit this model's heads" in running.log()) == (kind == "q8_0")
    # 2 layers, 2 heads, key and value of 16 values each: 128 values a token, 4 or 2 bytes each.
    assert sizes["f32"] - sizes["f16"] == 4096 * 128 * 2
    assert sizes["q8_0"] == sizes["f16"]


def test_variables_that_are_wrong_or_idle_are_told(link, tmp_path):
    with serve(link, tmp_path, OLLAMA_MAX_QUEUE="many", OLLAMA_KV_CACHE_TYPE="tiny", OLLAMA_NUM_CTX="8192") as running:
        log = running.log()
    assert 'OLLAMA_MAX_QUEUE is not a number: "many"; using 512' in log
    assert 'OLLAMA_KV_CACHE_TYPE is none of' in log
    assert "set OLLAMA_CONTEXT_LENGTH" in log


def test_a_port_in_use_ends_it_with_1(link, server, tmp_path):
    env = {**os.environ, "HOME": str(tmp_path), "OLLAMA_HOST": f"127.0.0.1:{server.port}"}
    done = subprocess.run([link, "serve"], env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and done.stderr.startswith("Error: ") and str(server.port) in done.stderr
