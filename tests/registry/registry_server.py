"""A small registry of models that speaks the /v2 protocol, and goes wrong in the ways it is told to."""
import base64
import hashlib
import json
import re
import select
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import ed25519

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.ollama.image."


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Registry:
    """Serves until stopped. What it was asked is in `log`: (method, path, headers) in order."""

    def __init__(self, tls=None):
        self.blobs = {}      # digest -> bytes
        self.manifests = {}  # "repo:tag" -> bytes
        self.replies = {}    # path, or path?query -> (status, headers, body): said instead of anything else
        self.uploads = {}    # id -> bytearray
        self.mounts = []     # (digest, from)
        self.etags = []
        self.log = []
        self.served = 0          # bytes of blobs that were sent
        self.failures = {}       # path -> list of statuses to answer with first
        self.cuts = {}           # path -> list of byte counts after which to cut the connection
        self.hold_after = None   # bytes of a blob after which its body stands still
        self.held = threading.Event()     # set once a body stands still
        self.abandoned = 0                # bodies that stood still until the client left
        self.release = threading.Event()  # lets it go on
        self.ranges = True
        self.blobs_elsewhere = None   # another Registry that blobs are redirected to
        self.uploads_elsewhere = None
        self.token = None             # asked for when set
        self.basic = None             # "user:password", asked for when set
        self.realm = None
        self.signers = []             # public keys that asked for a token
        self.lock = threading.Lock()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.http.daemon_threads = True
        self.port = self.http.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        if tls:
            self.http.socket = tls.wrap_socket(self.http.socket, server_side=True)
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.release.set()
        self.http.shutdown()
        self.http.server_close()

    def name(self, repository, tag="latest"):
        return f"{self.url}/{repository}:{tag}"

    def add_blob(self, data):
        digest = digest_of(data)
        self.blobs[digest] = data
        return {"digest": digest, "size": len(data)}

    def add_model(self, repository, layers, tag="latest"):
        """layers: [(kind, bytes)] -> bytes of the manifest"""
        config = json.dumps({"model_format": "gguf", "model_family": "qwen2"}).encode()
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, **self.add_blob(config)},
            "layers": [{"mediaType": LAYER + kind, **self.add_blob(data)} for kind, data in layers],
        }
        # Spaces that no writer of ours makes: the bytes must be kept as they are.
        text = json.dumps(manifest, indent=3).encode()
        self.manifests[f"{repository}:{tag}"] = text
        return text

    def requests(self, method, part):
        return [(path, headers) for m, path, headers in self.log if m == method and part in path]

    def ranges_asked(self, digest):
        """[(first, last)] of the requests for parts, without the look at the first byte."""
        asked = []
        for _, headers in self.requests("GET", digest):
            match = re.fullmatch(r"bytes=(\d+)-(\d+)", headers.get("Range", ""))
            if match and match.group(0) != "bytes=0-0":
                asked.append((int(match.group(1)), int(match.group(2))))
        return asked


class Cut(Exception):
    """The connection is to be cut here."""


