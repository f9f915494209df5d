#include "adapters/qpdf/pdf_parser.h"

#include <gtest/gtest.h>

#include "adapters/qpdf/test_pdf.h"
#include "documents/test_utf8_decoder.h"

namespace moat::adapters {
namespace {

using documents::BlockKind;

struct PdfParserTest : testing::Test {
    documents::TestUtf8Decoder decoder;
    PdfParser parser{decoder};

    Result<documents::Document> parse(
        const std::string& bytes, const documents::ParseLimits& limits = {}
    ) {
        return parser.parse(bytes_of(bytes), "dir/plan.pdf", limits);
    }
    std::vector<std::string> texts(const std::string& bytes) {
        const auto document = parse(bytes);
        EXPECT_TRUE(document) << document.error().message;
        std::vector<std::string> out;
        if (!document) return out;
        for (const auto& block : document->blocks)
            out.push_back(block.text);
        return out;
    }
    using Texts = std::vector<std::string>;
};

TEST_F(PdfParserTest, TextStandsWhereThePageShowsIt) {
    const auto document = parse(TestPdf::with_helvetica("BT /F1 10 Tf 100 692 Td (Hello) Tj ET"));
    ASSERT_TRUE(document) << document.error().message;
    EXPECT_EQ(document->pages, 1);
    EXPECT_EQ(document->title, "plan");
    ASSERT_EQ(document->blocks.size(), 1U);
    const auto& block = document->blocks[0];
    EXPECT_EQ(block.text, "Hello");
    EXPECT_EQ(block.page, 1);
    // Baseline 100 points from the top, 100 from the left; Helvetica: 722+556+222+222+556.
    EXPECT_NEAR(block.box->left, 100, 0.01);
    EXPECT_NEAR(block.box->right, 122.78, 0.01);
    EXPECT_LT(block.box->top, 93);
    EXPECT_GT(block.box->bottom, 100);
}

TEST_F(PdfParserTest, TurnedAndCroppedPagesAreReadAsShown) {
    const std::string content = "BT /F1 10 Tf 0 1 -1 0 300 200 Tm (up) Tj ET";
    const auto document =
        parse(TestPdf::with_helvetica(content, "/Rotate 90/CropBox[0 100 612 792]"));
    ASSERT_TRUE(document);
    ASSERT_EQ(document->blocks.size(), 1U);
    EXPECT_EQ(document->blocks[0].text, "up");
    // Shown upright: x is y less the crop's lower edge, y is x.
    EXPECT_NEAR(document->blocks[0].box->left, 100, 0.01);
    EXPECT_NEAR((document->blocks[0].box->top + document->blocks[0].box->bottom) / 2, 297, 1);
}

TEST_F(PdfParserTest, GapsBecomeBlanksAndKerningDoesNot) {
    EXPECT_EQ(
        texts(TestPdf::with_helvetica("BT /F1 10 Tf 72 700 Td [(W)80(or)-30(d)-600(two)] TJ ET")),
        (Texts{"Word two"})
    );
    EXPECT_EQ(
        texts(TestPdf::with_helvetica(
            "BT /F1 10 Tf 72 700 Td 3 Tw (a b) Tj ET BT /F1 10 Tf 130 700 Td (far) Tj ET"
        )),
        (Texts{"a b far"})
    );
}

TEST_F(PdfParserTest, LinesJoinToParagraphsAndLargeOnesAreHeadings) {
    const auto document = parse(TestPdf::with_helvetica(
        "BT /F1 20 Tf 72 700 Td (Leave) Tj ET "
        "BT /F1 10 Tf 12 TL 72 660 Td (Everybody has ten days of leave in the first year of "
        "infor-) "
        "Tj T* (mation work, and one more in each year after that, up to twenty.) Tj "
        "0 -30 Td (Sick leave is another matter.) Tj ET"
    ));
    ASSERT_TRUE(document);
    ASSERT_EQ(document->blocks.size(), 3U);
    EXPECT_EQ(document->blocks[0].kind, BlockKind::heading);
    EXPECT_EQ(
        document->blocks[1].text,
        "Everybody has ten days of leave in the first year of information work, and one more "
        "in each year after that, up to twenty."
    );
    EXPECT_EQ(document->blocks[2].headings, (std::vector<std::string>{"Leave"}));
    EXPECT_EQ(document->title, "Leave");
}

TEST_F(PdfParserTest, RuledTablesAreRows) {
    EXPECT_EQ(
        texts(
            TestPdf::with_helvetica("72 600 200 40 re S 72 620 m 272 620 l S 172 600 m 172 640 l S "
                                    "BT /F1 10 Tf 80 625 Td (Name) Tj 100 0 Td (Days) Tj ET "
                                    "BT /F1 10 Tf 80 605 Td (Li) Tj 100 0 Td (10) Tj ET")
        ),
        (Texts{"Name | Days", "Li | 10"})
    );
}

TEST_F(PdfParserTest, EncodingsDifferencesAndToUnicode) {
    TestPdf pdf;
    const int map = pdf.add_stream(
        "",
        "1 begincodespacerange <00> <FF> endcodespacerange 1 beginbfchar <03> <4E2D6587> endbfchar"
    );
    const int font = pdf.add(
        "<</Type/Font/Subtype/Type1/BaseFont/X/FirstChar 1/Widths[600 600 600]"
        "/Encoding<</Differences[1/eacute/fi]>>/ToUnicode " +
        std::to_string(map) + " 0 R>>"
    );
    pdf.add_page(
        "BT /F1 10 Tf 72 700 Td (\\001\\002\\003) Tj ET",
        "/Font<</F1 " + std::to_string(font) + " 0 R>>"
    );
    EXPECT_EQ(texts(pdf.bytes()), (Texts{"e\u0301fi中文"}));
}

TEST_F(PdfParserTest, CompositeFontsByUnicodeCMap) {
    class Utf16Decoder final : public documents::TextDecoder {
      public:
        Result<documents::DecodedText> decode(BytesView, std::string_view) const override {
            return Error{ErrorCode::unsupported, ""};
        }
        Result<std::string> decode_as(BytesView bytes, std::string_view name) const override {
            EXPECT_EQ(name, "UTF-16BE");
            return text_of(bytes) == "\x4E\x2D" ? std::string("中") : std::string("文");
        }
        std::string fold_presentation_forms(std::string_view text) const override {
            return std::string(text);
        }
    };
    TestPdf pdf;
    const int inner = pdf.add("<</Type/Font/Subtype/CIDFontType0/BaseFont/Song/DW 1000>>");
    const int font = pdf.add(
        "<</Type/Font/Subtype/Type0/BaseFont/Song/Encoding/UniGB-UCS2-H/DescendantFonts[" +
        std::to_string(inner) + " 0 R]>>"
    );
    pdf.add_page(
        "BT /F1 10 Tf 72 700 Td <4E2D6587> Tj ET", "/Font<</F1 " + std::to_string(font) + " 0 R>>"
    );
    const Utf16Decoder utf16;
    const auto document = PdfParser(utf16).parse(bytes_of(pdf.bytes()), "a.pdf", {});
    ASSERT_TRUE(document) << document.error().message;
    EXPECT_EQ(document->blocks[0].text, "中文");
    EXPECT_NEAR(document->blocks[0].box->right - document->blocks[0].box->left, 20, 0.01);
}

TEST_F(PdfParserTest, FormsAreDrawnInPlaceAndNeverForEver) {
    TestPdf pdf;
    const int font = pdf.add("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>");
    const std::string fonts = "/Font<</F1 " + std::to_string(font) + " 0 R>>";
    // Object 2 draws itself.
    const int form = pdf.add_stream(
        "/Type/XObject/Subtype/Form/BBox[0 0 100 100]/Matrix[1 0 0 1 50 0]/Resources<<" + fonts +
            "/XObject<</Me 2 0 R>>>>",
        "BT /F1 10 Tf (in) Tj ET /Me Do"
    );
    pdf.add_page(
        "q 1 0 0 1 10 700 cm /Fm Do Q", fonts + "/XObject<</Fm " + std::to_string(form) + " 0 R>>"
    );
    const auto document = parse(pdf.bytes());
    ASSERT_TRUE(document) << document.error().message;
    ASSERT_FALSE(document->blocks.empty());
    EXPECT_NEAR(document->blocks[0].box->left, 60, 0.01);
}

TEST_F(PdfParserTest, ArtifactsAndReplacedText) {
    EXPECT_EQ(
        texts(TestPdf::with_helvetica("/Artifact BMC BT /F1 10 Tf 72 760 Td (Page 1) Tj ET EMC "
                                      "/Span <</ActualText (co-operation)>> BDC BT /F1 10 Tf 72 "
                                      "700 Td (cooperation) Tj ET EMC")),
        (Texts{"co-operation"})
    );
}

TEST_F(PdfParserTest, PagesWithoutTextSaySo) {
    const auto document = parse(TestPdf::with_helvetica("0 0 100 100 re f"));
    ASSERT_TRUE(document);
    EXPECT_TRUE(document->blocks.empty());
    ASSERT_EQ(document->warnings.size(), 1U);
    EXPECT_TRUE(document->warnings[0].starts_with("the file has no text layer"));
}

TEST_F(PdfParserTest, ManyPagesWithoutTextAreOneWarning) {
    TestPdf pdf;
    const int font = pdf.add("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>");
    for (int page = 1; page <= 300; ++page) {
        const bool written = page == 4 || page == 6;
        pdf.add_page(
            written ? "BT /F1 10 Tf 72 400 Td (Text) Tj ET" : "",
            "/Font<</F1 " + std::to_string(font) + " 0 R>>"
        );
    }
    EXPECT_EQ(
        parse(pdf.bytes())->warnings,
        (std::vector<std::string>{"pages 1-3, 5, 7-300 have no text layer"})
    );
}

TEST_F(PdfParserTest, RunningHeadsAndPageNumbersAreLeftOut) {
    TestPdf pdf;
    const int font = pdf.add("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>");
    for (int i = 1; i <= 4; ++i) {
        pdf.add_page(
            "BT /F1 9 Tf 72 770 Td (Annual report 2024) Tj ET BT /F1 9 Tf 300 20 Td (" +
                std::to_string(i) + ") Tj ET BT /F1 10 Tf 72 400 Td (Content of page number " +
                std::to_string(i) + ".) Tj ET",
            "/Font<</F1 " + std::to_string(font) + " 0 R>>"
        );
    }
    EXPECT_EQ(
        texts(pdf.bytes()),
        (Texts{
            "Content of page number 1.",
            "Content of page number 2.",
            "Content of page number 3.",
            "Content of page number 4."
        })
    );
}

TEST_F(PdfParserTest, TitlesThatProgramsMakeUpAreNoTitles) {
    const auto title = [this](const std::string& info) {
        TestPdf pdf;
        pdf.add_page("", "");
        return parse(pdf.bytes(info))->title;
    };
    EXPECT_EQ(title("/Title(Leave policy)"), "Leave policy");
    EXPECT_EQ(title("/Title<FEFF4E2D6587>"), "中文");
    EXPECT_EQ(title("/Title(Microsoft Word - plan.doc)"), "plan");
}

TEST_F(PdfParserTest, DamagedFilesAreRepairedOrRefused) {
    std::string bytes = TestPdf::with_helvetica("BT /F1 10 Tf 100 692 Td (Hello) Tj ET");
    bytes.resize(bytes.rfind("xref\n0"));  // no table, no trailer
    bytes += "trailer\n<</Root 5 0 R>>\n";
    EXPECT_EQ(texts(bytes), (Texts{"Hello"}));
    const auto garbage = parse("%PDF-1.7 and nothing else");
    ASSERT_FALSE(garbage);
    EXPECT_EQ(garbage.error().code, ErrorCode::corrupt);
    EXPECT_TRUE(garbage.error().message.starts_with("is a damaged PDF"));
}

TEST_F(PdfParserTest, StreamsThatUnpackWithoutEndAreRefused) {
    const std::string content = "BT /F1 10 Tf (x) Tj ET" + std::string(100'000, ' ');
    const auto document = parse(TestPdf::with_helvetica(content), {.max_unpacked_bytes = 50'000});
    ASSERT_FALSE(document);
    EXPECT_EQ(document.error().code, ErrorCode::too_large);
    EXPECT_EQ(
        parse(TestPdf::with_helvetica(content), {.max_pages = 0}).error().code, ErrorCode::too_large
    );
}

TEST_F(PdfParserTest, AFormThatManyPagesShareUnpacksOnceByCount) {
    TestPdf pdf;
    const int form = pdf.add_stream(
        "/Type/XObject/Subtype/Form/BBox[0 0 100 100]", "n" + std::string(40'000, ' ')
    );
    for (int page = 0; page < 3; ++page)
        pdf.add_page("/Fm Do", "/XObject<</Fm " + std::to_string(form) + " 0 R>>");
    const std::string bytes = pdf.bytes();
    EXPECT_TRUE(parse(bytes, {.max_unpacked_bytes = 50'000}));
    EXPECT_EQ(parse(bytes, {.max_unpacked_bytes = 30'000}).error().code, ErrorCode::too_large);
}

TEST_F(PdfParserTest, RecognisesTheHeaderWhereReadersAcceptIt) {
    EXPECT_TRUE(parser.recognises(bytes_of("%PDF-1.4")));
    EXPECT_TRUE(parser.recognises(bytes_of(std::string(500, '\n') + "%PDF-1.4")));
    EXPECT_FALSE(parser.recognises(bytes_of(std::string(2000, '\n') + "%PDF-1.4")));
    EXPECT_TRUE(parser.recognises(bytes_of("HTTP/1.1 200 OK\r\n\r\n%PDF-1.4\n...\n%%EOF\r\n")));
    EXPECT_FALSE(parser.recognises(bytes_of("A PDF file begins with %PDF-1.4.\n")));
}

}  // namespace
}  // namespace moat::adapters
