"""The Python client that speaks gRPC (weaviate-client 4), doing what its documentation shows."""
import datetime
import math
import time
import uuid

import pytest
import weaviate
from weaviate.classes.aggregate import GroupByAggregate
from weaviate.classes.config import Configure, DataType, Property, ReferenceProperty, Tokenization, VectorDistances
from weaviate.classes.data import DataObject, DataReference, GeoCoordinate
from weaviate.classes.query import (
    BM25Operator, Filter, GroupBy, HybridFusion, MetadataQuery, Metrics, QueryReference, Rerank, Sort, TargetVectors)
from weaviate.classes.tenants import Tenant, TenantActivityStatus

DAY = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
ROWS = [("red apple", 10, 1.5, True, 0), ("green apple", 20, 2.5, False, 30), ("red car", 30, 3.5, True, 90),
        ("重置密码的方法", 40, 4.5, False, 180)]


@pytest.fixture(scope="module")
def client(server):
    with weaviate.connect_to_custom(
            "127.0.0.1", server.port, False, "127.0.0.1", server.grpc, False,
            additional_config=weaviate.classes.init.AdditionalConfig(
                timeout=weaviate.classes.init.Timeout(init=30, query=60, insert=60))) as client:
        yield client
        client.collections.delete_all()


@pytest.fixture
def docs(client):
    client.collections.delete_all()
    docs = client.collections.create(
        "Doc", vectorizer_config=Configure.Vectorizer.none(),
        properties=[
            Property(name="title", data_type=DataType.TEXT),
            Property(name="pages", data_type=DataType.INT),
            Property(name="price", data_type=DataType.NUMBER),
            Property(name="read", data_type=DataType.BOOL),
            Property(name="day", data_type=DataType.DATE),
            Property(name="key", data_type=DataType.UUID),
            Property(name="sizes", data_type=DataType.INT_ARRAY),
            Property(name="where", data_type=DataType.OBJECT, nested_properties=[
                Property(name="city", data_type=DataType.TEXT), Property(name="zip", data_type=DataType.INT)]),
        ])
    with docs.batch.dynamic() as batch:
        for i, (title, pages, price, read, degrees) in enumerate(ROWS):
            angle = math.radians(degrees)
            batch.add_object(
                {"title": title, "pages": pages, "price": price, "read": read,
                 "day": DAY + datetime.timedelta(days=i), "key": uuid.UUID(int=i), "sizes": [i, i + 1],
                 "where": {"city": "Ulm", "zip": 89073 + i}},
                vector=[math.cos(angle), math.sin(angle)], uuid=uuid.UUID(int=100 + i))
    assert not docs.batch.failed_objects
    return docs


def titles(answer):
    return [o.properties["title"] for o in answer.objects]


def test_the_schema_is_told_as_it_was_made(client, docs):
    config = docs.config.get()
    assert config.name == "Doc" and config.vectorizer.value == "none"
    assert {p.name: p.data_type for p in config.properties}["sizes"] == DataType.INT_ARRAY
    assert config.vector_index_config.distance_metric == VectorDistances.COSINE
    assert client.collections.exists("Doc") and not client.collections.exists("Other")
    assert list(client.collections.list_all()) == ["Doc"]
    docs.config.add_property(Property(name="note", data_type=DataType.TEXT, tokenization=Tokenization.FIELD))
    assert {p.name for p in docs.config.get().properties} >= {"note"}


def test_values_come_back_as_they_went(docs):
    got = docs.query.fetch_object_by_id(uuid.UUID(int=101), include_vector=True)
    properties = got.properties
    assert properties["day"] == DAY + datetime.timedelta(days=1) and properties["key"] == uuid.UUID(int=1)
    assert properties["sizes"] == [1, 2] and properties["where"] == {"city": "Ulm", "zip": 89074}
    assert (properties["pages"], properties["price"], properties["read"]) == (20, 2.5, False)
    assert isinstance(properties["pages"], int)
    assert got.vector["default"] == pytest.approx([math.cos(math.radians(30)), math.sin(math.radians(30))])
    assert got.metadata.creation_time is not None
    only = docs.query.fetch_objects(limit=1, return_properties=["title"]).objects[0]
    assert only.properties == {"title": "red apple"} and only.uuid == uuid.UUID(int=100)


