"""LangChain's and LlamaIndex's stores of today on Weaviate, doing what their documentation shows."""
import math

import pytest
import weaviate
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_weaviate.vectorstores import WeaviateVectorStore
from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.vector_stores import MetadataFilter, MetadataFilters, VectorStoreQuery
from llama_index.core.vector_stores.types import VectorStoreQueryMode
from llama_index.vector_stores.weaviate import WeaviateVectorStore as LlamaStore
from weaviate.classes.query import Filter

ANGLES = {"zero": 0, "thirty": 30, "ninety": 90, "opposite": 180}


class Circle(Embeddings):
    """Texts that are names of angles, as points on a circle."""

    def embed_query(self, text):
        angle = math.radians(ANGLES.get(text, 0))
        return [math.cos(angle), math.sin(angle)]

    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]


@pytest.fixture(scope="module")
def client(server):
    with weaviate.connect_to_custom("127.0.0.1", server.port, False, "127.0.0.1", server.grpc, False) as client:
        yield client
        client.collections.delete_all()


def test_langchain_weaviate(client):
    documents = [Document(page_content=name, metadata={"angle": angle}) for name, angle in ANGLES.items()]
    store = WeaviateVectorStore.from_documents(documents, Circle(), client=client, index_name="Angles", text_key="text")
    found = store.similarity_search("thirty", k=2, alpha=1)
    assert [d.page_content for d in found] == ["thirty", "zero"] and found[0].metadata["angle"] == 30
    scored = store.similarity_search_with_score("ninety", k=3)
    assert scored[0][0].page_content == "ninety"
    assert [s for _, s in scored] == sorted((s for _, s in scored), reverse=True)
    filtered = store.similarity_search("zero", k=4, filters=Filter.by_property("angle").greater_than(60))
    assert {d.page_content for d in filtered} == {"ninety", "opposite"}
    diverse = store.max_marginal_relevance_search("zero", k=2, fetch_k=4, lambda_mult=0.1)
    assert [d.page_content for d in diverse] == ["zero", "opposite"]
    (key,) = store.add_texts(["thirty"], metadatas=[{"angle": 31}])
    store.delete([key])
    assert len(list(client.collections.get("Angles").iterator())) == 4
    assert len(store.as_retriever(search_kwargs={"k": 1}).invoke("opposite")) == 1


def test_llama_index(client):
    store = LlamaStore(weaviate_client=client, index_name="Nodes")
    circle = Circle()
    store.add([
        TextNode(id_=f"00000000-0000-4000-8000-{angle:012}", text=name, metadata={"angle": angle},
                 embedding=circle.embed_query(name),
                 relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=f"file-{angle}")})
        for name, angle in ANGLES.items()])

    def ask(**more):
        return store.query(VectorStoreQuery(similarity_top_k=2, **more))

    near = ask(query_embedding=circle.embed_query("thirty"))
    assert [n.text for n in near.nodes] == ["thirty", "zero"]
    hybrid = ask(query_embedding=circle.embed_query("zero"), query_str="opposite", alpha=0.5,
                 mode=VectorStoreQueryMode.HYBRID)
    assert {n.text for n in hybrid.nodes} == {"zero", "opposite"}
    filtered = ask(query_embedding=circle.embed_query("zero"),
                   filters=MetadataFilters(filters=[MetadataFilter(key="angle", value=90)]))
    assert [n.text for n in filtered.nodes] == ["ninety"]
    store.delete("file-0")
    assert [n.text for n in ask(query_embedding=circle.embed_query("zero")).nodes] == ["thirty", "ninety"]
