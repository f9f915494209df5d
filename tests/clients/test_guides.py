"""Commands that published guides tell people to type, run against Moat by the name of `ollama`.

The guides are read from the shared data (MOAT_SHARED) as the tests run. A download becomes a copy of a model
that is there, and the address a free port; all else is run as it is written.
"""
import os
import pathlib
import re
import shutil
import subprocess

import ollama
import pytest
from conftest import MODELS, install
from harness import BINARY, Server

SHARED = os.environ.get("MOAT_SHARED")
GUIDES = sorted(pathlib.Path(SHARED, "seeds").glob("*.txt")) if SHARED else []
pytestmark = pytest.mark.skipif(not GUIDES, reason="no shared data, so no guides")
NAME = r"[\w.]+(?::[\w.-]+)?"


def texts():
    return [path.read_text(encoding="utf-8") for path in GUIDES]


def found(pattern):
    return [match.group(1).strip() for text in texts() for match in re.finditer(pattern, text, re.MULTILINE)]


def commands():
    """Every line that begins with `ollama`, but the server itself; and Docker's way to write one."""
    lines = [line for line in found(r"^(ollama (?!serve)[^#\n]+)") if line.isascii()]
    for line in found(r"CMD \[([^\]]+)\]"):
        words = re.findall(r'"([^"]*)"', line)
        if words[0] == "ollama":
            lines.append(" ".join(words))
    return lines


def requests():
    """Every curl to Ollama's port, to the end of its quoted body."""
    return found(r"^(curl [^'\n]*http://localhost:11434(?:\\\n|[^'\n]|'[^']*')*)")


def variables():
    """Every OLLAMA_ variable a guide sets, the last value of each."""
    pairs = found(r"^export (OLLAMA_\w+=\S+)") + found(r'^Environment="(OLLAMA_\w+=[^"]+)"')
    return dict(pair.split("=", 1) for pair in pairs)


def modelfile():
    (text,) = found(r'^(FROM \./\S+\.gguf\n(?:.*\n)*?(?:PARAMETER .*\n)+)')
    return text + "\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with what the guides say to put there, and a server they would have started."""
    folder = tmp_path_factory.mktemp("guides")
    (folder / "bin").mkdir()
    (folder / "bin" / "ollama").symlink_to(BINARY)
    text = modelfile() + "PARAMETER num_predict 8\n"  # random weights know no end
    gguf = re.search(r"FROM \./(\S+)", text).group(1)
    (folder / gguf).symlink_to(MODELS / "tiny-chat.gguf")
    for name in found(r"^ollama create \S+ -f \./(\S+)"):
        (folder / name).write_text(text)
    environment = {**variables(), "HOME": str(folder), "OLLAMA_HOST": "127.0.0.1:0",
                   "OLLAMA_MODELS": str(folder / "models")}
    with Server(folder / "data", listen=None, environment=environment, program=str(folder / "bin" / "ollama")) as running:
        running.folder = folder
        running.url = f"http://127.0.0.1:{running.port}"
        client = ollama.Client(host=running.url)
        install(client, "tiny", MODELS / "tiny-chat.gguf", parameters={"num_predict": 8})
        for name in found(rf"^ollama (?:create|pull|stop) ({NAME})") + found(r'"model": "([^"]+)"'):
            client.copy("tiny", name)
        client.copy("tiny", "deepseek-r1:1.5b")
        yield running
        assert running.alive(), running.log()


def shell(place, line):
    env = {**os.environ, "PATH": f"{place.folder}/bin:{os.environ['PATH']}", "HOME": str(place.folder),
           "OLLAMA_HOST": place.url, "LC_ALL": "C.UTF-8"}
    return subprocess.run(["bash", "-c", line], cwd=place.folder, env=env, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120, check=False)


def test_the_guides_are_read_whole():
    assert len(commands()) >= 10 and len(requests()) >= 4 and len(variables()) >= 6
    kinds = {line.split()[1] for line in commands()}
    assert {"pull", "create", "run", "list", "stop"} <= kinds


@pytest.mark.parametrize("line", commands())
def test_the_command_works(place, line):
    offline = re.sub(rf"^ollama pull ({NAME})", r"ollama cp tiny \1", line)
    done = shell(place, offline)
    assert done.returncode == 0, f"{line}: {done.stderr}"
    assert "Error" not in done.stderr


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl here")
@pytest.mark.parametrize("line", [line for line in requests() if "grep" not in line and "if " not in line])
def test_the_request_works(place, line):
    done = shell(place, "set -e; " + line.replace("http://localhost:11434", place.url).replace("curl", "curl -sS"))
    assert done.returncode == 0, f"{line}: {done.stderr}"
    assert '"error"' not in done.stdout
    assert '"version"' in done.stdout or '"done":true' in done.stdout


def test_the_variables_are_taken(place):
    settings = variables()
    assert settings["OLLAMA_FLASH_ATTENTION"] == "1"
    log = place.log()
    for name in ("OLLAMA_NUM_CTX", "OLLAMA_GPU_MEMORY_FRACTION", "OLLAMA_GPU_PRECISION"):
        assert name in settings and f"{name} has no effect" in log
