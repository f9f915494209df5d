"""What the commands print, send and exit with. The texts and shapes are those of `ollama`."""
import datetime
import json
import os
import socket
import subprocess

import pytest
from fake_server import fake_server
from harness import BINARY

HEX = "0123456789abcdef" * 4


@pytest.fixture(params=["moat", "ollama"])
def program(request, tmp_path):
    if request.param == "moat":
        return BINARY
    link = tmp_path / "ollama"
    link.symlink_to(BINARY)
    return str(link)


def command(program, url, *arguments, stdin="", **environment):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("OLLAMA_", "MOAT_"))}
    env.update({"MOAT_HOST": url, "LC_ALL": "C.UTF-8", **environment})
    return subprocess.run(
        [program, *arguments], input=stdin, capture_output=True, text=True, timeout=60, env=env, check=False)


def ago(**span):
    return (datetime.datetime.now(datetime.UTC) - datetime.timedelta(**span)).isoformat()


def test_the_list_has_ollamas_columns(program):
    models = [
        {"name": "llama3.2:latest", "digest": HEX, "size": 2_019_393_189, "modified_at": ago(days=20)},
        {"name": "qwen:0.5b", "digest": HEX[8:] + HEX[:8], "size": 394_998_579, "modified_at": ago(minutes=5)},
    ]
    with fake_server(api_tags={"models": models}) as server:
        done = command(program, server.url, "list")
        some = command(program, server.url, "ls", "QWEN")
    assert done.stdout == (
        "NAME               ID              SIZE      MODIFIED         \n"
        "llama3.2:latest    0123456789ab    2.0 GB    2 weeks ago      \n"
        "qwen:0.5b          89abcdef0123    394 MB    5 minutes ago    \n")
    assert some.stdout.count("\n") == 2 and "qwen:0.5b" in some.stdout
    assert (done.returncode, done.stderr) == (0, "")


def test_ps_tells_processor_and_until(program):
    def model(size_vram, expires):
        return {"name": "m:latest", "digest": HEX, "size": 1_000_000_000, "size_vram": size_vram,
                "context_length": 4096, "expires_at": expires}
    models = [model(1_000_000_000, ago(minutes=-4.5)), model(0, "2318-01-01T00:00:00Z"),
              model(520_000_000, ago(seconds=1)), model(900_000_000, ago(hours=-1.2))]
    with fake_server(api_ps={"models": models}) as server:
        done = command(program, server.url, "ps")
    assert done.stdout == (
        "NAME        ID              SIZE      PROCESSOR          CONTEXT    UNTIL                     \n"
        "m:latest    0123456789ab    1.0 GB    100% GPU           4096       4 minutes from now        \n"
        "m:latest    0123456789ab    1.0 GB    100% CPU           4096       Forever                   \n"
        "m:latest    0123456789ab    1.0 GB    48%/52% CPU/GPU    4096       Stopping...               \n"
        "m:latest    0123456789ab    1.0 GB    10%/90% CPU/GPU    4096       About an hour from now    \n")


SHOWN = {
    "details": {"family": "llama", "parameter_size": "7B", "quantization_level": "Q4_K_M"},
    "model_info": {"general.architecture": "llama", "llama.context_length": 8192, "llama.embedding_length": 4096,
                   "tokenizer.ggml.tokens": ["a", "b", "c", "d", "e"], "llama.rope.freq_base": 500000.5},
    "projector_info": {"general.architecture": "clip", "general.parameter_count": 303_000_000,
                       "clip.vision.embedding_length": 1024, "clip.vision.projection_dim": 768},
    "capabilities": ["completion", "tools"],
    "parameters": 'stop                           "<|im_end|>"\ntemperature                    0.7',
    "system": "You are a pirate!\n\nAhoy, matey!\nThere be treasure.",
    "license": "MIT",
    "modelfile": "FROM x",
    "template": "{{ .Prompt }}",
    "tensors": [{"name": "output.weight", "type": "Q6_K", "shape": [4096, 32000]}],
}


