#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "access/api_keys.h"
#include "app/config.h"

namespace moat::app {

// The API keys of the data folder, with the rule that follows from how the server listens.
// Threads: any. Owns: keys/ in the data folder. Borrows: the clock.
class KeyServices {
  public:
    // On a server that always needs keys and has none for an administrator, makes the first one and
    // leaves it in keys/first-admin-key, for the owner's eyes only.
    // Errors: those of the storage, and of check_exposure().
    static Result<std::unique_ptr<KeyServices>> open(const Config& config, const Clock& clock);
    ~KeyServices();

    access::ApiKeys& keys() { return *keys_; }
    // Was the first key made just now?
    bool made_first_key() const { return made_first_key_; }

  private:
    KeyServices(std::unique_ptr<access::KeyStorage> storage, std::unique_ptr<access::ApiKeys> keys);
    Status make_first_key(const std::filesystem::path& file);

    const std::unique_ptr<access::KeyStorage> storage_;
    const std::unique_ptr<access::ApiKeys> keys_;
    bool made_first_key_ = false;
    std::jthread flusher_;  // last: writes the times of last use now and then
};

}  // namespace moat::app
