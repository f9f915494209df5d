#include "models/gguf_file.h"

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "models/gguf_builder.h"
#include "models/gguf_types.h"

namespace moat::models {
namespace {

class MemoryBytes final : public RandomAccess {
  public:
    explicit MemoryBytes(std::string bytes) : bytes_(std::move(bytes)) {}
    std::uint64_t size() const override { return bytes_.size(); }
    Status read(std::uint64_t offset, std::span<std::byte> out) const override {
        std::memcpy(out.data(), bytes_.data() + offset, out.size());
        return Ok{};
    }

  private:
    std::string bytes_;
};

Result<GgufFile> read(const std::string& bytes, std::uint64_t max_array = 1024) {
    GgufReadOptions options;
    options.name = "x.gguf";
    options.max_array_length = max_array;
    return read_gguf(MemoryBytes(bytes), options);
}
Result<GgufFile> read(const GgufBuilder& builder) {
    return read(builder.bytes());
}
std::string error_of(const std::string& bytes) {
    const auto file = read(bytes);
    return file ? "no error" : file.error().message;
}

GgufBuilder small_model() {
    GgufBuilder builder;
    builder.text("general.architecture", "llama")
        .u32("llama.context_length", 2048)
        .f32("llama.eps", 1e-6F)
        .i8("small", -5)
        .flag("tokenizer.add_bos", true)
        .u64("big", 1ULL << 63)
        .texts("tokenizer.tokens", {"a", "b", "\xe4\xb8\xad"})
        .tensor("w", {4, 2}, std::string(32, 'w'))
        .tensor("q", {32, 3}, std::string(54, 'q'), 2);
    return builder;
}

TEST(GgufFile, ReadsEveryKindOfMetadata) {
    const auto file = read(small_model());
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->version, 3U);
    EXPECT_EQ(file->string_or("general.architecture", ""), "llama");
    EXPECT_EQ(file->int_or("llama.context_length", 0), 2048);
    EXPECT_EQ(file->int_or("small", 0), -5);
    EXPECT_EQ(json::write(*file->find("llama.eps")), "1e-06");
    EXPECT_EQ(json::write(*file->find("big")), "9223372036854775808");
    EXPECT_EQ(json::write(*file->find("tokenizer.tokens")), "[\"a\",\"b\",\"\xe4\xb8\xad\"]");
    EXPECT_EQ(file->find("absent"), nullptr);
}

TEST(GgufFile, PlacesTensorsAndCountsWeights) {
    const auto file = read(small_model());
    ASSERT_TRUE(file);
    ASSERT_EQ(file->tensors.size(), 2U);
    const std::string bytes = small_model().bytes();
    const GgufTensor& w = file->tensors[0];
    const GgufTensor& q = file->tensors[1];
    EXPECT_EQ(w.shape, (std::vector<std::uint64_t>{4, 2}));
    EXPECT_EQ(w.bytes, 32U);
    EXPECT_EQ(bytes.substr(w.offset, w.bytes), std::string(32, 'w'));
    EXPECT_EQ(q.bytes, 54U);  // 3 rows of one Q4_0 block of 18 bytes
    EXPECT_EQ(bytes.substr(q.offset, q.bytes), std::string(54, 'q'));
    EXPECT_EQ(file->parameter_count(), 8U + 96U);
}

TEST(GgufFile, LeavesOutLongArraysButTellsTheirLength) {
    const auto file = read(small_model().bytes(), 2);
    ASSERT_TRUE(file);
    EXPECT_TRUE(file->find("tokenizer.tokens")->is_null());
    EXPECT_EQ(file->metadata.back().array_length, 3U);
    EXPECT_EQ(file->tensors.size(), 2U);
}

TEST(GgufFile, EveryTruncationIsSeen) {
    const std::string whole = small_model().bytes();
    // The padding after the last tensor's 54 bytes may be missing; nothing else.
    const std::size_t needed = whole.size() - 10;
    EXPECT_TRUE(read(whole.substr(0, needed)));
    for (std::size_t length = 4; length < needed; ++length) {
        const auto file = read(whole.substr(0, length));
        ASSERT_FALSE(file) << length;
        EXPECT_EQ(file.error().code, ErrorCode::corrupt);
        EXPECT_TRUE(file.error().message.starts_with("x.gguf is truncated: "))
            << file.error().message;
    }
}

TEST(GgufFile, SaysWhyAFileIsRefused) {
    EXPECT_EQ(error_of(""), "x.gguf is not a GGUF file");
    EXPECT_EQ(error_of("PK\3\4 a zip"), "x.gguf is not a GGUF file");
    EXPECT_EQ(
        error_of(small_model().version(1).bytes()),
        "x.gguf is of GGUF version 1; versions 2 and 3 can be read"
    );
    EXPECT_EQ(error_of(small_model().version(3 << 24).bytes()), "x.gguf is a big-endian GGUF file");
    EXPECT_EQ(
        error_of(GgufBuilder().text("a", "1").text("a", "2").bytes()),
        "x.gguf is damaged: metadata key a comes twice"
    );
    EXPECT_EQ(
        error_of(GgufBuilder().entry("a", 13, "x").bytes()),
        "x.gguf is damaged: metadata key a has unknown type 13"
    );
    EXPECT_EQ(
        error_of(GgufBuilder().tensor("w", {31}, std::string(18, 'q'), 2).bytes()),
        "x.gguf is damaged: tensor w cannot be of type Q4_0"
    );
    EXPECT_EQ(
        error_of(GgufBuilder().tensor("w", {1}, "....", 77).bytes()),
        "x.gguf: tensor w is of type 77, which is not known here"
    );
    EXPECT_EQ(
        error_of(GgufBuilder().tensor("w", {1ULL << 62, 4}, "....").bytes()),
        "x.gguf is damaged: tensor w is too large"
    );
    EXPECT_EQ(
        error_of(GgufBuilder().u32("general.alignment", 24).tensor("w", {1}, "....").bytes()),
        "x.gguf is damaged: its alignment is 24"
    );
}

TEST(GgufFile, HugeClaimsCostNothing) {
    const auto huge = GgufBuilder::raw(std::uint64_t{1} << 60);
    EXPECT_TRUE(error_of(GgufBuilder().entry("s", 8, huge).bytes()).contains("truncated"));
    const auto array = GgufBuilder::raw(std::uint32_t{5}) + huge;
    EXPECT_TRUE(error_of(GgufBuilder().entry("a", 9, array).bytes()).contains("truncated"));
    const std::string header = "GGUF" + GgufBuilder::raw(std::uint32_t{3});
    EXPECT_EQ(
        error_of(header + huge + GgufBuilder::raw(std::uint64_t{0})),
        "x.gguf is damaged: it claims 1152921504606846976 tensors"
    );
    EXPECT_EQ(
        error_of(header + GgufBuilder::raw(std::uint64_t{0}) + huge),
        "x.gguf is damaged: it claims 1152921504606846976 metadata entries"
    );
}

TEST(GgufFile, NamesTheFileByItsLastComponent) {
    const TempDir dir;
    std::ofstream(dir.path() / "notes.txt") << "hello";
    EXPECT_EQ(read_gguf(dir.path() / "notes.txt").error().message, "notes.txt is not a GGUF file");
    EXPECT_FALSE(looks_like_gguf(dir.path() / "notes.txt"));
    EXPECT_EQ(read_gguf(dir.path() / "none").error().code, ErrorCode::not_found);
    EXPECT_EQ(read_gguf(dir.path()).error().code, ErrorCode::corrupt);
    small_model().write(dir.path() / "m.gguf");
    EXPECT_TRUE(looks_like_gguf(dir.path() / "m.gguf"));
    EXPECT_TRUE(read_gguf(dir.path() / "m.gguf"));
}

// What llama.cpp's own writer makes (tests/models writes these files through it).
TEST(GgufFile, ReadsWhatThePythonPackageWrote) {
    const char* models = std::getenv("MOAT_TEST_MODELS");
    if (!models) GTEST_SKIP() << "MOAT_TEST_MODELS is not set";
    const auto file = read_gguf(std::filesystem::path(models) / "tiny-chat.gguf");
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->string_or("general.architecture", ""), "qwen2");
    EXPECT_EQ(file->int_or("qwen2.context_length", 0), 4096);
    EXPECT_EQ(file->int_or("qwen2.embedding_length", 0), 64);
    EXPECT_EQ(file->int_or("qwen2.block_count", 0), 2);
    EXPECT_TRUE(file->string_or("tokenizer.chat_template", "").contains("<|im_start|>"));
    EXPECT_EQ(file->tensors.size(), 2U + 2 * 12);
}

