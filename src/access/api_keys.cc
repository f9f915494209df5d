#include "access/api_keys.h"

#include <algorithm>

#include "access/policy.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "base/log.h"

namespace moat::access {
namespace {

constexpr std::string_view kPrefix = "moat_";
constexpr std::size_t kMaxNameBytes = 100;

std::string make_secret() {
    // 24 bytes are 32 base64 characters without padding.
    const auto random = from_hex(random_hex(24));
    CHECK(random.has_value());
    std::string text = to_base64(*random);
    std::ranges::replace(text, '+', '-');
    std::ranges::replace(text, '/', '_');
    return std::string(kPrefix) + text;
}

Status check_name(const std::string& name) {
    const bool printable = std::ranges::all_of(name, [](char c) {
        return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
    });
    if (name.empty() || name.size() > kMaxNameBytes || !printable || !is_utf8(name))
        return Error{
            ErrorCode::invalid_argument, "a key's name is 1 to 100 bytes of printable text"
        };
    return Ok{};
}

Principal principal_of(const ApiKey& key) {
    return Principal{.id = "key:" + key.id, .name = key.name, .role = key.role};
}

}  // namespace

Result<std::unique_ptr<ApiKeys>> ApiKeys::open(
    KeyStorage& storage, const Clock& clock, KeyRule rule
) {
    TRY_ASSIGN(auto records, storage.list());
    std::unique_ptr<ApiKeys> keys(new ApiKeys(storage, clock, rule));
    for (auto& record : records) {
        const Sha256 hash = record.hash;
        keys->by_hash_.emplace(hash, Entry{.record = std::move(record)});
    }
    keys->admin_exists_ = keys->count_admins() > 0;
    return keys;
}

ApiKeys::~ApiKeys() {
    flush_last_used();
}

std::size_t ApiKeys::count_admins() const {
    return static_cast<std::size_t>(std::ranges::count_if(by_hash_, [](const auto& item) {
        return item.second.record.key.role == Role::admin;
    }));
}

Result<ApiKeys::Created> ApiKeys::create(const Principal& who, const std::string& name, Role role) {
    TRY(require(who, Role::admin));
    TRY(check_name(name));
    CHECK(role != Role::nobody);
    const std::lock_guard one_change(change_mutex_);
    TRY_ASSIGN(const auto existing, list(who));
    const bool taken = std::ranges::any_of(existing, [&](const ApiKey& key) {
        return key.name == name || key.id == name;
    });
    if (taken) return Error{ErrorCode::conflict, "a key named \"" + name + "\" exists already"};

    Created made;
    made.secret = make_secret();
    made.key.id = random_hex(6);
    made.key.name = name;
    made.key.role = role;
    made.key.created_at = clock_.now();
    const Sha256 hash = sha256(bytes_of(made.secret));
    TRY(storage_.insert({.key = made.key, .hash = hash}));

    const std::lock_guard lock(mutex_);
    by_hash_.emplace(hash, Entry{.record = {.key = made.key, .hash = hash}});
    admin_exists_ = count_admins() > 0;
    return made;
}

Result<std::vector<ApiKey>> ApiKeys::list(const Principal& who) const {
    TRY(require(who, Role::admin));
    std::vector<ApiKey> out;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [hash, entry] : by_hash_)
            out.push_back(entry.record.key);
    }
    std::ranges::sort(out, {}, [](const ApiKey& key) { return std::pair(key.created_at, key.id); });
    return out;
}

Status ApiKeys::revoke(const Principal& who, std::string_view id_or_name) {
    TRY(require(who, Role::admin));
    const std::lock_guard one_change(change_mutex_);
    KeyStorage::Record found;
    {
        const std::lock_guard lock(mutex_);
        const auto it = std::ranges::find_if(by_hash_, [&](const auto& item) {
            const ApiKey& key = item.second.record.key;
            return key.id == id_or_name || key.name == id_or_name;
        });
        if (it == by_hash_.end()) return Error{ErrorCode::not_found, "no such key"};
        found = it->second.record;
        if (rule_ == KeyRule::always && found.key.role == Role::admin && count_admins() == 1)
            return Error{
                ErrorCode::conflict,
                "this is the last administrator's key and this server needs keys: create another "
                "one first"
            };
    }
    TRY(storage_.remove(found.key.id));
    const std::lock_guard lock(mutex_);
    by_hash_.erase(found.hash);
    admin_exists_ = count_admins() > 0;
    return Ok{};
}

Principal ApiKeys::authenticate(std::string_view presented_key) {
    if (!presented_key.empty()) {
        const Sha256 hash = sha256(bytes_of(presented_key));
        const std::lock_guard lock(mutex_);
        if (const auto it = by_hash_.find(hash); it != by_hash_.end()) {
            it->second.record.key.last_used_at = clock_.now();
            it->second.dirty = true;
            return principal_of(it->second.record.key);
        }
    }
    // Clients of OpenAI's API cannot leave the key out, so a made-up one is no error here.
    if (key_required()) return {};
    return Principal{.id = "local", .name = "local", .role = Role::admin};
}

bool ApiKeys::key_required() const {
    return rule_ == KeyRule::always || has_admin_key();
}

bool ApiKeys::has_admin_key() const {
    return admin_exists_;
}

void ApiKeys::flush_last_used() {
    const std::lock_guard one_change(change_mutex_);
    std::vector<ApiKey> changed;
    {
        const std::lock_guard lock(mutex_);
        for (auto& [hash, entry] : by_hash_) {
            if (!entry.dirty) continue;
            entry.dirty = false;
            changed.push_back(entry.record.key);
        }
    }
    for (const ApiKey& key : changed) {
        const Status written = storage_.set_last_used(key.id, *key.last_used_at);
        if (!written)
            log::warning(
                "the last use of key {} was not saved: {}", key.id, written.error().message
            );
    }
}

}  // namespace moat::access