def test_one_object_is_written_changed_and_deleted(docs):
    key = docs.data.insert({"title": "A", "pages": 1}, vector=[0.5, 0.5])
    docs.data.update(key, properties={"pages": 2})
    assert docs.query.fetch_object_by_id(key).properties["pages"] == 2
    docs.data.replace(key, properties={"title": "B"}, vector=[1, 0])
    assert docs.query.fetch_object_by_id(key).properties["title"] == "B"
    assert docs.data.exists(key) and docs.data.delete_by_id(key) and not docs.data.exists(key)
    with pytest.raises(weaviate.exceptions.UnexpectedStatusCodeError, match="already exists"):
        docs.data.insert({"title": "again"}, uuid=uuid.UUID(int=100))
    done = docs.data.insert_many([
        DataObject(properties={"title": "x"}, vector=[1, 1]), DataObject(properties={"pages": "many"})])
    assert list(done.uuids) == [0] and list(done.errors) == [1]


def test_the_iterator_sees_every_object_once(docs):
    assert sorted(o.properties["title"] for o in docs.iterator()) == sorted(row[0] for row in ROWS)
    assert len(docs) == 4


def test_near_vector_and_near_object(docs):
    answer = docs.query.near_vector([1, 0], limit=3, return_metadata=MetadataQuery.full())
    assert titles(answer) == ["red apple", "green apple", "red car"]
    assert [o.metadata.distance for o in answer.objects] == pytest.approx(
        [1 - math.cos(math.radians(d)) for d in (0, 30, 90)], abs=1e-5)
    assert answer.objects[1].metadata.certainty == pytest.approx(
        1 - answer.objects[1].metadata.distance / 2, abs=1e-5)
    assert titles(docs.query.near_vector([1, 0], distance=0.2)) == ["red apple", "green apple"]
    assert titles(docs.query.near_object(uuid.UUID(int=102), limit=1)) == ["red car"]


def test_words_and_hybrid(docs):
    assert titles(docs.query.bm25("密码")) == ["重置密码的方法"]
    assert set(titles(docs.query.bm25("red apple", query_properties=["title^2"]))) == {
        "red apple", "green apple", "red car"}
    assert titles(docs.query.bm25("red apple", operator=BM25Operator.and_())) == ["red apple"]
    for fusion in (HybridFusion.RANKED, HybridFusion.RELATIVE_SCORE):
        answer = docs.query.hybrid("car", vector=[1, 0], alpha=0.4, fusion_type=fusion, limit=2,
                                   return_metadata=MetadataQuery(score=True, explain_score=True))
        assert titles(answer)[0] == "red car"
        scores = [o.metadata.score for o in answer.objects]
        assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("filters, expected", [
    (Filter.by_property("pages").greater_than(20), {2, 3}),
    (Filter.by_property("price").less_or_equal(2.5), {0, 1}),
    (Filter.by_property("read").equal(True), {0, 2}),
    (Filter.by_property("title").like("app*"), {0, 1}),
    (Filter.by_property("day").greater_or_equal(DAY + datetime.timedelta(days=2)), {2, 3}),
    (Filter.by_property("pages").contains_any([10, 40]), {0, 3}),
    (Filter.by_property("sizes").contains_all([1, 2]), {1}),
    (Filter.by_property("key").equal(str(uuid.UUID(int=3))), {3}),
    (Filter.by_id().contains_any([uuid.UUID(int=100), uuid.UUID(int=103)]), {0, 3}),
    (Filter.by_property("pages").equal(10) | Filter.by_property("title").equal("car"), {0, 2}),
    (Filter.by_property("read").equal(True) & Filter.by_property("pages").not_equal(10), {2}),
    (Filter.not_(Filter.by_property("read").equal(True)), {1, 3}),
    (Filter.by_creation_time().greater_than(DAY), {0, 1, 2, 3}),
])
def test_filters(docs, filters, expected):
    found = docs.query.fetch_objects(filters=filters).objects
    assert {o.uuid.int - 100 for o in found} == expected
    assert docs.aggregate.over_all(filters=filters, total_count=True).total_count == len(expected)


