import pathlib
import sys

import pytest

# The server fixture's tools are those of tests/server.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "server"))

from harness import Server  # noqa: E402


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("data") / "moat") as running:
        yield running
        assert running.alive(), running.log()
