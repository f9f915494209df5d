"""kill -9 during ingest: what was acknowledged is there, whole and searchable, after a restart."""
import random
import signal
import threading
import time

from harness import Server
from library import Library

ROUNDS = 4
WRITERS = 3


def text_of(word, paragraphs):
    """A document whose every paragraph names `word`, long enough for several chunks."""
    filler = "The committee met in the usual room and went through the points in order. " * 8
    return "\n\n".join(f"Paragraph {i} on {word}. {filler}" for i in range(paragraphs))


def upload_until_dead(server, word_prefix, acknowledged, lock):
    """Uploads documents one after the other; remembers those the server took."""
    library = Library(server, "archive")
    for number in range(10_000):
        word = f"{word_prefix}x{number}"
        try:
            status, record = library.put(f"{word}.txt", text_of(word, 1 + number % 7))
        except OSError:
            return
        except Exception:  # half an answer: not acknowledged
            return
        if status == 202:
            with lock:
                acknowledged[record["name"]] = word
        elif status != 503:
            raise AssertionError((status, record))


def check(server, acknowledged):
    library = Library(server, "archive")
    documents = library.settled()
    missing = set(acknowledged) - set(documents)
    assert not missing, f"acknowledged and lost: {missing}"
    for name, document in documents.items():
        assert document["stage"] == "ready", document
        passages = library.passages(document["id"])
        assert len(passages) == document["chunks"] > 0, name
        word = name.removesuffix(".txt")
        numbers = 1 + int(word.rsplit("x", 1)[1]) % 7
        whole = "\n".join(p["text"] for p in passages)
        assert all(f"Paragraph {i} on {word}." in whole for i in range(numbers)), name
    for name in random.sample(sorted(documents), min(25, len(documents))):
        word = name.removesuffix(".txt")
        hits = library.search(word, limit=50, alpha=0)
        assert hits and {h["document"] for h in hits} == {name}, (name, hits)
        assert len(hits) == documents[name]["chunks"]


def test_every_acknowledged_document_survives(tmp_path):
    data = tmp_path / "moat"
    acknowledged = {}
    lock = threading.Lock()
    for round_number in range(ROUNDS):
        server = Server(data)
        threads = [
            threading.Thread(
                target=upload_until_dead,
                args=(server, f"r{round_number}w{writer}", acknowledged, lock))
            for writer in range(WRITERS)
        ]
        for thread in threads:
            thread.start()
        time.sleep(random.uniform(0.3, 1.2))
        server.stop(signal.SIGKILL)
        for thread in threads:
            thread.join()
        with Server(data) as again:
            check(again, acknowledged)
    assert len(acknowledged) > 10, "too little was uploaded to prove anything"


def test_a_kill_while_documents_are_replaced_leaves_old_or_new_whole(tmp_path):
    data = tmp_path / "moat"
    names = [f"d{i}.txt" for i in range(12)]
    with Server(data) as server:
        library = Library(server, "archive")
        for name in names:
            assert library.put(name, text_of("oldword", 6))[0] == 202
        library.settled()
    for _ in range(3):
        server = Server(data)
        library = Library(server, "archive")
        word = f"newword{random.randrange(10**6)}"
        for name in names:
            assert library.put(name, text_of(word, 4))[0] == 202
        time.sleep(random.uniform(0, 0.2))
        server.stop(signal.SIGKILL)
        with Server(data) as again:
            library = Library(again, "archive")
            documents = library.settled()
            for name in names:
                texts = [p["text"] for p in library.passages(documents[name]["id"])]
                assert len(texts) == documents[name]["chunks"]
                assert all(word in text or "committee" in text for text in texts)
                assert "oldword" not in "".join(texts)
            assert not library.search("oldword", alpha=0)
