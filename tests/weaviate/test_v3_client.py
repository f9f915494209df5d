"""The Python client that speaks REST and GraphQL (weaviate-client 3), doing what its documentation shows."""
import math
import uuid

import pytest
import weaviate

ALICE = "00000000-0000-4000-8000-00000000000a"


@pytest.fixture(scope="module")
def client(server):
    client = weaviate.Client(server.url)
    yield client
    client.schema.delete_all()


@pytest.fixture
def doc(client):
    """Four documents on a circle, so that distances are known."""
    client.schema.delete_all()
    client.schema.create_class({
        "class": "Doc",
        "vectorizer": "none",
        "properties": [
            {"name": "title", "dataType": ["text"]},
            {"name": "pages", "dataType": ["int"]},
            {"name": "price", "dataType": ["number"]},
            {"name": "read", "dataType": ["boolean"]},
            {"name": "day", "dataType": ["date"]},
            {"name": "tags", "dataType": ["text[]"], "tokenization": "field"},
        ],
    })
    rows = [
        ("red apple", 10, 1.5, True, "2024-01-01T00:00:00Z", ["fruit"], 0),
        ("green apple", 20, 2.5, False, "2024-02-01T00:00:00Z", ["fruit", "sour"], 30),
        ("red car", 30, 3.5, True, "2024-03-01T00:00:00Z", ["machine"], 90),
        ("重置密码的方法", 40, 4.5, False, "2024-04-01T00:00:00Z", ["help"], 180),
    ]
    ids = []
    with client.batch as batch:
        for title, pages, price, read, day, tags, degrees in rows:
            angle = math.radians(degrees)
            ids.append(batch.add_data_object(
                {"title": title, "pages": pages, "price": price, "read": read, "day": day, "tags": tags}, "Doc",
                vector=[math.cos(angle), math.sin(angle)]))
    return ids


def hits(answer, name="Doc"):
    assert "errors" not in answer, answer
    return answer["data"]["Get"][name]


def titles(answer):
    return [hit["title"] for hit in hits(answer)]


def test_it_connects_and_sees_what_is_there(client, doc):
    assert client.is_ready() and client.is_live()
    assert client.get_meta()["version"].startswith("1.30.")
    (node,) = client.cluster.get_nodes_status()
    assert node["status"] == "HEALTHY" and node["stats"]["objectCount"] == 4


def test_a_class_is_told_as_it_was_made(client, doc):
    told = client.schema.get("Doc")
    assert told["class"] == "Doc" and told["vectorizer"] == "none"
    assert {p["name"]: p["dataType"] for p in told["properties"]} == {
        "title": ["text"], "pages": ["int"], "price": ["number"], "read": ["boolean"], "day": ["date"],
        "tags": ["text[]"]}
    assert told["vectorIndexConfig"]["distance"] == "cosine"
    assert client.schema.exists("doc") and not client.schema.exists("Other")
    assert client.schema.contains({"class": "Doc", "properties": [{"name": "title", "dataType": ["text"]}]})
    with pytest.raises(weaviate.exceptions.UnexpectedStatusCodeException, match="422"):
        client.schema.create_class({"class": "Doc"})
    client.schema.property.create("Doc", {"name": "note", "dataType": ["text"]})
    assert "note" in {p["name"] for p in client.schema.get("Doc")["properties"]}
    client.schema.update_config("Doc", {"vectorIndexConfig": {"ef": 77}})
    assert client.schema.get("Doc")["vectorIndexConfig"]["ef"] == 77


