"""Weaviate's API keys: an administrator's writes, another's reads."""
import json

import pytest
import weaviate
from harness import Server
from weaviate.exceptions import UnexpectedStatusCodeException


@pytest.fixture(scope="module")
def keyed(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("keys") / "moat") as server:
        keys = {}
        for name, role in (("admin", "admin"), ("reader", "user")):
            status, made = server.json("POST", "/api/admin/keys", {"name": name, "role": role}, keys.get("admin"))
            assert status in (200, 201), made
            keys[name] = made["key"]
        yield server, keys


def client_of(server, key):
    return weaviate.Client(
        f"http://127.0.0.1:{server.port}", auth_client_secret=weaviate.AuthApiKey(key) if key else None)


def test_who_may_do_what(keyed):
    server, keys = keyed
    admin, reader = client_of(server, keys["admin"]), client_of(server, keys["reader"])
    admin.schema.create_class({"class": "Doc"})
    made = admin.data_object.create({"text": "hello"}, "Doc")
    assert reader.data_object.get_by_id(made, class_name="Doc")["properties"] == {"text": "hello"}
    assert reader.query.get("Doc", ["text"]).do()["data"]["Get"]["Doc"] == [{"text": "hello"}]
    for write in (lambda: reader.schema.create_class({"class": "Other"}),
                  lambda: reader.data_object.create({"text": "x"}, "Doc"),
                  lambda: reader.data_object.delete(made, class_name="Doc"),
                  lambda: reader.schema.delete_class("Doc")):
        with pytest.raises(UnexpectedStatusCodeException, match="403"):
            write()
    assert admin.data_object.exists(made, class_name="Doc")


def test_without_a_key_nothing_is_told(keyed):
    server, _ = keyed
    for path in ("/v1/schema", "/v1/objects", "/v1/nodes"):
        status, _, body = server.request("GET", path)
        assert status == 401
        assert json.loads(body)["code"] == 401 and "API key" in json.loads(body)["message"]
    assert server.request("GET", "/v1/meta")[0] == 200
    with pytest.raises(UnexpectedStatusCodeException, match="401"):
        client_of(server, None).schema.get()
