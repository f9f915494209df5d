#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "api/request/json_fields.h"
#include "api/texts/reply.h"
#include "api/texts/routes.h"
#include "base/ids.h"

namespace moat::api::texts {
namespace {

struct Rerank {
    inference::RerankRequest request;
    json::Array documents;  // as they were given
    std::size_t top = 0;
    bool return_documents = false;
    bool raw_scores = false;
};

// Each a text, or {"text": "..."}.
Status read_documents(const json::Value& body, Rerank& read) {
    const auto* list = json::find_array(body, "documents");
    if (list == nullptr) list = json::find_array(body, "texts");
    if (list == nullptr || list->empty())
        return invalid("'documents' must be a list of texts that is not empty");
    for (const json::Value& document : *list) {
        const auto* text = document.if_string();
        if (text == nullptr) text = json::find_string(document, "text");
        if (text == nullptr)
            return invalid("each of 'documents' must be a text, or an object with 'text'");
        read.request.documents.emplace_back(json::view(*text));
    }
    read.documents = *list;
    return Ok{};
}

Result<Rerank> read_rerank(const http::Request& request) {
    TRY_ASSIGN(const json::Value body, read_body(request, kMaxBodyBytes));
    Rerank read;
    TRY_ASSIGN(read.request.model, required_text(body, "model"));
    TRY_ASSIGN(read.request.query, required_text(body, "query"));
    TRY(read_documents(body, read));
    TRY_ASSIGN(const auto top, integer_field(body, "top_n"));
    if (top && *top < 1) return invalid("'top_n' must be at least 1");
    const std::size_t all = read.documents.size();
    read.top = top ? std::min<std::size_t>(all, static_cast<std::size_t>(*top)) : all;
    TRY_ASSIGN(read.return_documents, flag_field(body, "return_documents", false));
    TRY_ASSIGN(read.raw_scores, flag_field(body, "raw_scores", false));
    TRY_ASSIGN(read.request.truncate, flag_field(body, "truncate", true));
    if (const json::Value* options = present(body, "options")) read.request.options = *options;
    return read;
}

// Best first; equal ones as they came.
json::Array results_of(const Rerank& read, const inference::RerankResult& result) {
    std::vector<std::size_t> order(result.scores.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [&](std::size_t i) {
        return std::pair(-result.scores[i].raw, i);
    });
    json::Array out;
    for (const std::size_t i : order) {
        if (out.size() == read.top) break;
        const auto& score = result.scores[i];
        json::Object one{
            {"index", i}, {"relevance_score", read.raw_scores ? score.raw : score.relevance}
        };
        if (read.return_documents) {
            const json::Value& given = read.documents[i];
            one["document"] =
                given.is_object() ? given : json::Value(json::Object{{"text", given}});
        }
        out.push_back(std::move(one));
    }
    return out;
}

}  // namespace

void rerank(http::Exchange& exchange, const Services& services) {
    const auto read = read_rerank(exchange.request());
    if (!read) return send_error(exchange, services, read.error());
    const auto result = services.runtime.rerank(
        exchange.request().principal, read->request, exchange.client_gone()
    );
    if (!result) return send_error(exchange, services, result.error());
    const json::Object usage{
        {"prompt_tokens", result->prompt_tokens}, {"total_tokens", result->prompt_tokens}
    };
    send_json(
        exchange,
        json::Object{
            {"id", "rerank-" + random_hex(8)},
            {"object", "list"},
            {"model", read->request.model},
            {"results", results_of(*read, *result)},
            {"usage", usage}
        }
    );
}

}  // namespace moat::api::texts