def test_an_object_is_made_read_changed_and_deleted(client, doc):
    objects = client.data_object
    vector = [0.1, 0.7]
    assert objects.create({"title": "A", "pages": 1}, "Doc", ALICE, vector=vector) == ALICE
    with pytest.raises(weaviate.exceptions.ObjectAlreadyExistsException):
        objects.create({"title": "A"}, "Doc", ALICE)
    got = objects.get_by_id(ALICE, class_name="Doc", with_vector=True)
    assert got["properties"] == {"title": "A", "pages": 1} and got["vector"] == vector
    assert objects.exists(ALICE, class_name="Doc") and objects.exists(ALICE)
    objects.update({"pages": 2}, "Doc", ALICE)
    assert objects.get_by_id(ALICE, class_name="Doc")["properties"] == {"title": "A", "pages": 2}
    objects.replace({"title": "B"}, "Doc", ALICE)
    assert objects.get_by_id(ALICE)["properties"] == {"title": "B"}
    assert objects.validate({"title": "x"}, "Doc", ALICE)["valid"]
    assert not objects.validate({"pages": "x"}, "Doc", ALICE)["valid"]
    objects.delete(ALICE, class_name="Doc")
    assert objects.get_by_id(ALICE, class_name="Doc") is None and not objects.exists(ALICE, class_name="Doc")
    objects.delete(ALICE)
    assert len(objects.get(class_name="Doc")["objects"]) == 4


def test_pages_through_a_class(client, doc):
    seen, after = [], None
    while True:
        query = client.query.get("Doc", ["title"]).with_additional(["id"]).with_limit(3)
        page = hits((query.with_after(after) if after else query).do())
        if not page:
            break
        seen += [hit["_additional"]["id"] for hit in page]
        after = seen[-1]
    assert sorted(doc) == seen
    assert titles(client.query.get("Doc", ["title"]).with_sort({"path": ["pages"], "order": "desc"}).with_limit(2).do()) == [
        "重置密码的方法", "red car"]


def test_near_vector_tells_distances(client, doc):
    answer = client.query.get("Doc", ["title"]).with_near_vector({"vector": [1, 0]}).with_limit(3).with_additional(
        ["distance", "certainty", "id", "vector"]).do()
    assert titles(answer) == ["red apple", "green apple", "red car"]
    for hit, degrees in zip(hits(answer), (0, 30, 90), strict=True):
        distance = 1 - math.cos(math.radians(degrees))
        assert hit["_additional"]["distance"] == pytest.approx(distance, abs=1e-5)
        assert hit["_additional"]["certainty"] == pytest.approx(1 - distance / 2, abs=1e-5)
    near = client.query.get("Doc", ["title"]).with_near_vector({"vector": [1, 0], "certainty": 0.9}).do()
    assert titles(near) == ["red apple", "green apple"]
    there = client.query.get("Doc", ["title"]).with_near_object({"id": doc[2]}).with_limit(1).do()
    assert titles(there) == ["red car"]


def test_words_find(client, doc):
    assert titles(client.query.get("Doc", ["title"]).with_bm25("car").do()) == ["red car"]
    assert titles(client.query.get("Doc", ["title"]).with_bm25("密码", properties=["title^2"]).do()) == ["重置密码的方法"]
    answer = client.query.get("Doc", ["title"]).with_hybrid(
        "car", vector=[1, 0], alpha=0.5).with_additional(["score", "explainScore"]).do()
    assert set(titles(answer)[:2]) == {"red car", "red apple"}
    assert all(isinstance(hit["_additional"]["score"], str) for hit in hits(answer))
    # Words with everything a person may type.
    assert titles(client.query.get("Doc", ["title"]).with_bm25('car "\\d" \\ {}').do()) == ["red car"]


