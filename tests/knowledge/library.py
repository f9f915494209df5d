"""Knowledge bases over HTTP, in the words of the tests."""
import json
import os
import pathlib
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EXAMPLES = ROOT / "examples"


def shared_folder():
    """The folder of shared test data, or None."""
    given = os.environ.get("MOAT_SHARED")
    folder = pathlib.Path(given) if given else ROOT.parent / "shared"
    return folder if folder.is_dir() else None


class Library:
    """One knowledge base of a running server."""

    def __init__(self, server, name, key=None):
        self.server = server
        self.path = f"/api/kb/{urllib.parse.quote(name)}"
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}

    def call(self, method, path, body=None):
        """-> (status, JSON or None)"""
        if isinstance(body, dict):
            body = json.dumps(body)
        status, _, text = self.server.request(method, path, body, self.headers, timeout=120)
        return status, json.loads(text) if text else None

    def put(self, name, data):
        query = urllib.parse.urlencode({"name": name, "create": "true"})
        return self.call("POST", f"{self.path}/documents?{query}", data)

    def documents(self):
        status, body = self.call("GET", f"{self.path}/documents")
        return body["documents"] if status == 200 else []

    def settled(self, seconds=120):
        """Waits until nothing is in work -> {name: document}."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            documents = self.documents()
            if all(d["stage"] in ("ready", "failed") for d in documents):
                return {d["name"]: d for d in documents}
            time.sleep(0.05)
        raise AssertionError(f"still in work: {[d for d in documents if d['stage'] not in ('ready', 'failed')]}")

    def search(self, query, **more):
        status, body = self.call("POST", f"{self.path}/search", {"query": query, **more})
        assert status == 200, body
        return body["hits"]

    def passages(self, document):
        status, body = self.call("GET", f"{self.path}/documents/{document}/passages")
        assert status == 200, body
        return body["passages"]

    def ask(self, question, **more):
        status, body = self.call(
            "POST", f"{self.path}/ask", {"question": question, "stream": False, **more})
        assert status == 200, body
        return body
