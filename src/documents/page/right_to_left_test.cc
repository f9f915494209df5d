#include "documents/page/right_to_left.h"

#include <gtest/gtest.h>

namespace moat::documents {
namespace {

// Visual forms are the logical ones written backwards by hand, as the Unicode Bidirectional
// Algorithm (UAX 9) displays them.
TEST(LogicalOrder, TurnsALineRoundAndItsOtherRunsBack) {
    EXPECT_EQ(logical_order("םולש"), "שלום");
    EXPECT_EQ(logical_order("Python םע 3.11 הסריג"), "גירסה 3.11 עם Python");
    EXPECT_EQ(logical_order("(אב) גד"), "דג (בא)");
}

TEST(LogicalOrder, LeavesOtherLinesAlone) {
    EXPECT_EQ(logical_order("plain (text) 12"), "plain (text) 12");
    EXPECT_EQ(logical_order("中文"), "中文");
}

TEST(LogicalOrder, AForeignWordInALatinLineIsTurnedAlone) {
    EXPECT_EQ(logical_order("The word םולש means peace."), "The word שלום means peace.");
}

}  // namespace
}  // namespace moat::documents