@pytest.mark.parametrize("where, expected", [
    ({"path": ["pages"], "operator": "GreaterThan", "valueInt": 20}, {"red car", "重置密码的方法"}),
    ({"path": ["price"], "operator": "LessThanEqual", "valueNumber": 2.5}, {"red apple", "green apple"}),
    ({"path": ["read"], "operator": "Equal", "valueBoolean": True}, {"red apple", "red car"}),
    ({"path": ["title"], "operator": "Like", "valueText": "app*"}, {"red apple", "green apple"}),
    ({"path": ["title"], "operator": "Equal", "valueString": "red"}, {"red apple", "red car"}),
    ({"path": ["tags"], "operator": "ContainsAny", "valueTextArray": ["sour", "help"]},
     {"green apple", "重置密码的方法"}),
    ({"path": ["day"], "operator": "GreaterThanEqual", "valueDate": "2024-03-01T00:00:00Z"},
     {"red car", "重置密码的方法"}),
    ({"operator": "And", "operands": [
        {"path": ["read"], "operator": "Equal", "valueBoolean": True},
        {"path": ["pages"], "operator": "NotEqual", "valueInt": 10}]}, {"red car"}),
])
def test_where(client, doc, where, expected):
    assert set(titles(client.query.get("Doc", ["title"]).with_where(where).do())) == expected
    counted = client.query.aggregate("Doc").with_where(where).with_meta_count().do()
    assert counted["data"]["Aggregate"]["Doc"][0]["meta"]["count"] == len(expected)


def test_aggregates(client, doc):
    answer = client.query.aggregate("Doc").with_meta_count().with_fields(
        "pages { count minimum maximum mean median sum type } read { totalTrue percentageTrue }").do()
    (group,) = answer["data"]["Aggregate"]["Doc"]
    assert group["meta"]["count"] == 4
    assert group["pages"] == {
        "count": 4, "minimum": 10, "maximum": 40, "mean": 25, "median": 25, "sum": 100, "type": "int"}
    assert group["read"] == {"totalTrue": 2, "percentageTrue": 0.5}


def test_groups(client, doc):
    answer = client.query.get("Doc", ["title"]).with_near_vector({"vector": [1, 0]}).with_group_by(
        ["read"], 2, 3).with_additional("group { id count groupedBy { value path } hits { title _additional { distance } } }").do()
    groups = [hit["_additional"]["group"] for hit in hits(answer)]
    assert [group["count"] for group in groups] == [2, 2]
    assert [hit["title"] for hit in groups[0]["hits"]] == ["red apple", "red car"]


def test_mistakes_are_told(client, doc):
    answer = client.query.get("Doc", ["nothing"]).do()
    assert 'Cannot query field "nothing"' in answer["errors"][0]["message"]
    answer = client.query.raw("{Get{Doc(limit: }}")
    assert "Syntax Error" in answer["errors"][0]["message"]
    client.batch.configure(batch_size=100, dynamic=False)
    client.batch.add_data_object({"pages": "many"}, "Doc")
    client.batch.add_data_object({"pages": 5}, "Doc")
    results = client.batch.create_objects()
    assert [row["result"]["status"] for row in results] == ["FAILED", "SUCCESS"]


def test_what_is_not_declared_is_made(client):
    client.schema.delete_all()
    client.data_object.create({"text": "hello", "n": 1.5, "at": "2024-01-01T00:00:00Z"}, "Fresh", vector=[1, 2])
    types = {p["name"]: p["dataType"] for p in client.schema.get("Fresh")["properties"]}
    assert types == {"text": ["text"], "n": ["number"], "at": ["date"]}


def test_a_batch_is_deleted_by_a_filter(client, doc):
    where = {"path": ["pages"], "operator": "LessThan", "valueInt": 25}
    dry = client.batch.delete_objects("Doc", where, output="verbose", dry_run=True)
    assert dry["results"]["matches"] == 2 and {row["status"] for row in dry["results"]["objects"]} == {"DRYRUN"}
    done = client.batch.delete_objects("Doc", where)
    assert done["results"] | {"objects": None} == {
        "matches": 2, "limit": 10000, "successful": 2, "failed": 0, "objects": None}
    assert len(client.data_object.get(class_name="Doc")["objects"]) == 2


