#include "adapters/qpdf/pdf_parser.h"

#include <exception>
#include <map>

#include <fmt/format.h>

#include "adapters/qpdf/page_reader.h"
#include "adapters/qpdf/pdf_file.h"
#include "documents/characters.h"
#include "documents/document_builder.h"
#include "documents/format_registry.h"
#include "documents/page/page_assembler.h"
#include "documents/page/page_blocks.h"

namespace moat::adapters {
namespace {

using documents::DocumentBuilder;

constexpr std::size_t kMaxOutline = 20'000;
constexpr std::size_t kMaxHeaderOffset = 1024;
constexpr std::size_t kMaxPageRanges = 20;  // named in a warning

const Error kTooMuch{ErrorCode::too_large, "unpacks to more than its limit allows"};

Error damaged(std::string_view reason) {
    return {ErrorCode::corrupt, fmt::format("is a damaged PDF: {}", to_valid_utf8(reason))};
}

// Titles that programs make up: "Microsoft Word - plan.doc", "untitled", a file's name.
bool is_made_up(std::string_view title) {
    const std::string lower = documents::lower_ascii(title);
    if (lower.starts_with("microsoft ") || lower.starts_with("untitled") || lower.contains("\\"))
        return true;
    for (const std::string_view end :
         {".doc", ".docx", ".pdf", ".xls", ".xlsx", ".ppt", ".pptx", ".indd", ".tex", ".dvi"}) {
        if (lower.ends_with(end)) return true;
    }
    return false;
}

std::string title_of(const PdfFile& file) {
    const PdfObject title = file.trailer().get("Info").get("Title");
    std::string text = documents::clean_text(to_valid_utf8(title.text()));
    return is_made_up(text) ? "" : text;
}

std::vector<documents::OutlineEntry> read_outline(
    const PdfFile& file, const std::vector<PdfObject>& pages
) {
    std::map<std::uint64_t, int> numbers;
    for (std::size_t i = 0; i < pages.size(); ++i)
        numbers[pages[i].id()] = static_cast<int>(i) + 1;
    std::vector<documents::OutlineEntry> outline;
    for (const PdfOutlineEntry& entry : file.outline(kMaxOutline)) {
        const auto page = entry.page_id == 0 ? numbers.end() : numbers.find(entry.page_id);
        outline.push_back(
            {to_valid_utf8(entry.title), entry.level, page == numbers.end() ? 0 : page->second}
        );
    }
    return outline;
}

// Rising numbers, as "1-4, 9".
std::string name_pages(const std::vector<int>& pages) {
    std::string names;
    std::size_t ranges = 0;
    for (std::size_t i = 0; i < pages.size(); ++ranges) {
        std::size_t last = i;
        while (last + 1 < pages.size() && pages[last + 1] == pages[last] + 1)
            ++last;
        if (ranges == kMaxPageRanges) return names + " and more";
        if (ranges > 0) names += ", ";
        names +=
            last == i ? fmt::format("{}", pages[i]) : fmt::format("{}-{}", pages[i], pages[last]);
        i = last + 1;
    }
    return names;
}

class PdfReader {
  public:
    PdfReader(
        PdfFile& file, const documents::TextDecoder& decoder, const documents::ParseLimits& limits
    )
        : file_(file),
          decoder_(decoder),
          limits_(limits),
          fonts_(decoder, file),
          builder_("application/pdf", limits) {}

