#include "api/openai/errors.h"
#include "api/openai/fields.h"
#include "api/openai/routes.h"
#include "base/bytes.h"

namespace moat::api::openai {
namespace {

struct Embedding {
    inference::EmbeddingRequest request;
    bool base64 = false;
};

Result<Embedding> read_embedding(const json::Value& body) {
    Embedding read;
    TRY_ASSIGN(read.request.model, required_text(body, "model"));
    auto texts = texts_field(body, "input");
    if (!texts || texts->empty()) return invalid("invalid input");
    read.request.texts = std::move(*texts);
    TRY_ASSIGN(const auto format, text_field(body, "encoding_format"));
    read.base64 = format == "base64";
    if (format && !read.base64 && *format != "float") {
        return invalid("'encoding_format' must be float or base64");
    }
    if (const json::Value* options = present(body, "options")) read.request.options = *options;
    TRY_ASSIGN(const auto dimensions, integer_field(body, "dimensions"));
    if (dimensions && (*dimensions < 1 || *dimensions > 1'000'000))
        return invalid("'dimensions' must be positive");
    read.request.dimensions = static_cast<int>(dimensions.value_or(0));
    return read;
}

// Written piece by piece: as JSON values the numbers would become doubles, twice as long in text.
void write_vector_to(std::string& out, const std::vector<float>& vector, bool base64) {
    if (base64) return json::write_string_to(out, to_base64(std::as_bytes(std::span(vector))));
    out += '[';
    for (std::size_t i = 0; i < vector.size(); ++i) {
        if (i > 0) out += ',';
        json::write_number_to(out, vector[i]);
    }
    out += ']';
}

std::string reply_of(const Embedding& read, const inference::EmbedResult& result) {
    std::string out = R"({"object":"list","data":[)";
    for (std::size_t i = 0; i < result.vectors.size(); ++i) {
        out += i > 0 ? "," : "";
        out += R"({"object":"embedding","embedding":)";
        write_vector_to(out, result.vectors[i], read.base64);
        out += R"(,"index":)" + std::to_string(i) + "}";
    }
    out += R"(],"model":)";
    json::write_string_to(out, read.request.model);
    out += R"(,"usage":)";
    json::write_to(
        out,
        json::Object{
            {"prompt_tokens", result.prompt_tokens}, {"total_tokens", result.prompt_tokens}
        }
    );
    return out + "}";
}

}  // namespace

void embeddings(http::Exchange& exchange, inference::ModelRuntime& runtime) {
    const auto body = read_body(exchange.request(), kMaxChatBytes);
    if (!body) return exchange.send(error_response(body.error()));
    const auto read = read_embedding(*body);
    if (!read) return exchange.send(error_response(read.error()));
    const auto result =
        runtime.embed(exchange.request().principal, read->request, exchange.client_gone());
    if (!result) return exchange.send(error_response(result.error()));

    http::Response response;
    response.body = reply_of(*read, *result);
    exchange.send(std::move(response));
}

}  // namespace moat::api::openai
