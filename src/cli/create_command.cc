#include <cstdlib>
#include <filesystem>
#include <map>

#include <fmt/core.h>

#include "base/file.h"
#include "base/sha256.h"
#include "cli/commands.h"
#include "cli/model_folder.h"
#include "models/modelfile.h"

namespace moat::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxModelfileBytes = 16U << 20;

// A FROM or ADAPTER value as a file: relative to the Modelfile, or below the home directory.
// Empty when there is no such file, which makes it the name of a model.
fs::path file_of(const std::string& value, const fs::path& folder) {
    fs::path path = value;
    if (value.starts_with("~/")) {
        const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe): one thread here
        if (home != nullptr) path = fs::path(home) / value.substr(2);
    }
    if (path.is_relative()) path = folder / path;
    std::error_code error;
    return fs::exists(path, error) ? path : fs::path();
}

bool looks_like_a_path(const std::string& value) {
    return value.starts_with(".") || value.starts_with("/") || value.starts_with("~") ||
           value.ends_with(".gguf");
}

// Brings the file to the server, unless it has it; returns "sha256:<hex>".
Result<std::string> upload_blob(Session session, const fs::path& file) {
    std::error_code error;
    if (!fs::is_regular_file(file, error)) {
        return Error{
            ErrorCode::unsupported,
            fmt::format("{} is not a file. Give a GGUF file: FROM ./model.gguf", file.string())
        };
    }
    ProgressLine progress(session.console);
    const std::string name = file.filename().string();
    progress.show(fmt::format("hashing {}", name), 0, 1);
    TRY_ASSIGN(const Sha256 digest, sha256_of_file(file));
    const std::string blob = "sha256:" + digest.hex();
    const std::string path = "/api/blobs/" + blob;
    TRY_ASSIGN(const bool there, session.api.exists(path));
    if (there) return blob;
    TRY(session.api.upload(path, file, [&](std::uint64_t done, std::uint64_t total) {
        progress.show(fmt::format("copying {}", name), done, total);
    }));
    return blob;
}

Status add_files(
    Session session,
    const std::vector<std::string>& values,
    const fs::path& folder,
    json::Object& files
) {
    for (const std::string& value : values) {
        const fs::path file = file_of(value, folder);
        if (file.empty())
            return Error{ErrorCode::not_found, fmt::format("{}: no such file", value)};
        TRY_ASSIGN(const std::string digest, upload_blob(session, file));
        files[file.filename().string()] = digest;
    }
    return Ok{};
}

using FilesIn = decltype(&model_files_in);

// What FROM or ADAPTER names: a file, or those files of a folder.
Status add_source(
    Session session,
    const std::string& value,
    const fs::path& folder,
    FilesIn files_in,
    json::Object& files
) {
    const fs::path path = file_of(value, folder);
    std::error_code error;
    if (!fs::is_directory(path, error)) return add_files(session, {value}, folder, files);
    TRY_ASSIGN(const auto found, files_in(path));
    for (const auto& [name, file] : found) {
        TRY_ASSIGN(const std::string digest, upload_blob(session, file));
        files[name] = digest;
    }
    return Ok{};
}

json::Array messages_of(const models::Modelfile& modelfile) {
    json::Array messages;
    for (const auto& message : modelfile.messages) {
        messages.push_back(json::Object{{"role", message.role}, {"content", message.content}});
    }
    return messages;
}

// {"model.gguf": "/models/model.gguf"}: where they lie, as the server will look for them.
Status add_link(const std::string& value, const fs::path& folder, json::Object& links) {
    const fs::path file = file_of(value, folder);
    std::error_code error;
    const fs::path whole = file.empty() ? file : fs::canonical(file, error);
    if (whole.empty() || error)
        return Error{ErrorCode::not_found, fmt::format("{}: no such file", value)};
    links[file.filename().string()] = whole.string();
    return Ok{};
}

Result<json::Object> request_of(
    Session session, const models::Modelfile& modelfile, const fs::path& folder, bool link
) {
    json::Object request;
    json::Object files;
    json::Object links;
    for (const std::string& from : modelfile.from) {
        if (file_of(from, folder).empty() && !looks_like_a_path(from)) {
            request["from"] = from;
        } else if (link) {
            TRY(add_link(from, folder, links));
        } else {
            TRY(add_source(session, from, folder, model_files_in, files));
        }
    }
    if (!files.empty()) request["files"] = files;
    if (!links.empty()) request["links"] = links;
    json::Object adapters;
    for (const std::string& adapter : modelfile.adapters)
        TRY(add_source(session, adapter, folder, adapter_files_in, adapters));
    if (!adapters.empty()) request["adapters"] = adapters;
    json::Object drafts;
    TRY(add_files(session, modelfile.drafts, folder, drafts));
    if (!drafts.empty()) request["draft_files"] = drafts;
    if (modelfile.prompt_template) request["template"] = *modelfile.prompt_template;
    if (modelfile.system) request["system"] = *modelfile.system;
    if (modelfile.renderer) request["renderer"] = *modelfile.renderer;
    if (modelfile.parser) request["parser"] = *modelfile.parser;
    if (modelfile.required_version) request["requires"] = *modelfile.required_version;
    if (!modelfile.parameters.empty()) request["parameters"] = modelfile.parameters;
    if (!modelfile.messages.empty()) request["messages"] = messages_of(modelfile);
    if (!modelfile.licenses.empty()) {
        json::Array licenses;
        for (const auto& text : modelfile.licenses)
            licenses.emplace_back(text);
        request["license"] = licenses;
    }
    return request;
}

// A line for each new status; how far a long one is moves on the line below.
class StatusLines {
  public:
    explicit StatusLines(const Console& console) : console_(console), progress_(console) {}

    void show(const json::Value& line) {
        const std::string status = json::string_or(line, "status");
        const auto total = json::int_or(line, "total", 0);
        const auto done = json::int_or(line, "completed", 0);
        if (!status.empty() && status != last_) {
            progress_.clear();
            console_.note(status);
            last_ = status;
        }
        if (total > 0)
            progress_.show(
                status, static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(total)
            );
    }

  private:
    const Console& console_;
    ProgressLine progress_;
    std::string last_;
};

Status create(Session session, const CreateOptions& options) {
    const std::string& path = options.modelfile;
    const auto text = read_file(path, kMaxModelfileBytes);
    if (!text) {
        return Error{
            ErrorCode::not_found,
            fmt::format("no Modelfile found: {} (name one with -f FILE)", text.error().message)
        };
    }
    TRY_ASSIGN(const models::Modelfile modelfile, models::parse_modelfile(*text));
    for (const auto& warning : modelfile.warnings)
        session.console.note("warning: " + warning);

    fs::path folder = fs::path(path).parent_path();
    if (folder.empty()) folder = ".";
    TRY_ASSIGN(json::Object request, request_of(session, modelfile, folder, options.link));
    request["model"] = options.model;
    if (!options.quantize.empty()) request["quantize"] = options.quantize;
    if (!options.imatrix.empty()) {
        json::Object matrix;
        TRY(add_files(session, {options.imatrix}, ".", matrix));
        request["imatrix"] = matrix;
    }
    if (!options.draft_quantize.empty()) request["draft_quantize"] = options.draft_quantize;
    StatusLines lines(session.console);
    return session.api.post_lines("/api/create", request, [&lines](const json::Value& line) {
        lines.show(line);
        return true;
    });
}

}  // namespace

int create_model(Session session, const CreateOptions& options) {
    const Status created = create(session, options);
    return created ? 0 : session.console.fail(created.error().message);
}

}  // namespace moat::cli
