#include "adapters/qpdf/cid_codes.h"

#include <array>
#include <span>

namespace moat::adapters {
namespace {

// Consecutive CIDs for consecutive codes.
struct Run {
    std::uint32_t cid;
    std::uint32_t first;
    std::uint32_t last;
};

constexpr auto kJapan = std::to_array<Run>({
    {1, 0x20, 0x5B},        {63, 0x5D, 0x7D},       {231, 0x20, 0x7E},      {327, 0x8EA1, 0x8EDF},
    {633, 0xA1A1, 0xA1FE},  {727, 0xA2A1, 0xA2AE},  {741, 0xA2BA, 0xA2C1},  {749, 0xA2CA, 0xA2D0},
    {756, 0xA2DC, 0xA2EA},  {771, 0xA2F2, 0xA2F9},  {779, 0xA2FE, 0xA2FE},  {780, 0xA3B0, 0xA3B9},
    {790, 0xA3C1, 0xA3DA},  {816, 0xA3E1, 0xA3FA},  {842, 0xA4A1, 0xA4F3},  {925, 0xA5A1, 0xA5F6},
    {1011, 0xA6A1, 0xA6B8}, {1035, 0xA6C1, 0xA6D8}, {1059, 0xA7A1, 0xA7C1}, {1092, 0xA7D1, 0xA7F1},
    {1125, 0xB0A1, 0xCFD3}, {4090, 0xD0A1, 0xF4A4}, {7887, 0xA1A2, 0xA1A3}, {7889, 0xA1B1, 0xA1B2},
    {7891, 0xA1BC, 0xA1BE}, {7894, 0xA1C1, 0xA1C5}, {7899, 0xA1CA, 0xA1DB}, {7917, 0xA1E1, 0xA1E1},
    {7918, 0xA4A1, 0xA4A1}, {7919, 0xA4A3, 0xA4A3}, {7920, 0xA4A5, 0xA4A5}, {7921, 0xA4A7, 0xA4A7},
    {7922, 0xA4A9, 0xA4A9}, {7923, 0xA4C3, 0xA4C3}, {7924, 0xA4E3, 0xA4E3}, {7925, 0xA4E5, 0xA4E5},
    {7926, 0xA4E7, 0xA4E7}, {7927, 0xA4EE, 0xA4EE}, {7928, 0xA5A1, 0xA5A1}, {7929, 0xA5A3, 0xA5A3},
    {7930, 0xA5A5, 0xA5A5}, {7931, 0xA5A7, 0xA5A7}, {7932, 0xA5A9, 0xA5A9}, {7933, 0xA5C3, 0xA5C3},
    {7934, 0xA5E3, 0xA5E3}, {7935, 0xA5E5, 0xA5E5}, {7936, 0xA5E7, 0xA5E7}, {7937, 0xA5EE, 0xA5EE},
    {7938, 0xA5F5, 0xA5F6}, {8284, 0xF4A5, 0xF4A6},
});

constexpr auto kChina = std::to_array<Run>({
    {1, 0x20, 0x7E},       {96, 0xA1A1, 0xA1FE},  {190, 0xA2B1, 0xA2E2}, {240, 0xA2E5, 0xA2EE},
    {250, 0xA2F1, 0xA2FC}, {262, 0xA3A1, 0xA3FE}, {356, 0xA4A1, 0xA4F3}, {439, 0xA5A1, 0xA5F6},
    {525, 0xA6A1, 0xA6B8}, {549, 0xA6C1, 0xA6D8}, {573, 0xA3AC, 0xA3AC}, {574, 0xA1A3, 0xA1A3},
    {575, 0xA1A2, 0xA1A2}, {576, 0xA3BA, 0xA3BB}, {578, 0xA3A1, 0xA3A1}, {579, 0xA3BF, 0xA3BF},
    {580, 0xA3A8, 0xA3A9}, {582, 0xA1B2, 0xA1BF}, {598, 0xA1AA, 0xA1AA}, {599, 0xA1AD, 0xA1AD},
    {602, 0xA7A1, 0xA7C1}, {635, 0xA7D1, 0xA7F1}, {668, 0xA8A1, 0xA8C0}, {700, 0xA8C5, 0xA8EA},
    {738, 0xA9A4, 0xA9EF}, {814, 0x21, 0x7E},     {940, 0xB0A1, 0xD7F9}, {4695, 0xD8A1, 0xF7FE},
    {7716, 0x20, 0x20},
});

// Level 1 of Big5, which is what most text is made of.
constexpr auto kTaiwan = std::to_array<Run>({
    {1, 0x20, 0x7E},        {99, 0xA140, 0xA158},   {128, 0xA15D, 0xA17E},  {162, 0xA1A1, 0xA1F5},
    {256, 0xA240, 0xA27E},  {319, 0xA2A1, 0xA2FE},  {413, 0xA340, 0xA37E},  {476, 0xA3A1, 0xA3BB},
    {595, 0xA440, 0xACFD},  {2007, 0xAD40, 0xAFCF}, {2431, 0xACFE, 0xACFE}, {2432, 0xAFD0, 0xBBC7},
    {4308, 0xBE52, 0xBE52}, {4309, 0xBBC8, 0xBE51}, {4696, 0xBE53, 0xC1AA}, {5221, 0xC2CB, 0xC2CB},
    {5222, 0xC1AB, 0xC2CA}, {5411, 0xC2CC, 0xC360}, {5495, 0xC456, 0xC456}, {5496, 0xC361, 0xC3B8},
    {5550, 0xC3BA, 0xC3BA}, {5551, 0xC3B9, 0xC3B9}, {5552, 0xC3BB, 0xC455}, {5642, 0xC457, 0xC67E},
    {13648, 0x20, 0x7E},
});

// Signs and hangul; hanja are ordered by their readings, with many exceptions.
constexpr auto kKorea = std::to_array<Run>({
    {1, 0x20, 0x7E},
    {101, 0xA1A1, 0xA1FE},
    {195, 0xA2A1, 0xA2E5},
    {264, 0xA3A1, 0xA3FE},
    {358, 0xA4A1, 0xA4D3},
    {409, 0xA4D5, 0xA4FE},
    {451, 0xA5A1, 0xA5AA},
    {461, 0xA5B0, 0xA5B9},
    {471, 0xA5C1, 0xA5D8},
    {495, 0xA5E1, 0xA5F8},
    {1086, 0xB0A1, 0xC8FE},
    {8094, 0x20, 0x7E},
});

// Trail bytes of a lead byte, in order: A1-FE in the EUC family, 40-7E and A1-FE in Big5.
struct Layout {
    std::uint32_t trails;
    std::uint32_t low;  // how many of them begin at 0x40

