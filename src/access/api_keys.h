#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/authenticator.h"
#include "base/clock.h"
#include "base/principal.h"
#include "base/result.h"
#include "base/sha256.h"

// API keys: "moat_" and 32 random URL-safe characters (192 bits), shown once. Only their SHA-256
// is kept: with that much randomness a slow password hash would protect nothing more.
namespace moat::access {

struct ApiKey {
    std::string id;  // public; also the principal's, as "key:<id>"
    std::string name;
    Role role = Role::user;
    Time created_at;
    std::optional<Time> last_used_at;  // to the minute or so: written back now and then
};

// Where keys are kept. Threads: any; blocks on the disk. Errors: io, corrupt; insert: conflict.
class KeyStorage {
  public:
    struct Record {
        ApiKey key;
        Sha256 hash;
    };

    virtual ~KeyStorage() = default;
    virtual Status insert(const Record& record) = 0;
    virtual Result<std::vector<Record>> list() = 0;
    virtual Status remove(const std::string& id) = 0;  // not_found
    virtual Status set_last_used(const std::string& id, Time time) = 0;
};

enum class KeyRule {
    when_an_admin_key_exists,  // until then everyone who reaches the server is its administrator
    always,
};

// Threads: any. Keys are held in memory, so authenticate() never waits for the disk.
// Borrows: the storage and the clock.
class ApiKeys final : public Authenticator {
  public:
    // Reads all keys. Errors: those of the storage.
    static Result<std::unique_ptr<ApiKeys>> open(
        KeyStorage& storage, const Clock& clock, KeyRule rule
    );
    ~ApiKeys() override;

    struct Created {
        ApiKey key;
        std::string secret;  // the only time it is seen
    };
    // Admins only. Errors: forbidden, unauthenticated, invalid_argument (name), conflict (name in
    // use), io.
    Result<Created> create(const Principal& who, const std::string& name, Role role);
    Result<std::vector<ApiKey>> list(const Principal& who) const;  // oldest first
    // By id or name. The last admin key stays while keys are always needed (conflict), because
    // nobody could come in any more.
    Status revoke(const Principal& who, std::string_view id_or_name);

    Principal authenticate(std::string_view presented_key) override;
    bool key_required() const override;
    bool has_admin_key() const;

    // Writes the times of last use; the owner calls it now and then, and the destructor.
    void flush_last_used();

  private:
    struct Entry {
        KeyStorage::Record record;
        bool dirty = false;  // last_used_at is newer than what the storage has
    };

    ApiKeys(KeyStorage& storage, const Clock& clock, KeyRule rule)
        : storage_(storage), clock_(clock), rule_(rule) {}
    std::size_t count_admins() const;  // mutex_ held

    KeyStorage& storage_;
    const Clock& clock_;
    const KeyRule rule_;

    std::mutex change_mutex_;          // one create, revoke or flush at a time
    mutable std::mutex mutex_;         // never held while the storage works
    std::map<Sha256, Entry> by_hash_;  // guarded by mutex_
    std::atomic<bool> admin_exists_{false};
};

}  // namespace moat::access
