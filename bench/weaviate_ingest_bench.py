#!/usr/bin/env python3
"""Objects per second that are on disk when they are acknowledged, through Weaviate's REST and gRPC: batches of 100
objects with a text of 40 words, a number and a vector of 768 dimensions, four clients beside each other.

    MOAT_BINARY=build/release/bin/moat bench/weaviate_ingest_bench.py [REST_OBJECTS [GRPC_OBJECTS]]

Goals: 2,000 objects/s through REST, 5,000 through gRPC. gRPC needs grpcio and weaviate-client, which
`scripts/python.sh frameworks` has; without them it is left out.

What is sent is made beforehand: a client only sends it and reads the answer. The processor seconds of both sides
stand beside the rate, so that it can be seen who was busy. The reference of the same run: as many bytes as a batch's
vectors and texts have, appended to a file with fdatasync, one after the other.
"""
import http.client
import json
import multiprocessing
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

import numpy

try:
    import grpc
    from weaviate.proto.v1 import batch_pb2
except ImportError:
    grpc = None

BATCH = 100
DIMENSIONS = 768
WORDS = 40
CLIENTS = 4
ROUNDS = 3


class Server:
    def __init__(self, data):
        self.process = subprocess.Popen(
            [os.environ["MOAT_BINARY"], "serve", "--data", data, "--listen", "127.0.0.1:0", "--grpc-listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.port, self.grpc_port = (
            int(re.search(r":(\d+)\s*$", self.process.stdout.readline()).group(1)) for _ in range(2))

    def request(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        connection.request(method, path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read()
        connection.close()
        if response.status != 200:
            sys.exit(f"{method} {path}: {response.status} {text[:300]}")
        return json.loads(text) if text else None

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.terminate()
        self.process.wait(120)
        self.process.stdout.close()


def objects(seed, count):
    """(id, text, number, vector) of each; vectors lie around a thousand centres, as those of texts do."""
    random = numpy.random.default_rng(seed)
    centres = numpy.random.default_rng(1).standard_normal((1000, DIMENSIONS), dtype=numpy.float32)
    for number in range(count):
        words = numpy.floor(50_000 ** random.random(WORDS)).astype(int)
        vector = centres[random.integers(1000)] + 0.6 * random.standard_normal(DIMENSIONS, dtype=numpy.float32)
        yield (str(uuid.UUID(bytes=random.bytes(16), version=4)), " ".join(f"word{word}" for word in words), number % 300,
               vector)


def in_batches(seed, count, encode):
    entries, batches = [], []
    for entry in objects(seed, count):
        entries.append(entry)
        if len(entries) == BATCH:
            batches.append(encode(entries))
            entries = []
    return batches


def as_json(entries):
    return json.dumps({"objects": [
        {"class": "Bench", "id": identity, "properties": {"text": text, "page": page}, "vector": vector.tolist()}
        for identity, text, page, vector in entries]}).encode()


def as_message(entries):
    request = batch_pb2.BatchObjectsRequest()
    for identity, text, page, vector in entries:
        given = request.objects.add(uuid=identity, collection="Bench", vector_bytes=vector.tobytes())
        given.properties.non_ref_properties.update({"text": text, "page": page})
    return request.SerializeToString()


def send_json(port, batches):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    for body in batches:
        connection.request("POST", "/v1/batch/objects", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read()
        assert response.status == 200 and text.count(b'"SUCCESS"') == BATCH, text[:300]
    connection.close()


def send_messages(port, batches):
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary("/weaviate.v1.Weaviate/BatchObjects")
        for body in batches:
            reply = batch_pb2.BatchObjectsReply.FromString(call(body, timeout=600))
            assert not reply.errors, reply.errors[0]


def client(seed, count, encode, send, port, barrier, results):
    batches = in_batches(seed, count, encode)
    barrier.wait()
    before = time.process_time()
    send(port, batches)
    results.put((time.monotonic(), time.process_time() - before, sum(map(len, batches)) / len(batches)))


def measure(count, encode, send, port_of):
    """-> (objects/s, processor seconds of the server and of the clients, bytes of a batch)"""
    with tempfile.TemporaryDirectory() as data:
        server = Server(data)
        try:
            server.request("POST", "/v1/schema", json.dumps({
                "class": "Bench", "vectorizer": "none",
                "properties": [{"name": "text", "dataType": ["text"]}, {"name": "page", "dataType": ["int"]}]}))
            # A process of its own for each: what is sent is made there, and one waits for no other.
            context = multiprocessing.get_context("spawn")
            barrier, results = context.Barrier(CLIENTS + 1), context.Queue()
            clients = [context.Process(target=client, args=(
                seed, count // CLIENTS, encode, send, port_of(server), barrier, results)) for seed in range(CLIENTS)]
            for process in clients:
                process.start()
            barrier.wait()
            begun, before = time.monotonic(), server.processor_seconds()
            ends, spent, size = zip(*(results.get() for _ in clients))
            busy = server.processor_seconds() - before
            for process in clients:
                process.join()
            counted = server.request("POST", "/v1/graphql", json.dumps(
                {"query": "{Aggregate{Bench{meta{count}}}}"}))["data"]["Aggregate"]["Bench"][0]["meta"]["count"]
            assert counted == count // CLIENTS // BATCH * BATCH * CLIENTS, counted
            return counted / (max(ends) - begun), busy, sum(spent), statistics.mean(size)
        finally:
            server.stop()


def disk_alone(seconds=2):
    """Batches a second, when a batch is only appended and synced."""
    block = os.urandom(BATCH * (DIMENSIONS * 4 + WORDS * 9))
    with tempfile.NamedTemporaryFile() as file:
        begun, rounds = time.monotonic(), 0
        while time.monotonic() - begun < seconds:
            os.write(file.fileno(), block)
            os.fdatasync(file.fileno())
            rounds += 1
        return rounds / (time.monotonic() - begun)


def report(name, goal, count, encode, send, port_of):
    rates = []
    for _ in range(ROUNDS):
        disk = disk_alone() * BATCH
        rate, server, clients, size = measure(count, encode, send, port_of)
        rates.append(rate)
        print(f"{name:5} {rate:7.0f} objects/s  ({count} objects, batches of {size / 1e6:.2f} MB; processor: server "
              f"{server / count * 1e6:.0f} us an object, clients {clients / count * 1e6:.0f} us; the disk alone "
              f"{disk:.0f} objects/s)", flush=True)
    print(f"{name:5} {statistics.median(rates):7.0f} objects/s, median of {ROUNDS}   goal {goal}", flush=True)


def main():
    rest, rpc = (int(sys.argv[i]) if len(sys.argv) > i else default for i, default in ((1, 20_000), (2, 60_000)))
    if rest:
        report("REST", 2000, rest, as_json, send_json, lambda server: server.port)
    if rpc and grpc is None:
        print("gRPC is left out: this Python has no grpcio and weaviate-client (scripts/python.sh frameworks has)")
    elif rpc:
        report("gRPC", 5000, rpc, as_message, send_messages, lambda server: server.grpc_port)


if __name__ == "__main__":
    main()
