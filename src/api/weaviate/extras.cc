#include "api/weaviate/extras.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "api/weaviate/names.h"
#include "base/check.h"

namespace moat::api::weaviate {
namespace {

using collections::Object;
using collections::SearchHit;

Error invalid(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

// A value as people read it.
std::string plain(const json::Value& value) {
    return value.is_string() ? text_of(&value, "") : json::write(value);
}

// "Translate {title}" with what the object has.
Result<std::string> filled(const std::string& prompt, const Object& object) {
    std::string out;
    std::string_view rest = prompt;
    while (!rest.empty()) {
        const std::size_t open = rest.find('{');
        const std::size_t close = open == std::string_view::npos ? open : rest.find('}', open);
        out += rest.substr(0, close == std::string_view::npos ? rest.size() : open);
        if (close == std::string_view::npos) break;
        const std::string name(rest.substr(open + 1, close - open - 1));
        const json::Value* value = member(object.properties, name);
        if (value == nullptr)
            return invalid(fmt::format("the prompt names '{}', which an object lacks", name));
        out += plain(*value);
        rest.remove_prefix(close + 1);
    }
    return out;
}

std::string task_prompt(const Generate& wanted, const std::vector<SearchHit>& hits) {
    json::Array list;
    for (const SearchHit& hit : hits) {
        json::Object object;
        for (const auto& [key, value] : hit.object.properties) {
            const std::string name(key);
            const auto& names = wanted.properties;
            const bool named = std::ranges::find(names, name) != names.end();
            if (named || (names.empty() && value.is_string())) object[name] = value;
        }
        list.push_back(std::move(object));
    }
    return wanted.task + ":\n" + json::write(list);
}

}  // namespace

Status rerank_hits(
    Modules& modules,
    const Principal& who,
    const Rerank& wanted,
    collections::SearchResult& result,
    Extras& out,
    std::stop_token stop
) {
    std::vector<SearchHit>& hits = result.hits;
    if (wanted.query.empty()) return invalid("rerank needs a query");
    if (hits.empty()) return Ok{};
    std::vector<std::string> documents;
    for (const SearchHit& hit : hits) {
        const json::Value* value = member(hit.object.properties, wanted.property);
        documents.push_back(value == nullptr ? std::string() : plain(*value));
    }
    TRY_ASSIGN(
        const std::vector<float> scores,
        modules.rerank(who, wanted.query, documents, std::move(stop))
    );
    CHECK(scores.size() == hits.size());
    std::vector<std::size_t> order(hits.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
        return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
    });
    std::vector<SearchHit> ranked;
    std::vector<std::size_t> place(hits.size());
    for (const std::size_t i : order) {
        place[i] = ranked.size();
        ranked.push_back(std::move(hits[i]));
        out.scores.push_back(scores[i]);
    }
    hits = std::move(ranked);
    for (collections::SearchGroup& group : result.groups) {
        for (std::size_t& hit : group.hits)
            hit = place[hit];
        std::ranges::sort(group.hits);
    }
    std::ranges::sort(result.groups, {}, &collections::SearchGroup::hits);
    return Ok{};
}

Status generate_texts(
    Modules& modules,
    const Principal& who,
    const Generate& wanted,
    const std::vector<SearchHit>& hits,
    Extras& out,
    std::stop_token stop
) {
    if (wanted.prompt.empty() && wanted.task.empty())
        return invalid("generate needs a prompt for each result, or a task for all");
    if (hits.empty()) return Ok{};
    for (const SearchHit& hit : hits) {
        if (wanted.prompt.empty()) break;
        TRY_ASSIGN(const std::string prompt, filled(wanted.prompt, hit.object));
        TRY_ASSIGN(std::string text, modules.write(who, prompt, stop));
        out.texts.push_back(std::move(text));
    }
    if (wanted.task.empty()) return Ok{};
    TRY_ASSIGN(out.grouped, modules.write(who, task_prompt(wanted, hits), std::move(stop)));
    return Ok{};
}

}  // namespace moat::api::weaviate
