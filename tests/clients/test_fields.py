"""Which fields every answer has: those of Ollama's, and no others but those of docs/beyond-ollama.md."""
import json
import re

import pytest
from conftest import GREEDY
from tools import ASK, CALL, SKY

# After a name: "?" may be left out, "+" is Moat's own, which programs for Ollama do not look for.
METRICS = "total_duration load_duration prompt_eval_count prompt_eval_duration eval_count eval_duration " \
          "prompt_cached_count+ prompt_dropped_count+ prompt_dropped_messages+"
FIELDS = {
    "generate piece": "model created_at response done thinking? logprobs? tool_calls?",
    "generate end": f"model created_at response done done_reason context {METRICS}",
    "generate whole": f"model created_at response done done_reason context thinking? logprobs? tool_calls? {METRICS}",
    "generate raw": f"model created_at response done done_reason {METRICS}",
    "generate load": "model created_at response done done_reason",
    "generate debug": "model created_at response done _debug_info",
    "debug info": "rendered_template image_count?",
    "chat piece": "model created_at message done logprobs?",
    "chat end": f"model created_at message done done_reason logprobs? {METRICS}",
    "chat load": "model created_at message done done_reason",
    "message": "role content thinking? tool_calls?",
    "call": "id function",
    "call function": "index name arguments",
    "logprob": "token logprob bytes top_logprobs?",
    "top logprob": "token logprob bytes",
    "embed": "model embeddings total_duration load_duration prompt_eval_count",
    "embed load": "model embeddings total_duration load_duration",
    "embeddings": "embedding",
    "tags": "models",
    "tag": "name model modified_at size digest details capabilities alias_of+",
    "details": "parent_model format family families parameter_size quantization_level context_length? embedding_length?",
    "running": "name model size digest details expires_at size_vram context_length slots+ busy+ queued+ "
               "tokens_per_second+ replicas+",
    "show": "modelfile template details model_info tensors capabilities modified_at parameters? system? license? messages?",
    "tensor": "name type shape",
    "status": "cloud version+ ollama_version+ chat_model+ embedding_model+ notices+ auth+ store+",
    "cloud": "disabled source",
    "version": "version",
    "progress": "status digest? total? completed?",
    "error": "error",
    "v1 chat": "id object created model system_fingerprint choices usage",
    "v1 chunk": "id object created model system_fingerprint choices",
    "v1 chunk with usage": "id object created model system_fingerprint choices usage",
    "v1 choice": "index message finish_reason logprobs?",
    "v1 piece": "index delta finish_reason logprobs?",
    "v1 message": "role content reasoning? tool_calls?",
    "v1 call": "id type function index?",
    "v1 call function": "name arguments",
    "v1 usage": "prompt_tokens completion_tokens total_tokens prompt_tokens_details+",
    "v1 completion": "id object created model system_fingerprint choices usage",
    "v1 completion choice": "text index finish_reason logprobs?",
    "v1 embeddings": "object data model usage",
    "v1 embedding": "object embedding index",
    "v1 embedding usage": "prompt_tokens total_tokens",
    "v1 models": "object data",
    "v1 model": "id object created owned_by",
    "v1 error": "error",
    "v1 error body": "message type param code",
    "messages": "id type role model content stop_reason stop_sequence usage",
    "messages usage": "input_tokens output_tokens cache_creation_input_tokens+ cache_read_input_tokens+",
    "messages error": "type error request_id",
    "messages error body": "type message",
}


def check(value, kind):
    words = FIELDS[kind].split()
    must = {word for word in words if word[-1] not in "?+"}
    may = {word.rstrip("?+") for word in words}
    assert must <= value.keys() <= may, f"{kind}: {sorted(value)}"
    return value


def whole(server, path, body, kind):
    status, headers, text = server.request("POST", path, {**body, "stream": False}, timeout=120)
    assert (status, headers["Content-Type"]) == (200, "application/json; charset=utf-8"), text
    return check(json.loads(text), kind)


def lines(server, path, body):
    status, headers, text = server.request("POST", path, body, timeout=120)
    assert (status, headers["Content-Type"]) == (200, "application/x-ndjson"), text
    assert text.endswith(b"\n")
    return [json.loads(line) for line in text.splitlines()]


