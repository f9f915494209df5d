#pragma once

#include <string>
#include <vector>

namespace moat::adapters {

// Writes small PDF files for tests: objects from 1 on, cross-reference table and trailer.
class TestPdf {
  public:
    // The number of the new object.
    int add(const std::string& body) {
        objects_.push_back(body);
        return static_cast<int>(objects_.size());
    }
    int add_stream(const std::string& dictionary, const std::string& data) {
        return add(
            "<<" + dictionary + "/Length " + std::to_string(data.size()) + ">>\nstream\n" + data +
            "\nendstream"
        );
    }
    // A page of US Letter size; `extra` goes into its dictionary.
    void add_page(
        const std::string& content, const std::string& resources, const std::string& extra = ""
    ) {
        const int stream = add_stream("", content);
        pages_.push_back(
            add("<</Type/Page/Parent 0 0 R/MediaBox[0 0 612 792]/Contents " +
                std::to_string(stream) + " 0 R/Resources<<" + resources + ">>" + extra + ">>")
        );
    }

    std::string bytes(const std::string& info = "") {
        std::string kids;
        for (const int page : pages_)
            kids += std::to_string(page) + " 0 R ";
        const int tree =
            add("<</Type/Pages/Count " + std::to_string(pages_.size()) + "/Kids[" + kids + "]>>");
        const int root = add("<</Type/Catalog/Pages " + std::to_string(tree) + " 0 R>>");
        const int information = add("<<" + info + ">>");
        std::string out = "%PDF-1.7\n";
        std::vector<std::size_t> offsets;
        for (std::size_t i = 0; i < objects_.size(); ++i) {
            offsets.push_back(out.size());
            out += std::to_string(i + 1) + " 0 obj\n" + objects_[i] + "\nendobj\n";
        }
        const std::size_t table = out.size();
        out += "xref\n0 " + std::to_string(offsets.size() + 1) + "\n0000000000 65535 f \n";
        for (const std::size_t offset : offsets) {
            const std::string digits = std::to_string(offset);
            out += std::string(10 - digits.size(), '0') + digits + " 00000 n \n";
        }
        out += "trailer\n<</Size " + std::to_string(offsets.size() + 1) + "/Root " +
               std::to_string(root) + " 0 R/Info " + std::to_string(information) +
               " 0 R>>\nstartxref\n" + std::to_string(table) + "\n%%EOF\n";
        return out;
    }

    // One page that shows `content` with Helvetica as /F1.
    static std::string with_helvetica(const std::string& content, const std::string& extra = "") {
        TestPdf pdf;
        const int font =
            pdf.add("<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>");
        pdf.add_page(content, "/Font<</F1 " + std::to_string(font) + " 0 R>>", extra);
        return pdf.bytes();
    }

  private:
    std::vector<std::string> objects_;
    std::vector<int> pages_;
};

}  // namespace moat::adapters
