#include "api/openai/side_by_side.h"

#include <mutex>
#include <optional>
#include <thread>

namespace moat::api::openai {

Result<std::vector<inference::GenerateResult>> answer_side_by_side(
    std::size_t count, const std::stop_token& stop, const Answer& answer
) {
    std::stop_source all;
    const std::stop_callback stop_all(stop, [&all] { all.request_stop(); });
    std::vector<inference::GenerateResult> results(count);
    std::mutex mutex;
    std::optional<Error> failure;  // guarded by mutex; the first: later ones are its consequence
    const auto run = [&](std::size_t index) {
        auto result = answer(index, all.get_token());
        if (result) {
            results[index] = *std::move(result);
            return;
        }
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::move(result).error();
        all.request_stop();
    };
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 1; i < count; ++i)
            threads.emplace_back(run, i);
        run(0);
    }
    if (failure) return *std::move(failure);
    return results;
}

json::Value options_for(const json::Value& options, std::size_t index) {
    const json::Value* seed = json::find(options, "seed");
    if (index == 0 || seed == nullptr || !seed->is_number()) return options;
    json::Value out = options;
    out.get_object()["seed"] = json::int_or(options, "seed", 0) + static_cast<std::int64_t>(index);
    return out;
}

}  // namespace moat::api::openai
