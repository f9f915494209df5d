#include "documents/format_registry.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "documents/characters.h"
#include "documents/foreign_formats.h"

namespace moat::documents {
namespace {

std::string_view last_component(std::string_view file_name) {
    const std::size_t slash = file_name.find_last_of("/\\");
    return slash == std::string_view::npos ? file_name : file_name.substr(slash + 1);
}

}  // namespace

std::string extension_of(std::string_view file_name) {
    const std::string_view name = last_component(file_name);
    const std::size_t dot = name.rfind('.');
    return dot == std::string_view::npos ? "" : lower_ascii(name.substr(dot));
}

std::string stem_of(std::string_view file_name) {
    const std::string_view name = last_component(file_name);
    const std::size_t dot = name.rfind('.');
    return clean_text(to_valid_utf8(dot == 0 ? name : name.substr(0, dot)));
}

std::string quoted_name(std::string_view file_name) {
    std::string name = clean_text(to_valid_utf8(file_name));
    std::ranges::replace(name, '\n', ' ');
    return fmt::format("\"{}\"", utf8_prefix(name, 200));
}

FormatRegistry::FormatRegistry(std::vector<std::unique_ptr<FormatParser>> parsers)
    : parsers_(std::move(parsers)) {}

std::vector<std::string> FormatRegistry::extensions() const {
    std::vector<std::string> all;
    for (const auto& parser : parsers_) {
        for (std::string& extension : parser->extensions())
            all.push_back(std::move(extension));
    }
    std::ranges::sort(all);
    return all;
}

Result<const FormatParser*> FormatRegistry::choose(BytesView data, std::string_view file_name)
    const {
    for (const auto& parser : parsers_) {
        if (parser->recognises(data)) return parser.get();
    }
    const std::string known = fmt::format("{}", fmt::join(extensions(), " "));
    if (const auto foreign = foreign_format(data)) {
        return Error{
            ErrorCode::unsupported,
            fmt::format("is {}, which cannot be read; these can: {}", *foreign, known)
        };
    }
    const std::string extension = extension_of(file_name);
    for (const auto& parser : parsers_) {
        const std::vector<std::string> own = parser->extensions();
        if (std::ranges::find(own, extension) != own.end()) return parser.get();
    }
    return Error{
        ErrorCode::unsupported, fmt::format("is of an unknown format; these can be read: {}", known)
    };
}

Result<Document> FormatRegistry::parse(
    BytesView data, std::string_view file_name, const ParseLimits& limits
) const {
    const auto named = [&](const Error& error) {
        return Error{error.code, quoted_name(file_name) + " " + error.message};
    };
    if (data.size() > limits.max_input_bytes) {
        return named(
            {ErrorCode::too_large,
             fmt::format("is over the limit of {} MB", limits.max_input_bytes >> 20U)}
        );
    }
    if (data.empty()) return named({ErrorCode::corrupt, "is empty"});
    const auto parser = choose(data, file_name);
    if (!parser) return named(parser.error());
    auto document = (*parser)->parse(data, file_name, limits);
    if (!document) return named(document.error());
    return document;
}

}  // namespace moat::documents
