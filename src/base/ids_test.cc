#include "base/ids.h"

#include <set>

#include <gtest/gtest.h>

namespace moat {
namespace {

TEST(Uuid, RandomOnesAreVersion4AndDiffer) {
    std::set<Uuid> seen;
    for (int i = 0; i < 1000; ++i) {
        const Uuid id = random_uuid();
        EXPECT_EQ(id.text()[14], '4');
        EXPECT_NE(std::string_view("89ab").find(id.text()[19]), std::string_view::npos);
        seen.insert(id);
    }
    EXPECT_EQ(seen.size(), 1000U);
}

TEST(Uuid, ReadsBothSpellingsAndRefusesOthers) {
    const std::string text = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";  // RFC 4122, section 3
    EXPECT_EQ(parse_uuid(text)->text(), text);
    EXPECT_EQ(parse_uuid("F81D4FAE7DEC11D0A76500A0C91E6BF6")->text(), text);
    EXPECT_FALSE(parse_uuid("f81d4fae-7dec-11d0-a76500a0c91e6bf6-"));
    EXPECT_FALSE(parse_uuid(""));
}

TEST(Uuid, OfANameIsStable) {
    EXPECT_EQ(uuid_of("a"), uuid_of("a"));
    EXPECT_NE(uuid_of("a"), uuid_of("b"));
}

}  // namespace
}  // namespace moat
