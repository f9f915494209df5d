#include "inference/gguf_cost.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/temp_dir.h"
#include "models/gguf_builder.h"

namespace moat::inference {
namespace {

class GgufCostTest : public testing::Test {
  protected:
    std::uint64_t cache_bytes(std::uint64_t key_value_heads, const std::string& type = "f16") {
        models::GgufBuilder builder;
        builder.text("general.architecture", "llama")
            .u32("llama.context_length", 8192)
            .u32("llama.block_count", 2)
            .u32("llama.embedding_length", 64)
            .u32("llama.attention.head_count", 4)
            .u64("llama.attention.head_count_kv", key_value_heads)
            .tensor("w", {1}, "1234");
        ModelSource source;
        source.load.cache_type = type;
        source.gguf = dir_.path() / "m.gguf";
        EXPECT_TRUE(write_file_atomically(source.gguf, bytes_of(builder.bytes())));
        const auto cost = read_model_cost(source);
        EXPECT_TRUE(cost);
        return cost ? cost->cache_bytes_per_token : 1;
    }
    TempDir dir_;
};

TEST_F(GgufCostTest, ATokenCostsAKeyAndAValueForEachHeadOfEachLayer) {
    // 2 layers of 2 heads, each of 16 values (64 / 4), key and value, two bytes each.
    EXPECT_EQ(cache_bytes(2), 2U * 2 * 16 * 2 * 2);
}

// ggml's blocks of 32 values: q8_0 has one 2-byte scale and 32 bytes, q4_0 one scale and 16 bytes.
TEST_F(GgufCostTest, APackedCacheCostsWhatItsBlocksTake) {
    EXPECT_EQ(cache_bytes(2, "q8_0"), 2U * 2 * 32 * 34 / 32);
    EXPECT_EQ(cache_bytes(2, "q4_0"), 2U * 2 * 32 * 18 / 32);
    EXPECT_EQ(cache_bytes(2, "f32"), 2U * 2 * 32 * 4);
}

TEST_F(GgufCostTest, NonsenseInTheFileCostsNothing) {
    EXPECT_EQ(cache_bytes(1ULL << 62), 0U);
    EXPECT_EQ(cache_bytes((1ULL << 63) - 1), 0U);
}

TEST_F(GgufCostTest, AllShardsAndAdaptersCount) {
    ModelSource source;
    std::uint64_t bytes = 0;
    const auto write = [&](const std::string& name) {
        auto path = dir_.path() / name;
        models::GgufBuilder()
            .text("general.architecture", "llama")
            .tensor(name, {1}, "1234")
            .write(path);
        bytes += std::filesystem::file_size(path);
        return path;
    };
    source.shards = {write("one"), write("two")};
    source.gguf = source.shards.front();
    source.adapters = {write("lora")};
    const auto cost = read_model_cost(source);
    ASSERT_TRUE(cost) << cost.error().message;
    EXPECT_EQ(cost->file_bytes, bytes);
    std::filesystem::remove(source.shards.back());
    EXPECT_EQ(read_model_cost(source).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace moat::inference
