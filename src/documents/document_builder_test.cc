#include "documents/document_builder.h"

#include <gtest/gtest.h>

namespace moat::documents {
namespace {

using Path = std::vector<std::string>;

TEST(DocumentBuilder, EveryBlockKnowsTheHeadingsAboveIt) {
    DocumentBuilder builder("text/plain", {});
    ASSERT_TRUE(builder.add_heading(1, "One"));
    ASSERT_TRUE(builder.add_heading(3, "Deep"));
    ASSERT_TRUE(builder.add(BlockKind::paragraph, "text"));
    ASSERT_TRUE(builder.add_heading(2, "Two"));
    ASSERT_TRUE(builder.add(BlockKind::paragraph, "more"));
    const Document document = std::move(builder).finish();
    EXPECT_EQ(document.blocks[1].headings, (Path{"One"}));
    EXPECT_EQ(document.blocks[2].headings, (Path{"One", "Deep"}));
    EXPECT_EQ(document.blocks[3].headings, (Path{"One"}));
    EXPECT_EQ(document.blocks[4].headings, (Path{"One", "Two"}));
    EXPECT_EQ(document.title, "One");
}

TEST(DocumentBuilder, RowsKeepTheirEmptyCells) {
    DocumentBuilder builder("text/plain", {});
    ASSERT_TRUE(builder.add_row({"a", "", "c\nd"}));
    ASSERT_TRUE(builder.add_row({"", " "}));
    const Document document = std::move(builder).finish();
    ASSERT_EQ(document.blocks.size(), 1U);
    EXPECT_EQ(document.blocks[0].text, "a | | c d");
}

TEST(DocumentBuilder, RefusesMoreThanTheLimits) {
    DocumentBuilder text("text/plain", {.max_text_bytes = 10});
    EXPECT_TRUE(text.add(BlockKind::paragraph, "0123456789"));
    EXPECT_EQ(text.add(BlockKind::paragraph, "x").error().code, ErrorCode::too_large);
    DocumentBuilder blocks("text/plain", {.max_blocks = 1});
    EXPECT_TRUE(blocks.add(BlockKind::paragraph, "a"));
    EXPECT_EQ(blocks.add(BlockKind::paragraph, "b").error().code, ErrorCode::too_large);
}

}  // namespace
}  // namespace moat::documents
