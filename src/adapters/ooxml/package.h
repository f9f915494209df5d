#pragma once

#include <map>
#include <string>
#include <string_view>

#include "adapters/ooxml/xml.h"
#include "adapters/ooxml/zip_archive.h"

namespace moat::adapters {

// An Open Packaging package (ECMA-376 part 2): parts that point to each other by relationships.
// Threads: one at a time. Borrows: the bytes.
class Package {
  public:
    // Errors: corrupt.
    static Result<Package> open(BytesView data, std::size_t max_unpacked_bytes);

    // The part that the package names as its document. Errors: corrupt when there is none.
    Result<std::string> main_part();
    // Parts that `part` points to, by the last word of the relationship's type ("styles"). Targets
    // outside the package are left out. A missing or broken list gives none.
    std::map<std::string, std::string> related_parts(const std::string& part);
    // Errors: those of read_xml().
    Result<pugi::xml_document> xml(const std::string& part) { return read_xml(archive_, part); }
    bool contains(const std::string& part) const { return archive_.contains(part); }

  private:
    explicit Package(ZipArchive archive) : archive_(std::move(archive)) {}

    ZipArchive archive_;
};

}  // namespace moat::adapters
