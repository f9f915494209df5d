"""A command at a terminal: a pseudo-terminal stands for the person."""
import fcntl
import os
import pty
import re
import select
import struct
import termios
import time

import pytest
from harness import BINARY


class Terminal:
    """A command whose standard streams are a terminal of its own. `home`: for its history."""

    def __init__(self, url, home, *arguments, environment=None, columns=80):
        try:
            self.pid, self.fd = pty.fork()
        except OSError as error:
            pytest.skip(f"no pseudo-terminals here: {error}")
        if self.pid == 0:
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            os.environ.update(MOAT_HOST=url, HOME=str(home), TERM="xterm", LANG="C.UTF-8", **(environment or {}))
            os.execv(BINARY, [BINARY, *arguments])
        self.seen = ""

    def wait_for(self, pattern, seconds=30):
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

    def ask(self, line, reply):
        """Types a line at the prompt; returns what came up to the next one, in which `reply` must be."""
        self.type(line + "\n")
        return self.wait_for(f"(?:{reply}).*>>> ")

    def exit_status(self, seconds=20):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        os.kill(self.pid, 9)
        raise AssertionError(f"still there: {self.seen[-400:]!r}")
