#include "models/registry/hub_files.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/json.h"

namespace moat::models {
namespace {

constexpr std::size_t kMaxListBytes = std::size_t{16} << 20;
constexpr int kMaxPages = 50;  // of a thousand files
constexpr std::string_view kShardSuffix = "-00001-of-00001.gguf";

Error damaged() {
    return Error{ErrorCode::corrupt, "the list of files of the repository makes no sense"};
}

std::optional<int> five_digits(std::string_view text) {
    int out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc() || end != text.data() + text.size() || text[0] == '-')
        return std::nullopt;
    return out;
}

// "folder/name-Q4_K_M-00002-of-00003.gguf"
struct ShardName {
    std::string stem;
    int number = 0;
    int count = 0;
};

std::optional<ShardName> parse_shard_name(std::string_view path) {
    if (path.size() <= kShardSuffix.size()) return std::nullopt;
    const std::string_view end = path.substr(path.size() - kShardSuffix.size());
    const auto number = five_digits(end.substr(1, 5));
    const auto count = five_digits(end.substr(10, 5));
    const bool fits = end[0] == '-' && end.substr(6, 4) == "-of-" &&
                      equal_without_case(end.substr(15), ".gguf") && number && count;
    if (!fits || *number < 1 || *number > *count) return std::nullopt;
    return ShardName{std::string(path.substr(0, path.size() - end.size())), *number, *count};
}

bool is_word_character(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_';
}

// "Q4_K_M" is a word of "model-Q4_K_M" and of "UD-Q4_K_M/model", and not of "model-IQ4_K_M".
bool has_word(std::string_view stem, std::string_view tag) {
    const std::string text = ascii_lower(stem);
    const std::string word = ascii_lower(tag);
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
        const std::size_t end = at + word.size();
        const bool begins = at == 0 || !is_word_character(text[at - 1]);
        const bool ends = end == text.size() || !is_word_character(text[end]);
        if (begins && ends) return true;
    }
    return false;
}

using ShardSets = std::map<std::string, std::map<int, HubFile>>;  // by stem and number

const ShardSets::value_type* best_of(const ShardSets& sets, std::string_view tag) {
    const ShardSets::value_type* best = nullptr;
    for (const auto& set : sets)
        if (has_word(set.first, tag) && (!best || set.first.size() < best->first.size()))
            best = &set;
    return best;
}

bool is_modelscope(std::string_view host) {
    return host.contains("modelscope.");
}

std::string next_page(const TransferReply& reply) {
    const std::string_view link = reply.header("link");  // <url>; rel="next"
    const auto end = link.find('>');
    if (!link.starts_with('<') || end == std::string_view::npos) return {};
    return link.substr(end).contains("next") ? std::string(link.substr(1, end - 1)) : "";
}

Result<TransferReply> get_list(
    RegistrySession& session, const std::string& url, const std::stop_token& stop
) {
    TRY_ASSIGN(
        TransferReply reply,
        session.send({.url = url, .max_reply_bytes = kMaxListBytes}, nullptr, stop)
    );
    if (reply.status >= 300) return error_of_status(reply);
    return reply;
}

Result<std::vector<HubFile>> hugging_face_files(
    RegistrySession& session, const Url& origin, const RemoteName& name, const std::stop_token& stop
) {
    const std::string repository = name.repository();
    std::string url = origin.scheme + "://" + origin.authority + "/api/models/" + repository +
                      "/tree/main?recursive=true";
    std::vector<HubFile> out;
    for (int page = 0; !url.empty() && page < kMaxPages; ++page) {
        TRY_ASSIGN(const TransferReply reply, get_list(session, url, stop));
        TRY_ASSIGN(auto files, parse_hugging_face_files(reply.body));
        std::ranges::move(files, std::back_inserter(out));
        const std::string next = next_page(reply);
        if (next.empty()) break;
        TRY_ASSIGN(const Url resolved, resolve(origin, next));
        if (!resolved.same_origin(origin)) return damaged();
        url = resolved.text();
    }
    for (HubFile& file : out)
        file.url = fmt::format(
            "{}://{}/{}/resolve/main/{}",
            origin.scheme,
            origin.authority,
            repository,
            percent_encoded(file.path, "/")
        );
    return out;
}

