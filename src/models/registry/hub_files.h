#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/sha256.h"
#include "models/registry/remote_name.h"
#include "models/registry/session.h"

// Models in several files, which Hugging Face and ModelScope keep but do not give out by the
// registry protocol: found through their public file lists. Threads: any.
namespace moat::models {

struct HubFile {
    std::string path;  // in the repository
    std::int64_t size = 0;
    Sha256 digest;
    std::string url{};
};

// Whether a refused manifest means that the model is in several files.
bool is_shards_refusal(const TransferReply& manifest_reply);

// The files of a list as each site writes it; entries without a SHA-256 are left out.
// Errors: corrupt.
Result<std::vector<HubFile>> parse_hugging_face_files(std::string_view json_text);
Result<std::vector<HubFile>> parse_modelscope_files(std::string_view json_text);

// The shards `<stem>-00001-of-0000N.gguf` that `tag` names, in order: those whose stem has the tag
// as a word, without case ("latest": Q4_K_M, or else the first set there is). Of several the one
// with the shortest path. Errors: not_found (naming the tags there are), corrupt (a set that lacks
// some).
Result<std::vector<HubFile>> choose_shards(std::vector<HubFile> files, std::string_view tag);

struct HubModel {
    std::shared_ptr<RegistrySession> session;  // for their addresses
    std::vector<HubFile> shards;               // in order, with addresses
};
// Errors: those of choose_shards() and RegistrySession::send(); io for a list that is not given.
Result<HubModel> find_shards(
    const RegistryAccess& access, const RemoteName& name, const std::stop_token& stop
);

}  // namespace moat::models
