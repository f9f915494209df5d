#include "adapters/llama/state_store.h"

#include <algorithm>

#include "base/file.h"
#include "base/ids.h"
#include "base/log.h"

namespace moat::adapters::llama {
namespace {

constexpr std::string_view kSuffix = ".state";

}  // namespace

std::size_t Reach::for_reader(const std::string& reader, std::size_t length) const {
    if (reader.empty() || domain.empty()) return 0;
    return reader == domain ? length : std::min(public_tokens, length);
}

std::size_t common_beginning(std::span<const llama_token> a, std::span<const llama_token> b) {
    const auto limit = std::min(a.size(), b.size());
    const auto differs =
        std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(limit), b.begin());
    return static_cast<std::size_t>(differs.first - a.begin());
}

StateStore::StateStore(StateLimits limits, std::string model)
    : limits_(std::move(limits)), model_(std::move(model)) {
    if (has_disk()) read_folder();
}

void StateStore::read_folder() {
    if (const Status made = make_directories(limits_.folder); !made) {
        log::warning("{}: attention states stay in memory", made.error().message);
        return;
    }
    std::error_code failed;
    std::vector<std::filesystem::directory_entry> files;
    for (const auto& item : std::filesystem::directory_iterator(limits_.folder, failed)) {
        if (item.path().extension() == kSuffix) files.push_back(item);
    }
    std::ranges::sort(files, std::greater(), [&](const auto& file) {
        return file.last_write_time(failed);  // which is its last use
    });
    for (const auto& file : files) {
        auto head = read_state_head(file.path());
        if (!head || head->model != model_) {
            std::filesystem::remove(file.path(), failed);
            continue;
        }
        disk_bytes_ += head->file_bytes;
        Reach reach{std::move(head->domain), head->public_tokens};
        entries_.push_back(
            {std::move(head->tokens), std::move(reach), {}, file.path(), head->file_bytes}
        );
    }
    shrink_disk();
}

bool StateStore::covers(std::span<const llama_token> tokens, const Reach& reach) const {
    return std::ranges::any_of(entries_, [&](const Entry& entry) {
        return entry.reach.domain == reach.domain &&
               entry.reach.public_tokens >= reach.public_tokens &&
               common_beginning(entry.tokens, tokens) == tokens.size();
    });
}

bool StateStore::is_on_disk(std::span<const llama_token> tokens, const Reach& reach) const {
    return std::ranges::any_of(entries_, [&](const Entry& entry) {
        return !entry.file.empty() && entry.reach.domain == reach.domain &&
               common_beginning(entry.tokens, tokens) == tokens.size();
    });
}

// What the new state continues has nothing that the new one has not.
void StateStore::forget_beginnings_of(const Tokens& tokens, const Reach& reach, bool on_disk) {
    for (auto place = entries_.begin(); place != entries_.end();) {
        const auto next = std::next(place);
        if (place->reach.domain == reach.domain && place->tokens.size() < tokens.size() &&
            common_beginning(place->tokens, tokens) == place->tokens.size()) {
            if (on_disk) {
                forget_file(place);
            } else {
                forget_state(place);
            }
            remove_empty(place);
        }
        place = next;
    }
}

void StateStore::keep(const Tokens& tokens, const Reach& reach, StateBytes state) {
    if (state.size() > limits_.memory_bytes || covers(tokens, reach)) return;
    forget_beginnings_of(tokens, reach, false);
    memory_bytes_ += state.size();
    entries_.push_front({tokens, reach, std::move(state), {}, 0});
    shrink_memory();
}

Status StateStore::save(const Tokens& tokens, const Reach& reach, const StateBytes& state) {
    if (!has_disk() || is_on_disk(tokens, reach)) return Ok{};
    const auto path = limits_.folder / (random_hex(16) + std::string(kSuffix));
    const StateHead head{model_, reach.domain, reach.public_tokens, tokens, 0};
    TRY(write_state_file(path, head, state));
    forget_beginnings_of(tokens, reach, true);
    std::error_code failed;
    const std::uint64_t bytes = std::filesystem::file_size(path, failed);
    disk_bytes_ += bytes;
    entries_.push_front({tokens, reach, {}, path, bytes});
    shrink_disk();
    return Ok{};
}

std::optional<StateStore::Found> StateStore::find(
    std::span<const llama_token> prompt, const std::string& reader, std::size_t least
) const {
    std::optional<Found> best;
    for (Entry& entry : entries_) {
        const std::size_t common = std::min(
            common_beginning(entry.tokens, prompt),
            entry.reach.for_reader(reader, entry.tokens.size())
        );
        if (common > (best ? best->common : least)) best = {common, entry.tokens.size(), &entry};
    }
    return best;
}

std::optional<StateBytes> StateStore::read(const Found& found) {
    const auto place = std::ranges::find(entries_, found.entry, [](const Entry& e) { return &e; });
    if (place == entries_.end()) return std::nullopt;
    entries_.splice(entries_.begin(), entries_, place);
    if (!place->state.empty()) return place->state;
    auto state = read_state_file(place->file);
    if (!state) {
        log::warning("{}", state.error().message);
        forget_file(place);
        remove_empty(place);
        return std::nullopt;
    }
    std::error_code failed;
    std::filesystem::last_write_time(
        place->file, std::filesystem::file_time_type::clock::now(), failed
    );
    return std::move(*state);
}

void StateStore::forget_state(Place place) {
    memory_bytes_ -= place->state.size();
    place->state = {};
}

void StateStore::forget_file(Place place) {
    if (place->file.empty()) return;
    std::error_code failed;
    std::filesystem::remove(place->file, failed);
    disk_bytes_ -= place->file_bytes;
    place->file.clear();
}

void StateStore::remove_empty(Place place) {
    if (place->state.empty() && place->file.empty()) entries_.erase(place);
}

void StateStore::shrink_memory() {
    for (auto place = entries_.end(); memory_bytes_ > limits_.memory_bytes;) {
        const auto last = std::prev(place);
        place = last;
        forget_state(last);
        if (last->file.empty()) place = entries_.erase(last);
    }
}

void StateStore::shrink_disk() {
    for (auto place = entries_.end(); disk_bytes_ > limits_.disk_bytes;) {
        const auto last = std::prev(place);
        place = last;
        forget_file(last);
        if (last->state.empty()) place = entries_.erase(last);
    }
}

}  // namespace moat::adapters::llama
