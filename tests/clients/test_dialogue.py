"""`moat run` at a terminal."""
import base64
import os

import pytest
from fake_server import fake_server
from terminal import Terminal

CHAT = {"capabilities": ["completion", "vision", "thinking"], "details": {"family": "llama"}}
LOADED = {"model": "m", "done": True, "done_reason": "load", "response": ""}


def answer(*pieces, **last):
    lines = [{"message": {"role": "assistant", "content": piece}, "done": False} for piece in pieces]
    return lines + [{"message": {"role": "assistant", "content": ""}, "done": True, **last}]


@pytest.fixture
def dialogue(server, tmp_path):
    terminal = Terminal(server.url, tmp_path, "run", "tiny")
    terminal.wait_for(r"Send a message \(/\? for help\).*>>> ")
    terminal.home = tmp_path
    yield terminal
    terminal.type("\x15/bye\n")
    assert terminal.exit_status() == 0


def test_control_c_ends_the_answer_and_not_the_dialogue(server, dialogue):
    dialogue.ask("/set parameter num_predict -1", "Set parameter")
    dialogue.type("tell me a story without an end\n")
    dialogue.wait_for(r"without an end\r\n.{40}")
    dialogue.type("\x03")
    dialogue.wait_for(r">>> $", seconds=10)
    # The runner gave up in the middle of a batch, which is nothing to report.
    assert "failed to compute" not in server.log()
    assert "failed with error" not in server.log()


@pytest.mark.skipif(os.environ.get("MOAT_SANITIZE") == "thread", reason="ThreadSanitizer holds signals back")
def test_control_c_at_the_prompt_tells_how_to_leave(server, tmp_path):
    terminal = Terminal(server.url, tmp_path, "run", "tiny")
    terminal.wait_for(r"Send a message.*>>> ")
    terminal.type("\x03")
    terminal.wait_for(r"Use Ctrl \+ d or /bye to exit.*>>> ")
    terminal.type("\x04")
    assert terminal.exit_status() == 0


def test_the_replies_of_set_are_ollamas(dialogue):
    dialogue.ask("/set parameter temperature 0.5", r"Set parameter 'temperature' to '0.5'\r\n")
    dialogue.ask("/set parameter stop \"two words\" x", r"Set parameter 'stop' to 'two words, x'\r\n")
    dialogue.ask("/set parameter num_ctx many", r"Couldn't set parameter: \"invalid int value \[many\]\"")
    dialogue.ask("/set parameter nonsense 1", r"Couldn't set parameter: \"unknown parameter 'nonsense'\"")
    dialogue.ask("/set system You are a pirate.", r"Set system message\.\r\n")
    for mode in ("wordwrap", "nowordwrap", "verbose", "quiet", "nothink"):
        dialogue.ask(f"/set {mode}", f"Set '{mode}' mode.")
    dialogue.ask("/set format json", "Set format to 'json' mode.")
    dialogue.ask("/set noformat", "Disabled format.")
    dialogue.ask("/set sail", r"Unknown command '/set sail'\. Type /\? for help")
    dialogue.ask("/sail", r"Unknown command '/sail'\. Type /\? for help")
    shown = dialogue.ask("/show parameters", "User defined parameters:")
    assert "  temperature                    0.5\r\n" in shown
    dialogue.ask("/show system", r"You are a pirate\.")


def test_show_and_help(dialogue):
    dialogue.ask("/show info", r"Model\r\n    architecture +qwen2 +\r\n.*Capabilities\r\n    completion")
    dialogue.ask("/show license", "No license was specified for this model.")
    dialogue.ask("/show modelfile", r"FROM .*PARAMETER num_ctx 2048")
    dialogue.ask("/show template", r"\{\{ \.Prompt \}\}")
    dialogue.ask("/show nothing", "Unknown command '/show nothing'")
    for line, text in {"/?": "/set  ", "/help set": "/set parameter", "/? show": "/show info",
                       "/help shortcuts": r"Ctrl \+ g"}.items():
        dialogue.ask(line, text)


