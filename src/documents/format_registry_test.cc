#include "documents/format_registry.h"

#include <gtest/gtest.h>

#include "documents/csv_parser.h"
#include "documents/test_utf8_decoder.h"
#include "documents/text_parser.h"

namespace moat::documents {
namespace {

// A format that is known by its first byte.
class BangParser final : public FormatParser {
  public:
    std::vector<std::string> extensions() const override { return {".bang"}; }
    bool recognises(BytesView data) const override { return text_of(data).starts_with('!'); }
    Result<Document> parse(BytesView, std::string_view, const ParseLimits&) const override {
        Document document;
        document.media_type = "application/bang";
        return document;
    }
};

struct FormatRegistryTest : testing::Test {
    TestUtf8Decoder decoder;
    FormatRegistry registry = make();

    FormatRegistry make() {
        std::vector<std::unique_ptr<FormatParser>> parsers;
        parsers.push_back(std::make_unique<BangParser>());
        parsers.push_back(std::make_unique<CsvParser>(decoder));
        parsers.push_back(std::make_unique<TextParser>(decoder));
        return FormatRegistry(std::move(parsers));
    }
    Result<Document> parse(std::string_view data, std::string_view name) {
        return registry.parse(bytes_of(data), name, {.max_input_bytes = 1000});
    }
};

TEST_F(FormatRegistryTest, ContentComesBeforeExtension) {
    EXPECT_EQ(parse("!x", "a.txt")->media_type, "application/bang");
    EXPECT_EQ(parse("a,b\n1,2\n", "A.CSV")->media_type, "text/csv");
}

TEST_F(FormatRegistryTest, KnownForeignFormatsAreNamedAndNeverReadAsText) {
    const auto picture = parse("\x89PNG\r\n\x1A\n....", "notes.txt");
    ASSERT_FALSE(picture);
    EXPECT_EQ(picture.error().code, ErrorCode::unsupported);
    EXPECT_TRUE(picture.error().message.starts_with("\"notes.txt\" is a PNG picture"));
}

TEST_F(FormatRegistryTest, TextThatBeginsLikeAForeignFormatIsText) {
    for (const char* text : {"GGUF is a format.", "ID3 tags", "THE HEATWAVE of 2003", "BZh"})
        EXPECT_TRUE(parse(text, "notes.txt")) << text;
    using std::string_view_literals::operator""sv;
    EXPECT_FALSE(parse("GGUF\3\0\0\0"sv, "notes.txt"));
    EXPECT_FALSE(parse("RIFF\x24\0\0\0WAVEfmt "sv, "notes.txt"));
    EXPECT_TRUE(parse("{\\rtf1 x}", "notes.txt").error().message.contains("an RTF file"));
}

TEST_F(FormatRegistryTest, UnknownFormatsListTheKnownOnes) {
    const auto unknown = parse("hello", "a.xyz");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, ErrorCode::unsupported);
    EXPECT_TRUE(unknown.error().message.contains(".bang .csv"));
}

TEST_F(FormatRegistryTest, EmptyAndOversizedInputIsRefused) {
    EXPECT_EQ(parse("", "a.txt").error().code, ErrorCode::corrupt);
    EXPECT_EQ(parse(std::string(1001, 'x'), "a.txt").error().code, ErrorCode::too_large);
}

TEST(FileNames, GiveExtensionStemAndAQuotedForm) {
    EXPECT_EQ(extension_of("dir.d/A.Tar.GZ"), ".gz");
    EXPECT_EQ(extension_of("dir.d/none"), "");
    EXPECT_EQ(stem_of("dir/report v2.pdf"), "report v2");
    EXPECT_EQ(quoted_name("a\nb\x01.txt"), "\"a b.txt\"");
}

}  // namespace
}  // namespace moat::documents
