"""What a hostile or broken client sends must get an answer and cost nothing else."""
import json
import pathlib
import random
import re
import socket
import time

import pytest

# route("POST", "/path" ...), post("/path" ...) and {.method = "POST", .path = "/path" ...}
ROUTES = re.compile(
    r'(?:"(GET|POST|PUT|PATCH|DELETE|HEAD)",\s*(?:\.path = )?|\b(post)\()"(/[^"]*)"')


def head(line, *headers):
    return "\r\n".join([line, "Host: localhost", *headers, "", ""]).encode()


def status_of(response):
    return int(response.split(b" ", 2)[1]) if response.startswith(b"HTTP/1.") else None


@pytest.mark.parametrize("data, expected", [
    (b"\x00\x01\x02\x03\r\n\r\n", 400),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64 + b"\r\n\r\n", 400),
    (b"GET /\r\n\r\n", 400),
    (b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nBad Header: x\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n", 400),
    (head("GET /" + "a" * 70000 + " HTTP/1.1"), 431),
    (head("GET / HTTP/1.1", *[f"X-{i}: y" for i in range(20000)]), 431),
    (head("GET /%00 HTTP/1.1", "Connection: close"), 400),
    (head("GET /%c3%28 HTTP/1.1", "Connection: close"), 400),
    (head("GET /../../etc/passwd HTTP/1.1", "Connection: close"), 404),
    (head("GET /assets/%2e%2e%2f%2e%2e%2fetc%2fpasswd HTTP/1.1", "Connection: close"), 404),
    (head("BREW / HTTP/1.1", "Connection: close"), 405),
    (head("CONNECT a:1 HTTP/1.1", "Connection: close"), 400),
    (head("POST /api/admin/keys HTTP/1.1", "Content-Length: 99999999999999999999999"), 400),
    (head("POST /api/admin/keys HTTP/1.1", "Content-Length: 1", "Content-Length: 2"), 400),
    (head("POST /api/admin/keys HTTP/1.1", "Content-Length: 1", "Transfer-Encoding: chunked"), 400),
    (head("POST /api/admin/keys HTTP/1.1", "Transfer-Encoding: xchunked"), 501),
    (head("POST /api/admin/keys HTTP/1.1", "Transfer-Encoding: chunked") + b"fffffffffffffffff\r\n", 400),
    (head("POST /api/admin/keys HTTP/1.1", "Transfer-Encoding: chunked") + b"-1\r\n", 400),
])
def test_malformed_requests_get_their_status(server, data, expected):
    assert status_of(server.raw(data)) == expected
    assert server.alive()


def test_random_bytes_never_hurt(server):
    dice = random.Random(1)
    samples = [
        head("GET /api/version HTTP/1.1"),
        head("POST /api/admin/keys HTTP/1.1", "Content-Length: 13") + b'{"name":"ab"}',
        head("POST /api/chat HTTP/1.1", "Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n\r\n",
    ]
    for _ in range(150):
        data = bytearray(dice.choice(samples))
        for _ in range(dice.randrange(1, 6)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        with server.connect() as connection:
            connection.sendall(bytes(data))
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(20)
            while connection.recv(65536):
                pass
    assert server.alive()


def test_an_oversized_body_is_refused_with_the_limit_before_it_is_read(server):
    response = server.raw(head("POST /api/admin/keys HTTP/1.1", "Content-Length: 50000000000"))
    assert status_of(response) == 413
    message = json.loads(response.split(b"\r\n\r\n", 1)[1])["error"]["message"]
    assert re.search(r"\d+ bytes", message)


def test_an_oversized_chunked_body_is_refused(server):
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    response = server.raw(
        head("POST /api/admin/keys HTTP/1.1", "Transfer-Encoding: chunked") + chunk * 8)
    assert status_of(response) == 413


def message_of(error) -> str:
    """Of an error as any of the protocols writes it."""
    if isinstance(error, list):
        error = error[0]
    return error if isinstance(error, str) else error["message"]


def routes_with_bodies():
    """Method and path of every route in the sources that may have a body."""
    source = pathlib.Path(__file__).resolve().parents[2] / "src"
    found = set()
    for path in (*source.glob("api/**/*.cc"), *source.glob("app/*.cc")):
        if path.name.endswith("_test.cc"):
            continue
        for method, post, route in ROUTES.findall(path.read_text()):
            found.add((method or post.upper(), route))
    # These read none, and are fine with what is absent.
    without = {("POST", "/api/signout"), ("DELETE", "/api/user/keys/{key}"), ("DELETE", "/v1/schema/{class}")}
    return sorted(r for r in found - without if r[0] in ("POST", "PUT", "PATCH", "DELETE"))


def test_every_protocol_is_among_the_routes():
    paths = {path for _, path in routes_with_bodies()}
    assert {"/api/chat", "/v1/chat/completions", "/api/kb/{kb}/search", "/api/admin/keys"} <= paths


@pytest.mark.parametrize("method, path", routes_with_bodies())
def test_bad_bodies_get_a_clear_error_from_every_route(server, method, path):
    path = re.sub(r"\{[a-z_]+(\.\.\.)?\}", "x", path)
    for body in (b"{", b"[]", b"nul", b"\xff\xfe\x00", b'"text"', b"[" * 100000,
                 b'{"model":5,"messages":{},"name":[],"prompt":1,"question":2,"query":[]}'):
        status, headers, text = server.request(method, path, body)
        assert 400 <= status < 500, (body[:20], status, text)
        if headers.get("Content-Type", "").startswith("application/json"):
            assert message_of(json.loads(text)["error"])
    assert server.process.poll() is None


def test_many_slow_clients_do_not_keep_others_out(server):
    idle = [server.connect() for _ in range(300)]
    try:
        for connection in idle[:150]:
            connection.sendall(b"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Le")
        begun = time.monotonic()
        assert server.request("GET", "/healthz")[0] == 200
        assert time.monotonic() - begun < 2
    finally:
        for connection in idle:
            connection.close()


def test_a_flood_of_pipelined_requests_is_answered_in_order(server):
    count = 500
    data = head("GET /healthz HTTP/1.1") * (count - 1)
    data += head("GET /healthz HTTP/1.1", "Connection: close")
    assert server.raw(data).count(b"HTTP/1.1 200 OK") == count


def test_foreign_pages_and_foreign_names_are_refused(server):
    assert server.request("GET", "/healthz", headers={"Origin": "https://evil.example"})[0] == 403
    assert server.request("GET", "/healthz", headers={"Host": "evil.example"})[0] == 403
    status, headers, _ = server.request("GET", "/healthz", headers={"Origin": "http://localhost:5173"})
    assert status == 200
    assert headers["Access-Control-Allow-Origin"] == "http://localhost:5173"


def test_the_page_is_served_to_browsers_and_ollamas_text_to_others(server):
    _, headers, text = server.request("GET", "/", headers={"Accept": "text/html"})
    assert headers["Content-Type"].startswith("text/html") and b"<script" in text
    assert server.request("GET", "/")[2] == b"Ollama is running"
    script = re.search(rb'src="\./(assets/[^"]+\.js)"', text).group(1).decode()
    status, headers, _ = server.request("GET", "/" + script, headers={"Accept-Encoding": "gzip"})
    assert status == 200 and headers["Content-Encoding"] == "gzip"
    assert "immutable" in headers["Cache-Control"]


def test_unknown_paths_and_methods_are_answered_as_ollama_does(server):
    assert server.request("GET", "/nope")[::2] == (404, b"404 page not found")
    assert server.request("DELETE", "/healthz")[::2] == (405, b"405 method not allowed")