def test_references_lead_from_one_class_to_another(client):
    client.schema.delete_all()
    client.schema.create({"classes": [
        {"class": "Author", "properties": [{"name": "name", "dataType": ["text"]}]},
        {"class": "Book", "properties": [
            {"name": "title", "dataType": ["text"]}, {"name": "by", "dataType": ["Author"]}]},
    ]})
    author = client.data_object.create({"name": "Lu Xun"}, "Author")
    other = client.data_object.create({"name": "Lao She"}, "Author")
    book = client.data_object.create({"title": "呐喊"}, "Book")
    client.data_object.reference.add(book, "by", author, "Book", "Author")
    answer = client.query.get("Book", ["title", "by { ... on Author { name _additional { id } } }"]).do()
    (hit,) = hits(answer, "Book")
    assert hit["by"] == [{"name": "Lu Xun", "_additional": {"id": author}}]
    found = client.query.get("Book", ["title"]).with_where(
        {"path": ["by", "Author", "name"], "operator": "Equal", "valueText": "xun"}).do()
    assert titles_of(found, "Book") == ["呐喊"]
    client.data_object.reference.update(book, "by", [other], "Book", "Author")
    beacons = client.data_object.get_by_id(book, class_name="Book")["properties"]["by"]
    assert [b["beacon"] for b in beacons] == [f"weaviate://localhost/Author/{other}"]
    client.data_object.reference.delete(book, "by", other, "Book", "Author")
    assert "by" not in client.data_object.get_by_id(book, class_name="Book")["properties"]


def titles_of(answer, name):
    return [hit["title"] for hit in hits(answer, name)]


def test_texts_are_turned_into_vectors_here(client):
    client.schema.delete_all()
    client.schema.create_class({
        "class": "Note", "vectorizer": "text2vec-openai", "properties": [{"name": "text", "dataType": ["text"]}]})
    with client.batch as batch:
        for text in ("the cat sleeps", "stocks fell", "rain tomorrow"):
            batch.add_data_object({"text": text}, "Note")
    answer = client.query.get("Note", ["text"]).with_near_text({"concepts": ["stocks fell"]}).with_additional(
        ["distance", "vector"]).do()
    first = hits(answer, "Note")[0]
    assert first["text"] == "stocks fell" and first["_additional"]["distance"] == pytest.approx(0, abs=1e-3)
    assert len(first["_additional"]["vector"]) == 64
    # Changed text, changed vector.
    found = next(o for o in client.data_object.get(class_name="Note", with_vector=True)["objects"]
                 if o["properties"]["text"] == "the cat sleeps")
    client.data_object.update({"text": "something else altogether"}, "Note", found["id"])
    again = client.data_object.get_by_id(found["id"], class_name="Note", with_vector=True)
    assert again["vector"] != found["vector"]
    hybrid = client.query.get("Note", ["text"]).with_hybrid("rain tomorrow").with_limit(1).do()
    assert titles_of_text(hybrid) == ["rain tomorrow"]


def titles_of_text(answer):
    return [hit["text"] for hit in hits(answer, "Note")]


def test_tenants_do_not_see_each_other(client):
    client.schema.delete_all()
    client.schema.create_class({
        "class": "Mail", "multiTenancyConfig": {"enabled": True},
        "properties": [{"name": "text", "dataType": ["text"]}]})
    client.schema.add_class_tenants("Mail", [weaviate.Tenant(name="a"), weaviate.Tenant(name="b")])
    assert {t.name for t in client.schema.get_class_tenants("Mail")} == {"a", "b"}
    key = str(uuid.uuid4())
    client.data_object.create({"text": "secret of a"}, "Mail", key, tenant="a")
    assert client.data_object.get_by_id(key, class_name="Mail", tenant="b") is None
    assert client.data_object.get_by_id(key, class_name="Mail", tenant="a")["properties"] == {"text": "secret of a"}
    of = {t: hits(client.query.get("Mail", ["text"]).with_tenant(t).do(), "Mail") for t in "ab"}
    assert of == {"a": [{"text": "secret of a"}], "b": []}
    with pytest.raises(weaviate.exceptions.UnexpectedStatusCodeException, match="without tenant"):
        client.data_object.create({"text": "x"}, "Mail")
    client.schema.remove_class_tenants("Mail", ["a"])
    assert {t.name for t in client.schema.get_class_tenants("Mail")} == {"b"}
