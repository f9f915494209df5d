#include <fmt/format.h>

#include "api/ollama/errors.h"
#include "api/ollama/handlers.h"
#include "api/ollama/request_fields.h"
#include "api/request/go_json.h"
#include "base/json.h"

namespace moat::api::ollama {
namespace {

using inference::EmbeddingRequest;
using inference::EmbedResult;

struct Embed {
    EmbeddingRequest request;
    bool is_load = false;  // no text: the model is only to be loaded
};

// "input": a string or a list of strings.
void read_input(GoStruct& in, Embed& out) {
    const json::Value* input = in.find("input");
    auto& texts = out.request.texts;
    if (input && input->is_string()) {
        if (!input->get_string().empty()) texts.emplace_back(json::view(input->get_string()));
    } else if (input && input->is_array()) {
        for (const auto& item : input->get_array()) {
            if (!item.is_string()) return in.fail("invalid input type");
            texts.emplace_back(json::view(item.get_string()));
        }
    } else if (input) {
        in.fail("invalid input type");
    }
    out.is_load = texts.empty();
}

void read_shared(GoStruct& in, EmbeddingRequest& request) {
    in.read("model", request.model);
    request.options = options_field(in);
    request.keep_alive = keep_alive_field(in);
}

Result<Embed> read_embed(std::string_view body) {
    TRY_ASSIGN(const json::Value value, read_go_json(body));
    GoDecoding decoding;
    GoStruct in(decoding, value, "api.EmbedRequest");
    Embed out;
    read_shared(in, out.request);
    in.read("truncate", out.request.truncate);
    in.read("dimensions", out.request.dimensions);
    read_input(in, out);
    TRY(decoding.status());
    return out;
}

Result<Embed> read_embed_one(std::string_view body) {
    TRY_ASSIGN(const json::Value value, read_go_json(body));
    GoDecoding decoding;
    GoStruct in(decoding, value, "api.EmbeddingRequest");
    Embed out;
    read_shared(in, out.request);
    std::string prompt;
    in.read("prompt", prompt);
    out.is_load = prompt.empty();
    out.request.texts = {std::move(prompt)};
    out.request.normalize = false;
    TRY(decoding.status());
    return out;
}

Error in_words_of_embed(Error error, const std::string& model) {
    if (error.code == ErrorCode::not_found)
        error.message = fmt::format("model \"{}\" not found, try pulling it first", model);
    return error;
}

// Vectors are long: they are written straight into the text, in the digits of a float.
void write_vector(std::string& out, const std::vector<float>& vector) {
    out += '[';
    for (std::size_t i = 0; i < vector.size(); ++i) {
        if (i > 0) out += ',';
        json::write_number_to(out, vector[i]);
    }
    out += ']';
}

std::string embed_body(const std::string& model, const EmbedResult& result) {
    std::string out = "{\"model\":";
    json::write_string_to(out, model, json::Style::html_safe);
    out += ",\"embeddings\":[";
    for (std::size_t i = 0; i < result.vectors.size(); ++i) {
        if (i > 0) out += ',';
        write_vector(out, result.vectors[i]);
    }
    out += ']';
    const auto add = [&out](std::string_view key, std::int64_t number) {
        if (number != 0) out += fmt::format(",\"{}\":{}", key, number);
    };
    add("total_duration", result.total.count());
    add("load_duration", result.load.count());
    add("prompt_eval_count", result.prompt_tokens);
    return out + "}";
}

// Runs what was asked, or only loads the model.
Result<EmbedResult> run(http::Exchange& exchange, const Services& services, const Embed& asked) {
    const Principal& who = exchange.request().principal;
    const EmbeddingRequest& request = asked.request;
    if (!asked.is_load) return services.runtime.embed(who, request, exchange.client_gone());
    EmbedResult out;
    TRY_ASSIGN(
        out.load,
        services.runtime.load(
            who, request.model, request.keep_alive, request.options, {}, exchange.client_gone()
        )
    );
    out.total = out.load;
    return out;
}

void send_body(http::Exchange& exchange, std::string body) {
    http::Response response;
    response.body = std::move(body);
    exchange.send(std::move(response));
}

}  // namespace

void embed(http::Exchange& exchange, const Services& services) {
    const auto asked = read_embed(exchange.request().body);
    if (!asked) return exchange.send(error_response(asked.error()));
    const std::string& model = asked->request.model;
    if (model.empty()) {
        const Error unnamed{ErrorCode::not_found, ""};
        return exchange.send(error_response(in_words_of_embed(unnamed, model)));
    }
    const auto result = run(exchange, services, *asked);
    if (!result)
        return exchange.send(answer_error_response(in_words_of_embed(result.error(), model)));
    send_body(exchange, embed_body(model, *result));
}

void embed_one(http::Exchange& exchange, const Services& services) {
    const auto asked = read_embed_one(exchange.request().body);
    if (!asked) return exchange.send(error_response(asked.error()));
    const std::string& model = asked->request.model;
    if (model.empty())
        return exchange.send(error_response({ErrorCode::invalid_argument, "model is required"}));
    const auto result = run(exchange, services, *asked);
    if (!result)
        return exchange.send(answer_error_response(in_words_of_embed(result.error(), model)));
    std::string body = "{\"embedding\":";
    write_vector(body, result->vectors.empty() ? std::vector<float>() : result->vectors.front());
    send_body(exchange, body + "}");
}

}  // namespace moat::api::ollama