def test_order_pages_and_groups(docs):
    answer = docs.query.fetch_objects(sort=Sort.by_property("pages", ascending=False), limit=2, offset=1)
    assert titles(answer) == ["red car", "green apple"]
    groups = docs.query.near_vector([1, 0], group_by=GroupBy(prop="read", number_of_groups=2, objects_per_group=3)).groups
    assert sorted(g.number_of_objects for g in groups.values()) == [2, 2]


def test_aggregates(docs):
    answer = docs.aggregate.over_all(total_count=True, return_metrics=[
        Metrics("pages").integer(), Metrics("price").number(mean=True), Metrics("read").boolean(),
        Metrics("title").text(top_occurrences_count=True, top_occurrences_value=True)])
    assert answer.total_count == 4
    pages = answer.properties["pages"]
    assert (pages.minimum, pages.maximum, pages.sum_, pages.mean, pages.median) == (10, 40, 100, 25, 25)
    assert answer.properties["price"].mean == 3 and answer.properties["read"].total_true == 2
    grouped = docs.aggregate.over_all(group_by=GroupByAggregate(prop="read"), total_count=True)
    assert {g.grouped_by.value: g.total_count for g in grouped.groups} in ({True: 2, False: 2}, {"true": 2, "false": 2})
    near = docs.aggregate.near_vector([1, 0], object_limit=2, return_metrics=Metrics("pages").integer(maximum=True))
    assert near.properties["pages"].maximum == 20


def test_many_are_deleted_by_a_filter(docs):
    keys = [uuid.UUID(int=100), uuid.UUID(int=101)]
    dry = docs.data.delete_many(where=Filter.by_id().contains_any(keys), dry_run=True, verbose=True)
    assert dry.matches == 2 and {o.uuid for o in dry.objects} == set(keys) and len(docs) == 4
    done = docs.data.delete_many(where=Filter.by_id().contains_any(keys))
    assert (done.matches, done.successful, done.failed) == (2, 2, 0) and len(docs) == 2


def test_references(client):
    client.collections.delete_all()
    authors = client.collections.create("Author", properties=[Property(name="name", data_type=DataType.TEXT)])
    books = client.collections.create(
        "Book", properties=[Property(name="title", data_type=DataType.TEXT)],
        references=[ReferenceProperty(name="by", target_collection="Author")])
    author = authors.data.insert({"name": "Lu Xun"})
    book = books.data.insert({"title": "呐喊"}, references={"by": author})
    other = books.data.insert({"title": "other"})
    found = books.query.fetch_objects(
        filters=Filter.by_ref("by").by_property("name").equal("xun"), return_references=QueryReference(link_on="by"))
    (hit,) = found.objects
    assert hit.uuid == book
    assert [o.properties["name"] for o in hit.references["by"].objects] == ["Lu Xun"]
    assert not books.data.reference_add_many(
        [DataReference(from_property="by", from_uuid=other, to_uuid=author)]).has_errors
    assert len(books.query.fetch_objects(filters=Filter.by_ref("by").by_property("name").equal("lu")).objects) == 2


def test_named_vectors(client):
    client.collections.delete_all()
    both = client.collections.create(
        "Both", properties=[Property(name="title", data_type=DataType.TEXT)],
        vectorizer_config=[
            Configure.NamedVectors.none("two", vector_index_config=Configure.VectorIndex.hnsw(
                distance_metric=VectorDistances.L2_SQUARED)),
            Configure.NamedVectors.none("three")])
    both.data.insert({"title": "a"}, vector={"two": [0, 0], "three": [1, 0, 0]})
    both.data.insert({"title": "b"}, vector={"two": [3, 4], "three": [0, 1, 0]})
    answer = both.query.near_vector([0, 1], target_vector="two", return_metadata=MetadataQuery(distance=True),
                                    include_vector=True)
    assert titles(answer) == ["a", "b"] and [o.metadata.distance for o in answer.objects] == [1, 18]
    assert answer.objects[1].vector == {"two": [3, 4], "three": [0, 1, 0]}
    assert titles(both.query.near_vector([0, 1, 0], target_vector="three", limit=1)) == ["b"]
    assert set(both.config.get().vector_config) == {"two", "three"}


