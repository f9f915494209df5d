#include "adapters/rocksdb/damage_book.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"

namespace moat::adapters::rocksdb_store {
namespace {

constexpr std::string_view kFile = "damage.json";
constexpr std::uint64_t kAll = 0;

std::string hex(std::string_view bytes) {
    return to_hex(bytes_of(bytes));
}
std::string from_hex_or_empty(std::string_view text) {
    const auto bytes = from_hex(text);
    return bytes ? std::string(text_of(*bytes)) : std::string();
}

}  // namespace

std::set<std::uint64_t> tables_in(std::string_view text) {
    constexpr std::string_view kSuffix = ".sst";
    std::set<std::uint64_t> numbers;
    for (std::size_t at = 0; (at = text.find(kSuffix, at)) != std::string_view::npos; ++at) {
        std::size_t begin = at;
        while (begin > 0 && text[begin - 1] >= '0' && text[begin - 1] <= '9')
            --begin;
        std::uint64_t number = 0;
        std::from_chars(text.data() + begin, text.data() + at, number);
        if (number != 0) numbers.insert(number);
    }
    return numbers;
}

DamageBook::DamageBook(std::filesystem::path folder) : folder_(std::move(folder)) {
    const auto text = read_file(folder_ / kFile);
    if (!text && text.error().code == ErrorCode::not_found) return;
    if (text && read(*text)) return;
    log::warning("what was known of the store's damage cannot be read; all of it is looked at");
    suspects_.insert(kAll);
}

bool DamageBook::read(std::string_view text) {
    const auto value = json::read(text);
    if (!value) return false;
    const json::Array* suspects = json::find_array(*value, "suspects");
    const json::Array* lost = json::find_array(*value, "lost");
    if (suspects == nullptr || lost == nullptr) return false;
    for (const json::Value& number : *suspects) {
        if (number.is_int64()) suspects_.insert(static_cast<std::uint64_t>(number.as_int64()));
    }
    for (const json::Value& table : *lost) {
        lost_.push_back(
            {.number = static_cast<std::uint64_t>(json::int_or(table, "table", 0)),
             .family = json::string_or(table, "space"),
             .first = from_hex_or_empty(json::string_or(table, "first")),
             .last = from_hex_or_empty(json::string_or(table, "last")),
             .file = json::string_or(table, "file")}
        );
    }
    return true;
}

Status DamageBook::save() {
    json::Array suspects;
    for (const std::uint64_t number : suspects_)
        suspects.emplace_back(static_cast<std::int64_t>(number));
    json::Array lost;
    for (const LostTable& table : lost_) {
        lost.push_back(json::Object{
            {"table", table.number},
            {"space", table.family},
            {"first", hex(table.first)},
            {"last", hex(table.last)},
            {"file", table.file}
        });
    }
    const json::Object book{{"suspects", std::move(suspects)}, {"lost", std::move(lost)}};
    TRY(make_directories(folder_));
    return write_file_atomically(folder_ / kFile, bytes_of(json::write(book)));
}

std::set<std::uint64_t> DamageBook::suspects() const {
    const std::scoped_lock lock(mutex_);
    return suspects_;
}

void DamageBook::suspect(std::string_view failure) {
    const std::scoped_lock lock(mutex_);
    auto found = tables_in(failure);
    if (found.empty()) found.insert(kAll);
    const std::size_t before = suspects_.size();
    suspects_.merge(found);
    if (suspects_.size() == before) return;
    log::error("the store is damaged: {}; a restart sets the damaged part aside", failure);
    const Status saved = save();
    if (!saved) log::warning("the store's damage could not be noted: {}", saved.error().message);
}

Status DamageBook::clear_suspects() {
    const std::scoped_lock lock(mutex_);
    if (suspects_.empty()) return Ok{};
    suspects_.clear();
    return save();
}

std::vector<DamageBook::LostTable> DamageBook::lost() const {
    const std::scoped_lock lock(mutex_);
    return lost_;
}

Status DamageBook::add(LostTable table) {
    const std::scoped_lock lock(mutex_);
    std::erase_if(lost_, [&](const LostTable& known) { return known.number == table.number; });
    lost_.push_back(std::move(table));
    return save();
}

Status DamageBook::settle(const std::set<std::string>& families) {
    const std::scoped_lock lock(mutex_);
    const auto dealt_with = [&](const LostTable& t) { return families.contains(t.family); };
    if (std::erase_if(lost_, dealt_with) == 0) return Ok{};
    return save();
}

}  // namespace moat::adapters::rocksdb_store
