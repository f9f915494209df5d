#include "adapters/md4c/html_text.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "documents/characters.h"

namespace moat::adapters {
namespace {

struct Entity {
    std::string_view name;
    std::string_view text;
};

// The names that people write; the full list of HTML is not worth its size here.
constexpr std::array kEntities = std::to_array<Entity>({
    {"amp", "&"},   {"lt", "<"},     {"gt", ">"},     {"quot", "\""},  {"apos", "'"},
    {"nbsp", " "},  {"copy", "©"},   {"reg", "®"},    {"trade", "™"},  {"hellip", "…"},
    {"mdash", "—"}, {"ndash", "–"},  {"lsquo", "‘"},  {"rsquo", "’"},  {"ldquo", "“"},
    {"rdquo", "”"}, {"laquo", "«"},  {"raquo", "»"},  {"middot", "·"}, {"bull", "•"},
    {"times", "×"}, {"divide", "÷"}, {"plusmn", "±"}, {"deg", "°"},    {"micro", "µ"},
    {"para", "¶"},  {"sect", "§"},   {"euro", "€"},   {"pound", "£"},  {"yen", "¥"},
    {"cent", "¢"},  {"larr", "←"},   {"rarr", "→"},   {"uarr", "↑"},   {"darr", "↓"},
    {"le", "≤"},    {"ge", "≥"},     {"ne", "≠"},     {"infin", "∞"},  {"alpha", "α"},
    {"beta", "β"},  {"gamma", "γ"},  {"delta", "δ"},  {"pi", "π"},     {"sum", "∑"},
    {"emsp", " "},  {"ensp", " "},   {"thinsp", " "}, {"shy", ""},     {"zwj", ""},
});

// Behind the end tag of an element whose content is no text, or behind the comment.
std::size_t end_of_hidden(std::string_view html, std::string_view end) {
    const std::string lower = documents::lower_ascii(html);
    const std::size_t at = lower.find(end);
    return at == std::string::npos ? html.size() : at + end.size();
}

bool breaks_line(std::string_view tag) {
    constexpr std::array kTags = std::to_array<std::string_view>(
        {"br", "p", "/p", "div", "/div", "li", "/li", "tr", "/tr", "hr", "h1", "h2", "h3", "h4"}
    );
    const std::string name = documents::lower_ascii(tag.substr(0, tag.find_first_of(" \t\n/>", 1)));
    return std::ranges::find(kTags, name) != kTags.end();
}

}  // namespace

std::string resolve_entity(std::string_view entity) {
    std::string_view name = entity;
    if (!name.starts_with('&') || !name.ends_with(';')) return std::string(entity);
    name = name.substr(1, name.size() - 2);
    if (name.starts_with('#')) {
        const bool hex = name.size() > 1 && (name[1] == 'x' || name[1] == 'X');
        name.remove_prefix(hex ? 2 : 1);
        std::uint32_t code = 0;
        const auto read =
            std::from_chars(name.data(), name.data() + name.size(), code, hex ? 16 : 10);
        if (read.ec != std::errc{} || code == 0) return std::string(entity);
        std::string out;
        documents::append_character(out, code);
        return out;
    }
    const auto found = std::ranges::find(kEntities, name, &Entity::name);
    return std::string(found == kEntities.end() ? entity : found->text);
}

std::string text_of_raw_html(std::string_view html) {
    std::string out;
    while (!html.empty()) {
        const std::size_t special = std::min(html.find_first_of("<&"), html.size());
        out += html.substr(0, special);
        html.remove_prefix(special);
        if (html.empty()) break;
        if (html.front() == '&') {
            const std::size_t end = html.substr(0, 12).find(';');
            const std::size_t size = end == std::string_view::npos ? 1 : end + 1;
            out += resolve_entity(html.substr(0, size));
            html.remove_prefix(size);
            continue;
        }
        std::size_t size = std::min(html.find('>'), html.size() - 1) + 1;
        const std::string head = documents::lower_ascii(html.substr(0, 8));
        if (head.starts_with("<!--")) {
            size = end_of_hidden(html, "-->");
        } else if (head.starts_with("<script")) {
            size = end_of_hidden(html, "</script>");
        } else if (head.starts_with("<style")) {
            size = end_of_hidden(html, "</style>");
        } else if (size > 1 && breaks_line(html.substr(1, size - 1))) {
            out += '\n';
        }
        html.remove_prefix(size);
    }
    return out;
}

}  // namespace moat::adapters