Result<std::vector<HubFile>> modelscope_files(
    RegistrySession& session, const Url& origin, const RemoteName& name, const std::stop_token& stop
) {
    const std::string base = fmt::format(
        "{}://{}/api/v1/models/{}/repo", origin.scheme, origin.authority, name.repository()
    );
    TRY_ASSIGN(
        const TransferReply reply,
        get_list(session, base + "/files?Revision=master&Recursive=true", stop)
    );
    TRY_ASSIGN(auto out, parse_modelscope_files(reply.body));
    for (HubFile& file : out)
        file.url = base + "?Revision=master&FilePath=" + percent_encoded(file.path);
    return out;
}

}  // namespace

bool is_shards_refusal(const TransferReply& manifest_reply) {
    return manifest_reply.status == 400 && ascii_lower(manifest_reply.body).contains("sharded");
}

Result<std::vector<HubFile>> parse_hugging_face_files(std::string_view json_text) {
    const auto value = json::read(json_text);
    if (!value || !value->is_array()) return damaged();
    std::vector<HubFile> out;
    for (const json::Value& entry : value->get_array()) {
        const json::Value* lfs = json::find(entry, "lfs");
        if (!lfs) continue;
        const auto digest = parse_sha256(json::string_or(*lfs, "oid"));
        const auto size = json::int_or(*lfs, "size", -1);
        if (!digest || size < 0) continue;
        out.push_back({.path = json::string_or(entry, "path"), .size = size, .digest = *digest});
    }
    return out;
}

Result<std::vector<HubFile>> parse_modelscope_files(std::string_view json_text) {
    const auto value = json::read(json_text);
    const json::Value* data = value ? json::find(*value, "Data") : nullptr;
    const json::Array* files = data ? json::find_array(*data, "Files") : nullptr;
    if (!files) return damaged();
    std::vector<HubFile> out;
    for (const json::Value& entry : *files) {
        const auto digest = parse_sha256(json::string_or(entry, "Sha256"));
        const auto size = json::int_or(entry, "Size", -1);
        if (!digest || size < 0) continue;
        out.push_back({.path = json::string_or(entry, "Path"), .size = size, .digest = *digest});
    }
    return out;
}

Result<std::vector<HubFile>> choose_shards(std::vector<HubFile> files, std::string_view tag) {
    ShardSets sets;
    std::map<std::string, int> counts;
    for (HubFile& file : files) {
        const auto shard = parse_shard_name(file.path);
        if (!shard) continue;
        counts[shard->stem] = shard->count;
        sets[shard->stem].emplace(shard->number, std::move(file));
    }
    const bool any = equal_without_case(tag, kDefaultTag);
    const auto* chosen = best_of(sets, any ? "Q4_K_M" : tag);
    if (!chosen && any && !sets.empty()) chosen = &*sets.begin();
    if (!chosen) {
        std::string there;
        for (const auto& [stem, shards] : sets)
            there += (there.empty() ? "" : ", ") + stem;
        return Error{
            ErrorCode::not_found,
            fmt::format(
                "the repository has no model in several files for the tag {}{}",
                tag,
                there.empty() ? "" : "; it has " + there.substr(0, 500)
            )
        };
    }
    std::vector<HubFile> out;
    for (const auto& [number, file] : chosen->second)
        out.push_back(file);
    if (std::ssize(out) != counts[chosen->first])
        return Error{
            ErrorCode::corrupt,
            fmt::format(
                "the repository has {} of the {} parts of {}",
                out.size(),
                counts[chosen->first],
                chosen->first
            )
        };
    return out;
}

Result<HubModel> find_shards(
    const RegistryAccess& access, const RemoteName& name, const std::stop_token& stop
) {
    // The short name of the site has no files of its own.
    const bool is_short = equal_without_case(name.name.host, "hf.co");
    TRY_ASSIGN(const Url origin, parse_url(is_short ? "https://huggingface.co" : name.origin()));
    HubModel out;
    TRY_ASSIGN(
        out.session, RegistrySession::open(access, origin.scheme + "://" + origin.authority)
    );
    const auto list = is_modelscope(origin.authority) ? modelscope_files : hugging_face_files;
    TRY_ASSIGN(auto files, list(*out.session, origin, name, stop));
    TRY_ASSIGN(out.shards, choose_shards(std::move(files), name.name.tag));
    return out;
}

}  // namespace moat::models
