// Real and hostile files, read in confined children as the server reads them. The files are not
// part of this project: without them (MOAT_SHARED, or ../shared) these tests are skipped.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "app/parse/parse_main.h"
#include "base/file.h"
#include "documents/characters.h"
#include "documents/chunker.h"
#include "documents/format_registry.h"

namespace moat {
namespace {

namespace fs = std::filesystem;

struct Row {
    std::string file;
    std::string feature;
    std::vector<std::string> contains;
    std::string behaviour;
    std::string expected;
};

std::vector<std::string> split(const std::string& text, const std::string& separator) {
    std::vector<std::string> parts;
    std::size_t begin = 0;
    while (true) {
        const std::size_t end = text.find(separator, begin);
        parts.push_back(text.substr(begin, end - begin));
        if (end == std::string::npos) return parts;
        begin = end + separator.size();
    }
}

std::string without_blanks(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const char32_t c = documents::next_character(text, at);
        if (!documents::is_space(c)) documents::append_character(out, c);
    }
    return out;
}

// Words, and single characters of CJK, with how often they occur.
std::map<std::string, int> words_of(std::string_view text) {
    std::map<std::string, int> words;
    std::string word;
    const auto flush = [&] {
        if (!word.empty()) ++words[documents::lower_ascii(word)];
        word.clear();
    };
    for (std::size_t at = 0; at < text.size();) {
        const char32_t c = documents::next_character(text, at);
        const bool letter =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            (c >= 0xC0 && !documents::is_space(c) && (c < 0x2000 || c > 0x303F) && c < 0xFF00);
        if (documents::is_cjk(c)) flush();
        if (letter) documents::append_character(word, c);
        if (!letter || documents::is_cjk(c)) flush();
    }
    flush();
    return words;
}

// Tags of HTML and addresses of Markdown links taken out.
std::string without_markup(const std::string& text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool tag = text[at] == '<';
        const bool address = text.compare(at, 2, "](") == 0;
        if (!tag && !address) {
            out += text[at];
            continue;
        }
        out += ' ';
        at = std::min(text.find(tag ? '>' : ')', at), text.size() - 1);
    }
    return out;
}

// The share of `expected`'s words that `text` has too.
double recall(const std::string& text, const std::string& expected) {
    const auto have = words_of(text);
    int found = 0;
    int all = 0;
    for (const auto& [word, count] : words_of(expected)) {
        const auto own = have.find(word);
        found += own == have.end() ? 0 : std::min(count, own->second);
        all += count;
    }
    return all == 0 ? 1 : static_cast<double>(found) / all;
}

struct CorpusTest : testing::Test {
    static fs::path folder() {
        const char* shared = std::getenv("MOAT_SHARED");  // NOLINT(concurrency-mt-unsafe)
        const fs::path root =
            shared != nullptr ? fs::path(shared) : fs::path(MOAT_SOURCE) / "../shared";
        return root / "data/documents";
    }

    void SetUp() override {
        if (!fs::exists(folder() / "documents.tsv"))
            GTEST_SKIP() << "the corpus is not here: set MOAT_SHARED to the folder it is in";
    }

    static std::vector<Row> rows() {
        std::ifstream list(folder() / "documents.tsv");
        std::vector<Row> all;
        std::string line;
        std::getline(list, line);
        while (std::getline(list, line)) {
            const auto cells = split(line, "\t");
            if (cells.size() < 8) continue;
            std::vector<std::string> contains;
            if (!cells[5].empty()) contains = split(cells[5], " || ");
            all.push_back({cells[0], cells[4], contains, cells[6], cells[7]});
        }
        return all;
    }

    Result<documents::Document> parse(const std::string& file) {
        return parser->parse(folder() / file, file, {});
    }

    static std::string text_of(const documents::Document& document) {
        std::string text;
        for (const auto& block : document.blocks)
            text += block.text + "\n";
        return text;
    }

    static bool is_readable(const Row& row) {
        static const std::set<std::string> formats = {
            ".pdf", ".docx", ".html", ".md", ".txt", ".csv"
        };
        return formats.contains(documents::extension_of(row.file));
    }

