// What codes and names stand for, without a PDF file around.

#include <gtest/gtest.h>

#include "adapters/qpdf/cid_codes.h"
#include "adapters/qpdf/cmap.h"
#include "adapters/qpdf/predefined_cmap.h"
#include "adapters/qpdf/simple_encoding.h"
#include "adapters/qpdf/standard_widths.h"
#include "adapters/qpdf/truetype_cmap.h"

namespace moat::adapters {
namespace {

// ISO 32000-1, annex D.2 (octal codes there).
TEST(NamedEncoding, FollowsTheTablesOfTheStandard) {
    const SimpleEncoding standard = named_encoding("StandardEncoding");
    const SimpleEncoding mac = named_encoding("MacRomanEncoding");
    const SimpleEncoding windows = named_encoding("WinAnsiEncoding");
    EXPECT_EQ(standard[0341], "Æ");
    EXPECT_EQ(mac[0256], "Æ");
    EXPECT_EQ(windows[0306], "Æ");
    EXPECT_EQ(standard[0256], "ﬁ");
    EXPECT_EQ(mac[0336], "ﬁ");
    EXPECT_EQ(standard[0267], "•");
    EXPECT_EQ(windows[0225], "•");
    EXPECT_EQ(mac[0245], "•");
    EXPECT_EQ(standard[047], "’");
    EXPECT_EQ(windows[047], "'");
    EXPECT_EQ(mac[0333], "€");
    EXPECT_EQ(windows[0200], "€");
    EXPECT_EQ(standard[0373], "ß");
    EXPECT_EQ(mac[0377], "ˇ");
    EXPECT_EQ(standard[0240], "");
}

// ISO 32000-1, annexes D.5 and D.6.
TEST(NamedEncoding, SymbolFontsHaveTheirOwn) {
    EXPECT_EQ(symbol_encoding()[0141], "α");
    EXPECT_EQ(symbol_encoding()[0127], "Ω");
    EXPECT_EQ(symbol_encoding()[0245], "∞");
    EXPECT_EQ(symbol_encoding()[0345], "∑");
    EXPECT_EQ(dingbats_encoding()[0x33], "✓");
    EXPECT_EQ(dingbats_encoding()[0x6E], "■");
}

// Adobe Glyph List Specification, section 2.
TEST(GlyphText, FollowsTheRulesForNames) {
    EXPECT_EQ(glyph_text("A"), "A");
    EXPECT_EQ(glyph_text("quoteright"), "’");
    EXPECT_EQ(glyph_text("eacute"), "e\u0301");
    EXPECT_EQ(
        glyph_text("Lcommaaccent_uni20AC0308_u1040C.alternate"), "L\u0326\u20AC\u0308\U0001040C"
    );
    EXPECT_EQ(glyph_text("f_f_i"), "ffi");
    EXPECT_EQ(glyph_text("a.sc"), "a");
    EXPECT_EQ(glyph_text("g42"), "");
    EXPECT_EQ(glyph_text("uniXYZ1"), "");
    EXPECT_EQ(glyph_text(""), "");
    EXPECT_EQ(glyph_text("____"), "");
}

// The example of ISO 32000-1, 9.10.3.
TEST(CMap, ReadsTheExampleOfTheStandard) {
    const CMap map(
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        "/CMapType 2 def 1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
        "2 beginbfrange <0000> <005E> <0020>\n"
        "<005F> <0061> [<00660066> <00660069> <00660066006C>] endbfrange\n"
        "1 beginbfchar <3A51> <D840DC3E> endbfchar\n"
        "endcmap CMapName currentdict /CMap defineresource pop end end"
    );
    EXPECT_EQ(map.unicode(0x0000), " ");
    EXPECT_EQ(map.unicode(0x0021), "A");
    EXPECT_EQ(map.unicode(0x005E), "~");
    EXPECT_EQ(map.unicode(0x005F), "ff");
    EXPECT_EQ(map.unicode(0x0061), "ffl");
    EXPECT_EQ(map.unicode(0x3A51), "\U0002003E");
    EXPECT_EQ(map.unicode(0x0062), "");
    EXPECT_EQ(map.next_code("\x3A\x51x").value, 0x3A51U);
    EXPECT_EQ(map.next_code("\x3A\x51x").length, 2);
}

TEST(CMap, CodesOfMixedLengthAndCids) {
    const CMap map(
        "/WMode 1 def 2 begincodespacerange <00> <80> <8140> <9FFC> endcodespacerange\n"
        "1 begincidrange <20> <7E> 231 endcidrange 1 begincidchar <8140> 633 endcidchar"
    );
    EXPECT_EQ(map.next_code("\x41\x81\x40").length, 1);
    EXPECT_EQ(map.next_code("\x81\x40").value, 0x8140U);
    EXPECT_EQ(map.cid(0x21), 232U);
    EXPECT_EQ(map.cid(0x8140), 633U);
    EXPECT_FALSE(map.cid(0x8141));
    EXPECT_TRUE(map.vertical());
}

TEST(CMap, HostileRangesStaySmall) {
    const CMap map("1 beginbfrange <00000000> <FFFFFFFF> <0041> endbfrange");
    EXPECT_EQ(map.unicode(1), "B");
    EXPECT_EQ(CMap("beginbfrange <01> <05> [").unicode(1), "");
}

TEST(PredefinedCMap, CutsCodesAsTheirEncodingsDo) {
    const auto gbk = find_predefined_cmap("GBK-EUC-H");
    ASSERT_TRUE(gbk);
    EXPECT_EQ(gbk->next_code("a\xB0\xA1").length, 1);
    EXPECT_EQ(gbk->next_code("\xB0\xA1").value, 0xB0A1U);
    EXPECT_FALSE(gbk->vertical);
    EXPECT_EQ(find_predefined_cmap("GBK2K-V")->next_code("\x81\x30\x81\x30").length, 4);
    EXPECT_TRUE(find_predefined_cmap("GBK2K-V")->vertical);
    EXPECT_EQ(find_predefined_cmap("90ms-RKSJ-H")->next_code("\xB1").length, 1);
    EXPECT_EQ(find_predefined_cmap("UniGB-UTF16-H")->next_code("\xD8\x40\xDC\x3E").length, 4);
    EXPECT_EQ(find_predefined_cmap("H")->bytes_of("\x30\x21"), "\xB0\xA1");
    EXPECT_TRUE(find_predefined_cmap("V")->vertical);
    EXPECT_FALSE(find_predefined_cmap("Identity-H"));
}

// Values of the registered CMaps GB-EUC-H, EUC-H, EUC-V, KSC-EUC-H, B5pc-H.
TEST(CodeOfCid, FollowsTheRegisteredOrder) {
    EXPECT_EQ(code_of_cid("GB1", 940)->bytes, "\xB0\xA1");
    EXPECT_EQ(code_of_cid("GB1", 4606)->bytes, "\xD7\xA1");
    EXPECT_EQ(code_of_cid("GB1", 4695)->bytes, "\xD8\xA1");
    EXPECT_EQ(code_of_cid("GB1", 7609)->bytes, "\xF7\xA1");
    EXPECT_EQ(code_of_cid("GB1", 34)->bytes, "A");
    EXPECT_EQ(code_of_cid("Japan1", 1219)->bytes, "\xB1\xA1");
    EXPECT_EQ(code_of_cid("Japan1", 4039)->bytes, "\xCF\xA1");
    EXPECT_EQ(code_of_cid("Japan1", 7380)->bytes, "\xF3\xA1");
    EXPECT_EQ(code_of_cid("Japan1", 7887)->bytes, "\xA1\xA2");
    EXPECT_EQ(code_of_cid("Korea1", 3342)->bytes, "\xC8\xA1");
    EXPECT_EQ(code_of_cid("CNS1", 2070)->bytes, "\xAD\xA1");
    EXPECT_EQ(code_of_cid("CNS1", 4678)->bytes, "\xBE\x40");
    EXPECT_EQ(code_of_cid("CNS1", 5933)->bytes, "\xC6\x40");
    EXPECT_FALSE(code_of_cid("GB1", 30000));
    EXPECT_FALSE(code_of_cid("Identity", 940));
}

// Adobe's published metrics.
TEST(StandardWidth, KnowsTheThreeFamilies) {
    EXPECT_EQ(standard_width("Helvetica-Bold", 'i'), 222);
    EXPECT_EQ(standard_width("Times-Roman", 'm'), 778);
    EXPECT_EQ(standard_width("Courier", 'm'), 600);
}

TEST(CharactersOfGlyphs, ReadsSegmentsOfTheBasicPlane) {
    // A font of one table, a cmap with one format 4 subtable: U+0041..U+0043 -> glyphs 5..7.
    const auto u16 = [](unsigned v) {
        return std::string{static_cast<char>(v >> 8U), static_cast<char>(v & 0xFFU)};
    };
    const auto u32 = [&](unsigned v) { return u16(v >> 16U) + u16(v & 0xFFFFU); };
    const std::string subtable = u16(4) + u16(32) + u16(0) + u16(4) + u16(4) + u16(1) + u16(0) +
                                 u16(0x43) + u16(0xFFFF) + u16(0) + u16(0x41) + u16(0xFFFF) +
                                 u16((5U - 0x41U) & 0xFFFFU) + u16(1) + u16(0) + u16(0);
    const std::string cmap = u16(0) + u16(1) + u16(3) + u16(1) + u32(12) + subtable;
    const std::string font = u32(0x00010000) + u16(1) + u16(16) + u16(0) + u16(0) + "cmap" +
                             u32(0) + u32(28) + u32(static_cast<unsigned>(cmap.size())) + cmap;
    const auto map = characters_of_glyphs(font);
    ASSERT_EQ(map.size(), 3U);
    EXPECT_EQ(map.at(5), U'A');
    EXPECT_EQ(map.at(7), U'C');
    for (std::size_t size = 0; size < font.size(); ++size)
        (void)characters_of_glyphs(std::string_view(font).substr(0, size));
}

}  // namespace
}  // namespace moat::adapters