def test_a_session_is_saved_as_a_model_and_loaded(client, dialogue):
    dialogue.ask("/set system Always rhyme.", "Set system message")
    dialogue.ask("/set parameter num_predict 3", "Set parameter")
    dialogue.ask("hello", r"hello\r\n")
    dialogue.ask("/save rhymer", "Created new model 'rhymer'")
    dialogue.ask("/save ../etc", "The model name '../etc' is invalid")
    saved = client.show("rhymer")
    assert "SYSTEM Always rhyme." in saved.modelfile and "num_predict" in saved.parameters
    assert "MESSAGE user hello" in saved.modelfile
    dialogue.ask("/load absent", "Couldn't find model 'absent'")
    dialogue.ask("/load rhymer", r"Loading model 'rhymer'.*>>> hello\r\n")
    dialogue.ask("/show system", "Always rhyme.")
    dialogue.ask("/list", r"NAME +ID +SIZE +MODIFIED.*rhymer:latest")
    dialogue.ask("/clear", "Cleared session context")
    client.delete("rhymer")


def test_messages_of_several_lines_and_their_history(tmp_path):
    history = tmp_path / ".ollama" / "history"
    history.parent.mkdir()
    history.write_text("typed long ago\n")
    with fake_server(api_show=CHAT, api_generate=LOADED, api_chat=answer("Good", " morning")) as server:
        terminal = Terminal(server.url, tmp_path, "run", "m")
        terminal.wait_for(">>> ")
        terminal.type('"""first\n')
        terminal.wait_for(r"\.\.\. ")
        terminal.type('second"""\n')
        terminal.wait_for("Good morning.*>>> ")
        terminal.type("\x1b[200~pasted\rtwice\x1b[201~")
        terminal.wait_for("twice")
        terminal.ask("", "Good morning")
        terminal.ask('/set system """be\nbrief"""', "Set system message")
        terminal.type("/set nohistory\n")
        terminal.wait_for(">>> ")
        terminal.ask("secret", "Good morning")
        terminal.type("\x1b[A")  # up: what was typed before
        terminal.wait_for("/set nohistory")
        terminal.type("\x15\x04")
        assert terminal.exit_status() == 0
    asked = server.bodies("/api/chat")
    assert asked[0]["messages"] == [{"role": "user", "content": "first\nsecond"}]
    assert asked[1]["messages"][1:] == [{"role": "assistant", "content": "Good morning"},
                                        {"role": "user", "content": "pasted\ntwice"}]
    assert asked[2]["messages"][0] == {"role": "system", "content": "be\nbrief"}
    lines = history.read_text().splitlines()
    assert lines[0] == "typed long ago" and "pasted" in lines and "secret" not in lines


def test_an_image_dropped_on_the_terminal_is_sent(tmp_path):
    picture = tmp_path / "my cat.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\nrest")
    with fake_server(api_show=CHAT, api_generate=LOADED, api_chat=answer("A cat.")) as server:
        terminal = Terminal(server.url, tmp_path, "run", "m")
        terminal.wait_for(">>> ")
        dropped = str(picture).replace(" ", "\\ ")
        terminal.ask(f"{dropped} what is this?", "Added image '.*my cat.png'.*A cat.")
        terminal.type("/bye\n")
        assert terminal.exit_status() == 0
    (asked,) = server.bodies("/api/chat")
    assert asked["messages"] == [{"role": "user", "content": "what is this?",
                                  "images": [base64.b64encode(picture.read_bytes()).decode()]}]


def test_thinking_levels_and_the_flags_of_a_dialogue(tmp_path):
    lines = [{"message": {"role": "assistant", "content": "", "thinking": "let me see"}},
             *answer("42", eval_count=2, eval_duration=1_000_000_000, total_duration=1_500_000_000)]
    with fake_server(api_show=CHAT, api_generate=LOADED, api_chat=lines) as server:
        terminal = Terminal(server.url, tmp_path, "run", "m", "--keepalive", "1h", "--verbose")
        terminal.wait_for(">>> ")
        shown = terminal.ask("why?", r"Thinking\.\.\.\r\nlet me see\r\n\.\.\.done thinking\.\r\n\r\n.*42")
        assert "total duration:       1.5s\r\n" in shown and "eval rate:            2.00 tokens/s\r\n" in shown
        terminal.ask("/set think high", "Set 'think' mode to 'high'.")
        terminal.ask("/set think hard", "Invalid think level")
        terminal.ask("again?", "42")
        terminal.type("/exit\n")
        assert terminal.exit_status() == 0
    assert server.bodies("/api/generate")[0]["keep_alive"] == "1h"
    first, second = server.bodies("/api/chat")
    assert "think" not in first and second["think"] == "high"
    assert second["messages"][1] == {"role": "assistant", "content": "42", "thinking": "let me see"}


