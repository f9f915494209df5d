#include "cli/transfer_bars.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/core.h>

namespace moat::cli {
namespace {

constexpr std::size_t kBarCells = 20;
constexpr std::size_t kMostLines = 8;  // so that they fit any terminal
constexpr auto kDrawEvery = std::chrono::milliseconds(100);

struct Words {
    std::string_view english;
    std::string_view chinese;
};
// What a server says of a transfer.
constexpr std::array<Words, 7> kStatuses = {{
    {"pulling manifest", "正在获取清单"},
    {"verifying sha256 digest", "正在校验 SHA-256"},
    {"writing manifest", "正在写入清单"},
    {"removing unused layers", "正在清理不再使用的文件"},
    {"retrieving manifest", "正在读取清单"},
    {"pushing manifest", "正在推送清单"},
    {"success", "完成"},
}};

std::string in_language(const Console& console, const std::string& status) {
    for (const Words& words : kStatuses)
        if (words.english == status) return std::string(console.pick(words.english, words.chinese));
    for (const Words& verb : {Words{"pulling ", "下载 "}, Words{"pushing ", "上传 "}})
        if (status.starts_with(verb.english))
            return std::string(console.pick(verb.english, verb.chinese)) +
                   status.substr(verb.english.size());
    return status;
}

std::string bar_of(double share) {
    std::string out = "▕";
    const auto full = static_cast<std::size_t>(share * kBarCells);
    for (std::size_t i = 0; i < kBarCells; ++i)
        out += i < full ? "█" : " ";
    return out + "▏";
}

double seconds(TransferBars::Instant from, TransferBars::Instant to) {
    return std::chrono::duration<double>(to - from).count();
}

}  // namespace

std::string rate_text(std::int64_t bytes, std::chrono::duration<double> time) {
    if (time.count() <= 0) return "";
    return human_size(static_cast<std::int64_t>(static_cast<double>(bytes) / time.count())) + "/s";
}

std::string time_left_text(std::chrono::duration<double> time) {
    const auto all = static_cast<std::int64_t>(std::ceil(time.count()));
    if (all < 60) return fmt::format("{}s", all);
    if (all < 3600) return fmt::format("{}m{:02}s", all / 60, all % 60);
    if (all < 360'000) return fmt::format("{}h{:02}m", all / 3600, all / 60 % 60);
    return "";
}

void TransferBars::show(const json::Value& line, Instant now) {
    const std::string digest = json::string_or(line, "digest");
    if (digest.empty())
        show_text(json::string_or(line, "status"));
    else
        show_bar(line, digest, now);
}

void TransferBars::show_text(const std::string& status) {
    if (status.empty() || status == last_text_) return;
    last_text_ = status;
    erase();
    console_.note(in_language(console_, status));
}

void TransferBars::show_bar(const json::Value& line, const std::string& digest, Instant now) {
    if (std::ranges::find(done_, digest) != done_.end()) return;
    auto bar = std::ranges::find(bars_, digest, &Bar::digest);
    const std::int64_t completed = json::int_or(line, "completed", 0);
    const bool is_new = bar == bars_.end();
    if (is_new) {
        bars_.push_back(
            {.digest = digest,
             .label = in_language(console_, json::string_or(line, "status")),
             .total = json::int_or(line, "total", 0),
             .first = completed,
             .begun = now}
        );
        bar = std::prev(bars_.end());
    }
    bar->completed = completed;
    if (completed >= bar->total) return finish(static_cast<std::size_t>(bar - bars_.begin()), now);
    if (console_.error_is_terminal)
        draw(now);
    else if (is_new)
        console_.note(fmt::format("{} ({})", bar->label, human_size(bar->total)));
}

void TransferBars::finish(std::size_t index, Instant now) {
    const Bar bar = bars_[index];
    erase();
    console_.note(text_of(bar, now));
    done_.push_back(bar.digest);
    bars_.erase(bars_.begin() + static_cast<std::ptrdiff_t>(index));
    last_drawn_ = {};
    if (console_.error_is_terminal) draw(now);
}

std::string TransferBars::text_of(const Bar& bar, Instant now) const {
    const double share =
        bar.total == 0 ? 1 : static_cast<double>(bar.completed) / static_cast<double>(bar.total);
    const int percent = static_cast<int>(share * 100);
    if (!console_.error_is_terminal)
        return fmt::format("{} {}% ({})", bar.label, percent, human_size(bar.total));
    std::string out = fmt::format("{}: {:3}% {}", bar.label, percent, bar_of(std::min(share, 1.0)));
    if (bar.completed >= bar.total) return out + " " + human_size(bar.total);
    out += fmt::format(" {}/{}", human_size(bar.completed), human_size(bar.total));
    const double time = seconds(bar.begun, now);
    const std::int64_t came = bar.completed - bar.first;
    if (came <= 0 || time < 0.5) return out;
    const double left =
        static_cast<double>(bar.total - bar.completed) * time / static_cast<double>(came);
    return out + fmt::format(
                     "  {}  {}",
                     rate_text(came, std::chrono::duration<double>(time)),
                     time_left_text(std::chrono::duration<double>(left))
                 );
}

void TransferBars::draw(Instant now) {
    if (now - last_drawn_ < kDrawEvery) return;
    last_drawn_ = now;
    erase();
    const std::size_t count = std::min(bars_.size(), kMostLines);
    for (std::size_t i = 0; i < count; ++i)
        console_.note(text_of(bars_[i], now));
    drawn_ = count;
}

void TransferBars::erase() {
    if (drawn_ == 0) return;
    console_.draw(fmt::format("\x1b[{}A\r\x1b[J", drawn_));
    drawn_ = 0;
}

}  // namespace moat::cli
