#include "api/ollama/keep_alive.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace moat::api::ollama {
namespace {

constexpr double kMostNanoseconds = 9.2e18;
constexpr auto kForever = Duration(-1);

struct Unit {
    std::string_view name;
    double nanoseconds;
};
constexpr Unit kUnits[] = {
    {"ns", 1},
    {"us", 1e3},
    {"\xC2\xB5s", 1e3},
    {"\xCE\xBCs", 1e3},
    {"ms", 1e6},
    {"s", 1e9},
    {"m", 60e9},
    {"h", 3600e9},
};

Error wrong(std::string_view what, std::string_view text) {
    return Error{ErrorCode::invalid_argument, fmt::format("time: {} \"{}\"", what, text)};
}

bool in_number(char c) {
    return (c >= '0' && c <= '9') || c == '.';
}

}  // namespace

Result<Duration> parse_go_duration(std::string_view text) {
    std::string_view rest = text;
    const bool negative = rest.starts_with('-');
    if (negative || rest.starts_with('+')) rest.remove_prefix(1);
    if (rest == "0") return Duration(0);
    if (rest.empty()) return wrong("invalid duration", text);

    double total = 0;
    while (!rest.empty()) {
        const auto digits = rest.substr(
            0, static_cast<std::size_t>(std::ranges::find_if_not(rest, in_number) - rest.begin())
        );
        double number = 0;
        const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (digits.empty() || read.ec != std::errc() || read.ptr != digits.data() + digits.size())
            return wrong("invalid duration", text);
        rest.remove_prefix(digits.size());
        const auto name = rest.substr(
            0, static_cast<std::size_t>(std::ranges::find_if(rest, in_number) - rest.begin())
        );
        if (name.empty()) return wrong("missing unit in duration", text);
        const auto unit = std::ranges::find(kUnits, name, &Unit::name);
        if (unit == std::end(kUnits))
            return wrong(fmt::format("unknown unit \"{}\" in duration", name), text);
        total += number * unit->nanoseconds;
        rest.remove_prefix(name.size());
    }
    if (total > kMostNanoseconds) return wrong("invalid duration", text);
    return Duration(static_cast<std::int64_t>(negative ? -total : total));
}

Result<std::optional<inference::KeepAlive>> read_keep_alive(const json::Value& value) {
    if (value.is_null()) return std::optional<inference::KeepAlive>();
    Duration out{};
    if (value.is_number()) {
        const double nanoseconds = value.to_number<double>() * 1e9;
        out = Duration(
            static_cast<std::int64_t>(std::clamp(nanoseconds, -kMostNanoseconds, kMostNanoseconds))
        );
    } else if (value.is_string()) {
        TRY_ASSIGN(out, parse_go_duration(json::view(value.get_string())));
    } else {
        return Error{
            ErrorCode::invalid_argument,
            "keep_alive must be a number of seconds or a duration such as \"5m\""
        };
    }
    return std::optional<inference::KeepAlive>(out < Duration(0) ? kForever : out);
}

}  // namespace moat::api::ollama
