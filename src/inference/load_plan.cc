#include "inference/load_plan.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <string>

#include <fmt/format.h>

namespace moat::inference {
namespace {

constexpr int kUsualContext = 4096;
// A slot that may not count on this many tokens would wait for others more than answer.
constexpr int kSlotTokens = 1024;
// Whole contexts in a pool. Few requests fill theirs, and a pool is taken from memory as a whole.
constexpr int kPoolContexts = 4;

// A share stays free: the estimate is one, and the server needs some too.
std::uint64_t usable(std::uint64_t available_bytes) {
    return available_bytes - available_bytes / 20;
}

std::uint64_t bytes_for(const ModelCost& cost, int pool) {
    const auto tokens = static_cast<std::uint64_t>(pool);
    return cost.file_bytes + cost.cache_bytes_per_token * tokens + cost.workspace_bytes;
}

int pool_for(const ModelCost& cost, int context, int slots, std::uint64_t bytes) {
    const std::int64_t all = std::int64_t{context} * std::min(slots, kPoolContexts);
    const std::int64_t most = std::min<std::int64_t>(all, std::numeric_limits<int>::max() / 2);
    if (cost.cache_bytes_per_token == 0) return static_cast<int>(most);
    const std::uint64_t fitting = bytes / cost.cache_bytes_per_token;
    return static_cast<int>(std::clamp<std::uint64_t>(
        fitting,
        static_cast<std::uint64_t>(context),
        static_cast<std::uint64_t>(std::max<std::int64_t>(most, context))
    ));
}

std::string gib(std::uint64_t bytes) {
    return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / (1ULL << 30));
}

// The number in a file such as memory.max; all bits set when there is none ("max").
std::uint64_t number_in(const char* path) {
    std::ifstream file(path);
    std::uint64_t number = 0;
    return file >> number ? number : std::numeric_limits<std::uint64_t>::max();
}

std::uint64_t kernel_available() {
    std::ifstream file("/proc/meminfo");
    std::string line;
    while (std::getline(file, line)) {
        constexpr std::string_view kKey = "MemAvailable:";
        if (!line.starts_with(kKey)) continue;
        const auto digits = line.find_first_of("0123456789");
        if (digits == std::string::npos) break;
        std::uint64_t kib = 0;
        std::from_chars(line.data() + digits, line.data() + line.size(), kib);
        return kib * 1024;
    }
    return std::numeric_limits<std::uint64_t>::max();
}

// Page cache counts as used in a control group although it gives way; so only the limit minus
// what cannot be dropped is a bound. inactive_file is that part.
std::uint64_t group_available() {
    const std::uint64_t limit = number_in("/sys/fs/cgroup/memory.max");
    if (limit == std::numeric_limits<std::uint64_t>::max()) return limit;
    std::uint64_t used = number_in("/sys/fs/cgroup/memory.current");
    std::ifstream stat("/sys/fs/cgroup/memory.stat");
    std::string key;
    std::uint64_t value = 0;
    while (stat >> key >> value) {
        if (key == "inactive_file" || key == "active_file") used -= std::min(used, value);
    }
    return limit - std::min(limit, used);
}

}  // namespace

LoadPlan plan_load(
    const ModelSource& model,
    const ModelCost& cost,
    int default_context,
    int max_slots,
    std::uint64_t available_bytes
) {
    LoadPlan plan;
    const int usual = default_context > 0 ? default_context : kUsualContext;
    plan.context_length = model.load.num_ctx > 0 ? model.load.num_ctx : usual;
    if (cost.trained_context > 0) {
        plan.context_length = std::min(plan.context_length, cost.trained_context);
    }
    const std::uint64_t fixed = bytes_for(cost, 0);
    const std::uint64_t room = usable(available_bytes);
    const std::uint64_t for_pool = (room - std::min(room, fixed)) / 2;
    plan.pool = pool_for(cost, plan.context_length, max_slots, for_pool);
    plan.needed_bytes = bytes_for(cost, plan.pool);
    if (plan.needed_bytes > room) return plan;
    plan.spare_bytes = room - plan.needed_bytes;
    plan.slots = std::clamp(plan.pool / std::min(plan.context_length, kSlotTokens), 1, max_slots);
    return plan;
}

Fit fit_of(const ModelCost& cost, const LoadPlan& plan, std::uint64_t available_bytes) {
    return Fit{
        .fits = plan.slots > 0,
        .file_bytes = cost.file_bytes,
        .cache_bytes_per_token = cost.cache_bytes_per_token,
        .workspace_bytes = cost.workspace_bytes,
        .needed_bytes = plan.needed_bytes,
        .available_bytes = usable(available_bytes),
        .context_length = plan.context_length,
        .slots = plan.slots,
        .pool = plan.pool
    };
}

Error does_not_fit(const ModelCost& cost, const LoadPlan& plan, std::uint64_t available_bytes) {
    const std::uint64_t cache =
        cost.cache_bytes_per_token * static_cast<std::uint64_t>(plan.context_length);
    return Error{
        ErrorCode::too_large,
        fmt::format(
            "model requires more system memory ({}) than is available ({}): file {}, attention "
            "state of {} tokens {}, work space {}; free memory, lower num_ctx or choose a smaller "
            "model",
            gib(plan.needed_bytes),
            gib(usable(available_bytes)),
            gib(cost.file_bytes),
            plan.context_length,
            gib(cache),
            gib(cost.workspace_bytes)
        )
    };
}

std::uint64_t available_memory() {
    return std::min(kernel_available(), group_available());
}

}  // namespace moat::inference
