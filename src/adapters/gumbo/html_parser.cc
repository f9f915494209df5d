#include "adapters/gumbo/html_parser.h"

#include <algorithm>

#include <fmt/format.h>

#include "adapters/gumbo/html_blocks.h"
#include "adapters/gumbo/html_tree.h"
#include "adapters/gumbo/main_content.h"
#include "documents/characters.h"
#include "documents/document_builder.h"
#include "documents/format_registry.h"

namespace moat::adapters {
namespace {

constexpr std::size_t kHeadBytes = 4096;
constexpr std::size_t kMaxInput = std::size_t{1} << 31U;

// The label behind "charset=" in the first bytes, as in <meta charset="gbk">.
std::string declared_charset(std::string_view text) {
    const std::string head = documents::lower_ascii(text.substr(0, kHeadBytes));
    std::size_t at = head.find("charset");
    if (at == std::string::npos) return "";
    at = head.find_first_not_of(" \t\r\n='\"", at + 7);
    if (at == std::string::npos) return "";
    const std::size_t end = head.find_first_of(" \t\r\n'\";/>", at);
    return head.substr(at, std::min<std::size_t>(end - at, 40));
}

// ASCII letters only, zero bytes taken out: good enough to find a tag in UTF-16.
std::string ascii_head(BytesView data) {
    std::string head;
    for (const char c : text_of(data).substr(0, kHeadBytes)) {
        if (static_cast<unsigned char>(c) < 0x80 && c != '\0') head += c;
    }
    return documents::lower_ascii(documents::trim(head));
}

std::string page_title(const GumboNode& root) {
    for (const GumboNode* child : children_of(root)) {
        if (!is_element(*child, GUMBO_TAG_HEAD)) continue;
        for (const GumboNode* inner : children_of(*child)) {
            if (is_element(*inner, GUMBO_TAG_TITLE)) return inner_text(*inner);
        }
    }
    return "";
}

// The first <h1> of the page; null when there is none.
const GumboNode* first_headline(const GumboNode& root) {
    class Finder final : public HtmlVisitor {
      public:
        bool enter(const GumboNode& element) override {
            if (is_element(element, GUMBO_TAG_H1)) found = &element;
            return found == nullptr && !is_never_shown(element.v.element.tag);
        }
        void leave(const GumboNode&) override {}
        void text(std::string_view) override {}
        bool finished() const override { return found != nullptr; }

        const GumboNode* found = nullptr;
    };
    Finder finder;
    finder.visit(root);
    return finder.found;
}

bool is_below(const GumboNode& node, const GumboNode& ancestor) {
    for (const GumboNode* up = &node; up != nullptr; up = up->parent) {
        if (up == &ancestor) return true;
    }
    return false;
}

}  // namespace

bool HtmlParser::recognises(BytesView data) const {
    std::string_view head;
    const std::string text = ascii_head(data);
    head = text;
    // An XML declaration or comments may come first.
    while (head.starts_with("<?xml") || head.starts_with("<!--")) {
        const std::string_view end = head.starts_with("<?xml") ? "?>" : "-->";
        const std::size_t at = head.find(end);
        if (at == std::string_view::npos) return false;
        head = documents::trim(head.substr(at + end.size()));
    }
    return head.starts_with("<!doctype html") || head.starts_with("<html>") ||
           head.starts_with("<html ");
}

Result<documents::Document> HtmlParser::parse(
    BytesView data, std::string_view file_name, const documents::ParseLimits& limits
) const {
    if (data.size() > kMaxInput) return Error{ErrorCode::too_large, "is over 2 GB"};
    TRY_ASSIGN(
        const documents::DecodedText decoded, decoder_.decode(data, declared_charset(text_of(data)))
    );
    documents::DocumentBuilder builder("text/html", limits);
    if (decoded.lossy)
        builder.warn(fmt::format("some bytes are no valid {} and were replaced", decoded.encoding));
    const HtmlTree tree(decoded.text);
    const std::string title = page_title(*tree.root());
    const MainContent content(tree);
    // A page's title is often "headline - site"; its headline often stands outside the text.
    if (const GumboNode* headline = first_headline(*tree.root()); headline != nullptr) {
        const std::string text = documents::clean_text(inner_text(*headline));
        if (!text.empty() && title.starts_with(text)) {
            builder.set_title(text);
            if (!is_below(*headline, content.root())) TRY(builder.add_heading(1, text));
        }
    }
    builder.set_title(title);
    TRY(HtmlBlocks(content, builder).run());
    documents::Document document = std::move(builder).finish();
    if (document.title.empty()) document.title = documents::stem_of(file_name);
    return document;
}

}  // namespace moat::adapters
