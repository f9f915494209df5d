"""Images and sound through every protocol and the command line, on projectors with random weights."""
import base64
import concurrent.futures
import json
import subprocess

import anthropic
import ollama
import openai
import pytest
from conftest import GREEDY as LONG
from conftest import MODELS, settled, upload
from harness import BINARY
from media_files import FADING_WEBP, chequered, fading, png_of, tone
from terminal import Terminal

# The first few tokens tell what was seen; the weights are random, and each further one may be a near tie.
GREEDY = {**LONG, "num_predict": 6}
WHAT = "What is this?"
FADING, CHEQUERED = fading(), chequered()
BOMB = png_of(60000, 60000, b"\x78\x9c\x63\x00\x00\x00\x01\x00\x01")
DAMAGED = FADING[:200]


def b64(data):
    return base64.b64encode(data).decode()


def install_pair(client, name, model, projector, **more):
    paths = [MODELS / f"{model}.gguf", MODELS / f"{projector}.gguf"]
    client.create(model=name, files={path.name: upload(client, path) for path in paths},
                  parameters={"num_ctx": 2048, "num_predict": 6}, **more)


@pytest.fixture(scope="module")
def models(client):
    """seeing: images of any size. omni: images of one size, and sound. templated: seeing with a Go template."""
    install_pair(client, "seeing", "tiny-vl", "tiny-vl-mmproj")
    install_pair(client, "omni", "tiny-chat", "tiny-omni-mmproj")
    template = "{{ range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n"
    client.create(model="templated", from_="seeing", template=template)
    return client


def ask(client, model, *images, text=WHAT, **more):
    message = {"role": "user", "content": text, "images": list(images)}
    return client.chat(model, [message], options=GREEDY, **more).message.content


def image_url(data, kind="png"):
    return {"type": "image_url", "image_url": {"url": f"data:image/{kind};base64,{b64(data)}"}}


def ask_openai(client, model, *parts):
    reply = client.chat.completions.create(model=model, messages=[{"role": "user", "content": list(parts)}],
                                           max_tokens=6, temperature=0, seed=1)
    return reply.choices[0].message.content, reply.usage


def test_show_tells_what_a_projector_adds(models, server):
    shown = models.show("seeing")
    assert {"completion", "vision"} <= set(shown.capabilities) and "audio" not in shown.capabilities
    assert {"vision", "audio"} <= set(models.show("omni").capabilities)
    assert "vision" not in models.show("tiny").capabilities
    _, raw = server.json("POST", "/api/show", {"model": "seeing"})
    assert raw["projector_info"]["general.architecture"] == "clip"
    assert raw["projector_info"]["clip.vision.projector_type"] == "qwen2vl_merger"
    manifest = json.loads((server.data / "models/manifests/registry.ollama.ai/library/seeing/latest").read_text())
    kinds = [layer["mediaType"] for layer in manifest["layers"]]
    assert kinds.count("application/vnd.ollama.image.projector") == 1
    assert "clip" in models.show("seeing").details.families


def first_choice(client, model, image):
    """How likely the best tokens after the prompt are: rounding may swap two of them, but moves no number far."""
    message = {"role": "user", "content": WHAT, "images": [image]}
    reply = client.chat(model, [message], options={**GREEDY, "num_predict": 1}, logprobs=True, top_logprobs=4)
    return sorted(entry.logprob for entry in reply.logprobs[0].top_logprobs)


def like(values):
    return pytest.approx(values, abs=0.02)


@pytest.mark.parametrize("model", ["seeing", "omni", "templated"])
def test_the_answer_depends_on_the_image(models, model, tmp_path):
    one = first_choice(models, model, FADING)
    assert first_choice(models, model, CHEQUERED) != like(one)
    # As bytes, as base64, and as a path; as PNG and as WebP.
    path, other_path = tmp_path / "fading.png", tmp_path / "fading.webp"
    path.write_bytes(FADING)
    other_path.write_bytes(FADING_WEBP)
    for image in (FADING, b64(FADING), path, FADING_WEBP, other_path):
        assert first_choice(models, model, image) == like(one)


def test_generate_and_chat_say_the_same(models):
    template = "{{ range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n"
    def generated():
        return models.generate("seeing", WHAT, images=[FADING], options=GREEDY, template=template).response
    assert settled(generated) == settled(lambda: ask(models, "templated", FADING))
    raw = f"<|im_start|>user\n[img-0]{WHAT}<|im_end|>\n<|im_start|>assistant\n"
    assert models.generate("seeing", raw, images=[FADING], options=GREEDY, raw=True).response == generated()


