#include "adapters/text_encoding/icu_text_decoder.h"

#include <gtest/gtest.h>

namespace moat::adapters {
namespace {

struct IcuTextDecoderTest : testing::Test {
    std::unique_ptr<documents::TextDecoder> decoder = make_icu_text_decoder();

    documents::DecodedText decode(std::string_view bytes, std::string_view declared = "") {
        auto decoded = decoder->decode(bytes_of(bytes), declared);
        EXPECT_TRUE(decoded) << decoded.error().message;
        return decoded ? *decoded : documents::DecodedText{};
    }
};

// Code points and their bytes are those of the encodings' own tables.
TEST_F(IcuTextDecoderTest, KeepsUtf8AndDropsItsMark) {
    EXPECT_EQ(decode("caf\xC3\xA9 \xE4\xB8\xAD").text, "café 中");
    EXPECT_EQ(
        decode("\xEF\xBB\xBF"
               "abc")
            .text,
        "abc"
    );
}

TEST_F(IcuTextDecoderTest, ReadsUtf16WithAndWithoutAMark) {
    using namespace std::string_view_literals;
    EXPECT_EQ(decode("\xFF\xFE\x2D\x4E\x87\x65"sv).text, "中文");
    EXPECT_EQ(decode("\xFE\xFF\x4E\x2D\x65\x87"sv).text, "中文");
    const auto little = decode("T\0e\0a\0m\0 \0o\0n\0e\0\n\0"sv);
    EXPECT_EQ(little.text, "Team one\n");
    EXPECT_EQ(little.encoding, "UTF-16LE");
    EXPECT_EQ(decode("\0T\0e\0a\0m\0 \0o\0n\0e"sv).encoding, "UTF-16BE");
    // 中文。 (U+4E2D U+6587 U+3002)
    EXPECT_EQ(decode("\x2D\x4E\x87\x65\x02\x30\x2D\x4E\x87\x65\x02\x30"sv).text, "中文。中文。");
}

TEST_F(IcuTextDecoderTest, KeepsASurrogatePairAcrossPieces) {
    std::string bytes = "\xFF\xFE";
    std::string expected;
    for (int i = 0; i < 5000; ++i) {
        bytes += std::string_view("\x3D\xD8\x00\xDE", 4);  // U+1F600
        expected += "\xF0\x9F\x98\x80";
    }
    EXPECT_EQ(decode(bytes).text, expected);
    bytes.insert(2, std::string_view("a\0", 2));
    EXPECT_EQ(decode(bytes).text, "a" + expected);
}

TEST_F(IcuTextDecoderTest, FindsGb18030ByItself) {
    // 中华人民共和国劳动合同法 in GB 2312
    const auto gb = decode(
        "\xD6\xD0\xBB\xAA\xC8\xCB\xC3\xF1\xB9\xB2\xBA\xCD\xB9\xFA\xC0\xCD\xB6\xAF\xBA\xCF\xCD\xAC"
        "\xB7\xA8\r\n\xD6\xD0\xBB\xAA\xC8\xCB\xC3\xF1"
    );
    EXPECT_EQ(gb.text, "中华人民共和国劳动合同法\r\n中华人民");
    EXPECT_EQ(gb.encoding, "GB18030");
}

TEST_F(IcuTextDecoderTest, PrefersTheDeclaredEncodingThatFits) {
    EXPECT_EQ(decode("\xA4\xA4\xA4\xE5", "big5").text, "中文");
    EXPECT_EQ(decode("\xD6\xD0\xCE\xC4", "gb2312").text, "中文");
    EXPECT_EQ(decode("na\xEFve caf\xE9 d\xE9j\xE0 vu", "iso-8859-1").text, "naïve café déjà vu");
}

TEST_F(IcuTextDecoderTest, MarksLossesInsteadOfHidingThem) {
    const auto decoded = decode(
        "\xEF\xBB\xBF"
        "ab\xFF"
        "cd"
    );
    EXPECT_EQ(
        decoded.text,
        "ab\xEF\xBF\xBD"
        "cd"
    );
    EXPECT_TRUE(decoded.lossy);
}

TEST_F(IcuTextDecoderTest, RefusesBinaryData) {
    std::string bytes = "\x89PNG";
    for (int i = 0; i < 3000; ++i)
        bytes += static_cast<char>((i * 7919) >> 3);
    const auto decoded = decoder->decode(bytes_of(bytes), "");
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().code, ErrorCode::corrupt);
}

TEST_F(IcuTextDecoderTest, DecodesByNameForOtherParsers) {
    EXPECT_EQ(*decoder->decode_as(bytes_of("\x88\x9F"), "Shift_JIS"), "亜");
    EXPECT_EQ(*decoder->decode_as(bytes_of("\xB0\xA1"), "EUC-JP"), "亜");
    EXPECT_EQ(decoder->decode_as(bytes_of("x"), "klingon").error().code, ErrorCode::unsupported);
}

TEST_F(IcuTextDecoderTest, FoldsPresentationFormsAndLeavesTheRest) {
    const auto fold = [this](std::string_view text) {
        return decoder->fold_presentation_forms(text);
    };
    EXPECT_EQ(fold("o\uFB03ce"), "office");
    EXPECT_EQ(fold("\uFEFB"), "\u0644\u0627");  // lam with alef
    EXPECT_EQ(fold("\u2F83"), "\u81EA");        // the radical "self"
    EXPECT_EQ(fold("nai\u0308ve"), "na\u00EFve");
    EXPECT_EQ(fold("，（１）m²"), "，（１）m²");
}

}  // namespace
}  // namespace moat::adapters
