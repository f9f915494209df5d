#include "documents/page/page_assembler.h"

#include <gtest/gtest.h>

namespace moat::documents {
namespace {

PageBlock paragraph(const std::string& text, float top, float size = 10, bool bold = false) {
    PageBlock block;
    block.text = text;
    block.box = {60, top, 500, top + size};
    block.size = size;
    block.bold = bold;
    return block;
}

PageBlock body(float top) {
    return paragraph(
        "Body text of the usual size, and more of it than of anything else on all of these pages.",
        top
    );
}

Document assemble(std::vector<PageBlocks> pages, const std::vector<OutlineEntry>& outline = {}) {
    DocumentBuilder builder("application/pdf", {});
    EXPECT_TRUE(assemble_pages(std::move(pages), outline, builder));
    return std::move(builder).finish();
}

std::vector<int> levels(const Document& document) {
    std::vector<int> out;
    for (const Block& block : document.blocks)
        out.push_back(block.level);
    return out;
}

TEST(AssemblePages, SizesOfFontsGiveLevels) {
    const Document document = assemble(
        {{1,
          800,
          {paragraph("Report", 100, 24),
           paragraph("Part", 150, 16),
           body(200),
           body(250),
           paragraph("Another part", 300, 16),
           body(350)}}}
    );
    EXPECT_EQ(levels(document), (std::vector<int>{1, 2, 0, 0, 2, 0}));
    EXPECT_EQ(document.title, "Report");
}

TEST(AssemblePages, BoldShortLinesAreHeadingsBySelfOrNumber) {
    const Document document = assemble(
        {{1,
          800,
          {paragraph("1 Scope", 100, 10, true),
           body(120),
           paragraph("1.1 Terms", 160, 10, true),
           body(180),
           body(220),
           paragraph("A bold sentence that ends like one and is no heading.", 260, 10, true)}}}
    );
    EXPECT_EQ(levels(document), (std::vector<int>{1, 0, 2, 0, 0, 0}));
}

TEST(AssemblePages, TheOutlineKnowsBest) {
    const Document document = assemble(
        {{1, 800, {paragraph("Introduction", 100), body(120), paragraph("Terms", 160), body(180)}}},
        {{"Introduction", 1, 1}, {"Te rms", 2, 1}, {"Body text", 1, 2}}
    );
    EXPECT_EQ(levels(document), (std::vector<int>{1, 0, 2, 0}));
}

TEST(AssemblePages, DatesAndLongTextsAreNoHeadings) {
    const Document document =
        assemble({{1, 800, {paragraph("2018 年 04 月", 100, 20), body(150), body(200), body(250)}}}
        );
    EXPECT_EQ(levels(document), (std::vector<int>{0, 0, 0, 0}));
}

TEST(AssemblePages, WhatRepeatsAtTheEdgesIsLeftOut) {
    std::vector<PageBlocks> pages;
    for (int i = 1; i <= 5; ++i) {
        pages.push_back(
            {i,
             800,
             {paragraph("Annual report " + std::to_string(2020 + i), 20),
              body(300),
              paragraph("Only on page " + std::string(static_cast<std::size_t>(i), 'x'), 750),
              paragraph("- " + std::to_string(i) + " -", 780)}}
        );
    }
    const Document document = assemble(std::move(pages));
    ASSERT_EQ(document.blocks.size(), 10U);
    EXPECT_EQ(document.blocks[1].text, "Only on page x");
    EXPECT_EQ(document.blocks[1].page, 1);
}

TEST(AssemblePages, ListItemsAreTold) {
    const Document document =
        assemble({{1, 800, {paragraph("• one", 100), paragraph("（二）两", 120)}}});
    EXPECT_EQ(document.blocks[0].kind, BlockKind::list_item);
    EXPECT_EQ(document.blocks[1].kind, BlockKind::list_item);
}

}  // namespace
}  // namespace moat::documents