def test_show_has_ollamas_sections(program):
    with fake_server(api_show=SHOWN) as server:
        done = command(program, server.url, "show", "m")
        verbose = command(program, server.url, "show", "-v", "m")
        part = command(program, server.url, "show", "m", "--modelfile")
    assert done.stdout == (
        "  Model\n"
        "    architecture        llama     \n"
        "    parameters          7B        \n"
        "    context length      8192      \n"
        "    embedding length    4096      \n"
        "    quantization        Q4_K_M    \n"
        "\n"
        "  Capabilities\n"
        "    completion    \n"
        "    tools         \n"
        "\n"
        "  Projector\n"
        "    architecture        clip    \n"
        "    parameters          303M    \n"
        "    embedding length    1024    \n"
        "    dimensions          768     \n"
        "\n"
        "  Parameters\n"
        '    stop           "<|im_end|>"    \n'
        "    temperature    0.7             \n"
        "\n"
        "  System\n"
        "    You are a pirate!    \n"
        "    Ahoy, matey!         \n"
        "    ...                  \n"
        "\n"
        "  License\n"
        "    MIT    \n"
        "\n")
    assert verbose.stdout.startswith(done.stdout)
    assert "  Metadata\n" in verbose.stdout and "[a, b, c, ...+2 more]" in verbose.stdout
    assert "  Tensors\n    output.weight    Q6_K    [4096 32000]    \n" in verbose.stdout
    assert server.bodies("/api/show")[1]["verbose"] is True
    assert part.stdout == "FROM x\n"


def test_what_does_not_fit_is_told_with_its_arithmetic(program):
    fit = {"fits": False, "file_bytes": 4_000_000_000, "cache_bytes_per_token": 65536, "workspace_bytes": 268435456,
           "needed_bytes": 4_536_870_912, "available_bytes": 2_000_000_000, "context_length": 4096, "slots": 0,
           "pool_tokens": 4096}
    with fake_server(api_show={**SHOWN, "fit": fit}) as server:
        done = command(program, server.url, "show", "m", "--fit")
    assert server.bodies("/api/show")[0] == {"model": "m", "fit": True}
    assert done.returncode == 1
    assert "    weights            4.0 GB" in done.stdout
    assert "    attention state    268 MB (4096 tokens x 65536 B)" in done.stdout
    assert "    needed             4.5 GB" in done.stdout and "    available          2.0 GB" in done.stdout
    assert "    fits               no" in done.stdout
    assert "num_ctx" in done.stderr


def test_two_parts_of_show_at_once_are_refused(program):
    with fake_server(api_show=SHOWN) as server:
        done = command(program, server.url, "show", "m", "--license", "--system")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == ("Error: only one of '--license', '--modelfile', '--parameters', '--system', or "
                           "'--template' can be specified\n")


def test_cp_rm_and_stop_say_what_they_did(program):
    missing = (404, {"error": "model 'x' not found"})
    with fake_server(api_copy=None, api_delete=None, api_generate={"done": True}) as server:
        assert command(program, server.url, "cp", "a", "b").stdout == "copied 'a' to 'b'\n"
        assert command(program, server.url, "rm", "a", "b").stdout == "deleted 'a'\ndeleted 'b'\n"
        assert command(program, server.url, "stop", "a").stdout == ""
    # A model is unloaded before it is removed.
    assert [path for path, _ in server.asked] == ["/api/copy", *["/api/generate", "/api/delete"] * 2, "/api/generate"]
    assert server.asked[-1][1] == {"model": "a", "keep_alive": 0, "stream": False}
    with fake_server(api_generate=missing, api_delete=missing, api_show=missing) as server:
        for arguments, text in {("stop", "x"): "couldn't find model \"x\" to stop",
                                ("rm", "x"): "model 'x' not found", ("show", "x"): "model 'x' not found"}.items():
            done = command(program, server.url, *arguments)
            assert (done.returncode, done.stdout, done.stderr) == (1, "", f"Error: {text}\n")


def closed_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def test_a_server_that_is_not_there(program):
    url = f"http://127.0.0.1:{closed_port()}"
    done = command(program, url, "list")
    version = command(program, url, "--version")
    assert (done.returncode, done.stdout, version.returncode) == (1, "", 0)
    if program.endswith("ollama"):
        assert done.stderr == "Error: could not connect to ollama server, run 'ollama serve' to start it\n"
        assert version.stdout.splitlines()[0] == "Warning: could not connect to a running Ollama instance"
        assert version.stdout.splitlines()[1].startswith("Warning: client version is 0.")
    else:
        assert done.stderr == f"Error: could not connect to a Moat server at {url}, run 'moat serve' to start it\n"
        assert version.stdout.splitlines()[1] == "Warning: could not connect to a running Moat server"


def test_the_version_is_the_servers(server, program):
    done = command(program, server.url, "-v")
    with fake_server() as other:
        differs = command(program, other.url, "--version")
    own = server.json("GET", "/api/version")[1]["version"]
    if program.endswith("ollama"):
        assert done.stdout == f"ollama version is {own}\n"
        assert differs.stdout == f"ollama version is 9.9.9\nWarning: client version is {own}\n"
    else:
        assert done.stdout.splitlines()[1] == f"ollama version is {own}"