def test_several_vectors_are_searched_at_once(client):
    """Against the distances computed here."""
    client.collections.delete_all()
    pairs = client.collections.create(
        "Pair", properties=[Property(name="n", data_type=DataType.INT)],
        vectorizer_config=[
            Configure.NamedVectors.none(name, vector_index_config=Configure.VectorIndex.hnsw(
                distance_metric=VectorDistances.L2_SQUARED)) for name in ("a", "b")])
    vectors = {n: {"a": [n, 0], "b": [0, (n - 3) ** 2, 1]} for n in range(6)}
    for n, both in vectors.items():
        pairs.data.insert({"n": n}, vector=both)
    pairs.data.insert({"n": 99}, vector={"a": [1, 0]})  # lacks the other
    asked = {"a": [1, 0], "b": [0, 0, 1]}

    def far(name, n):
        return sum((x - y) ** 2 for x, y in zip(vectors[n][name], asked[name], strict=True))

    def check(target, combined):
        found = pairs.query.near_vector(
            asked, target_vector=target, limit=4, return_metadata=MetadataQuery(distance=True)).objects
        expected = sorted((combined(n), n) for n in vectors)[:4]
        assert [o.metadata.distance for o in found] == pytest.approx([d for d, _ in expected])
        assert {o.properties["n"] for o in found if o.metadata.distance < expected[-1][0]} == {
            n for d, n in expected if d < expected[-1][0]}

    check(["a", "b"], lambda n: min(far("a", n), far("b", n)))
    check(TargetVectors.minimum(["a", "b"]), lambda n: min(far("a", n), far("b", n)))
    check(TargetVectors.sum(["a", "b"]), lambda n: far("a", n) + far("b", n))
    check(TargetVectors.average(["a", "b"]), lambda n: (far("a", n) + far("b", n)) / 2)
    check(TargetVectors.manual_weights({"a": 10, "b": 0.5}), lambda n: 10 * far("a", n) + far("b", n) / 2)
    most = {name: max(far(name, n) for n in vectors) for name in asked}  # the least are 0
    check(TargetVectors.relative_score({"a": 0.3, "b": 0.7}),
          lambda n: 0.3 * far("a", n) / most["a"] + 0.7 * far("b", n) / most["b"])
    near = pairs.query.near_vector(asked, target_vector=TargetVectors.sum(["a", "b"]), distance=6)
    assert {o.properties["n"] for o in near.objects} == {
        n for n in vectors if far("a", n) + far("b", n) <= 6}
    # Of the others, two and two are the same by b.
    same = pairs.query.fetch_objects(filters=Filter.by_property("n").equal(0)).objects[0].uuid
    alike = pairs.query.near_object(same, target_vector=["a", "b"], limit=1)
    assert alike.objects[0].properties["n"] == 0


def test_texts_are_turned_into_vectors_here(client):
    client.collections.delete_all()
    notes = client.collections.create(
        "Note", properties=[Property(name="text", data_type=DataType.TEXT)],
        vectorizer_config=Configure.Vectorizer.text2vec_openai())
    notes.data.insert_many([{"text": t} for t in ("the cat sleeps", "stocks fell", "rain tomorrow")])
    answer = notes.query.near_text("stocks fell", limit=1, return_metadata=MetadataQuery(distance=True))
    assert answer.objects[0].properties["text"] == "stocks fell"
    assert answer.objects[0].metadata.distance == pytest.approx(0, abs=1e-3)
    assert notes.query.hybrid("rain tomorrow", limit=1).objects[0].properties["text"] == "rain tomorrow"


def test_hits_are_ranked_again(docs):
    answer = docs.query.bm25("apple car", rerank=Rerank(prop="title", query="red"), return_metadata=MetadataQuery(score=True))
    scores = [o.metadata.rerank_score for o in answer.objects]
    assert len(scores) == 3 and scores == sorted(scores, reverse=True) and all(0 <= s <= 1 for s in scores)


