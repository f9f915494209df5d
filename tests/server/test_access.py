"""Keys, and who may listen where."""
import os
import re
import signal
import socket
import stat
import subprocess
import time

import pytest

from harness import Server, refused


def make_key(server, name, role, key=None):
    status, made = server.json("POST", "/api/admin/keys", {"name": name, "role": role}, key)
    assert status == 201, made
    assert re.fullmatch(r"moat_[A-Za-z0-9_-]{32}", made["key"])
    return made["key"], made["id"]


def test_an_admin_key_closes_a_local_server(tmp_path):
    with Server(tmp_path / "d") as server:
        assert server.json("GET", "/api/admin/keys")[0] == 200
        user, _ = make_key(server, "bob", "user")
        assert server.json("GET", "/api/admin/keys")[0] == 200  # a user's key alone closes nothing
        admin, _ = make_key(server, "root", "admin")
        status, headers, text = server.request("GET", "/api/admin/keys")
        assert status == 401 and headers["WWW-Authenticate"].startswith("Bearer") and b"key" in text
        assert server.json("GET", "/api/admin/keys", key="moat_" + "a" * 32)[0] == 401
        assert server.json("GET", "/api/admin/keys", key=user)[0] == 403
        status, listed = server.json("GET", "/api/admin/keys", key=admin)
        assert status == 200 and [k["name"] for k in listed["keys"]] == ["bob", "root"]
        assert admin not in str(listed) and user not in str(listed)
        assert server.request("GET", "/healthz")[0] == 200
        assert server.request("GET", "/api/admin/keys", headers={"x-api-key": admin})[0] == 200
    with Server(tmp_path / "d") as server:
        assert server.json("GET", "/api/admin/keys")[0] == 401
        assert server.json("GET", "/api/admin/keys", key=admin)[0] == 200


def test_a_revoked_key_is_out_at_once(tmp_path):
    with Server(tmp_path / "d") as server:
        admin, _ = make_key(server, "root", "admin")
        other, number = make_key(server, "second", "admin", admin)
        assert server.request(
            "DELETE", f"/api/admin/keys/{number}", headers={"Authorization": f"Bearer {admin}"})[0] == 204
        assert server.json("GET", "/api/admin/keys", key=other)[0] == 401


def test_no_key_is_ever_written_in_clear(tmp_path):
    with Server(tmp_path / "d") as server:
        key, _ = make_key(server, "root", "admin")
        server.json("GET", "/api/admin/keys", key=key)
        log = server.log()
    assert key not in log
    for path in (tmp_path / "d").rglob("*"):
        if path.is_file():
            assert key.encode() not in path.read_bytes(), path


def test_other_machines_are_not_let_in_by_accident(tmp_path):
    status, text = refused(tmp_path / "d", "--listen", "0.0.0.0:0")
    assert status == 1
    for remedy in ("moat key create", "--tls-cert", "--insecure", "密钥"):
        assert remedy in text


def test_insecure_is_an_explicit_word(tmp_path):
    with Server(tmp_path / "d", "--insecure", listen="0.0.0.0:0") as server:
        assert server.json("GET", "/api/admin/keys")[0] == 200


def test_with_a_key_the_server_may_listen_everywhere_and_needs_it(tmp_path):
    with Server(tmp_path / "d") as server:
        key, _ = make_key(server, "root", "admin")
    with Server(tmp_path / "d", listen="0.0.0.0:0") as server:
        assert server.json("GET", "/api/admin/keys")[0] == 401
        assert server.json("GET", "/api/admin/keys", key=key)[0] == 200


def test_a_server_told_to_need_keys_makes_the_first_one(tmp_path):
    with Server(tmp_path / "d", "--require-key") as server:
        assert server.json("GET", "/api/admin/keys")[0] == 401
        file = tmp_path / "d" / "keys" / "first-admin-key"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        key = file.read_text().strip()
        assert server.json("GET", "/api/admin/keys", key=key)[0] == 200


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True)
    return folder


def test_tls_serves_and_plain_text_is_refused(tmp_path, certificate):
    arguments = ["--tls-cert", certificate / "cert.pem", "--tls-key", certificate / "key.pem"]
    with Server(tmp_path / "d", *map(str, arguments), tls=True) as server:
        assert "https://" in server.ready_line
        assert server.request("GET", "/healthz")[2] == b"ok\n"
        assert server.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").find(b"200 OK") == -1
        old = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_1"],
            input=b"", capture_output=True, check=False, timeout=20)
        assert b"Cipher is (NONE)" in old.stdout or old.returncode != 0
        assert server.request("GET", "/healthz")[0] == 200


def test_a_key_that_does_not_fit_its_certificate_is_named(tmp_path, certificate):
    status, text = refused(
        tmp_path / "d", "--listen", "127.0.0.1:0",
        "--tls-cert", str(certificate / "cert.pem"), "--tls-key", str(certificate / "cert.pem"))
    assert status == 1 and "cert.pem" in text


def test_a_data_folder_has_one_server(tmp_path):
    with Server(tmp_path / "d"):
        status, text = refused(tmp_path / "d", "--listen", "127.0.0.1:0")
        assert status == 1 and "another server" in text


def test_a_port_in_use_is_said_so(tmp_path):
    with Server(tmp_path / "a") as server:
        status, text = refused(tmp_path / "b", "--listen", f"127.0.0.1:{server.port}")
        assert status == 1 and "in use" in text


@pytest.mark.parametrize("arguments, expected", [
    (["--listen", "nonsense:port"], "not an address"),
    (["--no-such-flag"], "no-such-flag"),
    (["--tls-cert", "x.pem"], "--tls-key"),
])
def test_wrong_flags_are_named(tmp_path, arguments, expected):
    status, text = refused(tmp_path / "d", *arguments)
    assert status != 0 and expected in text


def test_a_misspelt_setting_is_named_with_its_line(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "config.toml").write_text("\nrequire_keys = true\n")
    status, text = refused(tmp_path / "d", "--listen", "127.0.0.1:0")
    assert status == 1 and "line 2" in text and "require_keys" in text


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_in_order_and_quickly(tmp_path, how):
    server = Server(tmp_path / "d")
    idle = server.connect()
    # Answered once, so it is accepted: what still waits in the kernel would be reset.
    idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answer = b""
    while not answer.endswith(b"ok\n"):
        answer += idle.recv(1000)
    begun = time.monotonic()
    assert server.stop(how) == 0
    assert time.monotonic() - begun < 5
    assert idle.recv(1) == b""
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", server.port), timeout=1)
    assert os.listdir(tmp_path / "d")