    // Codes counted from A1 and the first trail byte on.
    std::uint32_t index(std::uint32_t code) const {
        const std::uint32_t lead = (code >> 8U) - 0xA1;
        const std::uint32_t trail = code & 0xFFU;
        return lead * trails + (trail < 0x7F ? trail - 0x40 : trail - 0xA1 + low);
    }
    std::uint32_t code(std::uint32_t index) const {
        const std::uint32_t rest = index % trails;
        const std::uint32_t trail = rest < low ? rest + 0x40 : rest - low + 0xA1;
        return ((index / trails + 0xA1) << 8U) | trail;
    }
};

constexpr Layout kEuc{94, 0};
constexpr Layout kBig5{157, 63};

struct Collection {
    std::string_view name;
    std::string_view charset;
    Layout layout;
    std::span<const Run> runs;
};

constexpr auto kCollections = std::to_array<Collection>({
    {"Japan1", "EUC-JP", kEuc, kJapan},
    {"GB1", "GB18030", kEuc, kChina},
    {"CNS1", "Big5", kBig5, kTaiwan},
    {"Korea1", "EUC-KR", kEuc, kKorea},
});

// The code `offset` places behind the run's first, if the run is that long.
std::optional<std::uint32_t> code_at(const Run& run, const Layout& layout, std::uint32_t offset) {
    // One-byte codes, and half-width katakana behind 8E, just count on.
    if (run.last < 0xA100) {
        if (offset > run.last - run.first) return std::nullopt;
        return run.first + offset;
    }
    const std::uint32_t begin = layout.index(run.first);
    if (offset > layout.index(run.last) - begin) return std::nullopt;
    return layout.code(begin + offset);
}

}  // namespace

std::optional<NationalCode> code_of_cid(std::string_view collection, std::uint32_t cid) {
    for (const Collection& entry : kCollections) {
        if (entry.name != collection) continue;
        for (const Run& run : entry.runs) {
            if (cid < run.cid) continue;
            const auto code = code_at(run, entry.layout, cid - run.cid);
            if (!code) continue;
            NationalCode out{entry.charset, ""};
            if (*code > 0xFF) out.bytes += static_cast<char>(*code >> 8U);
            out.bytes += static_cast<char>(*code & 0xFFU);
            return out;
        }
    }
    return std::nullopt;
}

}  // namespace moat::adapters
