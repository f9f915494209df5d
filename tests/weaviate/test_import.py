"""`moat import weaviate`: from a second real server, and from an imitation of Weaviate in its documented shapes."""
import http.server
import json
import threading
import urllib.parse
import uuid

import pytest
from command_line import everything, make_class, moat, write
from harness import Server

NIL = str(uuid.UUID(int=0))


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("import")
    with Server(folder / "old") as old, Server(folder / "new") as new:
        yield old, new
        assert old.alive() and new.alive()


def test_everything_comes_over(servers, tmp_path):
    old, new = servers
    make_class(old, {"class": "Author", "properties": [{"name": "name", "dataType": ["text"]}]})
    make_class(old, {
        "class": "Article", "description": "what was written", "vectorizer": "none",
        "vectorIndexConfig": {"distance": "l2-squared"},
        "properties": [
            {"name": "title", "dataType": ["text"], "tokenization": "field"}, {"name": "year", "dataType": ["int"]},
            {"name": "place", "dataType": ["geoCoordinates"]}, {"name": "by", "dataType": ["Author"]}]})
    make_class(old, {"class": "Pair", "vectorConfig": {
        "left": {"vectorizer": {"none": {}}, "vectorIndexType": "hnsw"},
        "right": {"vectorizer": {"none": {}}, "vectorIndexType": "hnsw"}}})
    make_class(old, {"class": "Mail", "multiTenancyConfig": {"enabled": True},
                     "properties": [{"name": "text", "dataType": ["text"]}]})
    author = str(uuid.UUID(int=7))
    write(old, [{"class": "Author", "id": author, "properties": {"name": "鲁迅"}}])
    # More than two pages, and the one id that no cursor goes on after.
    write(old, [{"class": "Article", "id": str(uuid.UUID(int=i * 2**90)), "vector": [i / 7, 1, -i], "properties": {
        "title": f"第 {i} 篇", "year": i, "place": {"latitude": 39.9, "longitude": 116.4},
        "by": [{"beacon": f"weaviate://localhost/Author/{author}"}]}} for i in range(450)])
    write(old, [{"class": "Pair", "properties": {"n": 1}, "vectors": {"left": [1, 2], "right": [1, 2, 3]}}])
    assert old.request("POST", "/v1/schema/Mail/tenants", [{"name": "a"}, {"name": "b"}])[0] == 200
    write(old, [{"class": "Mail", "tenant": "a", "properties": {"text": f"mail {i}"}} for i in range(3)])
    assert old.request("POST", "/v1/aliases", {"alias": "Paper", "class": "Article"})[0] == 200

    done = moat(new, tmp_path, "import", "weaviate", f"http://127.0.0.1:{old.port}")
    assert done.returncode == 0, done.stderr + done.stdout
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["Article", "450", "450", "0", "complete"] in lines and ["Mail", "3", "3", "0", "complete"] in lines
    assert old.json("GET", "/v1/schema") == new.json("GET", "/v1/schema")
    for name in ("Author", "Article", "Pair"):
        assert everything(old, name) == everything(new, name)
    assert NIL in everything(new, "Article") and len(everything(new, "Article")) == 450
    assert everything(old, "Mail", "a") == everything(new, "Mail", "a") and everything(new, "Mail", "b") == {}
    assert new.json("GET", "/v1/aliases") == (200, {"aliases": [{"alias": "Paper", "class": "Article"}]})
    # Again it does no harm; what is not asked for stays away.
    again = moat(new, tmp_path, "import", "weaviate", f"http://127.0.0.1:{old.port}", "--collection", "Author",
                 locale="zh_CN.UTF-8")
    assert again.returncode == 0 and "完整" in again.stdout and "Article" not in again.stdout
    assert "本机已有同名集合" in again.stderr
    none = moat(new, tmp_path, "import", "weaviate", f"http://127.0.0.1:{old.port}", "--collection", "None")
    assert none.returncode == 1 and "there is no collection 'None'" in none.stderr


def test_a_server_that_is_not_there_is_told(servers, tmp_path):
    done = moat(servers[1], tmp_path, "import", "weaviate", "http://127.0.0.1:9")
    assert done.returncode == 1 and "could not connect to a Weaviate at http://127.0.0.1:9" in done.stderr