def test_lines_are_wrapped_between_words_and_chinese_characters(tmp_path):
    pieces = ("天空之所以是蓝", "色的，是因为阳光", "在大气中散射。", " Rayleigh scattering")
    with fake_server(api_show=CHAT, api_generate=LOADED, api_chat=answer(*pieces)) as server:
        terminal = Terminal(server.url, tmp_path, "run", "m", columns=25)
        terminal.wait_for(">>> ")
        shown = terminal.ask("为什么？", "Rayleigh")
        # 24 columns: twelve characters, the comma not at the beginning of a line.
        assert "天空之所以是蓝色的，是因\r\n为阳光在大气中散射。 " in shown
        terminal.ask("/set nowordwrap", "Set 'nowordwrap' mode")
        assert "".join(pieces) in terminal.ask("为什么？", "scattering")
        terminal.type("/bye\n")
        assert terminal.exit_status() == 0


def loading(completed):
    return {"model": "m", "response": "", "message": {"role": "assistant", "content": ""}, "done": False,
            "status": "loading model", "completed": completed, "total": 4_000_000_000}


def test_a_bar_shows_how_far_the_model_is_loaded(tmp_path):
    steps = [loading(0), loading(1_000_000_000)]
    said = [{"response": "Blue", "done": False}, {"response": "", "done": True}]
    bar = r"loading the model \(4.0 GB\).*█{6}░{18} +25%"
    with fake_server(api_show=CHAT, api_generate=[*steps, LOADED], api_chat=steps + answer("Yes.")) as server:
        terminal = Terminal(server.url, tmp_path, "run", "m")
        terminal.wait_for(bar + r".*\r\x1b\[KSend a message")
        terminal.wait_for(">>> ")
        terminal.type("well?\n")
        terminal.wait_for(bar + r"\r\x1b\[KYes\..*>>> ")
        terminal.type("/bye\n")
        assert terminal.exit_status() == 0
    assert [server.bodies(path)[0]["load_progress"] for path in ("/api/generate", "/api/chat")] == [True, True]
    with fake_server(api_show=CHAT, api_generate=steps + said) as server:
        terminal = Terminal(server.url, tmp_path, "run", "m", "why?", environment={"LC_ALL": "zh_CN.UTF-8"})
        terminal.wait_for(r"正在加载模型 \(4.0 GB\).*25%\r\x1b\[KBlue")
        assert terminal.exit_status() == 0


def test_control_g_opens_the_line_in_an_editor(tmp_path):
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i s/cats/dogs/ \"$2\"\n")
    editor.chmod(0o755)
    with fake_server(api_show=CHAT, api_generate=LOADED, api_chat=answer("Yes.")) as server:
        terminal = Terminal(server.url, tmp_path, "run", "m", environment={"OLLAMA_EDITOR": f"{editor} -w"})
        terminal.wait_for(">>> ")
        terminal.type("do you like cats\x07")
        terminal.wait_for("dogs")
        terminal.ask("?", "Yes.")
        terminal.type("/bye\n")
        assert terminal.exit_status() == 0
    assert server.bodies("/api/chat")[0]["messages"][0]["content"] == "do you like dogs?"


def test_a_model_begins_with_its_own_messages(tmp_path):
    shown = {**CHAT, "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ahoy"}]}
    with fake_server(api_show=shown, api_generate=LOADED, api_chat=answer("aye")) as server:
        terminal = Terminal(server.url, tmp_path, "run", "m")
        terminal.wait_for(r">>> hi\r\nahoy\r\n\r\n.*>>> ")
        terminal.ask("more", "aye")
        terminal.type("/bye\n")
        assert terminal.exit_status() == 0
    # They are the server's to add.
    assert server.bodies("/api/chat")[0]["messages"] == [{"role": "user", "content": "more"}]
