#!/usr/bin/env python3
"""Checks examples/questions.tsv against the documents: each answer must stand in its document, and
the files that a script writes must be what it writes."""

import html
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import zipfile

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
DOCUMENTS = EXAMPLES / "documents"


def text_of(path):
    """The words of a document, read without any of Moat's own parsers."""
    data = path.read_bytes()
    if path.suffix == ".docx":
        with zipfile.ZipFile(path) as archive:
            return re.sub(r"<[^>]+>", " ", archive.read("word/document.xml").decode())
    if path.suffix == ".pdf":
        # Written without compression and with plain strings, see make_documents.py.
        return " ".join(re.findall(r"\((.*?)\) Tj", data.decode("latin-1")))
    if path.suffix == ".txt":
        return data.decode("gb18030")
    text = data.decode("utf-8")
    return html.unescape(re.sub(r"<[^>]+>", " ", text)) if path.suffix == ".html" else text


def squeezed(text):
    return re.sub(r"\s+", " ", text)


class Examples(unittest.TestCase):
    def questions(self):
        lines = (EXAMPLES / "questions.tsv").read_text(encoding="utf-8").splitlines()
        self.assertEqual(lines[0], "question\tdocument\tanswer")
        return [line.split("\t") for line in lines[1:]]

    def test_every_answer_stands_in_its_document(self):
        questions = self.questions()
        self.assertGreater(len(questions), 20)
        for question, document, answer in questions:
            if document == "-":
                continue
            with self.subTest(question):
                self.assertIn(answer, squeezed(text_of(DOCUMENTS / document)))

    def test_every_document_is_asked_about(self):
        asked = {document for _, document, _ in self.questions()} - {"-"}
        files = {str(p.relative_to(DOCUMENTS)) for p in DOCUMENTS.rglob("*") if p.is_file()}
        self.assertEqual(asked, files)

    def test_references_between_documents_hold(self):
        for file in DOCUMENTS.rglob("*.md"):
            for name in re.findall(r"`([^`]+/[^`]+\.\w+)`", file.read_text(encoding="utf-8")):
                with self.subTest(f"{file.name}: {name}"):
                    self.assertTrue((DOCUMENTS / name).is_file())

    def test_the_written_files_are_what_their_script_writes(self):
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder)
            (copy / "make_documents.py").write_bytes((EXAMPLES / "make_documents.py").read_bytes())
            for name in ("meetings", "products", "制度"):
                (copy / "documents" / name).mkdir(parents=True)
            subprocess.run([sys.executable, copy / "make_documents.py"], check=True)
            written = [p for p in (copy / "documents").rglob("*") if p.is_file()]
            self.assertEqual(len(written), 4)
            for file in written:
                name = file.relative_to(copy / "documents")
                self.assertEqual(content_of(DOCUMENTS / name), content_of(file), name)


def content_of(path):
    """A zip differs between versions of zlib although its files are the same."""
    if path.suffix != ".docx":
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


if __name__ == "__main__":
    unittest.main()
