#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gumbo.h>

namespace moat::adapters {

// A parsed HTML text and ways to look at its nodes. Depth costs no stack: hostile pages nest
// elements by the million, and gumbo's own clean-up recurses.
//
// Threads: one at a time. Borrows: the text.
class HtmlTree {
  public:
    explicit HtmlTree(std::string_view html);
    ~HtmlTree();
    HtmlTree(const HtmlTree&) = delete;
    HtmlTree& operator=(const HtmlTree&) = delete;

    const GumboNode* root() const { return output_->root; }

  private:
    GumboOutput* output_;
};

// Visits the tree below and with `node`, without recursion. `enter` says whether to go into an
// element; `leave` follows for every element that was gone into.
class HtmlVisitor {
  public:
    virtual ~HtmlVisitor() = default;
    virtual bool enter(const GumboNode& element) = 0;
    virtual void leave(const GumboNode& element) = 0;
    virtual void text(std::string_view text) = 0;
    // Asked after each node: true ends the visit.
    virtual bool finished() const { return false; }

    void visit(const GumboNode& node);
};

bool is_element(const GumboNode& node);
bool is_element(const GumboNode& node, GumboTag tag);
// Empty for an absent attribute.
std::string_view attribute(const GumboNode& element, const char* name);
bool has_attribute(const GumboNode& element, const char* name);
std::vector<const GumboNode*> children_of(const GumboNode& element);

// Collects inline text the way a browser shows it: runs of white space are one blank, and a line
// end between two CJK characters is none.
class InlineText {
  public:
    void append(std::string_view raw);
    void append_preformatted(std::string_view raw);
    void line_break();
    bool blank() const;
    // The text so far; starts anew.
    std::string take();

  private:
    enum class Gap { none, blank, line };

    std::string text_;
    Gap gap_ = Gap::none;
};

// Text of everything below the node that is shown as text.
std::string inner_text(const GumboNode& node);

// script, style, template ...: elements whose content is never shown.
bool is_never_shown(GumboTag tag);

}  // namespace moat::adapters
