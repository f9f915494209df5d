#include "models/convert/safetensors.h"

#include <cstring>
#include <string>

#include <gtest/gtest.h>

namespace moat::models {
namespace {

class InMemory final : public RandomAccess {
  public:
    explicit InMemory(std::string bytes) : bytes_(std::move(bytes)) {}
    std::uint64_t size() const override { return bytes_.size(); }
    Status read(std::uint64_t offset, std::span<std::byte> out) const override {
        if (offset + out.size() > bytes_.size())
            return Error{ErrorCode::internal, "beyond the end"};
        std::memcpy(out.data(), bytes_.data() + offset, out.size());
        return Ok{};
    }

  private:
    std::string bytes_;
};

// As the format's description lays it out: the table's length in 8 bytes, the table, the data.
std::string file_of(std::string_view table, std::size_t data_bytes) {
    const std::uint64_t length = table.size();
    std::string out(sizeof length, '\0');
    std::memcpy(out.data(), &length, sizeof length);
    return out + std::string(table) + std::string(data_bytes, 'x');
}

Result<std::vector<SafeTensor>> read(std::string_view table, std::size_t data_bytes) {
    return read_safetensors(InMemory(file_of(table, data_bytes)), "model.safetensors");
}

std::string error_of(std::string_view table, std::size_t data_bytes) {
    const auto out = read(table, data_bytes);
    return out ? "none" : out.error().message;
}

TEST(Safetensors, TensorsComeInTheOrderOfTheirBytesWithPlacesInTheFile) {
    const std::string table = R"({"__metadata__":{"format":"pt"},)"
                              R"("b":{"dtype":"BF16","shape":[3],"data_offsets":[24,30]},)"
                              R"("a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})";
    const auto out = read(table, 30);
    ASSERT_TRUE(out) << out.error().message;
    ASSERT_EQ(out->size(), 2U);
    EXPECT_EQ((*out)[0].name, "a");
    EXPECT_EQ((*out)[0].type, WeightType::f32);
    EXPECT_EQ((*out)[0].shape, (std::vector<std::uint64_t>{2, 3}));
    EXPECT_EQ((*out)[0].offset, 8 + table.size());
    EXPECT_EQ((*out)[1].type, WeightType::bf16);
    EXPECT_EQ((*out)[1].offset, 8 + table.size() + 24);
    EXPECT_EQ((*out)[1].bytes, 6U);
}

TEST(Safetensors, OtherNumbersThanWeightsAreReadAndToldApart) {
    const auto out = read(R"({"n":{"dtype":"I64","shape":[1,2],"data_offsets":[0,16]}})", 16);
    ASSERT_TRUE(out) << out.error().message;
    EXPECT_EQ((*out)[0].type, WeightType::other);
    EXPECT_EQ((*out)[0].type_name, "I64");
}

TEST(Safetensors, WhatIsNoSuchFileIsSaidToBeNone) {
    for (const std::string& bytes :
         {std::string(),
          std::string("GGUF\3\0\0\0", 8),
          std::string(100, '\xff'),
          std::string(100, '\0'),
          file_of("[]", 0),
          file_of("  ", 4)}) {
        const auto out = read_safetensors(InMemory(bytes), "x");
        ASSERT_FALSE(out);
        EXPECT_EQ(out.error().message, "x is not a safetensors file");
        EXPECT_EQ(out.error().code, ErrorCode::corrupt);
    }
}

TEST(Safetensors, ATableThatClaimsMoreThanTheFileIsRefused) {
    std::string bytes = file_of("{}", 0);
    bytes[2] = 1;  // 65538 bytes of table
    EXPECT_FALSE(read_safetensors(InMemory(bytes), "x"));
}

TEST(Safetensors, EveryLieAboutATensorIsRefused) {
    struct Case {
        const char* table;
        const char* reason;
    };
    for (const auto& [table, reason] : {
             Case{R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "takes 8 bytes"},
             Case{R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", "follows a gap"},
             Case{R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", "truncated"},
             Case{R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "4 bytes follow"},
             Case{
                 R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", "no place that makes"
             },
             Case{
                 R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}})", "no place that makes"
             },
             Case{R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", "has no place"},
             Case{R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}})", "than counts"},
             Case{R"({"a":{"dtype":"F32","shape":[0.5],"data_offsets":[0,8]}})", "than counts"},
             Case{R"({"a":{"dtype":"F32","data_offsets":[0,8]}})", "has no shape"},
             Case{R"({"a":{"shape":[2],"data_offsets":[0,8]}})", "has no type"},
             Case{R"({"a":7})", "has no type"},
             Case{R"({"":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "has no name"},
             Case{
                 R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}})",
                 "too large"
             },
             Case{
                 R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                 R"("b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}})",
                 "overlaps"
             },
             Case{R"({"a":)", "is damaged: its table is not JSON"},
         })
        EXPECT_TRUE(error_of(table, 8).contains(reason)) << table << "\n" << error_of(table, 8);
}

TEST(Safetensors, ATypeThatIsNotKnownIsNamed) {
    const auto out = read(R"({"a":{"dtype":"F4","shape":[2],"data_offsets":[0,1]}})", 1);
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().code, ErrorCode::unsupported);
    EXPECT_EQ(
        out.error().message, "model.safetensors: tensor a is of type F4, which is not known here"
    );
}

}  // namespace
}  // namespace moat::models
