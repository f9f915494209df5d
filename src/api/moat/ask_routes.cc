#include "api/moat/ask_routes.h"

#include <limits>

#include "answers/source_json.h"
#include "api/moat/bodies.h"
#include "api/moat/errors.h"
#include "api/moat/to_json.h"
#include "base/log.h"
#include "http/sse.h"

namespace moat::api::moat_api {
namespace {

using answers::Answerer;
using answers::Question;

struct Asked {
    Question question;
    bool stream = true;
};

// A field of the body, else of the query string.
Result<std::string> field(
    const json::Value& body, const http::Request& request, std::string_view key
) {
    TRY_ASSIGN(const auto given, optional_string(body, key));
    return given ? *given : request.query_value(key).value_or("");
}

Result<Asked> read_question(const http::Request& request) {
    TRY_ASSIGN(const json::Value body, read_object(request));
    Asked asked;
    TRY_ASSIGN(asked.question.text, field(body, request, "question"));
    if (asked.question.text.empty()) {
        TRY_ASSIGN(asked.question.text, field(body, request, "message"));
    }
    asked.question.knowledge_base = request.param("kb");
    if (asked.question.knowledge_base.empty()) {
        TRY_ASSIGN(asked.question.knowledge_base, field(body, request, "kb"));
    }
    TRY_ASSIGN(asked.question.conversation_id, field(body, request, "conversation_id"));
    TRY_ASSIGN(asked.question.model, field(body, request, "model"));
    TRY_ASSIGN(const auto passages, optional_integer(body, "passages"));
    if (passages)
        asked.question.passages = *passages < 0 ? std::numeric_limits<std::size_t>::max()
                                                : static_cast<std::size_t>(*passages);
    TRY_ASSIGN(const auto stream, optional_bool(body, "stream"));
    asked.stream = stream.value_or(true);
    return asked;
}

// Turns events into their wire form.
struct EventWriter {
    http::SseStream& stream;

    Status operator()(const answers::Thinking& thinking) const {
        json::Object data;
        if (!thinking.status.empty()) data["status"] = thinking.status;
        if (!thinking.text.empty()) data["text"] = thinking.text;
        return stream.event("thinking", data);
    }
    Status operator()(const answers::Sources& sources) const {
        json::Object data;
        data["count"] = sources.sources.size();
        data["sources"] = answers::to_json(sources.sources);
        return stream.event("sources", data);
    }
    Status operator()(const answers::Token& token) const {
        return stream.event("token", json::Object{{"token", token.text}});
    }
};

// What a runner says about its end is written for people; the rest of our faults is not.
http::Response shown(const Error& error, const http::Request& request) {
    if (error.code != ErrorCode::internal) return error_response(error, request);
    log::error("{} {}: {}", request.id, request.path, error.message);
    return error_with_status(500, error);
}

void end_with_error(http::SseStream& stream, const Error& error, const http::Request& request) {
    const auto body = json::read(shown(error, request).body);
    CHECK(body.has_value());
    const json::Value* inner = json::find(*body, "error");
    json::Object data;
    data["error"] = json::string_or(*inner, "message");
    data["code"] = json::string_or(*inner, "code");
    // A client that is gone does not need it any more.
    if (const Status told = stream.event("error", data); told) stream.finish();
}

void answer_whole(Answerer& answerer, const Question& question, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const auto answer = answerer.ask(
        request.principal, question, [](const auto&) { return true; }, exchange.client_gone()
    );
    if (!answer) return exchange.send(shown(answer.error(), request));
    send_json(exchange, 200, to_json(*answer));
}

void answer_in_events(Answerer& answerer, const Question& question, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    http::SseStream stream(exchange);
    const auto sink = [&stream](const answers::AnswerEvent& event) {
        return std::visit(EventWriter{stream}, event).has_value();
    };
    const auto answer = answerer.ask(request.principal, question, sink, exchange.client_gone());
    if (!answer && !stream.opened()) return exchange.send(shown(answer.error(), request));
    if (!answer) return end_with_error(stream, answer.error(), request);
    if (const Status told = stream.event("done", to_json(*answer)); told) stream.finish();
}

void ask(Answerer& answerer, http::Exchange& exchange) {
    const auto asked = read_question(exchange.request());
    if (!asked) return exchange.send(error_response(asked.error(), exchange.request()));
    if (asked->stream)
        answer_in_events(answerer, asked->question, exchange);
    else
        answer_whole(answerer, asked->question, exchange);
}

}  // namespace

std::vector<http::Route> ask_routes(Answerer& answerer) {
    const auto route = [&answerer](std::string path) {
        http::Route out;
        out.method = "POST";
        out.path = std::move(path);
        out.handler = [&answerer](http::Exchange& exchange) { ask(answerer, exchange); };
        out.max_body_bytes = std::size_t{1} << 20;
        return out;
    };
    return {route("/api/kb/{kb}/ask"), route("/chat/stream")};
}

}  // namespace moat::api::moat_api
