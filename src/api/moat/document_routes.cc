#include "api/moat/document_routes.h"

#include <fmt/format.h>

#include "api/moat/bodies.h"
#include "api/moat/errors.h"
#include "api/moat/to_json.h"
#include "http/multipart.h"

namespace moat::api::moat_api {
namespace {

using knowledge::DocumentRecord;
using knowledge::KnowledgeBases;

// A little over what a file may have (documents::ParseLimits), for the frame of a form.
constexpr std::size_t kMaxUploadBytes = std::size_t{264} << 20;

void list_documents(KnowledgeBases& bases, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const auto list = bases.documents(request.principal, request.param("kb"));
    if (!list) return exchange.send(error_response(list.error(), request));
    json::Array items;
    for (const DocumentRecord& record : *list)
        items.emplace_back(to_json(record));
    send_json(exchange, 200, json::Object{{"documents", std::move(items)}});
}

// ?create=true makes the base when there is none.
Status ensure_base(KnowledgeBases& bases, const http::Request& request) {
    if (request.query_value("create").value_or("") != "true") return Ok{};
    const auto found = bases.get(request.principal, request.param("kb"));
    if (found || found.error().code != ErrorCode::not_found) return Ok{};
    const auto made = bases.create(request.principal, request.param("kb"));
    // Somebody else was faster: the upload itself will tell whether it may be used.
    if (!made && made.error().code != ErrorCode::conflict) return made.error();
    return Ok{};
}

void upload_one(KnowledgeBases& bases, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const std::string name = request.query_value("name").value_or("");
    const auto record =
        bases.add_document(request.principal, request.param("kb"), name, request.body);
    if (!record) return exchange.send(error_response(record.error(), request));
    send_json(exchange, 202, to_json(*record));
}

struct Uploads {
    json::Array documents;
    json::Array errors;
    std::optional<Error> first_error;
};

Uploads add_files(
    KnowledgeBases& bases, const http::Request& request, const std::vector<http::FormPart>& parts
) {
    Uploads uploads;
    for (const http::FormPart& part : parts) {
        if (part.name != "file") continue;
        const auto record =
            bases.add_document(request.principal, request.param("kb"), part.filename, part.data);
        if (record) {
            uploads.documents.emplace_back(to_json(*record));
            continue;
        }
        const http::Response shown = error_response(record.error(), request);
        const auto body = json::read(shown.body);
        uploads.errors.emplace_back(json::Object{
            {"name", part.filename}, {"error", body ? *json::find(*body, "error") : json::Value()}
        });
        if (!uploads.first_error) uploads.first_error = record.error();
    }
    return uploads;
}

void upload_form(KnowledgeBases& bases, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const auto parts = http::parse_multipart(request.header("content-type"), request.body);
    if (!parts) return exchange.send(error_response(parts.error(), request));
    Uploads uploads = add_files(bases, request, *parts);
    if (uploads.documents.empty()) {
        const Error none{ErrorCode::invalid_argument, "the form has no part named \"file\""};
        return exchange.send(error_response(uploads.first_error.value_or(none), request));
    }
    json::Object body{{"documents", std::move(uploads.documents)}};
    if (!uploads.errors.empty()) body["errors"] = std::move(uploads.errors);
    send_json(exchange, 202, body);
}

void upload(KnowledgeBases& bases, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    if (const Status made = ensure_base(bases, request); !made)
        return exchange.send(error_response(made.error(), request));
    if (http::is_multipart_form(request.header("content-type")))
        upload_form(bases, exchange);
    else
        upload_one(bases, exchange);
}

void show_document(KnowledgeBases& bases, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const auto record = bases.document(request.principal, request.param("kb"), request.param("id"));
    if (!record) return exchange.send(error_response(record.error(), request));
    send_json(exchange, 200, to_json(*record));
}

void remove_document(KnowledgeBases& bases, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const Status removed =
        bases.remove_document(request.principal, request.param("kb"), request.param("id"));
    if (!removed) return exchange.send(error_response(removed.error(), request));
    send_nothing(exchange);
}

// RFC 5987: anything but plain letters and digits as %XX of its UTF-8.
std::string encoded(std::string_view name) {
    std::string out;
    for (const char c : name) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
        if (plain)
            out += c;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

// Only what a browser cannot run may open in it: a stored page must not act as one of ours.
bool opens_safely(std::string_view media_type) {
    return media_type == "application/pdf" || media_type == "text/plain" ||
           media_type == "text/markdown" || media_type == "text/csv";
}

http::Response content_response(const DocumentRecord& record, std::string bytes) {
    const bool safe = opens_safely(record.media_type);
    const std::string name = record.name.substr(record.name.rfind('/') + 1);
    http::Response response;
    response.content_type = safe ? record.media_type : "application/octet-stream";
    response.headers = {
        {"Content-Disposition",
         fmt::format("{}; filename*=UTF-8''{}", safe ? "inline" : "attachment", encoded(name))},
        {"Content-Security-Policy", "sandbox; default-src 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"Cache-Control", "private, no-cache"},
    };
    response.body = std::move(bytes);
    return response;
}

void show_content(KnowledgeBases& bases, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const std::string kb = request.param("kb");
    const std::string id = request.param("id");
    const auto record = bases.document(request.principal, kb, id);
    if (!record) return exchange.send(error_response(record.error(), request));
    auto bytes = bases.content(request.principal, kb, id);
    if (!bytes) return exchange.send(error_response(bytes.error(), request));
    exchange.send(content_response(*record, std::move(*bytes)));
}

void show_passages(KnowledgeBases& bases, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const auto passages =
        bases.passages(request.principal, request.param("kb"), request.param("id"));
    if (!passages) return exchange.send(error_response(passages.error(), request));
    json::Array items;
    for (const knowledge::Passage& passage : *passages)
        items.emplace_back(to_json(passage));
    send_json(exchange, 200, json::Object{{"passages", std::move(items)}});
}

}  // namespace

std::vector<http::Route> document_routes(KnowledgeBases& bases) {
    using Work = void (*)(KnowledgeBases&, http::Exchange&);
    const auto route = [&bases](std::string method, std::string path, Work work) {
        http::Route out;
        out.method = std::move(method);
        out.path = std::move(path);
        out.handler = [&bases, work](http::Exchange& exchange) { work(bases, exchange); };
        out.max_body_bytes = out.method == "POST" ? kMaxUploadBytes : 0;
        return out;
    };
    return {
        route("GET", "/api/kb/{kb}/documents", list_documents),
        route("POST", "/api/kb/{kb}/documents", upload),
        route("GET", "/api/kb/{kb}/documents/{id}", show_document),
        route("DELETE", "/api/kb/{kb}/documents/{id}", remove_document),
        route("GET", "/api/kb/{kb}/documents/{id}/content", show_content),
        route("GET", "/api/kb/{kb}/documents/{id}/passages", show_passages),
    };
}

}  // namespace moat::api::moat_api
