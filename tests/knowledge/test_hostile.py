"""Files that mean harm, or are simply broken: each fails alone, in plain words."""
import io
import os
import zipfile

import pytest

from library import Library, shared_folder

DOCUMENT = (
    '<?xml version="1.0"?>{head}<w:document '
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{body}'
    "</w:body></w:document>"
)
TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument'
    '.wordprocessingml.document.main+xml"/></Types>'
)


def docx(document):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr("word/document.xml", document)
    return out.getvalue()


def zip_bomb():
    """Some 600 MB of one paragraph in less than a megabyte."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        with archive.open("word/document.xml", "w", force_zip64=True) as part:
            part.write(DOCUMENT.format(head="", body="").split("</w:body>")[0].encode())
            for _ in range(600):
                part.write(b"<w:p><w:r><w:t>" + b"A" * (1 << 20) + b"</w:t></w:r></w:p>")
            part.write(b"</w:body></w:document>")
    return out.getvalue()


def billion_laughs():
    head = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {chr(98 + i)} "{("&" + chr(97 + i) + ";") * 10}">' for i in range(10)
    ) + "]>"
    return docx(DOCUMENT.format(head=head, body="<w:p><w:r><w:t>&k;</w:t></w:r></w:p>"))


def external_entity(path):
    head = f'<!DOCTYPE x [<!ENTITY secret SYSTEM "file://{path}">]>'
    return docx(DOCUMENT.format(head=head, body="<w:p><w:r><w:t>&secret;</w:t></w:r></w:p>"))


BROKEN = {
    "bomb.docx": zip_bomb,
    "laughs.docx": billion_laughs,
    "truncated.pdf": lambda: b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R",
    "noise.pdf": lambda: b"%PDF-1.4\n" + os.urandom(50_000),
    "noise.docx": lambda: b"PK\x03\x04" + os.urandom(50_000),
    "noise.bin": lambda: os.urandom(10_000),
    "picture.png": lambda: b"\x89PNG\r\n\x1a\n" + os.urandom(1000),
}


@pytest.fixture(scope="module")
def library(server):
    library = Library(server, "hostile")
    status, _ = library.put("good.txt", "The good document speaks of marmalade.\n")
    assert status == 202
    return library


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_file_fails_alone_and_says_why(library, name):
    status, record = library.put(name, BROKEN[name]())
    assert status == 202, record
    document = library.settled()[name]
    assert document["stage"] == "failed", document
    assert name in document["error"] and len(document["error"]) > len(name) + 10
    assert document["chunks"] == 0
    assert library.search("marmalade", alpha=0)[0]["document"] == "good.txt"


def test_an_external_entity_is_not_read(library, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("pomegranate")
    library.put("xxe.docx", external_entity(secret))
    document = library.settled()["xxe.docx"]
    assert document["stage"] in ("ready", "failed")
    assert not library.search("pomegranate", alpha=0)


@pytest.mark.parametrize("name,text", [("empty.txt", b""), ("blank.md", b" \n\n \n")])
def test_a_file_without_text_is_no_mystery(library, name, text):
    assert library.put(name, text)[0] == 202
    document = library.settled()[name]
    assert document["error"] or document["warnings"], document


def test_the_shared_files_that_must_be_refused_are(library):
    shared = shared_folder()
    if shared is None:
        pytest.skip("the shared documents are not here")
    refused = [
        "misc/droste.zip", "office/en-encrypted.docx", "office/en-xmlbomb.xlsx",
        "pdf/en-encrypted-rc4-user.pdf", "pdf/en-encrypted-rc4-r3-user.pdf",
    ]
    for path in refused:
        assert library.put(path, (shared / "data/documents" / path).read_bytes())[0] == 202
    for path in ("office/en-xxe.docx", "office/en-truncated.docx", "office/en-recursive-embedded.docx",
                 "pdf/en-corrupt-zen.pdf", "pdf/en-scan-image-only.pdf"):
        assert library.put(path, (shared / "data/documents" / path).read_bytes())[0] == 202
    documents = library.settled()
    for path in refused:
        assert documents[path]["stage"] == "failed", documents[path]
        assert path.rsplit("/", 1)[1] in documents[path]["error"]
    for path in ("pdf/en-encrypted-rc4-user.pdf", "office/en-encrypted.docx"):
        assert "encrypted" in documents[path]["error"] or "password" in documents[path]["error"]
    scan = documents["pdf/en-scan-image-only.pdf"]
    assert "text" in scan["error"] + " ".join(scan["warnings"])
