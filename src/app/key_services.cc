#include "app/key_services.h"

#include <sys/stat.h>

#include "access/policy.h"
#include "adapters/sqlite/key_storage.h"
#include "app/exposure.h"
#include "base/file.h"

namespace moat::app {
namespace {

constexpr auto kFlushInterval = std::chrono::minutes(1);

void flush_now_and_then(access::ApiKeys& keys, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
        stopped.wait_for(lock, stop, kFlushInterval, [] { return false; });
        keys.flush_last_used();
    }
}

}  // namespace

KeyServices::KeyServices(
    std::unique_ptr<access::KeyStorage> storage, std::unique_ptr<access::ApiKeys> keys
)
    : storage_(std::move(storage)),
      keys_(std::move(keys)),
      flusher_([this](const std::stop_token& stop) { flush_now_and_then(*keys_, stop); }) {}

KeyServices::~KeyServices() = default;

Result<std::unique_ptr<KeyServices>> KeyServices::open(const Config& config, const Clock& clock) {
    const std::filesystem::path folder = config.data / "keys";
    TRY_ASSIGN(auto storage, sqlite::KeyStorage::open(folder / "keys.db"));
    const access::KeyRule rule = key_rule(config);
    TRY_ASSIGN(auto keys, access::ApiKeys::open(*storage, clock, rule));
    TRY(check_exposure(config, keys->has_admin_key()));
    std::unique_ptr<KeyServices> services(new KeyServices(std::move(storage), std::move(keys)));
    if (rule == access::KeyRule::always && !services->keys().has_admin_key())
        TRY(services->make_first_key(folder / "first-admin-key"));
    return services;
}

Status KeyServices::make_first_key(const std::filesystem::path& file) {
    TRY_ASSIGN(
        const auto made, keys_->create(access::system_principal(), "first-admin", Role::admin)
    );
    // The folder is closed to others already, so nobody reads it between these two lines.
    TRY(write_file_atomically(file, bytes_of(made.secret + "\n")));
    if (::chmod(file.c_str(), S_IRUSR | S_IWUSR) != 0)
        return Error{ErrorCode::io, "cannot restrict first-admin-key to its owner"};
    made_first_key_ = true;
    return Ok{};
}

}  // namespace moat::app
