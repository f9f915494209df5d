"""What one user owns does not exist for another, whatever the route."""
import json

from harness import Server
from library import Library


def test_another_users_knowledge_base_is_not_found(tmp_path):
    with Server(tmp_path / "moat", "--require-key") as server:
        admin = (tmp_path / "moat" / "keys" / "first-admin-key").read_text().strip()
        keys = {}
        for name in ("anna", "bob"):
            status, made = server.json("POST", "/api/admin/keys", {"name": name}, admin)
            assert status == 201
            keys[name] = made["key"]
        anna = Library(server, "private", keys["anna"])
        status, record = anna.put("plan.txt", "The plan speaks of a submarine in the harbour.\n")
        assert status == 202
        anna.settled()
        talk = anna.ask("What does the plan say about the submarine?")
        assert "submarine" in talk["answer"]

        bob = Library(server, "private", keys["bob"])
        document = f"{bob.path}/documents/{record['id']}"
        refused = [
            ("GET", bob.path, None), ("DELETE", bob.path, None),
            ("GET", f"{bob.path}/documents", None), ("GET", document, None),
            ("DELETE", document, None), ("GET", f"{document}/passages", None),
            ("GET", f"{document}/content", None),
            ("POST", f"{bob.path}/documents?name=x.txt", "text"),
            ("POST", f"{bob.path}/search", {"query": "submarine"}),
            ("POST", f"{bob.path}/ask", {"question": "submarine"}),
            ("POST", "/chat/stream", {"question": "submarine", "kb": "private"}),
            ("GET", f"/api/conversations/{talk['conversation_id']}", None),
            ("POST", "/chat/stream", {"question": "more", "conversation_id": talk["conversation_id"]}),
        ]
        for method, path, body in refused:
            status, answer = bob.call(method, path, body)
            assert status == 404, (method, path, status, answer)
            assert "submarine" not in json.dumps(answer) or "submarine" in json.dumps(body)
        assert bob.call("GET", "/api/kb")[1] == {"knowledge_bases": []}
        assert bob.call("GET", "/api/conversations")[1] == {"conversations": []}
        # A document id of another's base does not work through one's own.
        bobs = Library(server, "bobs", keys["bob"])
        assert bobs.put("own.txt", "Bob's own text.\n")[0] == 202
        assert bobs.call("GET", f"{bobs.path}/documents/{record['id']}/content")[0] == 404

        nobody = Library(server, "private")
        for method, path, body in refused:
            assert nobody.call(method, path, body)[0] == 401
        # All of it is still there for those who may.
        assert anna.search("submarine", alpha=0)
        assert Library(server, "private", admin).search("submarine", alpha=0)
