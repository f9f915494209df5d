#include "models/registry/registry.h"

#include "access/policy.h"
#include "models/registry/registry_parts.h"

namespace moat::models {

Registry::Parts::Parts(
    ModelStore& s, HttpTransfer& http, const Clock& clock, RegistrySettings given
)
    : store(s),
      settings(std::move(given)),
      access{
          .http = http,
          .clock = clock,
          // Read anew each time: an administrator who changes the file need not restart.
          .credentials = [this] { return Credentials::read(settings.keys / "registries.json"); },
          .signing_key = [this] { return signing_key(); },
          .user_agent = settings.user_agent
      },
      downloads(settings.downloads, settings.connections) {}

Result<SigningKey> Registry::Parts::signing_key() {
    const std::lock_guard lock(key_mutex);
    return SigningKey::open_or_make(settings.keys / "id_ed25519");
}

Registry::Registry(
    ModelStore& store, HttpTransfer& http, const Clock& clock, RegistrySettings settings
)
    : parts_(std::make_unique<Parts>(store, http, clock, std::move(settings))) {}

Registry::~Registry() = default;

Status Registry::pull(
    const Principal& who,
    const TransferOrder& order,
    const ProgressSink& progress,
    const std::stop_token& stop
) {
    TRY(access::require(who, Role::admin));
    return Pull(parts_->store, parts_->access, parts_->downloads, progress, stop).run(who, order);
}

Status Registry::push(
    const Principal& who,
    const TransferOrder& order,
    const ProgressSink& progress,
    const std::stop_token& stop
) {
    TRY(access::require(who, Role::admin));
    return Push(parts_->store, parts_->access, parts_->settings.downloads, progress, stop)
        .run(who, order);
}

}  // namespace moat::models