TEXT_MODEL = {"capabilities": ["completion"]}
SAID = [{"response": "", "thinking": "hm"}, {"response": "Blue"},
        {"response": "", "done": True, "total_duration": 1_500_000_000, "load_duration": 20_000_000,
         "prompt_eval_count": 10, "prompt_eval_duration": 500_000_000, "eval_count": 4, "eval_duration": 1_000_000_000}]


def test_run_with_a_prompt_is_one_shot(program):
    with fake_server(api_show=TEXT_MODEL, api_generate=SAID) as server:
        done = command(program, server.url, "run", "m", "why", "is it?", "--verbose", "--keepalive", "1h",
                       "--think=high", "--nowordwrap", stdin="Some text.\n")
        command(program, server.url, "run", "--think", "m", "hello", "--hidethinking", "--format", "json")
        schema = command(program, server.url, "run", "m", "x", "--format", '{"type":"object"}', "--hidethinking",
                         "--gpu-layers", "0")
        wrong = command(program, server.url, "run", "m", "x", "--think=hard")
    first, second, third = server.bodies("/api/generate")
    assert done.stdout == "Thinking...\nhm\n...done thinking.\n\nBlue\n\n"
    assert done.stderr == (
        "total duration:       1.5s\n"
        "load duration:        20ms\n"
        "prompt eval count:    10 token(s)\n"
        "prompt eval duration: 500ms\n"
        "prompt eval rate:     20.00 tokens/s\n"
        "eval count:           4 token(s)\n"
        "eval duration:        1s\n"
        "eval rate:            4.00 tokens/s\n")
    assert first == {"prompt": "Some text. why is it?", "model": "m", "keep_alive": "1h", "think": "high"}
    assert second == {"prompt": "hello", "model": "m", "format": "json", "think": True}
    assert third == {"prompt": "x", "model": "m", "format": {"type": "object"}, "options": {"num_gpu": 0}}
    assert schema.stdout == "Blue\n\n"
    assert wrong.returncode == 1 and wrong.stderr.startswith('Error: invalid value for --think: "hard"')


def test_run_of_an_embedding_model_prints_the_vector(program):
    with fake_server(api_show={"capabilities": ["embedding"]}, api_embed={"embeddings": [[0.5, -1]]}) as server:
        done = command(program, server.url, "run", "e", "--truncate=false", "--dimensions", "2", stdin="a text")
        none = command(program, server.url, "run", "e")
    assert json.loads(done.stdout) == [0.5, -1]
    assert server.bodies("/api/embed") == [{"model": "e", "input": "a text", "truncate": False, "dimensions": 2}]
    assert none.returncode == 1 and "Error: " in none.stderr


def test_every_command_has_help_with_examples(program):
    name = "ollama" if program.endswith("ollama") else "moat"
    overview = command(program, "http://127.0.0.1:1", "--help").stdout
    commands = [line.split()[0].rstrip(",") for line in overview.split("Subcommands:\n")[1].split("\n\n")[0].splitlines()]
    assert {"serve", "run", "show", "kb", "key"} <= set(commands)
    for one in commands:
        for language, word in {"C.UTF-8": "Examples:", "zh_CN.UTF-8": "示例："}.items():
            help_text = command(program, "http://127.0.0.1:1", "help", one, LC_ALL=language)
            assert help_text.returncode == 0
            assert f"{word}\n  {name} {one}" in help_text.stdout, one
    unknown = command(program, "http://127.0.0.1:1", "help", "fly")
    assert (unknown.returncode, unknown.stderr) == (1, f'Error: unknown command "fly" for "{name}"\n')


def test_there_is_no_account_to_sign_in_to(program):
    signed_in = command(program, "http://127.0.0.1:1", "signin")
    assert (signed_in.returncode, signed_in.stdout) == (1, "")
    assert signed_in.stderr.startswith("Error: this server has no accounts at ollama.com")
    signed_out = command(program, "http://127.0.0.1:1", "signout")
    assert (signed_out.returncode, signed_out.stderr) == (0, "") and signed_out.stdout.startswith("You are not signed in")


TOOL = """#!/bin/sh
printf '%s\\n' "$@" "$ANTHROPIC_BASE_URL" "$ANTHROPIC_AUTH_TOKEN" "[$ANTHROPIC_API_KEY]" "$ANTHROPIC_DEFAULT_HAIKU_MODEL"
exit 7
"""


