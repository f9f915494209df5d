#include "http/multipart.h"

#include <algorithm>
#include <optional>

#include "http/url.h"

namespace moat::http {
namespace {

Error malformed(std::string what) {
    return Error{ErrorCode::invalid_argument, "malformed multipart body: " + std::move(what)};
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Takes a "quoted string" (with \" and \\ ) or a token up to ';' off the front of `text`.
std::string take_value(std::string_view& text) {
    std::string out;
    if (!text.starts_with('"')) {
        const std::size_t end = std::min(text.find(';'), text.size());
        out = trim(text.substr(0, end));
        text.remove_prefix(end);
        return out;
    }
    std::size_t i = 1;
    for (; i < text.size() && text[i] != '"'; ++i) {
        // Browsers escape quotes as %22 and send backslashes of Windows paths as they are.
        const bool escape =
            text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\');
        if (escape) ++i;
        out += text[i];
    }
    text.remove_prefix(std::min(i + 1, text.size()));
    return out;
}

// The value of parameter `name` of a header such as `form-data; name="a"; filename="b"`.
std::optional<std::string> parameter(std::string_view header, std::string_view name) {
    std::size_t semicolon = header.find(';');
    while (semicolon != std::string_view::npos) {
        header = trim(header.substr(semicolon + 1));
        const std::size_t equals = header.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        const std::string key = lower(trim(header.substr(0, equals)));
        header = trim(header.substr(equals + 1));
        std::string value = take_value(header);
        if (key == name) return value;
        semicolon = header.find(';');
    }
    return std::nullopt;
}

// filename* of RFC 5987: UTF-8''percent-encoded.
std::optional<std::string> extended_filename(std::string_view header) {
    const auto value = parameter(header, "filename*");
    if (!value || !lower(*value).starts_with("utf-8'")) return std::nullopt;
    const std::size_t quote = value->find('\'', 6);
    if (quote == std::string::npos) return std::nullopt;
    auto decoded = percent_decode(std::string_view(*value).substr(quote + 1));
    if (!decoded) return std::nullopt;
    return *std::move(decoded);
}

Result<FormPart> parse_head(std::string_view head) {
    FormPart part;
    bool named = false;
    while (!head.empty()) {
        const std::size_t end = std::min(head.find("\r\n"), head.size());
        const std::string_view line = head.substr(0, end);
        head.remove_prefix(std::min(end + 2, head.size()));
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) return malformed("a header without a colon");
        const std::string key = lower(trim(line.substr(0, colon)));
        const std::string_view value = trim(line.substr(colon + 1));
        if (key == "content-type") part.content_type = value;
        if (key != "content-disposition") continue;
        const auto name = parameter(value, "name");
        if (!name) return malformed("a part without a name");
        part.name = *name;
        named = true;
        part.filename =
            extended_filename(value).value_or(parameter(value, "filename").value_or(""));
    }
    if (!named) return malformed("a part without a name");
    return part;
}

// What follows a boundary: CRLF begins another part, "--" ends the body. RFC 2046 lets spaces
// stand before the line end.
enum class After { part, end, neither };

After take_after_boundary(std::string_view& rest) {
    if (rest.starts_with("--")) return After::end;
    const std::size_t text = rest.find_first_not_of(" \t");
    if (text == std::string_view::npos || !rest.substr(text).starts_with("\r\n"))
        return After::neither;
    rest.remove_prefix(text + 2);
    return After::part;
}

}  // namespace

bool is_multipart_form(std::string_view content_type) {
    return lower(trim(content_type.substr(0, content_type.find(';')))) == "multipart/form-data";
}

Result<std::vector<FormPart>> parse_multipart(
    std::string_view content_type, std::string_view body, const FormLimits& limits
) {
    const auto boundary = parameter(content_type, "boundary");
    if (!boundary || boundary->empty() || boundary->size() > 70)
        return malformed("no usable boundary in the Content-Type");
    const std::string delimiter = "\r\n--" + *boundary;

    // The first boundary may stand at the very beginning, where no line end precedes it.
    std::string_view rest = body;
    if (rest.starts_with(std::string_view(delimiter).substr(2))) {
        rest.remove_prefix(delimiter.size() - 2);
    } else {
        const std::size_t first = rest.find(delimiter);
        if (first == std::string_view::npos) return malformed("the boundary does not occur");
        rest.remove_prefix(first + delimiter.size());
    }

    std::vector<FormPart> parts;
    while (true) {
        const After after = take_after_boundary(rest);
        if (after == After::end) return parts;
        if (after == After::neither) return malformed("text behind a boundary");
        if (parts.size() == limits.max_parts)
            return Error{ErrorCode::too_large, "too many parts in the multipart body"};

        const bool no_headers = rest.starts_with("\r\n");
        const std::size_t head_end = no_headers ? 0 : rest.find("\r\n\r\n");
        if (head_end == std::string_view::npos) return malformed("it ends within a part's head");
        if (head_end > limits.max_head_bytes)
            return Error{ErrorCode::too_large, "a part's head is too long"};
        TRY_ASSIGN(FormPart part, parse_head(rest.substr(0, head_end)));
        rest.remove_prefix(head_end + (no_headers ? 0 : 2));

        // `rest` begins with the empty line, whose CRLF may also be the delimiter's.
        const std::size_t end = rest.find(delimiter);
        if (end == std::string_view::npos) return malformed("it ends within a part");
        part.data = end < 2 ? std::string_view() : rest.substr(2, end - 2);
        parts.push_back(std::move(part));
        rest.remove_prefix(end + delimiter.size());
    }
}

}  // namespace moat::http
