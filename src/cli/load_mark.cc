#include "cli/load_mark.h"

#include <algorithm>

#include <fmt/core.h>

namespace moat::cli {

bool LoadMark::show(const json::Value& line) {
    if (json::string_or(line, "status") != "loading model") return false;
    spinner_.stop();
    const auto bytes = [&line](std::string_view key) {
        return static_cast<std::uint64_t>(std::max<std::int64_t>(0, json::int_or(line, key, 0)));
    };
    const std::uint64_t total = bytes("total");
    progress_.show(
        fmt::format(
            "{} ({})",
            console_.pick("loading the model", "正在加载模型"),
            human_size(static_cast<std::int64_t>(total))
        ),
        bytes("completed"),
        total
    );
    return true;
}

void LoadMark::stop() {
    spinner_.stop();
    progress_.clear();
}

}  // namespace moat::cli
