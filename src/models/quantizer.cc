#include "models/quantizer.h"

#include <algorithm>
#include <cctype>
#include <iterator>

#include <fmt/format.h>

namespace moat::models {
namespace {

// What llama.cpp can write; the numbers are its general.file_type.
constexpr QuantizationType kTypes[] = {
    {"F32", 0},         {"F16", 1},      {"BF16", 32},      {"Q8_0", 7},    {"Q6_K", 18},
    {"Q5_K_M", 17},     {"Q5_K_S", 16},  {"Q5_1", 9},       {"Q5_0", 8},    {"Q4_K_M", 15},
    {"Q4_K_S", 14},     {"Q4_1", 3},     {"Q4_0", 2},       {"IQ4_NL", 25}, {"IQ4_XS", 30},
    {"Q3_K_L", 13},     {"Q3_K_M", 12},  {"Q3_K_S", 11},    {"IQ3_M", 27},  {"IQ3_S", 26},
    {"IQ3_XS", 22},     {"IQ3_XXS", 23}, {"Q2_K", 10},      {"Q2_K_S", 21}, {"IQ2_M", 29},
    {"IQ2_S", 28},      {"IQ2_XS", 20},  {"IQ2_XXS", 19},   {"IQ1_M", 31},  {"IQ1_S", 24},
    {"TQ2_0", 37},      {"TQ1_0", 36},   {"MXFP4_MOE", 38}, {"Q2_0", 41},   {"Q1_0", 40},
    {"COPY", -1, true},
};

struct Alias {
    std::string_view name;
    std::string_view meant;
};
constexpr Alias kAliases[] = {{"Q3_K", "Q3_K_M"}, {"Q4_K", "Q4_K_M"}, {"Q5_K", "Q5_K_M"}};

std::string upper(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) {
        return static_cast<char>(std::toupper(c));
    });
    return out;
}

}  // namespace

Result<QuantizationType> find_quantization_type(std::string_view name) {
    std::string wanted = upper(name);
    if (const auto alias = std::ranges::find(kAliases, wanted, &Alias::name);
        alias != std::end(kAliases))
        wanted = alias->meant;
    const auto found = std::ranges::find(kTypes, wanted, &QuantizationType::name);
    if (found != std::end(kTypes)) return *found;
    std::string all;
    for (const QuantizationType& type : kTypes)
        all += (all.empty() ? "" : ", ") + std::string(type.name);
    return Error{
        ErrorCode::invalid_argument,
        fmt::format("unsupported quantization type {} - supported types are {}", wanted, all)
    };
}

}  // namespace moat::models
