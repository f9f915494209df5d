"""Starts the real server on a free port and talks to it with bare sockets and http.client."""
import http.client
import json
import os
import pathlib
import re
import select
import signal
import socket
import ssl
import subprocess
import time

BINARY = os.environ["MOAT_BINARY"]


class Server:
    """`moat serve` with a data folder of its own; stopped by its process id.

    `listen` None: the environment says where. `program`: a link to the binary by another name.
    """

    def __init__(self, data, *arguments, listen="127.0.0.1:0", environment=None, tls=False, program=BINARY):
        self.data = pathlib.Path(data)
        self.tls = tls
        self.log_path = self.data.parent / (self.data.name + ".log")
        env = {k: v for k, v in os.environ.items() if not k.startswith(("OLLAMA_", "MOAT_"))}
        env["MOAT_GRPC_LISTEN"] = "127.0.0.1:0"
        env.update(environment or {})
        begun = time.monotonic()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [program, "serve", "--data", str(self.data), *(["--listen", listen] if listen else []), *arguments],
                stdout=subprocess.PIPE, stderr=log, env=env, bufsize=0,  # so that what is not read is in the pipe
            )
        self.ready_line = self._wait_for_line(30)
        self.ready_seconds = time.monotonic() - begun
        match = re.search(r"ready on \S+?:(\d+)$", self.ready_line)
        assert match, f"not ready: {self.ready_line!r}\n{self.log()}"
        self.port = int(match.group(1))

    def _wait_for_line(self, seconds):
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        return self.process.stdout.readline().decode().rstrip("\n") if ready else ""

    def grpc_port(self):
        """Said in the line after the first."""
        line = self._wait_for_line(30)
        match = re.search(r"gRPC.*:(\d+)$", line)
        assert match, f"no gRPC: {line!r}\n{self.log()}"
        return int(match.group(1))

    def log(self):
        return self.log_path.read_text(errors="replace")

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def request(self, method, path, body=None, headers=None, timeout=30):
        """-> (status, headers, body)"""
        if self.tls:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            connection = http.client.HTTPSConnection(
                "127.0.0.1", self.port, timeout=timeout, context=context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            if isinstance(body, (dict, list)):
                body = json.dumps(body)
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def json(self, method, path, body=None, key=None):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        status, _, text = self.request(method, path, body, headers)
        return status, json.loads(text) if text else None

    def raw(self, data, seconds=20):
        """Sends the bytes on a new connection; all that comes back until the server closes."""
        with self.connect() as connection:
            connection.settimeout(seconds)
            try:
                connection.sendall(data)
            except OSError:
                pass  # refused in the middle: the answer tells why
            out = b""
            while True:
                try:
                    piece = connection.recv(65536)
                except OSError:
                    return out
                if not piece:
                    return out
                out += piece

    def alive(self):
        return self.process.poll() is None and self.request("GET", "/healthz")[0] == 200

    def resident_kilobytes(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text).group(1))

    def stop(self, how=signal.SIGTERM, seconds=40):
        """-> exit status"""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()


def refused(data, *arguments, environment=None):
    """Runs a server that must not start -> (exit status, standard error)."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("OLLAMA_", "MOAT_"))}
    env.update(environment or {})
    done = subprocess.run(
        [BINARY, "serve", "--data", str(data), *arguments],
        capture_output=True, text=True, timeout=30, env=env, check=False,
    )
    return done.returncode, done.stderr