    std::unique_ptr<documents::ParserProcess> parser =
        app::make_parser_process(MOAT_PARSE_CHILD, 2, {});
};

// These must fail, and the message must say why.
const std::map<std::string, std::pair<ErrorCode, std::string>> kRefused = {
    {"pdf/en-encrypted-rc4-user.pdf", {ErrorCode::unsupported, "encrypted"}},
    {"pdf/en-encrypted-rc4-r3-user.pdf", {ErrorCode::unsupported, "encrypted"}},
    {"office/en-encrypted.docx", {ErrorCode::unsupported, "encrypted"}},
    {"office/en-xxe.docx", {ErrorCode::unsupported, "DOCTYPE"}},
    {"office/en-truncated.docx", {ErrorCode::corrupt, "damaged or cut off"}},
};

TEST_F(CorpusTest, EveryReadableFileHoldsTheTextItMust) {
    int read = 0;
    for (const Row& row : rows()) {
        if (!is_readable(row) || kRefused.contains(row.file)) continue;
        const auto document = parse(row.file);
        ASSERT_TRUE(document) << row.file << ": " << document.error().message;
        ++read;
        std::string text = text_of(*document);
        // The names of a CSV's fields are not part of its rows' text order: check the header too.
        if (document->media_type == "text/csv" && !document->blocks.empty()) {
            for (const auto& [name, value] : document->blocks.front().fields)
                text += name + ",";
        }
        const std::string have = without_blanks(document->title + text);
        for (const std::string& wanted : row.contains)
            EXPECT_TRUE(have.contains(without_blanks(wanted))) << row.file << ": " << wanted;
        for (const auto& block : document->blocks) {
            EXPECT_TRUE(is_utf8(block.text)) << row.file;
            EXPECT_FALSE(block.text.empty()) << row.file;
        }
    }
    EXPECT_GE(read, 43);
}

TEST_F(CorpusTest, EncryptedAndHostileFilesGetAnErrorThatNamesThemAndTheCause) {
    for (const auto& [file, expected] : kRefused) {
        const auto document = parse(file);
        ASSERT_FALSE(document) << file;
        EXPECT_EQ(document.error().code, expected.first) << document.error().message;
        EXPECT_TRUE(document.error().message.contains(file)) << document.error().message;
        EXPECT_TRUE(document.error().message.contains(expected.second)) << document.error().message;
    }
}

TEST_F(CorpusTest, OtherFormatsAreRefusedByName) {
    for (const Row& row : rows()) {
        if (is_readable(row)) continue;
        const auto document = parse(row.file);
        ASSERT_FALSE(document) << row.file;
        EXPECT_EQ(document.error().code, ErrorCode::unsupported) << document.error().message;
        EXPECT_TRUE(document.error().message.contains(".pdf")) << "lists what can be read";
    }
}

TEST_F(CorpusTest, ScansSayThatTheyHaveNoText) {
    for (const char* file :
         {"pdf/en-scan-image-only.pdf", "pdf/zh-scan-poems.pdf", "pdf/zh-scan-report.pdf"}) {
        const auto document = parse(file);
        ASSERT_TRUE(document) << document.error().message;
        ASSERT_FALSE(document->warnings.empty()) << file;
        EXPECT_TRUE(document->warnings.front().starts_with("the file has no text layer"));
    }
}

// Other tools' readings of the same files: ours must have nearly all of their words.
TEST_F(CorpusTest, ReadsWhatOtherToolsRead) {
    // Reasons to be less strict with one.
    const std::map<std::string, double> lower = {
        {"web/en-wikipedia-duck.html", 0.80},      // it keeps menus and notes
        {"office/en-word-tables.docx", 0.92},      // it repeats cells that span columns
        {"office/en-word-checkboxes.docx", 0.85},  // it writes boxes as [x]
        {"pdf/ar-right-to-left.pdf", 0.93},        // blanks beside Latin words
    };
    for (const Row& row : rows()) {
        const bool scan = row.behaviour.contains("image only");
        if (row.expected.empty() || !is_readable(row) || scan) continue;
        const auto document = parse(row.file);
        ASSERT_TRUE(document) << row.file << ": " << document.error().message;
        const auto expected = read_file(folder() / row.expected);
        ASSERT_TRUE(expected) << row.expected;
        const double share =
            recall(document->title + "\n" + text_of(*document), without_markup(*expected));
        const auto limit = lower.find(row.file);
        EXPECT_GE(share, limit == lower.end() ? 0.95 : limit->second) << row.file;
    }
}

