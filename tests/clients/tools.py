"""A function for the models to call: a grammar made of its schema leaves random weights few choices."""

PARAMETERS = {
    "type": "object",
    "properties": {"day": {"type": "boolean"}},
    "required": ["day"],
    "additionalProperties": False,
}
SKY = {
    "type": "function",
    "function": {"name": "sky", "description": "The colour of the sky", "parameters": PARAMETERS},
}
# What a call looks like in the template of these tests, as a schema: random weights keep to it.
CALL = {
    "type": "object",
    "properties": {"name": {"const": "sky"}, "arguments": PARAMETERS},
    "required": ["name", "arguments"],
    "additionalProperties": False,
}
ASK = [{"role": "user", "content": "What colour is the sky?"}]


def check_arguments(arguments):
    assert set(arguments) == {"day"} and isinstance(arguments["day"], bool)
