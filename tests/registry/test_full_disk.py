"""A disk that fills while a model comes or is made: the models folder is a small file system of its own."""
import errno
import hashlib
import os
import subprocess
import sys
import threading

import ollama
import pytest
from conftest import HERE, MODELS, SETTINGS, blobs, names, partials, pull_error
from harness import BINARY, Server

sys.path.append(str(HERE.parent / "convert"))
from checkpoints import write_decoder  # noqa: E402  (the path comes first)

ROOM = 128 << 20  # of which downloads leave 64 MiB to others
FULL = "the disk is full; free some space and try again"


def namespace():
    """The words before a command that may then mount what nobody else sees; None where that is not allowed."""
    for flags in (["-m"], ["-Urm"]):
        words = ["unshare", *flags]
        try:
            done = subprocess.run([*words, "mount", "-t", "tmpfs", "none", HERE], capture_output=True, check=False)
        except FileNotFoundError:
            return None
        if done.returncode == 0:
            return words
    return None


class SmallDisk:
    """A server whose models have a disk of their own, which can be filled and emptied."""

    def __init__(self, folder):
        words = namespace()
        if words is None:
            pytest.skip("file systems cannot be mounted here, not even in a namespace (unshare -Urm mount)")
        data = folder / "moat"
        models = data / "models"
        models.mkdir(parents=True)
        program = folder / "moat-on-a-small-disk"
        program.write_text(
            f"#!/bin/sh\nexec {' '.join(words)} sh -c 'mount -t tmpfs -o size={ROOM} none {models}"
            f" && exec \"$0\" \"$@\"' {BINARY} \"$@\"\n"
        )
        program.chmod(0o755)
        self.server = Server(data, environment=SETTINGS, program=program)
        self.client = ollama.Client(host=f"http://127.0.0.1:{self.server.port}", timeout=120)
        # As the server's process sees it.
        self.models = f"/proc/{self.server.process.pid}/root{models}"
        self.filler = f"{self.models}/filler"
        self.server.data = type(data)(f"/proc/{self.server.process.pid}/root{data}")

    def fill(self, leave=0):
        """All but so many bytes; all there is, whatever is written meanwhile."""
        disk = os.statvfs(self.models)
        with open(self.filler, "wb", buffering=0) as file:
            if leave:
                return os.posix_fallocate(file.fileno(), 0, disk.f_bavail * disk.f_frsize - leave)
            for size in (1 << 20, disk.f_frsize):
                while True:
                    try:
                        file.write(bytes(size))
                    except OSError as error:
                        assert error.errno == errno.ENOSPC
                        break

    def make_room(self):
        os.unlink(self.filler)


@pytest.fixture
def disk(tmp_path):
    small = SmallDisk(tmp_path)
    yield small
    assert small.server.alive(), small.server.log()
    small.server.stop()


def test_a_pull_that_fills_the_disk_says_so_and_goes_on_later(disk, registry, weights):
    registry.hold_after = 1_000_000
    errors = []
    pull = threading.Thread(target=lambda: errors.append(pull_error(disk.client, registry.name("me/tiny"))))
    pull.start()
    assert registry.held.wait(60)
    disk.fill()
    registry.release.set()
    pull.join(60)
    assert errors == ["a download cannot be written: " + FULL]
    assert names(disk.client) == [] and partials(disk.server)

    registry.hold_after = None
    before = registry.served
    assert before < len(weights)
    disk.make_room()
    assert disk.client.pull(registry.name("me/tiny"), insecure=True).status == "success"
    assert names(disk.client) == [f"127.0.0.1:{registry.port}/me/tiny:latest"]
    assert partials(disk.server) == []
    # What had come did not come again: the rest, and the small layers.
    assert registry.served - before < len(weights) - 500_000


def test_a_pull_without_room_does_not_begin(disk, registry, weights):
    disk.fill(leave=64 << 20)
    error = pull_error(disk.client, registry.name("me/tiny"))
    assert error.startswith("the disk has 67 MB left, and ") and error.endswith(": free some space and try again")
    assert registry.requests("GET", registry.weights) == []
    assert names(disk.client) == []


def create_error(client, name, files, **more):
    with pytest.raises(ollama.ResponseError) as error:
        client.create(name, files=files, **more)
    return error.value.error


def test_an_upload_that_fills_the_disk_leaves_nothing(disk):
    disk.fill(leave=1 << 20)
    with pytest.raises(ollama.ResponseError) as error:
        disk.client.create_blob(MODELS / "tiny-chat.gguf")
    assert error.value.error == "a blob cannot be written: " + FULL
    assert blobs(disk.server) == []
    disk.make_room()
    assert disk.client.create_blob(MODELS / "tiny-chat.gguf")


def test_a_model_that_fills_the_disk_is_not_made(disk, tmp_path):
    source = MODELS / "tiny-chat.gguf"
    files = {source.name: disk.client.create_blob(source)}
    disk.fill(leave=1 << 20)
    assert create_error(disk.client, "small", files, quantize="Q8_0") == "cannot quantize the model: " + FULL
    assert names(disk.client) == [] and blobs(disk.server) == []
    disk.make_room()
    disk.client.create_blob(source)
    disk.fill()
    assert FULL in create_error(disk.client, "whole", files, system="Be brief.")
    assert names(disk.client) == [] and blobs(disk.server) == []
    disk.make_room()
    disk.client.create_blob(source)
    assert disk.client.create("small", files=files, quantize="Q8_0").status == "success"
    assert disk.client.generate("small", "Hi", options={"num_predict": 2}).eval_count == 2

    # One that is converted tells before how much is missing.
    folder = write_decoder(tmp_path / "qwen2", "qwen2").folder
    files = {path.name: disk.client.create_blob(path) for path in folder.iterdir()}
    disk.fill(leave=64 << 20)
    error = create_error(disk.client, "converted", files)
    assert error.startswith("the disk has 67 MB left, and 1 MB are still to come"), error
    assert names(disk.client) == ["small:latest"]
    assert not [path.name for path in blobs(disk.server) if path.name.endswith(".tmp")]
    disk.make_room()
    files = {path.name: disk.client.create_blob(path) for path in folder.iterdir()}
    assert disk.client.create("converted", files=files).status == "success"
    for path in blobs(disk.server):
        assert path.name == "sha256-" + hashlib.sha256(path.read_bytes()).hexdigest()
