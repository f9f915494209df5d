#include <algorithm>

#include <fmt/format.h>

#include "api/weaviate/errors.h"
#include "api/weaviate/names.h"
#include "api/weaviate/objects.h"
#include "api/weaviate/route_parts.h"
#include "api/weaviate/routes.h"
#include "collections/backup_jobs.h"

namespace moat::api::weaviate {
namespace {

using collections::BackupJob;

constexpr std::string_view kBackend = "filesystem";

Error invalid(std::string message) {
    return Error{ErrorCode::invalid_argument, std::move(message)};
}

std::string_view status_text(BackupJob::State state) {
    switch (state) {
        case BackupJob::State::waiting:
            return "STARTED";
        case BackupJob::State::running:
            return "TRANSFERRING";
        case BackupJob::State::done:
            return "SUCCESS";
        case BackupJob::State::failed:
            return "FAILED";
        case BackupJob::State::cancelled:
            return "CANCELED";
    }
    return "FAILED";
}

json::Object job_json(const BackupJob& job) {
    json::Object out{
        {"id", job.id},
        {"backend", kBackend},
        {"path", job.id},  // below the server's folder of backups, whose place is its own affair
        {"status", status_text(job.state)},
        {"classes", json::Array(job.collections.begin(), job.collections.end())},
    };
    if (!job.failure.empty()) out["error"] = job.failure;
    return out;
}

// Which of `all` the request asks for: `include`, or all but `exclude`.
Result<std::vector<std::string>> choose(const json::Value& body, std::vector<std::string> all) {
    const std::vector<std::string> include = texts_of(member(body, "include"));
    const std::vector<std::string> exclude = texts_of(member(body, "exclude"));
    if (!include.empty() && !exclude.empty()) {
        return invalid("say either 'include' or 'exclude', not both");
    }
    if (!include.empty()) {
        std::vector<std::string> names;
        for (const std::string& name : include) {
            TRY_ASSIGN(names.emplace_back(), class_name(name));
        }
        return names;
    }
    std::erase_if(all, [&](const std::string& name) {
        return std::ranges::any_of(exclude, [&](const std::string& other) {
            const auto as_class = class_name(other);
            return as_class && *as_class == name;
        });
    });
    if (all.empty()) return invalid("there is no class to take");
    return all;
}

Status check_backend(const http::Request& request) {
    if (request.param("backend") == kBackend) return Ok{};
    return invalid(fmt::format(
        "backups are kept in files here: use the backend '{}', not '{}'",
        kBackend,
        request.param("backend")
    ));
}

Result<http::Response> make(http::Exchange& exchange, const Services& services) {
    const http::Request& request = exchange.request();
    TRY(check_backend(request));
    TRY_ASSIGN(const json::Value body, read_json(request));
    const std::string id = text_or(body, "id", "");
    std::vector<std::string> all;
    for (const collections::Schema& schema : Classes(services).list(request.principal))
        all.push_back(schema.name);
    TRY_ASSIGN(const auto names, choose(body, std::move(all)));
    for (const std::string& name : names) {
        const auto known = Classes(services).open(request.principal, name);
        if (!known) return invalid(fmt::format("class {} does not exist", name));
    }
    TRY(services.backups.back_up(request.principal, id, names));
    TRY_ASSIGN(BackupJob job, services.backups.backup(request.principal, id));
    job.state = BackupJob::State::waiting;  // the clients expect that it only begins
    return json_response(job_json(job));
}

Result<http::Response> progress_of_backup(http::Exchange& exchange, const Services& services) {
    const http::Request& request = exchange.request();
    TRY(check_backend(request));
    TRY_ASSIGN(
        const BackupJob job, services.backups.backup(request.principal, request.param("id"))
    );
    return json_response(job_json(job));
}

Result<http::Response> list(http::Exchange& exchange, const Services& services) {
    const http::Request& request = exchange.request();
    TRY(check_backend(request));
    TRY_ASSIGN(const auto jobs, services.backups.backups(request.principal));
    json::Array out;
    for (const BackupJob& job : jobs)
        out.push_back(job_json(job));
    return json_response(out);
}

Result<http::Response> cancel(http::Exchange& exchange, const Services& services) {
    const http::Request& request = exchange.request();
    TRY(check_backend(request));
    TRY(services.backups.cancel(request.principal, request.param("id")));
    return empty_response(204);
}

Result<http::Response> restore(http::Exchange& exchange, const Services& services) {
    const http::Request& request = exchange.request();
    TRY(check_backend(request));
    const std::string id = request.param("id");
    json::Value body = json::Object();
    if (!request.body.empty()) {
        TRY_ASSIGN(body, read_json(request));
    }
    TRY_ASSIGN(const BackupJob made, services.backups.backup(request.principal, id));
    TRY_ASSIGN(const auto names, choose(body, made.collections));
    collections::BackupJobs::Renames as_they_were;
    for (const std::string& name : names)
        as_they_were.emplace_back(name, name);
    TRY(services.backups.restore(request.principal, id, std::move(as_they_were)));
    TRY_ASSIGN(BackupJob job, services.backups.restoration(request.principal, id));
    job.state = BackupJob::State::waiting;
    return json_response(job_json(job));
}

Result<http::Response> progress_of_restoration(http::Exchange& exchange, const Services& services) {
    const http::Request& request = exchange.request();
    TRY(check_backend(request));
    TRY_ASSIGN(
        const BackupJob job, services.backups.restoration(request.principal, request.param("id"))
    );
    return json_response(job_json(job));
}

}  // namespace

std::vector<http::Route> backup_routes(const Services& services) {
    using Handler = Result<http::Response>(http::Exchange&, const Services&);
    const auto with = [services](Handler& handler) -> Answering {
        return
            [services, &handler](http::Exchange& exchange) { return handler(exchange, services); };
    };
    const std::string all = "/v1/backups/{backend}";
    const std::string one = all + "/{id}";
    return {
        writing("POST", all, with(make)),
        writing("GET", all, with(list)),
        writing("GET", one, with(progress_of_backup)),
        writing("DELETE", one, with(cancel)),
        writing("POST", one + "/restore", with(restore)),
        writing("GET", one + "/restore", with(progress_of_restoration)),
    };
}

}  // namespace moat::api::weaviate
