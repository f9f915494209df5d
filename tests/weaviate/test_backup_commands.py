"""`moat backup`: made, listed, checked, restored under another name and on another server."""
import json

import pytest
from command_line import everything, make_class, moat, write
from harness import Server


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("backup") / "first") as server:
        make_class(server, {"class": "Note", "properties": [{"name": "text", "dataType": ["text"]}]})
        make_class(server, {"class": "Other"})
        write(server, [{"class": "Note", "vector": [i, 1], "properties": {"text": f"笔记 {i}"}} for i in range(30)])
        write(server, [{"class": "Other", "properties": {"n": 1}}])
        yield server
        assert server.alive()


def test_a_backup_is_restored_under_another_name_and_elsewhere(first, tmp_path):
    made = moat(first, tmp_path, "backup", "create", "monday", "--to", str(tmp_path / "copy"))
    assert (made.returncode, made.stdout) == (0, "monday: Note, Other\n"), made.stderr
    again = moat(first, tmp_path, "backup", "create", "monday")
    assert again.returncode == 1 and "exists already" in again.stderr
    lines = moat(first, tmp_path, "backup", "list").stdout.splitlines()
    assert lines[0].split() == ["ID", "CREATED", "OBJECTS", "SIZE", "COLLECTIONS"]
    assert lines[1].startswith("monday") and "31" in lines[1] and lines[1].rstrip().endswith("Note, Other")
    good = moat(first, tmp_path, "backup", "verify", "monday", locale="zh_CN.UTF-8")
    assert (good.returncode, good.stdout) == (0, "monday: 完好\n")

    (tmp_path / "monday").mkdir()  # a name without a slash is a backup's, whatever lies here
    (tmp_path / "monday/backup.json").write_text("{}")
    renamed = moat(first, tmp_path, "backup", "restore", "monday", "--collection", "Note=NoteOfMonday")
    assert renamed.returncode == 0, renamed.stderr
    assert everything(first, "NoteOfMonday") == everything(first, "Note")
    found = first.json("POST", "/v1/graphql", {"query": '{Get{NoteOfMonday(bm25:{query:"笔记"} limit:50){text}}}'})
    assert len(found[1]["data"]["Get"]["NoteOfMonday"]) == 30
    taken = moat(first, tmp_path, "backup", "restore", "monday")
    assert taken.returncode == 1 and "'Note' exists already" in taken.stderr

    with Server(tmp_path / "second") as second:
        brought = moat(second, tmp_path, "backup", "restore", str(tmp_path / "copy"))
        assert brought.returncode == 0, brought.stderr
        assert everything(second, "Note") == everything(first, "Note")
        assert everything(second, "Other") == everything(first, "Other")


def test_a_damaged_backup_is_told_and_not_restored(first, tmp_path):
    moat(first, tmp_path, "backup", "create", "tuesday", "--collection", "Note", "--to", str(tmp_path / "copy"))
    (archive,) = (first.data / "backups" / "tuesday").glob("*.archive")
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 1
    archive.write_bytes(data)
    for words in (["verify", "tuesday"], ["restore", "tuesday", "--collection", "Note=Copy"]):
        done = moat(first, tmp_path, "backup", *words)
        assert done.returncode == 1 and archive.name in done.stderr, done.stderr
    assert first.request("GET", "/v1/schema/Copy")[0] == 404

    # A folder of which a file is cut is refused when its last file comes.
    (copied,) = (tmp_path / "copy").glob("*.archive")
    copied.write_bytes(copied.read_bytes()[:-1])
    done = moat(first, tmp_path, "backup", "restore", str(tmp_path / "copy"))
    assert done.returncode == 1 and "not whole" in done.stderr
    assert moat(first, tmp_path, "backup", "rm", "tuesday").returncode == 0
    assert "tuesday" not in moat(first, tmp_path, "backup", "list").stdout
    assert not (first.data / "backups" / "tuesday").exists()


def test_files_that_are_not_of_a_backup_stay_out(first):
    base = "/api/admin/backups"
    assert first.request("POST", f"{base}/x/files/..%2F..%2Fcatalog.db", b"x")[0] == 400
    assert first.request("POST", f"{base}/x/files/evil.sh", b"x")[0] == 400
    assert first.request("POST", f"{base}/..%2Fx/files/1.archive", b"x")[0] == 400
    manifest = {"version": 1, "created_ms": 1, "collections": [
        {"name": "Doc", "file": "../../../etc/passwd", "objects": 1, "bytes": 1, "sha256": "0" * 64}]}
    status, _, body = first.request("POST", f"{base}/x/files/backup.json", json.dumps(manifest))
    assert status == 422, body
    assert first.request("GET", f"{base}/x/files/backup.json")[0] == 404
    assert first.request("GET", f"{base}/x")[0] == 404