def test_images_stand_in_front_or_where_the_text_says(models, server):
    def rendered(text, images):
        body = {"model": "templated", "_debug_render_only": True,
                "messages": [{"role": "user", "content": text, "images": [b64(image) for image in images]}]}
        status, reply = server.json("POST", "/api/chat", body)
        assert status == 200
        return reply["_debug_info"]["rendered_template"], reply["_debug_info"]["image_count"]
    end = "<|im_end|>\n<|im_start|>assistant\n"
    assert rendered("x", [FADING]) == (f"<|im_start|>user\n[img-0]x{end}", 1)
    assert rendered("a [img] b [img]", [FADING, CHEQUERED]) == (f"<|im_start|>user\na [img-0] b [img-1]{end}", 2)


def test_the_second_question_about_an_image_reads_it_no_more(models, openai_client):
    image = fading(280, 280)
    ask_openai(openai_client, "seeing", image_url(image), {"type": "text", "text": "A chequered board?"})
    _, usage = ask_openai(openai_client, "seeing", image_url(image), {"type": "text", "text": "Is it red?"})
    assert usage.prompt_tokens_details.cached_tokens >= 100
    _, other = ask_openai(openai_client, "seeing", image_url(chequered(9, 280, 280)), {"type": "text", "text": "Red?"})
    assert other.prompt_tokens_details.cached_tokens < 20


def test_every_protocol_shows_the_model_the_same(models, openai_client, anthropic_client):
    expected = settled(lambda: ask(models, "seeing", FADING))
    answer, _ = ask_openai(openai_client, "seeing", image_url(FADING), {"type": "text", "text": WHAT})
    assert answer == expected
    webp, _ = ask_openai(openai_client, "seeing", image_url(FADING_WEBP, "webp"), {"type": "text", "text": WHAT})
    assert webp == expected
    reply = openai_client.responses.create(
        model="seeing", max_output_tokens=6, temperature=0,
        input=[{"role": "user", "content": [
            {"type": "input_image", "detail": "auto", "image_url": f"data:image/png;base64,{b64(FADING)}"},
            {"type": "input_text", "text": WHAT}]}])
    assert reply.output_text == expected
    source = {"type": "base64", "media_type": "image/png", "data": b64(FADING)}
    message = anthropic_client.messages.create(
        model="seeing", max_tokens=6, extra_body={"temperature": 0},
        messages=[{"role": "user", "content": [{"type": "image", "source": source}, {"type": "text", "text": WHAT}]}])
    assert message.content[0].text == expected
    streamed = models.chat("seeing", [{"role": "user", "content": WHAT, "images": [FADING]}], options=GREEDY, stream=True)
    assert "".join(chunk.message.content for chunk in streamed) == expected


def test_the_order_of_images_and_texts_matters(models, openai_client):
    def said(*parts):
        return settled(lambda: ask_openai(openai_client, "seeing", *parts)[0])
    text = {"type": "text", "text": "and"}
    one, two = image_url(FADING), image_url(CHEQUERED)
    assert len({said(one, text, two), said(two, text, one), said(text, one, two)}) == 3


def test_several_at_once_get_their_own_answers(models):
    images = [chequered(side) for side in (4, 9, 14, 23)]
    alone = [first_choice(models, "omni", image) for image in images]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda image: first_choice(models, "omni", image), images))
    for i, mine in enumerate(together):
        assert [k for k, other in enumerate(alone) if mine == like(other)] == [i]


def refused(client, model, data):
    with pytest.raises(ollama.ResponseError) as caught:
        ask(client, model, data)
    return caught.value.status_code, caught.value.error


def test_what_cannot_be_read_is_refused(models, openai_client, anthropic_client, server):
    assert refused(models, "seeing", BOMB)[0] == 400
    assert "too large: 60000 x 60000 pixels" in refused(models, "seeing", BOMB)[1]
    assert refused(models, "seeing", DAMAGED) == (400, "image or sound 1 cannot be decoded: it is damaged")
    status, text = refused(models, "seeing", b"RIFF\x10\0\0\0WEBPVP8 ")
    assert status == 400 and "the WebP image is damaged" in text
    assert refused(models, "seeing", FADING_WEBP[:50])[1] == "image or sound 1 cannot be decoded: it is damaged"
    assert "GIF" in refused(models, "seeing", b"GIF89a and so on")[1]
    assert refused(models, "seeing", b"no image at all")[0] == 400
    assert refused(models, "seeing", tone(440)) == (400, "registry.ollama.ai/library/seeing:latest does not support audio")
    assert refused(models, "tiny", FADING) == (400, "registry.ollama.ai/library/tiny:latest does not support vision")
    with pytest.raises(openai.BadRequestError, match="image URLs are not currently supported, please use base64"):
        ask_openai(openai_client, "seeing", {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}})
    with pytest.raises(openai.BadRequestError, match="too large"):
        ask_openai(openai_client, "seeing", image_url(BOMB))
    with pytest.raises(anthropic.BadRequestError, match="Only base64 images"):
        anthropic_client.messages.create(model="seeing", max_tokens=5, messages=[{"role": "user", "content": [
            {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}]}])
    # Nothing of that harmed the runner.
    assert ask(models, "seeing", FADING)
    assert server.alive()


