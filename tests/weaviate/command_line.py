"""Runs a command of the binary against a server."""
import os
import subprocess

from harness import BINARY


def moat(server, home, *arguments, locale="C.UTF-8", **environment):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("OLLAMA_", "MOAT_", "WEAVIATE_", "XDG_"))}
    env |= {"MOAT_HOST": f"127.0.0.1:{server.port}", "HOME": str(home), "LC_ALL": locale, **environment}
    return subprocess.run(
        [BINARY, *arguments], capture_output=True, text=True, timeout=120, env=env, check=False, cwd=home)


def make_class(server, definition):
    status, made = server.json("POST", "/v1/schema", definition)
    assert status == 200, made


def write(server, objects):
    status, rows = server.json("POST", "/v1/batch/objects", {"objects": objects})
    assert status == 200
    assert [row["result"]["status"] for row in rows] == ["SUCCESS"] * len(objects), rows


def everything(server, name, tenant=None):
    """All objects of a class by id: what they hold, without the times."""
    out, after = {}, "00000000-0000-0000-0000-000000000000"
    query = f"&tenant={tenant}" if tenant else ""
    first = server.request("GET", f"/v1/objects/{name}/{after}?include=vector{query}")
    pages = [] if first[0] == 404 else [[server.json("GET", f"/v1/objects/{name}/{after}?include=vector{query}")[1]]]
    while True:
        status, page = server.json("GET", f"/v1/objects?class={name}&limit=1000&after={after}&include=vector{query}")
        assert status == 200, page
        if not page["objects"]:
            break
        pages.append(page["objects"])
        after = page["objects"][-1]["id"]
    for objects in pages:
        for each in objects:
            out[each["id"]] = {key: each.get(key) for key in ("properties", "vector", "vectors", "tenant")}
    return out
