"""A real, trained model tells its story as llama.cpp tells it."""
import os
import pathlib

import pytest
from conftest import MODELS, install


def test_greedy_text_is_the_reference_text(client):
    model = MODELS / "stories260k.gguf"
    shared = os.environ.get("MOAT_SHARED")
    if not model.exists() or not shared:
        pytest.skip("no shared data, so no trained model")
    install(client, "stories", model)
    expected = (pathlib.Path(shared) / "data/models/stories260k/expected-greedy-200.txt").read_text().strip()
    begin = expected.index(" ", 40)  # a word's end: the prompt is cut into tokens as the model had them
    answer = client.generate(
        model="stories", prompt=expected[:begin], raw=True,
        options={"temperature": 0, "num_predict": 60, "repeat_penalty": 1.0},
    )
    assert len(answer.response) > 80
    assert expected[begin:].startswith(answer.response)