class Weaviate(http.server.BaseHTTPRequestHandler):
    """Weaviate 1.30 with a key and one class, as far as an import asks."""

    protocol_version = "HTTP/1.1"
    objects = []  # in the order of ids
    asked = []  # the cursors
    breaks_after = None  # so many pages; then the connection is cut

    def log_message(self, *_):
        pass

    def send(self, status, body=None):
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Authorization") != "Bearer secret":
            return self.send(401, {"code": 401, "message": "anonymous access not enabled"})
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path == "/v1/meta":
            return self.send(200, {"hostname": "http://[::]:8080", "modules": {}, "version": "1.30.4"})
        if url.path == "/v1/schema":
            return self.send(200, {"classes": [self.definition]})
        if url.path == "/v1/graphql":
            count = [{"meta": {"count": len(self.objects)}}]
            return self.send(200, {"data": {"Aggregate": {"Report": count}}})
        if url.path != "/v1/objects":
            return self.send(404)  # aliases, the nil object: no body
        assert query["class"] == "Report" and "offset" not in query
        if self.breaks_after is not None and len(self.asked) >= self.breaks_after:
            self.close_connection = True
            return None
        self.asked.append(query["after"])
        rest = [o for o in self.objects if o["id"] > query["after"]]
        return self.send(200, {"deprecations": None, "objects": rest[:int(query["limit"])],
                               "totalResults": min(len(rest), int(query["limit"]))})

    do_GET = do_POST = answer

    definition = {
        "class": "Report", "description": "", "moduleConfig": {"text2vec-openai": {"model": "ada"}},
        "invertedIndexConfig": {"bm25": {"b": 0.75, "k1": 1.2}, "cleanupIntervalSeconds": 60,
                                "stopwords": {"additions": None, "preset": "en", "removals": None}},
        "multiTenancyConfig": {"autoTenantActivation": False, "autoTenantCreation": False, "enabled": False},
        "properties": [
            {"dataType": ["text"], "indexFilterable": True, "indexRangeFilters": False, "indexSearchable": True,
             "moduleConfig": {"text2vec-openai": {"skip": False, "vectorizePropertyName": False}},
             "name": "text", "tokenization": "word"},
            {"dataType": ["int"], "indexFilterable": True, "indexRangeFilters": False, "indexSearchable": False,
             "name": "page"}],
        "replicationConfig": {"asyncEnabled": False, "deletionStrategy": "NoAutomatedResolution", "factor": 1},
        "shardingConfig": {"actualCount": 1, "actualVirtualCount": 128, "desiredCount": 1, "desiredVirtualCount": 128,
                           "function": "murmur3", "key": "_id", "strategy": "hash", "virtualPerPhysical": 128},
        "vectorIndexConfig": {"bq": {"enabled": False}, "distance": "cosine", "ef": -1, "efConstruction": 128,
                              "maxConnections": 32, "pq": {"enabled": False}, "skip": False},
        "vectorIndexType": "hnsw", "vectorizer": "text2vec-openai",
    }


def report(i, **properties):
    return {"class": "Report", "creationTimeUnix": 1700000000000, "lastUpdateTimeUnix": 1700000000000,
            "id": str(uuid.UUID(int=i * 2**64)), "properties": {"text": f"report {i}", "page": i, **properties},
            "vector": [i + 0.1, 2, 3], "vectorWeights": None}


@pytest.fixture
def weaviate():
    class Fresh(Weaviate):
        objects = [report(i) for i in range(1, 1001)]
        asked = []

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Fresh) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        Fresh.url = f"http://127.0.0.1:{server.server_port}"
        yield Fresh
        server.shutdown()
        thread.join()


@pytest.fixture
def here(tmp_path):
    with Server(tmp_path / "moat") as server:
        yield server


def test_what_was_stopped_goes_on(weaviate, here, tmp_path):
    def run(*more, **environment):
        return moat(here, tmp_path, "import", "weaviate", weaviate.url, *more, **environment)

    refused = run()
    assert refused.returncode == 1 and "anonymous access not enabled" in refused.stderr
    weaviate.breaks_after = 3
    broken = run(WEAVIATE_API_KEY="secret")
    assert broken.returncode == 1 and "the connection to the server failed" in broken.stderr
    assert 0 < len(everything(here, "Report")) < 1000
    assert "secret" not in "".join(p.read_text() for p in tmp_path.rglob("import-*.json"))

    weaviate.breaks_after, weaviate.asked[:] = None, []
    # What came in before the place where it had stopped is noticed by the count, and fetched too.
    weaviate.objects.insert(0, report(0) | {"id": str(uuid.UUID(int=1))})
    done = run("--api-key", "secret")
    assert done.returncode == 0, done.stderr
    assert weaviate.asked[0] != NIL and NIL in weaviate.asked[1:]
    found = everything(here, "Report")
    assert {o["id"] for o in weaviate.objects} == set(found)
    assert found[report(5)["id"]]["vector"] == [5.1, 2, 3]
    assert here.json("GET", "/v1/schema/Report")[1]["vectorizer"] == "text2vec-openai"
    assert not list(tmp_path.rglob("import-*.json"))


def test_objects_that_are_refused_are_told(weaviate, here, tmp_path):
    weaviate.objects[:] = [report(1), report(2, page="no number"), report(3)]
    done = moat(here, tmp_path, "import", "weaviate", weaviate.url, "--api-key", "secret")
    assert done.returncode == 1 and "not everything is here" in done.stderr
    assert report(2)["id"] in done.stderr and "page" in done.stderr
    assert ["Report", "3", "2", "1", "NOT", "COMPLETE"] in [line.split() for line in done.stdout.splitlines()]
