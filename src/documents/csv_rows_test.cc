#include "documents/csv_rows.h"

#include <gtest/gtest.h>

namespace moat::documents {
namespace {

using Row = std::vector<std::string>;

std::vector<Row> all_rows(std::string_view text, char separator = ',') {
    CsvRows rows(text, separator);
    std::vector<Row> all;
    for (auto row = rows.next(); row; row = rows.next())
        all.push_back(*row);
    return all;
}

// The examples of RFC 4180, section 2.
TEST(CsvRows, ReadsTheExamplesOfTheStandard) {
    EXPECT_EQ(
        all_rows("aaa,bbb,ccc\r\nzzz,yyy,xxx"),
        (std::vector<Row>{{"aaa", "bbb", "ccc"}, {"zzz", "yyy", "xxx"}})
    );
    EXPECT_EQ(
        all_rows("\"aaa\",\"b \r\nbb\",\"ccc\"\r\nzzz,yyy,xxx\r\n"),
        (std::vector<Row>{{"aaa", "b \r\nbb", "ccc"}, {"zzz", "yyy", "xxx"}})
    );
    EXPECT_EQ(all_rows("\"aaa\",\"b\"\"bb\",\"ccc\""), (std::vector<Row>{{"aaa", "b\"bb", "ccc"}}));
}

TEST(CsvRows, KeepsEmptyCellsAndSkipsEmptyLines) {
    EXPECT_EQ(all_rows("a,,\n\n\n,b\n"), (std::vector<Row>{{"a", "", ""}, {"", "b"}}));
}

TEST(CsvRows, AQuoteInsideACellIsAnOrdinaryCharacter) {
    EXPECT_EQ(all_rows("5\" pipe,x\n"), (std::vector<Row>{{"5\" pipe", "x"}}));
}

TEST(CsvRows, AnUnclosedQuoteCostsItsLineAndNotTheFile) {
    CsvRows rows("a,b\n1,\"two\n3,4\n5,6\n", ',');
    EXPECT_EQ(*rows.next(), (Row{"a", "b"}));
    EXPECT_EQ(*rows.next(), (Row{"1", "two"}));
    EXPECT_EQ(*rows.next(), (Row{"3", "4"}));
    EXPECT_EQ(rows.unclosed_quote_line(), 2U);
}

TEST(FindSeparator, LooksForTheEvenOne) {
    EXPECT_EQ(find_separator("a;b;c\n1,5;2;3\n2,5;3;4\n"), ';');
    EXPECT_EQ(find_separator("a\tb\nx, y\tz\n"), '\t');
    EXPECT_EQ(find_separator("a|b|c\n1|2|3\n"), '|');
    EXPECT_EQ(find_separator("name\nLi\n"), ',');
}

}  // namespace
}  // namespace moat::documents