def test_groups_are_ranked_again(docs):
    answer = docs.query.bm25("apple car", group_by=GroupBy(prop="read", number_of_groups=5, objects_per_group=5),
                             rerank=Rerank(prop="title", query="red"))
    plain = docs.query.bm25("apple car", rerank=Rerank(prop="title", query="red"),
                            return_metadata=MetadataQuery(score=True))
    score = {o.uuid: o.metadata.rerank_score for o in plain.objects}
    groups = list(answer.groups.values())
    assert sorted(o.uuid for g in groups for o in g.objects) == sorted(score)
    best = [max(score[o.uuid] for o in g.objects) for g in groups]
    assert best == sorted(best, reverse=True) and [g.rerank_score for g in groups] == pytest.approx(best)
    for group in groups:
        inside = [score[o.uuid] for o in group.objects]
        assert inside == sorted(inside, reverse=True)


def test_the_state_of_the_index_is_told(client):
    """So many vectors that there is a graph, which the background makes."""
    client.collections.delete_all()
    many = client.collections.create("Many", vectorizer_config=Configure.Vectorizer.none())
    rows = 21_000
    with many.batch.fixed_size(3000, concurrent_requests=2) as batch:
        for i in range(rows):
            batch.add_object({}, vector=[math.cos(i), math.sin(i)])
    assert not many.batch.failed_objects
    many.batch.wait_for_vector_indexing()
    (shard,) = many.shards()
    assert (shard.object_count, shard.vector_queue_length) == (rows, 0)
    assert shard.vector_indexing_status == "READY" and shard.compressed
    (node,) = client.cluster.nodes(output="verbose")
    assert node.stats.object_count == rows and node.stats.shard_count == 1
    (told,) = many.config.get_shards()
    assert (told.status, told.vector_queue_size) == ("READY", 0)
    near = many.query.near_vector([math.cos(5), math.sin(5)], limit=1, return_metadata=MetadataQuery(distance=True))
    assert near.objects[0].metadata.distance == pytest.approx(0, abs=1e-6)


def test_places_and_jumps(client):
    client.collections.delete_all()
    towns = client.collections.create(
        "Town", vectorizer_config=Configure.Vectorizer.none(),
        properties=[Property(name="name", data_type=DataType.TEXT),
                    Property(name="place", data_type=DataType.GEO_COORDINATES)])
    # Potsdam is 27 km from Berlin, Hamburg 255 km, Munich 504 km.
    for name, latitude, longitude, x in (
            ("Berlin", 52.52, 13.405, 0), ("Potsdam", 52.396, 13.058, 0.01), ("Hamburg", 53.551, 9.993, 0.9),
            ("Munich", 48.137, 11.575, 0.92)):
        towns.data.insert({"name": name, "place": GeoCoordinate(latitude=latitude, longitude=longitude)},
                          vector=[math.cos(x), math.sin(x)])
    near = Filter.by_property("place").within_geo_range(GeoCoordinate(latitude=52.52, longitude=13.405), distance=50_000)
    found = towns.query.fetch_objects(filters=near).objects
    assert {o.properties["name"] for o in found} == {"Berlin", "Potsdam"}
    assert {o.properties["name"]: round(o.properties["place"].longitude, 3) for o in found}["Potsdam"] == 13.058
    cut = towns.query.near_vector([1, 0], auto_limit=1).objects
    assert [o.properties["name"] for o in cut] == ["Berlin", "Potsdam"]


def test_objects_whose_time_is_over_are_gone(client):
    client.collections.delete_all()
    made = client.collections.create_from_dict({
        "class": "Brief", "objectTtlConfig": {"enabled": True, "defaultTtl": 1, "deleteOn": "_creationTimeUnix"}})
    made.data.insert({"text": "soon gone"})
    until = time.monotonic() + 60
    while made.query.fetch_objects().objects and time.monotonic() < until:
        time.sleep(0.1)
    assert made.query.fetch_objects().objects == [] and len(made) == 0


