#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "models/model_store_fixture.h"
#include "models/quantizer.h"
#include "models/template_detector.h"

// Creating models from several files, with other weights, with what a Modelfile may add.
namespace moat::models {
namespace {

// One part of a model of two tensors, as llama.cpp splits them.
GgufBuilder shard(int number, int count, int tensors_of_all = 2) {
    GgufBuilder builder;
    if (number == 0)
        builder.text("general.architecture", "llama")
            .u32("general.file_type", 1)
            .u32("llama.context_length", 4096);
    builder.entry("split.no", 2, GgufBuilder::raw(static_cast<std::uint16_t>(number)))
        .entry("split.count", 2, GgufBuilder::raw(static_cast<std::uint16_t>(count)))
        .entry("split.tensors.count", 5, GgufBuilder::raw(tensors_of_all))
        .tensor(
            fmt::format("w{}", number), {32, 4}, std::string(512, static_cast<char>('a' + number))
        );
    return builder;
}

GgufBuilder half_precision() {
    GgufBuilder builder;
    builder.text("general.architecture", "llama")
        .u32("general.file_type", 1)
        .tensor("w", {32, 4}, std::string(256, 'w'), 1);
    return builder;
}

// Writes a model that says what it was told; or fails, or leaves a file that is no model.
class FakeQuantizer final : public Quantizer {
  public:
    Status quantize(const QuantizeJob& job, const std::function<void(double)>& progress) override {
        jobs.push_back(job);
        for (const auto& source : job.sources)
            readable.push_back(read_file(source).has_value());
        progress(0.5);
        if (error) return *error;
        if (broken) {
            std::ofstream(job.target) << "GGUF";
            return Ok{};
        }
        GgufBuilder()
            .text("general.architecture", "llama")
            .u32("general.file_type", static_cast<std::uint32_t>(job.type.id))
            .tensor("w", {32, 4}, std::string(4 * 34, 'q'), 8)
            .write(job.target);
        return Ok{};
    }

