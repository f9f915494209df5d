#include "models/convert/pre_tokenizer.h"

#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/bytes.h"

namespace moat::models {
namespace {

// One line for each step that cuts: "split EXPRESSION", "digits", "bytes" (the first GPT-2's way).
using Steps = std::vector<std::string>;

struct Known {
    std::string_view steps;  // joined by line feeds
    bool ignore_merges;      // a word that is a token is that token, whatever could be merged
    std::string_view name;
};

// What the tokenizers of these families have published.
constexpr Known kKnown[] = {
    {"bytes", false, "gpt-2"},
    {"digits\nbytes", false, "smollm"},
    {R"re(split (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)re",
     false,
     "qwen2"},
    {R"re(split (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)re",
     true,
     "llama-bpe"},
    {R"re(split (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)re",
     false,
     "smaug-bpe"},
    {R"re(split [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)re",
     true,
     "tekken"},
    {R"re(split [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)re",
     false,
     "gpt-4o"},
};

// Collects what cuts. False when there is a step that is none of those above.
bool collect(const json::Value& step, Steps& out, int depth = 0) {
    constexpr int kDeepest = 4;
    const std::string type = json::string_or(step, "type");
    if (type == "Sequence" && depth < kDeepest) {
        const auto* parts = json::find_array(step, "pretokenizers");
        if (!parts) return false;
        for (const json::Value& part : *parts)
            if (!collect(part, out, depth + 1)) return false;
        return true;
    }
    if (type == "ByteLevel") {
        if (json::bool_or(step, "add_prefix_space", false)) return false;
        if (json::bool_or(step, "use_regex", true)) out.emplace_back("bytes");
        return true;
    }
    if (type == "Digits" && json::bool_or(step, "individual_digits", false)) {
        out.emplace_back("digits");
        return true;
    }
    if (type != "Split") return false;
    // What is between matches does not differ from what matches: the expressions match everything.
    const std::string behavior = json::string_or(step, "behavior");
    const bool keeps =
        behavior == "Isolated" || (behavior == "Removed" && json::bool_or(step, "invert", false));
    const json::Value* pattern = json::find(step, "pattern");
    if (!keeps || !pattern) return false;
    const std::string expression = json::string_or(*pattern, "Regex");
    out.push_back("split " + expression);
    return !expression.empty();
}

// Composing characters first does not change how most texts are cut; llama.cpp leaves it out.
bool normalizes_only_composition(const json::Value& tokenizer) {
    const json::Value* normalizer = json::find(tokenizer, "normalizer");
    if (!normalizer || normalizer->is_null()) return true;
    if (json::string_or(*normalizer, "type") == "NFC") return true;
    const auto* steps = json::find_array(*normalizer, "normalizers");
    if (!steps) return false;
    for (const json::Value& step : *steps)
        if (json::string_or(step, "type") != "NFC") return false;
    return true;
}

Error unknown(const std::string& what) {
    return Error{
        ErrorCode::unsupported,
        fmt::format(
            "tokenizer.json: this way of cutting texts is not known here: {}",
            to_valid_utf8(utf8_prefix(what, 400))
        )
    };
}

}  // namespace

Result<std::string> pre_tokenizer_name(const json::Value& tokenizer) {
    const json::Value* step = json::find(tokenizer, "pre_tokenizer");
    if (!step) return unknown("none is named");
    Steps steps;
    if (!collect(*step, steps)) return unknown(json::write(*step));
    if (!normalizes_only_composition(tokenizer))
        return unknown(json::write(*json::find(tokenizer, "normalizer")));
    const json::Value* model = json::find(tokenizer, "model");
    const bool ignore_merges = model && json::bool_or(*model, "ignore_merges", false);
    std::string joined;
    for (const std::string& one : steps)
        joined += (joined.empty() ? "" : "\n") + one;
    for (const Known& known : kKnown)
        if (known.steps == joined && known.ignore_merges == ignore_merges)
            return std::string(known.name);
    return unknown(joined + (ignore_merges ? " (ignoring merges)" : ""));
}

}  // namespace moat::models