def test_stems_of_english_words_are_found(client):
    client.collections.delete_all()
    made = client.collections.create_from_dict({"class": "Story", "properties": [
        {"name": "stemmed", "dataType": ["text"], "textAnalyzer": {"stemming": "english"}},
        {"name": "plain", "dataType": ["text"]}]})
    made.data.insert({"stemmed": "The connections failed", "plain": "The connections failed"})
    assert len(made.query.bm25("connected", query_properties=["stemmed"]).objects) == 1
    assert made.query.bm25("connected", query_properties=["plain"]).objects == []
    equal = made.query.fetch_objects(filters=Filter.by_property("stemmed").equal("connecting"))
    assert len(equal.objects) == 1
    assert {p.name: p.tokenization for p in made.config.get().properties}["stemmed"] == Tokenization.WORD


def test_tenants(client):
    client.collections.delete_all()
    mail = client.collections.create(
        "Mail", properties=[Property(name="text", data_type=DataType.TEXT)],
        multi_tenancy_config=Configure.multi_tenancy(enabled=True))
    mail.tenants.create([Tenant(name="a"), Tenant(name="b")])
    mail.with_tenant("a").data.insert_many([{"text": "secret of a"}])
    assert len(mail.with_tenant("a").query.fetch_objects().objects) == 1
    assert mail.with_tenant("b").query.fetch_objects().objects == []
    mail.tenants.update([Tenant(name="b", activity_status=TenantActivityStatus.INACTIVE)])
    assert {n: t.activity_status.value for n, t in mail.tenants.get().items()} == {"a": "ACTIVE", "b": "INACTIVE"}
    with pytest.raises(weaviate.exceptions.WeaviateQueryError, match="not active"):
        mail.with_tenant("b").query.fetch_objects()
    with pytest.raises(weaviate.exceptions.WeaviateQueryError, match="without tenant"):
        mail.query.fetch_objects()
    mail.tenants.remove(["b"])
    assert set(mail.tenants.get()) == {"a"}


def test_mistakes_are_told(client, docs):
    with pytest.raises(weaviate.exceptions.WeaviateQueryError, match="could not find class"):
        client.collections.get("None").query.bm25("x")
    with pytest.raises(weaviate.exceptions.WeaviateQueryError, match="10000"):
        docs.query.fetch_objects(limit=10001)
    with pytest.raises(weaviate.exceptions.WeaviateQueryError):
        docs.query.near_vector([1, 2, 3])


def test_a_backup_brings_a_class_back(client, docs):
    before = sorted((str(o.uuid), o.properties["title"]) for o in docs.iterator())
    made = client.backup.create("nightly-1", "filesystem", include_collections=["Doc"], wait_for_completion=True)
    assert made.status == "SUCCESS" and made.collections == ["Doc"]
    with pytest.raises(weaviate.exceptions.UnexpectedStatusCodeError, match="exists already"):
        client.backup.create("nightly-1", "filesystem")
    assert client.backup.get_create_status("nightly-1", "filesystem").status == "SUCCESS"
    with pytest.raises(weaviate.exceptions.UnexpectedStatusCodeError, match="exists already"):
        client.backup.restore("nightly-1", "filesystem", wait_for_completion=True)

    client.collections.delete("Doc")
    back = client.backup.restore("nightly-1", "filesystem", wait_for_completion=True)
    assert back.status == "SUCCESS"
    again = client.collections.get("Doc")
    assert sorted((str(o.uuid), o.properties["title"]) for o in again.iterator()) == before
    assert [o.properties["title"] for o in again.query.bm25("密码", limit=1).objects] == ["重置密码的方法"]
    assert again.query.fetch_objects(filters=Filter.by_property("pages").equal(30)).objects[0].properties["title"] \
        == "red car"


def test_backups_that_are_not_there(client):
    with pytest.raises(weaviate.exceptions.UnexpectedStatusCodeError, match="404"):
        client.backup.get_create_status("never-made", "filesystem")
    with pytest.raises(weaviate.exceptions.UnexpectedStatusCodeError, match="filesystem"):
        client.backup.create("elsewhere", "s3")
    with pytest.raises(weaviate.exceptions.UnexpectedStatusCodeError, match="lower-case"):
        client.backup.create("../outside", "filesystem")
