#include "adapters/ooxml/docx_numbering.h"

#include <algorithm>
#include <charconv>

#include "adapters/ooxml/xml.h"
#include "documents/characters.h"

namespace moat::adapters {
namespace {

int number_of(std::string_view text, int fallback) {
    int number = fallback;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

std::string letters(int number, char first) {
    // Word counts a..z, aa, bb, ..., zz, aaa.
    const auto repeats = static_cast<std::size_t>(std::min((number - 1) / 26 + 1, 20));
    return std::string(repeats, static_cast<char>(first + (number - 1) % 26));
}

std::string roman(int number) {
    constexpr std::array<std::pair<int, std::string_view>, 13> kDigits{{
        {1000, "m"},
        {900, "cm"},
        {500, "d"},
        {400, "cd"},
        {100, "c"},
        {90, "xc"},
        {50, "l"},
        {40, "xl"},
        {10, "x"},
        {9, "ix"},
        {5, "v"},
        {4, "iv"},
        {1, "i"},
    }};
    std::string out;
    for (const auto& [value, digits] : kDigits) {
        for (; number >= value; number -= value)
            out += digits;
    }
    return out;
}

// 1..99,999 in Chinese counting: 十二, 一百零五.
std::string chinese(int number) {
    constexpr std::array<std::string_view, 10> kDigits = {
        "零", "一", "二", "三", "四", "五", "六", "七", "八", "九"
    };
    constexpr std::array<std::pair<int, std::string_view>, 4> kUnits{
        {{10000, "万"}, {1000, "千"}, {100, "百"}, {10, "十"}}
    };
    std::string out;
    bool gap = false;
    for (const auto& [value, name] : kUnits) {
        const int digit = number / value;
        number %= value;
        if (digit == 0) {
            gap = !out.empty();
            continue;
        }
        if (gap) out += kDigits[0];
        gap = false;
        const bool plain_ten = value == 10 && digit == 1 && out.empty();
        if (!plain_ten) out += kDigits[static_cast<std::size_t>(std::min(digit, 9))];
        out += name;
    }
    if (number > 0) {
        if (gap) out += kDigits[0];
        out += kDigits[static_cast<std::size_t>(number)];
    }
    return out;
}

std::string enclosed(int number) {
    std::string out;
    if (number <= 20) documents::append_character(out, 0x2460 + static_cast<char32_t>(number) - 1);
    return out.empty() ? std::to_string(number) : out;
}

std::string upper(std::string text) {
    for (char& c : text) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return text;
}

}  // namespace

std::string formatted_number(int number, std::string_view format) {
    if (format == "none") return "";
    if (number < 1 || number > 99'999) return std::to_string(number);
    if (format == "lowerLetter") return letters(number, 'a');
    if (format == "upperLetter") return letters(number, 'A');
    if (format == "lowerRoman" && number < 5000) return roman(number);
    if (format == "upperRoman" && number < 5000) return upper(roman(number));
    if (format == "decimalZero") return (number < 10 ? "0" : "") + std::to_string(number);
    if (format == "decimalEnclosedCircle" || format == "decimalEnclosedCircleChinese")
        return enclosed(number);
    if (format.starts_with("chineseCounting") || format == "japaneseCounting" ||
        format == "taiwaneseCounting" || format == "taiwaneseCountingThousand")
        return chinese(number);
    return std::to_string(number);
}

DocxNumbering::List DocxNumbering::read_list(const pugi::xml_node& node) {
    List list;
    for (const pugi::xml_node& inner : node) {
        if (local_name(inner) != "lvl") continue;
        const auto index = static_cast<std::size_t>(number_of(attribute(inner, "ilvl"), 0));
        if (index >= kLevels) continue;
        Level& level = list.levels[index];
        level.start = number_of(child_value(inner, "start"), 1);
        if (const auto format = child_value(inner, "numFmt"); !format.empty())
            level.format = format;
        level.text = child_value(inner, "lvlText");
    }
    return list;
}

DocxNumbering::DocxNumbering(const pugi::xml_node& root) {
    for (const pugi::xml_node& node : root) {
        if (local_name(node) == "abstractNum") {
            lists_.emplace(attribute(node, "abstractNumId"), read_list(node));
        } else if (local_name(node) == "num") {
            Use use{.list = std::string(child_value(node, "abstractNumId")), .starts = {}};
            for (const pugi::xml_node& inner : node) {
                const pugi::xml_node start = child(inner, "startOverride");
                if (local_name(inner) != "lvlOverride" || !start) continue;
                const auto level = static_cast<std::size_t>(number_of(attribute(inner, "ilvl"), 0));
                use.starts[level] = number_of(attribute(start, "val"), 1);
            }
            uses_.emplace(attribute(node, "numId"), std::move(use));
        }
    }
}

std::string DocxNumbering::next_label(const ListReference& reference) {
    const auto use = uses_.find(reference.list);
    if (use == uses_.end()) return "";
    const auto list = lists_.find(use->second.list);
    if (list == lists_.end()) return "";
    Counters& counters = counters_[use->second.list];
    if (!use->second.begun) {
        for (const auto& [level, start] : use->second.starts) {
            if (level < kLevels) counters.running[level] = false;
        }
        use->second.begun = true;
    }

    const auto start_of = [&](std::size_t level) {
        const auto own = use->second.starts.find(level);
        return own != use->second.starts.end() ? own->second : list->second.levels[level].start;
    };
    const auto level = static_cast<std::size_t>(reference.level);
    for (std::size_t i = 0; i <= level; ++i) {
        if (!counters.running[i]) {
            counters.values[i] = start_of(i);
            counters.running[i] = true;
        } else if (i == level && counters.values[i] < 1'000'000) {
            ++counters.values[i];
        }
    }
    for (std::size_t i = level + 1; i < kLevels; ++i)
        counters.running[i] = false;

    const Level& own = list->second.levels[level];
    if (own.format == "bullet") return "";
    std::string label;
    for (std::size_t i = 0; i < own.text.size(); ++i) {
        const bool place = own.text[i] == '%' && i + 1 < own.text.size() &&
                           own.text[i + 1] >= '1' && own.text[i + 1] <= '9';
        if (!place) {
            label += own.text[i];
            continue;
        }
        const auto other = static_cast<std::size_t>(own.text[++i] - '1');
        label += formatted_number(counters.values[other], list->second.levels[other].format);
    }
    return label;
}

}  // namespace moat::adapters
