#include "knowledge/names.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.h"

namespace moat::knowledge {
namespace {

constexpr std::size_t kMaxBaseName = 100;
constexpr std::size_t kMaxDocumentName = 1000;

bool has_control(std::string_view text) {
    return std::ranges::any_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7F;
    });
}

Error invalid(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

bool has_parent_part(std::string_view path) {
    while (true) {
        const std::size_t slash = path.find('/');
        if (path.substr(0, slash) == "..") return true;
        if (slash == std::string_view::npos) return false;
        path.remove_prefix(slash + 1);
    }
}

}  // namespace

Status check_base_name(std::string_view name) {
    if (name.empty()) return invalid("the name of a knowledge base must not be empty");
    if (name.size() > kMaxBaseName)
        return invalid(
            fmt::format("the name of a knowledge base may have at most {} bytes", kMaxBaseName)
        );
    const bool bad = !is_utf8(name) || has_control(name) ||
                     name.find_first_of("/\\") != std::string_view::npos || name == "." ||
                     name == ".." || name.front() == ' ' || name.back() == ' ';
    if (bad)
        return invalid(
            "the name of a knowledge base must be UTF-8 without slashes, control characters or "
            "spaces at its ends"
        );
    return Ok{};
}

Result<std::string> check_document_name(std::string_view name) {
    if (!is_utf8(name) || has_control(name))
        return invalid("the name of a document must be UTF-8 without control characters");
    std::string path(name);
    std::ranges::replace(path, '\\', '/');
    while (path.starts_with('/') || path.starts_with("./"))
        path.erase(0, path.front() == '/' ? 1 : 2);
    if (path.empty()) return invalid("a document needs a name: give it as ?name=path/in/kb.md");
    if (path.size() > kMaxDocumentName)
        return invalid(
            fmt::format("the name of a document may have at most {} bytes", kMaxDocumentName)
        );
    if (has_parent_part(path)) return invalid("the name of a document must not contain \"..\"");
    return path;
}

std::string quoted_for_people(std::string_view name) {
    std::string text = to_valid_utf8(name);
    std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
    return "\"" + std::string(utf8_prefix(text, 200)) + "\"";
}

}  // namespace moat::knowledge
