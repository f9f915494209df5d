#include "adapters/ooxml/package.h"

#include <vector>

namespace moat::adapters {
namespace {

std::string folder_of(std::string_view part) {
    const std::size_t slash = part.rfind('/');
    return slash == std::string_view::npos ? "" : std::string(part.substr(0, slash + 1));
}

// `target` as seen from a part in `folder`, without "." and "..".
std::string resolve(std::string_view folder, std::string_view target) {
    std::string path = target.starts_with('/') ? std::string(target.substr(1))
                                               : std::string(folder) + std::string(target);
    std::vector<std::string> steps;
    for (std::size_t at = 0; at <= path.size();) {
        const std::size_t slash = std::min(path.find('/', at), path.size());
        const std::string step = path.substr(at, slash - at);
        at = slash + 1;
        if (step == "..") {
            if (!steps.empty()) steps.pop_back();
        } else if (!step.empty() && step != ".") {
            steps.push_back(step);
        }
    }
    std::string out;
    for (const std::string& step : steps) {
        if (!out.empty()) out += '/';
        out += step;
    }
    return out;
}

}  // namespace

Result<Package> Package::open(BytesView data, std::size_t max_unpacked_bytes) {
    TRY_ASSIGN(ZipArchive archive, ZipArchive::open(data, max_unpacked_bytes));
    return Package(std::move(archive));
}

std::map<std::string, std::string> Package::related_parts(const std::string& part) {
    const std::string folder = folder_of(part);
    const std::string list = folder + "_rels/" + part.substr(folder.size()) + ".rels";
    std::map<std::string, std::string> related;
    const auto document = xml(list);
    if (!document) return related;
    for (const pugi::xml_node& relationship : document->document_element()) {
        if (attribute(relationship, "TargetMode") == "External") continue;
        const std::string_view type = attribute(relationship, "Type");
        const std::string_view word = type.substr(type.rfind('/') + 1);
        related.emplace(word, resolve(folder, attribute(relationship, "Target")));
    }
    return related;
}

Result<std::string> Package::main_part() {
    const auto related = related_parts("");
    const auto found = related.find("officeDocument");
    if (found != related.end() && contains(found->second)) return found->second;
    if (contains("word/document.xml")) return std::string("word/document.xml");
    return Error{ErrorCode::corrupt, "is damaged: it names no document part"};
}

}  // namespace moat::adapters
