"""Runs node_clients_test.mjs against the server of these tests."""
import os
import pathlib
import subprocess


def test_the_typescript_clients(server):
    program = pathlib.Path(__file__).parent / "node_clients_test.mjs"
    done = subprocess.run(
        ["node", "--test", str(program)],
        env=os.environ | {"MOAT_HTTP": str(server.port), "MOAT_GRPC": str(server.grpc)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240, check=False,
    )
    assert done.returncode == 0, done.stdout
