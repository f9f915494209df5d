"""The chapter on Weaviate of a published guide, block by block: schema, import of a CSV in batches, four searches,
settings of the index.

The guide is shared data, read when the test runs. What lost its indentation gets it back, and its two addresses lead
to our server. One line is added: LangChain's class asks for no properties but the text's, whatever the database, so
the ones that the guide prints are named. Nothing else is changed.
"""
import contextlib
import io
import os
import pathlib
import re
import socket
import warnings

import pytest

SEEDS = pathlib.Path(os.environ.get("MOAT_SHARED", "nowhere")) / "seeds"
pytestmark = pytest.mark.skipif(not SEEDS.is_dir(), reason="no shared documents (MOAT_SHARED)")
THEIRS = {("localhost", 8080), ("localhost", 11434)}


def chapter():
    """The lines of the chapter that begins with the database's name."""
    for path in sorted(SEEDS.glob("*.txt")):
        lines = path.read_text(encoding="utf-8").splitlines()
        begin = next((i for i, line in enumerate(lines) if re.match(r"四、Weaviate", line)), None)
        if begin is not None:
            end = next(i for i in range(begin, len(lines)) if lines[i].startswith("五、"))
            return lines, lines[begin:end]
    raise AssertionError("no guide has a chapter on Weaviate")


def section(lines, number):
    """What stands below the heading of this number."""
    begin = next(i for i, line in enumerate(lines) if line.startswith(number + " "))
    rest = lines[begin + 1:]
    end = next((i for i, line in enumerate(rest) if re.match(r"\d\.\d ", line)), len(rest))
    return rest[:end]


def indented(lines):
    """A line that ends in a colon opens a block; numbered comments and what stands at the margin of any script end
    all of them, and the word on progress ends those within its loop."""
    out, level, brackets = [], 0, 0
    for line in lines:
        if brackets == 0 and re.match(r"# \d\. |docs|from |import |vectorstore", line):
            level = 0
        if brackets == 0 and line.startswith('print(f"已导入'):
            level = 1
        out.append("    " * level + line)
        code = re.sub(r"#.*$", "", re.sub(r"\"[^\"]*\"|'[^']*'", "''", line))
        brackets += sum(code.count(c) for c in "([{") - sum(code.count(c) for c in ")]}")
        if brackets == 0 and code.rstrip().endswith(":"):
            level += 1
    return "\n".join(out)


@pytest.fixture
def at_our_addresses(server, monkeypatch):
    real = socket.create_connection

    def connect(address, *arguments, **more):
        return real(("127.0.0.1", server.port) if tuple(address) in THEIRS else address, *arguments, **more)

    monkeypatch.setattr(socket, "create_connection", connect)
    import urllib3.util.connection

    theirs = urllib3.util.connection.create_connection
    monkeypatch.setattr(
        urllib3.util.connection, "create_connection",
        lambda address, *a, **m: theirs(("127.0.0.1", server.port) if tuple(address) in THEIRS else address, *a, **m))


TEXT_KEY = 'text_key="content",'
ATTRIBUTES = '\nattributes=["title", "category"],'
ROWS = 250
CATEGORIES = ("账号管理", "网络", "打印")


@pytest.fixture
def tickets(tmp_path, monkeypatch):
    lines = ["ticket_id,title,description,solution,category"]
    for i in range(ROWS):
        lines.append(f"T{i:04},问题{i},现象描述{i},处理办法{i},{CATEGORIES[i % 3]}")
    lines += [lines[1], "T9999,,没有标题,无,网络"]  # one twice, one with a gap: both are cleaned away
    (tmp_path / "service_tickets.csv").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.chdir(tmp_path)


def test_the_chapter_runs(at_our_addresses, tickets):
    whole, lines = chapter()
    names, printed = {}, io.StringIO()
    with contextlib.redirect_stdout(printed), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in ("4.3", "4.4", "4.5"):
            code = indented(section(lines, number)).replace(TEXT_KEY, TEXT_KEY + ATTRIBUTES)
            exec(compile(code, number, "exec"), names)  # noqa: S102  (that is the test)
    client, said = names["client"], printed.getvalue()
    told = client.schema.get("ServiceTicket")
    assert told["description"] == "客服工单知识库"
    assert {p["name"] for p in told["properties"]} == {
        "ticket_id", "title", "description", "solution", "category", "content"}

    assert re.findall(r"已导入 (\d+)/(\d+)", said) == [(str(n), str(ROWS)) for n in (100, 200, 250)]
    count = client.query.aggregate("ServiceTicket").with_meta_count().do()
    assert count["data"]["Aggregate"]["ServiceTicket"][0]["meta"]["count"] == ROWS

    assert said.count("内容: 工单ID: ") == 5 and said.count("相似度: ") == 5
    assert len(names["docs_with_scores"]) == 5
    assert all(score > 0 for _, score in names["docs_with_scores"])
    filtered = names["docs"]  # of the last search
    assert len(filtered) == 5 and {doc.metadata["category"] for doc in filtered} == {"账号管理"}

    # The settings of chapter nine, of the class as it is now made.
    begin = next(i for i, line in enumerate(whole) if line.startswith("# 创建HNSW索引"))
    end = next(i for i in range(begin, len(whole)) if line_ends_block(whole, begin, i))
    exec("\n".join(whole[begin:end + 1]), names)  # noqa: S102
    client.schema.delete_class("ServiceTicket")
    client.schema.create_class(names["schema"])
    config = client.schema.get("ServiceTicket")["vectorIndexConfig"]
    assert (config["ef"], config["efConstruction"], config["maxConnections"]) == (200, 256, 64)


def line_ends_block(lines, begin, end):
    text = "\n".join(lines[begin:end + 1])
    return "{" in text and text.count("{") == text.count("}")