def test_a_prompt_with_too_many_images_is_refused_whole(models):
    message = {"role": "user", "content": "and?", "images": [fading(560, 560)] * 6}
    with pytest.raises(ollama.ResponseError, match="the prompt is longer than the context length") as caught:
        models.chat("seeing", [message], options={**GREEDY, "num_ctx": 2048})
    assert caught.value.status_code == 400


def test_sound_is_heard_and_transcribed(models, openai_client, server):
    low, high = tone(300), tone(1800)
    one, two = (settled(lambda sound=sound: ask(models, "omni", sound)) for sound in (low, high))
    assert one != two
    part = {"type": "input_audio", "input_audio": {"data": b64(low), "format": "wav"}}
    assert ask_openai(openai_client, "omni", part, {"type": "text", "text": WHAT})[0] == one

    def transcript(**more):
        return openai_client.audio.transcriptions.create(model="omni", file=("talk.wav", low), **more)
    reply = transcript(language="en", prompt="tones")
    assert reply.text
    assert isinstance(transcript(response_format="text"), str)
    with pytest.raises(openai.BadRequestError, match="response_format 'srt' is not supported"):
        transcript(response_format="srt")
    with pytest.raises(openai.BadRequestError, match="tiny:latest does not support vision|does not support audio"):
        openai_client.audio.transcriptions.create(model="tiny", file=("talk.wav", low))
    with pytest.raises(openai.BadRequestError, match="PNG, JPEG, WebP, WAV, MP3 or FLAC"):
        openai_client.audio.transcriptions.create(model="omni", file=("talk.wav", b"no sound"))
    with pytest.raises(openai.APIStatusError) as caught:
        openai_client.audio.transcriptions.create(model="omni", file=("talk.wav", bytes(26 << 20)))
    assert caught.value.status_code == 413


def run(server, *arguments, cwd=None):
    done = subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=120, check=False, cwd=cwd,
                          env={"MOAT_HOST": server.url, "LC_ALL": "C.UTF-8", "HOME": str(cwd or "/nonexistent")})
    return done.returncode, done.stdout, done.stderr


def test_a_modelfile_with_two_files_and_a_path_in_the_prompt(models, server, tmp_path):
    for name in ("tiny-vl", "tiny-vl-mmproj"):
        (tmp_path / f"{name}.gguf").symlink_to(MODELS / f"{name}.gguf")
    (tmp_path / "Modelfile").write_text(
        "FROM ./tiny-vl.gguf\nFROM ./tiny-vl-mmproj.gguf\nPARAMETER num_ctx 2048\nPARAMETER num_predict 6\n"
        "PARAMETER temperature 0\n")
    status, _, said = run(server, "create", "fromfile", cwd=tmp_path)
    assert status == 0, said
    status, shown, _ = run(server, "show", "fromfile", cwd=tmp_path)
    assert status == 0 and "Projector" in shown and "vision" in shown
    (tmp_path / "a.png").write_bytes(FADING)
    (tmp_path / "b.png").write_bytes(CHEQUERED)

    def answer(image):
        status, out, err = run(server, "run", "fromfile", f"what is this? ./{image}", cwd=tmp_path)
        assert status == 0 and f"Added image './{image}'" in err, err
        return out
    (tmp_path / "a.webp").write_bytes(FADING_WEBP)
    assert settled(lambda: answer("a.png")) != settled(lambda: answer("b.png"))
    assert answer("a.webp") == answer("a.png")
    (tmp_path / "c.png").write_bytes(DAMAGED)
    status, _, err = run(server, "run", "fromfile", "what? ./c.png", cwd=tmp_path)
    assert status == 1 and "cannot be decoded" in err


def test_an_image_in_the_dialogue(models, server, tmp_path):
    picture = tmp_path / "a.png"
    picture.write_bytes(FADING)
    terminal = Terminal(server.url, tmp_path, "run", "omni")
    terminal.wait_for(r"Send a message.*>>> ")
    terminal.ask("/set parameter num_predict 5", "Set parameter")
    terminal.ask(f"what is this? {picture}", r"Added image '.*a\.png'")
    sound = tmp_path / "a.wav"
    sound.write_bytes(tone(440))
    terminal.ask(f"and this? {sound}", r"Added image '.*a\.wav'")
    terminal.type("/bye\n")
    assert terminal.exit_status() == 0
