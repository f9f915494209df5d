#include "adapters/ooxml/docx_parser.h"

#include <map>

#include <gtest/gtest.h>
#include <zip.h>

#include "base/check.h"

namespace moat::adapters {
namespace {

using documents::BlockKind;
using Blocks = std::vector<std::pair<BlockKind, std::string>>;
using Members = std::map<std::string, std::string>;

// A ZIP archive of these members.
std::string packed(const Members& members) {
    zip_source_t* memory = zip_source_buffer_create(nullptr, 0, 0, nullptr);
    zip_source_keep(memory);
    zip_t* archive = zip_open_from_source(memory, ZIP_CREATE, nullptr);
    for (const auto& [name, content] : members) {
        zip_source_t* source = zip_source_buffer(archive, content.data(), content.size(), 0);
        CHECK(zip_file_add(archive, name.c_str(), source, ZIP_FL_ENC_UTF_8) >= 0);
    }
    CHECK(zip_close(archive) == 0);
    zip_stat_t info;
    zip_source_stat(memory, &info);
    std::string out(info.size, '\0');
    zip_source_open(memory);
    CHECK(zip_source_read(memory, out.data(), out.size()) == static_cast<zip_int64_t>(out.size()));
    zip_source_close(memory);
    zip_source_free(memory);
    return out;
}

constexpr const char* kRelationships =
    "<Relationships><Relationship Id='1' Type='http://x/officeDocument' "
    "Target='word/document.xml'/></Relationships>";

std::string document_xml(const std::string& body) {
    return "<w:document xmlns:w='w' xmlns:mc='mc'><w:body>" + body + "</w:body></w:document>";
}

std::string paragraph(const std::string& text, const std::string& properties = "") {
    return "<w:p><w:pPr>" + properties + "</w:pPr><w:r><w:t>" + text + "</w:t></w:r></w:p>";
}

Members members_of(const std::string& body) {
    return {{"_rels/.rels", kRelationships}, {"word/document.xml", document_xml(body)}};
}

Result<documents::Document> parse(
    const Members& members, const documents::ParseLimits& limits = {}
) {
    const std::string file = packed(members);
    return DocxParser().parse(bytes_of(file), "a.docx", limits);
}

Blocks blocks_of(const Members& members) {
    const auto document = parse(members);
    EXPECT_TRUE(document) << document.error().message;
    Blocks out;
    if (!document) return out;
    for (const auto& block : document->blocks)
        out.emplace_back(block.kind, block.text);
    return out;
}

TEST(DocxParser, HeadingsComeFromStylesAndOutlineLevels) {
    Members members = members_of(
        paragraph("Report", "<w:pStyle w:val='T'/>") +
        paragraph("Scope", "<w:pStyle w:val='H2'/>") + paragraph("Text") +
        paragraph("Deep", "<w:outlineLvl w:val='3'/>") + paragraph("第二章 职责") +
        paragraph("Body", "<w:pStyle w:val='H2'/><w:outlineLvl w:val='9'/>")
    );
    members["word/_rels/document.xml.rels"] =
        "<Relationships><Relationship Type='http://x/styles' Target='styles.xml'/></Relationships>";
    members["word/styles.xml"] =
        "<w:styles xmlns:w='w'>"
        "<w:style w:styleId='T'><w:name w:val='Title'/></w:style>"
        "<w:style w:styleId='Base'><w:name w:val='heading 2'/></w:style>"
        "<w:style w:styleId='H2'><w:name w:val='Mine'/><w:basedOn w:val='Base'/></w:style>"
        "</w:styles>";
    const auto document = parse(members);
    ASSERT_TRUE(document) << document.error().message;
    EXPECT_EQ(document->title, "Report");
    std::vector<int> levels;
    for (const auto& block : document->blocks)
        levels.push_back(block.level);
    EXPECT_EQ(levels, (std::vector<int>{1, 2, 0, 4, 2, 0}));
    EXPECT_EQ(document->blocks[2].headings, (std::vector<std::string>{"Report", "Scope"}));
}

TEST(DocxParser, ListsCarryTheirNumbers) {
    Members members = members_of(
        paragraph("first", "<w:numPr><w:ilvl w:val='0'/><w:numId w:val='1'/></w:numPr>") +
        paragraph("second", "<w:numPr><w:ilvl w:val='0'/><w:numId w:val='1'/></w:numPr>")
    );
    members["word/_rels/document.xml.rels"] =
        "<Relationships><Relationship Type='http://x/numbering' Target='/word/numbering.xml'/>"
        "</Relationships>";
    members["word/numbering.xml"] =
        "<w:numbering xmlns:w='w'><w:abstractNum w:abstractNumId='0'><w:lvl w:ilvl='0'>"
        "<w:numFmt w:val='chineseCounting'/><w:lvlText w:val='（%1）'/></w:lvl></w:abstractNum>"
        "<w:num w:numId='1'><w:abstractNumId w:val='0'/></w:num></w:numbering>";
    EXPECT_EQ(
        blocks_of(members),
        (Blocks{{BlockKind::list_item, "（一） first"}, {BlockKind::list_item, "（二） second"}})
    );
}

TEST(DocxParser, TextIsWhatAReaderSees) {
    EXPECT_EQ(
        blocks_of(members_of(
            "<w:p><w:r><w:t>kept </w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"
            "<w:ins><w:r><w:t>new</w:t></w:r></w:ins>"
            "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>"
            "<w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:br/><w:t>line &amp; more</w:t></w:r>"
            "<mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r><w:t>box</w:t></w:r></w:p>"
            "</w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent><w:p><w:r><w:t>box</w:t></w:r>"
            "</w:p></w:txbxContent></mc:Fallback></mc:AlternateContent></w:p>"
        )),
        (Blocks{{BlockKind::paragraph, "kept new\nline & more"}, {BlockKind::paragraph, "box"}})
    );
}

TEST(DocxParser, TablesAreRowsWithTheirSpans) {
    const std::string table =
        "<w:tbl><w:tr><w:tc>" + paragraph("City") +
        "</w:tc><w:tc><w:tcPr><w:gridSpan w:val='2'/>"
        "</w:tcPr>" +
        paragraph("Days") +
        "</w:tc></w:tr>"
        "<w:tr><w:tc><w:tcPr><w:vMerge w:val='restart'/></w:tcPr>" +
        paragraph("北京") + "</w:tc><w:tc>" + paragraph("1") + "</w:tc><w:tc>" + paragraph("2") +
        "</w:tc></w:tr>"
        "<w:tr><w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p/></w:tc><w:tc>" +
        paragraph("3") + "</w:tc><w:tc>" + paragraph("4") + "</w:tc></w:tr></w:tbl>";
    EXPECT_EQ(
        blocks_of(members_of(table)),
        (Blocks{
            {BlockKind::table_row, "City | Days |"},
            {BlockKind::table_row, "北京 | 1 | 2"},
            {BlockKind::table_row, "北京 | 3 | 4"}
        })
    );
    EXPECT_EQ(
        blocks_of(members_of(
            "<w:tbl><w:tr><w:tc>" + paragraph("a") + paragraph("b") + "</w:tc></w:tr></w:tbl>"
        )),
        (Blocks{{BlockKind::paragraph, "a"}, {BlockKind::paragraph, "b"}})
    );
}

TEST(DocxParser, FootnotesFollowTheirParagraph) {
    Members members = members_of(
        "<w:p><w:r><w:t>Claim.</w:t><w:footnoteReference w:id='2'/></w:r></w:p>" +
        paragraph("Next.")
    );
    members["word/_rels/document.xml.rels"] =
        "<Relationships><Relationship Type='http://x/footnotes' Target='footnotes.xml'/>"
        "</Relationships>";
    members["word/footnotes.xml"] =
        "<w:footnotes xmlns:w='w'><w:footnote w:type='separator' w:id='0'/>"
        "<w:footnote w:id='2'>" +
        paragraph("Evidence.") + "</w:footnote></w:footnotes>";
    EXPECT_EQ(
        blocks_of(members),
        (Blocks{
            {BlockKind::paragraph, "Claim."},
            {BlockKind::paragraph, "Evidence."},
            {BlockKind::paragraph, "Next."}
        })
    );
}

TEST(DocxParser, ADoctypeIsRefusedAndNeverExpanded) {
    Members members = members_of("");
    members["word/document.xml"] =
        "<!DOCTYPE d [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>" + document_xml(paragraph("&e;"));
    const auto document = parse(members);
    ASSERT_FALSE(document);
    EXPECT_EQ(document.error().code, ErrorCode::unsupported);
}

TEST(DocxParser, AZipBombEndsAtTheBudget) {
    const auto document =
        parse(members_of(paragraph(std::string(5 << 20, 'x'))), {.max_unpacked_bytes = 1 << 20});
    ASSERT_FALSE(document);
    EXPECT_EQ(document.error().code, ErrorCode::too_large);
}

TEST(DocxParser, DeepNestingIsLeftOutAndSaidSo) {
    std::string body;
    for (int i = 0; i < 5000; ++i)
        body += "<w:sdt><w:sdtContent>";
    body += paragraph("deep");
    for (int i = 0; i < 5000; ++i)
        body += "</w:sdtContent></w:sdt>";
    const auto document = parse(members_of(paragraph("top") + body));
    ASSERT_TRUE(document) << document.error().message;
    EXPECT_EQ(document->blocks.size(), 1U);
    EXPECT_EQ(document->warnings.size(), 1U);
}

TEST(DocxParser, DamagedAndForeignFilesGetAClearError) {
    std::string file = packed(members_of(paragraph("text")));
    EXPECT_TRUE(DocxParser().recognises(bytes_of(file)));
    file.resize(file.size() / 2);
    EXPECT_EQ(DocxParser().parse(bytes_of(file), "a.docx", {}).error().code, ErrorCode::corrupt);
    EXPECT_EQ(DocxParser().parse(bytes_of("plain"), "a.docx", {}).error().code, ErrorCode::corrupt);
    EXPECT_EQ(parse({{"x", "y"}}).error().code, ErrorCode::corrupt);
    Members broken = members_of("");
    broken["word/document.xml"] = "<w:document><w:body><w:p>";
    EXPECT_EQ(parse(broken).error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace moat::adapters
