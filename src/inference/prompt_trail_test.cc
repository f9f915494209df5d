#include "inference/prompt_trail.h"

#include <gtest/gtest.h>

namespace moat::inference {
namespace {

GenerateRequest text(std::string prompt, std::string domain, std::string open = {}) {
    GenerateRequest out;
    out.prompt = std::move(prompt);
    out.cache_domain = std::move(domain);
    out.public_text = std::move(open);
    return out;
}

std::size_t seen(const GenerateRequest& before, const GenerateRequest& now) {
    PromptTrail trail;
    trail.add(marks_of(before));
    return trail.seen(marks_of(now));
}

TEST(PromptTrailTest, TellsHowMuchOfABeginningIsShared) {
    const std::string start(1024, 's');
    EXPECT_EQ(seen(text(start + "one", "a"), text(start + std::string(512, 'x'), "a")), 4U);
    EXPECT_EQ(seen(text("x" + start, "a"), text(start, "a")), 0U);
}

TEST(PromptTrailTest, DomainsShareOnlyWhatIsPublic) {
    const std::string start(1024, 's');
    const std::string rest(512, 'r');
    EXPECT_EQ(seen(text(start + rest, "a"), text(start + rest, "b")), 0U);
    EXPECT_EQ(seen(text(start + rest, "a", start), text(start + rest, "b", start)), 4U);
    EXPECT_EQ(seen(text(start + rest, "a", start), text(start + rest, "a", start)), 6U);
}

TEST(PromptTrailTest, ConversationsThatGoOnAreKnown) {
    GenerateRequest first;
    ChatPrompt chat;
    chat.messages = {{.role = "user", .content = std::string(600, 'q')}};
    first.prompt = chat;
    GenerateRequest next;
    chat.messages.push_back({.role = "assistant", .content = std::string(600, 'a')});
    next.prompt = chat;
    EXPECT_EQ(seen(first, next), 2U);
    chat.messages.front().content = "other";
    next.prompt = chat;
    EXPECT_EQ(seen(first, next), 0U);
}

TEST(PromptTrailTest, TheOldestIsForgotten) {
    PromptTrail trail;
    const auto first = marks_of(text(std::string(512, 'f'), "a"));
    trail.add(first);
    for (int i = 0; i < 40; ++i)
        trail.add(marks_of(text(std::to_string(i) + std::string(1 << 16, 'x'), "a")));
    EXPECT_EQ(trail.seen(first), 0U);
    trail.add(first);
    EXPECT_EQ(trail.seen(first), 2U);
}

}  // namespace
}  // namespace moat::inference