// A reading of the page's text in the order of its columns puts these lines in this order.
TEST_F(CorpusTest, ColumnsAreReadOneAfterTheOther) {
    const auto document = parse("pdf/en-two-column-tracemonkey.pdf");
    ASSERT_TRUE(document);
    const std::string text = text_of(*document);
    std::size_t at = 0;
    for (const char* part : {
             "Dynamic languages such as JavaScript are more difficult to compile than statically",
             "compilers need to emit generic code that can handle all possible type combinations",
             "General Terms Design, Experimentation, Measurement, Performance.",
             "are used for small scripts as well as for complex applications",
             "Copyright c 2009 ACM",
             "and is used for the application logic of browser-based productivity applications",
             "Each compiled trace covers one path through the program",
             "2. Overview: Example Tracing Run",
             "3. Trace Trees",
             "9. Conclusions",
             "References",
         }) {
        const std::size_t found = text.find(part, at);
        ASSERT_NE(found, std::string::npos) << part;
        at = found;
    }
}

TEST_F(CorpusTest, TablesOfAChineseReportAreRows) {
    const auto document = parse("pdf/zh-company-report-22p.pdf");
    ASSERT_TRUE(document);
    const auto row = std::ranges::find_if(document->blocks, [](const auto& block) {
        return block.kind == documents::BlockKind::table_row && block.text.starts_with("总资产");
    });
    ASSERT_NE(row, document->blocks.end());
    EXPECT_TRUE(row->text.contains("298,608,889.04 | 306,236,911.04 | -2.49%")) << row->text;
    EXPECT_EQ(row->page, 3);
    ASSERT_TRUE(row->box);
    // As the page shows it: in the upper half, across most of its width.
    EXPECT_GT(row->box->top, 380);
    EXPECT_LT(row->box->bottom, 460);
    EXPECT_GT(row->box->right - row->box->left, 400);
    EXPECT_EQ(row->headings.back(), "一、主要会计数据和财务指标");
}

TEST_F(CorpusTest, EncodingsAreFound) {
    const auto law = parse("text/zh-labour-contract-law.gb18030.txt");
    ASSERT_TRUE(law);
    const auto expected =
        read_file(folder() / "expected/zh-labour-contract-law.gb18030.txt.utf8.txt");
    ASSERT_TRUE(expected);
    EXPECT_EQ(without_blanks(text_of(*law)), without_blanks(*expected));
    const auto big5 = parse("text/zh-big5.txt");
    ASSERT_TRUE(big5);
    EXPECT_TRUE(text_of(*big5).contains("維基大典")) << text_of(*big5);
}

TEST_F(CorpusTest, ChunksOfEveryFileKeepItsText) {
    for (const Row& row : rows()) {
        if (!is_readable(row) || kRefused.contains(row.file)) continue;
        const auto document = parse(row.file);
        ASSERT_TRUE(document);
        const auto chunks = documents::chunk_document(*document);
        std::string all;
        for (const auto& chunk : chunks) {
            EXPECT_TRUE(is_utf8(chunk.text)) << row.file;
            const bool row_or_record = documents::weighted_size(chunk.text) > 1500;
            if (row_or_record) {
                EXPECT_EQ(document->blocks[chunk.first_block].kind, documents::BlockKind::table_row)
                    << row.file;
            }
            all += chunk.text + "\n";
            for (const auto& heading : chunk.headings)
                all += heading + "\n";
        }
        EXPECT_GE(recall(all, text_of(*document)), 0.999) << row.file;
    }
}

}  // namespace
}  // namespace moat
