#include "models/registry/hub_files.h"

#include <gtest/gtest.h>

namespace moat::models {
namespace {

HubFile file(std::string path) {
    return {.path = std::move(path), .size = 1, .digest = sha256({})};
}

std::vector<std::string> chosen(std::vector<std::string> paths, std::string_view tag) {
    std::vector<HubFile> files;
    for (std::string& path : paths)
        files.push_back(file(std::move(path)));
    const auto shards = choose_shards(std::move(files), tag);
    if (!shards) return {shards.error().message};
    std::vector<std::string> out;
    for (const HubFile& shard : *shards)
        out.push_back(shard.path);
    return out;
}

const std::vector<std::string> kFiles = {
    "README.md",
    "Q8_0/m-Q8_0-00002-of-00002.gguf",
    "Q8_0/m-Q8_0-00001-of-00002.gguf",
    "m-IQ4_K_M-00001-of-00001.gguf",
    "UD-Q4_K_M/m-UD-Q4_K_M-00001-of-00001.gguf",
    "m-Q4_K_M-00001-of-00001.gguf",
    "whole-Q4_K_M.gguf",
};

TEST(ChooseShardsTest, TakesTheSetOfTheTagInOrder) {
    EXPECT_EQ(
        chosen(kFiles, "q8_0"),
        (std::vector<std::string>{
            "Q8_0/m-Q8_0-00001-of-00002.gguf", "Q8_0/m-Q8_0-00002-of-00002.gguf"
        })
    );
}

TEST(ChooseShardsTest, ATagIsAWordAndTheShortestPathWins) {
    EXPECT_EQ(chosen(kFiles, "Q4_K_M"), std::vector<std::string>{"m-Q4_K_M-00001-of-00001.gguf"});
    EXPECT_EQ(
        chosen(kFiles, "UD-Q4_K_M"),
        std::vector<std::string>{"UD-Q4_K_M/m-UD-Q4_K_M-00001-of-00001.gguf"}
    );
    EXPECT_EQ(chosen(kFiles, "latest"), std::vector<std::string>{"m-Q4_K_M-00001-of-00001.gguf"});
}

TEST(ChooseShardsTest, SaysWhatIsMissing) {
    EXPECT_EQ(
        chosen({"m-Q8_0-00001-of-00003.gguf", "m-Q8_0-00003-of-00003.gguf"}, "Q8_0"),
        std::vector<std::string>{"the repository has 2 of the 3 parts of m-Q8_0"}
    );
    EXPECT_EQ(
        chosen({"m-Q8_0-00001-of-00001.gguf"}, "Q5_0"),
        std::vector<std::string>{
            "the repository has no model in several files for the tag Q5_0; it has m-Q8_0"
        }
    );
}

TEST(HubListTest, ReadsHuggingFacesAndModelScopesForms) {
    const std::string digest(64, 'a');
    const auto hugging_face = parse_hugging_face_files(
        R"([{"type":"file","path":"a.md","size":3,"oid":"x"},)"
        R"({"type":"file","path":"b.gguf","size":3,"lfs":{"oid":")" +
        digest + R"(","size":30,"pointerSize":135}}])"
    );
    ASSERT_TRUE(hugging_face);
    ASSERT_EQ(hugging_face->size(), 1U);
    EXPECT_EQ((*hugging_face)[0].path, "b.gguf");
    EXPECT_EQ((*hugging_face)[0].size, 30);
    const auto modelscope = parse_modelscope_files(
        R"({"Code":200,"Data":{"Files":[{"Name":"b.gguf","Path":"q/b.gguf","Type":"blob","Size":30,)"
        R"("Sha256":")" +
        digest + R"("},{"Path":"q","Type":"tree","Size":0,"Sha256":""}]},"Success":true})"
    );
    ASSERT_TRUE(modelscope);
    ASSERT_EQ(modelscope->size(), 1U);
    EXPECT_EQ((*modelscope)[0].path, "q/b.gguf");
    EXPECT_FALSE(parse_hugging_face_files("{}"));
    EXPECT_FALSE(parse_modelscope_files("[]"));
}

}  // namespace
}  // namespace moat::models
