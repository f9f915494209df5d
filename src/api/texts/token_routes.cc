#include <limits>

#include "api/request/json_fields.h"
#include "api/texts/reply.h"
#include "api/texts/routes.h"

namespace moat::api::texts {
namespace {

// "text"; "content" as llama.cpp's server calls it, or "prompt" as vLLM does.
Result<std::string> read_text(const json::Value& body) {
    for (const std::string_view field : {"text", "content", "prompt"}) {
        TRY_ASSIGN(auto text, text_field(body, field));
        if (text) return *std::move(text);
    }
    return invalid("text is required");
}

Result<inference::TokenizeRequest> read_tokenize(const http::Request& request) {
    TRY_ASSIGN(const json::Value body, read_body(request, kMaxBodyBytes));
    inference::TokenizeRequest read;
    TRY_ASSIGN(read.model, required_text(body, "model"));
    TRY_ASSIGN(read.text, read_text(body));
    // Both names mean the same; one that says no is heard.
    TRY_ASSIGN(const bool special, flag_field(body, "add_special", true));
    TRY_ASSIGN(const bool special_tokens, flag_field(body, "add_special_tokens", true));
    read.add_special = special && special_tokens;
    TRY_ASSIGN(read.parse_special, flag_field(body, "parse_special", true));
    return read;
}

struct Detokenize {
    std::string model;
    std::vector<std::int32_t> tokens;
};

Result<Detokenize> read_detokenize(const http::Request& request) {
    TRY_ASSIGN(const json::Value body, read_body(request, kMaxBodyBytes));
    Detokenize read;
    TRY_ASSIGN(read.model, required_text(body, "model"));
    const auto* tokens = json::find_array(body, "tokens");
    if (tokens == nullptr) return invalid("'tokens' must be a list of whole numbers");
    constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
    for (const json::Value& token : *tokens) {
        const auto* number = token.if_int64();
        if (number == nullptr || *number < 0 || *number > kMost)
            return invalid("'tokens' must be a list of whole numbers");
        read.tokens.push_back(static_cast<std::int32_t>(*number));
    }
    return read;
}

}  // namespace

void tokenize(http::Exchange& exchange, const Services& services) {
    const auto read = read_tokenize(exchange.request());
    if (!read) return send_error(exchange, services, read.error());
    const auto tokens =
        services.runtime.tokenize(exchange.request().principal, *read, exchange.client_gone());
    if (!tokens) return send_error(exchange, services, tokens.error());
    send_json(
        exchange,
        json::Object{
            {"model", read->model},
            {"tokens", json::Array(tokens->begin(), tokens->end())},
            {"count", tokens->size()}
        }
    );
}

void detokenize(http::Exchange& exchange, const Services& services) {
    const auto read = read_detokenize(exchange.request());
    if (!read) return send_error(exchange, services, read.error());
    const auto text = services.runtime.detokenize(
        exchange.request().principal, read->model, read->tokens, exchange.client_gone()
    );
    if (!text) return send_error(exchange, services, text.error());
    // Under every name clients look for.
    send_json(
        exchange,
        json::Object{{"model", read->model}, {"text", *text}, {"content", *text}, {"prompt", *text}}
    );
}

}  // namespace moat::api::texts
