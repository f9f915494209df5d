"""The page's types against docs/openapi.yaml: a field the page reads must be one the server sends."""

import pathlib
import re

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
TYPES = (ROOT / "web/src/api/types.ts").read_text(encoding="utf-8")
SCHEMAS = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text(encoding="utf-8"))["components"][
    "schemas"
]

# interface of the page -> schema of the API
PAIRS = {
    "Status": "Status",
    "KnowledgeBase": "KnowledgeBase",
    "DocumentRecord": "Document",
    "Region": "Region",
    "Passage": "Passage",
    "Source": "Source",
    "Done": "Answer",
    "ConversationSummary": "Conversation",
    "Conversation": "Conversation",
}
KINDS = {"string": "string", "number": "number", "integer": "number", "boolean": "boolean"}
SCALARS = {"string", "number", "boolean"}


def fields_of(interface):
    """{name: TypeScript type} of an interface of types.ts."""
    body = re.search(rf"interface {interface}\b[^{{]*{{(.*?)\n}}", TYPES, re.DOTALL).group(1)
    return dict(re.findall(r"^  (\w+)\??: ([^;]+);", body, re.MULTILINE))


def literals_of(name):
    text = re.search(rf"type {name} =([^;]+);", TYPES).group(1)
    return set(re.findall(r"'(\w+)'", text))


@pytest.mark.parametrize("interface", PAIRS)
def test_every_field_is_in_the_schema_with_its_kind(interface):
    properties = SCHEMAS[PAIRS[interface]]["properties"]
    fields = fields_of(interface)
    assert fields
    for name, type_ in fields.items():
        assert name in properties, f"{interface}.{name} is not in {PAIRS[interface]}"
        schema = properties[name]
        if type_.endswith("[]"):
            assert schema["type"] == "array", f"{interface}.{name}"
        elif (plain := type_.removesuffix(" | null")) in SCALARS:
            assert KINDS[schema["type"]] == plain, f"{interface}.{name}"
            assert schema.get("nullable", False) == type_.endswith("| null"), f"{interface}.{name}"


@pytest.mark.parametrize(
    "literals, schema, field",
    [("Stage", "Document", "stage"), ("AnswerMode", "Answer", "mode")],
)
def test_the_values_of_enumerations_agree(literals, schema, field):
    assert literals_of(literals) == set(SCHEMAS[schema]["properties"][field]["enum"])


def test_what_the_page_asks_with_is_accepted():
    # `kb` is part of the path of /api/kb/{kb}/ask, and of the body of /chat/stream.
    assert set(fields_of("AskRequest")) - {"kb"} <= set(SCHEMAS["Question"]["properties"])
