#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "cli/console.h"

namespace moat::cli {

// The progress of a pull or push on standard error: on a terminal one bar for each layer, with its
// rate and the time that is left; elsewhere one line when a layer begins and one when it is done.
// Threads: one. Borrows the console.
class TransferBars {
  public:
    using Instant = std::chrono::steady_clock::time_point;

    explicit TransferBars(const Console& console) : console_(console) {}

    // A line of the server: {"status", "digest"?, "total"?, "completed"?}.
    void show(const json::Value& line, Instant now);

  private:
    struct Bar {
        std::string digest;
        std::string label;
        std::int64_t total = 0;
        std::int64_t completed = 0;
        std::int64_t first = 0;  // bytes that were there when it began
        Instant begun;
    };

    void show_bar(const json::Value& line, const std::string& digest, Instant now);
    void show_text(const std::string& status);
    void finish(std::size_t index, Instant now);
    void draw(Instant now);
    void erase();
    std::string text_of(const Bar& bar, Instant now) const;

    const Console& console_;
    std::vector<Bar> bars_;          // that are not full yet
    std::vector<std::string> done_;  // digests
    std::string last_text_;
    std::size_t drawn_ = 0;  // lines at the bottom of the terminal that are ours
    Instant last_drawn_{};
};

// "12.3 MB/s", "2m10s": of so many bytes in that time.
std::string rate_text(std::int64_t bytes, std::chrono::duration<double> time);
std::string time_left_text(std::chrono::duration<double> time);

}  // namespace moat::cli
