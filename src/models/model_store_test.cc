#include "models/model_store.h"

#include <fstream>

#include <gtest/gtest.h>

#include "base/file.h"
#include "models/model_store_fixture.h"
#include "models/modelfile.h"
#include "models/modelfile_text.h"

namespace moat::models {
namespace {

TEST_F(ModelStoreTest, CreatesAModelFromAFileInOllamasLayout) {
    CreateRequest request;
    request.name = "Tiny:8b";
    const std::string digest = upload(chat_model().bytes());
    request.files = {{"tiny.gguf", digest}};
    request.prompt_template = "{{ .System }} {{ .Prompt }}";
    request.system = "Be kind.";
    request.parameters = {{"temperature", 0.5}, {"stop", {"a", "b"}}};
    request.messages = {{.role = "user", .content = "Hi"}, {.role = "assistant", .content = "Ho"}};
    request.licenses = {"MIT"};
    ASSERT_TRUE(create(request));

    const auto path = dir.path() / "manifests/registry.ollama.ai/library/Tiny/8b";
    const auto text = read_file(path);
    ASSERT_TRUE(text);
    const auto manifest = json::read(*text);
    EXPECT_EQ(json::int_or(*manifest, "schemaVersion", 0), 2);
    EXPECT_EQ(
        json::string_or(*manifest, "mediaType"),
        "application/vnd.docker.distribution.manifest.v2+json"
    );
    std::vector<std::string> types;
    for (const auto& layer : *json::find_array(*manifest, "layers")) {
        types.push_back(json::string_or(layer, "mediaType"));
        const std::string hex = json::string_or(layer, "digest").substr(7);
        const auto blob = dir.path() / "blobs" / ("sha256-" + hex);
        EXPECT_EQ(std::filesystem::file_size(blob), json::int_or(layer, "size", -1));
        EXPECT_EQ(sha256_of_file(blob)->hex(), hex);
    }
    const std::string prefix = "application/vnd.ollama.image.";
    EXPECT_EQ(
        types,
        (std::vector<std::string>{
            prefix + "model",
            prefix + "template",
            prefix + "system",
            prefix + "license",
            prefix + "params",
            prefix + "messages"
        })
    );
    EXPECT_EQ(lines.front(), "parsing GGUF");
    EXPECT_EQ(lines[1], "using existing layer " + digest);
    EXPECT_TRUE(lines[2].starts_with("creating new layer sha256:"));
    EXPECT_EQ(lines[lines.size() - 2], "writing manifest");
    EXPECT_EQ(lines.back(), "success");

    const auto model = store.find(kUser, "tiny:8B");
    ASSERT_TRUE(model) << model.error().message;
    EXPECT_EQ(model->name.display(), "Tiny:8b");
    EXPECT_EQ(model->digest, sha256_of_file(path)->hex());
    EXPECT_EQ(model->details.family, "llama");
    EXPECT_EQ(model->details.parameter_size, "128");
    EXPECT_EQ(model->details.quantization_level, "Q4_K_M");
    EXPECT_EQ(model->details.context_length, 4096);
    EXPECT_EQ(model->capabilities, std::vector<std::string>{"completion"});
    EXPECT_EQ(model->system, "Be kind.");
    EXPECT_EQ(model->prompt_template, "{{ .System }} {{ .Prompt }}");
    EXPECT_EQ(json::write(model->parameters), R"({"temperature":0.5,"stop":["a","b"]})");
    EXPECT_EQ(model->messages.size(), 2U);
    EXPECT_EQ(model->licenses, std::vector<std::string>{"MIT"});
    EXPECT_EQ(read_file(model->gguf)->substr(0, 4), "GGUF");
}

TEST_F(ModelStoreTest, BuildsOnAnInstalledModel) {
    CreateRequest base;
    base.name = "base";
    base.files = {{"m.gguf", upload(chat_model().bytes())}};
    base.system = "Old.";
    base.parameters = {{"temperature", 0.5}, {"seed", 1}};
    ASSERT_TRUE(create(base));

    CreateRequest request;
    request.name = "me/derived";
    request.from = "BASE";
    request.system = "New.";
    request.parameters = {{"seed", 2}};
    ASSERT_TRUE(create(request));
    const auto model = store.find(kUser, "me/derived:latest");
    ASSERT_TRUE(model);
    EXPECT_EQ(model->system, "New.");
    EXPECT_EQ(json::write(model->parameters), R"({"temperature":0.5,"seed":2})");
    EXPECT_EQ(model->details.parent_model, "base:latest");
    EXPECT_EQ(model->details.family, "llama");
    EXPECT_EQ(store.find(kUser, "base")->system, "Old.");
}

TEST_F(ModelStoreTest, RemoveLeavesWhatOthersUse) {
    ASSERT_TRUE(create_simple("one"));
    ASSERT_TRUE(store.copy(kAdmin, "one", "two"));
    CreateRequest derived;
    derived.name = "three";
    derived.from = "one";
    derived.system = "S";
    ASSERT_TRUE(create(derived));
    EXPECT_EQ(blob_count(), 4U);  // weights, two configs, one system text

    ASSERT_TRUE(store.remove(kAdmin, "three"));
    EXPECT_EQ(blob_count(), 2U);
    ASSERT_TRUE(store.remove(kAdmin, "ONE"));
    EXPECT_EQ(blob_count(), 2U);
    EXPECT_TRUE(store.find(kUser, "two"));
    ASSERT_TRUE(store.remove(kAdmin, "two"));
    EXPECT_EQ(blob_count(), 0U);
    EXPECT_TRUE(std::filesystem::is_empty(dir.path() / "manifests"));
}

TEST_F(ModelStoreTest, CreatingAgainReplacesAndCleansUp) {
    ASSERT_TRUE(create_simple("m"));
    ASSERT_TRUE(create_simple("M", chat_model().u32("extra", 1).bytes()));
    EXPECT_EQ(blob_count(), 2U);
    EXPECT_EQ(store.list(kUser)->size(), 1U);
}

TEST_F(ModelStoreTest, SaysWhatIsWrongWithARequest) {
    const std::string good = upload(chat_model().bytes());
    EXPECT_EQ(error_of({.name = "a b"}), "invalid model name");
    EXPECT_EQ(error_of({.name = "m"}), "neither 'from' or 'files' was specified");
    EXPECT_EQ(error_of({.name = "m", .from = "none"}), "model 'none' not found");
    EXPECT_EQ(error_of({.name = "m", .files = {{"m.gguf", "sha256:12"}}}), "invalid digest format");
    EXPECT_EQ(error_of({.name = "m", .files = {{"/etc/m", good}}}), "file path must be relative");
    EXPECT_EQ(error_of({.name = "m", .files = {{"../m", good}}}), "file path must be relative");
    EXPECT_EQ(
        error_of({.name = "m", .files = {{"m", good}}, .prompt_template = "{{ .x"}),
        "template error: template: :1: unclosed action"
    );
    CreateRequest wrong_type{.name = "m", .files = {{"m", good}}};
    wrong_type.parameters = {{"num_ctx", "many"}};
    EXPECT_EQ(error_of(wrong_type), "option \"num_ctx\" must be of type integer");
    CreateRequest two{.name = "m", .files = {{"m", good}}, .adapters = {{"a", good}, {"b", good}}};
    EXPECT_EQ(error_of(two), "only one adapter is currently supported");
    const std::string model = upload(chat_model().bytes());  // the refused ones took it along
    CreateRequest no_adapter{.name = "m", .from = "", .files = {{"m", model}}};
    no_adapter.adapters = {{"a", model}};
    EXPECT_EQ(error_of(no_adapter), "a is not a LoRA adapter");
    EXPECT_EQ(store.list(kUser)->size(), 0U);
}

TEST_F(ModelStoreTest, RefusedFilesLeaveNothing) {
    const std::string whole = chat_model().bytes();
    CreateRequest request{
        .name = "m", .files = {{"w.gguf", upload(whole.substr(0, whole.size() - 600))}}
    };
    Status status = create(request);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::corrupt);
    EXPECT_TRUE(status.error().message.starts_with("w.gguf is truncated: "))
        << status.error().message;
    EXPECT_EQ(
        error_of({.name = "m", .files = {{"x.bin", upload("PK\3\4 not a model")}}}),
        "supplied file was not in GGUF format: x.bin"
    );
    EXPECT_EQ(blob_count(), 0U);
    EXPECT_TRUE(std::filesystem::is_empty(dir.path() / "manifests"));
}

TEST_F(ModelStoreTest, BlobsMustMatchTheirDigest) {
    const std::string bytes = "some bytes";
    const Sha256 other = sha256(bytes_of("others"));
    const Status status = store.put_blob(kAdmin, other, pieces_of(bytes));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(
        status.error().message,
        "digest mismatch, expected \"sha256:" + other.hex() +
            "\", got \"sha256:" + sha256(bytes_of(bytes)).hex() + "\""
    );
    EXPECT_FALSE(store.has_blob(other));
    EXPECT_EQ(blob_count(), 0U);
}

TEST_F(ModelStoreTest, OnlyAdministratorsChangeModels) {
    ASSERT_TRUE(create_simple("m"));
    CreateRequest request{.name = "n", .from = "m"};
    const auto ignore = [](const Progress&) {};
    EXPECT_EQ(store.create(kUser, request, ignore).error().code, ErrorCode::forbidden);
    EXPECT_EQ(store.copy(kUser, "m", "n").error().code, ErrorCode::forbidden);
    EXPECT_EQ(store.remove(kUser, "m").error().code, ErrorCode::forbidden);
    EXPECT_EQ(store.put_blob(kUser, sha256({}), pieces_of("")).error().code, ErrorCode::forbidden);
    EXPECT_TRUE(store.find(kUser, "m"));
    EXPECT_EQ(store.find(Principal{}, "m").error().code, ErrorCode::unauthenticated);
    EXPECT_EQ(store.list(Principal{}).error().code, ErrorCode::unauthenticated);
}

TEST_F(ModelStoreTest, MissingModelsAreReportedInOllamasWords) {
    EXPECT_EQ(store.find(kUser, "no/such:x").error().message, "model 'no/such:x' not found");
    EXPECT_EQ(store.remove(kAdmin, "none").error().message, "model 'none' not found");
    EXPECT_EQ(store.remove(kAdmin, "a b").error().message, "name \"a b\" is invalid");
    EXPECT_EQ(store.copy(kAdmin, "none", "x").error().message, "model \"none\" not found");
    EXPECT_EQ(store.copy(kAdmin, "", "x").error().message, "source \"\" is invalid");
    EXPECT_EQ(store.copy(kAdmin, "x", "").error().message, "destination \"\" is invalid");
}

TEST_F(ModelStoreTest, ABrokenModelIsNamedAndDoesNotHideTheOthers) {
    ASSERT_TRUE(create_simple("good"));
    const auto bad = dir.path() / "manifests/registry.ollama.ai/library/bad";
    std::filesystem::create_directories(bad);
    std::ofstream(bad / "latest") << "{ not json";
    EXPECT_EQ(store.list(kUser)->size(), 1U);
    const auto found = store.find(kUser, "bad");
    EXPECT_EQ(found.error().code, ErrorCode::corrupt);
    EXPECT_TRUE(found.error().message.starts_with("model 'bad' cannot be read: "))
        << found.error().message;
    // Its blobs are not known, so none may be removed.
    ASSERT_TRUE(store.remove(kAdmin, "good"));
    EXPECT_EQ(blob_count(), 2U);
    EXPECT_TRUE(store.remove(kAdmin, "bad"));
}

TEST_F(ModelStoreTest, CapabilitiesComeFromFileAndTemplate) {
    GgufBuilder encoder;
    encoder.text("general.architecture", "bert")
        .u32("bert.pooling_type", 1)
        .tensor("w", {1}, "1234");
    ASSERT_TRUE(create_simple("encoder", encoder.bytes()));
    EXPECT_EQ(store.find(kUser, "encoder")->capabilities, std::vector<std::string>{"embedding"});

    GgufBuilder jinja = chat_model();
    jinja.text("tokenizer.chat_template", "{% if tools %}...{% endif %}{% if enable_thinking %}");
    ASSERT_TRUE(create_simple("jinja", jinja.bytes()));
    EXPECT_EQ(
        store.find(kUser, "jinja")->capabilities,
        (std::vector<std::string>{"completion", "tools", "thinking"})
    );

    CreateRequest request{.name = "fill", .files = {{"m.gguf", upload(chat_model().bytes())}}};
    request.prompt_template = "{{ .Prompt }}{{ .Suffix }}";
    ASSERT_TRUE(create(request));
    EXPECT_TRUE(store.find(kUser, "fill")->can("insert"));
    EXPECT_FALSE(store.find(kUser, "fill")->can("tools"));
}

// A store as another program wrote it: old configs, extra keys, layers unknown here.
TEST_F(ModelStoreTest, ReadsAForeignStore) {
    const std::string weights = upload(chat_model().bytes());
    const std::string config = upload(
        R"({"model_format":"gguf","model_family":"llama","model_families":["llama"],"model_type":"8.0B",)"
        R"("file_type":"Q4_0","architecture":"amd64","os":"linux","rootfs":{"type":"layers"},"x":1})"
    );
    const std::string params = upload(R"({"stop":["<|eot_id|>"],"num_keep":24})");
    const auto size_of = [this](const std::string& digest) {
        return std::filesystem::file_size(store.blob_path(*parse_digest(digest)));
    };
    const auto layer = [&size_of](const std::string& type, const std::string& digest) {
        return R"({"mediaType":"application/vnd.ollama.image.)" + type + R"(","digest":")" +
               digest + R"(","size":)" + std::to_string(size_of(digest)) + "}";
    };
    const auto place = dir.path() / "manifests/hf.co/someone/Model-GGUF";
    std::filesystem::create_directories(place);
    std::ofstream(place / "Q4_0") << R"({"schemaVersion":2,"config":{"mediaType":"x","digest":")"
                                  << config << R"(","size":9},"layers":[)"
                                  << layer("model", weights) << "," << layer("params", params)
                                  << "," << layer("embed", params) << "]}";
    const auto model = store.find(kUser, "hf.co/Someone/model-gguf:q4_0");
    ASSERT_TRUE(model) << model.error().message;
    EXPECT_EQ(model->name.display(), "hf.co/someone/Model-GGUF:Q4_0");
    EXPECT_EQ(model->details.parameter_size, "8.0B");
    EXPECT_EQ(static_cast<std::uint64_t>(model->size), 9 + size_of(weights) + 2 * size_of(params));
    EXPECT_EQ(json::write(model->parameters), R"({"stop":["<|eot_id|>"],"num_keep":24})");
}

