"""Models pulled from a registry: through the official client, interrupted, and from registries that err."""
import hashlib
import http.client
import json
import signal
import ssl
import subprocess
import threading
import time

import ollama
import pytest
from conftest import PART, blobs, names, partials, pull_error, start
from registry_server import Registry


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


def test_a_model_comes_with_its_progress_and_runs(client, server, registry, weights):
    seen = list(client.pull(registry.name("me/tiny"), insecure=True, stream=True))
    statuses = [part.status for part in seen]
    assert statuses[0] == "pulling manifest"
    assert statuses[-3:] == ["verifying sha256 digest", "writing manifest", "success"]
    bars = [part for part in seen if part.digest == registry.weights]
    assert {bar.status for bar in bars} == {"pulling " + registry.weights[7:19]}
    assert bars[-1].total == bars[-1].completed == len(weights)
    assert [bar.completed or 0 for bar in bars] == sorted(bar.completed or 0 for bar in bars)

    manifest = registry.manifests["me/tiny:latest"]
    name = f"127.0.0.1:{registry.port}/me/tiny:latest"
    listed = next(model for model in client.list().models if model.model == name)
    assert listed.digest == hashlib.sha256(manifest).hexdigest()
    path = server.data / f"models/manifests/127.0.0.1:{registry.port}/me/tiny/latest"
    assert path.read_bytes() == manifest
    for blob in blobs(server):
        assert blob.name == "sha256-" + hashlib.sha256(blob.read_bytes()).hexdigest()
    assert client.show(name).parameters.split() == ["num_ctx", "1024", "num_predict", "8"]
    assert client.generate(name, "Hi", options={"num_predict": 3}).eval_count == 3

    # Each part once, side by side; nothing of it again for a second pull.
    assert sorted(registry.ranges_asked(registry.weights)) == [
        (first, min(first + PART, len(weights)) - 1) for first in range(0, len(weights), PART)
    ]
    registry.log.clear()
    assert client.pull(registry.name("me/tiny"), insecure=True).status == "success"
    assert [path for _, path, _ in registry.log] == ["/v2/me/tiny/manifests/latest"]


def test_blobs_come_from_elsewhere_without_our_credentials(client, registry):
    registry.token = "secret-token"
    with Registry() as store:
        store.blobs = registry.blobs
        registry.blobs_elsewhere = store
        assert client.pull(registry.name("me/tiny"), insecure=True).status == "success"
        assert store.requests("GET", registry.weights)
        assert not any("Authorization" in headers for _, _, headers in store.log)
        # The redirect is asked for once, not for every part.
        assert len(registry.requests("GET", registry.weights)) <= 3


def test_the_server_signs_with_its_key_for_a_token(client, server, registry):
    registry.token = "secret-token"
    assert client.pull(registry.name("me/tiny"), insecure=True).status == "success"
    public = (server.data / "keys/id_ed25519.pub").read_text().split()
    assert registry.signers and set(registry.signers) == {public[1]}
    assert (server.data / "keys/id_ed25519").stat().st_mode & 0o777 == 0o600
    assert "secret-token" not in server.log()


def test_a_token_is_not_asked_of_another_host(client, registry):
    registry.token = "secret-token"
    with Registry() as thief:
        registry.realm = thief.url + "/token"
        assert "sends us to another host for a token" in pull_error(client, registry.name("me/tiny"))
        assert thief.log == []


def test_a_private_registry_gets_the_password_of_its_file(client, server, registry):
    registry.basic = "anna:pass word"
    assert "Register this server's public key there" in pull_error(client, registry.name("me/tiny"))
    credentials = server.data / "keys/registries.json"
    host = f"127.0.0.1:{registry.port}"
    credentials.write_text(json.dumps({"auths": {host: {"username": "anna", "password": "wrong"}}}))
    assert "does not accept the credentials" in pull_error(client, registry.name("me/tiny"))
    credentials.write_text(json.dumps({"auths": {host: {"auth": "YW5uYTpwYXNzIHdvcmQ="}}}))
    assert client.pull(registry.name("me/tiny"), insecure=True).status == "success"
    assert "pass word" not in server.log() and "YW5uYTpwYXNzIHdvcmQ" not in server.log()
    credentials.unlink()


