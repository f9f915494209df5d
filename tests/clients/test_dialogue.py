"""`moat run` at a terminal: a pseudo-terminal stands for the person."""
import os
import pty
import re
import select
import time

import pytest
from harness import BINARY


class Terminal:
    """A command whose standard streams are a terminal of its own."""

    def __init__(self, server, *arguments):
        try:
            self.pid, self.fd = pty.fork()
        except OSError as error:
            pytest.skip(f"no pseudo-terminals here: {error}")
        if self.pid == 0:
            os.environ.update(MOAT_HOST=server.url, TERM="xterm", LANG="C.UTF-8")
            os.execv(BINARY, [BINARY, *arguments])
        self.seen = ""

    def wait_for(self, pattern, seconds=20):
        """Reads until `pattern` is there; returns what came up to its end and takes it away."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.seen, re.DOTALL)):
            ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"no {pattern!r} within {seconds} s in {self.seen[-400:]!r}"
            self.seen += os.read(self.fd, 65536).decode(errors="replace")
        text, self.seen = self.seen[:found.end()], self.seen[found.end():]
        return text

    def type(self, text):
        os.write(self.fd, text.encode())

    def exit_status(self, seconds=10):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        os.kill(self.pid, 9)
        raise AssertionError(f"still there: {self.seen[-400:]!r}")


def test_control_c_ends_the_answer_and_not_the_dialogue(server):
    terminal = Terminal(server, "run", "tiny")
    terminal.wait_for(r"Send a message.*>>> ")
    terminal.type("/set parameter num_predict -1\n")
    terminal.wait_for(r"Set parameter.*>>> ")
    terminal.type("tell me a story without an end\n")
    terminal.wait_for(r"without an end\r\n.{40}")
    terminal.type("\x03")
    terminal.wait_for(r">>> $", seconds=5)
    terminal.type("/bye\n")
    assert terminal.exit_status() == 0
    # The runner gave up in the middle of a batch, which is nothing to report.
    assert "failed to compute" not in server.log()
    assert "failed with error" not in server.log()


@pytest.mark.skipif(os.environ.get("MOAT_SANITIZE") == "thread", reason="ThreadSanitizer holds signals back")
def test_control_c_at_the_prompt_tells_how_to_leave(server):
    terminal = Terminal(server, "run", "tiny")
    terminal.wait_for(r"Send a message.*>>> ")
    terminal.type("\x03")
    terminal.wait_for(r"/bye to exit.*>>> ")
    terminal.type("\x04")
    assert terminal.exit_status() == 0