    // Throws UnpackedTooMuch, and what PdfFile throws.
    Result<documents::Document> read(std::string_view file_name) {
        const std::vector<PdfObject> pages = file_.pages();
        if (pages.size() > static_cast<std::size_t>(limits_.max_pages)) {
            return Error{
                ErrorCode::too_large, fmt::format("has more than {} pages", limits_.max_pages)
            };
        }
        if (pages.empty()) return Error{ErrorCode::corrupt, "has no pages"};
        builder_.set_title(title_of(file_));
        std::vector<documents::PageBlocks> blocks;
        for (std::size_t i = 0; i < pages.size(); ++i)
            blocks.push_back(read_one(pages[i], static_cast<int>(i) + 1));
        warn_about_textless(pages.size());
        TRY(documents::assemble_pages(std::move(blocks), read_outline(file_, pages), builder_));
        builder_.set_pages(static_cast<int>(pages.size()));
        documents::Document document = std::move(builder_).finish();
        if (document.title.empty()) document.title = documents::stem_of(file_name);
        return document;
    }

  private:
    documents::PageBlocks read_one(const PdfObject& page, int number) {
        documents::PageBlocks blocks{.number = number, .height = 0, .blocks = {}};
        try {
            const ReadPage read = read_page(page, number, fonts_, file_);
            blocks.height = read.glyphs.height;
            blocks.blocks = documents::find_blocks(read.glyphs);
            for (documents::PageBlock& block : blocks.blocks)
                fold(block);
            warn_about(read);
        } catch (const std::bad_alloc&) {
            throw;
        } catch (const std::exception&) {
            builder_.warn(fmt::format("page {} is damaged and was left out", number));
        }
        return blocks;
    }

    // Presentation forms are how text looks; search wants what it says.
    void fold(documents::PageBlock& block) const {
        block.text = decoder_.fold_presentation_forms(block.text);
        for (std::string& cell : block.cells)
            cell = decoder_.fold_presentation_forms(cell);
    }

    void warn_about(const ReadPage& read) {
        const int page = read.glyphs.number;
        if (read.undecodable > read.glyphs.glyphs.size()) {
            builder_.warn(
                fmt::format("page {} has text in fonts that do not say what they show", page)
            );
        } else if (read.glyphs.glyphs.empty()) {
            textless_.push_back(page);
        }
    }

    // A scan of many pages says so once.
    void warn_about_textless(std::size_t pages) {
        if (textless_.empty()) return;
        if (textless_.size() == pages) {
            builder_.warn(
                "the file has no text layer (a scan?): nothing in it can be found until "
                "it goes through OCR"
            );
        } else if (textless_.size() == 1) {
            builder_.warn(fmt::format("page {} has no text layer", textless_.front()));
        } else {
            builder_.warn(fmt::format("pages {} have no text layer", name_pages(textless_)));
        }
    }

    PdfFile& file_;
    const documents::TextDecoder& decoder_;
    const documents::ParseLimits& limits_;
    FontLibrary fonts_;
    DocumentBuilder builder_;
    std::vector<int> textless_;  // pages
};

}  // namespace

bool PdfParser::recognises(BytesView data) const {
    const std::string_view text = documents::trim(text_of(data));
    if (text.starts_with("%PDF-")) return text.data() < text_of(data).data() + kMaxHeaderOffset;
    // Readers accept what stands before the header. Text that speaks of it has no such end.
    return text_of(data).substr(0, kMaxHeaderOffset).contains("%PDF-") && text.ends_with("%%EOF");
}

Result<documents::Document> PdfParser::parse(
    BytesView data, std::string_view file_name, const documents::ParseLimits& limits
) const {
    try {
        PdfFile file(text_of(data), limits.max_unpacked_bytes);
        if (file.problem() == PdfFile::Problem::needs_password) {
            return Error{
                ErrorCode::unsupported,
                "is encrypted: it needs a password; save a copy without one and add that"
            };
        }
        if (file.problem() == PdfFile::Problem::damaged) return damaged(file.reason());
        return PdfReader(file, decoder_, limits).read(file_name);
    } catch (const UnpackedTooMuch&) {
        return kTooMuch;
    } catch (const std::bad_alloc&) {
        throw;  // told apart from a broken file by whoever set the limit
    } catch (const std::exception& error) {
        return damaged(error.what());
    }
}

}  // namespace moat::adapters
