#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "app/config.h"

namespace moat::app {

// The whole server: builds every object, joins them, and takes them down in reverse.
// Threads: one (its own threads aside).
class ServerApp {
  public:
    // Ready to answer when it returns.
    // Errors: whatever keeps it from starting, in words for the administrator.
    static Result<std::unique_ptr<ServerApp>> start(Config config);
    // stop() with no grace.
    ~ServerApp();

    const std::vector<HostPort>& addresses() const;
    // What the administrator may want to know: what is missing, what is open.
    struct Notice {
        std::string english;
        std::string chinese;
    };
    std::vector<Notice> notices() const;

    // Accepts nothing more, lets requests end for `grace`, then cancels. Blocks.
    void stop(std::chrono::milliseconds grace);

  private:
    struct Parts;
    explicit ServerApp(std::unique_ptr<Parts> parts);

    std::unique_ptr<Parts> parts_;
};

}  // namespace moat::app
