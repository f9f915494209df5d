#include "adapters/gumbo/html_tree.h"

#include <cstdlib>

#include "documents/characters.h"

namespace moat::adapters {
namespace {

GumboVector* child_vector(GumboNode& node) {
    switch (node.type) {
        case GUMBO_NODE_DOCUMENT:
            return &node.v.document.children;
        case GUMBO_NODE_ELEMENT:
        case GUMBO_NODE_TEMPLATE:
            return &node.v.element.children;
        default:
            return nullptr;
    }
}

// Hangs every node directly below the document, so that the recursion of gumbo_destroy_output()
// is one level deep.
void flatten(GumboNode& document) {
    std::vector<GumboNode*> nodes;
    const auto take_children = [&nodes](GumboVector& children) {
        for (unsigned i = 0; i < children.length; ++i)
            nodes.push_back(static_cast<GumboNode*>(children.data[i]));
        children.length = 0;
    };
    take_children(document.v.document.children);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (GumboVector* children = child_vector(*nodes[i])) take_children(*children);
    }
    GumboVector& top = document.v.document.children;
    void* data = std::realloc(top.data, nodes.size() * sizeof(void*));  // gumbo frees it by free()
    if (data == nullptr) return;
    top.data = static_cast<void**>(data);
    top.length = static_cast<unsigned>(nodes.size());
    top.capacity = top.length;
    for (std::size_t i = 0; i < nodes.size(); ++i)
        top.data[i] = nodes[i];
}

class TextCollector final : public HtmlVisitor {
  public:
    bool enter(const GumboNode& element) override {
        if (is_never_shown(element.v.element.tag)) return false;
        if (element.v.element.tag == GUMBO_TAG_BR) collected.line_break();
        return true;
    }
    void leave(const GumboNode& element) override {
        const GumboTag tag = element.v.element.tag;
        const bool block = tag == GUMBO_TAG_P || tag == GUMBO_TAG_DIV || tag == GUMBO_TAG_LI;
        if (block) collected.line_break();
    }
    void text(std::string_view text) override { collected.append(text); }

    InlineText collected;
};

}  // namespace

HtmlTree::HtmlTree(std::string_view html) {
    GumboOptions options = kGumboDefaultOptions;
    options.max_errors = 0;  // nobody reads them, and a broken page has millions
    output_ = gumbo_parse_with_options(&options, html.data(), html.size());
}

HtmlTree::~HtmlTree() {
    flatten(*output_->document);
    gumbo_destroy_output(&kGumboDefaultOptions, output_);
}

void HtmlVisitor::visit(const GumboNode& node) {
    struct Open {
        const GumboNode* element;
        unsigned next;
    };
    std::vector<Open> open;
    const auto begin = [&](const GumboNode& child) {
        if (is_element(child)) {
            if (enter(child)) open.push_back({&child, 0});
        } else if (child.type == GUMBO_NODE_TEXT || child.type == GUMBO_NODE_WHITESPACE ||
                   child.type == GUMBO_NODE_CDATA) {
            text(child.v.text.text);
        }
    };
    begin(node);
    while (!open.empty() && !finished()) {
        Open& top = open.back();
        const GumboVector& children = top.element->v.element.children;
        if (top.next < children.length) {
            begin(*static_cast<const GumboNode*>(children.data[top.next++]));
        } else {
            const GumboNode& element = *top.element;
            open.pop_back();
            leave(element);
        }
    }
}

bool is_element(const GumboNode& node) {
    return node.type == GUMBO_NODE_ELEMENT || node.type == GUMBO_NODE_TEMPLATE;
}

bool is_element(const GumboNode& node, GumboTag tag) {
    return is_element(node) && node.v.element.tag == tag;
}

std::string_view attribute(const GumboNode& element, const char* name) {
    const GumboAttribute* found = gumbo_get_attribute(&element.v.element.attributes, name);
    return found == nullptr ? std::string_view() : std::string_view(found->value);
}

bool has_attribute(const GumboNode& element, const char* name) {
    return gumbo_get_attribute(&element.v.element.attributes, name) != nullptr;
}

std::vector<const GumboNode*> children_of(const GumboNode& element) {
    const GumboVector& children = element.v.element.children;
    std::vector<const GumboNode*> out(children.length);
    for (unsigned i = 0; i < children.length; ++i)
        out[i] = static_cast<const GumboNode*>(children.data[i]);
    return out;
}

void InlineText::append(std::string_view raw) {
    for (std::size_t at = 0; at < raw.size();) {
        const std::size_t begin = at;
        const char32_t c = documents::next_character(raw, at);
        if (documents::is_space(c)) {
            const bool line = c == '\n' || c == '\r';
            if (gap_ != Gap::line) gap_ = line ? Gap::line : Gap::blank;
            continue;
        }
        if (gap_ != Gap::none && !text_.empty() && !text_.ends_with('\n')) {
            const char32_t last = documents::previous_character(text_, text_.size());
            const bool joined =
                gap_ == Gap::line && documents::is_cjk(last) && documents::is_cjk(c);
            if (!joined) text_ += ' ';
        }
        gap_ = Gap::none;
        text_ += raw.substr(begin, at - begin);
    }
}

void InlineText::append_preformatted(std::string_view raw) {
    text_ += raw;
    gap_ = Gap::none;
}

void InlineText::line_break() {
    if (!text_.empty()) text_ += '\n';
    gap_ = Gap::none;
}

bool InlineText::blank() const {
    return documents::trim(text_).empty();
}

std::string InlineText::take() {
    std::string out = std::move(text_);
    text_.clear();
    gap_ = Gap::none;
    return out;
}

std::string inner_text(const GumboNode& node) {
    TextCollector collector;
    collector.visit(node);
    return collector.collected.take();
}

bool is_never_shown(GumboTag tag) {
    switch (tag) {
        case GUMBO_TAG_SCRIPT:
        case GUMBO_TAG_STYLE:
        case GUMBO_TAG_TEMPLATE:
        case GUMBO_TAG_NOSCRIPT:
        case GUMBO_TAG_HEAD:
        case GUMBO_TAG_IFRAME:
        case GUMBO_TAG_OBJECT:
        case GUMBO_TAG_EMBED:
        case GUMBO_TAG_SVG:
        case GUMBO_TAG_MATH:
        case GUMBO_TAG_CANVAS:
        case GUMBO_TAG_SELECT:
        case GUMBO_TAG_BUTTON:
        case GUMBO_TAG_INPUT:
        case GUMBO_TAG_TEXTAREA:
            return true;
        default:
            return false;
    }
}

}  // namespace moat::adapters
