#include "cli/word_wrap.h"

#include <vector>

#include <gtest/gtest.h>

#include "cli/columns.h"

namespace moat::cli {
namespace {

// What a terminal shows after those bytes: lines, with the two sequences that WordWrap uses.
std::vector<std::string> screen(std::string_view bytes) {
    std::vector<std::string> lines(1);
    while (!bytes.empty()) {
        if (bytes.front() == '\n') {
            lines.emplace_back();
            bytes.remove_prefix(1);
        } else if (bytes.starts_with("\x1b[K")) {
            bytes.remove_prefix(3);  // the cursor stands at the end of what is left already
        } else if (bytes.starts_with("\x1b[")) {
            std::size_t back = std::stoul(std::string(bytes.substr(2)));
            while (back > 0) {
                std::string& line = lines.back();
                std::size_t start = line.size() - 1;
                while ((static_cast<unsigned char>(line[start]) & 0xC0) == 0x80)
                    --start;
                back -= display_width(line.substr(start));
                line.erase(start);
            }
            bytes.remove_prefix(bytes.find('D') + 1);
        } else {
            lines.back() += bytes.front();
            bytes.remove_prefix(1);
        }
    }
    return lines;
}

std::vector<std::string> wrapped(std::string_view text, std::size_t columns) {
    WordWrap wrap(columns);
    std::string out;
    for (const char c : text)  // a byte at a time: the hardest way to get it
        out += wrap.feed(std::string_view(&c, 1));
    return screen(out);
}

using Lines = std::vector<std::string>;

TEST(WordWrap, TakesAWordThatDoesNotFitToTheNextLine) {
    EXPECT_EQ(wrapped("the quick brown fox", 12), (Lines{"the quick ", "brown fox"}));
    EXPECT_EQ(wrapped("one\ntwo", 12), (Lines{"one", "two"}));
    EXPECT_EQ(wrapped("exactly ten chars", 7), (Lines{"exactly", "ten ", "chars"}));
}

TEST(WordWrap, CutsAWordThatIsLongerThanALine) {
    EXPECT_EQ(wrapped("abcdefghij", 4), (Lines{"abcd", "efgh", "ij"}));
    EXPECT_EQ(wrapped("x abcdefghij", 4), (Lines{"x ", "abcd", "efgh", "ij"}));
}

TEST(WordWrap, CountsChineseCharactersAsTwoColumnsAndBreaksBetweenThem) {
    EXPECT_EQ(wrapped("天空为什么是蓝色的", 10), (Lines{"天空为什么", "是蓝色的"}));
    EXPECT_EQ(wrapped("a天空为什么", 10), (Lines{"a天空为什", "么"}));
    EXPECT_EQ(wrapped("使用Ollama部署", 9), (Lines{"使用", "Ollama部", "署"}));
}

TEST(WordWrap, KeepsPunctuationWithItsCharacter) {
    EXPECT_EQ(wrapped("天空为什么，是蓝", 10), (Lines{"天空为什", "么，是蓝"}));
    EXPECT_EQ(wrapped("天空为什《是蓝", 10), (Lines{"天空为什", "《是蓝"}));
}

TEST(WordWrap, NoLineIsWiderThanTheTerminalWhateverComes) {
    const std::string text =
        "Mixed 中文，and English—with ¿punctuation? 🙂🙂🙂 e\u0301e\u0301e\u0301 "
        "\tTabs\t和制表符。";
    for (std::size_t columns = 4; columns < 40; ++columns) {
        for (const std::string& line : wrapped(text, columns)) {
            std::string plain = line;
            std::erase(plain, '\t');  // whose width depends on where they stand
            EXPECT_LE(display_width(plain), columns) << line;
        }
    }
}

TEST(WordWrap, LeavesLinesAloneWithoutAWidth) {
    const std::string text(300, 'x');
    EXPECT_EQ(WordWrap(0).feed(text), text);
}

TEST(WordWrap, WhatAModelWritesDoesNotSteerTheTerminal) {
    EXPECT_EQ(WordWrap(80).feed("a\x1b[2Jb\r\x07\x7f\u009bc"), "a[2Jbc");
}

TEST(Columns, MarksTakeNoneAndEmojiTwo) {
    EXPECT_EQ(display_width("e\u0301"), 1U);
    EXPECT_EQ(display_width("🙂"), 2U);
    EXPECT_EQ(display_width("知识库"), 6U);
    EXPECT_EQ(fit("知识库问答", 7), "知识库…");
    EXPECT_EQ(fit("知识库", 6), "知识库");
}

}  // namespace
}  // namespace moat::cli