def test_launch_becomes_the_tool_with_its_variables_set(program, tmp_path):
    (tmp_path / "claude").write_text(TOOL)
    (tmp_path / "claude").chmod(0o755)
    models = [{"name": "plain", "capabilities": ["completion"]}, {"name": "able:7b", "capabilities": ["completion", "tools"]}]
    path = f"{tmp_path}:{os.environ['PATH']}"
    with fake_server(api_tags={"models": models}) as server:
        done = command(program, server.url, "launch", "claude", "--", "-p", "why?", PATH=path,
                       MOAT_API_KEY="moat_secret", ANTHROPIC_API_KEY="of another account")
        named = command(program, server.url, "launch", "claude", "--model", "plain", PATH=path)
    assert done.returncode == named.returncode == 7
    assert done.stdout.splitlines() == ["--model", "able:7b", "-p", "why?", server.url, "moat_secret", "[]", "able:7b"]
    assert named.stdout.splitlines()[:2] == ["--model", "plain"]


def test_launch_tells_what_a_tool_needs(program):
    url = "http://127.0.0.1:1"
    config = command(program, url, "launch", "codex", "--model", "it's", "--config")
    assert config.stdout == f"export CODEX_OSS_BASE_URL='{url}/v1'\ncodex '--oss' '-m' 'it'\\''s'\n"
    script = command(program, url, "launch", "opencode", "--model", "m", "--config").stdout.splitlines()[0]
    told = subprocess.run(["sh", "-c", script + '\nprintf %s "$OPENCODE_CONFIG_CONTENT"'], capture_output=True, check=True)
    config = json.loads(told.stdout)
    assert config["model"] == "moat/m" and config["provider"]["moat"]["options"]["baseURL"] == url + "/v1"
    missing = command(program, url, "launch", "claude", "--model", "m", PATH="/nowhere")
    assert missing.returncode == 1 and missing.stderr.startswith("Error: claude is not installed here.")
    unknown = command(program, url, "launch", "fly")
    assert unknown.returncode == 1 and "claude, codex, opencode" in unknown.stderr
    with fake_server(api_tags={"models": []}) as server:
        none = command(program, server.url, "launch", "claude")
    assert none.returncode == 1 and "--model" in none.stderr
    assert f"OPENAI_BASE_URL={url}/v1" in command(program, url, "launch").stdout


def test_wrong_words_exit_with_1(program):
    for arguments in (["frob"], ["run"], ["show", "m", "--frob"], ["serve", "--frob"]):
        done = command(program, "http://127.0.0.1:1", *arguments)
        assert done.returncode == 1 and done.stdout == ""
        assert done.stderr.startswith("Error: ") and done.stderr.count("\n") == 1


def completed(script, line):
    """What bash offers at the end of the line."""
    words = line.split(" ")
    lines = [script, f"COMP_WORDS=({' '.join(w or repr('') for w in words)}); COMP_CWORD={len(words) - 1}",
             f"_{words[0]}", 'printf "%s\\n" "${COMPREPLY[@]}"']
    return subprocess.run(["bash", "-c", "\n".join(lines)], capture_output=True, text=True, timeout=60, check=True,
                          env={**os.environ, "PATH": os.path.dirname(BINARY) + ":" + os.environ["PATH"]}).stdout.split()


def test_completion_offers_commands_flags_and_models(monkeypatch):
    script = command(BINARY, "http://127.0.0.1:1", "completion", "bash").stdout
    assert completed(script, "moat ru") == ["run"]
    assert set(completed(script, "moat kb ")) >= {"add", "list", "show", "rm"}
    assert completed(script, "moat run --keep") == ["--keepalive"]
    with fake_server(api_tags={"models": [{"name": "qwen:7b"}, {"name": "llama:8b"}]}) as server:
        monkeypatch.setenv("MOAT_HOST", server.url)
        assert completed(script, "moat show q") == ["qwen:7b"]
        assert completed(script, "moat verify l") == ["llama:8b"]
    fish = command(BINARY, "http://127.0.0.1:1", "completion", "fish").stdout
    assert "complete -c moat -n '__fish_seen_subcommand_from run' -l keepalive\n" in fish
    assert "complete -c moat -n '__fish_use_subcommand' -f -a run -d 'Run a model'\n" in fish
    wrong = command(BINARY, "http://127.0.0.1:1", "completion", "csh")
    assert (wrong.returncode, wrong.stderr) == (1, 'Error: "csh" is none of bash, zsh and fish\n')