TEST_F(ModelStoreTest, ShowsAModelfileThatMakesItAgain) {
    CreateRequest request{.name = "m", .files = {{"m.gguf", upload(chat_model().bytes())}}};
    request.prompt_template = "{{ .Prompt }}\n";
    request.system = "Be\nkind.";
    request.parameters = {{"temperature", 0.5}, {"stop", {"<|a|>", "b c "}}};
    request.messages = {{.role = "user", .content = "Hi"}};
    ASSERT_TRUE(create(request));
    const auto model = store.find(kUser, "m");
    const auto file = parse_modelfile(modelfile_text(*model));
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->from, std::vector<std::string>{model->gguf.string()});
    EXPECT_EQ(file->prompt_template, request.prompt_template);
    EXPECT_EQ(file->system, request.system);
    EXPECT_EQ(file->parameters, request.parameters);
    EXPECT_EQ(file->messages[0].content, "Hi");
    EXPECT_EQ(
        parameters_text(model->parameters),
        "temperature                    0.5\n"
        "stop                           \"<|a|>\"\n"
        "stop                           \"b c \""
    );
}

// Figures as Ollama's library shows them for models of these sizes.
TEST(ModelFacts, ParameterSizesReadAsOllamaWritesThem) {
    EXPECT_EQ(parameter_size_text(1'235'814'400), "1.2B");
    EXPECT_EQ(parameter_size_text(494'032'768), "494.03M");
    EXPECT_EQ(parameter_size_text(7'000'000'000), "7B");
    EXPECT_EQ(parameter_size_text(23'000'000), "23M");
    EXPECT_EQ(parameter_size_text(260'032), "260K");
    EXPECT_EQ(parameter_size_text(128), "128");
}

}  // namespace
}  // namespace moat::models