// Block sizes as ggml_blck_size() and ggml_type_size() of llama.cpp report them.
TEST(GgufTypes, BlocksAreAsGgmlHasThem) {
    struct Row {
        std::uint32_t id, values, bytes;
    };
    const Row rows[] = {
        {0, 1, 4},      {1, 1, 2},      {2, 32, 18},    {3, 32, 20},    {6, 32, 22},
        {7, 32, 24},    {8, 32, 34},    {9, 32, 36},    {10, 256, 84},  {11, 256, 110},
        {12, 256, 144}, {13, 256, 176}, {14, 256, 210}, {15, 256, 292}, {16, 256, 66},
        {17, 256, 74},  {18, 256, 98},  {19, 256, 50},  {20, 32, 18},   {21, 256, 110},
        {22, 256, 82},  {23, 256, 136}, {24, 1, 1},     {25, 1, 2},     {26, 1, 4},
        {27, 1, 8},     {28, 1, 8},     {29, 256, 56},  {30, 1, 2},     {34, 256, 54},
        {35, 256, 66},  {39, 32, 17},   {40, 64, 36},   {41, 128, 18},  {42, 64, 18},
    };
    for (const Row& row : rows) {
        const auto type = tensor_type(row.id);
        ASSERT_TRUE(type) << row.id;
        EXPECT_EQ(type->block_values, row.values) << row.id;
        EXPECT_EQ(type->block_bytes, row.bytes) << row.id;
    }
    EXPECT_FALSE(tensor_type(4));
    EXPECT_EQ(file_type_name(15), "Q4_K_M");
    EXPECT_EQ(file_type_name(999), "unknown");
}

}  // namespace
}  // namespace moat::models
