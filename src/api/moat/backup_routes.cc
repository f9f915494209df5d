#include "api/moat/backup_routes.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <vector>

#include "api/moat/bodies.h"
#include "api/moat/errors.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/json.h"

namespace moat::api::moat_api {
namespace {

using collections::BackupJob;
using collections::BackupJobs;
using collections::BackupManifest;

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxFileBytes = std::size_t{1} << 44;  // the disk is the limit
constexpr std::size_t kMaxNames = 10'000;

Error invalid(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

std::string_view text_of(BackupJob::State state) {
    switch (state) {
        case BackupJob::State::waiting:
            return "waiting";
        case BackupJob::State::running:
            return "running";
        case BackupJob::State::done:
            return "done";
        case BackupJob::State::failed:
            return "failed";
        case BackupJob::State::cancelled:
            return "cancelled";
    }
    return "failed";
}

json::Object job_json(const BackupJob& job) {
    json::Object out{
        {"id", job.id},
        {"state", text_of(job.state)},
        {"collections", json::Array(job.collections.begin(), job.collections.end())},
        {"objects", job.objects},
    };
    if (!job.failure.empty()) out["error"] = job.failure;
    return out;
}

json::Object contents_json(const std::string& id, const BackupManifest& manifest) {
    json::Array list;
    for (const collections::BackedUpCollection& each : manifest.collections)
        list.push_back(json::Object{
            {"name", each.name},
            {"objects", each.objects},
            {"bytes", each.bytes},
            {"sha256", each.sha256.hex()},
            {"file", each.file},
        });
    return {
        {"id", id},
        {"created_at", to_rfc3339(from_unix_ms(manifest.created_ms))},
        {"collections", std::move(list)},
    };
}

Result<std::vector<std::string>> read_names(const json::Value& body) {
    std::vector<std::string> out;
    const json::Value* list = json::find(body, "collections");
    if (list == nullptr || list->is_null()) return out;
    if (!list->is_array() || list->get_array().size() > kMaxNames)
        return invalid("\"collections\" must be a list of names");
    for (const json::Value& name : list->get_array()) {
        if (!name.is_string()) return invalid("\"collections\" must be a list of names");
        out.emplace_back(json::view(name.get_string()));
    }
    return out;
}

// [{"name": of the backup, "as": its name from now on}]
Result<BackupJobs::Renames> read_renames(const json::Value& body) {
    BackupJobs::Renames out;
    const json::Value* list = json::find(body, "collections");
    if (list == nullptr || list->is_null()) return out;
    const Error wrong =
        invalid("\"collections\" must be a list of {\"name\":...} or {\"name\":...,\"as\":...}");
    if (!list->is_array() || list->get_array().size() > kMaxNames) return wrong;
    for (const json::Value& each : list->get_array()) {
        const std::string name = json::string_or(each, "name");
        if (name.empty()) return wrong;
        out.emplace_back(name, json::string_or(each, "as", name));
    }
    return out;
}

// A handler says what to answer with; errors are told in one place.
using Answer = Result<http::Response> (*)(BackupJobs& jobs, http::Exchange& exchange);

http::Response json_response(int status, const json::Value& body) {
    http::Response out;
    out.status = status;
    out.body = json::write(body);
    return out;
}

http::Response nothing() {
    return {.status = 204, .content_type = "", .headers = {}, .body = ""};
}

Result<http::Response> list(BackupJobs& jobs, http::Exchange& exchange) {
    const Principal& who = exchange.request().principal;
    TRY_ASSIGN(const auto known, jobs.backups(who));
    json::Array out;
    for (const BackupJob& job : known) {
        // It may have been removed just now.
        if (const auto contents = jobs.contents(who, job.id))
            out.push_back(contents_json(job.id, *contents));
    }
    return json_response(200, json::Object{{"backups", std::move(out)}});
}

Result<http::Response> create(BackupJobs& jobs, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    TRY_ASSIGN(const json::Value body, read_object(request));
    const std::string id = json::string_or(body, "id");
    if (id.empty()) return invalid("the backup needs an \"id\"");
    TRY_ASSIGN(auto names, read_names(body));
    TRY(jobs.back_up(request.principal, id, std::move(names)));
    TRY_ASSIGN(const BackupJob job, jobs.backup(request.principal, id));
    return json_response(202, job_json(job));
}

Result<http::Response> get(BackupJobs& jobs, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const std::string id = request.param("id");
    TRY_ASSIGN(const BackupJob job, jobs.backup(request.principal, id));
    json::Object out = job_json(job);
    if (job.state != BackupJob::State::done) return json_response(200, out);
    TRY_ASSIGN(const BackupManifest manifest, jobs.contents(request.principal, id));
    for (auto& [key, value] : contents_json(id, manifest))
        out.insert_or_assign(key, std::move(value));
    return json_response(200, out);
}

// One that is being made is stopped, one that is there is removed.
Result<http::Response> remove(BackupJobs& jobs, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const std::string id = request.param("id");
    TRY_ASSIGN(const BackupJob job, jobs.backup(request.principal, id));
    if (job.state == BackupJob::State::waiting || job.state == BackupJob::State::running) {
        TRY(jobs.cancel(request.principal, id));
        return json_response(202, job_json(job));
    }
    TRY(jobs.remove(request.principal, id));
    return nothing();
}

Result<http::Response> verify(BackupJobs& jobs, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const std::string id = request.param("id");
    TRY(jobs.verify(request.principal, id, exchange.client_gone()));
    TRY_ASSIGN(const BackupManifest manifest, jobs.contents(request.principal, id));
    return json_response(200, contents_json(id, manifest));
}

Result<http::Response> restore(BackupJobs& jobs, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const std::string id = request.param("id");
    TRY_ASSIGN(const json::Value body, read_object(request));
    TRY_ASSIGN(auto renames, read_renames(body));
    TRY(jobs.restore(request.principal, id, std::move(renames)));
    TRY_ASSIGN(const BackupJob job, jobs.restoration(request.principal, id));
    return json_response(202, job_json(job));
}

Result<http::Response> restoration(BackupJobs& jobs, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    TRY_ASSIGN(const BackupJob job, jobs.restoration(request.principal, request.param("id")));
    return json_response(200, job_json(job));
}

Result<http::Response> receive(BackupJobs& jobs, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    TRY(jobs.receive(
        request.principal,
        request.param("id"),
        request.param("file"),
        [&exchange](std::span<std::byte> buffer) { return exchange.read_body(buffer); }
    ));
    return nothing();
}

void send_file(BackupJobs& jobs, http::Exchange& exchange) {
    const http::Request& request = exchange.request();
    const auto path = jobs.file(request.principal, request.param("id"), request.param("file"));
    if (!path) return exchange.send(error_response(path.error(), request));
    const Fd file(::open(path->c_str(), O_RDONLY | O_CLOEXEC));
    if (!file)
        return exchange.send(error_response(file_error("cannot read the backup", errno), request));
    if (!exchange.start(200, "application/octet-stream")) return;
    std::vector<char> buffer(kPieceBytes);
    for (;;) {
        const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        // The client sees that it ends too early by the digest.
        if (count <= 0) break;
        if (!exchange.write({buffer.data(), static_cast<std::size_t>(count)})) return;
    }
    exchange.finish();
}

}  // namespace

std::vector<http::Route> backup_routes(BackupJobs& jobs) {
    const auto route = [](std::string method, std::string path, http::Handler handler) {
        http::Route out;
        out.method = std::move(method);
        out.path = "/api/admin/backups" + std::move(path);
        out.access = http::Access::admin;
        out.handler = std::move(handler);
        out.max_body_bytes = std::size_t{4} << 20;
        return out;
    };
    const auto answered = [&jobs](Answer answer) -> http::Handler {
        return [&jobs, answer](http::Exchange& exchange) {
            auto response = answer(jobs, exchange);
            if (!response) response = error_response(response.error(), exchange.request());
            exchange.send(*std::move(response));
        };
    };
    http::Route upload = route("POST", "/{id}/files/{file}", answered(receive));
    upload.stream_body = true;
    upload.max_body_bytes = kMaxFileBytes;
    return {
        route("GET", "", answered(list)),
        route("POST", "", answered(create)),
        route("GET", "/{id}", answered(get)),
        route("DELETE", "/{id}", answered(remove)),
        route("POST", "/{id}/verify", answered(verify)),
        route("POST", "/{id}/restore", answered(restore)),
        route("GET", "/{id}/restore", answered(restoration)),
        route(
            "GET",
            "/{id}/files/{file}",
            [&jobs](http::Exchange& exchange) { send_file(jobs, exchange); }
        ),
        std::move(upload),
    };
}

}  // namespace moat::api::moat_api