    std::vector<QuantizeJob> jobs;
    std::vector<bool> readable;
    std::optional<Error> error;
    bool broken = false;
};

struct CreatorTest : ModelStoreTest {
    std::shared_ptr<FakeQuantizer> quantizer = std::make_shared<FakeQuantizer>();
    CreatorTest() { store.use({.quantizer = quantizer}); }
};

TEST_F(CreatorTest, KeepsShardsAsLayersInTheirOrder) {
    const std::string first = upload(shard(0, 2).bytes());
    const std::string second = upload(shard(1, 2).bytes());
    // Names and their order say nothing; what the files say does.
    ASSERT_TRUE(create({.name = "m", .files = {{"a.gguf", second}, {"b.gguf", first}}}));
    const auto model = store.find(kUser, "m");
    ASSERT_TRUE(model) << model.error().message;
    const auto path_of = [this](const std::string& digest) {
        return store.blob_path(*parse_digest(digest));
    };
    EXPECT_EQ(model->gguf, path_of(first));
    EXPECT_EQ(model->shards, (std::vector{path_of(first), path_of(second)}));
    EXPECT_EQ(model->files(), model->shards);
    EXPECT_EQ(model->details.parameter_size, "256");
    EXPECT_EQ(model->details.context_length, 4096);
    EXPECT_EQ(blob_count(), 3U);
    ASSERT_TRUE(store.remove(kAdmin, "m"));
    EXPECT_EQ(blob_count(), 0U);
}

TEST_F(CreatorTest, MissingAndDoubledShardsAreNamed) {
    EXPECT_EQ(
        error_of({.name = "m", .files = {{"m-2.gguf", upload(shard(1, 3).bytes())}}}),
        "m-2.gguf is one of 3 parts of a model; missing: 1, 3. Give all of them, one FROM line each"
    );
    const std::string first = upload(shard(0, 2).bytes());
    const std::string again = upload(shard(0, 2).u32("x", 1).bytes());
    EXPECT_EQ(
        error_of({.name = "m", .files = {{"a.gguf", first}, {"b.gguf", again}}}),
        "part 1 of 2 of the model was given twice: a.gguf and b.gguf"
    );
    EXPECT_EQ(
        error_of(
            {.name = "m",
             .files =
                 {{"a.gguf", upload(shard(0, 2).bytes())}, {"b.gguf", upload(shard(1, 3).bytes())}}}
        ),
        "a.gguf is one of 2 parts of a model, b.gguf one of 3: give the parts of one model only"
    );
    EXPECT_EQ(
        error_of(
            {.name = "m",
             .files =
                 {{"a.gguf", upload(shard(0, 2, 9).bytes())},
                  {"b.gguf", upload(shard(1, 2, 9).bytes())}}}
        ),
        "the parts hold 2 tensors together, the model has 9: they are not parts of one model"
    );
    EXPECT_EQ(
        error_of(
            {.name = "m",
             .files =
                 {{"a.gguf", upload(shard(0, 2).bytes())}, {"b.gguf", upload(chat_model().bytes())}}
            }
        ),
        "a.gguf is one of 2 parts of a model, b.gguf one of 1: give the parts of one model only"
    );
    EXPECT_EQ(blob_count(), 0U);
}

TEST_F(CreatorTest, QuantizesAndKeepsOnlyTheResult) {
    CreateRequest request{.name = "m", .files = {{"m.gguf", upload(half_precision().bytes())}}};
    request.quantize = "q8_0";
    ASSERT_TRUE(create(request));
    ASSERT_EQ(quantizer->jobs.size(), 1U);
    EXPECT_EQ(quantizer->jobs[0].type.id, 7);
    EXPECT_EQ(quantizer->readable, std::vector<bool>{true});
    EXPECT_EQ(lines[0], "parsing GGUF");
    EXPECT_EQ(lines[1], "quantizing F16 model to Q8_0");
    EXPECT_EQ(lines.back(), "success");
    const auto model = store.find(kUser, "m");
    ASSERT_TRUE(model) << model.error().message;
    EXPECT_EQ(model->details.quantization_level, "Q8_0");
    EXPECT_EQ(blob_count(), 2U);  // weights and config
}

TEST_F(CreatorTest, QuantizesShardsIntoOneFile) {
    CreateRequest request{.name = "m"};
    request.files = {{"b", upload(shard(1, 2).bytes())}, {"a", upload(shard(0, 2).bytes())}};
    request.quantize = "Q4_K";
    ASSERT_TRUE(create(request));
    ASSERT_EQ(quantizer->jobs.size(), 1U);
    const auto& sources = quantizer->jobs[0].sources;
    ASSERT_EQ(sources.size(), 2U);
    EXPECT_EQ(sources[0].filename(), "model-00001-of-00002.gguf");
    EXPECT_EQ(sources[1].filename(), "model-00002-of-00002.gguf");
    EXPECT_EQ(quantizer->readable, (std::vector<bool>{true, true}));
    EXPECT_TRUE(store.find(kUser, "m")->shards.empty());
}

TEST_F(CreatorTest, SaysWhatCannotBeQuantized) {
    CreateRequest request{.name = "m", .files = {{"m.gguf", upload(half_precision().bytes())}}};
    request.quantize = "Q9_X";
    const std::string unknown = error_of(request);
    EXPECT_TRUE(unknown.starts_with(
        "unsupported quantization type Q9_X - supported types are F32, F16, BF16, Q8_0, "
    )) << unknown;
    GgufBuilder small;
    small.text("general.architecture", "llama")
        .u32("general.file_type", 7)
        .tensor("w", {32, 4}, std::string(4 * 34, 'q'), 8);
    CreateRequest again{.name = "m", .files = {{"m.gguf", upload(small.bytes())}}};
    again.quantize = "Q4_0";
    EXPECT_EQ(error_of(again), "quantization is only supported for F16, BF16 and F32 models");
    EXPECT_TRUE(quantizer->jobs.empty());
}

TEST_F(CreatorTest, AFailedQuantizationLeavesNothing) {
    CreateRequest request{.name = "m"};
    request.quantize = "Q4_K_M";
    for (const bool broken : {false, true}) {
        quantizer->broken = broken;
        quantizer->error =
            broken ? std::nullopt : std::optional(Error{ErrorCode::unsupported, "no matrix"});
        request.files = {{"m.gguf", upload(half_precision().bytes())}};
        const std::string said = error_of(request);
        EXPECT_TRUE(said.starts_with("cannot quantize the model: ")) << said;
        EXPECT_EQ(blob_count(), 0U);
        EXPECT_FALSE(store.find(kUser, "m"));
    }
}

TEST_F(CreatorTest, ABlobAnotherClientIsAboutToUseStays) {
    const std::string digest = upload(chat_model().bytes());
    ASSERT_TRUE(create({.name = "m", .files = {{"m", digest}}}));
    EXPECT_TRUE(store.keep_blob(*parse_digest(digest)));
    ASSERT_TRUE(store.remove(kAdmin, "m"));
    EXPECT_TRUE(store.has_blob(*parse_digest(digest)));
    ASSERT_TRUE(create({.name = "n", .files = {{"m", digest}}}));
    ASSERT_TRUE(store.remove(kAdmin, "n"));
    EXPECT_EQ(blob_count(), 0U);
}

TEST_F(CreatorTest, AMissingBaseIsBroughtWhenThatIsPossible) {
    std::string asked;
    store.use({.pull = [&](const Principal& who, const std::string& name, const ProgressSink& say) {
        asked = name;
        say({.status = "pulling manifest"});
        return store.copy(who, "base", name);
    }});
    ASSERT_TRUE(create_simple("base"));
    ASSERT_TRUE(create({.name = "m", .from = "far/away"}));
    EXPECT_EQ(asked, "far/away");
    EXPECT_EQ(lines.front(), "pulling manifest");
    EXPECT_TRUE(store.find(kUser, "m"));
}

TEST_F(CreatorTest, WhatTheModelfileAddsIsKept) {
    CreateRequest request{.name = "m", .files = {{"m", upload(chat_model().bytes())}}};
    request.drafts = {{"d", upload(half_precision().bytes())}};
    request.renderer = "qwen3-coder";
    request.parser = "qwen3-coder";
    request.required_version = "0.14.0";
    request.info = {{"context_length", 2048}, {"capabilities", {"tools"}}};
    ASSERT_TRUE(create(request));
    const auto model = store.find(kUser, "m");
    ASSERT_TRUE(model) << model.error().message;
    EXPECT_EQ(read_file(model->draft)->substr(0, 4), "GGUF");
    EXPECT_EQ(model->renderer, "qwen3-coder");
    EXPECT_EQ(model->parser, "qwen3-coder");
    EXPECT_EQ(model->required_version, "0.14.0");
    EXPECT_EQ(model->details.context_length, 2048);
    EXPECT_TRUE(model->can("tools"));

    CreateRequest wrong{.name = "n", .from = "m"};
    wrong.required_version = "soon";
    EXPECT_EQ(error_of(wrong), "requires must be a valid semver (e.g. 0.14.0)");
    CreateRequest wrong_info{.name = "n", .from = "m"};
    wrong_info.info = {{"context_length", "long"}};
    EXPECT_EQ(error_of(wrong_info), "info field \"context_length\" must be a number");
}

TEST_F(CreatorTest, AnAdapterMustFitItsModel) {
    GgufBuilder adapter;
    adapter.text("general.architecture", "qwen2")
        .text("general.type", "adapter")
        .tensor("w.lora_a", {4}, std::string(16, 'a'));
    CreateRequest request{.name = "m", .files = {{"m", upload(chat_model().bytes())}}};
    request.adapters = {{"lora.gguf", upload(adapter.bytes())}};
    EXPECT_EQ(
        error_of(request), "lora.gguf is an adapter for qwen2 models, and this model is a llama"
    );
}

// The stops are those of Ollama's table; the templates are the published forms of these formats.
TEST_F(CreatorTest, AKnownFormatBringsItsStops) {
    GgufBuilder chatml = chat_model();
    chatml.text(
        "tokenizer.chat_template",
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    );
    CreateRequest request{.name = "m", .files = {{"m", upload(chatml.bytes())}}};
    request.parameters = {{"seed", 1}};
    ASSERT_TRUE(create(request));
    EXPECT_EQ(std::ranges::count(lines, "using autodetected template chatml"), 1);
    EXPECT_EQ(
        json::write(store.find(kUser, "m")->parameters),
        R"({"stop":["<|im_start|>","<|im_end|>"],"seed":1})"
    );
    // Moat renders the file's own template: no other is put in its place.
    EXPECT_FALSE(store.find(kUser, "m")->prompt_template);

    request.files = {{"m", upload(chatml.bytes())}};
    request.parameters = {{"stop", {"END"}}};
    ASSERT_TRUE(create(request));
    EXPECT_EQ(json::write(store.find(kUser, "m")->parameters), R"({"stop":["END"]})");

    request.files = {{"m", upload(chatml.bytes())}};
    request.prompt_template = "{{ .Prompt }}";
    request.parameters = {};
    ASSERT_TRUE(create(request));
    EXPECT_TRUE(store.find(kUser, "m")->parameters.empty());
}

TEST(TemplateDetector, TellsFormatsByTheirMarks) {
    const auto name_of = [](std::string_view jinja) {
        const NamedTemplate* found = detect_template(jinja);
        return found ? found->name : "none";
    };
    EXPECT_EQ(
        name_of("<|start_header_id|>{{ r }}<|end_header_id|>{{ c }}<|eot_id|>"), "llama3-instruct"
    );
    EXPECT_EQ(name_of("[INST] <<SYS>>{{ s }}<</SYS>> {{ c }} [/INST]"), "llama2-chat");
    EXPECT_EQ(name_of("[INST] {{ c }} [/INST]{{ a }}{{ eos_token }}"), "mistral-instruct");
    EXPECT_EQ(name_of("<|user|>\n{{ c }}<|end|>\n<|assistant|>"), "phi-3");
    EXPECT_EQ(name_of("<|user|>\n{{ c }}{{ eos_token }}\n<|assistant|>"), "zephyr");
    EXPECT_EQ(name_of("<start_of_turn>user\n{{ c }}<end_of_turn>"), "gemma3-instruct");
    EXPECT_EQ(name_of("GPT4 Correct User: {{ c }}<|end_of_turn|>"), "openchat");
    EXPECT_EQ(name_of("### Instruction:\n{{ c }}\n\n### Response:"), "alpaca");
    EXPECT_EQ(name_of("### User:\n{{ c }}\n\n### Assistant:"), "solar-instruct");
    EXPECT_EQ(name_of("{{ c }}"), "none");
    EXPECT_EQ(name_of(""), "none");
    // Formats with tools are more than the plain ones of that name.
    EXPECT_EQ(name_of("{% if tools %}<|im_start|>{% endif %}<|im_end|>"), "none");
}

TEST(QuantizationTypes, AreFoundInAnyCase) {
    EXPECT_EQ(find_quantization_type("q4_k_m")->id, 15);
    EXPECT_EQ(find_quantization_type("Q4_K")->name, "Q4_K_M");
    EXPECT_EQ(find_quantization_type("bf16")->id, 32);
    EXPECT_FALSE(find_quantization_type(""));
}

}  // namespace
}  // namespace moat::models
