#pragma once

#include <vector>

#include "adapters/gumbo/html_tree.h"
#include "adapters/gumbo/main_content.h"
#include "documents/document_builder.h"

namespace moat::adapters {

// Writes the content of a page as blocks. Threads: one at a time. Borrows: all it is given.
class HtmlBlocks final : public HtmlVisitor {
  public:
    HtmlBlocks(const MainContent& content, documents::DocumentBuilder& builder)
        : content_(content), builder_(builder) {}

    // Errors: too_large.
    Status run();

  private:
    struct List {
        bool numbered = false;
        int next_number = 1;
    };

    bool enter(const GumboNode& element) override;
    void leave(const GumboNode& element) override;
    void text(std::string_view text) override;
    bool finished() const override { return !status_; }

    void keep(Status status);
    void flush();
    void begin_item(const GumboNode& element);

    const MainContent& content_;
    documents::DocumentBuilder& builder_;
    Status status_ = Ok{};
    InlineText text_;
    std::vector<List> lists_;
    std::string item_mark_;  // "3. " of the item that begins
    int item_depth_ = 0;
    int preformatted_ = 0;
};

}  // namespace moat::adapters