def events(server, path, body):
    """-> (name or None, data) of every event."""
    status, headers, text = server.request("POST", path, {**body, "stream": True}, timeout=120)
    assert (status, headers["Content-Type"]) == (200, "text/event-stream"), text
    out = []
    for block in text.decode().removesuffix("\n\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        out.append((fields.get("event"), fields["data"]))
    return out


def check_end(value):
    """Of the last line of an answer: every time is a count of nanoseconds, and none is zero."""
    assert value["done"] is True and value["done_reason"] in ("stop", "length")
    for name in METRICS.split():
        if name[-1] != "+":
            assert isinstance(value[name], int) and value[name] > 0, name


def check_logprobs(entries):
    for entry in entries:
        check(entry, "logprob")
        for top in entry["top_logprobs"]:
            check(top, "top logprob")


def test_generate(server):
    ask = {"model": "tiny", "prompt": "Hi", "options": GREEDY}
    for _ in range(2):  # loading, and loaded
        *pieces, end = lines(server, "/api/generate", {**ask, "logprobs": True, "top_logprobs": 2})
        for piece in pieces:
            assert check(piece, "generate piece")["done"] is False
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", piece["created_at"])
            check_logprobs(piece["logprobs"])
        check_end(check(end, "generate end"))
        server.json("POST", "/api/generate", {"model": "tiny", "keep_alive": 0})
    check_end(whole(server, "/api/generate", ask, "generate whole"))
    check_end(whole(server, "/api/generate", {**ask, "raw": True}, "generate raw"))
    assert whole(server, "/api/generate", {"model": "tiny"}, "generate load")["done_reason"] == "load"
    debug = whole(server, "/api/generate", {**ask, "_debug_render_only": True}, "generate debug")
    check(debug["_debug_info"], "debug info")
    unloaded = whole(server, "/api/generate", {"model": "tiny", "keep_alive": 0}, "generate load")
    assert (unloaded["done"], unloaded["done_reason"], unloaded["response"]) == (True, "unload", "")


def test_chat(server):
    ask = {"model": "tools", "messages": ASK, "options": {"temperature": 0, "num_predict": 100}}
    *pieces, end = lines(server, "/api/chat", {**ask, "tools": [SKY], "format": CALL})
    calls = [call for piece in pieces for call in check(piece, "chat piece")["message"].get("tool_calls", [])]
    for piece in [*pieces, end]:
        assert check(piece["message"], "message")["role"] == "assistant"
    (call,) = calls
    assert re.fullmatch(r"call_[a-z0-9]{8}", check(call, "call")["id"])
    assert isinstance(check(call["function"], "call function")["arguments"], dict)
    check_end(check(end, "chat end"))
    short = {**ask, "options": GREEDY}
    check_end(whole(server, "/api/chat", {**short, "logprobs": True}, "chat end"))
    loaded = whole(server, "/api/chat", {"model": "tools", "messages": []}, "chat load")
    assert check(loaded["message"], "message") == {"role": "assistant", "content": ""}


def test_embeddings(server):
    for _ in range(2):
        body = whole(server, "/api/embed", {"model": "encoder", "input": ["a", "b"]}, "embed")
        assert all(body[name] > 0 for name in ("total_duration", "load_duration", "prompt_eval_count"))
    assert whole(server, "/api/embed", {"model": "encoder", "input": ""}, "embed load")["embeddings"] == []
    whole(server, "/api/embeddings", {"model": "encoder", "prompt": "a"}, "embeddings")


def test_lists_of_models(server):
    server.json("POST", "/api/generate", {"model": "tiny"})
    for path, kind in (("/api/tags", "tag"), ("/api/ps", "running")):
        for model in check(server.json("GET", path)[1], "tags")["models"]:
            check(check(model, kind)["details"], "details")
            assert re.fullmatch("[0-9a-f]{64}", model["digest"]) and isinstance(model["size"], int)
    check(check(server.json("GET", "/api/status")[1], "status")["cloud"], "cloud")
    check(server.json("GET", "/api/version")[1], "version")


@pytest.mark.parametrize("model", ["tiny", "tools", "encoder"])
def test_show(server, model):
    shown = whole(server, "/api/show", {"model": model}, "show")
    check(shown["details"], "details")
    assert isinstance(shown["model_info"], dict) and "general.architecture" in shown["model_info"]
    assert not {"general.name", "tokenizer.chat_template"} & shown["model_info"].keys()
    assert shown["model_info"]["tokenizer.ggml.tokens"] in (None, [])
    for tensor in shown["tensors"]:
        check(tensor, "tensor")
    detailed = whole(server, "/api/show", {"name": model, "verbose": True}, "show")
    assert len(detailed["model_info"]["tokenizer.ggml.tokens"]) > 1000


def test_changes_of_models(server):
    for line in lines(server, "/api/create", {"model": "made", "from": "tiny", "system": "S"}):
        check(line, "progress")
    for method, path, body in (
        ("POST", "/api/copy", {"source": "made", "destination": "copied"}),
        ("DELETE", "/api/delete", {"model": "copied"}),
        ("DELETE", "/api/delete", {"name": "made", "model": ""}),
    ):
        status, _, text = server.request(method, path, body)
        assert (status, text) == (200, b"")
    status, body = server.json("POST", "/api/show", {"model": "made"})
    assert status == 404 and check(body, "error")


def test_v1_chat(server):
    ask = {"model": "tools", "messages": ASK, "temperature": 0, "max_tokens": 60, "tools": [SKY], "tool_choice": "required"}
    status, body = server.json("POST", "/v1/chat/completions", {**ask, "parallel_tool_calls": False})
    assert status == 200
    (choice,) = check(body, "v1 chat")["choices"]
    (call,) = check(check(choice, "v1 choice")["message"], "v1 message")["tool_calls"]
    assert isinstance(check(check(call, "v1 call")["function"], "v1 call function")["arguments"], str)
    check(body["usage"], "v1 usage")
    text = {"model": "tiny", "messages": ASK, "max_tokens": 4, "stream_options": {"include_usage": True}}
    *chunks, usage, done = [data for _, data in events(server, "/v1/chat/completions", text)]
    assert done == "[DONE]"
    for i, chunk in enumerate(map(json.loads, chunks)):
        (choice,) = check(chunk, "v1 chunk")["choices"]
        assert ("role" in check(choice, "v1 piece")["delta"]) == (i == 0)
    assert choice["delta"] == {} and choice["finish_reason"] == "length"
    usage = check(json.loads(usage), "v1 chunk with usage")
    assert usage["choices"] == [] and check(usage["usage"], "v1 usage")


def test_v1_others(server):
    status, body = server.json("POST", "/v1/completions", {"model": "tiny", "prompt": "Hi", "max_tokens": 4})
    (choice,) = check(body, "v1 completion")["choices"]
    assert status == 200 and check(choice, "v1 completion choice") and check(body["usage"], "v1 usage")
    body = server.json("POST", "/v1/embeddings", {"model": "encoder", "input": ["a", "b"]})[1]
    for i, entry in enumerate(check(body, "v1 embeddings")["data"]):
        assert check(entry, "v1 embedding")["index"] == i
    check(body["usage"], "v1 embedding usage")
    for model in check(server.json("GET", "/v1/models")[1], "v1 models")["data"]:
        check(model, "v1 model")
    check(server.json("GET", "/v1/models/tiny")[1], "v1 model")
    status, body = server.json("GET", "/v1/models/none")
    assert status == 404 and check(check(body, "v1 error")["error"], "v1 error body")["type"] == "not_found_error"


def test_messages(server):
    ask = {"model": "tiny", "messages": ASK, "max_tokens": 4}
    status, body = server.json("POST", "/v1/messages", ask)
    assert status == 200 and check(check(body, "messages")["usage"], "messages usage")
    assert re.fullmatch("msg_[0-9a-f]{24}", body["id"])
    names = [name for name, data in events(server, "/v1/messages", ask) if name != "content_block_delta"]
    assert names == ["message_start", "content_block_start", "content_block_stop", "message_delta", "message_stop"]
    status, body = server.json("POST", "/v1/messages", {"model": "tiny", "messages": ASK})
    assert status == 400 and check(check(body, "messages error")["error"], "messages error body")
