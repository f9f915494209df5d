import pytest

from harness import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("data") / "moat") as running:
        yield running
        assert running.alive(), running.log()
