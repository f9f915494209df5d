"""A server that answers what a test says, and remembers what it was asked: for what commands print and send."""
import contextlib
import http.server
import json
import threading


class FakeServer(http.server.ThreadingHTTPServer):
    """`answers`: path -> JSON value, list of JSON lines, or (status, value). Requests are in `asked`."""

    daemon_threads = True

    def __init__(self, answers):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = {"/": "Ollama is running", "/api/version": {"version": "9.9.9"}, **answers}
        self.asked = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def bodies(self, path):
        return [body for asked, body in self.asked if asked == path]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        self.server.asked.append((self.path, json.loads(body) if body else None))
        reply = self.server.answers.get(self.path, (404, {"error": "no such path"}))
        status, value = reply if isinstance(reply, tuple) else (200, reply)
        lines = value if isinstance(value, list) else [value]
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_GET = do_POST = do_DELETE = do_HEAD = answer

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def fake_server(**answers):
    """fake_server(api_tags={...}) answers /api/tags."""
    server = FakeServer({"/" + name.replace("_", "/"): value for name, value in answers.items()})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