def handler_of(registry):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def answer(self, status, headers=None, body=b""):
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def handle_one_request(self):
            try:
                super().handle_one_request()
            except (Cut, ConnectionError):
                self.close_connection = True
                self.connection.close()

        def begin(self):
            """False when the answer was given already."""
            self.address = urllib.parse.urlsplit(self.path)
            self.query = urllib.parse.parse_qs(self.address.query)
            path = self.address.path
            with registry.lock:
                registry.log.append((self.command, self.path, dict(self.headers)))
                failure = registry.failures.get(path)
                status = failure.pop(0) if failure else None
            if status:
                self.answer(status, body=b'{"errors":[{"code":"TROUBLE"}]}')
            elif reply := registry.replies.get(self.path, registry.replies.get(path)):
                self.answer(*reply)
            elif path == "/token":
                self.give_token()
            elif not self.authorized():
                self.ask_for_credentials()
            else:
                return True
            return False

        def authorized(self):
            given = self.headers.get("Authorization", "")
            if registry.basic:
                return given == "Basic " + base64.b64encode(registry.basic.encode()).decode()
            return registry.token is None or given == "Bearer " + registry.token

        def ask_for_credentials(self):
            realm = registry.realm or registry.url + "/token"
            challenge = (
                'Basic realm="private"' if registry.basic
                else f'Bearer realm="{realm}",service="models",scope="repository:me/tiny:pull,push"'
            )
            self.answer(401, {"WWW-Authenticate": challenge}, b'{"errors":[{"code":"UNAUTHORIZED"}]}')

        def give_token(self):
            """To whoever signed this very address with the key shown."""
            key, _, signature = self.headers.get("Authorization", ":").partition(":")
            wire = base64.b64decode(key)
            empty = base64.b64encode(hashlib.sha256(b"").hexdigest().encode()).decode()
            message = f"GET,{registry.url}{self.path},{empty}".encode()
            good = (
                wire[4:15] == b"ssh-ed25519"
                and self.query["service"] == ["models"]
                and self.query["scope"] == ["repository:me/tiny:pull,push"]
                and abs(int(self.query["ts"][0])) > 1_600_000_000
                and len(self.query["nonce"][0]) >= 16
                and ed25519.is_signed(wire[19:], message, base64.b64decode(signature))
            )
            if not good:
                return self.answer(401)
            registry.signers.append(key)
            self.answer(200, {"Content-Type": "application/json"}, json.dumps({"token": registry.token}).encode())

        def do_HEAD(self):
            self.do_GET()

        def do_GET(self):
            if not self.begin():
                return
            if match := re.fullmatch(r"/v2/([\w./-]+)/manifests/([\w.-]+)", self.address.path):
                return self.give_manifest(f"{match.group(1)}:{match.group(2)}")
            if match := re.search(r"(sha256:[0-9a-f]{64})$", self.address.path):
                return self.give_blob(match.group(1))
            self.answer(404)

        def give_manifest(self, name):
            if self.headers.get("Accept") != MANIFEST or name not in registry.manifests:
                return self.answer(404)
            self.answer(200, {"Content-Type": MANIFEST}, registry.manifests[name])

        def give_blob(self, digest):
            if registry.blobs_elsewhere:
                return self.answer(307, {"Location": f"{registry.blobs_elsewhere.url}/store/{digest}"})
            data = registry.blobs.get(digest)
            if data is None:
                return self.answer(404)
            match = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            first, last = (int(match.group(1)), int(match.group(2))) if match else (0, len(data) - 1)
            partial = match and registry.ranges
            piece = data[first : last + 1] if partial else data
            self.send_response(206 if partial else 200)
            self.send_header("Content-Length", str(len(piece)))
            if partial:
                self.send_header("Content-Range", f"bytes {first}-{first + len(piece) - 1}/{len(data)}")
            self.end_headers()
            if self.command != "HEAD":
                self.send_body(piece)

        def send_body(self, piece):
            with registry.lock:
                cuts = registry.cuts.get(self.address.path)
                cut = cuts.pop(0) if cuts and len(piece) > 1 else None
            hold = registry.hold_after if len(piece) > 1 else None
            for stop_at, then in ((cut, self.cut), (hold, self.hold)):
                if stop_at is not None and stop_at < len(piece):
                    self.count(piece[:stop_at])
                    then()
                    piece = piece[stop_at:]
            self.count(piece)

        def count(self, piece):
            self.wfile.write(piece)
            self.wfile.flush()
            with registry.lock:
                registry.served += len(piece)

        def cut(self):
            raise Cut

        def hold(self):
            registry.held.set()
            while not registry.release.is_set():
                if select.select([self.connection], [], [], 0.02)[0]:
                    registry.abandoned += 1  # nothing can come but the end
                    raise Cut

        def body(self):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def do_POST(self):
            if not self.begin():
                return
            self.body()
            if "mount" in self.query and self.query["mount"][0] in registry.blobs:
                registry.mounts.append((self.query["mount"][0], self.query["from"][0]))
                return self.answer(201)
            number = str(len(registry.uploads))
            registry.uploads[number] = bytearray()
            self.answer(202, {"Location": f"/v2/uploads/{number}?state=0"})

        def do_PATCH(self):
            elsewhere = registry.uploads_elsewhere
            if elsewhere:
                self.begin()
                number = self.address.path.rsplit("/", 1)[1]
                self.close_connection = True
                return self.answer(307, {
                    "Location": f"{elsewhere.url}/part/{self.headers['Content-Range']}",
                    "Docker-Upload-Location": f"{registry.url}/v2/uploads/{number}?state=1",
                })
            body = self.body()
            if not self.begin():
                return
            upload = registry.uploads[self.address.path.rsplit("/", 1)[1]]
            first, last = map(int, self.headers["Content-Range"].split("-"))
            if first != len(upload) or last - first + 1 != len(body):
                return self.answer(416)
            upload += body
            self.answer(202, {"Location": f"{self.path}x", "Docker-Upload-Location": f"{self.path}y"})

        def do_PUT(self):
            body = self.body()
            if not self.begin():
                return
            path = self.address.path
            if path.startswith("/part/"):
                registry.uploads[path] = bytearray(body)
                return self.answer(200)
            if match := re.fullmatch(r"/v2/([\w./-]+)/manifests/([\w.-]+)", path):
                registry.manifests[f"{match.group(1)}:{match.group(2)}"] = body
                return self.answer(201)
            data = bytes(registry.uploads[path.rsplit("/", 1)[1]])
            if registry.uploads_elsewhere:
                parts = [p for p in registry.uploads_elsewhere.uploads if p.startswith("/part/")]
                parts.sort(key=lambda p: int(p.split("/")[2].split("-")[0]))
                data = b"".join(bytes(registry.uploads_elsewhere.uploads.pop(p)) for p in parts)
            registry.etags.append(self.query["etag"][0])
            if digest_of(data) != self.query["digest"][0]:
                return self.answer(400, body=b'{"errors":[{"code":"DIGEST_INVALID"}]}')
            registry.blobs[digest_of(data)] = data
            self.answer(201)

    return Handler