def test_a_killed_server_goes_on_where_it_was(tmp_path, registry, weights):
    registry.hold_after = PART // 2
    url = registry.name("me/tiny")
    with start(tmp_path / "moat") as server:
        body = json.dumps({"model": url, "insecure": True})
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request("POST", "/api/pull", body)
        assert connection.getresponse().status == 200
        # Two parts stand still halfway: what they have is on disk before the kill.
        sidecars = server.data / "models/blobs"
        # A record is empty for the moment between its making and its first line.
        records = lambda: [  # noqa: E731
            path.read_text() for path in sidecars.glob(f"sha256-{registry.weights[7:]}-partial-*")
        ]
        halves = lambda: [json.loads(text)["Completed"] for text in records() if text]  # noqa: E731
        wait_until(lambda: halves().count(PART // 2) == 2)
        server.stop(signal.SIGKILL)
        connection.close()
    registry.release.set()
    registry.hold_after = None
    before = registry.ranges_asked(registry.weights)
    registry.log.clear()

    with start(tmp_path / "moat") as server:
        client = ollama.Client(host=server.url, timeout=120)
        assert names(client) == []
        assert client.pull(url, insecure=True).status == "success"
        asked = registry.ranges_asked(registry.weights)
        assert asked and sum(last - first + 1 for first, last in asked) == len(weights) - PART
        for first, _ in before:
            assert all(not (first <= again < first + PART // 2) for again, _ in asked)
        assert partials(server) == []
        assert client.generate(names(client)[0], "Hi", options={"num_predict": 2}).done


def test_a_client_that_leaves_stops_it_and_the_parts_stay(client, server, registry):
    registry.hold_after = PART // 2
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("POST", "/api/pull", json.dumps({"model": registry.name("me/tiny"), "insecure": True}))
    reply = connection.getresponse()
    assert json.loads(reply.readline())["status"] == "pulling manifest"
    assert registry.held.wait(60)
    reply.close()
    connection.close()
    wait_until(lambda: registry.abandoned > 0)
    assert names(client) == [] and partials(server)
    registry.hold_after = None
    assert client.pull(registry.name("me/tiny"), insecure=True).status == "success"
    assert any(first % PART == PART // 2 for first, _ in registry.ranges_asked(registry.weights))


def test_a_part_that_stands_still_is_asked_for_anew(tmp_path, registry):
    registry.hold_after = PART // 2
    with start(tmp_path / "moat", MOAT_PULL_STALL_LIMIT="1s") as server:
        client = ollama.Client(host=server.url, timeout=120)
        done = threading.Thread(target=client.pull, args=(registry.name("me/tiny"),), kwargs={"insecure": True})
        done.start()
        wait_until(lambda: registry.abandoned > 0)
        registry.hold_after = None
        done.join(120)
        assert len(names(client)) == 1


def test_pulls_of_one_model_share_its_download(client, registry, weights):
    registry.hold_after = PART // 2
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(client.pull(registry.name("me/tiny"), insecure=True).status))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(registry.requests("GET", "/manifests/")) == 3)
    registry.release.set()
    for thread in threads:
        thread.join(120)
    assert results == ["success"] * 3
    assert sum(last - first + 1 for first, last in registry.ranges_asked(registry.weights)) == len(weights)


def test_cut_connections_and_failing_answers_are_tried_again(client, registry, weights):
    path = f"/v2/me/tiny/blobs/{registry.weights}"
    registry.cuts[path] = [1_000, 3_999_999, 700_000]
    registry.failures[path] = [503, 500]
    assert client.pull(registry.name("me/tiny"), insecure=True).status == "success"
    assert registry.cuts[path] == [] and registry.failures[path] == []
    # Only what was missing was asked for again.
    assert registry.served < len(weights) + 3 * PART


def test_a_registry_without_ranges_serves_the_whole(client, registry):
    registry.ranges = False
    path = f"/v2/me/tiny/blobs/{registry.weights}"
    registry.cuts[path] = [5_000_000, 5_000_000]
    assert client.pull(registry.name("me/tiny"), insecure=True).status == "success"


def test_wrong_bytes_never_become_a_model(client, server, registry, weights):
    registry.blobs[registry.weights] = weights[:9_000_000] + b"?" + weights[9_000_001:]
    assert pull_error(client, registry.name("me/tiny")) == "digest mismatch, file must be downloaded again"
    assert names(client) == []
    assert not any(registry.weights[7:] in path.name for path in blobs(server))
    registry.blobs[registry.weights] = weights
    assert client.pull(registry.name("me/tiny"), insecure=True).status == "success"


def test_a_blob_shorter_than_its_manifest_says_is_refused(client, registry, weights):
    registry.blobs[registry.weights] = weights[:-1]
    error = pull_error(client, registry.name("me/tiny"))
    assert f"a blob of {len(weights) - 1} bytes, and its manifest says {len(weights)}" in error
    assert names(client) == []


def test_what_is_not_there_is_said(client, server, registry):
    assert pull_error(client, registry.name("me/none")) == "pull model manifest: file does not exist"
    status, answer = server.json(
        "POST", "/api/pull", {"model": registry.name("me/none"), "insecure": True, "stream": False})
    assert (status, answer) == (500, {"error": "pull model manifest: file does not exist"})
    del registry.blobs[registry.weights]
    assert pull_error(client, registry.name("me/tiny")) == "file does not exist"
    status, answer = server.json("POST", "/api/pull", {"model": "not a name"})
    assert (status, answer) == (400, {"error": "invalid model name"})
    assert server.json("POST", "/api/pull", {"model": ""})[0] == 400


def test_plain_http_must_be_meant(client, server, registry):
    with pytest.raises(ollama.ResponseError, match="insecure protocol http"):
        client.pull(registry.name("me/tiny"))
    assert registry.log == []


def test_a_registry_that_cannot_be_reached_says_what_else_to_do(client):
    error = pull_error(client, "http://127.0.0.1:1/me/tiny")
    assert error.startswith("pull model manifest: no connection to 127.0.0.1:1: ")
    assert "moat create tiny -f Modelfile" in error


@pytest.mark.parametrize(
    "manifest, message",
    [
        (b"<html>", "the manifest is not JSON"),
        (b"{}", "the manifest lacks its config or its layers"),
        (b'{"config":{"digest":"sha256:12"},"layers":[]}', "no valid digest"),
        (b" " * (5 << 20), "the reply is larger than it may be"),
    ],
)
def test_malformed_manifests_are_refused(client, registry, manifest, message):
    registry.manifests["me/tiny:latest"] = manifest
    assert message in pull_error(client, registry.name("me/tiny"))
    assert names(client) == []


def test_a_manifest_cannot_point_to_files_of_this_machine(client, registry):
    manifest = json.loads(registry.manifests["me/tiny:latest"])
    manifest["layers"][0]["linked"] = {"path": "/etc/hostname", "modified_ns": 1}
    registry.manifests["me/tiny:latest"] = json.dumps(manifest).encode()
    assert "makes no sense" in pull_error(client, registry.name("me/tiny"))
    assert names(client) == []


@pytest.mark.parametrize("size", [-1, 1 << 60, 1 << 48])
def test_hostile_sizes_are_refused_before_anything_is_written(client, server, registry, size):
    manifest = json.loads(registry.manifests["me/tiny:latest"])
    manifest["layers"][0]["size"] = size
    registry.manifests["me/tiny:latest"] = json.dumps(manifest).encode()
    error = pull_error(client, registry.name("me/tiny"))
    assert "makes no sense" in error or "the disk has" in error
    assert not any(registry.weights[7:] in path.name for path in blobs(server))


def test_redirects_that_never_end_are_left(client, registry):
    path = "/v2/me/tiny/manifests/latest"
    registry.replies[path] = (302, {"Location": path}, b"")
    assert "redirects more than 10 times" in pull_error(client, registry.name("me/tiny"))


def test_other_formats_are_refused_before_they_come(client, registry):
    registry.add_model("me/other", [("tensor", b"x" * 100)])
    assert "has no GGUF file" in pull_error(client, registry.name("me/other"))
    registry.add_model("me/fake", [("model", b"these are not weights")])
    assert "not in GGUF format" in pull_error(client, registry.name("me/fake"))
    assert names(client) == []


def test_what_a_newer_version_does_not_use_goes(client, server, registry):
    client.pull(registry.name("me/tiny"), insecure=True)
    old = hashlib.sha256(b"Be brief.").hexdigest()
    assert (server.data / f"models/blobs/sha256-{old}").exists()
    registry.add_model("me/tiny", [registry.layers[0], ("system", b"Be long.")])
    statuses = [part.status for part in client.pull(registry.name("me/tiny"), insecure=True, stream=True)]
    assert statuses[-2:] == ["removing unused layers", "success"]
    assert not (server.data / f"models/blobs/sha256-{old}").exists()
    assert client.show(names(client)[0]).modelfile.count("Be long.") == 1


def test_only_administrators_pull_and_push(tmp_path, registry):
    with start(tmp_path / "moat") as server:
        key = server.json("POST", "/api/admin/keys", {"name": "root", "role": "admin"})[1]["key"]
        user = server.json("POST", "/api/admin/keys", {"name": "ann", "role": "user"}, key=key)[1]["key"]
        order = {"model": registry.name("me/tiny"), "insecure": True, "stream": False}
        for path in ("/api/pull", "/api/push", "/api/admin/models/verify"):
            assert server.json("POST", path, order)[0] == 401
            assert server.json("POST", path, order, key=user)[0] == 403
        assert registry.log == []
        assert server.json("POST", "/api/pull", order, key=key) == (200, {"status": "success"})


def test_create_brings_the_model_it_builds_on(client, registry):
    with pytest.raises(ollama.ResponseError, match="no connection to 127.0.0.1:1"):
        client.create(model="derived", from_="127.0.0.1:1/me/none")
    # Over plain http it must be pulled by hand: the name in a Modelfile has no --insecure.
    with pytest.raises(ollama.ResponseError, match="insecure protocol http"):
        client.create(model="derived", from_=registry.name("me/tiny"))
    client.pull(registry.name("me/tiny"), insecure=True)
    client.create(model="derived", from_=registry.name("me/tiny"), system="Be kind.")
    assert "derived:latest" in names(client)


def test_a_proxy_stands_between(tmp_path, registry):
    # The registry plays the proxy: it is asked for whole addresses, of a host that does not exist.
    with start(tmp_path / "moat", http_proxy=registry.url) as server:
        client = ollama.Client(host=server.url, timeout=120)
        assert client.pull("http://models.invalid/me/tiny", insecure=True).status == "success"
        assert {path.split("/v2/")[0] for _, path, _ in registry.log} == {"http://models.invalid"}
        assert names(client) == ["models.invalid/me/tiny:latest"]


def test_a_registry_with_a_certificate_of_its_own(tmp_path, weights):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=registry",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with Registry(context) as registry:
        registry.add_model("me/tiny", [("model", weights)])
        name = f"127.0.0.1:{registry.port}/me/tiny"
        with start(tmp_path / "stranger") as server:
            error = pull_error(ollama.Client(host=server.url), name)
            assert "certificate" in error and names(ollama.Client(host=server.url)) == []
        with start(tmp_path / "moat", MOAT_CA_FILE=str(certificate)) as server:
            client = ollama.Client(host=server.url, timeout=120)
            assert client.pull(name).status == "success"
