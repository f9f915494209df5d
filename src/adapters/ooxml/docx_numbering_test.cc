#include "adapters/ooxml/docx_numbering.h"

#include <gtest/gtest.h>

namespace moat::adapters {
namespace {

TEST(FormattedNumber, FollowsTheFormatsOfTheStandard) {
    EXPECT_EQ(formatted_number(4, "decimal"), "4");
    EXPECT_EQ(formatted_number(4, "decimalZero"), "04");
    EXPECT_EQ(formatted_number(1994, "upperRoman"), "MCMXCIV");
    EXPECT_EQ(formatted_number(4, "lowerRoman"), "iv");
    EXPECT_EQ(formatted_number(1, "lowerLetter"), "a");
    EXPECT_EQ(formatted_number(28, "upperLetter"), "BB");
    EXPECT_EQ(formatted_number(10, "chineseCounting"), "十");
    EXPECT_EQ(formatted_number(12, "chineseCountingThousand"), "十二");
    EXPECT_EQ(formatted_number(20, "chineseCounting"), "二十");
    EXPECT_EQ(formatted_number(105, "chineseCountingThousand"), "一百零五");
    EXPECT_EQ(formatted_number(2010, "chineseCountingThousand"), "二千零一十");
    EXPECT_EQ(formatted_number(3, "decimalEnclosedCircle"), "③");
    EXPECT_EQ(formatted_number(3, "none"), "");
    EXPECT_EQ(formatted_number(-3, "lowerRoman"), "-3");
}

struct DocxNumberingTest : testing::Test {
    pugi::xml_document document;

    DocxNumbering numbering(const char* inner) {
        const std::string text =
            std::string("<w:numbering xmlns:w='w'>") + inner + "</w:numbering>";
        EXPECT_TRUE(document.load_string(text.c_str()));
        return DocxNumbering(document.document_element());
    }
};

constexpr const char* kOutline =
    "<w:abstractNum w:abstractNumId='1'>"
    "<w:lvl w:ilvl='0'><w:numFmt w:val='decimal'/><w:lvlText w:val='%1.'/></w:lvl>"
    "<w:lvl w:ilvl='1'><w:numFmt w:val='lowerLetter'/><w:lvlText w:val='%1.%2)'/></w:lvl>"
    "</w:abstractNum>"
    "<w:num w:numId='7'><w:abstractNumId w:val='1'/></w:num>"
    "<w:num w:numId='8'><w:abstractNumId w:val='1'/>"
    "<w:lvlOverride w:ilvl='0'><w:startOverride w:val='5'/></w:lvlOverride></w:num>";

TEST_F(DocxNumberingTest, InnerLevelsStartAgainBelowEachOuterItem) {
    DocxNumbering lists = numbering(kOutline);
    EXPECT_EQ(lists.next_label({"7", 0}), "1.");
    EXPECT_EQ(lists.next_label({"7", 1}), "1.a)");
    EXPECT_EQ(lists.next_label({"7", 1}), "1.b)");
    EXPECT_EQ(lists.next_label({"7", 0}), "2.");
    EXPECT_EQ(lists.next_label({"7", 1}), "2.a)");
}

TEST_F(DocxNumberingTest, AnOverrideStartsTheSharedCountersAnew) {
    DocxNumbering lists = numbering(kOutline);
    EXPECT_EQ(lists.next_label({"7", 0}), "1.");
    EXPECT_EQ(lists.next_label({"8", 0}), "5.");
    EXPECT_EQ(lists.next_label({"8", 0}), "6.");
}

TEST_F(DocxNumberingTest, UnknownListsHaveNoLabel) {
    DocxNumbering lists = numbering("");
    EXPECT_EQ(lists.next_label({"7", 3}), "");
}

}  // namespace
}  // namespace moat::adapters
