#include "documents/csv_parser.h"

#include <gtest/gtest.h>

#include "documents/test_utf8_decoder.h"

namespace moat::documents {
namespace {

struct CsvParserTest : testing::Test {
    TestUtf8Decoder decoder;

    Document parse(std::string_view text) {
        auto document = CsvParser(decoder).parse(bytes_of(text), "leave.csv", {});
        EXPECT_TRUE(document) << document.error().message;
        return document ? *document : Document{};
    }
};

TEST_F(CsvParserTest, ARowIsARecordThatTheHeaderNames) {
    const Document document = parse("name,days,note\nLi,10,\n\"Wu, K.\",5,\"two\nlines\"\n");
    ASSERT_EQ(document.blocks.size(), 2U);
    EXPECT_EQ(document.blocks[0].kind, BlockKind::record);
    EXPECT_EQ(document.blocks[0].text, "name: Li\ndays: 10");
    EXPECT_EQ(document.blocks[1].text, "name: Wu, K.\ndays: 5\nnote: two\nlines");
    EXPECT_EQ(document.title, "leave");
}

TEST_F(CsvParserTest, NamesAreMadeUsable) {
    const Document document = parse("a,,a\n1,2,3,4\n");
    EXPECT_EQ(document.blocks[0].text, "a: 1\ncolumn 2: 2\na (2): 3\ncolumn 4: 4");
    EXPECT_EQ(document.warnings.size(), 1U);  // the row is longer than the header
}

TEST_F(CsvParserTest, ATitleAboveTheHeaderIsNoHeader) {
    const Document document = parse("Stanley Cups,,\nTeam,Location,Cups\nBlues,STL,1\n");
    EXPECT_EQ(document.title, "Stanley Cups");
    ASSERT_EQ(document.blocks.size(), 1U);
    EXPECT_EQ(document.blocks[0].text, "Team: Blues\nLocation: STL\nCups: 1");
}

TEST_F(CsvParserTest, TheOnlyColumnBesideRowNumbersIsNoTitle) {
    const Document document = parse(",score\n0,95\n1,80\n");
    ASSERT_EQ(document.blocks.size(), 2U);
    EXPECT_EQ(document.blocks[0].text, "column 1: 0\nscore: 95");
    EXPECT_EQ(parse(",,Scores\n,a,b\n0,1,2\n").title, "Scores");
}

TEST_F(CsvParserTest, AHeaderAloneIsStillFound) {
    EXPECT_EQ(parse("name;days\n").blocks[0].text, "name | days");
}

}  // namespace
}  // namespace moat::documents
