#include "documents/document_json.h"

#include <gtest/gtest.h>

namespace moat::documents {
namespace {

TEST(DocumentJson, ABlockComesBackAsItWas) {
    Block block;
    block.kind = BlockKind::record;
    block.text = "名: \"Li\"\n";
    block.headings = {"A", "B"};
    block.page = 3;
    block.box = Box{1.5F, -2, 300.25F, 4};
    block.fields = {{"名", "Li"}};
    const auto text = json::write(to_json(block));
    const auto back = block_from_json(*json::read(text));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->kind, block.kind);
    EXPECT_EQ(back->text, block.text);
    EXPECT_EQ(back->headings, block.headings);
    EXPECT_EQ(back->page, 3);
    EXPECT_EQ(back->box->left, 1.5F);
    EXPECT_EQ(back->box->top, -2);
    EXPECT_EQ(back->box->right, 300.25F);
    EXPECT_EQ(back->fields, block.fields);
}

TEST(DocumentJson, MalformedBlocksAreCorrupt) {
    for (const char* text : {
             R"({"kind": "poem", "text": ""})",
             R"({"kind": "code"})",
             R"({"kind": "code", "text": 5})",
             R"({"kind": "code", "text": "", "box": [1, 2]})",
             R"({"kind": "code", "text": "", "box": [1, 2, "3", 4]})",
             R"({"kind": "code", "text": "", "fields": [["a"]]})",
             R"({"kind": "code", "text": "", "headings": [1]})",
             "[]",
         }) {
        const auto block = block_from_json(*json::read(text));
        ASSERT_FALSE(block) << text;
        EXPECT_EQ(block.error().code, ErrorCode::corrupt);
    }
}

}  // namespace
}  // namespace moat::documents
